"""The statements as PostgreSQL has them, and the rules that it names by its constraints."""

from __future__ import annotations

import re

from headrace.storage.migrations import SCHEMA, migrations_in
from headrace.storage.postgres import dialect
from headrace.storage.sql.queries import statements_with

MIGRATIONS = migrations_in(SCHEMA, more=SCHEMA / "postgres")

QUERIES = statements_with("postgres_queries.sql")
STATEMENTS = {name: dialect.statement(text) for name, text in QUERIES.items() if name != "make_migrations"}


_WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)")


def _written(text: str) -> tuple[str, str] | None:
    found = _WRITES.match(text)
    if found is None:
        return None
    adds = found[1] == "INSERT INTO" and "ON CONFLICT" not in text
    return found[2], "insert" if adds else "change"


WRITTEN = {name: written for name, text in QUERIES.items() if (written := _written(text))}
"""Of each statement that writes: the table, and ``insert`` when it only adds rows."""

UNIQUE = dialect.unique_indexes([migration.script for migration in migrations_in(SCHEMA)])
"""The unique indexes of each table, the most telling first."""

RULES = {
    "aliases_pkey": "id",
    "aliases_name": "alias_name",
    "durable_executions_name": "execution_name",
    "datapoints_pkey": "id",
    "entries_pkey": "id",
    "entries_path": "path",
    "entries_short_name": "short_name",
    "entries_short_id": "short_id",
    "environments_default": "environment_default",
    "environments_pkey": "id",
    "environments_name": "environment_name",
    "erasures_pkey": "id",
    "evaluations_name": "evaluation_name",
    "evaluations_pkey": "id",
    "event_batches_pkey": "id",
    "executions_pkey": "id",
    "keys_access": "key",
    "keys_hash": "key",
    "keys_pkey": "id",
    "logs_id": "id",
    "logs_judgment": "judgment",
    "monitors_environment": "monitor",
    "monitors_version": "monitor",
    "monitors_id": "id",
    "moves_id": "id",
    "organisations_pkey": "id",
    "receipts_pkey": "receipt",
    "releases_pkey": "release_number",
    "runs_pkey": "id",
    "slots_log": "slot",
    "slots_datapoint": "slot",
    "slots_pkey": "id",
    "tickets_pkey": "id",
    "users_email": "email",
    "users_pkey": "id",
    "versions_digest": "version_digest",
    "versions_name": "version_name",
    "versions_pkey": "id",
}
"""The rule of ``Clash`` for each unique index."""

RACES = frozenset(index.index for table in UNIQUE.values() for index in table) - set(RULES)
"""What only two transactions at once can break: places and numbers that the statements choose themselves."""
