"""Lists of runs for people, narrowed down by flow and by how they are; and who carries runs out.

For one page no more than so many runs are looked at, and it says where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.execution import Status
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.processes import Process
from headrace.core.records import Execution
from headrace.core.versions import DRAFT
from headrace.services.base import Ports, read, scan
from headrace.services.executions.executions import ExecutionView
from headrace.services.runs import targets
from headrace.services.tree import subjects

LOOKED_AT = 10_000
"""So many runs are looked at for one page."""
READ_AT_ONCE = 500

Place = tuple[datetime, str]
"""A run's start and id."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are meant; None is any.

    Attributes:
        flow: their flow by id, path or name.
        failed_node: the node that failed them.
        version: what they ran: a version's id or number, or ``draft``.
        pointer: the id or name of the alias or the environment that they were called by; of a known flow.
    """

    flow: str | None = None
    status: Status | None = None
    is_durable: bool | None = None
    failed_node: str | None = None
    version: str | None = None
    pointer: str | None = None

    def fits(self, execution: Execution) -> bool:
        """Whether a run of that flow is meant; who called it is asked elsewhere."""
        is_kind = self.is_durable in (None, execution.is_durable)
        is_so = self.status in (None, execution.status) and self.failed_node in (None, execution.failed_node)
        return is_kind and is_so and (self.version is None or self.version in _versions(execution))


def _versions(execution: Execution) -> tuple[str, ...]:
    """By what names of a version a run is found."""
    name = DRAFT.lower() if execution.is_draft else str(execution.number)
    return execution.version_id, name


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of runs, newest first.

    Attributes:
        next: after which place there may be more; None when there is none.
    """

    executions: list[ExecutionView]
    next: Place | None


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """A process and what it carries out.

    Attributes:
        durable_count: the durable executions that it carries out, of all organisations.
        executions: what it carries out of the caller's organisation.
    """

    process: Process
    durable_count: int
    executions: list[ExecutionView]


async def page(
    ports: Ports, principal: Principal, wanted: Wanted, *, before: Place | None, take: int
) -> Listed:
    """Up to ``take`` runs, from just after ``before`` on; fewer, too, when there are only few among many.

    Raises:
        NotFound: there is no such flow or pointer.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> Listed:
        file = None if wanted.flow is None else targets.find_anyhow(tx, wanted.flow)
        file_id = None if file is None else file.id
        called_by = None if file is None or wanted.pointer is None else _pointer(tx, file, wanted.pointer)
        if wanted.status is Status.RUNNING:
            runs = _running(tx, file_id, before)
        else:
            runs = _newest(tx, file_id, before)
        found: list[Execution] = []
        looked_at, last = 0, None
        for run in runs:
            if len(found) == take or looked_at == LOOKED_AT:
                return Listed(executions=_views(tx, found), next=last)
            looked_at, last = looked_at + 1, (run.started_at, run.id)
            if wanted.fits(run) and called_by in (None, run.environment_id, run.pointer_id):
                found.append(run)
        return Listed(executions=_views(tx, found), next=None)

    return await scan(ports, principal, look)


def _pointer(tx: Transaction, file: File, ref: str) -> str:
    """What the runs that were called by a pointer bear."""
    return ref if ref == DRAFT_ALIAS else subjects.spot_of(tx, file, ref).pointer_id


def _newest(tx: Transaction, file_id: str | None, before: Place | None) -> Iterator[Execution]:
    while found := tx.executions.page(file_id=file_id, before=before, take=READ_AT_ONCE):
        yield from found
        before = (found[-1].started_at, found[-1].id)


def _running(tx: Transaction, file_id: str | None, before: Place | None) -> Iterator[Execution]:
    """What runs is few and found by itself, however much has run since the oldest of it began."""
    for run in tx.executions.running(take=LOOKED_AT):
        if file_id in (None, run.file_id) and (before is None or (run.started_at, run.id) < before):
            yield run


def _views(tx: Transaction, found: list[Execution]) -> list[ExecutionView]:
    files = {one.file_id: tx.files.get(id=one.file_id) for one in found}
    return [ExecutionView(execution=one, file=files[one.file_id]) for one in found]


async def carriers(ports: Ports, principal: Principal) -> list[Carrier]:
    """The processes that use the store, and what each carries out."""
    principal.require(Right.ADMIN)

    def look(tx: Transaction) -> list[Carrier]:
        running = _views(tx, tx.executions.running(take=LOOKED_AT))
        return [
            Carrier(
                process=process,
                durable_count=len(tx.executions.held(holder=process.id)),
                executions=[one for one in running if one.execution.holder == process.id],
            )
            for process in tx.processes.all()
        ]

    return await read(ports, principal, look)
