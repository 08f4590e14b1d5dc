"""One HTTP connection: uvicorn's, which by itself would wait for ever.

For the head of a request, of any size, and for somebody to read an answer. And it would send a head, and each
piece of a body, by itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 75.0
STALL_TIMEOUT_S = 75.0
CORKED_BYTES = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Corked:
    """A transport that sends what is written together in one piece: a head with its body.

    It is sent as soon as whoever writes waits for anything, or has written `CORKED_BYTES`.
    """

    __slots__ = ("_loop", "_parts", "_size_bytes", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size_bytes += len(data)
        if self._size_bytes > CORKED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send now."""
        if self._parts:
            parts, self._parts, self._size_bytes = self._parts, [], 0
            if not self._transport.is_closing():
                self._transport.writelines(parts)

    def close(self) -> None:
        """Send what is left, and close."""
        self.flush()
        self._transport.close()


class Connection(HttpToolsProtocol):
    """A connection that ends when a head grows too large or does not come, or an answer is not read.

    A flow goes on only while what it says is read: one that nobody reads would never come to its end.

    Nobody has shown any credentials at that point. The size is looked at whenever more of a head came, so a
    head that came at once may be larger.
    """

    max_head_bytes = MAX_HEAD_BYTES
    head_timeout_s = HEAD_TIMEOUT_S
    stall_timeout_s = STALL_TIMEOUT_S

    _is_in_head = True
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Corked(transport, self.loop)  # type: ignore[assignment]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._forget_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        self._forget_stall()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._is_in_head or self._head_bytes == 0 or self.transport.is_closing():
            return
        if self._head_bytes > self.max_head_bytes:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._deadline is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._head_bytes = 0
        self._forget_deadline()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self.transport.flush()  # type: ignore[attr-defined]
        super().on_response_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_timeout_s, self._give_up)

    def _give_up(self) -> None:
        cycle = getattr(self, "cycle", None)
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:  # an answer is on its way, and only the next request is late
            self._expect_head()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expect_reading(self) -> None:
        waiting_bytes = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(self.stall_timeout_s, self._check_reading, waiting_bytes)

    def _check_reading(self, waited_bytes: int) -> None:
        if self.transport.get_write_buffer_size() < waited_bytes:  # slowly, but it is read
            self._expect_reading()
        else:
            self.transport.abort()

    def _forget_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
