"""Whatever call into the journals' database fails, an execution ends rightly, and nobody calls that a bug."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from dbos import _sys_db
from dbos._error import DBOSConflictingWorkflowError, DBOSException, DBOSWorkflowCancelledError
from sqlalchemy import event
from tests.cutting import Cut, Way, way_to
from tests.postgres import cluster

from headrace.backends.durable import engine as engine_module
from headrace.backends.durable import library as library_module
from headrace.backends.durable import pages as pages_module
from headrace.backends.durable.absence import told
from headrace.backends.durable.databases import open_database
from headrace.backends.durable.engine import DbosEngine
from headrace.backends.durable.place import JournalFile, JournalSchema
from headrace.core.durable import Journal
from headrace.core.errors import Unavailable

pytestmark = pytest.mark.timeout(300)
slow = pytest.mark.slow

PROCESS = "prc_1"
PAGES = 2
MOST = 400
"""More statements than an execution ever takes, with all that goes on beside it."""
ENDS_WITHIN_S = 60.0
OTHERS = 0.02
"""Seconds between looks, so that what is waited for comes soon."""


class Work:
    """A program that is taken up twice, and counts how often each of its effects is asked for."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int]] = Counter()
        self.tried: Counter[str] = Counter()
        self.heard: dict[str, list[bytes]] = {}

    async def program(self, _account: str, execution_id: str, journal: Journal) -> None:
        self.tried[execution_id] += 1
        heard = [await journal.page(lambda n=n: self._effect(execution_id, n)) for n in range(PAGES)]  # type: ignore[misc]
        if self.tried[execution_id] == 1:
            raise Unavailable("It is handed over, and taken up from there.")
        self.heard[execution_id] = heard

    async def _effect(self, execution_id: str, number: int) -> bytes:
        self.asked[execution_id, number] += 1
        return f'"{number}: {self.asked[execution_id, number]}"'.encode()

    def check(self, execution_id: str, *, asked_most: int) -> None:
        """Each effect was asked for until it was kept what it said, and that is what was heard in the end."""
        asked = [self.asked[execution_id, number] for number in range(PAGES)]
        assert max(asked) <= asked_most
        assert self.heard[execution_id] == [
            f'"{number}: {times}"'.encode() for number, times in enumerate(asked)
        ]


class _HastyTime:
    """Time, in which DBOS sleeps less before it looks again for a database that is away."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, pause_s: float) -> None:
        time.sleep(pause_s * OTHERS)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "FIRST_PAUSE_S", OTHERS)
    monkeypatch.setattr(engine_module, "STRAY_LOOK_S", 10 * OTHERS)
    monkeypatch.setattr(pages_module, "FIRST_PAUSE_S", OTHERS)
    monkeypatch.setattr(_sys_db, "time", _HastyTime())
    monkeypatch.setattr(library_module, "_POLL_S", {JournalFile: OTHERS, JournalSchema: OTHERS})


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.WARNING):
        yield caplog
    errors = [
        one for one in caplog.records if one.levelno >= logging.ERROR and one.name.startswith("headrace")
    ]
    assert [one.getMessage() for one in errors] == []


async def alive() -> set[str]:
    return {PROCESS}


@asynccontextmanager
async def running(place: JournalFile | JournalSchema, work: Work) -> AsyncIterator[DbosEngine]:
    engine = DbosEngine(
        place,
        work.program,
        process=PROCESS,
        capacity=5,
        drain_s=5.0,
        on_room=lambda: None,
        alive=alive,
    )
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def begun(engine: DbosEngine, execution_id: str) -> None:
    """Begin it as the worker does: again, when that was not possible."""
    is_begun = False
    while not is_begun:
        try:
            await engine.begin("acct", execution_id)
            is_begun = True
        except Unavailable:
            await asyncio.sleep(OTHERS)


async def carried_out(engine: DbosEngine, work: Work, execution_id: str, *, asked_most: int = 1) -> None:
    async with asyncio.timeout(ENDS_WITHIN_S):
        await begun(engine, execution_id)
        while execution_id not in work.heard or engine.room < 5:  # noqa: ASYNC110  # it is in threads
            await asyncio.sleep(OTHERS / 4)
    work.check(execution_id, asked_most=asked_most)


@pytest.fixture
def url() -> Iterator[str]:
    made = cluster().empty()
    yield made
    cluster().drop(made)


@pytest.fixture
def way(url: str) -> Iterator[tuple[Way, JournalSchema]]:
    with way_to(cluster().port, "headrace-executions", "headrace-alive") as (way, port):
        yield way, JournalSchema(url=url.replace(f":{cluster().port}/", f":{port}/"))


@slow
@pytest.mark.parametrize("how", list(Cut), ids=lambda how: how.name.lower())
def test_a_connection_that_is_cut_at_any_statement(
    way: tuple[Way, JournalSchema], said: pytest.LogCaptureFixture, how: Cut
) -> None:
    the_way, place = way
    work = Work()

    async def scenario() -> None:
        async with running(place, work) as engine:
            await carried_out(engine, work, "exe_0")
            for number in range(1, MOST):
                the_way.cut_at(number, how)
                await carried_out(engine, work, f"exe_{number}")
                if not the_way.leave():
                    break

    asyncio.run(scenario())
    assert MOST > the_way.cuts > 12, "else it says nothing"


@slow
def test_a_connection_that_is_cut_while_the_journal_is_opened(
    way: tuple[Way, JournalSchema], said: pytest.LogCaptureFixture
) -> None:
    the_way, place = way
    work = Work()

    async def scenario(number: int) -> None:
        the_way.cut_at(number, Cut.UNSENT)
        async with running(place, work) as engine:
            await carried_out(engine, work, f"exe_{number}")

    asyncio.run(scenario(MOST))  # which makes the tables
    for number in (1, 2, 3, 5, 8, 13, 21):
        asyncio.run(scenario(number))
        assert the_way.leave()


def _failing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have a statement of a file fail, by the number in the list, as on a full disk; 0 is none."""
    left = [0]

    def fail_if_due() -> None:
        if left[0]:
            left[0] -= 1
            if not left[0]:
                raise sqlite3.OperationalError("database or disk is full")

    def opened(place: JournalFile | JournalSchema, *, connections: int) -> sqlalchemy.Engine:
        made = open_database(place, connections=connections)
        commit = made.dialect.do_commit

        @event.listens_for(made, "do_execute")
        def execute(*_: Any) -> None:
            fail_if_due()

        def do_commit(connection: Any) -> None:
            fail_if_due()
            commit(connection)

        monkeypatch.setattr(made.dialect, "do_commit", do_commit)
        return made

    monkeypatch.setattr(library_module, "open_database", opened)
    return left


