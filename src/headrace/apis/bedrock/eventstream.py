"""Frames of the event stream that InvokeFlow answers with (bedrock.md 4.3).

    uint32 total | uint32 headers | uint32 crc of the two | headers | payload | uint32 crc of all before

A header is ``uint8 length, name, uint8 7 (a string), uint16 length, value``; everything is big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from zlib import crc32

_lengths = struct.Struct(">II").pack
_word = struct.Struct(">I").pack
_STRING = 7
_FRAMING_BYTES = 16  # the prelude, its checksum and the checksum of the frame


Frame = Callable[[bytes], bytes]
"""Puts a payload into a frame."""


def event_frame(event_type: str, payload: bytes) -> bytes:
    """A frame with the JSON of one event, such as ``flowOutputEvent``."""
    return event_frames(event_type)(payload)


def exception_frame(name: str, payload: bytes) -> bytes:
    """A frame with the JSON of one exception, such as ``validationException``; the stream ends with it."""
    return _frames(_headers("exception", name))(payload)


@cache  # the names are the members of one modelled union
def event_frames(event_type: str) -> Frame:
    """What puts the JSON of events of a type into frames: a run has thousands of some."""
    return _frames(_headers("event", event_type))


def _frames(headers: bytes) -> Frame:
    around_bytes, headers_bytes = _FRAMING_BYTES + len(headers), len(headers)

    def frame(payload: bytes) -> bytes:
        prelude = _lengths(around_bytes + len(payload), headers_bytes)
        text = prelude + _word(crc32(prelude)) + headers + payload
        return text + _word(crc32(text))

    return frame


def _headers(message_type: str, name: str) -> bytes:
    pairs = (
        (f":{message_type}-type", name),
        (":content-type", "application/json"),
        (":message-type", message_type),
    )
    return b"".join(_header(key.encode(), value.encode()) for key, value in pairs)


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(f">B{len(name)}sBH", len(name), name, _STRING, len(value)) + value
