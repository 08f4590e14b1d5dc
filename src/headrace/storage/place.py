"""Where a store lies, and which server runs on it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path

SQLITE = "sqlite:///"


def path_of(url: str) -> Path | None:
    """The database file of a SQLite store's URL; None for stores that are no file."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def lock_path(path: Path) -> Path:
    """The file whose lock says that a process has the database open, and whose text says which."""
    return path.with_name(path.name + ".lock")


def running_server(url: str) -> Mapping[str, str] | None:
    """What the server on this store wrote about itself; None when none runs."""
    path = path_of(url)
    if path is None:
        return None
    try:
        with lock_path(path).open() as file:
            if not _is_locked(file.fileno()):
                return None
            note = json.load(file)
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) and "url" in note else None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
