"""Runs a plan: drives the machine, makes its calls, and keeps the time.

There are tasks only while two or more steps act outside at the same time. `headrace.engine.journal` has runs
that can be repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from headrace.core.effects import EffectContext, EffectFailed, Effects
from headrace.core.errors import Invalid
from headrace.core.execution import Event, FailureKind, FlowResumed
from headrace.engine.call import Call, Reply
from headrace.engine.failure import Failure, NodeRefuses
from headrace.engine.machine import Machine
from headrace.engine.nodes.node import ActingNode, Asks, Task
from headrace.engine.pause import Pause, PauseMismatch, restore, save
from headrace.engine.plan import Plan


class StartInput(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a run.

    Attributes:
        node: the Input node it is meant for.
        output: the output of that node.
        document: the value.
    """

    node: str
    document: Any
    output: str = "document"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    Attributes:
        node: the node that asked.
        text: what the user says.
        input: the input of that node that the answer takes the place of.
    """

    node: str
    text: str
    input: str = "agentInputText"


class RunContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run takes place.

    Attributes:
        execution_id: what the caller knows the run by; also the session of agents.
        steps_of: what the ids of steps begin with, unique among all runs; empty is the execution's id.
        account: the organisation.
        flow_arn: the flow's ARN.
        alias_arn: the ARN of the alias it is called by.
        effects: all that nodes may call.
        traces: whether what happens to nodes is told, too.
        max_parallel: how many steps may act outside at the same time, and how many items of an Iterator
            may run at the same time. None: as many as are ready, and as many items as ``max_items``.
        max_items: how many items of an Iterator may run at the same time when ``max_parallel`` is None.
        latency: ``standard`` or ``optimized``, as the caller asked for; None when not.
        limit_s: how long the run may take.
        node_limit_s: how long one call of a node may take.
        now_ns: the time, in nanoseconds since 1970.
    """

    execution_id: str
    account: str
    flow_arn: str
    alias_arn: str
    effects: Effects
    steps_of: str = ""
    traces: bool = False
    max_parallel: int | None = None
    max_items: int = 1
    latency: str | None = None
    limit_s: float = 3600.0
    node_limit_s: float = 300.0
    now_ns: Callable[[], int] = time.time_ns


