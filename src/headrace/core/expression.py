r"""The language of node inputs: which part of a delivered value an input takes (bedrock section 2.5).

    expression := "$.data" step*
    step       := "." name | ".*" | "[*]" | "[i]" | "[i, j]" | "[a:b]" | "['quoted name']"

An expression is a frozen tree with a function compiled from it. Indices may be negative. In a quoted
name ``\'`` and ``\\`` stand for the character itself. Printing gives the shortest spelling, and reading
that gives the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import msgspec

from headrace.core.definition import PortType

MAX_LENGTH = 64
"""Characters an expression may have (bedrock section 2.5)."""

ROOT = "$.data"


class MalformedExpression(ValueError):
    """A text that is not an expression.

    Attributes:
        cause: what is wrong.
        position: the index of the character where it goes wrong.
    """

    def __init__(self, cause: str, position: int) -> None:
        super().__init__(f"{cause} at position {position + 1}")
        self.cause = cause
        self.position = position


class EvaluationError(ValueError):
    """The value has nothing where the expression points.

    Attributes:
        reason: why, as a sentence without an end.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of an Object."""

    name: str

    def __str__(self) -> str:
        if _NAME.fullmatch(self.name):
            return f".{self.name}"
        return "['" + self.name.replace("\\", "\\\\").replace("'", "\\'") + "']"

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise _unexpected(value, "an Object")
        if self.name not in value:
            raise EvaluationError(f"there is no member '{self.name}'")
        return value[self.name]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """One element of an Array; negative counts from the end."""

    index: int

    def __str__(self) -> str:
        return f"[{self.index}]"

    def read(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise _unexpected(value, "an Array")
        if not -len(value) <= self.index < len(value):
            raise EvaluationError(f"index {self.index} is outside an Array of {len(value)}")
        return value[self.index]


class Union(msgspec.Struct, frozen=True, kw_only=True):
    """Several elements of an Array, in the order asked for."""

    indexes: tuple[Index, ...]

    def __str__(self) -> str:
        return "[" + ",".join(str(one.index) for one in self.indexes) + "]"

    def read(self, value: Any) -> list[Any]:
        return [one.read(value) for one in self.indexes]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A run of elements of an Array, without the one at `stop`."""

    start: int | None = None
    stop: int | None = None

    def __str__(self) -> str:
        start, stop = ("" if side is None else side for side in (self.start, self.stop))
        return f"[{start}:{stop}]"

    def read(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _unexpected(value, "an Array")
        return value[self.start : self.stop]


class Wildcard(msgspec.Struct, frozen=True, kw_only=True):
    """Every element of an Array, or every member's value of an Object."""

    def __str__(self) -> str:
        return ".*"

    def read(self, value: Any) -> list[Any]:
        if isinstance(value, dict):
            return list(value.values())
        if not isinstance(value, list):
            raise _unexpected(value, "an Object or an Array")
        return value


Step = Member | Index | Union | Slice | Wildcard
"""One step into a value; `read` takes it, or raises EvaluationError where it leads nowhere."""

_PLURAL = (Union, Slice, Wildcard)
_READS: Mapping[type, frozenset[PortType]] = {
    Member: frozenset({PortType.OBJECT}),
    Index: frozenset({PortType.ARRAY}),
    Union: frozenset({PortType.ARRAY}),
    Slice: frozenset({PortType.ARRAY}),
    Wildcard: frozenset({PortType.OBJECT, PortType.ARRAY}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Which part of a value is meant.

    Attributes:
        steps: the way from the delivered value to the part, outermost first; none means all of it.
        apply: finds the part in ``{"data": value}``, or raises EvaluationError when nothing is there.
    """

    steps: tuple[Step, ...] = ()
    apply: Callable[[Mapping[str, Any]], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "apply", _compile(self.steps))

    def __str__(self) -> str:
        return ROOT + "".join(map(str, self.steps))

    @property
    def is_list(self) -> bool:
        """Whether the result is an Array whatever the value is."""
        return any(isinstance(step, _PLURAL) for step in self.steps)

    def joins(self, source: PortType, target: PortType) -> bool:
        """Whether a value of one type can become a value of the other, as far as types tell."""
        if not self.steps:
            return source is target
        if source not in _READS[type(self.steps[0])]:
            return False
        return target is PortType.ARRAY or not self.is_list


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        MalformedExpression: the text is not one.
    """
    if text == ROOT:
        return WHOLE
    if len(text) > MAX_LENGTH:
        raise MalformedExpression(f"more than {MAX_LENGTH} characters", MAX_LENGTH)
    if not text.startswith(ROOT):
        raise MalformedExpression(f"expected '{ROOT}'", 0)
    steps: list[Step] = []
    position = len(ROOT)
    while position < len(text):
        step, position = _step(text, position)
        steps.append(step)
    return Expression(steps=tuple(steps))


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DOTTED = re.compile(rf"\.(?:(?P<any>\*)|(?P<name>{_NAME.pattern}))")
_BRACKETED = re.compile(
    r"""\[\s*(?:
        (?P<any>\*)
      | '(?P<quoted>(?:[^'\\]|\\['\\])*)'
      | (?P<indexes>-?[0-9]+(?:\s*,\s*-?[0-9]+)*)
      | (?P<start>-?[0-9]+)?\s*(?P<slice>:)\s*(?P<stop>-?[0-9]+)?
    )\s*\]""",
    re.VERBOSE | re.ASCII,
)


def _step(text: str, position: int) -> tuple[Step, int]:
    if text[position] == ".":
        if (dotted := _DOTTED.match(text, position)) is None:
            raise MalformedExpression("expected a name or '*' after the dot", position + 1)
        return (Wildcard() if dotted["any"] else Member(name=dotted["name"])), dotted.end()
    if text[position] != "[":
        raise MalformedExpression("expected '.' or '['", position)
    if (bracketed := _BRACKETED.match(text, position)) is None:
        raise MalformedExpression("expected an index, a slice, '*' or a quoted name, and ']'", position + 1)
    return _bracket(bracketed), bracketed.end()


def _bracket(match: re.Match[str]) -> Step:
    if match["any"]:
        return Wildcard()
    if match["quoted"] is not None:
        return Member(name=re.sub(r"\\(.)", r"\1", match["quoted"]))
    if match["slice"]:
        start, stop = (None if side is None else int(side) for side in match.group("start", "stop"))
        return Slice(start=start, stop=stop)
    indexes = tuple(Index(index=int(index)) for index in match["indexes"].split(","))
    return indexes[0] if len(indexes) == 1 else Union(indexes=indexes)


def _unexpected(value: Any, wanted: str) -> EvaluationError:
    return EvaluationError(f"expected {wanted}, found {PortType.of(value) or 'null'}")


def _compile(steps: Sequence[Step]) -> Callable[[Mapping[str, Any]], Any]:
    if not steps:
        return itemgetter("data")
    first_plural = next((n for n, step in enumerate(steps) if isinstance(step, _PLURAL)), len(steps))
    one = tuple(step.read for step in steps[: first_plural + 1])
    many = tuple(steps[first_plural + 1 :])

    def read(document: Mapping[str, Any]) -> Any:
        value = document["data"]
        for take in one:
            value = take(value)
        for step in many:
            value = [found for item in value for found in _matches(step, item)]
        return value

    return read


def _matches(step: Step, value: Any) -> list[Any]:
    """What a step finds behind a plural one, where an element that lacks it is left out."""
    if isinstance(step, Union):
        return [found for one in step.indexes for found in _matches(one, value)]
    try:
        found = step.read(value)
    except EvaluationError:
        return []
    return found if isinstance(step, _PLURAL) else [found]


WHOLE = Expression()
"""``$.data``: all of the value."""
