"""Small definitions of flows, in few words (bedrock 2.1)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Wire = dict[str, Any]


def node(name: str, kind: str, takes: str = "", gives: str = "", settings: Any = None) -> Wire:
    """A node.

    Args:
        takes: its inputs, as ``name:Type`` or ``name:Type=expression``, with blanks between.
        gives: its outputs, as ``name:Type``.
        settings: its configuration; None leaves that out.
    """
    made: Wire = {"name": name, "type": kind}
    if settings is not None:
        made["configuration"] = {kind[0].lower() + kind[1:]: settings}
    if takes:
        made["inputs"] = [_input(port) for port in takes.split()]
    if gives:
        made["outputs"] = [
            dict(zip(("name", "type"), port.split(":"), strict=True)) for port in gives.split()
        ]
    return made


def _input(port: str) -> Wire:
    declared, _, expression = port.partition("=")
    name, kind = declared.split(":")
    return {"name": name, "type": kind, "expression": expression or "$.data"}


def data(source: str, output: str, target: str, into: str, name: str = "") -> Wire:
    """A connection that carries a value."""
    settings = {"data": {"sourceOutput": output, "targetInput": into}}
    return connection("Data", name or f"{source}{output}{target}{into}", source, target, settings)


def gate(source: str, condition: str, target: str, name: str = "") -> Wire:
    """A connection that lets its target run."""
    settings = {"conditional": {"condition": condition}}
    return connection("Conditional", name or f"{source}{condition}{target}", source, target, settings)


def connection(kind: str, name: str, source: str, target: str, settings: Any) -> Wire:
    """A connection of any kind, with any configuration."""
    return {"name": name, "type": kind, "source": source, "target": target, "configuration": settings}


def flow(*parts: Wire) -> Wire:
    """Nodes and connections, in whatever order they are given."""
    return {
        "nodes": [part for part in parts if "source" not in part],
        "connections": [part for part in parts if "source" in part],
    }


def entry(kind: str = "String") -> Wire:
    """The node that a flow begins with."""
    return node("In", "Input", gives=f"document:{kind}")


def result(name: str = "Out", kind: str = "String", expression: str = "$.data") -> Wire:
    """A node that a flow ends with."""
    return node(name, "Output", f"document:{kind}={expression}")


def code(name: str, text: str, takes: str, kind: str = "String") -> Wire:
    """A node of Python code."""
    return node(name, "InlineCode", takes, f"response:{kind}", {"code": text, "language": "Python_3"})


def prompt(name: str, text: str, takes: str) -> Wire:
    """A node that asks a model. None of these is ever run."""
    inline = {
        "modelId": "amazon.nova-lite-v1:0",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": text}},
    }
    return node(name, "Prompt", takes, "modelCompletion:String", {"sourceConfiguration": {"inline": inline}})


def conditions(name: str, takes: str, *told: tuple[str, str | None]) -> Wire:
    """A node that decides; a condition without an expression is the default."""
    entries = [{"name": one} if text is None else {"name": one, "expression": text} for one, text in told]
    return node(name, "Condition", takes, settings={"conditions": entries})


def echo(kind: str = "String", expression: str = "$.data", gives: str | None = None) -> Wire:
    """From the input straight to the output.

    Args:
        gives: the type of what comes out; that of what goes in, when it is None.
    """
    return flow(
        entry(kind),
        result(kind=gives or kind, expression=expression),
        data("In", "document", "Out", "document"),
    )


def changed(base: Wire, way: str, value: Any = None) -> Wire:
    """A copy with another value at a place such as ``nodes/0/name``; None removes what is there."""
    copy = deepcopy(base)
    *steps, last = [int(step) if step.isdigit() else step for step in way.split("/")]
    place: Any = copy
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


def more(base: Wire, *parts: Wire) -> Wire:
    """A copy with more nodes and connections."""
    return flow(*deepcopy(base["nodes"]), *deepcopy(base["connections"]), *parts)


LINE = echo()
"""The smallest flow that can be prepared."""

FORK = flow(
    entry("Number"),
    conditions(
        "Route", "amount:Number", ("large", "amount > 100"), ("medium", "amount > 10"), ("default", None)
    ),
    result("Large", "Number"),
    result("Medium", "Number"),
    result("Small", "Number"),
    data("In", "document", "Route", "amount"),
    gate("Route", "large", "Large"),
    gate("Route", "medium", "Medium"),
    gate("Route", "default", "Small"),
    data("In", "document", "Large", "document"),
    data("In", "document", "Medium", "document"),
    data("In", "document", "Small", "document"),
)
"""Three ways, of which one is taken."""

EACH = flow(
    entry("Array"),
    node("Each", "Iterator", "array:Array", "arrayItem:String arraySize:Number"),
    node("All", "Collector", "arrayItem:String arraySize:Number", "collectedArray:Array"),
    result(kind="Array"),
    data("In", "document", "Each", "array"),
    data("Each", "arrayItem", "All", "arrayItem"),
    data("Each", "arraySize", "All", "arraySize"),
    data("All", "collectedArray", "Out", "document"),
)
"""Items one after another, and back into a list."""

EMIT = flow(
    entry("Array"),
    node("Each", "Iterator", "array:Array", "arrayItem:String arraySize:Number"),
    result(),
    data("In", "document", "Each", "array"),
    data("Each", "arrayItem", "Out", "document"),
)
"""Items one after another, each coming out by itself."""


def _categorised(made: Wire, **categories: str) -> Wire:
    for port in made["inputs"]:
        port["category"] = categories[port["name"]]
    return made


BODY = flow(
    node("Begin", "LoopInput", gives="count:Number"),
    code("Increment", "count + 1", "count:Number", "Number"),
    _categorised(
        node(
            "Control",
            "LoopController",
            "again:Number count:Number result:Number",
            settings={"continueCondition": {"name": "goOn", "expression": "again < 3"}},
        ),
        again="LoopCondition",
        count="ReturnValueToLoopStart",
        result="ExitLoop",
    ),
    data("Begin", "count", "Increment", "count"),
    data("Increment", "response", "Control", "again"),
    data("Increment", "response", "Control", "count"),
    data("Increment", "response", "Control", "result"),
)
"""Counts."""


def loop(body: Wire) -> Wire:
    """A flow that repeats a body."""
    return flow(
        entry("Number"),
        node("Repeat", "Loop", "count:Number", "result:Number", {"definition": body}),
        result(kind="Number"),
        data("In", "document", "Repeat", "count"),
        data("Repeat", "result", "Out", "document"),
    )


LOOP = loop(BODY)
"""Counts to three."""
