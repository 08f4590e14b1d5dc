"""The rules about nodes: their ports, their configuration, and whether anything gets to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.core import template
from headrace.core.definition import NodeInput, NodeOutput, NodeType, PortType
from headrace.core.expression import MalformedExpression, parse
from headrace.core.node_types import Port, setting
from headrace.core.validation.findings import Finding, FindingType
from headrace.core.validation.level import Level, Placed, PromptVariables, Site


def at(site: Site, finding_type: FindingType, **details: str) -> Placed:
    """A finding about a node."""
    return site.place, Finding.of(finding_type, node=site.node.name, **details)


def unreachable_node(level: Level) -> Iterator[Placed]:
    """No path from a starting node leads to it."""
    if level.definition.by_name.keys() <= level.reached:
        return
    for site in level.sites:
        if site.node.name not in level.reached:
            yield at(site, FindingType.UNREACHABLE_NODE)


def missing_configuration(level: Level) -> Iterator[Placed]:
    """It has no configuration, one for another type, or a blank where a value is needed."""
    for site in level.sites:
        if not site.is_configured:
            yield at(site, FindingType.MISSING_NODE_CONFIGURATION)


def malformed_input_expression(level: Level) -> Iterator[Placed]:
    """The expression of an input is not one (bedrock section 2.5)."""
    for site in level.odd:
        for name, port in site.inputs.items():
            try:
                parse(port.expression)
            except MalformedExpression as malformed:
                yield at(site, FindingType.MALFORMED_NODE_INPUT_EXPRESSION, input=name, cause=str(malformed))


def mismatched_input_type(level: Level) -> Iterator[Placed]:
    """A fixed input is declared with another type than it has."""
    for site in level.odd:
        for name, expected in _mismatches(site.inputs, site.contract.inputs):
            yield at(site, FindingType.MISMATCHED_NODE_INPUT_TYPE, input=name, expected_type=expected)


def mismatched_output_type(level: Level) -> Iterator[Placed]:
    """A fixed output is declared with another type than it has."""
    for site in level.odd:
        for name, expected in _mismatches(site.outputs, site.known_outputs):
            yield at(site, FindingType.MISMATCHED_NODE_OUTPUT_TYPE, output=name, expected_type=expected)


def missing_input(level: Level) -> Iterator[Placed]:
    """A fixed input is not declared."""
    for site in level.odd:
        for name, port in site.contract.inputs.items():
            if port.is_required and name not in site.inputs:
                yield at(site, FindingType.MISSING_NODE_INPUT, input=name)


def unfilled_variable(level: Level) -> Iterator[Placed]:
    """A prompt's variable is filled by the input of its name, so there has to be one."""
    for site in level.of_type.get(NodeType.PROMPT, ()):
        if site.is_configured:
            for name in variables(site.settings, level.prompt_variables):
                if name not in site.inputs:
                    yield at(site, FindingType.MISSING_NODE_INPUT, input=name)


def missing_output(level: Level) -> Iterator[Placed]:
    """A fixed output is not declared."""
    for site in level.odd:
        for name, port in site.known_outputs.items():
            is_needed = port.is_required and (port.beside is None or port.beside in level.of_type)
            is_certain = site.is_configured or not port.hangs_on_settings
            if name not in site.outputs and is_needed and is_certain:
                yield at(site, FindingType.MISSING_NODE_OUTPUT, output=name)


def multiple_connections(level: Level) -> Iterator[Placed]:
    """Several connections bring data to one input; nothing merges them."""
    for site in level.sites if level.crowded else ():
        for name in site.inputs:
            if (site.node.name, name) in level.crowded:
                yield at(site, FindingType.MULTIPLE_NODE_INPUT_CONNECTIONS, input=name)


def unfulfilled_input(level: Level) -> Iterator[Placed]:
    """An input is declared and gets no value."""
    for site in level.sites:
        for name in site.inputs:
            if (site.node.name, name) not in level.fulfilled and _must_be_fulfilled(site, name):
                yield at(site, FindingType.UNFULFILLED_NODE_INPUT, input=name)


def unknown_input(level: Level) -> Iterator[Placed]:
    """An input is declared that the type does not have."""
    for site in level.odd:
        if not site.contract.has_own_inputs:
            for name in site.inputs:
                if name not in site.contract.inputs:
                    yield at(site, FindingType.UNKNOWN_NODE_INPUT, input=name)


def unknown_output(level: Level) -> Iterator[Placed]:
    """An output is declared that the type does not have."""
    for site in level.odd:
        if not site.contract.has_own_outputs:
            for name in site.outputs:
                if name not in site.known_outputs:
                    yield at(site, FindingType.UNKNOWN_NODE_OUTPUT, output=name)


def _must_be_fulfilled(site: Site, name: str) -> bool:
    # Quirk(bedrock): LoopInput lists its inputs only to declare them (section 2.17).
    if site.node.type is NodeType.LOOP_INPUT:
        return False
    if (port := site.contract.inputs.get(name)) is not None:
        return port.is_required
    # An input that must not be there is told so once, not asked for a connection as well.
    return site.contract.has_own_inputs


def _mismatches(
    declared: Mapping[str, NodeInput] | Mapping[str, NodeOutput], fixed: Mapping[str, Port]
) -> Iterator[tuple[str, PortType]]:
    for name, port in declared.items():
        expected = fixed[name].type if name in fixed else None
        if expected is not None and port.type is not expected:
            yield name, expected


def variables(settings: Mapping[str, Any], prompt_variables: PromptVariables) -> tuple[str, ...]:
    """The variables of a prompt in the order of its text; of a resource, by name; none if unreadable."""
    written = setting(settings, ("sourceConfiguration", "inline", "templateConfiguration"))
    if written is not None:
        return template.variables(template.texts(written))
    arn = setting(settings, ("sourceConfiguration", "resource", "promptArn"))
    return tuple(sorted(prompt_variables(arn) or ())) if arn else ()
