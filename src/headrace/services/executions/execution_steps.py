"""The steps of a run for a person: all of them as lines of a tree, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.execution import Event
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, scan
from headrace.services.evaluators.scores import LogScore, scores_of
from headrace.services.executions import execution_looks
from headrace.services.executions.paths_taken import CarriedOver, NodeRan, Path, nodes_of
from headrace.services.executions.step_values import Telling, WholeStep
from headrace.services.executions.waterfalls import ROOT, Bar, BarKind, BarState, Waterfall
from headrace.services.records.run_logs import MOST_STEPS
from headrace.services.records.run_roots import log_id_of, step_log_id
from headrace.services.records.run_steps import STEPS

BATCHES_A_READ = 20
_LOGGED = frozenset(one.value for one in STEPS)
_NS_A_MS = 1e6


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that took its time in a run.

    Attributes:
        id: names it within the run.
        parent: the id of the line above it in the tree; None for the run itself.
        depth: how deep it stands; 0 is the run itself.
        kind: `flow` is the run itself, `node` a node that ran, `request` one that a node made, and `round`
            an item of an Iterator or a round of a Loop.
        name: of the node; of a request the operation, of a round its number from 1.
        type: of the node; of a request the service, of a round `Iterator` or `Loop`.
        offset_ms: when it began, from the start of the run.
        duration_ms: None while it goes on.
        inputs: the start of what it was given, as JSON text; None where that was not kept.
        outputs: the start of what it gave, as JSON text.
        conditions: those that won, of a Condition node.
        cost_usd: None when no price is known.
        request_id: of the last request it made.
        log_id: the log that it is shown as; None when it is not.
    """

    id: str
    parent: str | None
    depth: int
    kind: BarKind
    name: str
    type: str
    state: BarState
    offset_ms: float
    duration_ms: float | None
    inputs: str | None
    outputs: str | None
    error: str | None
    conditions: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    request_id: str | None
    log_id: str | None
    scores: list[LogScore]


class StepPage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, each after the one it stands below.

    Attributes:
        count: how many there are altogether.
        left_out: how many steps there were beyond the most that are told.
        next: what `after` is to be for more; None when there are none.
    """

    steps: list[StepLine]
    count: int
    left_out: int
    next: str | None


class PathTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Which way a run went through its definition.

    Attributes:
        definition: what ran; None when it is not kept.
        nodes: those that ran, in the order in which they first did.
        connections: those that were taken.
    """

    definition: msgspec.Raw | None
    nodes: list[NodeRan]
    connections: list[CarriedOver]


def batches(tx: Transaction, execution_id: str, *, first: int = 0) -> Iterator[tuple[int, Sequence[Event]]]:
    """The events of a run from a number on, some at a time, with the number of the first of them."""
    while found := tx.executions.events(execution_id=execution_id, first=first, take=BATCHES_A_READ):
        for batch in found:
            skipped = max(first - batch.first, 0)
            yield batch.first + skipped, batch.events()[skipped:]
        first = found[-1].first + found[-1].size


def _waterfall(tx: Transaction, execution: Execution) -> Waterfall:
    waterfall = Waterfall()
    for _, events in batches(tx, execution.id):
        waterfall.hear(events)
    _settle(waterfall, execution)
    return waterfall


def _settle(waterfall: Waterfall, execution: Execution) -> None:
    ended = execution.ended_at
    waterfall.settle(execution.status, None if ended is None else int(ended.timestamp() * 1e9))


