"""One run: servers, clients, faults, a calm time, and everything read back."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.postgres import Cluster
from tests.soak import disk, faults, report
from tests.soak.bedrock_clients import AliasUser, FlowKeeper, Mayfly, Rivals
from tests.soak.checks import (
    everything,
    export_is_whole,
    lists_are_whole,
    log_exports_are_whole,
    read_back,
    settled,
)
from tests.soak.clock import library
from tests.soak.gauges import Gauges, growth
from tests.soak.humanloop_clients import Contenders, Tracer, Upserter, traced_flow
from tests.soak.journal import Journal
from tests.soak.rude import Rude
from tests.soak.run_clients import Starter
from tests.soak.sdk_clients import SdkClients
from tests.soak.servers import Server
from tests.soak.site import Site, client_of, forever

SAY_EVERY_S = 10.0
READ_EVERY_S = 1.0
SETTLED_WITHIN_S = 240.0
"""Longer than a lease of work, which is three minutes."""
CALM_SHARE = 0.3
"""So much of a run, at its end, nothing is broken in: what the servers use is to be flat then."""
WORDS_OF_BUGS = (
    " error a bug ",
    "Exception in thread",
    "Exception in callback",
    "Exception ignored",
    "was never retrieved",
    "was never awaited",
    "Fatal Python error",
)
"""In a server's log they tell of what nobody has thought of, whatever was broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to be.

    Attributes:
        seconds: how long clients work.
        fault_every_s: how much time goes by from one fault to the next, on average.
        mounts: whether the store may get a file system of its own.
        pause_s: how long each client rests between what it does, on average.
        has_sdks: whether boto3 and humanloop take part.
    """

    store: str
    seed: int
    seconds: float
    folder: Path
    fault_every_s: float = 8.0
    mounts: bool = True
    pause_s: float = 0.05
    has_sdks: bool = True
    say: Callable[[str], None] = field(default=lambda line: print(line, flush=True))


async def soak(plan: Plan) -> dict[str, Any]:
    """Run it; the report."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    journal_path = plan.folder / f"journal-{plan.store}-{plan.seed}.jsonl"
    journal_path.unlink(missing_ok=True)
    site = Site(ports=[], journal=Journal(journal_path), luck=random.Random(plan.seed))
    home = plan.folder / f"store-{plan.store}-{plan.seed}"
    is_mounted = plan.mounts and plan.store == faults.SQLITE and disk.mount(home)
    home.mkdir(exist_ok=True)
    cluster = Cluster() if plan.store == faults.POSTGRESQL else None
    url = cluster.new() if cluster else f"sqlite:///{home}/headrace.db"
    servers = [Server(url, plan.folder, number) for number in range(2 if cluster else 1)]
    try:
        scene = faults.Scene(
            site=site,
            servers=servers,
            luck=random.Random(plan.seed + 1),
            home=home,
            cluster=cluster,
            database=url.rpartition("/")[2],
        )
        return await _Run(plan, scene, is_mounted=is_mounted).go()
    finally:
        for server in servers:
            server.kill()
        site.journal.close()
        if cluster:
            cluster.remove()
        disk.unmount(home)


