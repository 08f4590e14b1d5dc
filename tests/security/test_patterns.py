"""No regular expression takes much longer for a text than the text is long: what clients send may be long."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import headrace

CHARS = 20_000
MOST_CPU_S = 0.5
"""A hundred times what the slowest takes; one that looks again from each letter takes seconds."""
OWN = (
    "headrace.conformance",
    "headrace.cli.humanloop_spool",
    "headrace.storage.copies.archive_columns",
    "headrace.storage.postgres.dialect",
    "headrace.storage.migrations",
    "headrace.storage.place",
    "headrace.storage.postgres.statements",
    "headrace.storage.sql.queries",
    "headrace.storage.watching",
)
"""Modules whose patterns see nothing but our own SQL, names of our own files, and what the operator says."""
SHORT = {
    "headrace.core.condition._BLANKS_OR_TEXT": "conditions have 64 characters at the most",
    "headrace.core.condition._TOKEN": "the same",
    "headrace.core.expression._BRACKETED": "expressions have 64 characters at the most",
    "headrace.core.prompt_tags._ATTRIBUTE": "it reads what is known to be attributes: each name has a value",
}
"""Those that are given nothing long that could hold them up, and why."""
PIECES = (
    "a",
    "1",
    " ",
    "\n",
    "\t",
    ".",
    "-",
    "_",
    ":",
    "/",
    "#",
    "=",
    "<",
    "'",
    '"',
    "\\",
    "\\'",
    '\\"',
    "{{",
)
PIECES += ("{{ a", "${", "$", "a ", "a-", "a_", "a:", "a.", "a=", "1.", "()", "[", "[a]", "%20", "\x00", "é")
ENDINGS = ("", "!", "\x00", "\n")
BEGINNINGS = {
    "headrace.backends.knowledge.chunks._HEADING": ("# ", "# a", "# a #"),
    "headrace.backends.evaluators.answer._NUMBER": ("+1", "1."),
    "headrace.apis.humanloop.requests._PLACE": (" - at `$",),
    "headrace.core.prompt_tags._OPENING": ("<user", "<user a="),
    "headrace.core.prompt_tags._PART": ("<text>", "<image", "<image a="),
    "headrace.core.prompt_tags._CALL": ("<tool", "<tool a="),
    "headrace.core.prompts._LOOP": ("{% for", "{% for a", "{% for a,", "{% for a in"),
    "headrace.core.prompts._CHOICE": ("{% if", "{% if not"),
    "headrace.core.prompt_filling._CALL": ("{{", "{{ a(", "{{ a()"),
    "headrace.core.prompt_files._SPLIT": ("---\n", "---\na\n---", "\n"),
    "headrace.core.template._VARIABLE": ("{{",),
    "headrace.core.placeholders._PLACEHOLDER": ("{{", "{{a", "{{a."),
    "headrace.core.prompt_requests._DATA_URL": ("data:image/", "data:image/png;base64,"),
    "headrace.apis.bedrock.arns._ARN": ("arn:aws:bedrock:", "arn:aws:bedrock:a:1:"),
    "headrace.apis.otel.attributes._QUOTED": ("'", '"'),
    "headrace.core.tracing._TRACEPARENT": ("00-",),
}
"""What a text has to begin with so that a pattern looks further."""
METHODS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer")


@cache
def _patterns() -> dict[str, tuple[re.Pattern[Any], tuple[str, ...]]]:
    """Each pattern of a module, by its name, and how the module uses it."""
    found = {}
    for module in pkgutil.walk_packages(headrace.__path__, "headrace."):
        if module.name.startswith(OWN) or module.name.endswith("__main__"):
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # of an extra that is not installed
            continue
        source = Path(loaded.__file__ or "").read_text()
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern):
                used = tuple(one for one in METHODS if re.search(rf"\b{name}\.{one}\b", source))
                found[f"{module.name}.{name}"] = (value, used or ("match", "fullmatch"))
    return found


def _texts(name: str) -> Iterator[str]:
    for beginning in ("", *BEGINNINGS.get(name, ())):
        for piece in PIECES:
            for ending in ENDINGS:
                yield beginning + piece * (CHARS // len(piece)) + ending


def _does(pattern: re.Pattern[Any], method: str) -> Callable[[Any], Any]:
    if method == "sub":
        return lambda text: pattern.sub(text[:0], text)
    if method == "finditer":
        return lambda text: sum(1 for _ in pattern.finditer(text))
    does: Callable[[Any], Any] = getattr(pattern, method)
    return does


def _slow(name: str) -> list[str]:
    """The texts that take too long; only the first, because each may take seconds."""
    pattern, methods = _patterns()[name]
    for text in _texts(name):
        given = text.encode() if isinstance(pattern.pattern, bytes) else text
        for method in methods:
            started_s = time.thread_time()
            _does(pattern, method)(given)
            if time.thread_time() - started_s > MOST_CPU_S:
                return [f"{name}.{method}: {text[:30]!r} … {text[-5:]!r}"]
    return []


def test_what_is_named_here_is_there() -> None:
    assert len(_patterns()) > 60
    assert BEGINNINGS.keys() | SHORT.keys() <= _patterns().keys()


@pytest.mark.slow
def test_long_texts_take_no_longer_than_they_are() -> None:
    assert [slow for name in _patterns() if name not in SHORT for slow in _slow(name)] == []


def test_what_names_no_end_is_looked_at_once() -> None:
    """Substitutes of templates, of which each would be looked for to the end of the text."""
    from headrace.apis.bedrock.exchange import cloudformation, template

    for placeholder in (cloudformation._PLACEHOLDER, template._SUBSTITUTE):
        started_s = time.thread_time()
        text = template.filled(placeholder, lambda found: "x", "${a}" + "${" * (CHARS // 2))
        assert time.thread_time() - started_s < MOST_CPU_S
        assert text == "x" + "${" * (CHARS // 2)
