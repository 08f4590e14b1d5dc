"""A backup of a SQLite store as one file, taken while a server goes on working on it.

What is copied is one moment. A read transaction holds it: others go on writing behind it, into SQLite's
write-ahead log, and wait for nothing. The store and the journal of executions are two files, so their moments
are taken one right after the other and then compared: `_at_one_moment`.

The file is a tar archive of databases, the key and a manifest that says how much is in them.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

import apsw
import msgspec

from headrace.storage.copies.backup_checks import check_database, check_digests, rows_in, schema_of
from headrace.storage.errors import NoSuchStore, StoreDamaged, StoreError, StoreUnusable
from headrace.storage.sql.queries import QUERIES
from headrace.storage.sqlite.connection import APPLICATION_ID, make_file

FORMAT = 1
MANIFEST = "manifest.json"
STORE = "store.db"
EXECUTIONS = "executions.db"
KNOWLEDGE = "knowledge.db"
KEY = "key"
DATABASES = (STORE, EXECUTIONS, KNOWLEDGE)
PAGES_AT_ONCE = 256
BUSY_TIMEOUT_MS = 5_000
MOMENTS = 50
"""So often the moments of the store and of the journal are taken until they agree."""
BETWEEN_MOMENTS_S = 0.02
CHUNK_BYTES = 1024 * 1024
COMPRESSION = 3
"""Of nine: more costs much time and gains little."""
COMPRESSED = (".tar.gz", ".tgz")
SUFFIXES = (*COMPRESSED, ".tar")

_BEGUN = "SELECT id FROM executions WHERE is_durable = 1 AND ended_at IS NULL AND attempt > 0"
_KNOWN = "SELECT workflow_uuid FROM workflow_status"

Tell = Callable[[str, int, int], None]
"""Told how far it is: what it does, how much of it is done, of how much."""


class BackupRefused(StoreError):
    """No backup can be made there, or restored there; the message says why."""


class BackupDamaged(StoreError):
    """A file is no backup, or not as it was when it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the files are that belong together.

    Attributes:
        key: of the server; not there when it was given in a setting.
        executions: the journals of executions in the background.
        knowledge: the local knowledge bases.
    """

    store: Path
    key: Path
    executions: Path
    knowledge: Path

    def named(self) -> dict[str, Path]:
        """Each by its name in a backup, the store last."""
        return {
            EXECUTIONS: self.executions,
            KNOWLEDGE: self.knowledge,
            KEY: self.key,
            STORE: self.store,
        }


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a backup.

    Attributes:
        sha256: of what is in it, in hexadecimal.
    """

    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself.

    Attributes:
        format: of the backup; 1.
        release: of the command that made it.
        created_at: the moment that it holds, in ISO form with its zone.
        schema: the store's last migration.
        files: by their names in the archive.
        rows: how many each table of the store has.
        versions: so many contents were compared with their digests.
        going: so many executions in the background had not ended.
        begun_anew: so many of them have no journal, and begin anew.
    """

    format: int
    release: str
    created_at: str
    schema: int
    files: dict[str, Member]
    rows: dict[str, int]
    versions: int
    going: int
    begun_anew: int


def back_up(files: Files, target: Path, *, release: str, has_key: bool, tell: Tell) -> Manifest:
    """Write a backup into a new file, whole or not at all, and look through all of it before.

    Args:
        release: by what name the backup says who made it.
        has_key: whether the key is put in, if there is a file with it.

    Raises:
        NoSuchStore: there is no store.
        BackupRefused: the target is there already, or has another ending than those of `SUFFIXES`.
        StoreDamaged: what was copied is not in order.
        StoreUnusable: the machine does not let it be read or written.
    """
    if not files.store.is_file():
        raise NoSuchStore(f"There is no store at {files.store}.")
    if not target.name.endswith(SUFFIXES):
        raise BackupRefused(f"{target}: the name of a backup ends with {', '.join(SUFFIXES)}.")
    if target.exists():
        raise BackupRefused(f"{target} is there already. Name a new file.")
    with (
        _explained(target),
        tempfile.TemporaryDirectory(prefix=".headrace-backup-", dir=target.parent) as name,
    ):
        folder = Path(name)
        manifest = _copy(files, folder, release=release, has_key=has_key, tell=tell)
        _pack(folder, manifest, target, tell)
    return manifest


def _copy(files: Files, folder: Path, *, release: str, has_key: bool, tell: Tell) -> Manifest:
    with ExitStack() as stack:
        store, journal = _at_one_moment(files, stack)
        knowledge = _Moment(files.knowledge, stack) if files.knowledge.is_file() else None
        created_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        begun_anew, going = len(_without_journal(store, journal)), _going(store)
        moments = {STORE: store, EXECUTIONS: journal, KNOWLEDGE: knowledge}
        for member, moment in moments.items():
            if moment is not None:
                moment.copy(folder / member, partial(tell, f"copying {member}"))
        rows = rows_in(store.connection)
    if has_key and files.key.is_file():
        _write(folder / KEY, files.key.read_bytes())
    for member in DATABASES:
        if (folder / member).exists():
            check_database(folder / member, tell)
    if (found := rows_in_file(folder / STORE)) != rows:
        raise StoreDamaged(f"The copy has other rows than {files.store}: {_difference(rows, found)}.")
    return Manifest(
        format=FORMAT,
        release=release,
        created_at=created_at,
        schema=schema_of(folder / STORE),
        files={one.name: _member(one) for one in sorted(folder.iterdir())},
        rows=rows,
        versions=check_digests(folder / STORE, tell),
        going=going,
        begun_anew=begun_anew,
    )


class _Moment:
    """A database as it is now, for as long as it is held."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self.connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        stack.callback(self.connection.close)
        self.connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        self.take()

    def take(self) -> None:
        """Let go of the moment that is held, and hold this one."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.connection.execute("BEGIN")
        self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # here it begins

    def copy(self, target: Path, tell: Callable[[int, int], None]) -> None:
        """Write it into a new file, a few pages at a time."""
        make_file(target)
        copy = apsw.Connection(str(target))
        try:
            with copy.backup("main", self.connection, "main") as backup:
                while not backup.done:
                    backup.step(PAGES_AT_ONCE)
                    tell(backup.page_count - backup.remaining, backup.page_count)
            copy.pragma("journal_mode", "DELETE")  # one file, with nothing beside it
        finally:
            copy.close()


def _at_one_moment(files: Files, stack: ExitStack) -> tuple[_Moment, _Moment | None]:
    """The store, and the journal of its executions if there is one, so that they agree.

    The journal is taken after the store. So all that the store says was done is in the journal; what the
    journal says beside that, the store is told again when the execution goes on, as after a crash. Only a
    journal that was dropped between the two, because its execution ended, would be missing: then both are
    taken again.
    """
    store = _Moment(files.store, stack)
    if store.connection.pragma("application_id") != APPLICATION_ID:
        raise StoreDamaged(f"{files.store} is not a store of Headrace.")
    journal: _Moment | None = None
    for _ in range(MOMENTS):
        store.take()
        if journal is not None:
            journal.take()
        elif files.executions.is_file():
            journal = _Moment(files.executions, stack)
        if not _without_journal(store, journal):
            break
        time.sleep(BETWEEN_MOMENTS_S)
    return store, journal


def _without_journal(store: _Moment, journal: _Moment | None) -> set[str]:
    """The executions that were begun, and that the journal does not know."""
    if "attempt" not in _columns(store, "executions"):
        return set()  # a store from before there were any
    begun = {str(id_) for (id_,) in store.connection.execute(_BEGUN)}
    if not begun or journal is None or not _columns(journal, "workflow_status"):
        return begun
    return begun - {str(id_) for (id_,) in journal.connection.execute(_KNOWN)}


def _going(store: _Moment) -> int:
    if "attempt" not in _columns(store, "executions"):
        return 0
    ((going,),) = store.connection.execute(QUERIES["count_of_all_going_executions"]).fetchall()
    assert isinstance(going, int)
    return going


def _columns(moment: _Moment, table: str) -> set[str]:
    rows = moment.connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {str(name) for (name,) in rows}


def _difference(wanted: dict[str, int], found: dict[str, int]) -> str:
    tables = sorted(table for table in wanted | found if wanted.get(table) != found.get(table))
    return ", ".join(f"{table} {found.get(table)} instead of {wanted.get(table)}" for table in tables)


def rows_in_file(path: Path) -> dict[str, int]:
    """How many rows each table of a store has, that nobody uses."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return rows_in(connection)
    finally:
        connection.close()


