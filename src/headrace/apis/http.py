"""A request and a response, as every API here sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from urllib.parse import parse_qsl, unquote

import msgspec

from headrace.core.changes import Changes

Headers = Sequence[tuple[bytes, bytes]]
Holds = Callable[[Changes], int]
"""Which of a store's changes an answer may change with."""
REQUEST_ID = b"x-request-id"
JSON = (b"content-type", b"application/json")
SAYS_BODY = frozenset({b"content-length", b"transfer-encoding"})
"""Headers of a request with a body; without either there is none (RFC 9112, 6.3)."""
SPLIT_KEY = "x-headrace-split-key"
"""The header whose value holds calls together that a split would else send to any of its versions."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, read whole.

    Attributes:
        id: unique; stands in the log and in the response.
        raw_path: the path as it was sent, percent-encoded; what signatures cover.
        segments: the path split on ``/`` and only then decoded, so that an encoded ``/`` stays inside its
            segment. A single trailing slash makes no segment.
        query: name and value pairs in order, decoded.
        headers: by lower-case name; of a repeated header the values are joined by commas.
    """

    id: str
    method: str
    raw_path: bytes
    raw_query: bytes
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value; None when it was not sent."""
        value = self.headers.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. A body that is an iterator is sent piece by piece as it comes.

    Attributes:
        id_headers: the names of the headers that tell the request's id.
        holds: the same request gets this answer again until one of these changes; None: it may be another
            one each time.
    """

    status: int
    headers: Headers = ()
    body: bytes | AsyncIterator[bytes] = b""
    id_headers: tuple[bytes, ...] = (REQUEST_ID,)
    holds: Holds | None = None


def options(allowed: Sequence[str]) -> Response:
    """The answer to an OPTIONS request: which methods there are. It needs no credentials."""
    return Response(status=204, headers=((b"allow", ", ".join(allowed).encode()),))


def split_path(raw_path: bytes) -> tuple[str, ...]:
    """The decoded segments of a raw path."""
    parts = raw_path.decode("latin-1").split("/")[1:]
    if parts and not parts[-1]:
        parts.pop()
    return tuple(unquote(part) if "%" in part else part for part in parts)


def split_query(raw_query: bytes) -> tuple[tuple[str, str], ...]:
    """The decoded pairs of a raw query, in order; a name without a value has an empty one."""
    if not raw_query:
        return ()
    return tuple(parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True))


def join_headers(headers: Headers) -> dict[bytes, bytes]:
    """Headers by lower-case name."""
    joined = dict(headers)
    if len(joined) == len(headers):  # none is repeated, as nearly always
        return joined
    joined = {}
    for name, value in headers:
        joined[name] = joined[name] + b"," + value if name in joined else value
    return joined
