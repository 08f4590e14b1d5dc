"""The rules about a flow as a whole, and those that have no type of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headrace.core.definition import Definition, NodeType
from headrace.core.node_types import LOOP_INCOMPATIBLE
from headrace.core.validation import graph
from headrace.core.validation.findings import Finding, FindingType
from headrace.core.validation.level import Level, Placed, Site

_INSIDE_LOOPS_ONLY = frozenset({NodeType.LOOP_INPUT, NodeType.LOOP_CONTROLLER})


def missing_starting_nodes(level: Level) -> Iterator[Placed]:
    """Nothing enters the flow."""
    if level.loop is None and NodeType.INPUT not in level.of_type:
        yield level.end, Finding.of(FindingType.MISSING_STARTING_NODES)


def missing_ending_nodes(level: Level) -> Iterator[Placed]:
    """Nothing leaves the flow."""
    if level.loop is None and NodeType.OUTPUT not in level.of_type:
        yield level.end, Finding.of(FindingType.MISSING_ENDING_NODES)


def repeated_node_name(level: Level) -> Iterator[Placed]:
    """A connection couldn't tell two nodes apart."""
    for place in _repeats([site.node.name for site in level.sites]):
        yield _unspecified(level.sites[place], "has the same name as another node.")


def repeated_port_name(level: Level) -> Iterator[Placed]:
    """A connection couldn't tell two ports of a node apart."""
    for site in level.odd:
        node = site.node
        if len(site.inputs) + len(site.outputs) < len(node.inputs) + len(node.outputs):
            yield from _repeated(site, "input", [port.name for port in node.inputs])
            yield from _repeated(site, "output", [port.name for port in node.outputs])


def repeated_condition_name(level: Level) -> Iterator[Placed]:
    """A connection couldn't tell two conditions of a node apart."""
    for site in level.of_type.get(NodeType.CONDITION, ()):
        names = [entry["name"] for entry in site.conditions]
        if len(set(names)) < len(names):
            yield from _repeated(site, "condition", names)


def repeated_connection_name(level: Level) -> Iterator[Placed]:
    """A finding couldn't tell two connections apart."""
    for position in _repeats([edge.connection.name for edge in level.edges]):
        edge = level.edges[position]
        message = f"Connection '{edge.connection.name}' has the same name as another connection."
        yield edge.place, Finding.unspecified(message, connection=edge.connection.name)


def condition_without_inputs(level: Level) -> Iterator[Placed]:
    """A Condition node has nothing to ask about."""
    for site in level.of_type.get(NodeType.CONDITION, ()):
        if not site.inputs:
            yield _unspecified(site, "has no input.")


def too_many_code_inputs(level: Level) -> Iterator[Placed]:
    """An InlineCode node has more inputs than the limit (bedrock section 1.6)."""
    most = level.limits.inline_code_inputs
    for site in level.of_type.get(NodeType.INLINE_CODE, ()):
        if len(site.inputs) > most:
            yield _unspecified(site, f"has {len(site.inputs)} inputs; at most {most} are allowed.")


def collector_without_iterator(level: Level) -> Iterator[Placed]:
    """Nothing makes the items that a Collector waits for (bedrock section 2.16)."""
    if (collectors := level.of_type.get(NodeType.COLLECTOR)) is not None:
        iterators = level.of_type.get(NodeType.ITERATOR, ())
        fed = graph.reached([site.node.name for site in iterators], level.arrows)
        for site in collectors:
            if site.node.name not in fed:
                yield _unspecified(site, "collects nothing: no Iterator leads to it.")


def nested_loop(level: Level) -> Iterator[Placed]:
    """A Loop is inside another one (bedrock section 2.17)."""
    if level.loop is not None:
        for site in level.of_type.get(NodeType.LOOP, ()):
            yield _unspecified(
                site, f"is a Loop inside the Loop '{level.loop.name}', which is not supported."
            )


def loop_part_outside_loop(level: Level) -> Iterator[Placed]:
    """A LoopInput or LoopController is not inside a Loop (bedrock section 2.17)."""
    if level.loop is not None or _INSIDE_LOOPS_ONLY.isdisjoint(level.of_type):
        return
    for site in level.sites:
        if site.node.type in _INSIDE_LOOPS_ONLY:
            yield _unspecified(site, f"is a {site.node.type} outside a Loop.")


def too_many_of_a_type(level: Level) -> Iterator[Placed]:
    """There are more nodes of a type than the limit (bedrock section 1.6)."""
    if level.loop is None:
        counts = Counter({node_type: len(sites) for node_type, sites in level.of_type.items()})
        for loop in level.of_type.get(NodeType.LOOP, ()):
            counts.update(_types_inside(loop.node.body))
        for node_type, most in level.limits.nodes.items():
            if counts[node_type] > most:
                message = f"The flow has {counts[node_type]} {node_type} nodes; at most {most} are allowed."
                yield level.end, Finding.unspecified(message)


def _types_inside(body: Definition | None) -> Iterator[NodeType]:
    """The types inside a loop that count; what may not be in a loop at all has its own finding."""
    for node in body.nodes if body is not None else ():
        if node.type not in LOOP_INCOMPATIBLE:
            yield node.type
        yield from _types_inside(node.body)


def _repeated(site: Site, what: str, names: list[str]) -> Iterator[Placed]:
    for position in _repeats(names):
        yield _unspecified(site, f"has more than one {what} '{names[position]}'.")


def _repeats(names: list[str]) -> Iterator[int]:
    """The position of the second of each name that is there more than once."""
    if len(set(names)) == len(names):
        return
    seen: Counter[str] = Counter()
    for position, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield position


def _unspecified(site: Site, predicate: str) -> Placed:
    message = f"Node '{site.node.name}' {predicate}"
    return site.place, Finding.unspecified(message, node=site.node.name)
