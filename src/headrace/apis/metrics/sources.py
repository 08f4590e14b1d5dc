"""What metrics are read from, at the moment when somebody asks."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from headrace import __version__
from headrace.core.counts import Commits, Counts
from headrace.core.errors import HeadraceError
from headrace.services.base import Ports
from headrace.services.runs.runs import Runs

WITHIN_S = 2.0
"""So long the store may take to say how much waits; then that is not told."""


@runtime_checkable
class Counted(Protocol):
    """A store that counts its transactions."""

    @property
    def commits(self) -> Commits: ...

    @property
    def waiting_writes(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything there is to tell.

    Attributes:
        store: the kind of the store.
        jobs: the work that waits, by its kind; None when the store could not say.
        commits: None of a store that counts nothing.
        file_bytes: the size of the store's file with its log; None when there is none.
    """

    counts: Counts
    runs_going: int
    records_dropped: int
    store: str
    jobs: Mapping[str, int] | None
    commits: Commits | None
    waiting_writes: int
    file_bytes: int | None
    spans_waiting: int
    version: str = __version__
    python: str = field(default_factory=platform.python_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where figures are.

    Attributes:
        store: the kind of the store, as its address begins.
        file: the store's file; None when it is none.
        spans_waiting: how many spans wait to be exported.
    """

    ports: Ports
    runs: Runs
    store: str
    file: Path | None
    spans_waiting: Callable[[], int]

    async def read(self) -> Figures:
        """The figures of this moment."""
        store = self.ports.store
        counted = store if isinstance(store, Counted) else None
        return Figures(
            counts=self.runs.recorder.telemetry.counts,
            runs_going=len(self.runs.active),
            records_dropped=self.runs.recorder.dropped,
            store=self.store,
            jobs=await self._jobs(),
            commits=None if counted is None else counted.commits,
            waiting_writes=0 if counted is None else counted.waiting_writes,
            file_bytes=None if self.file is None else _size_bytes(self.file),
            spans_waiting=self.spans_waiting(),
        )

    async def _jobs(self) -> Mapping[str, int] | None:
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self.ports.store.read("", lambda tx: tx.jobs.count_by_work())
        except (HeadraceError, TimeoutError):  # figures are wanted most when something is wrong
            return None


def _size_bytes(file: Path) -> int:
    """A SQLite store and what it writes beside itself; such a file may go at any moment."""
    size_bytes = 0
    for part in (file, file.with_name(file.name + "-wal")):
        try:
            size_bytes += part.stat().st_size
        except OSError:
            continue
    return size_bytes
