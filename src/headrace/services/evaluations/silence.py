"""Ends runs that have all their logs and wait for judgments that do not come (humanloop 5.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import msgspec

from headrace.core.evaluations import OPEN, Run, RunStatus
from headrace.core.monitoring import Job
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.evaluations import run_progress
from headrace.services.worker import Handler

BATCH = 500
"""So many slots are looked at by one transaction."""


class Silence:
    """Does this as a job of the worker, which is put off for as long as judgments do come."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up, plans_ahead=True)

    async def act(self, job: Job) -> None:
        """End the run, or look again when it will have been silent for long enough.

        Raises:
            Unavailable: the store can't keep it.
        """
        last = await self._last_heard(job)
        silence_s = self._ports.limits.evaluation_silence_s
        now = self._ports.clock.now()
        # Who posts a judgment may say when it was made, even that it will be.
        due_at = None if last is None else min(last, now) + timedelta(seconds=silence_s)

        def work(tx: Transaction) -> None:
            tx.jobs.done(job)
            run = _waiting(tx, job.subject)
            if run is None or not silence_s:
                return
            if due_at is not None and due_at > now:
                again = Job(account=job.account, work=job.work, subject=job.subject, due_at=due_at)
                tx.jobs.put(again)
            else:
                run_progress.close(tx, run, RunStatus.COMPLETED)

        await commit(self._ports, job.account, work)

    async def give_up(self, job: Job, reason: str) -> None:
        """Let the run wait.

        Raises:
            Unavailable: the store can't keep it.
        """
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    async def _last_heard(self, job: Job) -> datetime | None:
        """When the last judgment on a log of the run came; None when none has."""
        last: datetime | None = None
        after = -1
        while True:
            found = await self._ports.store.read(job.account, partial(_heard, job.subject, after))
            last = max((one for one in (last, found.last) if one is not None), default=None)
            if found.after is None:
                return last
            after = found.after


class _Heard(msgspec.Struct, frozen=True, kw_only=True):
    """When the last judgment on some logs came, and the place from behind which to go on."""

    last: datetime | None
    after: int | None


def _heard(run_id: str, after: int, tx: Transaction) -> _Heard:
    slots = tx.runs.slots(run_id=run_id, after=after, take=BATCH)
    ids = [slot.log_id for slot in slots if slot.log_id is not None]
    judgments = tx.logs.judgments(judged_ids=ids) if ids else []
    last = max((judgment.created_at for judgment in judgments), default=None)
    return _Heard(last=last, after=slots[-1].place if len(slots) == BATCH else None)


def _waiting(tx: Transaction, run_id: str) -> Run | None:
    """The run, if it waits for judgments and for nothing else."""
    run = tx.runs.get(id=run_id)
    if run is None or run.status not in OPEN or run.dataset_version_id is None:
        return None
    return None if tx.runs.is_undone(run_id=run_id) else run
