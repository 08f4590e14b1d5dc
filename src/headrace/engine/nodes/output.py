"""Output: where a flow's results come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk


class Output:
    """Each time it is reached is one output of the flow (bedrock 2.3)."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        machine.speak(frame, step)


def _make(_node: Node, _body: Scope | None) -> Output:
    return Output()


NODE = NodeKind(type=NodeType.OUTPUT, make=_make)
