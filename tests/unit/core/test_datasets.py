"""How a version names its datapoints, and when two datapoints are the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.datasets import (
    CHUNK,
    MOST_OF_CHUNK,
    Case,
    Packed,
    case_of,
    chunks_within,
    cut,
    is_datapoint_id,
    pack,
    read_chunk,
    read_membership,
    sorted_cases,
)


def ids(count: int) -> list[str]:
    return [f"dp_{number:021}" for number in range(count)]


def unpacked(packed: Packed) -> list[str]:
    refs = read_membership(packed.parts[packed.membership])
    return [one for ref in refs for one in read_chunk(packed.parts[ref.digest])]


def chunks(packed: Packed) -> set[str]:
    return set(packed.parts) - {packed.membership}


@given(many=st.lists(st.sampled_from(ids(40)), max_size=60))
def test_what_is_packed_is_there_once_and_in_order(many: list[str]) -> None:
    packed = pack(many)
    assert unpacked(packed) == list(dict.fromkeys(many))
    assert packed.count == len(set(many))


def test_the_order_is_kept_and_does_not_count() -> None:
    many = ids(3_000)
    shuffled = random.Random(5).sample(many, len(many))
    assert unpacked(pack(shuffled)) == shuffled
    assert pack(shuffled).digest == pack(many).digest
    assert pack(many[1:]).digest != pack(many).digest
    assert pack(["ab", "c"]).digest != pack(["a", "bc"]).digest


def test_chunks_are_neither_many_nor_large() -> None:
    sizes = [len(some) for some in cut(ids(100_000))]
    assert sum(sizes) == 100_000
    assert max(sizes) <= MOST_OF_CHUNK
    assert 100_000 / CHUNK / 1.3 < len(sizes) < 100_000 / CHUNK * 1.3


def test_a_chunk_ends_even_where_no_id_ends_one() -> None:
    nowhere = [one for one in ids(6_000) if len(list(cut([one, "x"]))) == 1]
    assert [len(some) for some in cut(nowhere[: 2 * MOST_OF_CHUNK + 1])] == [MOST_OF_CHUNK, MOST_OF_CHUNK, 1]


@pytest.mark.parametrize("place", [0, 50_000, 100_000])
def test_one_more_or_one_less_changes_few_chunks(place: int) -> None:
    many = ids(100_001)
    whole = pack(many)
    less = pack(many[:place] + many[place + 1 :])
    assert len(chunks(whole) - chunks(less)) <= 2
    assert len(chunks(less) - chunks(whole)) <= 2


@given(skip=st.integers(0, 1_100), take=st.integers(0, 1_100))
def test_a_page_is_in_the_chunks_that_are_named(skip: int, take: int) -> None:
    many = ids(1_000)
    packed = pack(many)
    refs = read_membership(packed.parts[packed.membership])
    wanted, before = chunks_within(refs, skip=skip, take=take)
    found = [one for ref in wanted for one in read_chunk(packed.parts[ref.digest])][before:][:take]
    assert found == many[skip : skip + take]
    sizes = [ref.size for ref in wanted]
    assert sum(sizes) < len(found) + sum(sizes[:1]) + sum(sizes[-1:]) or not found


def test_there_may_be_none() -> None:
    assert unpacked(pack([])) == []
    assert pack([]).count == 0


def case(**members: Any) -> Case:
    return case_of(**{"inputs": None, "messages": None, "target": None} | members)


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ({"inputs": {"a": "1", "b": "2"}}, {"inputs": {"b": "2", "a": "1"}}, True),
        ({}, {"inputs": {}}, True),
        ({"target": {"n": 1}}, {"target": {"n": 1.0}}, True),
        ({"target": {"n": 1}}, {"target": {"n": True}}, False),
        ({"target": {"n": {"a": None}}}, {"target": {"n": {}}}, False),
        ({"inputs": {"q": "1"}}, {"inputs": {"q": "1", "_dedupe_id": "2"}}, False),
        ({"inputs": {"q": "é"}}, {"inputs": {"q": "e\u0301"}}, False),
        (
            {"messages": [{"role": "user", "content": "hi", "name": None}]},
            {"messages": [{"role": "user", "content": "hi"}]},
            True,
        ),
        ({"messages": [{"role": "user", "content": "a"}]}, {"messages": None}, False),
        ({"messages": []}, {"messages": None}, False),
    ],
)
def test_when_datapoints_are_the_same(one: Any, other: Any, are_same: bool) -> None:
    """Humanloop 2.1, 8.1."""
    assert (case(**one).digest == case(**other).digest) is are_same


def test_a_datapoint_is_kept_as_it_was_sent() -> None:
    shown = case(messages=[{"role": "user", "content": None}], target={"b": 1.0, "a": None})
    assert (
        shown.body == '{"inputs":{},"messages":[{"role":"user","content":null}],"target":{"b":1.0,"a":null}}'
    )


def test_cases_are_sorted_by_digest_and_there_once() -> None:
    many = [case(inputs={"n": str(number % 300)}) for number in range(900)]
    found = sorted_cases(many)
    assert [one.digest for one in found] == sorted({one.digest for one in many})


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("dp_1", True), ("x" * 255, True), ("x" * 256, False), ("a b", False), ("", False), ("a\n", False)],
)
def test_which_ids_a_datapoint_may_have(text: str, is_one: bool) -> None:
    assert is_datapoint_id(text) is is_one
