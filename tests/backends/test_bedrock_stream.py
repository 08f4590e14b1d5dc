"""Amazon Bedrock's answers in pieces: what is heard, and what all of it comes to."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.backends.test_aws import place
from tests.backends.test_openai_stream import speak
from tests.backends.things import ask, failure, http_server

from headrace.apis.bedrock.eventstream import event_frame, exception_frame
from headrace.core.effects import Fault, Usage

STREAM = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "req-1"}
END = [
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")


def config(url: str) -> str:
    return f"""
        [models.providers.bedrock]
        type = "bedrock"
        {place(url)}
        [[models.route]]
        match = "acme.*"
        provider = "bedrock"
    """


def events(*told: tuple[str, Any]) -> bytes:
    return b"".join(event_frame(name, json.dumps(body).encode()) for name, body in told)


def delta(index: int, **what: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": what}


def test_pieces_are_heard_and_come_to_an_answer(tmp_path: Path) -> None:
    body = events(("messageStart", {"role": "assistant"}), delta(0, text="Ye"), delta(0, text="s, ä."), *END)
    with http_server(lambda heard: (200, STREAM, body)) as server:
        heard, reply = speak(config(server.url), ask("Really?"), folder=tmp_path)
    assert server.heard[0].path == "/model/acme.m-1/converse-stream"
    assert heard == ["Ye", "s, ä."]
    assert (reply.text, reply.stop_reason, reply.request_id) == ("Yes, ä.", "end_turn", "req-1")
    assert reply.usage == Usage(input_tokens=3, output_tokens=2)


def test_thoughts_and_calls_of_tools_are_put_together(tmp_path: Path) -> None:
    use = {"toolUse": {"toolUseId": "c1", "name": "add"}}
    secret = base64.b64encode(b"hi").decode()
    body = events(
        delta(0, reasoningContent={"text": "H"}),
        delta(0, reasoningContent={"text": "m."}),
        delta(0, reasoningContent={"signature": "s"}),
        delta(1, reasoningContent={"redactedContent": secret}),
        ("contentBlockStart", {"contentBlockIndex": 2, "start": use}),
        delta(2, toolUse={"input": '{"x"'}),
        delta(2, toolUse={"input": ": 1}"}),
        ("contentBlockStop", {"contentBlockIndex": 2}),
        ("messageStop", {"stopReason": "tool_use"}),
    )
    with http_server(lambda heard: (200, STREAM, body)) as server:
        heard, reply = speak(config(server.url), ask(), folder=tmp_path)
    assert (heard, reply.stop_reason) == ([], "tool_use")
    assert list(reply.content) == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": secret}},
        {"toolUse": {"toolUseId": "c1", "name": "add", "input": {"x": 1}}},
    ]


def test_what_breaks_off_is_told(tmp_path: Path) -> None:
    slow = exception_frame("throttlingException", b'{"message": "Slow down."}')
    with http_server(lambda heard: (200, STREAM, events(delta(0, text="Ye")) + slow)) as server:
        failed = failure(lambda: speak(config(server.url), ask(), folder=tmp_path), Fault.THROTTLED)
    assert "Slow down." in failed.message


def test_an_image_by_its_address_is_refused(tmp_path: Path) -> None:
    """Nothing is fetched from addresses that a caller names."""
    image = {"image": {"source": {"url": "https://example.invalid/a.png"}}}
    request = ask()
    request = request.__class__(model_id="acme.m-1", messages=[{"role": "user", "content": [image]}])
    with http_server(lambda heard: (200, STREAM, b"")) as server:
        failed = failure(lambda: speak(config(server.url), request, folder=tmp_path), Fault.DEPENDENCY)
    assert "data URLs" in failed.message
    assert server.heard == []
