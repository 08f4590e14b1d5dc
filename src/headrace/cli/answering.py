"""One request and its answer: uvicorn's, with less done about each message of the application."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from headrace.cli.connection import Connection

Headers = list[tuple[bytes, bytes]]
LENGTH, ENCODING, CONNECTION = b"content-length", b"transfer-encoding", b"connection"
FRAMING = frozenset({LENGTH, ENCODING, CONNECTION})
"""Headers that say where the answer ends, or the connection."""
CONTROLS = bytes([*range(9), *range(10, 32), 127])
"""What no header may have in it; the end of a line is two of them."""
MOST_NAMES = 256

_names: dict[bytes, bytes] = {}
"""Names of headers that were found to be some, each as it stands on the wire."""


class Exchange(RequestResponseCycle):
    """A request on a connection, and what is answered.

    The head of an answer whose length it says waits for the body, and is sent with it.
    """

    def __init__(self, connection: Connection, *, keep_alive: bool) -> None:
        # All that the class above has, and nothing that is looked up twice: this is done for each request.
        self.scope = connection.scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.access_logger = connection.access_logger
        self.access_log = connection.access_log
        self.default_headers = connection.server_state.default_headers
        self.message_event = asyncio.Event()
        self.on_response = connection.on_response_complete
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = connection.expect_100_continue
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding = None
        self.expected_content_length = 0
        self._corked = connection.corked
        self._head = b""

    @property
    def request(self) -> MutableMapping[str, Any]:
        """What the application is told of it."""
        return self.scope  # type: ignore[return-value]

    async def send(self, message: MutableMapping[str, Any]) -> None:  # type: ignore[override]
        """See the ASGI specification."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            self._begin(message["status"], message["headers"])
        elif not self._head or not self._end(message):
            await super().send(message)  # type: ignore[arg-type]

    def send_whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer that says its length, of a request that is no HEAD, without an application."""
        self._begin(status, headers)
        self._finish(body)

    def _begin(self, status: int, headers: Headers) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        headers = [*self.default_headers, *headers]
        framing = {name: value for name, value in headers if name in FRAMING}
        headers += self._framed(status, framing)
        parts = [STATUS_LINE[status]]
        for name, value in headers:
            parts += (_names.get(name) or _named(name), value, b"\r\n")
        parts.append(b"\r\n")
        head = b"".join(parts)
        if len(head) - len(head.translate(None, CONTROLS)) != 2 * (2 + len(headers)):
            raise RuntimeError("Invalid HTTP header value.")
        if self.chunked_encoding is False:
            self._head = head
        else:
            self.transport.write(head)

    def _framed(self, status: int, framing: dict[bytes, bytes]) -> Headers:
        """Find out where an answer ends; the headers that have to be added for that."""
        more = []
        if CONNECTION in framing:
            self.keep_alive = self.keep_alive and b"close" not in framing[CONNECTION].lower()
        elif not self.keep_alive:
            more.append((CONNECTION, b"close"))
        if LENGTH in framing:
            self.expected_content_length = int(framing[LENGTH])
            self.chunked_encoding = False
        elif ENCODING in framing:
            self.chunked_encoding = True
        elif self.scope["method"] != "HEAD" and status not in (204, 304):
            self.chunked_encoding = True
            more.append((ENCODING, b"chunked"))
        return more

    def _end(self, message: MutableMapping[str, Any]) -> bool:
        """Send the head with the whole body; False when only the head was sent, because this is none."""
        body = message.get("body", b"")
        is_whole = len(body) == self.expected_content_length and not message.get("more_body")
        if not is_whole or self.scope["method"] == "HEAD":
            head, self._head = self._head, b""
            self.transport.write(head)
            return False
        self._finish(body)
        return True

    def _finish(self, body: bytes) -> None:
        head, self._head = self._head, b""
        self._corked.send(head, body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _named(name: bytes) -> bytes:
    """How a header's name begins its line."""
    if HEADER_RE.search(name):
        raise RuntimeError("Invalid HTTP header name.")
    begins = name.lower() + b": "
    if len(_names) < MOST_NAMES:
        _names[name] = begins
    return begins
