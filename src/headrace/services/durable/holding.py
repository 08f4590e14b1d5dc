"""Which durable executions this process carries out, and whether they still are its own.

An execution may be stopped, or taken up by another process, while a node of it waits for something outside.
What it does counts for nothing then; here it is found out, so that it ends soon.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from headrace.core.durable import Superseded
from headrace.core.errors import Unavailable
from headrace.services.base import Ports

LOOK_S = 1.0
"""So often the store is asked, as long as anything is carried out."""

log = logging.getLogger("headrace.durable")


class Over(Exception):
    """The execution has ended, or is forgotten: it was stopped while it was carried out."""


class Held:
    """Belongs to one event loop.

    Args:
        account: any organisation.
    """

    def __init__(self, ports: Ports, account: str, *, look_s: float = LOOK_S) -> None:
        self._ports = ports
        self._account = account
        self._look_s = look_s
        self._lost: dict[tuple[str, int], tuple[str, asyncio.Future[None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep_on())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def hold(self, account: str, execution_id: str, attempt: int) -> asyncio.Future[None]:
        """An attempt was begun, and the store knows. What is given raises once it counts no more: `Over` or
        `Superseded`."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost[execution_id, attempt] = account, lost
        return lost

    def let_go(self, execution_id: str, attempt: int) -> None:
        """An attempt has ended."""
        _, lost = self._lost.pop((execution_id, attempt))
        if not lost.cancel():
            lost.exception()  # it ended before anybody could say so

    async def look(self) -> None:
        """See what is not this process's own any more.

        Raises:
            Unavailable: the store can't say.
        """
        mine, holder = list(self._lost), self._ports.holder
        if not mine or holder is None:
            return
        store = self._ports.store
        held = await store.read(self._account, lambda tx: tx.executions.held(holder=holder))
        for key in set(mine) - {(execution_id, attempt) for _, execution_id, attempt in held}:
            if key in self._lost:
                account, lost = self._lost[key]
                known = await store.read(account, lambda tx, key=key: tx.executions.get(id=key[0]))  # type: ignore[misc]
                if not lost.done():  # it may have ended meanwhile
                    is_over = known is None or known.status.is_final
                    lost.set_exception(Over() if is_over else Superseded())

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self.look()
            except Unavailable as error:
                log.warning("nobody can say now whose executions are: %s", error.message)
            except Exception:
                log.exception("a bug while looking after executions")
