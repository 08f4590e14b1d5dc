"""The canonical form against RFC 8785 as another implementation has it."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.canonical import canonical

LARGEST_PLAIN = 1e21
"""From here on RFC 8785 writes whole numbers with an exponent, and this canonical form does not."""

integers = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: not (value.is_integer() and abs(value) >= LARGEST_PLAIN)
)
texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | integers | floats | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=15,
)


@settings(max_examples=150)
@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_it_is_rfc_8785(value: Any, ensure_ascii: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent).encode()
    assert canonical(text) == rfc8785.dumps(value)


@settings(max_examples=150)
@given(st.lists(floats, max_size=20))
def test_numbers(numbers: list[float]) -> None:
    assert canonical(json.dumps(numbers).encode()) == rfc8785.dumps(numbers)


@given(st.dictionaries(st.text(st.characters(min_codepoint=0xD000, codec="utf-8")), st.none()))
def test_keys_of_high_planes(value: dict[str, None]) -> None:
    assert canonical(json.dumps(value).encode()) == rfc8785.dumps(value)


@given(values)
def test_it_is_stable(value: Any) -> None:
    form = canonical(json.dumps(value).encode())
    assert canonical(form) == form


@given(st.dictionaries(texts, values, max_size=6), st.randoms())
def test_order_does_not_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical(json.dumps(dict(items)).encode()) == canonical(json.dumps(value).encode())


@given(st.integers(min_value=2**53))
def test_large_integers_are_exact(number: int) -> None:
    assert canonical(str(number).encode()) == str(number).encode()
