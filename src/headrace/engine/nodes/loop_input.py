"""LoopInput: where the variables of a round come in (bedrock 2.17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.loop import Rounds
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk


class LoopInput:
    """Gives the variables on."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        assert isinstance(frame.owner, Rounds)
        machine.finish(frame, step, frame.owner.variables)


def _make(_node: Node, _body: Scope | None) -> LoopInput:
    return LoopInput()


NODE = NodeKind(type=NodeType.LOOP_INPUT, make=_make)
