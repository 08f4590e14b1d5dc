"""Nodes whose ports are plain are left out by the rules about ports: they must have nothing to find there."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
import pytest

from headrace.core.definition import Definition, NodeInput, NodeOutput, NodeType, PortType
from headrace.core.node_types import CONTRACTS, Port
from headrace.core.validate import GENEROUS, RULES
from headrace.core.validation.findings import Finding
from headrace.core.validation.level import Level
from headrace.core.validation.ports import ports

EXPRESSIONS = ("$.data", "$.data.genre", "$.dta")
EXTRAS: tuple[tuple[str, ...], ...] = ((), ("extra",), ("extra", "extra"))


def choices(port: Port) -> list[str | None]:
    """As it has to be, as it must not be where it has a type, and not there."""
    return [port.type or PortType.STRING, PortType.BOOLEAN, None]


def declarations(fixed: dict[str, Port]) -> list[list[dict[str, Any]]]:
    """Ports as they may be declared: each of the fixed ones in each way, and others beside them."""
    found = []
    for types in product(*[choices(port) for port in fixed.values()]):
        declared = [{"name": name, "type": kind} for name, kind in zip(fixed, types, strict=True) if kind]
        found += [[*declared, *[{"name": name, "type": "Number"} for name in extra]] for extra in EXTRAS]
    return found


def findings(level: Level) -> list[tuple[int, Finding]]:
    return [found for _, rule in RULES for found in rule(level)]


@pytest.mark.parametrize("node_type", NodeType)
def test_what_is_left_out_has_nothing_to_be_found(node_type: NodeType) -> None:
    contract = CONTRACTS[node_type]
    left_out = 0
    for inputs, outputs, expression in product(
        declarations(dict(contract.inputs)), declarations(dict(contract.outputs)), EXPRESSIONS
    ):
        taken = [{**port, "expression": expression} for port in inputs]
        node = {"name": "Node", "type": node_type.value, "inputs": taken, "outputs": outputs}
        level = Level.of(
            Definition.parse({"nodes": [node]}), limits=GENEROUS, prompt_variables=lambda _arn: None
        )
        left_out += not level.odd
        assert findings(level) == findings(msgspec.structs.replace(level, odd=level.sites))
    assert left_out or not contract.has_fixed_outputs


def test_a_port_is_found_by_its_first_declaration() -> None:
    twice = (
        NodeInput(name="a", type=PortType.STRING, expression="$.data"),
        NodeInput(name="a", type=PortType.NUMBER, expression="$.data"),
    )
    given = (NodeOutput(name="functionResponse", type=PortType.STRING),)
    found = ports(NodeType.LAMBDA_FUNCTION, twice, given)
    assert (found.inputs["a"].type, found.is_plain) == (PortType.STRING, False)
    assert ports(NodeType.LAMBDA_FUNCTION, twice[:1], given).is_plain
