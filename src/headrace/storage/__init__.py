"""Where everything is kept: one implementation of ``core.ports.Store`` for each URL scheme.

Each is imported when it is opened. Commands that only look for a running server come by here too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.storage.errors import NoSuchStore
from headrace.storage.limits import StoreLimits
from headrace.storage.place import shown, url_of

if TYPE_CHECKING:
    from headrace.core.ports import Store


def _open_memory(rest: str, _: StoreLimits) -> Store:
    if rest:
        raise NoSuchStore(f"A memory store takes nothing after `memory:`, but got {rest!r}.")
    from headrace.storage.memory.store import MemoryStore

    return MemoryStore()


def _open_sqlite(rest: str, _: StoreLimits) -> Store:
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
    from headrace.storage.sqlite.store import SqliteStore

    return SqliteStore(file)


def _open_postgres(rest: str, limits: StoreLimits) -> Store:
    try:
        from headrace.storage.postgres.store import PostgresStore
    except ModuleNotFoundError as error:
        raise NoSuchStore(
            f"A store in PostgreSQL needs the package {error.name}: `pip install 'headrace[postgres]'`."
        ) from error
    return PostgresStore(f"postgresql:{rest}", limits)


OPENERS: dict[str, Callable[[str, StoreLimits], Store]] = {
    "memory": _open_memory,
    "postgres": _open_postgres,
    "postgresql": _open_postgres,
    "sqlite": _open_sqlite,
}
"""Each scheme's opener; it is given what follows the colon. A new kind of store is one more row."""


def open_store(url: str, limits: StoreLimits | None = None) -> Store:
    """The store at ``url``: a path, ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``memory:``, or
    ``postgresql://user:password@host/database``.

    Raises:
        NoSuchStore: no store is known by that scheme, or the rest of the URL makes no sense.
        StoreError: there is such a store, but it can't be opened; the message says what to do.
    """
    scheme, colon, rest = url_of(url).partition(":")
    if not colon or scheme not in OPENERS:
        known = ", ".join(f"`{name}:`" for name in sorted(OPENERS))
        raise NoSuchStore(
            f"The store {shown(url)!r} is no path of a file and does not begin with one of {known}."
        )
    return OPENERS[scheme](rest, limits or StoreLimits())
