"""Where the journals of durable executions are, beside what store."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

import msgspec

_UNFINISHED = "SELECT EXISTS (SELECT 1 FROM workflow_status WHERE status IN ('PENDING', 'ENQUEUED'))"


class JournalFile(msgspec.Struct, frozen=True, kw_only=True):
    """A SQLite file, of one process.

    Attributes:
        path: the file.
        folder: what is removed with it at the end; None keeps it.
    """

    path: Path
    folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def has_unfinished(self) -> bool:
        """Whether executions were under way when it was last used."""
        if not self.path.exists():
            return False
        try:
            connection = sqlite3.connect(f"file:{quote(str(self.path))}?mode=ro", uri=True)
            try:
                [found] = connection.execute(_UNFINISHED).fetchone()
            finally:
                connection.close()
        except sqlite3.Error:
            return True  # whoever opens it to write will see
        return bool(found)

    def remove(self) -> None:
        """Leave nothing behind, if that is what it is for."""
        if self.folder is not None:
            self.folder.cleanup()


class JournalSchema(msgspec.Struct, frozen=True, kw_only=True):
    """A schema of a PostgreSQL database that many processes share.

    Attributes:
        url: ``postgresql://…``, with the password.
    """

    url: str

    def __repr__(self) -> str:
        return "JournalSchema()"


def beside(store: Path | None) -> JournalFile:
    """The file beside a SQLite store; for a store in memory, one that lives as long."""
    if store is not None:
        return JournalFile(path=store.with_name(store.name + ".executions"))
    folder = tempfile.TemporaryDirectory(prefix="headrace-", ignore_cleanup_errors=True)
    return JournalFile(path=Path(folder.name) / "executions", folder=folder)
