"""The end of executions that go on without their caller: they are stopped, or have come to it (bedrock 5).

Stopping writes the end; who carries it out finds that it has no say any more.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, NotFound
from headrace.core.execution import FlowAborted, Status
from headrace.core.jsontext import json_text
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch, Execution
from headrace.services.base import Ports, write
from headrace.services.durable.durable_executions import Called, Durables, Found, find
from headrace.services.records import run_logs
from headrace.services.runs.keeping import Keeps

log = logging.getLogger("headrace.durable")


async def stop(durables: Durables, ports: Ports, principal: Principal, called: Called) -> Found:
    """Stop an execution; one that was stopped stays so. What its nodes wait for is abandoned.

    Raises:
        NotFound, Invalid: as of `get`.
        Conflict: it has ended by itself.
    """
    principal.require(Right.RUNNER)

    def end(tx: Transaction) -> Found:
        found = find(tx, called)
        ended = abort(tx, ports, found.execution, keeps=durables.runs.recorder.keeps)
        return msgspec.structs.replace(found, execution=ended)

    since = ports.clock.now()
    found = await write(ports, principal, end)
    await _abandon(durables, found.execution, since=since)
    return found


async def stop_by_id(durables: Durables, ports: Ports, principal: Principal, execution_id: str) -> Execution:
    """The same of an execution that is known by its id, also when its flow is gone.

    Raises:
        NotFound: there is no durable execution of that id.
        Conflict: it has ended by itself.
    """
    principal.require(Right.RUNNER)

    def end(tx: Transaction) -> Execution:
        execution = tx.executions.get(id=execution_id)
        if execution is None or not execution.is_durable:
            raise NotFound("execution", execution_id)
        return abort(tx, ports, execution, keeps=durables.runs.recorder.keeps)

    since = ports.clock.now()
    ended = await write(ports, principal, end)
    await _abandon(durables, ended, since=since)
    return ended


def abort(tx: Transaction, ports: Ports, execution: Execution, *, keeps: Keeps) -> Execution:
    """Write the end of an execution that nobody carries out after this; see `stop`."""
    if execution.status is Status.ABORTED:
        return execution
    if execution.status.is_final:
        raise Conflict(
            f"Execution {execution.name} is {execution.status.value} and can't be stopped any more."
        )
    told = () if keeps is Keeps.NONE else (FlowAborted(at_ns=time.time_ns()),)
    ended = msgspec.structs.replace(
        execution,
        status=Status.ABORTED,
        ended_at=ports.clock.now(),
        events_count=execution.events_count + len(told),
    )
    tx.executions.put(ended)
    if told:
        first, body = execution.events_count, json_text(told)
        tx.executions.append(EventBatch(execution_id=execution.id, first=first, size=1, body=body))
    settle(tx, ports, ended)
    begun(tx, ended.id)
    return ended


def settle(tx: Transaction, ports: Ports, ended: Execution) -> None:
    """What follows from the end of a durable execution, in the transaction that writes it.

    It is shown as a log; and of a document whose content is not kept, nothing is left.
    """
    run_logs.ask(tx, ports, ended)
    if ended.input is None:
        tx.tickets.forget_document(execution_id=ended.id)


def begun(tx: Transaction, execution_id: str) -> None:
    """Nobody need begin an execution any more."""
    for job in tx.jobs.of_subject(subject=execution_id):
        if job.work is Work.EXECUTE:
            tx.jobs.done(job)


async def _abandon(durables: Durables, ended: Execution, *, since: datetime) -> None:
    """Have an execution that was stopped cancelled at once if it is carried out here.

    Args:
        since: when that was asked for; one that had been stopped before is not told of again.
    """
    if ended.ended_at is not None and ended.ended_at >= since:
        durables.runs.recorder.telemetry.stopped(ended)
    if durables.engine is None:
        return
    try:
        await durables.engine.abandon(ended.id)
    except Exception:  # it is stopped, whatever becomes of this: nothing that it does counts any more
        log.exception("execution %s is stopped, but was not told", ended.id)
