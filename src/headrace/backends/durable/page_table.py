"""The statements by which pages are kept: rows of DBOS's table of steps, in the form that DBOS gives them.

DBOS itself writes one step a transaction, and asks beforehand whether it is there. Here what many executions
want at the same time is asked and written together. The rule is DBOS's own: a page is kept only while its
execution belongs to the attempt that writes it, and who takes an execution over waits for what is under way.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from sqlalchemy import Connection

PAGE: Final = "page"
FORMAT: Final = "headrace_json"
"""How DBOS is told that arguments and pages are written: as JSON."""
APPLICATION: Final = "headrace"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that is carried out here now.

    Attributes:
        account: the organisation.
        execution: the execution's id.
        owner: the attempt, as DBOS tells it from others.
        is_first: whether it was begun here just now, so that its journal is empty.
    """

    account: str
    execution: str
    owner: str
    is_first: bool = False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page stands.

    Attributes:
        execution: the execution's id.
        owner: the attempt, as DBOS tells it from others.
        number: of the page, from one on.
    """

    execution: str
    owner: str
    number: int


Page: TypeAlias = tuple[Place, str]
Row: TypeAlias = tuple[str | None, str | None]
"""Who an execution belongs to, and what stands on the page; None when nothing does."""


class PageTable(Protocol):
    """Each method in one transaction that is open."""

    def rows(self, connection: Connection, places: Sequence[Place]) -> dict[str, Row]:
        """What is known, by execution; nothing of one that is not there."""

    def add(self, connection: Connection, pages: Sequence[Page]) -> set[str]:
        """Write pages, of an execution one at the most; the executions of which it was written.

        It is not if it is there already, or if the execution belongs to somebody else by now.
        """

    def forget(self, connection: Connection, executions: Collection[str]) -> None:
        """Drop the journals of some executions."""


class FilePages:
    """On SQLite."""

    _READ = """
        SELECT s.owner_xid, o.output FROM workflow_status s LEFT JOIN operation_outputs o
        ON o.workflow_uuid = s.workflow_uuid AND o.function_id = ? WHERE s.workflow_uuid = ?
    """
    _ADD = """
        INSERT INTO operation_outputs (workflow_uuid, function_id, function_name, started_at_epoch_ms,
        completed_at_epoch_ms, output, serialization, application_name, retention_timestamp)
        SELECT workflow_uuid, :number, :page, :now_ms, :now_ms, :text, :format, :application, :now_ms
        FROM workflow_status WHERE workflow_uuid = :execution AND owner_xid = :owner ON CONFLICT DO NOTHING
    """
    _FORGET = (
        "DELETE FROM workflow_input WHERE workflow_uuid = ?",
        "DELETE FROM workflow_output WHERE workflow_uuid = ?",
        "DELETE FROM operation_outputs WHERE workflow_uuid = ?",
        "DELETE FROM workflow_status WHERE workflow_uuid = ?",
    )

    def rows(self, connection: Connection, places: Sequence[Place]) -> dict[str, Row]:
        """See `PageTable.rows`."""
        found: dict[str, Row] = {}
        for one in places:
            row = connection.exec_driver_sql(self._READ, (one.number, one.execution)).fetchone()
            if row is not None:
                found[one.execution] = (row[0], _read(row[1]))
        return found

    def add(self, connection: Connection, pages: Sequence[Page]) -> set[str]:
        """See `PageTable.add`."""
        same = _same()
        added: set[str] = set()
        for place, text in pages:
            given = same | {
                "execution": place.execution,
                "owner": place.owner,
                "number": place.number,
                "text": _written(text),
            }
            if connection.exec_driver_sql(self._ADD, given).rowcount:
                added.add(place.execution)
        return added

    def forget(self, connection: Connection, executions: Collection[str]) -> None:
        """See `PageTable.forget`."""
        for statement in self._FORGET:
            connection.exec_driver_sql(statement, [(one,) for one in executions])


class ServerPages:
    """On PostgreSQL, in the schema that DBOS is told to use."""

    _READ = """
        SELECT s.workflow_uuid, s.owner_xid, o.output
        FROM unnest(%(executions)s::text[], %(numbers)s::int[]) AS p (execution, number)
        JOIN dbos.workflow_status s ON s.workflow_uuid = p.execution
        LEFT JOIN dbos.operation_outputs o ON o.workflow_uuid = p.execution AND o.function_id = p.number
    """
    # Locked until it is kept: who takes the execution over meanwhile has to wait, and reads it then.
    _ADD = """
        INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, started_at_epoch_ms,
        completed_at_epoch_ms, output, serialization, application_name, retention_timestamp)
        SELECT p.execution, p.number, %(page)s::text, %(now_ms)s::bigint, %(now_ms)s::bigint, p.text,
        %(format)s::text, %(application)s::text, %(now_ms)s::bigint
        FROM unnest(%(executions)s::text[], %(owners)s::text[], %(numbers)s::int[], %(texts)s::text[])
        AS p (execution, owner, number, text)
        JOIN dbos.workflow_status s ON s.workflow_uuid = p.execution AND s.owner_xid = p.owner
        FOR NO KEY UPDATE OF s ON CONFLICT DO NOTHING RETURNING workflow_uuid
    """
    _FORGET = """
        WITH i AS (DELETE FROM dbos.workflow_input WHERE workflow_uuid = ANY(%(executions)s::text[])),
        o AS (DELETE FROM dbos.workflow_output WHERE workflow_uuid = ANY(%(executions)s::text[])),
        p AS (DELETE FROM dbos.operation_outputs WHERE workflow_uuid = ANY(%(executions)s::text[]))
        DELETE FROM dbos.workflow_status WHERE workflow_uuid = ANY(%(executions)s::text[])
    """

    def rows(self, connection: Connection, places: Sequence[Place]) -> dict[str, Row]:
        """See `PageTable.rows`."""
        given = {"executions": [one.execution for one in places], "numbers": [one.number for one in places]}
        return {row[0]: (row[1], _read(row[2])) for row in connection.exec_driver_sql(self._READ, given)}

    def add(self, connection: Connection, pages: Sequence[Page]) -> set[str]:
        """See `PageTable.add`."""
        given = _same() | {
            "executions": [place.execution for place, _ in pages],
            "owners": [place.owner for place, _ in pages],
            "numbers": [place.number for place, _ in pages],
            "texts": [_written(text) for _, text in pages],
        }
        return {row[0] for row in connection.exec_driver_sql(self._ADD, given)}

    def forget(self, connection: Connection, executions: Collection[str]) -> None:
        """See `PageTable.forget`."""
        connection.exec_driver_sql(self._FORGET, {"executions": list(executions)})


def _same() -> dict[str, Any]:
    """What all pages have that are written now."""
    return {
        "page": PAGE,
        "format": FORMAT,
        "application": APPLICATION,
        "now_ms": time.time_ns() // 1_000_000,
    }


def _written(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _read(output: str | None) -> str | None:
    return None if output is None else msgspec.json.decode(output, type=str)
