"""Bringing a store to the schema of this code: numbered scripts, each applied once, whole or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from headrace.storage.errors import StoreDamaged, StoreOutdated, StoreTooNew, StoreUnfinished
from headrace.storage.sql.collection import Connection
from headrace.storage.sql.rows import microseconds

SCHEMA = Path(__file__).with_name("schema")
_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema.

    Attributes:
        number: from 1, without gaps.
        name: what it is about.
        script: the SQL.
    """

    number: int
    name: str
    script: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.script.encode()).hexdigest()


class Engine(Connection, Protocol):
    """What a migration is applied with."""

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction that is kept when the block ends, and undone when it raises."""

    def script(self, text: str) -> None:
        """Run many statements."""


UNFINISHED = 0
"""The number that marks an unfinished copy; those of migrations begin with one."""


def migrations_in(directory: Path, *, more: Path | None = None) -> tuple[Migration, ...]:
    """The scripts in ``directory`` (``0001_name.sql`` …), in order.

    Args:
        more: where scripts of the same names are that an engine needs after these.
    """
    found: list[Migration] = []
    for file in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if not match or int(match[1]) != len(found) + 1:
            raise ValueError(f"{file} is not the migration of number {len(found) + 1:04}.")
        script = file.read_text(encoding="utf-8")
        if more is not None and (beside := more / file.name).exists():
            script += beside.read_text(encoding="utf-8")
        found.append(Migration(number=int(match[1]), name=match[2], script=script))
    return tuple(found)


def migrate(
    engine: Engine,
    migrations: Sequence[Migration],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Apply what is missing.

    Raises:
        StoreTooNew: the store was written by a later release.
        StoreDamaged: what was applied to it is not what these migrations say.
        StoreUnfinished: a copy into it did not come to its end.
    """
    for migration in _missing(engine, migrations):
        with engine.transaction():
            engine.script(migration.script)
            engine.run(
                "add_migration",
                number=migration.number,
                name=migration.name,
                sha256=migration.sha256,
                applied_at=microseconds(now()),
            )


def check_current(engine: Connection, migrations: Sequence[Migration]) -> None:
    """Raise what `migrate` raises, and StoreOutdated when something is missing."""
    missing = _missing(engine, migrations)
    if missing:
        raise StoreOutdated(
            f"The store is at schema {missing[0].number - 1}, this release is at {migrations[-1].number}. "
            "Start this release on it once with `headrace serve`, and stop it again."
        )


def mark(engine: Connection) -> None:
    """Mark a store as the target of a copy that is not finished: it can't be opened."""
    engine.run("add_migration", number=UNFINISHED, name="unfinished_copy", sha256="", applied_at=0)


def unmark(engine: Connection) -> None:
    """Take that mark away."""
    engine.run("remove_migration", number=UNFINISHED)


def _missing(engine: Connection, migrations: Sequence[Migration]) -> Sequence[Migration]:
    applied = engine.all("migrations_of_store")
    if applied and applied[0][0] == UNFINISHED:
        raise StoreUnfinished(
            "A copy into this store did not come to its end, so that it holds a part only. "
            "Run `headrace store copy` with `--again`, or remove it."
        )
    for migration, (number, name, sha256) in zip(migrations, applied, strict=False):
        if (number, sha256) != (migration.number, migration.sha256):
            raise StoreDamaged(
                f"Migration {number:04} ({name}) of the store is not the one this release has under that "
                "number. Open the store with the release that wrote it, or restore a backup."
            )
    if len(applied) > len(migrations):
        raise StoreTooNew(
            f"The store is at schema {applied[-1][0]}, but this release knows only {len(migrations)}. "
            "Install the release that wrote it or a later one, or restore a backup."
        )
    return migrations[len(applied) :]
