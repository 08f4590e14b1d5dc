"""A SQLite connection that runs statements by name, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from headrace.core.errors import Unavailable
from headrace.core.ports import Clash
from headrace.storage.errors import ReadOnly, StoreDamaged, StoreUnusable
from headrace.storage.sql.collection import Step
from headrace.storage.sql.queries import QUERIES
from headrace.storage.sql.rows import Row
from headrace.storage.watching import REGISTRY

T = TypeVar("T")

APPLICATION_ID = 0x48454144
"""Marks a file as a store of Headrace ("HEAD")."""
CHECKPOINT_PAGES = 4000
CACHE_KIB = 16 * 1024
MMAP_BYTES = 256 * 1024 * 1024
JOURNALS = ".executions"
"""What follows the store's name in that of the file with the journals of executions in the background."""
BUSY_TIMEOUT_MS = 200
"""How long a foreign tool that holds the file may make the event loop wait."""

RULES = {
    "aliases.account, aliases.file_id, aliases.id": "id",
    "aliases.account, aliases.file_id, aliases.name": "alias_name",
    "datapoints.account, datapoints.id": "id",
    "entries.account, entries.id": "id",
    "entries.account, entries.path": "path",
    "entries.account, entries.kind, entries.short_name": "short_name",
    "entries.account, entries.short_id": "short_id",
    "environments.account": "environment_default",
    "environments.account, environments.id": "id",
    "environments.account, environments.name": "environment_name",
    "evaluations.account, evaluations.file_id, evaluations.name": "evaluation_name",
    "evaluations.account, evaluations.id": "id",
    "erasures.account, erasures.id": "id",
    "event_batches.account, event_batches.execution_id, event_batches.first": "id",
    "executions.account, executions.id": "id",
    "executions.account, executions.file_id, executions.pointer_id, executions.name": "execution_name",
    "keys.access_key_id": "key",
    "keys.api_key_hash": "key",
    "keys.id": "id",
    "logs.account, logs.id": "id",
    "logs.account, logs.judged_id, logs.version_id, logs.is_automatic": "judgment",
    "monitors.account, monitors.file_id, monitors.evaluator_id, monitors.environment_id": "monitor",
    "monitors.account, monitors.file_id, monitors.version_id": "monitor",
    "monitors.account, monitors.id": "id",
    "moves.account, moves.id": "id",
    "organisations.account": "id",
    "receipts.account, receipts.operation, receipts.parent, receipts.token": "receipt",
    "releases.account, releases.file_id, releases.number": "release_number",
    "runs.account, runs.id": "id",
    "slots.account, slots.log_id, slots.run_id": "slot",
    "slots.account, slots.run_id, slots.datapoint_id": "slot",
    "slots.account, slots.run_id, slots.place": "id",
    "tickets.account, tickets.execution_id": "id",
    "users.account, users.email": "email",
    "users.account, users.id": "id",
    "versions.account, versions.file_id, versions.digest": "version_digest",
    "versions.account, versions.file_id, versions.name": "version_name",
    "versions.account, versions.id": "id",
}
"""The rule of ``Clash`` for each unique constraint, by the columns that SQLite names."""

_UNIQUE = "UNIQUE constraint failed: "
_NO_REFERENCE = frozenset(
    {"FOREIGN KEY constraint failed", "NOT NULL constraint failed: releases.version_id"}
)
_OUT_OF_ORDER = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CantOpenError,
    apsw.NoMemError,
    apsw.CorruptError,
    apsw.NotADBError,
)
"""Errors that tell of the machine or the file, not of the statement."""


