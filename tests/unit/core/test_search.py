"""What a word is, and which texts have the words of a query."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.things import log, payload

from headrace.core import search
from headrace.core.logs import Log, Payload, write_payload


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hello, WORLD-wide_web 3.14", ["hello", "world", "wide", "web", "3", "14"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("e\u0301tude É", ["étude", "é"]),
        ("東京タワー2", ["東", "京", "タ", "ワ", "ー", "2"]),
        ("서울에서 κόσμος", ["서울에서", "κόσμοσ"]),
        ("a" * 100, ["a" * search.MAX_WORD]),
        ("\x00\ud800 \u2028x", ["x"]),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, expected: list[str]) -> None:
    assert search.words(text) == expected


@given(st.text())
def test_words_are_the_same_however_a_text_is_written(text: str) -> None:
    words = search.words(text)
    assert search.words(unicodedata.normalize("NFD", text)) == words
    assert search.words(" ".join(words)) == words
    assert all(word.isalnum() and len(word) <= search.MAX_WORD for word in words)


@given(st.text(), st.data())
def test_a_text_is_found_by_its_words_and_by_the_beginning_of_one(text: str, data: st.DataObject) -> None:
    words = search.words(text)
    if not words:
        assert search.wanted(text) is None
        return
    some = data.draw(st.lists(st.sampled_from(words), max_size=3))
    last = data.draw(st.sampled_from(words))
    query = " ".join([*some, last[: data.draw(st.integers(1, len(last)))]])
    wanted = search.wanted(query)
    assert wanted is None or wanted.is_in(frozenset(words))


def test_only_the_last_word_may_be_a_beginning() -> None:
    found = frozenset(search.words("alpha beta"))
    for query, expected in (("alp", True), ("beta alp", True), ("alp beta", False), ("alphas", False)):
        wanted = search.wanted(query)
        assert wanted is not None
        assert wanted.is_in(found) is expected


def test_the_first_words_of_a_query_count() -> None:
    wanted = search.wanted(" ".join(f"w{n}" for n in range(100)))
    assert wanted is not None
    assert len(wanted.whole) == search.MAX_WANTED - 1
    assert wanted.beginning == f"w{search.MAX_WANTED - 1}"


def test_texts_count_without_keys_and_metadata_with_them() -> None:
    one = log(
        payload=payload(
            inputs={"q": ["Deep", {"n": 1.5, "b": True, "none": None}]},
            messages=[{"role": "user", "content": "message"}],
            output="out",
            output_message={"content": "said"},
            error="broke",
            metadata={"stage": {"name": "blue"}},
        )
    )
    assert search.text_words(one) == frozenset(
        ["deep", "1", "5", "true", "user", "message", "out", "said", "broke"]
    )
    assert search.metadata_words(one) == {"stage", "name", "blue"}
    assert search.text_words(bare()) == search.metadata_words(bare()) == frozenset()


def bare() -> Log:
    return log(payload=write_payload(Payload()))


def test_no_depth_is_too_much() -> None:
    depth = 500
    deep = msgspec.Raw(b"[" * depth + b'"bottom"' + b"]" * depth)
    assert search.text_words(log(payload=write_payload(Payload(inputs=deep)))) == {"bottom"}


def test_of_long_texts_the_beginning_is_found() -> None:
    long = "word " * search.MAX_TEXT
    found = search.text_words(log(payload=write_payload(Payload(output="first " + long + "last"))))
    assert found == {"first", "word"}


def test_of_a_very_large_document_the_beginning_is_found_as_it_is_written() -> None:
    text = msgspec.json.encode({"a_key": ["first", *range(search.MAX_DOCUMENT_BYTES // 4)]})
    content = Payload(inputs=msgspec.Raw(text), metadata=msgspec.Raw(text))
    one = log(payload=write_payload(content))
    for found in (search.text_words(one), search.metadata_words(one)):
        assert {"first", "key", "17"} <= found
        assert str(search.MAX_DOCUMENT_BYTES // 4 - 1) not in found
