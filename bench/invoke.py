"""InvokeFlow over HTTP, beside the same HTTP server answering a fixed body.

The flow has ten nodes that call nothing outside: an input, eight conditions in a chain, an output. It is
invoked through the alias of a version, with and without traces, and with each amount of record. And a flow
with an Iterator over 1,000 items, each a condition, traced and stored.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

from bench.load import Result, request, resident_mib, run
from bench.registry import KEY, ROLE, call
from bench.server import Running, headrace, hello

CONNECTIONS = (1, 16)
CONDITIONS = 8
ITEMS = 1000


def ten_pure_nodes() -> dict[str, Any]:
    """An input, conditions each behind the one before, an output behind the last."""
    names = [f"Check_{index}" for index in range(CONDITIONS)]
    port = {"name": "document", "type": "String", "expression": "$.data"}
    conditions = [{"name": "isRain", "expression": 'document == "rain"'}, {"name": "default"}]
    nodes: list[dict[str, Any]] = [
        {"name": "Start", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}
    ]
    for name in names:
        configuration = {"condition": {"conditions": conditions}}
        nodes.append({"name": name, "type": "Condition", "configuration": configuration, "inputs": [port]})
    nodes.append({"name": "End", "type": "Output", "inputs": [port]})
    data = [_data("Start", target) for target in (*names, "End")]
    gates = [_gate(source, target) for source, target in itertools.pairwise([*names, "End"])]
    return {"nodes": nodes, "connections": data + gates}


def _data(source: str, target: str) -> dict[str, Any]:
    ports = {"sourceOutput": "document", "targetInput": "document"}
    return _connection("Data", source, target, {"data": ports})


def _gate(source: str, target: str) -> dict[str, Any]:
    return _connection("Conditional", source, target, {"conditional": {"condition": "isRain"}})


def _connection(kind: str, source: str, target: str, configuration: dict[str, Any]) -> dict[str, Any]:
    name = f"{kind}{source}{target}".replace("_", "")
    return {"name": name, "type": kind, "source": source, "target": target, "configuration": configuration}


def items() -> dict[str, Any]:
    """An Iterator over a condition and a Collector."""
    document = {"name": "document", "type": "Array", "expression": "$.data"}
    item = {"name": "arrayItem", "type": "Number", "expression": "$.data"}
    size = {"name": "arraySize", "type": "Number", "expression": "$.data"}
    conditions = [{"name": "isRain", "expression": "arrayItem > -1"}, {"name": "default"}]
    collected = {"name": "collectedArray", "type": "Array"}
    nodes: list[dict[str, Any]] = [
        {"name": "Start", "type": "Input", "outputs": [_output(document)]},
        {
            "name": "Each",
            "type": "Iterator",
            "inputs": [{**document, "name": "array"}],
            "outputs": [_output(item), _output(size)],
        },
        {
            "name": "Choose",
            "type": "Condition",
            "configuration": {"condition": {"conditions": conditions}},
            "inputs": [item],
        },
        {"name": "Gather", "type": "Collector", "inputs": [item, size], "outputs": [collected]},
        {"name": "End", "type": "Output", "inputs": [document]},
    ]
    for node in nodes:
        kind = node["type"]
        node.setdefault("configuration", {kind[0].lower() + kind[1:]: {}})
    ports = {"sourceOutput": "arrayItem", "targetInput": "arrayItem"}
    sizes = {"sourceOutput": "arraySize", "targetInput": "arraySize"}
    return {
        "nodes": nodes,
        "connections": [
            _connection(
                "Data", "Start", "Each", {"data": {"sourceOutput": "document", "targetInput": "array"}}
            ),
            _connection("Data", "Each", "Choose", {"data": ports}),
            _connection("Data", "Each", "Gather", {"data": ports}),
            _connection("Size", "Each", "Gather", {"data": sizes}) | {"type": "Data"},
            _gate("Choose", "Gather"),
            _connection(
                "Data",
                "Gather",
                "End",
                {"data": {"sourceOutput": "collectedArray", "targetInput": "document"}},
            ),
        ],
    }


def _output(port: dict[str, Any]) -> dict[str, Any]:
    return {"name": port["name"], "type": port["type"]}


def invocation(
    server: Running, *, traces: bool, definition: dict[str, Any] | None = None, document: Any = "rain"
) -> bytes:
    """The bytes of InvokeFlow on a new flow's alias; of ten pure nodes, where nothing else is said."""
    body: dict[str, Any] = {
        "name": f"bench{traces}",
        "executionRoleArn": ROLE,
        "definition": definition or ten_pure_nodes(),
    }
    flow = call(server, "POST", "/flows/", body)["id"]
    call(server, "POST", f"/flows/{flow}/")
    call(server, "POST", f"/flows/{flow}/versions", {})
    wanted = {"name": "live", "routingConfiguration": [{"flowVersion": "1"}]}
    alias = call(server, "POST", f"/flows/{flow}/aliases", wanted)["id"]
    given = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": document}}]
    content = json.dumps({"inputs": given, "enableTrace": traces}).encode()
    return request("POST", f"/flows/{flow}/aliases/{alias}", KEY, content)


def iterator(seconds: float) -> dict[str, Any]:
    """Runs with many items, traced and stored, one after another."""
    with headrace(keep_content="all") as server:
        one = invocation(server, traces=True, definition=items(), document=list(range(ITEMS)))
        run(server.url, iter([one]), connections=1, seconds=60, pid=server.pid)
        found = run(server.url, itertools.repeat(one), connections=1, seconds=max(seconds, 2), pid=server.pid)
    if found.failures:
        raise RuntimeError(f"{found.failures} runs failed")
    return {"p50_ms": found.p50_ms, "p99_ms": found.p99_ms, "cpu_us": found.cpu_us}


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {"floors": {}, "rows": []}
    with hello(300) as floor:
        for connections in CONNECTIONS:
            posts = itertools.repeat(request("POST", "/", KEY, b"x" * 200))
            found: Result = run(floor.url, posts, connections=connections, seconds=seconds, pid=floor.pid)
            figures["floors"][f"hello_post_{connections}"] = vars(found)
    for keeps, traces in (("all", False), ("all", True), ("metadata", False), ("none", False)):
        with headrace(keep_content=keeps) as server:
            posts = itertools.repeat(invocation(server, traces=traces))
            for connections in CONNECTIONS:
                result = run(server.url, posts, connections=connections, seconds=seconds, pid=server.pid)
                row = {"keeps": keeps, "traces": traces, "connections": connections}
                figures["rows"].append({**row, **vars(result), "memory_mib": resident_mib(server.pid)})
    figures[f"iterator_of_{ITEMS}"] = iterator(seconds)
    hello_ms = figures["floors"]["hello_post_1"]["p50_ms"]
    figures["latency_over_hello"] = figures["rows"][0]["p50_ms"] / hello_ms
    return figures


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "3"))), indent=1))


if __name__ == "__main__":
    main()
