"""The rules about connections: that their ends exist, fit together, and can come to pass."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.core.definition import NodeInput, NodeOutput, NodeType
from headrace.core.expression import ROOT, MalformedExpression, parse
from headrace.core.validation.findings import Finding, FindingType
from headrace.core.validation.level import Edge, Level, Placed


def at(edge: Edge, finding_type: FindingType, **details: str) -> Placed:
    """A finding about a connection."""
    return edge.place, Finding.of(finding_type, connection=edge.connection.name, **details)


def cyclic(level: Level) -> Iterator[Placed]:
    """It leads back to where the walk came from."""
    for edge in level.edges if level.closing else ():
        if edge.place in level.closing:
            yield at(edge, FindingType.CYCLIC_CONNECTION)


def duplicate(level: Level) -> Iterator[Placed]:
    """The same connection is there more than once."""
    for edge in level.edges:
        if edge.copies > 1:
            source, target = edge.connection.source, edge.connection.target
            finding = Finding.of(FindingType.DUPLICATE_CONNECTIONS, source=source, target=target)
            yield edge.place, finding


def unknown_source(level: Level) -> Iterator[Placed]:
    """It starts at a node that is nowhere in the flow."""
    for edge in level.loose:
        if edge.source is None and edge.connection.source not in level.names:
            yield at(edge, FindingType.UNKNOWN_CONNECTION_SOURCE)


def unknown_source_output(level: Level) -> Iterator[Placed]:
    """It takes from an output that its source does not declare."""
    for edge in level.loose:
        if edge.source is not None and edge.output is None and _is_data(edge) and not _crosses(level, edge):
            yield at(edge, FindingType.UNKNOWN_CONNECTION_SOURCE_OUTPUT)


def unknown_target(level: Level) -> Iterator[Placed]:
    """It ends at a node that is nowhere in the flow."""
    for edge in level.loose:
        if edge.target is None and edge.connection.target not in level.names:
            yield at(edge, FindingType.UNKNOWN_CONNECTION_TARGET)


def unknown_target_input(level: Level) -> Iterator[Placed]:
    """It gives to an input that its target does not declare."""
    for edge in level.loose:
        if edge.target is not None and edge.input is None and _is_data(edge) and not _crosses(level, edge):
            yield at(edge, FindingType.UNKNOWN_CONNECTION_TARGET_INPUT)


def unknown_condition(level: Level) -> Iterator[Placed]:
    """It waits for a condition that its source does not have."""
    for edge in level.loose:
        is_stray = edge.source is not None and edge.connection.condition is not None and not edge.is_gate
        if is_stray and not _asks_a_blank_node(edge) and not _crosses(level, edge):
            yield at(edge, FindingType.UNKNOWN_CONNECTION_CONDITION)


def incompatible_type(level: Level) -> Iterator[Placed]:
    """What comes out can't become what goes in, as far as types tell."""
    for edge in level.edges:
        output, taken = edge.output, edge.input
        if output is not None and taken is not None and not _fits(output, taken):
            yield at(edge, FindingType.INCOMPATIBLE_CONNECTION_DATA_TYPE)


def missing_configuration(level: Level) -> Iterator[Placed]:
    """It does not say what it joins."""
    for edge in level.loose:
        if not edge.connection.is_configured:
            yield at(edge, FindingType.MISSING_CONNECTION_CONFIGURATION)


def unsatisfied(level: Level) -> Iterator[Placed]:
    """It makes its target wait for two results that exclude each other."""
    for edge in level.edges if level.contradicting else ():
        if edge.place in level.contradicting:
            yield at(edge, FindingType.UNSATISFIED_CONNECTION_CONDITIONS)


def invalid_loop_boundary(level: Level) -> Iterator[Placed]:
    """It joins the inside of a loop with the outside, or runs against the loop's order."""
    for edge in level.loose if level.loop is None else level.edges:
        if _crosses(level, edge):
            source, target = edge.connection.source, edge.connection.target
            yield at(edge, FindingType.INVALID_LOOP_BOUNDARY, source=source, target=target)


def _fits(output: NodeOutput, taken: NodeInput) -> bool:
    if taken.expression == ROOT:
        return output.type is taken.type
    try:
        expression = parse(taken.expression)
    except MalformedExpression:
        return True  # it has its own finding, and says nothing about types
    return expression.joins(output.type, taken.type)


def _is_data(edge: Edge) -> bool:
    return edge.connection.is_data and edge.connection.is_configured


def _asks_a_blank_node(edge: Edge) -> bool:
    """Whether the conditions can't be known, because the source node was never filled in."""
    site = edge.source
    return site is not None and site.node.type is NodeType.CONDITION and not site.is_configured


def _crosses(level: Level, edge: Edge) -> bool:
    source, target = edge.source, edge.target
    if source is None and edge.connection.source in level.names:
        return True
    if target is None and edge.connection.target in level.names:
        return True
    if level.loop is None:
        return False
    enters = target is not None and target.node.type is NodeType.LOOP_INPUT
    leaves = source is not None and source.node.type is NodeType.LOOP_CONTROLLER
    return enters or leaves
