"""When two JSON values are the same, and the digest that says so.

The canonical form is RFC 8785's: keys sorted by UTF-16 code units at every depth, list order kept, null kept,
numbers in their shortest form, so that ``1`` and ``1.0`` are one value and ``1`` and ``true`` are two. One
deviation: a whole number keeps all its digits however large it is, where RFC 8785 writes an exponent from
1e21 on and refuses what a double can't hold; so ``1e22`` and its 23 digits are one value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.core.parsing import finite, parse

_sorted = msgspec.json.Encoder(order="sorted").encode
_text = msgspec.json.Encoder().encode
_EXACT_INTEGER = 2**53
_SMALL = 1e-5
"""Below this the encoder writes exponents, ECMAScript only below 1e-6."""


class _NeedsCareError(Exception):
    """The value holds a number that the encoder writes differently."""


def digest(text: bytes) -> str:
    """The SHA-256 of the canonical form of a JSON text, in hexadecimal.

    Raises:
        Invalid: the value is nested too deeply to be walked, or holds a number that is out of range.
    """
    found = hashlib.sha256()
    _feed(text, found.update)  # never whole: the form of `1e308` is sixty times as long as the text
    return found.hexdigest()


def canonical(text: bytes) -> bytes:
    """The canonical form of a JSON text.

    Raises:
        Invalid: the value is nested too deeply to be walked, or holds a number that is out of range.
    """
    parts: list[bytes] = []
    _feed(text, parts.append)
    return b"".join(parts)


def _feed(text: bytes, put: Callable[[bytes], object]) -> None:
    """Give the canonical form of a JSON text to ``put``, piece by piece."""
    try:
        fast = _fast(text)
        if fast is None:
            _write(parse(text), lambda part: put(part.encode()))
        else:
            put(fast)
    except RecursionError:
        raise Invalid.at(message="The JSON is nested too deeply.", kind="depth") from None


def _fast(text: bytes) -> bytes | None:
    """The canonical form as the encoder writes it; None when that may differ."""
    try:
        form = _sorted(_decode_plain(text))
    except _NeedsCareError:
        return None
    # The encoder sorts keys by code point, which differs only for the supplementary planes.
    return form if form.isascii() or _SUPPLEMENTARY.search(form) is None else None


def _plain_number(text: str) -> float | int:
    value = finite(text)
    size = abs(value)
    if value.is_integer() and size < _EXACT_INTEGER:
        return int(value)
    if size < _SMALL or size >= _EXACT_INTEGER:
        raise _NeedsCareError
    return value


_SUPPLEMENTARY = re.compile(rb"[\xf0-\xf4]")
_decode_plain = msgspec.json.Decoder(float_hook=_plain_number).decode


def _write(value: Any, put: Any) -> None:
    kind = type(value)
    if kind is str:
        put(_text(value).decode())
    elif kind is dict:
        separator = "{"
        for key in sorted(value, key=_utf16):
            put(separator)
            put(_text(key).decode())
            put(":")
            _write(value[key], put)
            separator = ","
        put("}" if value else "{}")
    elif kind is list:
        separator = "["
        for item in value:
            put(separator)
            _write(item, put)
            separator = ","
        put("]" if value else "[]")
    elif kind is float:
        put(_number(value))
    else:
        put(_text(value).decode())


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _number(value: float) -> str:
    """A double as ECMAScript writes it, without the exponent of whole numbers."""
    if value.is_integer() and abs(value) < _EXACT_INTEGER:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    power = int(exponent or 0)
    if power < -6:
        return f"{mantissa}e{power}"
    whole, _, fraction = mantissa.partition(".")
    if power > 0:  # a whole number: the double's shortest digits, then zeros
        return f"{whole}{fraction}{'0' * (power - len(fraction))}"
    if value.is_integer():
        return whole
    if power == 0:
        return mantissa
    sign = "-" if value < 0 else ""  # Python changes to exponents at 1e-4, ECMAScript at 1e-6
    return f"{sign}0.{'0' * (-power - 1)}{mantissa.removeprefix('-').replace('.', '')}"
