"""A store out of a backup: looked through before anything is touched, then put in its place.

Files are unpacked beside the places where they go to, checked there, and renamed; the store is the last.
Nothing that was there before is removed: it gets another name.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from headrace.storage.copies.backing_up import (
    CHUNK_BYTES,
    DATABASES,
    FORMAT,
    KEY,
    MANIFEST,
    STORE,
    BackupDamaged,
    BackupRefused,
    Files,
    Manifest,
    Member,
    Tell,
    rows_in_file,
    sync_folder,
)
from headrace.storage.copies.backup_checks import check_database, check_digests, schema_of
from headrace.storage.errors import StoreError, StoreTooNew, StoreUnusable
from headrace.storage.migrations import SCHEMA, migrations_in
from headrace.storage.sqlite.connection import make_file
from headrace.storage.sqlite.lock import FileLock

MAX_MANIFEST_BYTES = 1024 * 1024
PARTS = ("", "-wal", "-shm")
"""What SQLite has beside a database, in the order in which it may be moved away."""
_manifests = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of it.

    Attributes:
        replaced: what the store is called now that was there before; None when there was none.
    """

    manifest: Manifest
    replaced: Path | None


def restore(archive: Path, files: Files, *, replaces: bool, tell: Tell) -> Restored:
    """Put what is in a backup where `files` says.

    Args:
        replaces: whether something may be there already; it is kept under another name.

    Raises:
        BackupDamaged: it is no backup, or not as it was.
        BackupRefused: something is there already.
        StoreLocked: a process has the store open.
        StoreTooNew: a later release made the backup.
        StoreUnusable: the machine does not let it be read or written.
    """
    with _explained(archive), ExitStack() as stack:
        if not files.store.parent.is_dir():
            raise BackupRefused(f"There is no directory {files.store.parent}.")
        lock = FileLock(files.store)
        stack.callback(lock.release)
        there = [path for path in _taken(files, archive) if path.exists()]
        if there and not replaces:
            raise BackupRefused(
                f"{there[0]} is there already. Restore to another place with --store, or give --force: "
                "what is there is kept under another name."
            )
        parts = {name: path.with_name(path.name + ".restoring") for name, path in files.named().items()}
        for part in parts.values():
            part.unlink(missing_ok=True)
            stack.callback(part.unlink, missing_ok=True)
        manifest = _unpack(archive, parts, tell)
        _check(parts, manifest, tell)
        replaced = _move_away(files, manifest) if there else None
        for name, path in files.named().items():  # the store last: before, there is none
            if name in manifest.files:
                parts[name].rename(path)
                sync_folder(path.parent)
        _check_rows(files.store, manifest)
    return Restored(manifest=manifest, replaced=replaced)


def check(archive: Path, folder: Path, tell: Tell) -> Manifest:
    """Look through a backup, all of it, and restore nothing.

    Args:
        folder: an empty one, for what is unpacked.

    Raises:
        BackupDamaged, StoreTooNew, StoreUnusable: as `restore` does.
    """
    parts = {name: folder / name for name in (*DATABASES, KEY)}
    with _explained(archive):
        manifest = _unpack(archive, parts, tell)
        _check(parts, manifest, tell)
    return manifest


def _taken(files: Files, archive: Path) -> Iterator[Path]:
    """What would be in the way. A key is not, where the backup brings none."""
    members = _members(archive)
    for name, path in reversed(files.named().items()):
        if name == KEY:
            yield from [path] if KEY in members else []
        else:
            yield from (path.with_name(path.name + part) for part in PARTS)


def _members(archive: Path) -> dict[str, Member]:
    with _opened(archive) as tar:
        return _manifest(tar, archive).files


def _unpack(archive: Path, parts: dict[str, Path], tell: Tell) -> Manifest:
    """Write the files of a backup, each as its manifest says that it is."""
    with _opened(archive) as tar:
        manifest = _manifest(tar, archive)
        missing = dict(manifest.files)
        while (info := tar.next()) is not None:
            member = missing.pop(info.name, None)
            content = tar.extractfile(info) if info.isreg() else None
            if member is None or content is None or info.name not in parts or info.size != member.size_bytes:
                raise BackupDamaged(f"{archive}: {info.name!r} is not in its manifest, or not of that size.")
            _unpack_member(info.name, content, parts[info.name], member, tell)
    if missing or STORE not in manifest.files:
        raise BackupDamaged(f"{archive} is not whole: {', '.join(missing) or STORE} is missing.")
    return manifest


def _unpack_member(name: str, content: IO[bytes], path: Path, member: Member, tell: Tell) -> None:
    digest = hashlib.sha256()
    make_file(path)
    with path.open("wb") as file:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
            tell(f"unpacking {name}", file.tell(), member.size_bytes)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != member.sha256:
        raise BackupDamaged(f"{name} is not what the manifest of the backup says: its digest is another.")


def _manifest(tar: tarfile.TarFile, archive: Path) -> Manifest:
    info = tar.next()
    content = tar.extractfile(info) if info is not None and info.isreg() and info.name == MANIFEST else None
    if info is None or content is None or info.size > MAX_MANIFEST_BYTES:
        raise BackupDamaged(f"{archive} is no backup of Headrace: it does not begin with {MANIFEST}.")
    try:
        manifest = _manifests.decode(content.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupDamaged(f"{archive}: its {MANIFEST} can't be read: {error}.") from error
    known = len(migrations_in(SCHEMA))
    if manifest.format != FORMAT or manifest.schema > known:
        raise StoreTooNew(
            f"{archive} was made by Headrace {manifest.release}, with schema {manifest.schema}; this "
            f"release knows {known}. Restore it with that release or a later one."
        )
    return manifest


def _check(parts: dict[str, Path], manifest: Manifest, tell: Tell) -> None:
    """Look through what was unpacked."""
    for name in DATABASES:
        if name in manifest.files:
            check_database(parts[name], tell)
    _check_rows(parts[STORE], manifest)
    if check_digests(parts[STORE], tell) != manifest.versions:
        raise BackupDamaged("The backup has not as many versions as its manifest says.")


def _check_rows(path: Path, manifest: Manifest) -> None:
    if (schema_of(path), rows_in_file(path)) != (manifest.schema, manifest.rows):
        raise BackupDamaged(f"{path} has not the rows that the manifest of the backup says.")


def _move_away(files: Files, manifest: Manifest) -> Path:
    """Give what is there other names, by which it can still be opened together.

    A database goes before its log: SQLite drops a log that is left alone, but would read an older one into a
    database that comes to its place.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    away = files.store.with_name(f"{files.store.name}.replaced-{moment}")
    for name, path in reversed(files.named().items()):
        if name == KEY and KEY not in manifest.files:
            continue
        to = away.with_name(path.name.replace(files.store.name, away.name, 1))
        if to.name == path.name:  # knowledge bases at a place of their own
            to = path.with_name(f"{path.name}.replaced-{moment}")
        for part in PARTS if name != KEY else ("",):
            source = path.with_name(path.name + part)
            if source.exists():
                source.rename(to.with_name(to.name + part))
        sync_folder(path.parent)
    return away


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as file, tarfile.open(fileobj=file, mode="r:*") as tar:
        yield tar


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    """What the machine refuses, and what is no archive, as a refusal."""
    try:
        yield
    except StoreError:
        raise
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupDamaged(f"{archive} is no backup, or not whole: {error}.") from error
    except OSError as error:
        raise StoreUnusable(f"{archive} can't be restored: {error}.") from error
