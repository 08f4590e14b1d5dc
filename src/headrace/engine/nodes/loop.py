"""Loop: runs its body round after round (bedrock 2.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headrace.core.definition import Node, NodeType
from headrace.core.execution import Link
from headrace.engine.failure import NodeRefuses
from headrace.engine.frame import Frame
from headrace.engine.nodes.loop_controller import LoopController
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.walk import Walk


class Loop:
    """Begins with the first round.

    Attributes:
        body: what runs each round.
        controller: decides whether there is another.
        outputs: the names of the Loop's outputs.
    """

    __slots__ = ("body", "controller", "outputs")

    def __init__(self, body: Scope, controller: LoopController, outputs: tuple[str, ...]) -> None:
        self.body = body
        self.controller = controller
        self.outputs = outputs

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        rounds = self.repetition(frame, step)
        rounds.variables = machine.begin(frame, step)
        if frame.children is None:
            frame.children = {}
        frame.children[step.index] = rounds
        machine.enter(rounds.current)

    def repetition(self, frame: Frame, step: Step) -> Rounds:
        """The rounds in this frame, before the first."""
        return Rounds(self, frame, step)


class Rounds:
    """The rounds of one Loop while they run, one after another.

    Attributes:
        variables: what the next round starts with.
        received: what the controller received in this round.
        number: the round, from zero.
        current: the round's frame.
    """

    __slots__ = ("_loop", "_parent", "_step", "current", "is_open", "number", "received", "variables")

    def __init__(self, loop: Loop, parent: Frame, step: Step) -> None:
        self.variables: dict[str, Any] = {}
        self.received: dict[str, Any] = {}
        self.number = 0
        self.is_open = parent.is_open and parent.turn == step.turn
        self._loop = loop
        self._parent = parent
        self._step = step
        self.current = self.frame(0)

    def chain(self, index: int) -> tuple[Link, ...]:
        return (*self._parent.chain, Link(node=self._step.name, type=NodeType.LOOP, index=index))

    def frame(self, number: int) -> Frame:
        """A new frame for a round, which is the current one from now on."""
        self.number = number
        self.current = Frame.blank(self._loop.body, owner=self, index=number, is_open=self.is_open)
        return self.current

    def on_done(self, machine: Walk, frame: Frame) -> None:
        controller = self._loop.controller
        if self.number + 1 < controller.max_rounds and controller.goes_on(self.received):
            self.variables.update(controller.returned(self.received))
            machine.enter(self.frame(self.number + 1))
            return
        parent, step = self._parent, self._step
        assert parent.children is not None
        del parent.children[step.index]
        machine.has_spoken(parent, step)
        try:
            machine.finish(parent, step, {name: self.received[name] for name in self._loop.outputs})
        except NodeRefuses as refusal:
            # It is the last step inside that ended this: the machine would blame that one.
            machine.fail(parent, step, refusal.failure)

    def open(self, machine: Walk) -> None:
        if not self.is_open:
            self.is_open = True
            self.current.is_open = True
            machine.pass_turn(self.current)

    def frames(self) -> list[Frame]:
        return [self.current]

    def save(self) -> dict[str, Any]:
        return {
            "variables": self.variables,
            "received": self.received,
            "is_open": self.is_open,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become what was saved, without the frame."""
        self.variables = state["variables"]
        self.received = state["received"]
        self.is_open = state["is_open"]


def _make(node: Node, body: Scope | None) -> Loop:
    assert body is not None
    [controller] = [one.behaviour for one in body.steps if isinstance(one.behaviour, LoopController)]
    return Loop(body, controller, tuple(port.name for port in node.outputs))


NODE = NodeKind(type=NodeType.LOOP, make=_make)
