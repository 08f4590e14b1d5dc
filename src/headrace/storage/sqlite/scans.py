"""Reads that may take long, beside everything else: one at a time, in a thread with its own connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from headrace.core.ports import Transaction
from headrace.storage.sql.transaction import SqlTransaction
from headrace.storage.sqlite.connection import SqliteConnection
from headrace.storage.sqlite.log_words import SqliteLogWords

T = TypeVar("T")


class Scans:
    """Runs them. SQLite lets go of Python while it looks, so that the event loop goes on meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="headrace-scan")
        self._connection: SqliteConnection | None = None

    async def run(self, account: str, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on one state of the store, as soon as those that wait already are through."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, account, work)

    def _run(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self._connection is None:
            self._connection = SqliteConnection(self._path, is_read_only=True)
        transaction = SqlTransaction(self._connection, account, SqliteLogWords)
        return self._connection.in_snapshot(lambda: work(transaction))

    async def close(self) -> None:
        """Let the one that runs end; those that wait are given up."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
