"""The decorators of the TypeScript client, and the Vercel AI SDK, against the live server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import complete_logs, model, outline

pytestmark = [
    pytest.mark.js,
    pytest.mark.live,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]


def test_a_chat_agent_is_traced_whole(
    installed: Path, server: LiveServer, raw: httpx.Client, home: str
) -> None:
    with model() as model_url:
        command = ["node", "agent.mjs", server.url, model_url, home]
        done = subprocess.run(command, cwd=installed, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["It is 3.", "It is 7."]
    logs = complete_logs(raw, f"{home}/Agent", 2)
    for log in logs:
        path, children = outline(log)
        # The spans arrive in any order, and the clock of the client is coarse.
        assert (path, sorted(children)) == (
            "Agent",
            [("Calculator", []), ("Call Model", []), ("Call Model", [])],
        )
        assert log["flow"]["attributes"] == {"release": 7}
    assert sorted(log["output"] for log in logs) == ["It is 3.", "It is 7."]
    below = [child for log in logs for child in log["trace_children"]]
    tools = [child for child in below if child.get("tool")]
    assert sorted(tool["output"] for tool in tools) == ["3", "7"]
    assert len({tool["tool"]["version_id"] for tool in tools}) == 1
    function = tools[0]["tool"]["function"]
    assert function["strict"] is True
    assert function["parameters"]["required"] == ["operation", "first", "second"]
    assert function["parameters"]["additionalProperties"] is False
    assert function["parameters"]["properties"]["second"] == {"type": "integer", "minimum": 0}
    assert tools[0]["tool"]["setup_values"] == {"precision": 2}
    prompts = [child for child in below if child.get("prompt")]
    assert {prompt["prompt"]["model"] for prompt in prompts} == {"gpt-4o"}
    assert len({prompt["prompt"]["version_id"] for prompt in prompts}) == 1
    told = [one["output_message"]["content"] for one in prompts if one["finish_reason"] == "stop"]
    assert sorted(told) == ["It is 3.", "It is 7."]
    (failed,) = complete_logs(raw, f"{home}/Fails")
    assert (failed["error"], failed["output"]) == ("it broke", None)


def vercel(installed: Path, server: LiveServer, path: str, **metadata: str) -> None:
    """Let the program run that uses the Vercel AI SDK."""
    command = ["node", "vercel.mjs", server.url, path, json.dumps(metadata)]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "It is 3.\n"), done.stderr


IMPORTER = "/v5/import/otel/v1/traces"


def test_the_vercel_sdk_traces_a_flow(
    installed: Path, server: LiveServer, raw: httpx.Client, home: str
) -> None:
    paths = {"humanloopPromptPath": f"{home}/Ask", "humanloopFlowPath": f"{home}/Flow"}
    vercel(installed, server, IMPORTER, **paths)
    (log,) = complete_logs(raw, f"{home}/Flow")
    assert outline(log) == ("Flow", [("Ask", []), ("add", []), ("Ask", [])])
    asked, used, told = log["trace_children"]
    assert (log["output"], log["inputs"]) == ("It is 3.", {"prompt": "1+2?"})
    assert (used["inputs"], used["output"]) == ({"first": 1, "second": 2}, "3")
    assert asked["output_message"]["tool_calls"][0]["function"]["name"] == "add"
    assert (told["output"], told["prompt_tokens"], told["finish_reason"]) == ("It is 3.", 7, "stop")
    assert [one["role"] for one in told["messages"]] == ["user", "assistant", "tool"]
    assert (told["prompt"]["path"], told["prompt"]["temperature"]) == (f"{home}/Ask", 0.5)
    assert [tool["name"] for tool in told["prompt"]["tools"]] == ["add"]


def test_the_vercel_sdk_logs_below_a_log_that_is_there(
    installed: Path, server: LiveServer, raw: httpx.Client, home: str
) -> None:
    begun = raw.post("/flows/log", json={"path": f"{home}/Flow"}).json()["id"]
    vercel(installed, server, IMPORTER, humanloopPromptPath=f"{home}/Ask", humanloopTraceId=begun)
    assert outline(raw.get(f"/logs/{begun}").json()) == ("Flow", [("Ask", []), ("Ask", [])])


def test_the_vercel_sdk_needs_no_metadata_at_the_standard_endpoint(
    installed: Path, server: LiveServer, raw: httpx.Client
) -> None:
    vercel(installed, server, "/v1/traces")
    (log,) = complete_logs(raw, "OpenTelemetry/vercel program")
    name = "ai.generateText.doGenerate"
    assert outline(log) == ("vercel program", [(name, []), ("add", []), (name, [])])
    assert log["output"] == "It is 3."
