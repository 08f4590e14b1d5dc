"""What a statement changes: something of the registry, or only runs and logs."""

from __future__ import annotations

import re

from headrace.storage.sql.queries import QUERIES

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
