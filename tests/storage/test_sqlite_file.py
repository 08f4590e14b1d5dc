"""Opening a SQLite store: URLs, the lock, file modes, migrations."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.storage.things import HOME, START, file

from headrace.core.ports import Store, Transaction
from headrace.storage import open_store
from headrace.storage.errors import StoreDamaged, StoreLocked, StoreTooNew
from headrace.storage.memory.store import MemoryStore
from headrace.storage.migrations import SCHEMA, Migration, migrate, migrations_in
from headrace.storage.sqlite.connection import SqliteConnection, make_file
from headrace.storage.sqlite.lock import lock_path, read_note
from headrace.storage.sqlite.store import SqliteStore

TABLE = Migration(number=1, name="one", script="CREATE TABLE one (a TEXT) STRICT;")
SECOND = Migration(number=2, name="two", script="CREATE TABLE two (a TEXT) STRICT; DROP TABLE one;")


def close(store: Store) -> None:
    asyncio.run(store.close())


def store_at(path: Path) -> SqliteStore:
    return SqliteStore(path)


def test_each_url_opens_its_kind_of_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, path in (
        ("sqlite:///a.db", "a.db"),
        (f"sqlite:///{tmp_path}/b.db", "b.db"),
        ("./c.db", "c.db"),
    ):
        store = open_store(url)
        assert isinstance(store, SqliteStore)
        assert (tmp_path / path).exists()
        close(store)
    assert isinstance(open_store("memory:"), MemoryStore)


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("mysql://x", "`memory:`, `postgres:`, `postgresql:`, `sqlite:`"),
        ("", "`memory:`, `postgres:`, `postgresql:`, `sqlite:`"),
        ("sqlite://relative.db", "sqlite:////absolute.db"),
        ("sqlite:///", "sqlite:////absolute.db"),
        ("sqlite:///:memory:", "`memory:`"),
        ("memory:///x", "takes nothing"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, names: str) -> None:
    with pytest.raises(ValueError) as caught:
        open_store(url)
    assert names in str(caught.value)


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    asyncio.run(store.write(HOME, lambda tx: tx.files.add(file())))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("s.db", "s.db-wal", "s.db-shm", "s.db.lock"), 384)
    close(store)


def test_a_closed_store_is_one_file_beside_its_lock(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    asyncio.run(store.write(HOME, lambda tx: tx.files.add(file())))
    close(store)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.db", "s.db.lock"]


def test_a_store_that_is_open_says_where(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = store_at(path)
    assert read_note(path) == {"pid": str(os.getpid())}
    store.annotate({"url": "http://127.0.0.1:8321"})
    with pytest.raises(StoreLocked) as caught:
        store_at(path)
    assert str(os.getpid()) in str(caught.value)
    assert "http://127.0.0.1:8321" in str(caught.value)
    assert read_note(path) == {"pid": str(os.getpid()), "url": "http://127.0.0.1:8321"}
    store.annotate({"url": "u"})
    assert read_note(path)["url"] == "u"
    close(store)
    assert read_note(path) == {}
    close(store_at(path))


def test_the_lock_holds_against_another_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    source = (
        "import sys; from pathlib import Path; from headrace.storage.sqlite.store import SqliteStore\n"
        f"store = SqliteStore(Path({str(path)!r})); print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreLocked, match=f"process {other.pid}"):
            store_at(path)
    finally:
        other.kill()
        other.communicate()
    close(store_at(path))


def test_a_damaged_note_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = store_at(path)
    lock_path(path).write_bytes(b"{not json")
    with pytest.raises(StoreLocked, match="another process"):
        store_at(path)
    close(store)


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    asyncio.run(store.write(HOME, lambda tx: tx.files.add(file())))
    close(store)
    store = store_at(tmp_path / "s.db")
    assert asyncio.run(store.read(HOME, lambda tx: tx.files.get(id="fl_1"))) == file()
    close(store)


def test_a_read_sees_one_state(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    asyncio.run(store.write(HOME, lambda tx: tx.files.add(file())))
    foreign = apsw.Connection(str(tmp_path / "s.db"))

    def work(tx: Transaction) -> tuple[object, object]:
        before = tx.files.get(id="fl_1")
        foreign.execute("UPDATE entries SET description = 'changed meanwhile'")
        return before, tx.files.get(id="fl_1")

    assert asyncio.run(store.read(HOME, work)) == (file(), file())
    changed = asyncio.run(store.read(HOME, lambda tx: tx.files.get(id="fl_1")))
    assert changed == file(description="changed meanwhile")
    foreign.close()
    close(store)


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_bytes(b"not a database at all, but long enough to be mistaken for one" * 20)
    foreign = tmp_path / "foreign.db"
    with apsw.Connection(str(foreign)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    for path in (text, foreign):
        before = path.read_bytes()
        with pytest.raises(StoreDamaged, match=path.name):
            store_at(path)
        assert path.read_bytes() == before
        assert read_note(path) == {}


def engine_at(path: Path) -> SqliteConnection:
    make_file(path)
    engine = SqliteConnection(path)
    engine.prepare()
    return engine


def tables(engine: SqliteConnection) -> set[str]:
    rows = engine._sqlite.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {name for (name,) in rows} - {"migrations"}


def test_migrations_are_applied_once_and_recorded(tmp_path: Path) -> None:
    engine = engine_at(tmp_path / "s.db")
    migrate(engine, [TABLE], now=lambda: START)
    migrate(engine, [TABLE])
    assert tables(engine) == {"one"}
    migrate(engine, [TABLE, SECOND])
    assert tables(engine) == {"two"}
    assert engine.all("migrations_of_store") == [(1, "one", TABLE.sha256), (2, "two", SECOND.sha256)]
    ((applied_at,),) = engine._sqlite.execute("SELECT applied_at FROM migrations WHERE number = 1").fetchall()
    assert applied_at == round(START.timestamp() * 1_000_000)
    engine.close()


def test_a_store_of_a_later_release_is_refused(tmp_path: Path) -> None:
    engine = engine_at(tmp_path / "s.db")
    migrate(engine, [TABLE, SECOND])
    with pytest.raises(StoreTooNew, match="Install the release"):
        migrate(engine, [TABLE])
    engine.close()


def test_an_altered_migration_is_refused(tmp_path: Path) -> None:
    engine = engine_at(tmp_path / "s.db")
    migrate(engine, [TABLE])
    altered = Migration(number=1, name="one", script=TABLE.script + "-- harmless")
    with pytest.raises(StoreDamaged, match="0001"):
        migrate(engine, [altered, SECOND])
    assert tables(engine) == {"one"}
    engine.close()


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    engine = engine_at(tmp_path / "s.db")
    broken = Migration(number=2, name="broken", script=SECOND.script + "CREATE TABLE two (a TEXT) STRICT;")
    with pytest.raises(apsw.SQLError):
        migrate(engine, [TABLE, broken])
    assert (tables(engine), len(engine.all("migrations_of_store"))) == ({"one"}, 1)
    migrate(engine, [TABLE, SECOND])
    assert tables(engine) == {"two"}
    engine.close()


def test_a_crash_inside_a_migration_leaves_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    engine = engine_at(path)
    migrate(engine, [TABLE])
    engine.close()
    source = (
        "import os; from pathlib import Path\n"
        "from headrace.storage.migrations import Migration, migrate\n"
        "from headrace.storage.sqlite.connection import SqliteConnection\n"
        f"engine = SqliteConnection(Path({str(path)!r}))\n"
        "engine._sqlite.create_scalar_function('die', lambda: os._exit(9))\n"
        f"first = Migration(number=1, name='one', script={TABLE.script!r})\n"
        f"second = Migration(number=2, name='two', script={SECOND.script + 'SELECT die();'!r})\n"
        "migrate(engine, [first, second])\n"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 9
    engine = SqliteConnection(path)
    assert (tables(engine), len(engine.all("migrations_of_store"))) == ({"one"}, 1)
    engine.close()


def test_the_shipped_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    shipped = migrations_in(SCHEMA)
    assert [migration.number for migration in shipped] == list(range(1, len(shipped) + 1))
    assert shipped
    (tmp_path / "0002_late.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="0001"):
        migrations_in(tmp_path)


def test_a_store_of_a_later_release_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    close(store_at(path))
    with apsw.Connection(str(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 'future', 'x', 0)")
    connection.close()
    with pytest.raises(StoreTooNew, match="9999"):
        store_at(path)
    assert read_note(path) == {}
