"""The spans that this server makes of what it does itself, and how what happens finds the span it is below.

`headrace.core.spans` has those of other programs, which are kept as logs.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from headrace.core.effects import EffectContext, EffectFailed, ModelReply, ModelRequest

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_IS_SAMPLED = 1
_ANSWER = re.compile(r"/answer-\d+\Z")
SHARES = 1 << 56
"""So finely traces are chosen: by the last 56 bits of their ids, which W3C asks to be random."""


class Kind(StrEnum):
    """What a span is of, in OpenTelemetry's words."""

    SERVER = "server"
    INTERNAL = "internal"
    CLIENT = "client"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Another span that one has to do with, of any trace."""

    trace_id: int
    id: int


class Scene(msgspec.Struct, kw_only=True, eq=False):
    """The span that something takes place in, before it has ended.

    Attributes:
        parent_id: the span above; 0 at the top of a trace.
        has_remote_parent: whether that is another program's.
        is_sampled: whether it is told to anybody, and what is below it.
        around: what a run takes place in; None of what is no run.
        attributes: what is learnt of it on the way.
    """

    trace_id: int
    id: int
    started_ns: int
    is_sampled: bool
    parent_id: int = 0
    has_remote_parent: bool = False
    is_run: bool = False
    around: Scene | None = None
    attributes: dict[str, Any] = {}
    links: tuple[Link, ...] = ()


class OwnSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span that has ended.

    Attributes:
        attributes: plain values, and lists of them, by dotted names.
        error: the kind of what went wrong; None when nothing did.
    """

    name: str
    kind: Kind
    trace_id: int
    id: int
    started_ns: int
    ended_ns: int
    parent_id: int = 0
    has_remote_parent: bool = False
    attributes: Mapping[str, Any] = {}
    error: str | None = None
    links: tuple[Link, ...] = ()


class SpanSink(Protocol):
    """Takes spans away. It never waits, and never raises: what it has no room for is gone, and counted."""

    def add(self, span: OwnSpan) -> None: ...


class ModelListener(Protocol):
    """Is told of every call of a model once it is over."""

    def called(
        self,
        provider: str,
        request: ModelRequest,
        context: EffectContext,
        outcome: ModelReply | EffectFailed,
        *,
        started_ns: int,
    ) -> None:
        """A model has answered, or has not.

        Args:
            provider: who was asked, by its name in the configuration.
            started_ns: when, in nanoseconds since 1970.
        """


CURRENT: ContextVar[Scene | None] = ContextVar("headrace_scene", default=None)
"""What goes on here: a request, or a run."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The span of another program that asks, from the header ``traceparent`` (W3C Trace Context)."""

    trace_id: int
    id: int
    is_sampled: bool


def caller_of(traceparent: bytes | None) -> Caller | None:
    """Whose span is above; None when the header is not there, or is none."""
    found = _TRACEPARENT.fullmatch(traceparent.decode("latin-1")) if traceparent else None
    if found is None:
        return None
    # Version 00 has exactly these four parts.
    if traceparent is not None and traceparent.startswith(b"00-") and found[4] is not None:
        return None
    caller = Caller(
        trace_id=int(found[1], 16), id=int(found[2], 16), is_sampled=bool(int(found[3], 16) & _IS_SAMPLED)
    )
    return caller if caller.trace_id and caller.id else None


def new_trace_id() -> int:
    """Never 0. It names a trace and guards nothing, so it need not be hard to guess."""
    return random.getrandbits(128) | 1 << 127


def new_span_id() -> int:
    """Never 0."""
    return random.getrandbits(64) | 1 << 63


def is_in_share(trace_id: int, share: float) -> bool:
    """Whether a trace is among a share of all; every process says the same of it."""
    return trace_id % SHARES < share * SHARES


def ids_of(execution_id: str) -> tuple[int, int]:
    """The trace and the span of a durable execution: the same in every process that carries it out."""
    digest = hashlib.sha256(f"execution/{execution_id}".encode()).digest()
    return int.from_bytes(digest[:16]) | 1, int.from_bytes(digest[16:24]) | 1


def id_of_step(step: str) -> int:
    """The span of a node, from the step that it is (`headrace.core.effects.EffectContext`)."""
    told = _ANSWER.sub("", step)
    return int.from_bytes(hashlib.sha256(f"step/{told}".encode()).digest()[:8]) | 1
