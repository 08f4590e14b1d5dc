"""Between the thread that DBOS gives an execution and the event loop on which its program runs.

DBOS waits for its database in the thread that it runs a workflow in, and puts a thread pool of its own under
an event loop that it is used from. So it has nothing but threads, one an execution; the program stays on the
server's event loop, and what it wants written goes from there to the thread, page by page.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeAlias

Make: TypeAlias = Callable[[], str]
Keep: TypeAlias = Callable[[Make], str]
"""Gives the next page of a journal: what is there, or else what it is given to be made of, once that is
durable. Raises Superseded or Unavailable."""

_LOOK_S = 5.0
"""So often a thread looks whether the event loop is still there."""


class Left(BaseException):
    """This attempt ends here, and says nothing about the execution. No handler of errors is to see it."""


class _Turn:
    """A page that is wanted.

    Attributes:
        wanted: set once it is known that nothing is there.
        text: what is to be written then.
        page: what is there by now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.wanted: asyncio.Future[str] = loop.create_future()
        self.text: Future[str] = Future()
        self.page: asyncio.Future[str] = loop.create_future()


class Bridge:
    """The journal of one attempt; see `headrace.core.durable.Journal`.

    Made in the thread, used on both sides: ``page`` and ``end`` on the event loop, ``serve`` in the thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turns: queue.SimpleQueue[_Turn | None] = queue.SimpleQueue()
        self._is_new = False

    async def page(self, write: Callable[[], Awaitable[bytes]]) -> bytes:
        """The next page.

        Raises:
            Superseded: another process carries out the execution by now.
            Unavailable: the database can't keep it.
        """
        turn = _Turn(self._loop)
        try:
            if not self._is_new:
                self._turns.put(turn)
                await asyncio.wait({turn.wanted, turn.page}, return_when=asyncio.FIRST_COMPLETED)
                if turn.page.done():
                    return turn.page.result().encode()
            text = await write()
            turn.text.set_result(text.decode())
            if self._is_new:
                self._turns.put(turn)
            self._is_new = True  # what comes after the first page that was not there isn't either
            return (await turn.page).encode()
        except BaseException:
            if not turn.text.done():
                turn.text.set_exception(Left())  # the thread may be waiting for it
            turn.page.cancel()  # nobody is there to hear what becomes of it
            raise

    def end(self) -> None:
        """The attempt is over: let the thread go."""
        self._turns.put(None)

    def serve(self, keep: Keep) -> None:
        """Write what is wanted until the attempt is over."""
        while (turn := self._next()) is not None:
            self._serve(turn, keep)

    def _next(self) -> _Turn | None:
        while not self._loop.is_closed():
            try:
                return self._turns.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
        return None

    def _serve(self, turn: _Turn, keep: Keep) -> None:
        def make() -> str:
            if not turn.text.done():
                self._tell(turn.wanted, "")
            return turn.text.result()

        try:
            page = keep(make)
        except Left:
            return
        except Exception as error:  # noqa: BLE001  # raised again, on the side that waits
            self._tell(turn.page, error)
        else:
            self._tell(turn.page, page)

    def _tell(self, future: asyncio.Future[str], said: str | Exception) -> None:
        def tell() -> None:
            if future.done():
                return
            if isinstance(said, Exception):
                future.set_exception(said)
            else:
                future.set_result(said)

        try:
            self._loop.call_soon_threadsafe(tell)
        except RuntimeError:  # the event loop is closed, and nobody waits any more
            raise Left from None
