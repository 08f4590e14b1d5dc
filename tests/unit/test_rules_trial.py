"""What validation has nothing against and no engine could run is found all the same, before it runs."""

from __future__ import annotations

from typing import Any

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import load
from headrace.core.validate import FindingType, TypeLimits
from headrace.rules import FlowRules


def test_a_collector_that_is_fed_from_outside_of_the_iterator_is_a_finding() -> None:
    rules = FlowRules(Codec(load()))
    found = rules.findings(_collecting("Start"), prompt_variables=lambda _: None, limits=TypeLimits())
    assert [finding.type for finding in found] == [FindingType.UNSPECIFIED]
    assert "Gather" in found[0].message


def test_a_collector_that_gathers_what_is_repeated_is_none() -> None:
    rules = FlowRules(Codec(load()))
    assert rules.findings(_collecting("Each"), prompt_variables=lambda _: None, limits=TypeLimits()) == ()


def _collecting(source: str) -> dict[str, Any]:
    """An Iterator over the document, and a Collector of what `source` gives."""
    output = {"Start": "document", "Each": "arrayItem"}[source]
    item = {"Start": "Array", "Each": "String"}[source]
    nodes = [
        {"name": "Start", "type": "Input", "outputs": [_output("document", "Array")]},
        {
            "name": "Each",
            "type": "Iterator",
            "inputs": [_input("array", "Array")],
            "outputs": [_output("arrayItem", "String"), _output("arraySize", "Number")],
        },
        {
            "name": "Gather",
            "type": "Collector",
            "inputs": [_input("arrayItem", item), _input("arraySize", "Number")],
            "outputs": [_output("collectedArray", "Array")],
        },
        {"name": "End", "type": "Output", "inputs": [_input("document", "Array")]},
    ]
    connections = [
        _data("items", "Start", "document", "Each", "array"),
        _data("gathered", source, output, "Gather", "arrayItem"),
        _data("size", "Each", "arraySize", "Gather", "arraySize"),
        _data("result", "Gather", "collectedArray", "End", "document"),
    ]
    return {"nodes": nodes, "connections": connections}


def _input(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "type": kind, "expression": "$.data"}


def _output(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "type": kind}


def _data(name: str, source: str, output: str, target: str, target_input: str) -> dict[str, Any]:
    data = {"sourceOutput": output, "targetInput": target_input}
    return {
        "name": name,
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": data},
    }
