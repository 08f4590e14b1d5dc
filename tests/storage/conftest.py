from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.storage.things import Desk

from headrace.storage import open_store

STORES = ["memory", "sqlite"]


@pytest.fixture(params=STORES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Each kind of store in turn, new and empty."""
    urls = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/store.db"}
    with asyncio.Runner() as runner:
        store = open_store(urls[request.param])
        yield Desk(store, runner)
        runner.run(store.close())
