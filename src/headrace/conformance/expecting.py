"""Comparisons that say what was looked at, what it should be and what it is."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from headrace.conformance.checks import Differs


def equal(what: str, got: Any, expected: Any) -> None:
    """The same value of the same JSON type.

    Raises:
        Differs: it is another.
    """
    if not same(got, expected):
        raise Differs(what, expected=expected, got=got)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def differ(what: str, one: Any, other: Any) -> None:
    """Two different values.

    Raises:
        Differs: they are the same.
    """
    if same(one, other):
        raise Differs(what, expected=f"something else than {other!r}", got=one)


def matches(what: str, got: Any, pattern: str) -> None:
    """A text that a pattern covers whole.

    Raises:
        Differs: it is no text, or another.
    """
    if not isinstance(got, str) or not re.fullmatch(pattern, got, re.DOTALL):
        raise Differs(what, expected=f"text like {pattern}", got=got)


def contains(what: str, got: Any, part: Any) -> None:
    """A text with this part, or a list with this element.

    Raises:
        Differs: it has it not.
    """
    if not isinstance(got, Container) or part not in got:
        raise Differs(what, expected=f"something with {part!r} in it", got=got)


def members(what: str, got: Any, expected: Iterable[str]) -> None:
    """An object with exactly these members.

    Raises:
        Differs: it is none, or has others.
    """
    mapping(what, got)
    if set(got) != set(expected):
        raise Differs(f"the members of {what}", expected=sorted(expected), got=sorted(got))


def has(what: str, got: Any, expected: Iterable[str]) -> None:
    """An object with these members at least.

    Raises:
        Differs: it is none, or one is missing.
    """
    mapping(what, got)
    missing = [name for name in expected if name not in got]
    if missing:
        raise Differs(f"the members of {what}", expected=f"{', '.join(missing)} too", got=sorted(got))


def lacks(what: str, got: Any, *names: str) -> None:
    """An object without these members.

    Raises:
        Differs: one is there, be it as null.
    """
    mapping(what, got)
    there = {name: got[name] for name in names if name in got}
    if there:
        raise Differs(what, expected=f"no {' and no '.join(there)}", got=there)


def mapping(what: str, got: Any) -> Mapping[str, Any]:
    """An object.

    Raises:
        Differs: it is something else.
    """
    if not isinstance(got, dict):
        raise Differs(what, expected="an object", got=got)
    return got


def sequence(what: str, got: Any, *, size: int | None = None) -> list[Any]:
    """A list, of that length if one is given.

    Raises:
        Differs: it is something else.
    """
    if not isinstance(got, list) or (size is not None and len(got) != size):
        expected = "a list" if size is None else f"a list of {size}"
        raise Differs(what, expected=expected, got=got)
    return got


def member(what: str, got: Any, *way: str | int) -> Any:
    """What is found on a way of members and indices into a value.

    Raises:
        Differs: the way ends before that.
    """
    place = got
    for step in way:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            raise Differs(what, expected=f"a member {'/'.join(map(str, way))}", got=got) from None
    return place


def holds(what: str, *, is_so: bool, expected: str, got: Any) -> None:
    """Anything else that can be told in words.

    Raises:
        Differs: it is not so.
    """
    if not is_so:
        raise Differs(what, expected=expected, got=got)
