"""Executions in the background through the AWS SDK for JavaScript, which reads times and unions strictly."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import chain, furnished, install, prompt
from tests.contract.bedrock.test_javascript import Sdk, installed, start
from tests.contract.conftest import LiveServer

__all__ = ["installed"]  # a fixture

pytestmark = [
    pytest.mark.js,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]
WITHIN_S = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("javascript")).start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def sdk(installed: Path, server: LiveServer) -> Iterator[Sdk]:
    yield from start(installed, server.url)


def ended(sdk: Sdk, named: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + WITHIN_S
    while (found := sdk.call("GetFlowExecution", **named))["status"] == "Running":
        assert time.monotonic() < end, "it does not end"
        time.sleep(0.05)
    return found


def test_the_life_of_an_execution(sdk: Sdk, server: LiveServer) -> None:
    flow = install(server.boto(), chain(("Ask", "Prompt", prompt())))
    at = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
    given = [{"nodeName": "FlowInput", "content": {"document": "it"}}]
    arn = sdk.call("StartFlowExecution", **at, inputs=given, flowExecutionName="once")["executionArn"]
    again = sdk.fail(
        "StartFlowExecution", "ConflictException", 409, **at, inputs=given, flowExecutionName="once"
    )
    assert again["isModelled"]
    named = {**at, "executionIdentifier": arn}
    found = ended(sdk, named)
    assert found["status"] == "Succeeded"
    assert found["startedAt"] <= found["endedAt"], "both were read as times"
    listed = sdk.ask(paginate="ListFlowExecutions", input={"flowIdentifier": flow})["output"]
    assert [one["executionArn"] for one in listed[0]["flowExecutionSummaries"]] == [arn]
    told = {}
    for kind in ("Flow", "Node"):
        wanted = {**named, "eventType": kind, "maxResults": 2}
        pages = sdk.ask(paginate="ListFlowExecutionEvents", input=wanted)["output"]
        told[kind] = [next(iter(event)) for page in pages for event in page["flowExecutionEvents"]]
    assert told == {
        "Flow": ["flowInputEvent", "flowOutputEvent"],
        "Node": [
            "nodeOutputEvent",
            "nodeInputEvent",
            "nodeActionEvent",
            "nodeOutputEvent",
            "nodeInputEvent",
        ],
    }
    taken = sdk.call("GetExecutionFlowSnapshot", **named)
    assert [one["name"] for one in json.loads(taken["definition"])["nodes"]] == [
        "FlowInput",
        "Ask",
        "FlowOutput",
    ]
    sdk.fail("StopFlowExecution", "ConflictException", 409, **named)
