"""CloudFormation's and Terraform's spellings of what a shape of the service model spells ``likeThis``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from headrace.apis.bedrock.model import Shape

Shapes = Mapping[str, Shape]


def pascal(name: str) -> str:
    """``modelId`` as CloudFormation spells it."""
    return name[0].upper() + name[1:]


def to_pascal(value: Any, shape: str, shapes: Shapes) -> Any:
    """A value of a shape with its members spelt as CloudFormation spells them."""
    return _spell(value, shapes[shape], shapes, pascal)


def _spell(value: Any, shape: Shape, shapes: Shapes, spell: Callable[[str], str]) -> Any:
    if shape.document:
        return value
    if shape.type == "structure" and isinstance(value, dict):
        return {
            spell(name): _spell(inner, shapes[shape.members[name].shape], shapes, spell)
            for name, inner in value.items()
        }
    if shape.type == "list" and isinstance(value, list):
        return [_spell(inner, shapes[shape.member.shape], shapes, spell) for inner in value]
    return value


class Reading:
    """Reads values that are spelt as CloudFormation spells them, and remembers what no shape knows.

    Attributes:
        unknown: dotted paths of members that were dropped.
    """

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.unknown: list[str] = []

    def read(self, value: Any, shape: str, path: str = "") -> Any:
        """The value as the API spells it, with texts for numbers and booleans made what they stand for."""
        return self._read(value, self._shapes[shape], path)

    def _read(self, value: Any, shape: Shape, path: str) -> Any:
        if shape.document:
            return value
        if shape.type == "structure" and isinstance(value, dict):
            return self._structure(value, shape, path)
        if shape.type == "list" and isinstance(value, list):
            inner = self._shapes[shape.member.shape]
            return [self._read(one, inner, f"{path}[{index}]") for index, one in enumerate(value)]
        return _scalar(value, shape)

    def _structure(self, value: dict[str, Any], shape: Shape, path: str) -> dict[str, Any]:
        kept = {}
        for spelt, inner in value.items():
            name = spelt[:1].lower() + spelt[1:]
            where = f"{path}.{spelt}" if path else spelt
            if name in shape.members:
                kept[name] = self._read(inner, self._shapes[shape.members[name].shape], where)
            else:
                self.unknown.append(where)
        return kept


def _scalar(value: Any, shape: Shape) -> Any:
    """A scalar as its shape wants it: CloudFormation's parameters and YAML make many things texts."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    if shape.type == "string":
        return value if isinstance(value, str) else str(value)
    if isinstance(value, str) and shape.type == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, str) and shape.type in ("integer", "long", "float", "double"):
        return _number(value)
    return value


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text
