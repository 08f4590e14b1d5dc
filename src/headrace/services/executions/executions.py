"""Looking at what was kept of runs, and keeping it no longer than wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.execution import Event
from headrace.core.files import File
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, read
from headrace.services.runs import targets

PURGED_AT_ONCE = 200
"""So few at a time, that a purge never holds up other writes for long."""
BATCHES_A_READ = 20
STOPPED = "The server stopped while this was running."
EXPIRED = "Nobody answered in time."


class ExecutionView(msgspec.Struct, frozen=True, kw_only=True):
    """A run and the flow it is a run of; None when the flow is gone."""

    execution: Execution
    file: File | None


async def get(ports: Ports, principal: Principal, *, ref: str, flow: str | None = None) -> ExecutionView:
    """A run by its id; among those of a flow, also the newest by what its caller calls it.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> ExecutionView:
        execution = tx.executions.get(id=ref)
        if flow is not None:
            file_id = targets.find_anyhow(tx, flow).id
            if execution is None or execution.file_id != file_id:
                execution = tx.executions.by_name(file_id=file_id, name=ref)
        if execution is None:
            raise NotFound("execution", ref)
        return ExecutionView(execution=execution, file=tx.files.get(id=execution.file_id))

    return await read(ports, principal, work)


async def events(ports: Ports, principal: Principal, *, ref: str, first: int, take: int) -> Sequence[Event]:
    """Up to ``take`` events of a run in order, from the number ``first`` on.

    Raises:
        NotFound: there is no such run.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Event]:
        if tx.executions.get(id=ref) is None:
            raise NotFound("execution", ref)
        found: list[Event] = []
        batches = tx.executions.events(execution_id=ref, first=first, take=BATCHES_A_READ)
        while batches and len(found) < take:
            for batch in batches:
                found += batch.events()[max(first - batch.first, 0) :]
            next_first = batches[-1].first + batches[-1].size
            batches = tx.executions.events(execution_id=ref, first=next_first, take=BATCHES_A_READ)
        return found[:take]

    return await read(ports, principal, work)


def put_in_order(tx: Transaction, *, holder: str | None, now: datetime) -> None:
    """Say of what a process ran that it does not any more; conversations can go on, work is taken up again.

    In every organisation; doing it again changes nothing. Durable executions are not ended by this: somebody
    else is asked to see to them.

    Args:
        holder: the process that is gone; None is any that left no name.
    """
    tx.sessions.free(holder=holder)
    _show(tx, tx.executions.fail_running(holder=holder, at=now, error=STOPPED), now)
    tx.jobs.release(holder=holder)
    if holder is not None:
        for account, execution_id, _ in tx.executions.held(holder=holder):
            tx.jobs.put(Job(account=account, work=Work.EXECUTE, subject=execution_id, due_at=now))
        tx.processes.remove(id=holder)


def _show(tx: Transaction, ended: list[tuple[str, str]], now: datetime) -> None:
    """Have runs that were ended here shown as logs."""
    for account, execution_id in ended:
        tx.jobs.put(Job(account=account, work=Work.RECORD, subject=execution_id, due_at=now))


async def tidy(ports: Ports, account: str, *, kept_days: float, answer_s: float) -> None:
    """Forget, in every organisation, the runs that ended too long ago, and questions nobody answered.

    Args:
        kept_days: 0 keeps runs for ever.
    """

    def work(tx: Transaction) -> int:
        now = ports.clock.now()
        since = now - timedelta(seconds=answer_s)
        _show(tx, tx.sessions.expire(before=since, at=now, error=EXPIRED, most=PURGED_AT_ONCE), now)
        if not kept_days:
            return 0
        return tx.executions.purge(before=now - timedelta(days=kept_days), most=PURGED_AT_ONCE)

    while await ports.store.write(account, work) == PURGED_AT_ONCE:
        pass
