"""Laws of conditions: printing inverts reading, no text surprises, the meaning is Python's."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.condition import (
    And,
    Comparison,
    Condition,
    Literal,
    MalformedCondition,
    Not,
    Or,
    Reference,
    Term,
    normal_form,
    parse,
)
from headrace.core.definition import PortType

INPUTS = {
    "num": PortType.NUMBER,
    "cost": PortType.NUMBER,
    "text": PortType.STRING,
    "flag": PortType.BOOLEAN,
    "bag": PortType.OBJECT,
}


def _reference(*names: str) -> st.SearchStrategy[Reference]:
    return st.sampled_from([Reference(type=INPUTS[name], name=name) for name in names])


def _literal(port_type: PortType, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Literal]:
    return st.builds(Literal, type=st.just(port_type), value=values)


_NUMBERS = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
_NUMBER = _reference("num", "cost") | _literal(PortType.NUMBER, _NUMBERS)
_TEXT = _reference("text") | _literal(
    PortType.STRING, st.text(max_size=4) | st.sampled_from(['"', "\\", "'", " "])
)
_FLAG = _reference("flag") | _literal(PortType.BOOLEAN, st.booleans())


def _comparison(operand: Any, operators: list[str]) -> st.SearchStrategy[Comparison]:
    return st.builds(Comparison, operator=st.sampled_from(operators), left=operand, right=operand)


_EQUAL, _ORDER = ["==", "!="], ["<", "<=", ">", ">="]
_LEAF: st.SearchStrategy[Term] = (
    _FLAG | _comparison(_NUMBER, _EQUAL + _ORDER) | _comparison(_TEXT, _EQUAL) | _comparison(_FLAG, _EQUAL)
)


def _deeper(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, term=inner) | st.builds(And, terms=several) | st.builds(Or, terms=several)


TERMS = st.recursive(_LEAF, _deeper, max_leaves=8)
_USED = st.builds(lambda term: And(terms=(Reference(type=PortType.BOOLEAN, name="flag"), term)), TERMS)

_NEARLY = st.lists(
    st.sampled_from(
        [
            "num",
            "text",
            "flag",
            "bag",
            "nope",
            "and",
            "or",
            "not",
            "true",
            "(",
            ")",
            "==",
            "<",
            "!=",
            "=",
            "1",
            "-2.5",
            "1e3",
            '"a"',
            "'b'",
            '"',
            "\\",
            " ",
        ]
    ),
    max_size=10,
).map(" ".join)


@given(_USED)
def test_reading_inverts_printing(term: Term) -> None:
    text = str(term)
    condition = parse(text, INPUTS)
    assert condition.term == term
    assert str(condition) == text


@given(st.text(max_size=70) | _NEARLY)
def test_any_text_parses_or_is_malformed(text: str) -> None:
    try:
        condition = parse(text, INPUTS)
    except MalformedCondition as malformed:
        condition, position = None, malformed.position
    if condition is None:
        assert 0 <= position <= len(text)
    else:
        assert parse(str(condition), INPUTS) == condition
        assert condition.names <= INPUTS.keys()


def _meaning(term: Term, values: dict[str, Any]) -> Any:
    """The definition of truth, written a second time as plainly as possible."""
    match term:
        case Literal(value=value):
            return value
        case Reference(name=name):
            return values[name]
        case Not(term=inner):
            return not _meaning(inner, values)
        case And(terms=terms):
            return all(_meaning(one, values) for one in terms)
        case Or(terms=terms):
            return any(_meaning(one, values) for one in terms)
        case Comparison(operator=operator, left=left, right=right):
            return eval(
                f"left {operator} right", {"left": _meaning(left, values), "right": _meaning(right, values)}
            )


@given(
    _USED,
    st.fixed_dictionaries(
        {"num": _NUMBERS, "cost": _NUMBERS, "text": st.text(max_size=2), "flag": st.booleans()}
    ),
)
def test_meaning(term: Term, values: dict[str, Any]) -> None:
    condition = Condition(term=term, names=frozenset({"flag"}))
    assert condition.holds(values) is bool(_meaning(term, values))


@given(_USED)
def test_blanks_do_not_matter(term: Term) -> None:
    wide = str(term).replace("(", "( ").replace(")", " )")
    if '"' not in wide:
        assert parse(wide, INPUTS).term == term
    assert normal_form(normal_form(str(term))) == normal_form(str(term))
