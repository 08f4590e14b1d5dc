"""One HTTP connection: uvicorn's, which by itself would wait for ever.

For the head of a request, of any size, and for somebody to read an answer. And it would send a head, and each
piece of a body, by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headrace.cli.answering import Exchange, Headers

MAX_HEAD_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 75.0
STALL_TIMEOUT_S = 75.0
CORKED_BYTES = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_OF_BODY = frozenset({b"content-length", b"transfer-encoding"})

AnswerAgain = Callable[[MutableMapping[str, Any]], tuple[int, Headers, bytes] | None]
"""See `headrace.apis.pipeline.App.answer_again`."""


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

    def send(self, *parts: bytes) -> None:
        """Send at once, behind what waits."""
        self.flush()
        if not self._transport.is_closing():
            self._transport.writelines(parts)

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._transport.is_closing()

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
    _idle_since: float | None = None
    _idle: asyncio.TimerHandle | None = None
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.corked = Corked(transport, self.loop)
        self._answer_again: AnswerAgain | None = getattr(self.app, "answer_again", None)
        self.transport = self.corked  # type: ignore[assignment]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._forget_stall()
        if self._idle is not None:
            self._idle.cancel()
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
        self._unset_keepalive_if_required()
        self._parse(data)
        if not self._is_in_head or self._head_bytes == 0 or self.transport.is_closing():
            return
        if self._head_bytes > self.max_head_bytes:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._deadline is None:
            self._expect_head()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")

    def _stay(self, rest: bytes) -> None:
        """Go on in HTTP/1.1 behind the head of a request that would rather have another protocol.

        Some clients ask for HTTP/2 with whatever request is their first (RFC 9110 7.8). The parser leaves off
        behind its head, so another one takes the body, and what comes after it.
        """
        begun = self._framing()
        self.parser = httptools.HttpRequestParser(BehindHead(self) if begun else self)
        self._parse(begun + rest)

    def _framing(self) -> bytes:
        """A head that says the same of the body as that of the request; nothing where there is no body."""
        said = [name + b": " + value + b"\r\n" for name, value in self.headers if name in _OF_BODY]
        return b"POST / HTTP/1.1\r\n" + b"".join(said) + b"\r\n" if said else b""

    def on_headers_complete(self) -> None:
        """The head of a request is there: have it answered, or behind the one before."""
        self._is_in_head = False
        self._head_bytes = 0
        self._forget_deadline()
        version = self._tell_of_request()
        is_idle = self._is_idle()
        exchange = Exchange(self, keep_alive=version != "1.0" and self.parser.should_keep_alive())
        self.cycle = exchange
        if not is_idle:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))
        elif not self._is_answered_again(exchange):
            self._start_asgi_task(exchange, self.app)

    def _is_answered_again(self, exchange: Exchange) -> bool:
        """Whether the application had the answer at hand, and it was sent."""
        if self._answer_again is None or self.flow.write_paused:
            return False
        again = self._answer_again(exchange.request)
        if again is None:
            return False
        exchange.send_whole(*again)
        return True

    def _tell_of_request(self) -> str:
        """Complete the scope of the application; the version of HTTP."""
        scope, version, target = self.scope, self.parser.get_http_version(), httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = target.path
        scope["query_string"] = target.query or b""
        return version

    def on_response_complete(self) -> None:
        """An answer was sent: go on with a request that came meanwhile, or wait for one."""
        self.corked.flush()
        if self.pipeline or self.corked.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def _unset_keepalive_if_required(self) -> None:
        """No timer is stopped for each request, and set for each answer: one looks whether nothing came."""
        self._idle_since = None

    def _end_if_idle(self) -> None:
        self._idle = None
        if self._idle_since is None:  # an answer is on its way; its end sets the next one
            return
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._idle = self.loop.call_later(left_s, self._end_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def on_message_complete(self) -> None:
        """The body of a request is there, or there is none."""
        if self.parser.should_upgrade() and self._framing():
            return  # the parser leaves the body to `_stay`
        super().on_message_complete()
        self._is_in_head = True

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_timeout_s, self._give_up)

    def _is_idle(self) -> bool:
        """Whether nobody waits for an answer."""
        cycle = getattr(self, "cycle", None)
        return cycle is None or cycle.response_complete

    def _give_up(self) -> None:
        if self._is_idle():
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


class BehindHead:
    """What a parser tells that was given a head again, so that it reads the body: all but that head."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_behind = False
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete

    def on_message_begin(self) -> None:
        if self._is_behind:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._is_behind:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_behind:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_behind:
            self._connection.on_headers_complete()
        self._is_behind = True
