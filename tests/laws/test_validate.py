"""Laws of validation: no definition surprises it, it is steady, and a planted fault is found."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.definition import Definition, InputCategory, NodeType, PortType
from headrace.core.validate import MAX_FINDINGS, Finding, FindingType, validate

Wire = dict[str, Any]

# --- any definition of the right shape, most of them nonsense ---------------------------------------

# Few names, so that ends meet, and so that names of fixed ports and of inner nodes turn up.
_NAME = st.sampled_from(["AA", "BB", "CC", "document", "default", "arraySize", "modelCompletion", "result"])
_PORT_TYPE = st.sampled_from([member.value for member in PortType])
_EXPRESSION = st.sampled_from(["$.data", "$.data.aa", "$.data[0]", "$.data.*", "nope"]) | st.text(
    min_size=1, max_size=9
)
_CONDITION = st.sampled_from(["AA == 1", "BB", 'CC == "x"', "not (AA > 2", "AA and BB"]) | st.text(max_size=9)


def _optional(
    members: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]
) -> st.SearchStrategy[Wire]:
    nullable = {name: st.none() | value for name, value in members.items()}
    return st.fixed_dictionaries(required, optional=nullable)


_INPUTS = st.lists(
    _optional(
        {"category": st.sampled_from([member.value for member in InputCategory])},
        name=_NAME,
        type=_PORT_TYPE,
        expression=_EXPRESSION,
    ),
    max_size=3,
)
_OUTPUTS = st.lists(st.fixed_dictionaries({"name": _NAME, "type": _PORT_TYPE}), max_size=2)
_ASKED = _optional({"expression": _CONDITION}, name=_NAME)
_TEMPLATE = st.sampled_from(["{{AA}}", "{{ BB }} {{a-b}}", "none"]).map(lambda text: {"text": {"text": text}})
_CONFIGURATION = st.one_of(
    st.fixed_dictionaries(
        {"condition": st.fixed_dictionaries({"conditions": st.lists(_ASKED, min_size=1, max_size=4)})}
    ),
    st.fixed_dictionaries({"loopController": st.fixed_dictionaries({"continueCondition": _ASKED})}),
    st.fixed_dictionaries(
        {
            "prompt": st.fixed_dictionaries(
                {
                    "sourceConfiguration": st.one_of(
                        st.fixed_dictionaries(
                            {"resource": st.fixed_dictionaries({"promptArn": st.sampled_from(["", "arn:p"])})}
                        ),
                        st.fixed_dictionaries(
                            {
                                "inline": st.fixed_dictionaries(
                                    {"modelId": st.just("m"), "templateConfiguration": _TEMPLATE}
                                )
                            }
                        ),
                    )
                }
            )
        }
    ),
    st.sampled_from(
        [
            {"input": {}},
            {"knowledgeBase": {"knowledgeBaseId": "", "modelId": "m"}},
            {"knowledgeBase": {"knowledgeBaseId": "K", "guardrailConfiguration": None}},
            {"storage": {"serviceConfiguration": {"s3": None}}},
            {"inlineCode": {"code": "1", "language": "Python_3"}},
            {"loop": {"definition": {}}},
        ]
    ),
)


def _definitions(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Wire]:
    loop = st.fixed_dictionaries({"loop": st.fixed_dictionaries({"definition": inner})})
    node = _optional(
        {"configuration": _CONFIGURATION | loop, "inputs": _INPUTS, "outputs": _OUTPUTS},
        name=_NAME,
        type=st.sampled_from([member.value for member in NodeType]),
    )
    data = st.fixed_dictionaries(
        {"data": st.fixed_dictionaries({"sourceOutput": _NAME, "targetInput": _NAME})}
    )
    conditional = st.fixed_dictionaries({"conditional": st.fixed_dictionaries({"condition": _NAME})})
    connection = _optional(
        {"configuration": data | conditional},
        name=_NAME,
        type=st.sampled_from(["Data", "Conditional"]),
        source=_NAME,
        target=_NAME,
    )
    return _optional({"nodes": st.lists(node, max_size=5), "connections": st.lists(connection, max_size=8)})


DEFINITIONS = st.recursive(_optional({}), _definitions, max_leaves=3)


@given(DEFINITIONS, st.booleans())
def test_any_definition_is_judged(wire: Wire, can_read_prompts: bool) -> None:
    before = deepcopy(wire)
    definition = Definition.parse(wire)
    known = {"arn:p": frozenset({"AA", "zz"})} if can_read_prompts else {}
    findings = validate(definition, prompt_variables=known.get)
    assert len(findings) <= MAX_FINDINGS
    assert all(finding.message for finding in findings)
    assert findings == validate(Definition.parse(before), prompt_variables=known.get)
    assert wire == before


# --- clean flows, and a fault planted in them --------------------------------------------------------


def _ask(name: str, source: str, output: str) -> tuple[Wire, Wire]:
    inline = {
        "modelId": "m",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "do {{it}}"}},
    }
    node = {
        "name": name,
        "type": "Prompt",
        "configuration": {"prompt": {"sourceConfiguration": {"inline": inline}}},
        "inputs": [{"name": "it", "type": "String", "expression": "$.data"}],
        "outputs": [{"name": "modelCompletion", "type": "String"}],
    }
    return node, _data(source, output, name, "it")


def _data(source: str, output: str, target: str, into: str) -> Wire:
    return {
        "name": f"{source}{output}{target}{into}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": into}},
    }


def _gate(condition: str, target: str) -> Wire:
    return {
        "name": f"gate{condition}{target}",
        "type": "Conditional",
        "source": "Route",
        "target": target,
        "configuration": {"conditional": {"condition": condition}},
    }


def _end(name: str, source: str, output: str) -> tuple[Wire, Wire]:
    node = {
        "name": name,
        "type": "Output",
        "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
    }
    return node, _data(source, output, name, "document")


@st.composite
def clean_flows(draw: st.DrawFn) -> Wire:
    """A tree of prompts under the input, each leaf ending in an output, some branches behind a condition."""
    nodes: list[Wire] = [
        {"name": "Start", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}
    ]
    connections: list[Wire] = []
    parents = draw(st.lists(st.integers(0, 5), min_size=1, max_size=6))
    for number, parent in enumerate(parents):
        source = "Start" if parent >= number else f"Ask{parent}"
        output = "document" if source == "Start" else "modelCompletion"
        ask, edge = _ask(f"Ask{number}", source, output)
        nodes.append(ask)
        connections.append(edge)
    for number in range(len(parents)):
        end, edge = _end(f"End{number}", f"Ask{number}", "modelCompletion")
        nodes.append(end)
        connections.append(edge)
    route = {
        "name": "Route",
        "type": "Condition",
        "configuration": {
            "condition": {"conditions": [{"name": "yes", "expression": 'val == "a"'}, {"name": "default"}]}
        },
        "inputs": [{"name": "val", "type": "String", "expression": "$.data"}],
    }
    nodes.insert(draw(st.integers(0, len(nodes))), route)
    connections.append(_data("Start", "document", "Route", "val"))
    gated = draw(st.dictionaries(st.integers(0, len(parents) - 1), st.sampled_from(["yes", "default"])))
    connections.extend(_gate(condition, f"End{number}") for number, condition in gated.items())
    return {"nodes": nodes, "connections": draw(st.permutations(connections))}


def _check(wire: Wire) -> tuple[Finding, ...]:
    return validate(Definition.parse(wire))


@given(clean_flows())
def test_clean_flows_are_clean(wire: Wire) -> None:
    assert _check(wire) == ()


def _named(items: list[Wire], name: str) -> Wire:
    return next(item for item in items if item["name"] == name)


def _node(wire: Wire, name: str) -> Wire:
    return _named(wire["nodes"], name)


def _first_edge(wire: Wire) -> Wire:
    return next(item for item in wire["connections"] if item["target"] == "Ask0")


def _conditions(wire: Wire) -> list[Wire]:
    entries: list[Wire] = _node(wire, "Route")["configuration"]["condition"]["conditions"]
    return entries


def _loop(*types: str) -> Wire:
    nodes = [{"name": f"In{n}", "type": node_type} for n, node_type in enumerate(types)]
    return {"name": "Loop", "type": "Loop", "configuration": {"loop": {"definition": {"nodes": nodes}}}}


def _remove(wire: Wire, node_type: str) -> None:
    wire["nodes"] = [node for node in wire["nodes"] if node["type"] != node_type]


FAULTS: dict[FindingType, Callable[[Wire], Any]] = {
    FindingType.CYCLIC_CONNECTION: lambda wire: wire["connections"].append(
        _data("Ask0", "modelCompletion", "Ask0", "it")
    ),
    FindingType.DUPLICATE_CONNECTIONS: lambda wire: wire["connections"].append(
        _first_edge(wire) | {"name": "copy"}
    ),
    FindingType.DUPLICATE_CONDITION_EXPRESSION: lambda wire: _conditions(wire).append(
        {"name": "same", "expression": 'val  =="a"'}
    ),
    FindingType.UNREACHABLE_NODE: lambda wire: wire["connections"].remove(_first_edge(wire)),
    FindingType.UNKNOWN_CONNECTION_SOURCE: lambda wire: _first_edge(wire).update(source="Nope"),
    FindingType.UNKNOWN_CONNECTION_SOURCE_OUTPUT: lambda wire: _first_edge(wire)["configuration"][
        "data"
    ].update(sourceOutput="nope"),
    FindingType.UNKNOWN_CONNECTION_TARGET: lambda wire: _first_edge(wire).update(target="Nope"),
    FindingType.UNKNOWN_CONNECTION_TARGET_INPUT: lambda wire: _first_edge(wire)["configuration"][
        "data"
    ].update(targetInput="nope"),
    FindingType.UNKNOWN_CONNECTION_CONDITION: lambda wire: wire["connections"].append(_gate("nope", "End0")),
    FindingType.MALFORMED_CONDITION_EXPRESSION: lambda wire: _conditions(wire)[0].update(expression="val >"),
    FindingType.MALFORMED_NODE_INPUT_EXPRESSION: lambda wire: _node(wire, "Ask0")["inputs"][0].update(
        expression="data"
    ),
    FindingType.MISMATCHED_NODE_INPUT_TYPE: lambda wire: wire["nodes"].append(
        {
            "name": "Bot",
            "type": "Agent",
            "inputs": [{"name": "agentInputText", "type": "Array", "expression": "$.data"}],
        }
    ),
    FindingType.MISMATCHED_NODE_OUTPUT_TYPE: lambda wire: _node(wire, "Ask0")["outputs"][0].update(
        type="Number"
    ),
    FindingType.INCOMPATIBLE_CONNECTION_DATA_TYPE: lambda wire: _node(wire, "Ask0")["inputs"][0].update(
        type="Number"
    ),
    FindingType.MISSING_CONNECTION_CONFIGURATION: lambda wire: _first_edge(wire).pop("configuration"),
    FindingType.MISSING_DEFAULT_CONDITION: lambda wire: _conditions(wire).pop(),
    FindingType.MISSING_ENDING_NODES: lambda wire: _remove(wire, "Output"),
    FindingType.MISSING_NODE_CONFIGURATION: lambda wire: _node(wire, "Ask0").update(configuration=None),
    FindingType.MISSING_NODE_INPUT: lambda wire: _node(wire, "Ask0")["inputs"].clear(),
    FindingType.MISSING_NODE_OUTPUT: lambda wire: _node(wire, "Ask0")["outputs"].clear(),
    FindingType.MISSING_STARTING_NODES: lambda wire: _remove(wire, "Input"),
    FindingType.MULTIPLE_NODE_INPUT_CONNECTIONS: lambda wire: wire["connections"].append(
        _data("Start", "document", "End0", "document")
    ),
    FindingType.UNFULFILLED_NODE_INPUT: lambda wire: _node(wire, "Ask0")["inputs"].append(
        {"name": "more", "type": "Array", "expression": "$.data"}
    ),
    FindingType.UNSATISFIED_CONNECTION_CONDITIONS: lambda wire: wire["connections"].extend(
        [_gate("yes", "End0"), _gate("default", "Ask0")]
    ),
    FindingType.UNSPECIFIED: lambda wire: wire["nodes"].append(_node(wire, "Start") | {"name": "Start2"}),
    FindingType.UNKNOWN_NODE_INPUT: lambda wire: _node(wire, "Start").update(
        inputs=[{"name": "ii", "type": "Array", "expression": "$.data"}]
    ),
    FindingType.UNKNOWN_NODE_OUTPUT: lambda wire: _node(wire, "Route").update(
        outputs=[{"name": "oo", "type": "Array"}]
    ),
    FindingType.MISSING_LOOP_INPUT_NODE: lambda wire: wire["nodes"].append(_loop("LoopController")),
    FindingType.MISSING_LOOP_CONTROLLER_NODE: lambda wire: wire["nodes"].append(_loop("LoopInput")),
    FindingType.MULTIPLE_LOOP_INPUT_NODES: lambda wire: wire["nodes"].append(_loop("LoopInput", "LoopInput")),
    FindingType.MULTIPLE_LOOP_CONTROLLER_NODES: lambda wire: wire["nodes"].append(
        _loop("LoopController", "LoopController")
    ),
    FindingType.LOOP_INCOMPATIBLE_NODE_TYPE: lambda wire: wire["nodes"].append(_loop("Iterator")),
    FindingType.INVALID_LOOP_BOUNDARY: lambda wire: [
        wire["nodes"].append(_loop("LoopInput")),
        _first_edge(wire).update(target="In0"),
    ],
}

# What a flow may be told besides: the fault's own consequences, never an unrelated accusation.
_CONSEQUENCES: dict[FindingType, set[FindingType]] = {
    FindingType.CYCLIC_CONNECTION: {FindingType.MULTIPLE_NODE_INPUT_CONNECTIONS},
    FindingType.DUPLICATE_CONNECTIONS: set(),
    FindingType.DUPLICATE_CONDITION_EXPRESSION: set(),
    FindingType.MALFORMED_CONDITION_EXPRESSION: set(),
    FindingType.MALFORMED_NODE_INPUT_EXPRESSION: set(),
    FindingType.INCOMPATIBLE_CONNECTION_DATA_TYPE: set(),
    FindingType.MISMATCHED_NODE_OUTPUT_TYPE: {FindingType.INCOMPATIBLE_CONNECTION_DATA_TYPE},
    FindingType.UNKNOWN_CONNECTION_SOURCE_OUTPUT: {FindingType.UNFULFILLED_NODE_INPUT},
    FindingType.UNKNOWN_CONNECTION_TARGET_INPUT: {FindingType.UNFULFILLED_NODE_INPUT},
    FindingType.UNKNOWN_CONNECTION_CONDITION: set(),
    FindingType.MISSING_CONNECTION_CONFIGURATION: {FindingType.UNFULFILLED_NODE_INPUT},
    FindingType.MISSING_NODE_CONFIGURATION: set(),
    FindingType.MULTIPLE_NODE_INPUT_CONNECTIONS: set(),
    FindingType.UNFULFILLED_NODE_INPUT: set(),
    FindingType.UNSPECIFIED: set(),
    FindingType.UNKNOWN_NODE_INPUT: set(),
    FindingType.UNKNOWN_NODE_OUTPUT: set(),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@settings(max_examples=25)
@given(wire=clean_flows())
def test_a_planted_fault_is_found(fault: FindingType, wire: Wire) -> None:
    broken = deepcopy(wire)
    FAULTS[fault](broken)
    found = {finding.type for finding in _check(broken)}
    assert fault in found
    if fault in _CONSEQUENCES:
        assert found <= _CONSEQUENCES[fault] | {fault}


def test_every_type_has_a_fault() -> None:
    assert set(FAULTS) == set(FindingType)


@given(clean_flows(), st.randoms())
def test_the_order_of_connections_decides_nothing_in_a_clean_flow(wire: Wire, random: Any) -> None:
    shuffled = deepcopy(wire)
    random.shuffle(shuffled["connections"])
    random.shuffle(shuffled["nodes"])
    assert _check(shuffled) == ()
