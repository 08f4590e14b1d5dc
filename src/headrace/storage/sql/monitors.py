"""Monitors and work that waits, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from headrace.core.monitoring import Job, Monitor, Work
from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import mapper, microseconds

JOB = mapper(Job)
MONITOR = mapper(Monitor)


class Monitors(SqlCollection):
    def of_file(self, *, file_id: str) -> list[Monitor]:
        return [MONITOR.load(row) for row in self._all("monitors_of_file", file_id=file_id)]

    def of_evaluator(self, *, evaluator_id: str) -> list[Monitor]:
        rows = self._all("monitors_of_evaluator", evaluator_id=evaluator_id)
        return [MONITOR.load(row) for row in rows]

    def put(self, monitor: Monitor) -> None:
        columns = MONITOR.dump(monitor)
        if not self._run("update_monitor", **columns):
            self._run("add_monitor", **columns)


class Jobs(SqlCollection):
    def put(self, job: Job) -> None:
        self._connection.run("put_job", **JOB.dump(job))

    def of_subject(self, *, subject: str) -> list[Job]:
        return [JOB.load(row) for row in self._all("jobs_of_subject", subject=subject)]

    def is_due(self, *, work: Work, now: datetime) -> bool:
        return bool(self._connection.all("due_job", work=work, now=microseconds(now)))

    def take(
        self, *, work: Work, now: datetime, until: datetime, most: int, holder: str | None = None
    ) -> list[Job]:
        rows = self._connection.all(
            "take_jobs",
            work=work,
            now=microseconds(now),
            until=microseconds(until),
            most=most,
            holder=holder,
        )
        taken = [JOB.load(row) for row in rows]
        return sorted(taken, key=lambda job: (job.due_at, job.account, job.subject, job.object))

    def done(self, job: Job) -> None:
        if not self._connection.run("finish_job", turn=job.turn, **_key(job)):
            self._connection.run("free_job", **_key(job))

    def put_off(self, job: Job, *, due_at: datetime) -> None:
        self._connection.run("put_off_job", due_at=microseconds(due_at), **_key(job))

    def hasten(self, *, work: Work, now: datetime, beyond: datetime, holder: str | None = None) -> int:
        times = {"now": microseconds(now), "beyond": microseconds(beyond)}
        return self._connection.run("hasten_jobs", work=work, holder=holder, **times)

    def release(self, *, holder: str | None = None) -> None:
        self._connection.run("release_jobs", holder=holder)

    def count(self) -> int:
        ((count,),) = self._connection.all("count_of_jobs")
        return int(count)

    def count_by_work(self) -> dict[str, int]:
        return {work: int(count) for work, count in self._connection.all("count_of_jobs_by_work")}


def _key(job: Job) -> dict[str, Any]:
    columns = JOB.dump(job)
    return {name: columns[name] for name in ("account", "work", "subject", "object")}
