"""The interpreter: walks a plan, without waiting for anything.

`advance` does all that can be done at once and leaves events, and calls for the steps that act outside.
Who drives the machine makes the calls and delivers the replies. There is no clock, task or lock in here,
so results depend on the replies alone.

The order of a flow's outputs does not depend on which branch is faster. Within one scope, they come in the
order of the plan: a step after all that feed it, ties by the order of the definition. An Iterator or Loop
with outputs inside has its place in that order; its items and rounds come in their own. An Output that is
ready before its turn waits, so at any moment the outputs so far are the beginning of the same list.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from headrace.core.definition import NodeType
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowStarted,
    InputRequested,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Reason,
)
from headrace.core.expression import EvaluationError
from headrace.engine.call import Call, Memories, Question, Reply
from headrace.engine.failure import Failure, NodeRefuses, unevaluable, wrong_input, wrong_output
from headrace.engine.frame import Frame
from headrace.engine.step import Read, Scope, Step

BREATH = 500
"""How many steps are done before others get a chance to run."""


class Machine:
    """One execution.

    Attributes:
        root: the flow's own frame.
        events: what happened since they were last taken.
        calls: what has to be done outside now.
        questions: the calls that wait for an answer.
        memories: what agents remember of the turns that are over.
        traces: whether what happens to nodes is told.
        now_ns: the time.
        max_items: how many items of an Iterator run at the same time.
        is_over: whether nothing happens any more.
        is_waiting: whether that is because of a question.
    """

    __slots__ = (
        "_max_parallel",
        "_queue",
        "_ready",
        "_running",
        "calls",
        "events",
        "is_over",
        "is_waiting",
        "max_items",
        "memories",
        "now_ns",
        "questions",
        "root",
        "traces",
    )

    def __init__(
        self, scope: Scope, *, traces: bool, max_parallel: int | None, now_ns: Callable[[], int]
    ) -> None:
        self.root = Frame.blank(scope, owner=None)
        self.events: list[Event] = []
        self.calls: list[Call] = []
        self.questions: list[Question] = []
        self.memories: Memories = {}
        self.traces = traces
        self.max_items = max_parallel or 1
        self.is_over = False
        self.is_waiting = False
        self._max_parallel = max_parallel
        self._running = 0
        self._ready: deque[tuple[Frame, Step]] = deque()
        self._queue: deque[tuple[Frame, Step]] = deque()
        self.now_ns = now_ns

    # What the driver does.

    def start(self, node: str, output: str, document: Any) -> None:
        """Give the flow its document."""
        self.events.append(FlowStarted(at_ns=self.now_ns(), node=node, output=output, value=document))
        [step] = self.root.scope.starts
        try:
            if (node, output) != (step.name, "document"):
                raise NodeRefuses(f"The flow has no input node {node} with an output {output}.")
            self.finish(self.root, step, {"document": document})
        except NodeRefuses as refusal:
            self.fail(self.root, step, refusal.failure)

    def advance(self) -> None:
        """Do what can be done at once, at most `BREATH` steps of it."""
        if self.is_over:
            return
        ready = self._ready
        for _ in range(BREATH):
            if not ready:
                break
            frame, step = ready.popleft()
            try:
                step.behaviour.fire(self, frame, step)
            except NodeRefuses as refusal:
                self.fail(frame, step, refusal.failure)
                return
        if self._queue:
            self._start_calls()
        if not (ready or self.calls or self._running or self.is_over):
            self._stop()

    def take_calls(self) -> list[Call]:
        """The calls that have to be made."""
        calls, self.calls = self.calls, []
        return calls

    def take_events(self) -> list[Event]:
        """What happened since this was last asked."""
        events, self.events = self.events, []
        return events

    def deliver(self, call: Call, reply: Reply) -> None:
        """A call has ended."""
        self._running -= 1
        self.events.extend(reply.actions)
        if reply.failure is not None:
            self.fail(call.frame, call.step, reply.failure)
        elif reply.question is not None:
            self.questions.append(Question(call=call, text=reply.question, memories=reply.memories))
        else:
            self._remember(reply.memories)
            try:
                self.finish(call.frame, call.step, reply.outputs)
            except NodeRefuses as refusal:
                self.fail(call.frame, call.step, refusal.failure)

    def fail(self, frame: Frame, step: Step, failure: Failure) -> None:
        """A node failed, and the flow with it."""
        # A document of the wrong type is the caller's mistake, not a node's (bedrock 5.3).
        # That the flow as a whole took too long is no node's either.
        is_own = step.type is not NodeType.INPUT and failure.kind is not FailureKind.TIMED_OUT
        node = step.name if is_own else None
        if node is not None:
            self.events.append(
                NodeFailed(
                    at_ns=self.now_ns(),
                    scope=frame.chain,
                    node=node,
                    type=step.type,
                    kind=failure.kind,
                    message=failure.message,
                    resource=failure.resource,
                )
            )
        self._end(
            FlowFailed(
                at_ns=self.now_ns(),
                kind=failure.kind,
                message=failure.told_by(step.name),
                resource=failure.resource,
                node=node,
            )
        )

    def time_out(self, limit_s: float) -> None:
        """The execution has taken too long."""
        message = f"The flow did not end within {limit_s:g} seconds."
        self._end(FlowFailed(at_ns=self.now_ns(), kind=FailureKind.TIMED_OUT, message=message))

    def ask_again(self, question: Question, answer: str, name: str) -> None:
        """Call a node that asked once more, with the answer in the place of its input of that name."""
        call = question.call
        self.questions.remove(question)
        self._running += 1
        self.calls.append(
            Call(
                frame=call.frame,
                step=call.step,
                inputs={**call.inputs, name: answer},
                turn=call.turn + 1,
                memories={**self.memories, **question.memories},
            )
        )

    @property
    def is_ready(self) -> bool:
        """Whether there is more that can be done at once."""
        return bool(self._ready)

    def sort_questions(self) -> None:
        """Put the questions in the order of the plan, whichever came first."""
        self.questions.sort(key=lambda one: (one.call.step.number, one.call.frame.indexes))

    # What steps do.

    def begin(self, frame: Frame, step: Step) -> dict[str, Any]:
        """The values of a step's inputs, each as its expression and type demand.

        Raises NodeRefuses.
        """
        if step.plain is None:
            inputs = self.bind(frame, step)
        else:
            values, inputs = frame.values, {}
            for name, slot in step.plain:
                inputs[name] = values[slot]
        if self.traces:
            self.events.append(
                NodeStarted(
                    at_ns=self.now_ns(),
                    scope=frame.chain,
                    node=step.name,
                    type=step.type,
                    ports=step.inputs,
                    values=tuple(inputs.values()),
                )
            )
        return inputs

    def bind(self, frame: Frame, step: Step) -> dict[str, Any]:
        """The same, without telling. Raises NodeRefuses."""
        values = frame.values
        inputs = {}
        for read in step.reads:
            name, slot, take, accepts = read
            value = values[slot]
            if take is not None:
                try:
                    value = take({"data": value})
                except EvaluationError as error:
                    raise _unevaluable(step, read, error) from None
            if accepts is not None and value.__class__ not in accepts:
                port = step.inputs[step.reads.index(read)]
                raise wrong_input(step.name, name, port.type, value)
            inputs[name] = value
        return inputs

    def finish(self, frame: Frame, step: Step, outputs: Mapping[str, Any]) -> None:
        """Keep a step's outputs, and let its followers go on. Raises NodeRefuses."""
        values = frame.values
        for write in step.writes:
            name, slot, accepts = write
            value = outputs[name]
            if value.__class__ not in accepts:
                port = step.outputs[step.writes.index(write)]
                raise wrong_output(step.name, name, port.type, value)
            values[slot] = value
        if self.traces:
            self.events.append(
                NodeFinished(
                    at_ns=self.now_ns(),
                    scope=frame.chain,
                    node=step.name,
                    type=step.type,
                    ports=step.outputs,
                    values=tuple([outputs[port.name] for port in step.outputs]),
                )
            )
        self.settle(frame, step)

    def settle(self, frame: Frame, step: Step) -> None:
        """A step is done: its followers wait for one step less."""
        waiting = frame.waiting
        for index in step.followers:
            left = waiting[index] = waiting[index] - 1
            if not left:
                if index in frame.skipped:
                    self.skip(frame, index)
                else:
                    self._ready.append((frame, frame.scope.steps[index]))
        frame.unsettled -= 1
        if not frame.unsettled and frame.owner is not None:
            frame.owner.on_done(self, frame)

    def skip(self, frame: Frame, index: int) -> None:
        """A step and all that depend on it do not run."""
        waiting, steps, skipped = frame.waiting, frame.scope.steps, frame.skipped
        pending = [index]
        while pending:
            step = steps[pending.pop()]
            frame.unsettled -= 1
            skipped.update(step.dependents)
            for follower in step.followers:
                left = waiting[follower] = waiting[follower] - 1
                if not left:
                    if follower in skipped:
                        pending.append(follower)
                    else:
                        self._ready.append((frame, steps[follower]))
        if frame.scope.speakers:
            self.pass_turn(frame)

    def enter(self, frame: Frame) -> None:
        """Begin with a frame."""
        if frame.skipped:
            # A frame is left by the last step that is settled: not before all were looked at.
            frame.unsettled += 1
        for step in frame.scope.starts:
            if step.index in frame.skipped:
                self.skip(frame, step.index)
            else:
                self._ready.append((frame, step))
        if frame.skipped:
            frame.unsettled -= 1
            if not frame.unsettled and frame.owner is not None:
                frame.owner.on_done(self, frame)

    def call(self, frame: Frame, step: Step) -> None:
        """Have a step act outside as soon as there is room."""
        self._queue.append((frame, step))

    def speak(self, frame: Frame, step: Step) -> None:
        """Bring forth an output of the flow, when it is its turn. Raises NodeRefuses."""
        if not frame.is_open or frame.turn != step.turn:
            frame.parked = (*frame.parked, step.index)
            return
        [value] = self.begin(frame, step).values()
        self.events.append(FlowOutput(at_ns=self.now_ns(), scope=frame.chain, node=step.name, value=value))
        frame.turn += 1
        self.pass_turn(frame)
        self.settle(frame, step)

    def has_spoken(self, frame: Frame, step: Step) -> None:
        """A step that may have brought forth outputs has come to its end."""
        if step.turn >= 0:
            frame.spoken = (*frame.spoken, step.index)
            self.pass_turn(frame)

    def pass_turn(self, frame: Frame) -> None:
        """Let the next one bring forth its outputs."""
        speakers = frame.scope.speakers
        while frame.is_open and frame.turn < len(speakers):
            index = speakers[frame.turn]
            if index in frame.parked:
                frame.parked = tuple(one for one in frame.parked if one != index)
                self._ready.append((frame, frame.scope.steps[index]))
                return
            if index not in frame.skipped and index not in frame.spoken:
                if frame.children is not None and index in frame.children:
                    frame.children[index].open(self)
                return
            frame.turn += 1

    def _remember(self, memories: Memories) -> None:
        if memories:  # calls that go on keep what they were given
            self.memories = {**self.memories, **memories}

    def _start_calls(self) -> None:
        while self._queue and (self._max_parallel is None or self._running < self._max_parallel):
            frame, step = self._queue.popleft()
            try:
                inputs = self.begin(frame, step)
            except NodeRefuses as refusal:
                self.fail(frame, step, refusal.failure)
                return
            self._running += 1
            self.calls.append(Call(frame=frame, step=step, inputs=inputs, memories=self.memories))

    def _stop(self) -> None:
        if not self.questions:
            self._end(FlowFinished(at_ns=self.now_ns(), reason=Reason.SUCCESS))
            return
        # One agent waits at a time (bedrock 4.5).
        self.sort_questions()
        self.is_waiting = True
        first = self.questions[0]
        self.events.append(
            InputRequested(
                at_ns=self.now_ns(),
                scope=first.call.frame.chain,
                node=first.call.step.name,
                value=first.text,
            )
        )
        self._end(FlowFinished(at_ns=self.now_ns(), reason=Reason.INPUT_REQUIRED))

    def _end(self, event: FlowFinished | FlowFailed) -> None:
        self.events.append(event)
        self.calls.clear()
        self._ready.clear()
        self._queue.clear()
        self.is_over = True


def _unevaluable(step: Step, read: Read, error: EvaluationError) -> NodeRefuses:
    port = step.inputs[step.reads.index(read)]
    return unevaluable(step.name, read.name, port.source.expression, error.reason)
