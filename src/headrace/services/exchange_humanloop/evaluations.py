"""Handing in evaluations, their runs, and the logs of those. Nothing is judged or made because of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from headrace.core.access import Principal
from headrace.core.evaluations import OPEN, Awaited, Evaluation, Run, RunLink, Seat, Slot
from headrace.core.files import File
from headrace.core.kinds import KINDS, dataset, evaluator
from headrace.core.kinds.evaluator import read_spec, type_of
from headrace.core.logs import Log
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read
from headrace.services.evaluations import run_progress
from headrace.services.evaluations.new_runs import slots_of
from headrace.services.evaluators.monitoring import JUDGED_HERE
from headrace.services.exchange_humanloop.desk import NOBODY, Desk, Refused
from headrace.services.exchange_humanloop.parts import (
    Act,
    EvaluationPart,
    Outcome,
    RunLinkPart,
    RunLogPart,
    RunPart,
)


def put_evaluation(desk: Desk, part: EvaluationPart) -> Outcome:
    """Make an evaluation with those who judge in it, but for those that are not here."""
    there = desk.tx.evaluations.get(id=part.id)
    if there is not None:
        return _compared(desk, part, there)
    file = _file(desk, part.file_id)
    if file is None:
        return Outcome(id=part.id, act=Act.MADE)
    is_named = part.name is None or desk.tx.evaluations.by_name(file_id=file.id, name=part.name) is None
    notes = [] if is_named else [f"another evaluation has its name `{part.name}` here"]
    made = Evaluation(
        id=part.id,
        file_id=file.id,
        name=part.name if is_named else None,
        created_by=NOBODY if desk.is_rehearsal else desk.user(part.author),
        created_at=part.created_at,
        updated_at=part.updated_at,
    )
    seats = _seats(desk, part)
    if not desk.is_rehearsal:
        notes += [
            f"its evaluator version `{one.version_id}` is not here"
            for one in part.seats
            if one.version_id not in {seat.version_id for seat in seats}
        ]
        desk.tx.evaluations.add(made)
        for seat in seats:
            desk.tx.evaluations.put_seat(seat)
    return Outcome(id=part.id, act=Act.MADE, note="; ".join(notes) or None)


def _file(desk: Desk, id: str) -> File | None:
    """The file that is evaluated; None where a rehearsal takes it for made."""
    file = desk.tx.files.get(id=id)
    if file is None and desk.is_rehearsal:
        return None
    if file is None or file.kind == dataset.KIND.name:
        raise Refused("the file that it evaluates is not here")
    return file


def _seats(desk: Desk, part: EvaluationPart) -> list[Seat]:
    """Those who are here; the server has those judge that it can have judge."""
    seats = []
    for one in part.seats:
        found = desk.version(one.version_id)
        if found is not None and found[1].kind == evaluator.KIND.name:
            can_be = type_of(read_spec(found[0].content)) in JUDGED_HERE
            seats.append(
                Seat(
                    evaluation_id=part.id,
                    evaluator_id=found[1].id,
                    version_id=one.version_id,
                    is_orchestrated=one.is_orchestrated and can_be,
                    added_at=one.added_at,
                )
            )
    return seats


def _compared(desk: Desk, part: EvaluationPart, there: Evaluation) -> Outcome:
    if there.file_id != part.file_id:
        raise Refused(f"here this ID belongs to an evaluation of {there.file_id}")
    here = {
        seat.version_id: seat.is_orchestrated for seat in desk.tx.evaluations.seats(evaluation_id=there.id)
    }
    differing = [] if there.name == part.name else ["name"]
    if here != {seat.version_id: seat.is_orchestrated for seat in _seats(desk, part)}:
        differing.append("list of evaluators")
    if differing:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it has another {' and '.join(differing)}")
    return Outcome(id=part.id, act=Act.UNCHANGED)


async def slots_for(
    ports: Ports, principal: Principal, parts: Iterable[RunPart]
) -> dict[str, Sequence[Slot]]:
    """The slots of the runs that are not here yet, as far as their datasets are here."""
    slots: dict[str, Sequence[Slot]] = {}
    for part in parts:
        version = await read(ports, principal, partial(_dataset_of, part))
        slots[part.id] = await slots_of(ports, principal, part.id, version, {})
    return slots


def _dataset_of(part: RunPart, tx: Transaction) -> Version | None:
    """What a run that is not here yet is of."""
    is_here = tx.runs.get(id=part.id) is not None
    found = None if part.dataset_version_id is None else tx.versions.kept(id=part.dataset_version_id)
    file = None if found is None or found.file_id != part.dataset_id else tx.files.get(id=found.file_id)
    return found if file is not None and file.kind == dataset.KIND.name and not is_here else None


def put_run(desk: Desk, part: RunPart, slots: Sequence[Slot]) -> Outcome:
    """Make a run as it was, over or not, with a slot for each datapoint of its dataset that is here."""
    there = desk.tx.runs.get(id=part.id)
    if there is not None:
        return _compared_run(part, there)
    file = _file(desk, part.file_id)
    if file is None or desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    missing = _missing(desk, part, file)
    desk.tx.runs.add(
        Run(
            id=part.id,
            file_id=part.file_id,
            version_id=part.version_id,
            dataset_id=part.dataset_id,
            dataset_version_id=part.dataset_version_id,
            is_orchestrated=part.is_orchestrated,
            status=part.status,
            size=len(slots),
            created_by=desk.user(part.author),
            created_at=part.created_at,
        ),
        slots=slots,
    )
    return Outcome(id=part.id, act=Act.MADE, note="; ".join(missing) or None)


def _missing(desk: Desk, part: RunPart, file: File) -> list[str]:
    """What a run was of and is not here.

    Raises:
        Refused: it is here, but of another file, or of another kind.
    """
    missing = []
    for version_id, file_id, kind in (
        (part.version_id, file.id, file.kind),
        (part.dataset_version_id, part.dataset_id, dataset.KIND.name),
    ):
        found = None if version_id is None else desk.version(version_id)
        if found is not None and (found[1].id, found[1].kind) != (file_id, kind):
            raise Refused(
                f"here version `{version_id}` belongs to {KINDS[found[1].kind].title} {found[1].id}"
            )
        if found is None and version_id is not None:
            missing.append(f"its {kind} version `{version_id}` is not here")
    return missing


def _compared_run(part: RunPart, there: Run) -> Outcome:
    if there.file_id != part.file_id:
        raise Refused(f"here this ID belongs to a run of {there.file_id}")
    members = ("version_id", "dataset_version_id", "is_orchestrated", "status")
    differing = [name for name in members if getattr(there, name) != getattr(part, name)]
    if differing:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it has another {' and '.join(differing)}")
    return Outcome(id=part.id, act=Act.UNCHANGED)


def put_run_link(desk: Desk, part: RunLinkPart) -> Outcome:
    """Make a run part of an evaluation, and the control there unless another one is."""
    evaluation = desk.tx.evaluations.get(id=part.evaluation_id)
    run = desk.tx.runs.get(id=part.run_id)
    if (evaluation is None or run is None) and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if evaluation is None or run is None or run.file_id != evaluation.file_id:
        raise Refused("its evaluation or its run is not here")
    links = desk.tx.evaluations.links(evaluation_id=evaluation.id)
    there = next((one for one in links if one.run_id == run.id), None)
    if there is not None:
        is_same = there.is_control == part.is_control
        note = None if is_same else f"here it is {'the' if there.is_control else 'no'} control"
        return Outcome(id=part.id, act=Act.UNCHANGED if is_same else Act.DIFFERENT, note=note)
    control = next((one.run_id for one in links if one.is_control), None)
    is_control = part.is_control and control is None
    if not desk.is_rehearsal:
        made = RunLink(
            evaluation_id=evaluation.id, run_id=run.id, is_control=is_control, added_at=part.added_at
        )
        desk.tx.evaluations.put_link(made)
    note = None if is_control == part.is_control else f"the control is run {control} here"
    return Outcome(id=part.id, act=Act.MADE, note=note)


def put_run_log(desk: Desk, part: RunLogPart) -> Outcome:
    """Let a log have its place in a run."""
    run, log = desk.tx.runs.get(id=part.run_id), desk.tx.logs.get(id=part.log_id)
    if (run is None or log is None) and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if run is None or log is None or log.file_id != run.file_id:
        raise Refused("its run or its log is not here")
    if any(slot.run_id == run.id for slot in desk.tx.runs.slots_of_logs(log_ids=[log.id])):
        return Outcome(id=part.id, act=Act.UNCHANGED)
    slot = _slot(desk, part, run)
    if slot.log_id is not None:
        note = f"here log {slot.log_id} has its place"
        return Outcome(id=part.id, act=Act.DIFFERENT, note=note)
    if not desk.is_rehearsal:
        slot = msgspec.structs.replace(slot, log_id=log.id, is_done=run_progress.is_done(log))
        desk.tx.runs.put_slot(slot)
        if run.status in OPEN:
            _await_others(desk, run, slot, log)
    return Outcome(id=part.id, act=Act.MADE)


def _slot(desk: Desk, part: RunLogPart, run: Run) -> Slot:
    """The place of a log's datapoint, or one behind all others."""
    names = [] if part.datapoint_id is None else [part.datapoint_id]
    if part.digest is not None and run.dataset_id is not None:
        names += desk.tx.datasets.ids(file_id=run.dataset_id, digests=[part.digest]).values()
    for one in names:
        slot = desk.tx.runs.slot(run_id=run.id, datapoint_id=one)
        if slot is not None:
            return slot
    place = desk.tx.runs.next_place(run_id=run.id)
    return Slot(run_id=run.id, place=place, datapoint_id=part.datapoint_id, fingerprint=None)


def _await_others(desk: Desk, run: Run, slot: Slot, log: Log) -> None:
    """A run that was open waits for what others post; of this server nothing was asked."""
    seats = run_progress.panel(desk.tx, run.id)
    seated = {seat.version_id for seat in seats}
    judgments = desk.tx.logs.judgments(judged_ids=[log.id])
    desk.tx.runs.awaiting(
        [
            Awaited(run_id=run.id, place=slot.place, version_id=seat.version_id)
            for seat in seats
            if not seat.is_orchestrated
            and not any(run_progress.stands_for(one, seat, seated) for one in judgments)
        ]
    )
