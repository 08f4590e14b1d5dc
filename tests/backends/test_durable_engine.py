"""Executions on DBOS: begun once, repeated out of their journals, left to others, tried again, handed over."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from dbos._core import ActiveWorkflowById

from headrace.backends.durable import engine as module
from headrace.backends.durable.engine import DbosEngine
from headrace.backends.durable.library import HandedOver
from headrace.backends.durable.place import JournalFile, JournalSchema, beside
from headrace.core.durable import Journal, Program, Superseded
from headrace.core.errors import Unavailable

pytestmark = pytest.mark.slow


async def nobody() -> set[str]:
    return set()


@contextlib.asynccontextmanager
async def running(
    path: Path, program: Program, *, process: str = "prc_1", capacity: int = 5, drain_s: float = 5.0
) -> AsyncIterator[DbosEngine]:
    engine = DbosEngine(
        JournalFile(path=path),
        program,
        process=process,
        capacity=capacity,
        drain_s=drain_s,
        on_room=lambda: None,
        alive=nobody,
    )
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  # what it waits for is in threads of a library
            await asyncio.sleep(0.01)


def page(text: bytes, written: list[bytes] | None = None) -> Callable[[], Awaitable[bytes]]:
    async def write() -> bytes:
        if written is not None:
            written.append(text)
        return text

    return write


def left(path: Path) -> list[str]:
    """The executions in the journal."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT workflow_uuid FROM workflow_status")]


def test_it_is_carried_out_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done: list[tuple[str, str, list[bytes]]] = []

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        texts = [await journal.page(page(f'"ü {number}"'.encode())) for number in range(3)]
        done.append((account, execution_id, texts))

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            assert not (tmp_path / "journal").exists(), "nothing is opened before it is needed"
            await asyncio.gather(*(engine.begin("acct", "exe_1") for _ in range(3)))
            await engine.begin("acct", "exe_1")
            await until(lambda: bool(done) and engine.room == 5)
        assert left(tmp_path / "journal") == []

    asyncio.run(scenario())
    assert done == [("acct", "exe_1", ['"ü 0"'.encode(), '"ü 1"'.encode(), '"ü 2"'.encode()])]


def test_what_was_written_is_there_after_the_end_of_the_process(tmp_path: Path) -> None:
    written: list[bytes] = []
    heard: list[bytes] = []
    is_second = False
    asked = asyncio.Event()

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        heard.clear()
        for number in range(5):
            if number == 3:
                await (asked if is_second else asyncio.Event()).wait()
            heard.append(await journal.page(page(str(number).encode(), written)))

    async def scenario() -> None:
        nonlocal is_second
        async with running(tmp_path / "journal", program, drain_s=0.0) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: len(heard) == 3)
        assert left(tmp_path / "journal") == ["exe_1"]
        is_second = True
        async with running(tmp_path / "journal", program, process="prc_2") as engine:
            await engine.begin("acct", "exe_1")  # whoever asks again is late
            asked.set()
            await until(lambda: len(heard) == 5 and engine.room == 5)
        assert left(tmp_path / "journal") == []

    asyncio.run(scenario())
    assert written == heard == [b"0", b"1", b"2", b"3", b"4"]


def test_it_ends_within_its_time_when_it_is_closed(tmp_path: Path) -> None:
    begun: list[str] = []
    done: list[str] = []

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        begun.append(execution_id)
        await asyncio.sleep(0.3)
        done.append(execution_id)

    async def scenario() -> None:
        async with running(tmp_path / "journal", program, drain_s=30.0) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: bool(begun))
        assert done == ["exe_1"]
        assert engine.room == 0
        with pytest.raises(Unavailable):
            await engine.begin("acct", "exe_2")

    asyncio.run(scenario())


def test_what_is_abandoned_is_cancelled_and_not_taken_up_again(tmp_path: Path) -> None:
    ended: list[str] = []

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        try:
            await journal.page(asyncio.Event().wait)  # type: ignore[arg-type]
        finally:
            ended.append(execution_id)

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            await engine.begin("acct", "exe_1")
            await engine.begin("acct", "exe_2")
            await until(lambda: engine.room == 3)
            await engine.abandon("exe_1")
            await engine.abandon("exe_7")
            await until(lambda: left(tmp_path / "journal") == ["exe_2"])
            assert ended == ["exe_1"]
            await engine.abandon("exe_2")
            await until(lambda: engine.room == 5)

    asyncio.run(scenario())
    assert left(tmp_path / "journal") == []


def test_what_another_carries_out_is_left_alone(tmp_path: Path) -> None:
    async def program(account: str, execution_id: str, journal: Journal) -> None:
        raise Superseded

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: engine.room == 5)
        assert left(tmp_path / "journal") == ["exe_1"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workflow_status SET owner_xid = 'another', executor_id = 'prc_9'",
        "DELETE FROM workflow_status",
    ],
    ids=["others go on with it", "others have ended it"],
)
def test_a_page_of_an_execution_that_was_handed_over_is_refused(tmp_path: Path, change: str) -> None:
    outcome: list[type[BaseException]] = []
    path = tmp_path / "journal"

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        await journal.page(page(b"0"))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(change)
            connection.commit()
        try:
            await journal.page(page(b"1"))
        except BaseException as error:
            outcome.append(type(error))
            raise

    async def scenario() -> None:
        async with running(path, program) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: bool(outcome) and engine.room == 5)

    asyncio.run(scenario())
    assert outcome == [Superseded]


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a bug")])
def test_what_fails_for_no_reason_of_its_own_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    tried: list[list[bytes]] = []

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        tried.append([await journal.page(page(str(len(tried)).encode()))])
        if len(tried) < 3:
            raise error

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: len(tried) == 3 and engine.room == 5)
        assert left(tmp_path / "journal") == []

    asyncio.run(scenario())
    assert tried == [[b"0"], [b"0"], [b"0"]], "the first page stays"


