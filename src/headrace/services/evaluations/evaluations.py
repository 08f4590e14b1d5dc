"""Evaluations and who judges in them (humanloop 4.2, 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import AlreadyExists, Invalid, NotFound
from headrace.core.evaluations import Evaluation, Seat
from headrace.core.files import File
from headrace.core.kinds import KINDS, dataset, evaluator
from headrace.core.kinds.evaluator import read_spec, type_of
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.evaluations import run_progress
from headrace.services.evaluations.evaluation_views import (
    EvaluationView,
    SeatRef,
    find,
    find_file,
    find_version,
    show,
)
from headrace.services.evaluators.monitoring import JUDGED_HERE
from headrace.services.versions.views import Surroundings

MAX_NAME = 255


async def create(
    ports: Ports,
    principal: Principal,
    *,
    ref: str | None,
    path: str | None,
    name: str | None,
    seats: Sequence[SeatRef],
) -> EvaluationView:
    """Make an evaluation of a file, which is named by its id or its path.

    Raises:
        NotFound: the file, an evaluator, a version or an environment is not there; nothing is made.
        Invalid: nothing names the file, or two things that do disagree; an evaluator is none; the file is one
            of which there are no logs that could be judged; the name is empty or too long.
        AlreadyExists: another evaluation of the file has the name.
    """
    principal.require(Right.EDITOR)
    _check_name(name)

    def work(tx: Transaction) -> EvaluationView:
        now = ports.clock.now()
        file = find_file(tx, ref=ref, path=path, at="file")
        _check_free(tx, file, name)
        evaluation = Evaluation(
            id=ports.ids.long("evr_"),
            file_id=file.id,
            name=name,
            created_by=principal.user.id,
            created_at=now,
            updated_at=now,
        )
        tx.evaluations.add(evaluation)
        for seat in _seats(tx, evaluation, seats, now):
            tx.evaluations.put_seat(seat)
        return show(tx, evaluation)

    return await write(ports, principal, work)


def _check_name(name: str | None) -> None:
    problem = None
    if name == "":
        problem = "The name of an evaluation may not be empty."
    elif name is not None and len(name) > MAX_NAME:
        problem = (
            f"The name of an evaluation may have at most {MAX_NAME} characters; this one has {len(name)}."
        )
    if problem:
        raise Invalid.at("name", message=problem, kind="length")


def _check_free(tx: Transaction, file: File, name: str | None) -> None:
    if file.kind == dataset.KIND.name:
        message = f"`{file.path}` is a Dataset; there are no logs of it to be judged."
        raise Invalid.at("file", message=message, kind="file_type")
    known = None if name is None else tx.evaluations.by_name(file_id=file.id, name=name)
    if known is not None:
        title = KINDS[file.kind].title
        raise AlreadyExists(f"An evaluation with the name `{name}` exists for this {title}: `{known.id}`.")


def _seats(tx: Transaction, evaluation: Evaluation, refs: Sequence[SeatRef], now: datetime) -> list[Seat]:
    """Who is meant, each once; a version judges here as it can."""
    seats: dict[str, Seat] = {}
    for index, ref in enumerate(refs):
        file, version = find_version(tx, ref, at=("evaluators", index), kind=evaluator.KIND.name)
        can_be = type_of(read_spec(version.content)) in JUDGED_HERE
        seat = Seat(
            evaluation_id=evaluation.id,
            evaluator_id=file.id,
            version_id=version.id,
            is_orchestrated=can_be and ref.is_orchestrated is not False,
            added_at=now,
        )
        seats.setdefault(version.id, seat)
    return list(seats.values())


async def get(ports: Ports, principal: Principal, *, evaluation_id: str) -> EvaluationView:
    """An evaluation.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: show(tx, find(tx, evaluation_id)))


async def page(
    ports: Ports, principal: Principal, *, file_id: str, skip: int, take: int
) -> tuple[list[EvaluationView], int]:
    """One page of a file's evaluations, newest first, and how many there are.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[EvaluationView], int]:
        if tx.files.get(id=file_id) is None:
            raise NotFound("file", file_id, f"File with ID `{file_id}` not found.")
        found, total = tx.evaluations.page(file_id=file_id, skip=skip, take=take)
        around = Surroundings(tx)
        return [show(tx, one, around) for one in found], total

    return await read(ports, principal, work)


async def delete(ports: Ports, principal: Principal, *, evaluation_id: str) -> None:
    """Forget an evaluation. Its runs, their logs and its evaluators stay.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        evaluation = find(tx, evaluation_id)
        seats = tx.evaluations.seats(evaluation_id=evaluation.id)
        links = tx.evaluations.links(evaluation_id=evaluation.id)
        tx.evaluations.remove(id=evaluation.id)
        for link in links:
            run_progress.left(tx, ports, link.run_id, seats)

    await write(ports, principal, work)


async def add_evaluators(
    ports: Ports, principal: Principal, *, evaluation_id: str, seats: Sequence[SeatRef]
) -> EvaluationView:
    """Have more evaluators judge the runs of an evaluation, also the logs that are there.

    One that judges there already stays where it is.

    Raises:
        NotFound: the evaluation, an evaluator, a version or an environment is not there; nothing is added.
        Invalid: nothing names an evaluator, or two things that do disagree, or it is none.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> EvaluationView:
        now = ports.clock.now()
        evaluation = find(tx, evaluation_id)
        known = {seat.version_id for seat in tx.evaluations.seats(evaluation_id=evaluation.id)}
        new = [seat for seat in _seats(tx, evaluation, seats, now) if seat.version_id not in known]
        for seat in new:
            tx.evaluations.put_seat(seat)
        if new:
            evaluation = touch(tx, evaluation, now)
            _judge_more(tx, ports, evaluation, new)
        return show(tx, evaluation)

    return await write(ports, principal, work)


def _judge_more(tx: Transaction, ports: Ports, evaluation: Evaluation, new: Sequence[Seat]) -> None:
    """Have new evaluators judge all runs of an evaluation."""
    awaited = [seat.version_id for seat in new if run_progress.is_awaited(tx, seat)]
    ids = [link.run_id for link in tx.evaluations.links(evaluation_id=evaluation.id)]
    for run in tx.runs.some(ids=ids) if awaited else ():
        run_progress.joined(tx, ports, run, awaited)


def touch(tx: Transaction, evaluation: Evaluation, now: datetime) -> Evaluation:
    """Note that an evaluation was changed."""
    evaluation = msgspec.structs.replace(evaluation, updated_at=now)
    tx.evaluations.update(evaluation)
    return evaluation


async def remove_evaluator(
    ports: Ports, principal: Principal, *, evaluation_id: str, version_id: str
) -> EvaluationView:
    """Let a version of an evaluator judge no more in an evaluation. Its judgments stay with their logs.

    Raises:
        NotFound: there is no such evaluation, or that version does not judge in it.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> EvaluationView:
        evaluation = find(tx, evaluation_id)
        seats = tx.evaluations.seats(evaluation_id=evaluation.id)
        gone = [seat for seat in seats if seat.version_id == version_id]
        if not gone:
            message = f"Evaluation `{evaluation.id}` has no evaluator version with ID `{version_id}`."
            raise NotFound("version", version_id, message)
        tx.evaluations.remove_seat(evaluation_id=evaluation.id, version_id=version_id)
        for link in tx.evaluations.links(evaluation_id=evaluation.id):
            run_progress.left(tx, ports, link.run_id, gone)
        return show(tx, touch(tx, evaluation, ports.clock.now()))

    return await write(ports, principal, work)
