"""Prompt variables: finding them and filling them."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.template import UnfilledVariable, as_text, render, texts, variables


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Make me a {{genre}} playlist of {{ number }} songs", ("genre", "number")),
        ("{{a}}{{b}}{{a}}", ("a", "b")),
        ("{{a-b}} {{a_b}} {{1st}}", ("a-b", "a_b", "1st")),
        ("{{{inner}}}", ("inner",)),
        ("{{\n\tname\n}}", ("name",)),
        ("{name} {{}} {{ }} {{a b}} {{_a}} {{a__b}} {{a.b}} {{a} }", ()),
        ("$search_results$", ()),
    ],
)
def test_finds_variables(text: str, names: tuple[str, ...]) -> None:
    assert variables([text]) == names


def test_text_template() -> None:
    assert list(texts({"text": {"text": "say {{it}}", "inputVariables": [{"name": "other"}]}})) == [
        "say {{it}}"
    ]


def test_chat_template() -> None:
    template = {
        "chat": {
            "messages": [
                {"role": "user", "content": [{"text": "one"}, {"cachePoint": {"type": "default"}}]},
                {"role": "assistant", "content": [{"text": "two"}]},
            ],
            "system": [{"text": "three"}],
            "toolConfiguration": {"tools": [{"toolSpec": {"name": "{{no}}"}}]},
        }
    }
    assert list(texts(template)) == ["one", "two", "three"]
    assert list(texts({"chat": {"messages": [{"role": "user", "content": None}], "system": None}})) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (3, "3"),
        (3.5, "3.5"),
        (True, "true"),
        (None, "null"),
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
        ([], "[]"),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_render_is_a_single_pass() -> None:
    values = {"a": "{{b}}", "b": r"\1 \g<0>", "n": 3}
    assert render("{{a}} {{ b }} {{n}} {{}}", values) == r"{{b}} \1 \g<0> 3 {{}}"


def test_render_names_what_is_missing() -> None:
    with pytest.raises(UnfilledVariable) as caught:
        render("{{a}} {{b}}", {"a": "x"})
    assert caught.value.name == "b"


def test_a_long_text_takes_linear_time() -> None:
    """Ten megabytes of near misses would never end if the pattern backtracked over them."""
    assert variables(["{{" * 1_000_000, "{{a" + "a-" * 1_000_000, "{{" + " " * 1_000_000]) == ()
