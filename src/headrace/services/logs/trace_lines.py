"""The trace of a log as lines of a tree on a line of time: the server's own, and what others sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.logs import Log, LogStatus, Payload
from headrace.core.ports import Transaction
from headrace.services.base import Ports, scan
from headrace.services.evaluators.scores import LogScore, scores_of
from headrace.services.executions.waterfalls import BarState
from headrace.services.logs.excerpts import EXCERPT_CHARS
from headrace.services.logs.traces import MOST_LEVELS

_MS = timedelta(milliseconds=1)


class TraceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A log of a trace.

    Attributes:
        id: the log's.
        parent: the log above it in the tree; None for the root.
        depth: how deep it stands; 0 is the root.
        kind: of its file, such as `prompt`.
        name: of its file.
        file_id: None when the file is gone.
        offset_ms: when it began, from the earliest start in the trace; None when that is not known.
        duration_ms: None when it is not known, or not over.
        inputs: the start of what it was given, as JSON text.
        output: the start of what it gave.
        error: the start of what went wrong.
        cost_usd: None when it is not known.
        scores: what evaluators found in it.
    """

    id: str
    parent: str | None
    depth: int
    kind: str
    name: str
    file_id: str | None
    version_id: str
    number: int | None
    state: BarState
    offset_ms: float | None
    duration_ms: float | None
    inputs: str | None
    output: str | None
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    scores: list[LogScore]


class TracePage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a trace, each after the one it stands below.

    Attributes:
        root: the log at the root of the trace.
        execution: the run that the server made it of; None when others wrote it.
        started_at: the earliest start in the trace.
        duration_ms: from then to the latest end; None while none is known.
        count: how many logs it has.
        next: what `after` is to be for more; None when there are none.
    """

    root: str
    execution: str | None
    started_at: datetime
    duration_ms: float | None
    count: int
    lines: list[TraceLine]
    next: str | None


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A log in its place."""

    log: Log
    parent: str | None
    depth: int


async def trace(ports: Ports, principal: Principal, ref: str, *, after: str | None, take: int) -> TracePage:
    """Up to ``take`` lines of the trace that a log is part of, from just after the log ``after`` on.

    Raises:
        NotFound: there is no such log, or the trace has none of that id.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> TracePage:
        root, logs = _trace_of(tx, ref)
        placed = list(_tree(root, logs))
        first = 0 if after is None else _place(placed, after, ref) + 1
        page = placed[first : first + take]
        began = min(_began(log) for log in logs)
        ends = [log.end_time for log in logs if log.end_time is not None]
        return TracePage(
            root=root.id,
            execution=root.execution_id,
            started_at=began,
            duration_ms=(max(ends) - began) / _MS if ends else None,
            count=len(placed),
            lines=_lines(tx, page, began),
            next=page[-1].log.id if page and first + take < len(placed) else None,
        )

    return await scan(ports, principal, work)


def _trace_of(tx: Transaction, ref: str) -> tuple[Log, list[Log]]:
    """The root of a log's trace, and all of the trace; a log in none is one by itself."""
    log = tx.logs.get(id=ref)
    if log is None:
        raise NotFound("log", ref, f"There is no log `{ref}`.")
    logs = tx.logs.of_trace(trace_id=log.trace_id) if log.is_in_trace else [log]
    root = next((one for one in logs if one.id == log.trace_id), None)
    return (log, [log]) if root is None else (root, logs)


def _tree(root: Log, logs: Sequence[Log]) -> Iterator[_Placed]:
    """All logs, one above before those below it. What says of its parent what is not so hangs at the root."""
    known = {log.id for log in logs}
    below: dict[str, list[Log]] = defaultdict(list)
    for log in logs:
        if log.id != root.id:
            parent = log.trace_parent_id
            below[parent if parent in known and parent is not None else root.id].append(log)
    told: set[str] = set()
    yield from _walk(root, below, told)
    for log in logs:  # those that stand below each other in a circle
        if log.id not in told:
            told.add(log.id)
            yield _Placed(log=log, parent=root.id, depth=1)


def _walk(root: Log, below: Mapping[str, list[Log]], told: set[str]) -> Iterator[_Placed]:
    waiting = [_Placed(log=root, parent=None, depth=0)]
    while waiting:
        one = waiting.pop()
        if one.log.id in told:
            continue
        told.add(one.log.id)
        yield one
        depth = min(one.depth + 1, MOST_LEVELS)
        waiting += [
            _Placed(log=log, parent=one.log.id, depth=depth) for log in reversed(below.get(one.log.id, ()))
        ]


def _place(placed: Sequence[_Placed], after: str, ref: str) -> int:
    place = next((place for place, one in enumerate(placed) if one.log.id == after), None)
    if place is None:
        raise NotFound("log", after, f"The trace of log `{ref}` has no log `{after}`.")
    return place


def _began(log: Log) -> datetime:
    return log.start_time or log.created_at


def _lines(tx: Transaction, page: Sequence[_Placed], began: datetime) -> list[TraceLine]:
    scores = scores_of(tx, [one.log.id for one in page])
    files = {file_id: tx.files.get(id=file_id) for file_id in {one.log.file_id for one in page}}
    return [_line(one, files[one.log.file_id], began, scores.get(one.log.id, [])) for one in page]


def _line(placed: _Placed, file: File | None, began: datetime, scores: list[LogScore]) -> TraceLine:
    log = placed.log
    content = log.content()
    costs = [one for one in (log.prompt_cost, log.output_cost) if one is not None]
    return TraceLine(
        id=log.id,
        parent=placed.parent,
        depth=placed.depth,
        kind=log.kind,
        name=log.kind if file is None else file.name,
        file_id=None if file is None else file.id,
        version_id=log.version_id,
        number=log.number,
        state=_state(log),
        offset_ms=None if log.start_time is None else (log.start_time - began) / _MS,
        duration_ms=_duration_ms(log),
        inputs=_start(content.inputs) or _start(content.messages),
        output=_output(log, content),
        error=_cut(content.error),
        input_tokens=log.prompt_tokens,
        output_tokens=log.output_tokens,
        cost_usd=sum(costs) if costs else None,
        scores=scores,
    )


def _output(log: Log, content: Payload) -> str | None:
    """The start of what came out; of an evaluator's log that is its judgment."""
    if log.judgment is not None:
        return _start(msgspec.Raw(log.judgment))
    return _cut(content.output) or _start(content.output_message)


def _state(log: Log) -> BarState:
    if log.has_error:
        return BarState.FAILED
    return BarState.RUNNING if log.status is LogStatus.INCOMPLETE else BarState.SUCCEEDED


def _duration_ms(log: Log) -> float | None:
    if log.start_time is not None and log.end_time is not None:
        return max((log.end_time - log.start_time) / _MS, 0.0)
    return None if log.provider_latency_s is None else log.provider_latency_s * 1000


def _start(text: msgspec.Raw | None) -> str | None:
    """The start of a JSON text."""
    return None if text is None else bytes(text)[: EXCERPT_CHARS * 4].decode(errors="ignore")[:EXCERPT_CHARS]


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:EXCERPT_CHARS]
