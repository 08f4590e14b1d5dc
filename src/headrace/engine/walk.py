"""How a run goes from step to step: what steps do, without knowing who drives the run.

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
    NodeFailed,
    NodeFinished,
    NodeStarted,
)
from headrace.core.expression import EvaluationError
from headrace.engine.call import Call
from headrace.engine.failure import Failure, NodeRefuses, unevaluable, wrong_input, wrong_output
from headrace.engine.frame import Frame
from headrace.engine.step import Read, Step


class Walk:
    """A run, as its steps see it.

    Attributes:
        events: what happened since they were last taken.
        calls: what has to be done outside now.
        traces: whether what happens to nodes is told.
        now_ns: the time.
        max_items: how many items of an Iterator run at the same time.
        is_over: whether nothing happens any more.
    """

    __slots__ = ("_queue", "_ready", "calls", "events", "is_over", "max_items", "now_ns", "traces")

    def __init__(self, *, traces: bool, max_items: int, now_ns: Callable[[], int]) -> None:
        self.events: list[Event] = []
        self.calls: list[Call] = []
        self.traces = traces
        self.now_ns = now_ns
        self.max_items = max_items
        self.is_over = False
        self._ready: deque[tuple[Frame, Step]] = deque()
        self._queue: deque[tuple[Frame, Step]] = deque()

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

    def _end(self, event: FlowFinished | FlowFailed) -> None:
        self.events.append(event)
        self.calls.clear()
        self._ready.clear()
        self._queue.clear()
        self.is_over = True


def _unevaluable(step: Step, read: Read, error: EvaluationError) -> NodeRefuses:
    port = step.inputs[step.reads.index(read)]
    return unevaluable(step.name, read.name, port.source.expression, error.reason)
