"""What one attempt records of a durable execution.

The attempts before it have recorded the first events already: an attempt tells the same ones again, and only
what comes behind them is written. What happens is in the store within a second, for whoever watches; when
the store can't keep up, the run waits. Each write makes sure, in its transaction, that the attempt is still
the one that counts: a process that was taken for dead, and is not, changes nothing any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from headrace.core.durable import Superseded
from headrace.core.errors import Unavailable
from headrace.core.execution import Event, FlowFailed, Status, only
from headrace.core.jsontext import json_text
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch, Execution
from headrace.services.base import Ports, commit
from headrace.services.durable.durable_ends import settle
from headrace.services.durable.holding import Over
from headrace.services.records.run_facts import FACTS, Facts
from headrace.services.runs.keeping import Keeps, without_content
from headrace.services.telemetry.telemetry import RunTelling

DELAY_S = 0.5
"""How long an event waits for others at the most; writing takes its time on top. The end does not wait."""
RETRY_S = 1.0
BATCH = 500
"""So many events are one row."""
BATCH_BYTES = 1024 * 1024
"""A row with so much in it takes no more events."""
TOGETHER_BYTES = 4 * 1024 * 1024
"""So much is written at a time: everybody else waits while it is."""
MOST_EVENTS = 10_000
MOST_BYTES = 8 * 1024 * 1024
"""With so many events, or so much in them, waiting to be written, the run waits."""

log = logging.getLogger("headrace.durable")


class OutOfStep(Unavailable):
    """The store has not what this attempt has written: its server forgot what it had said to keep, or kept
    what it could not say. The next attempt goes on from what is there."""


class Record:
    """Belongs to one attempt and one event loop.

    Args:
        execution: the row as it was taken up.
        telling: hears of what this attempt adds.
    """

    def __init__(
        self, ports: Ports, account: str, execution: Execution, *, keeps: Keeps, telling: RunTelling
    ) -> None:
        self._ports = ports
        self._account = account
        self._execution = execution
        self._keeps = keeps
        self._telling = telling
        # All of it is told again, from the beginning.
        blank = msgspec.structs.replace(execution, input_tokens=0, output_tokens=0, cost_usd=None)
        self._facts = Facts(blank, keeps=keeps)
        self._known = execution.events_count
        self._count = execution.events_count
        self._texts: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._is_urgent = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether the end of the execution is among what was noted."""
        return self._facts.status.is_final

    async def add(self, events: Sequence[Event]) -> None:
        """Note what happened; returns once there is room for more."""
        for event in only(FACTS, events):
            self._facts.learn(event)
        self._telling.hear(events, known=min(self._known, len(events)))
        fresh = events[self._known :]
        self._known -= len(events) - len(fresh)
        self._note(fresh)
        while len(self._texts) > MOST_EVENTS or self._waiting_bytes > MOST_BYTES:
            self._room.clear()
            self._is_urgent.set()
            await self._room.wait()

    def fail(self, event: FlowFailed) -> None:
        """Note that it ends here, whatever earlier attempts have recorded behind this point."""
        if not self.is_over:
            self._facts.learn(event)
            self._known = 0
            self._telling.hear((event,))
            self._note((event,))

    def _note(self, events: Sequence[Event]) -> None:
        if self._keeps is not Keeps.NONE:
            for event in events:
                text = json_text(event if self._keeps is Keeps.ALL else without_content(event))
                self._texts.append(text)
                self._waiting_bytes += len(text)
        if events or self.is_over:
            self._news.set()
        if self.is_over:
            self._is_urgent.set()

    async def keep(self) -> None:
        """Write what is added, until the end of the execution is written.

        Raises:
            Superseded: another attempt counts by now.
            Over: it was ended by somebody else.
            OutOfStep: what is there is not what was written.
        """
        while True:
            await self._news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(DELAY_S):
                    await self._is_urgent.wait()
            self._is_urgent.clear()
            self._news.clear()
            while self._texts or self.is_over:
                if await self._written():
                    return

    async def _written(self) -> bool:
        """Write some of what waits, once the store can; whether that was the end."""
        texts = self._next()
        is_last = len(texts) == len(self._texts)
        batches = _batches(self._execution.id, self._count, texts)
        row = self._row(self._count + len(texts), is_last=is_last)
        while True:
            try:
                await commit(self._ports, self._account, lambda tx: self._write(tx, row, batches))
                break
            except OutOfStep:
                raise
            except Unavailable as error:
                log.warning("execution %s waits to be recorded: %s", self._execution.id, error.message)
                await asyncio.sleep(RETRY_S)
        for text in texts:
            self._texts.popleft()
            self._waiting_bytes -= len(text)
        self._count += len(texts)
        self._room.set()
        return row.status.is_final

    def _next(self) -> list[bytes]:
        texts: list[bytes] = []
        left_bytes = TOGETHER_BYTES
        for text in self._texts:
            left_bytes -= len(text)
            if texts and left_bytes < 0:
                break
            texts.append(text)
        return texts

    def _row(self, events_count: int, *, is_last: bool) -> Execution:
        row = self._facts.row(events_count=events_count, now=self._ports.clock.now())
        known = self._execution
        if not is_last:  # it ends with its last event
            row = msgspec.structs.replace(row, status=Status.RUNNING, ended_at=None)
        # What a later attempt has come to again is no more than that.
        return msgspec.structs.replace(
            row,
            input_tokens=max(row.input_tokens, known.input_tokens),
            output_tokens=max(row.output_tokens, known.output_tokens),
            cost_usd=max((cost for cost in (row.cost_usd, known.cost_usd) if cost is not None), default=None),
        )

    def _write(self, tx: Transaction, row: Execution, batches: Sequence[EventBatch]) -> None:
        known = tx.executions.get(id=row.id)
        if known is None or known.status.is_final:
            raise Over
        if known.attempt != row.attempt:
            raise Superseded
        if known.events_count != self._count:
            raise OutOfStep(f"{known.events_count} events are in the store, not {self._count}.")
        tx.executions.put(row)
        for batch in batches:
            tx.executions.append(batch)
        if row.status.is_final:
            settle(tx, self._ports, row)


def _batches(execution_id: str, first: int, texts: Sequence[bytes]) -> list[EventBatch]:
    """Events as rows: each with some of them, the large ones with fewer."""
    batches: list[EventBatch] = []
    some: list[bytes] = []
    size_bytes = 0
    for number, text in enumerate(texts, 1):
        some.append(text)
        size_bytes += len(text)
        if len(some) == BATCH or size_bytes >= BATCH_BYTES or number == len(texts):
            body = b"[%b]" % b",".join(some)
            batches.append(EventBatch(execution_id=execution_id, first=first, size=len(some), body=body))
            first += len(some)
            some, size_bytes = [], 0
    return batches
