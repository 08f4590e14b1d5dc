"""A prompt, filled, and what was said since, as the request that a model is sent (humanloop 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.effects import JSON, ModelReply, ModelRequest
from headrace.core.parsing import Unreadable, parse_answer
from headrace.core.prompt_forms import EXTRAS, NO_LIMIT, SYSTEM
from headrace.core.prompts import (
    ChatMessage,
    ImagePart,
    Prompt,
    TextPart,
    ThinkingPart,
    ToolCall,
    ToolFunction,
)

ToolChoice = str | Mapping[str, Any]
Block = dict[str, JSON]
_DATA_URL = re.compile(r"data:image/(?P<format>[a-z0-9.+-]+);base64,(?P<data>[A-Za-z0-9+/=\s]*)")
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
"""Why a model stopped: Converse's words, and those that the clients of prompts know."""


class Unsayable(ValueError):
    """A model can't be told something; the text says what and why.

    Attributes:
        path: where it stands in the request that brought it.
    """

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def request_of(
    prompt: Prompt,
    messages: Sequence[ChatMessage],
    *,
    tools: Sequence[ToolFunction] = (),
    choice: ToolChoice | None = None,
    extra: Mapping[str, JSON] | None = None,
) -> ModelRequest:
    """The request for a model.

    Args:
        prompt: with its template filled.
        messages: what was said since.
        tools: functions beside those of the prompt.
        choice: whether the model must, may or must not ask for tools, and for which.
        extra: what goes to the provider under its own name, beside what the prompt has of that.

    Raises:
        Unsayable: the prompt or a message has what models can't be told here, or there is nothing to say.
    """
    if prompt.endpoint == "edit":
        raise Unsayable("Prompts with the endpoint `edit` can't be called: no provider has it.", "prompt")
    said = [*_told(_opening(prompt), "prompt", "template"), *_told(messages, "messages")]
    system = [block for role, blocks in said if role == "system" for block in blocks]
    spoken = list(_turns((role, blocks) for role, blocks in said if role != "system"))
    if not spoken:  # a model answers somebody
        if not system:
            raise Unsayable(
                "There is nothing to say to the model: neither a template nor messages.", "messages"
            )
        spoken, system = [{"role": "user", "content": system}], []
    return ModelRequest(
        model_id=prompt.model,
        messages=spoken,
        system=system,
        inference=inference_of(prompt),
        tools=_tools([*(prompt.tools or ()), *tools], choice),
        extra={**extra_of(prompt), **(extra or {})} or None,
        provider=prompt.provider or msgspec.UNSET,
    )


