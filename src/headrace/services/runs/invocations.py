"""Running a flow while its caller watches: begin a turn, hand on what happens, keep the record (bedrock 4).

Everything that can be refused is refused by `begin`, before anything runs. What goes wrong later is an event.
A turn reads the store once and writes nothing in its path, unless its caller gave it a name or it ends with a
question: then the conversation is durable before the caller is told.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.durable import Superseded
from headrace.core.effects import JSON
from headrace.core.errors import Unavailable
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    InputRequested,
)
from headrace.core.ids import DRAFT_ALIAS, uuid4_text
from headrace.core.ports import Transaction
from headrace.core.records import Execution, Session
from headrace.engine.machine import Machine
from headrace.engine.plan import Plan
from headrace.engine.run import Answer, Run, RunContext, resume
from headrace.services.base import Ports, read, write
from headrace.services.records.recorder import Recording
from headrace.services.runs import targets
from headrace.services.runs.conversations import AGENT_INPUT, claim, forget, is_own, reclaim, waiting
from headrace.services.runs.new_executions import new_execution
from headrace.services.runs.runs import Running, Runs, Way
from headrace.services.runs.targets import Choice, Route, Target
from headrace.services.runs.ways import way
from headrace.services.versions import snapshots

log = logging.getLogger("headrace.run")
_LAST = (FlowFinished, FlowFailed)
TELLING_S = 10.0
"""So long after the last moment of a run its caller may still read how it ended."""


class Names(Protocol):
    """How the outside is told of a flow and an alias."""

    def flow_arn(self, flow_id: str) -> str: ...

    def alias_arn(self, flow_id: str, alias_id: str) -> str: ...


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        ref: the flow.
        node: the Input node, or the node that asked; None is whichever it is.
        output: the output of the Input node.
        answers: the input that is answered; None begins a run.
        document: the flow's document, or the answer.
        name: what the caller calls the execution; None makes a name.
        latency: ``standard`` or ``optimized``; None when not asked for.
        split_key: what holds calls of a split together where there is no name.
        operation: what was asked for, in the words of the API that was called.
        source: what has it run, where that is not just its caller.
        run_id: the run of an evaluation that its log is wanted for.
        datapoint_id: the datapoint that the document was made of.
        can_ask: whether somebody is there to answer; without, a question fails the run.
    """

    ref: str
    choice: Choice
    node: str | None
    document: JSON
    output: str = "document"
    answers: str | None = None
    name: str | None = None
    latency: str | None = None
    split_key: str | None = None
    operation: str = "InvokeFlow"
    source: str | None = None
    run_id: str | None = None
    datapoint_id: str | None = None
    can_ask: bool = True

    @property
    def key(self) -> str | None:
        """What holds this call and others of a split together; None when it is on its own."""
        return self.name or self.split_key


