"""Where a store lies, and which server runs on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from headrace.storage.sqlite.lock import is_locked, read_note

SQLITE = "sqlite:///"
_SECRET = re.compile(r"(//[^:/?#]*:).*(?=@)|(password=)[^&]*")


def url_of(store: str) -> str:
    """A store's URL: what has no scheme is the path of a SQLite file."""
    return store if ":" in store or not store else SQLITE + store


def shown(store: str) -> str:
    """A store as it was named, for others to see: without a password."""
    return _SECRET.sub(r"\1\2***", store)


def path_of(store: str) -> Path | None:
    """The database file of a SQLite store; None for stores that are no file."""
    url = url_of(store)
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def is_of_one_process(store: str) -> bool:
    """Whether nobody else can use a store while a server does: a SQLite file, or memory."""
    return path_of(store) is not None or store == "memory:"


def running_server(url: str) -> Mapping[str, str] | None:
    """What the server on this store wrote about itself; None when none runs."""
    path = path_of(url)
    note = read_note(path) if path else {}
    # A killed server leaves its note behind, so the lock decides. It is asked last: asking means to hold it
    # for a moment, which a server that starts just then must not meet.
    return note if path and "url" in note and is_locked(path) else None
