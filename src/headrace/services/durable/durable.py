"""Carrying out durable executions: the program that an engine runs, as often as it takes (bedrock 5.2).

An attempt takes the execution up, which makes every earlier attempt's word count for nothing; then it runs
the flow that the ticket holds from its beginning, with what the journal knows already. It ends when the store
says that the execution has ended, whoever wrote that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.durable import Journal, Superseded, Ticket
from headrace.core.errors import HeadraceError, Unavailable
from headrace.core.execution import FailureKind, FlowFailed
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.engine.journal import run_journaled
from headrace.engine.plan import InvalidDefinition, Plan
from headrace.engine.run import RunContext, StartInput
from headrace.services.base import Ports, commit
from headrace.services.durable.durable_ends import begun
from headrace.services.durable.durable_record import Record
from headrace.services.durable.holding import Held, Over
from headrace.services.runs.invocations import Names
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import definition_of

log = logging.getLogger("headrace.durable")


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableLimits:
    """What a durable execution may take.

    Attributes:
        execution_s: seconds from its start to its end, over all attempts.
        node_s: seconds for one call of a node.
        attempts: how often it is taken up; one more ends it.
        items: how many items of an Iterator run at the same time when the alias does not say.
    """

    execution_s: float = 86_400.0
    node_s: float = 300.0
    attempts: int = 100
    items: int = 25


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that was taken up.

    Attributes:
        flow_id: the flow's id as APIs show it; made up of the file's when the flow is gone.
    """

    account: str
    execution: Execution
    ticket: Ticket | None
    flow_id: str


class Carrier:
    """Carries out durable executions in this process.

    Args:
        held: knows when what is carried out here is not this process's any more.
        names: how the outside is told of an organisation's flows and aliases.
    """

    def __init__(
        self, ports: Ports, runs: Runs, held: Held, limits: DurableLimits, names: Callable[[str], Names]
    ) -> None:
        self._ports = ports
        self._runs = runs
        self._held = held
        self._limits = limits
        self._names = names

    async def carry_out(self, account: str, execution_id: str, journal: Journal) -> None:
        """Make one attempt; see `headrace.core.durable.Program`.

        Raises:
            Superseded: another attempt counts by now.
            Unavailable: the store or the journal can't be reached.
        """
        taken = await self._take_up(account, execution_id)
        if taken is None:
            return
        recorder = self._runs.recorder
        telemetry, counts = recorder.telemetry, recorder.telemetry.counts
        telling = telemetry.run(taken.execution)
        record = Record(self._ports, account, taken.execution, keeps=recorder.keeps, telling=telling)
        counts.durable_going += 1
        lost = self._held.hold(account, execution_id, taken.execution.attempt)
        try:
            await _until_kept(record.keep(), self._told(taken, record, journal), lost)
        except Over:
            log.info("execution %s was stopped", execution_id)
        finally:
            counts.durable_going -= 1
            self._held.let_go(execution_id, taken.execution.attempt)

    async def _take_up(self, account: str, execution_id: str) -> _Taken | None:
        """Make this the attempt that counts; None when there is nothing left to be done."""

        def work(tx: Transaction) -> _Taken | None:
            execution = tx.executions.get(id=execution_id)
            if execution is None or execution.status.is_final:
                begun(tx, execution_id)
                return None
            attempt = execution.attempt + 1
            taken = msgspec.structs.replace(execution, attempt=attempt, holder=self._ports.holder)
            tx.executions.put(taken)
            if attempt == 1:
                begun(tx, execution_id)
            file = tx.files.get(id=taken.file_id)
            return _Taken(
                account=account,
                execution=taken,
                ticket=tx.tickets.get(execution_id=execution_id),
                flow_id=taken.file_id if file is None else file.short_id,
            )

        return await commit(self._ports, account, work)

    async def _told(self, taken: _Taken, record: Record, journal: Journal) -> None:
        """Have what happens recorded, to the end; what can't go on ends here."""
        try:
            await self._run(taken, record, journal)
            assert record.is_over, "a run tells its end"
        except (Superseded, Unavailable):
            raise
        except _Refused as refused:
            record.fail(_failed(FailureKind.VALIDATION, str(refused)))
        except Exception:
            execution = taken.execution
            log.exception("a bug", extra={"execution": execution.id, "flow": execution.file_id})
            record.fail(_failed(FailureKind.INTERNAL, f"Internal error. Execution id: {execution.name}"))

    async def _run(self, taken: _Taken, record: Record, journal: Journal) -> None:
        limits, execution, ticket = self._limits, taken.execution, taken.ticket
        if execution.attempt > limits.attempts:
            raise _Refused(f"It was taken up {limits.attempts} times without coming to its end.")
        if ticket is None:
            raise _Refused("What it was to run is not in the store.")
        spent_s = (self._ports.clock.now() - execution.started_at).total_seconds()
        start = StartInput(
            node=ticket.node, output=ticket.output, document=msgspec.json.decode(ticket.document)
        )
        context = self._context(taken, ticket)
        left_s = limits.execution_s - spent_s
        running = run_journaled(self._plan(ticket), start, context, journal, left_s=left_s)
        try:
            while events := await running.more():
                await record.add(events)
        finally:
            await running.aclose()

    def _plan(self, ticket: Ticket) -> Plan:
        """What the ticket holds, ready to run; it was sound when the execution was started."""
        rules = self._ports.rules

        def load() -> bytes:
            form = rules.runnable_form(msgspec.json.decode(ticket.content), ticket.content)
            if form is None:
                raise _Refused("Its definition has no shape that this release could run.")
            return form

        try:
            return self._runs.plans.of(ticket.digest, lambda: definition_of(load()))
        except InvalidDefinition as error:
            raise _Refused(f"This release can't run its definition: {error.message}") from error

    def _context(self, taken: _Taken, ticket: Ticket) -> RunContext:
        names, execution, limits = self._names(taken.account), taken.execution, self._limits
        return RunContext(
            execution_id=execution.name,
            steps_of=execution.id,  # a name is unique in its alias only
            account=taken.account,
            flow_arn=names.flow_arn(taken.flow_id),
            alias_arn=names.alias_arn(taken.flow_id, execution.pointer_id or DRAFT_ALIAS),
            effects=self._runs.effects,
            traces=True,
            max_parallel=ticket.max_parallel,
            max_items=limits.items,
            latency=ticket.latency,
            limit_s=limits.execution_s,
            node_limit_s=limits.node_s,
        )


class _Refused(HeadraceError):
    """An execution can't be carried out, however often it is tried."""


async def _until_kept(
    keeping: Coroutine[Any, Any, None], telling: Coroutine[Any, Any, None], lost: asyncio.Future[None]
) -> None:
    """Until all that is told is kept, or one of the three says that it is in vain."""
    keeper, teller = asyncio.create_task(keeping), asyncio.create_task(telling)
    watched: set[asyncio.Future[None]] = {keeper, teller, lost}
    try:
        while not keeper.done():
            done, watched = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
    finally:
        for task in (keeper, teller):
            task.cancel()
        await asyncio.gather(keeper, teller, return_exceptions=True)


def _failed(kind: FailureKind, message: str) -> FlowFailed:
    return FlowFailed(at_ns=time.time_ns(), kind=kind, message=message)
