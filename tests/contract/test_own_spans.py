"""The server's own spans, as a collector gets them: what there is one of, what is above it, what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.bedrock.running import chain, code, function, furnished, install, invoke, prompt
from tests.contract.collector import Collector, Seen, collecting
from tests.contract.conftest import NO_CERTIFICATES, LiveServer
from tests.contract.scraping import until, web

pytestmark = pytest.mark.live

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET_TEXT = "what nobody else may read"
FLOW = chain(("Ask", "Prompt", prompt()), ("Shout", "InlineCode", code("value.upper()")))


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("spans")
    headers = "authorization=Bearer%20a,x-tenant=t"
    live = furnished(folder, otlp_endpoint=collector.url, otlp_headers=headers).start()
    yield live
    assert live.stop() == 0


def called(client: Any, **headers: str) -> Any:
    """The client, which sends these headers from now on."""
    handler = client.meta.events
    handler.register("before-send.*", lambda request, **_: request.headers.update(headers) or None)
    return client


def runtime(server: LiveServer, **headers: str) -> Any:
    return called(server.boto("bedrock-agent-runtime", read_timeout=40), **headers)


def traced(number: int, *, flags: str = "01") -> tuple[str, dict[str, str]]:
    """A trace of a test's own, and the header of who calls in it."""
    trace = f"{TRACE[:-2]}{number:02x}"
    return trace, {"traceparent": f"00-{trace}-{CALLER}-{flags}"}


def below(spans: list[Seen], parent: str) -> list[Seen]:
    return [one for one in spans if one.parent == parent]


def test_a_run_is_a_tree_below_its_caller(server: LiveServer, collector: Collector) -> None:
    flow = install(server.boto(), FLOW)
    trace, headers = traced(1)
    assert invoke(runtime(server, **headers), flow, SECRET_TEXT).outputs == [("FlowOutput", "SAID.")]

    request = collector.named("InvokeFlow", where=trace)
    assert (request.kind, request.parent) == ("server", CALLER)
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["headrace.api"] == "bedrock"
    spans = [one for one in collector.spans if one.trace == trace]
    (run,) = below(spans, request.id)
    assert (run.name, run.attributes["headrace.execution.status"]) == ("run flow", "succeeded")
    nodes = {one.attributes["headrace.node.name"]: one for one in below(spans, run.id)}
    assert {name: one.attributes["headrace.node.type"] for name, one in nodes.items()} == {
        "FlowInput": "Input",
        "Ask": "Prompt",
        "Shout": "InlineCode",
        "FlowOutput": "Output",
    }
    (model,) = below(spans, nodes["Ask"].id)
    assert (model.name, model.kind) == ("chat a-model", "client")
    wanted = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "script",
        "gen_ai.request.model": "a-model",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.response.finish_reasons": ["end_turn"],
    }
    assert wanted.items() <= model.attributes.items()
    assert len(spans) == 7
    assert nodes["Ask"].seconds >= model.seconds > 0
    assert request.resource["service.name"] == "headrace"


def test_no_content_leaves_the_server(server: LiveServer, collector: Collector) -> None:
    flow = install(server.boto(), FLOW)
    trace, headers = traced(2)
    invoke(runtime(server, **headers), flow, SECRET_TEXT)
    collector.named("InvokeFlow", where=trace)
    assert SECRET_TEXT.encode() not in b"".join(collector.bodies)
    assert b"Said." not in b"".join(collector.bodies)


def test_the_headers_are_sent(server: LiveServer, collector: Collector) -> None:
    web.get(f"{server.url}/v5/flows", headers={"x-api-key": "any"}).raise_for_status()
    collector.wait(len)
    assert collector.headers["authorization"] == "Bearer a"
    assert collector.headers["x-tenant"] == "t"


def test_what_fails_says_so_without_its_words(server: LiveServer, collector: Collector) -> None:
    flow = install(server.boto(), chain(("Denied", "Prompt", prompt())))
    trace, headers = traced(3)
    assert invoke(runtime(server, **headers), flow, "x").error is not None
    collector.named("InvokeFlow", where=trace)
    spans = {one.name: one for one in collector.spans if one.trace == trace}
    assert spans["run flow"].is_error
    assert spans["run flow"].attributes["error.type"] == "denied"
    assert spans["node Prompt"].is_error
    assert spans["chat a-model"].attributes["error.type"] == "denied"
    assert not spans["InvokeFlow"].is_error  # its status was sent long before
    assert b"no right" not in b"".join(collector.bodies)


