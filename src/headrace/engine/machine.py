"""The interpreter: walks a plan, without waiting for anything.

`advance` does all that can be done at once and leaves events, and calls for the steps that act outside.
Who drives the machine makes the calls and delivers the replies. There is no clock, task or lock in here,
so results depend on the replies alone.
How it goes from step to step, and in which order outputs come, is in `headrace.engine.walk`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowStarted,
    InputRequested,
    Reason,
)
from headrace.engine.call import Call, Memories, Question, Reply
from headrace.engine.failure import NodeRefuses
from headrace.engine.frame import Frame
from headrace.engine.step import Scope
from headrace.engine.walk import Walk

BREATH = 500
"""How many steps are done before others get a chance to run."""


class Machine(Walk):
    """One execution, as who drives it sees it.

    Attributes:
        root: the flow's own frame.
        questions: the calls that wait for an answer.
        memories: what agents remember of the turns that are over.
        is_waiting: whether nothing happens any more because of a question.
    """

    __slots__ = ("_max_parallel", "_running", "is_waiting", "memories", "questions", "root")

    def __init__(
        self, scope: Scope, *, traces: bool, max_parallel: int | None, now_ns: Callable[[], int]
    ) -> None:
        super().__init__(traces=traces, max_items=max_parallel or 1, now_ns=now_ns)
        self.root = Frame.blank(scope, owner=None)
        self.questions: list[Question] = []
        self.memories: Memories = {}
        self.is_waiting = False
        self._max_parallel = max_parallel
        self._running = 0

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
