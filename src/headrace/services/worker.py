"""Does the work that waits behind the scenes: takes it, does it, and tries again what did not work out.

Work is leased while it is done. Who does it marks it as done in the transaction that holds its result, so a
crash in between has it done again, from the start, and nobody sees half of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from headrace.core.counts import Tally
from headrace.core.effects import EffectFailed
from headrace.core.errors import Unavailable
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports

LEASE_MARGIN_S = 60.0
"""How much longer than a job may take it is kept from others, for the store to be told of its end."""

HASTEN_EVERY_S = 30.0
"""So often it is looked for work that only a wrong clock can have put off."""
FAR_AHEAD = timedelta(days=36_500)

log = logging.getLogger("headrace.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how long work is tried.

    Attributes:
        at_once: jobs of each kind done at the same time.
        job_s: seconds that one attempt may take.
        attempts: after so many a job is given up.
        first_pause_s: seconds between the first attempt and the second; twice as long each time.
        longest_pause_s: but no longer than this.
        poll_s: seconds after which the store is looked at if nothing rang.
        stop_s: seconds that what was begun is given to end when the worker is closed.
    """

    at_once: int = 8
    job_s: float = 120.0
    attempts: int = 12
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
    poll_s: float = 1.0
    stop_s: float = 10.0

    @property
    def longest_wait(self) -> timedelta:
        """No work is put off, or leased, for longer."""
        return timedelta(seconds=max(self.longest_pause_s, self.job_s) + LEASE_MARGIN_S)

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts."""
        return timedelta(seconds=min(self.first_pause_s * 2.0 ** min(attempts - 1, 60), self.longest_pause_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """How work of a kind is done.

    Attributes:
        act: does a job and marks it as done, in one transaction. Raises EffectFailed when what it needs does
            not work at the moment.
        give_up: makes it seen that a job will not be done, and why, and marks it as done.
        room: how many more may be begun by what else there is to be done; None does not count.
        pace: how fast and how long it is tried; None is as all other work of the worker.
        plans_ahead: whether it is asked for at late moments on purpose.
    """

    act: Callable[[Job], Awaitable[None]]
    give_up: Callable[[Job, str], Awaitable[None]]
    room: Callable[[], int] | None = None
    pace: Pace | None = None
    plans_ahead: bool = False


class Worker:
    """Takes work of all organisations for as long as a server runs. Belongs to one event loop.

    Args:
        account: any organisation.
        handlers: by kind of work.
        counts: counts attempts by kind of work and outcome.
    """

    def __init__(
        self,
        ports: Ports,
        account: str,
        handlers: Mapping[Work, Handler],
        pace: Pace | None = None,
        *,
        counts: Tally | None = None,
    ) -> None:
        self._ports = ports
        self._account = account
        self._handlers = handlers
        self._pace = pace or Pace()
        self._counts = counts or Tally()
        self._loop: asyncio.Task[None] | None = None
        self._tasks: dict[asyncio.Task[None], Work] = {}
        self._hasten_at_s = 0.0
        self._untold: list[tuple[Job, datetime]] = []

    async def start(self) -> None:
        """Take up whatever comes."""
        self._loop = asyncio.create_task(self._keep_on())

    async def close(self) -> None:
        """Take nothing more and let what was begun end; what is not over in time waits for the next start."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait({self._loop})
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._pace.stop_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _keep_on(self) -> None:
        while True:
            if time.monotonic() >= self._hasten_at_s:
                self._hasten_at_s = time.monotonic() + HASTEN_EVERY_S
                await self._hasten()
            if self._untold:
                await self._tell()
            taken = await self._take()
            for job in taken:
                self._begin(job)
            if not taken:
                await self._ports.bell.wait(self._pace.poll_s)

    async def _hasten(self) -> None:
        """Let work be due that waits for a later moment than any that it is put off to.

        It was asked for, put off or leased while a clock was ahead, which is right again. A kind that is
        being done here keeps its leases.
        """
        store, now = self._ports.store, self._ports.clock.now()
        doing = set(self._tasks.values())
        kinds = [work for work, one in self._handlers.items() if not one.plans_ahead and work not in doing]

        def hasten(tx: Transaction) -> int:
            holder = self._ports.holder
            return sum(
                tx.jobs.hasten(
                    work=work, now=now, beyond=now + self._pace_of(work).longest_wait, holder=holder
                )
                for work in kinds
            )

        try:
            waits = await store.read(
                self._account,
                lambda tx: any(tx.jobs.is_due(work=work, now=now + FAR_AHEAD) for work in kinds),
            )
            if waits and (hastened := await store.write(self._account, hasten)):
                log.warning("work that waited for a moment named by a wrong clock: %d", hastened)
        except Unavailable:
            return  # it is said where work is taken
        except Exception:
            log.exception("a bug while looking for work that waits too long")

    async def _take(self) -> list[Job]:
        """Some of what is due; nothing when there is none, no room for it, or the store can't say."""
        store, now = self._ports.store, self._ports.clock.now()
        room = self._room()

        def due(tx: Transaction) -> list[Work]:
            return [work for work in room if tx.jobs.is_due(work=work, now=now)]

        try:
            works = await store.read(self._account, due)
            if not works:
                return []  # most of the time; a read disturbs nobody

            def take(tx: Transaction) -> list[Job]:
                taken: list[Job] = []
                for work in works:
                    most, holder = room[work], self._ports.holder
                    until = now + timedelta(seconds=self._pace_of(work).job_s + LEASE_MARGIN_S)
                    taken += tx.jobs.take(work=work, now=now, until=until, most=most, holder=holder)
                return taken

            return await store.write(self._account, take)
        except Unavailable as error:
            log.warning("no work can be taken now: %s", error.message)
        except Exception:
            log.exception("a bug while taking work")
        return []

    def _room(self) -> dict[Work, int]:
        """How many more jobs of each kind may be begun. What waits for one kind keeps no other waiting."""
        begun = Counter(self._tasks.values())
        room = {work: self._pace_of(work).at_once - begun[work] for work in self._handlers}
        for work, handler in self._handlers.items():
            if handler.room is not None:
                room[work] = min(room[work], handler.room())
        return {work: left for work, left in room.items() if left > 0}

    def _pace_of(self, work: Work) -> Pace:
        return self._handlers[work].pace or self._pace

    def _begin(self, job: Job) -> None:
        task = asyncio.create_task(self._do(job))
        self._tasks[task] = job.work
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._ports.bell.ring()  # there is room for more

    async def _do(self, job: Job) -> None:
        try:
            reason = await self._tried(job)
            self._counts.add((job.work.value, "failed" if reason else "done"))
            if reason is not None:
                await self._put_off(job, reason)
        except Unavailable as error:
            log.warning("%s waits, until its lease is over at the latest: %s", _told(job), error.message)
        except Exception:
            log.exception("a bug while giving up %s", _told(job))

    async def _tried(self, job: Job) -> str | None:
        """Why it did not work out; None when it did."""
        job_s = self._pace_of(job.work).job_s
        try:
            async with asyncio.timeout(job_s):
                await self._handlers[job.work].act(job)
        except TimeoutError:
            return f"It took longer than {job_s:g} s."
        except (EffectFailed, Unavailable) as error:
            return error.message
        except Exception:
            log.exception("a bug while doing %s", _told(job))
            return "Internal error."
        return None

    async def _put_off(self, job: Job, reason: str) -> None:
        attempts, pace = job.attempts + 1, self._pace_of(job.work)
        if attempts >= pace.attempts:
            log.error("%s is given up after %d attempts: %s", _told(job), attempts, reason)
            await self._handlers[job.work].give_up(job, reason)
            return
        due_at = self._ports.clock.now() + pace.pause(attempts)
        try:
            await self._ports.store.write(job.account, lambda tx: tx.jobs.put_off(job, due_at=due_at))
        except Unavailable:
            self._untold.append((job, due_at))
            raise

    async def _tell(self) -> None:
        """Put off what could not be while the store was away. What others may be at by now is left alone."""
        now = self._ports.clock.now()
        untold, self._untold = self._untold, []
        mine = [(job, due_at) for job, due_at in untold if job.leased_until and now < job.leased_until]

        def put_off(tx: Transaction) -> None:
            for job, due_at in mine:
                tx.jobs.put_off(job, due_at=due_at)

        try:
            await self._ports.store.write(self._account, put_off)
        except Unavailable:
            self._untold += mine
        except Exception:
            log.exception("a bug while putting work off")


def _told(job: Job) -> str:
    return " ".join(part for part in (job.work, job.subject, job.object) if part)
