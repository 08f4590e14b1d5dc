"""The control plane: what a validation costs inside the process, and whether pages stay cheap as lists grow.

Goals: the validation of 40 nodes within 1 ms; a page of ListFlowVersions at 99,999 versions less than
twice as dear as at 10.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from bench.registry import ROLE, ten_nodes
from bench.server import store_directory
from headrace.apis.http import JSON
from headrace.app import Server, build
from headrace.core.definition import Definition
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.core.validate import GENEROUS, validate
from headrace.core.versions import Release
from headrace.settings import Settings

TURNS = 10
"""Sizes are measured one after the other so often: a machine is not always as fast."""
SIZES = (10, 1_000)
CHUNK = 2_000
"""Versions that are added in one transaction."""


def forty_nodes() -> dict[str, Any]:
    """An input, 12 prompts, each followed by a condition with two ways into prompts, and outputs."""
    nodes: list[dict[str, Any]] = [_node("Start", "Input", {"input": {}}, outputs=["document"])]
    connections: list[dict[str, Any]] = []
    source, output = "Start", "document"
    for index in range(12):
        ask, choose, more = f"Ask{index}", f"Choose{index}", f"More{index}"
        nodes.append(_prompt(ask, ["text", "style"]))
        nodes.append(_condition(choose))
        nodes.append(_prompt(more, ["text"]))
        connections += [
            _data(source, output, ask, "text"),
            _data("Start", "document", ask, "style"),
            _data(ask, "modelCompletion", choose, "answer"),
            _conditional(choose, "good", more),
            _data(ask, "modelCompletion", more, "text"),
        ]
        source, output = ask, "modelCompletion"
    for index in range(3):
        end = f"End{index}"
        nodes.append(_node(end, "Output", {"output": {}}, inputs=[("document", "$.data")]))
        connections.append(_data(source, output, end, "document"))
    return {"nodes": nodes, "connections": connections}


def _node(
    name: str,
    type_name: str,
    configuration: dict[str, Any],
    *,
    inputs: list[tuple[str, str]] | None = None,
    outputs: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_name,
        "configuration": configuration,
        "inputs": [{"name": one, "type": "String", "expression": text} for one, text in inputs or []],
        "outputs": [{"name": one, "type": "String"} for one in outputs or []],
    }


def _prompt(name: str, variables: list[str]) -> dict[str, Any]:
    text = f"{name}: " + ", ".join("{{" + one + "}}" for one in variables)
    inline = {
        "modelId": "example.model-v1",
        "templateType": "TEXT",
        "templateConfiguration": {
            "text": {"text": text, "inputVariables": [{"name": one} for one in variables]}
        },
        "inferenceConfiguration": {"text": {"temperature": 0.2, "maxTokens": 500}},
    }
    configuration = {"prompt": {"sourceConfiguration": {"inline": inline}}}
    inputs = [(one, "$.data") for one in variables]
    return _node(name, "Prompt", configuration, inputs=inputs, outputs=["modelCompletion"])


def _condition(name: str) -> dict[str, Any]:
    conditions = [{"name": "good", "expression": 'answer == "yes" or answer == "y"'}, {"name": "default"}]
    return _node(name, "Condition", {"condition": {"conditions": conditions}}, inputs=[("answer", "$.data")])


def _data(source: str, output: str, target: str, target_input: str) -> dict[str, Any]:
    configuration = {"data": {"sourceOutput": output, "targetInput": target_input}}
    name = f"{source}To{target}{target_input}"
    return {"name": name, "type": "Data", "source": source, "target": target, "configuration": configuration}


def _conditional(source: str, condition: str, target: str) -> dict[str, Any]:
    configuration = {"conditional": {"condition": condition}}
    name = f"{source}If{target}"
    return {
        "name": name,
        "type": "Conditional",
        "source": source,
        "target": target,
        "configuration": configuration,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, given to the application as an HTTP server would, but without one."""

    server: Server
    method: str
    path: str
    body: bytes

    async def send(self) -> bytes:
        """The body of the answer."""
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body}

        async def keep(message: MutableMapping[str, Any]) -> None:
            parts.append(message.get("body", b""))

        scope = {
            "type": "http",
            "method": self.method,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(b"x-api-key", b"bench"), (b"host", b"localhost"), JSON],
        }
        await self.server.app(scope, receive, keep)
        return b"".join(parts)


def ask(server: Server, method: str, path: str, body: Any = None) -> Asked:
    """A request with a JSON body."""
    text = b"" if body is None else json.dumps(body).encode()
    return Asked(server=server, method=method, path=path, body=text)


