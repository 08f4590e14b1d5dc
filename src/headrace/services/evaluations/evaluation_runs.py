"""Runs of evaluations, and the logs in them (humanloop 3.9, 4.2, 4.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.evaluations import OPEN, Evaluation, Run, RunLink, RunStatus, Slot
from headrace.core.logs import Log
from headrace.core.ports import Transaction
from headrace.services.base import FAR, Ports, read, scan, write
from headrace.services.evaluations import run_progress
from headrace.services.evaluations.evaluation_views import LogRow, RunView, VersionRef, find, show_run
from headrace.services.evaluations.evaluations import touch
from headrace.services.evaluations.new_runs import existing, plan_of, planned, slots_of
from headrace.services.logs import log_views
from headrace.services.versions.views import Surroundings

SLOTS = 5_000
"""So many slots of a new run are written by one transaction, so that others can write in between."""
BATCH = 500
"""So many logs are read, or added to a run, by one transaction."""


async def create(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    dataset: VersionRef | None,
    version: VersionRef | None,
    is_orchestrated: bool,
    use_existing_logs: bool,
) -> RunView:
    """Make a run of an evaluation; an orchestrated one begins at once.

    Raises:
        NotFound: the evaluation, the dataset, the version or an environment is not there.
        Invalid: the server is to make logs, or to use those that are there, without a dataset and a version;
            the version is of another file than the evaluation; the server can't call it.
    """
    principal.require(Right.RUNNER)
    for name, is_asked in (("orchestrated", is_orchestrated), ("use_existing_logs", use_existing_logs)):
        if is_asked and (dataset is None or version is None):
            message = f"A run with `{name}` needs a `dataset` and a `version`."
            raise Invalid.at(name, message=message, kind="missing")
    plan = await read(
        ports,
        principal,
        lambda tx: plan_of(tx, ports, evaluation_id, dataset, version, is_orchestrated=is_orchestrated),
    )
    found = await existing(ports, principal, plan.version) if use_existing_logs else {}
    run_id = ports.ids.long("rn_")
    slots = await slots_of(ports, principal, run_id, plan.dataset, found)
    run = planned(ports, principal, run_id, plan, slots, is_orchestrated=is_orchestrated)
    last = max(len(slots) - 1, 0) // SLOTS * SLOTS
    for first in range(0, last, SLOTS):
        await write(ports, principal, partial(_keep, run, slots[first : first + SLOTS]))
        await asyncio.sleep(0)
    return await write(ports, principal, lambda tx: _begin(tx, ports, run, slots[last:], evaluation_id))


def _keep(run: Run, slots: Sequence[Slot], tx: Transaction) -> None:
    """Keep a run, or more of its slots; it takes no logs before all are kept, whoever dies meanwhile."""
    if tx.runs.get(id=run.id) is None:
        tx.runs.add(msgspec.structs.replace(run, status=RunStatus.CANCELLED), slots=slots)
    else:
        tx.runs.add_slots(run, slots=slots)


def _begin(tx: Transaction, ports: Ports, run: Run, slots: Sequence[Slot], evaluation_id: str) -> RunView:
    evaluation = find(tx, evaluation_id)
    now = ports.clock.now()
    _keep(run, slots, tx)
    tx.runs.update(run)
    link = RunLink(evaluation_id=evaluation.id, run_id=run.id, is_control=False, added_at=now)
    tx.evaluations.put_link(link)
    touch(tx, evaluation, now)
    if run.status is RunStatus.RUNNING:
        run_progress.joined(tx, ports, run, [seat.version_id for seat in run_progress.panel(tx, run.id)])
    elif run.is_orchestrated and run.size:
        run_progress.survey(tx, ports, run.id)
    run_progress.settle(tx, run.id)
    return _shown(tx, evaluation.id, run.id)


def _shown(tx: Transaction, evaluation_id: str, run_id: str) -> RunView:
    """A run of an evaluation as it is now.

    Raises:
        NotFound: there is no such evaluation, or the run is none of its.
    """
    run, link = _linked(tx, evaluation_id, run_id)
    return show_run(tx, run, link)


def _linked(tx: Transaction, evaluation_id: str, run_id: str) -> tuple[Run, RunLink]:
    evaluation = find(tx, evaluation_id)
    run = tx.runs.get(id=run_id)
    links = tx.evaluations.links(evaluation_id=evaluation.id)
    link = next((one for one in links if one.run_id == run_id), None)
    if run is None or link is None:
        raise NotFound("run", run_id, f"Evaluation `{evaluation.id}` has no run with ID `{run_id}`.")
    return run, link


async def runs(ports: Ports, principal: Principal, *, evaluation_id: str) -> list[RunView]:
    """The runs of an evaluation, newest first.

    Raises:
        NotFound: there is no such evaluation.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[RunView]:
        links = tx.evaluations.links(evaluation_id=find(tx, evaluation_id).id)
        known = {run.id: run for run in tx.runs.some(ids=[link.run_id for link in links])}
        around = Surroundings(tx)
        return [show_run(tx, known[link.run_id], link, around) for link in links]

    return await read(ports, principal, work)


