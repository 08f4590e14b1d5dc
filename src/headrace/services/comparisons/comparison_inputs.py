"""What two versions are compared on: given inputs, the datapoints of a dataset, or what ran in the past.

What ran in the past is named here, and read when its turn comes: it may be large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.effects import JSON
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.execution import FlowStarted
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.kinds import dataset as dataset_kind
from headrace.core.logs import LogQuery
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.core.versions import Version
from headrace.services import datasets
from headrace.services.base import Ports, read, scan
from headrace.services.evaluators.judging import EVALUATION
from headrace.services.tree import subjects
from headrace.services.versions import differences
from headrace.services.versions.views import default_version

SOURCE = "comparison"
"""What logs of runs that were made to compare versions say of where they come from."""
MADE = frozenset({SOURCE, EVALUATION})
"""What nobody called for the sake of the answer."""
FLOW = "flow"
PAGE = 200
LOOKED_AT = 10_000
"""So many of the newest runs are looked at for the last ones that can be run again."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare on: one of these.

    Attributes:
        inputs: a flow's documents, or objects with the inputs of a prompt.
        dataset: a dataset's id or path.
        dataset_version: its version's id, number or environment; None is the default one. Not one of these.
        executions: ids of executions of the flow, or of logs of the prompt.
        last: so many of the newest of those.
    """

    inputs: Sequence[JSON] | None = None
    dataset: str | None = None
    dataset_version: str | None = None
    executions: Sequence[str] | None = None
    last: int | None = None


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What both versions are given.

    Attributes:
        origin: the id of what it is of; None of one that was given.
        value: a flow's document, or inputs by name of a datapoint or of a prompt.
        messages: what was said after a prompt's template.
        datapoint: what evaluators are told of where it comes from; None when it is of no datapoint.
        is_read: whether the value is there; else it is to be read from its origin.
    """

    origin: str | None = None
    value: JSON = None
    messages: Sequence[Any] = ()
    datapoint: Mapping[str, JSON] | None = None
    is_read: bool = True


async def find(
    ports: Ports, principal: Principal, file: File, wanted: Wanted, *, most: int
) -> Sequence[Input]:
    """The inputs that are wanted, in order.

    Args:
        most: how many there may be.

    Raises:
        Invalid: none or several sources are named, or there are too many inputs, or none.
        NotFound: what is named is not there.
        Conflict: what ran was not kept.
    """
    named = [
        name for name in ("inputs", "dataset", "executions", "last") if getattr(wanted, name) is not None
    ]
    if len(named) != 1:
        told = " and ".join(f"`{name}`" for name in named) or "none"
        message = f"Name one of `inputs`, `dataset`, `executions` and `last`, not {told}."
        raise Invalid.at(named[-1] if named else "inputs", message=message, kind="choice")
    if wanted.dataset_version is not None and wanted.dataset is None:
        raise Invalid.at("dataset_version", message="`dataset_version` goes with `dataset`.", kind="choice")
    if wanted.inputs is not None:
        found: Sequence[Input] = [_given(file, value, place) for place, value in enumerate(wanted.inputs)]
    elif wanted.dataset is not None:
        found = await _of_dataset(ports, principal, wanted, most=most)
    elif wanted.executions is not None:
        _check_count(len(wanted.executions), named[0], most)
        found = await read(ports, principal, lambda tx: _of_past(tx, file, wanted.executions or ()))
    else:
        _check_count(wanted.last or 0, named[0], most)
        found = await scan(ports, principal, lambda tx: _newest(tx, file, wanted.last or 0))
    _check_count(len(found), named[0], most)
    return found


def _check_count(count: int, name: str, most: int) -> None:
    if not 1 <= count <= most:
        message = f"A comparison takes 1 to {most} inputs; there are {count}."
        raise Invalid.at(name, message=message, kind="out_of_range")


def _given(file: File, value: JSON, place: int) -> Input:
    if file.kind != FLOW and not isinstance(value, dict):
        message = f"The inputs of a {KINDS[file.kind].title} are an object."
        raise Invalid.at("inputs", place, message=message, kind="type")
    return Input(value=value)


async def _of_dataset(ports: Ports, principal: Principal, wanted: Wanted, *, most: int) -> list[Input]:
    version = await read(ports, principal, lambda tx: _dataset_version(tx, wanted))
    _check_count(dataset_kind.read_dataset(version.content).count, "dataset", most)
    return [
        _of_datapoint(one.id, msgspec.json.decode(one.body))
        async for some in datasets.datapoints(ports, principal, version)
        for one in some
    ]


