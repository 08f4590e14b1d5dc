"""A connection ends when a request's head grows too large or does not come."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from headrace.cli.connection import CORKED_BYTES, Connection, Corked

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


LARGE = b"x" * 50_000_000
"""More than any socket holds."""


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})
        return
    await asyncio.sleep(0.3 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


class Impatient(Connection):
    max_head_bytes = 1000
    head_timeout_s = 0.1
    stall_timeout_s = 0.1


class Patient(Connection):
    """For what is to end by itself, however long this process has to stand still."""

    max_head_bytes = 1000
    head_timeout_s = 60.0
    stall_timeout_s = 1.0


def talk(conversation: Callable[[Streams], Awaitable[bytes]], kind: type[Connection] = Impatient) -> bytes:
    """What a conversation with a server came to, an impatient one unless said otherwise."""

    async def run() -> bytes:
        config = uvicorn.Config(hello, log_config=None)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(config, ServerState(), {}), "127.0.0.1", 0)
        async with server:
            streams = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await asyncio.wait_for(conversation(streams), timeout=60)
            finally:
                streams[1].close()

    return asyncio.run(run())


def test_a_head_without_end() -> None:
    async def conversation(streams: Streams) -> bytes:
        reader, writer = streams
        writer.write(HEAD)
        for number in itertools.count():
            writer.write(b"X-%d: %b\r\n" % (number, b"more" * 50))
            try:
                await writer.drain()
                return await asyncio.wait_for(reader.readline(), timeout=0.001)
            except TimeoutError:
                continue
        raise AssertionError

    assert talk(conversation, Patient) == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


def test_nothing_at_all() -> None:
    assert talk(lambda streams: streams[0].read()) == b""


def test_a_head_that_stops() -> None:
    async def conversation(streams: Streams) -> bytes:
        streams[1].write(HEAD)
        return await streams[0].read()

    assert talk(conversation) == b""


def test_an_answer_is_waited_for() -> None:
    async def conversation(streams: Streams) -> bytes:
        streams[1].write(HEAD.replace(b"GET /", b"GET /slow") + b"\r\n")
        await streams[1].drain()
        await asyncio.sleep(0.05)  # so that the next head begins on its own
        streams[1].write(HEAD)
        return await streams[0].read()

    assert talk(conversation).endswith(b"\r\n\r\nhi")


def test_many_requests_on_one_connection() -> None:
    async def conversation(streams: Streams) -> bytes:
        reader, writer = streams
        for _ in range(50):  # together far more than one head may be
            writer.write(HEAD + b"\r\n")
            assert await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"hi"
        return b"done"

    assert talk(conversation, Patient) == b"done"


def test_an_answer_that_nobody_reads() -> None:
    is_lost = asyncio.Event()

    class Watched(Impatient):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            is_lost.set()

    async def conversation(streams: Streams) -> bytes:
        reader, writer = streams
        writer.write(HEAD.replace(b"GET /", b"GET /large") + b"\r\n")
        await is_lost.wait()
        return await _read(reader, pauses=0)

    assert len(talk(conversation, Watched)) < len(LARGE), "only what was on its way"


def test_an_answer_that_is_read_slowly() -> None:
    async def conversation(streams: Streams) -> bytes:
        reader, writer = streams
        writer.write(HEAD.replace(b"GET /", b"GET /large") + b"\r\n")
        return await _read(reader, pauses=12)

    assert len(talk(conversation, Patient)) > len(LARGE)


async def _read(reader: asyncio.StreamReader, *, pauses: int) -> bytes:
    """What comes until the end of the answer or of the connection; the pauses together try any patience."""
    found = bytearray()
    next_pause = 0
    try:
        while not found.endswith(b"0\r\n\r\n") and (part := await reader.read(2**20)):
            found += part
            if pauses and len(found) > next_pause:
                next_pause += len(LARGE) // pauses
                await asyncio.sleep(0.1)
    except ConnectionResetError:
        pass
    return bytes(found)


class Pipe:
    """A transport that keeps what is sent, piece by piece."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def writelines(self, parts: list[bytes]) -> None:
        self.sent.append(b"".join(parts))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str) -> str:
        return name


def test_what_is_written_without_waiting_is_sent_together() -> None:
    async def scene() -> list[bytes]:
        pipe: Any = Pipe()
        corked = Corked(pipe, asyncio.get_running_loop())
        corked.write(b"head")
        corked.write(b"body")
        assert pipe.sent == []
        await asyncio.sleep(0)
        assert pipe.sent == [b"headbody"]
        corked.write(b"x" * CORKED_BYTES)
        assert len(pipe.sent) == 1
        corked.write(b"y")
        assert len(pipe.sent) == 2, "nothing piles up while nobody waits"
        corked.write(b"last")
        corked.close()
        corked.write(b"late")
        await asyncio.sleep(0)
        assert corked.get_extra_info("peername") == "peername"
        assert pipe.is_closed
        sent: list[bytes] = pipe.sent
        return sent[2:]

    assert asyncio.run(scene()) == [b"last"]
