"""Chat completions in pieces: what is heard, what all of it comes to, and whose key is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.backends.test_openai import KEY, completion, settings
from tests.backends.things import Heard, ask, context, converse, failure, http_server, with_effects

from headrace.core.effects import (
    CallerKeys,
    EffectContext,
    Effects,
    Fault,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)

OWN = "sk-of-the-caller-0123456789"
EVENTS = {"content-type": "text/event-stream"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)


def piece(delta: Any = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": more.pop("reason", None)}
    choices = [] if "usage" in more else [choice | more.pop("choice", {})]
    chunk = {"id": "chatcmpl-1", "model": "m-1-real", "choices": choices, **more}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


USED = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "completion_tokens_details": {"reasoning_tokens": 3},
}
SAID = (
    piece({"role": "assistant", "content": ""})
    + piece({"content": "Ye"})
    + b": a remark\n\n"
    + piece({"content": "s, ä."})
    + piece(reason="stop")
    + piece(usage=USED)
    + b"data: [DONE]\n\n"
)


def speak(
    text: str, request: ModelRequest, *, folder: Path, asking: EffectContext | None = None
) -> tuple[list[str], ModelReply]:
    heard: list[str] = []

    async def use(effects: Effects) -> ModelReply:
        assert isinstance(effects.models, SpeakingModels)
        return await effects.models.speak(request, asking or context(), heard.append)

    return heard, with_effects(text, use, folder=folder)


def always(body: bytes, headers: Any = None) -> Any:
    return lambda heard: (200, EVENTS if headers is None else headers, body)


def test_pieces_are_heard_and_come_to_an_answer(tmp_path: Path) -> None:
    with http_server(always(SAID)) as server:
        heard, reply = speak(settings(server.url), ask("Really?"), folder=tmp_path)
    assert heard == ["Ye", "s, ä."]
    assert (reply.text, reply.stop_reason, reply.model) == ("Yes, ä.", "end_turn", "m-1-real")
    assert reply.usage == Usage(input_tokens=11, output_tokens=7, cost_usd=(11 * 3 + 7 * 15) / 1e6)
    assert (reply.input_cost_usd, reply.output_cost_usd) == (33 / 1e6, 105 / 1e6)
    assert reply.reasoning_tokens == 3
    sent = json.loads(server.heard[0].body)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


def test_calls_of_tools_are_put_together(tmp_path: Path) -> None:
    def call(index: int, arguments: str, **more: Any) -> bytes:
        return piece({"tool_calls": [{"index": index, "function": {"arguments": arguments}} | more]})

    body = (
        call(0, "", id="c1", function={"name": "a", "arguments": ""})
        + call(0, '{"x"')
        + call(1, "{}", id="c2", function={"name": "b", "arguments": "{}"})
        + call(0, ": 1}")
        + piece(reason="tool_calls")
    )
    with http_server(always(body)) as server:
        heard, reply = speak(settings(server.url), ask(), folder=tmp_path)
    assert heard == []
    assert reply.stop_reason == "tool_use"
    assert list(reply.content) == [
        {"toolUse": {"toolUseId": "c1", "name": "a", "input": {"x": 1}}},
        {"toolUse": {"toolUseId": "c2", "name": "b", "input": {}}},
    ]


def test_probabilities_are_put_together(tmp_path: Path) -> None:
    body = piece({"content": "a"}, choice={"logprobs": {"content": [1]}}) + piece(
        {"content": "b"}, choice={"logprobs": {"content": [2]}}
    )
    with http_server(always(body)) as server:
        _, reply = speak(settings(server.url), ask(), folder=tmp_path)
    assert reply.logprobs == {"content": [1, 2]}


def test_a_server_that_knows_no_pieces_is_heard_at_once(tmp_path: Path) -> None:
    with http_server(always(completion("Yes."), {"content-type": "application/json"})) as server:
        heard, reply = speak(settings(server.url), ask(), folder=tmp_path)
    assert (heard, reply.text) == (["Yes."], "Yes.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (piece({"content": "a"}) + b"data: {nonsense\n\n", "sent a piece that is none"),
        (piece({"content": 1}), "sent a piece that is none"),
        (b'data: {"error": {"message": "Overloaded."}}\n\n', "broke off: Overloaded."),
        (b'data: {"error": "' + KEY.encode() + b' is bad"}\n\n', "broke off: … is bad"),
    ],
)
def test_what_breaks_off_is_told(tmp_path: Path, body: bytes, said: str) -> None:
    with http_server(always(body)) as server:
        failed = failure(lambda: speak(settings(server.url), ask(), folder=tmp_path), Fault.GATEWAY)
    assert said in failed.message


def test_an_answer_that_is_too_long_is_cut(tmp_path: Path) -> None:
    body = piece({"content": "x" * 100_000}) * 170
    with http_server(always(body)) as server:
        failed = failure(lambda: speak(settings(server.url), ask(), folder=tmp_path), Fault.GATEWAY)
    assert "answered more than" in failed.message


def asking(**keys: str) -> EffectContext:
    return msgspec.structs.replace(context(), keys=CallerKeys(keys))


@pytest.mark.parametrize(
    ("caller_key", "keys", "sent"),
    [
        ("", {"here": OWN}, OWN),
        ("", {"openai": OWN}, KEY),
        ("openai", {"openai": OWN}, OWN),
        ("openai", {"here": OWN}, KEY),
        ("", {}, KEY),
    ],
)
def test_a_callers_key_goes_to_who_it_is_for(
    tmp_path: Path, caller_key: str, keys: dict[str, str], sent: str
) -> None:
    """No other provider than the one that the operator named for it is ever sent it."""
    with http_server(always(SAID)) as server:
        text = settings(server.url, caller_key=caller_key)
        speak(text, ask(), folder=tmp_path, asking=asking(**keys))
    assert server.heard[0].headers["authorization"] == f"Bearer {sent}"


def test_without_a_configured_key_the_callers_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_MODEL_KEY")
    with http_server(always(SAID)) as server:
        speak(settings(server.url), ask(), folder=tmp_path, asking=asking(here=OWN))
        failed = failure(lambda: speak(settings(server.url), ask(), folder=tmp_path), Fault.DEPENDENCY)
    assert "TEST_MODEL_KEY" in failed.message


def test_a_callers_key_is_not_repeated(tmp_path: Path) -> None:
    def refuse(heard: Heard) -> Any:
        return 401, {}, json.dumps({"error": {"message": f"No such key: {OWN}"}}).encode()

    with http_server(refuse) as server:
        failed = failure(
            lambda: speak(settings(server.url), ask(), folder=tmp_path, asking=asking(here=OWN)), Fault.DENIED
        )
    assert OWN not in failed.message
    assert OWN not in repr(asking(here=OWN))


def test_a_route_may_be_of_who_is_to_answer(tmp_path: Path) -> None:
    text = """
        [[models.route]]
        match = "openai/*"
        provider = "echo"
    """
    reply = converse(text, ask(model_id="gpt-4o", provider="openai"), folder=tmp_path)
    assert reply.text.startswith("[echo of gpt-4o]")
    failure(lambda: converse(text, ask(model_id="gpt-4o"), folder=tmp_path), Fault.DEPENDENCY)
    heard, reply = speak(text, ask("a  b\n", model_id="gpt-4o", provider="openai"), folder=tmp_path)
    assert "".join(heard) == reply.text
    assert len(heard) > 3
