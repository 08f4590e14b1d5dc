"""The real OpenTelemetry exporter against the live server."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server

pytestmark = pytest.mark.live
_numbers = itertools.count(1)
BEARER = {"authorization": "Bearer any"}


@pytest.fixture
def raw(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"X-API-KEY": "any"}, timeout=30) as plain:
        yield plain


@pytest.fixture
def service() -> str:
    """The name of a program of the test's own."""
    return f"service {next(_numbers)}"


def program(server: LiveServer, service: str, *, one_by_one: bool = False, **options: Any) -> TracerProvider:
    """What a program sets up to send its traces here."""
    exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces", headers=BEARER, **options)
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    processor = SimpleSpanProcessor(exporter) if one_by_one else BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    return provider


def traces_of(raw: httpx.Client, path: str) -> list[dict[str, Any]]:
    """The logs of the flow at a path, whole, oldest first."""
    file = raw.post("/v5/files/retrieve-by-path", json={"path": path}).json()
    listed = raw.get("/v5/logs", params={"file_id": file["id"]}).json()["records"]
    return [raw.get(f"/v5/logs/{log['id']}").json() for log in reversed(listed)]


def outline(log: dict[str, Any]) -> Any:
    """The names of a trace's files, nested as its logs are."""
    file = next(log[kind] for kind in ("flow", "prompt", "tool") if log.get(kind))
    return file["name"], [outline(child) for child in log["trace_children"]]


def answer_question(tracer: trace.Tracer) -> None:
    """An agent, as the conventions say that one is told of."""
    asked = [{"role": "user", "parts": [{"type": "text", "content": "1+2?"}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "3"}], "finish_reason": "stop"}]
    talk = {"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": json.dumps(said)}
    model = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.finish_reasons": ["stop"],
    }
    tool = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.call.arguments": '{"a": 1, "b": 2}',
        "gen_ai.tool.call.result": "3",
    }
    with tracer.start_as_current_span("invoke_agent", attributes={"user.id": "u1", **talk}):
        with tracer.start_as_current_span("plan"), tracer.start_as_current_span("GET /plans"):
            pass
        with tracer.start_as_current_span("execute_tool add", attributes=tool):
            pass
        with tracer.start_as_current_span("chat gpt-4o", attributes={**model, **talk}):
            pass


AGENT = [("plan", [("GET plans", [])]), ("add", []), ("chat", [])]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
@pytest.mark.parametrize("one_by_one", [False, True], ids=["batched", "one by one"])
def test_an_agent_is_traced_whole(
    server: LiveServer, raw: httpx.Client, service: str, compression: Compression, one_by_one: bool
) -> None:
    provider = program(server, service, one_by_one=one_by_one, compression=compression)
    answer_question(provider.get_tracer("tests"))
    provider.shutdown()
    (log,) = traces_of(raw, f"OpenTelemetry/{service}")
    assert outline(log) == (service, AGENT)
    assert (log["log_status"], log["output"], log["user"]) == ("complete", "3", "u1")
    assert log["messages"][0]["content"] == "1+2?"
    tool, call = log["trace_children"][1:]
    assert (tool["inputs"], tool["output"]) == ({"a": 1, "b": 2}, "3")
    assert (call["output"], call["prompt_tokens"], call["output_tokens"]) == ("3", 7, 3)
    assert (call["prompt"]["model"], call["prompt"]["temperature"]) == ("gpt-4o", 0.5)
    assert call["provider_latency"] > 0
    assert {one["trace_id"] for one in (log, tool, call)} == {log["id"]}


def test_what_a_program_uses_is_not_listed(server: LiveServer, raw: httpx.Client, service: str) -> None:
    provider = program(server, service)
    answer_question(provider.get_tracer("tests"))
    provider.shutdown()
    for kind in ("prompts", "tools"):
        listed = raw.get(f"/v5/{kind}", params={"size": 100}).json()["records"]
        assert [one for one in listed if service in one["path"]] == []
    found = raw.post("/v5/files/retrieve-by-path", json={"path": f"OpenTelemetry/{service}/chat"}).json()
    assert (found["type"], found["model"]) == ("prompt", "gpt-4o")


def test_uses_of_one_version_are_counted(server: LiveServer, raw: httpx.Client, service: str) -> None:
    provider = program(server, service)
    for _ in range(3):
        answer_question(provider.get_tracer("tests"))
    provider.shutdown()
    logs = traces_of(raw, f"OpenTelemetry/{service}")
    assert [outline(log) for log in logs] == [(service, AGENT)] * 3
    assert logs[0]["flow"]["version_logs_count"] == 3
    assert logs[0]["trace_children"][2]["prompt"]["version_logs_count"] == 3


