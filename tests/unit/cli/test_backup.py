"""The commands of backups: what they say, and which files they remove."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headrace.cli import backup, main
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


@pytest.mark.parametrize("option", ["soon", "0h", "6", "6 h", "-1h", "1.5h"])
def test_what_is_no_period_is_named(option: str, store: str, tmp_path: Path) -> None:
    said = call("backup", str(tmp_path / "into"), "--store", store, "--every", option)
    assert said.exit_code == 2
    assert f"{option!r} is no period" in said.output


def test_every_needs_a_directory_and_a_store_that_is_a_file(store: str, tmp_path: Path) -> None:
    said = call("backup", str(tmp_path / "b.tar"), "--store", store, "--every", "1h")
    assert "--every needs a directory" in said.output
    said = call("backup", str(tmp_path / "into"), "--store", "memory:", "--every", "1h")
    assert said.exit_code == 1
    assert "is no file" in said.output


DEAF = SimpleNamespace(signal=lambda *_: None, SIGTERM=signal.SIGTERM)
"""Leaves what this process does at a signal as it is."""


class Days:
    """A clock that only sleep moves, and that stops the command after so many sleeps."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept_s: list[float] = []
        self._most = most
        self._now_s = 0.0
        clock = SimpleNamespace(monotonic=lambda: self._now_s, sleep=self._sleep)
        monkeypatch.setattr(backup, "time", clock)
        monkeypatch.setattr(backup, "_moment", lambda: f"20260101T{len(self.slept_s):06}Z")
        monkeypatch.setattr(backup, "signal", DEAF)

    def takes(self, seconds: float) -> None:
        """Something takes so long."""
        self._now_s += seconds

    def _sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._now_s += seconds
        if len(self.slept_s) == self._most:
            raise KeyboardInterrupt


def test_every_period_there_is_one_and_the_newest_are_kept(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(4, monkeypatch)
    into = tmp_path / "into"
    said = call("backup", str(into), "--store", store, "--every", "6h", "--keep", "2", "--json")
    assert said.exit_code == 0, said.output
    assert days.slept_s == [6 * 3600] * 4
    reports = [json.loads(line) for line in said.output.splitlines()]
    assert [len(one["removed"]) for one in reports] == [0, 0, 1, 1]
    assert sorted(path.name for path in into.iterdir()) == [Path(one["file"]).name for one in reports[2:]]
    for one in reports[2:]:
        assert call("restore", one["file"], "--check").exit_code == 0


def test_one_that_fails_is_a_line_and_removes_none(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days, into, whole = Days(3, monkeypatch), tmp_path / "into", backup._made

    def made(*arguments: Any, **options: Any) -> Any:
        days.takes(5400)
        if len(days.slept_s) == 1:
            Path(store).rename(store + ".away")
        if len(days.slept_s) == 2:
            Path(store + ".away").rename(store)
        return whole(*arguments, **options)

    monkeypatch.setattr(backup, "_made", made)
    said = call("backup", str(into), "--store", store, "--every", "1h", "--keep", "1")
    first, failed, last = said.output.splitlines()
    assert said.exit_code == 0
    assert re.fullmatch(rf"\S+Z {into}/headrace-\S+ \([0-9,]+ bytes, [0-9,]+ rows\)", first)
    assert re.fullmatch(r"\S+Z failed: There is no store at .*", failed)
    assert last.endswith("rows, 1 older removed)")
    assert len(list(into.iterdir())) == 1
    assert days.slept_s == [0, 0, 0], "none that was missed is made up for"


def test_it_ends_politely(store: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "headrace", "backup", str(tmp_path / "into"), "--store", store]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    with subprocess.Popen(
        [*command, "--every", "1w"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, said = process.communicate(timeout=60)
    assert " bytes, " in first
    assert (process.returncode, rest, said) == (0, "", "")


def test_one_that_is_broken_off_leaves_nothing(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a signal does it, in the middle of a backup."""
    monkeypatch.setattr(backup, "signal", DEAF)

    def tell(self: Any, doing: str, done: int, of: int) -> None:
        backup._end(signal.SIGTERM)

    monkeypatch.setattr(backup.Told, "tell", tell)
    said = call("backup", str(tmp_path / "into"), "--store", store, "--every", "1h")
    assert (said.exit_code, said.output) == (0, "")
    assert list((tmp_path / "into").iterdir()) == []
