"""The condition language: what it means, what it refuses and where, how it prints."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.condition import (
    MAX_NESTING,
    And,
    Comparison,
    Literal,
    MalformedCondition,
    Not,
    Or,
    Reference,
    normal_form,
    parse,
)
from headrace.core.definition import PortType

INPUTS = {
    "retailPrice": PortType.NUMBER,
    "marketPrice": PortType.NUMBER,
    "type": PortType.STRING,
    "flag": PortType.BOOLEAN,
    "other": PortType.BOOLEAN,
    "bag": PortType.OBJECT,
    "row": PortType.ARRAY,
}
VALUES: dict[str, Any] = {
    "retailPrice": 11,
    "marketPrice": 12.5,
    "type": "produce",
    "flag": True,
    "other": False,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('(retailPrice > 10) and (type == "produce")', True),
        ("(retailPrice < marketPrice)", True),
        ("retailPrice >= 11", True),
        ("retailPrice > 11", False),
        ("retailPrice <= 11", True),
        ("retailPrice<11", False),
        ("retailPrice == 11.0", True),
        ("retailPrice != 1.1e1", False),
        ("10 < retailPrice", True),
        ("retailPrice > -3", True),
        ("retailPrice > 007", True),
        ('type == "Produce"', False),
        ('type == "produce "', False),
        ("type == 'produce'", True),
        ('type != ""', True),
        ("flag", True),
        ("not flag", False),
        ("not not flag", True),
        ("not other and flag", True),
        ("not (other or flag)", False),
        ("other and flag or flag", True),
        ("flag or flag and other", True),
        ("(flag or flag) and other", False),
        ("not retailPrice == 11", False),
        ("flag == true", True),
        ("false == other", True),
        ("flag != other", True),
        ("true and flag", True),
        ("other or false", False),
        ("other or other or flag", True),
        ("flag and flag and other", False),
        ("\n\tflag\r\n", True),
        ("(((flag)))", True),
    ],
)
def test_holds(text: str, expected: bool) -> None:
    assert parse(text, INPUTS).holds(VALUES) is expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'type == "say \"hi\""', 'say "hi"'),
        (r"type == 'it\'s'", "it's"),
        (r'type == "back\\slash"', "back\\slash"),
        ('type == "it\'s (not) and"', "it's (not) and"),
        ('type == "two\nlines"', "two\nlines"),
    ],
)
def test_escapes(text: str, value: str) -> None:
    assert parse(text, INPUTS).holds({"type": value}) is True
    assert parse(text, INPUTS).holds({"type": value + "."}) is False


@pytest.mark.parametrize(
    ("text", "position", "cause"),
    [
        ("", 0, "expected an input, a number, a text, true or false, found the end"),
        ("  ", 0, "expected an input, a number, a text, true or false, found the end"),
        ('type = "a"', 5, "unexpected '='"),
        ("flag && other", 5, "unexpected '&'"),
        ("retailPrice + 1 > 2", 12, "unexpected '+'"),
        ("bag.name == 1", 3, "unexpected '.'"),
        ('type == "open', 8, "text without an end, or with an unknown escape"),
        (r'type == "\n"', 8, "text without an end, or with an unknown escape"),
        ("unknown == 1", 0, "unknown input 'unknown'"),
        ("Flag", 0, "unknown input 'Flag'"),
        ("bag == 1", 0, "input 'bag' is an Object"),
        ("flag and row", 9, "input 'row' is an Array"),
        ("type == 1", 5, "can't compare String with Number"),
        ("flag == 1", 5, "can't compare Boolean with Number"),
        ('type > "a"', 5, "'>' compares Numbers, not Strings"),
        ("flag <= true", 5, "'<=' compares Numbers, not Booleans"),
        ("type", 4, "expected a comparison after the String type, found the end"),
        ("1 and flag", 2, "expected a comparison after the Number 1, found 'and'"),
        ("1 < retailPrice < 3", 16, "expected 'and' or 'or', found '<'"),
        ("(flag) == true", 7, "expected 'and' or 'or', found '=='"),
        ("flag other", 5, "expected 'and' or 'or', found 'other'"),
        ("(flag", 5, "expected ')', found the end"),
        ("flag)", 4, "expected 'and' or 'or', found ')'"),
        ("flag and", 8, "expected an input, a number, a text, true or false, found the end"),
        ("and flag", 0, "expected an input, a number, a text, true or false, found 'and'"),
        ("flag == not other", 8, "expected an input, a number, a text, true or false, found 'not'"),
        ("()", 1, "expected an input, a number, a text, true or false, found ')'"),
        ("true", 0, "no input is used"),
        ("1 == 1", 0, "no input is used"),
        ("retailPrice > 1e999", 14, "number out of range"),
        ("retailPrice > " + "9" * 65, 14, "number with too many digits"),
        ("retailPrice > ٣", 14, "unexpected '٣'"),
    ],
)
def test_malformed(text: str, position: int, cause: str) -> None:
    with pytest.raises(MalformedCondition) as caught:
        parse(text, INPUTS)
    assert (caught.value.position, caught.value.cause) == (position, cause)


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_NESTING + "flag" + ")" * MAX_NESTING,
        "not " * MAX_NESTING + "flag",
        "flag or " * 5000 + "other",
    ],
)
def test_nests_to_the_cap_and_chains_without_one(text: str) -> None:
    condition = parse(text, INPUTS)
    assert condition.holds(VALUES) is True
    assert parse(str(condition), INPUTS) == condition


@pytest.mark.parametrize("opening", ["(", "not ", "not("])
def test_nesting_is_capped(opening: str) -> None:
    with pytest.raises(MalformedCondition, match="nested deeper than 32"):
        parse(opening * 100_000, INPUTS)


def test_every_legal_nesting_fits_in_the_cap() -> None:
    text = "(" * 30 + "flag" + ")" * 30
    assert len(text) == 64
    assert parse(text, INPUTS).holds(VALUES) is True


def test_tree() -> None:
    flag = Reference(type=PortType.BOOLEAN, name="flag")
    price = Comparison(
        operator=">",
        left=Reference(type=PortType.NUMBER, name="retailPrice"),
        right=Literal(type=PortType.NUMBER, value=10),
    )
    assert parse("flag or not flag and retailPrice>10 or flag", INPUTS).term == Or(
        terms=(flag, And(terms=(Not(term=flag), price)), flag)
    )


def test_names() -> None:
    assert parse("flag and retailPrice > marketPrice or flag", INPUTS).names == {
        "flag",
        "retailPrice",
        "marketPrice",
    }


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("(retailPrice>10)and(flag)", "retailPrice > 10 and flag"),
        ("(flag or other) and flag", "(flag or other) and flag"),
        ("flag or (other or flag)", "flag or (other or flag)"),
        ("not(flag and other)", "not (flag and other)"),
        ("not(type=='x')", 'not type == "x"'),
        (r"type == 'a\'\"\\'", r'type == "a' + "'" + r'\"\\"'),
        ("flag == TRUE".lower(), "flag == true"),
        ("retailPrice > 1.50", "retailPrice > 1.5"),
    ],
)
def test_prints(text: str, canonical: str) -> None:
    assert str(parse(text, INPUTS)) == canonical


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('a == "x y"', 'a=="x y"'),
        (' a\n==\t"x y" ', 'a=="x y"'),
        (r'a == "x \" y" and b', r'a=="x \" y"andb'),
        ("a == 'x y'", "a=='x y'"),
        ('a == "open end', 'a=="openend'),
    ],
)
def test_normal_form(text: str, same: str) -> None:
    assert normal_form(text) == same


def test_normal_form_keeps_blanks_in_texts() -> None:
    assert normal_form('a == "x y"') != normal_form('a == "xy"')


def test_any_input_name_but_the_reserved_words_can_be_used() -> None:
    for name in ("type", "in", "None", "lambda", "x1_y2"):
        assert parse(name, {name: PortType.BOOLEAN}).holds({name: True}) is True
