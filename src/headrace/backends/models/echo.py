"""A provider that repeats what it was asked, and says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from headrace.core.effects import EffectContext, ModelReply, ModelRequest, SpeakingModels

_WORD = re.compile(r"\s*\S+|\s+$")


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag="echo", forbid_unknown_fields=True):
    """Answers with the prompt; for trying a flow's wiring. It counts no tokens, because it uses none."""


class EchoModels(SpeakingModels):
    """Repeats the prompt behind a mark that no model would write."""

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        text = f"[echo of {request.model_id}] {prompt_text(request)}"
        return ModelReply(
            content=[{"text": text}], provider="echo", model=request.model_id, request_id=context.step
        )

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        reply = await self.converse(request, context)
        spell(reply.text, heard)
        return reply


def spell(text: str, heard: Callable[[str], None]) -> None:
    """Tell a text word by word, as models speak."""
    for word in _WORD.findall(text):
        heard(word)


def prompt_text(request: ModelRequest) -> str:
    """The texts of the system blocks and of all messages, the results of tools too, a line each."""
    contents = [request.system, *(message["content"] for message in request.messages)]
    return "\n".join(text for blocks in contents for block in blocks for text in _texts(block))


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield block["text"]
    for inside in block.get("toolResult", {}).get("content", ()):
        yield from _texts(inside)
