"""The walk: checks a value against a modelled shape and lists every violation in AWS's words.

It drops what the protocol tells a server to ignore (bedrock.md 1.1): members that are null, and
members that the shape does not have. In a document everything is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from headrace.apis.bedrock.model import Ref, Shape
from headrace.apis.bedrock.pattern import portable_pattern
from headrace.core.errors import Problem

MAX_PROBLEMS = 200
"""How many problems of one value are listed: a body of millions of wrong items is answered, not echoed."""

Path = tuple[str | int, ...]
Where = Literal["body", "query", "path"]


class Report(msgspec.Struct, kw_only=True):
    """The problems found so far.

    Attributes:
        where: the part of the request that is being checked.
        problems: in the order they were met.
    """

    where: Where = "body"
    problems: list[Problem] = msgspec.field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no more problems are listed."""
        return len(self.problems) >= MAX_PROBLEMS

    def add(self, path: Path, message: str, kind: str) -> None:
        """Note a problem, unless there are too many already."""
        if not self.is_full:
            self.problems.append(Problem(path=path, message=message, kind=kind, where=self.where))


Walk = Callable[[Any, Path, Report], Any]
"""Checks a value at a path into a report and returns the value as it should be kept."""


class WalkCompiler:
    """Compiles walks of the shapes of one service.

    Args:
        shapes: by name.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._walks: dict[str, Walk] = {}

    def compile(self, shape: Shape) -> Walk:
        """The walk of a shape, which need not be one that the model names."""
        return self._walk_of(shape)

    def _named(self, ref: Ref) -> Walk:
        """The walk of a named shape. Structures may contain themselves, so each is made once."""
        walk = self._walks.get(ref.shape)
        if walk is None:
            walk = self._walk_of(self._shapes[ref.shape], ref.shape)
            self._walks[ref.shape] = walk
        return walk

    def _walk_of(self, shape: Shape, name: str | None = None) -> Walk:
        if shape.document:
            return _keep
        match shape.type:
            case "structure":
                return self._structure_walk(shape, name)
            case "list":
                return self._list_walk(shape)
            case "map":
                return self._map_walk(shape)
            case "string":
                return _string_walk(shape)
            case "boolean":
                return _typed_walk(shape, (bool,))
            case "integer" | "long":
                return _number_walk(shape, (int,))
            case "float" | "double":
                return _number_walk(shape, (int, float))
            case _:
                raise NotImplementedError(f"no request holds a {shape.type}")

    def _structure_walk(self, shape: Shape, name: str | None) -> Walk:
        members: dict[str, Walk] = {}
        nullable = {member for member, ref in shape.members.items() if self._shapes[ref.shape].document}
        wrong_type, one_member = _wrong_type(shape), _one_member(shape)

        def walk(value: Any, path: Path, report: Report) -> Any:
            if not isinstance(value, dict):
                report.add(path, wrong_type, "type")
                return value
            kept = {
                member: members[member](given, (*path, member), report)
                for member, given in value.items()
                if member in members and (given is not None or member in nullable)
            }
            for member in shape.required:
                if member not in kept:
                    report.add((*path, member), _NOT_NULL, "missing")
            if shape.union and len(kept) != 1:
                report.add(path, one_member, "union")
            return kept

        # Known by name before its members are made: a member may be the structure again.
        if name is not None:
            self._walks[name] = walk
        members.update({member: self._named(ref) for member, ref in shape.members.items()})
        return walk

    def _list_walk(self, shape: Shape) -> Walk:
        item_walk = _present(self._named(shape.member))
        in_bounds = _bounds(shape)
        most = None if shape.max is None else int(shape.max) + MAX_PROBLEMS
        wrong_type = _wrong_type(shape)

        def walk(value: Any, path: Path, report: Report) -> Any:
            if not isinstance(value, list):
                report.add(path, wrong_type, "type")
                return value
            in_bounds(len(value), path, report)
            # What is far beyond the most there may be, or beyond the problems that are listed, is not
            # looked at: it could be millions of items.
            kept = []
            for index, item in enumerate(value[:most]):
                if report.is_full:
                    break
                kept.append(item_walk(item, (*path, index), report))
            return kept

        return walk

    def _map_walk(self, shape: Shape) -> Walk:
        key, value_shape = self._shapes[shape.key.shape], self._shapes[shape.value.shape]
        key_walk, value_walk = self._walk_of(key), self._walk_of(value_shape)
        wrong_type = _wrong_type(shape)
        bad_key = f"Map keys must satisfy constraint: [{_constraints(key)}]"
        bad_value = f"Map value must satisfy constraint: [{_constraints(value_shape)}]"

        def walk(value: Any, path: Path, report: Report) -> Any:
            if not isinstance(value, dict):
                report.add(path, wrong_type, "type")
                return value
            if not all(_passes(key_walk, name) for name in value):
                report.add(path, bad_key, "key")
            if not all(_passes(value_walk, item) for item in value.values()):
                report.add(path, bad_value, "value")
            return value

        return walk


def _keep(value: Any, _path: Path, _report: Report) -> Any:
    return value


def _present(item_walk: Walk) -> Walk:
    """A walk for where a null is a missing value and not an absent member."""

    def walk(value: Any, path: Path, report: Report) -> Any:
        if value is None:
            report.add(path, _NOT_NULL, "missing")
            return value
        return item_walk(value, path, report)

    return walk


def _passes(walk: Walk, value: Any) -> bool:
    report = Report()
    walk(value, (), report)
    return not report.problems


def _bounds(shape: Shape) -> Callable[[float, Path, Report], None]:
    """Holds a length or a number to the shape's least and greatest."""
    kind = "length" if _measure(shape) == "length" else "range"
    low = float("-inf") if shape.min is None else shape.min
    high = float("inf") if shape.max is None else shape.max
    too_low, too_high = _at_least(shape), _at_most(shape)

    def check(size: float, path: Path, report: Report) -> None:
        if size < low:
            report.add(path, too_low, kind)
        if size > high:
            report.add(path, too_high, kind)

    return check


