"""Whether a database that nobody uses is whole, and holds what it says it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from headrace.core.canonical import digest
from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.storage.errors import StoreDamaged
from headrace.storage.sqlite.connection import APPLICATION_ID

MOST_TOLD = 5
VERSIONS_TOLD = 500
_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name
"""
_VERSIONS = """
SELECT entries.kind, versions.id, versions.digest, versions.content
FROM versions JOIN entries ON entries.account = versions.account AND entries.id = versions.file_id
WHERE versions.digest NOT LIKE 'draft:%'
"""
"""Copies of drafts that were run have a made-up digest, so that equal content stays its own version."""

Tell = Callable[[str, int, int], None]


def check_database(path: Path, tell: Tell) -> None:
    """Have SQLite look through all of it.

    Raises:
        StoreDamaged: it finds something.
    """
    tell(f"checking {path.name}", 0, 1)
    with _reading(path) as connection:
        found = [str(text) for (text,) in connection.execute("PRAGMA integrity_check")]
        lost = connection.execute("PRAGMA foreign_key_check").fetchall()
    problems = [text for text in found if text != "ok"]
    problems += [
        f"a row of {table} refers to one of {parent} that is not there" for table, _, parent, _ in lost
    ]
    if problems:
        raise StoreDamaged(f"{path.name} is damaged: {'; '.join(problems[:MOST_TOLD])}.")
    tell(f"checking {path.name}", 1, 1)


def check_digests(path: Path, tell: Tell) -> int:
    """Compute the digest of each version's content anew; how many were compared.

    Raises:
        StoreDamaged: one is another.
    """
    with _reading(path) as connection:
        ((of,),) = connection.execute(f"SELECT count(*) FROM ({_VERSIONS})").fetchall()  # noqa: S608 - above
        assert isinstance(of, int)
        done = 0
        for kind, id_, told, content in connection.execute(_VERSIONS):
            if not _is_digest(str(kind), _bytes(content), str(told)):
                raise StoreDamaged(f"The content of version {id_} is not what its digest says.")
            done += 1
            if done % VERSIONS_TOLD == 0 or done == of:
                tell("checking versions", done, of)
    return done


def _is_digest(kind: str, content: bytes, told: str) -> bool:
    try:
        return digest(KINDS[kind].identity(content)) == told
    except (Invalid, ValueError, KeyError):
        return False


def _bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode()


def schema_of(path: Path) -> int:
    """The last migration of a store.

    Raises:
        StoreDamaged: it is no store.
    """
    with _reading(path) as connection:
        if connection.pragma("application_id") != APPLICATION_ID:
            raise StoreDamaged(f"{path.name} is a database, but not one of Headrace's.")
        ((number,),) = connection.execute("SELECT max(number) FROM migrations").fetchall()
    if not isinstance(number, int):
        raise StoreDamaged(f"{path.name} holds no store.")
    return number


def rows_in(connection: apsw.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {name: _count(connection, name) for name in _tables(connection)}


def _tables(connection: apsw.Connection) -> list[str]:
    return [str(name) for (name,) in connection.execute(_TABLES)]


def _count(connection: apsw.Connection, table: str) -> int:
    ((rows,),) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()  # noqa: S608 - a name of ours
    assert isinstance(rows, int)
    return rows


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        yield connection
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        raise StoreDamaged(f"{path.name} is damaged: {error}.") from error
    finally:
        connection.close()
