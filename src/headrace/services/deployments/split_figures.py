"""How the versions behind a pointer do since they are there: runs, errors, latency, tokens, cost, scores.

Flows are told by their executions, by that very pointer; other files by the logs of the version, whoever
called or posted them. Scores are of the judgments of those logs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Move, PointerKind
from headrace.core.errors import Conflict
from headrace.core.execution import Status
from headrace.core.gates import exact
from headrace.core.judgments import counted
from headrace.core.logs import Log, LogQuery
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, scan
from headrace.services.deployments import pointers
from headrace.services.deployments.measures import rounded
from headrace.services.deployments.pointers import Spot, Where, title
from headrace.services.deployments.rollouts import SWITCHING, walk
from headrace.services.runs.targets import environment_alias

MOST = 10_000
"""So many executions, and so many logs of each version, are looked at: the newest."""
PAGE = 500


class EvaluatorScore(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found.

    Attributes:
        judgments: how many booleans or numbers there are.
        mean: of them; a boolean is 0 or 1. None where no double is near.
    """

    evaluator_id: str
    judgments: int
    mean: float | None


class VersionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How one version does.

    Attributes:
        number: its highest number; None when it has none.
        weight: its share; None when there is no split.
        runs: those that ended; a run that is going on or was stopped by its caller says nothing.
        errors: those of them that failed or took too long.
        latency_p50_s: of runs that succeeded and say how long they took; None where none does.
        cost_usd: None where nothing is known.
    """

    version_id: str
    number: int | None
    weight: int | None
    runs: int
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    scores: tuple[EvaluatorScore, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How the versions behind a pointer do.

    Attributes:
        since: when the split began, or what is there was moved there.
        move_id: the move that did it.
        is_complete: whether everything since then was looked at, and not just the newest.
    """

    since: datetime
    move_id: str
    is_complete: bool
    versions: tuple[VersionFigures, ...]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one use of a version."""

    version_id: str
    is_error: bool
    latency_s: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


async def figures(ports: Ports, principal: Principal, where: Where) -> Figures:
    """How the versions behind a pointer do since the split began; without a split, since the last move.

    Raises:
        NotFound: there is no such pointer.
        Conflict: it targets no version.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> Figures:
        spot = pointers.find(tx, where)
        began = _began(tx, spot)
        weights = _weights(tx, spot)
        logs = {version_id: _logs(tx, spot, version_id, since=began.moved_at) for version_id in weights}
        is_complete = all(len(found) < MOST for found in logs.values())
        uses = [_of_log(log) for found in logs.values() for log in found]
        if spot.file.kind == "flow":
            runs, is_complete = _executions(tx, spot, since=began.moved_at)
            uses = [_of_execution(run) for run in runs if _has_ended(run)]
        return Figures(
            since=began.moved_at,
            move_id=began.id,
            is_complete=is_complete,
            versions=tuple(
                _of_version(tx, version_id, weight, uses, logs[version_id])
                for version_id, weight in weights.items()
            ),
        )

    return await scan(ports, principal, look)


def _began(tx: Transaction, spot: Spot) -> Move:
    """The move since which it is split, whatever the weights; or is not."""
    began: Move | None = None
    for move in walk(tx, spot):
        if move.action in SWITCHING:
            continue
        if began is not None and not (began.shares and move.shares):
            break
        began = move
    if began is None or began.version_id is None:
        raise Conflict(f"{title(spot)} targets no version; only versions have figures.")
    return began


def _weights(tx: Transaction, spot: Spot) -> dict[str, int | None]:
    """The versions behind a pointer, with their weights."""
    state = spot.state(tx)
    assert state is not None, "it targets a version"
    assert state.version_id is not None, "it targets a version"
    shares: dict[str, int | None] = {share.version_id: share.weight for share in state.shares}
    return shares or {state.version_id: None}


