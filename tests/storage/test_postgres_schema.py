"""The tables and statements as PostgreSQL has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.postgres import cluster

from headrace.storage.postgres.statements import QUERIES, RACES, RULES, STATEMENTS, UNIQUE, WRITTEN
from headrace.storage.sql import transaction as sql
from headrace.storage.sql.queries import QUERIES as SQLITE_QUERIES
from headrace.storage.sqlite.connection import RULES as SQLITE_RULES

SCANS = {
    "make_migrations": "no table yet",
    "migrations_of_store": "a handful",
    "all_keys": "they are all wanted",
    "processes": "a handful",
    "count_of_jobs": "they are all counted",
    "count_of_jobs_by_work": "they are all counted",
    "sealed_secret": "it stops at the first row",
    "sealed_keys": "they are all wanted",
    "sealed_secrets": "the same",
    "sealed_provider_accounts": "the same",
}
"""Statements that may look at every row of a table, and why."""


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection]:
    url = cluster().lend()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    cluster().take_back(url)


def asked(database: psycopg.Connection, query: str) -> list[Any]:
    return database.execute(query).fetchall()  # type: ignore[arg-type]


def test_every_unique_index_is_known(database: psycopg.Connection) -> None:
    rows = asked(
        database,
        "SELECT t.relname, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE x.indisunique AND n.nspname = 'public' AND t.relname NOT IN ('migrations', 'log_words')",
    )
    known = {
        (table, unique.index)
        for table, indexes in UNIQUE.items()
        for unique in indexes
        if table != "new_words"
    }
    assert set(rows) == known
    assert set(RULES) <= {index for _, index in known}
    assert not set(RULES) & RACES


def test_both_engines_name_the_same_rules(database: psycopg.Connection) -> None:
    rows = asked(
        database,
        "SELECT i.relname, t.relname, array_agg(a.attname ORDER BY k.nth) FROM pg_index x "
        "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
        "CROSS JOIN unnest(x.indkey) WITH ORDINALITY k (number, nth) "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number "
        "WHERE x.indisunique GROUP BY 1, 2",
    )
    columns = {index: ", ".join(f"{table}.{name}" for name in names) for index, table, names in rows}
    assert {columns[index]: rule for index, rule in RULES.items()} == SQLITE_RULES


def test_texts_are_ordered_by_their_bytes(database: psycopg.Connection) -> None:
    rows = asked(
        database,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    )
    assert rows == []


def test_a_column_is_text_a_number_or_bytes(database: psycopg.Connection) -> None:
    rows = asked(
        database,
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'log_words'",
    )
    assert {kind for (kind,) in rows} == {"text", "bigint", "bytea", "double precision"}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_is_understood_and_walks_an_index(database: psycopg.Connection, name: str) -> None:
    with database.transaction(force_rollback=True):
        database.execute("SET LOCAL enable_seqscan = off")
        database.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        database.execute(f"PREPARE one AS {STATEMENTS[name].text}")  # type: ignore[arg-type]
        ((types,),) = asked(database, "SELECT parameter_types::text[] FROM pg_prepared_statements")
        given = f"({', '.join(['NULL'] * len(types))})" if types else ""
        plan = [line for (line,) in asked(database, f"EXPLAIN EXECUTE one {given}")]
        database.execute("DEALLOCATE one")
    assert set(types) <= {"text", "bigint", "bytea", "double precision", "integer", "text[]", "bigint[]"}
    assert [kind for kind, one in zip(types, STATEMENTS[name].parameters, strict=True) if kind.endswith("[]")] == [
        kind for kind, one in zip(types, STATEMENTS[name].parameters, strict=True) if one in STATEMENTS[name].lists
    ]  # fmt: skip
    assert not [line for line in plan if "Seq Scan" in line] or name in SCANS, plan


def test_every_statement_is_used_and_every_used_one_is_there() -> None:
    package = Path(sql.__file__).parents[1]
    source = "".join(
        file.read_text() for file in package.rglob("*.py") if file.parent.name not in {"sqlite", "memory"}
    )
    made = re.compile(
        r"archive_(?:page|one|add)_\w+|page_(of_kind|of_all)_by_\w+|page_(under|deployed)_\w+|count_\w+_matching"
    )
    used = {name for name in QUERIES if f'"{name}"' in source or made.fullmatch(name)}
    assert used == set(QUERIES)


def test_each_statement_that_writes_is_seen_to_write() -> None:
    written = {name for name, text in QUERIES.items() if not text.startswith(("SELECT", "CREATE"))}
    assert set(WRITTEN) == written
    assert WRITTEN["add_file"] == ("entries", "insert")
    assert WRITTEN["put_draft"] == ("drafts", "change")
    assert WRITTEN["remove_alias"] == ("aliases", "change")


def test_most_statements_are_those_of_sqlite() -> None:
    other = {name for name in QUERIES if SQLITE_QUERIES.get(name) != QUERIES[name]}
    assert len(other) < 20, other


def test_moves_can_be_neither_changed_nor_removed(database: psycopg.Connection) -> None:
    with database.transaction(force_rollback=True):
        database.execute(
            "INSERT INTO entries (account, id, path, created_at, updated_at, name, name_folded) "
            "VALUES ('a', 'f', 'p', 0, 0, '', '')"
        )
        database.execute(
            "INSERT INTO moves (account, id, file_id, kind, pointer_id, is_automatic, moved_by, moved_at) "
            "VALUES ('a', 'm', 'f', 'alias', 'p', 0, 'u', 0)"
        )
        for change in ("UPDATE moves SET target = 'x'", "DELETE FROM moves"):
            with (
                pytest.raises(psycopg.errors.RaiseException, match="only ever appended"),
                database.transaction(),
            ):
                database.execute(change)  # type: ignore[arg-type]
