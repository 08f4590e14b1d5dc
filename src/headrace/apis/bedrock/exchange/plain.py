"""From texts to plain values: a tree of what JSON has, of bounded size, whatever the text was written in."""

from __future__ import annotations

import json
import math
from typing import Any

from headrace.apis.bedrock.exchange.documents import Unreadable

MAX_DEPTH = 250
"""How many objects and lists may be inside each other: more than a request may have, and no stack's end."""

MAX_VALUES = 1_000_000
"""How many values there may be, each as often as it is referred to: YAML's aliases make much of little."""

_TOO_DEEP = f"It is nested deeper than {MAX_DEPTH} levels."


class NotJson(Unreadable):
    """A text is not JSON; it may be YAML."""


def load_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        NotJson: it is none.
        Unreadable: see `plain`.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    except ValueError as error:
        raise NotJson(f"It is not valid JSON: {error}") from None
    return plain(value)


def plain(value: Any) -> Any:
    """A copy in which nothing is shared, with texts for the numbers that YAML makes of names.

    Raises:
        Unreadable: it is too large, too deep or endless, or holds what JSON can't say.
    """
    return _Copy().of(value, 0)


class _Copy:
    def __init__(self) -> None:
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Unreadable(f"It holds more than {MAX_VALUES:,} values.")
        if not isinstance(value, (dict, list)):
            return _scalar(value)
        if depth == MAX_DEPTH:
            raise Unreadable(_TOO_DEEP)
        if isinstance(value, list):
            return [self.of(one, depth + 1) for one in value]
        return {_name(name): self.of(inner, depth + 1) for name, inner in value.items()}


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"It holds the number {value}, which JSON can't say.")
    if isinstance(value, str) and not _is_unicode(value):
        raise Unreadable(f"It holds the text {value!r}, which is not Unicode.")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise Unreadable(f"It holds a {type(value).__name__}, which JSON can't say.")


def _name(name: Any) -> str:
    if isinstance(name, str) and _is_unicode(name):
        return name
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    raise Unreadable(f"It has a member named {name!r}, which is no text.")


def _is_unicode(text: str) -> bool:
    """Whether it is more than one half of a character, which JSON's escapes can write."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