async def fill(server: Server, flow: str, *, up_to: int) -> None:
    """Give a flow's only version more numbers, as many as there may be."""

    def work(tx: Transaction) -> bool:
        file = tx.files.by_short_id(kind="flow", short_id=flow)
        assert isinstance(file, File)
        first = tx.releases.get(file_id=file.id, number=1)
        assert isinstance(first, Release)
        last = min(up_to, file.last_number + CHUNK)
        for number in range(file.last_number + 1, last + 1):
            tx.releases.add(msgspec.structs.replace(first, number=number))
        tx.files.issue_number(id=file.id, number=last, at=datetime.now(UTC))
        return last < up_to

    while await server.ports.store.write(server.local.account, work):
        pass


@dataclass(slots=True)
class Samples:
    """What single requests took, in µs: on the clock, and of the processor.

    The latter says more where others use the machine too.
    """

    taken: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    async def add(self, asked: Asked, times: int, *, after: Asked | None = None) -> None:
        """Ask some times.

        Args:
            after: what is asked before each, and not measured.
        """
        for _ in range(times):
            if after is not None:
                await after.send()
            started, worked = time.perf_counter_ns(), time.process_time_ns()
            await asked.send()
            self.busy.append((time.process_time_ns() - worked) / 1000)
            self.taken.append((time.perf_counter_ns() - started) / 1000)

    def typical(self) -> dict[str, float]:
        """The median and the 95th percentile of the time, and the median of the processor's."""
        return {
            "median_us": round(statistics.median(self.taken), 1),
            "p95_us": round(statistics.quantiles(self.taken, n=20)[-1], 1),
            "cpu_us": round(statistics.median(self.busy), 1),
        }


async def measure(times: int) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
        server = await build(Settings(store=f"sqlite:///{directory}/bench.db"))
        gc.collect()  # as `headrace serve` does when it is ready
        gc.freeze()
        try:
            return {"validate": await _validations(server, times), "list": await pages(server, times, SIZES)}
        finally:
            await server.ports.store.close()


def rules_us(definition: dict[str, Any], times: int) -> float:
    """The median of the processor time that reading a definition and applying all rules takes."""
    busy = []
    for _ in range(times):
        worked = time.process_time_ns()
        validate(Definition.parse(definition), limits=GENEROUS)
        busy.append((time.process_time_ns() - worked) / 1000)
    return round(statistics.median(busy), 1)


async def _validations(server: Server, times: int) -> list[dict[str, Any]]:
    rows = []
    for definition in (ten_nodes(), forty_nodes()):
        asked = ask(server, "POST", "/flows/validate-definition", {"definition": definition})
        found = json.loads(await asked.send())
        assert found == {"validations": []}, found
        sizes = {"nodes": len(definition["nodes"]), "links": len(definition["connections"])}
        samples = Samples()
        await samples.add(asked, times)
        rules = rules_us(definition, times)
        rows.append({**sizes, "body_bytes": len(asked.body), "rules_cpu_us": rules, **samples.typical()})
    return rows


async def pages(server: Server, times: int, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """A page of ListFlowVersions of flows with more and more of them, measured in turns.

    Each is made anew after a write to something else; one that comes again while nothing has changed is kept.
    """
    flows = {size: await _released(server, f"bench-{size}", size) for size in sizes}
    wanted = {"name": "other", "executionRoleArn": ROLE, "definition": ten_nodes()}
    other = json.loads(await ask(server, "POST", "/flows/", wanted).send())["id"]
    write = ask(server, "PUT", f"/flows/{other}/", wanted)
    anew: dict[int, Samples] = {size: Samples() for size in flows}
    kept: dict[int, Samples] = {size: Samples() for size in flows}
    for _ in range(TURNS):
        for size, asked in flows.items():
            await anew[size].add(asked, max(1, times // 4 // TURNS), after=write)
            await kept[size].add(asked, max(1, times // TURNS))
    rows: list[dict[str, Any]] = []
    for size in flows:
        figures = anew[size].typical()
        growth = round(figures["cpu_us"] / rows[0]["cpu_us"], 2) if rows else 1.0
        again = {f"kept_{name}": value for name, value in kept[size].typical().items()}
        rows.append({"versions": size, **figures, "growth": growth, **again})
    return rows


async def _released(server: Server, name: str, size: int) -> Asked:
    """A flow with so many numbers, and the first page of them."""
    wanted = {"name": name, "executionRoleArn": ROLE, "definition": ten_nodes()}
    flow = json.loads(await ask(server, "POST", "/flows/", wanted).send())["id"]
    await ask(server, "POST", f"/flows/{flow}/").send()
    await ask(server, "POST", f"/flows/{flow}/versions", {}).send()
    await fill(server, flow, up_to=size)
    asked = ask(server, "GET", f"/flows/{flow}/versions")
    page = json.loads(await asked.send())
    assert [one["version"] for one in page["flowVersionSummaries"]] == [
        str(number) for number in range(size, size - 10, -1)
    ]
    return asked


def main() -> None:
    """Print the figures as JSON."""
    times = int(os.environ.get("BENCH_TIMES", "2000"))
    print(json.dumps(asyncio.run(measure(times)), indent=1))


if __name__ == "__main__":
    main()
