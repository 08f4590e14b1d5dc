"""Executions that go on without their caller: start them, look at them, stop them (bedrock 5).

What is acknowledged is in the store: starting writes the execution, the ticket that any process can carry
it out with, and the job that has one do so, in one transaction. Stopping writes the end; who carries it out
finds that it has no say any more.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.durable import Engine, Ticket
from headrace.core.errors import AlreadyExists, Conflict, Invalid, NotFound, QuotaExceeded
from headrace.core.execution import FlowAborted, Status
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.jsontext import json_text
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch, Execution
from headrace.services import event_pages, run_logs, snapshots, tree, work
from headrace.services.base import Ports, read, write
from headrace.services.event_pages import EventPage, Kinds
from headrace.services.invocations import Order
from headrace.services.keeping import Keeps, preview
from headrace.services.runs import Runs
from headrace.services.targets import KIND, Route, Target, environment_alias
from headrace.services.ways import way

log = logging.getLogger("headrace.durable")
_NAME = re.compile("[a-zA-Z0-9-]{1,36}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Durables:
    """What durable executions need besides the ports.

    Attributes:
        most_going: how many of an organisation may go on at the same time.
        engine: carries them out in this process; None when others do.
        lacks: what this process would have to have to do so, and what to do about it; None when nothing, or
            when it is not meant to.
    """

    runs: Runs
    most_going: int = 1000
    engine: Engine | None = None
    lacks: str | None = None


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """How a caller names an execution.

    Attributes:
        flow: the flow's id.
        alias: the alias's id, or what names an environment where aliases are asked for.
        name: unique among the executions of the alias.
        of_flow: the flow that the name says it is of; None when it says nothing.
        of_alias: the same of the alias.
    """

    flow: str
    alias: str
    name: str
    of_flow: str | None = None
    of_alias: str | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A durable execution, and the flow it is one of."""

    file: File
    execution: Execution

    @property
    def pointer_id(self) -> str:
        """The alias it was started by, or what stands for an environment there."""
        assert self.execution.pointer_id is not None, "a durable one is always started by a pointer"
        return self.execution.pointer_id


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a durable execution runs, frozen at its start.

    Attributes:
        definition: JSON text, as it was sent.
        role: the execution role's ARN at that time; None when the flow had none.
        key: the same of the encryption key.
    """

    found: Found
    definition: str
    role: str | None
    key: str | None


class _Content(msgspec.Struct, frozen=True):
    """What is read of content that could run; like `FlowContent`, but its author may have written nulls."""

    definition: msgspec.Raw
    role: str | None = msgspec.field(name="executionRoleArn", default=None)
    key: str | None = msgspec.field(name="customerEncryptionKeyArn", default=None)


async def start(durables: Durables, ports: Ports, principal: Principal, order: Order) -> Found:
    """Have a flow run in the background; it surely will once this returns.

    Raises:
        NotFound: the flow, the alias or its version is not there.
        NotPrepared: the draft was never prepared, or validation has something against the version.
        Invalid: the name has another form, or an answer is given, and nothing asks here.
        AlreadyExists: the alias has an execution of that name.
        QuotaExceeded: too many of the organisation go on.
        Conflict: nobody could carry it out, or what is called by is switched off.
    """
    principal.require(Right.RUNNER)
    if order.answers is not None:
        message = f"An execution in the background asks nothing; {order.answers} would be an answer."
        raise Invalid.at("inputs", 0, "nodeInputName", message=message, kind="mismatch")
    if order.name is not None and not _NAME.fullmatch(order.name):
        message = f"The name {order.name!r} is not one to 36 letters, digits and hyphens."
        raise Invalid.at(message=message, kind="pattern")
    route, found, plan = await way(durables.runs, ports, principal, order)
    execution = _execution(durables, ports, principal, order, route, found)
    ticket = _ticket(execution.id, order, route, found, node=order.node or plan.scope.starts[0].name)

    def begin(tx: Transaction) -> Found:
        file = tree.find(tx, kind=KIND, ref=route.file.id)
        _check(tx, durables, execution)
        if execution.is_draft:
            snapshots.keeper(execution, found.content)(tx)
        tx.executions.put(execution)
        tx.tickets.add(ticket)
        work.ask(tx, ports, work=Work.EXECUTE, subject=execution.id, now=execution.started_at)
        return Found(file=file, execution=execution)

    begun = await write(ports, principal, begin)
    durables.runs.recorder.telemetry.queued(begun.execution)
    return begun


def _check(tx: Transaction, durables: Durables, execution: Execution) -> None:
    """Whether a new execution may begin; that its name is free is decided by the store."""
    if durables.lacks is not None and not any(process.capacity for process in tx.processes.all()):
        raise Conflict(f"Nobody could carry out the execution. {durables.lacks}")
    pointer_id = execution.pointer_id
    assert pointer_id is not None
    if tx.executions.durable(file_id=execution.file_id, pointer_id=pointer_id, name=execution.name):
        raise AlreadyExists(f"There is an execution {execution.name} of alias {pointer_id} already.")
    if tx.executions.count_going() >= durables.most_going:
        message = f"The number of executions that go on would exceed its limit of {durables.most_going}."
        raise QuotaExceeded(message, limit=durables.most_going)


def _execution(
    durables: Durables, ports: Ports, principal: Principal, order: Order, route: Route, found: Target
) -> Execution:
    keeps = durables.runs.recorder.keeps
    return Execution(
        id=ports.ids.long("exe_"),
        name=order.name or str(uuid.uuid4()),
        file_id=route.file.id,
        version_id=found.version_id,
        number=found.number,
        is_draft=found.is_draft,
        pointer_id=route.pointer_id,
        environment_id=route.environment_id,
        status=Status.RUNNING,
        started_by=principal.user.id,
        started_at=ports.clock.now(),
        ended_at=None,
        input=preview(order.document) if keeps is Keeps.ALL else None,
        output=None,
        error=None,
        failed_node=None,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        events_count=0,
        is_durable=True,
    )


def _ticket(execution_id: str, order: Order, route: Route, found: Target, *, node: str) -> Ticket:
    content = msgspec.json.decode(found.content, type=_Content)
    return Ticket(
        execution_id=execution_id,
        content=found.content,
        digest=found.digest,
        node=node,
        output=order.output,
        document=json_text(order.document),
        max_parallel=route.max_parallel,
        latency=order.latency,
        role=content.role,
        key=content.key,
    )


async def get(ports: Ports, principal: Principal, called: Called) -> Found:
    """A durable execution.

    Raises:
        NotFound: the flow is not there, or the alias has no execution of that name.
        Invalid: what the name says it is of is something else.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _find(tx, called))


