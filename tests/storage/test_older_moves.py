"""Moves that an earlier release wrote down: what was not said is told from what was, and they stay as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import apsw
import psycopg
import pytest
from tests.postgres import cluster
from tests.storage.test_older_stores import BORN, FILE, RELEASE, VERSION
from tests.storage.things import HOME, Desk, at, move

from headrace.core.deployments import Action, PointerKind
from headrace.core.ports import Transaction
from headrace.storage import open_store
from headrace.storage.migrations import SCHEMA, migrate, migrations_in
from headrace.storage.postgres import opening as postgres_opening
from headrace.storage.postgres.statements import MIGRATIONS
from headrace.storage.sqlite.connection import SqliteConnection, make_file

BEFORE = 9
"""The last migration before this."""
MOVED = [
    # id, kind, pointer, version, target
    ("mv_1", "environment", "env_1", "flv_1", None),
    ("mv_2", "alias", "ALIAS00001", "flv_1", "1"),
    ("mv_3", "environment", "env_1", "flv_2", None),
    ("mv_4", "alias", "ALIAS00001", None, "DRAFT"),
    ("mv_5", "environment", "env_1", None, None),
    ("mv_6", "environment", "env_2", "flv_1", None),
]


def quoted(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def script() -> str:
    """The flow with two versions, its moves, and what they led to."""
    lines = [
        FILE,
        *(VERSION.format(account=HOME, id=one, born=BORN, hidden="NULL") for one in ("flv_1", "flv_2")),
    ]
    for number, (id_, kind, pointer, version, target) in enumerate(MOVED):
        lines.append(
            "INSERT INTO moves (account, id, file_id, kind, pointer_id, version_id, target, is_automatic, moved_by, "
            f"moved_at) VALUES ('{HOME}', '{id_}', 'fl_1', '{kind}', '{pointer}', {quoted(version)}, "
            f"{quoted(target)}, 0, 'usr_1', {BORN + number * 1_000_000});"
        )
    for kind, pointer, version, target in (
        ("alias", "ALIAS00001", None, "DRAFT"),
        ("environment", "env_2", "flv_1", None),
    ):
        lines.append(
            "INSERT INTO pointers (account, file_id, kind, pointer_id, version_id, target, is_automatic, moved_at) "
            f"VALUES ('{HOME}', 'fl_1', '{kind}', '{pointer}', {quoted(version)}, {quoted(target)}, 0, {BORN});"
        )
    return "\n".join([*lines, RELEASE])


def on_sqlite(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = folder / "store.db"
    make_file(path)
    engine = SqliteConnection(path)
    engine.prepare()
    # As the release did that wrote it: the tables of then, with what came to the versions since the third.
    migrate(engine, migrations_in(SCHEMA)[:BEFORE])
    with engine.transaction():
        engine.script(_of_then(script()))
    engine.close()
    return f"sqlite:///{path}"


def on_postgresql(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = cluster().empty()
    with monkeypatch.context() as older:
        older.setattr(postgres_opening, "MIGRATIONS", MIGRATIONS[:BEFORE])
        open_store(url)
    with psycopg.connect(url, autocommit=True) as connection:
        text = _of_then(script()).replace("char(10)", "chr(10)")
        connection.execute(_bytes(text).encode())
    return url


def _of_then(text: str) -> str:
    """The columns that versions had by then."""
    return text.replace("last_used_at, logs_count, is_runnable", "is_runnable").replace(
        f"{BORN}, {BORN}, {BORN}, 0, 1, 0, NULL", f"{BORN}, {BORN}, 1, 0, NULL"
    )


def _bytes(text: str) -> str:
    return text.replace("CAST('", "convert_to('").replace("' AS BLOB)", "', 'UTF8')")


Make = Callable[[Path, pytest.MonkeyPatch], str]


@pytest.mark.parametrize("make", [on_sqlite, on_postgresql])
def test_older_moves_say_what_can_be_told_of_them(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make(tmp_path, monkeypatch)
    with asyncio.Runner() as runner:
        desk = Desk(open_store(url), runner)
        found = desk.read(lambda tx: tx.pointers.history(file_id="fl_1"))
        assert [
            (one.id, one.action, one.from_version_id, one.from_target, one.digest, one.moved_at)
            for one in found
        ] == [
            ("mv_1", Action.MOVE, None, None, "digest of flv_1", at(0)),
            ("mv_2", Action.MOVE, None, None, "digest of flv_1", at(1)),
            ("mv_3", Action.MOVE, "flv_1", None, "digest of flv_2", at(2)),
            ("mv_4", Action.MOVE, "flv_1", "1", None, at(3)),
            ("mv_5", Action.TAKE_AWAY, "flv_2", None, None, at(4)),
            ("mv_6", Action.MOVE, None, None, "digest of flv_1", at(5)),
        ]
        assert {(one.shares, one.is_off, one.reason) for one in found} == {((), False, None)}
        states = desk.read(lambda tx: tx.pointers.of_file(file_id="fl_1"))
        assert [(one.pointer_id, one.move_id, one.digest) for one in states] == [
            ("ALIAS00001", "mv_4", None),
            ("env_2", "mv_6", "digest of flv_1"),
        ]

        def go_on(tx: Transaction) -> None:
            tx.pointers.move(move("mv_7", pointer_id="env_1", action=Action.ROLLBACK, source="mv_3"))

        desk.write(go_on)
        place = {"file_id": "fl_1", "kind": PointerKind.ENVIRONMENT, "pointer_id": "env_1"}
        page = desk.read(lambda tx: tx.pointers.page(**place, before=None, take=9))
        assert [one.id for one in page] == ["mv_7", "mv_5", "mv_3", "mv_1"]
        runner.run(desk.store.close())
    check_nothing_is_changed(url)


def check_nothing_is_changed(url: str) -> None:
    """The database still refuses to change a move."""
    changes = ("UPDATE moves SET reason = 'x'", "DELETE FROM moves")
    if url.startswith("sqlite"):
        engine = SqliteConnection(Path(url.removeprefix("sqlite:///")))
        for change in changes:
            with pytest.raises(apsw.ConstraintError, match="only ever appended"), engine.transaction():
                engine.script(f"{change};")
        engine.close()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        for change in changes:
            with pytest.raises(psycopg.Error, match="only ever appended"):
                connection.execute(change.encode())
