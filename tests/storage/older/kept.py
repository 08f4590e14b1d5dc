"""The stores that were kept, as stores again: of the schema of then, in SQLite or in PostgreSQL."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest
from tests.storage.older.keep import HERE, valued

from headrace.storage import open_store
from headrace.storage.copies.copying import MADE_ANEW, TABLES
from headrace.storage.migrations import SCHEMA, migrate, migrations_in
from headrace.storage.postgres import opening as postgres_opening
from headrace.storage.postgres.statements import MIGRATIONS
from headrace.storage.sqlite.connection import SqliteConnection, make_file

PUT_WORDS = "INSERT INTO log_words (place, words) VALUES (%s, array_to_tsvector(string_to_array(%s, ' ')))"
FILES = sorted(HERE.glob("*.json.gz"))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A store of an earlier schema.

    Attributes:
        schema: its last migration.
        key: an API key of it, as `headrace keys create --json` printed it.
        secret: the server's key.
        answers: what the server of then answered, by what it was asked.
        tables: columns and rows.
    """

    schema: int
    key: dict[str, Any]
    secret: str
    answers: dict[str, Any]
    tables: dict[str, Any]
    refused: list[str]

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        for row in self.tables[table]["rows"]:
            yield tuple(map(valued, row))


def read(path: Path) -> Kept:
    """A store out of its file."""
    return Kept(**json.loads(gzip.decompress(path.read_bytes())))


def in_sqlite(kept: Kept, path: Path) -> str:
    """The store as a file; its URL."""
    make_file(path)
    engine = SqliteConnection(path)
    engine.prepare()
    migrate(engine, migrations_in(SCHEMA)[: kept.schema])
    engine.close()
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for table in _emptied(connection):
            connection.execute(f'DELETE FROM "{table}"')
        for table in kept.tables:
            columns = kept.tables[table]["columns"]
            names, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
            connection.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(kept.rows(table))
            )
    connection.close()
    path.with_name(path.name + ".key").write_text(kept.secret + "\n")
    return f"sqlite:///{path}"


def _emptied(connection: apsw.Connection) -> list[str]:
    query = """SELECT name FROM pragma_table_list
        WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite_%'"""
    return [str(name) for (name,) in connection.execute(query).fetchall()]


def in_postgresql(kept: Kept, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store in an empty database; what its logs are found by is what the release of then made of them."""
    with monkeypatch.context() as older:
        older.setattr(postgres_opening, "MIGRATIONS", MIGRATIONS[: kept.schema])
        open_store(url)
    order = [table for table in TABLES if table in kept.tables]
    left_out = set(kept.tables) - set(order)
    assert all(table.startswith(tuple(MADE_ANEW)) for table in left_out), left_out
    with psycopg.connect(url) as connection:
        for table in order:
            columns = kept.tables[table]["columns"]
            names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
            text = f'INSERT INTO "{table}" ({names}) VALUES ({places})'
            with connection.cursor() as cursor:
                cursor.executemany(text.encode(), list(kept.rows(table)))
        if "new_words" in kept.tables:
            with connection.cursor() as cursor:
                cursor.executemany(PUT_WORDS, words_of(kept))


def words_of(kept: Kept) -> list[tuple[Any, ...]]:
    """The places of logs, and the words of each; none of them was in SQLite's own index when the store was kept."""
    columns = kept.tables["new_words"]["columns"]
    new = [dict(zip(columns, row, strict=True)) for row in kept.rows("new_words")]
    assert len(new) == len(kept.tables["logs"]["rows"])
    return [(row["place"], row["words"]) for row in new if row["words"]]
