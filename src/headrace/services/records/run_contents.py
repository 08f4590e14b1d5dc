"""What the logs of a run hold: the content that its steps ran, what went in and came out. No store in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.definition import Node, NodeType
from headrace.core.execution import NodeActed, Status
from headrace.core.jsontext import json_text
from headrace.core.logs import Payload
from headrace.core.records import Execution
from headrace.services.records.run_steps import Step, Story

_SCHEMA_TYPES = {
    "String": "string",
    "Number": "number",
    "Boolean": "boolean",
    "Object": "object",
    "Array": "array",
}


def settings(node: Node | None) -> Mapping[str, Any]:
    """The one member of a node's configuration."""
    return next(iter((node.configuration or {}).values()), {}) if node is not None else {}


def asks_anything(step: Step, node: Node | None) -> bool:
    """Whether what a step asked a model is all that is known of its prompt, and so may differ each time."""
    source = settings(node).get("sourceConfiguration") or {}
    return step.type is NodeType.PROMPT and source.get("inline") is None


def prompt_content(step: Step, node: Node | None) -> dict[str, Any]:
    """A prompt resource that would do the same as the node."""
    source = settings(node).get("sourceConfiguration") or {}
    inline = source.get("inline")
    if inline is None:  # it named a prompt that can't be found: this is what was asked
        asked = next((act.request for act in step.acts if isinstance(act.request, Mapping)), {})
        inline = {
            "modelId": asked.get("modelId") or "unknown",
            "templateType": "CHAT",
            "templateConfiguration": {"chat": {"messages": asked.get("messages") or []}},
        }
    return {"variants": [{"name": "default", **inline}], "defaultVariant": "default"}


def tool_content(step: Step, node: Node | None) -> dict[str, Any]:
    """A tool that says what the node is."""
    configured = settings(node)
    ports = () if node is None else node.inputs
    content: dict[str, Any] = {
        "function": {
            "name": step.node,
            "description": f"The {step.type.value} node {step.node}.",
            "parameters": {
                "type": "object",
                "properties": {port.name: {"type": _SCHEMA_TYPES[port.type.value]} for port in ports},
                "required": [port.name for port in ports],
            },
        },
        "attributes": {"nodeType": step.type.value, "configuration": configured},
    }
    if step.type is NodeType.INLINE_CODE:
        content["source_code"] = configured.get("code", "")
    return content


def step_payload(step: Step, *, is_saved: bool) -> Payload:
    """What a step was given, gave, and asked others for."""
    if not is_saved:
        return Payload(error=step.error)
    last = step.acts[-1] if step.acts else None
    payload = Payload(
        inputs=_raw(step.inputs),
        output=_output(step.outputs),
        error=step.error,
        provider_request=_object(None if last is None else last.request),
        provider_response=_object(None if last is None else last.response),
        metadata=_raw(_where(step)),
    )
    if step.type is not NodeType.PROMPT or last is None:
        return payload
    said = payload.output
    return msgspec.structs.replace(
        payload,
        messages=_raw(_chat(last)),
        output_message=None if said is None else _raw({"role": "assistant", "content": said}),
    )


def _where(step: Step) -> dict[str, Any]:
    place = [{"node": link.node, "index": link.index} for link in step.scope]
    return {"node": step.node, **({"scope": place} if place else {})}


def _chat(act: NodeActed) -> list[dict[str, Any]]:
    """What a model was asked, as chat messages."""
    request = act.request if isinstance(act.request, Mapping) else {}
    system = [{"role": "system", "content": _text(request["system"])}] if request.get("system") else []
    messages = request.get("messages") or []
    return system + [
        {"role": one.get("role"), "content": _text(one.get("content") or ())} for one in messages
    ]


def _text(blocks: Any) -> str:
    return "".join(block.get("text") or "" for block in blocks if isinstance(block, Mapping))


def finish_reason(step: Step) -> str | None:
    """Why a model stopped, as it said."""
    response = step.acts[-1].response if step.acts else None
    return response.get("stopReason") if isinstance(response, Mapping) else None


def flow_payload(execution: Execution, story: Story) -> Payload:
    """What a run was given, said and gave."""
    error = execution.error
    if execution.status is Status.ABORTED and error is None:
        error = "The run was stopped."
    metadata: dict[str, Any] = {"executionId": execution.name, "status": execution.status.value}
    if execution.pointer_id is not None:
        metadata["alias"] = execution.pointer_id
    if story.left_out:
        metadata["stepsLeftOut"] = story.left_out
    if execution.input is None:  # no values are kept
        return Payload(error=error, metadata=_raw(metadata))
    document = story.document
    return Payload(
        inputs=_raw(document if isinstance(document, dict) else {"document": document}),
        messages=_raw([_message(*turn) for turn in story.talk]) if story.talk else None,
        output=_output(story.outputs) if story.outputs else None,
        error=error,
        metadata=_raw(metadata),
    )


def _message(role: str, said: Any) -> dict[str, Any]:
    return {"role": role, "content": said if isinstance(said, str) else json_text(said).decode()}


def _output(outputs: Mapping[str, Any] | None) -> str | None:
    """One output as text; several as a JSON object."""
    if outputs is None or not outputs:
        return None
    value = next(iter(outputs.values())) if len(outputs) == 1 else outputs
    return value if isinstance(value, str) else json_text(value).decode()


def _object(value: Any) -> msgspec.Raw | None:
    if value is None:
        return None
    return _raw(value if isinstance(value, Mapping) else {"value": value})


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json_text(value))
