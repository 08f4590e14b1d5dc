"""Each process tells of itself: what a worker carried out is in its figures and its spans, not in a server's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.bedrock.running import chain, install, prompt
from tests.contract.collector import collecting
from tests.contract.conftest import LiveServer
from tests.contract.scraping import scrape, until, web
from tests.deploy.fleet import Fleet, ended

pytestmark = pytest.mark.live

SHORT = chain(("Short", "Prompt", prompt()))


def start(live: LiveServer, definition: dict[str, Any]) -> dict[str, str]:
    """An execution in the background, as its operations name it."""
    flow = install(live.boto(), definition)
    document = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}
    alias = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
    arn = live.boto("bedrock-agent-runtime").start_flow_execution(**alias, inputs=[document])["executionArn"]
    return {**alias, "executionIdentifier": arn}


@pytest.mark.slow
def test_a_worker_tells_of_what_it_carried_out(fleet: Fleet) -> None:
    with collecting() as collector:
        settings = {"otlp_endpoint": collector.url}
        live, worker = fleet.server(**settings), fleet.worker(**settings)
        named = start(live, SHORT)
        assert ended(live.boto("bedrock-agent-runtime"), **named)["status"] == "Succeeded"
        done = {"mode": "background", "outcome": "succeeded"}
        name = "headrace_execution_seconds_count"
        until(lambda: scrape(worker.health).get(name, **done) == 1, "the worker does not count it")
        theirs, ours = scrape(worker.health), scrape(live.url)
        assert ours.get(name) == 0
        assert theirs.get("headrace_build_info", store="postgresql") == 1
        assert theirs.get("headrace_model_call_seconds_count", provider="script") == 1
        assert theirs.get("headrace_store_commit_seconds_count") > 0
        assert theirs.get("headrace_jobs_total", work="execute", outcome="done") == 1
        assert theirs.get("headrace_request_seconds_count", api="metrics") >= 1
        assert web.post(f"{worker.health}/metrics").status_code == 405

        request = collector.named("StartFlowExecution")
        (trace,) = request.links
        run = collector.named("run flow", where=trace)
        assert (request.resource["headrace.role"], run.resource["headrace.role"]) == ("server", "worker")
        assert request.resource["service.instance.id"] != run.resource["service.instance.id"]
        nodes = {one.id: one.name for one in collector.spans if one.parent == run.id}
        assert set(nodes.values()) == {"node Input", "node Prompt", "node Output"}
        assert nodes[collector.named("chat a-model", where=trace).parent] == "node Prompt"


def test_workers_say_what_is_there(fleet: Fleet) -> None:
    """Nobody needs a key for it, and figures of the store are the same from all."""
    fleet.server()
    worker = fleet.worker()
    found = scrape(worker.health)
    assert found.get("headrace_jobs_waiting", work="execute") == 0
    assert ("headrace_store_file_bytes", frozenset()) not in found.samples
    assert web.head(f"{worker.health}/metrics").status_code == 200