def _dataset_version(tx: Transaction, wanted: Wanted) -> Version:
    assert wanted.dataset is not None
    found = subjects.file_of(tx, wanted.dataset)
    if found.kind != dataset_kind.KIND.name:
        message = f"`{found.path}` is a {KINDS[found.kind].title}, not a Dataset."
        raise Invalid.at("dataset", message=message, kind="mismatch")
    if wanted.dataset_version is None:
        return default_version(tx, found)
    return differences.content_of(tx, found, wanted.dataset_version).version


def _of_datapoint(id: str, members: Mapping[str, Any]) -> Input:
    return Input(
        origin=id,
        value=members.get("inputs") or {},
        messages=members.get("messages") or (),
        datapoint={"id": id, **members},
    )


def _of_past(tx: Transaction, file: File, ids: Sequence[str]) -> list[Input]:
    what = "execution" if file.kind == FLOW else "log"
    for ref in ids:
        one = tx.executions.get(id=ref) if file.kind == FLOW else tx.logs.get(id=ref)
        if one is None or one.file_id != file.id:
            title = KINDS[file.kind].title
            raise NotFound(what, ref, f"{title} `{file.path}` has no {what} `{ref}`.")
        if not (_is_kept(one) if isinstance(one, Execution) else one.is_saved):
            raise Conflict(f"The input of the {what} `{ref}` was not kept, so it can't be run again.")
    return [Input(origin=ref, is_read=False) for ref in ids]


def _is_kept(run: Execution) -> bool:
    return run.input is not None and run.events_count > 0


def _newest(tx: Transaction, file: File, count: int) -> list[Input]:
    """The newest that can be run again and that somebody called; the oldest of them first."""
    found = _newest_runs(tx, file, count) if file.kind == FLOW else _newest_logs(tx, file, count)
    return [Input(origin=ref, is_read=False) for ref in reversed(found)]


def _newest_runs(tx: Transaction, file: File, count: int) -> list[str]:
    found: list[str] = []
    before = None
    for _ in range(LOOKED_AT // PAGE):
        runs = tx.executions.page(file_id=file.id, before=before, take=PAGE)
        found += (run.id for run in runs if _is_kept(run) and run.source not in MADE)
        if len(found) >= count or len(runs) < PAGE:
            break
        before = (runs[-1].started_at, runs[-1].id)
    return found[:count]


def _newest_logs(tx: Transaction, file: File, count: int) -> list[str]:
    found: list[str] = []
    for skip in range(0, LOOKED_AT, PAGE):
        logs, _ = tx.logs.page(LogQuery(file_id=file.id), skip=skip, take=PAGE)
        found += (log.id for log in logs if log.is_saved and log.source not in MADE)
        if len(found) >= count or len(logs) < PAGE:
            break
    return found[:count]


async def whole(ports: Ports, principal: Principal, file: File, one: Input) -> Input:
    """An input with its value.

    Raises:
        NotFound: its origin is gone.
        Conflict: its value was not kept.
    """
    if one.is_read:
        return one
    assert one.origin is not None
    work = _of_run if file.kind == FLOW else _of_log
    return await read(ports, principal, lambda tx: work(tx, one.origin or ""))


def _of_run(tx: Transaction, id: str) -> Input:
    run = tx.executions.get(id=id)
    batches = () if run is None else tx.executions.events(execution_id=id, first=0, take=1)
    first = next((event for batch in batches for event in batch.events()), None)
    if run is None or not isinstance(first, FlowStarted):
        raise NotFound("execution", id, f"The execution `{id}` is gone, or how it began is.")
    if first.value is None and run.input != "null":
        raise Conflict(f"The input of the execution `{id}` was not kept, so it can't be run again.")
    return Input(origin=id, value=first.value)


def _of_log(tx: Transaction, id: str) -> Input:
    log = tx.logs.get(id=id)
    if log is None:
        raise NotFound("log", id, f"The log `{id}` is gone.")
    payload = log.content()
    inputs = {} if payload.inputs is None else msgspec.json.decode(payload.inputs)
    messages = () if payload.messages is None else msgspec.json.decode(payload.messages)
    return Input(origin=id, value=inputs, messages=messages)
