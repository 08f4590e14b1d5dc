"""One run as people look at it: what it is a run of, how it stands, and how far it is from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.definition import Definition
from headrace.core.deployments import PointerKind
from headrace.core.errors import Conflict, NotFound
from headrace.core.execution import InputRequested, Status
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.kinds.flow import read_content
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, read, write
from headrace.services.durable import durable_ends
from headrace.services.durable.durable_executions import Durables
from headrace.services.evaluators.scores import LogScore, scores_of
from headrace.services.records import event_pages
from headrace.services.records.event_pages import kinds_of
from headrace.services.records.run_roots import log_id_of

_ASKED = kinds_of([InputRequested])


class CalledBy(msgspec.Struct, frozen=True, kw_only=True):
    """The pointer that a run was called by.

    Attributes:
        kind: `environment` or `alias`.
        name: None when it is gone.
    """

    kind: str
    id: str
    name: str | None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A run with what it refers to.

    Attributes:
        file: None when it is gone.
        pointer: None when a version itself was called.
        caller: None when that user is gone.
    """

    execution: Execution
    file: File | None
    pointer: CalledBy | None
    caller: User | None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A run with what is around it.

    Attributes:
        log_id: the log that it is shown as; None as long as there is none.
        older: the run of the same flow before it.
        newer: the one after it.
        question: the node that waits for an answer, and what it asks; None when it does not wait.
    """

    seen: Seen
    log_id: str | None
    scores: list[LogScore]
    older: str | None
    newer: str | None
    question: tuple[str, Any] | None = None


def found(tx: Transaction, ref: str) -> Execution:
    """A run by its id.

    Raises:
        NotFound: there is none.
    """
    execution = tx.executions.get(id=ref)
    if execution is None:
        raise NotFound("execution", ref, f"There is no execution `{ref}`.")
    return execution


def seen(tx: Transaction, executions: Iterable[Execution]) -> list[Seen]:
    """Runs with what they refer to; each thing is looked up once."""
    environments = {one.id: one.name for one in tx.environments.all()}
    files: dict[str, File | None] = {}
    users: dict[str, User | None] = {}
    pointers: dict[tuple[str, str | None, str | None], CalledBy | None] = {}
    shown = []
    for one in executions:
        if one.file_id not in files:
            files[one.file_id] = tx.files.get(id=one.file_id)
        if one.started_by not in users:
            users[one.started_by] = tx.access.user(id=one.started_by)
        called = (one.file_id, one.pointer_id, one.environment_id)
        if called not in pointers:
            pointers[called] = _called_by(tx, one, environments)
        shown.append(
            Seen(
                execution=one,
                file=files[one.file_id],
                pointer=pointers[called],
                caller=users[one.started_by],
            )
        )
    return shown


def _called_by(tx: Transaction, execution: Execution, environments: Mapping[str, str]) -> CalledBy | None:
    if execution.environment_id is not None:
        return CalledBy(
            kind=PointerKind.ENVIRONMENT.value,
            id=execution.environment_id,
            name=environments.get(execution.environment_id),
        )
    if execution.pointer_id is None or execution.pointer_id == DRAFT_ALIAS:
        return None
    alias = tx.aliases.get(file_id=execution.file_id, id=execution.pointer_id)
    return CalledBy(
        kind=PointerKind.ALIAS.value, id=execution.pointer_id, name=None if alias is None else alias.name
    )


async def look(ports: Ports, principal: Principal, ref: str) -> Look:
    """A run with what is around it.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)

    def find(tx: Transaction) -> Look:
        execution = found(tx, ref)
        place, log_id = (execution.started_at, execution.id), log_id_of(execution.id)
        older = tx.executions.page(file_id=execution.file_id, before=place, take=1)
        newer = tx.executions.newer(file_id=execution.file_id, after=place, take=1)
        has_log = tx.logs.get(id=log_id) is not None
        return Look(
            seen=seen(tx, [execution])[0],
            log_id=log_id if has_log else None,
            scores=list(scores_of(tx, [log_id]).get(log_id, ())) if has_log else [],
            older=older[0].id if older else None,
            newer=newer[0].id if newer else None,
        )

    known = await read(ports, principal, find)
    if known.seen.execution.status is not Status.WAITING:
        return known
    return msgspec.structs.replace(known, question=await _question(ports, principal, ref))


async def _question(ports: Ports, principal: Principal, ref: str) -> tuple[str, Any] | None:
    """What a run asked last."""
    last, first = None, 0
    while page := await event_pages.page(
        ports, principal, execution_id=ref, kinds=_ASKED, first=first, take=100
    ):
        last, first = page[-1].event, page[-1].number + 1
    return (last.node, last.value) if isinstance(last, InputRequested) else None


async def definition(ports: Ports, principal: Principal, execution: Execution) -> bytes | None:
    """The graph that a run ran, as JSON; None when that is not kept."""
    version = await read(ports, principal, lambda tx: tx.versions.kept(id=execution.version_id))
    if version is None:
        return None
    form = ports.rules.runnable_form(msgspec.json.decode(version.content), version.content)
    if form is None:
        return None
    graph = read_content(form).definition
    return None if graph is msgspec.UNSET else bytes(graph)


def parsed(graph: bytes) -> Definition:
    """A graph that could run."""
    return Definition.parse(msgspec.json.decode(graph))


async def stop(durables: Durables, ports: Ports, principal: Principal, ref: str) -> Seen:
    """Stop a run in the background, or one that waits for an answer; one that was stopped stays so.

    Raises:
        NotFound: there is none.
        Conflict: it has ended by itself, or its caller waits for it.
    """
    principal.require(Right.RUNNER)
    execution = await read(ports, principal, lambda tx: found(tx, ref))
    if execution.is_durable:
        stopped = await durable_ends.stop_by_id(durables, ports, principal, ref)
        return await read(ports, principal, lambda tx: seen(tx, [stopped])[0])

    def end(tx: Transaction) -> Seen:
        known = found(tx, ref)
        if known.status is Status.RUNNING:
            message = (
                f"Execution {ref} is carried out for a caller who waits for it, and stops when that one "
                "leaves. Only executions in the background, and such that wait for an answer, can be stopped."
            )
            raise Conflict(message)
        if known.status is Status.WAITING:
            session = tx.sessions.get(file_id=known.file_id, name=known.name)
            if session is not None and session.execution_id == known.id:
                if session.is_busy:
                    raise Conflict(f"Execution {ref} is being answered right now.")
                tx.sessions.remove(file_id=known.file_id, name=known.name)
        ended = durable_ends.abort(tx, ports, known, keeps=durables.runs.recorder.keeps)
        return seen(tx, [ended])[0]

    return await write(ports, principal, end)


async def remove(ports: Ports, principal: Principal, ref: str) -> None:
    """Forget a run that has ended, with its events. The log that it is shown as stays.

    Raises:
        NotFound: there is none.
        Conflict: it goes on.
    """
    principal.require(Right.EDITOR)

    def forget(tx: Transaction) -> None:
        execution = found(tx, ref)
        if not execution.status.is_final:
            raise Conflict(f"Execution {ref} is {execution.status.value}; only one that has ended can go.")
        tx.executions.remove(id=ref)

    await write(ports, principal, forget)
