"""Running a flow while its caller watches: begin a turn, hand on what happens, keep the record (bedrock 4).

Everything that can be refused is refused by `begin`, before anything runs. What goes wrong later is an event.
A turn reads the store once and writes nothing in its path, unless its caller gave it a name or it ends with a
question: then the conversation is durable before the caller is told.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON
from headrace.core.errors import Invalid, Unavailable
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    InputRequested,
    Status,
)
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.records import Execution, Session
from headrace.engine.plan import Plan
from headrace.engine.run import Answer, Run, RunContext, StartInput, resume, run
from headrace.services import run_logs, targets
from headrace.services.base import Ports, read, write
from headrace.services.keeping import Keeps, preview
from headrace.services.recorder import Recording
from headrace.services.runs import Running, Runs, busy
from headrace.services.targets import Choice, Route, Target

log = logging.getLogger("headrace.run")
_LAST = (FlowFinished, FlowFailed)
AGENT_INPUT = "agentInputText"


class Names(Protocol):
    """How the outside is told of a flow and an alias."""

    def flow_arn(self, flow_id: str) -> str: ...

    def alias_arn(self, flow_id: str, alias_id: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        ref: the flow.
        node: the Input node, or the node that asked; None is whichever it is.
        output: the output of the Input node.
        answers: the input that is answered; None begins a run.
        document: the flow's document, or the answer.
        name: what the caller calls the execution; None makes a name.
        latency: ``standard`` or ``optimized``; None when not asked for.
        operation: what was asked for, in the words of the API that was called.
    """

    ref: str
    choice: Choice
    node: str | None
    document: JSON
    output: str = "document"
    answers: str | None = None
    name: str | None = None
    latency: str | None = None
    operation: str = "InvokeFlow"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """Where a turn takes place."""

    runs: Runs
    ports: Ports
    principal: Principal
    route: Route
    name: str
    content: bytes
    digest: str
    has_session: bool

    @property
    def key(self) -> Running:
        return self.principal.account, self.route.file.id, self.name


class Invocation:
    """A turn that was begun: iterate over it for what happens.

    It only goes on while it is asked for more. Whoever has it must close it; closing it before its end stops
    the run.

    Attributes:
        name: what the execution can be called by.
    """

    def __init__(self, turn: _Turn, run: Run, recording: Recording) -> None:
        self.name = turn.name
        self._turn = turn
        self._run = run
        self._recording = recording
        self._is_over = False
        self._has_session = turn.has_session  # that is to be forgotten at the end
        self._events = self._drive()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def aclose(self) -> None:
        """Stop what still runs."""
        await self._events.aclose()
        await self._run.aclose()
        self._turn.runs.leave(self._turn.key)
        if not self._is_over:
            self._is_over = True
            self._recording.add(FlowAborted(at_ns=time.time_ns()))
        if self._has_session:  # also when the caller left while it was being forgotten
            self._has_session = False
            self._turn.runs.recorder.later(self._turn.principal.account, self._forget)

    async def _drive(self) -> AsyncGenerator[Event, None]:
        question: InputRequested | None = None
        try:
            async for event in self._run:
                if event.__class__ is InputRequested:
                    self._recording.add(event)
                    question = event  # held back until the conversation is durable
                    continue
                if isinstance(event, _LAST):
                    if not await self._end(event, question):
                        yield self._gone()
                        return
                    if question is not None:
                        yield question
                else:
                    self._recording.add(event)
                yield event
        except Exception:
            log.exception("a bug", extra={"execution": self.name, "flow": self._turn.route.file.id})
            failed = FlowFailed(
                at_ns=time.time_ns(),
                kind=FailureKind.INTERNAL,
                message=f"Internal error. Execution id: {self.name}",
            )
            if not self._is_over:
                await self._end(failed, None)
            yield failed

    def _gone(self) -> FlowFailed:
        flow = self._turn.route.file.short_id
        message = f"Flow {flow} was deleted while it ran: nobody could answer what it asks."
        return FlowFailed(at_ns=time.time_ns(), kind=FailureKind.GONE, message=message)

    async def _end(self, event: FlowFinished | FlowFailed, question: InputRequested | None) -> bool:
        """Leave the run in order: its conversation kept or forgotten, its record on its way.

        Whether it ended as it says: nobody can answer a question of a flow that is gone.
        """
        self._is_over = True
        self._recording.add(event)
        turn, recorder = self._turn, self._turn.runs.recorder
        turn.runs.leave(turn.key)
        if question is not None:
            return await self._pause(question)
        if self._has_session:
            await write(turn.ports, turn.principal, self._forget)
            self._has_session = False
        if turn.runs.waits_for_record:
            await recorder.settle(self._recording)
        return True

    async def _pause(self, question: InputRequested) -> bool:
        """Make the conversation durable, with all that led to the question.

        Whether the flow is still there to be answered.
        """
        turn = self._turn
        session = Session(
            file_id=turn.route.file.id,
            name=turn.name,
            execution_id=self._recording.id,
            pointer_id=turn.route.pointer_id,
            is_busy=False,
            node=question.node,
            content=turn.content,
            digest=turn.digest,
            state=self._run.pause,
            turn_at=turn.ports.clock.now(),
        )
        self._has_session = False
        is_there = True

        def keep(tx: Transaction) -> None:
            nonlocal is_there
            is_there = tx.files.get(id=session.file_id) is not None
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
        tx.sessions.remove(file_id=self._turn.route.file.id, name=self.name)


