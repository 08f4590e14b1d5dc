"""How far the Iterators and Loops of a run are, as its events tell."""

from __future__ import annotations

from collections import Counter
from typing import Any

from headrace.core.definition import NodeType
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowOutput,
    Link,
    NodeFailed,
    NodeFinished,
    NodeStarted,
)

SIZE = "arraySize"
Repeated = tuple[tuple[Link, ...], str, NodeType]
"""A node that repeats: the scope it stands in, its name and its type."""


class Repetitions:
    """Counts items and rounds. An item in which nothing runs any more is done."""

    def __init__(self) -> None:
        self._sizes: dict[Repeated, int] = {}
        self._going: dict[Repeated, Counter[int]] = {}

    def see(self, event: Event) -> None:
        """Something happened."""
        match event:
            case NodeStarted():
                # A LoopController only starts, and the LoopInput of a round only finishes.
                self._count(event.scope, 0 if event.type is NodeType.LOOP_CONTROLLER else +1)
            case NodeFinished():
                if event.type is NodeType.ITERATOR:
                    size = _number_of_items(event)
                    if size is not None:
                        self._sizes[event.scope, event.node, event.type] = size
                self._count(event.scope, 0 if event.type is NodeType.LOOP_INPUT else -1)
            case ConditionsDecided() | NodeFailed() | FlowOutput():
                self._count(event.scope, -1)

    def _count(self, scope: tuple[Link, ...], more: int) -> None:
        for depth, link in enumerate(scope):
            going = self._going.setdefault((scope[:depth], link.node, link.type), Counter())
            going[link.index] += more

    def told(self) -> list[str]:
        """Each that is not over, such as ``Each 12 of 40`` or ``Again round 3``."""
        return [words for one, going in self._going.items() if (words := self._words(one, going))]

    def _words(self, one: Repeated, going: Counter[int]) -> str:
        scope, node, kind = one
        name = node + "".join(f"[{link.index}]" for link in scope)
        if kind is not NodeType.ITERATOR:
            return f"{name} round {max(going) + 1}"
        done = sum(count <= 0 for count in going.values())
        size = self._sizes.get(one)
        if size is None:
            return f"{name} {done} done"
        return "" if done >= size else f"{name} {done} of {size}"


def _number_of_items(event: NodeFinished) -> int | None:
    """None when it was not kept."""
    sizes: list[Any] = [value for port, value in event.fields if port.name == SIZE]
    return sizes[0] if sizes and isinstance(sizes[0], int) else None
