"""What is no PostgreSQL, or breaks off while it greets, is a store that is away: never a bug, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headrace.core.errors import Unavailable
from headrace.storage import open_store
from headrace.storage.errors import StoreUnusable
from headrace.storage.limits import StoreLimits
from headrace.storage.postgres.pool import PostgresPool

LIMITS = StoreLimits(connect_timeout_s=2)
GREETINGS = {
    "nothing": b"",
    "half a message": b"R\x00\x00",
    "a type that there is not": b"?\x00\x00\x00\x04",
    "an authentication that there is not": b"R\x00\x00\x00\x08\x00\x00\x03\xe7",
    "data before there is a connection": b"D\x00\x00\x00\x06\x00\x00",
    "a name that is not named": b"R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x05x",
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@asynccontextmanager
async def greeting(answer: bytes) -> AsyncIterator[str]:
    """The URL of a server that says this to whoever comes, and hangs up."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"postgresql://u:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/d?sslmode=disable"
    finally:
        server.close()


@pytest.mark.parametrize("answer", GREETINGS.values(), ids=GREETINGS)
def test_a_connection_to_it_is_not_to_be_had(answer: bytes) -> None:
    async def ask() -> None:
        async with greeting(answer) as url:
            await PostgresPool(url, LIMITS, size=1).connect()

    with pytest.raises(Unavailable, match="can't be reached right now"):
        asyncio.run(ask())


@pytest.mark.parametrize("answer", GREETINGS.values(), ids=GREETINGS)
def test_a_store_on_it_is_not_opened(answer: bytes) -> None:
    async def ask() -> None:
        async with greeting(answer) as url:
            await asyncio.to_thread(open_store, url, LIMITS)

    with pytest.raises(StoreUnusable, match="can't be opened as a store") as refusal:
        asyncio.run(ask())
    assert "secret" not in str(refusal.value)