async def link(ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str) -> RunView:
    """Make a run that is there a part of another evaluation of the same file, too.

    Raises:
        NotFound: there is no such evaluation or run.
        Invalid: the run is of another file.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> RunView:
        evaluation = find(tx, evaluation_id)
        run = tx.runs.get(id=run_id)
        if run is None:
            raise NotFound("run", run_id, f"Run with ID `{run_id}` not found.")
        if run.file_id != evaluation.file_id:
            message = (
                f"Run `{run.id}` is of file `{run.file_id}`; the evaluation is of `{evaluation.file_id}`."
            )
            raise Invalid.at("run_id", message=message, kind="mismatch", where="path")
        if all(one.run_id != run.id for one in tx.evaluations.links(evaluation_id=evaluation.id)):
            now = ports.clock.now()
            new = RunLink(evaluation_id=evaluation.id, run_id=run.id, is_control=False, added_at=now)
            tx.evaluations.put_link(new)
            touch(tx, evaluation, now)
            seats = tx.evaluations.seats(evaluation_id=evaluation.id)
            awaited = [seat.version_id for seat in seats if run_progress.is_awaited(tx, seat)]
            if awaited:
                run_progress.joined(tx, ports, run, awaited)
        return _shown(tx, evaluation.id, run.id)

    return await write(ports, principal, work)


async def unlink(ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str) -> None:
    """Let a run be no part of an evaluation any more. It stays, and so do its logs.

    Raises:
        NotFound: there is no such evaluation, or the run is none of its.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        run, _ = _linked(tx, evaluation_id, run_id)
        tx.evaluations.remove_link(evaluation_id=evaluation_id, run_id=run.id)
        touch(tx, find(tx, evaluation_id), ports.clock.now())
        run_progress.left(tx, ports, run.id, tx.evaluations.seats(evaluation_id=evaluation_id))

    await write(ports, principal, work)


async def update(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    run_id: str,
    is_control: bool | None,
    status: RunStatus | None,
) -> RunView:
    """Make a run the one that others are compared with, or let it be none; close it, or cancel it.

    Raises:
        NotFound: there is no such evaluation, or the run is none of its.
        Invalid: the status is none that can be asked for.
        Conflict: the run is over.
    """
    principal.require(Right.RUNNER)
    if status in OPEN:
        message = f"A run can be made `completed` or `cancelled`, not `{status}`."
        raise Invalid.at("status", message=message, kind="status")

    def work(tx: Transaction) -> RunView:
        run, link = _linked(tx, evaluation_id, run_id)
        if status is not None:
            if run.status not in OPEN:
                raise Conflict(f"Run `{run.id}` is {run.status}; it can't become {status}.")
            run_progress.close(tx, run, status)
        if is_control is not None and is_control is not link.is_control:
            tx.evaluations.put_link(msgspec.structs.replace(link, is_control=is_control))
        return _shown(tx, evaluation_id, run_id)

    return await write(ports, principal, work)


