"""How late the event loop is: what somebody's request waits because somebody else's has the processor."""

from __future__ import annotations

import asyncio
import time

from headrace.core.counts import Spread

EVERY_S = 0.5


class LoopLag:
    """Looks again and again. Belongs to one event loop.

    Args:
        seconds: counts how much later than it had asked for it was called.
    """

    def __init__(self, seconds: Spread) -> None:
        self._seconds = seconds
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look from now on."""
        self._looking = asyncio.create_task(self._look(), name="headrace-lag")

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> None:
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(EVERY_S)
            self._seconds.add((), max(time.monotonic() - asked_s - EVERY_S, 0.0))
