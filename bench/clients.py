"""What the clients' SDKs add: the same read and the same create by raw HTTP and by boto3 and humanloop.

One connection, one call after another, in this process; what counts is the time that the caller waits.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bench.registry import KEY, call, prepared_flow
from bench.server import Running, headrace

FILLER = "x" * 3900
WARM = 20


def _raw(server: Running) -> Callable[[str, str, Any], Any]:
    """A call on a connection that is kept."""
    connection = http.client.HTTPConnection(str(urlsplit(server.url).netloc))

    def ask(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, KEY)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {found}")
        return found

    return ask


def _boto3(server: Running) -> Any:
    import boto3

    return boto3.client(
        "bedrock-agent",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
    )


def _humanloop(server: Running) -> Any:
    from humanloop import Humanloop

    return Humanloop(api_key="bench", base_url=f"{server.url}/v5")


def calls(server: Running) -> dict[tuple[str, str], Callable[[], Any]]:
    """Each operation by each client."""
    raw, boto, humanloop = _raw(server), _boto3(server), _humanloop(server)
    flow = prepared_flow(server, "bench")
    call(server, "POST", f"/flows/{flow}/versions", {})
    kept = call(server, "POST", "/v5/flows", {"path": "clients/read", "attributes": {"a": FILLER}})["id"]
    numbers = itertools.count()

    def attributes() -> dict[str, Any]:
        return {"number": next(numbers), "prompt": FILLER}

    return {
        ("GetFlowVersion", "raw HTTP"): lambda: raw("GET", f"/flows/{flow}/versions/1/", None),
        ("GetFlowVersion", "boto3"): lambda: boto.get_flow_version(flowIdentifier=flow, flowVersion="1"),
        ("CreateFlowVersion", "raw HTTP"): lambda: raw(
            "POST", f"/flows/{flow}/versions", {"clientToken": f"bench-{next(numbers):034d}"}
        ),
        ("CreateFlowVersion", "boto3"): lambda: boto.create_flow_version(flowIdentifier=flow),
        ("Get Flow", "raw HTTP"): lambda: raw("GET", f"/v5/flows/{kept}", None),
        ("Get Flow", "humanloop"): lambda: humanloop.flows.get(id=kept),
        ("Upsert Flow", "raw HTTP"): lambda: raw(
            "POST", "/v5/flows", {"path": "clients/write", "attributes": attributes()}
        ),
        ("Upsert Flow", "humanloop"): lambda: humanloop.flows.upsert(
            path="clients/write", attributes=attributes()
        ),
    }


def typical(once: Callable[[], Any], seconds: float) -> dict[str, float]:
    """Milliseconds of a call, and the processor time of this process in it."""
    for _ in range(WARM):
        once()
    took = []
    busy, end = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        once()
        took.append((time.perf_counter() - started) * 1000)
    return {
        "p50_ms": statistics.median(took),
        "p95_ms": statistics.quantiles(took, n=20)[-1],
        "client_cpu_us": (time.process_time() - busy) / len(took) * 1e6,
    }


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    with headrace() as server:
        return {
            "rows": [
                {"operation": operation, "who": who, **typical(once, seconds)}
                for (operation, who), once in calls(server).items()
            ]
        }


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "3"))), indent=1))


if __name__ == "__main__":
    main()
