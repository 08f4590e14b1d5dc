"""Which steps a definition is made of, and what waits for what. Only sound definitions come here.

The nodes that an Iterator repeats, those that can be reached from its ``arrayItem`` without passing a
Collector, become a scope of their own. In the scope around they are one step, which waits for the Iterator
and for all that the nodes inside take from outside. A Collector becomes a step in both: one gathers the
value of an item, the other gives the array.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from headrace.core.definition import Connection, Definition, Node, NodeType

ITEM = "arrayItem"
"""What an Iterator gives item by item, and what a Collector takes likewise."""


class Unrunnable(Exception):
    """A definition that validation admits and that can't be laid out.

    Attributes:
        message: why, as a sentence.
        node: where.
    """

    def __init__(self, message: str, node: str) -> None:
        super().__init__(message)
        self.message = message
        self.node = node


class Part(Enum):
    """Which part of its node a step is."""

    WHOLE = "whole"
    SPREAD = "spread"
    """Of an Iterator: the repetition of what is inside."""
    GATHER = "gather"
    """Of a Collector: the end of one item."""


Key = tuple[Part, str]
"""A step, by its part and its node."""


@dataclass(slots=True, kw_only=True)
class Place:
    """A step without a number.

    Attributes:
        order: decides ties: the place of its node in the definition.
        hard: the steps that it is skipped with, each with the conditions of it that have to win.
        soft: the steps that it only waits for.
    """

    part: Part
    node: Node
    order: int
    hard: dict[Key, set[str]] = field(default_factory=dict)
    soft: set[Key] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """What others call it."""
        return self.part, self.node.name

    @property
    def sources(self) -> set[Key]:
        """All that it waits for."""
        return self.soft | self.hard.keys()

    def wait(self, connection: Connection) -> None:
        """Be skipped with the source of a connection, or when its condition does not win."""
        conditions = self.hard.setdefault((Part.WHOLE, connection.source), set())
        if connection.condition is not None:
            conditions.add(connection.condition)


@dataclass(slots=True, kw_only=True)
class Region:
    """What one Iterator repeats.

    Attributes:
        places: the steps inside, by key.
        outside: the connections that come in from nodes that are not repeated.
    """

    places: dict[Key, Place] = field(default_factory=dict)
    outside: list[Connection] = field(default_factory=list)


class Layout:
    """The steps of one level of a definition.

    Attributes:
        places: the steps that are not repeated, by key.
        regions: what is repeated, by the name of the Iterator; an Iterator of nothing is left out.

    Raises Unrunnable.
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._order = {node.name: place for place, node in enumerate(definition.nodes)}
        self._region_of = _repeated(definition)
        self.places: dict[Key, Place] = {}
        self.regions: dict[str, Region] = {}
        for node in definition.nodes:
            iterator = self._region_of.get(node.name)
            places = self.places if iterator is None else self._region(iterator).places
            places[Part.WHOLE, node.name] = self._place(Part.WHOLE, node)
        for connection in definition.connections:
            self._connect(connection)
        for collector in definition.of_type(NodeType.COLLECTOR):
            if not any(part is Part.SPREAD for part, _ in self.places[Part.WHOLE, collector.name].hard):
                raise Unrunnable(
                    f"Collector '{collector.name}' takes no item of an Iterator.", collector.name
                )

    def _place(self, part: Part, node: Node) -> Place:
        return Place(part=part, node=node, order=self._order[node.name])

    def _region(self, iterator: str) -> Region:
        if iterator not in self.regions:
            self.regions[iterator] = Region()
            spread = self._place(Part.SPREAD, self._definition.by_name[iterator])
            spread.hard[Part.WHOLE, iterator] = set()
            self.places[spread.key] = spread
        return self.regions[iterator]

    def _connect(self, connection: Connection) -> None:
        """Make one step wait for another, on the side of the border where each of them is."""
        target = self._definition.by_name[connection.target]
        inside = self._region_of.get(connection.source)
        if inside is None and connection.source_output == ITEM and self._is_iterator(connection.source):
            inside = connection.source
        repeats = self._region_of.get(target.name)
        if repeats is not None:
            self._connect_repeated(connection, inside, repeats)
        elif inside is not None:
            self._connect_collector(connection, inside)
        else:
            self.places[Part.WHOLE, target.name].wait(connection)

    def _connect_repeated(self, connection: Connection, inside: str | None, repeats: str) -> None:
        if inside is None:
            # The Iterator's own size is there before any item.
            if connection.source != repeats:
                self.places[Part.SPREAD, repeats].soft.add((Part.WHOLE, connection.source))
                self._region(repeats).outside.append(connection)
        elif connection.source != repeats:
            self._region(repeats).places[Part.WHOLE, connection.target].wait(connection)

    def _connect_collector(self, connection: Connection, iterator: str) -> None:
        """Only a Collector is not repeated and yet takes from what is."""
        name = connection.target
        if connection.is_data and connection.target_input != ITEM:
            raise Unrunnable(f"Collector '{name}' takes its size from what an Iterator repeats.", name)
        collector = self.places[Part.WHOLE, name]
        if any(part is Part.SPREAD and other != iterator for part, other in collector.hard):
            raise Unrunnable(f"Collector '{name}' takes from two Iterators.", name)
        region = self._region(iterator)
        gather = region.places.setdefault((Part.GATHER, name), self._place(Part.GATHER, collector.node))
        if connection.source != iterator:
            gather.wait(connection)
        collector.hard[Part.SPREAD, iterator] = set()

    def _is_iterator(self, name: str) -> bool:
        return self._definition.by_name[name].type is NodeType.ITERATOR


def in_order(places: Iterable[Place]) -> list[Place]:
    """Steps in an order in which each comes after all it waits for; ties as in the definition.

    Raises Unrunnable when there is none, which takes an Iterator: what it repeats waits for what waits
    for its last item.
    """
    left = {place.key: place for place in places}
    waiting = {key: len(place.sources & left.keys()) for key, place in left.items()}
    followers: dict[Key, list[Place]] = {}
    for place in left.values():
        for source in place.sources:
            followers.setdefault(source, []).append(place)
    # The step after its Iterator's node has the same place in the definition.
    ready = [_rank(place) for key, place in left.items() if not waiting[key]]
    heapq.heapify(ready)
    order: list[Place] = []
    while ready:
        *_, key = heapq.heappop(ready)
        order.append(left[key])
        for place in followers.get(key, ()):
            waiting[place.key] -= 1
            if not waiting[place.key]:
                heapq.heappush(ready, _rank(place))
    if len(order) < len(left):
        stuck = next(place.node.name for key, place in left.items() if waiting[key])
        raise Unrunnable(f"Node '{stuck}' takes what only comes after the last item of its Iterator.", stuck)
    return order


def _rank(place: Place) -> tuple[int, str, Key]:
    return place.order, place.part.value, place.key


def _repeated(definition: Definition) -> Mapping[str, str]:
    """The nodes that are repeated, each with its Iterator. Raises Unrunnable."""
    found: dict[str, str] = {}
    for iterator in definition.of_type(NodeType.ITERATOR):
        pending = [
            one.target for one in definition.outgoing.get(iterator.name, ()) if one.source_output == ITEM
        ]
        while pending:
            node = definition.by_name[pending.pop()]
            if node.type is NodeType.COLLECTOR or found.get(node.name) == iterator.name:
                continue
            if node.name in found or node.type is NodeType.ITERATOR:
                raise Unrunnable(f"Node '{node.name}' is inside two Iterators.", node.name)
            found[node.name] = iterator.name
            pending.extend(one.target for one in definition.outgoing.get(node.name, ()))
    return found
