"""A PostgreSQL store as the source or the target of a copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from headrace.storage.copies.copying import (
    AGAIN,
    BATCH_BYTES,
    NOT_EMPTY,
    TABLES,
    CopyRefused,
    quoted,
    size_of,
)
from headrace.storage.errors import StoreUnfinished, StoreUnusable
from headrace.storage.limits import StoreLimits
from headrace.storage.log_words import index_words
from headrace.storage.migrations import check_current, mark, unmark
from headrace.storage.place import shown
from headrace.storage.postgres import greenlets
from headrace.storage.postgres.connection import PostgresConnection, decoded, encoded
from headrace.storage.postgres.log_words import fitting
from headrace.storage.postgres.opening import opening, prepare
from headrace.storage.postgres.pool import AWAY, connect
from headrace.storage.postgres.statements import MIGRATIONS, STATEMENTS
from headrace.storage.sql.logs import LOG
from headrace.storage.sql.rows import Row

INDEXED_AT_ONCE = 100
MOST_ROWS = 200
"""So many at the most are asked for at a time: how large they are is only known when they are here."""
_COPYING = 0x434F5059
"""The advisory lock of who copies into a database ("COPY")."""
_COUNTERS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES'
"""


class PostgresCopy:
    """One side of a copy, on one connection."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._named = PostgresConnection(driver)

    async def columns(self, table: str) -> list[str]:
        rows = await self._driver.fetch(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = $1",
            table,
        )
        return [row[0] for row in rows]

    async def count(self, table: str) -> int:
        return int(await self._driver.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own

    async def batches(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
        if self._driver.is_in_transaction():
            async for rows in self._batches(table, columns):
                yield rows
            return
        async with self._driver.transaction(isolation="repeatable_read", readonly=True):
            async for rows in self._batches(table, columns):
                yield rows

    async def _batches(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
        cursor = await self._driver.cursor(f"SELECT {quoted(columns)} FROM {table}")  # noqa: S608 - our own
        take = 10
        while records := await cursor.fetch(take):
            rows = [tuple(map(decoded, record)) for record in records]
            yield rows
            mean_bytes = max(1, sum(map(size_of, rows)) // len(rows))
            take = max(1, min(MOST_ROWS, BATCH_BYTES // mean_bytes, 10 * take))

    async def going(self) -> int:
        row = await greenlets.run(lambda: self._named.one("count_of_all_going_executions"))
        return 0 if row is None else int(row[0])

    async def sealed(self) -> str | None:
        row = await greenlets.run(lambda: self._named.one("sealed_secret"))
        return None if row is None else str(row[0])

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        records = [tuple(map(encoded, row)) for row in rows]
        await self._driver.copy_records_to_table(table, columns=columns, records=records)

    async def index(self, tell: Callable[[int], None]) -> int:
        done, after = 0, -(2**63)
        while rows := await self._logs(after):
            await self._driver.executemany(STATEMENTS["put_words"].text, self._words(rows))
            done, after = done + len(rows), rows[-1][1]
            tell(done)
        return done

    async def _logs(self, after: int) -> list[Row]:
        return await greenlets.run(
            lambda: self._named.all("logs_to_index", after=after, take=INDEXED_AT_ONCE)
        )

    def _words(self, rows: list[Row]) -> list[tuple[Any, ...]]:
        order = STATEMENTS["put_words"].parameters
        found = []
        for _, place, file_number, version_number, *columns in rows:
            log = LOG.load(tuple(columns))
            words = index_words(log, file_number=file_number, version_number=version_number)
            if words:
                values = {"place": place, "words": encoded(fitting(words))}
                found.append(tuple(values[name] for name in order))
        return found

    async def finish(self) -> None:
        for table, column in await self._driver.fetch(_COUNTERS):
            await self._driver.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) "  # noqa: S608
                f"FROM {table} HAVING max({column}) > 0"
            )
        await self._driver.execute("ANALYZE")
        await greenlets.run(lambda: unmark(self._named))


@asynccontextmanager
async def postgres_source(url: str, limits: StoreLimits) -> AsyncIterator[PostgresCopy]:
    """The store in this database, as it is at one moment; others may go on.

    Raises:
        CopyRefused: there is none.
        StoreError: it can't be reached, or is not of this release.
    """
    async with _connected(url, limits) as driver:
        if await driver.fetchval("SELECT to_regclass('migrations')") is None:
            raise CopyRefused(f"There is no store at {shown(url)}.")
        named = PostgresConnection(driver)
        await greenlets.run(lambda: check_current(named, MIGRATIONS))
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresCopy(driver)


@asynccontextmanager
async def postgres_target(url: str, limits: StoreLimits, *, is_again: bool) -> AsyncIterator[PostgresCopy]:
    """A new store in this database, marked as unfinished.

    Args:
        is_again: whether what an unfinished copy left there is removed first.

    Raises:
        CopyRefused: something is there, or is being copied there.
    """
    async with _connected(url, limits) as driver:
        if not await driver.fetchval(f"SELECT pg_try_advisory_lock({_COPYING})"):
            raise CopyRefused(f"{shown(url)}: another copy into it is going on.")
        # Only now: what another copy leaves unfinished it may still have finished.
        is_unfinished = await _is_unfinished(url, limits)
        if is_unfinished and not is_again:
            raise CopyRefused(f"{shown(url)}: an unfinished copy is there. {AGAIN}")
        side, named = PostgresCopy(driver), PostgresConnection(driver)
        if is_unfinished:
            await driver.execute(f"TRUNCATE {', '.join((*TABLES, 'log_words'))}")
        elif any([await side.count(table) for table in TABLES]):
            raise CopyRefused(f"{shown(url)}: {NOT_EMPTY}")
        else:
            await greenlets.run(lambda: mark(named))
        yield side


@asynccontextmanager
async def _connected(url: str, limits: StoreLimits) -> AsyncIterator[asyncpg.Connection]:
    """A connection for whole tables."""
    with opening(url):
        driver = await connect(url, limits, is_patient=True)
    try:
        await driver.execute("SET enable_seqscan = on")
        yield driver
    except AWAY as error:
        raise StoreUnusable(f"{shown(url)}: the copy broke off: {error}.") from error
    finally:
        driver.terminate()


async def _is_unfinished(url: str, limits: StoreLimits) -> bool:
    try:
        await prepare(url, limits)
    except StoreUnfinished:
        return True
    return False
