"""Evaluations and runs, in SQL. The slots of a new run are written by one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from headrace.core.evaluations import Awaited, Evaluation, Judged, Run, RunLink, Seat, Slot
from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import Row, mapper, microseconds

EVALUATION = mapper(Evaluation)
JUDGED = mapper(Judged)
LINK = mapper(RunLink)
RUN = mapper(Run)
SEAT = mapper(Seat)
SLOT = mapper(Slot)

PLACE_DIGITS = 10
FINGERPRINT_DIGITS = 32


class Evaluations(SqlCollection):
    def get(self, *, id: str) -> Evaluation | None:
        row = self._one("evaluation", id=id)
        return EVALUATION.load(row) if row else None

    def by_name(self, *, file_id: str, name: str) -> Evaluation | None:
        row = self._one("evaluation_by_name", file_id=file_id, name=name)
        return EVALUATION.load(row) if row else None

    def add(self, evaluation: Evaluation) -> None:
        self._run("add_evaluation", **EVALUATION.dump(evaluation))

    def update(self, evaluation: Evaluation) -> None:
        changed = {"name": evaluation.name, "updated_at": microseconds(evaluation.updated_at)}
        self._run("update_evaluation", id=evaluation.id, **changed)

    def remove(self, *, id: str) -> None:
        self._run("remove_evaluation", id=id)

    def page(self, *, file_id: str, skip: int, take: int) -> tuple[list[Evaluation], int]:
        ((total,),) = self._all("count_of_evaluations", file_id=file_id)
        rows = self._all("page_of_evaluations", file_id=file_id, skip=skip, take=take)
        return [EVALUATION.load(row) for row in rows], int(total)

    def seats(self, *, evaluation_id: str) -> list[Seat]:
        return [SEAT.load(row) for row in self._all("seats_of_evaluation", evaluation_id=evaluation_id)]

    def put_seat(self, seat: Seat) -> None:
        self._run("put_seat", **SEAT.dump(seat))

    def remove_seat(self, *, evaluation_id: str, version_id: str) -> None:
        self._run("remove_seat", evaluation_id=evaluation_id, version_id=version_id)

    def links(self, *, evaluation_id: str) -> list[RunLink]:
        return [LINK.load(row) for row in self._all("links_of_evaluation", evaluation_id=evaluation_id)]

    def put_link(self, link: RunLink) -> None:
        if link.is_control:
            self._run("free_control", evaluation_id=link.evaluation_id)
        self._run("put_run_link", **LINK.dump(link))

    def remove_link(self, *, evaluation_id: str, run_id: str) -> None:
        self._run("remove_run_link", evaluation_id=evaluation_id, run_id=run_id)

    def runs_count(self, *, evaluation_ids: Collection[str]) -> Mapping[str, int]:
        rows = self._all("counts_of_runs", evaluation_ids=_json(set(evaluation_ids)))
        return {evaluation_id: int(count) for evaluation_id, count in rows if count}

    def with_run(self, *, run_id: str) -> list[Evaluation]:
        return _by_creation(self._all("evaluations_with_run", run_id=run_id))

    def with_evaluator(self, *, evaluator_id: str) -> list[Evaluation]:
        return _by_creation(self._all("evaluations_with_evaluator", evaluator_id=evaluator_id))


class Runs(SqlCollection):
    def get(self, *, id: str) -> Run | None:
        found = self.some(ids=[id])
        return found[0] if found else None

    def some(self, *, ids: Collection[str]) -> list[Run]:
        return [RUN.load(row) for row in self._all("runs_by_id", ids=_json(set(ids)))]

    def add(self, run: Run, *, slots: Sequence[Slot]) -> None:
        self._run("add_run", **RUN.dump(run))
        self.add_slots(run, slots=slots)

    def add_slots(self, run: Run, *, slots: Sequence[Slot]) -> None:
        if slots:
            self._run("add_slots", run_id=run.id, size=run.size, rows=_json(map(_slot_row, slots)))

    def update(self, run: Run) -> None:
        self._run("update_run", id=run.id, status=run.status.value)

    def open_of_version(self, *, version_id: str) -> list[Run]:
        return [RUN.load(row) for row in self._all("open_runs_of_version", version_id=version_id)]

    def last_completed(self, *, version_id: str, dataset_id: str) -> Run | None:
        row = self._one("last_completed_run", version_id=version_id, dataset_id=dataset_id)
        return RUN.load(row) if row else None

    def slots(self, *, run_id: str, after: int = -1, take: int) -> list[Slot]:
        rows = self._all("slots_of_run", run_id=run_id, after=after, take=take)
        return [SLOT.load(row) for row in rows]

    def filled(self, *, run_ids: Sequence[str], skip: int, take: int) -> tuple[list[Slot], int]:
        counts: dict[str, int] = dict(self._all("counts_of_filled", run_ids=_json(set(run_ids))))
        found: list[Slot] = []
        before = 0
        for run_id in run_ids:
            skipped, wanted = max(0, skip - before), take - len(found)
            before += counts[run_id]
            if wanted > 0 and skipped < counts[run_id]:
                rows = self._all("filled_slots", run_id=run_id, skip=skipped, take=wanted)
                found += map(SLOT.load, rows)
        return found, before

    def slot(self, *, run_id: str, datapoint_id: str) -> Slot | None:
        row = self._one("slot_of_datapoint", run_id=run_id, datapoint_id=datapoint_id)
        return SLOT.load(row) if row else None

    def put_slot(self, slot: Slot) -> None:
        self._run("put_slot", **SLOT.dump(slot))

    def next_place(self, *, run_id: str) -> int:
        row = self._one("last_slot", run_id=run_id)
        return 0 if row is None else int(row[0]) + 1

    def slots_of_logs(self, *, log_ids: Collection[str]) -> list[Slot]:
        return [SLOT.load(row) for row in self._all("slots_of_logs", ids=_json(set(log_ids)))]

    def wanting(self, *, version_id: str, datapoint_id: str) -> list[Slot]:
        rows = self._all("slots_wanting", version_id=version_id, datapoint_id=datapoint_id)
        return [SLOT.load(row) for row in rows]

    def first_wanting(self, *, version_id: str, fingerprint: str, before: datetime) -> Slot | None:
        row = self._one(
            "first_slot_wanting",
            version_id=version_id,
            fingerprint=fingerprint,
            before=microseconds(before),
        )
        return SLOT.load(row) if row else None

    def is_undone(self, *, run_id: str) -> bool:
        return self._one("undone_slot", run_id=run_id) is not None

    def awaiting(self, awaited: Collection[Awaited]) -> None:
        for (run_id, version_id), places in _grouped(awaited):
            self._run("add_awaited", run_id=run_id, version_id=version_id, places=places)

    def met(self, awaited: Collection[Awaited]) -> None:
        for (run_id, version_id), places in _grouped(awaited):
            self._run("remove_awaited", run_id=run_id, version_id=version_id, places=places)

    def forget_awaited(self, *, run_id: str, version_id: str | None = None) -> None:
        if version_id is None:
            self._run("forget_awaited", run_id=run_id)
        else:
            self._run("forget_awaited_of_version", run_id=run_id, version_id=version_id)

    def is_awaiting(self, *, run_id: str) -> bool:
        return self._one("awaited_of_run", run_id=run_id) is not None

    def judged(self, *, run_id: str, evaluator_ids: Collection[str]) -> list[Judged]:
        rows = self._all("judged_in_run", run_id=run_id, evaluator_ids=_json(set(evaluator_ids)))
        return [JUDGED.load(row) for row in rows]


def _by_creation(rows: list[Row]) -> list[Evaluation]:
    found = {one.id: one for one in map(EVALUATION.load, rows)}
    return sorted(found.values(), key=lambda one: (one.created_at, one.id))


def _slot_row(slot: Slot) -> str:
    """What `add_slots` reads; a log's id comes last, because it may hold any character."""
    fingerprint = (slot.fingerprint or "").ljust(FINGERPRINT_DIGITS)
    place = f"{slot.place:0{PLACE_DIGITS}}{slot.is_done:d}"
    return f"{place}{fingerprint}{slot.datapoint_id or ''} {slot.log_id or ''}"


def _grouped(awaited: Collection[Awaited]) -> Iterator[tuple[tuple[str, str], str]]:
    """The places of each run and version, as a JSON text."""
    places = defaultdict(set)
    for one in awaited:
        places[one.run_id, one.version_id].add(one.place)
    for key, found in places.items():
        yield key, msgspec.json.encode(sorted(found)).decode()


def _json(texts: Iterable[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()
