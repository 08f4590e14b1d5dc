"""Has the logs of orchestrated runs made: a version is called with each datapoint, once (humanloop 4.3).

The log has an id that follows from the run and the datapoint, and it enters the run in the transaction that
keeps it. So whoever does a job again after a crash finds that it is done, or that it is not.

A flow's log is made of its record once that is said to count, and enters the run if its slot is still empty
then. An attempt that does not count stays among the executions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON, EffectFailed, Fault
from headrace.core.errors import AlreadyExists, HeadraceError, QuotaExceeded, Throttled, Unavailable
from headrace.core.evaluations import OPEN, Run, Slot
from headrace.core.files import File
from headrace.core.logs import LogStatus, Payload
from headrace.core.monitoring import Job
from headrace.core.ports import Transaction
from headrace.core.prompts import ChatMessage
from headrace.services.agents import agent_calls
from headrace.services.base import Ports, commit, write
from headrace.services.calls import prompt_calls, tool_calls
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_calls import LEFT
from headrace.services.calls.prompt_orders import Order
from headrace.services.evaluators import judgments
from headrace.services.logs import logs, new_logs
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.records import run_logs
from headrace.services.runs import flow_calls
from headrace.services.runs.flow_calls import Asked, Flows
from headrace.services.worker import Handler, Pace

SOURCE = "evaluation"
"""What logs that the server made for a run say of where they come from."""
PASSING = frozenset({Fault.GATEWAY, Fault.THROTTLED})
"""Failures that another time there may not be."""
AGENT, FLOW = "agent", "flow"
UNTIL_COMPLETE = frozenset({AGENT, FLOW})
"""The kinds whose logs are incomplete until something else is said."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a version is called with.

    Attributes:
        new: the log to be made.
        inputs: the datapoint's.
        messages: the datapoint's, as they were sent.
        is_last: whether no other attempt will be made.
    """

    new: NewLog
    inputs: Mapping[str, JSON]
    messages: list[Any]
    is_last: bool = False

    def order(self) -> Order:
        """The same as an order to a model.

        Raises:
            msgspec.ValidationError: a message is none.
        """
        messages = msgspec.convert(self.messages, list[ChatMessage])
        return Order(new=self.new, inputs=self.inputs, messages=messages, leaves=is_passing)


def is_passing(failure: EffectFailed) -> bool:
    """Whether a call that failed so is to be made again."""
    return failure.fault in PASSING or failure.message == LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What versions are called with."""

    calls: Calls
    flows: Flows


async def _call_prompt(means: Means, ports: Ports, principal: Principal, case: Case) -> None:
    await prompt_calls.call(means.calls, ports, principal, case.order())


async def _call_agent(means: Means, ports: Ports, principal: Principal, case: Case) -> None:
    await agent_calls.call(means.calls, ports, principal, case.order())


async def _call_tool(means: Means, ports: Ports, principal: Principal, case: Case) -> None:
    await tool_calls.call(means.calls, ports, principal, case.new, case.inputs)


async def _call_flow(means: Means, ports: Ports, principal: Principal, case: Case) -> None:
    new = case.new
    assert new.ref is not None
    assert new.version_id is not None
    asked = Asked(
        file_id=new.ref,
        version_id=new.version_id,
        inputs=case.inputs,
        messages=case.messages,
        source=SOURCE,
        run_id=new.run_id,
        datapoint_id=new.source_datapoint_id,
    )
    ran = await flow_calls.call(means.flows, ports, principal, asked)
    failure = ran.failure
    if failure is not None and failure.kind.value in PASSING and not case.is_last:
        fault = Fault(failure.kind.value)
        raise EffectFailed(failure.message, resource=failure.resource or "Headrace", fault=fault)
    await commit(ports, principal.account, lambda tx: run_logs.show(tx, ports, ran.execution_id))


CALLERS: Mapping[str, Callable[[Means, Ports, Principal, Case], Awaitable[None]]] = {
    "prompt": _call_prompt,
    "tool": _call_tool,
    AGENT: _call_agent,
    FLOW: _call_flow,
}
"""How files of each kind are called; `headrace.services.evaluations.callable_kinds` says which can be."""


