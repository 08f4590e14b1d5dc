"""Runs what would block the event loop in threads, for no longer than the caller waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from headrace.backends.failures import late

T = TypeVar("T")
Work = Callable[[], None]


class Threads:
    """Threads of its own, so that slow calls never take the event loop's.

    A call that is too late is given up: its thread goes on until the call ends by itself and its result is
    dropped, so whatever runs here should have a limit of its own too. The threads are daemons, which those of
    the standard library's pool are not: a call that never ends must not keep the process from ending.
    """

    def __init__(self, name: str, *, most: int = 64) -> None:
        self._name = name
        self._most = most
        self._started = 0
        self._idle = threading.Semaphore(0)
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()

    async def run(self, call: Callable[[], T], *, resource: str, who: str, timeout_s: float) -> T:
        """What a call returns.

        Raises:
            EffectFailed: it did not end in time. What the call raises comes through.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            if answer.done():
                return  # nobody waits for it any more
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the waiter's
                _tell(loop, _fail, answer, error)
            else:
                _tell(loop, _succeed, answer, result)

        ending = loop.call_later(timeout_s, lambda: _fail(answer, late(resource, who, timeout_s)))
        self._waiting.put(work)
        self._serve_it()
        try:
            return await answer
        finally:
            ending.cancel()

    def _serve_it(self) -> None:
        """See to it that a thread takes what was put last."""
        if not self._idle.acquire(blocking=False) and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                work = self._waiting.get_nowait()
            except Empty:
                self._idle.release()
                work = self._waiting.get()
            if work is None:
                self._waiting.put(None)  # for the next thread
                return
            work()

    async def close(self) -> None:
        """Let the threads end when they have no more to do."""
        self._waiting.put(None)


def _tell(loop: asyncio.AbstractEventLoop, how: Callable[..., None], *given: Any) -> None:
    """From a thread: have the event loop hear of it."""
    with suppress(RuntimeError):  # it is closed, and nobody waits any more
        loop.call_soon_threadsafe(how, *given)


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