@slow
def test_a_file_that_refuses_any_statement(
    tmp_path: Path, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _failing(monkeypatch)
    work = Work()

    async def scenario() -> int:
        async with running(JournalFile(path=tmp_path / "journal"), work) as engine:
            await carried_out(engine, work, "exe_0")
            for number in range(1, MOST):
                left[0] = number
                await carried_out(engine, work, f"exe_{number}", asked_most=2)  # it could not be kept
                if left[0]:
                    left[0] = 0
                    return number
        return MOST

    assert 10 < asyncio.run(scenario()) < MOST


@slow
def test_an_execution_that_got_no_thread_is_carried_out(
    tmp_path: Path, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()

    def refused(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    async def scenario() -> None:
        async with running(JournalFile(path=tmp_path / "journal"), work) as engine:
            await carried_out(engine, work, "exe_0")
            assert engine._library is not None
            with monkeypatch.context() as patch:
                patch.setattr(engine._library._dbos._executor, "submit", refused)
                with pytest.raises(Unavailable):
                    await engine.begin("acct", "exe_1")
            await carried_out(engine, work, "exe_1")

    asyncio.run(scenario())


def test_a_process_whose_threads_have_ended_begins_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(JournalFile(path=tmp_path / "journal"), Work()) as engine:
            engine._threads.shutdown()
            with pytest.raises(Unavailable):
                await engine.begin("acct", "exe_1")

    asyncio.run(scenario())


def _of_sqlalchemy(sort: type[Any], cause: Exception, *, is_lost: bool = False) -> Exception:
    made: Exception = sort("SELECT 'a secret'", {}, cause, connection_invalidated=is_lost)
    return made


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("The store is closed."),
        _of_sqlalchemy(sqlalchemy.exc.OperationalError, psycopg.OperationalError("a secret")),
        _of_sqlalchemy(sqlalchemy.exc.OperationalError, psycopg.errors.AdminShutdown()),
        _of_sqlalchemy(sqlalchemy.exc.InterfaceError, psycopg.InterfaceError("a secret")),
        _of_sqlalchemy(sqlalchemy.exc.InternalError, psycopg.errors.ReadOnlySqlTransaction()),
        _of_sqlalchemy(sqlalchemy.exc.ProgrammingError, psycopg.errors.InsufficientPrivilege()),
        _of_sqlalchemy(sqlalchemy.exc.ProgrammingError, psycopg.ProgrammingError(), is_lost=True),
        _of_sqlalchemy(sqlalchemy.exc.OperationalError, sqlite3.OperationalError("disk I/O error")),
        sqlalchemy.exc.TimeoutError("a secret"),
        sqlalchemy.exc.ResourceClosedError("a secret"),
        sqlalchemy.exc.PendingRollbackError("a secret"),
        sqlalchemy.exc.InvalidRequestError("a secret"),
        psycopg.OperationalError("a secret"),
        psycopg.errors.ConnectionTimeout("a secret"),
        ConnectionResetError("a secret"),
        TimeoutError("a secret"),
        DBOSException("Executor accessed before DBOS was launched: a secret"),
        DBOSWorkflowCancelledError("a secret"),
        RuntimeError("cannot schedule new futures after shutdown"),
        RuntimeError("cannot schedule new futures after interpreter shutdown"),
        RuntimeError("can't start new thread"),
    ],
    ids=repr,
)
def test_what_is_only_away(error: BaseException) -> None:
    meaning = told(error)
    assert isinstance(meaning, Unavailable)
    assert "secret" not in meaning.message


@pytest.mark.parametrize(
    "error",
    [
        _of_sqlalchemy(sqlalchemy.exc.ProgrammingError, psycopg.errors.UndefinedTable()),
        _of_sqlalchemy(sqlalchemy.exc.IntegrityError, sqlite3.IntegrityError()),
        _of_sqlalchemy(sqlalchemy.exc.DataError, psycopg.errors.NumericValueOutOfRange()),
        sqlalchemy.exc.NoResultFound(),
        psycopg.errors.SyntaxError(),
        DBOSConflictingWorkflowError("exe_1", "It is another one."),
        RuntimeError("another"),
        AttributeError("another"),
        AssertionError(),
    ],
    ids=repr,
)
def test_what_is_a_bug(error: BaseException) -> None:
    assert told(error) is error
