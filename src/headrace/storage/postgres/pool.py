"""The connections of a process to PostgreSQL: a few, each used by one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from headrace.core.errors import Unavailable
from headrace.storage.errors import StoreOccupied
from headrace.storage.limits import StoreLimits
from headrace.storage.postgres import terms as postgres_terms
from headrace.storage.postgres.connection import LostConnection, PostgresConnection

SESSION = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # All that is asked has an index; whoever reads a whole table collides with whoever writes to it.
    "enable_seqscan": "off",
    "jit": "off",
}
APART = "headrace-apart"
"""What connections are called that do not say to which terms they keep."""
MAX_PAUSE_S = 5.0
"""How long a transaction may wait for its next statement: a process that is held up must not hold up others
with what it has locked. What is undone so is run again."""


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))


AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises when no connection is to be had; the last where a server's greeting makes no sense."""


async def connect(
    url: str, limits: StoreLimits, *, is_patient: bool = False, name: str = APART
) -> asyncpg.Connection:
    """A new connection.

    Args:
        is_patient: whether its statements may take as long as they do.
        name: what the server calls it.

    Raises:
        AWAY: there is none to be had.
    """
    timeout_s = 0 if is_patient else limits.timeout_s
    driver: asyncpg.Connection = await asyncpg.connect(
        url,
        timeout=limits.connect_timeout_s,
        command_timeout=timeout_s or None,
        server_settings={"application_name": name},
    )
    session = {
        **SESSION,
        "statement_timeout": _ms(timeout_s),
        "idle_in_transaction_session_timeout": _ms(min(timeout_s, MAX_PAUSE_S)),
    }
    # Not at its start: poolers refuse what they do not know there.
    await driver.execute("; ".join(f"SET {name} = {value}" for name, value in session.items()))
    return driver


class PostgresPool:
    """Lends up to ``size`` connections, the one that was used last first: it is warm."""

    def __init__(self, url: str, limits: StoreLimits, *, size: int) -> None:
        self._url = url
        self._limits = limits
        self._free = asyncio.Semaphore(size)
        self._idle: list[PostgresConnection] = []

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[PostgresConnection]:
        """A connection for one transaction.

        Raises:
            Unavailable: none was given back in time, or the server can't be reached.
        """
        await self._wait()
        try:
            connection = self._warm() or await self.connect()
            try:
                yield connection
            except LostConnection:
                self._distrust()
                raise
            finally:
                if not connection.is_closed:
                    self._idle.append(connection)
        finally:
            self._free.release()

    def _distrust(self) -> None:
        """Where one broke, those that idled may be broken, too."""
        while self._idle:
            self._idle.pop().terminate()

    async def _wait(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("All connections to the store are in use. Try again.") from None

    def _warm(self) -> PostgresConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection
        return None

    async def connect(self) -> PostgresConnection:
        """A new connection beside those that are lent.

        Raises:
            Unavailable: the server can't be reached, or others use the store who can't share it with us.
        """
        try:
            driver = await connect(self._url, self._limits, name=postgres_terms.name())
            try:
                await postgres_terms.check(driver)
            except BaseException:
                driver.terminate()
                raise
            return PostgresConnection(driver)
        except StoreOccupied as error:
            raise Unavailable(str(error)) from error
        except AWAY as error:
            raise Unavailable("The store can't be reached right now. Try again.") from error

    async def close(self) -> None:
        """Close those that are not lent."""
        while self._idle:
            await self._idle.pop().close()
