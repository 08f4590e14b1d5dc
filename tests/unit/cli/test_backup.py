"""The commands of backups: what they say, and which files they remove."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headrace.cli import main
from headrace.storage import open_store


def call(*arguments: str) -> Result:
    return CliRunner(env={"HEADRACE_STORE": None}).invoke(main, list(arguments))


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "headrace.db"
    (tmp_path / "into").mkdir()
    open_store(str(path))._lock.release()  # type: ignore[attr-defined]  # closed as by a crash
    return str(path)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_postgresql_store_is_left_to_its_own_tools(command: str, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    if command == "restore":
        file.write_text("something")
    said = call(command, str(file), "--store", "postgresql://h:secret@localhost/db")
    assert said.exit_code == 1
    assert "pg_dump" in said.output
    assert "docs/how-to/back-up-sqlite.md" in said.output
    assert "secret" not in said.output


def test_memory_is_nothing_to_back_up(tmp_path: Path) -> None:
    assert "is no file" in call("backup", str(tmp_path / "b.tar"), "--store", "memory:").output


def test_a_directory_gets_files_named_after_moments_and_keeps_the_newest(store: str, tmp_path: Path) -> None:
    into = tmp_path / "into"
    old = ["headrace-20250101T000000Z.tar.gz", "headrace-20260101T000000Z.tar.gz"]
    others = ["headrace-20240101T000000Z.tar.gz.old", "headrace.db", "notes.tar.gz"]
    for name in (*old, *others):
        (into / name).write_text("x")
    said = call("backup", str(into), "--store", store, "--keep", "2", "--json")
    assert said.exit_code == 0, said.output
    report = json.loads(said.output)
    assert report["removed"] == [str(into / old[0])]
    assert {path.name for path in into.iterdir()} == {old[1], *others, Path(report["file"]).name}


def test_to_keep_some_needs_a_directory(store: str, tmp_path: Path) -> None:
    said = call("backup", str(tmp_path / "b.tar"), "--store", store, "--keep", "2")
    assert said.exit_code == 2
    assert "--keep needs a directory" in said.output


def test_a_backup_that_fails_removes_none(store: str, tmp_path: Path) -> None:
    old = tmp_path / "into" / "headrace-20250101T000000Z.tar.gz"
    old.write_text("x")
    said = call("backup", str(tmp_path / "into"), "--store", str(tmp_path / "none.db"), "--keep", "1")
    assert "There is no store at" in said.output
    assert old.exists()


def test_there_and_back(store: str, tmp_path: Path) -> None:
    file, place = tmp_path / "b.tgz", tmp_path / "other.db"
    made = call("backup", str(file), "--store", store)
    assert "all in order" in made.output
    looked = call("restore", str(file), "--check")
    assert looked.exit_code == 0
    assert "All of it is in" not in looked.output
    assert not place.exists()
    said = call("restore", str(file), "--store", str(place))
    assert f"All of it is in {place}" in said.output
    refused = call("restore", str(file), "--store", str(place))
    assert refused.exit_code == 1
    assert "--force" in refused.output
    forced = json.loads(call("restore", str(file), "--store", str(place), "--force", "--json").output)
    assert forced["is_restored"]
    assert Path(forced["replaced"]).exists()


def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    file.write_bytes(b"nothing of the sort" * 1000)
    said = call("restore", str(file), "--store", str(tmp_path / "a.db"))
    assert said.exit_code == 1
    assert "is no backup" in said.output
