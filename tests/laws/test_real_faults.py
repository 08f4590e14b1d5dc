"""One fault planted anywhere in a definition that somebody really uses is found.

The definitions are those of HEADRACE_TEST_FLOWS that are listed there as clean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.definition import Definition, NodeType
from headrace.core.node_types import CONTRACTS, NodeContract
from headrace.core.validate import FindingType, validate

Wire = dict[str, Any]
Spot = Callable[[], Any]
"""Plants a fault in one place of a definition."""

FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions"
)


def _clean() -> dict[str, Wire]:
    if FOLDER is None:
        return {}
    entries = json.loads((Path(FOLDER) / "index.json").read_text())
    names = [entry["file"] for entry in entries if entry["expect"].get("validations") == []]
    return {name: json.loads((Path(FOLDER) / name).read_text()) for name in names}


CLEAN = _clean()


# --- places of a definition ---------------------------------------------------------------------------


def _contract(node: Wire) -> NodeContract:
    return CONTRACTS[NodeType(node["type"])]


def _edges(wire: Wire, kind: str = "") -> Iterator[Wire]:
    return (edge for edge in wire["connections"] if kind in ("", edge["type"]))


def _of_type(wire: Wire, node_type: str) -> Iterator[Wire]:
    return (node for node in wire["nodes"] if node["type"] == node_type)


def _conditions(node: Wire) -> list[Wire]:
    entries: list[Wire] = node["configuration"]["condition"]["conditions"]
    return entries


def _ports(wire: Wire, side: str) -> Iterator[tuple[Wire, Wire]]:
    return ((node, port) for node in wire["nodes"] for port in node.get(side) or ())


def _input_of(wire: Wire, edge: Wire) -> Wire:
    name = edge["configuration"]["data"]["targetInput"]
    return next(
        port
        for node, port in _ports(wire, "inputs")
        if (node["name"], port["name"]) == (edge["target"], name)
    )


def _other_type(port: Wire) -> str:
    return "Boolean" if port["type"] != "Boolean" else "Number"


def _joined(source: str, output: str, target: str, into: str) -> Wire:
    return {
        "name": "planted",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": into}},
    }


def _loop(*types: str) -> Wire:
    inside = {"nodes": [{"name": f"Inside{n}", "type": one} for n, one in enumerate(types)]}
    return {"name": "PlantedLoop", "type": "Loop", "configuration": {"loop": {"definition": inside}}}


# --- faults: for each type, every spot where it can be planted ------------------------------------------


def _cycles(wire: Wire) -> Iterator[Spot]:
    for node in wire["nodes"]:
        for output in node.get("outputs") or ():
            for port in node.get("inputs") or ():
                edge = _joined(node["name"], output["name"], node["name"], port["name"])
                yield partial(wire["connections"].append, edge)


def _copies(wire: Wire) -> Iterator[Spot]:
    for edge in _edges(wire):
        yield partial(wire["connections"].append, {**edge, "name": "planted"})


def _repeated_expressions(wire: Wire) -> Iterator[Spot]:
    for node in _of_type(wire, "Condition"):
        for entry in [one for one in _conditions(node) if "expression" in one]:
            again = {"name": "again", "expression": f" {entry['expression']} "}
            yield partial(_conditions(node).append, again)


def _cut_off(wire: Wire) -> Iterator[Spot]:
    for node in wire["nodes"]:
        if node["type"] != "Input":
            rest = [edge for edge in _edges(wire) if edge["target"] != node["name"]]
            yield partial(wire.update, connections=rest)


def _changed_edges(kind: str = "", **members: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for edge in _edges(wire, kind):
            yield partial(edge.update, members)

    return spots


def _changed_ends(kind: str, **members: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for edge in _edges(wire, kind):
            yield partial(edge["configuration"][kind.lower()].update, members)

    return spots


def _broken_conditions(wire: Wire) -> Iterator[Spot]:
    for node in _of_type(wire, "Condition"):
        for entry in [one for one in _conditions(node) if "expression" in one]:
            yield partial(entry.update, expression=f"{entry['expression']} and")


def _broken_expressions(wire: Wire) -> Iterator[Spot]:
    for _, port in _ports(wire, "inputs"):
        yield partial(port.update, expression="$.datum")


def _mistyped(side: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for node, port in _ports(wire, side):
            fixed = getattr(_contract(node), side).get(port["name"])
            if fixed is not None and fixed.type is not None:
                yield partial(port.update, type=_other_type(port))

    return spots


def _ill_joined(wire: Wire) -> Iterator[Spot]:
    for edge in _edges(wire, "Data"):
        port = _input_of(wire, edge)
        if port["expression"] == "$.data":
            yield partial(port.update, type=_other_type(port))


def _unconfigured_edges(wire: Wire) -> Iterator[Spot]:
    for edge in _edges(wire):
        yield partial(edge.pop, "configuration")


def _without_default(wire: Wire) -> Iterator[Spot]:
    for node in _of_type(wire, "Condition"):
        rest = [one for one in _conditions(node) if one["name"] != "default"]
        yield partial(node["configuration"]["condition"].update, conditions=rest)


def _without_type(node_type: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        rest = [node for node in wire["nodes"] if node["type"] != node_type]
        yield partial(wire.update, nodes=rest)

    return spots


def _unconfigured_nodes(wire: Wire) -> Iterator[Spot]:
    for node in wire["nodes"]:
        if _contract(node).needs:
            yield partial(node.pop, "configuration")


def _without_ports(side: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for node in wire["nodes"]:
            if any(port.is_required for port in getattr(_contract(node), side).values()):
                yield partial(node.update, {side: []})

    return spots


def _joined_twice(wire: Wire) -> Iterator[Spot]:
    for edge in _edges(wire, "Data"):
        into, taken = edge["configuration"]["data"]["targetInput"], edge["configuration"]["data"]
        for node, output in _ports(wire, "outputs"):
            if (node["name"], output["name"]) != (edge["source"], taken["sourceOutput"]):
                other = _joined(node["name"], output["name"], edge["target"], into)
                yield partial(wire["connections"].append, other)


def _unjoined(wire: Wire) -> Iterator[Spot]:
    nodes = {node["name"]: node for node in wire["nodes"]}
    for edge in _edges(wire, "Data"):
        fixed = _contract(nodes[edge["target"]]).inputs.get(edge["configuration"]["data"]["targetInput"])
        if fixed is None or fixed.is_required:
            yield partial(wire["connections"].remove, edge)


def _contradictions(wire: Wire) -> Iterator[Spot]:
    for edge in _edges(wire, "Conditional"):
        node = next(one for one in wire["nodes"] if one["name"] == edge["source"])
        for entry in _conditions(node):
            if entry["name"] != edge["configuration"]["conditional"]["condition"]:
                ends = {"configuration": {"conditional": {"condition": entry["name"]}}}
                other = {**edge, **ends, "name": "planted"}
                yield partial(wire["connections"].append, other)


def _strange_ports(side: str, has_own: str) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for node in wire["nodes"]:
            if not getattr(_contract(node), has_own):
                port = {"name": "strange", "type": "String", "expression": "$.data"}
                yield partial(node.update, {side: [*(node.get(side) or ()), port]})

    return spots


def _added(node: Wire) -> Callable[[Wire], Iterator[Spot]]:
    def spots(wire: Wire) -> Iterator[Spot]:
        for place in range(len(wire["nodes"]) + 1):
            yield partial(wire["nodes"].insert, place, node)

    return spots


def _crossed(wire: Wire) -> Iterator[Spot]:
    nodes = [*wire["nodes"], _loop("LoopInput")]
    for number, edge in enumerate(_edges(wire)):
        for end in ("source", "target"):
            edges = list(_edges(wire))
            edges[number] = {**edge, end: "Inside0"}
            yield partial(wire.update, nodes=nodes, connections=edges)


_SECOND_INPUT = {"name": "SecondInput", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}

FAULTS: dict[FindingType, Callable[[Wire], Iterator[Spot]]] = {
    FindingType.CYCLIC_CONNECTION: _cycles,
    FindingType.DUPLICATE_CONNECTIONS: _copies,
    FindingType.DUPLICATE_CONDITION_EXPRESSION: _repeated_expressions,
    FindingType.UNREACHABLE_NODE: _cut_off,
    FindingType.UNKNOWN_CONNECTION_SOURCE: _changed_edges(source="Nowhere"),
    FindingType.UNKNOWN_CONNECTION_SOURCE_OUTPUT: _changed_ends("Data", sourceOutput="nothing"),
    FindingType.UNKNOWN_CONNECTION_TARGET: _changed_edges(target="Nowhere"),
    FindingType.UNKNOWN_CONNECTION_TARGET_INPUT: _changed_ends("Data", targetInput="nothing"),
    FindingType.UNKNOWN_CONNECTION_CONDITION: _changed_ends("Conditional", condition="nothing"),
    FindingType.MALFORMED_CONDITION_EXPRESSION: _broken_conditions,
    FindingType.MALFORMED_NODE_INPUT_EXPRESSION: _broken_expressions,
    FindingType.MISMATCHED_NODE_INPUT_TYPE: _mistyped("inputs"),
    FindingType.MISMATCHED_NODE_OUTPUT_TYPE: _mistyped("outputs"),
    FindingType.INCOMPATIBLE_CONNECTION_DATA_TYPE: _ill_joined,
    FindingType.MISSING_CONNECTION_CONFIGURATION: _unconfigured_edges,
    FindingType.MISSING_DEFAULT_CONDITION: _without_default,
    FindingType.MISSING_ENDING_NODES: _without_type("Output"),
    FindingType.MISSING_NODE_CONFIGURATION: _unconfigured_nodes,
    FindingType.MISSING_NODE_INPUT: _without_ports("inputs"),
    FindingType.MISSING_NODE_OUTPUT: _without_ports("outputs"),
    FindingType.MISSING_STARTING_NODES: _without_type("Input"),
    FindingType.MULTIPLE_NODE_INPUT_CONNECTIONS: _joined_twice,
    FindingType.UNFULFILLED_NODE_INPUT: _unjoined,
    FindingType.UNSATISFIED_CONNECTION_CONDITIONS: _contradictions,
    FindingType.UNSPECIFIED: _added(_SECOND_INPUT),
    FindingType.UNKNOWN_NODE_INPUT: _strange_ports("inputs", "has_own_inputs"),
    FindingType.UNKNOWN_NODE_OUTPUT: _strange_ports("outputs", "has_own_outputs"),
    FindingType.MISSING_LOOP_INPUT_NODE: _added(_loop("LoopController")),
    FindingType.MISSING_LOOP_CONTROLLER_NODE: _added(_loop("LoopInput")),
    FindingType.MULTIPLE_LOOP_INPUT_NODES: _added(_loop("LoopInput", "LoopInput")),
    FindingType.MULTIPLE_LOOP_CONTROLLER_NODES: _added(_loop("LoopController", "LoopController")),
    FindingType.LOOP_INCOMPATIBLE_NODE_TYPE: _added(_loop("Iterator")),
    FindingType.INVALID_LOOP_BOUNDARY: _crossed,
}

PAIRS = [
    pytest.param(name, fault, id=f"{name}-{fault}")
    for name, wire in CLEAN.items()
    for fault, spots in FAULTS.items()
    if next(spots(deepcopy(wire)), None) is not None
]


@pytest.mark.parametrize(("name", "fault"), PAIRS)
@settings(max_examples=8)
@given(choice=st.data())
def test_a_fault_in_a_real_definition_is_found(name: str, fault: FindingType, choice: st.DataObject) -> None:
    wire = deepcopy(CLEAN[name])
    choice.draw(st.sampled_from(list(FAULTS[fault](wire))))()
    assert fault in {finding.type for finding in validate(Definition.parse(wire))}


def test_every_type_is_planted_somewhere() -> None:
    assert {pair.values[1] for pair in PAIRS} == set(FindingType)
