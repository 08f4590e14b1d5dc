"""Writes that wait together share a transaction, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.postgres import cluster
from tests.storage.test_postgres_faults import commits_of, desk_on
from tests.storage.things import ABROAD, HOME, Desk, file, version

from headrace.core.ports import Clash, Transaction
from headrace.storage.postgres.connection import WRITE_ALONE, PostgresConnection


class Bug(Exception):
    pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    url = cluster().lend()
    with desk_on(url) as desk:
        yield desk
    cluster().take_back(url)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """How each transaction was begun, and whether with care."""
    found: list[tuple[str, bool]] = []
    begin = PostgresConnection.begin

    async def noted(self: PostgresConnection, how: str, *, is_careful: bool = False) -> None:
        found.append((how, is_careful))
        await begin(self, how, is_careful=is_careful)

    monkeypatch.setattr(PostgresConnection, "begin", noted)
    return found


def at_once(desk: Desk, *works: Any) -> list[Any]:
    async def scene() -> list[Any]:
        writes = [desk.store.write(HOME, work) for work in works]
        return await asyncio.gather(*writes, return_exceptions=True)

    return desk.runner.run(scene())


def test_those_that_wait_together_share_a_transaction(desk: Desk, begun: list[Any]) -> None:
    desk.write(lambda tx: None)
    begun.clear()
    at_once(desk, *(lambda tx, n=n: tx.files.add(file(f"fl_{n}")) for n in range(10)))
    assert len(begun) < 10
    assert desk.read(lambda tx: tx.files.count(kind="flow")) == 10


def test_a_refusal_costs_one_more_run_of_who_is_refused(desk: Desk, begun: list[Any]) -> None:
    runs: dict[str, int] = {}

    def add(name: str, tx: Transaction) -> str:
        runs[name] = runs.get(name, 0) + 1
        try:
            tx.files.add(file(f"fl_{name}", path="same"))
        except Clash as clash:
            tx.files.add(file(f"fl_{name}", path=f"not the same as {name}"))
            return clash.rule
        return "added"

    assert at_once(desk, *(lambda tx, name=name: add(name, tx) for name in "abc")) == [
        "added", "path", "path",
    ]  # fmt: skip
    assert [is_careful for _, is_careful in begun].count(True) == 2
    assert desk.read(lambda tx: tx.files.count(kind="flow")) == 3


def test_who_fails_after_writing_takes_nobody_along(desk: Desk) -> None:
    def fail(tx: Transaction) -> None:
        tx.files.add(file("fl_bad"))
        raise Bug

    outcomes = at_once(
        desk,
        lambda tx: tx.files.add(file("fl_1")),
        fail,
        lambda tx: (tx.files.add(file("fl_2")), tx.versions.add(version(file_id="fl_2")))[0],
    )
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [None, Bug, None]
    kept = desk.read(lambda tx: [tx.files.get(id=one) is not None for one in ("fl_1", "fl_bad", "fl_2")])
    assert kept == [True, False, True]


def test_who_is_refused_before_it_fails_is_told_so(desk: Desk) -> None:
    """Also where what is refused would have waited for the next statement."""

    def work(tx: Transaction) -> None:
        tx.files.add(file("fl_2", path="same"))
        raise Bug

    desk.write(lambda tx: tx.files.add(file("fl_1", path="same")))
    with pytest.raises(Clash, match=r"^path$"):
        desk.write(work)
    assert commits_of(desk).failed == 0, "a refusal is no failure of the store"


def test_who_fails_without_writing_costs_nothing(desk: Desk, begun: list[Any]) -> None:
    def look(tx: Transaction) -> None:
        assert tx.files.get(id="fl_1") is not None
        raise Bug

    outcomes = at_once(desk, lambda tx: tx.files.add(file("fl_1")), look)
    assert (outcomes[0], type(outcomes[1])) == (None, Bug)
    assert not any(is_careful for _, is_careful in begun)


def test_what_the_server_does_not_understand_is_its_callers_alone(desk: Desk) -> None:
    """A bug of ours in one use case; the others of its group are kept."""

    def odd(tx: Transaction) -> None:
        tx.tags.put(resource="r", tags={"k": "v"})
        tx.tags._connection.script("SELECT 1 / 0")  # type: ignore[attr-defined]

    outcomes = at_once(desk, lambda tx: tx.files.add(file("fl_1")), odd)
    assert outcomes[0] is None
    assert outcomes[1] is not None
    assert desk.read(lambda tx: (tx.files.count(kind="flow"), tx.tags.of(resource="r"))) == (1, {})


def test_organisations_share_it_too(desk: Desk) -> None:
    async def scene() -> None:
        await asyncio.gather(
            *(desk.store.write(account, lambda tx: tx.files.add(file())) for account in (HOME, ABROAD))
        )

    desk.runner.run(scene())
    assert [desk.read(lambda tx: tx.files.count(kind="flow"), account) for account in (HOME, ABROAD)] == [
        1,
        1,
    ]


def test_after_a_lost_race_nobody_else_writes(desk: Desk, begun: list[Any]) -> None:
    """What one reads, another changes before the end of both: the second to end is run again, alone."""
    url = f"{desk.store._pool._url}"  # type: ignore[attr-defined]
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        seen = tx.tags.of(resource="theirs")
        if len(runs) == 1:
            with psycopg.connect(url) as other:
                other.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                other.execute("SELECT 1 FROM tags WHERE account = %s AND resource = 'ours'", [HOME])
                other.execute("INSERT INTO tags VALUES (%s, 'theirs', 'k', 'v')", [HOME])
        tx.tags.put(resource="ours", tags={"n": str(len(seen))})

    desk.write(work)
    assert len(runs) == 2
    assert [how for how, _ in begun][-1] == WRITE_ALONE
    assert desk.read(lambda tx: tx.tags.of(resource="ours")) == {"n": "1"}
