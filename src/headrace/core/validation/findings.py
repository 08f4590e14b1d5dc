"""What can be wrong with a definition: the 33 types, their gravity and their words (bedrock section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FindingType(StrEnum):
    """What is wrong."""

    CYCLIC_CONNECTION = "CyclicConnection"
    DUPLICATE_CONNECTIONS = "DuplicateConnections"
    DUPLICATE_CONDITION_EXPRESSION = "DuplicateConditionExpression"
    UNREACHABLE_NODE = "UnreachableNode"
    UNKNOWN_CONNECTION_SOURCE = "UnknownConnectionSource"
    UNKNOWN_CONNECTION_SOURCE_OUTPUT = "UnknownConnectionSourceOutput"
    UNKNOWN_CONNECTION_TARGET = "UnknownConnectionTarget"
    UNKNOWN_CONNECTION_TARGET_INPUT = "UnknownConnectionTargetInput"
    UNKNOWN_CONNECTION_CONDITION = "UnknownConnectionCondition"
    MALFORMED_CONDITION_EXPRESSION = "MalformedConditionExpression"
    MALFORMED_NODE_INPUT_EXPRESSION = "MalformedNodeInputExpression"
    MISMATCHED_NODE_INPUT_TYPE = "MismatchedNodeInputType"
    MISMATCHED_NODE_OUTPUT_TYPE = "MismatchedNodeOutputType"
    INCOMPATIBLE_CONNECTION_DATA_TYPE = "IncompatibleConnectionDataType"
    MISSING_CONNECTION_CONFIGURATION = "MissingConnectionConfiguration"
    MISSING_DEFAULT_CONDITION = "MissingDefaultCondition"
    MISSING_ENDING_NODES = "MissingEndingNodes"
    MISSING_NODE_CONFIGURATION = "MissingNodeConfiguration"
    MISSING_NODE_INPUT = "MissingNodeInput"
    MISSING_NODE_OUTPUT = "MissingNodeOutput"
    MISSING_STARTING_NODES = "MissingStartingNodes"
    MULTIPLE_NODE_INPUT_CONNECTIONS = "MultipleNodeInputConnections"
    UNFULFILLED_NODE_INPUT = "UnfulfilledNodeInput"
    UNSATISFIED_CONNECTION_CONDITIONS = "UnsatisfiedConnectionConditions"
    UNSPECIFIED = "Unspecified"
    UNKNOWN_NODE_INPUT = "UnknownNodeInput"
    UNKNOWN_NODE_OUTPUT = "UnknownNodeOutput"
    MISSING_LOOP_INPUT_NODE = "MissingLoopInputNode"
    MISSING_LOOP_CONTROLLER_NODE = "MissingLoopControllerNode"
    MULTIPLE_LOOP_INPUT_NODES = "MultipleLoopInputNodes"
    MULTIPLE_LOOP_CONTROLLER_NODES = "MultipleLoopControllerNodes"
    LOOP_INCOMPATIBLE_NODE_TYPE = "LoopIncompatibleNodeType"
    INVALID_LOOP_BOUNDARY = "InvalidLoopBoundary"


class Severity(StrEnum):
    """Whether a flow with this finding can run."""

    WARNING = "Warning"
    ERROR = "Error"


_T = FindingType

MESSAGES: Mapping[FindingType, str] = MappingProxyType(
    {
        _T.CYCLIC_CONNECTION: "Connection '{connection}' creates a cycle in the flow.",
        _T.DUPLICATE_CONNECTIONS: (
            "There is more than one identical connection from '{source}' to '{target}'."
        ),
        _T.DUPLICATE_CONDITION_EXPRESSION: "Node '{node}' uses the expression '{expression}' more than once.",
        _T.UNREACHABLE_NODE: "Node '{node}' can't be reached from a starting node.",
        _T.UNKNOWN_CONNECTION_SOURCE: "Connection '{connection}' starts at an unknown node.",
        _T.UNKNOWN_CONNECTION_SOURCE_OUTPUT: (
            "Connection '{connection}' uses an unknown output of its source node."
        ),
        _T.UNKNOWN_CONNECTION_TARGET: "Connection '{connection}' ends at an unknown node.",
        _T.UNKNOWN_CONNECTION_TARGET_INPUT: (
            "Connection '{connection}' uses an unknown input of its target node."
        ),
        _T.UNKNOWN_CONNECTION_CONDITION: "Connection '{connection}' refers to an unknown condition.",
        _T.MALFORMED_CONDITION_EXPRESSION: (
            "The expression of condition '{condition}' in node '{node}' is malformed: {cause}"
        ),
        _T.MALFORMED_NODE_INPUT_EXPRESSION: (
            "The expression of input '{input}' in node '{node}' is malformed: {cause}"
        ),
        _T.MISMATCHED_NODE_INPUT_TYPE: "Input '{input}' of node '{node}' must be of type {expected_type}.",
        _T.MISMATCHED_NODE_OUTPUT_TYPE: "Output '{output}' of node '{node}' must be of type {expected_type}.",
        _T.INCOMPATIBLE_CONNECTION_DATA_TYPE: "Connection '{connection}' joins incompatible data types.",
        _T.MISSING_CONNECTION_CONFIGURATION: "Connection '{connection}' has no configuration.",
        _T.MISSING_DEFAULT_CONDITION: "Condition node '{node}' has no default condition.",
        _T.MISSING_ENDING_NODES: "The flow has no output node.",
        _T.MISSING_NODE_CONFIGURATION: "Node '{node}' is missing a required configuration.",
        _T.MISSING_NODE_INPUT: "Node '{node}' is missing the required input '{input}'.",
        _T.MISSING_NODE_OUTPUT: "Node '{node}' is missing the required output '{output}'.",
        _T.MISSING_STARTING_NODES: "The flow has no input node.",
        _T.MULTIPLE_NODE_INPUT_CONNECTIONS: "Input '{input}' of node '{node}' has more than one connection.",
        _T.UNFULFILLED_NODE_INPUT: "Input '{input}' of node '{node}' has no connection.",
        _T.UNSATISFIED_CONNECTION_CONDITIONS: "Connection '{connection}' can never be satisfied.",
        _T.UNKNOWN_NODE_INPUT: "Node '{node}' has an unknown input '{input}'.",
        _T.UNKNOWN_NODE_OUTPUT: "Node '{node}' has an unknown output '{output}'.",
        _T.MISSING_LOOP_INPUT_NODE: "Loop '{loop_node}' has no LoopInput node.",
        _T.MISSING_LOOP_CONTROLLER_NODE: "Loop '{loop_node}' has no LoopController node.",
        _T.MULTIPLE_LOOP_INPUT_NODES: "Loop '{loop_node}' has more than one LoopInput node.",
        _T.MULTIPLE_LOOP_CONTROLLER_NODES: "Loop '{loop_node}' has more than one LoopController node.",
        _T.LOOP_INCOMPATIBLE_NODE_TYPE: (
            "Loop '{node}' contains node '{incompatible_node_name}' of type {incompatible_node_type}, "
            "which loops don't support."
        ),
        _T.INVALID_LOOP_BOUNDARY: "Connection '{connection}' crosses the boundary of a loop.",
    }
)
"""The sentence of each type, with the names of its details; Unspecified has its own words each time."""

_WARNINGS = frozenset({FindingType.DUPLICATE_CONDITION_EXPRESSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a definition.

    Attributes:
        type: what is wrong.
        severity: whether the flow can run all the same.
        message: the same as a sentence.
        details: where, by the names that `MESSAGES` uses, such as ``node`` or ``expected_type``.
        node: the node that it is about; None when it is about something else.
        connection: the connection that it is about; None when it is about something else.
        within: the Loops in whose bodies that is, outermost first: names count only there.
    """

    type: FindingType
    severity: Severity
    message: str
    details: Mapping[str, str]
    node: str | None = None
    connection: str | None = None
    within: tuple[str, ...] = ()

    @staticmethod
    def of(finding_type: FindingType, **details: str) -> Finding:
        """A finding in the words of its type."""
        return Finding(
            type=finding_type,
            severity=Severity.WARNING if finding_type in _WARNINGS else Severity.ERROR,
            message=MESSAGES[finding_type].format_map(details),
            details=details,
            node=details.get("node") or details.get("loop_node"),
            connection=details.get("connection"),
        )

    @staticmethod
    def unspecified(message: str, *, node: str | None = None, connection: str | None = None) -> Finding:
        """A finding that has no type of its own."""
        return Finding(
            type=FindingType.UNSPECIFIED,
            severity=Severity.ERROR,
            message=message,
            details={},
            node=node,
            connection=connection,
        )
