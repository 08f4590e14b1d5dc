"""Use cases of different files run side by side; those of one, and what declares none, one after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from tests.postgres import cluster
from tests.storage.test_postgres_faults import commits_of, desk_on, hang_up
from tests.storage.test_postgres_races import shared
from tests.storage.things import ABROAD, HOME, Desk, file, release, version
from tests.stores import SECRET_KEY
from tests.unit.engine.flows import end, level, start

from headrace.app import build
from headrace.core.ports import Clash, Store, Transaction
from headrace.core.subjects import OfOneFile
from headrace.settings import Settings
from headrace.storage.postgres.connection import WRITE_BESIDE, PostgresConnection
from headrace.storage.postgres.joining import MOST, TOUCHED, Waiting
from headrace.storage.postgres.statements import WRITTEN

WAIT_S = 30.0
LOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def url() -> Iterator[str]:
    url = cluster().lend()
    yield url
    cluster().take_back(url)


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    with desk_on(url) as desk:
        desk.write(fill)
        yield desk


def fill(tx: Transaction) -> None:
    for number in (1, 2, 3):
        tx.files.add(file(f"fl_{number}"))
        tx.versions.add(version(f"flv_{number}", f"fl_{number}"))


def about(id: str, work: Callable[[Transaction], Any]) -> OfOneFile[Any]:
    return OfOneFile(work, ref=id)


@contextmanager
def held(url: str, id: str) -> Iterator[None]:
    """Somebody else is at a file."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM entries WHERE id = %s FOR UPDATE", [id])
        yield


def take_number(id: str) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        found = tx.files.get(id=id)
        assert found is not None
        number = found.last_number + 1
        tx.releases.add(release(number, id.replace("fl_", "flv_"), id))
        return number

    return work


def more(tx: Transaction) -> None:
    """Read, then write what rests on it."""
    found = tx.tags.of(resource="r").get("n", "0")
    tx.tags.put(resource="r", tags={"n": str(int(found) + 1)})


def test_files_do_not_wait_for_each_other(url: str, desk: Desk) -> None:
    async def scene() -> list[int]:
        with held(url, "fl_1"):
            first = asyncio.create_task(desk.store.write(HOME, about("fl_1", take_number("fl_1"))))
            async with asyncio.timeout(WAIT_S):
                while not cluster().ask(LOCKED):  # noqa: ASYNC110 - only the server can tell
                    await asyncio.sleep(0.01)
                second = await desk.store.write(HOME, about("fl_2", take_number("fl_2")))
            assert not first.done()
        return [await first, second]

    assert desk.runner.run(scene()) == [1, 1]


def test_numbers_are_given_once_whatever_a_file_is_called() -> None:
    async def scene(stores: list[Store]) -> list[list[int]]:
        writes: list[list[Any]] = [[], [], []]
        for number in range(36):
            for at in (1, 2, 3):
                one = f"fl_{at}"
                named = {"ref": (one, one.upper(), None)[number % 3], "path": f"folder/{one}"}
                work = take_number(one)
                # One in twelve declares nothing.
                use_case = work if number % 12 == 5 else OfOneFile(work, **named)
                writes[at - 1].append(stores[number % 2].write(HOME, use_case))
        return [list(await asyncio.gather(*of_one)) for of_one in writes]

    with shared() as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        assert [sorted(one) for one in runner.run(scene(stores))] == [list(range(1, 37))] * 3
        kept = runner.run(stores[1].read(HOME, lambda tx: tx.releases.of_version(version_id="flv_2")))
        assert kept == list(range(1, 37))