class Generating:
    """Makes the log of a datapoint in a run, as a job of the worker.

    Args:
        pace: how many logs are made at once, and how often a call is tried.
    """

    def __init__(self, ports: Ports, means: Means, pace: Pace) -> None:
        self._ports = ports
        self._means = means
        self._pace = pace

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        # What there is no place for is not tried: it would be given up for nothing that is wrong with it.
        calls = self._means.calls
        return Handler(act=self.act, give_up=self.give_up, room=lambda: calls.room, pace=self._pace)

    async def act(self, job: Job) -> None:
        """Call the version, unless the run has the log or needs it no more.

        Raises:
            EffectFailed: what it calls does not work at the moment.
            Unavailable: the store can't keep it.
        """
        begun = await commit(self._ports, job.account, lambda tx: _begin(tx, self._ports, job))
        if begun is not None:
            principal, case = begun
            case = msgspec.structs.replace(case, is_last=job.attempts + 1 >= self._pace.attempts)
            try:
                await CALLERS[case.new.kind](self._means, self._ports, principal, case)
            except AlreadyExists:
                pass  # it was made, by somebody who could not say so any more
            except (Unavailable, Throttled, QuotaExceeded) as error:
                raise EffectFailed(error.message, resource="Headrace", fault=Fault.GATEWAY) from None
            except EffectFailed as failure:
                if is_passing(failure) and not await self._is_made(job, case):
                    raise
                await self._tell(principal, case, failure.message)
            except HeadraceError as error:
                await self._tell(principal, case, error.message)
            except msgspec.ValidationError as error:
                await self._tell(principal, case, str(error))
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    async def give_up(self, job: Job, reason: str) -> None:
        """Keep a log that says why there is no other.

        Raises:
            Unavailable: the store can't keep it.
        """
        begun = await commit(self._ports, job.account, lambda tx: _begin(tx, self._ports, job))
        if begun is not None:
            await self._tell(*begun, reason)
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    async def _is_made(self, job: Job, case: Case) -> bool:
        """Whether the failure is in a log already."""
        return await self._ports.store.read(
            job.account, lambda tx: tx.logs.get(id=case.new.id or "") is not None
        )

    async def _tell(self, principal: Principal, case: Case, reason: str) -> None:
        """Keep a log with an error, unless there is one, or nobody could see it."""
        payload = msgspec.structs.replace(case.new.payload, error=reason)
        status = LogStatus.COMPLETE if case.new.kind in UNTIL_COMPLETE else None
        new = msgspec.structs.replace(case.new, payload=payload, status=status)
        prepared = await new_logs.prepare(self._ports, new)
        try:
            await write(self._ports, principal, lambda tx: _keep(tx, self._ports, principal, prepared))
        except Unavailable:
            raise
        except HeadraceError:
            pass  # it is made, or its file is gone


def _keep(tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared) -> None:
    """Keep a log of a version, also of one that was deleted meanwhile: its runs could not end without."""
    new = prepared.new
    file, version = tx.files.get(id=new.ref or ""), tx.versions.kept(id=new.version_id or "")
    if file is not None and version is not None and tx.logs.get(id=new.id or "") is None:
        logs.keep(tx, ports, principal, prepared, file, version)


def log_id(run: Run, slot: Slot) -> str:
    """The id of the log that the server makes for a slot."""
    return "log_" + hashlib.sha256(f"{run.id}\0{slot.datapoint_id}".encode()).hexdigest()[:32]


def _begin(tx: Transaction, ports: Ports, job: Job) -> tuple[Principal, Case] | None:
    """Who calls what; None when the run needs no log there."""
    run = tx.runs.get(id=job.subject)
    slot = tx.runs.slot(run_id=job.subject, datapoint_id=job.object)
    if run is None or slot is None or run.status not in OPEN or slot.is_done:
        return None
    file, user = tx.files.get(id=run.file_id), tx.access.user(id=run.created_by)
    if file is None or user is None or run.version_id is None:
        return None
    if slot.log_id is not None and not _is_torn(tx, ports, run, slot):
        return None
    principal = Principal(account=job.account, user=user, right=Right.RUNNER)
    case = _case(tx, file, run, slot)
    return None if case is None else (principal, case)


def _is_torn(tx: Transaction, ports: Ports, run: Run, slot: Slot) -> bool:
    """Whether the log in a slot is of an agent's turn that was never ended here; it is made anew then."""
    log = tx.logs.get(id=slot.log_id or "")
    if log is None or log.id != log_id(run, slot) or log.kind != AGENT:
        return False
    judgments.remove(tx, ports, [log])
    return True


def _case(tx: Transaction, file: File, run: Run, slot: Slot) -> Case | None:
    assert slot.datapoint_id is not None
    datapoint = tx.datasets.some(ids=[slot.datapoint_id]).get(slot.datapoint_id)
    if datapoint is None:
        return None
    members = msgspec.json.decode(datapoint.body)
    inputs, messages = members.get("inputs") or {}, members.get("messages") or []
    new = NewLog(
        kind=file.kind,
        ref=file.id,
        version_id=run.version_id,
        id=log_id(run, slot),
        run_id=run.id,
        source=SOURCE,
        source_datapoint_id=slot.datapoint_id,
        payload=Payload(inputs=_raw(inputs), messages=_raw(messages) if messages else None),
    )
    return Case(new=new, inputs=inputs, messages=messages)


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
