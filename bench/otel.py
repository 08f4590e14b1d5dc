"""Spans taken in over HTTP, durably: at the standard endpoint in both encodings, and as decorators send them.

The trace is that of a small agent: a root, a call of a model and a call of a tool each turn, with 10 to 15
attributes each. What it costs beyond the floor is to be read against a log made by a direct call.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from bench.load import request, run
from bench.server import Running, headrace

KEY = {"x-api-key": "bench"}
KINDS = {"json": "application/json", "protobuf": "application/x-protobuf"}
SPANS_A_TRACE = 10
BATCHES = (1, 100)
CONNECTIONS = (1, 16)
MESSAGES = json.dumps(
    [{"role": "user", "parts": [{"type": "text", "content": "What is the order's state? " * 8}]}]
)
MODEL: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 500,
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.output.messages": MESSAGES.replace("user", "assistant"),
    "server.address": "api.example.com",
}
TOOL: dict[str, Any] = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "look_up",
    "gen_ai.tool.call.arguments": '{"order": 17}',
    "gen_ai.tool.call.result": "It is on its way. " * 8,
    **{f"app.attribute.{number}": "a value" for number in range(8)},
}


def spans() -> Iterator[dict[str, Any]]:
    """The spans of one trace after another, each trace's root last, as they end."""
    for trace in itertools.count(1):
        root = f"{trace:08d}{0:08d}"
        for number in range(1, SPANS_A_TRACE):
            is_model = number % 2
            yield {
                "traceId": f"{trace:032x}",
                "spanId": f"{trace:08d}{number:08d}",
                "parentSpanId": root,
                "name": "chat gpt-4o" if is_model else "execute_tool look_up",
                "attributes": MODEL if is_model else TOOL,
            }
        yield {"traceId": f"{trace:032x}", "spanId": root, "name": "agent", "attributes": {"user.id": "u1"}}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _as_json(batch: list[dict[str, Any]]) -> dict[str, Any]:
    start = time.time_ns()
    sent = [
        {
            **span,
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 1_000_000),
            "attributes": [{"key": key, "value": _value(value)} for key, value in span["attributes"].items()],
        }
        for span in batch
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "bench"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": sent}]}]}


def _body(kind: str, batch: list[dict[str, Any]]) -> bytes:
    value = _as_json(batch)
    if kind == "json":
        return json.dumps(value).encode()
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for span in value["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # protobuf's own JSON has ids in base64
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = b64encode(bytes.fromhex(span[name])).decode()
    sent: bytes = ParseDict(value, ExportTraceServiceRequest()).SerializeToString()
    return sent


def _exports(kind: str, size: int, most: int) -> list[bytes]:
    """Requests, made before the clock runs."""
    every = spans()
    headers = {**KEY, "content-type": KINDS[kind]}
    bodies = (_body(kind, [*itertools.islice(every, size)]) for _ in range(most))
    return [request("POST", "/v1/traces", headers, body) for body in bodies]


def _decorated(most: int) -> list[bytes]:
    """Tools' spans, as the client's decorators send them."""
    attributes = {
        "humanloop.file.path": "bench/look up",
        "humanloop.file.type": "tool",
        "humanloop.file.function.name": "look_up",
        "humanloop.file.function.description": "Looks up.",
        "humanloop.file.function.strict": "True",
        "humanloop.file.function.parameters.type": "object",
        "humanloop.file.function.parameters.properties.order.type": "integer",
        "humanloop.file.function.parameters.required": "('order',)",
        "humanloop.file.source_code": "def look_up(order): ...",
        "humanloop.log.inputs.order": "17",
        "humanloop.log.output": "It is on its way. " * 8,
    }
    every = spans()
    bodies = (_as_json([{**next(every), "attributes": attributes}]) for _ in range(most))
    path = "/v5/import/otel/v1/traces"
    return [request("POST", path, KEY, json.dumps(body).encode()) for body in bodies]


def _direct(most: int) -> list[bytes]:
    """The same as a direct log of a tool."""
    tool = {"function": {"name": "look_up", "description": "Looks up."}}
    body = {
        "path": "bench/direct",
        "tool": tool,
        "inputs": {"order": "17"},
        "output": "It is on its way. " * 8,
    }
    sent = json.dumps(body).encode()
    return [request("POST", "/v5/tools/log", {**KEY, "content-type": "application/json"}, sent)] * most


def _measured(
    server: Running, requests: list[bytes], *, size: int, connections: int, seconds: float
) -> dict[str, Any]:
    result = run(server.url, iter(requests), connections=connections, seconds=seconds, pid=server.pid)
    return {
        "connections": connections,
        "spans_per_s": result.rate * size,
        "cpu_us_per_span": result.cpu_us / size,
        "p50_ms": result.p50_ms,
        "p99_ms": result.p99_ms,
        "failures": result.failures,
    }


def measure(seconds: float) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}
    most = int(6000 * seconds)
    for kind in KINDS:
        for size in BATCHES:
            rows = []
            for connections in CONNECTIONS:
                with headrace() as server:  # a new store: ids of spans are the same each time
                    rows.append(
                        _measured(
                            server,
                            _exports(kind, size, most // size),
                            size=size,
                            connections=connections,
                            seconds=seconds,
                        )
                    )
            found[f"{kind}, {size} spans a request"] = rows
    for name, made in (("decorators, 1 span a request", _decorated), ("a direct log", _direct)):
        rows = []
        for connections in CONNECTIONS:
            with headrace() as server:
                rows.append(_measured(server, made(most), size=1, connections=connections, seconds=seconds))
        found[name] = rows
    return found


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(float(os.environ.get("BENCH_SECONDS", "3"))), indent=1))


if __name__ == "__main__":
    main()
