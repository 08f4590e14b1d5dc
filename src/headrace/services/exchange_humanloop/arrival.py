"""Bringing a batch of parts in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from headrace.core.access import Principal, Right
from headrace.core.datasets import Case
from headrace.core.errors import HeadraceError, Unavailable
from headrace.core.evaluations import Slot
from headrace.core.ports import Clash, Transaction
from headrace.services.base import Ports, read, write
from headrace.services.exchange_humanloop.contents import Ready, put_deployment, put_monitor, put_version
from headrace.services.exchange_humanloop.datasets import DATASET, put_datapoint, submission_of_dataset
from headrace.services.exchange_humanloop.desk import Desk, Refused, refusal
from headrace.services.exchange_humanloop.evaluations import (
    put_evaluation,
    put_run,
    put_run_link,
    put_run_log,
    slots_for,
)
from headrace.services.exchange_humanloop.parts import (
    Batch,
    DatapointPart,
    Outcome,
    RunPart,
    VersionPart,
)
from headrace.services.exchange_humanloop.places import put_directory, put_environment, put_file
from headrace.services.exchange_humanloop.records import put_log
from headrace.services.server import dataset_sweeps
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission

Put = Callable[[Desk], Outcome]


async def bring_in(
    ports: Ports,
    principal: Principal,
    batch: Batch,
    submission_of: Callable[[VersionPart], Submission],
    case_of: Callable[[DatapointPart], Case],
) -> list[Outcome]:
    """Keep the parts that can be kept, in one transaction, and say what became of each.

    The parts that versions of datasets are made of are kept before, and what runs are of is read before:
    there may be many.

    Args:
        submission_of: reads a version's content; raises Invalid when that can't be kept.
        case_of: reads a datapoint; likewise.
    """
    principal.require(Right.ADMIN)
    ready: dict[str, Ready] = {}
    marks = await read(ports, principal, partial(_marks, batch))
    for part in batch.versions:
        if part.kind == DATASET:
            made = submission_of_dataset(ports, principal, part, is_rehearsal=batch.is_rehearsal)
        else:
            made = _now(submission_of, part)
        ready[part.id] = await _ready(ports, made)
    slots = {} if batch.is_rehearsal else await slots_for(ports, principal, batch.runs)
    puts = list(_puts(batch, ready, marks, slots, case_of))

    def work(tx: Transaction) -> list[Outcome]:
        desk = Desk(
            tx=tx,
            ports=ports,
            principal=principal,
            now=ports.clock.now(),
            is_rehearsal=batch.is_rehearsal,
        )
        return [_put(desk, part_id, put) for part_id, put in puts]

    return await (read if batch.is_rehearsal else write)(ports, principal, work)


def _marks(batch: Batch, tx: Transaction) -> dict[str, str]:
    """What was left at each dataset by who last took datapoints away; see `dataset_sweeps`."""
    files = {part.file_id for part in batch.versions if part.kind == DATASET}
    return {one: dataset_sweeps.mark(tx, file_id=one) for one in files}


async def _now(submission_of: Callable[[VersionPart], Submission], part: VersionPart) -> Submission:
    return submission_of(part)


async def _ready(ports: Ports, made: Awaitable[Submission]) -> Ready:
    try:
        return await versions.prepare(ports, await made)
    except HeadraceError as error:
        return error


def _puts(
    batch: Batch,
    ready: Mapping[str, Ready],
    marks: Mapping[str, str],
    slots: Mapping[str, Sequence[Slot]],
    case_of: Callable[[DatapointPart], Case],
) -> Iterable[tuple[str, Put]]:
    """What is to be done, in order, with the id of each part."""

    def put_ready(desk: Desk, part: VersionPart) -> Outcome:
        if part.kind == DATASET and dataset_sweeps.mark(desk.tx, file_id=part.file_id) != marks[part.file_id]:
            raise Refused(
                "datapoints that nothing referred to were cleaned away meanwhile; bring it in again"
            )
        return put_version(desk, part, ready[part.id])

    def put_case(desk: Desk, part: DatapointPart) -> Outcome:
        return put_datapoint(desk, part, case_of(part))

    def put_new_run(desk: Desk, part: RunPart) -> Outcome:
        return put_run(desk, part, slots.get(part.id, ()))

    plain: tuple[tuple[Iterable[Any], Callable[[Desk, Any], Outcome]], ...] = (
        (batch.directories, put_directory),
        (batch.environments, put_environment),
        (batch.files, put_file),
        (batch.datapoints, put_case),
        (batch.versions, put_ready),
        (batch.deployments, put_deployment),
        (batch.monitors, put_monitor),
        (batch.logs, put_log),
        (batch.evaluations, put_evaluation),
        (batch.runs, put_new_run),
        (batch.run_links, put_run_link),
        (batch.run_logs, put_run_log),
    )
    for parts, put in plain:
        for part in parts:
            yield part.id, partial(_reversed, put, part)


def _reversed(put: Callable[[Desk, Any], Outcome], part: Any, desk: Desk) -> Outcome:
    return put(desk, part)


def _put(desk: Desk, part_id: str, put: Put) -> Outcome:
    try:
        return put(desk)
    except Unavailable:
        raise
    except (Refused, HeadraceError, Clash) as error:
        return refusal(part_id, error)
