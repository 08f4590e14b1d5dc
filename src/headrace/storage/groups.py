"""Group commit: use cases that wait together share a transaction, and so the wait for the disk.

Use cases run on the event loop, one after another, each in a savepoint of its own; only the commit of a
group runs in another thread, where it waits for the disk without holding up anything. Meanwhile the next
group gathers.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import msgspec

from headrace.core.counts import Commits
from headrace.core.errors import Unavailable

T = TypeVar("T")

MAX_JOBS = 256
MAX_GROUP_S = 0.005
"""How long the use cases of one group may hold the event loop."""


class Engine(Protocol):
    """What a group is run with."""

    @property
    def is_in_transaction(self) -> bool: ...

    def begin(self) -> None: ...

    def in_savepoint(self, work: Callable[[], T]) -> T: ...

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...


class _Job(msgspec.Struct, eq=False, kw_only=True):
    work: Callable[[], Any]
    answer: asyncio.Future[Any]
    result: Any = None

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self) -> None:
        if not self.answer.done():
            self.answer.set_result(self.result)


class _Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A group whose use cases ran, on its way to the disk."""

    group: list[_Job]
    loop: asyncio.AbstractEventLoop


class GroupCommit:
    """Runs use cases on one connection. Belongs to one event loop.

    Args:
        on_commit: called once a commit is over, whatever came of it, before anybody is told.

    Attributes:
        commits: what is counted of them.
    """

    def __init__(self, engine: Engine, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._on_commit = on_commit
        self.commits = Commits()
        self._waiting: deque[_Job] = deque()
        self._is_busy = False
        self._is_closed = False
        self._idle: asyncio.Future[None] | None = None
        self._commits: SimpleQueue[_Commit | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._commit_groups, name="headrace-commit", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many use cases wait for a transaction."""
        return len(self._waiting)

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returned, once it is durable."""
        if self._is_closed:
            raise Unavailable("The store is closed.")
        loop = asyncio.get_running_loop()
        job = _Job(work=work, answer=loop.create_future())
        self._waiting.append(job)
        if not self._is_busy:
            self._is_busy = True
            # Not at once: what else is ready in this turn of the loop joins the group.
            loop.call_soon(self._next_group, loop)
        result: T = await job.answer
        return result

    async def close(self) -> None:
        """Finish what was begun, then end the thread."""
        self._is_closed = True
        if self._is_busy:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        self._commits.put(None)
        self._thread.join()

    def _next_group(self, loop: asyncio.AbstractEventLoop) -> None:
        group = self._run_group() if self._waiting else []
        if group:
            self._commits.put(_Commit(group=group, loop=loop))
        elif self._waiting:  # none of them had anything to keep: let others have a turn
            loop.call_soon(self._next_group, loop)
        else:
            self._is_busy = False
            if self._idle:
                self._idle.set_result(None)

    def _run_group(self) -> list[_Job]:
        """Run waiting jobs in a transaction and leave it open for those that succeeded."""
        try:
            self._engine.begin()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            self.commits.failed += 1
            self._fail(self._waiting, error)
            self._waiting.clear()
            return []
        group: list[_Job] = []
        is_harmed = False
        end = time.monotonic() + MAX_GROUP_S
        while self._waiting and len(group) < MAX_JOBS and time.monotonic() < end:
            job = self._waiting.popleft()
            if job.answer.done():  # its caller was cancelled
                continue
            try:
                job.result = self._engine.in_savepoint(job.work)
                group.append(job)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is its caller's
                job.fail(error)
                is_harmed = is_harmed or isinstance(error, Unavailable)
            if not self._engine.is_in_transaction:  # a full disk may undo all of it
                self._fail(group, Unavailable())
                self.commits.failed += 1
                return []
        self.commits.failed += is_harmed
        if not group:
            with suppress(Unavailable):  # what can't be undone now is undone before the next one begins
                self._engine.roll_back()
        return group

    def _commit_groups(self) -> None:
        """The thread: make one group after another durable."""
        while (commit := self._commits.get()) is not None:
            reason: Exception | None = None
            started_s = time.perf_counter()
            try:
                self._engine.commit()
            except Exception as error:  # noqa: BLE001 - as above; and the next group needs this thread
                reason = error
                self.commits.failed += 1
            self.commits.seconds.add((), time.perf_counter() - started_s)
            self.commits.sizes.add((), len(commit.group))
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                commit.loop.call_soon_threadsafe(self._answer, commit, reason)

    def _answer(self, commit: _Commit, reason: Exception | None) -> None:
        self._on_commit()
        if reason is None:
            for job in commit.group:
                job.succeed()
        else:
            self._fail(commit.group, reason)
        self._next_group(commit.loop)

    @staticmethod
    def _fail(jobs: deque[_Job] | list[_Job], reason: Exception) -> None:
        for job in jobs:
            is_expected = isinstance(reason, Unavailable)
            job.fail(Unavailable("The store could not keep this. Try again.") if is_expected else reason)