def inference_of(prompt: Prompt) -> dict[str, JSON]:
    """The parameters that Converse has a word for."""
    parameters = {
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "maxTokens": None if prompt.max_tokens == NO_LIMIT else prompt.max_tokens,
        "stopSequences": [prompt.stop] if isinstance(prompt.stop, str) else prompt.stop,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def extra_of(prompt: Prompt) -> dict[str, JSON]:
    """What Converse has no word for; it goes to the provider under its own name."""
    own = {name: getattr(prompt, name) for name in EXTRAS}
    if prompt.response_format is not None:
        form: dict[str, Any] = msgspec.to_builtins(prompt.response_format)
        own["response_format"] = {name: part for name, part in form.items() if part is not None}
    return (prompt.other or {}) | {name: value for name, value in own.items() if value is not None}


def _opening(prompt: Prompt) -> Sequence[ChatMessage]:
    template = prompt.template
    if isinstance(template, str):
        return [ChatMessage(role="user", content=template)] if template else []
    return template or []


def _told(messages: Iterable[ChatMessage], *at: str) -> Iterator[tuple[str, list[Block]]]:
    """Who says what: ``system``, ``user`` or ``assistant``, and Converse's blocks."""
    for number, message in enumerate(messages):
        place: tuple[str | int, ...] = (*at, number)
        if message.role == "tool":
            yield "user", [_tool_result(message, place)]
            continue
        role = "system" if message.role in SYSTEM else message.role
        blocks = [*_thoughts(message), *_content(message, role, place)]
        blocks += [_tool_use(call, (*place, "tool_calls", index)) for index, call in _numbered(message)]
        if blocks:
            yield role, blocks


def _numbered(message: ChatMessage) -> Iterator[tuple[int, ToolCall]]:
    return enumerate(message.tool_calls or ())


def _turns(said: Iterable[tuple[str, list[Block]]]) -> Iterator[dict[str, JSON]]:
    """Messages; the answers of tools that follow one another are one, as Converse wants it."""
    last: dict[str, JSON] | None = None
    for role, blocks in said:
        is_answer = role == "user" and "toolResult" in blocks[0]
        if last is not None and is_answer and "toolResult" in last["content"][-1]:
            last["content"] += blocks
            continue
        if last is not None:
            yield last
        last = {"role": role, "content": list(blocks)}
    if last is not None:
        yield last


def _content(message: ChatMessage, role: str, at: tuple[str | int, ...]) -> Iterator[Block]:
    content = message.content
    if isinstance(content, str):
        content = [TextPart(text=content)]
    for number, part in enumerate(content or ()):
        if isinstance(part, ImagePart):
            if role != "user":
                raise Unsayable(f"Only users can show images, not `{role}`.", *at, "content", number)
            yield _image(part)
        elif part.text:
            yield {"text": part.text}


def _image(part: ImagePart) -> Block:
    data = _DATA_URL.fullmatch(part.image_url.url)
    if data is None:
        source = {"url": part.image_url.url, "detail": part.image_url.detail}
        return {"image": {"source": {name: value for name, value in source.items() if value}}}
    return {"image": {"format": data["format"], "source": {"bytes": data["data"]}}}


def _thoughts(message: ChatMessage) -> Iterator[Block]:
    for thought in message.thinking or ():
        if isinstance(thought, ThinkingPart):
            told = {"text": thought.thinking, "signature": thought.signature}
            yield {"reasoningContent": {"reasoningText": told}}
        else:
            yield {"reasoningContent": {"redactedContent": thought.data}}


def _tool_use(call: ToolCall, at: tuple[str | int, ...]) -> Block:
    try:
        arguments = parse_answer(call.function.arguments or "{}")
    except Unreadable as error:
        raise Unsayable(f"The arguments are not JSON: {error}", *at, "function", "arguments") from None
    return {"toolUse": {"toolUseId": call.id, "name": call.function.name, "input": arguments}}


def _tool_result(message: ChatMessage, at: tuple[str | int, ...]) -> Block:
    if message.tool_call_id is None:
        raise Unsayable("A tool's message needs the `tool_call_id` that it answers.", *at, "tool_call_id")
    return {"toolResult": {"toolUseId": message.tool_call_id, "content": list(_content(message, "tool", at))}}


def _tools(functions: Sequence[ToolFunction], choice: ToolChoice | None) -> dict[str, JSON] | None:
    """The model's tools; none when it must not ask for any, which Converse can't say otherwise."""
    names = [function.name for function in functions]
    if isinstance(choice, Mapping) and choice["function"]["name"] not in names:
        name = choice["function"]["name"]
        raise Unsayable(
            f"The prompt has no tool `{name}`; it has {', '.join(names) or 'none'}.", "tool_choice"
        )
    if choice == "required" and not names:
        raise Unsayable("The prompt has no tools that could be required.", "tool_choice")
    if not functions or choice == "none":
        return None
    tools: dict[str, JSON] = {"tools": [{"toolSpec": _spec(function)} for function in functions]}
    if isinstance(choice, Mapping):
        tools["toolChoice"] = {"tool": {"name": choice["function"]["name"]}}
    elif choice is not None:
        tools["toolChoice"] = {"any": {}} if choice == "required" else {"auto": {}}
    return tools


def _spec(function: ToolFunction) -> Block:
    spec = {
        "name": function.name,
        "description": function.description or None,
        "strict": function.strict,
        "inputSchema": {"json": function.parameters or {"type": "object"}},
    }
    return {name: value for name, value in spec.items() if value is not None}


def message_of(reply: ModelReply) -> dict[str, JSON]:
    """A reply as an assistant's message."""
    calls = [
        {
            "id": use["toolUseId"],
            "type": "function",
            "function": {"name": use["name"], "arguments": msgspec.json.encode(use.get("input")).decode()},
        }
        for use in (block["toolUse"] for block in reply.content if "toolUse" in block)
    ]
    has_text = any("text" in block for block in reply.content)
    content = reply.text if has_text or not calls else None
    message: dict[str, JSON] = {"role": "assistant", "content": content}
    thoughts = [one for one in map(_thought, reply.content) if one is not None]
    return message | ({"tool_calls": calls} if calls else {}) | ({"thinking": thoughts} if thoughts else {})


def _thought(block: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """What a model thought, if it can be shown that again: it wants its thoughts with its calls of tools."""
    told = block.get("reasoningContent") or {}
    if "redactedContent" in told:
        return {"type": "redacted_thinking", "data": told["redactedContent"]}
    text = told.get("reasoningText") or {}
    if text.get("signature") is None:
        return None
    return {"type": "thinking", "thinking": text.get("text") or "", "signature": text["signature"]}


def finish_reason(reply: ModelReply) -> str:
    """Why the model stopped, in the clients' words."""
    return FINISH_REASONS.get(reply.stop_reason, reply.stop_reason)
