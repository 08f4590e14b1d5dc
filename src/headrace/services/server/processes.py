"""The processes that use a store: each says that it is there, and puts in order what others left.

What a process carries out bears its id. One that others took for gone, because it was held up, finds that
what it carried out is in other hands or has failed, and records nothing more of it; it says anew that it is
there, and goes on with what comes.

Only a shared store needs any of this while a process runs: of another one, all others are gone at its start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from headrace import __version__
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.core.processes import Process, Role
from headrace.services.base import Ports
from headrace.services.executions import executions

BEATS = 3
"""So often within the timeout a process says that it is there."""
LOOKS = 15
"""So often it looks who else is."""

log = logging.getLogger("headrace.processes")


def this_process(*, id: str, now: datetime, role: Role = Role.SERVER, capacity: int = 0) -> Process:
    """The process that this code runs in.

    Args:
        capacity: so many durable executions it carries out at the same time.
    """
    return Process(
        id=id,
        role=role,
        host=socket.gethostname(),
        pid=os.getpid(),
        release=__version__,
        capacity=capacity,
        started_at=now,
        seen_at=now,
    )


class Watch:
    """Knows which processes have not been seen for too long.

    It only looks whether they say something new, by a clock of this process: clocks of machines differ.
    """

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._looked_at_s = 0.0
        self._since: dict[Process, float] = {}

    def gone(self, processes: Sequence[Process], now_s: float) -> list[Process]:
        """Those of the processes there are now which have said nothing new for as long as the timeout."""
        if now_s - self._looked_at_s > self._timeout_s / 2:
            self._since = {}  # who was away himself, or without the store, can't say who was
        self._looked_at_s = now_s
        self._since = {one: self._since.get(one, now_s) for one in processes}
        return [one for one, since_s in self._since.items() if now_s - since_s >= self._timeout_s]


class Presence:
    """Says that this process is there for as long as it is. Belongs to one event loop.

    Args:
        account: any organisation; what is put in order is that of all.
        timeout_s: a process that was not seen for so long is gone.
    """

    def __init__(self, ports: Ports, account: str, process: Process, *, timeout_s: float) -> None:
        self._ports = ports
        self._account = account
        self._process = process
        self._timeout_s = timeout_s
        self._watch = Watch(timeout_s=timeout_s)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Put in order what was left by those that are surely gone, and begin.

        Raises:
            Unavailable: the store can't be written to.
        """
        store = self._ports.store

        def work(tx: Transaction) -> None:
            others = [] if store.is_shared else [one.id for one in tx.processes.all()]
            for holder in (None, *others):
                executions.put_in_order(tx, holder=holder, now=self._ports.clock.now())
            tx.processes.put(self._process)

        await store.write(self._account, work)
        self._ports.lease.renew()
        if store.is_shared:
            self._task = asyncio.create_task(self._keep_on())

    async def close(self) -> None:
        """Leave nothing behind; what can't be put in order now, others will."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        holder, now = self._process.id, self._ports.clock.now()
        try:
            await self._ports.store.write(
                self._account, lambda tx: executions.put_in_order(tx, holder=holder, now=now)
            )
        except Unavailable as error:
            log.warning("others will have to find out that this process is gone: %s", error.message)

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(self._timeout_s / LOOKS)
            try:
                await self._look()
            except Unavailable as error:
                log.warning("this process can't say that it is there: %s", error.message)
            except Exception:
                log.exception("a bug while looking after processes")

    async def _look(self) -> None:
        known = await self._ports.store.read(self._account, lambda tx: tx.processes.all())
        now_s = time.monotonic()
        is_known = any(one.id == self._process.id for one in known)
        if not is_known:
            log.warning("this process was taken for gone: what it carried out was put in order by others")
        if not is_known or self._ports.lease.age_s >= self._timeout_s / BEATS:
            await self._say(was_lost=not is_known)
        for one in self._watch.gone([one for one in known if one.id != self._process.id], now_s):
            await self._bury(one)

    async def _say(self, *, was_lost: bool) -> None:
        process = msgspec.structs.replace(self._process, seen_at=self._ports.clock.now())
        await self._ports.store.write(self._account, lambda tx: tx.processes.put(process))
        self._ports.lease.renew(was_lost=was_lost)

    async def _bury(self, process: Process) -> None:
        """Put in order what a process left, unless it is back or another one was faster."""

        def work(tx: Transaction) -> bool:
            is_so = process in tx.processes.all()
            if is_so:
                executions.put_in_order(tx, holder=process.id, now=self._ports.clock.now())
            return is_so

        if await self._ports.store.write(self._account, work):
            log.warning(
                "process %d on %s (%s) is gone: what it carried out was put in order",
                process.pid,
                process.host,
                process.id,
            )
            self._ports.bell.ring()
