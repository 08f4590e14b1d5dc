"""How much of the machine others take: what they hold up is no fault of the servers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MOST_FOR_OTHERS = 0.5
"""Where others take more of the processors than this, clients, servers and PostgreSQL wait for their turns."""
MOST_TAKEN_SHARE = 0.5
"""A request that was going on in such times for more of its own time than this may take long, or be given up."""
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)
"""Where `/proc/stat` has the time in which nothing was done, or only the disk was waited for."""


@dataclass
class Machine:
    """When others took most of the machine.

    Attributes:
        times: from when until when, by the monotonic clock.
    """

    times: list[tuple[float, float]] = field(default_factory=list)
    _before: tuple[float, float, float] | None = None

    def look(self) -> None:
        """Find out how it was since the last look."""
        now = (time.monotonic(), _busy_s(), own_s(processes(), os.getpid()))
        before, self._before = self._before, now
        if before is not None:
            since_s, busy_s, mine_s = before
            self.add(since_s, now[0], others_s=now[1] - busy_s - max(0.0, now[2] - mine_s))

    def add(self, since_s: float, until_s: float, *, others_s: float) -> None:
        """Take down so much processor time that others used between."""
        if others_s > MOST_FOR_OTHERS * (until_s - since_s) * (os.cpu_count() or 1):
            self.times.append((since_s, until_s))

    @property
    def taken_s(self) -> float:
        """How long others took most of it."""
        return sum(until_s - since_s for since_s, until_s in self.times)

    def was_taken(self, since_s: float, until_s: float) -> bool:
        """Whether others took most of it for most of the time between."""
        within = (min(end, until_s) - max(begin, since_s) for begin, end in reversed(self.times))
        return sum(max(0.0, one) for one in within) > MOST_TAKEN_SHARE * (until_s - since_s)


def processes() -> dict[int, tuple[int, float]]:
    """All that there are: the parent of each, and the processor seconds of it and of those it has buried."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text()
        except OSError:  # it has just ended
            continue
        values = told.rpartition(")")[2].split()  # a name may have blanks and brackets
        found[int(path.parent.name)] = (int(values[1]), sum(map(int, values[11:15])) / _TICKS)
    return found


def own_s(found: Mapping[int, tuple[int, float]], root: int) -> float:
    """What a process and all below it have used."""
    mine = {root}
    more = True
    while more:
        below = {pid for pid, (parent, _) in found.items() if parent in mine} - mine
        mine |= below
        more = bool(below)
    return sum(found[pid][1] for pid in mine if pid in found)


def _busy_s() -> float:
    values = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(value for place, value in enumerate(values) if place not in _IDLE) / _TICKS
