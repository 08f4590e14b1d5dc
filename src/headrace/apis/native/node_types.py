"""What flows are made of, over HTTP: the node types, and what is to be said of a definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.core.access import Right
from headrace.core.definition import InputCategory, NodeType, PortType
from headrace.core.errors import Problem
from headrace.core.node_catalogue import (
    CATALOGUE,
    empty_definition,
    example,
    example_definition,
    settings_key,
)
from headrace.core.node_types import CONTRACTS, LOOP_INCOMPATIBLE, Port
from headrace.core.validate import Finding
from headrace.services.versions import flow_drafts
from headrace.services.versions.flow_drafts import Verdict

INSIDE_LOOPS = frozenset({NodeType.LOOP_INPUT, NodeType.LOOP_CONTROLLER})


class PortBody(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output whose name its author can't choose.

    Attributes:
        type: None where the author declares it.
        is_required: whether a node must have it.
        given: the setting that makes it exist.
        without: the setting that makes it vanish.
    """

    name: str
    type: str | None
    is_required: bool
    given: str | None
    without: str | None


class NodeTypeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a node can be.

    Attributes:
        name: what a definition calls it.
        category: the group in which it stands among others.
        icon: a word for its picture.
        settings_key: the member of a node's configuration that holds its settings.
        settings: their JSON Schema. A choice is an object with `maxProperties` 1; `format` says that text has
            many lines (`multiline`), is `code`, an `expression`, any `json`, or a `flow` of its own;
            `x-follows` names the choice beside it that decides a value.
        has_own_inputs: whether the author may name further inputs.
        has_own_outputs: the same of outputs.
        input_categories: what its inputs may be for, where that is to be said.
        in_loops: `only`, `never` or `also`.
        example: a first node; what only its author knows is blank.
    """

    name: str
    title: str
    description: str
    category: str
    icon: str
    settings_key: str
    settings: dict[str, Any]
    inputs: list[PortBody]
    outputs: list[PortBody]
    has_own_inputs: bool
    has_own_outputs: bool
    input_categories: list[str]
    in_loops: str
    example: dict[str, Any]


class NodeTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """What flows are made of.

    Attributes:
        node_types: in the order of a palette.
        port_types: what values may be.
        empty: a definition that only begins and ends.
        example: a small one that runs as it is.
    """

    node_types: list[NodeTypeBody]
    port_types: list[str]
    empty: dict[str, Any]
    example: dict[str, Any]


class NewVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at.

    Attributes:
        definition: the nodes and connections of a flow.
    """

    definition: dict[str, Any]


