"""Identifiers: what they look like and how they are minted.

Two families, one a protocol. Long ids are a kind's prefix and 21 characters of ``[0-9A-Za-z]``
(``fl_6o701g4jmcanPVHxdqD0O``); the first nine carry the time, so that rows are inserted in index order.
Short ids are ten characters of ``[A-Z0-9]``.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36_UPPER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TIME_LENGTH = 9  # base 62 digits of microseconds: until the year 2398
LONG_LENGTH = 21
SHORT_LENGTH = 10
DRAFT_ALIAS = "TSTALIASID"
"""The id of the alias that every flow is born with; never minted for anything else."""


class Ids(Protocol):
    """Mints identifiers."""

    def long(self, prefix: str) -> str:
        """``prefix`` and 21 characters, sorting by the time it was minted."""

    def short(self) -> str:
        """Ten characters of ``[A-Z0-9]``."""


def minted_at(id: str) -> datetime | None:
    """When a long id was minted; None for one that does not look like it, and anything for one of others."""
    time_text = id[-LONG_LENGTH:][:TIME_LENGTH]
    if len(id) <= LONG_LENGTH or id[-LONG_LENGTH - 1] != "_" or not set(time_text) <= set(BASE62):
        return None
    number = 0
    for digit in time_text:
        number = number * 62 + BASE62.index(digit)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)


_PAIRS = [first + second for first in BASE62 for second in BASE62]


def base62(number: int, length: int) -> str:
    """``number`` in base 62 with digits that sort as text; the lowest ``length`` digits of it."""
    pairs = []
    for _ in range((length + 1) // 2):  # two digits at a time: ids are minted on every write
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    pairs.reverse()
    return "".join(pairs)[-length:]


def uuid4_text(bits: int) -> str:
    """A version 4 UUID (RFC 9562) of 128 random bits, as text."""
    digits = f"{bits:032x}"
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


_VARIANTS = {f"{digit:x}": f"{digit & 0x3 | 0x8:x}" for digit in range(16)}
"""The digit that says of which sort a UUID is, by any digit in its place."""


_AS_BASE62 = bytes(ord(BASE62[byte % 62]) for byte in range(256))
"""A digit for each byte. Eight digits are a little likelier, which costs twelve of them 0.1 of 71 bits."""


class RandomIds:
    """Ids from the operating system's randomness and the wall clock."""

    def __init__(self) -> None:
        self._slow = (-1, "")  # the first digits of the time, which stay the same for 15 seconds

    def long(self, prefix: str) -> str:
        slow, fast = divmod(time.time_ns() // 1000, 62**4)
        known, digits = self._slow
        if known != slow:
            digits = base62(slow, TIME_LENGTH - 4)
            self._slow = slow, digits
        first, last = divmod(fast, 3844)
        clock = digits + _PAIRS[first] + _PAIRS[last]
        return prefix + clock + secrets.token_bytes(LONG_LENGTH - TIME_LENGTH).translate(_AS_BASE62).decode()

    def short(self) -> str:
        while True:
            number = secrets.randbits(64)
            text = "".join(BASE36_UPPER[(number // 36**place) % 36] for place in range(SHORT_LENGTH))
            if text != DRAFT_ALIAS:
                return text
