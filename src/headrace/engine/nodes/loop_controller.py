"""LoopController: ends a round, and decides whether there is another (bedrock 2.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headrace.core.condition import Condition, parse
from headrace.core.definition import InputCategory, Node, NodeType
from headrace.engine.nodes.node import NodeKind, settings_of
from headrace.engine.step import Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk

DEFAULT_ROUNDS = 10
"""How many rounds there are at the most where the definition doesn't say."""


class LoopController:
    """Receives what a round gave.

    Attributes:
        max_rounds: how many rounds there may be; reaching it is an ordinary end.
    """

    __slots__ = ("_condition", "_returned", "max_rounds")

    def __init__(self, condition: Condition, returned: tuple[str, ...], max_rounds: int) -> None:
        self._condition = condition
        self._returned = returned
        self.max_rounds = max_rounds

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        # Only a Loop has a controller in its body, and its rounds keep what this one receives.
        frame.owner.received = machine.begin(frame, step)  # type: ignore[union-attr]
        machine.settle(frame, step)

    def goes_on(self, received: Mapping[str, Any]) -> bool:
        """Whether there is another round: while the condition is true."""
        # Quirk(bedrock): the API reference says until it is true; the field says continue (section 2.17).
        return self._condition.holds(received)

    def returned(self, received: Mapping[str, Any]) -> dict[str, Any]:
        """The variables that the next round starts with anew."""
        return {name: received[name] for name in self._returned}


def _make(node: Node, _body: Scope | None) -> LoopController:
    settings = settings_of(node)
    asked = {
        port.name: port.type for port in node.inputs if port.category in (None, InputCategory.LOOP_CONDITION)
    }
    return LoopController(
        parse(settings["continueCondition"]["expression"], asked),
        tuple(port.name for port in node.inputs if port.category is InputCategory.RETURN_VALUE_TO_LOOP_START),
        DEFAULT_ROUNDS if settings.get("maxIterations") is None else settings["maxIterations"],
    )


NODE = NodeKind(type=NodeType.LOOP_CONTROLLER, make=_make)
