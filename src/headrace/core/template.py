"""The ``{{name}}`` variables of prompt texts: which there are, and filling them (bedrock section 2.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\{\{\s*+((?:[0-9a-zA-Z][_-]?){1,100}+)\s*\}\}")


class UnfilledVariable(LookupError):
    """A template has a variable that no value was given for.

    Attributes:
        name: the variable.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no value for the variable '{name}'")
        self.name = name


def variables(texts: Iterable[str]) -> tuple[str, ...]:
    """The names of the variables in some texts, each once, in the order they first appear."""
    return tuple(dict.fromkeys([name for text in texts for name in _VARIABLE.findall(text)]))


def texts(template: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a prompt's template configuration that may hold variables."""
    if text := template.get("text"):
        yield text["text"]
    chat = template.get("chat") or {}
    for message in chat.get("messages") or ():
        yield from _block_texts(message.get("content"))
    yield from _block_texts(chat.get("system"))


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text with each variable replaced by its value.

    Single pass: what was filled in is not searched for variables again.

    Raises:
        UnfilledVariable: a variable has no value.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise UnfilledVariable(name)
        return as_text(values[name])

    return _VARIABLE.sub(fill, text)


def as_text(value: Any) -> str:
    """A value as a prompt shows it: a text as it is, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _block_texts(blocks: Iterable[Mapping[str, Any]] | None) -> Iterator[str]:
    for block in blocks or ():
        if text := block.get("text"):
            yield text
