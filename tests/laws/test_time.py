"""What others write is read in a time that grows with its length, and not with its square."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from headrace.apis.bedrock.model import load
from headrace.apis.bedrock.pattern import portable_pattern
from headrace.apis.humanloop.multipart import read_form
from headrace.apis.otel.attributes import words
from headrace.core import condition, expression, placeholders, search, template
from headrace.core.errors import HeadraceError

LENGTH = 20_000
MOST_S = 2.0
"""Far more than any takes that does not go back and forth, on a machine that does much else."""


def took_s(work: Callable[[], Any]) -> float:
    """Processor time, so that it does not count what else the machine does."""
    began = time.process_time()
    with contextlib.suppress(HeadraceError, ValueError, RecursionError):
        work()
    return time.process_time() - began


def _patterns() -> list[str]:
    shapes = [shape for service in load().shapes.values() for shape in service.values()]
    found = {shape.pattern for shape in shapes if shape.pattern and _is_portable(shape.pattern)}
    return sorted(found)


def _is_portable(pattern: str) -> bool:
    """Whether it is one that is used; of what is served all are."""
    try:
        portable_pattern(pattern)
    except ValueError:
        return False
    return True


ATTACKS = (
    "a",
    "0",
    "-",
    "_",
    "a-",
    "a_",
    "A0",
    " ",
    "a ",
    "\t",
    "é",
    ":",
    "/",
    "a:",
    "arn:aws:",
    "{{",
    "x.",
    ".",
)


@pytest.mark.parametrize("pattern", _patterns())
def test_patterns_of_the_service_model_do_not_go_back_and_forth(pattern: str) -> None:
    """They are applied to what clients send before its length is looked at."""
    fits = re.compile(portable_pattern(pattern), re.ASCII).fullmatch
    for attack in ATTACKS:
        for text in (attack * (LENGTH // len(attack)), attack * (LENGTH // len(attack)) + "!\n"):
            assert took_s(lambda text=text: fits(text)) < MOST_S, (pattern, attack)


@pytest.mark.parametrize("text", ["'", "'a", r"\'", "'\\", "\"'", "','", "(", "\\"])
def test_lists_of_spans_do_not_either(text: str) -> None:
    assert took_s(lambda: words("(" + text * LENGTH)) < MOST_S


@pytest.mark.parametrize("text", ["a", "ａ", "ﷺ", "e\u0301", "\u0345", "日", "a ", "ß", "İ", "\U0001d15e"])
def test_words_are_found_in_time(text: str) -> None:
    assert took_s(lambda: search.words(text * LENGTH)) < MOST_S


BOMBS = [
    "(",
    "a",
    "[",
    "'",
    "\\",
    ".",
    "$",
    "a == ",
    "not ",
    "a and ",
    "(a) or ",
    "!",
    "1 < ",
    '"',
    "{{",
    "}}",
    "{{a",
    "$.",
]


@pytest.mark.parametrize("text", BOMBS)
def test_conditions_paths_and_templates_are_read_in_time(text: str) -> None:
    long = text * LENGTH
    readers = (
        lambda text: condition.parse(text, {}),
        expression.parse,
        lambda text: template.variables([text]),
        lambda text: template.render(text, {}),
        lambda text: placeholders.unfilled(text, {}),
    )
    for read in readers:
        assert took_s(lambda read=read: read(long)) < MOST_S, read


@pytest.mark.parametrize(
    "text", [b"--a\r\n", b"\r\n", b"--", b"-- a", b"--a\r\n\r\n\r\n", b"--a\r\nX:y;" + b";" * 50]
)
def test_forms_are_read_in_time(text: bytes) -> None:
    assert took_s(lambda: read_form(text * (LENGTH // len(text)))) < MOST_S