def test_nothing_that_is_read_changes_before_what_rests_on_it_is_kept() -> None:
    """With what declares itself, and with what does not."""

    async def scene(stores: list[Store]) -> None:
        use_cases = (about("fl_1", more), more, about("FL_1", more), OfOneFile(more, path="folder/fl_1"))
        await asyncio.gather(*(stores[n % 2].write(HOME, use_cases[n // 2 % 4]) for n in range(80)))

    with shared() as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        runner.run(scene(stores))
        assert runner.run(stores[0].read(HOME, lambda tx: tx.tags.of(resource="r"))) == {"n": "80"}


def test_a_file_that_is_not_there_is_no_hindrance(desk: Desk) -> None:
    for ref, path, account in (("fl_9", None, HOME), (None, "folder/fl_9", HOME), (None, None, ABROAD)):
        made = file(f"fl_{ref}_{path is None}")
        desk.write(OfOneFile(lambda tx, made=made: tx.files.add(made), ref=ref, path=path), account)
    assert desk.read(lambda tx: tx.files.count(kind="flow")) == 5
    assert desk.read(lambda tx: tx.files.count(kind="flow"), ABROAD) == 1


def test_who_is_refused_or_fails_takes_nobody_along(desk: Desk) -> None:
    def refused(tx: Transaction) -> str:
        try:
            tx.versions.add(version("flv_1"))
        except Clash as clash:
            tx.tags.put(resource="r", tags={"was": clash.rule})
            return clash.rule
        return "added"

    def fail(tx: Transaction) -> None:
        tx.versions.add(version("flv_bad"))
        raise KeyError

    async def scene() -> list[Any]:
        works = (take_number("fl_1"), refused, fail, take_number("fl_1"))
        writes = [desk.store.write(HOME, about("fl_1", work)) for work in works]
        return await asyncio.gather(*writes, return_exceptions=True)

    first, rule, failure, last = desk.runner.run(scene())
    assert ({first, last}, rule, type(failure)) == ({1, 2}, "version_digest", KeyError)
    assert desk.read(lambda tx: tx.tags.of(resource="r")) == {"was": "version_digest"}
    assert desk.read(lambda tx: tx.versions.count(file_id="fl_1")) == 1


def test_one_whose_connection_breaks_is_done_once(url: str, desk: Desk) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(1)
        if len(runs) == 1:
            hang_up(url)
        return take_number("fl_1")(tx)

    assert desk.write(about("fl_1", work)) == 1
    assert len(runs) == 2
    assert commits_of(desk).failed >= 1, "an idle connection was broken, too, and may have been taken next"
    assert desk.read(lambda tx: tx.releases.of_version(version_id="flv_1")) == [1]


def test_closing_finishes_what_was_begun(desk: Desk) -> None:
    async def scene() -> list[int]:
        writes = [
            asyncio.create_task(desk.store.write(HOME, about(one, take_number(one))))
            for one in ("fl_1", "fl_2", "fl_3")
            for _ in range(5)
        ]
        await asyncio.sleep(0)
        await desk.store.close()
        return sorted(await asyncio.gather(*writes))

    assert desk.runner.run(scene()) == sorted([1, 2, 3, 4, 5] * 3)


def test_those_of_one_file_share_transactions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    begin = PostgresConnection.begin

    async def noted(self: PostgresConnection, how: str, *, is_careful: bool = False) -> None:
        begun.append(how)
        await begin(self, how, is_careful=is_careful)

    async def scene() -> None:
        await asyncio.gather(*(desk.store.write(HOME, about("fl_1", take_number("fl_1"))) for _ in range(20)))

    monkeypatch.setattr(PostgresConnection, "begin", noted)
    desk.runner.run(scene())
    assert set(begun) == {WRITE_BESIDE}
    assert len(begun) < 20


def test_a_read_of_one_statement_is_one_and_longer_ones_see_one_state(
    url: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    command = PostgresConnection._command

    async def noted(self: PostgresConnection, text: str) -> None:
        commands.append(text)
        await command(self, text)

    monkeypatch.setattr(PostgresConnection, "_command", noted)
    runs: list[int] = []

    def short(tx: Transaction) -> Any:
        return tx.files.get(id="fl_1")

    def long(tx: Transaction) -> tuple[Any, Any]:
        runs.append(1)
        before = tx.tags.of(resource="r")
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("INSERT INTO tags VALUES (%s, 'r', %s, 'v')", [HOME, f"k{len(runs)}"])
        return before, tx.tags.of(resource="r")

    assert desk.read(short) is not None
    assert not commands
    for _ in range(2):
        before, after = desk.read(long)
        assert before == after
    assert len(runs) == 3
    assert len(commands) == 2


def test_statements_go_together_unless_one_touches_what_another_writes() -> None:
    assert TOUCHED["release_by_number"] >= {"releases", "versions"}
    assert TOUCHED["version_by_digest"] >= {"versions", "usage"}
    waiting = Waiting()
    waiting.add(("add_version", {}))
    assert waiting.goes_with("pointer")
    assert waiting.goes_with("add_receipt")
    assert not waiting.goes_with("add_release")  # it looks for the version
    assert not waiting.goes_with("version_by_digest")
    assert not waiting.goes_with("remove_alias")
    for _ in range(MOST - 1):
        waiting.add(("add_receipt", {}))
    assert not waiting.goes_with("pointer")
    assert all(table in TOUCHED[name] for name, (table, _) in WRITTEN.items())


def test_two_servers_give_numbers_names_and_tokens_once(url: str) -> None:
    """Over HTTP, through both protocols, creates of the same flows and of others at the same time."""
    definition = level([start(), end()], "Start.document > End.document")

    async def scene(stack: AsyncExitStack) -> None:
        clients = [await _served(stack, url) for _ in range(2)]
        flows = [await _prepared(clients[0], f"race-{n}", definition) for n in range(3)]
        creates = [_twice(clients, flow, n) for flow in flows for n in range(8)]
        upserts = [_upsert(clients[n % 2], f"many/{n % 3}", n) for n in range(24)]
        pairs, texts = await asyncio.gather(asyncio.gather(*creates), asyncio.gather(*upserts))
        assert all(one == other for one, other in pairs)
        for at in range(3):
            numbers = [int(one["version"]) for one, _ in pairs[at * 8 : at * 8 + 8]]
            assert sorted(numbers) == list(range(1, 9))
        assert len({text["version_id"] for text in texts}) == 24
        for flow in {text["id"] for text in texts}:
            told = (await clients[1].get(f"/v5/flows/{flow}/versions")).json()["records"]
            assert len(told) == 8
            times = [record["created_at"] for record in told]
            assert times == sorted(times, reverse=True)

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            await scene(stack)

    asyncio.run(whole())


async def _served(stack: AsyncExitStack, url: str) -> httpx.AsyncClient:
    server = await build(Settings(store=url, secret_key=SECRET_KEY))
    stack.push_async_callback(server.ports.store.close)
    stack.push_async_callback(server.runs.recorder.close)
    transport = httpx.ASGITransport(app=server.app)
    client = httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={"x-api-key": "any"}, timeout=WAIT_S
    )
    return await stack.enter_async_context(client)


async def _prepared(client: httpx.AsyncClient, name: str, definition: Any) -> str:
    role = "arn:aws:iam::123456789012:role/flows"
    made = await client.post(
        "/flows/", json={"name": name, "executionRoleArn": role, "definition": definition}
    )
    flow = str(made.json()["id"])
    (await client.post(f"/flows/{flow}/")).raise_for_status()
    return flow


async def _twice(clients: list[httpx.AsyncClient], flow: str, number: int) -> list[Any]:
    """The answers of both servers to one request."""
    body = {"clientToken": f"{flow}-{number:040d}", "description": f"number {number}"}
    both = await asyncio.gather(*(one.post(f"/flows/{flow}/versions", json=body) for one in clients))
    for answer in both:
        answer.raise_for_status()
    return [answer.json() for answer in both]


async def _upsert(client: httpx.AsyncClient, path: str, number: int) -> Any:
    answer = await client.post("/v5/flows", json={"path": path, "attributes": {"n": number}})
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content)
