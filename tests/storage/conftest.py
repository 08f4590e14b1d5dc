from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import cluster
from tests.storage.things import Desk

from headrace.storage import open_store

URLS: dict[str, Callable[[Path], str]] = {
    "memory": lambda _: "memory:",
    "sqlite": lambda folder: f"sqlite:///{folder}/store.db",
    "postgres": lambda _: cluster().new(),
}


@pytest.fixture(params=URLS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Each kind of store in turn, new and empty."""
    url = URLS[request.param](tmp_path)
    with asyncio.Runner() as runner:
        store = open_store(url)
        yield Desk(store, runner)
        runner.run(store.close())
    if request.param == "postgres":
        cluster().drop(url)
