"""What the spans of any program are here: which flow a trace is of, and what each span is a use of. Pure.

Calls of models are uses of prompts; calls of tools, and everything else, are uses of tools. A root that is
neither a model's nor a tool's call is the flow itself. ``docs/how-to/send-traces.md`` says it in words.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headrace.apis.otel import genai
from headrace.apis.otel.attributes import Attributes, text
from headrace.apis.otel.contents import latency_s, model_payload, prompt_content, raw, submission
from headrace.apis.otel.genai import Act, ModelCall, ToolCall
from headrace.core.files import MAX_SEGMENT
from headrace.core.logs import Payload
from headrace.core.spans import Span
from headrace.services.telemetry.otel_traces import Figures, Node, Step

FLOW_PATH = "headrace.flow.path"
FILE_PATH = "headrace.file.path"
HOME = "OpenTelemetry"
"""The directory of the flows of programs that name none."""
NAMELESS = "unknown_service"
SERVICE = "service.name"
SOURCE = "opentelemetry"
ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
USER = ("enduser.id", "user.id")
NODE_NAME = ("gen_ai.prompt.name", "traceloop.entity.name")
CONTENTS = (
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "llm.request.functions",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "input.value",
    "output.value",
)
"""Attributes that become the contents of logs, by the beginning of their names; all others are metadata."""
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f/\s]+")
_MAX_NAME = min(MAX_SEGMENT, 200)


def step(span: Span, *, flow_path: str | None) -> Step:
    """An identified span as a step of its trace.

    Args:
        flow_path: the flow of traces that do not name one themselves.
    """
    attributes = genai.told(span)
    act = genai.act_of(attributes)
    call = genai.model_call(attributes)
    is_model = act is Act.MODEL
    name = _name(span, attributes, act)
    tool = (genai.step_call if act is Act.OTHER else genai.tool_call)(attributes, name=name)
    payload = model_payload(call, span) if is_model else _of_tool(tool, call, span)
    payload = msgspec.structs.replace(payload, metadata=raw(_metadata(span)))
    is_entry = not span.parent_id or span.has_remote_parent
    return Step(
        trace_id=span.trace_id,
        id=span.id,
        parent_id=span.parent_id,
        has_remote_parent=span.has_remote_parent,
        flow_path=_flow_path(span, flow_path),
        node=_node(attributes, act, call, tool, name),
        is_flow=act is Act.OTHER and not span.parent_id,
        figures=_figures(span, attributes, call if is_model else None),
        payload=payload,
        result=_result(payload, call, tool, span) if is_entry else None,
    )


def _flow_path(span: Span, asked: str | None) -> str:
    named = text(span.attributes.get(FLOW_PATH)) or text(span.resource.get(FLOW_PATH)) or asked
    return named or f"{HOME}/{_usable(text(span.resource.get(SERVICE)) or '', NAMELESS)}"


def _usable(name: str, otherwise: str) -> str:
    """A name as one segment of a path."""
    usable = _UNUSABLE.sub(" ", name).strip()[:_MAX_NAME].strip()
    return otherwise if usable in ("", ".", "..") else usable


def _name(span: Span, attributes: Attributes, act: Act) -> str:
    """What the node is called: names of spans, without what differs between the uses of one."""
    named = text(genai.first(attributes, NODE_NAME))
    if act is Act.TOOL:
        named = text(attributes.get("gen_ai.tool.name")) or named
    model = text(genai.first(attributes, genai.MODEL))
    name = span.name.removesuffix(f" {model}") if act is Act.MODEL and model else span.name
    return _usable(named or name, act.value)


def _node(attributes: Attributes, act: Act, call: ModelCall, tool: ToolCall, name: str) -> Node:
    kind = "prompt" if act is Act.MODEL else "tool"
    content = (
        prompt_content(call)
        if act is Act.MODEL
        else {"function": {"name": tool.name, "description": tool.description}}
    )
    return Node(
        kind=kind,
        name=name,
        path=None if act is Act.OTHER else text(attributes.get(FILE_PATH)),
        content=submission(kind, content),
    )


def _of_tool(tool: ToolCall, call: ModelCall, span: Span) -> Payload:
    inputs = tool.inputs
    if not inputs and call.messages:  # an agent is told messages, too, but here it is a tool
        inputs = {"messages": call.messages}
    output = tool.output if tool.output is not None else call.output
    return Payload(inputs=raw(inputs), output=output, error=span.error)


def _result(payload: Payload, call: ModelCall, tool: ToolCall, span: Span) -> Payload:
    """What the whole flow was given and gave, of the span with which a trace came in."""
    whole = model_payload(call, span)
    return msgspec.structs.replace(
        whole, inputs=raw(tool.inputs), output=payload.output, metadata=payload.metadata
    )


def _figures(span: Span, attributes: Attributes, call: ModelCall | None) -> Figures:
    return Figures(
        start_time=span.start_time,
        end_time=span.end_time,
        provider_latency_s=None if call is None else latency_s(span),
        user=text(genai.first(attributes, USER)),
        environment=text(genai.first(span.resource, ENVIRONMENT)),
        source=SOURCE,
        prompt_tokens=None if call is None else call.prompt_tokens,
        output_tokens=None if call is None else call.output_tokens,
        reasoning_tokens=None if call is None else call.reasoning_tokens,
        finish_reason=None if call is None else call.finish_reason,
    )


def _metadata(span: Span) -> dict[str, Any]:
    return {
        "span": span.name,
        "scope": span.scope,
        **{name: value for name, value in span.resource.items() if name == SERVICE},
        **{name: value for name, value in span.attributes.items() if not name.startswith(CONTENTS)},
    }
