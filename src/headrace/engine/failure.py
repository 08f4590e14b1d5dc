"""How a run fails, and the sentences that the contract prescribes for it."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.definition import PortType
from headrace.core.errors import HeadraceError
from headrace.core.execution import FailureKind


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong in a node.

    Attributes:
        message: the cause.
        resource: what failed it; None when nothing outside did.
    """

    kind: FailureKind
    message: str
    resource: str | None = None

    def told_by(self, node: str) -> str:
        """What the caller of the flow is told (bedrock 4.6); what AWS words itself is passed on as it is."""
        if self.kind is FailureKind.VALIDATION or self.kind is FailureKind.TIMED_OUT:
            return self.message
        return f"Node {node} failed: {self.message}"


class NodeRefuses(HeadraceError):
    """A node can't do anything sensible with these values.

    Attributes:
        failure: what is wrong with them.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind=FailureKind.VALIDATION, message=message)


def wrong_output(node: str, output: str, wanted: PortType, value: Any) -> NodeRefuses:
    """An output is not of the declared type (bedrock 2.4)."""
    return NodeRefuses(_mismatch("Output", node, output, wanted, value))


def wrong_input(node: str, name: str, wanted: PortType, value: Any) -> NodeRefuses:
    """An input is not of the declared type (bedrock 2.4)."""
    return NodeRefuses(_mismatch("Input", node, name, wanted, value))


def unevaluable(node: str, name: str, expression: str, reason: str) -> NodeRefuses:
    """An expression points at nothing (bedrock 2.5)."""
    return NodeRefuses(
        f"Failed to evaluate expression '{expression}' of input {name} of node {node}: {reason}"
    )


def _mismatch(side: str, node: str, name: str, wanted: PortType, value: Any) -> str:
    actual = (PortType.of(value) or "null").upper()
    return (
        f"Expected type for Node {side} {name} of Node {node} to be {wanted.upper()}. "
        f"Actual type is {actual}."
    )
