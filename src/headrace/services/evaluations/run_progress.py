"""What logs and judgments do to the runs that they are part of (humanloop 3.9, 4.3, 5.5).

Parts of use cases, run inside their transaction. Nothing is counted: what a run needs is looked up, put
down and struck out, so that doing any of it twice does no more than doing it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

import msgspec

from headrace.core.errors import Invalid, NotFound
from headrace.core.evaluations import OPEN, Awaited, Run, RunStatus, Seat, Slot, fingerprint, speaks_for
from headrace.core.kinds.evaluator import EvaluatorType, read_spec, type_of
from headrace.core.logs import Log, LogStatus, Payload
from headrace.core.monitoring import Job, Work
from headrace.core.parsing import parse
from headrace.core.ports import Transaction
from headrace.services.base import Ports
from headrace.services.work import ask, in_turn

SURVEY = -1
"""The place of what is awaited of an evaluator until all logs of a run have been looked at for it."""
BATCH = 500
"""So many ids are asked for at once."""


def attach(tx: Transaction, ports: Ports, log: Log, *, is_strict: bool = True) -> None:
    """Let a new log into the runs that want it (humanloop 3.9).

    Args:
        is_strict: whether a run that it can't be part of is an error.

    Raises:
        NotFound: it names a run that is not there.
        Invalid: it names a run of another file.
    """
    if log.run_id is not None:
        _into_named(tx, ports, log, log.run_id, is_strict=is_strict)
    elif log.source_datapoint_id is not None:
        wanting = tx.runs.wanting(version_id=log.version_id, datapoint_id=log.source_datapoint_id)
        known = {slot.run_id for slot in tx.runs.slots_of_logs(log_ids=[log.id])} if wanting else ()
        for slot in wanting:
            if slot.run_id not in known:
                _into(tx, ports, slot, log)
    elif is_done(log):
        _match(tx, ports, log)


def _into_named(tx: Transaction, ports: Ports, log: Log, run_id: str, *, is_strict: bool) -> None:
    run = tx.runs.get(id=run_id)
    if run is not None and run.file_id == log.file_id:
        enter(tx, ports, run, log)
    elif is_strict:
        check_fits(run, log, run_id)


def check_fits(run: Run | None, log: Log, run_id: str) -> Run:
    """The run, if a log may be part of it.

    Raises:
        NotFound: there is no run.
        Invalid: it is of another file (humanloop 8.34).
    """
    if run is None:
        raise NotFound("run", run_id, f"Run with ID `{run_id}` not found.")
    if run.file_id != log.file_id:
        message = f"Run `{run.id}` is of file `{run.file_id}`; log `{log.id}` is of `{log.file_id}`."
        raise Invalid.at("run_id", message=message, kind="mismatch")
    return run


def _into(tx: Transaction, ports: Ports, slot: Slot, log: Log) -> None:
    run = tx.runs.get(id=slot.run_id)
    assert run is not None, "a slot is of a run"
    _fill(tx, ports, run, slot, log)


def _match(tx: Transaction, ports: Ports, log: Log) -> None:
    """Let a log that names nothing into the first run that has been waiting for its like."""
    # Quirk(humanloop): 5.5, 8.63. Decorated functions can't say what they were called for where spans can't
    # be changed once they have ended.
    if not tx.runs.open_of_version(version_id=log.version_id):
        return  # so it is with nearly all logs
    told = _told(ports.unsaved.content(tx.account, log))
    if told is None:
        return
    slot = tx.runs.first_wanting(version_id=log.version_id, fingerprint=told, before=log.created_at)
    if slot is not None:
        _into(tx, ports, slot, log)


def _told(payload: Payload) -> str | None:
    """The fingerprint of what a log was made from; None when that is nothing a datapoint could say."""
    try:
        inputs = None if payload.inputs is None else parse(payload.inputs)
        messages = None if payload.messages is None else parse(payload.messages)
        return fingerprint(inputs, messages)
    except (Invalid, RecursionError):
        return None


def enter(tx: Transaction, ports: Ports, run: Run, log: Log) -> None:
    """Let a log of its file into a run, in place of an earlier one of the same datapoint (humanloop 8.33)."""
    datapoint_id = log.source_datapoint_id
    slot = None if datapoint_id is None else tx.runs.slot(run_id=run.id, datapoint_id=datapoint_id)
    if slot is None:
        place = tx.runs.next_place(run_id=run.id)
        slot = Slot(run_id=run.id, place=place, datapoint_id=datapoint_id, fingerprint=None)
    _fill(tx, ports, run, slot, log)


def _fill(tx: Transaction, ports: Ports, run: Run, slot: Slot, log: Log) -> None:
    slot = msgspec.structs.replace(slot, log_id=log.id, is_done=is_done(log))
    tx.runs.put_slot(slot)
    if run.status is RunStatus.PENDING:
        run = msgspec.structs.replace(run, status=RunStatus.RUNNING)
        tx.runs.update(run)
    judgments = tx.logs.judgments(judged_ids=[log.id])
    if look(tx, ports, run, panel(tx, run.id), slot, log, judgments):
        listen(tx, ports, run)
    else:
        settle(tx, run.id)


def is_done(log: Log) -> bool:
    """Whether a log counts for a run: all but those of which more is to come."""
    return log.status is not LogStatus.INCOMPLETE


def panel(tx: Transaction, run_id: str) -> tuple[Seat, ...]:
    """Who judges a run's logs without being a human, in all evaluations that it is part of."""
    seats: dict[str, Seat] = {}
    for evaluation in tx.evaluations.with_run(run_id=run_id):
        for seat in tx.evaluations.seats(evaluation_id=evaluation.id):
            known = seats.get(seat.version_id)
            if known is None or (seat.is_orchestrated and not known.is_orchestrated):
                seats[seat.version_id] = seat
    return tuple(seat for seat in seats.values() if is_awaited(tx, seat))


