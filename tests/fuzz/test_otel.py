"""Whatever spans are sent, over the wire to a durable store: never a bug, and what was taken can be read.

150 requests in the fast run; as many as HEADRACE_TEST_FUZZ_REQUESTS says otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.contract.inprocess import in_process

from headrace.settings import Settings

FAST_REQUESTS = 150
REQUESTS = int(os.environ.get("HEADRACE_TEST_FUZZ_REQUESTS", FAST_REQUESTS))
EXAMPLES = settings(
    max_examples=max(1, REQUESTS // 3),
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip
pytestmark = [pytest.mark.live, pytest.mark.timeout(300 + REQUESTS)]
if REQUESTS > FAST_REQUESTS:
    pytestmark.append(pytest.mark.slow)

IDS = st.sampled_from(["1", "2", "3", "4", "f" * 16]).map(lambda digits: digits.rjust(16, "0"))
TRACES = st.sampled_from(["a" * 32, "b" * 32, "c" * 32])
PATHS = st.sampled_from(["fuzz/A", "fuzz/A/B", "fuzz/b", "/x", "x//y", "..", "\0", "a" * 300, " a", "fuzz"])
TEXTS = st.one_of(PATHS, st.text(max_size=6), st.sampled_from(["{", '{"a": 1}', "[1]", "1e999", "true"]))
VALUES = st.one_of(
    st.builds(lambda text: {"stringValue": text}, TEXTS),
    st.builds(lambda number: {"intValue": number}, st.integers() | st.just("9" * 30)),
    st.builds(lambda number: {"doubleValue": number}, st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(lambda yes: {"boolValue": yes}, st.booleans()),
    st.just({"arrayValue": {"values": [{"stringValue": "x"}, {"kvlistValue": {}}]}}),
    st.just({"kvlistValue": {"values": [{"key": "a", "value": {"bytesValue": "AA=="}}]}}),
)
NAMES = st.sampled_from(
    [
        "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.tool.name", "gen_ai.system",
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.usage.input_tokens", "gen_ai.prompt.name",
        "gen_ai.response.finish_reasons", "gen_ai.request.temperature", "headrace.flow.path",
        "headrace.file.path", "user.id", "input.value", "output.value", "ai.operationId",
        "ai.telemetry.metadata.humanloopPromptPath", "ai.telemetry.metadata.humanloopFlowPath",
        "humanloop.file.path", "humanloop.file.type", "humanloop.file.function.name", "humanloop.log.id",
        "humanloop.log.output", "humanloop.log.error", "humanloop.log.inputs.a", "humanloop.log.run_id",
        "humanloop.log.trace_parent_id", "humanloop.log.log_status", "humanloop.log.output_message.role",
    ]
)  # fmt: skip
WORDS = {
    "gen_ai.operation.name": ["chat", "execute_tool"],
    "humanloop.file.type": ["flow", "tool", "prompt"],
    "ai.operationId": ["ai.generateText", "ai.generateText.doGenerate", "ai.toolCall"],
}


@st.composite
def attributes(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = {}
    for name in draw(st.lists(NAMES, max_size=6)):
        value = draw(VALUES)
        if name in WORDS:
            value = {"stringValue": draw(st.sampled_from(WORDS[name]))}
        elif name.endswith(("path", "Path")) and draw(st.booleans()):
            value = {"stringValue": draw(PATHS)}
        found[name] = value
    return [{"key": name, "value": value} for name, value in found.items()]


SPANS = st.fixed_dictionaries(
    {"traceId": TRACES, "spanId": IDS, "name": TEXTS, "attributes": attributes()},
    optional={
        "parentSpanId": IDS,
        "flags": st.sampled_from([0x100, 0x300]),
        "startTimeUnixNano": st.sampled_from([1, 1_700_000_000_000_000_000, 2**64, "soon"]),
        "endTimeUnixNano": st.sampled_from([1, 1_700_000_000_500_000_000, -1]),
        "status": st.just({"code": 2, "message": "it broke"}),
    },
)


def body(spans: list[dict[str, Any]]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path: Path = tmp_path_factory.mktemp("fuzz") / "headrace.db"
    with in_process(Settings(store=f"sqlite:///{path}")) as live:
        headers = {"x-api-key": "any", "content-type": "application/json"}
        with httpx.Client(base_url=live.url, headers=headers, timeout=30) as plain:
            yield plain


@EXAMPLES
@given(st.lists(SPANS, min_size=1, max_size=6))
def test_the_standard_endpoint_takes_or_tells(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, spans: list[dict[str, Any]]
) -> None:
    answer = client.post("/v1/traces", content=body(spans))
    assert answer.status_code in (200, 400), answer.text
    for span in spans:
        for log_id in (f"log_{span['traceId']}", f"log_{span['traceId']}{span['spanId']}"):
            assert client.get(f"/v5/logs/{log_id}").status_code in (200, 404)
    assert [record for record in caplog.records if record.message == "a bug"] == []


@EXAMPLES
@given(st.lists(SPANS, min_size=1, max_size=6))
def test_the_import_takes_everything(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, spans: list[dict[str, Any]]
) -> None:
    answer = client.post("/v5/import/otel/v1/traces", content=body(spans))
    assert answer.status_code == 200, answer.text
    for log_id in answer.json()["records"]:
        assert client.get(f"/v5/logs/{log_id}").status_code == 200
    assert [record for record in caplog.records if record.message == "a bug"] == []


@EXAMPLES
@given(st.binary(max_size=60), st.sampled_from(["application/json", "application/x-protobuf", "text/plain"]))
def test_bytes_are_answered(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, content: bytes, kind: str
) -> None:
    headers = {"content-type": kind}
    assert client.post("/v5/import/otel/v1/traces", content=content, headers=headers).status_code == 200
    assert client.post("/v1/traces", content=content, headers=headers).status_code in (200, 400, 415)
    assert [record for record in caplog.records if record.message == "a bug"] == []
