"""What a server does by itself: forgetting old runs, and asking for old logs to be forgotten.

Several may do so at once.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from headrace.core.errors import Unavailable
from headrace.services.base import Ports
from headrace.services.executions import executions
from headrace.services.logs import retention

EVERY_S = 60.0

log = logging.getLogger("headrace.upkeep")


class Upkeep:
    """Looks after the store while a server runs.

    Args:
        account: any organisation; what is done is done in all.
        kept_days: how long runs are kept after their end; 0 is for ever.
        kept_log_days: how long logs are kept, where nothing else was said of their file; 0 is for ever.
        answer_s: how long a run waits for an answer.
    """

    def __init__(
        self,
        ports: Ports,
        account: str,
        *,
        kept_days: float,
        kept_log_days: int,
        answer_s: float,
        every_s: float = EVERY_S,
    ) -> None:
        self._ports = ports
        self._account = account
        self._kept_days = kept_days
        self._kept_log_days = kept_log_days
        self._answer_s = answer_s
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._keep_on())

    async def close(self) -> None:
        """Stop, between two rounds or in one."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await executions.tidy(
                    self._ports, self._account, kept_days=self._kept_days, answer_s=self._answer_s
                )
                await retention.ask(self._ports, self._account, kept_days=self._kept_log_days)
            except Unavailable as error:
                log.warning("what is old can't be forgotten now: %s", error.message)
            except Exception:
                log.exception("a bug while forgetting what is old")  # the next round is another chance
