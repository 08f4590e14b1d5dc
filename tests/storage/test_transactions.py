"""Laws of reading and writing as such, for every store."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import NoReturn

import pytest
from tests.prepared import store_file
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    Desk,
    alias,
    directory,
    draft,
    file,
    key,
    move,
    receipt,
    release,
    user,
    version,
)

from headrace.core.errors import Unavailable
from headrace.core.ports import Clash, Transaction
from headrace.storage import open_store
from headrace.storage.errors import ReadOnly


class Bug(Exception):
    pass


def fill(tx: Transaction) -> None:
    """Use every kind of change once."""
    tx.files.add_directory(directory())
    tx.files.add(file())
    tx.versions.add(version())
    tx.versions.update(version(name="n"))
    tx.releases.add(release(1))
    tx.releases.add(release(2))
    tx.releases.remove(file_id="fl_1", number=2)
    tx.files.issue_number(id="fl_1", number=2, at=START)
    tx.drafts.put(draft())
    tx.pointers.move(move())
    tx.aliases.add(alias())
    tx.tags.put(resource="r", tags={"k": "v"})
    tx.receipts.add(receipt())
    tx.access.add_user(user())
    tx.access.add_key(key())


def seen(tx: Transaction) -> list[object]:
    return [
        tx.files.at(path="folder"),
        tx.files.get(id="fl_1"),
        tx.files.count(kind="flow"),
        tx.versions.of_file(file_id="fl_1"),
        tx.versions.by_digest(file_id="fl_1", digest="digest of flv_1"),
        tx.versions.count(file_id="fl_1"),
        tx.releases.get(file_id="fl_1", number=1),
        tx.releases.count_runnable(file_id="fl_1"),
        tx.drafts.get(file_id="fl_1"),
        tx.pointers.of_file(file_id="fl_1"),
        tx.pointers.history(file_id="fl_1"),
        tx.aliases.page(file_id="fl_1", before=None, take=9),
        tx.tags.of(resource="r"),
        tx.receipts.get(operation="create", parent="", token="t1"),
        tx.access.user(id="usr_1"),
        tx.access.keys(),
    ]


def test_a_transaction_sees_its_own_changes(desk: Desk) -> None:
    def work(tx: Transaction) -> list[object]:
        fill(tx)
        return seen(tx)

    within = desk.write(work)
    assert all(within)
    assert desk.read(seen) == within


@pytest.mark.parametrize("before", [False, True], ids=["in an empty store", "over what was there"])
def test_a_failed_use_case_leaves_nothing(desk: Desk, before: bool) -> None:
    if before:
        desk.write(fill)
    found = desk.read(seen)

    def work(tx: Transaction) -> NoReturn:
        if not before:
            fill(tx)
        tx.files.update(file(path="elsewhere"))
        tx.versions.update(version(deleted_at=START))
        tx.releases.remove(file_id="fl_1", number=1)
        tx.pointers.move(move("mv_2", version_id=None))
        tx.aliases.remove(file_id="fl_1", id="ALIAS00001")
        tx.tags.remove(resource="r", keys=["k"])
        tx.receipts.remove(operation="create", parent="", token="t1")
        tx.access.revoke_key(id="key_1", at=START)
        tx.files.remove(id="fl_1", at=START)
        raise Bug

    with pytest.raises(Bug):
        desk.write(work)
    assert desk.read(seen) == found
    if not before:
        desk.write(fill)
        assert all(desk.read(seen))


def test_a_clash_may_be_caught_and_the_use_case_goes_on(desk: Desk) -> None:
    def work(tx: Transaction) -> str:
        tx.files.add(file())
        try:
            tx.files.add(file("fl_2", short_name="name-1"))
        except Clash as clash:
            tx.files.add(file("fl_2", short_name="name-1-2"))
            return clash.rule
        return "none"

    assert desk.write(work) == "short_name"
    assert desk.read(lambda tx: tx.files.count(kind="flow")) == 2


def test_what_a_use_case_returns_or_raises_reaches_its_caller_only(desk: Desk) -> None:
    def add(number: int, tx: Transaction) -> int:
        tx.files.add(file(f"fl_{number}"))
        if number % 3 == 0:
            raise Bug
        if number % 3 == 1:
            tx.files.add(file(f"fl_{number}"))
        return number

    async def all_at_once() -> list[int | BaseException]:
        writes = [desk.store.write(HOME, lambda tx, n=n: add(n, tx)) for n in range(200)]
        return await asyncio.gather(*writes, return_exceptions=True)

    for number, outcome in enumerate(desk.runner.run(all_at_once())):
        expected: object = (Bug, Clash, number)[number % 3]
        assert (outcome if number % 3 == 2 else type(outcome)) == expected
    kept = desk.read(lambda tx: [n for n in range(200) if tx.files.get(id=f"fl_{n}")])
    assert kept == list(range(2, 200, 3))


def test_two_hundred_writes_at_once_are_all_kept(desk: Desk) -> None:
    def take_number(tx: Transaction) -> int:
        found = tx.files.get(id="fl_1")
        assert found is not None
        number = found.last_number + 1
        tx.files.issue_number(id="fl_1", number=number, at=START)
        tx.releases.add(release(number))
        return number

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(desk.store.write(HOME, take_number) for _ in range(200)))

    desk.write(lambda tx: (tx.files.add(file()), tx.versions.add(version())))
    numbers = desk.runner.run(all_at_once())
    assert sorted(numbers) == list(range(1, 201))
    assert desk.read(lambda tx: tx.releases.of_version(version_id="flv_1")) == list(range(1, 201))
    assert desk.read(lambda tx: tx.releases.count_runnable(file_id="fl_1")) == 200


def test_an_answered_write_is_seen_by_the_next_read(desk: Desk) -> None:
    async def writer(start: int) -> None:
        for number in range(start, start + 20):
            await desk.store.write(HOME, lambda tx, n=number: tx.files.add(file(f"fl_{n}")))
            found = await desk.store.read(HOME, lambda tx, n=number: tx.files.get(id=f"fl_{n}"))
            assert found is not None

    async def both() -> None:
        await asyncio.gather(*(writer(start) for start in range(0, 200, 20)))

    desk.runner.run(both())


def test_a_cancelled_write_is_whole_or_absent(desk: Desk) -> None:
    def work(number: int, tx: Transaction) -> None:
        tx.files.add(file(f"fl_{number}"))
        tx.drafts.put(draft(f"fl_{number}"))

    async def cancel_some() -> list[bool]:
        writes = [asyncio.create_task(desk.store.write(HOME, lambda tx, n=n: work(n, tx))) for n in range(60)]
        await asyncio.sleep(0)
        for task in writes[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        return [outcome is None for outcome in outcomes]

    answered = desk.runner.run(cancel_some())
    assert all(answered[1::2])
    for number, was_answered in enumerate(answered):
        entry, note = desk.read(
            lambda tx, n=number: (tx.files.get(id=f"fl_{n}"), tx.drafts.get(file_id=f"fl_{n}"))
        )
        assert (entry is None) == (note is None)
        assert entry is not None or not was_answered


def test_a_read_may_not_write(desk: Desk) -> None:
    with pytest.raises(ReadOnly):
        desk.read(lambda tx: tx.files.add(file()))
    with pytest.raises(Bug):
        desk.read(bug)
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) is None


def bug(tx: Transaction) -> NoReturn:
    raise Bug


def test_a_transaction_knows_its_organisation(desk: Desk) -> None:
    assert desk.read(lambda tx: tx.account, ABROAD) == ABROAD
    assert desk.write(lambda tx: tx.account) == HOME


def test_a_closed_store_says_so(desk: Desk) -> None:
    desk.runner.run(desk.store.check())
    desk.runner.run(desk.store.close())
    with pytest.raises(Unavailable):
        desk.write(fill)
    with pytest.raises(Unavailable):
        desk.read(seen)
    with pytest.raises(Unavailable):
        desk.runner.run(desk.store.check())


def test_closing_finishes_what_was_begun(desk: Desk) -> None:
    async def write_and_close() -> list[object]:
        writes = [
            asyncio.create_task(desk.store.write(HOME, lambda tx, n=n: tx.files.add(file(f"fl_{n}"))))
            for n in range(20)
        ]
        await asyncio.sleep(0)
        await desk.store.close()
        return await asyncio.gather(*writes)

    assert desk.runner.run(write_and_close()) == [None] * 20


def test_a_scan_sees_what_a_read_sees(desk: Desk) -> None:
    desk.write(fill)
    scanned = desk.runner.run(desk.store.scan(HOME, seen))
    assert scanned == desk.read(seen)
    desk.write(lambda tx: tx.files.update(file(path="moved")))
    assert desk.runner.run(desk.store.scan(HOME, lambda tx: tx.files.at(path="moved"))) is not None
    assert not any(desk.runner.run(desk.store.scan(ABROAD, seen))[:5])


def test_a_scan_that_writes_is_refused(desk: Desk) -> None:
    with pytest.raises(ReadOnly):
        desk.runner.run(desk.store.scan(HOME, fill))
    assert not any(desk.read(seen))


def test_others_read_and_write_while_a_scan_goes_on(tmp_path: Path) -> None:
    """In memory nothing takes long enough."""
    begun, goes_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> bool:
        before = tx.files.get(id="fl_1")
        begun.set()
        assert goes_on.wait(10)
        return before == tx.files.get(id="fl_1")

    async def story() -> bool:
        store = open_store(store_file(tmp_path / "store.db"))
        scanning = asyncio.create_task(store.scan(HOME, slow))
        assert await asyncio.to_thread(begun.wait, 10)
        await store.write(HOME, fill)
        assert await store.read(HOME, lambda tx: tx.files.get(id="fl_1")) is not None
        goes_on.set()
        is_one_state = await scanning
        await store.close()
        with pytest.raises(Unavailable):
            await store.scan(HOME, seen)
        return is_one_state

    assert asyncio.run(story())