async def page(
    ports: Ports,
    principal: Principal,
    *,
    flow: str,
    alias: str | None,
    before: tuple[datetime, str] | None,
    take: int,
) -> list[Found]:
    """Durable executions of a flow (by one alias, or by any), newest first, from just after ``before``
    (start, id) on.

    Raises:
        NotFound: there is no such flow, or there never was such an alias.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> list[Found]:
        file = tree.find(tx, kind=KIND, ref=flow)
        pointer_id = None if alias is None else _pointer_id(tx, file, alias)
        found = tx.executions.durable_page(file_id=file.id, pointer_id=pointer_id, before=before, take=take)
        if not found and before is None and pointer_id is not None:
            _check_pointer(tx, file, pointer_id)
        return [Found(file=file, execution=one) for one in found]

    return await read(ports, principal, look)


async def events(
    ports: Ports, principal: Principal, called: Called, *, kinds: Kinds, first: int, take: int
) -> EventPage:
    """Up to ``take`` events of some kinds, in order, from the number ``first`` on; also while it goes on.

    Raises:
        NotFound, Invalid: as of `get`.
    """
    found = await get(ports, principal, called)
    return await event_pages.page(
        ports, principal, execution_id=found.execution.id, kinds=kinds, first=first, take=take
    )


async def snapshot(ports: Ports, principal: Principal, called: Called) -> Snapshot:
    """What an execution runs.

    Raises:
        NotFound, Invalid: as of `get`.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> Snapshot:
        found = _find(tx, called)
        ticket = tx.tickets.get(execution_id=found.execution.id)
        assert ticket is not None, "it is made and forgotten with the execution"
        content = msgspec.json.decode(ticket.content, type=_Content)
        definition = bytes(content.definition).decode()
        return Snapshot(found=found, definition=definition, role=ticket.role, key=ticket.key)

    return await read(ports, principal, look)


async def stop(durables: Durables, ports: Ports, principal: Principal, called: Called) -> Found:
    """Stop an execution; one that was stopped stays so. What its nodes wait for is abandoned.

    Raises:
        NotFound, Invalid: as of `get`.
        Conflict: it has ended by itself.
    """
    principal.require(Right.RUNNER)

    def end(tx: Transaction) -> Found:
        found = _find(tx, called)
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


def _find(tx: Transaction, called: Called) -> Found:
    file = tree.find(tx, kind=KIND, ref=called.flow)
    pointer_id = _pointer_id(tx, file, called.alias)
    said = (called.of_flow or file.short_id, called.of_alias or pointer_id)
    if said != (file.short_id, pointer_id):
        message = (
            f"The execution {called.name} is of flow {said[0]} and alias {said[1]}, not of flow "
            f"{file.short_id} and alias {pointer_id}."
        )
        raise Invalid.at(message=message, kind="mismatch", where="path")
    execution = tx.executions.durable(file_id=file.id, pointer_id=pointer_id, name=called.name)
    if execution is None:
        message = f"Execution {called.name} of alias {called.alias} of flow {file.short_id} not found."
        raise NotFound("execution", called.name, message)
    return Found(file=file, execution=execution)


def _pointer_id(tx: Transaction, file: File, alias: str) -> str:
    """What an execution keeps of the alias or environment it was started by; also when that is gone."""
    if alias == DRAFT_ALIAS or tx.aliases.get(file_id=file.id, id=alias) is not None:
        return alias
    meant = (one for one in tx.environments.all() if one.name == alias)
    environment = next(meant, None)
    return alias if environment is None else environment_alias(file.id, environment.id)


def _check_pointer(tx: Transaction, file: File, pointer_id: str) -> None:
    known: Collection[str] = (
        DRAFT_ALIAS,
        *(environment_alias(file.id, one.id) for one in tx.environments.all()),
    )
    if pointer_id not in known and tx.aliases.get(file_id=file.id, id=pointer_id) is None:
        raise NotFound("alias", pointer_id, f"Alias {pointer_id} of flow {file.short_id} not found.")
