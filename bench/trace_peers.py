"""Traces taken in over OTLP by Headrace and by other servers, the same requests one after another.

All keep what they are sent in SQLite files on the same disk. One that is not installed is left out and told.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

from bench.environments import NotThere
from bench.load import request, run
from bench.otel import KINDS, SPANS_A_TRACE, _body, spans
from bench.peer_servers import READY_S, mlflow, phoenix
from bench.server import headrace

CONNECTIONS = (1, 16)

SERVERS = {
    "headrace": (headrace, {"x-api-key": "bench"}),
    "mlflow": (mlflow, {"x-mlflow-experiment-id": "0"}),
    "phoenix": (phoenix, {}),
}
"""How each is started, and the headers that it wants."""


def _rows(name: str, seconds: float) -> list[dict[str, Any]]:
    start, headers = SERVERS[name]
    rows = []
    for connections in CONNECTIONS:
        with start() as server:
            every = spans()
            bodies = (_body("protobuf", [*itertools.islice(every, SPANS_A_TRACE)]) for _ in itertools.count())
            made = list(itertools.islice(bodies, int(400 * seconds)))
            wanted = {
                **headers,
                "content-type": KINDS["protobuf"],
                "host": server.url.removeprefix("http://"),
            }
            sent = [request("POST", "/v1/traces", wanted, body) for body in made]
            # The first request may load half the server; it is not what is measured.
            run(server.url, iter(sent[:1]), connections=1, seconds=READY_S, pid=server.pid)
            result = run(server.url, iter(sent[1:]), connections=connections, seconds=seconds, pid=server.pid)
        rows.append(
            {
                "who": name,
                "connections": connections,
                "spans_per_s": result.rate * SPANS_A_TRACE,
                "p50_ms": result.p50_ms,
                "p99_ms": result.p99_ms,
                "failures": result.failures,
            }
        )
    return rows


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    rows: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    for name in SERVERS:
        try:
            rows += _rows(name, seconds)
        except NotThere as reason:
            skipped[name] = str(reason)
        except OSError as error:
            if name == "headrace":
                raise
            skipped[name] = f"{type(error).__name__}: {error}"
    return {"rows": rows, "skipped": skipped}


def main() -> None:
    """Print the figures as JSON: traces of ten spans, one a request, in protobuf."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "5"))), indent=1))


if __name__ == "__main__":
    main()
