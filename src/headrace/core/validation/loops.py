"""The rules about Loops: what has to be inside, what must not be, and how the inside meets the outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from headrace.core.definition import Definition, InputCategory, Node, NodeType
from headrace.core.node_types import LOOP_INCOMPATIBLE
from headrace.core.validation.findings import Finding, FindingType
from headrace.core.validation.level import Level, Placed, Site
from headrace.core.validation.nodes import at

Rule = Callable[[Level], Iterator[Placed]]


def _count_rule(node_type: NodeType, finding_type: FindingType, is_wrong: Callable[[int], bool]) -> Rule:
    def rule(level: Level) -> Iterator[Placed]:
        for site, body in _bodies(level):
            if is_wrong(len(body.of_type(node_type))):
                yield site.place, Finding.of(finding_type, loop_node=site.node.name)

    return rule


missing_input_node = _count_rule(
    NodeType.LOOP_INPUT, FindingType.MISSING_LOOP_INPUT_NODE, lambda count: count == 0
)
missing_controller = _count_rule(
    NodeType.LOOP_CONTROLLER, FindingType.MISSING_LOOP_CONTROLLER_NODE, lambda count: count == 0
)
multiple_input_nodes = _count_rule(
    NodeType.LOOP_INPUT, FindingType.MULTIPLE_LOOP_INPUT_NODES, lambda count: count > 1
)
multiple_controllers = _count_rule(
    NodeType.LOOP_CONTROLLER, FindingType.MULTIPLE_LOOP_CONTROLLER_NODES, lambda count: count > 1
)


def incompatible_node_type(level: Level) -> Iterator[Placed]:
    """A node is inside that can't be in a loop."""
    for site, body in _bodies(level):
        for node in body.nodes:
            if node.type in LOOP_INCOMPATIBLE:
                yield at(
                    site,
                    FindingType.LOOP_INCOMPATIBLE_NODE_TYPE,
                    incompatible_node_type=node.type,
                    incompatible_node_name=node.name,
                )


def missing_exit_value(level: Level) -> Iterator[Placed]:
    """A Loop's output is the controller's ExitLoop input of that name (bedrock section 2.17)."""
    for site, body in _bodies(level):
        controller = _only(body, NodeType.LOOP_CONTROLLER)
        if controller is None:
            continue
        exits = {port.name for port in controller.inputs if port.category is InputCategory.EXIT_LOOP}
        for name in site.outputs:
            if name not in exits:
                yield (
                    site.place,
                    Finding.of(FindingType.MISSING_NODE_INPUT, node=controller.name, input=name),
                )


def missing_start_value(level: Level) -> Iterator[Placed]:
    """A LoopInput's output starts as the Loop's input of that name (bedrock section 2.17)."""
    for site, body in _bodies(level):
        start = _only(body, NodeType.LOOP_INPUT)
        for port in start.outputs if start is not None else ():
            if port.name not in site.inputs:
                yield at(site, FindingType.MISSING_NODE_INPUT, input=port.name)


def _bodies(level: Level) -> Iterator[tuple[Site, Definition]]:
    for site in level.of_type.get(NodeType.LOOP, ()):
        if site.node.body is not None:
            yield site, site.node.body


def _only(body: Definition, node_type: NodeType) -> Node | None:
    """The node of a type; None when there isn't exactly one, which has its own finding."""
    nodes = body.of_type(node_type)
    return nodes[0] if len(nodes) == 1 else None
