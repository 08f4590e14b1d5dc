"""What happens to a PostgreSQL server happens to no promise."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tests.postgres import Cluster, cluster
from tests.storage.things import HOME, Desk, file, version

from headrace.core.counts import Commits
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.storage import open_store
from headrace.storage.limits import StoreLimits
from headrace.storage.postgres.store import PostgresStore

QUICK = StoreLimits(connections=3, timeout_s=1.5, connect_timeout_s=5.0)
WAIT_S = 30.0


@contextmanager
def desk_on(url: str, limits: StoreLimits | None = None) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        store = open_store(url, limits)
        yield Desk(store, runner)
        runner.run(store.close())


@pytest.fixture
def url() -> Iterator[str]:
    url = cluster().lend()
    yield url
    cluster().take_back(url)


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A server that may be stopped."""
    made = Cluster()
    yield made
    made.remove()


def commits_of(desk: Desk) -> Commits:
    assert isinstance(desk.store, PostgresStore)
    return desk.store.commits


def hang_up(url: str) -> None:
    """End all connections to a database, as an administrator can."""
    cluster().ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'headrace/%' "
        f"AND datname = '{url.rpartition('/')[2]}'"
    )


def test_a_write_whose_connection_breaks_is_done_once(url: str) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        tx.files.add(file())
        runs.append(1)
        if len(runs) == 1:
            hang_up(url)
        tx.versions.add(version())

    with desk_on(url) as desk:
        desk.write(work)
        assert len(runs) == 2
        assert commits_of(desk).failed == 1
        assert desk.read(lambda tx: tx.versions.count(file_id="fl_1")) == 1


def test_a_write_whose_connection_keeps_breaking_is_given_up(url: str) -> None:
    def work(tx: Transaction) -> None:
        tx.files.add(file())
        hang_up(url)
        tx.versions.add(version())

    with desk_on(url) as desk:
        with pytest.raises(Unavailable):
            desk.write(work)
        desk.write(lambda tx: tx.files.add(file()))
        assert desk.read(lambda tx: tx.files.count(kind="flow")) == 1


def test_a_read_whose_connection_breaks_is_done_again(url: str) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(1)
        if len(runs) == 1:
            hang_up(url)
        return tx.files.count(kind="flow")

    with desk_on(url) as desk:
        assert desk.read(work) == 0
        assert len(runs) == 2


def test_connections_that_broke_while_they_were_idle_are_not_noticed(url: str) -> None:
    async def many(desk: Desk) -> None:
        await asyncio.gather(*(desk.store.read(HOME, lambda tx: tx.files.get(id="x")) for _ in range(9)))

    with desk_on(url) as desk:
        desk.write(lambda tx: tx.files.add(file()))
        desk.runner.run(many(desk))
        hang_up(url)
        desk.runner.run(many(desk))
        desk.write(lambda tx: tx.versions.add(version()))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["is stopped", "crashes"])
def test_a_server_may_be_started_again(own: Cluster, how: signal.Signals) -> None:
    with desk_on(own.new()) as desk:
        desk.write(lambda tx: tx.files.add(file()))
        desk.read(lambda tx: tx.files.get(id="fl_1"))
        own.stop(how)
        for _ in range(2):
            failed = commits_of(desk).failed
            with pytest.raises(Unavailable):
                desk.write(lambda tx: tx.versions.add(version()))
            assert commits_of(desk).failed > failed
            with pytest.raises(Unavailable):
                desk.read(lambda tx: tx.files.get(id="fl_1"))
            with pytest.raises(Unavailable):
                desk.runner.run(desk.store.check())
        own.start()
        desk.runner.run(desk.store.check())
        desk.write(lambda tx: tx.versions.add(version()))
        assert desk.read(lambda tx: tx.versions.count(file_id="fl_1")) == 1


def test_a_commit_of_unknown_outcome_is_not_repeated() -> None:
    """The connection breaks while the server is committing."""
    url = cluster().new()
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        tx.tags.put(resource="r", tags={"k": "v"})

    async def scene(desk: Desk) -> None:
        writing = asyncio.create_task(desk.store.write(HOME, work))
        end = time.monotonic() + WAIT_S
        while not cluster().ask(
            "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'"
        ):
            assert time.monotonic() < end
            await asyncio.sleep(0.02)
        hang_up(url)
        await writing

    with desk_on(url) as desk:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_sleep(25); RETURN NULL; END $$"
            )
            connection.execute(
                "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON tags DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION slow()"
            )
        with pytest.raises(Unavailable, match="may or may not"):
            desk.runner.run(scene(desk))
        assert runs == [1]
        desk.write(lambda tx: tx.files.add(file()))
        assert desk.read(lambda tx: tx.files.count(kind="flow")) == 1
    cluster().drop(url)


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Somebody else holds on to a table."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # type: ignore[arg-type]
        yield