def is_awaited(tx: Transaction, seat: Seat) -> bool:
    """Whether a run is to wait for a seat: not for people, nor for what is gone (humanloop 4.3)."""
    version = tx.versions.get(id=seat.version_id)  # of a file that is there
    if version is None and tx.files.get(id=seat.evaluator_id) is not None:
        version = tx.versions.kept(id=seat.version_id)
    return version is not None and type_of(read_spec(version.content)) is not EvaluatorType.HUMAN


def stands_for(judgment: Log, seat: Seat, seated: Collection[str]) -> bool:
    """Whether an evaluator's log is one that a seat owes; see `headrace.core.evaluations.speaks_for`."""
    return judgment.file_id == seat.evaluator_id and speaks_for(
        seat,
        seated,
        version_id=judgment.version_id,
        is_automatic=judgment.is_automatic,
        has_error=judgment.has_error,
    )


def look(
    tx: Transaction,
    ports: Ports,
    run: Run,
    seats: Sequence[Seat],
    slot: Slot,
    log: Log,
    judgments: Collection[Log],
    *,
    asked: Collection[str] = (),
) -> bool:
    """Put down what a run needs of a log in a slot, and have those judge it who have not.

    Args:
        seats: the run's panel.
        judgments: those on the log.
        asked: the versions that have been asked for one.

    Returns:
        Whether any judgment is missing.
    """
    seated = {seat.version_id for seat in seats}
    owing: list[Seat] = []
    rest: list[Seat] = []
    for seat in seats:
        has_judged = any(stands_for(one, seat, seated) for one in judgments)
        (rest if has_judged else owing).append(seat)
    if run.status in OPEN and owing:
        tx.runs.awaiting([_awaited(slot, seat.version_id) for seat in owing])
    if run.status in OPEN and rest:
        tx.runs.met([_awaited(slot, seat.version_id) for seat in rest])
    if slot.is_done and run.status is not RunStatus.CANCELLED:
        _ask(tx, ports, slot, log, [seat for seat in owing if seat.version_id not in asked])
    return bool(owing)


def _awaited(slot: Slot, version_id: str) -> Awaited:
    return Awaited(run_id=slot.run_id, place=slot.place, version_id=version_id)