def _executions(tx: Transaction, spot: Spot, *, since: datetime) -> tuple[list[Execution], bool]:
    """The newest runs of a flow by a pointer, and whether these are all since then."""
    called = spot.pointer_id
    if spot.kind is PointerKind.ENVIRONMENT:
        called = environment_alias(spot.file.id, spot.pointer_id)
    found: list[Execution] = []
    before: tuple[datetime, str] | None = None
    for _ in range(MOST // PAGE):
        page = tx.executions.page(file_id=spot.file.id, before=before, take=PAGE)
        found += (run for run in page if run.pointer_id == called and run.started_at >= since)
        if len(page) < PAGE or page[-1].started_at < since:
            return found, True
        before = (page[-1].started_at, page[-1].id)
    return found, False


def _has_ended(run: Execution) -> bool:
    return run.status.is_final and run.status is not Status.ABORTED


def _of_execution(run: Execution) -> Use:
    took = None if run.ended_at is None else (run.ended_at - run.started_at).total_seconds()
    is_error = run.status is not Status.SUCCEEDED
    return Use(
        version_id=run.version_id,
        is_error=is_error,
        latency_s=None if is_error else took,
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        cost_usd=run.cost_usd,
    )


def _logs(tx: Transaction, spot: Spot, version_id: str, *, since: datetime) -> Sequence[Log]:
    query = LogQuery(file_id=spot.file.id, version_id=version_id, start=since)
    return tx.logs.page(query, skip=0, take=MOST)[0]


def _of_log(log: Log) -> Use:
    costs = [cost for cost in (log.prompt_cost, log.output_cost) if cost is not None]
    return Use(
        version_id=log.version_id,
        is_error=log.has_error,
        latency_s=None if log.has_error else _latency_s(log),
        input_tokens=log.prompt_tokens or 0,
        output_tokens=log.output_tokens or 0,
        cost_usd=_total(costs),
    )


def _latency_s(log: Log) -> float | None:
    if log.provider_latency_s is not None or log.start_time is None or log.end_time is None:
        return log.provider_latency_s
    return (log.end_time - log.start_time).total_seconds()


def _of_version(
    tx: Transaction, version_id: str, weight: int | None, uses: Sequence[Use], logs: Sequence[Log]
) -> VersionFigures:
    own = [use for use in uses if use.version_id == version_id]
    latencies = sorted(use.latency_s for use in own if use.latency_s is not None)
    costs = [use.cost_usd for use in own if use.cost_usd is not None]
    return VersionFigures(
        version_id=version_id,
        number=max(tx.releases.of_version(version_id=version_id), default=None),
        weight=weight,
        runs=len(own),
        errors=sum(use.is_error for use in own),
        latency_p50_s=rank(latencies, 0.5),
        latency_p95_s=rank(latencies, 0.95),
        input_tokens=sum(use.input_tokens for use in own),
        output_tokens=sum(use.output_tokens for use in own),
        cost_usd=_total(costs),
        scores=_scores(tx, logs),
    )


def rank(ordered: Sequence[float], part: float) -> float | None:
    """The smallest value that at least such a part of all is not above; None of none."""
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else None


def _scores(tx: Transaction, logs: Sequence[Log]) -> tuple[EvaluatorScore, ...]:
    """What each evaluator found of these logs, in the order of the evaluators' ids."""
    found: dict[str, Counter[bool | int | float]] = {}
    for start in range(0, len(logs), PAGE):
        for judgment in tx.logs.judgments(judged_ids=[log.id for log in logs[start : start + PAGE]]):
            value = counted(judgment)
            if value is not None:
                found.setdefault(judgment.file_id, Counter())[value] += 1
    return tuple(
        EvaluatorScore(evaluator_id=evaluator, judgments=values.total(), mean=_mean(values))
        for evaluator, values in sorted(found.items())
    )


def _mean(values: Counter[bool | int | float]) -> float | None:
    total = sum((exact(value) * count for value, count in values.items()), Fraction())
    return rounded(total / values.total())


def _total(costs: Sequence[float]) -> float | None:
    """What it comes to; None where nothing is known, and where no double is near: anybody may post costs."""
    return rounded(sum(map(Fraction, costs), Fraction())) if costs else None
