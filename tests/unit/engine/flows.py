"""Small definitions, written short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.core.definition import Definition
from headrace.engine.plan import Plan, compile_plan

Ports = Mapping[str, Any]


def node(
    name: str, type: str, inputs: Ports | None = None, outputs: Ports | None = None, **settings: Any
) -> dict[str, Any]:
    """A node. An input is a type, or a type and an expression, or these two and a category."""
    key = type[0].lower() + type[1:]
    return {
        "name": name,
        "type": type,
        "configuration": {key: settings},
        "inputs": [_input(port, given) for port, given in (inputs or {}).items()],
        "outputs": [{"name": port, "type": given} for port, given in (outputs or {}).items()],
    }


def start(type: str = "Number", name: str = "Start") -> dict[str, Any]:
    """The Input node."""
    return node(name, "Input", outputs={"document": type})


def end(name: str = "End", type: str = "Number", expression: str = "$.data") -> dict[str, Any]:
    """An Output node."""
    return node(name, "Output", {"document": (type, expression)})


def code(name: str, inputs: Ports | None = None, type: str = "Number", text: str = "value") -> dict[str, Any]:
    """A node that acts outside."""
    ports = {"value": "Number"} if inputs is None else inputs
    return node(name, "InlineCode", ports, {"response": type}, code=text, language="Python_3")


def agent(name: str, **inputs: str) -> dict[str, Any]:
    """A node that may ask."""
    return node(
        name,
        "Agent",
        {"agentInputText": "String", **inputs},
        {"agentResponse": "String"},
        agentAliasArn="arn:aws:bedrock:us-east-1:000000000000:agent-alias/AGENT00001/ALIAS00001",
    )


def choose(name: str, inputs: Ports | None = None, **conditions: str) -> dict[str, Any]:
    """A Condition node."""
    entries = [{"name": condition, "expression": text} for condition, text in conditions.items()]
    return node(
        name,
        "Condition",
        {"value": "Number"} if inputs is None else inputs,
        conditions=[{"name": "default"}, *entries],
    )


def each(name: str = "Each", type: str = "Number") -> dict[str, Any]:
    """An Iterator."""
    return node(name, "Iterator", {"array": "Array"}, {"arrayItem": type, "arraySize": "Number"})


def gather(name: str = "Gather", type: str = "Number") -> dict[str, Any]:
    """A Collector."""
    return node(name, "Collector", {"arrayItem": type, "arraySize": "Number"}, {"collectedArray": "Array"})


def level(nodes: list[dict[str, Any]], *arrows: str) -> dict[str, Any]:
    """A definition. An arrow is ``A.output > B.input`` or ``A?condition > B``."""
    return {"nodes": nodes, "connections": [_arrow(number, arrow) for number, arrow in enumerate(arrows)]}


def plan(nodes: list[dict[str, Any]], *arrows: str) -> Plan:
    """The plan of a definition."""
    return compile_plan(Definition.parse(level(nodes, *arrows)), digest="digest")


def _input(name: str, given: Any) -> dict[str, Any]:
    parts = (given, "$.data", None) if isinstance(given, str) else (*given, None)[:3]
    port = dict(zip(("type", "expression", "category"), parts, strict=True))
    return {"name": name, **{key: value for key, value in port.items() if value is not None}}


def _arrow(number: int, arrow: str) -> dict[str, Any]:
    source, target = (side.strip() for side in arrow.split(">"))
    if "?" in source:
        source, condition = source.split("?")
        kind, configuration = "Conditional", {"conditional": {"condition": condition}}
    else:
        source, output = source.split(".")
        target, into = target.split(".")
        kind, configuration = "Data", {"data": {"sourceOutput": output, "targetInput": into}}
    return {
        "name": f"arrow_{number}",
        "type": kind,
        "source": source,
        "target": target,
        "configuration": configuration,
    }
