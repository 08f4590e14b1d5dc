"""`/metrics`: who may read it, in which formats, and that each figure moves by what it says it counts."""

from __future__ import annotations

import resource
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import stores
from tests.contract.bedrock.running import chain, code, furnished, install, invoke, prompt
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.inprocess import in_process
from tests.contract.keys import closed_server, create_key, run
from tests.contract.scraping import OPENMETRICS, Scrape, scrape, until, web
from tests.postgres import free_port

from headrace.apis.metrics.table import METRICS, Kind
from headrace.services.records import recorder
from headrace.settings import Settings

pytestmark = pytest.mark.live

ENDINGS = {Kind.COUNTER: "_total", Kind.GAUGE: "", Kind.HISTOGRAM: "_count", Kind.INFO: "_info"}
MARK = "zebrafinch"
"""Part of everything that the users of these tests name or say."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("metrics")
    price = '\n[[models.price]]\nmatch = "*"\ninput_usd = 1.0\noutput_usd = 2.0\n'
    live = furnished(folder, rate_limit="200", rate_burst="200", rate_limit_reads="500")
    config = folder / "headrace.toml"
    config.write_text(config.read_text() + price)
    live.start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def aws(server: LiveServer) -> Any:
    return server.boto()


@pytest.fixture(scope="module")
def runtime(server: LiveServer) -> Any:
    return server.boto("bedrock-agent-runtime", read_timeout=40)


@pytest.fixture
def moved(server: LiveServer) -> Callable[..., float]:
    """By how much a figure has grown since the test began."""
    before = scrape(server.url)
    return lambda name, **labels: scrape(server.url).get(name, **labels) - before.get(name, **labels)


# Formats


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_both_formats_are_read_by_prometheus(server: LiveServer, accept: str) -> None:
    found = scrape(server.url, accept=accept)
    for metric in METRICS:
        kind = {Kind.INFO: "info" if accept else "gauge"}.get(metric.kind, metric.kind.value)
        name = metric.name + ("_info" if metric.kind is Kind.INFO and not accept else "")
        assert found.kinds[name.removesuffix("_total")] == kind
    assert found.get("process_open_fds") > 5


def test_the_type_says_which_format(server: LiveServer) -> None:
    plain = web.get(f"{server.url}/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    modern = web.get(f"{server.url}/metrics", headers={"accept": OPENMETRICS})
    assert modern.headers["content-type"].startswith("application/openmetrics-text")
    assert modern.text.endswith("# EOF\n")


def test_other_methods(server: LiveServer) -> None:
    head = web.head(f"{server.url}/metrics")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    assert web.options(f"{server.url}/metrics").headers["allow"] == "GET, HEAD, OPTIONS"
    refused = web.post(f"{server.url}/metrics", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


# Rights


def test_a_closed_server_wants_a_key(make_server: Any) -> None:
    live, _ = closed_server(make_server)
    key = create_key(live.store, "reader")["api_key"]
    url = f"{live.url}/metrics"
    assert web.get(url).status_code == 401
    assert web.get(url, headers={"x-api-key": "hl_sk_none"}).status_code == 401
    assert web.get(url, headers={"authorization": f"Basic {key}"}).status_code == 401
    assert web.get(url, headers={"x-api-key": key}).status_code == 200
    assert web.get(url, headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert web.head(url).status_code == 401


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_an_open_server_tells_no_foreign_page(server: LiveServer, headers: dict[str, str]) -> None:
    assert web.get(f"{server.url}/metrics", headers=headers).status_code == 403


def test_the_health_port_needs_no_key_and_has_nothing_else(make_server: Any) -> None:
    port = free_port()
    live, _ = closed_server(make_server, health_port=str(port))
    beside = f"http://127.0.0.1:{port}"
    assert web.get(f"{live.url}/v5/flows").status_code == 401
    assert scrape(beside).get("headrace_request_seconds_count", api="humanloop") == 1  # of the same process
    assert [web.get(beside + path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    for path in ("/", "/v5/flows", "/flows/", "/console/keys", "/metrics/x"):
        assert web.get(beside + path, headers={"x-api-key": "any"}).status_code == 404
    assert live.stop() == 0


def test_a_health_port_that_is_taken_is_named(server: LiveServer) -> None:
    port = server.url.rpartition(":")[2]
    done = run("serve", "--store", "memory:", "--port", "0", HEADRACE_HEALTH_PORT=port)
    assert done.returncode == 1
    assert f"Can't listen on 127.0.0.1 port {port}" in done.stderr
    assert "HEADRACE_HEALTH_PORT" in done.stderr


# What is counted


def test_requests_by_operation_and_status(server: LiveServer, aws: Any, moved: Callable[..., float]) -> None:
    name = "headrace_request_seconds_count"
    aws.list_flows()
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_flow(flowIdentifier="NOSUCHFLOW")
    web.get(f"{server.url}/v5/flows", headers={"x-api-key": "any"})
    web.get(f"{server.url}/v5/flows")
    web.get(f"{server.url}/v5/{MARK}", headers={"x-api-key": "any"})
    assert moved(name, api="bedrock", operation="ListFlows", status="2xx") == 1
    assert moved(name, api="bedrock", operation="GetFlow", status="4xx") == 1
    assert moved(name, api="humanloop", operation="ListFlows", status="2xx") == 1
    assert moved(name, api="humanloop", operation="ListFlows", status="4xx") == 1
    assert moved(name, api="humanloop", operation="unknown", status="4xx") == 1
    assert scrape(server.url).get("headrace_requests_in_progress") == 1  # the scrape itself


def test_humanloop_calls(server: LiveServer, moved: Callable[..., float]) -> None:
    human = server.humanloop()
    human.flows.upsert(path=f"{MARK}/counted", attributes={"a": 1})
    assert moved("headrace_request_seconds_count", api="humanloop", operation="UpsertFlow", status="2xx") == 1
    assert moved("headrace_store_commit_seconds_count") >= 1
    assert moved("headrace_store_commit_size_sum") >= 1


def test_runs_nodes_and_models(aws: Any, runtime: Any, moved: Callable[..., float]) -> None:
    flow = install(aws, chain(("Ask", "Prompt", prompt()), ("Shout", "InlineCode", code("value.upper()"))))
    invoke(runtime, flow, MARK)
    assert moved("headrace_execution_seconds_count", mode="invoked", outcome="succeeded") == 1
    for node in ("Input", "Prompt", "InlineCode", "Output"):
        assert moved("headrace_nodes_total", type=node, outcome="succeeded") == 1
    assert moved("headrace_model_call_seconds_count", provider="script", outcome="succeeded") == 1
    assert moved("headrace_model_tokens_total", provider="script", direction="input") == 7
    assert moved("headrace_model_tokens_total", provider="script", direction="output") == 2
    assert moved("headrace_model_cost_usd_total") == pytest.approx((7 * 1.0 + 2 * 2.0) / 1e6)
    assert moved("headrace_sandbox_call_seconds_count", use="nodes", outcome="succeeded") == 1
    until(lambda: moved("headrace_jobs_total", work="record", outcome="done") >= 1, "no log was made")


def test_failures(aws: Any, runtime: Any, moved: Callable[..., float]) -> None:
    invoke(runtime, install(aws, chain(("Busy", "Prompt", prompt()))), "x")
    invoke(runtime, install(aws, chain(("Bad", "InlineCode", code("1/0")))), "x")
    assert moved("headrace_execution_seconds_count", mode="invoked", outcome="failed") == 2
    assert moved("headrace_nodes_total", type="Prompt", outcome="failed") == 1
    assert moved("headrace_model_call_seconds_count", outcome="throttled") == 1
    assert moved("headrace_sandbox_call_seconds_count", use="nodes", outcome="failed") == 1


def _going(told: Any) -> tuple[float, float]:
    """How many executions and requests are going on, by one look."""
    executions = told.get("headrace_executions_in_progress", mode="invoked")
    return executions, told.get("headrace_requests_in_progress", api="bedrock")


def test_what_goes_on(server: LiveServer, aws: Any, runtime: Any) -> None:
    flow = install(aws, chain(("Slow", "Prompt", prompt())))
    given = [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}]
    answer = runtime.invoke_flow(flowIdentifier=flow, flowAliasIdentifier="TSTALIASID", inputs=given)
    found = scrape(server.url)
    answer["responseStream"].close()
    assert found.get("headrace_executions_in_progress", mode="invoked") == 1
    assert found.get("headrace_requests_in_progress", api="bedrock") == 1
    until(lambda: scrape(server.url).get("headrace_executions_in_progress", mode="invoked") == 0, "goes on")


def test_background_executions(
    aws: Any, runtime: Any, server: LiveServer, moved: Callable[..., float]
) -> None:
    pytest.importorskip("dbos")
    start(aws, runtime, chain(("Shout", "InlineCode", code("value.upper()"))))
    name = "headrace_execution_seconds_count"
    until(lambda: moved(name, mode="background", outcome="succeeded") == 1, "it did not end")
    late = start(aws, runtime, chain(("Slow", "Prompt", prompt())))
    until(lambda: scrape(server.url).get("headrace_executions_in_progress", mode="background") == 1, "none")
    for _ in range(2):
        runtime.stop_flow_execution(**late)
    until(
        lambda: scrape(server.url).get("headrace_executions_in_progress", mode="background") == 0, "goes on"
    )
    assert moved(name, mode="background", outcome="aborted") == 1
    assert moved("headrace_nodes_total", type="InlineCode") == 1


def start(aws: Any, runtime: Any, definition: dict[str, Any]) -> dict[str, Any]:
    """Start a new flow in the background: how it is named."""
    flow = install(aws, definition)
    aws.create_flow_version(flowIdentifier=flow)
    routing = [{"flowVersion": "1"}]
    alias = aws.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=routing)["id"]
    given = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": MARK}}
    called = {"flowIdentifier": flow, "flowAliasIdentifier": alias}
    made = runtime.start_flow_execution(**called, flowExecutionName=f"{MARK}-1", inputs=[given])
    return {**called, "executionIdentifier": made["executionArn"].rpartition("/")[2]}


def test_judgments(server: LiveServer, moved: Callable[..., float]) -> None:
    human = server.humanloop()
    source = "def f(log):\n    return len(log['output'])"
    spec = {
        "evaluator_type": "python",
        "arguments_type": "target_free",
        "return_type": "number",
        "code": source,
    }
    evaluator = human.evaluators.upsert(path=f"{MARK}/judge-{uuid.uuid4().hex}", spec=spec)
    prompt_file = human.prompts.upsert(path=f"{MARK}/judged-{uuid.uuid4().hex}", model="m")
    human.prompts.update_monitoring(prompt_file.id, activate=[{"evaluator_version_id": evaluator.version_id}])
    human.prompts.log(id=prompt_file.id, output=MARK, prompt={"model": "m"})
    until(lambda: moved("headrace_judgment_seconds_count", outcome="judged") == 1, "nothing was judged")
    assert moved("headrace_sandbox_call_seconds_count", use="evaluators", outcome="succeeded") == 1
    until(lambda: moved("headrace_jobs_total", work="judge", outcome="done") == 1, "the job is not done")
    until(lambda: scrape(server.url).get("headrace_jobs_waiting", work="judge") == 0, "it waits")


def test_rate_limits(make_server: Any) -> None:
    live = make_server(rate_limit="0.1", rate_burst="1")
    asked = [web.get(f"{live.url}/v5/flows", headers={"x-api-key": "any"}).status_code for _ in range(5)]
    found = scrape(live.url)
    assert 429 in asked
    assert found.get("headrace_rate_limited_requests_total", operation="ListFlows") == asked.count(429)
    assert found.get("headrace_request_seconds_count", operation="ListFlows", status="4xx") == asked.count(
        429
    )


@pytest.mark.skipif(stores.IS_POSTGRES, reason="the disk that is full here is that of a store's file")
def test_commits_that_fail(make_server: Any) -> None:
    live = make_server()
    name = "headrace_store_failed_commits_total"
    flow = {"path": f"{MARK}/kept", "attributes": {"v": 1}}
    asked = {"url": f"{live.url}/v5/flows", "headers": {"x-api-key": "any"}}
    assert web.post(**asked, json=flow).status_code == 200
    assert scrape(live.url).get(name) == 0
    room = resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, (0, room[1]))
    refused = web.post(**asked, json=flow | {"attributes": {"v": 2}})
    resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, room)
    assert refused.status_code == 503
    assert scrape(live.url).get(name) >= 1
    assert web.post(**asked, json=flow | {"attributes": {"v": 3}}).status_code == 200


def test_events_that_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_process(Settings(store=f"sqlite:///{tmp_path}/store.db")) as running:
        aws, runtime = (boto_client(running.url, name) for name in ("bedrock-agent", "bedrock-agent-runtime"))
        flow = install(aws, chain())
        invoke(runtime, flow, "x")
        assert scrape(running.url).get("headrace_dropped_events_total") == 0
        monkeypatch.setattr(recorder, "MOST_EVENTS", 1)
        invoke(runtime, flow, "x")
        until(lambda: scrape(running.url).get("headrace_dropped_events_total") >= 1, "all were kept")


def test_what_is_always_there(server: LiveServer) -> None:
    until(lambda: scrape(server.url).get("headrace_event_loop_lag_seconds_count") > 0, "nobody looks")
    found = scrape(server.url)
    assert found.get("headrace_build_info", store=stores.KIND) == 1
    has_file = ("headrace_store_file_bytes", frozenset()) in found.samples
    assert has_file is not stores.IS_POSTGRES
    assert not has_file or found.get("headrace_store_file_bytes") > 100_000
    assert ("headrace_store_waiting_writes", frozenset()) in found.samples
    assert ("headrace_spans_waiting", frozenset()) in found.samples


# What is not told


def test_nothing_of_a_user_is_told(server: LiveServer) -> None:
    """Run after what names everything by the mark; and asks for it in every place of a request."""
    marked = {"x-api-key": MARK, "user-agent": MARK, "traceparent": MARK, "x-request-id": MARK}
    for path in (
        f"/v5/{MARK}",
        f"/{MARK}",
        f"/flows/{MARK}/",
        f"/api/files/{MARK}?q={MARK}",
        f"/console/{MARK}",
    ):
        for method in ("GET", "POST", MARK.upper()):
            web.request(method, server.url + path, headers=marked)
    found = scrape(server.url)
    assert MARK not in found.text.lower()
    assert_few(found)


def assert_few(found: Scrape) -> None:
    """No label has a value that is not of this program, or of the operator's configuration."""
    values: dict[str, set[str]] = {}
    for name, told in found.samples:
        for label, value in told:
            if name.startswith("headrace_") and label != "le":
                values.setdefault(label, set()).add(value)
    assert {label for metric in METRICS for label in metric.labels} >= values.keys()
    assert values["provider"] <= {"script"}
    assert values["status"] <= {"1xx", "2xx", "3xx", "4xx", "5xx", "left"}
    assert all("/flows/NO" not in value for value in values["operation"])


def test_every_metric_is_counted_by_a_test_here(server: LiveServer) -> None:
    """What this file's tests did has moved all of them but those that nothing here can move."""
    still = {"headrace_spans"}  # of a server that exports them: test_own_spans.py
    apart = {  # on servers of their own
        "headrace_rate_limited_requests",
        "headrace_store_failed_commits",
        "headrace_dropped_events",
    }
    found = scrape(server.url)
    names = {name for name, _ in found.samples}
    if stores.IS_POSTGRES:
        apart.add("headrace_store_file_bytes")
    silent = {one.name for one in METRICS if one.name + ENDINGS[one.kind] not in names}
    assert silent <= still | apart
