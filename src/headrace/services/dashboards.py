"""What came of a file over time: logs, errors, latency, tokens, cost, and the share of good judgments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid
from headrace.core.figures import Spent, Used
from headrace.core.files import File
from headrace.core.judgments import is_positive
from headrace.core.kinds.evaluator import EvaluatorSpec, read_spec
from headrace.core.ports import Transaction
from headrace.services.base import Ports, scan
from headrace.services.deployments.measures import rounded
from headrace.services.deployments.split_figures import rank
from headrace.services.tree import subjects

T = TypeVar("T")
MOST_BUCKETS = 1_000
MOST_DRAWN = 10_000
"""Latencies and judgments are those of so many logs, drawn at random where there are more."""
WITH_STEPS = frozenset({"flow", "agent"})
"""The kinds whose logs have steps below them, which use models."""
NAMED_AT_ONCE = 5_000
FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


class Grain(StrEnum):
    """How long a bucket is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


STEPS = {Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1), Grain.WEEK: timedelta(weeks=1)}
USUAL = {Grain.HOUR: timedelta(days=1), Grain.DAY: timedelta(days=30), Grain.WEEK: timedelta(weeks=26)}
"""How far back a dashboard goes for which nobody says it."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Of what time a dashboard is wanted.

    Attributes:
        start: None is some time before the end, by the grain.
        end: None is now.
        zone: the name of the time zone in which days begin; one that is not known here counts as UTC.
    """

    start: datetime | None = None
    end: datetime | None = None
    grain: Grain = Grain.DAY
    zone: str = "UTC"


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file within some time.

    Attributes:
        start: when it begins; it ends where the next one begins.
        cost_usd: None where nothing is known.
        latency_p50_s: of logs without an error that say how long they took; None where none does.
        judged: judgments that say whether something is good.
        positive: those of them that say it is.
    """

    start: datetime
    logs: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    judged: int
    positive: int


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file over time.

    Attributes:
        start: of the first bucket.
        end: of the last bucket; what comes later is not told.
        zone: the time zone in which days begin.
        drawn: latencies and judgments are those of so many logs, drawn at random; None: of all.
    """

    file: File
    grain: Grain
    zone: str
    start: datetime
    end: datetime
    buckets: tuple[Bucket, ...]
    total: Bucket
    drawn: int | None


async def dashboard(ports: Ports, principal: Principal, *, file: str, span: Span) -> Dashboard:
    """What came of a file over time.

    Raises:
        NotFound: there is no such file.
        Invalid: the time ends before it begins, has too many buckets, or is too far away.
    """
    principal.require(Right.READER)
    end = ports.clock.now() if span.end is None else span.end
    zone, name = _zone(span.zone)
    edges = _edges(end - USUAL[span.grain] if span.start is None else span.start, end, span.grain, zone)

    def look(tx: Transaction) -> Dashboard:
        found = subjects.file_of(tx, file)
        spent, steps = _spent(tx, found, edges[0], end)
        drawn = tx.figures.draw(file_id=found.id, start=edges[0], end=end, take=MOST_DRAWN)
        heard = _heard(tx, drawn)
        parts = zip(
            edges,
            _sorted_into(edges, spent, [one.start for one in spent]),
            _sorted_into(edges, steps, [one.start for one in steps]),
            _sorted_into(edges, drawn, [one.created_at for one in drawn]),
            strict=True,
        )
        total = _bucket(edges[0], spent, steps, drawn, heard)
        return Dashboard(
            file=found,
            grain=span.grain,
            zone=name,
            start=edges[0],
            end=end,
            buckets=tuple(_bucket(*part, heard) for part in parts),
            total=total,
            drawn=len(drawn) if total.logs > len(drawn) else None,
        )

    return await scan(ports, principal, look)


