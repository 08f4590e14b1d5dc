"""Several processes with one database: each race has one winner, and nobody is told what did not happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from tests.postgres import cluster
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    alias,
    file,
    key,
    log,
    receipt,
    release,
    version,
)

from headrace.core.changes import Kept
from headrace.core.errors import NotFound
from headrace.core.ports import Clash, Store, Transaction
from headrace.storage import open_store
from headrace.storage.postgres.connection import PostgresConnection

T = TypeVar("T")


@contextmanager
def shared(count: int = 2) -> Iterator[tuple[asyncio.Runner, list[Store]]]:
    """Stores in one database, as processes have them."""
    url = cluster().lend()
    with asyncio.Runner() as runner:
        stores = [open_store(url) for _ in range(count)]
        yield runner, stores
        for store in stores:
            runner.run(store.close())
    cluster().take_back(url)


async def at_once(*all_of_it: Awaitable[T]) -> list[T | BaseException]:
    return await asyncio.gather(*all_of_it, return_exceptions=True)


def fill(tx: Transaction) -> None:
    tx.files.add(file())
    tx.versions.add(version())


def test_numbers_are_given_once() -> None:
    def take_number(tx: Transaction) -> int:
        found = tx.files.get(id="fl_1")
        assert found is not None
        number = found.last_number + 1
        tx.files.issue_number(id="fl_1", number=number, at=START)
        tx.releases.add(release(number))
        return number

    with shared(3) as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        numbers = runner.run(
            at_once(*(store.write(HOME, take_number) for _ in range(40) for store in stores))
        )
        assert sorted(numbers) == list(range(1, 121))  # type: ignore[type-var]
        kept = runner.run(stores[1].read(HOME, lambda tx: tx.releases.of_version(version_id="flv_1")))
        assert kept == list(range(1, 121))


def test_one_name_has_one_winner() -> None:
    with shared(3) as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        outcomes = runner.run(
            at_once(
                *(
                    store.write(HOME, lambda tx, n=n: tx.aliases.add(alias(f"ALIAS{n}", name="prod")))
                    for n, store in enumerate(3 * stores)
                )
            )
        )
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 8
        assert {getattr(one, "rule", one) for one in refused} == {"alias_name"}


def test_what_was_read_still_holds_when_what_follows_is_kept() -> None:
    """Each looks whether the other is there, and adds itself only when it is not: write skew."""

    def add(mine: str, other: str, tx: Transaction) -> bool:
        if tx.tags.of(resource=other):
            return False
        tx.tags.put(resource=mine, tags={"is": "there"})
        return True

    with shared() as (runner, (one, other)):
        for number in range(20):
            names = f"one/{number}", f"other/{number}"
            added = runner.run(
                at_once(
                    one.write(HOME, lambda tx, names=names: add(*names, tx)),
                    other.write(HOME, lambda tx, names=names: add(*names[::-1], tx)),
                )
            )
            assert sorted(map(str, added)) == ["False", "True"]


def test_who_lost_sees_what_the_winner_did() -> None:
    """A log whose id is taken is there for whoever was refused: also when it came a moment before."""

    def add(tx: Transaction) -> bool:
        if tx.logs.get(id="log_1"):
            return False
        try:
            tx.logs.add(log("log_1"), at=START)
        except Clash:
            assert tx.logs.get(id="log_1") is not None
            return False
        return True

    with shared(3) as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        for _ in range(10):
            added = runner.run(at_once(*(store.write(HOME, add) for store in 2 * stores)))
            assert sorted(map(str, added)) == ["False"] * 5 + ["True"]
            runner.run(stores[0].write(HOME, lambda tx: tx.logs.remove(id="log_1")))


def test_logs_of_one_moment_have_places_of_their_own() -> None:
    with shared() as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        runner.run(
            at_once(
                *(
                    store.write(HOME, lambda tx, n=n: tx.logs.add(log(f"log_{n}"), at=START))
                    for n, store in enumerate(20 * stores)
                )
            )
        )
        usage = runner.run(stores[0].read(HOME, lambda tx: tx.logs.usage_of_file(file_id="fl_1")))
        assert usage.logs_count == 40


def test_a_receipt_is_made_once() -> None:
    with shared() as (runner, stores):
        outcomes = runner.run(
            at_once(*(store.write(HOME, lambda tx: tx.receipts.add(receipt())) for store in 5 * stores))
        )
        assert sorted(str(getattr(one, "rule", one)) for one in outcomes) == ["None"] + 9 * ["receipt"]


def test_an_answered_write_is_seen_by_every_process() -> None:
    async def scene(stores: list[Store]) -> None:
        for number in range(30):
            await stores[number % 2].write(HOME, lambda tx, n=number: tx.files.add(file(f"fl_{n}")))
            found = await stores[1 - number % 2].read(HOME, lambda tx, n=number: tx.files.get(id=f"fl_{n}"))
            assert found is not None

    with shared() as (runner, stores):
        runner.run(scene(stores))


def test_nothing_that_was_read_may_be_kept() -> None:
    """A revoked key opens nothing, whichever process revoked it."""

    async def scene(stores: list[Store]) -> None:
        ours, theirs = stores
        await ours.write(HOME, lambda tx: tx.access.add_key(key()))
        kept: Kept[str, Any] = Kept()

        async def known() -> Any:
            at = ours.changes.registry
            found = kept.get(at, "key")
            if found is None:
                found = await ours.read(HOME, lambda tx: tx.access.key_by_hash(api_key_hash="hash key_1"))
                kept.put(at, "key", found)
            return found

        assert (await known()).revoked_at is None
        await theirs.write(ABROAD, lambda tx: tx.access.revoke_key(id="key_1", at=START))
        assert (await known()).revoked_at == START

    with shared() as (runner, stores):
        assert all(store.is_shared for store in stores)
        asked = [stores[0].changes.registry, stores[0].changes.everything, stores[0].changes.registry]
        assert len(set(asked)) == 3
        runner.run(scene(stores))


def test_what_is_told_rests_on_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of a group takes a place, the second is refused it; then the first loses it to others."""

    def take(mine: str, other: str, tx: Transaction) -> None:
        if not tx.tags.of(resource=other):
            tx.tags.put(resource=mine, tags={"is": "taken"})

    def need(tx: Transaction) -> str:
        if tx.tags.of(resource="ours"):
            raise NotFound("place", "ours")
        return "free"

    commit = PostgresConnection.commit

    async def scene(ours: Store, theirs: Store) -> list[Any]:
        async def late(connection: PostgresConnection) -> None:
            monkeypatch.setattr(PostgresConnection, "commit", commit)
            await theirs.write(HOME, lambda tx: take("theirs", "ours", tx))
            await commit(connection)

        monkeypatch.setattr(PostgresConnection, "commit", late)
        return await at_once(ours.write(HOME, lambda tx: take("ours", "theirs", tx)), ours.write(HOME, need))

    with shared() as (runner, (ours, theirs)):
        assert runner.run(scene(ours, theirs)) == [None, "free"]
        found = runner.run(
            ours.read(HOME, lambda tx: [bool(tx.tags.of(resource=one)) for one in ("ours", "theirs")])
        )
        assert found == [False, True]


def test_much_contention_ends() -> None:
    """Processes that all want to change one row: each gets its turn."""

    def more(tx: Transaction) -> None:
        found = tx.tags.of(resource="r").get("n", "0")
        tx.tags.put(resource="r", tags={"n": str(int(found) + 1)})

    async def one_by_one(store: Store) -> None:
        for _ in range(25):
            await store.write(HOME, more)

    with shared(4) as (runner, stores):
        assert runner.run(at_once(*map(one_by_one, stores))) == [None] * 4
        assert runner.run(stores[0].read(HOME, lambda tx: tx.tags.of(resource="r"))) == {"n": "100"}
