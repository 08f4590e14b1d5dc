"""Records what a provider answers, and answers from such records: real answers in tests without a model."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import msgspec

from headrace.backends.failures import BEDROCK
from headrace.backends.models.echo import prompt_text
from headrace.core.canonical import digest
from headrace.core.effects import EffectContext, EffectFailed, ModelProvider, ModelReply, ModelRequest

SHOWN_PROMPT = 300


class Record(msgspec.Struct, frozen=True, kw_only=True, tag="record", forbid_unknown_fields=True):
    """Asks another provider and keeps each answer in a file; what is kept is asked no more.

    Attributes:
        provider: the name of the other one.
        folder: relative to the configuration.
    """

    provider: str
    folder: str


class Replay(msgspec.Struct, frozen=True, kw_only=True, tag="replay", forbid_unknown_fields=True):
    """Answers with what was recorded, and fails for anything else."""

    folder: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a record."""

    request: ModelRequest
    reply: ModelReply


class ReplayingModels(ModelProvider):
    """Answers from a folder; asks ``source`` for what is missing, where there is one."""

    def __init__(self, folder: Path, *, name: str, source: ModelProvider | None = None) -> None:
        self._folder = folder
        self._name = name
        self._source = source

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        path = self._folder / f"{request_digest(request)}.json"
        found = await asyncio.to_thread(_read, path)
        if found is not None:
            return found.reply
        if self._source is None:
            raise self._missing(path, request, context)
        reply = await self._source.converse(request, context)
        await asyncio.to_thread(_write, path, Recorded(request=request, reply=reply))
        return reply

    def _missing(self, path: Path, request: ModelRequest, context: EffectContext) -> EffectFailed:
        prompt = prompt_text(request)
        shown = prompt if len(prompt) <= SHOWN_PROMPT else prompt[:SHOWN_PROMPT] + "…"
        return EffectFailed(
            f"The provider `{self._name}` has no record {path.name} for the node `{context.node}` with the "
            f"prompt: {shown}",
            resource=BEDROCK,
        )


def request_digest(request: ModelRequest) -> str:
    """The same for requests that a model can't tell apart."""
    return digest(msgspec.json.encode(request))


def _read(path: Path) -> Recorded | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Recorded)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise EffectFailed(f"The record {path} can't be read: {error}", resource=BEDROCK) from None


def _write(path: Path, recorded: Recorded) -> None:
    """Write a record whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(recorded, order="sorted"), indent=2)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text + b"\n")
        part.replace(path)
    except OSError as error:
        raise EffectFailed(f"The record {path} can't be written: {error}", resource=BEDROCK) from None
