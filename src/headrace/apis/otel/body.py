"""The body of an export: unpacked, and read in whichever encoding it is."""

from __future__ import annotations

import zlib

from headrace.apis.otel.json_spans import read_json
from headrace.apis.otel.protobuf_spans import read_protobuf
from headrace.core.errors import Malformed, TooLarge
from headrace.core.spans import Spans

GZIP = zlib.MAX_WBITS | 16
PACKED = frozenset({"gzip", "x-gzip"})


def unpack(body: bytes, encoding: str | None, *, limit_bytes: int) -> bytes:
    """The body without its content encoding.

    Raises:
        Malformed: the encoding is not gzip, or the body is not in it.
        TooLarge: it unpacks to more than ``limit_bytes``; no more than that is ever unpacked.
    """
    word = (encoding or "").strip().lower()
    if word in ("", "identity"):
        return body
    if word not in PACKED:
        raise Malformed(
            message=f"The body has the content encoding {word!r}; send it as it is, or with gzip."
        )
    parts: list[bytes] = []
    left = limit_bytes + 1
    while body and left:
        stream = zlib.decompressobj(GZIP)
        try:
            part = stream.decompress(body, left)
        except zlib.error as error:
            raise Malformed(message=f"The body is not valid gzip: {error}") from None
        parts.append(part)
        left -= len(part)
        if left and not stream.eof:
            raise Malformed(message="The body is not valid gzip: it ends too early.")
        body = stream.unused_data
    if not left:
        message = f"The body unpacks to more than {limit_bytes} bytes."
        raise TooLarge(message, limit_bytes=limit_bytes)
    return b"".join(parts)


def read_any(body: bytes) -> Spans:
    """The spans in a body of either encoding, whatever it says of itself.

    Raises:
        Malformed: it is in neither.
    """
    # A protobuf message begins with the tag of its first field, a line feed, which JSON may begin with, too.
    is_json = body.lstrip()[:1] in (b"{", b"")
    if not is_json:
        return read_protobuf(body)
    try:
        return read_json(body)
    except Malformed:
        if body[:1] != b"\n":
            raise
        return read_protobuf(body)