def test_a_mistake_while_a_page_is_made_is_its_programs_own(tmp_path: Path) -> None:
    outcome: list[Any] = []

    async def broken() -> bytes:
        raise RuntimeError("oops")

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        try:
            await journal.page(broken)
        except RuntimeError as error:
            outcome.append(str(error))
        outcome.append(await journal.page(page(b"after")))

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: engine.room == 5 and bool(outcome))

    asyncio.run(scenario())
    assert outcome == ["oops", b"after"]


def test_no_more_at_once_than_there_is_room_for(tmp_path: Path) -> None:
    going, most = 0, 0
    ended: set[str] = set()
    is_second = False

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        try:
            await asyncio.sleep(0.05 if is_second else 60)
            ended.add(execution_id)
        finally:
            going -= 1

    async def scenario() -> None:
        nonlocal is_second
        wanted = {f"exe_{number}" for number in range(12)}
        async with running(tmp_path / "journal", program, capacity=12, drain_s=0.0) as engine:
            for execution_id in wanted:
                await engine.begin("acct", execution_id)
            await until(lambda: going == 12)
        assert set(left(tmp_path / "journal")) == wanted
        nonlocal most
        is_second, most = True, 0
        async with running(tmp_path / "journal", program, process="prc_2", capacity=3) as engine:
            await until(lambda: ended == wanted and engine.room == 3)
        assert most <= 3

    asyncio.run(scenario())


def test_a_second_one_in_the_process_has_to_wait(tmp_path: Path) -> None:
    async def program(account: str, execution_id: str, journal: Journal) -> None: ...

    async def scenario() -> None:
        async with running(tmp_path / "a", program) as first, running(tmp_path / "b", program) as second:
            await first.begin("acct", "exe_1")
            with pytest.raises(Unavailable):
                await second.begin("acct", "exe_2")
        async with running(tmp_path / "b", program) as again:
            await again.begin("acct", "exe_2")
            await until(lambda: again.room == 5)

    asyncio.run(scenario())


def test_a_journal_that_can_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "journal"

    async def program(account: str, execution_id: str, journal: Journal) -> None: ...

    async def scenario() -> None:
        async with running(path, program) as engine:
            with pytest.raises(Unavailable):
                await engine.begin("acct", "exe_1")
            path.parent.mkdir()
            await engine.begin("acct", "exe_1")
            await until(lambda: engine.room == 5)

    asyncio.run(scenario())


def test_a_journal_that_can_not_be_written_to_is_unavailable_until_it_can(tmp_path: Path) -> None:
    """As on a full disk."""
    carried: list[str] = []

    async def program(account: str, execution_id: str, journal: Journal) -> None:
        carried.append(execution_id)

    async def scenario() -> None:
        async with running(tmp_path / "journal", program) as engine:
            await engine.begin("acct", "exe_1")
            await until(lambda: engine.room == 5)
            assert engine._library is not None
            await asyncio.to_thread(_set_query_only, engine._library._database, "ON")
            with pytest.raises(Unavailable):
                await engine.begin("acct", "exe_2")
            assert engine.room == 5
            await asyncio.to_thread(_set_query_only, engine._library._database, "OFF")
            await engine.begin("acct", "exe_2")
            await until(lambda: engine.room == 5)
        assert carried == ["exe_1", "exe_2"]

    asyncio.run(scenario())


def _set_query_only(database: Any, value: str) -> None:
    with database.connect() as connection:  # the only one that there is
        connection.exec_driver_sql(f"PRAGMA query_only = {value}")


def test_the_library_is_imported_when_it_is_needed() -> None:
    script = "import sys, headrace.app\nprint(sorted({'dbos', 'sqlalchemy', 'psycopg'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_nothing_was_handed_over_nothing_is_asked_for() -> None:
    active = ActiveWorkflowById()
    handed_over = HandedOver(0.25, lambda: 7, active)
    active.add("exe_1", handed_over.name)
    assert handed_over._worker_concurrency == 8
    handed_over.has_any = False
    assert handed_over._worker_concurrency == 0


def test_a_journal_lies_beside_its_store_or_lives_as_long_as_the_process(tmp_path: Path) -> None:
    assert beside(tmp_path / "headrace.db") == JournalFile(path=tmp_path / "headrace.db.executions")
    passing = beside(None)
    assert passing.path.parent.is_dir()
    assert not passing.has_unfinished
    passing.remove()
    assert not passing.path.parent.exists()


def test_no_password_is_shown() -> None:
    assert "secret" not in repr(JournalSchema(url="postgresql://user:secret@host/database"))
