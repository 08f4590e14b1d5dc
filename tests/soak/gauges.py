"""What servers use: memory, threads, open files, over time; and whether it grows."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.servers import Server

WARM_UP_SHARE = 0.4
"""Of the calm time in which growth is measured, so much is left out at the beginning."""
MOST_GROWTH = 0.15
MOST_GROWTH_MIB = 12.0
"""Memory has grown when the last quarter of the calm time has more than the first by this share and amount."""
MORE_FILES = 12
MORE_THREADS = 12
MOST_THREADS = 200
"""So many and some more the pools of a server may have: 64 for handlers, 108 for executions, few for all else. A pool
starts a thread where another is about to be free, so that it comes near its limit in the course of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a process uses at a moment.

    Attributes:
        at_s: by the monotonic clock.
        memory_mib: of its own, not of files that it shares.
        resident_mib: with these.
    """

    at_s: float
    server: int
    pid: int
    memory_mib: float
    resident_mib: float
    threads: int
    files: int
    sockets: int


@dataclass
class Gauges:
    """All readings of a run."""

    readings: list[Reading] = field(default_factory=list)

    def read(self, server: Server) -> None:
        """Take one of a server, if it runs."""
        pid = server.pid
        if not pid:
            return
        try:
            told = Path(f"/proc/{pid}/status").read_text()
            links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:  # it has just ended
            return
        values = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+)", told, re.M)}
        if "RssAnon" not in values:
            return
        sockets = sum(link.startswith("socket:") for link in links)
        self.readings.append(
            Reading(
                at_s=time.monotonic(),
                server=server.number,
                pid=pid,
                memory_mib=values["RssAnon"] / 1024,
                resident_mib=values["VmRSS"] / 1024,
                threads=values["Threads"],
                files=len(links) - sockets,
                sockets=sockets,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How what a process uses changed in the calm time.

    Attributes:
        slope_mib_min: of its memory, by least squares.
    """

    pid: int
    seconds: float
    first_mib: float
    last_mib: float
    slope_mib_min: float
    files: tuple[int, int]
    sockets: tuple[int, int]
    threads: tuple[int, int]

    def wrong(self) -> list[str]:
        """What is not flat."""
        found = []
        more_mib = self.last_mib - self.first_mib
        if more_mib > MOST_GROWTH_MIB and more_mib > MOST_GROWTH * self.first_mib:
            found.append(
                f"memory grew from {self.first_mib:.0f} to {self.last_mib:.0f} MiB in {self.seconds:.0f} s"
            )
        for name, (first, last), more, most in (
            ("open files", self.files, MORE_FILES, 0),
            ("connections", self.sockets, MORE_FILES, 0),
            ("threads", self.threads, MORE_THREADS, MOST_THREADS),
        ):
            if last > first + more and last > most:
                found.append(f"{name} grew from {first} to {last}")
        return [f"process {self.pid}: {one}" for one in found]


def growth(readings: Sequence[Reading], since_s: float) -> list[Growth]:
    """Of each process that lived from a time on until the last reading."""
    if not readings:
        return []
    last_s = readings[-1].at_s
    from_s = since_s + WARM_UP_SHARE * (last_s - since_s)
    found = []
    for pid in {one.pid for one in readings}:
        own = [one for one in readings if one.pid == pid and one.at_s >= from_s]
        if len(own) >= 8 and last_s - own[-1].at_s < 5:
            found.append(_growth(pid, own))
    return found


def _growth(pid: int, own: Sequence[Reading]) -> Growth:
    part = len(own) // 4
    first, last = own[:part], own[-part:]
    times = [one.at_s for one in own]
    slope = statistics.linear_regression(times, [one.memory_mib for one in own]).slope

    def middle(name: str) -> tuple[int, int]:
        ends = [[getattr(one, name) for one in end] for end in (first, last)]
        return int(statistics.median(ends[0])), int(statistics.median(ends[1]))

    return Growth(
        pid=pid,
        seconds=times[-1] - times[0],
        first_mib=statistics.median(one.memory_mib for one in first),
        last_mib=statistics.median(one.memory_mib for one in last),
        slope_mib_min=slope * 60,
        files=middle("files"),
        sockets=middle("sockets"),
        threads=middle("threads"),
    )
