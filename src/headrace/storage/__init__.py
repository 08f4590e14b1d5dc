"""Where everything is kept: one implementation of ``core.ports.Store`` for each URL scheme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headrace.core.ports import Store
from headrace.storage.errors import NoSuchStore
from headrace.storage.memory import MemoryStore
from headrace.storage.place import url_of
from headrace.storage.sqlite import SqliteStore


def _open_memory(rest: str) -> Store:
    if rest:
        raise NoSuchStore(f"A memory store takes nothing after `memory:`, but got {rest!r}.")
    return MemoryStore()


def _open_sqlite(rest: str) -> Store:
    path = rest.removeprefix("///")
    if path == rest or not path.strip("/") or path.startswith(":"):
        raise NoSuchStore(
            f"The store URL 'sqlite:{rest}' names no file: write `sqlite:///relative.db` or "
            "`sqlite:////absolute.db`, or `memory:` to keep nothing."
        )
    file = Path(path)
    if file.is_dir():
        raise NoSuchStore(
            f"The store {file} is a directory; a store is a file, such as {file / 'headrace.db'}."
        )
    if not file.parent.is_dir():
        raise NoSuchStore(f"The store {file} can't be made: there is no directory {file.parent}.")
    return SqliteStore(file)


OPENERS: dict[str, Callable[[str], Store]] = {"memory": _open_memory, "sqlite": _open_sqlite}
"""Each scheme's opener; it is given what follows the colon. A new kind of store is one more row."""


def open_store(url: str) -> Store:
    """The store at ``url``: a path, ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``memory:``.

    Raises:
        NoSuchStore: no store is known by that scheme, or the rest of the URL makes no sense.
        StoreError: there is such a store, but it can't be opened; the message says what to do.
    """
    scheme, colon, rest = url_of(url).partition(":")
    if not colon or scheme not in OPENERS:
        known = ", ".join(f"`{name}:`" for name in sorted(OPENERS))
        raise NoSuchStore(f"The store {url!r} is no path of a file and does not begin with one of {known}.")
    return OPENERS[scheme](rest)
