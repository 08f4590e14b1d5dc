"""The schema and the statements fit the structs, the rules and the indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
import pytest
from tests.storage.things import START

from headrace.core.access import Key, Organisation, User
from headrace.core.deployments import Alias, Environment, Move, Pointer
from headrace.core.durable import Ticket
from headrace.core.evaluations import Awaited, Evaluation, Run, RunLink, Seat, Slot
from headrace.core.files import Directory, File
from headrace.core.gates import Approved, Gate, Watch
from headrace.core.keeping import Erasure, Retention
from headrace.core.logs import Log
from headrace.core.monitoring import Job, Monitor, Total
from headrace.core.processes import Process
from headrace.core.providers import ProviderAccount, ProviderUse
from headrace.core.records import EventBatch, Execution, Session
from headrace.core.versions import Draft, Receipt, Release, Version
from headrace.storage.migrations import SCHEMA, migrate, migrations_in
from headrace.storage.sql import transaction as sql
from headrace.storage.sql.queries import QUERIES, parse
from headrace.storage.sql.rows import mapper, microseconds
from headrace.storage.sqlite.connection import RULES, SqliteConnection, make_file

TABLES: dict[str, tuple[type[msgspec.Struct], set[str]]] = {
    "aliases": (Alias, {"account"}),
    "retentions": (Retention, {"account"}),
    "erasures": (Erasure, {"account"}),
    "provider_accounts": (ProviderAccount, {"account"}),
    "provider_uses": (ProviderUse, {"account"}),
    "approvals": (Approved, {"account"}),
    "gates": (Gate, {"account"}),
    "watches": (Watch, {"account"}),
    "organisations": (Organisation, set()),
    "users": (User, {"account", "email_folded", "full_name_folded"}),
    "keys": (Key, set()),
    "versions": (Version, {"account"}),
    "releases": (Release, {"account", "is_removed"}),
    "drafts": (Draft, {"account"}),
    "environments": (Environment, {"account"}),
    "moves": (Move, {"account", "place"}),
    "pointers": (Pointer, {"account"}),
    "receipts": (Receipt, {"account"}),
    "executions": (Execution, {"account"}),
    "event_batches": (EventBatch, {"account"}),
    "sessions": (Session, {"account"}),
    "tickets": (Ticket, {"account"}),
    "processes": (Process, set()),
    "logs": (Log, {"account", "place", "file_number", "version_number", "lot", "is_counted"}),
    "totals": (Total, {"account"}),
    "monitors": (Monitor, {"account", "place"}),
    "jobs": (Job, set()),
    "evaluations": (Evaluation, {"account"}),
    "seats": (Seat, {"account", "place"}),
    "runs": (Run, {"account"}),
    "run_links": (RunLink, {"account", "place"}),
    "slots": (Slot, {"account", "is_expected"}),
    "awaited": (Awaited, {"account"}),
    "entries": (
        File,
        {"account", "name", "name_folded", "versions_count", "runnable_count", "is_drafted", "deleted_at"},
    ),
}
"""Each table's struct, and the columns that it has besides."""

ELSEWHERE = {"versions": {"logs_count", "last_used_at"}, "logs": {"payload"}}
"""Fields that stand in another table."""

SCANS = {
    "migrations_of_store": "a handful of rows, once at the start",
    "all_keys": "lists every key on purpose",
    "processes": "a handful of rows",
    "running_executions": "the whole of an index of what runs now",
    "count_of_all_going_executions": "the whole of an index of what goes on now",
    "has_keys": "stops at the first row",
    "sealed_secret": "the same",
    "fold_words": "a few rows, all of them",
    "fold_ids": "the same",
    "count_of_jobs": "counts what waits, which is little",
    "count_of_jobs_by_work": "counts what waits, which is little",
    "all_accounts": "organisations are few",
    "accounts_with_retentions": "the same",
    "sealed_keys": "seals everything anew, once in years, while no server runs",
    "sealed_secrets": "the same",
    "sealed_provider_accounts": "the same",
}
"""Statements that may walk through a whole table, and why."""

LISTED = re.compile(
    r"SCAN (CONSTANT ROW|[cn]|\(subquery-1\)|(c|i|log_words|log_ids|log_terms) VIRTUAL TABLE INDEX .*)"
)
"""Not of a table: values that were given, one row of its own, and what a full-text index found."""