def _member(path: Path) -> Member:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return Member(size_bytes=path.stat().st_size, sha256=digest.hexdigest())


def _write(path: Path, content: bytes) -> None:
    make_file(path)
    path.write_bytes(content)


def _pack(folder: Path, manifest: Manifest, target: Path, tell: Tell) -> None:
    """Put everything into one file; it has its name once all of it is durable."""
    part = folder / "part"
    make_file(part)
    about = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    with part.open("wb") as file:
        with _tar(file, target.name) as archive:
            _add(archive, MANIFEST, len(about), io.BytesIO(about))
            for done, (name, member) in enumerate(manifest.files.items()):
                tell("packing", done, len(manifest.files))
                with (folder / name).open("rb") as content:
                    _add(archive, name, member.size_bytes, content)
        tell("packing", 1, 1)
        file.flush()
        os.fsync(file.fileno())
    if target.exists():
        raise FileExistsError(target)
    part.rename(target)
    sync_folder(target.parent)


def _tar(file: IO[bytes], name: str) -> tarfile.TarFile:
    if name.endswith(COMPRESSED):
        return tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION, format=tarfile.PAX_FORMAT)
    return tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)


def _add(archive: tarfile.TarFile, name: str, size_bytes: int, content: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size_bytes, 0o600, int(time.time())
    archive.addfile(info, content)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system has a way to."""
    with suppress(PermissionError):  # Windows opens no folder
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """What the machine refuses, as a refusal."""
    try:
        yield
    except FileExistsError as error:
        raise BackupRefused(f"{target} is there already. Name a new file.") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(f"The store is not readable: {error}. Restore an earlier backup.") from error
    except (OSError, apsw.Error) as error:
        raise StoreUnusable(f"The backup {target} can't be written: {error}.") from error