def test_a_caller_that_does_not_sample_is_heeded(server: LiveServer, collector: Collector) -> None:
    trace, headers = traced(4, flags="00")
    other, marked = traced(5)
    for given in (headers, marked):
        web.get(f"{server.url}/v5/flows", headers={"x-api-key": "any", **given}).raise_for_status()
    collector.named("ListFlows", where=other)
    assert [one for one in collector.spans if one.trace == trace] == []


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "00-" + "0" * 32 + f"-{CALLER}-01",
        f"00-{TRACE}-" + "0" * 16 + "-01",
        f"ff-{TRACE}-{CALLER}-01",
    ],
)
def test_a_traceparent_that_is_none_begins_a_trace(
    server: LiveServer, collector: Collector, bad: str
) -> None:
    before = len(collector.spans)
    headers = {"x-api-key": "any", "traceparent": bad}
    web.get(f"{server.url}/v5/prompts", headers=headers).raise_for_status()
    collector.wait(lambda spans: len(spans) > before)
    assert collector.spans[-1].parent == ""
    assert collector.spans[-1].trace not in (TRACE, "0" * 32)


def test_functions_are_calls_below_their_nodes(server: LiveServer, collector: Collector) -> None:
    flow = install(server.boto(), chain(("Twice", "LambdaFunction", function("double"))))
    trace, headers = traced(6)
    assert invoke(runtime(server, **headers), flow, "ab").outputs == [("FlowOutput", "abab")]
    node = collector.named("node LambdaFunction", where=trace)
    collector.named("InvokeFlow", where=trace)
    (act,) = below(collector.spans, node.id)
    assert act.kind == "client"
    assert act.attributes["rpc.service"] == "Lambda"


def test_humanloop_calls_of_prompts_are_below_their_request(server: LiveServer, collector: Collector) -> None:
    trace, headers = traced(7)
    body = {"path": "spans/Call", "prompt": {"model": "a-model", "template": "Hi"}, "messages": []}
    answer = web.post(f"{server.url}/v5/prompts/call", json=body, headers={"x-api-key": "any", **headers})
    request = collector.named("CallPrompt", where=trace)
    (model,) = below(collector.spans, request.id)
    assert model.name == "chat a-model", answer.text


def test_nobody_is_told_of_who_watches(server: LiveServer, collector: Collector) -> None:
    trace, headers = traced(8)
    for path in ("/healthz", "/readyz", "/metrics", "/"):
        web.get(server.url + path, headers=headers).raise_for_status()
    web.get(f"{server.url}/v5/flows", headers={"x-api-key": "any", **headers}).raise_for_status()
    collector.named("ListFlows", where=trace)
    assert [one.name for one in collector.spans if one.trace == trace] == ["ListFlows"]


def test_background_executions_are_traces_of_their_own(server: LiveServer, collector: Collector) -> None:
    pytest.importorskip("dbos")
    aws = server.boto()
    flow = install(aws, FLOW)
    aws.create_flow_version(flowIdentifier=flow)
    routing = [{"flowVersion": "1"}]
    alias = aws.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=routing)["id"]
    trace, headers = traced(9)
    given = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}
    runtime(server, **headers).start_flow_execution(
        flowIdentifier=flow, flowAliasIdentifier=alias, inputs=[given]
    )
    request = collector.named("StartFlowExecution", where=trace)
    (other,) = request.links
    run = collector.named("run flow", where=other)
    assert (run.parent, run.attributes["headrace.execution.status"]) == ("", "succeeded")
    ask = collector.named("node Prompt", where=other)
    assert ask.parent == run.id
    assert collector.named("chat a-model", where=other).parent == ask.id


def test_content_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    with collecting() as collector:
        live = furnished(tmp_path, otlp_endpoint=f"{collector.url}/v1/traces", otlp_content="true").start()
        try:
            flow = install(live.boto(), FLOW)
            invoke(runtime(live), flow, SECRET_TEXT)
            model = collector.named("chat a-model")
            assert SECRET_TEXT in model.attributes["gen_ai.input.messages"]
            assert "Said." in model.attributes["gen_ai.output.messages"]
            assert collector.named("node Prompt").attributes["input.value"] == f'{{"text":"{SECRET_TEXT}"}}'
        finally:
            assert live.stop() == 0


def test_the_end_sends_what_waits(tmp_path: Path) -> None:
    with collecting() as collector:
        live = furnished(tmp_path, otlp_endpoint=collector.url).start()
        web.get(f"{live.url}/v5/flows", headers={"x-api-key": "any"}).raise_for_status()
        assert live.stop() == 0
        assert [one.name for one in collector.spans] == ["ListFlows"]


