"""Templates in Jinja: what they may do, and what they may not (humanloop 4.4)."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import pytest

from headrace.backends.templates.jinja import JinjaLanguage
from headrace.core.prompt_filling import Unfillable


def fill(*texts: str, timeout_s: float = 30.0, **values: Any) -> list[str]:
    return asyncio.run(JinjaLanguage(timeout_s=timeout_s).fill(texts, values))


def refused(text: str, timeout_s: float = 30.0, **values: Any) -> str:
    with pytest.raises(Unfillable) as caught:
        fill(text, timeout_s=timeout_s, **values)
    return str(caught.value)


def test_texts_are_filled() -> None:
    text = "{% for one in items %}{{ loop.index }}: {{ one.name|upper }}\n{% endfor %}"
    assert fill(text, "{{ items|length }}\n", items=[{"name": "ä"}, {"name": "<b>"}]) == [
        "1: Ä\n2: <B>\n",
        "2\n",
    ]


def test_a_text_without_marks_is_what_it_says() -> None:
    assert fill("{ plain }", "") == ["{ plain }", ""]


def test_a_missing_input_may_be_asked_about_and_not_be_written() -> None:
    assert fill("{% if name %}{{ name }}{% else %}nobody{% endif %} {{ name|default('x') }}") == ["nobody x"]
    assert refused("Hello {{ name }}") == "'name' is undefined"
    assert refused("{{ a.b.c }}", a={}) == "'dict object' has no attribute 'b'"


def test_what_is_wrong_is_said_with_its_line() -> None:
    assert "(line 2)" in refused("a\n{% if %}")
    assert "division by zero" in refused("{{ 1 / 0 }}")


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ items.append(1) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
    ],
)
def test_a_template_gets_nowhere(text: str) -> None:
    assert refused(text, items=[])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 'x' * 10 ** 10 }}", "memory"),
        ("{{ '%1000000000d' % 1 }}", "memory"),
        ("{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "longer than"),
    ],
)
def test_a_template_that_wants_too_much(text: str, said: str) -> None:
    assert said.casefold() in refused(text).casefold()


def test_a_template_that_never_ends() -> None:
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert refused(endless, timeout_s=1.0) == "that takes longer than 1 s"
    assert refused(endless) == "that takes more time or memory than there is for it"


def test_without_the_package_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "headrace[jinja]" in refused("{{ a }}", a=1)
