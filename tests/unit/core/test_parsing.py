"""JSON text as plain values: any text in a time that its length bounds."""

from __future__ import annotations

import gc
import json
import time

import msgspec
import pytest

from headrace.core.errors import Invalid
from headrace.core.parsing import LARGE_BYTES, MOST_LEVELS, Unreadable, parse, parse_answer, undisturbed


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
            start = time.process_time()
            parse(text)
            spans.append(time.process_time() - start)
        return min(spans)

    assert fastest_s("1e308") < 20 * fastest_s("1e-10")


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_an_answer_is_nested_only_so_deeply(opens: str, closes: str) -> None:
    text = opens * MOST_LEVELS + "1" + closes * MOST_LEVELS
    assert parse_answer(text) == json.loads(text)
    for levels in (MOST_LEVELS + 1, 900, 100_000):
        with pytest.raises(Unreadable, match="nested deeper than 200 levels"):
            parse_answer((opens * levels + "1" + closes * levels).encode())


@pytest.mark.parametrize("text", ["NaN", "1e400", "{", "", '"\\ud800"', b'"\xff"'])
def test_an_answer_that_a_flow_cannot_go_on_with(text: str | bytes) -> None:
    with pytest.raises(Unreadable):
        parse_answer(text)


@pytest.mark.parametrize(("size_bytes", "is_on"), [(LARGE_BYTES - 1, True), (LARGE_BYTES, False)])
def test_nothing_is_collected_while_a_large_text_is_read(size_bytes: int, is_on: bool) -> None:
    seen = []

    def fail() -> None:
        with undisturbed(size_bytes):
            seen.append(gc.isenabled())
            raise Invalid.at(message="no", kind="no")

    with pytest.raises(Invalid):
        fail()
    assert seen == [is_on]
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with undisturbed(LARGE_BYTES):
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
