"""Laws of input expressions: printing inverts reading, and no text or value surprises them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.definition import PortType
from headrace.core.expression import (
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

_INDEX = st.integers(-12, 12)
_STEP: st.SearchStrategy[Step] = st.one_of(
    st.builds(Member, name=st.sampled_from(["a", "b-c", "_x", "a b", "", "it's", "\\", "0", "*"])),
    st.builds(Index, index=_INDEX),
    st.builds(
        Union,
        indexes=st.lists(st.builds(Index, index=_INDEX), min_size=2, max_size=3).map(tuple),
    ),
    st.builds(Slice, start=st.none() | _INDEX, stop=st.none() | _INDEX),
    st.just(Wildcard()),
)
EXPRESSIONS = st.builds(Expression, steps=st.lists(_STEP, max_size=5).map(tuple))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b-c", "a b", ""]), inner)
    ),
    max_leaves=12,
)

# Texts that look nearly right find more than arbitrary ones.
_NEARLY = st.lists(
    st.sampled_from(["$.data", ".", "[", "]", "*", "a", "0", "-1", ",", ":", " ", "'", "\\", "$", "é"]),
    max_size=12,
).map("".join)
TEXTS = st.text(max_size=70) | _NEARLY | _NEARLY.map(lambda text: f"$.data{text}")


@given(EXPRESSIONS)
def test_reading_inverts_printing(expression: Expression) -> None:
    text = str(expression)
    if len(text) <= 64:
        assert parse(text) == expression


@given(TEXTS)
def test_any_text_parses_or_is_malformed(text: str) -> None:
    try:
        expression = parse(text)
    except MalformedExpression as malformed:
        expression, position = None, malformed.position
    if expression is None:
        assert 0 <= position <= len(text)
    else:
        canonical = str(expression)
        assert len(canonical) <= len(text)
        assert parse(canonical) == expression
        assert str(parse(canonical)) == canonical


@given(EXPRESSIONS, VALUES)
def test_any_value_is_read_or_missed(expression: Expression, value: Any) -> None:
    try:
        found = expression.apply({"data": value})
    except EvaluationError:
        return
    assert not expression.is_list or isinstance(found, list)


@given(EXPRESSIONS, VALUES, st.sampled_from(PortType))
def test_types_that_do_not_join_never_meet(expression: Expression, value: Any, target: PortType) -> None:
    """What the static check refuses really can't happen; it never refuses a join that could work."""
    source = PortType.of(value)
    if source is None or expression.joins(source, target):
        return
    try:
        found = expression.apply({"data": value})
    except EvaluationError:
        return
    assert PortType.of(found) is not target
