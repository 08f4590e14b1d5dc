"""The load generator: who closes connections under load is either refused or counted."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bench.load import Result, load, request

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n%s\r\nok"


@asynccontextmanager
async def server(answers_a_connection: int, *, says_so: bool) -> AsyncIterator[str]:
    """One that closes each connection after so many answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for left in reversed(range(answers_a_connection)):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER % (b"connection: close\r\n" if says_so and not left else b""))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as made:
        yield f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}"


async def asked(count: int, *, says_so: bool, may_reconnect: bool) -> Result:
    requests = itertools.repeat(request("GET", "/", {}), count)
    async with server(3, says_so=says_so) as url:
        return await load(
            url, requests, connections=1, seconds=60, pid=os.getpid(), may_reconnect=may_reconnect
        )


def test_a_connection_that_was_closed_is_made_again_and_counted() -> None:
    told = asyncio.run(asked(10, says_so=True, may_reconnect=True))
    assert (told.count, told.reconnects, told.failures) == (10, 3, 0)


def test_what_was_not_answered_counts_for_nothing() -> None:
    told = asyncio.run(asked(10, says_so=False, may_reconnect=True))
    assert 0 < told.count <= 10
    assert told.reconnects >= 2
    assert told.failures == 0


@pytest.mark.parametrize("says_so", [True, False])
def test_who_may_not_close_connections_is_refused(says_so: bool) -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(asked(10, says_so=says_so, may_reconnect=False))