def test_what_takes_too_long_is_given_up(url: str) -> None:
    with desk_on(url, QUICK) as desk:
        with locked(url, "tags"):
            with pytest.raises(Unavailable):
                desk.read(lambda tx: tx.tags.of(resource="r"))
            with pytest.raises(Unavailable):
                desk.write(lambda tx: tx.tags.put(resource="r", tags={"k": "v"}))
            desk.write(lambda tx: tx.files.add(file()))
        desk.write(lambda tx: tx.tags.put(resource="r", tags={"k": "v"}))
        assert desk.read(lambda tx: tx.tags.of(resource="r")) == {"k": "v"}


def test_one_that_takes_too_long_does_not_take_its_group_with_it(url: str) -> None:
    async def scene(desk: Desk) -> list[object]:
        return await asyncio.gather(
            desk.store.write(HOME, lambda tx: tx.files.add(file("fl_1"))),
            desk.store.write(HOME, lambda tx: tx.tags.put(resource="r", tags={"k": "v"})),
            return_exceptions=True,
        )

    with desk_on(url, QUICK) as desk, locked(url, "tags"):
        outcomes = desk.runner.run(scene(desk))
        assert isinstance(outcomes[1], Unavailable)
        kept = desk.read(lambda tx: tx.files.get(id="fl_1"))
        assert (kept is not None) == (outcomes[0] is None)


def test_when_all_connections_are_in_use_others_wait_for_a_while(url: str) -> None:
    async def scene(desk: Desk) -> list[object]:
        def slow(tx: Transaction) -> object:
            return tx.tags.of(resource="r")

        reads = [asyncio.create_task(desk.store.read(HOME, slow)) for _ in range(2)]
        await asyncio.sleep(0)
        began = time.monotonic()
        others = [desk.store.read(HOME, lambda tx: tx.files.get(id="x")) for _ in range(20)]
        outcomes = await asyncio.gather(*others, return_exceptions=True)
        assert time.monotonic() - began < WAIT_S
        return [*outcomes, *await asyncio.gather(*reads, return_exceptions=True)]

    with desk_on(url, QUICK) as desk:
        with locked(url, "tags"):
            outcomes = desk.runner.run(scene(desk))
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes[-2:])
        assert all(outcome is None or isinstance(outcome, Unavailable) for outcome in outcomes)
        assert desk.read(lambda tx: tx.files.get(id="x")) is None


def test_a_read_that_is_cancelled_gives_its_connection_back(url: str) -> None:
    async def scene(desk: Desk) -> None:
        for _ in range(6):
            reading = asyncio.create_task(desk.store.read(HOME, lambda tx: tx.tags.of(resource="r")))
            end = time.monotonic() + WAIT_S
            while not cluster().ask("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                assert time.monotonic() < end
                await asyncio.sleep(0.01)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        assert await desk.store.read(HOME, lambda tx: tx.files.get(id="x")) is None

    with desk_on(url, StoreLimits(connections=3, timeout_s=20.0)) as desk, locked(url, "tags"):
        desk.runner.run(scene(desk))


def test_a_transaction_that_is_held_up_is_undone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process that was stopped in the middle of one would hold up all others."""
    monkeypatch.setattr("headrace.storage.postgres.pool.MAX_PAUSE_S", 0.5)
    runs: list[int] = []

    def late(tx: Transaction) -> None:
        tx.tags.put(resource="r", tags={"k": "v"})
        runs.append(1)
        if len(runs) == 1:  # nothing of this process goes on until others got what they wait for
            with psycopg.connect(url) as other:
                other.execute("SET lock_timeout = '20s'")
                other.execute("LOCK TABLE migrations IN EXCLUSIVE MODE")
        tx.tags.put(resource="r", tags={"more": "v"})

    with desk_on(url) as desk:
        desk.write(late)
        assert len(runs) == 2
        assert desk.read(lambda tx: len(tx.tags.of(resource="r"))) == 2
