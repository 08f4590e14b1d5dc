"""Converse's messages as those of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.backends.models.chat import body_of, completion_of
from headrace.core.effects import EffectFailed, ModelRequest


def messages(*said: tuple[str, list[dict[str, Any]]]) -> Any:
    request = ModelRequest(
        model_id="m", messages=[{"role": role, "content": content} for role, content in said]
    )
    return body_of(request)["messages"]


def test_a_conversation_with_tools() -> None:
    use = {"toolUse": {"toolUseId": "c1", "name": "look", "input": {"a": 1}}}
    result = {"toolResult": {"toolUseId": "c1", "content": [{"text": "dry"}, {"json": {"mm": 0}}]}}
    said = messages(
        ("user", [{"text": "Rain"}, {"text": "?"}]),
        ("assistant", [{"text": "Looking."}, use]),
        ("user", [result, {"text": "Well?"}]),
    )
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    assert said == [
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": "Looking.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": 'dry\n{"mm":0}'},
        {"role": "user", "content": "Well?"},
    ]


def test_an_image_and_a_cache_point() -> None:
    image = {"image": {"format": "jpeg", "source": {"bytes": "QUJD"}}}
    (said,) = messages(("user", [{"text": "What?"}, image, {"cachePoint": {"type": "default"}}]))
    assert said["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD"}},
    ]


def test_what_chat_has_no_place_for_is_refused() -> None:
    with pytest.raises(EffectFailed, match="content block with document"):
        messages(("user", [{"document": {"name": "a"}}]))


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("content_filter", "content_filtered"),
        (None, "end_turn"),
        ("odd", "odd"),
    ],
)
def test_why_it_ended(reason: str | None, word: str) -> None:
    answer = {"choices": [{"message": {"content": "a"}, "finish_reason": reason}]}
    assert completion_of(answer, who="x").stop_reason == word


@pytest.mark.parametrize("text", ["{", '{"city": "Bo', "NaN", "[" * 10_000, '{"n": 1e999}', "\u2603"])
def test_arguments_that_are_no_json_are_a_text(text: str) -> None:
    """So they are when an answer was cut off; the model can be told, and shown what it said."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": text}}
    completion = completion_of({"choices": [{"message": {"tool_calls": [call]}}]}, who="x")
    (block,) = completion.content
    assert block == {"toolUse": {"toolUseId": "c", "name": "look", "input": text}}
    (said,) = messages(("assistant", [block]))
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == text


def test_a_choice_of_any_tool() -> None:
    tools = {"tools": [{"toolSpec": {"name": "look"}}, {"cachePoint": {}}], "toolChoice": {"any": {}}}
    body = body_of(ModelRequest(model_id="m", messages=[], tools=tools), max_tokens_field="other")
    assert body["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in body["tools"]] == ["look"]
