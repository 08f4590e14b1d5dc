"""The store in a PostgreSQL database, which many processes can share.

Each read is a transaction on one of a few connections, or a statement where it asks for no more; writes go in
groups on a few others.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from types import CodeType
from typing import Any, ClassVar, TypeVar

from headrace.core.changes import Uncounted
from headrace.core.counts import Commits
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.storage.limits import StoreLimits
from headrace.storage.postgres.connection import (
    READ,
    LostConnection,
    LostRace,
    NeedsSnapshot,
    PostgresConnection,
)
from headrace.storage.postgres.opening import prepare
from headrace.storage.postgres.pool import PostgresPool
from headrace.storage.postgres.writer import PostgresWriter

T = TypeVar("T")

READERS_PER_SCAN = 4
"""Of so many connections that read, one may be used by what may take long."""
CONNECTIONS_PER_LANE = 3
"""Of so many connections beside the one that writes anything, one writes for single files."""


class PostgresStore:
    """A store in one database. Belongs to one event loop from its first use on."""

    is_shared: ClassVar = True

    def __init__(self, url: str, limits: StoreLimits) -> None:
        """Bring the database up to date; see `prepare` for what is raised."""
        _run_apart(lambda: asyncio.run(prepare(url, limits)))
        self.changes = Uncounted()
        self._limits = limits
        lanes = max(0, limits.connections - 1) // CONNECTIONS_PER_LANE
        readers = max(1, limits.connections - 1 - lanes)
        self._pool = PostgresPool(url, limits, size=readers)
        self._writer = PostgresWriter(self._pool.connect, timeout_s=limits.timeout_s, lanes=lanes)
        self._scans = asyncio.Semaphore(max(1, readers // READERS_PER_SCAN))
        self._longer: set[CodeType | None] = {None}
        self._is_closed = False
        self._going = 0
        self._idle = asyncio.Event()

    @property
    def commits(self) -> Commits:
        """What is counted of its transactions."""
        return self._writer.commits

    @property
    def waiting_writes(self) -> int:
        """How many use cases wait for a transaction."""
        return self._writer.waiting

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        self._going += 1
        try:
            try:
                return await self._read(account, work)
            except (LostConnection, LostRace):  # the server was started again, or nobody spoke for too long
                return await self._read(account, work)
        except (LostConnection, LostRace) as error:
            raise Unavailable("The store can't be reached right now. Try again.") from error
        finally:
            self._going -= 1
            if not self._going:
                self._idle.set()

    async def _read(self, account: str, work: Callable[[Any], T]) -> T:
        """Run ``work`` in a transaction; in none as long as its code never asked for a second statement."""
        code = getattr(work, "__code__", None)
        async with self._pool.lent() as connection:
            if code not in self._longer:
                try:
                    return await _at_a_glance(connection, account, work)
                except NeedsSnapshot:
                    self._longer.add(code)
            return await _on_snapshot(connection, account, work)

    async def scan(self, account: str, work: Callable[[Transaction], T]) -> T:
        async with self._scans:
            return await self.read(account, work)

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        return await self._writer.run(account, work)

    async def check(self) -> None:
        await self.read("", _look)

    async def scrub(self) -> None:
        """Nothing: no row is left, and what the server does with its files is up to VACUUM."""

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        await self._writer.close()
        if self._going:
            self._idle.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.timeout_s):
                    await self._idle.wait()
        await self._pool.close()


async def _at_a_glance(connection: PostgresConnection, account: str, work: Callable[[Any], T]) -> T:
    connection.begin_glance()
    try:
        return await connection.carry_out(account, work)
    except asyncio.CancelledError:  # nobody waits for what the server still does
        connection.terminate()
        raise


async def _on_snapshot(connection: PostgresConnection, account: str, work: Callable[[Any], T]) -> T:
    try:
        await connection.begin(READ)
        result = await connection.carry_out(account, work)
    except Exception:
        await connection.roll_back()
        raise
    except BaseException:  # cancelled: nobody waits for what the server still does
        connection.terminate()
        raise
    await connection.roll_back()
    return result


def _look(transaction: Transaction) -> None:
    transaction.access.has_keys()


def _run_apart(work: Callable[[], None]) -> None:
    """Run ``work`` in a thread of its own: here an event loop may be running."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            failures.append(error)

    thread = threading.Thread(target=run, name="headrace-open")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
