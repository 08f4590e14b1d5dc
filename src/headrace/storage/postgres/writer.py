"""The writes of a process to PostgreSQL: use cases that wait together share a transaction.

They run one after another on one connection, so those of one process never collide; they share one wait for
the disk. What is told to anybody, also that a use case can't be done, is told once the transaction is kept:
before, it may rest on what never happened.

With other processes each transaction competes. One that lost is run again while nobody else writes, so it
loses only once; and so are a few that follow, because who lost is likely to lose again.

Use cases that say which file they are about run beside each other; see `headrace.storage.postgres.lanes`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from headrace.core.counts import Commits
from headrace.storage.postgres.connection import (
    WRITE,
    WRITE_ALONE,
    LostConnection,
    LostRace,
    NeedsCare,
    PostgresConnection,
)
from headrace.storage.postgres.jobs import MAX_JOBS, Job, fail, is_own, run_group
from headrace.storage.postgres.lanes import PostgresLanes

T = TypeVar("T")

ALONE_AFTER_LOSS = 8
"""So many groups are kept while nobody else writes, once one lost a race."""


class PostgresWriter:
    """Runs use cases in groups.

    Args:
        connect: makes a connection, or raises Unavailable.
        timeout_s: how long a use case is tried.
        lanes: how many more connections there may be, for use cases of single files.

    Attributes:
        commits: what is counted of them.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[PostgresConnection]], *, timeout_s: float, lanes: int
    ) -> None:
        self.commits = Commits()
        self._lanes = PostgresLanes(connect, count=lanes, hand_over=self._take_over, commits=self.commits)
        self._connect = connect
        self._timeout_s = timeout_s
        self._connection: PostgresConnection | None = None
        self._waiting: deque[Job] = deque()
        self._going: asyncio.Task[None] | None = None
        self._alone = 0
        self._lost = 0

    @property
    def waiting(self) -> int:
        """How many use cases wait for a transaction."""
        return len(self._waiting) + self._lanes.waiting

    async def run(self, account: str, work: Callable[[Any], T]) -> T:
        """What ``work`` returned, once it is durable."""
        answer = asyncio.get_running_loop().create_future()
        ends_at = time.monotonic() + self._timeout_s
        job = Job(account=account, work=work, answer=answer, ends_at=ends_at)
        if job.file is None:
            self._take_over([job])
        else:
            self._lanes.add(job)
        result: T = await answer
        return result

    def _take_over(self, jobs: Sequence[Job]) -> None:
        """Run use cases here, some time."""
        self._waiting.extend(jobs)
        if self._waiting and self._going is None:
            self._going = asyncio.create_task(self._go(), name="headrace-writes")

    async def close(self) -> None:
        """Finish what was begun, and hang up."""
        await self._lanes.close()
        if self._going is not None:
            await self._going
        if self._connection is not None:
            await self._connection.close()

    async def _go(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                if group:
                    await self._keep(group)
        finally:
            self._going = None
            fail(list(self._waiting))  # only when this was cancelled
            self._waiting.clear()

    def _next_group(self) -> list[Job]:
        """Those that wait longest, or one that needs a transaction of its own."""
        group: list[Job] = []
        while self._waiting and len(group) < MAX_JOBS:
            if self._waiting[0].is_apart and group:
                break
            job = self._waiting.popleft()
            if not job.is_wanted():
                continue
            group.append(job)
            if job.is_apart:
                break
        return group

    async def _keep(self, group: list[Job]) -> None:
        """Run a group; what could not be kept waits again."""
        try:
            connection = await self._open()
            done = await self._run_group(connection, group)
            started_s = time.perf_counter()
            await connection.commit()
            self.commits.seconds.add((), time.perf_counter() - started_s)
            self.commits.sizes.add((), len(done))
        except LostRace:
            self._alone = ALONE_AFTER_LOSS
            self._wait_again(group)
        except NeedsCare:
            self._wait_again(group)
        except LostConnection:
            self.commits.failed += 1
            self._lost += 1
            if self._lost > 1:
                fail(group)
            else:
                self._wait_again(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            self.commits.failed += not is_own(error, group)
            fail(group, error)
        except BaseException:
            fail(group)
            if self._connection is not None:
                self._connection.terminate()
            raise
        else:
            self._alone, self._lost = max(0, self._alone - 1), 0
            self._wait_again(group[len(done) :])
            for job in done:
                job.tell()

    async def _open(self) -> PostgresConnection:
        if self._connection is None or self._connection.is_closed:
            self._connection = await self._connect()
        return self._connection

    async def _run_group(self, connection: PostgresConnection, group: list[Job]) -> Sequence[Job]:
        """Begin a transaction and run as many of a group as there is time for: those that were run."""
        await connection.begin(WRITE_ALONE if self._alone else WRITE, is_careful=group[0].is_apart)
        try:
            return await run_group(connection, group)
        except BaseException:
            await connection.roll_back()
            raise

    def _wait_again(self, jobs: list[Job]) -> None:
        self._waiting.extendleft(reversed(jobs))
