"""Use cases of different files side by side, on connections of their own; `OfOneFile` says what they promise.

A transaction locks the rows of its files before it looks at anything, so those of one file follow each
other, in this process and in all. Each statement sees what was kept before it, so there is no race to lose. A
lock on a table keeps apart what declares nothing.

Whatever does not go smoothly is handed over, to be run as if it had declared nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from headrace.core.counts import Commits
from headrace.storage.postgres.connection import (
    WRITE_BESIDE,
    LostConnection,
    LostRace,
    NeedsCare,
    PostgresConnection,
)
from headrace.storage.postgres.jobs import MAX_JOBS, Job, fail, run_group


class PostgresLanes:
    """Runs use cases that are each about one file.

    Args:
        connect: makes a connection, or raises Unavailable.
        count: so many connections at the most.
        hand_over: takes those that can't be run here.
        commits: where transactions are counted.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[PostgresConnection]],
        *,
        count: int,
        hand_over: Callable[[Sequence[Job]], None],
        commits: Commits,
    ) -> None:
        self._connect = connect
        self._count = count
        self._hand_over = hand_over
        self._commits = commits
        self._free: list[PostgresConnection | None] = [None] * count
        self._waiting: deque[Job] = deque()
        self._files: set[str | None] = set()
        self._going: set[asyncio.Task[None]] = set()
        self._is_called = False

    @property
    def waiting(self) -> int:
        """How many use cases wait for a transaction."""
        return len(self._waiting)

    def add(self, job: Job) -> None:
        """Run a use case some time; whoever else asks in this turn of the loop goes with it."""
        if not self._count:
            self._hand_over([job])
            return
        self._waiting.append(job)
        if not self._is_called:
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._start)

    async def close(self) -> None:
        """Finish what was begun, and hang up."""
        self._start()
        while self._going:
            await asyncio.wait(self._going)
        for connection in self._free:
            if connection is not None:
                await connection.close()

    def _start(self) -> None:
        self._is_called = False
        while self._free and (group := self._next_group()):
            task = asyncio.create_task(self._keep(self._free.pop(), group), name="headrace-writes-beside")
            self._going.add(task)
            task.add_done_callback(self._going.discard)

    def _next_group(self) -> list[Job]:
        """Some of one organisation that wait longest, with all of their files; of none that is in hand."""
        files = math.ceil(len(self._waiting) / self._count)
        group: list[Job] = []
        names: set[str | None] = set()
        others: deque[Job] = deque()
        for job in self._waiting:
            if not job.is_wanted():
                continue
            name = None if job.file is None else job.file.name
            is_taken = (
                name not in self._files
                and (name in names or len(names) < files)
                and (not group or job.account == group[0].account)
                and len(group) < MAX_JOBS
            )
            (group if is_taken else others).append(job)
            if is_taken:
                names.add(name)
        self._waiting = others
        self._files |= names
        return group

    async def _keep(self, connection: PostgresConnection | None, group: list[Job]) -> None:
        """Run a group; what can't be kept is handed over."""
        files = {job.file.name for job in group if job.file is not None}
        try:
            if connection is None or connection.is_closed:
                connection = await self._connect()
            done = await self._run(connection, group)
            started_s = time.perf_counter()
            await connection.commit()
            self._commits.seconds.add((), time.perf_counter() - started_s)
            self._commits.sizes.add((), len(done))
        except (LostRace, NeedsCare, LostConnection) as failure:
            self._commits.failed += isinstance(failure, LostConnection)
            self._hand_over(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
            self._commits.failed += 1
            fail(group, error)
        except BaseException:
            fail(group)
            if connection is not None:
                connection.terminate()
            raise
        else:
            self._waiting.extendleft(reversed(group[len(done) :]))
            for job in done:
                job.tell()
        finally:
            self._files -= files
            self._free.append(connection)
            self._start()

    async def _run(self, connection: PostgresConnection, group: list[Job]) -> Sequence[Job]:
        """Begin a transaction and run a group, less those whose files are not there: those that were run."""
        await connection.begin(WRITE_BESIDE)
        try:
            there = await _locked(connection, group)
            self._hand_over([job for job in group if job.file is None or job.file.name not in there])
            group[:] = [job for job in group if job.file is not None and job.file.name in there]
            return await run_group(connection, group)
        except BaseException:
            await connection.roll_back()
            raise


async def _locked(connection: PostgresConnection, group: list[Job]) -> set[str]:
    """The names of those files of a group that are there, and stay as they are until the end.

    One statement locks them all in the order of their ids, so that no two transactions wait for each other.
    """
    files = [job.file for job in group if job.file is not None]
    refs = {file.ref for file in files if file.ref is not None}
    paths = {file.path for file in files if file.path is not None}
    account = group[0].account
    rows = await connection.ask("lock_files", account=account, refs=_json(refs), paths=_json(paths))
    there = {name for row in rows for name in row[:2]} & refs
    return there | ({path for _, _, path in rows} & paths)


def _json(names: set[str]) -> str:
    return msgspec.json.encode(sorted(names)).decode()
