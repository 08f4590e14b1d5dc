"""Keeping what happens in runs, off their path.

A run hands each event to its ``Recording`` and goes on. What was handed in is written at most ``DELAY_S``
later, in batches, all runs together; a crash loses no more than that. Nothing a run does ever waits for the
store, unless it asks to (``Recorder.settle``).

When the store can't keep up or can't write, what waits is bounded, in this order: beyond ``MOST_EVENTS`` (or
``MOST_BYTES``) events are kept without their content, beyond twice that no events at all are. That a run took
place, how it ended and what it used is kept for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from headrace.core.clock import Clock
from headrace.core.durable import Superseded
from headrace.core.errors import Unavailable
from headrace.core.execution import Event, Status, only
from headrace.core.jsontext import json_text
from headrace.core.ports import Clash, Store, Transaction
from headrace.core.records import EventBatch, Execution
from headrace.services.bell import Bell
from headrace.services.records.record_jobs import AtRest, Job, record_of, rest
from headrace.services.records.run_facts import FACTS, Facts
from headrace.services.runs.keeping import Keeps, without_content
from headrace.services.telemetry.telemetry import Telemetry

DELAY_S = 0.05
"""How long an event waits for others at the most; writing takes its time on top."""
RETRY_S = 1.0
BATCH = 500
"""So many events are one row."""
AT_ONCE = 4
"""So many events are made texts of before it is looked how long they are: they may be much longer."""
BATCH_BYTES = 1024 * 1024
"""A row with so much in it takes no more events."""
TOGETHER = 20
"""So many rows, with what belongs to them, are written at a time."""
TOGETHER_BYTES = 4 * 1024 * 1024
"""Beyond so much, a row waits for the next time: everybody else waits while rows are written."""
MOST_EVENTS = 100_000
MOST_BYTES = 64 * 1024 * 1024

AT_HAND_BYTES = 64 * 1024
"""A run whose events take more is not at hand: everybody else would wait while something is made of them."""

log = logging.getLogger("headrace.recorder")
_encode = msgspec.json.Encoder().encode


_Over = tuple[str, Callable[[], Execution], Sequence[Event]]
"""A run that is over: its organisation, what makes its row as it began, and all that happened."""


class Recording:
    """What is recorded of one run.

    Attributes:
        is_noted: whether the recorder knows that there is something new.
        is_lost: whether another process holds the run by now, or none: nothing is recorded any more.
        whole: all that is recorded of it; None where that is not at hand.
    """

    def __init__(self, recorder: Recorder, account: str, execution: Execution, *, began_ns: int = 0) -> None:
        self.account = account
        self.is_noted = False
        self.is_lost = False
        self.whole: Sequence[Event] | None = None
        self._recorder = recorder
        self._execution = execution
        self._count = execution.events_count
        self._events: list[Event] = []
        self._facts = Facts(execution, keeps=recorder.keeps)
        self._telling = recorder.telemetry.run(execution, began_ns=began_ns)

    @property
    def id(self) -> str:
        """The execution's id."""
        return self._execution.id

    @property
    def status(self) -> Status:
        """Where the run is."""
        return self._facts.status

    def add(self, *events: Event) -> None:
        """Note what happened."""
        for event in only(FACTS, events):
            self._facts.learn(event)
        self._telling.hear(events)
        self._events += self._recorder.thin(events)
        if not self.is_noted:
            self._recorder.note(self)

    def take(self) -> Iterator[list[EventBatch]]:
        """The events since this was last asked, a batch at a time; the row is to be written anyway."""
        events, self._events = self._events, []
        self.whole = None if self._count else events
        if not events:
            yield []
        while events:
            texts, are_all = self._recorder.texts(events)
            if not are_all:
                self.whole = None
            events = events[len(texts) :]
            yield [self._batch(texts)]

    def _batch(self, texts: list[bytes]) -> EventBatch:
        body = b"[%b]" % b",".join(texts)
        if len(body) > AT_HAND_BYTES:
            self.whole = None
        batch = EventBatch(execution_id=self.id, first=self._count, size=len(texts), body=body)
        self._count += len(texts)
        return batch

    def row(self) -> Execution:
        """The run as it is now."""
        return self._facts.row(events_count=self._count, now=self._recorder.clock.now())


