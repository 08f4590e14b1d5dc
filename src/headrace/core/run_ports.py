"""What the inside needs of a store to keep runs. See `headrace.core.ports` for what holds of all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from headrace.core.durable import Ticket
from headrace.core.processes import Process
from headrace.core.records import EventBatch, Execution, Session


class Executions(Protocol):
    """Runs of flows and their events. The last three are of all organisations."""

    def get(self, *, id: str) -> Execution | None: ...

    def by_name(self, *, file_id: str, name: str) -> Execution | None:
        """The newest run of that name."""

    def put(self, execution: Execution) -> None:
        """Add a run, or replace what may change of it: how it ended, its output, what it used, who holds it.

        Raises:
            Clash: ``execution_name``: another durable one has that name, of the same file and pointer.
        """

    def record(self, execution: Execution) -> bool:
        """The same for who carries a run out, told by its ``holder``: False, and nothing changes, when
        another process holds the run by now, or none because this one was taken for gone."""

    def durable(self, *, file_id: str, pointer_id: str, name: str) -> Execution | None:
        """The durable run of that name."""

    def durable_page(
        self, *, file_id: str, pointer_id: str | None, before: tuple[datetime, str] | None, take: int
    ) -> list[Execution]:
        """Durable runs of a file (by one pointer, or by any), newest first, from just after ``before``
        (start, id) on."""

    def count_going(self) -> int:
        """How many durable runs of the organisation have not ended."""

    def page(self, *, file_id: str | None, before: tuple[datetime, str] | None, take: int) -> list[Execution]:
        """Newest first, from just after ``before`` (start, id) on; of one file or of all."""

    def newer(self, *, file_id: str, after: tuple[datetime, str], take: int) -> list[Execution]:
        """Oldest first, from just after a place (start, id) on; of one file."""

    def remove(self, *, id: str) -> None:
        """Forget one run, with its events."""

    def running(self, *, take: int) -> list[Execution]:
        """Up to ``take`` of those that are being carried out, or wait for somebody to, newest first."""

    def append(self, batch: EventBatch) -> None: ...

    def events(self, *, execution_id: str, first: int, take: int) -> list[EventBatch]:
        """Up to ``take`` batches in order, from the one that holds the event ``first`` on."""

    def held(self, *, holder: str) -> list[tuple[str, str, int]]:
        """The durable runs that a process carries out and that have not ended: account, id and attempt."""

    def fail_running(self, *, holder: str | None, at: datetime, error: str) -> list[tuple[str, str]]:
        """The process ``holder`` is gone; None stands for any that left no name. What it ran has failed and
        is held by nobody, except for durable runs. The account and id of each that is not made for a run of
        an evaluation: those are made again."""

    def purge(self, *, before: datetime, most: int) -> int:
        """Forget up to ``most`` runs that ended earlier, with their events; how many they were."""


class Tickets(Protocol):
    """What durable executions need to be carried out; gone with them."""

    def get(self, *, execution_id: str) -> Ticket | None: ...

    def add(self, ticket: Ticket) -> None: ...

    def forget_document(self, *, execution_id: str) -> None:
        """Leave it empty: its execution has ended, and no content is to be kept."""


class Processes(Protocol):
    """The processes that use the store; of no organisation."""

    def put(self, process: Process) -> None:
        """Say that one is there, or still there."""

    def all(self) -> list[Process]:
        """In the order in which they started."""

    def remove(self, *, id: str) -> None: ...


class Sessions(Protocol):
    """Conversations. The last two are of all organisations."""

    def get(self, *, file_id: str, name: str) -> Session | None: ...

    def put(self, session: Session) -> None: ...

    def remove(self, *, file_id: str, name: str) -> None: ...

    def free(self, *, holder: str | None) -> None:
        """The process ``holder`` is gone; None stands for any that left no name. The first turns that it
        carried out are forgotten, the runs of the others wait again and are held by nobody."""

    def expire(self, *, before: datetime, at: datetime, error: str, most: int) -> list[tuple[str, str]]:
        """Forget up to ``most`` conversations that wait since earlier; the account and id of each of their
        runs, which were aborted."""
