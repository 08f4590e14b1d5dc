"""The writes of a process to PostgreSQL: use cases that wait together share a transaction.

They run one after another on one connection, so those of one process never collide; they share one wait for
the disk. What is told to anybody, also that a use case can't be done, is told once the transaction is kept:
before, it may rest on what never happened.

With other processes each transaction competes. One that lost is run again while nobody else writes, so it
loses only once; and so are a few that follow, because who lost is likely to lose again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from headrace.core.counts import Commits
from headrace.core.errors import Unavailable
from headrace.storage.postgres_connection import (
    WRITE,
    WRITE_ALONE,
    LostConnection,
    LostRace,
    NeedsCare,
    PostgresConnection,
)

T = TypeVar("T")

MAX_JOBS = 256
MAX_GROUP_S = 0.05
"""How long the use cases of one group may take; the last of them may take longer."""
ALONE_AFTER_LOSS = 8
"""So many groups are kept while nobody else writes, once one lost a race."""
_TRY_AGAIN = "The store could not keep this. Try again."


@dataclass(slots=True, eq=False, kw_only=True)
class _Job:
    """A use case.

    Attributes:
        ends_at: when it has been tried for long enough.
        is_apart: whether it needs a transaction of its own, with savepoints.
        tell: tells the caller what came of it.
    """

    account: str
    work: Callable[[Any], Any]
    answer: asyncio.Future[Any]
    ends_at: float
    is_apart: bool = False
    tell: Callable[[], None] = lambda: None

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self, result: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(result)


class PostgresWriter:
    """Runs use cases in groups.

    Args:
        connect: makes a connection, or raises Unavailable.
        timeout_s: how long a use case is tried.

    Attributes:
        commits: what is counted of them.
    """

    def __init__(self, connect: Callable[[], Awaitable[PostgresConnection]], *, timeout_s: float) -> None:
        self.commits = Commits()
        self._connect = connect
        self._timeout_s = timeout_s
        self._connection: PostgresConnection | None = None
        self._waiting: deque[_Job] = deque()
        self._going: asyncio.Task[None] | None = None
        self._alone = 0
        self._lost = 0

    @property
    def waiting(self) -> int:
        """How many use cases wait for a transaction."""
        return len(self._waiting)

    async def run(self, account: str, work: Callable[[Any], T]) -> T:
        """What ``work`` returned, once it is durable."""
        answer = asyncio.get_running_loop().create_future()
        ends_at = time.monotonic() + self._timeout_s
        self._waiting.append(_Job(account=account, work=work, answer=answer, ends_at=ends_at))
        if self._going is None:
            self._going = asyncio.create_task(self._go(), name="headrace-writes")
        result: T = await answer
        return result

    async def close(self) -> None:
        """Finish what was begun, and hang up."""
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
            self._fail(list(self._waiting))  # only when this was cancelled
            self._waiting.clear()

    def _next_group(self) -> list[_Job]:
        """Those that wait longest, or one that needs a transaction of its own."""
        group: list[_Job] = []
        while self._waiting and len(group) < MAX_JOBS:
            if self._waiting[0].is_apart and group:
                break
            job = self._waiting.popleft()
            if job.answer.done():  # its caller was cancelled
                continue
            if time.monotonic() > job.ends_at:
                job.fail(Unavailable(_TRY_AGAIN))
                continue
            group.append(job)
            if job.is_apart:
                break
        return group

    async def _keep(self, group: list[_Job]) -> None:
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
                self._fail(group)
            else:
                self._wait_again(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            self.commits.failed += 1
            self._fail(group, error)
        except BaseException:
            self._fail(group)
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

    async def _run_group(self, connection: PostgresConnection, group: list[_Job]) -> list[_Job]:
        """Begin a transaction and run as many of a group as there is time for: those that were run."""
        await connection.begin(WRITE_ALONE if self._alone else WRITE, is_careful=group[0].is_apart)
        end = time.monotonic() + MAX_GROUP_S
        for number, job in enumerate(group):
            if number and time.monotonic() > end:
                return group[:number]
            try:
                await self._run_job(connection, job)
            except BaseException:
                await connection.roll_back()
                raise
        return group

    async def _run_job(self, connection: PostgresConnection, job: _Job) -> None:
        """Run a use case; one that would spoil the group is run apart."""
        writes = connection.writes
        try:
            result = await connection.carry_out(job.account, job.work)
        except (LostRace, LostConnection):
            raise
        except NeedsCare:
            job.is_apart = True
            raise
        except Exception as error:
            if job.is_apart:
                raise  # it is the only one, so that all is undone
            if connection.is_closed:
                job.fail(error)
                raise LostConnection from error
            if connection.writes > writes:
                job.is_apart = True
                raise NeedsCare from error
            job.tell = partial(job.fail, error)
        else:
            job.tell = partial(job.succeed, result)

    def _wait_again(self, jobs: list[_Job]) -> None:
        self._waiting.extendleft(reversed(jobs))

    @staticmethod
    def _fail(jobs: list[_Job], error: Exception | None = None) -> None:
        for job in jobs:
            if error is None or isinstance(error, Unavailable):
                job.fail(Unavailable(str(error) if error else _TRY_AGAIN))
            else:
                job.fail(error)