def _zone(name: str) -> tuple[tzinfo, str]:
    """A time zone and its name: UTC, when there is none of that name here."""
    try:
        return ZoneInfo(name), name
    except (ValueError, OSError, KeyError):  # what it raises for names that are none, or no files
        return UTC, "UTC"


def _edges(start: datetime, end: datetime, grain: Grain, zone: tzinfo) -> list[datetime]:
    """When the buckets begin."""
    if not FIRST <= start < end <= LAST:
        message = f"`from` must be before `to`, both of them from {FIRST:%Y} to {LAST:%Y}."
        raise Invalid.at("from", message=message, kind="range", where="query")
    if (end - start) / STEPS[grain] > MOST_BUCKETS:
        message = f"That is more than {MOST_BUCKETS} of a {grain}; take a longer grain, or less time."
        raise Invalid.at("grain", message=message, kind="range", where="query")
    local = start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if grain is not Grain.HOUR:
        local = local.replace(hour=0) - timedelta(days=local.weekday() if grain is Grain.WEEK else 0)
    edges = [local.astimezone(UTC)]
    while edges[-1] < end:
        # Days begin at midnight where it is, however many hours the one before had.
        local += STEPS[grain]
        edges.append(edges[-1] + STEPS[grain] if grain is Grain.HOUR else local.astimezone(UTC))
    return edges[:-1]


def _sorted_into(edges: Sequence[datetime], items: Sequence[T], times: Sequence[datetime]) -> list[list[T]]:
    """Items by the bucket that their times are in."""
    found: list[list[T]] = [[] for _ in edges]
    for item, time in zip(items, times, strict=True):
        found[max(0, bisect_right(edges, time) - 1)].append(item)
    return found


def _spent(tx: Transaction, file: File, start: datetime, end: datetime) -> tuple[list[Spent], list[Spent]]:
    """What the logs of a file used, and what those below them did."""
    own = tx.figures.spent(file_id=file.id, start=start, end=end)
    if file.kind not in WITH_STEPS:
        return own, []
    return own, tx.figures.spent_below(flow_id=file.id, start=start, end=end)


def _heard(tx: Transaction, drawn: Sequence[Used]) -> Mapping[str, list[bool]]:
    """What was said of logs: whether they are good."""
    specs: dict[str, EvaluatorSpec | None] = {}
    found: dict[str, list[bool]] = {}
    for start in range(0, len(drawn), NAMED_AT_ONCE):
        ids = [one.log_id for one in drawn[start : start + NAMED_AT_ONCE]]
        for judged in tx.figures.judged(log_ids=ids):
            judge = judged.evaluator_version_id
            if judge not in specs:
                version = tx.versions.kept(id=judge)
                specs[judge] = None if version is None else read_spec(version.content)
            spec = specs[judge]
            verdict = None if spec is None else is_positive(spec, msgspec.json.decode(judged.judgment))
            if verdict is not None:
                found.setdefault(judged.log_id, []).append(verdict)
    return found


def _bucket(
    start: datetime,
    spent: Sequence[Spent],
    steps: Sequence[Spent],
    drawn: Sequence[Used],
    heard: Mapping[str, list[bool]],
) -> Bucket:
    everything = (*spent, *steps)
    latencies = sorted(one.latency_s for one in drawn if one.latency_s is not None and not one.has_error)
    verdicts = [one for use in drawn for one in heard.get(use.log_id, ())]
    costs = sum((Fraction(one.cost_usd) for one in everything if one.costs), Fraction())
    return Bucket(
        start=start,
        logs=sum(one.logs for one in spent),
        errors=sum(one.errors for one in spent),
        input_tokens=sum(one.input_tokens for one in everything),
        output_tokens=sum(one.output_tokens for one in everything),
        cost_usd=rounded(costs) if any(one.costs for one in everything) else None,
        latency_p50_s=rank(latencies, 0.5),
        latency_p95_s=rank(latencies, 0.95),
        judged=len(verdicts),
        positive=sum(verdicts),
    )
