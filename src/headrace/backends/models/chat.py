"""Converse's shapes as the messages of chat completions, and back.

Source: bedrock 2.7. What chat completions can't say is refused rather than left out; cache points, which only
make calls cheaper, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.backends.failures import BEDROCK
from headrace.core.effects import EffectFailed, Fault, ModelRequest
from headrace.core.parsing import Unreadable, parse_answer

JSON = Any

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}


def body_of(request: ModelRequest, *, max_tokens_field: str = "max_tokens") -> dict[str, JSON]:
    """The request as the body of a chat completion.

    Raises:
        EffectFailed: it holds content that chat completions have no place for.
    """
    body: dict[str, JSON] = {"model": request.model_id, "messages": list(_messages(request))}
    names = {
        "temperature": "temperature",
        "topP": "top_p",
        "maxTokens": max_tokens_field,
        "stopSequences": "stop",
    }
    body.update({names[key]: value for key, value in request.inference.items() if key in names})
    if request.tools:
        body.update(_tools(request.tools))
    if isinstance(request.extra, Mapping):
        body.update(request.extra)
    return body


def _messages(request: ModelRequest) -> Iterator[dict[str, JSON]]:
    system = "\n\n".join(block["text"] for block in request.system if "text" in block)
    if system:
        yield {"role": "system", "content": system}
    for message in request.messages:
        yield from _message(message["role"], message["content"])


def _message(role: str, blocks: Sequence[Mapping[str, JSON]]) -> Iterator[dict[str, JSON]]:
    parts: list[dict[str, JSON]] = []
    calls: list[dict[str, JSON]] = []
    for block in blocks:
        if "toolResult" in block:
            yield _tool_result(block["toolResult"])
        elif "toolUse" in block:
            calls.append(_tool_call(block["toolUse"]))
        elif "cachePoint" not in block:
            parts.append(_part(block))
    if not parts and not calls:
        return
    said: dict[str, JSON] = {"role": role}
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if parts:
        said["content"] = "".join(texts) if len(texts) == len(parts) else parts
    if calls:
        said["tool_calls"] = calls
        said.setdefault("content", None)
    yield said


def _part(block: Mapping[str, JSON]) -> dict[str, JSON]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    source = block.get("image", {}).get("source", {})
    if "url" in source:
        return {"type": "image_url", "image_url": dict(source)}
    data = source.get("bytes")
    if isinstance(data, str):
        url = f"data:image/{block['image'].get('format', 'png')};base64,{data}"
        return {"type": "image_url", "image_url": {"url": url}}
    raise EffectFailed(
        f"This provider takes text and images, not a content block with {', '.join(sorted(block))}.",
        resource=BEDROCK,
    )


def _tool_call(use: Mapping[str, JSON]) -> dict[str, JSON]:
    arguments = msgspec.json.encode(use.get("input", {})).decode()
    return {
        "id": use["toolUseId"],
        "type": "function",
        "function": {"name": use["name"], "arguments": arguments},
    }


def _tool_result(result: Mapping[str, JSON]) -> dict[str, JSON]:
    texts = [
        block["text"] if "text" in block else msgspec.json.encode(block.get("json")).decode()
        for block in result.get("content", [])
    ]
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": "\n".join(texts)}


def _tools(tools: Mapping[str, JSON]) -> dict[str, JSON]:
    functions = [
        {
            "type": "function",
            "function": {
                "name": spec["name"],
                "description": spec.get("description", ""),
                "parameters": spec.get("inputSchema", {}).get("json", {"type": "object"}),
                **({"strict": spec["strict"]} if "strict" in spec else {}),
            },
        }
        for spec in (tool["toolSpec"] for tool in tools.get("tools", []) if "toolSpec" in tool)
    ]
    said: dict[str, JSON] = {"tools": functions} if functions else {}
    choice = tools.get("toolChoice") or {}
    if "any" in choice:
        said["tool_choice"] = "required"
    elif "tool" in choice:
        said["tool_choice"] = {"type": "function", "function": {"name": choice["tool"]["name"]}}
    return said


class _Function(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    arguments: str = "{}"


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    function: _Function
    id: str = ""


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    message: _Message
    finish_reason: str | None = None
    logprobs: JSON = None


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    reasoning_tokens: int | None = None


class _Used(msgspec.Struct, frozen=True, kw_only=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    completion_tokens_details: _Details | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a chat completion that is read."""

    choices: list[_Choice]
    usage: _Used | None = None
    model: str = ""
    id: str = ""

    @property
    def stop_reason(self) -> str:
        """Converse's word for why it ended."""
        reason = self.choices[0].finish_reason or "stop"
        return STOP_REASONS.get(reason, reason)

    @property
    def content(self) -> list[dict[str, JSON]]:
        """Converse's content blocks."""
        message = self.choices[0].message
        blocks: list[dict[str, JSON]] = [{"text": message.content}] if message.content else []
        return blocks + [{"toolUse": _use(call)} for call in message.tool_calls or []]


def _use(call: _Call) -> dict[str, JSON]:
    """A call of a tool; arguments that are no JSON, so as when they were cut off, are a text."""
    text = call.function.arguments
    try:
        arguments = parse_answer(text or "{}")
    except Unreadable:
        arguments = text
    return {"toolUseId": call.id, "name": call.function.name, "input": arguments}


def completion_of(answer: JSON, *, who: str) -> Completion:
    """A parsed answer as a completion.

    Raises:
        EffectFailed: it is none.
    """
    try:
        completion = msgspec.convert(answer, Completion)
    except msgspec.ValidationError as error:
        raise _no_completion(who, str(error)) from error
    if not completion.choices:
        raise _no_completion(who, "it has no choices")
    return completion


def _no_completion(who: str, why: str) -> EffectFailed:
    return EffectFailed(
        f"{who} answered something that is no chat completion: {why}", resource=BEDROCK, fault=Fault.GATEWAY
    )


def refuse_guardrail(request: ModelRequest, *, ignore: bool, who: str) -> None:
    """Refuse to leave a guardrail out silently.

    Raises:
        EffectFailed: the request names a guardrail.
    """
    if request.guardrail and not ignore:
        raise EffectFailed(
            f"The node asks for the guardrail {request.guardrail.get('guardrailIdentifier')}, which the "
            f"provider `{who}` can't apply. Set `ignore_guardrails = true` for it to go without.",
            resource=BEDROCK,
        )
