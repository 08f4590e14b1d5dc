"""A prompt of either form, read as the other (docs/explanation/prompts.md)."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.prompt_forms import as_form, as_variant

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "You know {{topic}}."},
    {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "{{question}}"}]},
    {"role": "assistant", "content": "Yes?", "name": "Ann"},
    {"role": "developer", "content": "Be brief."},
]


def variant(**form: Any) -> dict[str, Any]:
    """The variant of a prompt that has one."""
    made = as_variant({"model": "gpt-4o", "template": "Tell {{topic}}", **form})
    assert made is not None
    return made


def test_a_text() -> None:
    assert variant() == {
        "name": "default",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "Tell {{topic}}", "inputVariables": [{"name": "topic"}]}},
        "modelId": "gpt-4o",
    }


def test_messages() -> None:
    assert variant(template=CHAT)["templateConfiguration"] == {
        "chat": {
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}, {"text": "{{question}}"}]},
                {"role": "assistant", "content": [{"text": "Yes?"}]},
            ],
            "system": [{"text": "You know {{topic}}."}, {"text": "Be brief."}],
            "inputVariables": [{"name": "question"}, {"name": "topic"}],
        }
    }


@pytest.mark.parametrize("more", [{"endpoint": "chat"}, {"tools": [{"name": "t", "description": ""}]}])
def test_a_text_of_a_chat_is_what_the_user_says(more: dict[str, Any]) -> None:
    made = variant(template="Hello", **more)
    assert made["templateType"] == "CHAT"
    chat = made["templateConfiguration"]["chat"]
    assert chat["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]


@pytest.mark.parametrize(
    ("form", "inference", "extra"),
    [
        (
            {"max_tokens": 5, "temperature": 1, "top_p": 0.5},
            {"maxTokens": 5, "temperature": 1, "topP": 0.5},
            None,
        ),
        ({"max_tokens": -1}, None, None),
        ({"max_tokens": -2}, None, {"max_tokens": -2}),
        ({"temperature": 1.5}, None, {"temperature": 1.5}),
        ({"top_p": 2}, None, {"top_p": 2}),
        ({"stop": "END"}, {"stopSequences": ["END"]}, None),
        ({"stop": ["a", "b"]}, {"stopSequences": ["a", "b"]}, None),
        ({"seed": 7, "reasoning_effort": "low"}, None, {"seed": 7, "reasoning_effort": "low"}),
        (
            {"presence_penalty": 1, "frequency_penalty": 2},
            None,
            {"presence_penalty": 1, "frequency_penalty": 2},
        ),
        ({"response_format": {"type": "json_object"}}, None, {"response_format": {"type": "json_object"}}),
        ({"other": {"seed": 1, "top_k": 3}, "seed": 2}, None, {"seed": 2, "top_k": 3}),
    ],
)
def test_parameters(
    form: dict[str, Any], inference: dict[str, Any] | None, extra: dict[str, Any] | None
) -> None:
    made = variant(**form)
    assert made.get("inferenceConfiguration") == (inference and {"text": inference})
    assert made.get("additionalModelRequestFields") == extra


def test_tools_and_metadata() -> None:
    parameters = {"type": "object", "properties": {"x": {}}}
    made = variant(
        tools=[
            {"name": "add", "description": "Adds.", "strict": False, "parameters": parameters},
            {"name": "go", "description": ""},
        ],
        provider="openai",
        attributes={"owner": "search", "rank": 1, "what?": "x", "note": "naïve"},
    )
    assert made["templateConfiguration"]["chat"]["toolConfiguration"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "add",
                    "description": "Adds.",
                    "strict": False,
                    "inputSchema": {"json": parameters},
                }
            },
            {"toolSpec": {"name": "go", "inputSchema": {"json": {"type": "object"}}}},
        ]
    }
    assert made["metadata"] == [
        {"key": "humanloop:provider", "value": "openai"},
        {"key": "owner", "value": "search"},
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"template": None},
        {"template": ""},
        {"template": []},
        {"endpoint": "edit"},
        {"template_language": "jinja"},
        {"template": [{"role": "tool", "content": "x", "tool_call_id": "1"}]},
        {"template": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}]},
        {"template": [{"role": "assistant", "content": "x", "thinking": [{"type": "thinking"}]}]},
        {"template": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]},
        {"template": " ".join(f"{{{{v{n}}}}}" for n in range(21))},
        {"stop": ["1", "2", "3", "4", "5"]},
        {"tools": [{"name": "not-a-name", "description": ""}]},
    ],
)
def test_what_a_variant_can_not_say(form: dict[str, Any]) -> None:
    assert as_variant({"model": "m", "template": "x", **form}) is None


def test_a_variant_of_text_as_one_object() -> None:
    given = {
        "name": "only",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "About {{x}}"}},
        "modelId": "m",
        "inferenceConfiguration": {
            "text": {"maxTokens": 9, "temperature": 0, "topP": 0.5, "stopSequences": ["E"]}
        },
        "additionalModelRequestFields": {"top_k": 3},
        "metadata": [{"key": "owner", "value": "me"}],
    }
    assert as_form(given) == {
        "model": "m",
        "provider": "bedrock",
        "endpoint": "complete",
        "template": "About {{x}}",
        "template_language": "default",
        "max_tokens": 9,
        "temperature": 0,
        "top_p": 0.5,
        "stop": ["E"],
        "other": {"top_k": 3},
        "attributes": {"owner": "me", "bedrock": {"variant": "only"}},
    }


def test_a_variant_of_messages_as_one_object() -> None:
    template = {
        "chat": {
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
            "messages": [
                {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
                {"role": "assistant", "content": [{"text": "c"}]},
            ],
            "toolConfiguration": {
                "tools": [
                    {"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object"}}}},
                    {"cachePoint": {"type": "default"}},
                ],
                "toolChoice": {"any": {}},
            },
        }
    }
    form = as_form({"name": "v", "templateType": "CHAT", "templateConfiguration": template, "modelId": "m"})
    assert form["endpoint"] == "chat"
    assert form["template"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "c"},
    ]
    assert form["tools"] == [
        {"name": "t", "description": "", "strict": None, "parameters": {"type": "object"}}
    ]
    assert form["attributes"] == {
        "bedrock": {"variant": "v", "toolChoice": {"any": {}}, "templateConfiguration": template}
    }


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], {}),
        ([{"key": "bedrock", "value": "1"}], {}),
    ],
)
def test_metadata_that_is_no_map_is_kept_as_a_list(metadata: list[Any], expected: dict[str, Any]) -> None:
    given = {"name": "v", "templateConfiguration": {"text": {"text": "x"}}, "metadata": metadata}
    assert as_form(given)["attributes"] == {**expected, "bedrock": {"variant": "v", "metadata": metadata}}


def test_what_is_no_object_and_what_is_no_model() -> None:
    agent = {"agent": {"agentIdentifier": "arn"}}
    given = {
        "name": "v",
        "templateConfiguration": {"text": {"text": "x"}},
        "genAiResource": agent,
        "additionalModelRequestFields": [1],
    }
    form = as_form(given)
    assert form["model"] == ""
    assert "provider" not in form
    assert "other" not in form
    assert form["attributes"]["bedrock"] == {
        "variant": "v",
        "genAiResource": agent,
        "additionalModelRequestFields": [1],
    }


def test_no_variant_at_all() -> None:
    assert as_form(None) == {"model": ""}


def test_what_the_one_form_says_comes_back_from_the_other() -> None:
    form = {
        "model": "m",
        "provider": "bedrock",
        "endpoint": "chat",
        "template_language": "default",
        "template": [{"role": "system", "content": "s"}, {"role": "user", "content": "{{q}}"}],
        "temperature": 0.5,
        "max_tokens": 10,
        "top_p": 1,
        "stop": ["x"],
        "other": {"top_k": 1},
        "tools": [{"name": "t", "description": "d", "strict": True, "parameters": {"type": "object"}}],
    }
    made = as_variant(form)
    assert made is not None
    back = as_form(made)
    assert back.pop("attributes") == {"humanloop:provider": "bedrock", "bedrock": {"variant": "default"}}
    assert back == form