@pytest.mark.parametrize(
    ("statuses", "outcome"), [([503], "exported"), ([429, 503], "exported"), ([400], "refused")]
)
def test_what_the_other_side_can_take_later_is_sent_again(
    tmp_path: Path, statuses: list[int], outcome: str
) -> None:
    with collecting() as collector:
        collector.statuses += statuses
        live = furnished(tmp_path, otlp_endpoint=collector.url).start()
        web.get(f"{live.url}/v5/flows", headers={"x-api-key": "any"}).raise_for_status()
        until(lambda: spans_told(live.url), "nothing became of it")
        assert spans_told(live.url) == {outcome: 1}
        assert len(collector.spans) == (outcome == "exported")
        assert live.stop() == 0


def test_a_share_of_nothing_is_nothing(tmp_path: Path) -> None:
    with collecting() as collector:
        live = furnished(tmp_path, otlp_endpoint=collector.url, otlp_share="0").start()
        web.get(f"{live.url}/v5/flows", headers={"x-api-key": "any"}).raise_for_status()
        assert live.stop() == 0
        assert collector.spans == []


WITHOUT_LIBRARY = """
import importlib.util as there
find = there.find_spec
there.find_spec = lambda name, *more: None if name == "opentelemetry.sdk" else find(name, *more)
from headrace.cli import main
main()
"""


def test_without_its_library_it_says_what_to_install() -> None:
    environment = {"PATH": os.environ["PATH"], "HEADRACE_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", WITHOUT_LIBRARY, "serve", "--store", "memory:", "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: Exporting spans needs the extra otel: pip install 'headrace[otel]'.\n"


def spans_told(url: str) -> dict[str, float]:
    """What the server's figures say became of its spans."""
    lines = web.get(f"{url}/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("headrace_spans_total{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in found}


def test_a_collector_that_is_away_costs_nobody_anything(tmp_path: Path) -> None:
    """Requests go on as quickly, what has no room is dropped and counted, and the end is not held up."""
    settings = {"otlp_endpoint": "http://127.0.0.1:9", "otlp_queue": "5", "otlp_timeout": "1"}
    live = furnished(tmp_path, **settings).start()
    with httpx.Client(base_url=live.url, headers={"x-api-key": "any"}, verify=NO_CERTIFICATES) as client:
        started = time.monotonic()
        for _ in range(50):
            client.get("/v5/flows").raise_for_status()
        assert time.monotonic() - started < 25
        assert spans_told(live.url)["dropped"] >= 50 - 2 * 5
    started = time.monotonic()
    assert live.stop() == 0
    assert time.monotonic() - started < 30


def test_another_headrace_takes_them(tmp_path: Path, make_server: Any) -> None:
    taker: LiveServer = make_server()
    live = furnished(tmp_path, otlp_endpoint=taker.url, otlp_headers="x-api-key=any").start()
    try:
        flow = install(live.boto(), FLOW)
        invoke(runtime(live), flow, "hello")
        end = time.monotonic() + 60
        while not spans_told(live.url).get("exported", 0) >= 7:
            assert time.monotonic() < end, spans_told(live.url)
            time.sleep(0.1)
        assert "refused" not in spans_told(live.url)
    finally:
        assert live.stop() == 0
    with httpx.Client(base_url=taker.url, headers={"x-api-key": "any"}, verify=NO_CERTIFICATES) as client:
        file = client.post("/v5/files/retrieve-by-path", json={"path": "OpenTelemetry/headrace"}).json()
        listed = client.get("/v5/logs", params={"file_id": file["id"]}).json()["records"]
        logs = [client.get(f"/v5/logs/{log['id']}").json() for log in listed]
    shapes = [outline(log) for log in logs]
    nodes = [
        ("node Input", []),
        ("node Prompt", [("chat", [])]),
        ("node InlineCode", []),
        ("node Output", []),
    ]
    assert ("headrace", [("run flow", nodes)]) in shapes
    (call,) = [log for log in flattened(logs) if log.get("prompt")]
    assert (call["prompt"]["model"], call["prompt_tokens"], call["output_tokens"]) == ("a-model", 7, 2)


def outline(log: dict[str, Any]) -> Any:
    """The names of a trace's files, nested as its logs are."""
    file = next(log[kind] for kind in ("flow", "prompt", "tool") if log.get(kind))
    return file["name"], [outline(child) for child in log["trace_children"]]


def flattened(logs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for log in logs:
        yield log
        yield from flattened(log["trace_children"])
