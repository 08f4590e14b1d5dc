"""How far the runs of an evaluation are, and how they were judged (humanloop 4.3).

Nothing of it is kept: judgments are looked at and added up whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.evaluations import Evaluation, Run, RunStatus, Seat
from headrace.core.kinds.evaluator import EvaluatorSpec, EvaluatorType, read_spec, type_of
from headrace.core.ports import Transaction
from headrace.core.run_stats import SeatStats, counting, stats_of
from headrace.services.base import FAR, Ports, read, scan
from headrace.services.evaluations.evaluation_report import Column, Row, progress_of, report_of
from headrace.services.evaluations.evaluation_views import find


class RunStats(msgspec.Struct, frozen=True, kw_only=True):
    """How one run was judged.

    Attributes:
        num_logs: how many logs are in it.
        seats: by every evaluator of the evaluation, in the order in which they were added.
    """

    run: Run
    num_logs: int
    seats: tuple[SeatStats, ...]


class EvaluationStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the runs of an evaluation were judged.

    Attributes:
        runs: newest first.
        status: the newest run's; pending without any (humanloop 8.35).
        progress: how far the newest run is, to be read by people; never empty.
        report: the runs side by side, to be read by people; never empty.
    """

    runs: tuple[RunStats, ...]
    status: RunStatus
    progress: str
    report: str


class _Judge(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator of an evaluation, and what its judgments are."""

    seat: Seat
    path: str
    spec: EvaluatorSpec


async def stats(ports: Ports, principal: Principal, *, evaluation_id: str) -> EvaluationStats:
    """How the runs of an evaluation were judged.

    Raises:
        NotFound: there is no such evaluation.
    """
    principal.require(Right.READER)
    size = await read(ports, principal, lambda tx: _size(tx, find(tx, evaluation_id)))
    look = scan if size > FAR else read
    return await look(ports, principal, lambda tx: _stats(tx, find(tx, evaluation_id)))


def _size(tx: Transaction, evaluation: Evaluation) -> int:
    return sum(run.size for run in _runs(tx, evaluation))


def _runs(tx: Transaction, evaluation: Evaluation) -> list[Run]:
    """Newest first."""
    ids = [link.run_id for link in tx.evaluations.links(evaluation_id=evaluation.id)]
    known = {run.id: run for run in tx.runs.some(ids=ids)}
    return [known[one] for one in ids]


def _stats(tx: Transaction, evaluation: Evaluation) -> EvaluationStats:
    judges = _judges(tx, evaluation)
    runs = tuple(_run_stats(tx, run, judges) for run in _runs(tx, evaluation))
    file = tx.files.get(id=evaluation.file_id)
    links = tx.evaluations.links(evaluation_id=evaluation.id)
    added = {link.run_id: link for link in links}
    columns = [
        Column(
            run=one.run,
            link=added[one.run.id],
            num_logs=one.num_logs,
            is_undone=tx.runs.is_undone(run_id=one.run.id),
            seats=one.seats,
        )
        for one in runs
    ]
    rows = [
        Row(
            version_id=judge.seat.version_id,
            path=judge.path,
            is_awaited=type_of(judge.spec) is not EvaluatorType.HUMAN,
            is_posted=not judge.seat.is_orchestrated,
        )
        for judge in judges
    ]
    return EvaluationStats(
        runs=runs,
        status=runs[0].run.status if runs else RunStatus.PENDING,
        progress=progress_of(columns, rows),
        report=report_of("" if file is None else file.path, columns, rows),
    )


def _judges(tx: Transaction, evaluation: Evaluation) -> list[_Judge]:
    """Those whose evaluators are there, in the order in which they were added."""
    found = []
    for seat in tx.evaluations.seats(evaluation_id=evaluation.id):
        version, file = tx.versions.kept(id=seat.version_id), tx.files.get(id=seat.evaluator_id)
        if version is not None and file is not None:
            found.append(_Judge(seat=seat, path=file.path, spec=read_spec(version.content)))
    return found


def _run_stats(tx: Transaction, run: Run, judges: Sequence[_Judge]) -> RunStats:
    seated = {judge.seat.version_id for judge in judges}
    judged = tx.runs.judged(run_id=run.id, evaluator_ids=list({judge.seat.evaluator_id for judge in judges}))
    seats = [
        stats_of(judge.seat.version_id, judge.spec, counting(judged, judge.seat, seated=seated))
        for judge in judges
    ]
    _, num_logs = tx.runs.filled(run_ids=[run.id], skip=0, take=0)
    return RunStats(run=run, num_logs=num_logs, seats=tuple(seats))
