"""Where a log belongs: what is above and below it, and what it does to the logs above (humanloop 3.3-3.5).

Parts of use cases, run inside their transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import evaluator
from headrace.core.logs import Log, LogStatus
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports
from headrace.services.evaluations import run_progress
from headrace.services.work import ask

FLOW = "flow"
TRACED = ("flow", "agent")
"""The kinds whose logs are traces by themselves, even with nothing below them."""
MOST_LEVELS = 200
"""So many logs may stand above one. A deeper tree could not be sent as JSON that clients can read."""
BATCH = 500
"""So many ids are asked for at once."""


class UnknownParent(StrEnum):
    """What becomes of a log whose parent is not there."""

    REFUSE = "refuse"
    """It is not recorded."""
    DROP = "drop"
    """It has no parent."""
    KEEP = "keep"
    """It is a root for now and keeps the parent's id, so that a parent that comes later finds it."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How strictly a new log is taken.

    Attributes:
        unknown_parent: what becomes of it when its parent is not there.
        joins_complete: whether it may be added to a trace that is complete.
        triggers: whether those that monitor its file are told.
    """

    unknown_parent: UnknownParent = UnknownParent.REFUSE
    joins_complete: bool = False
    triggers: bool = True


DIRECT = Rules()
"""For who asks for one log and waits for the answer."""
EXPORTED = Rules(unknown_parent=UnknownParent.DROP, joins_complete=True)
"""For who sends what happened elsewhere, in any order (humanloop 5.3)."""
GIVEN = Rules(unknown_parent=UnknownParent.KEEP, joins_complete=True, triggers=False)
"""For logs that are restored, or projected from a record."""


def add(tx: Transaction, ports: Ports, log: Log, *, rules: Rules, now: datetime) -> tuple[Log, list[Log]]:
    """Keep a new log in its place: in its parent's trace, or as a root. Tells nobody.

    Args:
        log: its ``trace_parent_id`` says where; what else it says of its trace is put right.

    Returns:
        The log as it is kept, and those above it as they are now, nearest first.

    Raises:
        NotFound: its parent is not there.
        Invalid: it is its own parent, or stands too deep.
        Conflict: the nearest log above it that is a trace is complete.
        Clash: its id is taken.
    """
    above = above_new(tx, ports, log, rules)
    log = _placed(log, above, rules)
    tx.logs.add(log, at=now)
    if above and not above[0].is_in_trace:
        above[0] = msgspec.structs.replace(above[0], is_in_trace=True)
        tx.logs.update(above[0])
    return log, widen(tx, above, log)


def above_new(tx: Transaction, ports: Ports, log: Log, rules: Rules) -> list[Log]:
    """Those above a log that is not there yet; nobody when it can't have its parent and that is fine.

    Raises:
        NotFound, Invalid, Conflict: as `add`.
    """
    if log.trace_parent_id is None:
        return []
    is_strict = rules.unknown_parent is UnknownParent.REFUSE
    if log.trace_parent_id == log.id:
        if is_strict:
            raise Invalid.at("trace_parent_id", message="A log can't be its own parent.", kind="cycle")
        return []
    above = ancestors(tx, log.trace_parent_id)
    if is_strict:
        if not above:
            raise NotFound("log", log.trace_parent_id, f"Log with ID `{log.trace_parent_id}` not found.")
        if len(above) >= MOST_LEVELS:
            message = f"A trace may be at most {MOST_LEVELS} levels deep."
            raise Invalid.at("trace_parent_id", message=message, kind="depth")
    nearest = _nearest_open_or_complete(above)
    may_grow = rules.joins_complete or ports.limits.complete_traces_grow
    if nearest is not None and nearest.status is LogStatus.COMPLETE and not may_grow:
        raise Conflict(f"The trace of log `{nearest.id}` is complete; no log can be added to it.")
    return above if len(above) < MOST_LEVELS else []


def _placed(log: Log, above: Sequence[Log], rules: Rules) -> Log:
    """A log with what follows from those above it."""
    parent_id = log.trace_parent_id
    if not above and (rules.unknown_parent is not UnknownParent.KEEP or parent_id == log.id):
        parent_id = None
    root = above[-1] if above else log
    return msgspec.structs.replace(
        log,
        trace_parent_id=parent_id,
        trace_id=root.id,
        trace_flow_id=root.file_id if root.kind in TRACED else None,
        is_in_trace=bool(above) or log.kind in TRACED,
    )


def ancestors(tx: Transaction, parent_id: str | None) -> list[Log]:
    """The log with that id and those above it, nearest first; no more than may be."""
    above: list[Log] = []
    seen: set[str] = set()
    while parent_id is not None and parent_id not in seen and len(above) < MOST_LEVELS:
        parent = tx.logs.get(id=parent_id)
        if parent is None:
            break
        seen.add(parent_id)
        above.append(parent)
        parent_id = parent.trace_parent_id
    return above


def _nearest_open_or_complete(above: Iterable[Log]) -> Log | None:
    """The first log of these that is a trace and says whether it is complete; an agent's may not say."""
    return next((log for log in above if log.kind in TRACED and log.status is not None), None)


