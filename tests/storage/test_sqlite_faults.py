"""What the SQLite store does when the disk fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.prepared import store_file
from tests.storage.things import HOME, Desk, file, version

from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.storage import open_store
from headrace.storage.sqlite.store import SqliteStore


class Disk(apsw.VFS):
    """The operating system's files, which fail on demand.

    Attributes:
        failure: ``sync`` or ``write``: what fails now.
    """

    def __init__(self) -> None:
        self.failure: str | None = None
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return DiskFile(self, name, flags)


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:
        if self._disk.failure == "sync":
            raise apsw.IOError("the disk lost it")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.failure == "write":
            raise apsw.FullError("the disk is full")
        super().xWrite(data, offset)


@pytest.fixture
def disk() -> Iterator[Disk]:
    failing = Disk()
    yield failing
    failing.unregister()


@pytest.fixture
def desk(disk: Disk, tmp_path: Path) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        store = open_store(store_file(tmp_path / "store.db"))
        yield Desk(store, runner)
        runner.run(store.close())


def add_many(desk: Desk, numbers: range) -> list[object]:
    async def all_at_once() -> list[object]:
        writes = [desk.store.write(HOME, lambda tx, n=n: tx.files.add(file(f"fl_{n}"))) for n in numbers]
        return await asyncio.gather(*writes, return_exceptions=True)

    return desk.runner.run(all_at_once())


def kept(tx: Transaction) -> list[int]:
    return [n for n in range(30) if tx.files.get(id=f"fl_{n}")]


@pytest.mark.parametrize("failure", ["sync", "write"])
def test_a_commit_that_fails_keeps_nothing_and_the_next_one_works(
    desk: Desk, disk: Disk, failure: str
) -> None:
    assert add_many(desk, range(10)) == [None] * 10
    disk.failure = failure
    assert [type(outcome) for outcome in add_many(desk, range(10, 20))] == [Unavailable] * 10
    assert desk.read(kept) == list(range(10))
    disk.failure = None
    assert desk.read(kept) == list(range(10))
    assert add_many(desk, range(20, 30)) == [None] * 10
    assert desk.read(kept) == [*range(10), *range(20, 30)]
    assert desk.read(lambda tx: tx.files.count(kind="flow")) == 20


def test_a_full_store_refuses_and_recovers(desk: Desk) -> None:
    assert isinstance(desk.store, SqliteStore)
    sqlite = desk.store._writer._sqlite

    def add_large(tx: Transaction) -> None:
        tx.versions.add(version(content=b"x" * 1_000_000))

    desk.write(lambda tx: tx.files.add(file()))
    sqlite.pragma("max_page_count", sqlite.pragma("page_count") + 10)
    with pytest.raises(Unavailable):
        desk.write(add_large)
    assert desk.read(lambda tx: (tx.versions.get(id="flv_1"), tx.versions.count(file_id="fl_1"))) == (None, 0)
    desk.write(lambda tx: tx.files.update(file(description="small enough")))
    sqlite.pragma("max_page_count", 1_000_000)
    desk.write(add_large)
    assert desk.read(lambda tx: tx.versions.count(file_id="fl_1")) == 1


def test_one_that_does_not_fit_does_not_harm_its_group(desk: Desk) -> None:
    assert isinstance(desk.store, SqliteStore)
    sqlite = desk.store._writer._sqlite
    desk.write(lambda tx: tx.files.add(file()))
    sqlite.pragma("max_page_count", sqlite.pragma("page_count") + 10)

    async def together() -> list[object]:
        sizes = [10, 1_000_000, 10]
        writes = [
            desk.store.write(
                HOME, lambda tx, n=n, size=size: tx.versions.add(version(f"flv_{n}", content=b"x" * size))
            )
            for n, size in enumerate(sizes)
        ]
        return await asyncio.gather(*writes, return_exceptions=True)

    failed = desk.store.commits.failed
    outcomes = desk.runner.run(together())
    assert desk.store.commits.failed > failed
    found = desk.read(lambda tx: [tx.versions.get(id=f"flv_{n}") is not None for n in range(3)])
    assert found == [outcome is None for outcome in outcomes]
    assert isinstance(outcomes[1], Unavailable)
    sqlite.pragma("max_page_count", 1_000_000)


def test_a_store_that_a_foreign_tool_holds_is_unavailable(desk: Desk, tmp_path: Path) -> None:
    foreign = apsw.Connection(str(tmp_path / "store.db"))
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        desk.write(lambda tx: tx.files.add(file()))
    assert isinstance(desk.store, SqliteStore)
    assert desk.store.commits.failed == 1
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) is None
    foreign.execute("ROLLBACK")
    foreign.close()
    desk.write(lambda tx: tx.files.add(file()))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file()
