"""Recording logs of any kind, reading and deleting them (humanloop 1.2, 3, 4.2)."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import AlreadyExists, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.logs import Log, LogQuery, LogStatus
from headrace.core.ports import Clash, Transaction
from headrace.core.versions import Version
from headrace.services.base import FAR, Ports, read, scan, write
from headrace.services.evaluations import run_progress
from headrace.services.evaluators import judgments, monitoring
from headrace.services.evaluators.judgments import judge
from headrace.services.logs import traces
from headrace.services.logs.log_views import LogView, view, views
from headrace.services.logs.new_logs import NewLog, Prepared, draft, first_status, prepare, unsaved, used
from headrace.services.logs.traces import DIRECT, EXPORTED, GIVEN, TRACED, Rules, UnknownParent

__all__ = [
    "DIRECT",
    "EXPORTED",
    "GIVEN",
    "Created",
    "NewLog",
    "Rules",
    "UnknownParent",
    "create",
    "judge",
    "unsaved",
]


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is recorded.

    Attributes:
        is_new: False when it had been recorded before, by the same request.
    """

    log: Log
    is_new: bool


async def create(ports: Ports, principal: Principal, new: NewLog, *, rules: Rules = DIRECT) -> Created:
    """Record a log.

    Raises:
        Invalid: nothing names a file, or two things that do disagree, or so do content and version, or the
            run is of another file.
        NotFound: the file, version, environment, parent, run or judged log is not there.
        Conflict: the trace is complete.
        AlreadyExists: another log has the id, if only one that went with its file, or something else stands
            at the path.
    """
    principal.require(Right.RUNNER)
    prepared = await prepare(ports, new)
    return await write(ports, principal, lambda tx: put(tx, ports, principal, prepared, rules=rules))


def put(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared, *, rules: Rules = DIRECT
) -> Created:
    """Record a log: the transaction of `create`."""
    new = prepared.new
    known = None if new.id is None else tx.logs.get(id=new.id)
    if known is not None:
        if known.request_hash is None or known.request_hash != prepared.request_hash:
            raise AlreadyExists(f"A log with ID `{known.id}` already exists.")
        # The first answer told the status of then (humanloop 8.24).
        status = first_status(new)
        return Created(log=msgspec.structs.replace(known, status=status), is_new=False)
    file, version = used(tx, ports, principal, prepared)
    return keep(tx, ports, principal, prepared, file, version, rules=rules)


def keep(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    prepared: Prepared,
    file: File,
    version: Version,
    *,
    rules: Rules = DIRECT,
) -> Created:
    """Record a log whose file and version are known.

    Raises:
        NotFound, Invalid, Conflict, AlreadyExists: as `create`.
    """
    new = prepared.new
    log = draft(ports, principal, prepared, file, version)
    ports.unsaved.put(tx.account, log, new.payload)
    try:
        return Created(log=record(tx, ports, log, rules=rules), is_new=True)
    except Clash as clash:
        if clash.rule != "id" or new.id is None:
            raise
        # Nobody can be faster within a transaction, so it is one that is kept and not shown (humanloop 2.9).
        message = f"The ID `{new.id}` belongs to a log that was deleted with its file; choose another."
        raise AlreadyExists(message) from None


def record(tx: Transaction, ports: Ports, log: Log, *, rules: Rules) -> Log:
    """Keep a log whose file and version are known, in its place; tell those who monitor what it changes.

    Raises:
        NotFound, Invalid, Conflict: as `traces.add`, `run_progress.attach` and `judgments.judge`.
        Clash: its id is taken.
    """
    if log.judged_id is not None:
        return judge(tx, ports, log, rules=rules)
    log, above = traces.add(tx, ports, log, rules=rules, now=ports.clock.now())
    if rules.triggers:
        run_progress.attach(tx, ports, log, is_strict=rules.unknown_parent is UnknownParent.REFUSE)
        monitoring.trigger(tx, ports, log)
        for ancestor in above:
            if ancestor.kind in TRACED and ancestor.status is LogStatus.COMPLETE:  # its trace has grown
                run_progress.changed(tx, ports, ancestor)
                monitoring.trigger(tx, ports, ancestor)
    return log


async def get(ports: Ports, principal: Principal, *, log_id: str) -> LogView:
    """A log of any kind, with everything below it and the judgments on it.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: view(tx, find(tx, log_id), with_children=True))


def find(tx: Transaction, log_id: str, *, kind: str | None = None) -> Log:
    """A log by its id.

    Raises:
        NotFound: there is none, or none of that kind.
    """
    log = tx.logs.get(id=log_id)
    if log is None or (kind is not None and log.kind != kind):
        title = "Log" if kind is None else f"{KINDS[kind].title} log"
        raise NotFound("log", log_id, f"{title} with ID `{log_id}` not found.")
    return log


async def page(
    ports: Ports, principal: Principal, query: LogQuery, *, skip: int, take: int
) -> tuple[list[Log], int]:
    """One page of a file's logs, newest first, and how many there are in all.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[Log], int]:
        if tx.files.get(id=query.file_id) is None:
            raise NotFound("file", query.file_id, f"File with ID `{query.file_id}` not found.")
        return tx.logs.page(query, skip=skip, take=take)

    look = scan if _is_wide(query) or skip > FAR else read
    return await look(ports, principal, work)


def _is_wide(query: LogQuery) -> bool:
    """Whether all logs of a file may have to be looked at for a page."""
    return bool(query.ids or query.search or query.metadata or query.start or query.end or query.sample)


async def shown(
    ports: Ports, principal: Principal, logs: Collection[Log], *, with_children: bool, with_judged: bool
) -> list[LogView]:
    """Logs with what surrounds them. Those that were deleted meanwhile are shown as they were."""
    return await read(
        ports,
        principal,
        lambda tx: views(tx, logs, with_children=with_children, with_judged=with_judged),
    )


async def delete(ports: Ports, principal: Principal, ids: Collection[str]) -> None:
    """Forget logs with everything below them and the judgments on all that; unknown ids are ignored."""
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        found = [log for log in (tx.logs.get(id=one) for one in dict.fromkeys(ids)) if log is not None]
        judgments.remove(tx, ports, found)

    await write(ports, principal, work)
