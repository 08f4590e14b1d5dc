"""The memory store's evaluations and runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from headrace.core.evaluations import OPEN, Awaited, Evaluation, Judged, Run, RunLink, RunStatus, Seat, Slot
from headrace.core.ports import Clash
from headrace.storage.memory.tables import Claim, Rows


def _claims(evaluation: Evaluation) -> list[Claim]:
    if evaluation.name is None:
        return []
    return [("evaluation_name", evaluation.file_id, evaluation.name)]


def _slot_claims(slot: Slot) -> list[Claim]:
    names = {"datapoint": slot.datapoint_id, "log": slot.log_id}
    return [("slot", slot.run_id, name, held) for name, held in names.items() if held is not None]


def _by_creation(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    return sorted(evaluations, key=lambda one: (one.created_at, one.id))


class Evaluations:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, id: str) -> Evaluation | None:
        evaluation = self._rows.evaluations.get(id)
        return evaluation if evaluation and evaluation.file_id in self._rows.files else None

    def by_name(self, *, file_id: str, name: str) -> Evaluation | None:
        return self.get(id=self._rows.claims.get(("evaluation_name", file_id, name), ""))

    def add(self, evaluation: Evaluation) -> None:
        self._rows.claims.check(_claims(evaluation))
        if evaluation.id in self._rows.evaluations:
            raise Clash("id")
        self._rows.require_file(evaluation.file_id)
        self._rows.claims.take(evaluation.id, _claims(evaluation))
        self._rows.evaluations.put(evaluation.id, evaluation)

    def update(self, evaluation: Evaluation) -> None:
        known = self._rows.evaluations.get(evaluation.id)
        if known:
            changed = msgspec.structs.replace(known, name=evaluation.name, updated_at=evaluation.updated_at)
            self._rows.claims.check(_claims(changed), owner=known.id)
            self._rows.claims.give_up(_claims(known))
            self._rows.claims.take(known.id, _claims(changed))
            self._rows.evaluations.put(known.id, changed)

    def remove(self, *, id: str) -> None:
        evaluation = self._rows.evaluations.get(id)
        if evaluation:
            for seat in self.seats(evaluation_id=id):
                self.remove_seat(evaluation_id=id, version_id=seat.version_id)
            for link in self.links(evaluation_id=id):
                self.remove_link(evaluation_id=id, run_id=link.run_id)
            self._rows.claims.give_up(_claims(evaluation))
            self._rows.evaluations.drop(id)

    def page(self, *, file_id: str, skip: int, take: int) -> tuple[list[Evaluation], int]:
        found = _by_creation(one for one in self._live() if one.file_id == file_id)
        return found[::-1][skip : skip + take], len(found)

    def seats(self, *, evaluation_id: str) -> list[Seat]:
        found = [seat for seat in self._rows.seats.values() if seat.evaluation_id == evaluation_id]
        return sorted(found, key=lambda seat: self._rows.arrivals[f"seat {evaluation_id} {seat.version_id}"])

    def put_seat(self, seat: Seat) -> None:
        self._require(seat.evaluation_id)
        key = (seat.evaluation_id, seat.version_id)
        if key not in self._rows.seats:
            self._arrive(f"seat {seat.evaluation_id} {seat.version_id}")
        self._rows.seats.put(key, seat)

    def remove_seat(self, *, evaluation_id: str, version_id: str) -> None:
        self._rows.seats.drop((evaluation_id, version_id))

    def links(self, *, evaluation_id: str) -> list[RunLink]:
        found = [link for link in self._rows.run_links.values() if link.evaluation_id == evaluation_id]
        ordered = sorted(found, key=lambda link: self._rows.arrivals[f"link {evaluation_id} {link.run_id}"])
        return ordered[::-1]

    def put_link(self, link: RunLink) -> None:
        self._require(link.evaluation_id)
        if link.run_id not in self._rows.runs:
            raise Clash("reference")
        for other in self.links(evaluation_id=link.evaluation_id) if link.is_control else []:
            freed = msgspec.structs.replace(other, is_control=False)
            self._rows.run_links.put((other.evaluation_id, other.run_id), freed)
        key = (link.evaluation_id, link.run_id)
        if key not in self._rows.run_links:
            self._arrive(f"link {link.evaluation_id} {link.run_id}")
        self._rows.run_links.put(key, link)

    def remove_link(self, *, evaluation_id: str, run_id: str) -> None:
        self._rows.run_links.drop((evaluation_id, run_id))

    def runs_count(self, *, evaluation_ids: Collection[str]) -> Mapping[str, int]:
        return Counter(one for one, _ in self._rows.run_links if one in evaluation_ids)

    def with_run(self, *, run_id: str) -> list[Evaluation]:
        linked = {evaluation_id for evaluation_id, run in self._rows.run_links if run == run_id}
        return _by_creation(one for one in self._live() if one.id in linked)

    def with_evaluator(self, *, evaluator_id: str) -> list[Evaluation]:
        seated = {
            seat.evaluation_id for seat in self._rows.seats.values() if seat.evaluator_id == evaluator_id
        }
        return _by_creation(one for one in self._live() if one.id in seated)

    def _live(self) -> list[Evaluation]:
        return [one for one in self._rows.evaluations.values() if one.file_id in self._rows.files]

    def _require(self, evaluation_id: str) -> None:
        if evaluation_id not in self._rows.evaluations:
            raise Clash("reference")

    def _arrive(self, what: str) -> None:
        last = self._rows.arrivals.get("evaluation", 0) + 1
        self._rows.arrivals.put("evaluation", last)
        self._rows.arrivals.put(what, last)


class Runs:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, id: str) -> Run | None:
        return self._rows.runs.get(id)

    def some(self, *, ids: Collection[str]) -> list[Run]:
        return [run for run in self._rows.runs.values() if run.id in ids]

    def add(self, run: Run, *, slots: Sequence[Slot]) -> None:
        if run.id in self._rows.runs:
            raise Clash("id")
        self._rows.require_file(run.file_id)
        self._rows.runs.put(run.id, run)
        self.add_slots(run, slots=slots)

    def add_slots(self, run: Run, *, slots: Sequence[Slot]) -> None:
        for slot in slots:
            self._rows.claims.check(_slot_claims(slot))
            if slot.place in self._rows.slots[run.id]:
                raise Clash("id")
            self.put_slot(slot)

    def update(self, run: Run) -> None:
        known = self._rows.runs.get(run.id)
        if known:
            self._rows.runs.put(run.id, msgspec.structs.replace(known, status=run.status))

    def open_of_version(self, *, version_id: str) -> list[Run]:
        found = [
            run
            for run in self._rows.runs.values()
            if run.version_id == version_id and run.status in OPEN and not run.is_orchestrated
        ]
        return sorted(found, key=lambda run: (run.created_at, run.id))

    def last_completed(self, *, version_id: str, dataset_id: str) -> Run | None:
        wanted = (version_id, dataset_id, RunStatus.COMPLETED)
        found = [
            run for run in self._rows.runs.values() if (run.version_id, run.dataset_id, run.status) == wanted
        ]
        return max(found, key=lambda run: (run.created_at, run.id), default=None)

    def slots(self, *, run_id: str, after: int = -1, take: int) -> list[Slot]:
        return [slot for slot in self._of(run_id) if slot.place > after][:take]

    def filled(self, *, run_ids: Sequence[str], skip: int, take: int) -> tuple[list[Slot], int]:
        found = [slot for run_id in run_ids for slot in self._of(run_id) if slot.log_id is not None]
        return found[skip : skip + take], len(found)

    def slot(self, *, run_id: str, datapoint_id: str) -> Slot | None:
        return self._holder(run_id, "datapoint", datapoint_id)

    def put_slot(self, slot: Slot) -> None:
        owner = f"{slot.run_id} {slot.place}"
        self._rows.claims.check(_slot_claims(slot), owner=owner)
        self._require(slot.run_id)
        known = self._rows.slots[slot.run_id].get(slot.place)
        self._rows.claims.give_up(_slot_claims(known) if known else [])
        self._rows.claims.take(owner, _slot_claims(slot))
        self._rows.slots[slot.run_id].put(slot.place, slot)

    def next_place(self, *, run_id: str) -> int:
        return max(self._rows.slots[run_id], default=-1) + 1

    def slots_of_logs(self, *, log_ids: Collection[str]) -> list[Slot]:
        found = (self._holder(run_id, "log", one) for run_id in self._rows.runs for one in set(log_ids))
        return [slot for slot in found if slot is not None]

    def wanting(self, *, version_id: str, datapoint_id: str) -> list[Slot]:
        return [
            slot
            for run in self.open_of_version(version_id=version_id)
            for slot in self._of(run.id)
            if slot.datapoint_id == datapoint_id and slot.log_id is None
        ]

    def first_wanting(self, *, version_id: str, fingerprint: str, before: datetime) -> Slot | None:
        found = [
            slot
            for run in self.open_of_version(version_id=version_id)
            for slot in self._of(run.id)
            if run.created_at < before and slot.fingerprint == fingerprint and slot.log_id is None
        ]
        return found[0] if found else None

    def is_undone(self, *, run_id: str) -> bool:
        run = self._rows.runs.get(run_id)
        return run is not None and any(not one.is_done for one in self._of(run_id) if one.place < run.size)

    def awaiting(self, awaited: Collection[Awaited]) -> None:
        for one in awaited:
            self._require(one.run_id)
            self._rows.awaited.put((one.run_id, one.version_id, one.place), one)

    def met(self, awaited: Collection[Awaited]) -> None:
        for one in awaited:
            self._rows.awaited.drop((one.run_id, one.version_id, one.place))

    def forget_awaited(self, *, run_id: str, version_id: str | None = None) -> None:
        for one in list(self._rows.awaited.values()):
            if one.run_id == run_id and version_id in (None, one.version_id):
                self.met([one])

    def is_awaiting(self, *, run_id: str) -> bool:
        return any(one.run_id == run_id for one in self._rows.awaited.values())

    def judged(self, *, run_id: str, evaluator_ids: Collection[str]) -> list[Judged]:
        places: dict[str | None, int] = {
            slot.log_id: slot.place for slot in self._of(run_id) if slot.log_id is not None
        }
        found = [
            log
            for log in self._rows.logs.values()
            if log.judged_id in places and log.file_id in evaluator_ids and log.file_id in self._rows.files
        ]
        ordered = sorted(
            found,
            key=lambda log: (places[log.judged_id], log.created_at, self._rows.arrivals[f"log {log.id}"]),
        )
        return [
            Judged(
                place=places[log.judged_id],
                log_id=log.id,
                evaluator_id=log.file_id,
                version_id=log.version_id,
                is_automatic=log.is_automatic,
                has_error=log.has_error,
                judgment=log.judgment,
            )
            for log in ordered
        ]

    def _holder(self, run_id: str, name: str, held: str) -> Slot | None:
        """The slot of a run that has a datapoint or a log."""
        owner = self._rows.claims.get(("slot", run_id, name, held))
        return None if owner is None else self._rows.slots[run_id][int(owner.rpartition(" ")[2])]

    def _of(self, run_id: str) -> list[Slot]:
        return [slot for _, slot in sorted(self._rows.slots[run_id].items())]

    def _require(self, run_id: str) -> None:
        if run_id not in self._rows.runs:
            raise Clash("reference")
