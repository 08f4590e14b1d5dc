"""Iterator: has a part of the flow run once for each item of an array (bedrock 2.15).

A plan gives an Iterator two steps: the node itself, which gives the size, and a second one, `Spread`, that
runs the items' scope. The second also waits for the values from outside that the scope uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from headrace.core.definition import Node, NodeType, PortType
from headrace.core.execution import Link
from headrace.engine.failure import wrong_output
from headrace.engine.frame import ABSENT, Frame
from headrace.engine.nodes.node import NodeKind
from headrace.engine.step import CLASSES, Scope, Step

if TYPE_CHECKING:
    from headrace.engine.walk import Walk

ITEM = "arrayItem"
SIZE = "arraySize"
ARRAY = "array"


class Iterator:
    """Gives the size of its array; the items are kept for `Spread`."""

    __slots__ = ("item_type",)

    def __init__(self, item_type: PortType | None) -> None:
        self.item_type = item_type

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        items = machine.begin(frame, step)[ARRAY]
        if self.item_type is not None:
            accepted = CLASSES[self.item_type]
            for item in items:
                if item.__class__ not in accepted:
                    raise wrong_output(step.name, ITEM, self.item_type, item)
        machine.finish(frame, step, {ITEM: items, SIZE: len(items)})


class Outside(NamedTuple):
    """A step outside of the items' scope that steps inside wait for.

    Attributes:
        step: its index in the scope around.
        slot: of a Condition, where the name of the winner is; -1 for others.
        wanted: the condition that has to win; None when it is no Condition, or nothing can satisfy it.
        inside: the step that is skipped when it was skipped or another condition won.
    """

    step: int
    slot: int
    wanted: str | None
    inside: int


class Spread:
    """Runs a scope once for each item.

    Attributes:
        iterator: the Iterator's name.
        scope: what runs for each item.
        array: the slot, in the scope around, of all the items.
        item: the slot, in the items' scope, of one item.
        gathered: for each Collector, the slot in both scopes of what it gathers.
        outside: what decides, from outside, that steps inside are skipped.
    """

    __slots__ = ("array", "gathered", "item", "iterator", "outside", "scope")

    def __init__(
        self,
        *,
        iterator: str,
        scope: Scope,
        array: int,
        item: int,
        gathered: tuple[int, ...],
        outside: tuple[Outside, ...],
    ) -> None:
        self.iterator = iterator
        self.scope = scope
        self.array = array
        self.item = item
        self.gathered = gathered
        self.outside = outside

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        items = self.repetition(frame, step)
        if frame.children is None:
            frame.children = {}
        frame.children[step.index] = items
        items.go_on(machine)

    def repetition(self, frame: Frame, step: Step) -> Items:
        """The items in this frame, before the first."""
        return Items(self, frame, step)


class Items:
    """The items of one Iterator while they run.

    Attributes:
        active: the frames that are not done, by the item's number; in order.
        begun: how many items have been begun with.
        gathered: by slot, what each item gave.
    """

    __slots__ = (
        "_is_filling",
        "_items",
        "_parent",
        "_step",
        "active",
        "begun",
        "gathered",
        "is_open",
        "spread",
    )

    def __init__(self, spread: Spread, parent: Frame, step: Step) -> None:
        self.spread = spread
        self.active: dict[int, Frame] = {}
        self.begun = 0
        self.gathered: dict[int, dict[int, Any]] = {slot: {} for slot in spread.gathered}
        self.is_open = parent.is_open and parent.turn == step.turn
        self._parent = parent
        self._step = step
        self._items: list[Any] = parent.values[spread.array]
        self._is_filling = False

    def chain(self, index: int) -> tuple[Link, ...]:
        link = Link(node=self.spread.iterator, type=NodeType.ITERATOR, index=index)
        return (*self._parent.chain, link)

    def go_on(self, machine: Walk) -> None:
        """Begin with as many items as may run at the same time; end when there are none left."""
        # An item whose steps are all skipped is done at once, and would begin the next from in here.
        if self._is_filling:
            return
        self._is_filling = True
        while self.begun < len(self._items) and len(self.active) < machine.max_items:
            frame = self.frame(self.begun)
            self.begun += 1
            machine.enter(frame)
        self._is_filling = False
        if not self.active:
            self._end(machine)

    def frame(self, index: int) -> Frame:
        """A new frame for an item."""
        values = self._parent.values.copy()
        values[self.spread.item] = self._items[index]
        frame = Frame(
            self.spread.scope,
            values,
            owner=self,
            index=index,
            is_open=self.is_open and not self.active,
        )
        for outside in self.spread.outside:
            if outside.step in self._parent.skipped or (
                outside.slot >= 0 and values[outside.slot] != outside.wanted
            ):
                frame.skipped.add(outside.inside)
        self.active[index] = frame
        return frame

    def on_done(self, machine: Walk, frame: Frame) -> None:
        del self.active[frame.index]
        for slot, values in self.gathered.items():
            if frame.values[slot] is not ABSENT:
                values[frame.index] = frame.values[slot]
        if self.active and frame.is_open:
            self._open_first(machine)
        self.go_on(machine)

    def open(self, machine: Walk) -> None:
        if not self.is_open:
            self.is_open = True
            self._open_first(machine)

    def frames(self) -> list[Frame]:
        return list(self.active.values())

    def save(self) -> dict[str, Any]:
        return {
            "begun": self.begun,
            "gathered": [list(values.items()) for values in self.gathered.values()],
            "is_open": self.is_open,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become what was saved, without the frames."""
        self.begun = state["begun"]
        self.is_open = state["is_open"]
        for values, pairs in zip(self.gathered.values(), state["gathered"], strict=True):
            values.update(map(tuple, pairs))

    def _open_first(self, machine: Walk) -> None:
        if self.active:
            first = self.active[min(self.active)]
            first.is_open = True
            machine.pass_turn(first)

    def _end(self, machine: Walk) -> None:
        parent, step = self._parent, self._step
        for slot, values in self.gathered.items():
            parent.values[slot] = [values[index] for index in sorted(values)]
        assert parent.children is not None
        del parent.children[step.index]
        machine.has_spoken(parent, step)
        machine.settle(parent, step)


def _make(node: Node, _body: Scope | None) -> Iterator:
    return Iterator(next((port.type for port in node.outputs if port.name == ITEM), None))


NODE = NodeKind(type=NodeType.ITERATOR, make=_make)
