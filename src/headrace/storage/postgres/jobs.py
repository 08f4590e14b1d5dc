"""Use cases that wait for a transaction, and how several are run in one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.core.errors import Unavailable
from headrace.core.subjects import OfOneFile
from headrace.storage.postgres.connection import LostConnection, LostRace, NeedsCare, PostgresConnection

MAX_JOBS = 256
MAX_GROUP_S = 0.05
"""How long the use cases of one group may take; the last of them may take longer."""
_TRY_AGAIN = "The store could not keep this. Try again."


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
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

    @property
    def file(self) -> OfOneFile[Any] | None:
        """The file that it is about, when it says so."""
        return self.work if isinstance(self.work, OfOneFile) else None

    def is_wanted(self) -> bool:
        """Whether its caller still waits; one that waited for too long is told."""
        if not self.answer.done() and time.monotonic() > self.ends_at:
            self.fail(Unavailable(_TRY_AGAIN))
        return not self.answer.done()

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self, result: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(result)


def fail(jobs: Sequence[Job], error: Exception | None = None) -> None:
    """Tell all of them that nothing was kept."""
    for job in jobs:
        if error is None or isinstance(error, Unavailable):
            job.fail(Unavailable(str(error) if error else _TRY_AGAIN))
        else:
            job.fail(error)


def is_own(error: Exception, group: Sequence[Job]) -> bool:
    """Whether it is what a use case found that had the transaction to itself, and no failure of the store."""
    return group[0].is_apart and not isinstance(error, Unavailable)


async def run_group(connection: PostgresConnection, group: Sequence[Job]) -> Sequence[Job]:
    """Run as many of a group as there is time for, in the transaction that was begun: those that were run."""
    end = time.monotonic() + MAX_GROUP_S
    for number, job in enumerate(group):
        if number and time.monotonic() > end:
            return group[:number]
        await _run(connection, job)
    return group


async def _run(connection: PostgresConnection, job: Job) -> None:
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
