"""What the recorder writes about a run at a time, and what becomes of it when that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from headrace.core.execution import Event
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch, Execution

AtRest: TypeAlias = Callable[[Transaction, Execution, Sequence[Event] | None], None]
"""Is given a run as it ended, and all that is recorded of it, or None where that is more than is at hand."""


class Losable(Protocol):
    """What is recorded.

    Attributes:
        is_lost: whether another process holds it by now, or none.
    """

    is_lost: bool


@dataclass(slots=True, kw_only=True)
class Job:
    """Something to write.

    Attributes:
        record: what was recorded, which says whether it is so; may be None.
        also: what is to be written with it, or not at all.
        instead: what is to be written in its place where that was refused; None is the same again.
        answer: told when both are durable.
        size_bytes: about as much memory as it holds.
    """

    account: str
    record: Callable[[Transaction], bool] | None
    also: Callable[[Transaction], None] | None = None
    instead: Callable[[Transaction], None] | None = None
    answer: asyncio.Future[None] | None = None
    size_bytes: int = 0

    def write(self, tx: Transaction) -> None:
        """Write it."""
        is_so = self.record is None or self.record(tx)
        if is_so and self.also is not None:
            self.also(tx)

    def refuse(self, error: Exception) -> None:
        """Tell who waits that it is not durable; what was recorded stays to be tried again."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error)
            self.also = None

    def confirm(self) -> None:
        """Tell who waits that it is durable."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(None)


def rest(job: Job, at_rest: AtRest, row: Execution, events: Sequence[Event] | None) -> None:
    """Have it written with a job that its run has ended or waits."""
    job.also = lambda tx: at_rest(tx, row, events)
    if events is not None:
        job.instead = lambda tx: at_rest(tx, row, None)


def record_of(recording: Losable, row: Execution, batches: list[EventBatch]) -> Callable[[Transaction], bool]:
    """What writes a run as it is now with some of its events, and says whether it was there to be written."""

    def write(tx: Transaction) -> bool:
        recording.is_lost = not tx.executions.record(row)
        for batch in () if recording.is_lost else batches:
            tx.executions.append(batch)
        return not recording.is_lost

    return write
