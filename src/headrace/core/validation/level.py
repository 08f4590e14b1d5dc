"""One level of a definition with everything resolved that more than one rule asks for.

A level is the whole flow or the body of one Loop. Places number what is on it, so that findings can be
put in order: first the nodes, then the connections, then the level as a whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from headrace.core.definition import Connection, Definition, Node, NodeInput, NodeOutput, NodeType
from headrace.core.node_types import CONTRACTS, NodeContract, Port
from headrace.core.validation import graph
from headrace.core.validation.findings import Finding
from headrace.core.validation.ports import ports

PromptVariables = Callable[[str], frozenset[str] | None]
"""The variables of the prompt with an ARN; None when it can't be read here."""

Placed = tuple[int, Finding]
"""A finding and the place it belongs to."""

_NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


_NODE_LIMITS: Mapping[NodeType, int] = MappingProxyType(
    {
        NodeType.INPUT: 1,
        NodeType.OUTPUT: 20,
        NodeType.PROMPT: 20,
        NodeType.KNOWLEDGE_BASE: 20,
        NodeType.CONDITION: 5,
        NodeType.LEX: 5,
        NodeType.LAMBDA_FUNCTION: 20,
        NodeType.STORAGE: 10,
        NodeType.RETRIEVAL: 10,
        NodeType.AGENT: 20,
        NodeType.ITERATOR: 1,
        NodeType.COLLECTOR: 1,
        NodeType.INLINE_CODE: 5,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeLimits:
    """How many nodes of a type one flow may have (bedrock section 1.6).

    Attributes:
        nodes: the most a flow may have, loops included; a type that is not named has no limit.
        inline_code_inputs: the most inputs one InlineCode node may have.
    """

    nodes: Mapping[NodeType, int] = field(default_factory=lambda: _NODE_LIMITS)
    inline_code_inputs: int = 5


GENEROUS = TypeLimits(
    nodes=MappingProxyType({NodeType.INPUT: 1, NodeType.ITERATOR: 1, NodeType.COLLECTOR: 1}),
    inline_code_inputs=20,
)
"""Only what a run depends on: one start, and one Iterator with its Collector (bedrock 1.6, 2.15)."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A node where it stands.

    Attributes:
        place: its number on the level.
        contract: what its type promises.
        settings: its configuration's content; empty when there is none.
        is_configured: whether nothing that it needs is missing or blank.
        inputs: its declared inputs by name, the first of a name.
        outputs: its declared outputs by name, the first of a name.
        is_plain: whether there is nothing about its ports themselves to look into.
        known_outputs: the fixed outputs of its type, as far as finished settings don't rule them out.
    """

    place: int
    node: Node
    contract: NodeContract
    settings: Mapping[str, Any]
    is_configured: bool
    inputs: Mapping[str, NodeInput]
    outputs: Mapping[str, NodeOutput]
    is_plain: bool
    known_outputs: Mapping[str, Port]

    @staticmethod
    def of(place: int, node: Node) -> Site:
        contract, settings = CONTRACTS[node.type], node.settings
        if settings is None:
            is_configured = not contract.needs and not node.has_foreign_configuration
        else:
            is_configured = all(need.is_met(settings) for need in contract.needs)
        declared = ports(node.type, node.inputs, node.outputs)
        return Site(
            place=place,
            node=node,
            contract=contract,
            settings=_NO_SETTINGS if settings is None else settings,
            is_configured=is_configured,
            inputs=declared.inputs,
            outputs=declared.outputs,
            is_plain=declared.is_plain,
            known_outputs=contract.known_outputs(settings if is_configured else None),
        )

    @property
    def conditions(self) -> list[Mapping[str, Any]]:
        """The conditions of a Condition node, as they were written."""
        return self.settings.get("conditions") or []


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A connection with its ends found; of identical ones, the first.

    Attributes:
        place: its number on the level.
        copies: how many identical ones there are, itself included.
        source: the node it starts at; None when there is no such node on this level.
        target: the node it ends at; None when there is no such node on this level.
        output: the declared output that it takes from; None when there is no such output.
        input: the declared input that it gives to; None when there is no such input.
        is_gate: whether it waits for a condition that its source node has.
        is_joined: whether it takes from a declared output to a declared input, or is a gate and has a target.
    """

    place: int
    connection: Connection
    copies: int
    source: Site | None
    target: Site | None
    output: NodeOutput | None
    input: NodeInput | None
    is_gate: bool
    is_joined: bool


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at.

    Attributes:
        definition: the level itself.
        loop: the Loop whose body this is; None for the whole flow.
        sites: the nodes, in order.
        of_type: the same by their types; a type without any is left out.
        odd: those whose ports have to be looked into.
        edges: the connections, in order, without repetitions.
        loose: those that do not join what is there.
        end: the place of what is wrong with the level as a whole.
        names: the names of all nodes of the whole flow, whatever their level.
        arrows: the connections between nodes that exist, by where they start.
        crowded: the inputs, by node and input, that several connections bring data to, from whatever outputs.
        fulfilled: the inputs, by node and input, that really get a value.
        reached: the names of the nodes that can be reached from a start.
        closing: the places of the connections that close a cycle.
        contradicting: the places of the connections that ask for two results of one condition node.
        limits: how many of a type there may be.
        prompt_variables: looks up the variables of a prompt resource.
    """

    definition: Definition
    loop: Node | None
    sites: tuple[Site, ...]
    of_type: Mapping[NodeType, Sequence[Site]]
    odd: tuple[Site, ...]
    edges: tuple[Edge, ...]
    loose: tuple[Edge, ...]
    end: int
    names: frozenset[str]
    arrows: graph.Outgoing
    crowded: frozenset[tuple[str, str]]
    fulfilled: frozenset[tuple[str, str]]
    reached: frozenset[str]
    closing: frozenset[int]
    contradicting: frozenset[int]
    limits: TypeLimits
    prompt_variables: PromptVariables

    @staticmethod
    def of(definition: Definition, *, limits: TypeLimits, prompt_variables: PromptVariables) -> Level:
        """The level of a whole flow."""
        names = frozenset(_names(definition))
        return _level(definition, None, names=names, limits=limits, prompt_variables=prompt_variables)

    def inside(self, site: Site) -> Level | None:
        """The level inside a Loop; None when there is nothing inside the node."""
        if site.node.body is None:
            return None
        return _level(
            site.node.body,
            site.node,
            names=self.names,
            limits=self.limits,
            prompt_variables=self.prompt_variables,
        )


def _level(
    definition: Definition,
    loop: Node | None,
    *,
    names: frozenset[str],
    limits: TypeLimits,
    prompt_variables: PromptVariables,
) -> Level:
    sites = tuple([Site.of(place, node) for place, node in enumerate(definition.nodes)])
    of_type = _by_type(sites)
    edges = _edges(definition, sites)
    arrows = _arrows(edges)
    start_type = NodeType.INPUT if loop is None else NodeType.LOOP_INPUT
    outgoing = graph.outgoing(arrows)
    starts = [site.node.name for site in of_type.get(start_type, ())]
    walk = graph.walk(starts, definition.by_name, outgoing)
    deliveries = [edge for edge in edges if edge.source is not None and edge.input is not None]
    return Level(
        definition=definition,
        loop=loop,
        sites=sites,
        of_type=of_type,
        odd=tuple([site for site in sites if not site.is_plain]),
        edges=edges,
        loose=tuple([edge for edge in edges if not edge.is_joined]),
        end=len(definition.nodes) + len(definition.connections),
        names=names,
        arrows=outgoing,
        crowded=_repeated([_input_of(edge) for edge in deliveries]),
        fulfilled=frozenset([_input_of(edge) for edge in deliveries if edge.output is not None]),
        reached=walk.reached,
        closing=walk.closing,
        contradicting=graph.contradicting(walk.order, arrows, walk.closing),
        limits=limits,
        prompt_variables=prompt_variables,
    )


def _by_type(sites: tuple[Site, ...]) -> Mapping[NodeType, Sequence[Site]]:
    by_type: defaultdict[NodeType, list[Site]] = defaultdict(list)
    for site in sites:
        by_type[site.node.type].append(site)
    return dict(by_type)


def _repeated(inputs: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    if len(set(inputs)) == len(inputs):
        return frozenset()
    return frozenset([name for name, count in Counter(inputs).items() if count > 1])


def _arrows(edges: tuple[Edge, ...]) -> tuple[graph.Arrow, ...]:
    return tuple(
        [
            graph.Arrow(
                place=edge.place,
                source=edge.connection.source,
                target=edge.connection.target,
                condition=edge.connection.condition if edge.is_gate else None,
            )
            for edge in edges
            if edge.source is not None and edge.target is not None
        ]
    )


def _input_of(edge: Edge) -> tuple[str, str]:
    return edge.connection.target, edge.connection.target_input or ""


def _edges(definition: Definition, sites: tuple[Site, ...]) -> tuple[Edge, ...]:
    by_name = {site.node.name: site for site in reversed(sites)}
    connections, first_place = definition.connections, len(definition.nodes)
    copies = Counter(map(_identity, connections))
    if len(copies) == len(connections):
        return tuple([_edge(place, one, 1, by_name) for place, one in enumerate(connections, first_place)])
    first: dict[tuple[str | None, ...], Edge] = {}
    for place, connection in enumerate(connections, first_place):
        identity = _identity(connection)
        if identity not in first:
            first[identity] = _edge(place, connection, copies[identity], by_name)
    return tuple(first.values())


def _identity(connection: Connection) -> tuple[str | None, ...]:
    """What makes two connections the same; without a configuration it is the name."""
    return (
        connection.source,
        connection.target,
        connection.source_output,
        connection.target_input,
        connection.condition,
        None if connection.is_configured else connection.name,
    )


def _edge(place: int, connection: Connection, copies: int, by_name: Mapping[str, Site]) -> Edge:
    source, target = by_name.get(connection.source), by_name.get(connection.target)
    given, taken, condition = connection.source_output, connection.target_input, connection.condition
    output = source.outputs.get(given) if source is not None and given else None
    into = target.inputs.get(taken) if target is not None and taken else None
    is_gate = condition is not None and source is not None and _has_condition(source, condition)
    return Edge(
        place=place,
        connection=connection,
        copies=copies,
        source=source,
        target=target,
        output=output,
        input=into,
        is_gate=is_gate,
        is_joined=(output is not None and into is not None) or (is_gate and target is not None),
    )


def _has_condition(site: Site, name: str) -> bool:
    if site.node.type is NodeType.CONDITION:
        for entry in site.conditions:
            if entry["name"] == name:
                return True
    return False


def _names(definition: Definition) -> Iterator[str]:
    for node in definition.nodes:
        yield node.name
        if node.body is not None:
            yield from _names(node.body)
