"""The canonical form, by examples; tests/laws/test_canonical.py holds it to RFC 8785."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest

from headrace.core.canonical import canonical, digest
from headrace.core.errors import Invalid


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b"{}", b"{}"),
        (b" [ ] ", b"[]"),
        (b'{"b":1,"a":[2,{"d":null,"c":true}]}', b'{"a":[2,{"c":true,"d":null}],"b":1}'),
        (b"[1.0,1,1e0,10E-1,-0.0,0]", b"[1,1,1,1,0,0]"),
        (b"[0.1,1e-7,1e-6,0.00001,-2.5e-9]", b"[0.1,1e-7,0.000001,0.00001,-2.5e-9]"),
        (b"[1e20,123456789012345680000]", b"[100000000000000000000,123456789012345680000]"),
        (b"[9007199254740993,9007199254740992]", b"[9007199254740993,9007199254740992]"),
        (b'"\\u00e9\\/\\u0001\\n"', '"é/\\u0001\\n"'.encode()),
        ('{"\U0001f600":1,"\ufb33":2}'.encode(), '{"\U0001f600":1,"\ufb33":2}'.encode()),
        (b'{"a":1,"a":2}', b'{"a":2}'),
    ],
)
def test_forms(text: bytes, form: bytes) -> None:
    assert canonical(text) == form
    assert digest(text) == hashlib.sha256(form).hexdigest()


def test_large_whole_numbers_keep_their_digits() -> None:
    """The one deviation from RFC 8785, which writes an exponent."""
    assert canonical(b"[1e22]") == canonical(b"[10000000000000000000000]") == b"[10000000000000000000000]"


def test_a_form_much_longer_than_its_text_is_never_whole_in_memory() -> None:
    text = b"[" + b",".join([b"1e308"] * 20_000) + b"]"
    tracemalloc.start()
    found = digest(text)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    form = b"[" + b",".join([b"1" + b"0" * 308] * 20_000) + b"]"
    assert found == hashlib.sha256(form).hexdigest()
    assert peak_bytes < len(form) / 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b"true"),
        (b'"1"', b"1"),
        (b"[1,2]", b"[2,1]"),
        (b"{}", b"[]"),
        (b'{"a":null}', b"{}"),
        (b"9007199254740993", b"9007199254740992"),
    ],
)
def test_what_is_not_the_same(one: bytes, other: bytes) -> None:
    assert digest(one) != digest(other)


def test_nesting_has_an_end() -> None:
    assert canonical(b"[" * 100 + b"]" * 100) == b"[" * 100 + b"]" * 100
    with pytest.raises(Invalid, match="nested too deeply"):
        canonical(b"[" * 100_000 + b"]" * 100_000)


def test_numbers_out_of_range() -> None:
    with pytest.raises(Invalid, match="out of range"):
        canonical(b"[1e400]")
