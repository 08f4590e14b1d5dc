"""Whether a definition makes sense: every rule of bedrock section 3.2, and the order of what they find.

The rules live in `headrace.core.validation`, by what they look at; each is a function from one level of
the definition to what is wrong there. They are applied to the whole flow and to the body of each Loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from operator import itemgetter

from headrace.core.definition import Definition, NodeType
from headrace.core.validation import conditions, connections, loops, nodes, whole
from headrace.core.validation.findings import Finding, FindingType, Severity
from headrace.core.validation.level import GENEROUS, Level, Placed, PromptVariables, TypeLimits

__all__ = [
    "GENEROUS",
    "MAX_FINDINGS",
    "RULES",
    "Finding",
    "FindingType",
    "PromptVariables",
    "Severity",
    "TypeLimits",
    "validate",
]

MAX_FINDINGS = 100
"""How many findings are told at most (bedrock section 3.1)."""

_T = FindingType

RULES: tuple[tuple[FindingType, Callable[[Level], Iterator[Placed]]], ...] = (
    (_T.CYCLIC_CONNECTION, connections.cyclic),
    (_T.DUPLICATE_CONNECTIONS, connections.duplicate),
    (_T.DUPLICATE_CONDITION_EXPRESSION, conditions.duplicate_expression),
    (_T.UNREACHABLE_NODE, nodes.unreachable_node),
    (_T.UNKNOWN_CONNECTION_SOURCE, connections.unknown_source),
    (_T.UNKNOWN_CONNECTION_SOURCE_OUTPUT, connections.unknown_source_output),
    (_T.UNKNOWN_CONNECTION_TARGET, connections.unknown_target),
    (_T.UNKNOWN_CONNECTION_TARGET_INPUT, connections.unknown_target_input),
    (_T.UNKNOWN_CONNECTION_CONDITION, connections.unknown_condition),
    (_T.MALFORMED_CONDITION_EXPRESSION, conditions.malformed_expression),
    (_T.MALFORMED_CONDITION_EXPRESSION, conditions.malformed_continue_condition),
    (_T.MALFORMED_NODE_INPUT_EXPRESSION, nodes.malformed_input_expression),
    (_T.MISMATCHED_NODE_INPUT_TYPE, nodes.mismatched_input_type),
    (_T.MISMATCHED_NODE_OUTPUT_TYPE, nodes.mismatched_output_type),
    (_T.INCOMPATIBLE_CONNECTION_DATA_TYPE, connections.incompatible_type),
    (_T.MISSING_CONNECTION_CONFIGURATION, connections.missing_configuration),
    (_T.MISSING_DEFAULT_CONDITION, conditions.missing_default),
    (_T.MISSING_ENDING_NODES, whole.missing_ending_nodes),
    (_T.MISSING_NODE_CONFIGURATION, nodes.missing_configuration),
    (_T.MISSING_NODE_INPUT, nodes.missing_input),
    (_T.MISSING_NODE_INPUT, nodes.unfilled_variable),
    (_T.MISSING_NODE_INPUT, loops.missing_start_value),
    (_T.MISSING_NODE_INPUT, loops.missing_exit_value),
    (_T.MISSING_NODE_OUTPUT, nodes.missing_output),
    (_T.MISSING_STARTING_NODES, whole.missing_starting_nodes),
    (_T.MULTIPLE_NODE_INPUT_CONNECTIONS, nodes.multiple_connections),
    (_T.UNFULFILLED_NODE_INPUT, nodes.unfulfilled_input),
    (_T.UNSATISFIED_CONNECTION_CONDITIONS, connections.unsatisfied),
    (_T.UNSPECIFIED, whole.repeated_node_name),
    (_T.UNSPECIFIED, whole.repeated_port_name),
    (_T.UNSPECIFIED, whole.repeated_condition_name),
    (_T.UNSPECIFIED, whole.repeated_connection_name),
    (_T.UNSPECIFIED, whole.condition_without_inputs),
    (_T.UNSPECIFIED, whole.too_many_code_inputs),
    (_T.UNSPECIFIED, whole.collector_without_iterator),
    (_T.UNSPECIFIED, whole.nested_loop),
    (_T.UNSPECIFIED, whole.loop_part_outside_loop),
    (_T.UNSPECIFIED, whole.too_many_of_a_type),
    (_T.UNKNOWN_NODE_INPUT, nodes.unknown_input),
    (_T.UNKNOWN_NODE_OUTPUT, nodes.unknown_output),
    (_T.MISSING_LOOP_INPUT_NODE, loops.missing_input_node),
    (_T.MISSING_LOOP_CONTROLLER_NODE, loops.missing_controller),
    (_T.MULTIPLE_LOOP_INPUT_NODES, loops.multiple_input_nodes),
    (_T.MULTIPLE_LOOP_CONTROLLER_NODES, loops.multiple_controllers),
    (_T.LOOP_INCOMPATIBLE_NODE_TYPE, loops.incompatible_node_type),
    (_T.INVALID_LOOP_BOUNDARY, connections.invalid_loop_boundary),
)
"""Every rule beside the type of what it finds, in the order of the contract's table."""

_DEFAULT_LIMITS = TypeLimits()


def _unreadable(_arn: str) -> None:
    """No prompt resource can be read here."""


def validate(
    definition: Definition,
    *,
    prompt_variables: PromptVariables = _unreadable,
    limits: TypeLimits = _DEFAULT_LIMITS,
) -> tuple[Finding, ...]:
    """What is wrong with a definition, at most `MAX_FINDINGS`.

    The order is: the nodes in their order, each Loop followed by what is wrong inside it, then the
    connections in their order, then the flow as a whole; at one place, the order of `RULES`.

    Args:
        prompt_variables: looks up the variables of a prompt resource by ARN; None when it can't be read.
        limits: how many nodes of a type there may be.
    """
    level = Level.of(definition, limits=limits, prompt_variables=prompt_variables)
    return tuple(islice(_found(level), MAX_FINDINGS))


def _found(level: Level) -> Iterator[Finding]:
    placed = [found for _, rule in RULES for found in rule(level)]
    for site in level.of_type.get(NodeType.LOOP, ()):
        if (inside := level.inside(site)) is not None:
            placed.extend((site.place, _within(site.node.name, finding)) for finding in _found(inside))
    placed.sort(key=itemgetter(0))
    return (finding for _, finding in placed)


def _within(loop: str, finding: Finding) -> Finding:
    return replace(finding, within=(loop, *finding.within))
