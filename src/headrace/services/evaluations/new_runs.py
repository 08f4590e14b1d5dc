"""What a run of an evaluation is to be of, before it is made (humanloop 3.9, 4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from headrace.core.access import Principal
from headrace.core.datasets import Datapoint
from headrace.core.errors import Invalid
from headrace.core.evaluations import Evaluation, Run, RunStatus, Slot, fingerprint
from headrace.core.files import File
from headrace.core.kinds import dataset as dataset_kind
from headrace.core.logs import Log
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services import datasets
from headrace.services.base import Ports, read
from headrace.services.evaluations import callable_kinds, run_progress
from headrace.services.evaluations.evaluation_views import VersionRef, find, find_version

BATCH = 500
"""So many logs are read by one transaction."""
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to be of.

    Attributes:
        dataset: a version of one; None without.
        version: None: of no version in particular.
    """

    evaluation: Evaluation
    dataset: Version | None
    version: Version | None


def plan_of(
    tx: Transaction,
    ports: Ports,
    evaluation_id: str,
    dataset: VersionRef | None,
    version: VersionRef | None,
    *,
    is_orchestrated: bool,
) -> Plan:
    """What a caller means.

    Raises:
        NotFound, Invalid: as `headrace.services.evaluations.evaluation_runs.create`.
    """
    evaluation = find(tx, evaluation_id)
    of = used = None
    if dataset is not None:
        _, of = find_version(tx, dataset, at=("dataset",), kind=dataset_kind.KIND.name)
    if version is not None:
        file, used = find_version(tx, version, at=("version",))
        _check_same(tx, evaluation, file)
        if is_orchestrated:
            callable_kinds.check(tx, ports, file, used)
    return Plan(evaluation=evaluation, dataset=of, version=used)


def _check_same(tx: Transaction, evaluation: Evaluation, file: File) -> None:
    if file.id != evaluation.file_id:
        own = tx.files.get(id=evaluation.file_id)
        named = evaluation.file_id if own is None else own.path
        message = f"Evaluation `{evaluation.id}` is of `{named}`; the version is of `{file.path}`."
        raise Invalid.at("version", message=message, kind="mismatch")


async def existing(ports: Ports, principal: Principal, version: Version | None) -> Mapping[str, Log]:
    """The newest complete log of a version that was made from each datapoint."""
    assert version is not None
    found: dict[str, Log] = {}
    after: str | None = None
    while True:
        walk = partial(_walked, version.file_id, after)
        logs = await read(ports, principal, walk)
        for log in logs:
            if log.version_id == version.id and log.source_datapoint_id and run_progress.is_done(log):
                found[log.source_datapoint_id] = msgspec.structs.replace(log, payload=b"{}")
        if len(logs) < BATCH:
            return found
        after = logs[-1].id
        await asyncio.sleep(0)


def _walked(file_id: str, after: str | None, tx: Transaction) -> list[Log]:
    return tx.logs.walk(file_id=file_id, after=after, take=BATCH)


async def slots_of(
    ports: Ports, principal: Principal, run_id: str, dataset: Version | None, found: Mapping[str, Log]
) -> list[Slot]:
    """A place for each datapoint, some with logs that are there. What a version has never changes."""
    slots: list[Slot] = []
    if dataset is not None:
        async for some in datasets.datapoints(ports, principal, dataset):
            slots += [
                _slot(run_id, place, one, found.get(one.id)) for place, one in enumerate(some, len(slots))
            ]
    return slots


def _slot(run_id: str, place: int, datapoint: Datapoint, log: Log | None) -> Slot:
    members = _decode(datapoint.body)
    inputs = msgspec.json.decode(members.get("inputs") or b"null")
    messages = msgspec.json.decode(members.get("messages") or b"null")
    return Slot(
        run_id=run_id,
        place=place,
        datapoint_id=datapoint.id,
        fingerprint=fingerprint(inputs, messages),
        log_id=None if log is None else log.id,
        is_done=log is not None,
    )


def planned(
    ports: Ports,
    principal: Principal,
    run_id: str,
    plan: Plan,
    slots: Sequence[Slot],
    *,
    is_orchestrated: bool,
) -> Run:
    """The run as it is when it is made."""
    has_begun = any(slot.log_id is not None for slot in slots)
    return Run(
        id=run_id,
        file_id=plan.evaluation.file_id,
        version_id=None if plan.version is None else plan.version.id,
        dataset_id=None if plan.dataset is None else plan.dataset.file_id,
        dataset_version_id=None if plan.dataset is None else plan.dataset.id,
        is_orchestrated=is_orchestrated,
        status=RunStatus.RUNNING if has_begun else RunStatus.PENDING,
        size=len(slots),
        created_by=principal.user.id,
        created_at=ports.clock.now(),
    )
