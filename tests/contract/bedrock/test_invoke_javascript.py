"""InvokeFlow through the AWS SDK for JavaScript: a story with a question, traces and a failure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import agent, chain, furnished, install, prompt
from tests.contract.bedrock.test_javascript import Sdk, installed, start
from tests.contract.conftest import LiveServer

__all__ = ["installed"]  # a fixture

pytestmark = [
    pytest.mark.js,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("javascript")).start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def sdk(installed: Path, server: LiveServer) -> Iterator[Sdk]:
    yield from start(installed, server.url)


def invoke(sdk: Sdk, flow: str, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    wanted = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID", "inputs": [given], **options}
    found: dict[str, Any] = sdk.ask(invoke=wanted)["output"]
    return found


def first(document: Any) -> dict[str, Any]:
    return {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": document}}


def test_a_conversation_with_traces(sdk: Sdk, server: LiveServer) -> None:
    flow = install(server.boto(), chain(("Ask", "Prompt", prompt()), ("AgentsNode_1", "Agent", agent())))
    asked = invoke(sdk, flow, first("x"), enableTrace=True)
    assert asked["events"][-1]["flowCompletionEvent"] == {"completionReason": "SUCCESS"}
    kinds = [kind for event in asked["events"] for kind in event.get("flowTraceEvent", {}).get("trace", {})]
    assert kinds[:4] == ["nodeOutputTrace", "nodeInputTrace", "nodeActionTrace", "nodeOutputTrace"]
    flow = install(server.boto(), chain(("AgentsNode_1", "Agent", agent())))
    asked = invoke(sdk, flow, first("ask me"))
    question, completion = asked["events"]
    assert question["flowMultiTurnInputRequestEvent"]["content"] == {"document": "Which colour?"}
    assert completion["flowCompletionEvent"] == {"completionReason": "INPUT_REQUIRED"}
    answer = {"nodeName": "AgentsNode_1", "nodeInputName": "agentInputText", "content": {"document": "green"}}
    answered = invoke(sdk, flow, answer, executionId=asked["executionId"])
    assert answered["executionId"] == asked["executionId"]
    assert answered["events"][0]["flowOutputEvent"]["content"] == {"document": "Green it is."}


def test_a_failure_ends_the_stream(sdk: Sdk, server: LiveServer) -> None:
    flow = install(server.boto(), chain(("Wrong", "Prompt", prompt())))
    failed = invoke(sdk, flow, first("x"))
    assert failed["events"] == []
    assert failed["error"] == {
        "name": "DependencyFailedException",
        "message": "Node Wrong failed: no such model",
    }