class SqliteConnection:
    """One connection to a store's file. It serves one thread at a time.

    Attributes:
        changes_registry: whether the registry was changed since this was last set to False.
    """

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        flags = apsw.SQLITE_OPEN_READONLY if is_read_only else apsw.SQLITE_OPEN_READWRITE
        self._sqlite = apsw.Connection(str(path), flags=flags, statementcachesize=2 * len(QUERIES))
        # One plan a statement, whatever its values are: else SQLite, wherever a partial index is at hand,
        # prepares a statement anew each time that it is given values, which takes five times as long as
        # running it.
        self._sqlite.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._sqlite.set_busy_timeout(BUSY_TIMEOUT_MS)
        self._cursor = self._sqlite.cursor()
        self.changes_registry = False
        for name, value in (
            ("foreign_keys", "ON"),
            ("synchronous", "FULL"),
            ("fullfsync", "ON"),  # macOS, where a plain fsync leaves data in the drive's own cache
            ("checkpoint_fullfsync", "ON"),
            ("cache_size", -CACHE_KIB),
            ("mmap_size", MMAP_BYTES),
            ("wal_autocheckpoint", CHECKPOINT_PAGES),
            ("secure_delete", "ON"),  # what is removed is overwritten, so that erasing needs no new file
        ):
            self._sqlite.pragma(name, value)

    def one(self, statement: str, **values: Any) -> Row | None:
        if statement in REGISTRY:
            self.changes_registry = True
        rows = self._execute(QUERIES[statement], values).fetchall()
        return rows[0] if rows else None

    def all(self, statement: str, **values: Any) -> list[Row]:
        if statement in REGISTRY:
            self.changes_registry = True
        return self._execute(QUERIES[statement], values).fetchall()

    def run(self, statement: str, **values: Any) -> int:
        if statement in REGISTRY:
            self.changes_registry = True
        self._execute(QUERIES[statement], values)
        return self._sqlite.changes()

    def together(self, *steps: Step) -> None:
        for statement, values in steps:
            if statement in REGISTRY:
                self.changes_registry = True
            self._execute(QUERIES[statement], values)

    def script(self, text: str) -> None:
        self._execute(text)

    def _execute(self, text: str, values: dict[str, Any] | None = None) -> apsw.Cursor:
        try:
            return self._cursor.execute(text, values)
        except apsw.ConstraintError as error:
            rule = _broken_rule(error)
            if rule is None:
                raise
            raise Clash(rule) from error
        except apsw.ReadOnlyError as error:
            raise ReadOnly("This use case writes; give it to `write`.") from error
        except _OUT_OF_ORDER as error:
            raise Unavailable("The store can't be used right now. Try again.") from error

    @property
    def is_in_transaction(self) -> bool:
        return self._sqlite.in_transaction

    def begin(self) -> None:
        """Begin a transaction that can write; what an earlier one failed to undo is undone now."""
        self.roll_back()
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the transaction durable; undo it when that fails."""
        try:
            self._execute("COMMIT")
        except (Unavailable, apsw.Error) as error:
            self.roll_back()
            raise Unavailable("The store could not keep this. Try again.") from error

    def roll_back(self) -> None:
        """Undo the transaction, unless SQLite already did."""
        if self._sqlite.in_transaction:
            self._execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.begin()
        try:
            yield
            self.commit()
        finally:
            self.roll_back()

    def in_savepoint(self, work: Callable[[], T]) -> T:
        """Run ``work`` so that its changes are undone when it raises, and no others."""
        self._execute("SAVEPOINT job")
        is_kept = False
        try:
            result = work()
            self._execute("RELEASE job")
            is_kept = True
        finally:
            if not is_kept and self.is_in_transaction:
                self._undo_savepoint()
        return result

    def _undo_savepoint(self) -> None:
        try:
            self._execute("ROLLBACK TO job")
            self._execute("RELEASE job")
        except Unavailable:
            self.roll_back()  # all of the group, rather than keep a part of one use case
            raise

    def in_snapshot(self, work: Callable[[], T]) -> T:
        """Run ``work`` on one state of the store."""
        self._execute("BEGIN")
        try:
            return work()
        finally:
            self._execute("COMMIT")

    def prepare(self) -> None:
        """Make the file a store's if it is new.

        Raises:
            StoreDamaged: it holds something else.
        """
        path = Path(self._sqlite.filename)
        is_new = not self._sqlite.pragma("schema_version")
        if not is_new and self._sqlite.pragma("application_id") != APPLICATION_ID:
            raise StoreDamaged(f"{path} is a database, but not one of Headrace's.")
        self._sqlite.pragma("journal_mode", "WAL")
        if is_new:
            with self.transaction():
                self._sqlite.pragma("application_id", APPLICATION_ID)
                self.script(QUERIES["make_migrations"])

    def close(self) -> None:
        """Close; a connection that can write first moves the log into the file."""
        if not self._sqlite.readonly("main"):
            self._sqlite.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._sqlite.close()


def empty_log(path: Path) -> bool:
    """Move the write-ahead log of a store that is open into its file; False when others were in the way."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as sqlite:
        sqlite.set_busy_timeout(BUSY_TIMEOUT_MS)
        try:
            sqlite.pragma("schema_version")  # a connection that has read nothing knows of no log
            sqlite.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False
        return True


def empty_journals(store: Path) -> bool:
    """The same of the journals of executions that lie beside a store, if there are any.

    Only with Python's own SQLite: that has them open, and a file that two of its kind have open in one
    process loses its locks when one of them closes it.
    """
    path = store.with_name(store.name + JOURNALS)
    if not path.exists():
        return True
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)) as sqlite:
        is_busy, *_ = sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Say of a store that can't be opened which it is, and why."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreDamaged(f"{path} is not a readable database. Restore a backup.") from error
    except (Unavailable, apsw.ReadOnlyError, *_OUT_OF_ORDER) as error:
        reason = error.__cause__ or error
        raise StoreUnusable(f"{path} can't be opened as a store: {reason}.") from error


def _broken_rule(error: apsw.ConstraintError) -> str | None:
    text = str(error)
    return "reference" if text in _NO_REFERENCE else RULES.get(text.removeprefix(_UNIQUE))


def make_file(path: Path) -> None:
    """Make an empty file that only its owner can read, unless there is one; its name is durable."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
