"""The text of a prompt's file: how it looks, and what people may write (humanloop 4.5)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from headrace.core.prompt_files import BadFile, read_file, write_file

WEATHER = {"location": {"type": "string"}}


def read(text: str) -> dict[str, Any]:
    return read_file(text, lambda header: yaml.safe_load(header) or {})


def test_a_chat_is_messages_between_tags() -> None:
    form = {
        "model": "gpt-4o",
        "temperature": 0.7,
        "max_tokens": -1,
        "provider": "openai",
        "endpoint": "chat",
        "template": [
            {"role": "system", "content": "You are a {{mood}} assistant.\n\n- be brief\n  - very"},
            {"role": "user", "name": "Ann", "content": "Hello <b>you</b>"},
        ],
    }
    text = write_file(form)
    assert text == (
        "---\n"
        "model: gpt-4o\n"
        "temperature: 0.7\n"
        "max_tokens: -1\n"
        "provider: openai\n"
        "endpoint: chat\n"
        "---\n"
        "<system>\n"
        "  You are a {{mood}} assistant.\n"
        "\n"
        "  - be brief\n"
        "    - very\n"
        "</system>\n"
        "\n"
        '<user name="Ann">\n'
        "  Hello <b>you</b>\n"
        "</user>\n"
    )
    assert read(text) == form


def test_a_completion_is_bare_text() -> None:
    form = {"model": "m", "endpoint": "complete", "template": "Go on:\n\n  <user>{{text}}"}
    text = write_file(form)
    assert text == "---\nmodel: m\nendpoint: complete\n---\nGo on:\n\n  <user>{{text}}\n"
    assert read(text) == form


def test_images_stand_beside_texts() -> None:
    parts = [
        {"type": "text", "text": "What is it?"},
        {
            "type": "image_url",
            "image_url": {"url": "https://example.invalid/a.png?x=1&copy=2", "detail": "low"},
        },
    ]
    form = {"model": "m", "template": [{"role": "user", "content": parts}]}
    text = write_file(form)
    assert '  <image url="https://example.invalid/a.png?x=1&copy=2" detail="low" />\n</user>' in text
    assert "template" not in text
    assert read(text) == form


def test_calls_of_tools_and_their_answers() -> None:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{\n  "location": "Bern"\n}'},
    }
    function = {
        "name": "weather",
        "description": "It.",
        "parameters": {"type": "object", "properties": WEATHER},
    }
    form = {
        "model": "m",
        "template": [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "name": "weather", "tool_call_id": "call_1", "content": "Fog."},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [call, call]},
        ],
        "tools": [function],
    }
    text = write_file(form)
    assert (
        '<assistant>\n  <tool name="weather" id="call_1">\n    {\n      "location": "Bern"\n    }\n  </tool>'
        in text
    )
    assert '<tool name="weather" id="call_1">\n  Fog.\n</tool>' in text
    assert 'tools: [\n  {\n    "name": "weather",\n' in text
    assert "template" not in text
    assert read(text) == form


def test_a_prompt_may_be_nothing_but_a_model() -> None:
    assert write_file({"model": "gpt-4o", "template": None}) == "---\nmodel: gpt-4o\n---\n"
    assert read("---\nmodel: gpt-4o\n---") == {"model": "gpt-4o"}


@pytest.mark.parametrize(
    "template",
    [
        "",
        " ",
        "<user>a</user>",
        "ends with lines\n\n\r\n",
        [],
        [{"role": "user"}],
        [{"role": "user", "content": " blanks around "}],
        [{"role": "user", "content": "a </user> b"}],
        [{"role": "user", "content": []}],
        [{"role": "system", "content": [{"type": "text", "text": "x"}]}],
        [{"role": "user", "name": "both ' and \"", "content": "x"}],
        [{"role": "assistant", "content": "", "thinking": [{"type": "redacted_thinking", "data": "x"}]}],
        [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]}],
    ],
)
def test_what_tags_can_not_say_stands_in_the_header(template: Any) -> None:
    form = {"model": "m", "template": template}
    text = write_file(form)
    assert "\ntemplate: " in text
    assert read(text) == form


def test_a_key_longer_than_yaml_takes_for_one() -> None:
    form = {"model": "m", "attributes": {"k" * 2000: {"x" * 1500: 1}}}
    assert read(write_file(form)) == form


def test_what_people_write() -> None:
    text = (
        "\ufeff---  \n"
        "# a remark\n"
        "model: gpt-4o\n"
        "stop:\n"
        "- a\n"
        '- "b"\n'
        "tools: []\n"
        "seed: null\n"
        "colour: blue\n"
        "---\n"
        "\n"
        "<system>Be brief.</system>\n"
        "<user>\n"
        "\tTwo\n"
        "\tlines\n"
        "\n"
        "</user>\n"
        "<assistant />\n"
        "\n\n"
    )
    assert read(text) == {
        "model": "gpt-4o",
        "stop": ["a", "b"],
        "tools": [],
        "template": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Two\nlines"},
            {"role": "assistant"},
        ],
    }


def test_tags_that_are_none_are_text() -> None:
    body = (
        "<user>\n  <text>open\n</user>\n<assistant>\n  <tool>no name</tool>\n</assistant>\n"
        '<assistant>\n  <tool name="a" id="b">never closed\n</assistant>\n'
        '<assistant>\n  <tool name="a" id="b">1</tool>\n  and more\n</assistant>\n'
        "<user><image /></user>\n"
    )
    contents = [message["content"] for message in read(f"---\nmodel: m\n---\n{body}")["template"]]
    assert contents == [
        "<text>open",
        "<tool>no name</tool>",
        '<tool name="a" id="b">never closed',
        '<tool name="a" id="b">1</tool>\nand more',
        "<image />",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: m", "between two lines of three dashes"),
        ("", "between two lines of three dashes"),
        ("---\nmodel: m\n", "between two lines of three dashes"),
        ("---\nmodel: m\n---\n<user>\nhi", "<user> is never closed with </user> (line 1 below the header)"),
        ("---\nmodel: m\n---\n<user>a</user>\n\nstray\n", "(line 3 below the header)"),
        ("---\nmodel: m\ntemplate: a\n---\nb\n", "may stand in one place only"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "piece", ["<tool>\n", '<tool name="a" id="b">\n', "<text>", "<user ", "</user", " a='"]
)
def test_a_long_text_is_read_in_time_that_grows_with_it(piece: str) -> None:
    """Half a million characters that look like tags: in less than a second, or the test's time is over."""
    body = piece * (500_000 // len(piece))
    read(f"---\nmodel: m\n---\n<assistant>\n{body}\n</assistant>\n<user>\n{body}</user>\n")