def test_the_header_names_the_flow(server: LiveServer, raw: httpx.Client, service: str) -> None:
    exporter = OTLPSpanExporter(
        endpoint=f"{server.url}/v1/traces", headers={**BEARER, "x-headrace-flow": f"Flows/{service}"}
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    answer_question(provider.get_tracer("tests"))
    provider.shutdown()
    assert len(traces_of(raw, f"Flows/{service}")) == 1


def test_two_programs_share_a_trace(server: LiveServer, raw: httpx.Client, service: str) -> None:
    front, back = (program(server, f"{service}{end}") for end in ("", " back"))
    carrier: dict[str, str] = {}
    propagator = TraceContextTextMapPropagator()
    here, there = front.get_tracer("tests"), back.get_tracer("tests")
    call = here.start_as_current_span("POST", kind=trace.SpanKind.CLIENT)
    with here.start_as_current_span("page"), call:
        propagator.inject(carrier)
        context = propagator.extract(carrier)
        serve = there.start_as_current_span("serve", context=context, kind=trace.SpanKind.SERVER)
        with serve, there.start_as_current_span("query"):
            pass
    back.shutdown()
    (begun,) = traces_of(raw, f"OpenTelemetry/{service} back")
    assert outline(begun) == (f"{service} back", [("serve", [("query", [])])])
    front.shutdown()
    (log,) = traces_of(raw, f"OpenTelemetry/{service} back")
    assert log["id"] == begun["id"]
    assert outline(log)[1] == [("POST", [("serve", [("query", [])])])]


def test_an_exception_is_the_error(server: LiveServer, raw: httpx.Client, service: str) -> None:
    provider = program(server, service)
    with (
        pytest.raises(ValueError),
        provider.get_tracer("tests").start_as_current_span("work"),
    ):
        raise ValueError("it broke")
    provider.shutdown()
    (log,) = traces_of(raw, f"OpenTelemetry/{service}")
    assert log["error"] == "ValueError: it broke"


def span(**members: Any) -> dict[str, Any]:
    return {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "x", **members}


def body(*spans: Any, service: str = "json") -> bytes:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    sent = {"resource": resource, "scopeSpans": [{"spans": spans}]}
    return json.dumps({"resourceSpans": [sent]}).encode()


JSON = {"content-type": "application/json"}
PROTOBUF = {"content-type": "application/x-protobuf"}


def test_json_is_answered_in_json(raw: httpx.Client, service: str) -> None:
    one = span(traceId="0" * 31 + "1")
    answer = raw.post("/v1/traces", content=body(one, service=service), headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    (log,) = traces_of(raw, f"OpenTelemetry/{service}")
    assert log["id"] == "log_" + "0" * 31 + "1"


def test_what_is_sent_again_in_any_order_is_one_tree(raw: httpx.Client, service: str) -> None:
    trace_id = "%032x" % (next(_numbers) + 2**64)
    ids = ["0" * 15 + str(number) for number in range(1, 6)]
    spans = [
        span(traceId=trace_id, spanId=one, parentSpanId=above, name=f"n{one[-1]}")
        for one, above in zip(ids, ["", ids[0], ids[1], ids[1], ids[3]], strict=True)
    ]
    for some in ([spans[4]], [spans[2], spans[1]], spans, [spans[0]], spans[::-1]):
        answer = raw.post("/v1/traces", content=body(*some, service=service), headers=JSON)
        assert (answer.status_code, answer.json()) == (200, {})
    (log,) = traces_of(raw, f"OpenTelemetry/{service}")
    assert outline(log) == (service, [("n2", [("n3", []), ("n4", [("n5", [])])])])
    assert (log["flow"]["version_logs_count"], log["log_status"]) == (1, "complete")


def test_what_is_not_taken_is_told(raw: httpx.Client, service: str) -> None:
    content = body(span(), span(spanId=""), "x", service=service)
    partial = raw.post("/v1/traces", content=content, headers=JSON).json()["partialSuccess"]
    assert partial == {"rejectedSpans": "2", "errorMessage": "A span has no trace ID or no span ID."}
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="x")
    answer = raw.post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (told.rejected_spans, told.error_message) == (1, "A span has no trace ID or no span ID.")


def test_a_path_that_is_taken_is_told(raw: httpx.Client, service: str) -> None:
    raw.post("/v5/prompts", json={"path": f"Taken/{service}", "model": "m"})
    headers = {**JSON, "x-headrace-flow": f"Taken/{service}"}
    answer = raw.post("/v1/traces", content=body(span(traceId="ef" * 16)), headers=headers)
    assert answer.status_code == 200
    assert f"Taken/{service}" in answer.json()["partialSuccess"]["errorMessage"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b"\x0a\x05", PROTOBUF, 400),
        (b"plain", {**PROTOBUF, "content-encoding": "gzip"}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (gzip.compress(b" " * 20_000_000), {**JSON, "content-encoding": "gzip"}, 413),
    ],
)
def test_nonsense_is_refused_in_the_encoding_of_the_request(
    raw: httpx.Client, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = raw.post("/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    if headers["content-type"] == "application/json":
        assert isinstance(answer.json()["message"], str)
    else:
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert answer.content[:1] == b"\x12"


def test_only_post_is_taken(raw: httpx.Client) -> None:
    answer = raw.get("/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_key_is_needed(make_server: Any) -> None:
    server, made = closed_server(make_server)
    key = made["api_key"]
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer nobody"}, 401),
        ({"authorization": f"bearer {key}"}, 200),
        ({"x-api-key": key}, 200),
    ):
        answer = httpx.post(f"{server.url}/v1/traces", content=b"{}", headers={**JSON, **headers})
        assert answer.status_code == status


def test_an_exporter_in_a_hurry_is_told_when_to_come_again(make_server: Any, service: str) -> None:
    server = make_server(rate_limit="1", rate_burst="1")
    with httpx.Client(headers={**JSON, **BEARER}) as client:
        answers = [client.post(f"{server.url}/v1/traces", content=b"{}") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 429, 429]
    assert int(answers[1].headers["retry-after"]) >= 1
    provider = program(server, service, one_by_one=True)
    exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces", headers=BEARER, timeout=10)
    with provider.get_tracer("tests").start_as_current_span("x") as one:
        pass
    assert exporter.export([one]) is SpanExportResult.SUCCESS  # type: ignore[list-item]
    provider.shutdown()
