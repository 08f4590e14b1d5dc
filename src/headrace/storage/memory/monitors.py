"""The memory store's monitors and the work that waits."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from headrace.core.monitoring import Job, Monitor, Work
from headrace.storage.memory.tables import Claim, JobKey, Rows, Shared


def _claims(monitor: Monitor) -> list[Claim]:
    if monitor.version_id is not None:
        return [("monitor", monitor.file_id, "version", monitor.version_id)]
    return [("monitor", monitor.file_id, monitor.evaluator_id, str(monitor.environment_id))]


class Monitors:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of_file(self, *, file_id: str) -> list[Monitor]:
        return [monitor for monitor in self._rows.monitors.values() if monitor.file_id == file_id]

    def of_evaluator(self, *, evaluator_id: str) -> list[Monitor]:
        return [one for one in self._rows.monitors.values() if one.evaluator_id == evaluator_id]

    def put(self, monitor: Monitor) -> None:
        known = self._rows.monitors.get(monitor.id)
        if known:
            monitor = msgspec.structs.replace(monitor, file_id=known.file_id, created_at=known.created_at)
        self._rows.claims.check(_claims(monitor), owner=monitor.id)
        self._rows.require_file(monitor.file_id)
        self._rows.require_file(monitor.evaluator_id)
        if known:
            self._rows.claims.give_up(_claims(known))
        self._rows.claims.take(monitor.id, _claims(monitor))
        self._rows.monitors.put(monitor.id, monitor)


def _key(job: Job) -> JobKey:
    return (job.account, job.work, job.subject, job.object)


def _ready_at(job: Job) -> datetime:
    return job.due_at if job.leased_until is None else max(job.due_at, job.leased_until)


class Jobs:
    def __init__(self, account: str, shared: Shared) -> None:
        self._account = account
        self._jobs = shared.jobs

    def put(self, job: Job) -> None:
        known = self._jobs.get(_key(job))
        if known:
            due_at = min(known.due_at, job.due_at)
            job = msgspec.structs.replace(known, turn=known.turn + 1, attempts=0, due_at=due_at)
        self._jobs.put(_key(job), job)

    def of_subject(self, *, subject: str) -> list[Job]:
        of = (self._account, subject)
        return [job for _, job in sorted(self._jobs.items()) if (job.account, job.subject) == of]

    def is_due(self, *, work: Work, now: datetime) -> bool:
        return bool(self._due(work, now))

    def _due(self, work: Work, now: datetime) -> list[Job]:
        return [job for job in self._jobs.values() if job.work is work and _ready_at(job) <= now]

    def take(
        self, *, work: Work, now: datetime, until: datetime, most: int, holder: str | None = None
    ) -> list[Job]:
        ready = self._due(work, now)
        taken = sorted(ready, key=lambda job: (_ready_at(job), _key(job)))[:most]
        leased = [msgspec.structs.replace(job, leased_until=until, holder=holder) for job in taken]
        for job in leased:
            self._jobs.put(_key(job), job)
        return leased

    def done(self, job: Job) -> None:
        known = self._jobs.get(_key(job))
        if known and known.turn == job.turn:
            self._jobs.drop(_key(job))
        elif known:
            self._jobs.put(_key(job), msgspec.structs.replace(known, leased_until=None, holder=None))

    def put_off(self, job: Job, *, due_at: datetime) -> None:
        known = self._jobs.get(_key(job))
        if known:
            tried = known.attempts + 1
            free = msgspec.structs.replace(known, leased_until=None, holder=None)
            self._jobs.put(_key(job), msgspec.structs.replace(free, attempts=tried, due_at=due_at))

    def hasten(self, *, work: Work, now: datetime, beyond: datetime, holder: str | None = None) -> int:
        late = [
            (key, job)
            for key, job in self._jobs.items()
            if job.work is work and _ready_at(job) > beyond
            if job.leased_until is None or job.holder == holder
        ]
        for key, job in late:
            free = msgspec.structs.replace(job, leased_until=None, holder=None, due_at=now)
            self._jobs.put(key, free)
        return len(late)

    def release(self, *, holder: str | None = None) -> None:
        for key, job in list(self._jobs.items()):
            if job.leased_until is not None and job.holder == holder:
                self._jobs.put(key, msgspec.structs.replace(job, leased_until=None, holder=None))

    def count(self) -> int:
        return len(self._jobs)

    def count_by_work(self) -> dict[str, int]:
        return dict(Counter(job.work.value for job in self._jobs.values()))
