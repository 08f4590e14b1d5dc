"""Prompts and messages as a model is told them, and its answer as clients know it (humanloop 4.4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headrace.core.effects import ModelReply
from headrace.core.prompt_requests import Unsayable, finish_reason, message_of, request_of
from headrace.core.prompts import ChatMessage, Prompt, ToolFunction

ADD = {"name": "add", "description": "", "strict": True}


def prompt(**members: Any) -> Prompt:
    return msgspec.convert({"model": "m", **members}, Prompt)


def messages(*listed: dict[str, Any]) -> list[ChatMessage]:
    return msgspec.convert(listed, list[ChatMessage])


USER = {"role": "user", "content": "Hi"}


def test_all_that_a_prompt_says_is_told() -> None:
    asked = request_of(
        prompt(
            template=[{"role": "system", "content": "S"}, {"role": "developer", "content": "D"}],
            provider="openai",
            max_tokens=-1,
            temperature=0,
            top_p=0.5,
            stop="END",
            presence_penalty=0.1,
            other={"a": None, "seed": 0},
            seed=7,
            response_format={"type": "json_object"},
            reasoning_effort="low",
            tools=[ADD],
        ),
        messages(USER),
        tools=[ToolFunction(name="more", description="d", parameters={"type": "object", "x": 1})],
        choice="required",
        extra={"suffix": "!"},
    )
    assert asked.model_id == "m"
    assert asked.provider == "openai"
    assert asked.system == [{"text": "S"}, {"text": "D"}]
    assert asked.messages == [{"role": "user", "content": [{"text": "Hi"}]}]
    assert asked.inference == {"temperature": 0, "topP": 0.5, "stopSequences": ["END"]}
    assert asked.extra == {
        "a": None,
        "presence_penalty": 0.1,
        "seed": 7,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
        "suffix": "!",
    }
    assert asked.tools == {
        "tools": [
            {"toolSpec": {"name": "add", "strict": True, "inputSchema": {"json": {"type": "object"}}}},
            {
                "toolSpec": {
                    "name": "more",
                    "description": "d",
                    "inputSchema": {"json": {"type": "object", "x": 1}},
                }
            },
        ],
        "toolChoice": {"any": {}},
    }


def test_a_text_is_what_a_user_says() -> None:
    asked = request_of(prompt(template="Go on"), messages({"role": "assistant", "content": "On"}))
    assert [(one["role"], one["content"]) for one in asked.messages] == [
        ("user", [{"text": "Go on"}]),
        ("assistant", [{"text": "On"}]),
    ]
    assert (asked.extra, asked.tools) == (None, None)


def test_a_system_that_speaks_alone_is_asked() -> None:
    asked = request_of(prompt(template=[{"role": "system", "content": "S"}]), ())
    assert asked.messages == [{"role": "user", "content": [{"text": "S"}]}]
    assert asked.system == []


def test_images_and_thoughts() -> None:
    parts = [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "https://example.invalid/a.png", "detail": "low"}},
    ]
    thinking = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "aGk="},
    ]
    told = messages({"role": "user", "content": parts}, {"role": "assistant", "thinking": thinking})
    asked = request_of(prompt(), told)
    assert asked.messages[0]["content"] == [
        {"text": "See"},
        {"image": {"format": "png", "source": {"bytes": "aGk="}}},
        {"image": {"source": {"url": "https://example.invalid/a.png", "detail": "low"}}},
    ]
    assert asked.messages[1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "aGk="}},
    ]


def test_the_answers_of_tools_are_one_turn() -> None:
    calls = [{"id": one, "function": {"name": "add", "arguments": "{}"}} for one in ("a", "b")]
    told = messages(
        USER,
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": None},
        USER,
    )
    roles = [(one["role"], len(one["content"])) for one in request_of(prompt(), told).messages]
    assert roles == [("user", 1), ("assistant", 2), ("user", 2), ("user", 1)]


@pytest.mark.parametrize(
    ("content", "told", "choice", "path"),
    [
        ({}, [], None, ("messages",)),
        ({"template": ""}, [], None, ("messages",)),
        ({"endpoint": "edit"}, [USER], None, ("prompt",)),
        ({}, [{"role": "tool", "content": "x"}], None, ("messages", 0, "tool_call_id")),
        (
            {
                "template": [
                    {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
                ]
            },
            [],
            None,
            ("prompt", "template", 0, "content", 0),
        ),
        ({}, [USER], "required", ("tool_choice",)),
        ({"tools": [ADD]}, [USER], {"function": {"name": "sub"}}, ("tool_choice",)),
    ],
)
def test_what_can_not_be_told_is_refused(content: Any, told: Any, choice: Any, path: Any) -> None:
    with pytest.raises(Unsayable) as caught:
        request_of(prompt(**content), messages(*told), choice=choice)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([{"text": "a"}, {"text": "b"}], {"role": "assistant", "content": "ab"}),
        ([], {"role": "assistant", "content": ""}),
        (
            [{"toolUse": {"toolUseId": "c", "name": "f", "input": {"x": 1}}}],
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
                ],
            },
        ),
        (
            [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
                {"reasoningContent": {"redactedContent": "cmVk"}},
                {"reasoningContent": {"reasoningText": {"text": "Nobody asks for that again."}}},
                {"text": "a"},
            ],
            {
                "role": "assistant",
                "content": "a",
                "thinking": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                    {"type": "redacted_thinking", "data": "cmVk"},
                ],
            },
        ),
    ],
)
def test_an_answer_is_a_message(blocks: Any, message: Any) -> None:
    reply = ModelReply(content=blocks, provider="p", model="m", request_id="r")
    assert message_of(reply) == message


def test_a_model_is_shown_its_own_thoughts_again() -> None:
    """Bedrock refuses the results of tools without them."""
    blocks = [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {"x": 1}}},
    ]
    said = message_of(ModelReply(content=blocks, provider="p", model="m", request_id="r"))
    request = request_of(prompt(), messages(USER, said))
    assert request.messages[1] == {"role": "assistant", "content": blocks}


@pytest.mark.parametrize(
    ("reason", "told"), [("max_tokens", "length"), ("guardrail_intervened", "content_filter"), ("new", "new")]
)
def test_why_it_stopped(reason: str, told: str) -> None:
    reply = ModelReply(content=[], stop_reason=reason, provider="p", model="m", request_id="r")
    assert finish_reason(reply) == told
