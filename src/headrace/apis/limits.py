"""A time limit for what mostly does not wait for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def within(limit_s: float | None, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns; no timer is set, and none stopped, unless it waits for something.

    Raises:
        TimeoutError: it took longer.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(limit_s):
        rest: T = await _Rest(work, waits_for)
        return rest


class _Rest:
    """A coroutine that was begun, and what it waits for, to be awaited as a whole."""

    __slots__ = ("_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        while True:
            raised: BaseException | None = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is for who waits
                raised = error
            try:
                waits_for = self._work.send(None) if raised is None else self._work.throw(raised)
            except StopIteration as done:
                return done.value
