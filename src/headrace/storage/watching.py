"""Notices whether what a transaction writes is part of the registry, or only of runs and logs."""

from __future__ import annotations

import re

from headrace.storage.queries import QUERIES
from headrace.storage.rows import Row
from headrace.storage.sql_collection import Connection, Step

BEYOND = frozenset(
    {
        "awaited",
        "evaluations",
        "erasures",
        "event_batches",
        "executions",
        "jobs",
        "log_ids",
        "log_words",
        "logs",
        "new_words",
        "payloads",
        "processes",
        "provider_uses",
        "run_links",
        "runs",
        "seats",
        "sessions",
        "slots",
        "tickets",
        "totals",
        "usage",
    }
)
"""The tables that are no part of the registry. One that is missing here costs time; it breaks nothing."""
_WRITES = re.compile(
    r"\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|(?<!DO )UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE
)


def written_tables(statement: str) -> frozenset[str]:
    """The tables that the text of a statement changes."""
    return frozenset(_WRITES.findall(statement))


REGISTRY = frozenset(name for name, text in QUERIES.items() if not written_tables(text) <= BEYOND)
"""The statements that change the registry."""


class Watching:
    """A connection that remembers whether the registry was changed.

    Attributes:
        changes_registry: whether it was, since this was last set to False.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.changes_registry = False

    def one(self, statement: str, **values: object) -> Row | None:
        self._note(statement)
        return self._connection.one(statement, **values)

    def all(self, statement: str, **values: object) -> list[Row]:
        self._note(statement)
        return self._connection.all(statement, **values)

    def run(self, statement: str, **values: object) -> int:
        self._note(statement)
        return self._connection.run(statement, **values)

    def together(self, *steps: Step) -> None:
        for statement, _ in steps:
            self._note(statement)
        self._connection.together(*steps)

    def _note(self, statement: str) -> None:
        if statement in REGISTRY:
            self.changes_registry = True
