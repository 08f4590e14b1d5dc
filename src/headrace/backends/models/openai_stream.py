"""The pieces in which a chat completion comes, put together (server-sent events of OpenAI's API)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headrace.backends.failures import BEDROCK
from headrace.core.effects import EffectFailed, Fault
from headrace.core.parsing import Unreadable, parse_answer

DONE = b"[DONE]"
ASKED = {"stream": True, "stream_options": {"include_usage": True}}
"""What a request says that wants its answer in pieces."""


class _Function(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    id: str | None = None
    function: _Function = _Function()


class _Delta(msgspec.Struct, frozen=True, kw_only=True):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Logprobs(msgspec.Struct, frozen=True, kw_only=True):
    content: list[Any] | None = None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a piece that is read."""

    choices: list[_Choice] = []
    usage: Any = None
    model: str = ""
    id: str = ""
    error: Any = None


class Pieces:
    """Puts a completion together while it comes.

    Args:
        heard: told each piece of the text.
        who: the provider, in messages.
    """

    def __init__(self, heard: Callable[[str], None], *, who: str) -> None:
        self._heard = heard
        self._who = who
        self._rest = b""
        self._texts: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: list[Any] = []
        self._answer: dict[str, Any] = {}
        self._reason: str | None = None

    def feed(self, part: bytes) -> None:
        """More of the answer.

        Raises:
            EffectFailed: it is no such answer, or tells of an error.
        """
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            name, _, data = line.strip().partition(b":")
            if name == b"data" and data.strip() not in (b"", DONE):
                self._take(data.strip())

    def answer(self) -> dict[str, Any]:
        """All of it as the completion that it would have been in one piece."""
        message = {"content": "".join(self._texts), "tool_calls": list(self._calls.values()) or None}
        choice = {
            "message": message,
            "finish_reason": self._reason,
            "logprobs": {"content": self._logprobs} if self._logprobs else None,
        }
        return {**self._answer, "choices": [choice]}

    def _take(self, data: bytes) -> None:
        try:
            chunk = msgspec.convert(parse_answer(data), _Chunk)
        except (Unreadable, msgspec.ValidationError) as error:
            raise self._failed(f"sent a piece that is none of a chat completion: {error}") from None
        if chunk.error is not None:
            text = chunk.error.get("message") if isinstance(chunk.error, dict) else chunk.error
            raise self._failed(f"broke off: {text}")
        told = {"usage": chunk.usage, "model": chunk.model, "id": chunk.id}
        self._answer |= {name: value for name, value in told.items() if value}
        for choice in chunk.choices[:1]:
            self._add(choice)

    def _add(self, choice: _Choice) -> None:
        self._reason = choice.finish_reason or self._reason
        if choice.logprobs is not None:
            self._logprobs += choice.logprobs.content or []
        for call in choice.delta.tool_calls or ():
            empty = {"id": "", "function": {"name": "", "arguments": ""}}
            known = self._calls.setdefault(call.index, empty)
            known["id"] = known["id"] or call.id or ""
            known["function"]["name"] += call.function.name or ""
            known["function"]["arguments"] += call.function.arguments or ""
        if choice.delta.content:
            self._texts.append(choice.delta.content)
            self._heard(choice.delta.content)

    def _failed(self, what: str) -> EffectFailed:
        return EffectFailed(f"The provider `{self._who}` {what}.", resource=BEDROCK, fault=Fault.GATEWAY)
