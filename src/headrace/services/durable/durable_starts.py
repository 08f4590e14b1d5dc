"""Starting executions that go on without their caller (bedrock 5).

What is acknowledged is in the store: starting writes the execution, the ticket that any process can carry
it out with, and the job that has one do so, in one transaction.
"""

from __future__ import annotations

import re
import uuid

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.durable import Ticket
from headrace.core.errors import AlreadyExists, Conflict, Invalid, QuotaExceeded
from headrace.core.execution import Status
from headrace.core.jsontext import json_text
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services import work
from headrace.services.base import Ports, write
from headrace.services.durable.durable_executions import DurableContent, Durables, Found
from headrace.services.runs.invocations import Order
from headrace.services.runs.keeping import Keeps, preview
from headrace.services.runs.targets import KIND, Route, Target
from headrace.services.runs.ways import way
from headrace.services.tree import tree
from headrace.services.versions import snapshots

_NAME = re.compile("[a-zA-Z0-9-]{1,36}")


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
    content = msgspec.json.decode(found.content, type=DurableContent)
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
