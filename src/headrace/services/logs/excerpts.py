"""The start of a value's JSON text, for lists: made without writing the whole of it."""

from __future__ import annotations

from typing import Any

from headrace.core.jsontext import json_text

EXCERPT_CHARS = 240
_MARKS = 4
"""About so many characters of JSON stand around a value."""


def excerpt(value: Any, *, most_chars: int = EXCERPT_CHARS) -> str:
    """The start of a value's JSON text; cut anywhere when it is longer."""
    short, _ = _shortened(value, most_chars)
    return json_text(short).decode()[:most_chars]


def _shortened(value: Any, left: int) -> tuple[Any, int]:
    """As much of a value as its excerpt needs, and how many characters are left to fill."""
    if isinstance(value, str):
        return value[: max(left, 0)], left - len(value) - _MARKS
    if isinstance(value, list | tuple):
        return _elements(value, left)
    if isinstance(value, dict):
        return _members(value, left)
    return value, left - _MARKS


def _elements(value: list[Any] | tuple[Any, ...], left: int) -> tuple[Any, int]:
    kept = []
    for one in value:
        if left <= 0:
            break
        short, left = _shortened(one, left)
        kept.append(short)
    return kept, left


def _members(value: dict[str, Any], left: int) -> tuple[Any, int]:
    kept = {}
    for name, one in value.items():
        if left <= 0:
            break
        kept[name], left = _shortened(one, left - len(name) - _MARKS)
    return kept, left
