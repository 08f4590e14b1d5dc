"""Input: where a flow's document comes in. It is given its value by the start of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk


class Input:
    """Waits for the document, and so never has a turn of its own."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        raise AssertionError(f"{step.name} is finished by the start of the run")


def _make(_node: Node, _body: Scope | None) -> Input:
    return Input()


NODE = NodeKind(type=NodeType.INPUT, make=_make)
