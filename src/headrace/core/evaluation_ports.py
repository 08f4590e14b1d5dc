"""What the inside needs of a store to keep evaluations and runs.

See `headrace.core.ports` for what holds of it all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from headrace.core.evaluations import Awaited, Evaluation, Judged, Run, RunLink, Seat, Slot


class Evaluations(Protocol):
    """Evaluations, who judges in them, and which runs they have. Those of files that are gone are kept and
    never answered."""

    def get(self, *, id: str) -> Evaluation | None: ...

    def by_name(self, *, file_id: str, name: str) -> Evaluation | None: ...

    def add(self, evaluation: Evaluation) -> None:
        """Raises Clash: ``evaluation_name``: the file has another one of that name."""

    def update(self, evaluation: Evaluation) -> None: ...

    def remove(self, *, id: str) -> None:
        """Forget an evaluation, its seats and its links. Its runs stay."""

    def page(self, *, file_id: str, skip: int, take: int) -> tuple[list[Evaluation], int]:
        """One page of a file's evaluations, newest first, and how many there are."""

    def seats(self, *, evaluation_id: str) -> list[Seat]:
        """In the order in which they were added."""

    def put_seat(self, seat: Seat) -> None:
        """Add one, after all others; or replace the one of the same version where it stands."""

    def remove_seat(self, *, evaluation_id: str, version_id: str) -> None: ...

    def links(self, *, evaluation_id: str) -> list[RunLink]:
        """Newest first: the last one added comes first."""

    def put_link(self, link: RunLink) -> None:
        """Add one, or replace the one of the same run where it stands."""

    def remove_link(self, *, evaluation_id: str, run_id: str) -> None: ...

    def runs_count(self, *, evaluation_ids: Collection[str]) -> Mapping[str, int]:
        """How many runs each has; those without any are left out."""

    def with_run(self, *, run_id: str) -> list[Evaluation]:
        """The evaluations that a run is part of, oldest first."""

    def with_evaluator(self, *, evaluator_id: str) -> list[Evaluation]:
        """The evaluations in which any version of an evaluator judges, oldest first."""


class Runs(Protocol):
    """Runs, the logs in them, and what they still need. Those of files that are gone are answered, too."""

    def get(self, *, id: str) -> Run | None: ...

    def some(self, *, ids: Collection[str]) -> list[Run]:
        """Those of these that are there, in no order."""

    def add(self, run: Run, *, slots: Sequence[Slot]) -> None:
        """Keep a run with the slots of its datapoints, maybe a hundred thousand."""

    def add_slots(self, run: Run, *, slots: Sequence[Slot]) -> None:
        """Keep more of its slots: of a run that is kept, and does not count yet."""

    def update(self, run: Run) -> None:
        """Replace its status."""

    def open_of_version(self, *, version_id: str) -> list[Run]:
        """The runs of a version that are pending or running and not orchestrated, oldest first."""

    def last_completed(self, *, version_id: str, dataset_id: str) -> Run | None:
        """The newest completed run of a version on any version of a dataset."""

    def slots(self, *, run_id: str, after: int = -1, take: int) -> list[Slot]:
        """By place, from just after one on."""

    def filled(self, *, run_ids: Sequence[str], skip: int, take: int) -> tuple[list[Slot], int]:
        """One page of the slots that have a log, in the order of these runs, then by place; and how many."""

    def slot(self, *, run_id: str, datapoint_id: str) -> Slot | None: ...

    def put_slot(self, slot: Slot) -> None:
        """Add a slot, or replace the one at its place.

        Raises:
            Clash: ``slot``: another place of the run has the datapoint or the log.
        """

    def next_place(self, *, run_id: str) -> int:
        """One more than the last."""

    def slots_of_logs(self, *, log_ids: Collection[str]) -> list[Slot]:
        """The slots of all runs that have any of these logs."""

    def wanting(self, *, version_id: str, datapoint_id: str) -> list[Slot]:
        """The slots of a datapoint that have no log, of the runs of `open_of_version`, oldest run first."""

    def first_wanting(self, *, version_id: str, fingerprint: str, before: datetime) -> Slot | None:
        """The first slot of that fingerprint that has no log, of the oldest run of `open_of_version` that has
        one and was made before a moment."""

    def is_undone(self, *, run_id: str) -> bool:
        """Whether one of the slots below the run's ``size`` is not done."""

    def awaiting(self, awaited: Collection[Awaited]) -> None:
        """These are needed, if they are not already."""

    def met(self, awaited: Collection[Awaited]) -> None:
        """These are not needed any more; those that were not are ignored."""

    def forget_awaited(self, *, run_id: str, version_id: str | None = None) -> None:
        """Nothing is needed of a version of an evaluator any more, or nothing at all."""

    def is_awaiting(self, *, run_id: str) -> bool:
        """Whether any judgment is needed."""

    def judged(self, *, run_id: str, evaluator_ids: Collection[str]) -> list[Judged]:
        """The judgments of any version of these evaluators on a run's logs, by place, then oldest first."""
