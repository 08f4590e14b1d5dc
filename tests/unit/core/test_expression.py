"""The language of node inputs: every form, what it finds, and what it says when it finds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.definition import PortType
from headrace.core.expression import (
    WHOLE,
    EvaluationError,
    Expression,
    Index,
    MalformedExpression,
    Member,
    Slice,
    Step,
    Union,
    Wildcard,
    parse,
)

DOCUMENT: Any = {
    "a": {"mammals": ["x"], "n": 1},
    "b": {"mammals": ["y"]},
    "list": ["p", "q", "r"],
    "deep": [[1, 2], [3], []],
    "odd name": {"it's": "found", "back\\slash": "too"},
    "nothing": None,
    "text": "abc",
}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$.data", ()),
        ("$.data.name", (Member(name="name"),)),
        ("$.data._a-b1", (Member(name="_a-b1"),)),
        ("$.data[0]", (Index(index=0),)),
        ("$.data[ -2 ]", (Index(index=-2),)),
        ("$.data[007]", (Index(index=7),)),
        ("$.data[0, 2]", (Union(indexes=(Index(index=0), Index(index=2))),)),
        ("$.data[1:3]", (Slice(start=1, stop=3),)),
        ("$.data[:3]", (Slice(stop=3),)),
        ("$.data[ 1 : ]", (Slice(start=1),)),
        ("$.data[:]", (Slice(),)),
        ("$.data.*", (Wildcard(),)),
        ("$.data[ * ]", (Wildcard(),)),
        ("$.data['a b']", (Member(name="a b"),)),
        (r"$.data['it\'s \\']", (Member(name="it's \\"),)),
        ("$.data['']", (Member(name=""),)),
        ("$.data.*.mammals[0]", (Wildcard(), Member(name="mammals"), Index(index=0))),
    ],
)
def test_parses(text: str, steps: tuple[Step, ...]) -> None:
    assert parse(text) == Expression(steps=steps)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("$.data[*]", "$.data.*"),
        ("$.data['plain']", "$.data.plain"),
        ("$.data[ 0 ,1 ]", "$.data[0,1]"),
        ("$.data[ : 2 ]", "$.data[:2]"),
        (r"$.data['it\'s']", r"$.data['it\'s']"),
    ],
)
def test_prints_the_shortest_spelling(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "position", "cause"),
    [
        ("", 0, "expected '$.data'"),
        ("$", 0, "expected '$.data'"),
        ("$.name", 0, "expected '$.data'"),
        (" $.data", 0, "expected '$.data'"),
        ("FlowInput.document", 0, "expected '$.data'"),
        ("$.database", 6, "expected '.' or '['"),
        ("$.data ", 6, "expected '.' or '['"),
        ("$.data.", 7, "expected a name or '*' after the dot"),
        ("$.data..a", 7, "expected a name or '*' after the dot"),
        ("$.data.0", 7, "expected a name or '*' after the dot"),
        ("$.data.a b", 8, "expected '.' or '['"),
        ("$.data[", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[]", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[0", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[0,]", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[0:1:2]", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[٣]", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data[?(@.a)]", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        (r"$.data['a\n']", 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ('$.data["a"]', 7, "expected an index, a slice, '*' or a quoted name, and ']'"),
        ("$.data." + "a" * 58, 64, "more than 64 characters"),
    ],
)
def test_malformed(text: str, position: int, cause: str) -> None:
    with pytest.raises(MalformedExpression) as caught:
        parse(text)
    assert (caught.value.position, caught.value.cause) == (position, cause)
    assert str(caught.value) == f"{cause} at position {position + 1}"


def test_sixty_four_characters_are_allowed() -> None:
    assert parse("$.data." + "a" * 57).steps == (Member(name="a" * 57),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.data", DOCUMENT),
        ("$.data.a.n", 1),
        ("$.data.nothing", None),
        ("$.data.list[0]", "p"),
        ("$.data.list[-1]", "r"),
        ("$.data.list[1:3]", ["q", "r"]),
        ("$.data.list[1:]", ["q", "r"]),
        ("$.data.list[:1]", ["p"]),
        ("$.data.list[7:9]", []),
        ("$.data.list[0, 2]", ["p", "r"]),
        ("$.data.list[2, 0]", ["r", "p"]),
        ("$.data.list.*", ["p", "q", "r"]),
        ("$.data.*.mammals", [["x"], ["y"]]),
        ("$.data.*.mammals[0]", ["x", "y"]),
        ("$.data.*.nowhere", []),
        ("$.data.deep.*.*", [1, 2, 3]),
        ("$.data.deep[*][0]", [1, 3]),
        ("$.data.deep[*][0, 1]", [1, 2, 3]),
        ("$.data.deep[0:2][-1]", [2, 3]),
        ("$.data.deep[*][1:]", [2]),
        (r"$.data['odd name']['it\'s']", "found"),
        (r"$.data['odd name']['back\\slash']", "too"),
    ],
)
def test_finds(text: str, found: Any) -> None:
    assert parse(text).apply({"data": DOCUMENT}) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$.data.c", "there is no member 'c'"),
        ("$.data.text.c", "expected an Object, found String"),
        ("$.data.nothing.c", "expected an Object, found null"),
        ("$.data.list.c", "expected an Object, found Array"),
        ("$.data.list[3]", "index 3 is outside an Array of 3"),
        ("$.data.list[-4]", "index -4 is outside an Array of 3"),
        ("$.data.list[0, 3]", "index 3 is outside an Array of 3"),
        ("$.data.a[0]", "expected an Array, found Object"),
        ("$.data.text[0]", "expected an Array, found String"),
        ("$.data.text[0:1]", "expected an Array, found String"),
        ("$.data.a.n.*", "expected an Object or an Array, found Number"),
    ],
)
def test_misses(text: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse(text).apply({"data": DOCUMENT})
    assert caught.value.reason == reason


S, N, B, O, A = PortType  # noqa: E741


@pytest.mark.parametrize(
    ("text", "joined", "apart"),
    [
        ("$.data", [(S, S), (A, A), (O, O)], [(S, N), (O, A), (A, O)]),
        ("$.data.name", [(O, S), (O, A), (O, O)], [(S, S), (A, S), (N, N)]),
        ("$.data[0]", [(A, S), (A, A), (A, O)], [(O, S), (S, S)]),
        ("$.data[0, 1]", [(A, A)], [(A, S), (O, A)]),
        ("$.data[0:1]", [(A, A)], [(A, O), (O, A)]),
        ("$.data.*", [(A, A), (O, A)], [(A, S), (O, O), (S, A)]),
        ("$.data.list[1:3]", [(O, A)], [(O, S), (A, A)]),
    ],
)
def test_joins(text: str, joined: list[Any], apart: list[Any]) -> None:
    assert all(parse(text).joins(*types) for types in joined)
    assert not any(parse(text).joins(*types) for types in apart)


def test_whole_is_shared() -> None:
    assert parse("$.data") is WHOLE
