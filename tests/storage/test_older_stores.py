"""A store that an earlier release made is brought up to date with all that is in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.storage.things import HOME, START, Desk, at, evaluation, file, log, run, slot, version

from headrace.core.logs import LogQuery
from headrace.storage import open_store
from headrace.storage.migrations import SCHEMA, migrate, migrations_in
from headrace.storage.sql.rows import microseconds
from headrace.storage.sqlite.connection import SqliteConnection, make_file

BORN = microseconds(START)
FILE = f"""
INSERT INTO entries (account, id, kind, path, directory_id, short_id, short_name, created_by, created_at, updated_at,
  last_number, versions_count, name, name_folded, tags, readme)
VALUES ('{HOME}', 'fl_1', 'flow', 'folder/fl_1', 'dir_root', 'FL_1', 'name-1', 'usr_1', {BORN}, {BORN}, 1, 2, 'fl_1',
  'fl_1', '["one","zwei ü"]', '# Über' || char(10) || 'all');
INSERT INTO counts (account, kind, live) VALUES ('{HOME}', 'flow', 1);
"""
VERSION = """
INSERT INTO versions (account, id, file_id, digest, name, description, created_by, created_at, updated_at,
  last_used_at, logs_count, is_runnable, is_upserted, deleted_at, content)
VALUES ('{account}', '{id}', 'fl_1', 'digest of {id}', NULL, NULL, 'usr_1', {born}, {born}, {born}, 0, 1, 0, {hidden},
  CAST('{{"of": "{id}", "text": "ü"}}' AS BLOB));
"""
RELEASE = f"""
INSERT INTO releases (account, file_id, number, version_id, short_name, created_by, created_at, is_runnable)
VALUES ('{HOME}', 'fl_1', 1, 'flv_1', 'name-1', 'usr_1', {BORN}, 1);
"""


def make_older_store(path: Path) -> None:
    """A store as it was before there were logs: a flow, a version with a number, and a hidden one."""
    make_file(path)
    engine = SqliteConnection(path)
    engine.prepare()
    migrate(engine, migrations_in(SCHEMA)[:3])
    with engine.transaction():
        engine.script(FILE)
        for id_, hidden in (("flv_1", "NULL"), ("flv_2", str(BORN))):
            engine.script(VERSION.format(account=HOME, id=id_, born=BORN, hidden=hidden))
        engine.script(RELEASE)
    engine.close()


def test_versions_from_before_there_were_logs_keep_everything(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_older_store(path)
    with asyncio.Runner() as runner:
        desk = Desk(open_store(f"sqlite:///{path}"), runner)
        assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file(last_number=1)
        assert desk.read(lambda tx: tx.versions.of_file(file_id="fl_1")) == [version()]
        assert desk.read(lambda tx: tx.versions.kept(id="flv_2")) == version("flv_2", deleted_at=START)
        assert desk.read(lambda tx: tx.versions.newest(file_id="fl_1")) == version()
        desk.write(lambda tx: tx.logs.add(log(), at=at(5)))
        used = version(logs_count=1, last_used_at=at(5))
        assert desk.read(lambda tx: tx.versions.get(id="flv_1")) == used
        assert desk.read(lambda tx: tx.logs.page(LogQuery(file_id="fl_1"), skip=0, take=9)) == ([log()], 1)
        desk.write(lambda tx: (tx.evaluations.add(evaluation()), tx.runs.add(run(), slots=[slot()])))
        assert desk.read(lambda tx: tx.evaluations.page(file_id="fl_1", skip=0, take=9)) == (
            [evaluation()],
            1,
        )
        runner.run(desk.store.close())
        again = Desk(open_store(f"sqlite:///{path}"), runner)
        assert again.read(lambda tx: tx.versions.get(id="flv_1")) == used
        runner.run(again.store.close())
