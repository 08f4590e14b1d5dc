from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.postgres import cluster
from tests.prepared import store_file
from tests.storage.things import Desk

from headrace.storage import open_store

STORES = ("memory", "sqlite", "postgres")


@contextmanager
def new_url(kind: str) -> Iterator[str]:
    """Where a new store of a kind is, until it is forgotten."""
    if kind == "memory":
        yield "memory:"
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield store_file(Path(folder) / "store.db")
    else:
        url = cluster().lend()
        try:
            yield url
        finally:
            cluster().take_back(url)


@contextmanager
def new_desk(kind: str, runner: asyncio.Runner) -> Iterator[Desk]:
    """A new and empty store of a kind."""
    with new_url(kind) as url:
        store = open_store(url)
        try:
            yield Desk(store, runner)
        finally:
            runner.run(store.close())


@pytest.fixture(params=STORES)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Each kind of store in turn, new and empty."""
    with asyncio.Runner() as runner, new_desk(request.param, runner) as desk:
        yield desk


def side_by_side(kind: str, undo: ExitStack) -> list[Desk]:
    """The reference model and a new store of another kind."""
    runner = undo.enter_context(asyncio.Runner())
    return [undo.enter_context(new_desk(one, runner)) for one in ("memory", kind)]
