"""Texts of prompts' files from outside: what their headers may not be, and how that is told (humanloop 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.apis.humanloop.prompt_text import MAX_HEADER_CHARS, read_text
from headrace.core.agents import Agent
from headrace.core.errors import Invalid
from headrace.core.prompts import Prompt


def refused(header: str, kind: Any = Prompt) -> str:
    with pytest.raises(Invalid) as caught:
        read_text(f"---\n{header}\n---\n", kind, at="prompt")
    (problem,) = caught.value.problems
    assert (problem.path, problem.where, problem.kind) == (("prompt",), "body", "file_text")
    return problem.message


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "must consist of lines such as"),
        ("- a", "must consist of lines such as"),
        ("model: [", "not valid YAML"),
        ("model: a: b", "not valid YAML"),
        ("temperature: 1", "missing required field `model`"),
        ("model: m\ntemperature: hot", "got `str` - at `$.temperature`"),
        ("model: m\nmax_tokens: 1.5", "at `$.max_tokens`"),
        ("model: 7", "at `$.model`"),
        ("model: m\nother: {a: !!binary aGk=}", "JSON does not know: bytes"),
        ("model: m\nother: {a: !!set {b}}", "JSON does not know: set"),
        ("model: m\nother: {a: !!timestamp 2001-01-01}", "JSON does not know: date"),
        ("model: m\nother: {a: !!timestamp 2001-13-01}", "not valid YAML"),
        ("model: m\nother: {a: !!int x}", "not valid YAML"),
        ("model: m\nother: {a: !!python/object/apply:os.getcwd []}", "not valid YAML"),
        ("model: m\nother: {1: a}", "the key 1, which is no text"),
        ("model: m\nother: {? [a] : b}", "not valid YAML"),
        ("model: m\nother: {a: .inf}", "the number inf, which is out of range"),
        ("model: m\nother: {a: .nan}", "the number nan, which is out of range"),
        ("model: &m m\nprovider: *m", "may not refer to parts of itself (*m)"),
        ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nmodel: m", "may not refer to parts of itself (*a)"),
        ("model: m\nother: &o {a: [*o]}", "may not refer to parts of itself (*o)"),
        ("model: m\nother: " + "[" * 100_000, "nested deeper than 100 levels"),
        ("model: m\nother: " + "{a: " * 101 + "1" + "}" * 101, "nested deeper than 100 levels"),
        ("#" * (MAX_HEADER_CHARS + 1), f"it may have {MAX_HEADER_CHARS}"),
        ("model: m\nother: {a: " + "9" * 5000 + "}", "not valid YAML"),
        ("model: \x00", "not valid YAML"),
    ],
)
def test_what_a_header_may_not_be(header: str, said: str) -> None:
    assert said in refused(header)


def test_dates_are_texts() -> None:
    assert read_text("---\nmodel: 2024-08-06\n---\n", Prompt, at="prompt") == {"model": "2024-08-06"}


def test_agents_have_their_own_rules() -> None:
    tools = [
        {"type": "file", "link": {"file_id": "tl_1"}, "on_agent_call": "stop"},
        {"type": "inline", "json_schema": {"name": "f", "description": "d"}},
    ]
    header = f"model: m\nmax_iterations: 3\nlinked_tools: [a]\ntools: {tools}"
    read = read_text(f"---\n{header}\n---\n<user>a</user>", Agent, at="agent")
    assert read == {
        "model": "m",
        "max_iterations": 3,
        "tools": tools,
        "template": [{"role": "user", "content": "a"}],
    }
    assert "Invalid value 'maybe'" in refused("model: m\ntools: [{type: maybe}]", Agent)
    assert "max_iterations" not in read_text("---\nmodel: m\nmax_iterations: 3\n---", Prompt, at="prompt")
