"""Reading a definition: what is kept, what counts as absent, how it is looked up."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.definition import (
    MAX_LOOP_DEPTH,
    Connection,
    ConnectionType,
    Definition,
    InputCategory,
    Node,
    NodeInput,
    NodeOutput,
    NodeType,
    PortType,
)
from headrace.core.node_types import CONTRACTS, Need, Port, is_blank


def node(name: str, node_type: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "type": node_type, **members}


def data(name: str, source: str, target: str) -> dict[str, Any]:
    wire = {"sourceOutput": "document", "targetInput": "document"}
    return {"name": name, "type": "Data", "source": source, "target": target, "configuration": {"data": wire}}


def test_reads_every_member() -> None:
    definition = Definition.parse(
        {
            "nodes": [
                node(
                    "Control",
                    "LoopController",
                    configuration={"loopController": {"maxIterations": 3}},
                    inputs=[
                        {"name": "go", "type": "Boolean", "expression": "$.data", "category": "ExitLoop"},
                    ],
                    outputs=[{"name": "out", "type": "Array"}],
                )
            ],
            "connections": [
                data("cc", "AA", "BB"),
                {
                    "name": "dd",
                    "type": "Conditional",
                    "source": "CC",
                    "target": "BB",
                    "configuration": {"conditional": {"condition": "yes"}},
                },
            ],
        }
    )
    assert definition.nodes == (
        Node(
            name="Control",
            type=NodeType.LOOP_CONTROLLER,
            configuration={"loopController": {"maxIterations": 3}},
            inputs=(
                NodeInput(
                    name="go", type=PortType.BOOLEAN, expression="$.data", category=InputCategory.EXIT_LOOP
                ),
            ),
            outputs=(NodeOutput(name="out", type=PortType.ARRAY),),
        ),
    )
    assert definition.nodes[0].settings == {"maxIterations": 3}
    assert definition.connections == (
        Connection(
            name="cc",
            type=ConnectionType.DATA,
            source="AA",
            target="BB",
            source_output="document",
            target_input="document",
        ),
        Connection(name="dd", type=ConnectionType.CONDITIONAL, source="CC", target="BB", condition="yes"),
    )


@pytest.mark.parametrize(
    "value", [{}, {"nodes": None, "connections": None}, {"nodes": [], "connections": []}]
)
def test_a_null_list_is_an_absent_one(value: dict[str, Any]) -> None:
    assert Definition.parse(value) == Definition()


def test_null_members_are_absent() -> None:
    sent = {
        "nodes": [node("AA", "Input", configuration=None, inputs=None, outputs=None)],
        "connections": [
            {"name": "cc", "type": "Data", "source": "AA", "target": "AA", "configuration": None},
            {
                "name": "dd",
                "type": "Data",
                "source": "AA",
                "target": "AA",
                "configuration": {"data": None, "conditional": {"condition": "yes"}},
            },
        ],
    }
    definition = Definition.parse(sent)
    assert definition.nodes == (Node(name="AA", type=NodeType.INPUT),)
    assert [connection.is_configured for connection in definition.connections] == [False, False]


def test_a_value_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Definition.parse({"nodes": [node("AA", "Input")]}).nodes[0].name = "BB"  # type: ignore[misc]


def test_lookups() -> None:
    first, second = node("AA", "Input"), node("AA", "Output")
    definition = Definition.parse(
        {
            "nodes": [first, second, node("BB", "Output")],
            "connections": [data("c1", "AA", "BB"), data("c2", "AA", "BB")],
        }
    )
    assert definition.by_name["AA"].type is NodeType.INPUT
    assert [c.name for c in definition.incoming["BB"]] == ["c1", "c2"]
    assert [c.name for c in definition.outgoing["AA"]] == ["c1", "c2"]
    assert "AA" not in definition.incoming
    assert [n.name for n in definition.of_type(NodeType.OUTPUT)] == ["AA", "BB"]


@pytest.mark.parametrize(
    ("configuration", "settings", "foreign"),
    [
        (None, None, False),
        ({}, None, False),
        ({"prompt": {"a": 1}}, {"a": 1}, False),
        ({"prompt": None, "agent": {}}, None, True),
        ({"agent": {"b": 1}}, None, True),
    ],
)
def test_settings_are_those_of_the_own_type(configuration: Any, settings: Any, foreign: bool) -> None:
    [ask] = Definition.parse({"nodes": [node("Ask", "Prompt", configuration=configuration)]}).nodes
    assert ask.settings == settings
    assert ask.has_foreign_configuration is foreign


def loop(body: Any) -> dict[str, Any]:
    return node("Loop", "Loop", configuration={"loop": {"definition": body}})


def test_a_loop_has_a_body() -> None:
    outer = Definition.parse({"nodes": [loop({"nodes": [node("Start", "LoopInput")]}), loop(None)]})
    assert outer.nodes[0].body == Definition(nodes=(Node(name="Start", type=NodeType.LOOP_INPUT),))
    assert outer.nodes[1].body is None


def test_loops_are_read_to_a_depth() -> None:
    sent: dict[str, Any] = {}
    for _ in range(400):
        sent = {"nodes": [loop(sent)]}
    depth, definition = 0, Definition.parse(sent)
    while (body := definition.nodes[0].body) is not None:
        depth, definition = depth + 1, body
    assert depth == MAX_LOOP_DEPTH


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", PortType.STRING),
        (0, PortType.NUMBER),
        (0.5, PortType.NUMBER),
        (True, PortType.BOOLEAN),
        ({}, PortType.OBJECT),
        ([], PortType.ARRAY),
        (None, None),
    ],
)
def test_the_type_of_a_value(value: Any, expected: PortType | None) -> None:
    assert PortType.of(value) is expected


def test_every_node_type_has_a_contract() -> None:
    assert set(CONTRACTS) == set(NodeType)


def test_a_port_may_hang_on_a_setting() -> None:
    answer, results = CONTRACTS[NodeType.KNOWLEDGE_BASE].outputs.values()
    assert [port.exists({"modelId": "m"}) for port in (answer, results)] == [True, False]
    assert [port.exists({"modelId": ""}) for port in (answer, results)] == [False, True]
    assert Port(name="always").exists({})


@pytest.mark.parametrize(
    ("settings", "is_met", "is_met_together"),
    [
        ({}, True, True),
        ({"one": None}, True, True),
        ({"one": {}}, False, True),
        ({"one": {"aa": "", "bb": None}}, False, True),
        ({"one": {"aa": "x", "bb": " "}}, False, False),
        ({"one": {"aa": "x", "bb": "y"}}, True, True),
    ],
)
def test_needs_inside_a_setting(settings: dict[str, Any], is_met: bool, is_met_together: bool) -> None:
    assert Need(within=("one",), names=("aa", "bb")).is_met(settings) is is_met
    assert Need(within=("one",), names=("aa", "bb"), together=True).is_met(settings) is is_met_together


def test_needs_at_the_top() -> None:
    assert not Need(names=("aa",)).is_met({})
    assert Need(names=("aa",)).is_met({"aa": "x"})


@pytest.mark.parametrize("value", [None, "", "  \n", []])
def test_blank(value: Any) -> None:
    assert is_blank(value)


@pytest.mark.parametrize("value", ["a", 0, False, {}, [""]])
def test_not_blank(value: Any) -> None:
    assert not is_blank(value)
