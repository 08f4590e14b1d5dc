"""Judgments: logs of evaluators that judge other logs, and what they add up to (humanloop 2.12, 2.13).

Parts of use cases, run inside their transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from headrace.core.errors import Invalid, NotFound
from headrace.core.judgments import counted
from headrace.core.kinds.evaluator import judgment_form, judgment_problem, read_spec
from headrace.core.logs import Log
from headrace.core.monitoring import Total
from headrace.core.parsing import parse
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports
from headrace.services.deployments import watches
from headrace.services.evaluations import run_progress
from headrace.services.evaluators import monitoring
from headrace.services.logs import traces
from headrace.services.logs.traces import DIRECT, Rules


def judge(tx: Transaction, ports: Ports, log: Log, *, rules: Rules = DIRECT) -> Log:
    """Keep the log of an evaluator that judges another log, in place of an earlier one of the same origin.

    A log has at most one judgment that the server made and one that was posted, of each version of an
    evaluator; a later one replaces it (humanloop 8.20). Totals are kept, monitors of the evaluator are told.

    Args:
        log: its ``judged_id`` says what it judges, its ``is_automatic`` who made it. What it says of the
            judged log's version and of its trace is put right.

    Raises:
        NotFound: the judged log is not there.
        Conflict, Invalid: as `traces.add`.
    """
    assert log.judged_id is not None
    judged = tx.logs.get(id=log.judged_id)
    if judged is None:
        raise NotFound("log", log.judged_id, f"Log with ID `{log.judged_id}` not found.")
    earlier = tx.logs.judgment(judged_id=judged.id, version_id=log.version_id, is_automatic=log.is_automatic)
    if earlier is not None:
        run_progress.removed(tx, ports, _forget(tx, [earlier]), replaced=earlier.id)
    log = msgspec.structs.replace(log, judged_version_id=judged.version_id)
    log, _ = traces.add(tx, ports, log, rules=rules, now=ports.clock.now())
    count(tx, log)
    watches.look_soon(tx, ports, judged.version_id)
    if rules.triggers:
        run_progress.judged(tx, log)
        monitoring.trigger(tx, ports, log)
    return log


def remove(tx: Transaction, ports: Ports, logs: Iterable[Log]) -> None:
    """Forget logs with everything below them and all judgments on any of that (humanloop 8.49)."""
    run_progress.removed(tx, ports, _forget(tx, logs))


def forget(tx: Transaction, ports: Ports, logs: Collection[Log]) -> None:
    """Forget these logs, on which nothing hangs."""
    _take_away(tx, logs)
    run_progress.removed(tx, ports, logs)


def _forget(tx: Transaction, logs: Iterable[Log]) -> list[Log]:
    """Returns all that is gone."""
    gone = traces.with_all_below(tx, logs)
    _take_away(tx, gone)
    return gone


def _take_away(tx: Transaction, gone: Collection[Log]) -> None:
    for log in gone:
        discount(tx, log)
        tx.logs.remove(id=log.id)
    ids = {log.id for log in gone}
    parents = {log.trace_parent_id for log in gone if log.trace_parent_id is not None} - ids
    for parent_id in parents:
        _stand_alone(tx, parent_id)


def _stand_alone(tx: Transaction, log_id: str) -> None:
    """Take a log out of its trace when nothing else is left of that."""
    log = tx.logs.get(id=log_id)
    if log is None or log.kind in traces.TRACED or log.trace_id != log.id:
        return
    if not tx.logs.children(parent_ids=[log.id]):
        tx.logs.update(msgspec.structs.replace(log, is_in_trace=False))


def count(tx: Transaction, log: Log) -> None:
    """Add a judgment to the total of its evaluator's version on the judged version, if it counts."""
    value = counted(log)
    if value is not None:
        tx.logs.put_total(_total(tx, log).plus(value))


def discount(tx: Transaction, log: Log) -> None:
    """Take a judgment from its total."""
    value = counted(log)
    if value is not None:
        tx.logs.put_total(_total(tx, log).minus(value))


def _total(tx: Transaction, log: Log) -> Total:
    assert log.judged_version_id is not None
    known = tx.logs.total(version_id=log.judged_version_id, evaluator_version_id=log.version_id)
    return known or Total(
        version_id=log.judged_version_id, evaluator_id=log.file_id, evaluator_version_id=log.version_id
    )


def checked(judgment: bytes, version: Version) -> bytes:
    """A judgment that somebody gave, as JSON text, in the form in which this evaluator's are kept.

    Raises:
        Invalid: this evaluator can't have come to it (humanloop 8.56).
    """
    spec = read_spec(version.content)
    value = parse(judgment)
    problem = judgment_problem(spec, value)
    if problem is not None:
        raise Invalid.at("judgment", message=problem, kind="judgment")
    kept = judgment_form(spec, value)
    return judgment if kept is value else msgspec.json.encode(kept)
