"""The OpenAI-compatible provider against a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.backends.things import (
    Heard,
    HttpServer,
    ask,
    context,
    converse,
    failure,
    http_server,
    with_effects,
)

from headrace.core.effects import CallerKeys, Effects, Fault, Usage

KEY = "sk-test-0123456789abcdef"


def completion(content: str | None, *, reason: str = "stop", **message: Any) -> bytes:
    """A chat completion as servers write it."""
    said = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m-1-real",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"content": content, **message}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
    return json.dumps(said).encode()


def settings(url: str, **more: Any) -> str:
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in more.items())
    return f"""
        [models.providers.here]
        type = "openai"
        url = "{url}/v1"
        api_key_env = "TEST_MODEL_KEY"
        {lines}
        [[models.route]]
        match = "acme.*"
        provider = "here"
        model = "m-1"
        [[models.price]]
        match = "acme.*"
        input_usd = 3.0
        output_usd = 15.0
    """


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)


def always(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Any:
    return lambda heard: (status, headers or {}, body)


def test_an_answer_comes_with_its_tokens_and_their_price(tmp_path: Path) -> None:
    with http_server(always(200, completion("Yes."))) as server:
        reply = converse(settings(server.url), ask("Really?"), folder=tmp_path)
    assert reply.text == "Yes."
    assert reply.stop_reason == "end_turn"
    assert (reply.provider, reply.model, reply.request_id) == ("here", "m-1-real", "chatcmpl-1")
    assert reply.usage == Usage(input_tokens=11, output_tokens=7, cost_usd=(11 * 3 + 7 * 15) / 1e6)


def test_everything_that_a_node_says_is_sent(tmp_path: Path) -> None:
    request = ask(
        "Weather?",
        system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        inference={"temperature": 0.5, "topP": 0.9, "maxTokens": 64, "stopSequences": ["END"]},
        tools={
            "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"tool": {"name": "look"}},
        },
        extra={"seed": 4},
    )
    with http_server(always(200, completion("Dry."))) as server:
        converse(settings(server.url), request, folder=tmp_path)
    (heard,) = server.heard
    assert heard.path == "/v1/chat/completions"
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["idempotency-key"] == "e-1/Ask/0"
    tool = {"name": "look", "description": "", "parameters": {"type": "object"}}
    assert json.loads(heard.body) == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 64,
        "stop": ["END"],
        "tools": [{"type": "function", "function": tool}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "seed": 4,
    }


def test_a_call_of_a_tool_comes_back_as_one(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Bonn"}'}}
    body = completion(None, reason="tool_calls", tool_calls=[call])
    with http_server(always(200, body)) as server:
        reply = converse(settings(server.url), ask(), folder=tmp_path)
    assert reply.stop_reason == "tool_use"
    assert reply.content == [{"toolUse": {"toolUseId": "c1", "name": "look", "input": {"city": "Bonn"}}}]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, Fault.DEPENDENCY),
        (401, Fault.DENIED),
        (404, Fault.DEPENDENCY),
        (429, Fault.THROTTLED),
        (500, Fault.GATEWAY),
        (503, Fault.GATEWAY),
    ],
)
def test_an_error_says_whose_fault_it_is_and_never_the_key(status: int, fault: Fault, tmp_path: Path) -> None:
    body = json.dumps({"error": {"message": f"Bad key {KEY} or sk-proj-********wxyz: no"}}).encode()
    with http_server(always(status, body)) as server:
        failed = failure(
            lambda: converse(settings(server.url, retries=0), ask(), folder=tmp_path),
            fault,
            match=str(status),
        )
    assert "Bad key" in failed.message
    assert KEY not in failed.message
    assert "wxyz" not in failed.message
    assert failed.resource == "Amazon Bedrock"


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    answers = [
        (429, {"retry-after": "0"}, b"{}"),
        (503, {"retry-after": "0"}, b""),
        (200, {}, completion("Now.")),
    ]
    with http_server(lambda heard: answers.pop(0)) as server:
        reply = converse(settings(server.url), ask(), folder=tmp_path)
    assert reply.text == "Now."
    assert len(server.heard) == 3


def test_a_server_that_stays_busy_is_not_asked_for_ever(tmp_path: Path) -> None:
    with http_server(always(429, b"{}", {"retry-after": "0"})) as server:
        failure(lambda: converse(settings(server.url), ask(), folder=tmp_path), Fault.THROTTLED)
    assert len(server.heard) == 3


def test_a_late_answer_is_not_waited_for_and_blocks_nobody(tmp_path: Path) -> None:
    def late(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
        server.release.wait(20)
        return 200, {}, completion("Too late.")

    async def use(effects: Effects) -> int:
        beats = 0
        call = asyncio.create_task(effects.models.converse(ask(), context(timeout_s=0.4)))
        while not call.done():
            await asyncio.wait({call}, timeout=0.01)
            beats += 1
        call.result()
        return beats

    server: HttpServer
    with http_server(late) as server:
        began = time.monotonic()
        failure(
            lambda: with_effects(settings(server.url), use, folder=tmp_path),
            Fault.GATEWAY,
            match="within 0.4 s",
        )
        assert time.monotonic() - began < 15


def test_nobody_there(tmp_path: Path) -> None:
    with http_server(always(200, b"")) as server:
        url = server.url
    failure(
        lambda: converse(settings(url), ask(), folder=tmp_path), Fault.GATEWAY, match="could not be reached"
    )


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b'{"choices": []}', b'{"choices": 3}', b"[1]", b"[" * 100_000]
)
def test_what_is_no_completion_is_refused(body: bytes, tmp_path: Path) -> None:
    with http_server(always(200, body)) as server:
        failure(lambda: converse(settings(server.url), ask(), folder=tmp_path), Fault.GATEWAY)


def test_a_key_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_MODEL_KEY")
    call = lambda: converse(settings("http://127.0.0.1:9"), ask(), folder=tmp_path)  # noqa: E731
    failure(call, Fault.DEPENDENCY, match="TEST_MODEL_KEY")


def test_the_key_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with http_server(always(401, KEY.encode())) as server:
        failure(lambda: converse(settings(server.url), ask(), folder=tmp_path), Fault.DENIED)
    assert KEY in server.heard[0].headers["authorization"]
    assert KEY not in caplog.text


def test_a_guardrail_is_not_left_out_silently(tmp_path: Path) -> None:
    request = ask(guardrail={"guardrailIdentifier": "gr-1", "guardrailVersion": "1"})
    with http_server(always(200, completion("Fine."))) as server:
        failure(
            lambda: converse(settings(server.url), request, folder=tmp_path),
            Fault.DEPENDENCY,
            match="ignore_guardrails",
        )
        assert server.heard == []
        reply = converse(settings(server.url, ignore_guardrails=True), request, folder=tmp_path)
    assert reply.text == "Fine."


def test_a_redirect_is_an_error(tmp_path: Path) -> None:
    with http_server(always(307, b"", {"location": "http://127.0.0.1:9/v1"})) as server:
        failure(lambda: converse(settings(server.url), ask(), folder=tmp_path), Fault.DEPENDENCY, match="307")


@pytest.mark.parametrize("bad", ["\n", " ", "\x00", "\r\nx: y", "\u2603", "\u00e9"])
def test_a_key_that_no_header_can_have_is_told_of_without_it(
    bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are often pasted with the end of a line."""
    keys = CallerKeys({"here": KEY + bad})
    with http_server(always(200, completion("Yes."))) as server:
        text = settings(server.url)
        call = partial(converse, text, ask(), folder=tmp_path, keys=keys)
        told = failure(call, Fault.DEPENDENCY, match="The key for the provider `here` can't be sent")
        assert KEY not in told.message
        config = f"{text}\n[models.providers.here.headers]\nx-token = {json.dumps(KEY + bad)}"
        told = failure(partial(converse, config, ask(), folder=tmp_path), Fault.DEPENDENCY, match="`x-token`")
        assert KEY not in told.message
    assert server.heard == []


def test_a_step_of_any_name_has_a_key_of_its_own(tmp_path: Path) -> None:
    names = ["\u2603", "\u00e9", "a\nb", " a", "%0A", "\n"]
    with http_server(always(200, completion("Yes."))) as server:
        for name in names:
            converse(settings(server.url), ask(), folder=tmp_path, execution=name)
    keys = [heard.headers["idempotency-key"] for heard in server.heard]
    assert len(set(keys)) == len(names)
    assert keys[0] == "%E2%98%83/Ask/0"