async def add_logs(
    ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str, log_ids: Sequence[str]
) -> RunView:
    """Make logs part of a run, which may be over. Those that are part of it stay where they are.

    Raises:
        NotFound: there is no such evaluation, the run is none of its, or a log is not there.
        Invalid: a log is of another file.
    """
    principal.require(Right.RUNNER)
    ids = list(dict.fromkeys(log_ids))
    batches = [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]
    for some in batches:  # all of them, before any is added
        await read(ports, principal, partial(_fitting, evaluation_id, run_id, some))
    for some in batches:
        await write(ports, principal, partial(_add, ports, evaluation_id, run_id, some))
    return await read(ports, principal, lambda tx: _shown(tx, evaluation_id, run_id))


def _fitting(evaluation_id: str, run_id: str, ids: Sequence[str], tx: Transaction) -> list[Log]:
    """These logs, in order; all can be part of the run."""
    run, _ = _linked(tx, evaluation_id, run_id)
    known = {log.id: log for log in tx.logs.some(ids=ids)}
    for one in ids:
        if one not in known:
            raise NotFound("log", one, f"Log with ID `{one}` not found.")
        run_progress.check_fits(run, known[one], run.id)
    return [known[one] for one in ids]


def _add(ports: Ports, evaluation_id: str, run_id: str, ids: Sequence[str], tx: Transaction) -> None:
    logs = _fitting(evaluation_id, run_id, ids, tx)
    known = {slot.log_id for slot in tx.runs.slots_of_logs(log_ids=ids) if slot.run_id == run_id}
    for log in logs:
        run = tx.runs.get(id=run_id)
        if run is not None and log.id not in known:
            run_progress.enter(tx, ports, run, log)


async def logs(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    run_ids: Collection[str],
    skip: int,
    take: int,
) -> tuple[list[LogRow], int]:
    """One page of the logs of an evaluation's runs, newest run first, then by datapoint; and how many.

    Args:
        run_ids: of these runs only; empty: of all.

    Raises:
        NotFound: there is no such evaluation, or a run is none of its.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[LogRow], int]:
        evaluation = find(tx, evaluation_id)
        linked = [link.run_id for link in tx.evaluations.links(evaluation_id=evaluation.id)]
        for one in run_ids:
            if one not in linked:
                raise NotFound("run", one, f"Evaluation `{evaluation.id}` has no run with ID `{one}`.")
        wanted = [one for one in linked if not run_ids or one in run_ids]
        slots, total = tx.runs.filled(run_ids=wanted, skip=skip, take=take)
        return _rows(tx, evaluation, slots), total

    look = scan if skip > FAR else read
    return await look(ports, principal, work)


def _rows(tx: Transaction, evaluation: Evaluation, slots: Sequence[Slot]) -> list[LogRow]:
    found = tx.logs.some(ids={slot.log_id for slot in slots if slot.log_id is not None})
    shown = {view.log.id: view for view in log_views.views(tx, found)}
    ids = {log.source_datapoint_id for log in found} | {slot.datapoint_id for slot in slots}
    datapoints = tx.datasets.some(ids=[one for one in ids if one is not None])
    judges = {seat.evaluator_id for seat in tx.evaluations.seats(evaluation_id=evaluation.id)}
    return [
        LogRow(
            run_id=slot.run_id,
            datapoint=datapoints.get(slot.datapoint_id or ""),
            log=shown[slot.log_id],
            judgments=tuple(one for one in shown[slot.log_id].judgments if one.log.file_id in judges),
        )
        for slot in slots
        if slot.log_id in shown
    ]
