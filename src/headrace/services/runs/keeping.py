"""How much of what goes through a flow is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from headrace.core.execution import (
    Event,
    FlowOutput,
    FlowResumed,
    FlowStarted,
    InputRequested,
    NodeActed,
    NodeDepended,
    NodeFinished,
    NodeStarted,
)
from headrace.core.jsontext import json_text
from headrace.core.records import PREVIEW_CHARS


class Keeps(StrEnum):
    """How much of what goes through a flow is kept."""

    ALL = "all"
    """Everything."""
    METADATA = "metadata"
    """What happened when, what it used and what went wrong, but no values."""
    NONE = "none"
    """That a run took place and how it ended; no events."""


def without_content(event: Event) -> Event:
    """An event without the values that went through the flow."""
    change = msgspec.structs.replace
    match event:
        case NodeStarted() | NodeFinished():
            return change(event, values=(None,) * len(event.values))
        case NodeActed():
            return change(event, request=None, response=None)
        case NodeDepended():
            return change(event, traces=())
        case FlowStarted() | FlowResumed() | FlowOutput() | InputRequested():
            return change(event, value=None)
    return event


def preview(value: Any) -> str:
    """The start of a value's JSON."""
    return json_text(value).decode()[:PREVIEW_CHARS]
