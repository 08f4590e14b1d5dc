"""What was read may be kept until a store counts a change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.storage.things import ABROAD, HOME, Desk, execution, file, job

from headrace.core.ports import Clash, Transaction
from headrace.storage.sql.queries import QUERIES
from headrace.storage.sqlite.store import SqliteStore
from headrace.storage.watching import BEYOND, REGISTRY, written_tables


def test_a_write_is_counted_before_it_is_answered(desk: Desk) -> None:
    changes = desk.store.changes
    for number in range(3):
        before = changes.registry, changes.everything
        desk.write(lambda tx, number=number: tx.files.add(file(f"fl_{number}")))
        assert changes.registry > before[0]
        assert changes.everything > before[1]


def test_a_write_of_any_organisation_counts(desk: Desk) -> None:
    before = desk.store.changes.registry
    desk.write(lambda tx: tx.files.add(file()), account=ABROAD)
    assert desk.store.changes.registry > before


def test_a_read_counts_nothing(desk: Desk) -> None:
    if desk.store.is_shared:
        pytest.skip("Nobody knows what other processes write to a shared store.")
    before = desk.store.changes.everything
    desk.read(lambda tx: tx.files.get(id="fl_1"))
    assert desk.store.changes.everything == before


def test_whoever_reads_at_a_count_sees_all_that_was_counted(desk: Desk) -> None:
    """Readers and writers at the same time: what was read at a count is never older than that count."""
    store = desk.store
    added: list[int] = []  # the counts at which files were answered

    async def write(number: int) -> None:
        await store.write(HOME, lambda tx: tx.files.add(file(f"fl_{number}")))
        added.append(store.changes.registry)

    async def look() -> None:
        while len(added) < 30:
            at, answered = store.changes.registry, len(added)
            seen = await store.read(
                HOME, lambda tx: sum(tx.files.get(id=f"fl_{n}") is not None for n in range(30))
            )
            assert seen >= answered
            assert at >= max(added[:answered], default=0)
            await asyncio.sleep(0)

    async def scene() -> None:
        await asyncio.gather(look(), *(write(number) for number in range(30)))

    desk.runner.run(scene())


def test_runs_and_logs_are_not_of_the_registry(tmp_path: Path) -> None:
    async def scene() -> None:
        store = SqliteStore(tmp_path / "store.db")

        async def counted(work: object) -> tuple[int, int]:
            before = store.changes.registry, store.changes.everything
            await store.write(HOME, work)  # type: ignore[arg-type]
            return store.changes.registry - before[0], store.changes.everything - before[1]

        assert await counted(lambda tx: tx.files.add(file())) == (1, 1)
        assert await counted(lambda tx: tx.executions.put(execution("exe_1"))) == (0, 1)
        assert await counted(lambda tx: tx.jobs.put(job())) == (0, 1)

        def both(tx: Transaction) -> None:
            tx.executions.put(execution("exe_2"))
            tx.files.add(file("fl_2"))

        assert await counted(both) == (1, 1)
        with pytest.raises(Clash):
            await counted(lambda tx: tx.files.add(file()))
        await store.close()

    asyncio.run(scene())


def test_each_statement_that_writes_is_seen_to_write() -> None:
    writing = {name for name, text in QUERIES.items() if written_tables(text)}
    told = {
        name
        for name, text in QUERIES.items()
        if text.split(maxsplit=1)[0].upper() not in ("SELECT", "WITH", "PRAGMA", "CREATE")
    }
    assert told <= writing
    assert {"add_file", "put_pointer", "revoke_key", "add_environment", "put_draft"} <= REGISTRY
    assert not {"put_execution", "add_events", "put_job", "add_log"} & REGISTRY


def test_the_tables_beyond_the_registry_are_there() -> None:
    written = {table for text in QUERIES.values() for table in written_tables(text)}
    assert written >= BEYOND
