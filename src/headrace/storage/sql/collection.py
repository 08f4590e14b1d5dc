"""What every collection over a SQL connection is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from headrace.storage.sql.rows import Row, microseconds

_END_OF_TIME = 2**63 - 1

Step = tuple[str, dict[str, Any]]
"""A statement and its values."""


class Connection(Protocol):
    """Runs the statements of ``queries.sql`` inside a transaction.

    Each method raises Clash for a broken constraint, Unavailable when the engine can't.
    """

    def one(self, statement: str, **values: Any) -> Row | None:
        """The first row."""

    def all(self, statement: str, **values: Any) -> list[Row]:
        """Every row."""

    def run(self, statement: str, **values: Any) -> int:
        """The number of rows that were changed."""

    def together(self, *steps: Step) -> None:
        """Run statements that change different tables, and of which no answer is needed."""


class SqlCollection:
    """One noun of one organisation."""

    def __init__(self, connection: Connection, account: str) -> None:
        self._connection = connection
        self._account = account

    def _one(self, statement: str, **values: Any) -> Row | None:
        return self._connection.one(statement, account=self._account, **values)

    def _all(self, statement: str, **values: Any) -> list[Row]:
        return self._connection.all(statement, account=self._account, **values)

    def _run(self, statement: str, **values: Any) -> int:
        return self._connection.run(statement, account=self._account, **values)

    def _step(self, statement: str, **values: Any) -> Step:
        return statement, {"account": self._account, **values}


def place(before: tuple[datetime, str] | None) -> dict[str, Any]:
    """The place that a list goes on from; without one, from the end of time."""
    if before is None:
        return {"created_at": _END_OF_TIME, "id": ""}
    return {"created_at": microseconds(before[0]), "id": before[1]}
