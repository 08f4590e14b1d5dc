"""Bytes that a store grows by for each log, version, run and execution in the background, with indexes.

On SQLite and on PostgreSQL; and the connections that a server holds there. What a run or an execution leaves
is its row and its events, the log that it is shown as with one for each step, and of an execution in the
background its ticket.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from tests.postgres import Cluster, binaries

from bench.durable import CONFIG, HANDLERS, Runner, chain
from bench.load import request, run
from bench.registry import KEY, call
from bench.server import Running, headrace, store_directory

LOGS = 3_000
VERSIONS = 1_000
RUNS = 400
EXECUTIONS = 100
STEPS = 5
CONNECTIONS = 8
DEADLINE_S = 300.0
SECRET = base64.urlsafe_b64encode(b"b" * 32).decode()
TABLES = """
SELECT relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname IN ('public', 'dbos') AND pg_total_relation_size(c.oid) > 65536
"""
SESSIONS = """
SELECT application_name, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY application_name
"""

Size = Callable[[], int]


def upserts() -> Iterator[bytes]:
    """New content of 4 KB each time, of words that come again as those of texts do."""
    luck = random.Random(1)
    for number in range(VERSIONS):
        prompt = " ".join(f"word{luck.randrange(2000)}" for _ in range(480))
        body = {"path": f"sizes/flow-{number % 16}", "attributes": {"number": number, "prompt": prompt}}
        yield request("POST", "/v5/flows", KEY, json.dumps(body).encode())


def logs(flow: str) -> Iterator[bytes]:
    """Logs of one flow with a text of about 500 bytes in and out."""
    for number in range(LOGS):
        words = " ".join(f"word{(number * 7 + place) % 5000}" for place in range(50))
        body = {
            "id": flow,
            "inputs": {"question": words},
            "output": words[::-1],
            "metadata": {"customer": f"c{number % 97}"},
            "log_status": "complete",
        }
        yield request("POST", "/v5/flows/log", KEY, json.dumps(body).encode())


def settled(server: Running) -> None:
    """Wait until nothing waits behind the scenes."""
    end = time.monotonic() + DEADLINE_S
    while call(server, "GET", "/readyz")["waiting_jobs"]:
        if time.monotonic() > end:
            raise TimeoutError("work goes on behind the scenes")
        time.sleep(0.2)


def _grown(server: Running, size: Size, count: int, work: Callable[[], None]) -> float:
    before = size()
    work()
    settled(server)
    return (size() - before) / count


def _sent(server: Running, requests: Iterator[bytes]) -> None:
    done = run(server.url, requests, connections=CONNECTIONS, seconds=DEADLINE_S, pid=server.pid)
    if done.failures:
        raise RuntimeError(f"{done.failures} requests failed")


def grown(server: Running, size: Size) -> dict[str, float]:
    """Bytes for each thing of a kind."""
    flow = call(server, "POST", "/v5/flows", {"path": "sizes/logged", "attributes": {"a": 1}})["id"]
    runner = Runner(server, "sizes", chain(["act"] * STEPS))
    runner.begin(["warm"], "rain", 1)
    runner.ended("warm")
    path = runner.path.removesuffix("/executions")
    given = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": "rain " * 20}}]
    invoke = request("POST", path, KEY, json.dumps({"inputs": given}).encode())
    names = [f"run-{number}" for number in range(EXECUTIONS)]

    def background() -> None:
        runner.begin(names, "rain " * 20, CONNECTIONS)
        for name in names:
            runner.ended(name)

    return {
        "version_4_kb": _grown(server, size, VERSIONS, lambda: _sent(server, upserts())),
        "log_1_kb": _grown(server, size, LOGS, lambda: _sent(server, logs(flow))),
        "run_of_5_steps": _grown(server, size, RUNS, lambda: _sent(server, itertools.repeat(invoke, RUNS))),
        "execution_of_5_steps": _grown(server, size, EXECUTIONS, background),
    }


def on_sqlite(folder: Path) -> dict[str, Any]:
    """Of the file, with what is still in its write-ahead log."""
    store = folder / "sizes.db"

    def size() -> int:
        done = subprocess.run(
            [sys.executable, "-c", COUNTED, str(store)], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    with headrace(store=f"sqlite:///{store}", config=str(folder / "headrace.toml")) as server:
        return grown(server, size)


COUNTED = """
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in
                     ("page_count", "freelist_count", "page_size"))
print((pages - free) * size)
"""


def on_postgres(folder: Path) -> dict[str, Any]:
    """Of the database, with what connections there are at the end."""
    cluster = Cluster(autovacuum="on")
    try:
        url = cluster.empty()
        with psycopg.connect(url, autocommit=True) as connection:

            def size() -> int:
                connection.execute("VACUUM")
                ((found,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
                return int(found)

            settings = {"config": str(folder / "headrace.toml"), "secret_key": SECRET}
            with headrace(store=url, **settings) as server:
                found: dict[str, Any] = grown(server, size)
                found["connections"] = dict(connection.execute(SESSIONS).fetchall())
            found["tables"] = dict(connection.execute(TABLES).fetchall())
            return found
    finally:
        cluster.remove()


def main() -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
        folder = Path(directory)
        (folder / "headrace.toml").write_text(CONFIG)
        (folder / "bench_handlers.py").write_text(HANDLERS)
        figures: dict[str, Any] = {"sqlite": on_sqlite(folder)}
        if binaries() is not None:
            figures["postgresql"] = on_postgres(folder)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
