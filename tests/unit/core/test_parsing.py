"""JSON text as plain values: any text in a time that its length bounds."""

from __future__ import annotations

import json
import time

import msgspec
import pytest

from headrace.core.errors import Invalid
from headrace.core.parsing import parse


@pytest.mark.parametrize(
    "number", ["0.5", "-0.0", "1e308", "5e-324", "1.7976931348623157e308", "9007199254740993.0"]
)
def test_numbers_are_what_json_says(number: str) -> None:
    found = parse(number)
    assert (type(found), found) == (float, json.loads(number))


def test_whole_numbers_are_exact() -> None:
    assert parse("[9007199254740993,-123456789012345678901234567890]") == [
        2**53 + 1,
        -123456789012345678901234567890,
    ]


@pytest.mark.parametrize("number", ["1e400", "-1e309"])
def test_numbers_out_of_range(number: str) -> None:
    with pytest.raises(Invalid, match="out of range"):
        parse(f'{{"a":[{number}]}}')


@pytest.mark.parametrize("text", ["NaN", "1.", "{", "", '"\\ud800"'])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        parse(text)


def test_no_number_takes_much_longer_than_another() -> None:
    """The decoder alone takes two hundred times as long for the second."""

    def fastest_s(number: str) -> float:
        text = f"[{','.join([number] * 2_000)}]"
        spans = []
        for _ in range(5):
            start = time.perf_counter()
            parse(text)
            spans.append(time.perf_counter() - start)
        return min(spans)

    assert fastest_s("1e308") < 20 * fastest_s("1e-10")