def _ask(tx: Transaction, ports: Ports, slot: Slot, log: Log, seats: Iterable[Seat]) -> None:
    now = in_turn(ports.clock.now(), slot.place)
    for seat in seats:
        if seat.is_orchestrated:
            ask(tx, ports, work=Work.JUDGE, subject=log.id, object=seat.version_id, now=now)


def asked(tx: Transaction, log_id: str) -> set[str]:
    """The versions of evaluators that have been asked to judge a log and have not yet done so."""
    return {job.object for job in tx.jobs.of_subject(subject=log_id) if job.work is Work.JUDGE}


def changed(
    tx: Transaction, ports: Ports, log: Log, *, before: Log | None = None, is_strict: bool = True
) -> None:
    """See to the runs of a log that was changed, or whose trace has grown.

    Args:
        before: what it was; None when only what is below it has changed.
        is_strict: as of `attach`.

    Raises:
        NotFound, Invalid: it names a run that it can't be part of.
    """
    slots = tx.runs.slots_of_logs(log_ids=[log.id])
    for slot in slots:
        if slot.is_done != is_done(log):
            slot = msgspec.structs.replace(slot, is_done=is_done(log))
            tx.runs.put_slot(slot)
        run = tx.runs.get(id=slot.run_id)
        if run is not None and slot.is_done and run.status is not RunStatus.CANCELLED:
            _ask(tx, ports, slot, log, panel(tx, run.id))
            listen(tx, ports, run)
        settle(tx, slot.run_id)
    if before is None:
        return
    is_in = {slot.run_id for slot in slots}
    is_new = (before.run_id, before.source_datapoint_id) != (log.run_id, log.source_datapoint_id)
    # What names a run was in it, and has been replaced there.
    is_late = is_done(log) and not is_done(before) and not is_in and log.run_id is None
    if (is_new and log.run_id not in is_in) or is_late:
        attach(tx, ports, log, is_strict=is_strict)


def judged(tx: Transaction, judgment: Log) -> None:
    """Strike out what was awaited, now that a log is judged."""
    assert judgment.judged_id is not None
    for slot in tx.runs.slots_of_logs(log_ids=[judgment.judged_id]):
        met = [judgment.version_id]
        if judgment.has_error or not judgment.is_automatic:
            seats = panel(tx, slot.run_id)
            seated = {seat.version_id for seat in seats}
            met += [seat.version_id for seat in seats if stands_for(judgment, seat, seated)]
        tx.runs.met([_awaited(slot, version_id) for version_id in dict.fromkeys(met)])
        settle(tx, slot.run_id)


def removed(tx: Transaction, ports: Ports, gone: Collection[Log], *, replaced: str | None = None) -> None:
    """Put back what open runs need, now that logs or judgments are gone.

    Args:
        replaced: the id of the judgment among them in whose place another one comes.
    """
    ids = [log.id for log in gone]
    missed = [log for log in gone if log.id != replaced]
    judged_ids = list({log.judged_id: None for log in missed if log.judged_id is not None})
    for some in _batches(ids):
        for slot in tx.runs.slots_of_logs(log_ids=some):
            _emptied(tx, ports, slot)
    for some in _batches(judged_ids):
        for slot in tx.runs.slots_of_logs(log_ids=some):
            _unjudged(tx, ports, slot)


def _emptied(tx: Transaction, ports: Ports, slot: Slot) -> None:
    tx.runs.put_slot(msgspec.structs.replace(slot, log_id=None, is_done=False))
    run = tx.runs.get(id=slot.run_id)
    if run is None or run.status not in OPEN:
        return
    tx.runs.met([_awaited(slot, seat.version_id) for seat in panel(tx, run.id)])
    generate(tx, ports, run, slot)
    settle(tx, run.id)


def generate(tx: Transaction, ports: Ports, run: Run, slot: Slot) -> None:
    """Have the log of a datapoint made, if the server makes it."""
    if run.is_orchestrated and slot.datapoint_id is not None and slot.place < run.size:
        now = in_turn(ports.clock.now(), slot.place)
        ask(tx, ports, work=Work.GENERATE, subject=run.id, object=slot.datapoint_id, now=now)


