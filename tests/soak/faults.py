"""What is done to the servers and their store while clients work, by a schedule that a seed draws."""

from __future__ import annotations

import asyncio
import random
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import Cluster
from tests.soak import disk
from tests.soak.checks import read_back
from tests.soak.clock import library
from tests.soak.rude import burst
from tests.soak.servers import SPARE_FILES, Server
from tests.soak.site import Site
from tests.soak.weather import DOWN, SICK, SLOW

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
BOTH = frozenset({SQLITE, POSTGRESQL})
RECOVERED_WITHIN_S = 60.0
"""A start takes two seconds of a processor; where many others want it, thirty of time."""
FILES = ("headrace.db", "headrace.db.executions")
MISSED_S = 15.0
"""A process that was not seen for so long is gone for others (the setting process_timeout)."""
JUMPS_S = (-3600, -90, 90, 3600)
SAMPLE = 10
"""So many things of each kind that were written earlier are read back after a restart, too."""


@dataclass
class Broken:
    """A fault that happened.

    Attributes:
        recovered_s: how long it took from its end until the server was of use.
        read_back: how many things were read back then.
    """

    name: str
    at_s: float
    detail: str = ""
    recovered_s: float = 0.0
    read_back: int = 0


@dataclass
class Scene:
    """What faults happen to.

    Attributes:
        cluster, database: the PostgreSQL server and the store's name on it; None for SQLite.
        home: the folder of a SQLite store.
    """

    site: Site
    servers: list[Server]
    luck: random.Random
    home: Path
    cluster: Cluster | None = None
    database: str = ""
    happened: list[Broken] = field(default_factory=list)

    @property
    def store(self) -> str:
        """Its kind."""
        return POSTGRESQL if self.cluster else SQLITE


Act = Callable[[Scene, Server, Broken], Awaitable[None]]


async def kill(scene: Scene, server: Server, told: Broken) -> None:
    """SIGKILL, and start it again."""
    with scene.site.weather.bad(DOWN):
        await server.end(signal.SIGKILL)
        server.start()
        told.recovered_s = await server.ready()


async def terminate(scene: Scene, server: Server, told: Broken) -> None:
    """SIGTERM under load: it ends well, and is started again. Who waits for too long is told to ask again."""
    with scene.site.weather.bad(DOWN, SICK):
        began_s = time.monotonic()
        status = await server.end(signal.SIGTERM)
        told.detail = f"ended within {time.monotonic() - began_s:.1f} s"
        if status != 0:
            scene.site.complain(f"a server that was told to stop ended with {status}")
        server.start()
        told.recovered_s = await server.ready()


async def freeze(scene: Scene, server: Server, told: Broken) -> None:
    """SIGSTOP, and SIGCONT a while later: everybody waits, and nothing fails."""
    frozen_s = scene.luck.uniform(0.5, 4)
    told.detail = f"{frozen_s:.1f} s"
    with scene.site.weather.bad(SLOW):
        server.signal(signal.SIGSTOP)
        await asyncio.sleep(frozen_s)
        server.signal(signal.SIGCONT)
        told.recovered_s = await server.ready()


async def freeze_for_long(scene: Scene, server: Server, told: Broken) -> None:
    """It stands still for longer than it takes to be missed: the other one goes on with what it carried out."""
    frozen_s = MISSED_S + scene.luck.uniform(2, 6)
    told.detail = f"{frozen_s:.1f} s"
    with scene.site.weather.bad(SLOW, SICK):  # its runs are given up
        server.signal(signal.SIGSTOP)
        await asyncio.sleep(frozen_s)
        server.signal(signal.SIGCONT)
        told.recovered_s = await server.ready()


async def fill_disk(scene: Scene, server: Server, told: Broken) -> None:
    """The disk is full, and has room again."""
    with scene.site.weather.bad(SICK):
        with disk.full(server, scene.home) as how:
            told.detail = how
            await asyncio.sleep(scene.luck.uniform(1, 4))
        told.recovered_s = await server.ready()


async def forbid_writing(scene: Scene, server: Server, told: Broken) -> None:
    """Nothing can be written any more, until it can."""
    with scene.site.weather.bad(SICK):
        with disk.read_only(server) as how:
            told.detail = how
            await asyncio.sleep(scene.luck.uniform(1, 4))
        told.recovered_s = await server.ready()


async def die_on_full_disk(scene: Scene, server: Server, told: Broken) -> None:
    """It is killed while the disk is full, and started when there is room again."""
    with scene.site.weather.bad(SICK, DOWN):
        with disk.full(server, scene.home) as how:
            told.detail = how
            await asyncio.sleep(scene.luck.uniform(0.5, 2))
            await server.end(signal.SIGKILL)
        server.start()
        told.recovered_s = await server.ready()


async def turn_clock(scene: Scene, server: Server, told: Broken) -> None:
    """The clock jumps, and back again."""
    by_s = scene.luck.choice(JUMPS_S)
    told.detail = f"{by_s:+d} s"
    server.clock.turn(by_s)
    await asyncio.sleep(scene.luck.uniform(2, 5))
    server.clock.turn(0)
    told.recovered_s = await server.ready()