SORTS = {
    "all_keys": "a command for people; keys are few",
    "page_under_asc": "an index leads to the files below a directory, and not in this order",
    "page_under_desc": "the same",
    "page_deployed_asc": "an index leads to the files of an environment, and not in this order",
    "page_deployed_desc": "the same",
    "drawn_from_places": "picks the lowest of the lots of what was found",
    "logs_of_parents": "the logs of a trace, by start",
    "logs_of_trace": "the logs of a trace, by start",
    "logs_of_execution": "the logs of a run, by start",
    "judgments_of_logs": "a few for each log",
    "judged_in_run": "the same",
    "numbers_of_files": "one for each file, of all versions that have logs",
    "numbers_of_versions": "a few for each version",
    "spent_by_file": "adds up what an index leads to, by times that no index has",
    "spent_below_flow": "the same",
    "usage_of_files": "one for each file, of all versions that have logs",
    "archive_page_entries": "all of them, above before below, which no list needs",
}
"""Statements that may sort what they found, and why."""


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteConnection]:
    path = tmp_path_factory.mktemp("schema") / "s.db"
    make_file(path)
    connection = SqliteConnection(path)
    connection.prepare()
    migrate(connection, migrations_in(SCHEMA))
    yield connection
    connection.close()


@pytest.fixture
def engine(migrated: SqliteConnection) -> Iterator[SqliteConnection]:
    """A store with nothing in it, in which nothing stays."""
    yield migrated
    if migrated._sqlite.in_transaction:
        migrated.roll_back()


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_a_column_for_each_field(engine: SqliteConnection, table: str) -> None:
    struct, more = TABLES[table]
    found = {row[1] for row in engine._sqlite.execute(f"PRAGMA table_info({table})")}
    assert found == (set(struct.__struct_fields__) - ELSEWHERE.get(table, set())) | more


def test_every_table_belongs_to_an_organisation_and_is_strict(engine: SqliteConnection) -> None:
    tables = [row for row in engine._sqlite.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")]
    for _, name, sort, _, _, is_strict in tables:
        if sort == "table":  # those of the full-text indexes are theirs
            assert is_strict, name
            found = {row[1] for row in engine._sqlite.execute(f"PRAGMA table_info({name})")}
            assert "account" in found or name in {"migrations", "processes"}, name
    assert {name for _, name, sort, *_ in tables if sort == "table"} == {
        *TABLES,
        "counts",
        "datapoints",
        "dataset_parts",
        "migrations",
        "new_words",
        "payloads",
        "secrets",
        "tags",
        "usage",
    }


def test_every_unique_constraint_has_a_rule(engine: SqliteConnection) -> None:
    maintained = {
        "approvals",
        "awaited",
        "counts",
        "drafts",
        "gates",
        "jobs",
        "pointers",
        "migrations",
        "processes",
        "provider_accounts",
        "provider_uses",
        "retentions",
        "run_links",
        "seats",
        "sessions",
        "totals",
        "watches",
    }  # only ever written with ON CONFLICT, or once
    found = {"datapoints.account, datapoints.id"}  # their contents are only ever added with ON CONFLICT
    for table in set(TABLES) - maintained:
        for _, index, is_unique, *_ in engine._sqlite.execute(f"PRAGMA index_list({table})").fetchall():
            if is_unique:
                names = [row[2] for row in engine._sqlite.execute(f"PRAGMA index_info({index})")]
                found.add(", ".join(f"{table}.{name}" for name in names))
    assert found == set(RULES)


def parameters(statement: str) -> dict[str, None]:
    return dict.fromkeys(re.findall(r":([a-z_0-9]+)", statement))


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"make_migrations"}))
def test_a_statement_walks_an_index(engine: SqliteConnection, name: str) -> None:
    statement = QUERIES[name]
    plan = engine._sqlite.execute(f"EXPLAIN QUERY PLAN {statement}", parameters(statement)).fetchall()
    steps = [step for *_, step in plan]
    scans = [step for step in steps if step.startswith("SCAN") and not LISTED.fullmatch(step)]
    sorts = [step for step in steps if "TEMP B-TREE" in step]
    assert bool(scans) == (name in SCANS), steps
    assert bool(sorts) == (name in SORTS), steps


