"""The journals of the executions that this process carries out: read, written and dropped in one thread.

While a transaction goes on, what others want gathers behind it and is done together in the next one. So the
disk is waited for once by all of them, and the event loop is woken once with all the answers.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from headrace.backends.durable.absence import may_pass, told
from headrace.backends.durable.databases import journal_on
from headrace.backends.durable.page_table import Attempt, PageTable, Place, Row
from headrace.core.durable import Superseded
from headrace.core.errors import Unavailable

MOST_TOGETHER: Final = 256
MOST_BYTES: Final = 4 * 1024 * 1024
"""So much is written at a time: everybody else waits while it is."""
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 8.0
"""Between two tries to reach a database that is away."""
_END_S: Final = 10.0

log = logging.getLogger("headrace.durable")

Answer: TypeAlias = str | BaseException | None


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the event loop waits for.

    Attributes:
        place: the page that is wanted; None drops the journal.
        text: what is to be written there; None reads it.
    """

    execution: str
    answer: asyncio.Future[str | None]
    place: Place | None = None
    text: str | None = None


class Pages:
    """All journals of this process. Asked on one event loop, from `start` to `close`."""

    def __init__(
        self, database: sqlalchemy.Engine, table: PageTable, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._journal = journal_on(database)
        self._table = table
        self._loop = loop
        self._wishes: queue.SimpleQueue[_Wish | None] = queue.SimpleQueue()
        self._next: _Wish | None = None
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="headrace-journal", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer what was asked, once, and nothing more. Blocks."""
        self._is_closing.set()
        self._wishes.put(None)
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def of_attempt(self, attempt: Attempt) -> AttemptJournal:
        """The journal of an attempt; see `AttemptJournal`."""
        return AttemptJournal(self, attempt)

    async def read(self, place: Place) -> str | None:
        """The text of a page; None when it is not there.

        Raises:
            Superseded: the execution belongs to another attempt.
            Unavailable: the database can't be read.
        """
        return await self._wished(execution=place.execution, place=place)

    async def write(self, place: Place, text: str) -> None:
        """Write a page; durable on return.

        Raises:
            Superseded, Unavailable: as of `read`.
        """
        await self._wished(execution=place.execution, place=place, text=text)

    async def forget(self, execution_id: str) -> None:
        """Drop the journal of an execution.

        Raises:
            Unavailable: the database can't be written to.
        """
        await self._wished(execution=execution_id)

    async def _wished(
        self, *, execution: str, place: Place | None = None, text: str | None = None
    ) -> str | None:
        if self._is_closing.is_set():
            raise Unavailable("This process is about to end.")
        answer: asyncio.Future[str | None] = self._loop.create_future()
        self._wishes.put(_Wish(execution=execution, answer=answer, place=place, text=text))
        return await answer

    # In the thread.

    def _serve(self) -> None:
        is_open = True
        while is_open:
            wishes, is_open = self._gathered()
            if wishes:
                self._tell(wishes, self._answers(wishes))
        self._journal.close()

    def _gathered(self) -> tuple[list[_Wish], bool]:
        """What is wished by now, waited for, of each execution one thing; and whether more may come."""
        wishes: dict[str, _Wish] = {}
        left_bytes = MOST_BYTES
        with suppress(queue.Empty):
            while len(wishes) < MOST_TOGETHER and left_bytes > 0:
                wish = self._next or self._wishes.get(block=not wishes)
                self._next = None
                if wish is None:
                    return list(wishes.values()), False
                if wish.execution in wishes:  # of an attempt that was given up: one after the other
                    self._next = wish
                    break
                wishes[wish.execution] = wish
                left_bytes -= len(wish.text or "")
        return list(wishes.values()), True

    def _answers(self, wishes: Sequence[_Wish]) -> list[Answer]:
        """What becomes of wishes; one that nothing can be done about spoils no other."""
        try:
            return self._tried(wishes)
        except Exception as error:  # noqa: BLE001  # it is raised to each that waits, as what it is to them
            if len(wishes) > 1:
                return [answer for wish in wishes for answer in self._answers([wish])]
            return [told(error)]

    def _tried(self, wishes: Sequence[_Wish]) -> list[Answer]:
        """The same, once the database is there, for as long as this process is."""
        pause_s = 0.0  # a connection that is kept may have been lost long ago
        while True:
            try:
                with self._journal.lent() as connection:
                    return self._done(connection, wishes)
            except SQLAlchemyError as error:
                if not may_pass(error) or self._is_closing.is_set():
                    raise
                if pause_s:
                    log.warning("journals of executions wait for their database: %s", type(error).__name__)
            self._is_closing.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S) or FIRST_PAUSE_S

    def _done(self, connection: sqlalchemy.Connection, wishes: Sequence[_Wish]) -> list[Answer]:
        table = self._table
        pages = [(one.place, one.text) for one in wishes if one.place and one.text is not None]
        added = table.add(connection, pages) if pages else set[str]()
        # What was not added is there already, or is somebody else's.
        unsure = [one.place for one in wishes if one.place and one.execution not in added]
        rows = table.rows(connection, unsure) if unsure else {}
        ended = [one.execution for one in wishes if one.place is None]
        if ended:
            table.forget(connection, ended)
        return [None if one.execution in added else _answer(one, rows) for one in wishes]

    def _tell(self, wishes: Sequence[_Wish], answers: Sequence[Answer]) -> None:
        def tell() -> None:
            for wish, answer in zip(wishes, answers, strict=True):
                if wish.answer.done():
                    continue  # nobody waits for it any more
                if isinstance(answer, BaseException):
                    wish.answer.set_exception(answer)
                else:
                    wish.answer.set_result(answer)

        with suppress(RuntimeError):  # the event loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(tell)


def _answer(wish: _Wish, rows: dict[str, Row]) -> Answer:
    place = wish.place
    if place is None:
        return None
    owner, text = rows.get(place.execution, (None, None))
    if owner != place.owner:
        return Superseded()
    if wish.text is None or wish.text == text:
        return text  # written before, perhaps by this very wish: the server was gone before it could say so
    return Unavailable(f"Page {place.number} of {place.execution} tells something else.")


class AttemptJournal:
    """The journal of one attempt; see `headrace.core.durable.Journal`."""

    def __init__(self, pages: Pages, attempt: Attempt) -> None:
        self._pages = pages
        self._attempt = attempt
        self._number = 1
        self._is_new = attempt.is_first

    async def page(self, write: Callable[[], Awaitable[bytes]]) -> bytes:
        """The next page.

        Raises:
            Superseded: another process carries out the execution by now.
            Unavailable: the database can't keep it.
        """
        attempt = self._attempt
        place = Place(execution=attempt.execution, owner=attempt.owner, number=self._number)
        known = None if self._is_new else await self._pages.read(place)
        if known is None:
            self._is_new = True  # what comes after the first page that was not there isn't either
            page = await write()
            await self._pages.write(place, page.decode())
        else:
            page = known.encode()
        self._number += 1
        return page
