"""What a run's events tell about its steps: a projection, with no store in it.

A step is one time that a node did something which its author wrote or which left the server: asked a model,
ran code, called a function. Nodes that only direct values (conditions, iterators, loops, inputs, outputs) are
no steps; they are to be seen in the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.core.definition import NodeType
from headrace.core.execution import (
    Event,
    FlowFailed,
    FlowOutput,
    FlowResumed,
    FlowStarted,
    InputRequested,
    Link,
    NodeActed,
    NodeFailed,
    NodeFinished,
    NodeStarted,
)

STEPS = frozenset(
    {
        NodeType.PROMPT,
        NodeType.KNOWLEDGE_BASE,
        NodeType.LAMBDA_FUNCTION,
        NodeType.INLINE_CODE,
        NodeType.AGENT,
        NodeType.LEX,
        NodeType.STORAGE,
        NodeType.RETRIEVAL,
    }
)
"""The types of nodes whose work is a step."""


@dataclass(slots=True, kw_only=True)
class Step:
    """What a node did once.

    Attributes:
        place: the number of the event it began with; the same whenever it is told.
        inputs: by name; None for a value that was not kept.
        outputs: by name; None until it has finished.
        error: why it failed.
        acts: what it asked others for.
    """

    place: int
    node: str
    type: NodeType
    scope: tuple[Link, ...]
    started_ns: int
    inputs: Mapping[str, Any]
    ended_ns: int | None = None
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    acts: list[NodeActed] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.ended_ns is not None


@dataclass(slots=True, kw_only=True)
class Story:
    """What is told of a run.

    Attributes:
        most: how many steps are told; further ones are counted.
        document: what it was given.
        outputs: by the names of the Output nodes.
        talk: who (``user``, ``assistant``) said what; empty unless it asked something.
        left_out: how many steps there were beyond ``most``.
        last_ns: when the last event was.
    """

    most: int
    document: Any = None
    outputs: dict[str, Any] = field(default_factory=dict)
    talk: list[tuple[str, Any]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    left_out: int = 0
    last_ns: int | None = None
    _open: dict[tuple[str, tuple[Link, ...]], Step] = field(default_factory=dict)
    _count: int = 0

    def hear(self, events: Iterable[Event]) -> None:
        """Go on with further events, in order."""
        for event in events:
            take = _TAKES.get(event.__class__)
            if take is not None:  # many are of nodes that only direct values
                take(self, event)
            self._count += 1
            self.last_ns = event.at_ns

    def _talk(self, event: FlowStarted | InputRequested | FlowResumed) -> None:
        if isinstance(event, FlowStarted):
            self.document = event.value
            return
        if not self.talk:
            self.talk.append(("user", self.document))
        self.talk.append(("assistant" if isinstance(event, InputRequested) else "user", event.value))

    def _say(self, event: FlowOutput) -> None:
        self.outputs[event.node] = event.value

    def _fail(self, event: FlowFailed) -> None:
        for step in self._open.values():
            step.error, step.ended_ns = event.message, event.at_ns
        self._open.clear()

    def _begin(self, event: NodeStarted) -> None:
        if event.type not in STEPS:
            return
        if len(self.steps) == self.most:
            self.left_out += 1
            return
        step = Step(
            place=self._count,
            node=event.node,
            type=event.type,
            scope=event.scope,
            started_ns=event.at_ns,
            inputs={port.name: value for port, value in event.fields},
        )
        self.steps.append(step)
        self._open[event.node, event.scope] = step

    def _go_on(self, event: NodeActed | NodeFinished | NodeFailed) -> None:
        step = self._open.get((event.node, event.scope)) if self._open else None
        if step is None:
            return
        if isinstance(event, NodeActed):
            step.acts.append(event)
            return
        step.ended_ns = event.at_ns
        if isinstance(event, NodeFailed):
            step.error = event.message
        else:
            step.outputs = {port.name: value for port, value in event.fields}
        del self._open[step.node, step.scope]


_TAKES: Mapping[type[Event], Callable[[Story, Any], None]] = {
    NodeStarted: Story._begin,
    NodeActed: Story._go_on,
    NodeFinished: Story._go_on,
    NodeFailed: Story._go_on,
    FlowStarted: Story._talk,
    InputRequested: Story._talk,
    FlowResumed: Story._talk,
    FlowOutput: Story._say,
    FlowFailed: Story._fail,
}
"""What is taken from each event; from all others, nothing."""
TELLING = frozenset(_TAKES) - {NodeStarted, NodeActed, NodeFinished, NodeFailed}
"""What is enough of a run without steps."""
