"""Spans: what OpenTelemetry tells of one operation, whatever form it came in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

TRACE_ID = re.compile(r"[0-9a-f]{32}")
SPAN_ID = re.compile(r"[0-9a-f]{16}")


class SpanEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened during a span."""

    name: str = ""
    attributes: Mapping[str, Any] = {}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. Attributes are plain JSON values by their dotted names, as they came.

    Attributes:
        trace_id: 32 hexadecimal digits in lower case; empty when it was not told or is none.
        id: 16 such digits; empty when it was not told or is none.
        parent_id: the same; empty for the root of a trace.
        has_remote_parent: whether the span above is another program's.
        scope: what recorded it.
        resource: what the whole program says of itself.
        error: what went wrong; None when the span does not say so.
    """

    trace_id: str = ""
    id: str = ""
    parent_id: str = ""
    has_remote_parent: bool = False
    name: str = ""
    scope: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    attributes: Mapping[str, Any] = {}
    resource: Mapping[str, Any] = {}
    events: tuple[SpanEvent, ...] = ()
    error: str | None = None

    @property
    def is_identified(self) -> bool:
        """Whether it can be told from others."""
        return bool(self.trace_id and self.id)


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought.

    Attributes:
        unreadable: how many further spans are not as spans must be.
    """

    spans: tuple[Span, ...] = ()
    unreadable: int = 0