def _unjudged(tx: Transaction, ports: Ports, slot: Slot) -> None:
    run = tx.runs.get(id=slot.run_id)
    log = None if slot.log_id is None else tx.logs.get(id=slot.log_id)
    if run is None or log is None or run.status not in OPEN:
        return
    judgments = tx.logs.judgments(judged_ids=[log.id])
    look(tx, ports, run, panel(tx, run.id), slot, log, judgments, asked=asked(tx, log.id))
    listen(tx, ports, run)


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))


def joined(tx: Transaction, ports: Ports, run: Run, version_ids: Iterable[str]) -> None:
    """Have more evaluators judge a run: all its logs are gone through for them, by and by."""
    if run.status is RunStatus.CANCELLED:
        return
    if run.status in OPEN:
        waits = [Awaited(run_id=run.id, place=SURVEY, version_id=version_id) for version_id in version_ids]
        tx.runs.awaiting(waits)
        listen(tx, ports, run)
    survey(tx, ports, run.id)


def survey(tx: Transaction, ports: Ports, run_id: str) -> None:
    """Have all slots of a run gone through; see `headrace.services.evaluations.surveying`."""
    ask(tx, ports, work=Work.SURVEY, subject=run_id, now=ports.clock.now())


def listen(tx: Transaction, ports: Ports, run: Run) -> None:
    """Have a run that has all its logs ended after a long silence; see `services.evaluations.silence`."""
    silence_s = ports.limits.evaluation_silence_s
    if silence_s and run.status in OPEN and not tx.runs.is_undone(run_id=run.id):
        due_at = ports.clock.now() + timedelta(seconds=silence_s)
        tx.jobs.put(Job(account=tx.account, work=Work.SILENCE, subject=run.id, due_at=due_at))


def left(tx: Transaction, ports: Ports, run_id: str, seats: Collection[Seat]) -> None:
    """Wait no longer for evaluators that judge a run no more, unless another evaluation has them do so."""
    staying = panel(tx, run_id)
    kept = {seat.version_id for seat in staying}
    for version_id in {seat.version_id for seat in seats} - kept:
        tx.runs.forget_awaited(run_id=run_id, version_id=version_id)
    run = tx.runs.get(id=run_id)
    files = {seat.evaluator_id for seat in seats}
    if run is not None and run.status in OPEN and any(seat.evaluator_id in files for seat in staying):
        survey(tx, ports, run_id)  # what a version that has no seat any more found counts for another one
    settle(tx, run_id)


def evaluator_gone(tx: Transaction, ports: Ports, evaluator_id: str) -> None:
    """Wait no longer for an evaluator whose file is gone."""
    seats: dict[str, list[Seat]] = defaultdict(list)
    for evaluation in tx.evaluations.with_evaluator(evaluator_id=evaluator_id):
        own = [
            seat
            for seat in tx.evaluations.seats(evaluation_id=evaluation.id)
            if seat.evaluator_id == evaluator_id
        ]
        for link in tx.evaluations.links(evaluation_id=evaluation.id):
            seats[link.run_id] += own
    for run in tx.runs.some(ids=list(seats)):
        if run.status in OPEN:
            left(tx, ports, run.id, seats[run.id])


def close(tx: Transaction, run: Run, status: RunStatus) -> Run:
    """Close a run, or cancel it; nothing is awaited then."""
    run = msgspec.structs.replace(run, status=status)
    tx.runs.update(run)
    tx.runs.forget_awaited(run_id=run.id)
    return run


def settle(tx: Transaction, run_id: str) -> None:
    """Complete a run when nothing is left that it needs; see `headrace.core.evaluations`."""
    run = tx.runs.get(id=run_id)
    if run is None or run.status not in OPEN or run.dataset_version_id is None:
        return
    if not tx.runs.is_awaiting(run_id=run_id) and not tx.runs.is_undone(run_id=run_id):
        close(tx, run, RunStatus.COMPLETED)
