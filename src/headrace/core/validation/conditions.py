"""The rules about what Condition nodes and loop controllers ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headrace.core.condition import MalformedCondition, normal_form, parse
from headrace.core.definition import InputCategory, NodeInput, NodeType, PortType
from headrace.core.node_types import is_blank
from headrace.core.validation.findings import FindingType
from headrace.core.validation.level import Level, Placed, Site
from headrace.core.validation.nodes import at

DEFAULT = "default"
"""The name of the condition that wins when no other does."""


def duplicate_expression(level: Level) -> Iterator[Placed]:
    """Two conditions of a node ask the same; the second can never win."""
    for site in _asking(level, NodeType.CONDITION):
        expressions: list[str] = [text for entry in site.conditions if (text := entry.get("expression"))]
        if len(expressions) < 2:
            continue
        uses: dict[str, int] = {}
        for expression in expressions:
            if not is_blank(expression):
                form = normal_form(expression)
                uses[form] = uses.get(form, 0) + 1
                if uses[form] == 2:
                    yield at(site, FindingType.DUPLICATE_CONDITION_EXPRESSION, expression=expression)


def malformed_expression(level: Level) -> Iterator[Placed]:
    """A condition can't be read against the node's inputs (bedrock section 2.6)."""
    for site in _asking(level, NodeType.CONDITION):
        inputs = _types(site.inputs.values())
        for entry in site.conditions:
            if cause := _fault(entry, inputs):
                yield _malformed(site, entry, cause)


def malformed_continue_condition(level: Level) -> Iterator[Placed]:
    """A loop's condition can't be read against the inputs that are meant for it."""
    for site in _asking(level, NodeType.LOOP_CONTROLLER):
        asked = [port for port in site.inputs.values() if _is_variable(port)]
        entry = site.settings["continueCondition"]
        if cause := _expression_fault(entry.get("expression"), _types(asked)):
            yield _malformed(site, entry, cause)


def missing_default(level: Level) -> Iterator[Placed]:
    """No condition wins when all others fail."""
    for site in _asking(level, NodeType.CONDITION):
        if DEFAULT not in [entry["name"] for entry in site.conditions]:
            yield at(site, FindingType.MISSING_DEFAULT_CONDITION)


def _asking(level: Level, node_type: NodeType) -> Iterator[Site]:
    """The nodes of a type whose configuration can be looked into."""
    for site in level.of_type.get(node_type, ()):
        if site.is_configured:
            yield site


def _is_variable(port: NodeInput) -> bool:
    return port.category in (None, InputCategory.LOOP_CONDITION)


def _types(ports: Iterable[NodeInput]) -> Mapping[str, PortType]:
    return {port.name: port.type for port in ports}


def _fault(entry: Mapping[str, Any], inputs: Mapping[str, PortType]) -> str | None:
    if entry["name"] != DEFAULT:
        return _expression_fault(entry.get("expression"), inputs)
    return None if is_blank(entry.get("expression")) else "the default condition can't have an expression"


def _expression_fault(expression: str | None, inputs: Mapping[str, PortType]) -> str | None:
    if expression is None or is_blank(expression):
        return "there is no expression"
    try:
        parse(expression, inputs)
    except MalformedCondition as malformed:
        return str(malformed)
    return None


def _malformed(site: Site, entry: Mapping[str, Any], cause: str) -> Placed:
    return at(site, FindingType.MALFORMED_CONDITION_EXPRESSION, condition=entry["name"], cause=cause)
