"""What the inside needs of a store to keep logs. See `headrace.core.ports` for what holds of all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from headrace.core.log_search import LogFilter, LogSlice, Mark
from headrace.core.logs import Log, LogQuery, TraceUsage, Usage
from headrace.core.monitoring import Aggregate, Job, Monitor, Total, Work


class Logs(Protocol):
    """Logs of files of all kinds. Those of files that are gone are kept and never answered."""

    def get(self, *, id: str) -> Log | None: ...

    def some(self, *, ids: Collection[str]) -> list[Log]:
        """Those of these that are there, in no order."""

    def add(self, log: Log, *, at: datetime) -> None:
        """Keep a log, count it for its version, and note that the version was used at ``at``.

        Raises:
            Clash: ``id`` is taken, even by a log of a file that is gone; or ``judgment``: the judged log has
                one of the same evaluator version and origin (automatic or posted).
        """

    def note_use(self, *, file_id: str, version_id: str, at: datetime) -> None:
        """A version was used at that moment, elsewhere: no log of it came here."""

    def update(self, log: Log) -> None:
        """Replace all of a log but its id, kind, file, version, creation, and what it judges in which way."""

    def remove(self, *, id: str) -> None:
        """Forget one log and take it from its version's count. What hangs below it is the caller's."""

    def page(self, query: LogQuery, *, skip: int, take: int) -> tuple[list[Log], int]:
        """One page of a file's logs, newest first, and the number of all matches (of a sample: its own).

        Equal queries draw equal samples, so that the pages of one fit together.
        """

    def walk(self, *, file_id: str, after: str | None, take: int) -> list[Log]:
        """A file's logs, oldest first, from just after its log ``after`` on; none when that one is gone."""

    def find(self, wanted: LogFilter, *, before: Mark | None, take: int, most: int) -> LogSlice:
        """Up to ``take`` logs that are wanted, newest first, from a mark on.

        A store may stop once it has looked at ``most`` logs or a few more, and tell by its mark where.
        """

    def children(self, *, parent_ids: Collection[str]) -> list[Log]:
        """The logs right below any of these, by start time (or creation, without one), then oldest first."""

    def of_trace(self, *, trace_id: str) -> list[Log]:
        """All logs of a trace, in the order of ``children``."""

    def judgments(self, *, judged_ids: Collection[str]) -> list[Log]:
        """The evaluators' logs that judge any of these, oldest first."""

    def judgment(self, *, judged_id: str, version_id: str, is_automatic: bool) -> Log | None:
        """The one of that origin, if there is one."""

    def of_execution(self, *, execution_id: str) -> list[Log]:
        """In the order of ``children``."""

    def traced_ids(self, *, file_id: str, after: str | None, take: int) -> list[str]:
        """Of a file, live or gone, the logs that are in traces, oldest first, from just after one on."""

    def in_traces_of(self, *, flow_id: str, take: int) -> list[Log]:
        """Logs of other, live files whose trace's root belongs to that flow, live or gone; in any order."""

    def usage(self, *, version_ids: Collection[str]) -> Mapping[str, Usage]:
        """Of each version; those that were never used are left out."""

    def usage_of_file(self, *, file_id: str) -> Usage:
        """Over all its versions, hidden ones too."""

    def trace_usage(self, *, trace_ids: Collection[str]) -> Mapping[str, TraceUsage]:
        """What the logs of each trace used."""

    def total(self, *, version_id: str, evaluator_version_id: str) -> Total | None: ...

    def put_total(self, total: Total) -> None: ...

    def aggregates(self, *, version_ids: Collection[str]) -> list[Aggregate]:
        """The totals with at least one judgment on logs of these versions, of live evaluators."""


class Monitors(Protocol):
    """The evaluators attached to files, in the order they were attached."""

    def of_file(self, *, file_id: str) -> list[Monitor]: ...

    def of_evaluator(self, *, evaluator_id: str) -> list[Monitor]:
        """Where it is attached, also to files that are gone."""

    def put(self, monitor: Monitor) -> None:
        """Attach an evaluator, or replace what is known of one that is.

        Raises:
            Clash: ``monitor``: another entry of the file names the same version, or evaluator and
                environment.
        """


class Jobs(Protocol):
    """Work that waits. All but ``put`` and ``of_subject`` are of all organisations."""

    def put(self, job: Job) -> None:
        """Ask for it. When it was asked for already, that is one turn more, due at the earlier moment, with
        no attempt made."""

    def of_subject(self, *, subject: str) -> list[Job]: ...

    def is_due(self, *, work: Work, now: datetime) -> bool:
        """Whether some work of a kind is due that nobody is at."""

    def take(
        self, *, work: Work, now: datetime, until: datetime, most: int, holder: str | None = None
    ) -> list[Job]:
        """Up to ``most`` of a kind that are due and that nobody is at, longest due first; they are leased
        to ``holder``, ``until``."""

    def done(self, job: Job) -> None:
        """It was done in its ``turn``: forget it, or let it wait for its next turn at once."""

    def put_off(self, job: Job, *, due_at: datetime) -> None:
        """It did not work out: one attempt more, nobody is at it, due later."""

    def hasten(self, *, work: Work, now: datetime, beyond: datetime, holder: str | None = None) -> int:
        """Let what waits for a moment after ``beyond`` be due now: what is free of a kind, or leased to
        ``holder``. How much that was."""

    def release(self, *, holder: str | None = None) -> None:
        """The process ``holder`` is gone, and at nothing; None stands for any that left no name."""

    def count(self) -> int:
        """How many wait, of all organisations."""

    def count_by_work(self) -> dict[str, int]:
        """The same by kind of work; a kind of which none waits is not there."""
