"""Filling the templates of prompts (humanloop 4.4): which texts there are, and those of the default language.

Templates here are plain JSON values, as they were sent: a text, or a list of messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from headrace.core.effects import JSON
from headrace.core.placeholders import fill, unfilled

_CALL = re.compile(r"\{\{\s*[\w-]+\([^{}]*\)\s*\}\}")
SHOWN_CHARS = 100


class Unfillable(ValueError):
    """A template can't be filled; the text says why."""


class MissingInputs(Unfillable):
    """A template has placeholders that nothing was given for.

    Attributes:
        names: what they refer to, each once, in the order they first appear.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"the template needs values for {', '.join(names)}")
        self.names = names


class TemplateLanguage(Protocol):
    """Fills templates that are written in a language."""

    async def fill(self, texts: Sequence[str], values: Mapping[str, JSON]) -> list[str]:
        """Each text, filled. Raises Unfillable."""


class DefaultLanguage:
    """``{{name}}``, and parts of values: ``{{name.part}}``, ``{{name[0]}}``."""

    async def fill(self, texts: Sequence[str], values: Mapping[str, JSON]) -> list[str]:
        values = {name: value for name, value in values.items() if value is not None}
        for text in texts:
            if call := _CALL.search(text):
                message = f"calls of tools in templates are not carried out here: {call[0][:SHOWN_CHARS]}"
                raise Unfillable(message)
        missing = dict.fromkeys(name for text in texts for name in unfilled(text, values))
        if missing:
            raise MissingInputs(tuple(missing))
        return [fill(text, values) for text in texts]


def texts_of(template: Any) -> list[str]:
    """The texts in a template, in the order they stand."""
    return [holder[key] for holder, key in _places(template)]


def with_texts(template: Any, texts: Sequence[str]) -> Any:
    """The template with other texts in the places of its own."""
    if isinstance(template, str):
        return texts[0]
    copy = [_copied(message) for message in template]
    for (holder, key), text in zip(_places(copy), texts, strict=True):
        holder[key] = text
    return copy


def _places(template: Any) -> Iterator[tuple[Any, Any]]:
    """What holds each text, and under which key."""
    if isinstance(template, str):
        yield [template], 0
        return
    for message in template:
        content = message.get("content")
        if isinstance(content, str):
            yield message, "content"
        elif content is not None:
            yield from ((part, "text") for part in content if part["type"] == "text")


def _copied(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    return {**message, "content": [dict(part) for part in content]}
