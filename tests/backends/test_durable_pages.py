"""Pages of journals, on each kind of database: written together, each only while it counts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from dbos._sys_db import SystemDatabase
from sqlalchemy import event
from tests.postgres import cluster

from headrace.backends.durable import pages as module
from headrace.backends.durable.databases import open_database
from headrace.backends.durable.library import SCHEMA, JsonSerializer
from headrace.backends.durable.page_table import FilePages, Page, PageTable, Place, ServerPages
from headrace.backends.durable.pages import Pages
from headrace.backends.durable.place import JournalFile, JournalSchema
from headrace.core.durable import Superseded
from headrace.core.errors import Unavailable

STATUS = "INSERT INTO {} (workflow_uuid, owner_xid, status) VALUES ('{}', '{}', 'PENDING')"


class Database:
    """DBOS's tables with nothing in them."""

    def __init__(self, place: JournalFile | JournalSchema) -> None:
        self.engine = open_database(place, connections=3)
        self.table: PageTable = FilePages() if isinstance(place, JournalFile) else ServerPages()
        self.schema = None if isinstance(place, JournalFile) else SCHEMA
        self.commits = 0
        SystemDatabase.create(
            "postgresql://" if self.schema else "sqlite://",
            {},
            self.engine,
            self.schema,
            JsonSerializer(),
            None,
            use_listen_notify=False,
        ).run_migrations()
        event.listen(self.engine, "commit", self._count)

    def _count(self, _connection: sqlalchemy.Connection) -> None:
        self.commits += 1

    def name(self, table: str) -> str:
        return f"{self.schema}.{table}" if self.schema else table

    def run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def begin(self, execution_id: str, owner: str = "me") -> None:
        self.run(STATUS.format(self.name("workflow_status"), execution_id, owner))

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {self.name(table)}")
            return int(found.scalar_one())