def widen(tx: Transaction, above: Sequence[Log], log: Log) -> list[Log]:
    """Let the flows' logs of ``above`` span the time of a log below; they never shrink (humanloop 3.5)."""
    wider = []
    for ancestor in above:
        if ancestor.kind == FLOW:
            start = earliest(ancestor.start_time, log.start_time)
            end = latest(ancestor.end_time, log.end_time)
            if (start, end) != (ancestor.start_time, ancestor.end_time):
                ancestor = msgspec.structs.replace(ancestor, start_time=start, end_time=end)
                tx.logs.update(ancestor)
        wider.append(ancestor)
    return wider


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the moments that are known."""
    return min((one for one in moments if one is not None), default=None)


def latest(*moments: datetime | None) -> datetime | None:
    """The last of the moments that are known."""
    return max((one for one in moments if one is not None), default=None)


def descendants(tx: Transaction, ids: Collection[str], *, with_own: bool = False) -> list[Log]:
    """Everything below these logs, level by level.

    Args:
        with_own: those of these logs that stand below others of them are among it.
    """
    seen = set(ids)
    found: list[Log] = []
    level = list(ids)
    while level:
        below = _children(tx, level)
        new = [log for log in below if log.id not in seen]
        seen.update(log.id for log in new)
        found += below if with_own else new
        level = [log.id for log in new]
    return found


def _children(tx: Transaction, ids: Sequence[str]) -> list[Log]:
    return [
        log
        for first in range(0, len(ids), BATCH)
        for log in tx.logs.children(parent_ids=ids[first : first + BATCH])
    ]


def strays(tx: Transaction, logs: Iterable[Log]) -> list[Log]:
    """The logs of traces that are still told whose own parents are not there yet: put below the root."""
    found = []
    for root in logs:
        if root.trace_id == root.id and root.status is LogStatus.INCOMPLETE:
            trace = tx.logs.of_trace(trace_id=root.id)
            known = {log.id for log in trace}
            found += [
                msgspec.structs.replace(log, trace_parent_id=root.id)
                for log in trace
                if log.id != root.id and log.trace_parent_id not in known
            ]
    return found


def with_all_below(tx: Transaction, logs: Iterable[Log]) -> list[Log]:
    """Logs, everything below them, every judgment on any of that, and so on (humanloop 8.49)."""
    found = {log.id: log for log in logs}
    found |= {log.id: log for log in strays(tx, list(found.values()))}
    new = list(found)
    while new:
        hanging = [
            *_children(tx, new),
            *(
                log
                for first in range(0, len(new), BATCH)
                for log in tx.logs.judgments(judged_ids=new[first : first + BATCH])
            ),
        ]
        new = [log.id for log in hanging if log.id not in found]
        found |= {log.id: log for log in hanging}
    return list(found.values())


def adopt(tx: Transaction, parent: Log) -> list[Log]:
    """Let logs that waited for a parent join its trace with all below them.

    Returns:
        The logs above ``parent`` and itself as they are now, nearest first.
    """
    above = ancestors(tx, parent.id)
    taken = {log.id for log in above}
    waiting = [log for log in _children(tx, [parent.id]) if log.id not in taken]
    strangers = [log for log in waiting if log.trace_id != above[0].trace_id]
    for log in [*strangers, *descendants(tx, [log.id for log in strangers])]:
        if log.id not in taken:
            joined = msgspec.structs.replace(
                log, trace_id=above[0].trace_id, trace_flow_id=above[0].trace_flow_id, is_in_trace=True
            )
            tx.logs.update(joined)
            above = widen(tx, above, joined)
    if strangers and not above[0].is_in_trace:
        above[0] = msgspec.structs.replace(above[0], is_in_trace=True)
        tx.logs.update(above[0])
    return above


def remove_file(tx: Transaction, ports: Ports, file: File) -> None:
    """Remove a file from view, and have the logs of others that stand below its own set free; nobody waits
    for what it would have judged."""
    now = ports.clock.now()
    tx.files.remove(id=file.id, at=now)
    ask(tx, ports, work=Work.UPROOT, subject=file.id, now=now)
    if file.kind == evaluator.KIND.name:
        run_progress.evaluator_gone(tx, ports, file.id)


def set_free(tx: Transaction, *, file_id: str, after: str | None, take: int = BATCH) -> str | None:
    """Let logs that stood right below those of a file that is gone be roots, with what is below them.

    Args:
        after: the log of the file from behind which to go on; None for the first.

    Returns:
        From where to go on in another transaction; None when all of the file was looked at (humanloop 2.9).
    """
    ids = tx.logs.traced_ids(file_id=file_id, after=after, take=take)
    for root in _children(tx, ids):
        if root.trace_id != root.id:
            below = descendants(tx, [root.id])
            for log in (root, *below):
                tx.logs.update(_rooted(log, root, is_in_trace=bool(below)))
    return ids[-1] if len(ids) == take else None


def uproot(tx: Transaction, *, file_id: str, take: int = BATCH) -> bool:
    """Let logs in the traces of a flow or an agent that is gone be roots, and what is below them be theirs.

    It finds those, too, that stand below logs of other files which have gone with it.

    Returns:
        Whether there may be more of them: a large flow is done in several transactions (humanloop 2.9).
    """
    left = tx.logs.in_traces_of(flow_id=file_id, take=take)
    for log in left:
        above = ancestors(tx, log.trace_parent_id)
        is_in_trace = bool(above) or bool(tx.logs.children(parent_ids=[log.id]))
        tx.logs.update(_rooted(log, above[-1] if above else log, is_in_trace=is_in_trace))
    return len(left) == take


def _rooted(log: Log, root: Log, *, is_in_trace: bool) -> Log:
    return msgspec.structs.replace(
        log,
        trace_id=root.id,
        trace_flow_id=root.file_id if root.kind in TRACED else None,
        is_in_trace=is_in_trace or log.kind in TRACED,
    )
