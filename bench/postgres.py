"""Creates a second on PostgreSQL: one server process and two on one database, beside bare inserts.

The floor is psycopg inserting and committing rows of the same size, one a transaction, over as many
connections. Creates of one flow compete for its next number; those of many flows do not.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from tests.postgres import Cluster, binaries

from bench.load import Result, request, run
from bench.registry import KEY, prepared_flow
from bench.server import Running, headrace

CONNECTIONS = 16
FLOWS = 64
SECRET = base64.urlsafe_b64encode(b"b" * 32).decode()


def bare_inserts(url: str, seconds: float) -> float:
    """Rows of 5 KB a second, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea NOT NULL)")
    body, end = b"x" * 5000, time.perf_counter() + seconds

    def insert(_: int) -> int:
        count = 0
        with psycopg.connect(url, autocommit=True, prepare_threshold=1) as connection:
            while time.perf_counter() < end:
                connection.execute("INSERT INTO bare (body) VALUES (%s)", (body,))
                count += 1
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(insert, range(CONNECTIONS))) / seconds


def upserts(process: int) -> Iterator[bytes]:
    """New content of 4 KB, for one of many flows after the other."""
    filler = "x" * 3900
    for number in itertools.count():
        content = {"process": process, "number": number, "prompt": filler}
        body = {"path": f"many/flow-{process}-{number % FLOWS}", "attributes": content}
        yield request("POST", "/v5/flows", KEY, json.dumps(body).encode())


def together(servers: list[Running], loads: list[Iterator[bytes]], seconds: float) -> dict[str, float]:
    """Put load on all servers at the same time."""
    found: list[Result] = []

    def one(server: Running, load: Iterator[bytes]) -> None:
        share = CONNECTIONS // len(servers)
        found.append(run(server.url, load, connections=share, seconds=seconds, pid=server.pid))

    threads = [threading.Thread(target=one, args=pair) for pair in zip(servers, loads, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "rate": sum(result.rate for result in found),
        "p50_ms": max(result.p50_ms for result in found),
        "p99_ms": max(result.p99_ms for result in found),
        "failures": sum(result.failures for result in found),
    }


def _creates(url: str, processes: int, seconds: float) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(headrace(store=url, secret_key=SECRET)) for _ in range(processes)]
        flow = prepared_flow(servers[0], "bench")
        versions = [_tokens(flow, number) for number in range(processes)]
        return {
            "versions of one flow": together(servers, versions, seconds),
            "upserts of many flows": together(servers, [upserts(n) for n in range(processes)], seconds),
        }


def _tokens(flow: str, process: int) -> Iterator[bytes]:
    """CreateFlowVersion with tokens that no other process uses."""
    for number in itertools.count():
        body = f'{{"clientToken":"{process:08d}-{number:024d}","description":"bench"}}'.encode()
        yield request("POST", f"/flows/{flow}/versions", KEY, body)


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    if binaries() is None:
        return {"skipped": "PostgreSQL is not installed."}
    cluster = Cluster()
    try:
        figures: dict[str, Any] = {"bare inserts": bare_inserts(cluster.empty(), seconds)}
        for processes in (1, 2):
            figures[f"{processes} processes"] = _creates(cluster.new(), processes, seconds)
        return figures
    finally:
        cluster.remove()


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "5"))), indent=1))


if __name__ == "__main__":
    main()
