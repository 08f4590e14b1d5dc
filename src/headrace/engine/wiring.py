"""How steps get their numbers, and values their slots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from headrace.core.condition import MalformedCondition
from headrace.core.definition import Connection, Definition, Node, NodeInput, NodeOutput, NodeType, PortType
from headrace.core.effects import EffectFailed
from headrace.core.execution import InputPort, OutputPort, Source, Target
from headrace.core.expression import parse
from headrace.engine.layout import ITEM, Key, Layout, Part, Place, Region, Unrunnable, in_order
from headrace.engine.nodes import NODES
from headrace.engine.nodes.collector import Gather
from headrace.engine.nodes.iterator import Outside, Spread
from headrace.engine.nodes.loop import Loop
from headrace.engine.nodes.node import ActingNode
from headrace.engine.step import CLASSES, Behaviour, Read, Scope, Step, Write

_ALL = "*"
"""In place of an output's name: the items of an Iterator, or what a Collector gathered."""

_WINNER = "?"
"""In place of an output's name: which condition won."""

_NOTHING: Mapping[str, tuple[int, ...]] = MappingProxyType({})


class Wiring:
    """Makes the scope of one level of a definition: the flow, or the body of a Loop.

    Args:
        effects: gets the path of each step that acts outside, in order.
        within: the path of the Loop whose body this is, with a slash behind; empty for the flow.
    """

    def __init__(self, definition: Definition, *, effects: list[str], within: str = "") -> None:
        self._definition = definition
        self._effects = effects
        self._within = within
        names = [(node.name, name) for node in definition.nodes for name in _slot_names(node)]
        self._slots = {name: slot for slot, name in enumerate(names)}

    def scope(self) -> Scope:
        """The scope, with all that is inside. Raises Unrunnable."""
        layout = Layout(self._definition)
        order = in_order(layout.places.values())
        index = _numbered(order)
        behaviours: list[Behaviour] = []
        numbers: list[int] = []
        for place in order:
            if place.part is Part.SPREAD:
                region = layout.regions[place.node.name]
                behaviours.append(self._spread(place.node.name, region, index))
                numbers.append(-1)
            else:
                behaviours.append(self._behaviour(place))
                numbers.append(self._number(place, behaviours[-1]))
        return self._scope(order, behaviours, numbers)

    def _spread(self, iterator: str, region: Region, around: Mapping[Key, int]) -> Spread:
        order = in_order(region.places.values())
        behaviours, numbers = [], []
        for place in order:
            behaviours.append(self._behaviour(place))
            numbers.append(self._number(place, behaviours[-1]))
        return Spread(
            iterator=iterator,
            scope=self._scope(order, behaviours, numbers),
            array=self._slots[iterator, _ALL],
            item=self._slots[iterator, ITEM],
            gathered=tuple(self._slots[one.node.name, _ALL] for one in order if one.part is Part.GATHER),
            outside=tuple(self._outside(region.outside, around, _numbered(order))),
        )

    def _outside(
        self, connections: Iterable[Connection], around: Mapping[Key, int], index: Mapping[Key, int]
    ) -> Iterator[Outside]:
        wanted: dict[tuple[str, str], set[str]] = {}
        for connection in connections:
            conditions = wanted.setdefault((connection.source, connection.target), set())
            if connection.condition is not None:
                conditions.add(connection.condition)
        for (source, target), conditions in wanted.items():
            yield Outside(
                step=around[Part.WHOLE, source],
                slot=self._slots[source, _WINNER] if conditions else -1,
                wanted=next(iter(conditions)) if len(conditions) == 1 else None,
                inside=index[Part.WHOLE, target],
            )

    def _behaviour(self, place: Place) -> Behaviour:
        if place.part is Part.GATHER:
            return Gather()
        node, body = place.node, None
        if node.body is not None:
            within = f"{self._within}{node.name}/"
            body = Wiring(node.body, effects=self._effects, within=within).scope()
        try:
            return NODES[node.type].make(node, body)
        except (EffectFailed, MalformedCondition) as error:
            raise Unrunnable(str(error), node.name) from None

    def _number(self, place: Place, behaviour: Behaviour) -> int:
        if not isinstance(behaviour, ActingNode):
            return -1
        self._effects.append(self._within + place.node.name)
        return len(self._effects) - 1

    def _scope(self, order: list[Place], behaviours: list[Behaviour], numbers: list[int]) -> Scope:
        index = _numbered(order)
        speakers = [number for number, one in enumerate(behaviours) if _speaks(order[number], one)]
        turns = {number: turn for turn, number in enumerate(speakers)}
        return Scope(
            steps=tuple(
                Step(
                    index=at,
                    name=place.node.name,
                    path=self._within + place.node.name,
                    type=place.node.type,
                    behaviour=behaviours[at],
                    reads=tuple(self._reads(place)),
                    writes=tuple(self._writes(place)),
                    followers=tuple(index[one.key] for one in order if place.key in one.sources),
                    dependents=tuple(index[one.key] for one in order if place.key in one.hard),
                    losers=_losers(place, order, index),
                    sources=len(place.sources),
                    turn=turns.get(at, -1),
                    number=numbers[at],
                    inputs=tuple(self._input_ports(place)),
                    outputs=tuple(self._output_ports(place)),
                )
                for at, place in enumerate(order)
            ),
            size=len(self._slots),
        )

    def _connected(self, place: Place) -> Iterator[tuple[NodeInput, Connection, str]]:
        """The inputs of a step that are connected, each with its connection and the output at its start."""
        if place.part is Part.SPREAD:
            return
        incoming = self._definition.incoming.get(place.node.name, ())
        for port in place.node.inputs:
            for connection in incoming:
                if connection.target_input != port.name or connection.source_output is None:
                    continue
                if place.part is Part.WHOLE or port.name == ITEM:
                    yield port, connection, connection.source_output

    def _reads(self, place: Place) -> Iterator[Read]:
        for port, connection, output in self._connected(place):
            if _takes_all(place, port):
                yield Read(port.name, self._slots[place.node.name, _ALL], None, None)
                continue
            expression = parse(port.expression)
            is_promised = not expression.steps and self._type(connection.source, output) is port.type
            yield Read(
                port.name,
                self._slots[connection.source, output],
                expression.apply if expression.steps else None,
                None if is_promised else CLASSES[port.type],
            )

    def _type(self, node: str, output: str) -> PortType:
        """The type that an output is held to."""
        return next(port.type for port in self._definition.by_name[node].outputs if port.name == output)

    def _writes(self, place: Place) -> Iterator[Write]:
        node = place.node
        if place.part is Part.GATHER:
            yield Write("", self._slots[node.name, _ALL], frozenset())
        elif place.part is Part.WHOLE and node.type is NodeType.CONDITION:
            yield Write("", self._slots[node.name, _WINNER], frozenset())
        elif place.part is Part.WHOLE:
            for port in node.outputs:
                name = _ALL if _gives_all(node, port) else port.name
                yield Write(port.name, self._slots[node.name, name], CLASSES[_told(node, port)])

    def _input_ports(self, place: Place) -> Iterator[InputPort]:
        for port, connection, output in self._connected(place):
            yield InputPort(
                name=port.name,
                type=PortType.ARRAY if _takes_all(place, port) else port.type,
                source=Source(node=connection.source, output=output, expression=port.expression),
                category=port.category,
            )

    def _output_ports(self, place: Place) -> Iterator[OutputPort]:
        if place.part is not Part.WHOLE:
            return
        leaving = self._definition.outgoing.get(place.node.name, ())
        for port in place.node.outputs:
            targets = [
                Target(node=one.target, input=one.target_input)
                for one in leaving
                if one.source_output == port.name and one.target_input is not None
            ]
            yield OutputPort(name=port.name, type=_told(place.node, port), next=tuple(targets))


