"""A PostgreSQL store is opened, or it is said why not; its password is never said."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import asyncpg
import psycopg
import pytest
from click.testing import CliRunner
from tests.postgres import Cluster, cluster, free_port
from tests.storage.test_postgres_faults import desk_on
from tests.storage.things import START, file, log, version

from headrace.cli.settings import command as settings_command
from headrace.core.logs import LogQuery
from headrace.storage import open_store
from headrace.storage.errors import NoSuchStore, StoreDamaged, StoreError, StoreTooNew, StoreUnusable
from headrace.storage.place import shown
from headrace.storage.postgres import opening as postgres_opening


@pytest.fixture
def empty() -> Iterator[str]:
    url = cluster().empty()
    yield url
    cluster().drop(url)


def closed(url: str) -> None:
    """Open a store and close it."""
    with desk_on(url):
        pass


def test_an_empty_database_becomes_a_store(empty: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with desk_on(empty) as desk:
        desk.write(lambda tx: tx.files.add(file()))
    assert "the store is in PostgreSQL 1" in caplog.text
    assert "secret" not in caplog.text
    with desk_on(empty.replace("postgresql:", "postgres:")) as desk:
        assert desk.read(lambda tx: tx.files.count(kind="flow")) == 1


def test_many_processes_open_an_empty_database_at_once(empty: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        stores = list(threads.map(open_store, [empty] * 6))
    for store in stores:
        asyncio.run(store.close())
    with psycopg.connect(empty) as connection:
        numbers = [number for (number,) in connection.execute("SELECT number FROM migrations ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_store_is_opened_within_a_running_loop(empty: str) -> None:
    async def scene() -> None:
        store = open_store(empty)
        await store.check()
        await store.close()

    asyncio.run(scene())


def test_it_needs_no_right_to_make_extensions(caplog: pytest.LogCaptureFixture) -> None:
    """Parts of ids are then searched for without an index."""
    url = cluster().empty()
    name = url.rpartition("/")[2]
    cluster().ask("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'secret'")
    cluster().ask("CREATE SCHEMA plain AUTHORIZATION plain", database=name)
    with desk_on(url.replace("headrace:secret", "plain:secret")) as desk:
        assert "pg_trgm" in caplog.text
        desk.write(lambda tx: (tx.files.add(file()), tx.versions.add(version())))
        desk.write(lambda tx: tx.logs.add(log("log_abcdef"), at=START))
        found, _ = desk.read(lambda tx: tx.logs.page(LogQuery(file_id="fl_1", ids=("bcd",)), skip=0, take=9))
        assert [one.id for one in found] == ["log_abcdef"]
    cluster().drop(url)


def test_a_password_that_is_wrong_is_not_repeated() -> None:
    made = Cluster(auth="scram-sha-256")
    try:
        with pytest.raises(StoreUnusable, match="password authentication failed") as refused:
            open_store(made.url().replace(":secret@", ":wr0ng%2Fp%40ss@"))
        assert "wr0ng" not in str(refused.value)
        assert ":***@127.0.0.1" in str(refused.value)
        closed(made.url())
    finally:
        made.remove()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:geheim@127.0.0.1:{free}/x", "can't be opened as a store"),
        ("postgresql://me:geheim@127.0.0.1:port/x", "can't be used"),
        ("postgresql://me:geheim@127.0.0.1/x?sslmode=perhaps", "can't be used.*must be one of"),
        ("postgresql://me:geheim/@127.0.0.1/x", "can.t be used.*%2F"),
        ("postgresql://me:[geheim@127.0.0.1/x", "can't be used"),
        ("postgres+other://me:geheim@127.0.0.1/x", "does not begin with one of"),
        ("postgresql://127.0.0.1:1/x?user=me&password=geheim", "can't be opened as a store"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as refused:
        open_store(url.replace("{free}", str(free_port())))
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(refused.value.__cause__)


def test_a_database_that_is_not_there() -> None:
    with pytest.raises(StoreUnusable, match=r'database "nowhere" does not exist.*createdb --owner'):
        open_store(cluster().url("nowhere"))


def test_a_user_who_does_not_own_the_database(empty: str) -> None:
    cluster().ask("CREATE ROLE tenant LOGIN")
    # Before PostgreSQL 15 everybody may write there.
    cluster().ask("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=urlsplit(empty).path[1:])
    try:
        with pytest.raises(StoreUnusable, match=r"permission denied.*has to own the database"):
            open_store(empty.replace("headrace:secret", "tenant:secret"))
    finally:
        cluster().ask("DROP ROLE tenant")


def test_a_server_that_is_too_old(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        asyncpg.Connection, "get_server_version", lambda self: SimpleNamespace(major=13, minor=4)
    )
    with pytest.raises(StoreUnusable, match=r"needs PostgreSQL 14 or later, but the server is PostgreSQL 13"):
        open_store(empty)


def test_a_database_in_another_encoding() -> None:
    cluster().ask("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreUnusable, match="UTF8, but this one is in LATIN1"):
        open_store(cluster().url("latin"))
    cluster().drop(cluster().url("latin"))


@pytest.mark.parametrize(
    "table", ["migrations (id integer)", "users (id integer)"], ids=["migrations", "another"]
)
def test_a_database_of_somebody_else(empty: str, table: str) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute(f"CREATE TABLE {table}")  # type: ignore[arg-type]
    with pytest.raises(StoreDamaged, match="a database of its own"):
        open_store(empty)


def test_a_store_of_a_later_release(empty: str) -> None:
    closed(empty)
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO migrations SELECT max(number) + 1, 'x', 'x', 0 FROM migrations")
    with pytest.raises(StoreTooNew):
        open_store(empty)


def test_a_store_that_another_migration_made(empty: str) -> None:
    closed(empty)
    with psycopg.connect(empty) as connection:
        connection.execute("UPDATE migrations SET sha256 = 'other' WHERE number = 2")
    with pytest.raises(StoreDamaged, match="Migration 0002"):
        open_store(empty)


def test_a_migration_that_fails_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = postgres_opening.MIGRATIONS
    broken = type(known[0])(number=2, name="broken", script="CREATE TABLE t (a TEXT); SELECT 1 / 0;")
    monkeypatch.setattr(postgres_opening, "MIGRATIONS", (known[0], broken))
    with pytest.raises(StoreUnusable, match="division by zero"):
        open_store(empty)
    monkeypatch.undo()
    closed(empty)


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    for name in [name for name in sys.modules if name.startswith("headrace.storage.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(NoSuchStore, match=r"asyncpg.*pip install 'headrace\[postgres\]'"):
        open_store("postgresql://u:p@h/d")


@pytest.mark.parametrize(
    ("store", "seen"),
    [
        ("x.db", "x.db"),
        ("memory:", "memory:"),
        ("sqlite:////a/b@c.db", "sqlite:////a/b@c.db"),
        ("postgresql://u:p@h:5/d", "postgresql://u:***@h:5/d"),
        ("postgresql://u:p@s/s@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://h/d?password=p&user=u", "postgresql://h/d?password=***&user=u"),
    ],
)
def test_a_password_is_not_shown(store: str, seen: str) -> None:
    assert shown(store) == seen


def test_settings_do_not_tell_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_STORE", "postgresql://me:geheim@h/d")
    for arguments in ([], ["--json"]):
        told = CliRunner().invoke(settings_command, arguments)
        assert told.exit_code == 0
        assert "postgresql://me:***@h/d" in told.output
        assert "geheim" not in told.output
