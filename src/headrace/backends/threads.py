"""Runs what would block the event loop in threads, for no longer than the caller waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from headrace.backends.failures import late

T = TypeVar("T")


class Threads:
    """A pool of threads of its own, so that slow calls never take the event loop's.

    A call that is too late is given up: its thread goes on until the call ends by itself and its result is
    dropped, so whatever runs here should have a limit of its own too.
    """

    def __init__(self, name: str, *, most: int = 64) -> None:
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix=name)

    async def run(self, call: Callable[[], T], *, resource: str, who: str, timeout_s: float) -> T:
        """What a call returns.

        Raises:
            EffectFailed: it did not end in time. What the call raises comes through.
        """
        started = asyncio.get_running_loop().run_in_executor(self._pool, call)
        done, _ = await asyncio.wait({started}, timeout=timeout_s)
        if not done:
            started.cancel()
            raise late(resource, who, timeout_s)
        return started.result()

    async def close(self) -> None:
        """Take no more calls and wait for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)
