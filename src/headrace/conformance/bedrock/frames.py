"""Reads an event stream (bedrock 4.3), and sees to it that every frame is sound."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from headrace.conformance.checks import Differs

_PRELUDE = struct.Struct(">III")
_STRING = 7
_LEAST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event or exception.

    Attributes:
        payload: its JSON.
    """

    headers: Mapping[str, str]
    payload: Any

    @property
    def name(self) -> str:
        """Such as ``flowOutputEvent`` or ``validationException``."""
        return self.headers.get(":event-type") or self.headers.get(":exception-type") or ""


def frames(body: bytes) -> list[Frame]:
    """The frames of a stream.

    Raises:
        Differs: one is cut off, or a checksum is wrong.
    """
    return list(_frames(body))


def _frames(body: bytes) -> Iterator[Frame]:
    place = 0
    while place < len(body):
        rest = len(body) - place
        if rest < _LEAST_BYTES:
            raise Differs("the end of the event stream", expected="whole frames", got=f"{rest} bytes more")
        total, headers_size, checksum = _PRELUDE.unpack_from(body, place)
        _same("the checksum of a frame's prelude", checksum, crc32(body[place : place + 8]))
        if not _LEAST_BYTES + headers_size <= total <= rest:
            raise Differs("the length of a frame", expected=f"16 to {rest} bytes", got=total)
        frame = body[place : place + total]
        _same("the checksum of a frame", struct.unpack(">I", frame[-4:])[0], crc32(frame[:-4]))
        headers = dict(_headers(frame[12 : 12 + headers_size]))
        yield Frame(headers=headers, payload=_payload(frame[12 + headers_size : -4]))
        place += total


def _same(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise Differs(what, expected=f"{expected:08x}", got=f"{got:08x}")


def _headers(text: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        name_end = place + 1 + text[place]
        name = text[place + 1 : name_end].decode()
        if text[name_end] != _STRING:
            raise Differs(f"the type of the frame's header {name}", expected=_STRING, got=text[name_end])
        (size,) = struct.unpack_from(">H", text, name_end + 1)
        yield name, text[name_end + 3 : name_end + 3 + size].decode()
        place = name_end + 3 + size


def _payload(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Differs("the payload of a frame", expected="JSON", got=text.decode(errors="replace")) from None
