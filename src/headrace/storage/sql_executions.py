"""Runs of flows in SQL."""

from __future__ import annotations

from datetime import datetime

from headrace.core.records import EventBatch, Execution, Session
from headrace.storage.rows import mapper, microseconds
from headrace.storage.sql_collection import SqlCollection, place

EVENT_BATCH = mapper(EventBatch)
EXECUTION = mapper(Execution)
SESSION = mapper(Session)


class Executions(SqlCollection):
    def get(self, *, id: str) -> Execution | None:
        row = self._one("execution_by_id", id=id)
        return EXECUTION.load(row) if row else None

    def by_name(self, *, file_id: str, name: str) -> Execution | None:
        row = self._one("execution_by_name", file_id=file_id, name=name)
        return EXECUTION.load(row) if row else None

    def put(self, execution: Execution) -> None:
        self._run("put_execution", **EXECUTION.dump(execution))

    def page(self, *, file_id: str | None, before: tuple[datetime, str] | None, take: int) -> list[Execution]:
        if file_id is None:
            rows = self._all("page_of_executions", take=take, **place(before))
        else:
            rows = self._all("page_of_executions_of_file", file_id=file_id, take=take, **place(before))
        return [EXECUTION.load(row) for row in rows]

    def append(self, batch: EventBatch) -> None:
        self._run("add_events", **EVENT_BATCH.dump(batch))

    def events(self, *, execution_id: str, first: int, take: int) -> list[EventBatch]:
        rows = self._all("events_of_execution", execution_id=execution_id, after=first, take=take)
        return [EVENT_BATCH.load(row) for row in rows if row[1] + row[2] > first]

    def fail_running(self, *, at: datetime, error: str) -> list[tuple[str, str]]:
        rows = self._connection.all("fail_running_executions", at=microseconds(at), error=error)
        return sorted((row[0], row[1]) for row in rows)

    def purge(self, *, before: datetime, most: int) -> int:
        return self._connection.run("purge_executions", before=microseconds(before), most=most)


class Sessions(SqlCollection):
    def get(self, *, file_id: str, name: str) -> Session | None:
        row = self._one("session", file_id=file_id, name=name)
        return SESSION.load(row) if row else None

    def put(self, session: Session) -> None:
        self._run("put_session", **SESSION.dump(session))

    def remove(self, *, file_id: str, name: str) -> None:
        self._run("remove_session", file_id=file_id, name=name)

    def free(self) -> None:
        self._connection.run("wait_again")
        self._connection.run("drop_first_turns")
        self._connection.run("free_sessions")

    def expire(self, *, before: datetime, at: datetime, error: str, most: int) -> list[tuple[str, str]]:
        since = microseconds(before)
        rows = self._connection.all(
            "abort_expired_executions", before=since, at=microseconds(at), error=error, most=most
        )
        self._connection.run("remove_expired_sessions", before=since, most=most)
        return sorted((row[0], row[1]) for row in rows)