async def begin(runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names) -> Invocation:
    """Begin a turn: the first of a run, or the answer to a question.

    Raises:
        NotFound: the flow, the alias or its version is not there.
        NotPrepared: the draft was never prepared, or validation has something against the version.
        Invalid: no run of that name waits for this answer.
        Conflict: a run of that name is running or waits.
        QuotaExceeded: too many are running.
    """
    principal.require(Right.RUNNER)
    if order.answers is None:
        return await _start(runs, ports, principal, order, names)
    return await _answer(runs, ports, principal, order, names)


async def _start(runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names) -> Invocation:
    def look(tx: Transaction) -> tuple[Route, Target, Plan]:
        route = targets.route(tx, order.ref, order.choice)
        found = targets.target(tx, route, operation=order.operation)
        return route, found, targets.plan_of(tx, ports, runs.plans, found, operation=order.operation)

    route, found, plan = await read(ports, principal, look)
    turn = _Turn(
        runs=runs,
        ports=ports,
        principal=principal,
        route=route,
        name=order.name or str(uuid.uuid4()),
        content=found.content,
        digest=found.digest,
        has_session=order.name is not None,
    )
    execution = _execution(turn, found, order)
    runs.enter(turn.key)
    try:
        if turn.has_session:
            await _claim(turn, execution.id)
        node = order.node or plan.scope.starts[0].name
        start = StartInput(node=node, output=order.output, document=order.document)
        if found.is_draft and runs.is_new_snapshot(found.version_id):
            runs.recorder.later(principal.account, run_logs.snapshot_keeper(execution, found.content))
        going = run(plan, start, _context(turn, execution, order, names))
        return Invocation(turn, going, runs.recorder.begin(principal.account, execution))
    except BaseException:
        runs.leave(turn.key)
        raise


def _execution(turn: _Turn, found: Target, order: Order) -> Execution:
    keeps = turn.runs.recorder.keeps
    return Execution(
        id=turn.ports.ids.long("exe_"),
        name=turn.name,
        file_id=turn.route.file.id,
        version_id=found.version_id,
        number=found.number,
        is_draft=found.is_draft,
        pointer_id=turn.route.pointer_id,
        environment_id=turn.route.environment_id,
        status=Status.RUNNING,
        started_by=turn.principal.user.id,
        started_at=turn.ports.clock.now(),
        ended_at=None,
        input=preview(order.document) if keeps is Keeps.ALL else None,
        output=None,
        error=None,
        failed_node=None,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        events_count=0,
    )


async def _claim(turn: _Turn, execution_id: str) -> None:
    """Take the name that the caller gave, unless a conversation has it."""
    session = Session(
        file_id=turn.route.file.id,
        name=turn.name,
        execution_id=execution_id,
        pointer_id=turn.route.pointer_id,
        is_busy=True,
        node=None,
        content=turn.content,
        digest=turn.digest,
        state=None,
        turn_at=turn.ports.clock.now(),
    )

    def work(tx: Transaction) -> None:
        known = tx.sessions.get(file_id=session.file_id, name=session.name)
        if known is not None and (known.is_busy or not _is_expired(turn.runs, turn.ports, known)):
            raise busy(session.name)
        tx.sessions.put(session)

    await write(turn.ports, turn.principal, work)


async def _answer(runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names) -> Invocation:
    def look(tx: Transaction) -> tuple[Route, Session, Execution, Plan]:
        route = targets.route(tx, order.ref, order.choice)
        session, execution = _waiting(tx, runs, ports, route, order)
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
        await _reclaim(turn, session)
        return Invocation(turn, going, runs.recorder.begin(principal.account, execution))
    except BaseException:
        runs.leave(turn.key)
        raise


def _waiting(
    tx: Transaction, runs: Runs, ports: Ports, route: Route, order: Order
) -> tuple[Session, Execution]:
    """The conversation that an answer belongs to (bedrock 4.5)."""
    if order.name is None:
        raise Invalid.at("executionId", message="An answer needs the executionId.", kind="missing")
    if order.answers != AGENT_INPUT:  # it would take the place of another input
        message = f"The answer is for the input {AGENT_INPUT}, not {order.answers}."
        raise Invalid.at("inputs", 0, "nodeInputName", message=message, kind="mismatch")
    name = order.name
    session = tx.sessions.get(file_id=route.file.id, name=name)
    if session is not None and session.is_busy:
        raise busy(name)
    execution = tx.executions.get(id=session.execution_id) if session else None
    if session is None or execution is None or _is_expired(runs, ports, session):
        message = f"No execution {name} of flow {route.file.short_id} waits for input."
        raise Invalid.at("executionId", message=message, kind="unknown")
    if session.pointer_id != route.pointer_id:
        message = f"Execution {name} was begun through the alias {session.pointer_id}; go on through it."
        raise Invalid.at("executionId", message=message, kind="mismatch")
    if order.node not in (None, session.node):
        message = f"Node {session.node} asked the question of execution {name}, not {order.node}."
        raise Invalid.at("inputs", 0, "nodeName", message=message, kind="mismatch")
    return session, execution


def _is_expired(runs: Runs, ports: Ports, session: Session) -> bool:
    return ports.clock.now() - session.turn_at > timedelta(seconds=runs.limits.answer_s)


async def _reclaim(turn: _Turn, session: Session) -> None:
    """Take the conversation for this turn, unless another one was faster."""

    def work(tx: Transaction) -> None:
        if tx.sessions.get(file_id=session.file_id, name=session.name) != session:
            raise busy(session.name)
        tx.sessions.put(msgspec.structs.replace(session, is_busy=True, turn_at=turn.ports.clock.now()))

    await write(turn.ports, turn.principal, work)


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