@pytest.fixture(params=["file", "server"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "file":
        made = Database(JournalFile(path=tmp_path / "journal"))
        yield made
        made.engine.dispose()
        return
    url = cluster().empty()
    made = Database(JournalSchema(url=url))
    yield made
    made.engine.dispose()
    cluster().drop(url)


@asynccontextmanager
async def opened(database: Database, table: PageTable | None = None) -> AsyncIterator[Pages]:
    """Pages that answer nothing before they are started."""
    pages = Pages(database.engine, table or database.table, asyncio.get_running_loop())
    try:
        yield pages
    finally:
        await asyncio.to_thread(pages.close)


async def wished(*wishes: Any) -> list[asyncio.Future[Any]]:
    """Wishes, once they are all there."""
    tasks = [asyncio.ensure_future(wish) for wish in wishes]
    await asyncio.sleep(0)
    return tasks


def at(execution: str, number: int = 1, owner: str = "me") -> Place:
    return Place(execution=execution, owner=owner, number=number)


def test_what_many_executions_write_at_the_same_time_is_one_transaction(database: Database) -> None:
    names = [f"exe_{number}" for number in range(20)]
    for name in names:
        database.begin(name)

    async def scenario() -> list[str | None]:
        async with opened(database) as pages:
            before = database.commits
            tasks = await wished(*(pages.write(at(name), f'"ü {name} \\u0000"') for name in names))
            pages.start()
            await asyncio.gather(*tasks)
            assert database.commits - before == 1
            return [await pages.read(at(name)) for name in names]

    assert asyncio.run(scenario()) == [f'"ü {name} \\u0000"' for name in names]


def test_a_page_is_only_kept_while_the_execution_is_this_attempts(database: Database) -> None:
    database.begin("exe_mine")
    database.begin("exe_theirs", owner="another")

    async def scenario() -> list[Any]:
        async with opened(database) as pages:
            wishes = [pages.write(at(name), '"x"') for name in ("exe_mine", "exe_theirs", "exe_gone")]
            tasks = await wished(*wishes)
            pages.start()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            for name in ("exe_theirs", "exe_gone"):
                with pytest.raises(Superseded):
                    await pages.read(at(name))
            assert await pages.read(at("exe_mine", number=2)) is None
            return [type(one) for one in found]

    assert asyncio.run(scenario()) == [type(None), Superseded, Superseded]
    assert database.count("operation_outputs") == 1


def test_a_page_whose_end_was_not_heard_of_is_written_once(database: Database) -> None:
    database.begin("exe_1")

    async def scenario() -> None:
        async with opened(database) as pages:
            pages.start()
            await pages.write(at("exe_1"), '"x"')
            await pages.write(at("exe_1"), '"x"')
            with pytest.raises(Unavailable, match="something else"):
                await pages.write(at("exe_1"), '"y"')
            assert await pages.read(at("exe_1")) == '"x"'

    asyncio.run(scenario())
    assert database.count("operation_outputs") == 1


def test_what_one_execution_wishes_is_done_in_its_order(database: Database) -> None:
    database.begin("exe_1")

    async def scenario() -> list[Any]:
        async with opened(database) as pages:
            place = at("exe_1")
            tasks = await wished(
                pages.read(place), pages.write(place, '"x"'), pages.read(place), pages.forget("exe_1")
            )
            pages.start()
            return await asyncio.gather(*tasks)

    assert asyncio.run(scenario()) == [None, None, '"x"', None]
    tables = ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")
    assert [database.count(table) for table in tables] == [0, 0, 0, 0]


def test_who_takes_an_execution_over_is_waited_for() -> None:
    url = cluster().empty()
    database = Database(JournalSchema(url=url))
    database.begin("exe_1")

    async def scenario() -> None:
        async with opened(database) as pages:
            pages.start()
            with database.engine.connect() as other:
                other.exec_driver_sql("UPDATE dbos.workflow_status SET owner_xid = 'another'")
                [task] = await wished(pages.write(at("exe_1"), '"x"'))
                other.commit()
            with pytest.raises(Superseded):
                await task

    try:
        asyncio.run(scenario())
        assert database.count("operation_outputs") == 0
    finally:
        database.engine.dispose()
        cluster().drop(url)


class Troubled(FilePages):
    """A table that fails in ways that are hard to have otherwise."""

    def __init__(self, *troubles: Exception, spoiled: str = "") -> None:
        self.troubles = list(troubles)
        self.spoiled = spoiled

    def add(self, connection: sqlalchemy.Connection, pages: Sequence[Page]) -> set[str]:
        if self.troubles:
            raise self.troubles.pop(0)
        if any(place.execution == self.spoiled for place, _ in pages):
            raise ValueError(self.spoiled)
        return super().add(connection, pages)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    made = Database(JournalFile(path=tmp_path / "journal"))
    yield made
    made.engine.dispose()


def test_a_database_that_is_away_is_waited_for(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    file.begin("exe_1")
    table = Troubled(sqlalchemy.exc.TimeoutError("away"), sqlalchemy.exc.TimeoutError("away"))

    async def scenario() -> None:
        async with opened(file, table) as pages:
            pages.start()
            await pages.write(at("exe_1"), '"x"')

    asyncio.run(scenario())
    assert (table.troubles, file.count("operation_outputs")) == ([], 1)


def test_a_process_that_ends_waits_for_no_database(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 600.0)

    async def scenario() -> None:
        async with opened(file, Troubled(*[sqlalchemy.exc.TimeoutError("away")] * 9)) as pages:
            [task] = await wished(pages.write(at("exe_1"), '"x"'))
            pages.start()
            await asyncio.to_thread(pages.close)
            with pytest.raises(Unavailable):
                await task
            with pytest.raises(Unavailable, match="about to end"):
                await pages.read(at("exe_1"))

    asyncio.run(scenario())


def test_a_wish_that_can_not_be_granted_spoils_no_other(file: Database) -> None:
    file.begin("exe_1")
    file.begin("exe_2")

    async def scenario() -> list[Any]:
        async with opened(file, Troubled(spoiled="exe_1")) as pages:
            tasks = await wished(*(pages.write(at(name), '"x"') for name in ("exe_1", "exe_2")))
            pages.start()
            return await asyncio.gather(*tasks, return_exceptions=True)

    spoiled, other = asyncio.run(scenario())
    assert (type(spoiled), other) == (ValueError, None)
    assert file.count("operation_outputs") == 1


def test_what_goes_wrong_behind_an_attempt_that_was_abandoned_bothers_nobody(file: Database) -> None:
    """Its journal may be gone by the time that the thread looks for a page."""
    reported: list[dict[str, Any]] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        async with opened(file) as pages:
            [task] = await wished(pages.read(at("exe_gone")))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            del task
            pages.start()
            await pages.forget("exe_other")  # behind it
            gc.collect()

    asyncio.run(scenario())
    assert reported == []
