"""JSON text from outside as plain values."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


LARGE_BYTES = 256 * 1024


@contextmanager
def undisturbed(size_bytes: int) -> Iterator[None]:
    """Read a large text without the garbage collector.

    It would go through all that is read so far again and again: ten megabytes of nothing but lists would take
    five times as long, and the server does nothing else meanwhile.
    """
    if size_bytes < LARGE_BYTES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


MOST_LEVELS = 200
"""How deep an answer may be nested: as deep as what a flow may be given."""


class Unreadable(ValueError):
    """An answer is no JSON that a flow could go on with."""


def parse_answer(text: bytes | str) -> Any:
    """The values in what somebody outside, whom a flow called, answered.

    Raises:
        Unreadable: it is not JSON, or holds a number that is out of range, or is nested too deeply.
    """
    try:
        value = parse(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from None
    except Invalid as error:
        raise Unreadable(error.message) from None
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    if len(text) > MOST_LEVELS and _is_deep(value):
        raise Unreadable(_TOO_DEEP)
    return value


_TOO_DEEP = f"it is nested deeper than {MOST_LEVELS} levels"


def _is_deep(value: Any) -> bool:
    """Whether a value is nested too deeply; level by level, so that it cannot overflow."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
