"""A way to a PostgreSQL server that is cut in the middle of what is said on it, at a statement that is named."""

from __future__ import annotations

import asyncio
import enum
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_ENDS_A_STATEMENT = b"QS"
"""What a client says at the end of a statement: a simple one, or that the server is to answer now."""
_READY = b"Z"
END_S = 10.0


class Cut(enum.Enum):
    """Where a connection is cut."""

    UNSENT = "before the statement gets there"
    UNANSWERED = "before its answer comes back"


class Way:
    """The way: a port of loopback.

    Attributes:
        statements: how many have been on their way so far, beginnings of connections among them.
        cuts: how many connections were cut.
    """

    def __init__(self, port: int, names: frozenset[str]) -> None:
        self._port = port
        self._names = names
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cutting", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._left = 0
        self._how = Cut.UNSENT
        self.statements = 0
        self.cuts = 0

    def start(self) -> int:
        """The port."""
        self._thread.start()
        opening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(END_S)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Hang up on everybody."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        self._loop.close()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    def cut_at(self, number: int, how: Cut) -> None:
        """Cut the connection on which the statement of this number from now on goes, once."""
        self._how = how
        self._left = number

    def leave(self) -> bool:
        """Cut nothing any more; whether what was to be cut has been."""
        is_cut, self._left = self._left == 0, 0
        return is_cut

    def _is_cut_now(self, name: str) -> bool:
        if name not in self._names:
            return False
        self.statements += 1
        if self._left:
            self._left -= 1
            if not self._left:
                self.cuts += 1
                return True
        return False

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        answers = asyncio.create_task(_carry(from_server, to_client))
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                await self._carry_statements(from_client, to_server, from_server, answers, to_client)
        finally:
            self._open.discard(task)
            answers.cancel()
            for one in (to_client, to_server):
                one.transport.abort()

    async def _carry_statements(
        self,
        from_client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        answers: asyncio.Task[None],
        to_client: asyncio.StreamWriter,
    ) -> None:
        """Until one of the two hangs up, or the connection is cut."""
        begin = await _startup(from_client, to_client)
        name, said, is_end = _name_in(begin), begin, True
        while True:
            if is_end and self._is_cut_now(name):
                if self._how is Cut.UNANSWERED:
                    answers.cancel()
                    await asyncio.wait({answers})
                    to_server.write(said)
                    await _ready(from_server)
                return
            to_server.write(said)
            await to_server.drain()
            kind = await from_client.readexactly(1)
            said = kind + await _rest(from_client)
            is_end = kind in _ENDS_A_STATEMENT


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The first message of a connection; who asks for TLS is told that there is none."""
    while (said := await _rest(reader)) == _SSL_REQUEST:
        writer.write(b"N")
    return said


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """A message from its length on."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(struct.unpack("!i", length)[0] - 4)


async def _ready(reader: asyncio.StreamReader) -> None:
    """Wait until the server has done what it was told."""
    async with asyncio.timeout(END_S):
        while True:
            kind = await reader.readexactly(1)
            await _rest(reader)
            if kind == _READY:
                return


def _name_in(begin: bytes) -> str:
    """What the client calls itself."""
    words = begin[8:].split(b"\0")
    told = dict(zip(words[::2], words[1::2], strict=False))
    return told.get(b"application_name", b"").decode()


@contextmanager
def way_to(port: int, *names: str) -> Iterator[tuple[Way, int]]:
    """A way to a server, and its port; statements of applications of these names are counted and cut."""
    way = Way(port, frozenset(names))
    try:
        yield way, way.start()
    finally:
        way.close()