def _slot_names(node: Node) -> Iterator[str]:
    yield from dict.fromkeys(port.name for port in node.outputs)
    if node.type in (NodeType.ITERATOR, NodeType.COLLECTOR):
        yield _ALL
    if node.type is NodeType.CONDITION:
        yield _WINNER


def _numbered(order: Iterable[Place]) -> Mapping[Key, int]:
    return {place.key: number for number, place in enumerate(order)}


def _takes_all(place: Place, port: NodeInput) -> bool:
    """Whether an input gets at once what was gathered from all items."""
    return place.part is Part.WHOLE and place.node.type is NodeType.COLLECTOR and port.name == ITEM


def _gives_all(node: Node, port: NodeOutput) -> bool:
    """Whether the items of an output are handed out one by one behind the node."""
    return node.type is NodeType.ITERATOR and port.name == ITEM


def _told(node: Node, port: NodeOutput) -> PortType:
    return PortType.ARRAY if _gives_all(node, port) else port.type


def _speaks(place: Place, behaviour: Behaviour) -> bool:
    """Whether a step can bring forth an output of the flow."""
    match behaviour:
        case Spread(scope=inside) | Loop(body=inside):
            return bool(inside.speakers)
    return place.part is Part.WHOLE and place.node.type is NodeType.OUTPUT


def _losers(place: Place, order: Iterable[Place], index: Mapping[Key, int]) -> Mapping[str, tuple[int, ...]]:
    """For each condition of a node, the steps that don't run when it wins."""
    if place.part is not Part.WHOLE or place.node.type is not NodeType.CONDITION:
        return _NOTHING
    wanted = {index[one.key]: one.hard[place.key] for one in order if place.key in one.hard}
    names = [entry["name"] for entry in (place.node.settings or {})["conditions"]]
    return {name: tuple(at for at, conditions in wanted.items() if conditions != {name}) for name in names}
