"""A prompt as one object: model, template and parameters side by side (humanloop 1.16, 2.1).

Prompt files have such content, and so do the evaluators that ask a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["user", "assistant", "system", "tool", "developer"]


class TextPart(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Text in a message."""

    text: str


class ImageUrl(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image is; may be a data URL."""

    url: str
    detail: Literal["high", "low", "auto"] | None = None


class ImagePart(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="image_url"):
    """An image in a message."""

    image_url: ImageUrl


class FunctionCall(msgspec.Struct, frozen=True, kw_only=True):
    """Which function a model wants to be called, and with what JSON text."""

    name: str
    arguments: str | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a model asked for."""

    id: str
    function: FunctionCall
    type: Literal["function"] = "function"


class ThinkingPart(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="thinking"):
    """What a model thought, with the proof that it was its own."""

    thinking: str
    signature: str


class RedactedThinkingPart(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="redacted_thinking"
):
    """What a model thought and its maker does not show."""

    data: str


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation."""

    role: Role
    content: str | list[TextPart | ImagePart] | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[ToolCall] | None = None
    thinking: list[ThinkingPart | RedactedThinkingPart] | None = None


class ToolFunction(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is told of a function.

    Attributes:
        strict: whether the model is held to the schema.
        parameters: a JSON schema.
    """

    name: str
    description: str
    strict: bool | None = None
    parameters: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The form that a model's answer must have."""

    type: Literal["json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt; what is absent is null.

    Attributes:
        provider: who runs the model; an open set of words.
        max_tokens: -1 for what the model's window leaves.
        stop: what ends the answer.
        other: parameters that have no name here.
        linked_tools: ids of tool files, whose deployed functions the model is told of.
        attributes: the author's own.
    """

    model: str
    endpoint: Literal["complete", "chat", "edit"] | None = None
    template: str | list[ChatMessage] | None = None
    template_language: Literal["default", "jinja"] | None = None
    provider: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    other: dict[str, Any] | None = None
    seed: int | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["high", "medium", "low"] | int | None = None
    tools: list[ToolFunction] | None = None
    linked_tools: list[str] | None = None
    attributes: dict[str, Any] | None = None


def template_texts(prompt: Prompt) -> Iterator[str]:
    """The texts of a template that may hold variables."""
    if isinstance(prompt.template, str):
        yield prompt.template
        return
    for message in prompt.template or ():
        if isinstance(message.content, str):
            yield message.content
        elif message.content is not None:
            yield from (part.text for part in message.content if isinstance(part, TextPart))


_NAME = r"[^\W\d][\w-]*"
_VARIABLE = re.compile(rf"\{{\{{-?\s*({_NAME})")
_LOOP = re.compile(rf"\{{%-?\s*for\s+({_NAME}(?:\s*,\s*{_NAME})*)\s+in\s+({_NAME})")
_CHOICE = re.compile(rf"\{{%-?\s*(?:if|elif)\s+(?:not\s+)?({_NAME})")
_SET = re.compile(rf"\{{%-?\s*set\s+({_NAME})")


def prompt_inputs(prompt: Prompt) -> tuple[str, ...]:
    """The names that a template needs values for, each once, in the order they first appear.

    Of ``{{log.output}}`` that is ``log``. Of a Jinja template, the names that its loops and assignments
    make are left out.
    """
    texts = list(template_texts(prompt))
    if prompt.template_language != "jinja":
        return _each_once(_VARIABLE.findall("\n".join(texts)))
    text = "\n".join(texts)
    made = {name.strip() for names, _ in _LOOP.findall(text) for name in names.split(",")}
    made.update(_SET.findall(text), ("loop",))
    found = [
        (match.start(), match[match.lastindex or 1])
        for pattern in (_VARIABLE, _LOOP, _CHOICE)
        for match in pattern.finditer(text)
    ]
    return _each_once(name for _, name in sorted(found) if name not in made)


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