class _Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where a turn takes place."""

    runs: Runs
    ports: Ports
    principal: Principal
    route: Route
    name: str
    content: bytes
    digest: str
    has_session: bool
    can_ask: bool = True

    @property
    def key(self) -> Running:
        return self.principal.account, self.route.file.id, self.name

    def session(self, execution_id: str, *, is_busy: bool, node: str | None, state: bytes | None) -> Session:
        """The conversation as it is now."""
        return Session(
            file_id=self.route.file.id,
            name=self.name,
            execution_id=execution_id,
            pointer_id=self.route.pointer_id,
            is_busy=is_busy,
            node=node,
            content=self.content,
            digest=self.digest,
            state=state,
            turn_at=self.ports.clock.now(),
            holder=self.ports.holder,
        )


class Invocation:
    """A turn that was begun.

    It only goes on while it is asked for more. Whoever has it must close it; closing it before its end stops
    the run.

    Attributes:
        name: what the execution can be called by.
        execution: its record as the turn began.
        limit_s: how long the turn may take, with telling of its end.
    """

    def __init__(self, turn: _Turn, run: Run, recording: Recording, execution: Execution) -> None:
        self.name = turn.name
        self.execution = execution
        self.limit_s = turn.runs.limits.execution_s + TELLING_S
        self._turn = turn
        self._run = run
        self._recording = recording
        self._began_at_s = time.monotonic()
        self._is_over = False
        self._has_session = turn.has_session  # that is to be forgotten at the end

    async def kept(self) -> str:
        """The id of its record, once all that happened so far is durable.

        Raises:
            Unavailable, Superseded: the store can't keep it now, or the run is another process's.
        """
        await self._turn.runs.recorder.settle(self._recording)
        return self._recording.id

    async def aclose(self) -> None:
        """Stop what still runs."""
        await self._run.aclose()
        self._turn.runs.leave(self._turn.key)
        if not self._is_over:
            self._is_over = True
            self._recording.add(FlowAborted(at_ns=time.time_ns()))
        if self._has_session:  # also when the caller left while it was being forgotten
            self._has_session = False
            self._turn.runs.recorder.later(self._turn.principal.account, self._forget)

    async def more(self) -> Sequence[Event]:
        """What happens next: as much of it as happens without waiting. Nothing once the turn is over."""
        if self._is_over:
            return ()
        try:
            events = await self._run.more()
            if self._recording.is_lost:
                raise Superseded
            return await self._keep(events)
        except Superseded:
            return (self._give_way(),)
        except Unavailable as error:
            log.warning("execution %s can't be kept: %s", self.name, error.message)
            failed = _failed(FailureKind.INTERNAL, f"Execution {self.name} can't be kept: {error.message}")
        except Exception:
            log.exception("a bug", extra={"execution": self.name, "flow": self._turn.route.file.id})
            failed = _failed(FailureKind.INTERNAL, f"Internal error. Execution id: {self.name}")
        if not self._is_over:
            await self._end((failed,), None)
        return (failed,)

    def _give_way(self) -> FlowFailed:
        """Others took this process for gone, and put in order what it carried out."""
        self._is_over, self._has_session = True, False
        self._turn.runs.leave(self._turn.key)
        message = f"Execution {self.name} was given up: the server was out of reach for too long."
        return _failed(FailureKind.INTERNAL, message)

    async def _keep(self, events: Sequence[Event]) -> Sequence[Event]:
        """Record what happened; what the caller is told of it."""
        last = events[-1]
        if not isinstance(last, _LAST):
            self._recording.add(*events)
            return events
        asked = events[-2] if len(events) > 1 else None
        question = asked if isinstance(asked, InputRequested) else None
        if question is not None and not self._turn.can_ask:
            message = f"Node {question.node} asks for input, and nobody is there to answer."
            last, question = _failed(FailureKind.VALIDATION, message), None
            events = (*events[:-1], last)
        is_so = await self._end(events, question)  # before the caller hears the question
        return events if is_so else (*events[:-2], self._gone())

    def _gone(self) -> FlowFailed:
        flow = self._turn.route.file.short_id
        message = f"Flow {flow} was deleted while it ran: nobody could answer what it asks."
        return _failed(FailureKind.GONE, message)

    async def _end(self, events: Sequence[Event], question: InputRequested | None) -> bool:
        """Leave the run in order: its conversation kept or forgotten, its record on its way.

        Whether it ended as it says: nobody can answer a question of a flow that is gone.

        Args:
            events: what has happened since the last were recorded, and its end.
        """
        self._is_over = True
        self._recording.add(*events)
        turn, recorder = self._turn, self._turn.runs.recorder
        turn.runs.leave(turn.key)
        if question is not None:
            return await self._pause(question)
        if self._has_session:
            await write(turn.ports, turn.principal, self._forget)
            self._has_session = False
        if turn.runs.waits_for_record or not turn.ports.lease.is_unbroken_since(self._began_at_s):
            await recorder.settle(self._recording)
        return True

    async def _pause(self, question: InputRequested) -> bool:
        """Make the conversation durable, with all that led to the question.

        Whether the flow is still there to be answered.
        """
        turn = self._turn
        session = turn.session(self._recording.id, is_busy=False, node=question.node, state=self._run.pause)
        self._has_session = False
        is_there = True

        def keep(tx: Transaction) -> None:
            nonlocal is_there
            is_answerable = not turn.has_session or is_own(tx, session)
            is_there = is_answerable and tx.files.get(id=session.file_id) is not None
            if is_there:
                tx.sessions.put(session)
            else:
                self._forget(tx)

        try:
            await turn.runs.recorder.settle(self._recording, keep)
        except Unavailable:  # nobody could ever answer
            self._has_session = turn.has_session
            self._recording.add(FlowAborted(at_ns=time.time_ns()))
            raise
        if not is_there:
            self._recording.add(FlowAborted(at_ns=time.time_ns()))
        return is_there

    def _forget(self, tx: Transaction) -> None:
        forget(tx, self._turn.session(self._recording.id, is_busy=True, node=None, state=None))


def _failed(kind: FailureKind, message: str) -> FlowFailed:
    return FlowFailed(at_ns=time.time_ns(), kind=kind, message=message)


async def begin(runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names) -> Invocation:
    """Begin a turn: the first of a run, or the answer to a question.

    Raises:
        NotFound: the flow, the alias or its version is not there.
        NotPrepared: the draft was never prepared, or validation has something against the version.
        Invalid: no run of that name waits for this answer.
        Conflict: a run of that name is running or waits, or what is called by is switched off.
        QuotaExceeded: too many are running.
    """
    principal.require(Right.RUNNER)
    if order.answers is None:
        led = await way(runs, ports, principal, order)
        return await start(runs, ports, principal, order, names, led)
    return await _answer(runs, ports, principal, order, names)


async def start(
    runs: Runs,
    ports: Ports,
    principal: Principal,
    order: Order,
    names: Names,
    led: Way,
    machine: Machine | None = None,
) -> Invocation:
    """Begin the first turn of a run of which it is known where it leads.

    Args:
        machine: what has begun with it already, without having been told; None is one that has not.

    Raises:
        Conflict, QuotaExceeded: as of `begin`.
    """
    route, found, plan = led
    turn = _Turn(
        runs=runs,
        ports=ports,
        principal=principal,
        route=route,
        name=order.name or new_name(),
        content=found.content,
        digest=found.digest,
        has_session=order.name is not None,
        can_ask=order.can_ask,
    )
    keeps = runs.recorder.keeps
    now = ports.clock.now()
    execution = new_execution(ports, principal, route, found, order, name=turn.name, keeps=keeps, now=now)
    runs.enter(turn.key)
    try:
        if turn.has_session:
            session = turn.session(execution.id, is_busy=True, node=None, state=None)
            await claim(ports, principal, session, answer_s=runs.limits.answer_s)
        if found.is_draft and runs.is_new_snapshot(found.version_id):
            runs.recorder.later(principal.account, snapshots.keeper(execution, found.content))
        context = _context(turn, execution, order, names)
        going = Run(plan, machine or begun(plan, route, order), context)
        return Invocation(turn, going, runs.recorder.begin(principal.account, execution), execution)
    except BaseException:
        runs.leave(turn.key)
        raise


def begun(plan: Plan, route: Route, order: Order) -> Machine:
    """A machine that was given a run's document."""
    machine = Machine(plan.scope, traces=True, max_parallel=route.max_parallel, now_ns=time.time_ns)
    machine.start(order.node or plan.scope.starts[0].name, order.output, order.document)
    return machine