class _Run:
    def __init__(self, plan: Plan, scene: faults.Scene, *, is_mounted: bool) -> None:
        self._plan = plan
        self._scene = scene
        self._site = scene.site
        self._is_mounted = is_mounted
        self._gauges = Gauges()
        self._began_s = self._calm_s = time.monotonic()

    async def go(self) -> dict[str, Any]:
        """All of it, in order."""
        self._plan.say(f"seed {self._plan.seed}, {self._plan.store}, {self._plan.seconds:g} s")
        for line in self._skipped():
            self._plan.say(f"skipped: {line}")
        for server in self._scene.servers:
            server.start()
            self._site.ports.append(server.port)
            await server.ready()
        await self._site.keep("begin", seed=self._plan.seed, store=self._plan.store)
        self._began_s = self._calm_s = time.monotonic()
        watching = asyncio.create_task(self._watch())
        try:
            await self._load()
            read = await self._read_everything()
        finally:
            watching.cancel()
        await self._end()
        return self._told(read)

    async def _load(self) -> None:
        """Clients work and faults happen, until the time is over."""
        flow, evaluator = await traced_flow(self._site)
        working = [asyncio.create_task(one) for one in self._clients(flow, evaluator)]
        sdks = SdkClients(self._site) if self._plan.has_sdks else None
        failing = asyncio.create_task(self._break_things())
        ends_s = self._began_s + self._plan.seconds
        try:
            while time.monotonic() < ends_s:
                await asyncio.sleep(min(1.0, max(0.0, ends_s - time.monotonic())))
                for task in (*working, failing):
                    if task.done():
                        task.result()  # raises what ended it
            await failing
        finally:
            self._site.is_over = True
            if sdks:
                await sdks.close()
            await asyncio.gather(*working, failing, return_exceptions=True)

    def _clients(self, flow: str, evaluator: str) -> list[Any]:
        site, pause_s = self._site, self._plan.pause_s
        acting: list[tuple[Any, float]] = [
            *((FlowKeeper(site, number), pause_s) for number in range(4)),
            *((AliasUser(site, number), pause_s) for number in range(4)),
            *((Upserter(site, number), pause_s) for number in range(6)),
            *((Tracer(site, number, flow, evaluator), pause_s) for number in range(3)),
            *((Starter(site, number), pause_s * 4) for number in range(2)),
            (Mayfly(site, 0), pause_s * 4),
            (Rivals(site), pause_s * 10),
            (Contenders(site), pause_s * 4),
            *((Rude(site, number), pause_s * 4) for number in range(2)),
        ]
        return [
            *(forever(site, one.act, pause_s=rest_s) for one, rest_s in acting),
            forever(site, self._look_around, pause_s=max(pause_s * 40, 1.0)),
        ]

    async def _look_around(self) -> None:
        async with client_of(self._site, self._site.luck.randrange(8)) as client:
            await lists_are_whole(self._site, client)
            await export_is_whole(self._site, client)
            await log_exports_are_whole(self._site, client)

    async def _break_things(self) -> None:
        calm_s = self._plan.seconds * CALM_SHARE
        drawn = faults.schedule(
            self._scene.luck,
            faults.possible(self._plan.store),
            self._plan.seconds - calm_s,
            self._plan.fault_every_s,
        )
        for at_s, name in drawn:
            wait_s = self._began_s + at_s - time.monotonic()
            if self._began_s + self._plan.seconds - calm_s < time.monotonic():
                break
            await asyncio.sleep(max(0.0, wait_s))
            await faults.happen(self._scene, name, self._began_s)
        self._calm_s = time.monotonic()

    async def _watch(self) -> None:
        """Take readings, and say how it goes."""
        said_s = time.monotonic()
        while True:
            await asyncio.sleep(READ_EVERY_S)
            self._site.machine.look()
            for server in self._scene.servers:
                self._gauges.read(server)
            if time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                self._plan.say(self._progress())

    def _progress(self) -> str:
        site, last = self._site, self._gauges.readings[-1:]
        memory = f", {last[0].memory_mib:.0f} MiB, {last[0].files} files" if last else ""
        return (
            f"{time.monotonic() - self._began_s:.0f} s: {sum(site.calls.values())} requests, "
            f"{site.journal.facts} facts, {len(self._scene.happened)} faults, {len(site.wrong)} wrong{memory}"
        )

    async def _read_everything(self) -> int:
        self._plan.say("reading everything back")
        async with client_of(self._site) as client:
            await settled(self._site, client, within_s=SETTLED_WITHIN_S)
            await self._look_around()
        return await read_back(self._site, everything(self._site))

    async def _end(self) -> None:
        for server in self._scene.servers:
            status = await server.end(signal.SIGTERM)
            if status != 0:
                self._site.complain(f"a server ended with {status} when all was over")
        await faults.check_files(self._scene)
        for server in self._scene.servers:
            for line in server.log.read_text(errors="replace").splitlines():
                if any(words in line for words in WORDS_OF_BUGS):
                    self._site.complain(f"the log of server {server.number} has: {line[:300]}")

    def _skipped(self) -> list[str]:
        found = []
        if library() is None:
            found.append("clock jumps, since there is no C compiler to make one of")
        if self._plan.store == faults.SQLITE and not self._is_mounted:
            found.append(
                "a file system without room, since none may be mounted; files that can't grow instead"
            )
        return found

    def _told(self, read: int) -> dict[str, Any]:
        grown = growth(self._gauges.readings, self._calm_s)
        for one in grown:
            for wrong in one.wrong():
                self._site.complain(wrong)
        return report.summary(
            self._site,
            store=self._plan.store,
            seed=self._plan.seed,
            seconds=time.monotonic() - self._began_s,
            faults=self._scene.happened,
            skipped=self._skipped(),
            readings=self._gauges.readings,
            grown=grown,
            read_back=read,
        )