class FindingBody(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a definition.

    Attributes:
        type: one of the finding types of ValidateFlowDefinition; `Shape` when it can't even be kept so.
        severity: `Error` keeps it from running, `Warning` does not.
        node: the node that it is about.
        connection: the connection that it is about.
        within: the loops in which that is, outermost first.
        path: of a `Shape`, the place in the definition.
        details: more, by name.
    """

    type: str
    severity: str
    message: str
    node: str | None
    connection: str | None
    within: list[str]
    path: list[str | int]
    details: dict[str, str]


class VariablesBody(msgspec.Struct, frozen=True, kw_only=True):
    """The variables of a prompt's text, which are filled from inputs of their names.

    Attributes:
        within: the loops in which the node is, outermost first.
    """

    node: str
    within: list[str]
    names: list[str]


class VerdictOfDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a definition.

    Attributes:
        can_be_kept: whether it has the shape of one.
        can_run: whether nothing keeps it from running.
        variables: of each prompt.
    """

    can_be_kept: bool
    can_run: bool
    findings: list[FindingBody]
    variables: list[VariablesBody]


async def list_node_types(call: Call) -> Response:
    """What flows are made of: each node type with its ports, its settings as JSON Schema, a first node."""
    schemas = call.ports.rules.settings_schemas()
    return ok(
        NodeTypeList(
            node_types=[_node_type(node_type, schemas[node_type]) for node_type in CATALOGUE],
            port_types=[one.value for one in PortType],
            empty=empty_definition(),
            example=example_definition(),
        )
    )


def _node_type(node_type: NodeType, schema: Mapping[str, Any]) -> NodeTypeBody:
    entry, contract = CATALOGUE[node_type], CONTRACTS[node_type]
    in_loops = "only" if node_type in INSIDE_LOOPS else "never" if node_type in _NOT_IN_LOOPS else "also"
    return NodeTypeBody(
        name=node_type.value,
        title=entry.title,
        description=entry.description,
        category=entry.category,
        icon=entry.icon,
        settings_key=settings_key(node_type),
        settings=dict(schema),
        inputs=_ports(contract.inputs.values()),
        outputs=_ports(contract.outputs.values()),
        has_own_inputs=contract.has_own_inputs,
        has_own_outputs=contract.has_own_outputs,
        input_categories=_CATEGORIES if node_type is NodeType.LOOP_CONTROLLER else [],
        in_loops=in_loops,
        example=example(node_type),
    )


_CATEGORIES = [one.value for one in InputCategory]
_NOT_IN_LOOPS = LOOP_INCOMPATIBLE | {NodeType.LOOP}


def _ports(ports: Iterable[Port]) -> list[PortBody]:
    return [
        PortBody(
            name=port.name,
            type=None if port.type is None else port.type.value,
            is_required=port.is_required,
            given=port.given,
            without=port.without,
        )
        for port in ports
    ]


async def validate(call: Call) -> Response:
    """What is wrong with a definition, and the variables of its prompts; nothing is kept.

    The findings are those of ValidateFlowDefinition, and also what keeps it from being kept at all.
    """
    body: NewVerdict = call.body
    return ok(verdict_body(await flow_drafts.judge(call.ports, call.principal, body.definition), body))


def verdict_body(verdict: Verdict, asked: NewVerdict) -> VerdictOfDefinition:
    """What is to be said of a definition."""
    shapes = [_shape_body(one, asked.definition) for one in verdict.problems]
    return VerdictOfDefinition(
        can_be_kept=not verdict.problems,
        can_run=verdict.can_run,
        findings=[*shapes, *(finding_body(one) for one in verdict.findings)],
        variables=[
            VariablesBody(node=place[-1], within=list(place[:-1]), names=list(names))
            for place, names in verdict.variables.items()
        ],
    )


def finding_body(finding: Finding) -> FindingBody:
    """One thing that is wrong with a definition that can be kept."""
    return FindingBody(
        type=finding.type.value,
        severity=finding.severity.value,
        message=finding.message,
        node=finding.node,
        connection=finding.connection,
        within=list(finding.within),
        path=[],
        details=dict(finding.details),
    )


def _shape_body(problem: Problem, definition: Any) -> FindingBody:
    within, node, connection = _place(problem.path, definition)
    return FindingBody(
        type="Shape",
        severity="Error",
        message=flow_drafts.rule_of(problem),
        node=node,
        connection=connection,
        within=within,
        path=list(problem.path),
        details={},
    )


def _place(path: Sequence[str | int], definition: Any) -> tuple[list[str], str | None, str | None]:
    """The loops, the node and the connection in which a place of a definition is, by their names."""
    names: list[str] = []
    what, part = None, definition
    for step, before in zip(path, ("", *path), strict=False):
        inside = isinstance(part, dict) and step in part
        part = part[step] if inside or (isinstance(part, list) and isinstance(step, int)) else None
        if isinstance(step, int) and before in ("nodes", "connections"):
            what = before
            name = part.get("name") if isinstance(part, dict) else None
            names.append(name if isinstance(name, str) else "")
    if not names:
        return [], None, None
    is_node = what == "nodes"
    return names[:-1], names[-1] if is_node else None, None if is_node else names[-1]


OPERATIONS = (
    Operation(
        name="listNodeTypes",
        method="GET",
        template="/node-types",
        handler=list_node_types,
        right=Right.READER,
        response=NodeTypeList,
        errors=(),
    ),
    Operation(
        name="validateDefinition",
        method="POST",
        template="/validate",
        handler=validate,
        right=Right.READER,
        body=NewVerdict,
        response=VerdictOfDefinition,
        errors=(),
    ),
)