def _typed_walk(shape: Shape, types: tuple[type, ...]) -> Walk:
    wrong_type = _wrong_type(shape)

    def walk(value: Any, path: Path, report: Report) -> Any:
        # `type`, because a Python bool is an int and no number of JSON is a bool.
        if type(value) not in types:
            report.add(path, wrong_type, "type")
        return value

    return walk


def _number_walk(shape: Shape, types: tuple[type, ...]) -> Walk:
    in_bounds = _bounds(shape)
    wrong_type = _wrong_type(shape)
    takes_whole_floats = float not in types

    def walk(value: Any, path: Path, report: Report) -> Any:
        # Contents that say 1 and 1.0 are equal (humanloop 2.1), so both have the right shape, or neither.
        if takes_whole_floats and type(value) is float and value.is_integer():
            value = int(value)
        if type(value) not in types:
            report.add(path, wrong_type, "type")
        else:
            in_bounds(value, path, report)
        return value

    return walk


def _string_walk(shape: Shape) -> Walk:
    in_bounds = _bounds(shape)
    wrong_type, unlike, not_in_set = _wrong_type(shape), _like(shape), _one_of(shape)
    is_like = re.compile(portable_pattern(shape.pattern), re.ASCII).fullmatch if shape.pattern else None
    allowed = frozenset(shape.enum)

    def walk(value: Any, path: Path, report: Report) -> Any:
        if not isinstance(value, str):
            report.add(path, wrong_type, "type")
            return value
        if is_like is not None and is_like(value) is None:
            report.add(path, unlike, "pattern")
        in_bounds(len(value), path, report)
        if allowed and value not in allowed:
            report.add(path, not_in_set, "enum")
        return value

    return walk


# The words

_TYPE_NAMES = {
    "structure": "an object",
    "map": "an object",
    "list": "a list",
    "string": "a string",
    "integer": "an integer",
    "long": "an integer",
    "float": "a number",
    "double": "a number",
    "boolean": "a boolean",
}

_NOT_NULL = "Member must not be null"


def _wrong_type(shape: Shape) -> str:
    return f"Member must be {_TYPE_NAMES[shape.type]}"


def _at_least(shape: Shape) -> str:
    return f"Member must have {_measure(shape)} greater than or equal to {shape.min}"


def _at_most(shape: Shape) -> str:
    return f"Member must have {_measure(shape)} less than or equal to {shape.max}"


def _measure(shape: Shape) -> str:
    return "length" if shape.type in ("string", "list", "map") else "value"


def _like(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def _one_of(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _one_member(shape: Shape) -> str:
    return f"Member must have exactly one member set of: [{', '.join(shape.members)}]"


def _constraints(shape: Shape) -> str:
    """All constraints of a string in AWS's order, for the messages about keys and values of maps."""
    rules = [
        _at_most(shape) if shape.max is not None else None,
        _at_least(shape) if shape.min is not None else None,
        _like(shape) if shape.pattern is not None else None,
        _one_of(shape) if shape.enum else None,
        _NOT_NULL,
    ]
    return ", ".join(rule for rule in rules if rule)
