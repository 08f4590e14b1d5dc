"""Traces taken in over OTLP by Headrace and by other servers, the same requests one after another.

All keep what they are sent in SQLite files on the same disk. One that is not installed is left out and told.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bench.load import request, run
from bench.otel import KINDS, SPANS_A_TRACE, _body, spans
from bench.peer_servers import OURS, READY_S, in_turn, mlflow, phoenix
from bench.server import Running, headrace

CONNECTIONS = (1, 16)


SERVERS = {
    OURS: (headrace, {"x-api-key": "bench"}),
    "mlflow": (mlflow, {"x-mlflow-experiment-id": "0"}),
    "phoenix": (phoenix, {}),
}
"""How each is started, and the headers that it wants."""


TRACE, SPAN = b"\xab" * 16, b"\xcd" * 4
"""What stands in the body for the number of the trace: as its id, and as the first half of its spans' ids."""


def _template() -> bytes:
    """A trace, in protobuf."""
    made = list(itertools.islice(spans(), SPANS_A_TRACE))
    for span in made:
        span["traceId"] = TRACE.hex()
        for key in ("spanId", "parentSpanId"):
            if key in span:
                span[key] = SPAN.hex() + span[key][8:]
    return _body("protobuf", made)


def traces() -> Iterator[bytes]:
    """One trace after another."""
    template = _template()
    for number in itertools.count(1):
        yield template.replace(TRACE, number.to_bytes(16)).replace(SPAN, number.to_bytes(4))


def _rows(name: str, server: Running, every: Iterator[bytes], seconds: float) -> list[dict[str, Any]]:
    wanted = {
        **SERVERS[name][1],
        "content-type": KINDS["protobuf"],
        "host": server.url.removeprefix("http://"),
    }
    sent = (request("POST", "/v1/traces", wanted, body) for body in every)
    rows = []
    for connections in CONNECTIONS:
        # The first request may load half the server; it is not what is measured.
        run(server.url, itertools.islice(sent, 1), connections=1, seconds=READY_S, pid=server.pid)
        result = run(server.url, sent, connections=connections, seconds=seconds, pid=server.pid)
        if result.failures:
            raise RuntimeError(f"{name}: {result.failures} answers were errors")
        rows.append(
            {
                "who": name,
                "connections": connections,
                "spans_per_s": result.rate * SPANS_A_TRACE,
                "p50_ms": result.p50_ms,
                "p99_ms": result.p99_ms,
            }
        )
    return rows


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """All figures: in each round each server in turn, with spans that none has had yet."""
    every = traces()
    with ExitStack() as running:
        return in_turn(
            SERVERS,
            lambda name: running.enter_context(SERVERS[name][0]()),
            lambda name, server: _rows(name, server, every, seconds),
            rounds,
        )


def main() -> None:
    """Print the figures as JSON: traces of ten spans, one a request, in protobuf."""
    seconds, rounds = (float(os.environ.get(f"BENCH_{name}", "3")) for name in ("SECONDS", "ROUNDS"))
    print(json.dumps(measure(seconds, int(rounds)), indent=1))


if __name__ == "__main__":
    main()
