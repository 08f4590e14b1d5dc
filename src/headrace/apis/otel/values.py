"""What both encodings of spans have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.core.spans import SpanEvent

MAX_DEPTH = 32
"""Values that are nested deeper are left out."""
STATUS_ERROR = 2
FAILED = "The operation failed."
"""What is told of a failure that says nothing of itself."""
CALLED = frozenset({2, 5, "SPAN_KIND_SERVER", "SPAN_KIND_CONSUMER"})
"""The kinds of spans that another program caused."""
TOLD, REMOTE = 0x100, 0x200
"""The flags that say whether the parent's place is told, and that it is another program."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_NS = 253_402_300_800 * 10**9
"""The end of the year 9999, the last one that a time can be in."""


def moment(nanoseconds: int) -> datetime | None:
    """A time, cut to microseconds; None for 0, which means that there is none, and what is no time."""
    if not 0 < nanoseconds < _LAST_NS:
        return None
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def is_called(kind: int | str, flags: int) -> bool:
    """Whether the span above one, if there is any, is another program's."""
    return bool(flags & REMOTE) if flags & TOLD else kind in CALLED


def number(value: float) -> float | str:
    """A double as JSON has it; those that it has no word for are texts."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def failure(code: int, message: str, events: Iterable[SpanEvent]) -> str | None:
    """What went wrong, as a span's status says it, or the last exception that it tells of."""
    if code != STATUS_ERROR:
        return None
    told = [_exception(event.attributes) for event in events if event.name == "exception"]
    return message or next((text for text in reversed(told) if text), FAILED)


def _exception(attributes: Any) -> str:
    message, kind = attributes.get("exception.message"), attributes.get("exception.type")
    return str(message or kind or "")
