"""The placeholders of prompts' templates: ``{{name}}``, ``{{log.inputs.name}}`` (humanloop 4.4, 4.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headrace.core.template import UnfilledVariable, as_text

_STEP = r"\.\w[\w-]*|\[-?\d{1,6}\]"
_PLACEHOLDER = re.compile(rf"\{{\{{\s*([^\W\d][\w-]*)((?:{_STEP})*)\s*\}}\}}")
_STEPS = re.compile(_STEP)
_NOTHING = object()


def mentions(text: str, name: str) -> bool:
    """Whether a template refers to a value or to a part of it."""
    return any(found[1] == name for found in _PLACEHOLDER.finditer(text))


def unfilled(text: str, values: Mapping[str, Any]) -> list[str]:
    """The placeholders that lead nowhere, in the order they stand."""
    leads = ((found[1] + found[2], _found(found, values)) for found in _PLACEHOLDER.finditer(text))
    return [name for name, value in leads if value is _NOTHING]


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with each placeholder replaced by what it leads to; nothing at all for null.

    Single pass: what was filled in is not searched for placeholders again.

    Raises:
        UnfilledVariable: a placeholder leads nowhere.
    """

    def found(match: re.Match[str]) -> str:
        value = _found(match, values)
        if value is _NOTHING:
            raise UnfilledVariable(match[1] + match[2])
        return "" if value is None else as_text(value)

    return _PLACEHOLDER.sub(found, text)


def _found(match: re.Match[str], values: Mapping[str, Any]) -> Any:
    value = values.get(match[1], _NOTHING)
    for step in _STEPS.findall(match[2]):
        value = _part(value, step)
    return value


def _part(value: Any, step: str) -> Any:
    """What a step leads to: a member by ``.name``, an element by ``[0]`` or ``.0``."""
    name = step[1:].rstrip("]")
    if isinstance(value, dict):
        return value.get(name, _NOTHING)
    if isinstance(value, list) and re.fullmatch(r"-?\d{1,6}", name):
        index = int(name)
        return value[index] if -len(value) <= index < len(value) else _NOTHING
    return _NOTHING
