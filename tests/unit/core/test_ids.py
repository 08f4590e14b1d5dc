"""Ids: their form, their order, and that they differ."""

from __future__ import annotations

import re

import pytest

from headrace.core import ids
from headrace.core.ids import BASE62, DRAFT_ALIAS, RandomIds, base62


def test_long_ids() -> None:
    minted = [RandomIds().long("fl_") for _ in range(2000)]
    assert len(set(minted)) == 2000
    assert all(re.fullmatch("fl_[0-9A-Za-z]{21}", one) for one in minted)


def test_long_ids_sort_by_the_time_they_were_minted(monkeypatch: pytest.MonkeyPatch) -> None:
    year_ns = 365 * 24 * 3600 * 1_000_000_000
    moments = [0, 1000, *(year * year_ns for year in range(1, 400))]
    minted = []
    for moment in moments:
        monkeypatch.setattr(ids.time, "time_ns", lambda moment=moment: moment)
        minted.append(RandomIds().long(""))
    assert minted == sorted(minted)


def test_the_ids_of_one_process_begin_with_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    minting, turn_us = RandomIds(), 62**4
    for moment_us in (0, 1, turn_us - 1, turn_us, 5 * turn_us + 61, 5 * turn_us + 62, 4 * turn_us):
        monkeypatch.setattr(ids.time, "time_ns", lambda moment_us=moment_us: moment_us * 1000)
        assert minting.long("")[: ids.TIME_LENGTH] == base62(moment_us, ids.TIME_LENGTH)


def test_short_ids() -> None:
    minted = [RandomIds().short() for _ in range(2000)]
    assert len(set(minted)) == 2000
    assert all(re.fullmatch("[A-Z0-9]{10}", one) for one in minted)
    assert {letter for one in minted for letter in one} == set(ids.BASE36_UPPER)


def test_the_reserved_id_is_never_minted(monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = sum(ids.BASE36_UPPER.index(letter) * 36**place for place, letter in enumerate(DRAFT_ALIAS))
    numbers = iter([reserved, 0])
    monkeypatch.setattr(ids.secrets, "randbits", lambda _: next(numbers))
    assert RandomIds().short() == "0" * 10


@pytest.mark.parametrize(
    ("number", "length", "text"),
    [
        (0, 3, "000"),
        (61, 3, "00z"),
        (62, 3, "010"),
        (62**3 - 1, 3, "zzz"),
        (62**3, 3, "000"),
        (63, 2, "11"),
        (1, 1, "1"),
    ],
)
def test_base62(number: int, length: int, text: str) -> None:
    assert base62(number, length) == text


def test_base62_sorts_as_numbers_do() -> None:
    numbers = range(0, 62**2, 7)
    texts = [base62(number, 4) for number in numbers]
    assert texts == sorted(texts)
    assert sorted(BASE62) == list(BASE62)
