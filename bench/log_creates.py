"""Logs made over HTTP, durably, one request each: of a flow, complete at once, with about 1 KB of payload."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

from bench.load import request, run
from bench.registry import KEY
from bench.server import Running, headrace, hello

CONNECTIONS = (1, 16, 64)
BODY = {
    "path": "bench/Answer",
    "flow": {"attributes": {"model": "small", "prompt": "Answer the question. " * 10}},
    "inputs": {"question": "Where is my order? " * 20},
    "output": "It is on its way. " * 20,
    "metadata": {"customer": "c-17", "channel": "mail"},
    "log_status": "complete",
}


def _row(server: Running, body: bytes, path: str, connections: int, seconds: float) -> dict[str, Any]:
    posts = itertools.repeat(request("POST", path, KEY, body))
    result = run(server.url, posts, connections=connections, seconds=seconds, pid=server.pid)
    return {"connections": connections, **vars(result)}


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    body = json.dumps(BODY).encode()
    with headrace() as server:
        logs = [_row(server, body, "/v5/flows/log", count, seconds) for count in CONNECTIONS]
    with hello(150) as floor:
        floors = [_row(floor, body, "/", count, seconds) for count in CONNECTIONS]
    return {"flow logs": logs, "hello": floors}


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "5"))), indent=1))


if __name__ == "__main__":
    main()