class Run:
    """A run of a flow. It only goes on while it is asked for more.

    The last event is a `FlowFinished` or a `FlowFailed`. A mistake of our own is raised instead, as it is.
    """

    def __init__(self, plan: Plan, machine: Machine, context: RunContext) -> None:
        self._plan = plan
        self._machine = machine
        self._context = context
        self._ends_at = time.monotonic() + context.limit_s
        self._tasks: dict[asyncio.Task[Reply], Call] = {}
        self._is_begun = False
        self._is_over = False

    async def more(self) -> Sequence[Event]:
        """What happens next: as much of it as happens without waiting. Nothing once the run is over."""
        machine = self._machine
        try:
            while not self._is_over:
                if self._is_begun:
                    await self._call()
                self._is_begun = True
                self._advance()
                events = machine.take_events()
                if machine.is_over:
                    await self.aclose()
                if events:
                    return events
        except BaseException:
            await self.aclose()
            raise
        return ()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while events := await self.more():
            for event in events:
                yield event

    async def aclose(self) -> None:
        """Stop: what is running is cancelled, and has ended when this returns."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
            self._tasks.clear()

    @property
    def pause(self) -> bytes | None:
        """What `resume` needs, once the run ended with a question; None when it did not."""
        return save(self._plan, self._machine) if self._machine.is_waiting else None

    async def _call(self) -> None:
        """Make the calls that have to be made, and wait for what the run can't go on without."""
        machine, tasks = self._machine, self._tasks
        calls = machine.take_calls()
        if len(calls) == 1 and not tasks and not machine.is_ready:
            machine.deliver(calls[0], await self._act(calls[0]))
            return
        for call in calls:
            tasks[asyncio.create_task(self._act(call))] = call
        if machine.is_ready or not tasks:
            # Others have waited long enough.
            await asyncio.sleep(0)
        else:
            await self._any()

    def _advance(self) -> None:
        if time.monotonic() >= self._ends_at and not self._machine.is_over:
            self._machine.time_out(self._context.limit_s)
        else:
            self._machine.advance()

    async def _any(self) -> None:
        """Deliver what has come in, once something has; at the same time is in the order of the plan."""
        tasks = self._tasks
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=lambda one: tasks[one].place):
            call = tasks.pop(task)
            if not self._machine.is_over:
                # What it leads to comes before what the next one may break.
                self._machine.deliver(call, task.result())
                self._machine.advance()

    async def _act(self, call: Call) -> Reply:
        """Have a node do what it does, in time."""
        context, left_s = self._context, self._ends_at - time.monotonic()
        task = Task(
            inputs=call.inputs,
            effects=context.effects,
            context=EffectContext(
                account=context.account,
                flow_arn=context.flow_arn,
                alias_arn=context.alias_arn,
                execution_id=context.execution_id,
                node=call.step.name,
                step=f"{context.steps_of or context.execution_id}/{call.name}",
                timeout_s=min(left_s, context.node_limit_s),
            ),
            latency=context.latency,
            scope=call.frame.chain,
            traces=context.traces,
            now_ns=context.now_ns,
            memories=call.memories,
        )
        node = call.step.behaviour
        assert isinstance(node, ActingNode)
        return await self._attempt(node, task)

    async def _attempt(self, node: ActingNode, task: Task) -> Reply:
        limit = asyncio.timeout(task.context.timeout_s)
        try:
            async with limit:
                result = await node.run(task)
        except EffectFailed as failed:
            failure = Failure(
                kind=FailureKind.of(failed.fault), message=failed.message, resource=failed.resource
            )
            return Reply(failure=failure, actions=tuple(task.actions))
        except NodeRefuses as refusal:
            return Reply(failure=refusal.failure, actions=tuple(task.actions))
        except TimeoutError:
            if not limit.expired():
                raise
            return Reply(failure=self._too_slow(task), actions=tuple(task.actions))
        actions, memories = tuple(task.actions), task.remembered
        if isinstance(result, Asks):
            return Reply(question=result.question, actions=actions, memories=memories)
        return Reply(outputs=result, actions=actions, memories=memories)

    def _too_slow(self, task: Task) -> Failure:
        context = self._context
        if task.context.timeout_s < context.node_limit_s:
            message = f"The flow did not end within {context.limit_s:g} seconds."
            return Failure(kind=FailureKind.TIMED_OUT, message=message)
        message = f"it did not end within {context.node_limit_s:g} seconds"
        return Failure(kind=FailureKind.DEPENDENCY, message=message)


def run(plan: Plan, start: StartInput, context: RunContext) -> Run:
    """Run a flow from its beginning."""
    machine = machine_of(plan, context)
    machine.start(start.node, start.output, start.document)
    return Run(plan, machine, context)


def resume(plan: Plan, pause: bytes, answer: Answer, context: RunContext) -> Run:
    """Go on with a run that ended with a question, here or in another process.

    Raises:
        PauseMismatch: it is a pause of another version.
        Invalid: the answer is not for the node that asked, or not a text.
    """
    machine = machine_of(plan, context)
    waiting = restore(plan, pause, machine)
    if answer.node != waiting.call.step.name or answer.input not in waiting.call.inputs:
        raise Invalid.at(
            "inputs", 0, "nodeName", message=f"Node {waiting.call.step.name} asked the question."
        )
    if not isinstance(answer.text, str):
        raise Invalid.at("inputs", 0, "content", message="The answer must be a String.")
    machine.events.append(FlowResumed(at_ns=context.now_ns(), node=answer.node, value=answer.text))
    machine.ask_again(waiting, answer.text, answer.input)
    return Run(plan, machine, context)


def machine_of(plan: Plan, context: RunContext) -> Machine:
    """A machine that has not begun."""
    machine = Machine(
        plan.scope, traces=context.traces, max_parallel=context.max_parallel, now_ns=context.now_ns
    )
    if context.max_parallel is None:
        machine.max_items = context.max_items
    return machine


__all__ = [
    "Answer",
    "Pause",
    "PauseMismatch",
    "Run",
    "RunContext",
    "StartInput",
    "machine_of",
    "resume",
    "run",
]
