"""Collector: makes one array of what the items of an Iterator gave (bedrock 2.16).

A plan gives a Collector two steps: `Gather` at the end of each item, and the node itself after the last.
An item whose branch was skipped gives nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk

ITEM = "arrayItem"
COLLECTED = "collectedArray"


class Collector:
    """Gives the array; by now its ``arrayItem`` is all that was gathered."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        machine.finish(frame, step, {COLLECTED: machine.begin(frame, step)[ITEM]})


class Gather:
    """Keeps the value of one item."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        frame.values[step.writes[0].slot] = machine.bind(frame, step)[ITEM]
        machine.settle(frame, step)


def _make(_node: Node, _body: Scope | None) -> Collector:
    return Collector()


NODE = NodeKind(type=NodeType.COLLECTOR, make=_make)
