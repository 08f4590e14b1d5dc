"""A call's socket: the request down, and whatever comes back."""

from __future__ import annotations

import asyncio
import contextlib
import socket

READ_BYTES = 1 << 16


class Exchange:
    """Sends a request and reads the reply, in the background; whoever waits is told by ``over``.

    What has come is kept here, and not in what waits for it: a wait that ends early loses nothing. If the
    process hangs up, that is an end like any other; how the process ended says more.

    Attributes:
        over: done when the process has closed its end, or has written more than was to be read.
        written: what it wrote; at most one reading more than was to be read.
    """

    def __init__(self, call: socket.socket, request: bytes, *, most_bytes: int) -> None:
        """Begin; the socket is given away."""
        call.setblocking(False)
        self.written = bytearray()
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._socket = call
        self._rest = memoryview(request)
        self._most_bytes = most_bytes
        self._loop.add_reader(call.fileno(), self._read)
        self._write()
        if self._rest:
            self._loop.add_writer(call.fileno(), self._write)

    def take(self) -> None:
        """Read what is there now, for who has waited long enough."""
        while not self.over.done() and self._read():
            pass

    def close(self) -> None:
        """Hang up."""
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._rest)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._rest)
        self._rest = self._rest[sent:]
        if not self._rest:
            self._loop.remove_writer(self._socket.fileno())
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def _read(self) -> bool:
        """Take a piece; False when none is there."""
        try:
            piece = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        self.written += piece
        if not piece or len(self.written) > self._most_bytes:
            self._loop.remove_reader(self._socket.fileno())
            self.over.set_result(None)
        return True
