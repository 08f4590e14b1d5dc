"""The directory: nothing is read or written outside, and a file is there as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.workspace.folder import BadName, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "root")


def test_what_is_written_is_read(folder: Folder) -> None:
    folder.write("a/b/c.txt", b"1")
    folder.write("a/b/c.txt", b"2")
    assert folder.read("a/b/c.txt") == b"2"
    assert list(folder.names("a")) == ["a/b/c.txt"]
    folder.remove("a/b/c.txt")
    folder.remove("a/b/c.txt")
    assert list(folder.names("a")) == []
    assert not (folder.root / "a/b").exists()


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a/./x", "/etc/x", "a//x", "a\0b", "..", "a/"])
def test_names_that_lead_out(folder: Folder, name: str) -> None:
    folder.write("a/in", b"")
    with pytest.raises(BadName):
        folder.write(name, b"x")
    with pytest.raises((BadName, FileNotFoundError)):
        folder.read(name)
    assert not (folder.root.parent / "x").exists()


def test_links_are_not_followed(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    folder.root.mkdir()
    (folder.root / "dir").symlink_to(outside)
    (folder.root / "file").symlink_to(outside / "secret")
    for name in ("dir/secret", "file"):
        with pytest.raises(BadName):
            folder.read(name)
        with pytest.raises(BadName):
            folder.write(name, b"x")
    with pytest.raises(BadName):
        folder.remove("dir/secret")
    assert (outside / "secret").read_text() == "s"
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_what_is_no_file_is_told(folder: Folder) -> None:
    (folder.root / "a").mkdir(parents=True)
    os.mkfifo(folder.root / "pipe")
    for name in ("a", "pipe"):
        with pytest.raises(BadName):
            folder.read(name)
        with pytest.raises(BadName):
            folder.write(name, b"x")
    assert list(folder.root.rglob(".headrace-part-*")) == []