def new_name() -> str:
    """What a run is called by that its caller gave no name."""
    return uuid4_text(int.from_bytes(secrets.token_bytes(16)))


async def _answer(runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names) -> Invocation:
    def look(tx: Transaction) -> tuple[Route, Session, Execution, Plan]:
        route = targets.route(tx, order.ref, order.choice)
        session, execution = waiting(
            tx,
            ports,
            route,
            name=order.name,
            node=order.node,
            answers=order.answers,
            answer_s=runs.limits.answer_s,
        )
        found = Target(
            content=session.content,
            digest=session.digest,
            version_id=execution.version_id,
            number=execution.number,
            is_draft=execution.is_draft,
        )
        plan = targets.plan_of(tx, ports, runs.plans, found, operation=order.operation)
        return route, session, execution, plan

    route, session, execution, plan = await read(ports, principal, look)
    turn = _Turn(
        runs=runs,
        ports=ports,
        principal=principal,
        route=route,
        name=session.name,
        content=session.content,
        digest=session.digest,
        has_session=True,
    )
    assert session.state is not None
    answer = Answer(node=order.node or session.node or "", text=order.document, input=AGENT_INPUT)
    going = resume(plan, session.state, answer, _context(turn, execution, order, names))
    runs.enter(turn.key)
    try:
        execution = await reclaim(ports, principal, session)
        return Invocation(turn, going, runs.recorder.begin(principal.account, execution), execution)
    except BaseException:
        runs.leave(turn.key)
        raise


def _context(turn: _Turn, execution: Execution, order: Order, names: Names) -> RunContext:
    file, limits = turn.route.file, turn.runs.limits
    return RunContext(
        execution_id=turn.name,
        steps_of=execution.id,  # a name may be used again
        account=turn.principal.account,
        flow_arn=names.flow_arn(file.short_id),
        alias_arn=names.alias_arn(file.short_id, turn.route.pointer_id or DRAFT_ALIAS),
        effects=turn.runs.effects,
        traces=True,
        max_parallel=turn.route.max_parallel,
        latency=order.latency,
        limit_s=limits.execution_s,
        node_limit_s=limits.node_s,
    )
