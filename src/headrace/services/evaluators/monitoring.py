"""Who is to judge a log that is there, or has changed (humanloop 2.12, 3.7)."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.core.deployments import PointerKind
from headrace.core.kinds.evaluator import EvaluatorType, read_spec, type_of
from headrace.core.logs import Log, LogStatus
from headrace.core.monitoring import Monitor, Work
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports
from headrace.services.logs.traces import FLOW
from headrace.services.work import ask, in_turn

JUDGED_HERE = (EvaluatorType.PYTHON, EvaluatorType.LLM)
"""The types of evaluators that the server runs; people and clients do what others say."""


def trigger(tx: Transaction, ports: Ports, log: Log) -> None:
    """Ask for a log's judgments by all that monitor its file, if it is due.

    A flow's log is due while it is complete, another one unless it is incomplete. Where an evaluator's own
    judgments are monitored, those that the server makes are judged in turn, but not round in circles.
    """
    if not _is_due(log):
        return
    monitors = [one for one in tx.monitors.of_file(file_id=log.file_id) if one.is_active]
    if not monitors or (log.is_automatic and _comes_round(tx, log)):
        return
    now = in_turn(ports.clock.now(), 0)  # before most of the logs of a large run
    for version_id in dict.fromkeys(_judges(tx, monitors)):
        ask(tx, ports, work=Work.JUDGE, subject=log.id, object=version_id, now=now)


def _is_due(log: Log) -> bool:
    return log.status is LogStatus.COMPLETE if log.kind == FLOW else log.status is not LogStatus.INCOMPLETE


def _comes_round(tx: Transaction, log: Log) -> bool:
    """Whether an evaluator's file occurs twice in a chain of judgments on judgments."""
    seen = {log.id}
    judged_id = log.judged_id
    while judged_id is not None and judged_id not in seen:
        judged = tx.logs.get(id=judged_id)
        if judged is None:
            return False
        if judged.file_id == log.file_id:
            return True
        seen.add(judged_id)
        judged_id = judged.judged_id
    return False


def _judges(tx: Transaction, monitors: list[Monitor]) -> Iterator[str]:
    """The versions of evaluators that are to judge now."""
    for monitor in monitors:
        version = _version(tx, monitor)
        if version is not None and type_of(read_spec(version.content)) in JUDGED_HERE:
            yield version.id


def _version(tx: Transaction, monitor: Monitor) -> Version | None:
    version_id = monitor.version_id
    if monitor.environment_id is not None:
        pointer = tx.pointers.get(
            file_id=monitor.evaluator_id, kind=PointerKind.ENVIRONMENT, pointer_id=monitor.environment_id
        )
        version_id = None if pointer is None else pointer.version_id
    if version_id is None or tx.files.get(id=monitor.evaluator_id) is None:
        return None
    return tx.versions.kept(id=version_id)