async def burst_in(scene: Scene, server: Server, told: Broken) -> None:
    """More connections at once than it may open files."""
    files = server.open_files() + SPARE_FILES
    with (
        scene.site.weather.bad(DOWN, SICK, SLOW),
        server.limited(resource.RLIMIT_NOFILE, files),
    ):
        answered = await burst(scene.site, server.port, hold_s=scene.luck.uniform(1, 3))
        told.detail = f"{answered} answered with room for {SPARE_FILES}"
    told.recovered_s = await server.ready()


async def restart_postgres(scene: Scene, server: Server, told: Broken) -> None:
    """PostgreSQL is stopped or crashes, and is started again."""
    assert scene.cluster is not None
    how = scene.luck.choice([signal.SIGINT, signal.SIGQUIT])
    told.detail = how.name
    with scene.site.weather.bad(SICK):
        await asyncio.to_thread(scene.cluster.stop, how)
        await asyncio.sleep(scene.luck.uniform(0, 2))
        await asyncio.to_thread(scene.cluster.start)
        for one in scene.servers:
            told.recovered_s = max(told.recovered_s, await one.ready())


async def hang_up(scene: Scene, server: Server, told: Broken) -> None:
    """PostgreSQL ends all connections of the servers."""
    assert scene.cluster is not None
    with scene.site.weather.bad(SICK):
        ended = await asyncio.to_thread(
            scene.cluster.ask,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE pid <> pg_backend_pid() AND datname = '{scene.database}'",
        )
        told.detail = f"{len(ended)} connections"
        told.recovered_s = await server.ready()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row of the table.

    Attributes:
        weight: how often it is drawn, against others.
        stores: the kinds of stores that it can happen to.
        ends_process: whether what was acknowledged is read back afterwards.
    """

    act: Act
    weight: int
    stores: frozenset[str] = BOTH
    ends_process: bool = False


FAULTS: Mapping[str, Fault] = {
    "killed": Fault(act=kill, weight=4, ends_process=True),
    "told to stop": Fault(act=terminate, weight=2, ends_process=True),
    "frozen": Fault(act=freeze, weight=2),
    "frozen for long": Fault(
        act=freeze_for_long, weight=1, stores=frozenset({POSTGRESQL}), ends_process=True
    ),
    "full disk": Fault(act=fill_disk, weight=2, stores=frozenset({SQLITE})),
    "read-only disk": Fault(act=forbid_writing, weight=2, stores=frozenset({SQLITE})),
    "killed on a full disk": Fault(
        act=die_on_full_disk, weight=1, stores=frozenset({SQLITE}), ends_process=True
    ),
    "clock jump": Fault(act=turn_clock, weight=2),
    "too many connections": Fault(act=burst_in, weight=2),
    "PostgreSQL restarted": Fault(act=restart_postgres, weight=2, stores=frozenset({POSTGRESQL})),
    "PostgreSQL hung up": Fault(act=hang_up, weight=3, stores=frozenset({POSTGRESQL})),
}


def possible(store: str) -> dict[str, Fault]:
    """The faults that can happen to a kind of store on this machine."""
    found = {name: fault for name, fault in FAULTS.items() if store in fault.stores}
    if library() is None:
        del found["clock jump"]
    return found


def schedule(
    luck: random.Random, names: Mapping[str, Fault], seconds: float, every_s: float
) -> list[tuple[float, str]]:
    """When which fault happens, in seconds from the beginning: each of them once, then as they are drawn."""
    once = list(names)
    luck.shuffle(once)
    found, at_s = [], every_s * luck.uniform(0.3, 1)
    while at_s < seconds:
        drawn = luck.choices(list(names), [one.weight for one in names.values()])[0]
        found.append((at_s, once.pop() if once else drawn))
        at_s += every_s * luck.uniform(0.5, 1.5)
    return found


async def happen(scene: Scene, name: str, began_s: float) -> None:
    """Let a fault happen to one of the servers; when it is over, read back what it may have destroyed."""
    fault, server = FAULTS[name], scene.luck.choice(scene.servers)
    told = Broken(name=name, at_s=time.monotonic() - began_s)
    scene.happened.append(told)
    await fault.act(scene, server, told)
    if told.recovered_s > RECOVERED_WITHIN_S:
        scene.site.complain(f"after {name} it took {told.recovered_s:.1f} s until the server was of use")
    if fault.ends_process:
        await check_files(scene)
        told.read_back = await read_back(scene.site, _recent(scene))


async def check_files(scene: Scene) -> None:
    """Have SQLite look at the files of a store."""
    for name in FILES if scene.store == SQLITE else ():
        for wrong in await asyncio.to_thread(disk.integrity, scene.home / name):
            scene.site.complain(wrong)


def _recent(scene: Scene) -> dict[str, list[str]]:
    """What was written since this was last asked, and some of what was written before."""
    wanted = {kind: set(ids) for kind, ids in scene.site.model.take_touched().items()}
    for kind in ("flows", "files", "traces", "runs", "gone"):
        known = list(getattr(scene.site.model, kind))
        wanted.setdefault(kind, set()).update(scene.luck.sample(known, min(SAMPLE, len(known))))
    return {kind: sorted(ids) for kind, ids in wanted.items()}
