"""Runs of flows and the processes that carry them out, in SQL."""

from __future__ import annotations

from datetime import datetime

from headrace.core.durable import Ticket
from headrace.core.processes import Process
from headrace.core.records import EventBatch, Execution, Session
from headrace.storage.sql.collection import SqlCollection, place
from headrace.storage.sql.rows import mapper, microseconds

EVENT_BATCH = mapper(EventBatch)
EXECUTION = mapper(Execution)
PROCESS = mapper(Process)
SESSION = mapper(Session)
TICKET = mapper(Ticket)


class Executions(SqlCollection):
    def get(self, *, id: str) -> Execution | None:
        row = self._one("execution_by_id", id=id)
        return EXECUTION.load(row) if row else None

    def by_name(self, *, file_id: str, name: str) -> Execution | None:
        row = self._one("execution_by_name", file_id=file_id, name=name)
        return EXECUTION.load(row) if row else None

    def put(self, execution: Execution) -> None:
        self._run("put_execution", **EXECUTION.dump(execution))

    def record(self, execution: Execution) -> bool:
        return self._run("record_execution", **EXECUTION.dump(execution)) > 0

    def page(self, *, file_id: str | None, before: tuple[datetime, str] | None, take: int) -> list[Execution]:
        if file_id is None:
            rows = self._all("page_of_executions", take=take, **place(before))
        else:
            rows = self._all("page_of_executions_of_file", file_id=file_id, take=take, **place(before))
        return [EXECUTION.load(row) for row in rows]

    def newer(self, *, file_id: str, after: tuple[datetime, str], take: int) -> list[Execution]:
        rows = self._all("newer_executions_of_file", file_id=file_id, take=take, **place(after))
        return [EXECUTION.load(row) for row in rows]

    def remove(self, *, id: str) -> None:
        self._run("remove_execution", id=id)

    def durable(self, *, file_id: str, pointer_id: str, name: str) -> Execution | None:
        row = self._one("durable_execution", file_id=file_id, pointer_id=pointer_id, name=name)
        return EXECUTION.load(row) if row else None

    def durable_page(
        self, *, file_id: str, pointer_id: str | None, before: tuple[datetime, str] | None, take: int
    ) -> list[Execution]:
        values = {"file_id": file_id, "take": take, **place(before)}
        if pointer_id is None:
            rows = self._all("page_of_durable_executions", **values)
        else:
            rows = self._all("page_of_durable_executions_of_pointer", pointer_id=pointer_id, **values)
        return [EXECUTION.load(row) for row in rows]

    def count_going(self) -> int:
        ((count,),) = self._all("count_of_going_executions")
        return int(count)

    def held(self, *, holder: str) -> list[tuple[str, str, int]]:
        rows = self._connection.all("held_executions", holder=holder)
        return [(row[0], row[1], row[2]) for row in rows]

    def running(self, *, take: int) -> list[Execution]:
        rows = self._connection.all("running_executions")
        newest = sorted((one for account, one in rows if account == self._account), reverse=True)[:take]
        return [found for one in newest if (found := self.get(id=one)) is not None]

    def append(self, batch: EventBatch) -> None:
        self._run("add_events", **EVENT_BATCH.dump(batch))

    def events(self, *, execution_id: str, first: int, take: int) -> list[EventBatch]:
        rows = self._all("events_of_execution", execution_id=execution_id, after=first, take=take)
        return [EVENT_BATCH.load(row) for row in rows if row[1] + row[2] > first]

    def fail_running(self, *, holder: str | None, at: datetime, error: str) -> list[tuple[str, str]]:
        rows = self._connection.all(
            "fail_running_executions", holder=holder, at=microseconds(at), error=error
        )
        return sorted((row[0], row[1]) for row in rows if row[2] is None)

    def purge(self, *, before: datetime, most: int) -> int:
        return self._connection.run("purge_executions", before=microseconds(before), most=most)


class Tickets(SqlCollection):
    def get(self, *, execution_id: str) -> Ticket | None:
        row = self._one("ticket", execution_id=execution_id)
        return TICKET.load(row) if row else None

    def add(self, ticket: Ticket) -> None:
        self._run("add_ticket", **TICKET.dump(ticket))

    def forget_document(self, *, execution_id: str) -> None:
        self._run("put_document", execution_id=execution_id, document=b"")


class Processes(SqlCollection):
    def put(self, process: Process) -> None:
        self._connection.run("put_process", **PROCESS.dump(process))

    def all(self) -> list[Process]:
        return [PROCESS.load(row) for row in self._connection.all("processes")]

    def remove(self, *, id: str) -> None:
        self._connection.run("remove_process", id=id)


class Sessions(SqlCollection):
    def get(self, *, file_id: str, name: str) -> Session | None:
        row = self._one("session", file_id=file_id, name=name)
        return SESSION.load(row) if row else None

    def put(self, session: Session) -> None:
        self._run("put_session", **SESSION.dump(session))

    def remove(self, *, file_id: str, name: str) -> None:
        self._run("remove_session", file_id=file_id, name=name)

    def free(self, *, holder: str | None) -> None:
        for statement in ("wait_again", "drop_first_turns", "free_sessions"):
            self._connection.run(statement, holder=holder)

    def expire(self, *, before: datetime, at: datetime, error: str, most: int) -> list[tuple[str, str]]:
        since = microseconds(before)
        rows = self._connection.all(
            "abort_expired_executions", before=since, at=microseconds(at), error=error, most=most
        )
        self._connection.run("remove_expired_sessions", before=since, most=most)
        return sorted((row[0], row[1]) for row in rows)
