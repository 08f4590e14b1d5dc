r"""The language of Condition nodes and loop controllers (bedrock section 2.6).

    condition  := and ("or" and)* ;  and := not ("and" not)* ;  not := "not" not | primary
    primary    := "(" condition ")" | operand comparison operand | boolean
    comparison := "==" | "!=" | ">" | ">=" | "<" | "<="
    operand    := name | number | "text" | 'text' | true | false

A condition is a frozen tree with a function compiled from it. It is read against the declared inputs,
so everything but a value of the wrong type is found while reading. In a text ``\"``, ``\'`` and ``\\``
stand for the character itself.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from headrace.core.definition import PortType
from headrace.core.expression import MalformedExpression

MAX_NESTING = 32
"""How deep parentheses and `not` may nest: as deep as 64 characters can, and far from any stack's end."""

Values = Mapping[str, Any]
Test = Callable[[Values], Any]

REMEMBERED = 4_096
"""Conditions that are not read anew: a flow is validated at each edit, and most of it stays as it was."""


class MalformedCondition(MalformedExpression):
    """A text that is not a condition over the inputs of its node."""


class Literal(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is written down."""

    type: PortType
    value: str | float | bool

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return '"' + self.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return repr(self.value).lower()

    def compile(self) -> Test:
        value = self.value
        return lambda _: value


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The value of an input."""

    type: PortType
    name: str

    def __str__(self) -> str:
        return self.name

    def compile(self) -> Test:
        return operator.itemgetter(self.name)


Operand = Literal | Reference


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two operands and how they must relate."""

    operator: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def compile(self) -> Test:
        """What says whether it holds."""
        compare = _COMPARISONS[self.operator]
        if isinstance(self.left, Reference) and isinstance(self.right, Literal):  # as most are
            name, value = self.left.name, self.right.value
            return lambda values: compare(values[name], value)
        left, right = self.left.compile(), self.right.compile()
        return lambda values: compare(left(values), right(values))


class Not(msgspec.Struct, frozen=True, kw_only=True):
    """The contrary."""

    term: Term

    def __str__(self) -> str:
        return f"not {_enclosed(self.term, And, Or)}"

    def compile(self) -> Test:
        term = self.term.compile()
        return lambda values: not term(values)


class And(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " and ".join(_enclosed(term, And, Or) for term in self.terms)

    def compile(self) -> Test:
        terms = [term.compile() for term in self.terms]
        return lambda values: all(term(values) for term in terms)


class Or(msgspec.Struct, frozen=True, kw_only=True):
    """Any of them."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " or ".join(_enclosed(term, Or) for term in self.terms)

    def compile(self) -> Test:
        terms = [term.compile() for term in self.terms]
        return lambda values: any(term(values) for term in terms)


Term = Literal | Reference | Comparison | Not | And | Or
"""A part of a condition; `compile` gives the function that answers it for the inputs' values."""


def _enclosed(term: Term, *types: type) -> str:
    return f"({term})" if isinstance(term, types) else str(term)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A question about the inputs of a node.

    Attributes:
        term: the whole question.
        names: the inputs it asks about; at least one.
        holds: whether the answer is yes, for a value for each of the names.
    """

    term: Term
    names: frozenset[str]
    holds: Callable[[Values], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", self.term.compile())

    def __str__(self) -> str:
        return str(self.term)


def parse(text: str, inputs: Mapping[str, PortType]) -> Condition:
    """Read a condition over the declared inputs of a node.

    Raises:
        MalformedCondition: the text is not one, or asks what the inputs' types can't answer.
    """
    return _parse(text, tuple(inputs.items()))


@lru_cache(maxsize=REMEMBERED)
def _parse(text: str, inputs: tuple[tuple[str, PortType], ...]) -> Condition:
    return _Parser(text, dict(inputs)).condition()


@lru_cache(maxsize=REMEMBERED)
def normal_form(text: str) -> str:
    """The text without blanks outside its texts: two conditions are duplicates when these are equal."""
    return _BLANKS_OR_TEXT.sub(lambda match: match[1] or "", text)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


_TEXT = r""""(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*'"""
_BLANKS_OR_TEXT = re.compile(rf"({_TEXT})|\s+", re.ASCII)
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<text>{_TEXT})
      | (?P<comparison>==|!=|>=|<=|>|<)
      | (?P<bracket>[()])
    )""",
    re.VERBOSE | re.ASCII,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EQUALITIES = frozenset({"==", "!="})
_COMPARABLE = frozenset({PortType.STRING, PortType.NUMBER, PortType.BOOLEAN})
_RESERVED = frozenset({"and", "or", "not", "true", "false"})
_MAX_DIGITS = 64
_BLANKS = " \t\n\r\f\v"


class _Joiner(NamedTuple):
    """How tightly a word binds the terms around it, and what they become."""

    power: int
    join: Callable[[tuple[Term, ...]], Term]


_JOINERS: Mapping[str, _Joiner] = {
    "or": _Joiner(1, lambda terms: Or(terms=terms)),
    "and": _Joiner(2, lambda terms: And(terms=terms)),
}


class _Parser:
    """A Pratt parser: `and` and `or` by binding power, everything else by its first token."""

    def __init__(self, text: str, inputs: Mapping[str, PortType]) -> None:
        self._inputs = inputs
        self._rest = iter(_tokens(text))
        self._token = next(self._rest)
        self._names: set[str] = set()

    def condition(self) -> Condition:
        term = self._joined(0, 0)
        if self._token.kind != "end":
            raise _unexpected(self._token, "'and' or 'or'")
        if not self._names:
            raise MalformedCondition("no input is used", 0)
        return Condition(term=term, names=frozenset(self._names))

    def _take(self) -> _Token:
        token = self._token
        # Who takes the end refuses it, so that nothing has to follow.
        self._token = next(self._rest, token)
        return token

    def _joined(self, power: int, depth: int) -> Term:
        left = self._term(depth)
        while (joiner := _JOINERS.get(word := self._token.text)) and joiner.power > power:
            terms = [left]
            while self._token.text == word:
                self._take()
                terms.append(self._joined(joiner.power, depth))
            left = joiner.join(tuple(terms))
        return left

    def _term(self, depth: int) -> Term:
        token = self._token
        if token.text not in ("not", "("):
            return self._primary()
        if depth == MAX_NESTING:
            raise MalformedCondition(f"nested deeper than {MAX_NESTING}", token.position)
        self._take()
        if token.text == "not":
            return Not(term=self._term(depth + 1))
        term = self._joined(0, depth + 1)
        if self._token.text != ")":
            raise _unexpected(self._token, "')'")
        self._take()
        return term

    def _primary(self) -> Term:
        first = self._token
        left = self._operand()
        if self._token.kind != "comparison":
            if left.type is PortType.BOOLEAN:
                return left
            raise _unexpected(self._token, f"a comparison after the {left.type} {first.text}")
        comparison = self._take()
        right = self._operand()
        _check_types(comparison, left, right)
        return Comparison(operator=comparison.text, left=left, right=right)

    def _operand(self) -> Operand:
        token = self._take()
        match token.kind:
            case "name" if token.text not in _RESERVED:
                return self._reference(token)
            case "name" if token.text in ("true", "false"):
                return Literal(type=PortType.BOOLEAN, value=token.text == "true")
            case "number":
                return Literal(type=PortType.NUMBER, value=_number(token))
            case "text":
                return Literal(type=PortType.STRING, value=re.sub(r"\\(.)", r"\1", token.text[1:-1]))
        raise _unexpected(token, "an input, a number, a text, true or false")

    def _reference(self, token: _Token) -> Reference:
        port_type = self._inputs.get(token.text)
        if port_type is None:
            raise MalformedCondition(f"unknown input '{token.text}'", token.position)
        if port_type not in _COMPARABLE:
            raise MalformedCondition(f"input '{token.text}' is an {port_type}", token.position)
        self._names.add(token.text)
        return Reference(type=port_type, name=token.text)


def _check_types(comparison: _Token, left: Operand, right: Operand) -> None:
    if left.type is not right.type:
        raise MalformedCondition(f"can't compare {left.type} with {right.type}", comparison.position)
    if left.type is not PortType.NUMBER and comparison.text not in _EQUALITIES:
        raise MalformedCondition(
            f"'{comparison.text}' compares Numbers, not {left.type}s", comparison.position
        )


def _number(token: _Token) -> float:
    """An int where it is written as one; bounded, because Python limits how long a number it reads."""
    if len(token.text) > _MAX_DIGITS:
        raise MalformedCondition("number with too many digits", token.position)
    if token.text.lstrip("-").isdigit():
        return int(token.text)
    number = float(token.text)
    if number in (float("inf"), float("-inf")):
        raise MalformedCondition("number out of range", token.position)
    return number


def _tokens(text: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip(_BLANKS))
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _unreadable(text, position)
        kind = match.lastgroup
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return (*tokens, _Token("end", "", end))


def _unreadable(text: str, position: int) -> MalformedCondition:
    character = text[position:].lstrip(_BLANKS)[0]
    position = text.index(character, position)
    if character in "\"'":
        return MalformedCondition("text without an end, or with an unknown escape", position)
    return MalformedCondition(f"unexpected '{character}'", position)


def _unexpected(token: _Token, wanted: str) -> MalformedCondition:
    found = f"'{token.text}'" if token.text else "the end"
    return MalformedCondition(f"expected {wanted}, found {found}", token.position)
