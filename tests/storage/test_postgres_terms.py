"""Processes whose transactions do not exclude each other alike don't get at one database at the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import psycopg
import pytest
from click.testing import CliRunner
from tests.postgres import cluster
from tests.storage.test_postgres_faults import desk_on, hang_up
from tests.storage.things import HOME, file

from headrace.cli import main, serve
from headrace.core.errors import Unavailable
from headrace.storage import open_store
from headrace.storage.errors import StoreOccupied
from headrace.storage.migrations import Migration
from headrace.storage.postgres import opening as postgres_opening
from headrace.storage.postgres import terms as postgres_terms
from headrace.vault import new_key

GONE_WITHIN_S = 30.0


@pytest.fixture
def url() -> Iterator[str]:
    url = cluster().lend()
    yield url
    hang_up(url)
    until_alone(url)
    cluster().take_back(url)


def named(url: str, name: str) -> psycopg.Connection[object]:
    """A connection such as a process of another release has."""
    return psycopg.connect(url, application_name=name, autocommit=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there do not go away by themselves."""
    monkeypatch.setattr(postgres_terms, "PATIENCE_S", 0)


def until_alone(url: str) -> None:
    """Wait until the server has noticed who is gone."""
    end = time.monotonic() + GONE_WITHIN_S
    database = url.rpartition("/")[2]
    while any(datname == database for (datname,) in cluster().ask("SELECT datname FROM pg_stat_activity")):
        assert time.monotonic() < end, "somebody stays"
        time.sleep(0.02)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["headrace/0", "headrace/999", "headrace"])
def test_a_process_of_other_terms_has_to_end_first(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Migration(
        number=len(postgres_opening.MIGRATIONS) + 1, name="more", script="CREATE TABLE more ();"
    )
    with named(url, name), monkeypatch.context() as changed:
        changed.setattr(postgres_opening, "MIGRATIONS", (*postgres_opening.MIGRATIONS, newer))
        with pytest.raises(StoreOccupied, match=rf"1 from \S+ \(`{name}`\)\. Stop all of those first"):
            open_store(url)
    with psycopg.connect(url) as one:
        assert one.execute("SELECT to_regclass('more')").fetchone() == (None,), "nothing was changed"
    until_alone(url)
    with desk_on(url) as desk:
        desk.write(lambda tx: tx.files.add(file()))


@pytest.mark.parametrize("name", [postgres_terms.name(), "headrace-apart", "headrace-alive", "psql"])
def test_others_are_welcome(url: str, name: str) -> None:
    with named(url, name), desk_on(url) as desk:
        desk.write(lambda tx: tx.files.add(file()))


def test_one_of_another_database_is_nobody_s_business(url: str) -> None:
    other = cluster().lend()
    with named(other, "headrace/999"), desk_on(url) as desk:
        desk.write(lambda tx: tx.files.add(file()))
    until_alone(other)
    cluster().take_back(other)


def test_who_has_just_ended_is_waited_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_terms, "PATIENCE_S", GONE_WITHIN_S)
    leaving = named(url, "headrace/999")
    with ThreadPoolExecutor(1) as thread:
        opening = thread.submit(open_store, url)
        until_it_looks(url)
        assert not opening.done()
        leaving.close()
        asyncio.run(opening.result(timeout=GONE_WITHIN_S).close())


def until_it_looks(url: str) -> None:
    """Wait until somebody is at the opening of a store."""
    end = time.monotonic() + GONE_WITHIN_S
    query = (
        "SELECT datname FROM pg_stat_activity WHERE query LIKE '%application_name ~%' "
        "AND pid <> pg_backend_pid()"
    )
    while not any(datname == url.rpartition("/")[2] for (datname,) in cluster().ask(query)):
        assert time.monotonic() < end, "nobody looks"
        time.sleep(0.02)


@pytest.mark.usefixtures("impatient")
def test_a_store_finds_one_of_other_terms_that_others_have_open(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_on(url) as desk:
        desk.write(lambda tx: tx.files.add(file()))
        with monkeypatch.context() as newer:
            newer.setattr(postgres_terms, "TERMS", postgres_terms.TERMS + 1)
            with pytest.raises(StoreOccupied, match=f"`headrace/{postgres_terms.TERMS - 1}`"):
                open_store(url)
        assert desk.read(lambda tx: tx.files.count(kind="flow")) == 1


def test_of_two_that_open_it_at_the_same_time_one_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second was found alone at its opening, before either had a connection that stays."""

    async def scene() -> None:
        first = open_store(url)
        with monkeypatch.context() as newer:
            newer.setattr(postgres_terms, "TERMS", postgres_terms.TERMS + 1)
            second = open_store(url)
            await second.write(HOME, lambda tx: tx.files.add(file()))
        with pytest.raises(Unavailable, match="Stop all of those first"):
            await first.write(HOME, lambda tx: tx.files.add(file("fl_2")))
        with pytest.raises(Unavailable, match="Stop all of those first"):
            await first.check()
        await second.close()
        until_alone(url)
        await first.write(HOME, lambda tx: tx.files.add(file("fl_2")))
        await first.close()

    asyncio.run(scene())


@pytest.mark.usefixtures("impatient")
def test_a_server_says_so_and_does_not_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_SECRET_KEY", new_key())
    with named(url, "headrace/999"):
        for command in ("serve", "worker"):
            done = CliRunner().invoke(main, [command, "--store", url])
            assert (done.exit_code, "Stop all of those first" in done.output) == (1, True), done.output
            assert "secret" not in done.output


def test_a_server_whose_store_goes_away_as_it_starts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(*_: object, **__: object) -> NoReturn:
        raise Unavailable("Stop all of those first.")

    monkeypatch.setattr(serve, "build", late)
    done = CliRunner().invoke(main, ["serve", "--store", "memory:"])
    assert (done.exit_code, done.output) == (1, "Error: Stop all of those first.\n")