def test_every_statement_is_used_and_every_used_one_is_there() -> None:
    package = Path(sql.__file__).parents[1]
    source = "".join(file.read_text() for file in package.rglob("*.py"))
    made = re.compile(
        r"archive_(?:page|one|add)_\w+|page_(of_kind|of_all)_by_\w+|page_(under|deployed)_\w+|count_\w+_matching"
    )
    used = {name for name in QUERIES if f'"{name}"' in source or made.fullmatch(name)}
    assert used == set(QUERIES)


def test_moves_can_be_neither_changed_nor_removed(engine: SqliteConnection) -> None:
    engine.begin()
    engine.run(
        "add_directory",
        account="a",
        id="f",
        path="p",
        parent_id=None,
        created_at=0,
        updated_at=0,
        name="",
        name_folded="",
    )
    move = dict.fromkeys(Move.__struct_fields__, "f") | {"is_automatic": 0, "moved_at": 0, "is_off": 0}
    engine.run("add_move", account="a", **move)
    for change in ("UPDATE moves SET target = 'x'", "DELETE FROM moves", "DELETE FROM moves WHERE id = 'f'"):
        with pytest.raises(apsw.ConstraintError, match="only ever appended"):
            engine._sqlite.execute(change)
    assert len(engine.all("moves_of_file", account="a", file_id="f")) == 1
    engine.roll_back()


def test_commits_wait_for_the_disk(engine: SqliteConnection) -> None:
    assert engine._sqlite.pragma("journal_mode") == "wal"
    assert engine._sqlite.pragma("synchronous") == 2
    assert engine._sqlite.pragma("foreign_keys") == 1


def test_equal_content_is_kept_once(engine: SqliteConnection) -> None:
    engine.begin()
    engine.run(
        "add_directory",
        account="a",
        id="f",
        path="p",
        parent_id=None,
        created_at=0,
        updated_at=0,
        name="",
        name_folded="",
    )
    version = dict.fromkeys(Version.__struct_fields__, 0) | dict.fromkeys(("name", "deleted_at"))
    texts = {
        "id": "v",
        "file_id": "f",
        "digest": "d",
        "content": b"{}",
        "description": None,
        "created_by": "u",
    }
    engine.run("add_version", account="a", **version | texts)
    for number, content in ((1, b"{}"), (2, b"{ }")):
        release = dict.fromkeys(Release.__struct_fields__, "f") | {"number": number, "version_id": "v"}
        engine.run(
            "add_release", account="a", **release | {"content": content, "created_at": 0, "is_runnable": 1}
        )
    kept = engine._sqlite.execute("SELECT content FROM releases ORDER BY number").fetchall()
    assert kept == [(None,), (b"{ }",)]
    engine.roll_back()


@pytest.mark.parametrize(
    "moment",
    [
        START,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2241, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2200, 6, 15, 7, 8, 9, 123_457, tzinfo=UTC),
    ],
)
def test_a_time_keeps_every_microsecond(moment: datetime) -> None:
    one = Organisation(account="a", name="n", created_at=moment)
    rows = mapper(Organisation)
    assert rows.dump(one) == {"account": "a", "name": "n", "created_at": microseconds(moment)}
    assert rows.load(("a", "n", microseconds(moment))) == one


def test_a_type_without_a_column_is_refused() -> None:
    class Odd(msgspec.Struct):
        value: complex

    with pytest.raises(TypeError, match="complex"):
        mapper(Odd)


def test_a_directory_is_read_as_it_is_written() -> None:
    assert mapper(Directory).columns == ("id", "path", "parent_id", "created_at", "updated_at")


def test_two_statements_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        parse("-- name: twice\n-- One.\nSELECT 1;\n-- name: twice\n-- Two.\nSELECT 2;\n")


def test_what_stands_in_braces_is_written_out() -> None:
    text = "-- part: rest\n-- A part.\nWHERE {o.Organisation}\n\n-- name: one\n-- A statement.\nSELECT {:Organisation} {rest};\n"
    assert parse(text) == {"one": "SELECT :account, :name, :created_at WHERE o.account, o.name, o.created_at"}