class Recorder:
    """Writes what recordings hand in. Belongs to one event loop.

    Attributes:
        keeps: how much is kept.
        dropped: how many events were not kept, or not whole, because the store did not keep up.
        telemetry: hears of all runs.

    Args:
        at_rest: called in the transaction that writes the last there is of a run that has ended or waits.
        bell: rung once that is durable.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        keeps: Keeps = Keeps.ALL,
        at_rest: AtRest | None = None,
        bell: Bell | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.keeps = keeps
        self.telemetry = telemetry or Telemetry()
        self.clock = clock
        self.dropped = 0
        self._store = store
        self._at_rest = at_rest
        self._bell = bell or Bell()
        self._changed: dict[str, Recording] = {}
        self._jobs: deque[Job] = deque()
        self._over: list[_Over] = []
        self._waiting_events = 0
        self._waiting_bytes = 0
        self._is_full = False
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def begin(self, account: str, execution: Execution) -> Recording:
        """Record a run, new or resumed."""
        recording = Recording(self, account, execution)
        self.note(recording)
        return recording

    def add_whole(self, account: str, execution: Callable[[], Execution], events: Sequence[Event]) -> None:
        """Record a run that is over, behind what is being done now: whoever waits for it is told first.

        Args:
            execution: makes its row as it began.
            events: all that happened.
        """
        if not self._over:
            asyncio.get_running_loop().call_soon(self._note_over)
        self._over.append((account, execution, events))

    def _note_over(self) -> None:
        over, self._over = self._over, []
        for account, execution, events in over:
            try:
                recording = Recording(self, account, execution(), began_ns=events[0].at_ns)
                recording.add(*events)
            except Exception:  # whatever is wrong with one must not keep the others from being recorded
                log.exception("a bug while a run was recorded")

    def thin(self, events: Sequence[Event]) -> Sequence[Event]:
        """As much of some events as is kept."""
        if self.keeps is Keeps.NONE:
            return ()
        if self._waiting_events + len(events) <= MOST_EVENTS and self._waiting_bytes < MOST_BYTES:
            self._waiting_events += len(events)
            return events if self.keeps is Keeps.ALL else [without_content(event) for event in events]
        return [kept for event in events if (kept := self._thin(event)) is not None]

    def _thin(self, event: Event) -> Event | None:
        if self._waiting_events < MOST_EVENTS and self._waiting_bytes < MOST_BYTES:
            self._waiting_events += 1
            return event if self.keeps is Keeps.ALL else without_content(event)
        self.dropped += 1
        load = max(self._waiting_events / MOST_EVENTS, self._waiting_bytes / MOST_BYTES)
        if load >= 2:
            return None
        self._waiting_events += 1
        return without_content(event)

    def texts(self, events: Sequence[Event]) -> tuple[list[bytes], bool]:
        """The first of some events as they are written, as many as one row takes; at least one.

        And whether these are all, just as they are.

        They are without their content where there is no room for that. Until now it cost nothing: all events
        with one large value in them shared it.
        """
        texts = self._plain(events)
        are_all = len(texts) == len(events)
        size_bytes, left_bytes = sum(map(len, texts)), MOST_BYTES - self._waiting_bytes
        for event in () if texts else events[:BATCH]:
            text = b"" if self._is_full else json_text(event)
            if self._is_full or size_bytes + len(text) > left_bytes:
                text = self._lean(event)
            texts.append(text)
            size_bytes += len(text)
            if size_bytes >= BATCH_BYTES:
                break
        self._waiting_events -= len(texts)
        self._waiting_bytes += size_bytes
        return texts, are_all

    def _plain(self, events: Sequence[Event]) -> list[bytes]:
        """The first of some events, as long as nothing is the matter with any."""
        texts: list[bytes] = []
        left_bytes = 0 if self._is_full else min(BATCH_BYTES, MOST_BYTES - self._waiting_bytes)
        with suppress(UnicodeEncodeError):  # `json_text` knows what to do then
            for first in range(0, min(len(events), BATCH), AT_ONCE):
                some = list(map(_encode, events[first : first + AT_ONCE]))
                left_bytes -= sum(map(len, some))
                if left_bytes < 0:
                    break
                texts += some
        return texts

    def _lean(self, event: Event) -> bytes:
        self._is_full = True  # until something was written: what won't fit need not be made
        rest = without_content(event)
        self.dropped += rest is not event
        return json_text(rest)

    def note(self, recording: Recording) -> None:
        """There is something new in a recording."""
        recording.is_noted = True
        self._changed[recording.id] = recording
        if self._timer is None and self._writing is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self._start)

    def later(self, account: str, work: Callable[[Transaction], None]) -> None:
        """Have something written behind what was recorded so far."""
        self._collect()
        self._jobs.append(Job(account=account, record=None, also=work))
        self._start()

    async def settle(self, recording: Recording, also: Callable[[Transaction], None] | None = None) -> None:
        """Make what was recorded of a run durable, and ``also`` with it.

        Raises:
            Unavailable: the store can't keep it now.
            Superseded: the run was taken from this process, and neither was kept.
        """
        self._collect()
        answer = asyncio.get_running_loop().create_future()
        record = record_of(recording, recording.row(), [])
        self._jobs.append(Job(account=recording.account, record=record, also=also, answer=answer))
        self._start()
        await answer
        if recording.is_lost:
            raise Superseded

    async def flush(self) -> None:
        """Write all that was recorded until now. Returns also when the store can't keep it."""
        self._note_over()
        while self._changed or self._jobs or self._writing:
            self._start()
            assert self._writing is not None
            await asyncio.shield(self._writing)
            if self._timer is not None:  # the store refused, and is asked again later
                return

    async def close(self) -> None:
        """Write what is left."""
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()
            log.error("%d records of runs were lost: the store could not keep them", len(self._jobs))

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        delay_s = DELAY_S
        try:
            self._collect()
            while self._jobs:
                await self._write_some(self._next())
                self._collect()
        except Unavailable as error:
            delay_s = RETRY_S
            log.warning("runs can't be recorded: %s", error.message)
            for job in self._jobs:
                job.refuse(error)
        finally:
            self._writing = None
            if self._changed or self._jobs:
                self._timer = asyncio.get_running_loop().call_later(delay_s, self._start)

    def _next(self) -> list[Job]:
        """The jobs that are written together."""
        jobs: list[Job] = []
        left_bytes = TOGETHER_BYTES
        for job in itertools.islice(self._jobs, TOGETHER):
            left_bytes -= job.size_bytes
            if jobs and (left_bytes < 0 or job.account != jobs[0].account):
                break
            jobs.append(job)
        return jobs

    async def _write_some(self, jobs: list[Job], *, is_again: bool = False) -> None:
        def write(tx: Transaction) -> None:
            for job in jobs:
                job.write(tx)

        notes = self._bell.notes
        try:
            await self._store.write(jobs[0].account, write)
            self._bell.ring_since(notes)
        except Unavailable:
            raise
        except Exception as error:  # whatever is made of a run must not keep its record from being written
            if not is_again:  # each alone; another process may have been faster to something
                if not isinstance(error, Clash):
                    log.exception("a bug while runs were recorded")
                for job in jobs:
                    job.also = job.instead or job.also
                    await self._write_some([job], is_again=True)
                return
            if not isinstance(error, Clash):
                raise
            log.exception("a record of a run was refused")
            jobs[0].refuse(error)
        for job in jobs:
            self._jobs.popleft()
            self._waiting_bytes -= job.size_bytes
            self._is_full = False
            job.confirm()

    def _collect(self) -> None:
        """Turn what recordings hold into jobs."""
        self._note_over()
        changed, self._changed = self._changed, {}
        for recording in changed.values():
            recording.is_noted = False
            for batches in recording.take():
                # Less the marks between events, which were not counted when they came in.
                size_bytes = sum(len(batch.body) - batch.size - 1 for batch in batches)
                row = recording.row()
                record = record_of(recording, row, batches)
                self._jobs.append(Job(account=recording.account, record=record, size_bytes=size_bytes))
            if recording.status is not Status.RUNNING and self._at_rest is not None:
                rest(self._jobs[-1], self._at_rest, row, recording.whole)
