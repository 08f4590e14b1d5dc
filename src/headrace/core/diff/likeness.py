"""How alike two JSON values are, between 0 and 1, and whether they are the same."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import msgspec

from headrace.core.canonical import canonical
from headrace.core.errors import Invalid

Features: TypeAlias = frozenset[tuple[str, str]]
"""What can be seen in a value: pairs of a member's name and a word of its text."""

_WORD = re.compile(r"\w+")
_encode = msgspec.json.Encoder().encode
PROSE_WORDS = 4
"""A text of fewer words is a name, an id or an expression, and alike only when it is equal."""


def is_same(before: Any, after: Any) -> bool:
    """Whether two values have one canonical form.

    Raises:
        Invalid: a value is nested too deeply to be walked.
    """
    return form(before) == form(after)


def is_written_alike(before: Any, after: Any) -> bool:
    """Whether two values are the same and written the same way; that is faster to find.

    Raises:
        Invalid: a value is nested too deeply to be walked.
    """
    return _text(before) == _text(after)


def form(value: Any) -> bytes:
    """What is equal of values that are the same.

    Raises:
        Invalid: the value is nested too deeply to be walked.
    """
    return canonical(_text(value))


def _text(value: Any) -> bytes:
    try:
        return _encode(value)
    except RecursionError:
        raise Invalid.at(message="The JSON is nested too deeply.", kind="depth") from None


def features(value: Any) -> Features:
    """What can be seen in a value, wherever in it."""
    found: set[tuple[str, str]] = set()
    rest = [("", value)]
    while rest:
        name, one = rest.pop()
        if isinstance(one, dict):
            rest += one.items()
        elif isinstance(one, list):
            rest += [(name, item) for item in one]
        elif isinstance(one, str):
            found.update([(name, word) for word in _words(one)])
        else:
            found.add((name, repr(one)))
    return frozenset(found)


def _words(text: str) -> list[str]:
    if " " not in text:
        return [text]
    words = _WORD.findall(text)
    return words if len(words) >= PROSE_WORDS else [text]


def likeness(before: Features, after: Features) -> float:
    """The part of what is seen in either that is seen in both; of nothing at all, everything."""
    total = len(before) + len(after)
    return 2 * len(before & after) / total if total else 1.0
