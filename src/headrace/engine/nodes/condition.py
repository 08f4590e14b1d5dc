"""Condition: decides which way a flow goes (bedrock 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headrace.core.condition import parse
from headrace.core.definition import Node, NodeType
from headrace.core.execution import ConditionsDecided
from headrace.engine.nodes.node import NodeKind, settings_of
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk

DEFAULT = "default"
"""The condition that wins when no other does, wherever it stands in the list."""


class Condition:
    """The first condition that holds wins.

    Attributes:
        tests: the conditions in order, without the default.
    """

    __slots__ = ("tests",)

    def __init__(self, tests: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...]) -> None:
        self.tests = tests

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        """Let the followers go on that the winner leads to, and skip the others."""
        inputs = machine.begin(frame, step)
        winner = DEFAULT
        for name, holds in self.tests:
            if holds(inputs):
                winner = name
                break
        if machine.traces:
            machine.events.append(
                ConditionsDecided(
                    at_ns=machine.now_ns(), scope=frame.chain, node=step.name, conditions=(winner,)
                )
            )
        frame.values[step.writes[0].slot] = winner
        if losers := step.losers[winner]:
            frame.skipped.update(losers)
        machine.settle(frame, step)


def _make(node: Node, _body: Scope | None) -> Condition:
    types = {port.name: port.type for port in node.inputs}
    entries = settings_of(node)["conditions"]
    return Condition(
        tuple(
            (entry["name"], parse(entry["expression"], types).holds)
            for entry in entries
            if entry["name"] != DEFAULT
        )
    )


NODE = NodeKind(type=NodeType.CONDITION, make=_make)
