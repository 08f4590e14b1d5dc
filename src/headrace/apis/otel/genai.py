"""Calls of models and tools, as spans tell of them (humanloop 5.3).

The conventions of OpenTelemetry, older and newer, and of the common instrumentation packages. What a value is
called stands in a table; the first name that a span has counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec

from headrace.apis.otel.attributes import (
    Attributes,
    items,
    number,
    structure,
    text,
    unflattened,
    whole,
    words,
)
from headrace.apis.otel.messages import Message, chat, system
from headrace.apis.otel.vercel import translated
from headrace.core.spans import Span


class Act(Enum):
    """What a span is of."""

    MODEL = "model"
    TOOL = "tool"
    OTHER = "other"


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a model.

    Attributes:
        prompt: the content of a prompt's version that would ask the same way.
        message: what the model answered.
        output: the text of that.
    """

    prompt: dict[str, Any]
    messages: list[Message]
    message: Message | None
    output: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool, or any other step.

    Attributes:
        inputs: an object.
    """

    name: str
    description: str
    inputs: dict[str, Any]
    output: str | None


ENDPOINTS = {
    "chat": "chat",
    "generate_content": "chat",
    "text_completion": "complete",
    "completion": "complete",
}
"""What calls of models are called, and the endpoints that they are of."""
PROVIDERS = {
    "az.ai.openai": "openai_azure",
    "az.ai.inference": "openai_azure",
    "azure": "openai_azure",
    "azure.ai.openai": "openai_azure",
    "azure.ai.inference": "openai_azure",
    "aws": "bedrock",
    "aws.bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "gemini": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertex_ai": "google",
}
"""Providers that have another name here; all others keep theirs, in lower case."""
WITH_APIS = frozenset({"anthropic", "cohere", "deepseek", "google", "groq", "openai", "replicate"})
"""Providers of whom some also say which API it was: ``openai.chat``, ``anthropic.messages``."""
PARAMETERS: Mapping[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "temperature": (number, ("gen_ai.request.temperature",)),
    "top_p": (number, ("gen_ai.request.top_p",)),
    "max_tokens": (whole, ("gen_ai.request.max_tokens",)),
    "presence_penalty": (number, ("gen_ai.request.presence_penalty", "llm.presence_penalty")),
    "frequency_penalty": (number, ("gen_ai.request.frequency_penalty", "llm.frequency_penalty")),
}
"""How the parameters of a call are read, and what they are called."""
TOKENS = {
    "prompt_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "reasoning_tokens": ("gen_ai.usage.reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
}
OPERATION = ("gen_ai.operation.name", "llm.request.type")
MODEL = ("gen_ai.request.model", "gen_ai.response.model")
PROVIDER = ("gen_ai.provider.name", "gen_ai.system")
FINISH = ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason")
TOOL_INPUTS = ("gen_ai.tool.call.arguments", "traceloop.entity.input", "input.value")
TOOL_OUTPUT = ("gen_ai.tool.call.result", "traceloop.entity.output", "output.value")
STEP_INPUTS = ("traceloop.entity.input", "input.value")
STEP_OUTPUT = ("traceloop.entity.output", "output.value")


def told(span: Span) -> Attributes:
    """The attributes of a span, and what its events say of a model, which some send apart."""
    said = {
        name: value
        for event in span.events
        for name, value in event.attributes.items()
        if name.startswith("gen_ai.")
    }
    return translated({**said, **span.attributes} if said else span.attributes)


def first(attributes: Attributes, names: tuple[str, ...]) -> Any:
    """The value of the first of these names that is there."""
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def act_of(attributes: Attributes) -> Act:
    """What a span with these attributes is of."""
    operation = text(first(attributes, OPERATION))
    if operation == "execute_tool" or attributes.get("traceloop.span.kind") == "tool":
        return Act.TOOL
    if operation is None:
        is_tool = text(attributes.get("gen_ai.tool.name")) and not text(first(attributes, MODEL))
        is_call = text(attributes.get("gen_ai.request.model"))
        return Act.TOOL if is_tool else Act.MODEL if is_call else Act.OTHER
    return Act.MODEL if operation in ENDPOINTS else Act.OTHER


def model_call(attributes: Attributes) -> ModelCall:
    """The call of a model that these attributes tell of."""
    answers = _answers(attributes)
    message, reason = answers[0] if answers else (None, None)
    reasons = words(first(attributes, FINISH))
    content = None if message is None else message.get("content")
    return ModelCall(
        prompt=_prompt(attributes),
        messages=_asked(attributes),
        message=message,
        output=content if isinstance(content, str) else None,
        finish_reason=reasons[0] if reasons else reason,
        **{name: whole(first(attributes, names)) for name, names in TOKENS.items()},
    )


def _prompt(attributes: Attributes) -> dict[str, Any]:
    provider = (text(first(attributes, PROVIDER)) or "").lower()
    head = provider.partition(".")[0]
    if head in WITH_APIS:
        provider = head
    prompt = {
        "model": text(first(attributes, MODEL)) or "unknown",
        "endpoint": ENDPOINTS.get(text(first(attributes, OPERATION)) or ""),
        "provider": PROVIDERS.get(provider, provider) or None,
        **{name: read(first(attributes, names)) for name, (read, names) in PARAMETERS.items()},
        "tools": _tools(attributes) or None,
    }
    return {name: value for name, value in prompt.items() if value is not None}


def _tools(attributes: Attributes) -> list[dict[str, Any]]:
    """The functions that the model was told of."""
    newer = structure(attributes.get("gen_ai.tool.definitions"))
    told = newer if isinstance(newer, list) else items(unflattened(attributes, "llm.request.functions"))
    return [tool for one in told if isinstance(one, dict) and (tool := _tool(one))]


def _tool(one: Mapping[str, Any]) -> dict[str, Any] | None:
    function = one.get("function")
    function = function if isinstance(function, dict) else one
    name = text(function.get("name"))
    if name is None:
        return None
    tool: dict[str, Any] = {"name": name, "description": text(function.get("description")) or ""}
    parameters = structure(first(function, ("parameters", "input_schema", "inputSchema")))
    if isinstance(parameters, dict):
        tool["parameters"] = parameters
    return tool


def _asked(attributes: Attributes) -> list[Message]:
    """What the model was asked."""
    newer = attributes.get("gen_ai.input.messages", attributes.get("gen_ai.prompt"))
    asked = chat(newer if newer is not None else items(unflattened(attributes, "gen_ai.prompt")))
    return system(attributes.get("gen_ai.system_instructions")) + asked


def _answers(attributes: Attributes) -> list[tuple[Message, str | None]]:
    """What the model answered, each with why it stopped."""
    newer = attributes.get("gen_ai.output.messages", attributes.get("gen_ai.completion"))
    said = structure(newer) if newer is not None else items(unflattened(attributes, "gen_ai.completion"))
    answers = said if isinstance(said, list) else [said]
    return [
        ({**message, "role": "assistant"}, text(one.get("finish_reason")))
        for one in answers
        if isinstance(one, dict)
        for message in chat([{"role": "assistant", **one}])[:1]
    ]


def tool_call(attributes: Attributes, *, name: str) -> ToolCall:
    """The call of a tool that these attributes tell of.

    Args:
        name: what it is called when they do not say.
    """
    said = first(attributes, TOOL_INPUTS)
    return ToolCall(
        name=text(first(attributes, ("gen_ai.tool.name", "traceloop.entity.name"))) or name,
        description=text(attributes.get("gen_ai.tool.description")) or "",
        inputs=_inputs(said),
        output=as_output(first(attributes, TOOL_OUTPUT)),
    )


def step_call(attributes: Attributes, *, name: str) -> ToolCall:
    """What these attributes tell of a step that is neither a model's nor a tool's."""
    return ToolCall(
        name=name,
        description="",
        inputs=_inputs(first(attributes, STEP_INPUTS)),
        output=as_output(first(attributes, STEP_OUTPUT)),
    )


def _inputs(said: Any) -> dict[str, Any]:
    """What went in, by name; what has no names goes by ``input``."""
    if said is None:
        return {}
    found = structure(said)
    if not isinstance(found, dict):
        return {"input": said if found is None else found}
    for inner in ("kwargs", "inputs"):  # some put what was asked beside how it was
        if isinstance(found.get(inner), dict) and found[inner]:
            return dict(found[inner])
    return found


def as_output(value: Any) -> str | None:
    """What came out, as a text."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
