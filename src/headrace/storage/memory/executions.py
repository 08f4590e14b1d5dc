"""The memory store's runs of flows, and the processes that carry them out.

Their tables are those of all organisations, by account first.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.durable import Ticket
from headrace.core.execution import Status
from headrace.core.ports import Clash
from headrace.core.processes import Process
from headrace.core.records import EventBatch, Execution, Session
from headrace.storage.memory.tables import Rows, Shared

_MAY_CHANGE = (
    "status",
    "ended_at",
    "output",
    "error",
    "failed_node",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "events_count",
    "holder",
    "attempt",
)


class Executions:
    def __init__(self, account: str, rows: Rows, shared: Shared) -> None:
        self._account = account
        self._rows = rows
        self._runs = shared.executions
        self._batches = shared.batches
        self._tickets = shared.tickets

    def get(self, *, id: str) -> Execution | None:
        return self._runs.get((self._account, id))

    def by_name(self, *, file_id: str, name: str) -> Execution | None:
        of_name = [run for run in self._own() if (run.file_id, run.name) == (file_id, name)]
        return max(of_name, key=lambda run: run.id, default=None)

    def put(self, execution: Execution) -> None:
        known = self.get(id=execution.id)
        if known is None:
            self._check_name(execution)
            self._rows.require_file(execution.file_id)
        else:
            changes = {field: getattr(execution, field) for field in _MAY_CHANGE}
            execution = msgspec.structs.replace(known, **changes)
        self._runs.put((self._account, execution.id), execution)

    def record(self, execution: Execution) -> bool:
        known = self.get(id=execution.id)
        is_held = known is None or known.holder == execution.holder
        if is_held:
            attempt = execution.attempt if known is None else known.attempt
            self.put(msgspec.structs.replace(execution, attempt=attempt))
        return is_held

    def _check_name(self, execution: Execution) -> None:
        place = (execution.file_id, execution.pointer_id, execution.name)
        if execution.is_durable and any((d.file_id, d.pointer_id, d.name) == place for d in self._durable()):
            raise Clash("execution_name")

    def _durable(self) -> list[Execution]:
        return [run for run in self._own() if run.is_durable]

    def durable(self, *, file_id: str, pointer_id: str, name: str) -> Execution | None:
        place = (file_id, pointer_id, name)
        found = (run for run in self._durable() if (run.file_id, run.pointer_id, run.name) == place)
        return next(found, None)

    def durable_page(
        self, *, file_id: str, pointer_id: str | None, before: tuple[datetime, str] | None, take: int
    ) -> list[Execution]:
        found = self.page(file_id=file_id, before=before, take=len(self._runs))
        return [run for run in found if run.is_durable and pointer_id in (None, run.pointer_id)][:take]

    def count_going(self) -> int:
        return sum(run.ended_at is None for run in self._durable())

    def held(self, *, holder: str) -> list[tuple[str, str, int]]:
        found = [(*key, run.attempt) for key, run in self._runs.items() if _is_held(run, holder)]
        return sorted(found)

    def page(self, *, file_id: str | None, before: tuple[datetime, str] | None, take: int) -> list[Execution]:
        found = [
            run
            for run in self._own()
            if file_id in (None, run.file_id) and (before is None or (run.started_at, run.id) < before)
        ]
        return sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)[:take]

    def newer(self, *, file_id: str, after: tuple[datetime, str], take: int) -> list[Execution]:
        found = self.page(file_id=file_id, before=None, take=len(self._runs))
        return [run for run in reversed(found) if (run.started_at, run.id) > after][:take]

    def remove(self, *, id: str) -> None:
        self._forget((self._account, id))

    def _forget(self, key: tuple[str, str]) -> None:
        self._runs.drop(key)
        self._batches.drop(key)
        self._tickets.drop(key)

    def running(self, *, take: int) -> list[Execution]:
        found = [run for run in self._own() if run.status is Status.RUNNING]
        return sorted(found, key=lambda run: run.id, reverse=True)[:take]

    def append(self, batch: EventBatch) -> None:
        key = (self._account, batch.execution_id)
        batches = self._batches.get(key, ())
        if any(one.first == batch.first for one in batches):
            raise Clash("id")
        if key not in self._runs:
            raise Clash("reference")
        self._batches.put(key, tuple(sorted((*batches, batch), key=lambda one: one.first)))

    def events(self, *, execution_id: str, first: int, take: int) -> list[EventBatch]:
        batches = self._batches.get((self._account, execution_id), ())
        start = max((one.first for one in batches if one.first <= first), default=0)
        found = [one for one in batches if one.first >= start][:take]
        return [one for one in found if one.first + one.size > first]

    def fail_running(self, *, holder: str | None, at: datetime, error: str) -> list[tuple[str, str]]:
        running = [(key, run) for key, run in self._runs.items() if run.status is Status.RUNNING]
        failed = [key for key, run in running if run.holder == holder and not run.is_durable]
        for key in failed:
            ended = {"status": Status.FAILED, "ended_at": at, "error": error, "holder": None}
            self._runs.put(key, msgspec.structs.replace(self._runs[key], **ended))
        return sorted(key for key in failed if self._runs[key].run_id is None)

    def purge(self, *, before: datetime, most: int) -> int:
        old = sorted(
            (run.ended_at, key)
            for key, run in self._runs.items()
            if run.ended_at is not None and run.ended_at < before
        )
        for _, key in old[:most]:
            self._forget(key)
        return len(old[:most])

    def _own(self) -> list[Execution]:
        return [run for (account, _), run in self._runs.items() if account == self._account]


def _is_held(run: Execution, holder: str) -> bool:
    return run.holder == holder and run.is_durable and run.status is Status.RUNNING


class Tickets:
    def __init__(self, account: str, shared: Shared) -> None:
        self._account = account
        self._tickets = shared.tickets
        self._runs = shared.executions

    def get(self, *, execution_id: str) -> Ticket | None:
        return self._tickets.get((self._account, execution_id))

    def add(self, ticket: Ticket) -> None:
        key = (self._account, ticket.execution_id)
        if key in self._tickets:
            raise Clash("id")
        if key not in self._runs:
            raise Clash("reference")
        self._tickets.put(key, ticket)

    def forget_document(self, *, execution_id: str) -> None:
        key = (self._account, execution_id)
        known = self._tickets.get(key)
        if known is not None:
            self._tickets.put(key, msgspec.structs.replace(known, document=b""))


class Processes:
    def __init__(self, shared: Shared) -> None:
        self._processes = shared.processes

    def put(self, process: Process) -> None:
        known = self._processes.get(process.id)
        seen = msgspec.structs.replace(known, seen_at=process.seen_at) if known else process
        self._processes.put(process.id, seen)

    def all(self) -> list[Process]:
        return sorted(self._processes.values(), key=lambda process: (process.started_at, process.id))

    def remove(self, *, id: str) -> None:
        self._processes.drop(id)


class Sessions:
    def __init__(self, account: str, rows: Rows, shared: Shared) -> None:
        self._account = account
        self._rows = rows
        self._sessions = shared.sessions
        self._runs = shared.executions

    def get(self, *, file_id: str, name: str) -> Session | None:
        return self._sessions.get((self._account, file_id, name))

    def put(self, session: Session) -> None:
        self._rows.require_file(session.file_id)
        self._sessions.put((self._account, session.file_id, session.name), session)

    def remove(self, *, file_id: str, name: str) -> None:
        self._sessions.drop((self._account, file_id, name))

    def free(self, *, holder: str | None) -> None:
        for key, session in list(self._sessions.items()):
            if session.holder != holder:
                continue
            if session.is_busy and session.state is None:
                self._sessions.drop(key)
            elif session.is_busy:
                self._sessions.put(key, msgspec.structs.replace(session, is_busy=False, holder=None))
                run_key = (key[0], session.execution_id)
                run = self._runs.get(run_key)
                if run is not None and run.status in (Status.RUNNING, Status.WAITING):
                    waits = msgspec.structs.replace(run, status=Status.WAITING, holder=None)
                    self._runs.put(run_key, waits)

    def expire(self, *, before: datetime, at: datetime, error: str, most: int) -> list[tuple[str, str]]:
        old = sorted(
            (session.turn_at, key)
            for key, session in self._sessions.items()
            if session.turn_at < before and not session.is_busy
        )
        aborted_runs = []
        for _, key in old[:most]:
            run_key = (key[0], self._sessions[key].execution_id)
            self._sessions.drop(key)
            run = self._runs.get(run_key)
            if run is not None and run.status is Status.WAITING:
                aborted = msgspec.structs.replace(run, status=Status.ABORTED, ended_at=at, error=error)
                self._runs.put(run_key, aborted)
                aborted_runs.append(run_key)
        return sorted(aborted_runs)
