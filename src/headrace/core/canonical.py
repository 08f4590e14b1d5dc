"""When two JSON values are the same, and the digest that says so.

The canonical form is RFC 8785: keys sorted by UTF-16 code units at every depth, list order kept, null
kept, numbers in ECMAScript's shortest form, so that ``1`` and ``1.0`` are one value and ``1`` and ``true``
are two. One deviation: an integer that a double can't hold keeps all its digits, where RFC 8785 refuses it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from headrace.core.errors import Invalid

_sorted = msgspec.json.Encoder(order="sorted").encode
_text = msgspec.json.Encoder().encode
_LARGEST_PLAIN = 1e21
"""From here on ECMAScript writes a number with an exponent, and not as the encoder does."""


class _NeedsCareError(Exception):
    """The value holds a number that the encoder writes differently."""


def digest(text: bytes) -> str:
    """The SHA-256 of the canonical form of a JSON text, in hexadecimal.

    Raises:
        Invalid: the value is nested too deeply to be walked.
    """
    return hashlib.sha256(canonical(text)).hexdigest()


def canonical(text: bytes) -> bytes:
    """The canonical form of a JSON text.

    The encoder's sorted output is that form but for two things: floats that are whole numbers or very large,
    and keys with characters of the supplementary planes, which it sorts by code point and not by UTF-16 unit.

    Raises:
        Invalid: the value is nested too deeply to be walked.
    """
    try:
        try:
            fast = _sorted(_decode_plain(text))
        except _NeedsCareError:
            fast = None
        if fast is not None and (fast.isascii() or _ASTRAL.search(fast) is None):
            return fast
        return "".join(_parts(_decode(text))).encode()
    except RecursionError:
        raise Invalid.at(message="The JSON is nested too deeply.", kind="depth") from None


def _plain_number(text: str) -> float | int:
    value = float(text)
    if abs(value) >= _LARGEST_PLAIN:
        raise _NeedsCareError
    return int(value) if value.is_integer() else value


_ASTRAL = re.compile(rb"[\xf0-\xf4]")
_decode = msgspec.json.Decoder().decode
_decode_plain = msgspec.json.Decoder(float_hook=_plain_number).decode


def _parts(value: Any) -> list[str]:
    parts: list[str] = []
    _write(value, parts.append)
    return parts


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
        put("null" if value is None else str(value).lower())


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _number(value: float) -> str:
    """A double as ECMAScript prints it."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    power = int(exponent or 0)
    if power < -6:  # Python changes to exponents at 1e-4, ECMAScript at 1e-7
        return f"{mantissa}e{power}"
    if power < 0:
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.{'0' * (-power - 1)}{digits.replace('.', '')}"
    return f"{mantissa}e+{power}" if exponent else text
