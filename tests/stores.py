"""Which kind of store the tests are run on: ``HEADRACE_TEST_STORE=postgresql`` takes PostgreSQL for all of them.

A test names a file or ``memory:``, as it always does; here that becomes a database of its own.
"""

from __future__ import annotations

import os

import pytest
from tests.postgres import cluster

KIND = os.environ.get("HEADRACE_TEST_STORE", "sqlite")
if KIND not in ("sqlite", "postgresql"):
    raise ValueError(f"HEADRACE_TEST_STORE must be sqlite or postgresql, not {KIND!r}.")
IS_POSTGRES = KIND == "postgresql"
SECRET_KEY = "dGhlIHNlY3JldCBrZXkgb2YgdGhlIHRlc3RzIDAxMjM="
about_files = pytest.mark.skipif(IS_POSTGRES, reason="is about the file that a SQLite store is")
about_finding = pytest.mark.skipif(
    IS_POSTGRES, reason="is about finding the server that runs on a SQLite store, by the note beside it"
)
about_memory = pytest.mark.skipif(IS_POSTGRES, reason="is about a store in memory")

_databases: dict[str, str] = {}


def url_of(store: str) -> str:
    """The URL of the store that stands for this one: the same for the same file, a new one for ``memory:``."""
    if not IS_POSTGRES or not store.startswith(("sqlite:///", "memory:")):
        return store
    if store == "memory:":
        return cluster().new()
    if store not in _databases:
        _databases[store] = cluster().new()
    return _databases[store]


def variables() -> dict[str, str]:
    """What the environment of a process needs to use it."""
    return {"HEADRACE_SECRET_KEY": SECRET_KEY} if IS_POSTGRES else {}