async def steps(ports: Ports, principal: Principal, ref: str, *, after: str | None, take: int) -> StepPage:
    """Up to ``take`` lines, from just after the line ``after`` on.

    Raises:
        NotFound: there is no such run, or it has no such step.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> StepPage:
        execution = execution_looks.found(tx, ref)
        waterfall = _waterfall(tx, execution)
        lines = list(waterfall)
        first = 0 if after is None else _place(lines, after, ref) + 1
        page = lines[first : first + take]
        return StepPage(
            steps=_lines(tx, execution, waterfall, page),
            count=len(lines),
            left_out=waterfall.left_out,
            next=page[-1][0].id if page and first + take < len(lines) else None,
        )

    return await scan(ports, principal, work)


def _place(lines: Sequence[tuple[Bar, Bar | None, int]], id: str, ref: str) -> int:
    place = next((place for place, (bar, _, _) in enumerate(lines) if bar.id == id), None)
    if place is None:
        raise NotFound("step", id, f"Execution `{ref}` has no step `{id}`.")
    return place


def _lines(
    tx: Transaction,
    execution: Execution,
    waterfall: Waterfall,
    page: Sequence[tuple[Bar, Bar | None, int]],
) -> list[StepLine]:
    logs = _log_ids(tx, execution, waterfall)
    scores = scores_of(tx, [logs[bar.id] for bar, _, _ in page if bar.id in logs])
    began_ns = 0 if waterfall.root is None else waterfall.root.began_ns
    return [_line(execution, bar, above, depth, began_ns, logs, scores) for bar, above, depth in page]


def _log_ids(tx: Transaction, execution: Execution, waterfall: Waterfall) -> dict[str, str]:
    """The logs that steps are shown as; none before the run's own is there."""
    root = log_id_of(execution.id)
    if tx.logs.get(id=root) is None:
        return {}
    shown = [bar for bar, _, _ in waterfall if bar.kind is BarKind.NODE and bar.type in _LOGGED]
    shown.sort(key=lambda bar: bar.place or 0)
    logs = {ROOT: root}
    for bar in shown[:MOST_STEPS]:
        assert bar.place is not None, "only rounds have none"
        logs[bar.id] = step_log_id(execution.id, bar.place)
    return logs


def _line(
    execution: Execution,
    bar: Bar,
    above: Bar | None,
    depth: int,
    began_ns: int,
    logs: Mapping[str, str],
    scores: Mapping[str, list[LogScore]],
) -> StepLine:
    log_id = logs.get(bar.id)
    costs = [usage.cost_usd for usage in bar.usage if usage.cost_usd is not None]
    is_root = above is None
    return StepLine(
        id=bar.id,
        parent=None if above is None else above.id,
        depth=depth,
        kind=bar.kind,
        name=bar.name,
        type=bar.type,
        state=bar.state,
        offset_ms=max(bar.began_ns - began_ns, 0) / _NS_A_MS,
        duration_ms=bar.duration_ms,
        inputs=bar.inputs,
        outputs=bar.outputs,
        error=bar.error,
        conditions=bar.decided,
        input_tokens=execution.input_tokens if is_root else sum(one.input_tokens for one in bar.usage),
        output_tokens=execution.output_tokens if is_root else sum(one.output_tokens for one in bar.usage),
        cost_usd=execution.cost_usd if is_root else sum(costs) if costs else None,
        request_id=bar.request_id,
        log_id=log_id,
        scores=[] if log_id is None else scores.get(log_id, []),
    )


async def path(ports: Ports, principal: Principal, ref: str) -> PathTaken:
    """Which way a run went.

    Raises:
        NotFound: there is no such run.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[Execution, Waterfall, Path]:
        execution = execution_looks.found(tx, ref)
        waterfall, taken = Waterfall(), Path()
        for _, events in batches(tx, execution.id):
            waterfall.hear(events)
            taken.hear(events)
        _settle(waterfall, execution)
        return execution, waterfall, taken

    execution, waterfall, taken = await scan(ports, principal, work)
    graph = await execution_looks.definition(ports, principal, execution)
    return PathTaken(
        definition=None if graph is None else msgspec.Raw(graph),
        nodes=nodes_of(waterfall),
        connections=[] if graph is None else taken.taken(execution_looks.parsed(graph)),
    )


async def step(ports: Ports, principal: Principal, ref: str, id: str, *, most_chars: int) -> WholeStep:
    """One step with its values, each up to ``most_chars`` characters of JSON.

    Raises:
        NotFound: there is no such run, or it has no such step.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> WholeStep:
        execution_looks.found(tx, ref)
        number = int(id) if id.isascii() and id.isdecimal() and len(id) < 16 else None
        telling = Telling(id, most_chars)
        for first, events in () if number is None else batches(tx, ref, first=number):
            if telling.hear(first, events):
                break
        whole = telling.whole()
        if whole is None:
            raise NotFound("step", id, f"Execution `{ref}` has no step `{id}` with values of its own.")
        return whole

    return await scan(ports, principal, work)
