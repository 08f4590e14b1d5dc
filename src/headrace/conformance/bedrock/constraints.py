"""What the service model forbids, a member at a time: SDKs let most of it through (bedrock 0.5, 1.4, 2.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.definitions import FORK, LINE, LOOP, changed
from headrace.conformance.checks import Area, Standing
from headrace.conformance.expecting import equal, member

area = Area("bedrock", "constraints")


class Constraint(NamedTuple):
    """A member of CreateFlow that is out of bounds.

    Attributes:
        name: the rule's.
        title: the rule.
        value: what is sent in its place; None leaves it out.
    """

    name: str
    title: str
    section: str
    member: str
    value: Any


def _nodes(size: int) -> dict[str, Any]:
    return {"nodes": [{"name": f"Node{index}", "type": "Input"} for index in range(size)]}


ROLE = "arn:aws:iam::111122223333:role/"
CONDITIONS = "nodes/1/configuration/condition/conditions"
LINK = "connections/0"
CONTROL = "nodes/1/configuration/loop/definition/nodes/2/configuration/loopController"

TABLE = (
    Constraint("name-missing", "A flow needs a name.", "1.4", "name", None),
    Constraint("name-empty", "The name of a flow is not empty.", "1.1", "name", ""),
    Constraint("name-separators", "A name has no two separators in a row.", "1.1", "name", "a--b"),
    Constraint("name-start", "A name begins with a letter or a digit.", "1.1", "name", "-a"),
    Constraint("name-blank", "A name has no blanks.", "1.1", "name", "a b"),
    Constraint("name-length", "A name has at most a hundred letters and digits.", "1.1", "name", "a" * 101),
    Constraint("name-letters", "A name has ASCII letters only.", "1.1", "name", "ähm"),
    Constraint("name-type", "A name is text.", "1.4", "name", ["a"]),
    Constraint("description-empty", "A description is not empty.", "1.4", "description", ""),
    Constraint(
        "description-length", "A description has at most 200 characters.", "1.4", "description", "d" * 201
    ),
    Constraint("description-type", "A description is text.", "1.4", "description", 7),
    Constraint("role-missing", "A flow needs a role.", "1.4", "executionRoleArn", None),
    Constraint(
        "role-pattern", "The role is the ARN of a role.", "1.4", "executionRoleArn", "arn:aws:iam::1:user/a"
    ),
    Constraint(
        "role-length", "The role has at most 2048 characters.", "1.4", "executionRoleArn", ROLE + "r" * 2048
    ),
    Constraint(
        "key-pattern", "The encryption key is the ARN of a key.", "1.4", "customerEncryptionKeyArn", "key"
    ),
    Constraint("token-length", "A clientToken has at least 33 characters.", "1.1", "clientToken", "short"),
    Constraint(
        "token-pattern",
        "A clientToken has letters, digits and hyphens.",
        "1.1",
        "clientToken",
        "x" * 40 + "!",
    ),
    Constraint(
        "tag-value", "The value of a tag has a limited set of characters.", "1.1", "tags", {"a": "<b>"}
    ),
    Constraint(
        "tag-key-length", "The key of a tag has at most 128 characters.", "1.1", "tags", {"k" * 129: "v"}
    ),
    Constraint(
        "tag-value-length", "The value of a tag has at most 256 characters.", "1.1", "tags", {"k": "v" * 257}
    ),
    Constraint("definition-type", "A definition is an object.", "2.1", "definition", []),
    Constraint("nodes-size", "A definition has at most forty nodes.", "1.6", "definition", _nodes(41)),
    Constraint(
        "node-name",
        "The name of a node has two characters at least.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/name", "x"),
    ),
    Constraint(
        "node-name-hyphen",
        "The name of a node has no hyphen.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/name", "a-b"),
    ),
    Constraint(
        "node-type",
        "The type of a node is one of sixteen.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/type", "Oracle"),
    ),
    Constraint(
        "node-type-case",
        "The type of a node is spelt as it is.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/type", "input"),
    ),
    Constraint(
        "data-type",
        "The type of an input or output is one of five.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/outputs/0/type", "Date"),
    ),
    Constraint(
        "inputs-size",
        "A node has at most twenty inputs.",
        "1.6",
        "definition",
        changed(
            LINE,
            "nodes/1/inputs",
            [{"name": f"i{n}n", "type": "String", "expression": "$.data"} for n in range(21)],
        ),
    ),
    Constraint(
        "outputs-size",
        "A node has at most five outputs.",
        "1.6",
        "definition",
        changed(LINE, "nodes/0/outputs", [{"name": f"o{n}o", "type": "String"} for n in range(6)]),
    ),
    Constraint(
        "expression-missing",
        "An input needs an expression.",
        "2.1",
        "definition",
        changed(LINE, "nodes/1/inputs/0/expression"),
    ),
    Constraint(
        "expression-length",
        "An expression has at most 64 characters.",
        "1.6",
        "definition",
        changed(LINE, "nodes/1/inputs/0/expression", "$.data." + "a" * 58),
    ),
    Constraint(
        "conditions-size",
        "A condition node has at most five conditions.",
        "1.6",
        "definition",
        changed(FORK, CONDITIONS, [{"name": f"c{n}c", "expression": "amount > 1"} for n in range(6)]),
    ),
    Constraint(
        "condition-length",
        "The expression of a condition has at most 64 characters.",
        "1.6",
        "definition",
        changed(FORK, f"{CONDITIONS}/0/expression", "amount > " + "1" * 60),
    ),
    Constraint(
        "connection-type",
        "A connection is Data or Conditional.",
        "2.1",
        "definition",
        changed(LINE, f"{LINK}/type", "Wire"),
    ),
    Constraint(
        "connection-target",
        "A connection needs a target.",
        "2.1",
        "definition",
        changed(LINE, f"{LINK}/target"),
    ),
    Constraint(
        "connection-name",
        "The name of a connection has no blanks.",
        "2.1",
        "definition",
        changed(LINE, f"{LINK}/name", "a b"),
    ),
    Constraint(
        "configuration-union",
        "A node has one configuration, not two.",
        "2.1",
        "definition",
        changed(LINE, "nodes/0/configuration", {"input": {}, "output": {}}),
    ),
    Constraint(
        "iterations",
        "A loop has at most a thousand rounds.",
        "1.6",
        "definition",
        changed(LOOP, f"{CONTROL}/maxIterations", 1001),
    ),
)


def _refused(member: str, value: Any, aws: Bedrock) -> None:
    body = aws.flow_body(**{member: value})
    aws.refused("CreateFlow", body=body, status=400, code="ValidationException")


def _check(constraint: Constraint) -> Callable[[Any], None]:
    return partial(_refused, constraint.member, constraint.value)


for _one in TABLE:
    area.add(_one.name, _one.title, _one.section, Standing.DOCUMENTED, _check(_one))


@area.documented("1.1")
def name_with_separators(aws: Bedrock) -> None:
    """A name may have single separators, and a hundred letters beside them."""
    aws.flow(name=f"{aws.name()}_a-{'b' * 60}-")


@area.documented("2.1")
def long_names_of_connections(aws: Bedrock) -> None:
    """The name of a connection may be longer than the model has it: AWS's own console makes such."""
    long = "C" * 106
    flow = aws.flow(definition=changed(LINE, "connections/0/name", long))
    equal("the name", member("the flow", flow, "definition", "connections", 0, "name"), long)


@area.presumed("9.22")
def more_than_twenty_connections(aws: Bedrock) -> None:
    """A definition may have up to a hundred connections, as CloudFormation's schema has it."""
    link = LINE["connections"][0]
    many = [{**link, "name": f"link{index}"} for index in range(21)]
    aws.flow(definition={**LINE, "connections": many})
