"""Durable creates and reads by id over HTTP, beside what the same machine can do at the most.

Floors, measured in the same run: an fdatasync for each append of the same size (what a store without group
commit can't beat), bare inserts through this store's own group commit, and the same HTTP server answering
a fixed body.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load import Result, request, resident_mib, run
from bench.server import Running, headrace, hello, store_directory
from headrace.core.ids import RandomIds
from headrace.core.ports import Transaction
from headrace.core.versions import Receipt
from headrace.storage import open_store

CONNECTIONS = (1, 16, 64)
KEY = {"x-api-key": "bench", "content-type": "application/json"}
ROLE = "arn:aws:iam::000000000000:role/bench"


def ten_nodes() -> dict[str, Any]:
    """A chain of an input, eight prompts and an output: about 5 KB."""
    names = [f"Prompt_{index}" for index in range(8)]
    nodes: list[dict[str, Any]] = [
        {"name": "Start", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}
    ]
    for name in names:
        inline = {
            "modelId": "amazon.nova-lite-v1:0",
            "templateType": "TEXT",
            "templateConfiguration": {
                "text": {
                    "text": f"{name}: improve the text, keep its meaning. Text: {{{{text}}}}",
                    "inputVariables": [{"name": "text"}],
                }
            },
            "inferenceConfiguration": {"text": {"temperature": 0.2, "maxTokens": 500}},
        }
        nodes.append(
            {
                "name": name,
                "type": "Prompt",
                "configuration": {"prompt": {"sourceConfiguration": {"inline": inline}}},
                "inputs": [{"name": "text", "type": "String", "expression": "$.data"}],
                "outputs": [{"name": "modelCompletion", "type": "String"}],
            }
        )
    nodes.append(
        {
            "name": "End",
            "type": "Output",
            "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
        }
    )
    chain = ["Start", *names, "End"]
    connections = [
        {
            "name": f"{source}To{target}".replace("_", ""),
            "type": "Data",
            "source": source,
            "target": target,
            "configuration": {
                "data": {
                    "sourceOutput": "document" if source == "Start" else "modelCompletion",
                    "targetInput": "document" if target == "End" else "text",
                }
            },
        }
        for source, target in itertools.pairwise(chain)
    ]
    return {"nodes": nodes, "connections": connections}


def call(server: Running, method: str, path: str, body: Any = None) -> Any:
    """One request outside of any measurement."""
    import urllib.request

    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(server.url + path, data=data, method=method, headers=KEY)
    with urllib.request.urlopen(asked) as answer:
        return json.loads(answer.read() or b"null")


def prepared_flow(server: Running, name: str) -> str:
    """The id of a prepared flow of ten nodes."""
    body = {"name": name, "executionRoleArn": ROLE, "definition": ten_nodes()}
    flow = call(server, "POST", "/flows/", body)["id"]
    call(server, "POST", f"/flows/{flow}/")
    return str(flow)


def version_requests(flow: str, headers: dict[str, str]) -> Iterator[bytes]:
    """CreateFlowVersion, each with a token of its own, as the SDKs send it."""
    for number in itertools.count():
        body = f'{{"clientToken":"{os.getpid():08d}-{number:024d}","description":"bench"}}'.encode()
        yield request("POST", f"/flows/{flow}/versions", headers, body)


def upsert_requests(path: str) -> Iterator[bytes]:
    """Upserts of 4 KB, each new content of one flow."""
    filler = "x" * 3900
    for number in itertools.count():
        attributes = {"graph": number, "prompt": filler, "settings": {"temperature": 0.2, "tags": ["a", "b"]}}
        body = json.dumps({"path": path, "attributes": attributes}).encode()
        yield request("POST", "/v5/flows", KEY, body)


def get_requests(path: str) -> Iterator[bytes]:
    """The same read again and again."""
    return itertools.repeat(request("GET", path, KEY))


def fdatasync_rate(seconds: float, size_bytes: int = 5000) -> float:
    """Appends a second, each followed by fdatasync."""
    body = b"x" * size_bytes
    with tempfile.NamedTemporaryFile(dir=store_directory()) as file:
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            os.write(file.fileno(), body)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - started)


def group_commit_rate(callers: int, seconds: float) -> float:
    """Bare durable inserts of 5 KB a second through the store, without HTTP or any rule of the registry."""

    async def measure() -> float:
        with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
            store, ids = open_store(f"sqlite:///{directory}/floor.db"), RandomIds()
            now, count = datetime.now(UTC), 0
            until = time.perf_counter() + seconds

            async def caller() -> None:
                nonlocal count
                while time.perf_counter() < until:
                    receipt = Receipt(
                        operation="bench",
                        parent="",
                        token=ids.long("t"),
                        request_hash="x" * 5000,
                        result_id="r",
                        number=None,
                        created_at=now,
                    )

                    def work(tx: Transaction, receipt: Receipt = receipt) -> None:
                        tx.receipts.add(receipt)

                    await store.write("000000000000", work)
                    count += 1

            started = time.perf_counter()
            await asyncio.gather(*(caller() for _ in range(callers)))
            rate = count / (time.perf_counter() - started)
            await store.close()
            return rate

    return asyncio.run(measure())


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {"floors": {"fdatasync_append": fdatasync_rate(seconds)}, "rows": []}
    for connections in CONNECTIONS:
        figures["floors"][f"group_commit_{connections}"] = group_commit_rate(connections, seconds)
    with hello(5000) as floor:
        for connections in CONNECTIONS:
            figures["floors"][f"hello_get_{connections}"] = vars(
                run(floor.url, get_requests("/"), connections=connections, seconds=seconds, pid=floor.pid)
            )
    with headrace() as server:
        flow = prepared_flow(server, "bench")
        upserted = call(
            server, "POST", "/v5/flows", {"path": "upserts/read", "attributes": {"a": "x" * 4000}}
        )
        call(server, "POST", f"/flows/{flow}/versions", {})
        loads = {
            "CreateFlowVersion": lambda: version_requests(flow, KEY),
            "Upsert Flow": lambda: upsert_requests("upserts/bench"),
            "GetFlowVersion": lambda: get_requests(f"/flows/{flow}/versions/1/"),
            "Get Flow": lambda: get_requests(f"/v5/flows/{upserted['id']}"),
        }
        for name, requests in loads.items():
            for connections in CONNECTIONS:
                if name == "CreateFlowVersion":
                    flow = prepared_flow(server, f"bench-{connections}")  # numbers end at 99999
                result: Result = run(
                    server.url, requests(), connections=connections, seconds=seconds, pid=server.pid
                )
                figures["rows"].append({"operation": name, "connections": connections, **vars(result)})
        figures["memory_after_load_mib"] = resident_mib(server.pid)
    return figures


def main() -> None:
    """Print the figures as JSON."""
    seconds = float(os.environ.get("BENCH_SECONDS", "3"))
    print(json.dumps(measure(seconds), indent=1))
    Path("build").mkdir(exist_ok=True)


if __name__ == "__main__":
    main()
