"""How a server ends while others still send it requests."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import EventStreamError
from tests.contract.bedrock.running import chain, furnish, install, prompt
from tests.contract.conftest import LiveServer, boto_client

from headrace import __version__
from headrace.apis.sending import CUT_OFF

pytestmark = pytest.mark.live

WITHIN_S = 60


def test_load_balancers_are_told_before_anybody_is_turned_away(make_server: Any) -> None:
    live = make_server(store="memory:", drain_delay="6")
    with httpx.Client(base_url=live.url) as client:
        assert "connection" not in client.get("/readyz").headers
        told_at = time.monotonic()
        _signal(live, signal.SIGTERM)
        _wait_until_leaving(client)
        # Whoever has not noticed yet is answered, as the last on this connection.
        answer = client.get("/v5/flows", headers={"x-api-key": "any"})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert client.get("/healthz").status_code == 200, "it is well, and not to be restarted"
        assert _ended(live) == 0
        assert time.monotonic() - told_at > 5, "it waited for its delay"
        with pytest.raises(httpx.ConnectError):
            client.get("/readyz")


def test_without_a_delay_it_ends_at_once(make_server: Any) -> None:
    live = make_server(store="memory:", drain_delay="0")
    begun = time.monotonic()
    assert live.stop() == 0
    assert time.monotonic() - begun < 15, "it did not wait for a load balancer to notice"


def test_a_second_signal_waits_for_nothing(make_server: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        live = make_server(store="memory:", drain_delay="60", stderr=file)
        _signal(live, signal.SIGTERM)
        with httpx.Client(base_url=live.url) as client:
            _wait_until_leaving(client)
        begun = time.monotonic()
        _signal(live, signal.SIGTERM)
        assert _ended(live) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 15
    assert "Stopping at once." in log.read_text()


NEVER = {"text": "never", "delay_s": 600}
USES_TOOL = {
    "content": [{"toolUse": {"toolUseId": "t", "name": "any", "input": {}}}],
    "stop_reason": "tool_use",
}
ANSWERS = [
    {"text": "PROMPT", "answers": ["One.", NEVER]},
    {"text": "AGENT", "answers": [USES_TOOL, NEVER]},
    {"answer": NEVER},
]
MODEL = {"model": "a-model"}


def _says(word: str) -> dict[str, Any]:
    return {"path": f"leaving {word}", "stream": True, "messages": [{"role": "user", "content": word}]}


@pytest.fixture
def streams(make_server: Any, tmp_path: Path) -> Iterator[tuple[LiveServer, dict[str, Any]]]:
    """A server, and streams from it that have begun and wait for a model."""
    settings = furnish(tmp_path)
    (tmp_path / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    live = make_server(**settings, shutdown_timeout="1")
    bedrock, runtime = boto_client(live.url), boto_client(live.url, "bedrock-agent-runtime")
    flow = install(bedrock, chain(("Ask", "Prompt", prompt())))
    given = [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}]
    heard = runtime.invoke_flow(flowIdentifier=flow, flowAliasIdentifier="TSTALIASID", inputs=given)
    opened: dict[str, Any] = {"InvokeFlow": heard["responseStream"]}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "flow": (f"/api/files/{flow}/run", {"input": "x", "target": "draft"}),
        "prompt": ("/v5/prompts/call", {"prompt": MODEL, "num_samples": 2, **_says("PROMPT")}),
        "agent": ("/v5/agents/call", {"agent": MODEL, **_says("AGENT")}),
    }
    with contextlib.ExitStack() as stack:
        headers = {"x-api-key": "any"}
        client = stack.enter_context(httpx.Client(base_url=live.url, headers=headers, timeout=WITHIN_S))
        for name, (path, body) in asked.items():
            answer = stack.enter_context(client.stream("POST", path, json=body))
            assert answer.status_code == 200, answer.read()
            opened[name] = answer
        yield live, opened


def test_who_hears_a_stream_is_told_that_the_server_ends(
    streams: tuple[LiveServer, dict[str, Any]],
) -> None:
    live, opened = streams
    _signal(live, signal.SIGTERM)
    with pytest.raises(EventStreamError, match="internalServerException") as cut_off:
        list(opened.pop("InvokeFlow"))
    assert CUT_OFF in str(cut_off.value)
    told = {name: answer.read().decode() for name, answer in opened.items()}
    assert json.loads(told["flow"].splitlines()[-1])["message"] == CUT_OFF
    for name in ("prompt", "agent"):
        failed, done = told[name].split("\n\n")[-3:-1]
        assert CUT_OFF in failed
        assert done == "data: [DONE]"
    assert _ended(live) == 0


def _signal(live: LiveServer, number: signal.Signals) -> None:
    assert live.process is not None
    live.process.send_signal(number)


def _ended(live: LiveServer) -> int:
    assert live.process is not None
    return live.process.wait(timeout=WITHIN_S)


def _wait_until_leaving(client: httpx.Client) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (answer := client.get("/readyz")).status_code == 200:
        assert time.monotonic() < deadline, "it goes on saying that it is ready"
    assert (answer.status_code, answer.json()) == (503, {"status": "leaving", "version": __version__})
