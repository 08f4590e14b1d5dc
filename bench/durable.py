"""Durable executions: how many a second, how soon one begins, and what an item of an Iterator costs.

On SQLite, and on PostgreSQL where it is installed; beside DBOS alone with the same steps on a database of the
same kind, in the same run. Both keep what they acknowledge: PostgreSQL runs with its own settings for that.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.postgres import Cluster, binaries

from bench.load import request, run
from bench.registry import KEY, ROLE, call
from bench.server import Running, headrace, store_directory

STEPS = 5
EXECUTIONS = int(os.environ.get("BENCH_EXECUTIONS", "200"))
AT_ONCE = 16
LATENCIES = int(os.environ.get("BENCH_LATENCIES", "60"))
ITEMS = 1000
DEADLINE_S = 300.0
STORES = os.environ.get("BENCH_STORES", "sqlite,postgresql").split(",")
SECRET = base64.urlsafe_b64encode(b"b" * 32).decode()

HANDLERS = """
import time

def act(event, context):
    return str(event["node"]["inputs"][0]["value"]).upper()

def now(event, context):
    return str(time.time())
"""
CONFIG = """
[handlers]
path = ["."]

[[functions.route]]
match = "act"
type = "handler"
handler = "bench_handlers:act"

[[functions.route]]
match = "now"
type = "handler"
handler = "bench_handlers:now"
"""


def _node(
    name: str, sort: str, inputs: dict[str, str], outputs: dict[str, str], **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "type": sort,
        "configuration": more or {sort[0].lower() + sort[1:]: {}},
        "inputs": [{"name": port, "type": kind, "expression": "$.data"} for port, kind in inputs.items()],
        "outputs": [{"name": port, "type": kind} for port, kind in outputs.items()],
    }


def _function(name: str, function: str) -> dict[str, Any]:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    return _node(
        name,
        "LambdaFunction",
        {"text": "String"},
        {"functionResponse": "String"},
        lambdaFunction={"lambdaArn": arn},
    )


def _data(source: str, output: str, target: str, given: str) -> dict[str, Any]:
    return {
        "name": f"{source}{output}{target}{given}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": given}},
    }


def chain(functions: list[str]) -> dict[str, Any]:
    """An input, functions one behind the other, an output."""
    names = [f"Step{index}" for index in range(len(functions))]
    nodes = [
        _node("Start", "Input", {}, {"document": "String"}),
        *(_function(name, function) for name, function in zip(names, functions, strict=True)),
        _node("End", "Output", {"document": "String"}, {}),
    ]
    links = [_data("Start", "document", names[0], "text")]
    links += [_data(one, "functionResponse", two, "text") for one, two in itertools.pairwise(names)]
    return {"nodes": nodes, "connections": [*links, _data(names[-1], "functionResponse", "End", "document")]}


def each() -> dict[str, Any]:
    """A function for each item of an array."""
    nodes = [
        _node("Start", "Input", {}, {"document": "Array"}),
        _node("Each", "Iterator", {"array": "Array"}, {"arrayItem": "String", "arraySize": "Number"}),
        _function("Act", "act"),
        _node(
            "Gather", "Collector", {"arrayItem": "String", "arraySize": "Number"}, {"collectedArray": "Array"}
        ),
        _node("End", "Output", {"document": "Array"}, {}),
    ]
    links = [
        _data("Start", "document", "Each", "array"),
        _data("Each", "arrayItem", "Act", "text"),
        _data("Act", "functionResponse", "Gather", "arrayItem"),
        _data("Each", "arraySize", "Gather", "arraySize"),
        _data("Gather", "collectedArray", "End", "document"),
    ]
    return {"nodes": nodes, "connections": links}


class Runner:
    """Durable executions of one flow on one server."""

    def __init__(self, server: Running, name: str, definition: dict[str, Any]) -> None:
        self._server = server
        made = call(
            server, "POST", "/flows/", {"name": name, "executionRoleArn": ROLE, "definition": definition}
        )
        self.path = f"/flows/{made['id']}/aliases/TSTALIASID/executions"
        call(server, "POST", f"/flows/{made['id']}/")

    def start(self, name: str, document: Any) -> bytes:
        """The bytes of StartFlowExecution."""
        given = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": document}}]
        body = json.dumps({"inputs": given, "flowExecutionName": name}).encode()
        return request("POST", self.path, KEY, body)

    def status(self, name: str) -> dict[str, Any]:
        """GetFlowExecution."""
        found: dict[str, Any] = call(self._server, "GET", f"{self.path}/{name}")
        return found

    def ended(self, name: str) -> dict[str, Any]:
        """The same, once it has ended."""
        end = time.monotonic() + DEADLINE_S
        while (found := self.status(name))["status"] == "Running":
            if time.monotonic() > end:
                raise TimeoutError(f"{name} did not end in {DEADLINE_S:g} s")
            time.sleep(0.05)
        if found["status"] != "Succeeded":
            raise RuntimeError(str(found))
        return found

    def output(self, name: str) -> Any:
        """The document that came out."""
        found = call(self._server, "GET", f"{self.path}/{name}/events?eventType=Flow")["flowExecutionEvents"]
        (document,) = (one["flowOutputEvent"] for one in found if "flowOutputEvent" in one)
        return document["fields"][0]["content"]["document"]

    def begin(self, names: list[str], document: Any, connections: int) -> None:
        """Start them all."""
        starts = iter([self.start(name, document) for name in names])
        done = run(
            self._server.url, starts, connections=connections, seconds=DEADLINE_S, pid=self._server.pid
        )
        if done.failures:
            raise RuntimeError(f"{done.failures} executions were not started")


def _seconds(found: dict[str, Any]) -> tuple[float, float]:
    return tuple(datetime.fromisoformat(found[key]).timestamp() for key in ("startedAt", "endedAt"))  # type: ignore[return-value]


def throughput(server: Running) -> dict[str, float]:
    """Many executions of a chain of steps."""
    runner = Runner(server, "chain", chain(["act"] * STEPS))
    runner.begin(["warm"], "rain", 1)
    runner.ended("warm")
    names = [f"run-{number}" for number in range(EXECUTIONS)]
    runner.begin(names, "rain", AT_ONCE)
    spans = [_seconds(runner.ended(name)) for name in names]
    elapsed = max(end for _, end in spans) - min(start for start, _ in spans)
    return {"executions_per_s": EXECUTIONS / elapsed, "steps_per_s": EXECUTIONS * STEPS / elapsed}


def latency_ms(server: Running) -> dict[str, float]:
    """From asking for an execution until its first function is called, one after another."""
    runner = Runner(server, "latency", chain(["now"]))
    found = []
    for number in range(LATENCIES):
        name, asked_at = f"run-{number}", time.time()
        runner.begin([name], "rain", 1)
        runner.ended(name)
        found.append((float(runner.output(name)) - asked_at) * 1000)
    found.sort()
    return {"p50": statistics.median(found), "p95": found[int(len(found) * 0.95)]}


def item_ms(server: Running) -> float:
    """What an item of an Iterator costs."""
    runner = Runner(server, "each", each())
    for name, items in (("one", ["rain"]), ("many", ["rain"] * ITEMS)):
        runner.begin([name], items, 1)
    took = [end - start for start, end in (_seconds(runner.ended(name)) for name in ("one", "many"))]
    return (took[1] - took[0]) / (ITEMS - 1) * 1000


def bare(url: str) -> dict[str, float]:
    """DBOS alone."""
    counts = [str(count) for count in (EXECUTIONS, STEPS, AT_ONCE)]
    command = [sys.executable, "-m", "bench.peers.bare_dbos", url, *counts]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


@contextmanager
def _databases() -> Iterator[dict[str, list[str]]]:
    """Two new databases of each kind: one for Headrace, one for DBOS alone."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as folder:
        files = [f"sqlite:///{Path(folder).resolve() / name}.db" for name in ("headrace", "bare")]
        if binaries() is None or "postgresql" not in STORES:
            yield {"sqlite": files}
            return
        cluster = Cluster()
        try:
            yield {"sqlite": files, "postgresql": [cluster.empty(), cluster.empty()]}
        finally:
            cluster.remove()


def _measured(store: str, alone: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bench_handlers.py").write_text(HANDLERS)
        config = Path(folder, "headrace.toml")
        config.write_text(CONFIG)
        with headrace(store=store, config=str(config), secret_key=SECRET) as server:
            figures: dict[str, Any] = throughput(server)
            figures["start_ms"] = latency_ms(server)
            figures["iterator_item_ms"] = item_ms(server)
    figures["bare_dbos"] = bare(alone)
    figures["of_bare"] = figures["steps_per_s"] / figures["bare_dbos"]["steps_per_s"]
    return figures


def measure() -> dict[str, Any]:
    """All figures."""
    with _databases() as databases:
        return {kind: _measured(*urls) for kind, urls in databases.items()}


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
