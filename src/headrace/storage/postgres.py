"""The store in a PostgreSQL database, which many processes can share.

A use case is one serializable transaction: when others were faster it is run again, so that its outcome is
one that it could have had alone.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from headrace.core.changes import Uncounted
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.storage.limits import StoreLimits
from headrace.storage.postgres_connection import READ, WRITE, LostConnection, LostRace, NeedsCare
from headrace.storage.postgres_opening import prepare
from headrace.storage.postgres_pool import PostgresPool

T = TypeVar("T")

SCANS_PER_CONNECTIONS = 4
"""Of so many connections one may be used by reads that may take long."""
LONGEST_PAUSE_S = 0.05


class PostgresStore:
    """A store in one database. Belongs to one event loop from its first use on."""

    is_shared: ClassVar = True

    def __init__(self, url: str, limits: StoreLimits) -> None:
        """Bring the database up to date; see `prepare` for what is raised."""
        _run_apart(lambda: asyncio.run(prepare(url, limits)))
        self.changes = Uncounted()
        self._limits = limits
        self._pool = PostgresPool(url, limits)
        self._scans = asyncio.Semaphore(max(1, limits.connections // SCANS_PER_CONNECTIONS))
        self._repeating = asyncio.Lock()
        self._is_closed = False
        self._going = 0
        self._idle = asyncio.Event()

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T:
        return await self._carry_out(account, work, READ)

    async def scan(self, account: str, work: Callable[[Transaction], T]) -> T:
        async with self._scans:
            return await self._carry_out(account, work, READ)

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        return await self._carry_out(account, work, WRITE)

    async def _carry_out(self, account: str, work: Callable[[Any], T], begin: str) -> T:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        self._going += 1
        try:
            return await self._attempt(account, work, begin, is_careful=False)
        except (LostRace, LostConnection, NeedsCare) as error:
            return await self._repeat(account, work, begin, error)
        finally:
            self._going -= 1
            if not self._going:
                self._idle.set()

    async def _attempt(self, account: str, work: Callable[[Any], T], begin: str, *, is_careful: bool) -> T:
        async with self._pool.lent() as connection:
            return await connection.transact(account, work, begin=begin, is_careful=is_careful)

    async def _repeat(self, account: str, work: Callable[[Any], T], begin: str, error: Exception) -> T:
        """Until it is no worse for others; one after another, so that those who repeat do not meet again."""
        end = time.monotonic() + self._limits.timeout_s
        is_careful, lost, pause_s = False, 0, 0.001
        async with self._repeating:
            while time.monotonic() < end:
                is_careful |= isinstance(error, NeedsCare)
                lost += isinstance(error, LostConnection)
                if lost > 1:
                    break
                if isinstance(error, LostRace):
                    await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - against meeting again
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                try:
                    return await self._attempt(account, work, begin, is_careful=is_careful)
                except (LostRace, LostConnection, NeedsCare) as another:
                    error = another
        raise Unavailable("The store could not keep this. Try again.") from error

    async def check(self) -> None:
        await self.read("", _look)

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._going:
            self._idle.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.timeout_s):
                    await self._idle.wait()
        await self._pool.close()


def _look(transaction: Any) -> None:
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
