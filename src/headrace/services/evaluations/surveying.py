"""Goes through the slots of a run: has logs made, and those that are there judged (humanloop 4.2, 4.3)."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

import msgspec

from headrace.core.evaluations import OPEN, Awaited, Run, RunStatus, Seat, Slot
from headrace.core.logs import Log
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.evaluations import run_progress
from headrace.services.worker import Handler

BATCH = 200
"""So many slots are gone through by one transaction, so that others can write in between."""


class Surveying:
    """Does this as a job of the worker."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up)

    async def act(self, job: Job) -> None:
        """Go through all of them.

        Raises:
            Unavailable: the store can't keep it.
        """
        ports = self._ports
        seats = await ports.store.read(job.account, lambda tx: run_progress.panel(tx, job.subject))
        after: int | None = -1
        while after is not None:
            after = await commit(ports, job.account, partial(_some, ports, job.subject, after))
        await commit(ports, job.account, partial(_end, job, [seat.version_id for seat in seats]))

    async def give_up(self, job: Job, reason: str) -> None:
        """Wait for what was found, and for nothing else.

        Raises:
            Unavailable: the store can't keep it.
        """

        def work(tx: Transaction) -> None:
            _end(job, [seat.version_id for seat in run_progress.panel(tx, job.subject)], tx)

        await commit(self._ports, job.account, work)


def _some(ports: Ports, run_id: str, after: int, tx: Transaction) -> int | None:
    """Go through some slots; the last of them, or None when there are no more."""
    run = tx.runs.get(id=run_id)
    if run is None or run.status is RunStatus.CANCELLED:
        return None
    slots = tx.runs.slots(run_id=run_id, after=after, take=BATCH)
    ids = [slot.log_id for slot in slots if slot.log_id is not None]
    logs = {log.id: log for log in tx.logs.some(ids=ids)}
    judgments: dict[str | None, list[Log]] = defaultdict(list)
    for judgment in tx.logs.judgments(judged_ids=ids) if ids else ():
        judgments[judgment.judged_id].append(judgment)
    seats = run_progress.panel(tx, run_id)
    for slot in slots:
        log = logs.get(slot.log_id or "")
        if log is None:
            _see_to_empty(tx, ports, run, slot)
        else:
            _see_to_full(tx, ports, run, seats, slot, log, judgments[log.id])
    return slots[-1].place if len(slots) == BATCH else None


def _see_to_empty(tx: Transaction, ports: Ports, run: Run, slot: Slot) -> None:
    if slot.log_id is not None:  # it was deleted while the run was made
        tx.runs.put_slot(msgspec.structs.replace(slot, log_id=None, is_done=False))
    if run.status in OPEN:
        run_progress.generate(tx, ports, run, slot)


def _see_to_full(
    tx: Transaction,
    ports: Ports,
    run: Run,
    seats: tuple[Seat, ...],
    slot: Slot,
    log: Log,
    judgments: list[Log],
) -> None:
    asked = run_progress.asked(tx, log.id) if seats else ()
    run_progress.look(tx, ports, run, seats, slot, log, judgments, asked=asked)


def _end(job: Job, version_ids: list[str], tx: Transaction) -> None:
    """Wait no longer for evaluators because their survey is not over, unless another one was asked for."""
    jobs = tx.jobs.of_subject(subject=job.subject)
    turns = [one.turn for one in jobs if one.work is Work.SURVEY]
    if turns == [job.turn]:
        run_id, place = job.subject, run_progress.SURVEY
        tx.runs.met([Awaited(run_id=run_id, place=place, version_id=one) for one in version_ids])
        run_progress.settle(tx, run_id)
    tx.jobs.done(job)
