"""JSON text from outside as plain values."""

from __future__ import annotations

import math

import msgspec

from headrace.core.errors import Invalid


def finite(text: str) -> float:
    """The double of a JSON number.

    Raises:
        Invalid: there is none so large.
    """
    value = float(text)
    if math.isinf(value):
        raise Invalid.at(message=f"The number {text[:40]} is out of range.", kind="out_of_range")
    return value


# Python reads the numbers that are no integers: msgspec takes thirty times as long for one such as 1e308, and
# a body full of them would stop the server for a minute.
parse = msgspec.json.Decoder(float_hook=finite).decode
"""The values in a JSON text.

Raises:
    msgspec.DecodeError, UnicodeDecodeError: it is not JSON, or holds a whole number of over 4300 digits.
    Invalid: it holds a number that is out of range.
    RecursionError: it is nested too deeply.
"""
