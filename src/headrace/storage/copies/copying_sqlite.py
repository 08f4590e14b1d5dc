"""A SQLite store as the source or the target of a copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw

from headrace.storage.copies.copying import (
    AGAIN,
    BATCH_BYTES,
    BATCH_ROWS,
    NOT_EMPTY,
    TABLES,
    CopyRefused,
    quoted,
    size_of,
)
from headrace.storage.errors import NoSuchStore, StoreUnfinished
from headrace.storage.log_words import index_words
from headrace.storage.migrations import SCHEMA, check_current, mark, migrate, migrations_in, unmark
from headrace.storage.sql.logs import LOG
from headrace.storage.sql.rows import Row
from headrace.storage.sqlite.connection import SqliteConnection, make_file, opening
from headrace.storage.sqlite.lock import FileLock
from headrace.storage.sqlite.log_words import SqliteLogWords

INDEXED_AT_ONCE = 96


class SqliteCopy:
    """One side of a copy: a connection that runs statements by name, and one for whole tables."""

    def __init__(self, path: Path, named: SqliteConnection) -> None:
        self._named = named
        self._sqlite = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        self._sqlite.pragma("synchronous", "NORMAL")  # a power cut leaves the mark in place

    async def columns(self, table: str) -> list[str]:
        rows = self._sqlite.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return [str(name) for (name,) in rows]

    async def count(self, table: str) -> int:
        return self.rows_in(table)

    def rows_in(self, table: str) -> int:
        """How many rows a table has."""
        ((count,),) = self._sqlite.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
        assert isinstance(count, int)
        return count

    async def batches(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
        rows: list[Row] = []
        size_bytes = 0
        for row in self._sqlite.execute(f"SELECT {quoted(columns)} FROM {table}"):  # noqa: S608 - our own
            rows.append(row)
            size_bytes += size_of(row)
            if len(rows) == BATCH_ROWS or size_bytes >= BATCH_BYTES:
                yield rows
                rows, size_bytes = [], 0
        if rows:
            yield rows

    async def going(self) -> int:
        row = self._named.one("count_of_all_going_executions")
        return 0 if row is None else int(row[0])

    async def sealed(self) -> str | None:
        row = self._named.one("sealed_secret")
        return None if row is None else str(row[0])

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        places = ", ".join("?" * len(columns))
        text = f"INSERT INTO {table} ({quoted(columns)}) VALUES ({places})"  # noqa: S608 - our own
        with self._sqlite:
            self._sqlite.executemany(text, rows)

    async def index(self, tell: Callable[[int], None]) -> int:
        done, after = 0, -(2**63)
        while rows := self._named.all("logs_to_index", after=after, take=INDEXED_AT_ONCE):
            with self._named.transaction():
                for account, place, file_number, version_number, *columns in rows:
                    log = LOG.load(tuple(columns))
                    words = index_words(log, file_number=file_number, version_number=version_number)
                    SqliteLogWords(self._named, account).add(place, id=log.id, words=words)
            done, after = done + len(rows), rows[-1][1]
            tell(done)
        return done

    async def finish(self) -> None:
        with self._named.transaction():
            unmark(self._named)

    def close(self) -> None:
        """Let go of the file."""
        self._sqlite.close()


@contextmanager
def sqlite_source(path: Path) -> Iterator[SqliteCopy]:
    """The store in this file, which nobody else has meanwhile.

    Raises:
        NoSuchStore: there is none.
        StoreError: another process has it, or it is not of this release.
    """
    if not path.exists():
        raise NoSuchStore(f"There is no store at {path}.")
    with opening(path), ExitStack() as stack:
        lock = FileLock(path)
        stack.callback(lock.release)
        named = SqliteConnection(path)
        stack.callback(named.close)
        named.prepare()
        check_current(named, migrations_in(SCHEMA))
        side = SqliteCopy(path, named)
        stack.callback(side.close)
        yield side


@contextmanager
def sqlite_target(path: Path, *, is_again: bool) -> Iterator[SqliteCopy]:
    """A new store in this file, marked as unfinished.

    Args:
        is_again: whether what an unfinished copy left there is removed first.

    Raises:
        CopyRefused: something is there.
    """
    with opening(path), ExitStack() as stack:
        lock = FileLock(path)
        stack.callback(lock.release)
        named = _new(path, is_again=is_again)
        stack.callback(named.close)
        side = SqliteCopy(path, named)
        stack.callback(side.close)
        if any(side.rows_in(table) for table in TABLES):
            raise CopyRefused(f"{path}: {NOT_EMPTY}")
        with named.transaction():
            mark(named)
        yield side


def _new(path: Path, *, is_again: bool) -> SqliteConnection:
    try:
        return _opened(path)
    except StoreUnfinished as error:
        if not is_again:
            raise CopyRefused(f"{path}: an unfinished copy is there. {AGAIN}") from error
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _opened(path)


def _opened(path: Path) -> SqliteConnection:
    make_file(path)
    connection = SqliteConnection(path)
    try:
        connection.prepare()
        migrate(connection, migrations_in(SCHEMA))
    except BaseException:
        connection.close()
        raise
    return connection
