"""Backups as files: what is in them, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from tests.prepared import store_file
from tests.storage.things import Desk, file, log, version

from headrace.backends.knowledge.documents import read_document
from headrace.backends.knowledge.local import LocalKnowledge
from headrace.core.canonical import digest
from headrace.storage import open_store
from headrace.storage.copies.backing_up import (
    EXECUTIONS,
    KEY,
    KNOWLEDGE,
    MANIFEST,
    STORE,
    BackupDamaged,
    BackupRefused,
    Files,
    Manifest,
    back_up,
)
from headrace.storage.copies.restoring import check, restore
from headrace.storage.errors import NoSuchStore, StoreDamaged, StoreLocked, StoreTooNew, StoreUnusable

Member = tuple[str, bytes]


def files_beside(path: Path) -> Files:
    beside = {name: path.with_name(f"{path.name}.{name}") for name in ("key", "executions")}
    return Files(store=path, knowledge=path.with_name(path.name + ".kb"), **beside)


def silent(doing: str, done: int, of: int) -> None:
    assert 0 <= done <= of


def make_store(path: Path) -> Files:
    """A store with a version, a log, a key, a knowledge base and a journal."""
    content = b'{"a":1}'
    with asyncio.Runner() as runner:
        desk = Desk(open_store(store_file(path)), runner)
        desk.write(
            lambda tx: (
                tx.files.add(file()),
                tx.versions.add(version(content=content, digest=digest(content))),
            )
        )
        desk.write(lambda tx: tx.logs.add(log(), at=log().created_at))
        runner.run(desk.store.close())
    files = files_beside(path)
    files.key.write_text("a key\n")
    files.key.chmod(0o600)
    knowledge = LocalKnowledge(files.knowledge)
    knowledge.create("handbook")
    page = path.with_name("page.md")
    page.write_text("How? So.")
    knowledge.add("handbook", read_document(page, source="page.md"))
    journal = apsw.Connection(str(files.executions))
    journal.execute(
        "PRAGMA journal_mode = WAL; CREATE TABLE workflow_status (workflow_uuid TEXT, status TEXT)"
    )
    journal.close()
    return files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    folder = tmp_path / "source"
    folder.mkdir()
    return make_store(folder / "headrace.db")


@pytest.fixture
def archive(files: Files, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    back_up(files, path, release="1.2.3", has_key=True, tell=silent)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Files:
    (tmp_path / "target").mkdir()
    return files_beside(tmp_path / "target" / "other.db")


def members(path: Path) -> list[Member]:
    with tarfile.open(path) as tar:
        found = []
        for info in tar:
            content = tar.extractfile(info)
            assert content is not None
            found.append((info.name, content.read()))
    return found


def write(path: Path, contents: list[Member], *, kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in contents:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), kind
            tar.addfile(info, io.BytesIO(content))
    return path


def test_all_of_it_comes_back(files: Files, archive: Path, place: Files) -> None:
    restored = restore(archive, place, replaces=False, tell=silent)
    assert restored.replaced is None
    assert sorted(restored.manifest.files) == sorted([STORE, KEY, KNOWLEDGE, EXECUTIONS])
    assert restored.manifest.release == "1.2.3"
    assert place.key.read_text() == "a key\n"
    assert stat.S_IMODE(place.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.store.stat().st_mode) == 0o600
    assert LocalKnowledge(place.knowledge).documents("handbook") == ["page.md"]
    assert LocalKnowledge(place.knowledge).query("handbook", "how")
    with asyncio.Runner() as runner:
        desk = Desk(open_store(str(place.store)), runner)
        assert desk.read(lambda tx: tx.versions.get(id="flv_1")).content == b'{"a":1}'
        runner.run(desk.store.close())
    assert sorted(one.name for one in place.store.parent.iterdir()) == [
        "other.db",
        "other.db.executions",
        "other.db.kb",
        "other.db.key",
        "other.db.lock",
    ]


def test_only_its_owner_may_read_it(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [one.name for one in archive.parent.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz"])
def test_each_ending_is_read_again(files: Files, tmp_path: Path, place: Files, ending: str) -> None:
    path = tmp_path / f"b{ending}"
    made = back_up(files, path, release="x", has_key=False, tell=silent)
    assert KEY not in made.files
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == (ending != ".tar")
    (tmp_path / "folder").mkdir()
    assert check(path, tmp_path / "folder", silent) == made
    assert restore(path, place, replaces=False, tell=silent).manifest == made
    assert not place.key.exists()


def test_what_is_there_is_kept_under_another_name(files: Files, archive: Path, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        desk = Desk(open_store(str(files.store)), runner)
        desk.write(
            lambda tx: tx.versions.update(
                version(name="later", content=b'{"a":1}', digest=digest(b'{"a":1}'))
            )
        )
        runner.run(desk.store.close())
    with pytest.raises(BackupRefused, match=r"headrace\.db is there already"):
        restore(archive, files, replaces=False, tell=silent)
    replaced = restore(archive, files, replaces=True, tell=silent).replaced
    assert replaced is not None
    with asyncio.Runner() as runner:
        for path, name in ((replaced, "later"), (files.store, version().name)):
            desk = Desk(open_store(str(path)), runner)
            assert desk.read(lambda tx: tx.versions.get(id="flv_1")).name == name
            runner.run(desk.store.close())
    assert files_beside(replaced).key.read_text() == "a key\n"
    assert LocalKnowledge(files_beside(replaced).knowledge).documents("handbook") == ["page.md"]


def test_a_log_that_is_left_alone_is_not_read_into_the_store(archive: Path, place: Files) -> None:
    """A restore that was cut off after the database was moved away leaves its log: it belongs to nothing."""
    orphan = place.store.with_name(place.store.name + "-wal")
    orphan.write_bytes(b"of another database")
    with pytest.raises(BackupRefused, match="-wal is there already"):
        restore(archive, place, replaces=False, tell=silent)
    restore(archive, place, replaces=True, tell=silent)
    assert not orphan.exists()


def test_a_key_stays_where_the_backup_brings_none(files: Files, tmp_path: Path, place: Files) -> None:
    path = tmp_path / "keyless.tar"
    back_up(files, path, release="x", has_key=False, tell=silent)
    place.key.write_text("another")
    restore(path, place, replaces=False, tell=silent)
    assert place.key.read_text() == "another"


def test_a_store_that_is_open_is_left_alone(archive: Path, place: Files) -> None:
    with asyncio.Runner() as runner:
        store = open_store(str(place.store))
        with pytest.raises(StoreLocked, match="is open in process"):
            restore(archive, place, replaces=True, tell=silent)
        runner.run(store.close())


def test_what_is_no_store_is_not_backed_up(tmp_path: Path, files: Files) -> None:
    with pytest.raises(NoSuchStore, match="There is no store at"):
        back_up(
            files_beside(tmp_path / "none.db"), tmp_path / "b.tar", release="x", has_key=True, tell=silent
        )
    other = tmp_path / "other.db"
    apsw.Connection(str(other)).execute("CREATE TABLE a (b)")
    with pytest.raises(StoreDamaged, match="is not a store of Headrace"):
        back_up(files_beside(other), tmp_path / "b.tar", release="x", has_key=True, tell=silent)
    with pytest.raises(BackupRefused, match="ends with"):
        back_up(files, tmp_path / "b.zip", release="x", has_key=True, tell=silent)
    with pytest.raises(StoreUnusable, match="can't be written"):
        back_up(files, tmp_path / "nowhere" / "b.tar", release="x", has_key=True, tell=silent)
    assert list(tmp_path.glob("b.*")) == []


def test_nothing_is_overwritten(files: Files, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(BackupRefused, match="is there already"):
        back_up(files, archive, release="x", has_key=True, tell=silent)
    assert archive.read_bytes() == before


def test_a_damaged_store_makes_no_backup(files: Files, tmp_path: Path) -> None:
    content = files.store.read_bytes()
    files.store.write_bytes(content[:20_000] + b"\xff" * 3_000 + content[23_000:])
    with pytest.raises(StoreDamaged, match=r"damaged|not readable"):
        back_up(files, tmp_path / "b.tar", release="x", has_key=True, tell=silent)
    assert not (tmp_path / "b.tar").exists()


def test_content_that_is_not_what_its_digest_says_makes_no_backup(files: Files, tmp_path: Path) -> None:
    connection = apsw.Connection(str(files.store))
    connection.execute("""UPDATE versions SET content = CAST('{"a":2}' AS BLOB)""")
    connection.close()
    with pytest.raises(StoreDamaged, match="The content of version flv_1 is not what its digest says"):
        back_up(files, tmp_path / "b.tar", release="x", has_key=True, tell=silent)


def changed(found: list[Member], name: str, change: Callable[[bytes], bytes]) -> list[Member]:
    return [(one, change(content) if one == name else content) for one, content in found]


def told(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        manifest = json.loads(content)
        change(manifest)
        return json.dumps(manifest).encode()

    return apply


BROKEN: dict[str, tuple[Callable[[list[Member]], list[Member]], str]] = {
    "another digest": (
        lambda found: changed(found, KEY, lambda content: content[::-1]),
        "its digest is another",
    ),
    "another size": (lambda found: changed(found, KEY, lambda content: content + b"x"), "not of that size"),
    "a member is missing": (lambda found: [one for one in found if one[0] != KEY], "is missing"),
    "a member too many": (lambda found: [*found, ("../../etc/passwd", b"x")], "is not in its manifest"),
    "no manifest": (lambda found: found[1:], "does not begin with manifest.json"),
    "no store": (
        lambda found: changed(
            [one for one in found if one[0] != STORE],
            MANIFEST,
            told(lambda manifest: manifest["files"].pop(STORE)),
        ),
        "is missing",
    ),
    "a name that leads out": (
        lambda found: changed(
            [*found, ("../out", b"")],
            MANIFEST,
            told(lambda manifest: manifest["files"].update({"../out": {"size_bytes": 0, "sha256": ""}})),
        ),
        "is not in its manifest",
    ),
    "other rows": (
        lambda found: changed(found, MANIFEST, told(lambda manifest: manifest["rows"].update(logs=7))),
        "has not the rows",
    ),
    "a manifest that is none": (lambda found: changed(found, MANIFEST, lambda _: b"[]"), "can't be read"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_as_it_was_is_refused(archive: Path, place: Files, what: str) -> None:
    change, why = BROKEN[what]
    broken = write(archive.with_name("broken.tar"), change(members(archive)))
    with pytest.raises(BackupDamaged, match=why):
        restore(broken, place, replaces=False, tell=silent)
    assert [one.name for one in place.store.parent.iterdir()] == ["other.db.lock"]


def test_a_link_is_no_member(archive: Path, place: Files) -> None:
    content = [(name, b"" if name != MANIFEST else text) for name, text in members(archive)]
    with pytest.raises(BackupDamaged, match="does not begin with"):
        restore(
            write(archive.with_name("l.tar"), content, kind=tarfile.SYMTYPE),
            place,
            replaces=False,
            tell=silent,
        )


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_part_of_a_backup_is_none(files: Files, tmp_path: Path, place: Files, share: float) -> None:
    path = tmp_path / "b.tar.gz"
    back_up(files, path, release="x", has_key=True, tell=silent)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(BackupDamaged):
        restore(path, place, replaces=False, tell=silent)
    assert not place.store.exists()


def test_one_of_a_later_release_is_refused(archive: Path, place: Files) -> None:
    later = changed(members(archive), MANIFEST, told(lambda manifest: manifest.update(schema=9999)))
    with pytest.raises(StoreTooNew, match=r"made by Headrace 1\.2\.3, with schema 9999"):
        restore(write(archive.with_name("later.tar"), later), place, replaces=False, tell=silent)


def test_a_restore_that_fails_changes_nothing(files: Files, archive: Path) -> None:
    before = {path.name: path.read_bytes() for path in files.store.parent.iterdir()}
    broken = write(
        archive.with_name("b.tar"), changed(members(archive), STORE, lambda content: b"\0" * len(content))
    )
    with pytest.raises(BackupDamaged):
        restore(broken, files, replaces=True, tell=silent)
    after = {path.name: path.read_bytes() for path in files.store.parent.iterdir()}
    assert {**after, "headrace.db.lock": b""} == {**before, "headrace.db.lock": b""}


def test_executions_that_end_between_the_two_files_are_seen(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store says that one was begun, the journal does not know it: both are taken again, until they agree."""
    from headrace.storage.copies import backing_up

    begin = apsw.Connection(str(files.store))
    begin.execute("PRAGMA foreign_keys = OFF")
    begin.execute(
        "INSERT INTO executions (account, id, name, file_id, version_id, is_draft, status, started_by, started_at, "
        "input_tokens, output_tokens, events_count, is_durable, attempt) "
        "SELECT account, 'exe_1', 'one', id, 'flv_1', 0, 'Running', 'usr_1', 0, 0, 0, 0, 1, 1 FROM entries LIMIT 1"
    )
    waited: list[float] = []

    def end(pause_s: float) -> None:
        waited.append(pause_s)
        begin.execute("UPDATE executions SET ended_at = 1, status = 'Succeeded'")

    # Not in the module of all: other threads of this process sleep, too.
    monkeypatch.setattr(backing_up, "time", SimpleNamespace(sleep=end, time=time.time))
    made = back_up(files, tmp_path / "b.tar", release="x", has_key=True, tell=silent)
    assert waited == [backing_up.BETWEEN_MOMENTS_S]
    assert (made.going, made.begun_anew) == (0, 0)
    begin.execute("UPDATE executions SET ended_at = NULL, status = 'Running'")
    monkeypatch.setattr(backing_up, "time", SimpleNamespace(sleep=waited.append, time=time.time))
    lost: Manifest = back_up(files, tmp_path / "c.tar", release="x", has_key=True, tell=silent)
    begin.close()
    assert len(waited) == 1 + backing_up.MOMENTS
    assert (lost.going, lost.begun_anew) == (1, 1)
