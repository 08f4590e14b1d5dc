"""The places in which code runs: so many at once, and the others wait as long as they have time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headrace.backends.sandbox.failures import CodeFailed
from headrace.core.effects import Fault

LEAST_S = 0.001
"""What a call is given when its time is over just as its turn comes."""


class Places:
    """A limit on how many calls run at once; the first to come is the first to be served."""

    def __init__(self, concurrent: int) -> None:
        self._concurrent = concurrent
        self._free = asyncio.Semaphore(concurrent)

    @asynccontextmanager
    async def one(self, timeout_s: float) -> AsyncIterator[float]:
        """Wait for a place and have it; gives the seconds that are left then.

        Raises:
            CodeFailed: none came free in time.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_s
        try:
            async with asyncio.timeout_at(ends_at):
                await self._free.acquire()
        except TimeoutError:
            raise CodeFailed(
                f"The code was not run: {self._concurrent} others were running for {timeout_s:g} s.",
                fault=Fault.THROTTLED,
            ) from None
        try:
            yield max(LEAST_S, ends_at - loop.time())
        finally:
            self._free.release()
