"""`headrace.core.durable.Engine` on DBOS: the side of it that is on the event loop.

DBOS keeps which executions were begun, by which process, and the pages of their journals. A process that dies
leaves its executions begun; the others notice, and let one of them go on. Who has ended an execution in the
store drops its journal then: what was lost between the two is found out by the next attempt.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.backends.durable.place import JournalFile, JournalSchema
from headrace.core.durable import Program, Superseded
from headrace.core.errors import Unavailable

if TYPE_CHECKING:
    from headrace.backends.durable.library import Library
    from headrace.backends.durable.page_table import Attempt
    from headrace.backends.durable.reaper import Reaper

T = TypeVar("T")
THREADS = 4
LOOK_S = 1.0
"""So often it is looked whether other processes are gone."""
STRAY_LOOK_S = 5.0
"""So often it is looked for executions that are this process's and that it does not carry out."""
LOOP_LOOK_S = 5.0
"""So often the thread of an execution looks whether the event loop is still there."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

log = logging.getLogger("headrace.durable")


class DbosEngine:
    """Belongs to one event loop; a process can have one at a time.

    Args:
        process: the id of this process.
        capacity: so many executions it carries out at the same time.
        drain_s: seconds that what is carried out is given to end when the engine is closed.
        on_room: called when there is room for more.
        alive: the ids of the processes that are there, as far as the store knows.
    """

    def __init__(
        self,
        place: JournalFile | JournalSchema,
        program: Program,
        *,
        process: str,
        capacity: int,
        drain_s: float,
        on_room: Callable[[], None],
        alive: Callable[[], Awaitable[set[str]]],
    ) -> None:
        self._place = place
        self._program = program
        self._process = process
        self._capacity = capacity
        self._drain_s = drain_s
        self._on_room = on_room
        self._alive = alive
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="headrace-durable")
        self._library: Library | None = None
        self._launching: asyncio.Task[Library] | None = None
        self._looking: set[asyncio.Task[None]] = set()
        self._going: dict[asyncio.Task[None], str] = {}
        self._beginning: set[str] = set()  # until their threads are there
        self._carried: set[threading.Event] = set()  # threads add to it
        self._abandoned: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._later: dict[asyncio.Task[None], str] = {}
        self._idle: set[str] = set()  # at the last look
        self._is_closing = False

    @property
    def room(self) -> int:
        """How many more executions may be begun."""
        taken = len(self._carried) + len(self._beginning)
        return 0 if self._is_closing else max(self._capacity - taken, 0)

    async def start(self) -> None:
        """Begin to carry out, and to take over from processes that are gone.

        Only where there may be anything to take over, DBOS is got ready; else when the first one is begun.
        """
        if self._capacity and (isinstance(self._place, JournalSchema) or self._place.has_unfinished):
            self._launch()

    async def begin(self, account: str, execution_id: str) -> bool:
        """Carry out an execution, here; durable when this returns. False when it was begun before.

        Raises:
            Unavailable: this process is about to end, or DBOS could not be got ready.
        """
        if execution_id in self._going.values() or execution_id in self._beginning:
            return False
        self._beginning.add(execution_id)
        is_new = False
        try:
            library = await self._ready()
            is_new = await self._in_thread(library.begin, account, execution_id)
            return is_new
        finally:
            if not is_new:  # else its thread is on its way
                self._beginning.discard(execution_id)

    async def abandon(self, execution_id: str) -> None:
        """It was stopped, by whomever: cancel it if it is carried out here, and never take it up again."""
        for task in [task for task, carried in self._going.items() if carried == execution_id]:
            self._abandoned.add(execution_id)
            task.cancel()

    async def close(self) -> None:
        """Begin nothing more; hand over what has not ended within the time that is given for it."""
        self._is_closing = True
        if self._launching is None:
            self._end_threads()
            return
        with suppress(Unavailable, asyncio.CancelledError):
            await self._launching
        if self._going:
            await asyncio.wait(self._going, timeout=self._drain_s)
        tasks = [*self._going, *self._later, *self._looking]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._library is not None:  # in a thread that waits for no other
            await asyncio.to_thread(self._library.shut, hands_over=isinstance(self._place, JournalSchema))
        self._end_threads()

    def _end_threads(self) -> None:
        self._threads.shutdown(wait=False)
        if isinstance(self._place, JournalFile):
            self._place.remove()

    async def _in_thread(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            going = loop.run_in_executor(self._threads, partial(work, *given, **named))
        except RuntimeError as error:  # they have ended, or the system gives no more
            raise Unavailable("This process has no thread for it now.") from error
        return await going

    # Getting ready.

    def _launch(self) -> asyncio.Task[Library]:
        known = self._launching
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            known = self._launching = asyncio.create_task(self._launched())
            known.add_done_callback(_told)
        return known

    async def _ready(self) -> Library:
        if self._is_closing:
            raise Unavailable("This process is about to end.")
        return await asyncio.shield(self._launch())

    async def _launched(self) -> Library:
        try:
            library, reaper = await self._in_thread(self._open, asyncio.get_running_loop())
        except Unavailable as error:
            log.warning("the journal of executions can't be opened now: %s", error.message)
            raise
        except Exception as error:
            log.exception("the journal of executions can't be opened")
            raise Unavailable("The journal of executions can't be opened.") from error
        if reaper is not None:
            self._looking.add(asyncio.create_task(self._reap(reaper)))
        self._looking.add(asyncio.create_task(self._gather(library)))
        return library

    def _open(self, loop: asyncio.AbstractEventLoop) -> tuple[Library, Reaper | None]:
        """In a thread: what takes long to import and to get ready."""
        module = importlib.import_module("headrace.backends.durable.library")
        library: Library = module.Library(
            self._place,
            process=self._process,
            capacity=self._capacity,
            room=lambda: self.room,
            carry=partial(self._carry, loop),
            loop=loop,
        )
        self._library = library  # it may take up something before it has said that it is there
        try:
            # Before anything is taken up here, others can see that this process lives.
            reaper = self._lock(library)
            library.launch()
            if reaper is None:
                _take_over(library, self._process)
        except BaseException:
            self._library = None
            library.shut(hands_over=False)
            raise
        return library, reaper

    def _lock(self, library: Library) -> Reaper | None:
        if isinstance(self._place, JournalFile):
            return None
        module = importlib.import_module("headrace.backends.durable.reaper")
        reaper: Reaper = module.Reaper(self._place, library, process=self._process)
        reaper.hold()
        return reaper

    async def _reap(self, reaper: Reaper) -> None:
        """See to what processes leave that are gone, for as long as this one is there."""

        async def look() -> None:
            await self._in_thread(reaper.look, await self._alive())

        try:
            await _repeated(look, every_s=LOOK_S, what="processes that are gone")
        finally:
            await asyncio.shield(asyncio.to_thread(reaper.close))

    async def _gather(self, library: Library) -> None:
        """See to executions that are this process's and that nothing here carries out.

        DBOS does not know of them when it did not hear that it has taken them, or got no thread for them.
        """

        async def look() -> None:
            idle = await self._in_thread(library.idle)
            idle.difference_update(self._going.values(), self._beginning, self._later.values())
            strays, self._idle = idle & self._idle, idle - self._idle  # others may be on their way
            for execution_id in sorted(strays):
                if await self._in_thread(library.again, execution_id):
                    log.warning("execution %s was taken, but not carried out: it goes on", execution_id)

        await _repeated(look, every_s=STRAY_LOOK_S, what="executions that nobody carries out")

    # Carrying out.

    def _carry(self, loop: asyncio.AbstractEventLoop, attempt: Attempt) -> None:
        """In the thread of an execution: until its attempt is over."""
        over = threading.Event()
        self._carried.add(over)
        self._beginning.discard(attempt.execution)
        loop.call_soon_threadsafe(self._enter, attempt, over)
        while not over.wait(LOOP_LOOK_S) and not loop.is_closed():
            continue

    def _enter(self, attempt: Attempt, over: threading.Event) -> None:
        if self._is_closing:
            over.set()
            return
        task = asyncio.create_task(self._attempt(attempt))
        self._going[task] = attempt.execution
        task.add_done_callback(partial(self._leave, over))

    def _leave(self, over: threading.Event, task: asyncio.Task[None]) -> None:
        self._abandoned.discard(self._going.pop(task))
        self._carried.discard(over)
        over.set()
        _told(task)
        self._on_room()

    async def _attempt(self, attempt: Attempt) -> None:
        assert self._library is not None
        pages, execution_id = self._library.pages, attempt.execution
        try:
            await self._program(attempt.account, execution_id, pages.of_attempt(attempt))
        except Superseded:
            self._failures.pop(execution_id, None)
            log.info("execution %s is carried out elsewhere", execution_id)
            return
        except asyncio.CancelledError:
            if execution_id not in self._abandoned:
                raise
        except Exception as error:  # noqa: BLE001  # logged there
            self._try_later(execution_id, error)
            return
        self._failures.pop(execution_id, None)
        try:
            await pages.forget(execution_id)
        except Exception as error:  # noqa: BLE001  # logged there
            self._try_later(execution_id, error)

    def _try_later(self, execution_id: str, error: Exception) -> None:
        """It could not be carried out, for no reason of its own: again, ever less often."""
        self._failures[execution_id] += 1
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (self._failures[execution_id] - 1), LONGEST_PAUSE_S)
        is_known = isinstance(error, Unavailable)
        log.warning(
            "execution %s is taken up again in %g s: %s",
            execution_id,
            pause_s,
            error,
            exc_info=None if is_known else error,
        )
        task = asyncio.create_task(self._again(execution_id, pause_s))
        self._later[task] = execution_id
        task.add_done_callback(self._later.pop)

    async def _again(self, execution_id: str, pause_s: float) -> None:
        assert self._library is not None
        await asyncio.sleep(pause_s)
        try:
            await self._in_thread(self._library.again, execution_id)
        except Exception as error:  # noqa: BLE001  # logged there
            self._try_later(execution_id, error)


async def _repeated(look: Callable[[], Awaitable[None]], *, every_s: float, what: str) -> None:
    """Look again and again, whatever comes of it."""
    while True:
        try:
            await look()
        except Unavailable as error:
            log.warning("nobody can look now for %s: %s", what, error.message)
        except Exception:
            log.exception("a bug while looking for %s", what)
        await asyncio.sleep(every_s)


def _take_over(library: Library, process: str) -> None:
    """Go on with what an earlier start left: nobody else has the file, so whoever had it is gone."""
    taken = library.hand_over(library.holders() - {process})
    if taken:
        log.info("%d executions of the last start go on", taken)


def _told(task: asyncio.Task[Any]) -> None:
    """What went wrong was logged where it did."""
    if not task.cancelled():
        task.exception()
