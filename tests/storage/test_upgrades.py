"""Stores of each earlier schema: nothing is lost on the way, wherever it is cut off, and there is no way back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.contract.keys import run
from tests.storage.older.kept import FILES, in_sqlite, read
from tests.storage.test_backing_up import files_beside, silent

from headrace.storage import open_store
from headrace.storage.copies.backing_up import back_up
from headrace.storage.copies.restoring import restore
from headrace.storage.migrations import SCHEMA, migrations_in

NEWEST = len(migrations_in(SCHEMA))
NEVER_USED = {4, 6, 7, 9}
"""The schemas at which no release could be used: each came together with the next one."""
DIES = """
import os, sys
from pathlib import Path
from headrace.storage import open_store
from headrace.storage.sqlite.connection import SqliteConnection

at = {at}
run = SqliteConnection.run

def killed(self, statement, **values):
    if statement == "add_migration" and values["number"] == at:
        os._exit(7)  # the script has run, and nothing is committed
    return run(self, statement, **values)

SqliteConnection.run = killed
open_store({url!r})
"""


def schema_of(path: Path) -> int:
    connection = apsw.Connection(str(path))
    ((number,),) = connection.execute("SELECT max(number) FROM migrations").fetchall()
    connection.close()
    assert isinstance(number, int)
    return number


def rows_of(path: Path) -> dict[str, int]:
    connection = apsw.Connection(str(path))
    query = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'"
    found = {
        str(name): connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        for (name,) in connection.execute(query).fetchall()
    }
    connection.close()
    return found


def upgrade(url: str) -> None:
    async def work() -> None:
        await open_store(url).close()

    asyncio.run(work())


def test_there_is_a_store_of_each_schema_but_the_newest() -> None:
    kept = {int(path.name[:4]) for path in FILES}
    missing = set(range(1, NEWEST)) - kept - NEVER_USED
    assert not missing, (
        "run `python -m tests.storage.older.keep` at the commit before the migration was added"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:4])
def test_no_row_is_lost(path: Path, tmp_path: Path) -> None:
    kept = read(path)
    url = in_sqlite(kept, tmp_path / "older.db")
    before = rows_of(tmp_path / "older.db")
    upgrade(url)
    after = rows_of(tmp_path / "older.db")
    assert after.pop("migrations") == NEWEST
    assert {table: after[table] for table in before if table in after} == {
        table: count for table, count in before.items() if table in after
    }
    upgrade(url)  # and again: nothing happens
    connection = apsw.Connection(str(tmp_path / "older.db"))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.mark.slow
def test_an_upgrade_that_is_killed_at_each_step_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    kept = read(FILES[0])
    url = in_sqlite(kept, path)
    before = rows_of(path)
    for number in range(kept.schema + 1, NEWEST + 1):
        done = subprocess.run(
            [sys.executable, "-c", DIES.format(at=number, url=url)],
            timeout=60,
            check=False,
            env=dict(os.environ),
        )
        assert done.returncode == 7
        assert schema_of(path) == number - 1, "a migration is there whole, or not at all"
    upgrade(url)
    assert schema_of(path) == NEWEST
    assert {table: rows_of(path)[table] for table in before if table != "migrations"} == {
        table: count for table, count in before.items() if table != "migrations"
    }


@pytest.mark.live
def test_a_store_of_a_later_release_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    upgrade(f"sqlite:///{path}")
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO migrations VALUES (?, 'further', 'x', 0)", (NEWEST + 1,))
    connection.execute("CREATE TABLE further (id TEXT)")
    connection.close()
    for command in (
        ("serve", "--port", "0"),
        ("keys", "list"),
        ("store", "copy", str(path), str(tmp_path / "x.db")),
    ):
        store = () if command[0] == "store" else ("--store", str(path))
        done = run(*command, *store)
        assert done.returncode == 1
        assert f"The store is at schema {NEWEST + 1}, but this release knows only {NEWEST}." in done.stderr
        assert "Install the release that wrote it or a later one" in done.stderr
        assert "Traceback" not in done.stderr
    assert schema_of(path) == NEWEST + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:4])
def test_a_backup_of_an_earlier_release_is_restored_and_brought_up_to_date(
    path: Path, tmp_path: Path
) -> None:
    """`headrace backup` of this release can be the first thing that is done in an upgrade."""
    in_sqlite(read(path), tmp_path / "older.db")
    archive, place = tmp_path / "backup.tar", tmp_path / "restored.db"
    made = back_up(files_beside(tmp_path / "older.db"), archive, release="x", has_key=True, tell=silent)
    assert made.schema == int(path.name[:4])
    restore(archive, files_beside(place), replaces=False, tell=silent)
    upgrade(f"sqlite:///{place}")
    assert schema_of(place) == NEWEST
