"""What is counted and measured of files, of many at once: values that overviews are made of."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

QUARTER = timedelta(minutes=15)
"""The beginnings of hours and days are, in all time zones, beginnings of quarters of an hour."""


class FileName(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a file as a search needs."""

    id: str
    kind: str
    path: str
    updated_at: datetime


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a version, as its log tells it.

    Attributes:
        latency_s: None where the log says nothing of it.
    """

    log_id: str
    version_id: str
    created_at: datetime
    has_error: bool
    latency_s: float | None


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What logs used that were created within a quarter of an hour.

    Attributes:
        start: when the quarter begins.
        input_tokens, output_tokens: of the logs that say so.
        cost_usd: of the logs that say so.
        costs: how many costs were said.
    """

    start: datetime
    logs: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    costs: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of an evaluator found of a log.

    Attributes:
        judgment: JSON text.
    """

    log_id: str
    evaluator_version_id: str
    judgment: bytes


def latency_s(told_s: float | None, start: datetime | None, end: datetime | None) -> float | None:
    """How long a use took: as its log says, or else from its start to its end."""
    if told_s is not None or start is None or end is None:
        return told_s
    return max(0.0, (end - start).total_seconds())
