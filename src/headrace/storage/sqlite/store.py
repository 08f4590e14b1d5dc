"""The store in one SQLite file: durable, one process at a time, reads in line, writes in groups.

Reads that may look at very much have a thread and a connection of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, TypeVar

from headrace.core.changes import Changes
from headrace.core.counts import Commits
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.storage.groups import GroupCommit
from headrace.storage.migrations import SCHEMA, migrate, migrations_in
from headrace.storage.sql.transaction import SqlTransaction
from headrace.storage.sqlite.connection import SqliteConnection, empty_journals, empty_log, make_file, opening
from headrace.storage.sqlite.lock import FileLock
from headrace.storage.sqlite.log_words import SqliteLogWords
from headrace.storage.sqlite.scans import Scans

T = TypeVar("T")


CHECKPOINT_ATTEMPTS = 100
CHECKPOINT_PAUSE_S = 0.05
"""How often, and how long apart, the log is tried to be emptied while others read."""


class SqliteStore:
    """A store of one file. Belongs to one event loop from its first write on."""

    is_shared: ClassVar = False

    def __init__(self, path: Path) -> None:
        """Open the file, make it if there is none, bring it up to date.

        Raises:
            StoreLocked: another process has it open.
            StoreTooNew: a later release wrote it.
            StoreDamaged: it is not a store, or not as this code would have made it.
            StoreUnusable: the disk is full, or SQLite can't read or write there.
            OSError: the file can't be made.
        """
        with opening(path), ExitStack() as undo:
            self._lock = FileLock(path)
            undo.callback(self._lock.release)
            make_file(path)
            self._writer = SqliteConnection(path)
            undo.callback(self._writer.close)
            self._writer.prepare()
            migrate(self._writer, migrations_in(SCHEMA))
            self._reader = SqliteConnection(path, is_read_only=True)
            undo.pop_all()
        self._path = path
        self.changes = Changes()
        self._groups = GroupCommit(self._writer, self._count)
        self._scans = Scans(path)
        self._writes: dict[str, SqlTransaction] = {}
        self._reads: dict[str, SqlTransaction] = {}
        self._is_closed = False

    @property
    def commits(self) -> Commits:
        """What is counted of its transactions."""
        return self._groups.commits

    @property
    def waiting_writes(self) -> int:
        """How many use cases wait for a transaction."""
        return self._groups.waiting

    def annotate(self, note: Mapping[str, str]) -> None:
        """Leave ``note`` in the lock file, for who finds the store open."""
        self._lock.annotate(note)

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        transaction = self._reads.get(account)
        if transaction is None:
            transaction = self._reads[account] = SqlTransaction(self._reader, account, SqliteLogWords)
        return self._reader.in_snapshot(lambda: work(transaction))

    async def scan(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        return await self._scans.run(account, work)

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        transaction = self._writes.get(account)
        if transaction is None:
            transaction = self._writes[account] = SqlTransaction(self._writer, account, SqliteLogWords)
        return await self._groups.run(lambda: work(transaction))

    def _count(self) -> None:
        self.changes.count(of_registry=self._writer.changes_registry)
        self._writer.changes_registry = False

    async def check(self) -> None:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        self._reader.one("newest_migration")

    async def scrub(self) -> None:
        """Overwritten at once is what tables held; the indexes of words forget when they are written anew."""
        words = SqliteLogWords(self._writer, "")
        await self._groups.run(words.fold)
        while not await self._groups.run(words.merge):
            pass
        for empty in (empty_log, empty_journals):
            for _ in range(CHECKPOINT_ATTEMPTS):
                if await asyncio.to_thread(empty, self._path):
                    break
                await asyncio.sleep(CHECKPOINT_PAUSE_S)

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        await self._groups.close()
        await self._scans.close()
        self._reader.close()
        self._writer.close()
        self._lock.release()
