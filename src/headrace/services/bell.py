"""Waking who works behind the scenes, once there surely is something to do."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung when work waits; belongs to one event loop.

    A transaction that asks for work calls ``note``, and who wrote it ``ring_since`` afterwards: a ring before
    the work can be seen would wake nobody to anything. A note of a transaction that was undone rings for
    nothing, which is harmless.
    """

    def __init__(self) -> None:
        self._notes = 0
        self._rung = asyncio.Event()

    @property
    def notes(self) -> int:
        """How often something was noted."""
        return self._notes

    def note(self) -> None:
        """Something is being asked for, in a transaction that is not over."""
        self._notes += 1

    def ring_since(self, notes: int) -> None:
        """A transaction is durable: ring, if anything was noted since there were so many notes."""
        if self._notes != notes:
            self.ring()

    def ring(self) -> None:
        """Wake who waits, now or next."""
        self._rung.set()

    async def wait(self, timeout_s: float) -> None:
        """Until it rings, or has rung since this was last awaited; no longer than ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()
