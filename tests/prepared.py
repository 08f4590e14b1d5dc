"""An empty store, made once in each process that tests and copied from then on.

To make one takes longer than most tests that use it: each migration is a transaction, which goes to the disk. Tests
that ask how a store comes to be, or is brought up to date, let it be made.
"""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from headrace.storage import open_store

SQLITE = "sqlite:///"


@functools.cache
def _empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        # In a thread of its own: a browser that is being driven has an event loop in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_make, path).result()
        return path.read_bytes()


def _make(path: Path) -> None:
    asyncio.run(open_store(f"{SQLITE}{path}").close())


def prepare(url: str) -> None:
    """Put an empty store where a store in a file is to be made; others are made by who opens them."""
    if url.startswith(SQLITE) and Path(url.removeprefix(SQLITE)).parent.is_dir():
        store_file(Path(url.removeprefix(SQLITE)))


def store_file(path: Path) -> str:
    """The URL of a store in a file; an empty one is put there if there is none."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(_empty_store())
    return f"{SQLITE}{path}"
