"""Recording logs of any kind, reading and deleting them (humanloop 1.2, 2.5, 2.6, 3, 4.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import AlreadyExists, Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.logs import MAX_LOG_ID, Log, LogQuery, LogStatus, Payload, write_payload
from headrace.core.ports import Clash, Transaction
from headrace.core.versions import Version
from headrace.services import judgments, monitoring, traces, tree, versions
from headrace.services.base import FAR, Ports, digest_of, read, scan, write
from headrace.services.judgments import judge
from headrace.services.log_views import LogView, view, views
from headrace.services.traces import DIRECT, EXPORTED, FLOW, GIVEN, Rules, UnknownParent

__all__ = ["DIRECT", "EXPORTED", "GIVEN", "Created", "NewLog", "Rules", "UnknownParent", "create", "judge"]


class NewLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log that a caller wants recorded. What is not explained here is as in `headrace.core.logs.Log`.

    Attributes:
        ref: the file's id.
        path: the file's path.
        version_id: the version that was used; names the file too, where nothing else does.
        environment: the name of the environment whose version was used.
        content: what the version was, to be found or made; its own ``ref`` and ``path`` are not looked at.
        id: None mints one.
        request: the JSON text of the request, where a repeated one must be answered alike.
        parent_id: the log above it in a trace.
        judged_id: what an evaluator's log judges.
        label: the environment that the log says it is of; by default the one whose version was used.
        created_at: None is now.
        status: None is incomplete for a flow's log.
    """

    kind: str
    ref: str | None = None
    path: str | None = None
    version_id: str | None = None
    environment: str | None = None
    content: versions.Submission | None = None
    id: str | None = None
    request: bytes | None = None
    parent_id: str | None = None
    judged_id: str | None = None
    judgment: bytes | None = None
    marked_completed: bool | None = None
    label: str | None = None
    created_at: datetime | None = None
    status: LogStatus | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    provider_latency_s: float | None = None
    user: str | None = None
    source: str | None = None
    source_datapoint_id: str | None = None
    run_id: str | None = None
    is_saved: bool = True
    prompt_tokens: int | None = None
    reasoning_tokens: int | None = None
    output_tokens: int | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    payload: Payload = Payload()


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A new log that was checked as far as that goes without the store.

    Attributes:
        content: its content, or that of a flow nobody has said anything of but its path.
        request_hash: of what makes a repeated request the same one.
    """

    new: NewLog
    content: versions.Prepared | None
    request_hash: str | None


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is recorded.

    Attributes:
        is_new: False when it had been recorded before, by the same request.
    """

    log: Log
    is_new: bool


async def create(ports: Ports, principal: Principal, new: NewLog, *, rules: Rules = DIRECT) -> Created:
    """Record a log.

    Raises:
        Invalid: nothing names a file, or two things that do disagree, or so do content and version.
        NotFound: the file, version, environment, parent or judged log is not there.
        Conflict: the trace is complete.
        AlreadyExists: another log has the id, if only one that went with its file, or something else stands
            at the path.
    """
    principal.require(Right.RUNNER)
    prepared = await prepare(ports, new)
    return await write(ports, principal, lambda tx: put(tx, ports, principal, prepared, rules=rules))


async def prepare(ports: Ports, new: NewLog) -> Prepared:
    """Do what is slow about recording a log before its transaction.

    Raises:
        Invalid: its id, or a name or path, breaks a rule.
    """
    if new.id is not None:
        _check_id(new.id)
    content = new.content
    if content is None and new.kind == FLOW and new.path is not None:
        content = versions.Submission(kind=FLOW, ref=None, path=new.path, content=b"{}", parsed={})
    is_repeatable = new.id is not None and new.request is not None
    return Prepared(
        new=new,
        content=None if content is None else await versions.prepare(ports, content),
        request_hash=await _request_hash(new) if is_repeatable else None,
    )


def _check_id(id: str) -> None:
    problem = None
    if not 0 < len(id) <= MAX_LOG_ID:
        problem = f"The ID of a log has 1 to {MAX_LOG_ID} characters; this one has {len(id)}."
    elif "\0" in id:
        problem = "The ID of a log may not contain U+0000."
    if problem:
        raise Invalid.at("log_id", message=problem, kind="log_id")


async def _request_hash(new: NewLog) -> str:
    assert new.request is not None
    body = await digest_of(new.request)
    asked = "\0".join((new.kind, new.version_id or "", new.environment or "", body))
    return hashlib.sha256(asked.encode()).hexdigest()


def put(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared, *, rules: Rules = DIRECT
) -> Created:
    """Record a log: the transaction of `create`."""
    new = prepared.new
    known = None if new.id is None else tx.logs.get(id=new.id)
    if known is not None:
        if known.request_hash is None or known.request_hash != prepared.request_hash:
            raise AlreadyExists(f"A log with ID `{known.id}` already exists.")
        # The first answer told the status of then (humanloop 8.24).
        status = _first_status(new)
        return Created(log=msgspec.structs.replace(known, status=status), is_new=False)
    if new.run_id is not None and rules.unknown_parent is UnknownParent.REFUSE:
        raise NotFound("run", new.run_id, f"Run with ID `{new.run_id}` not found.")
    file, version = _used(tx, ports, principal, prepared)
    log = _log(ports, principal, prepared, file, version)
    ports.unsaved.put(tx.account, log, new.payload)
    try:
        return Created(log=record(tx, ports, log, rules=rules), is_new=True)
    except Clash as clash:
        if clash.rule != "id" or new.id is None:
            raise
        # Nobody can be faster within a transaction, so it is one that is kept and not shown (humanloop 2.9).
        message = f"The ID `{new.id}` belongs to a log that was deleted with its file; choose another."
        raise AlreadyExists(message) from None


def record(tx: Transaction, ports: Ports, log: Log, *, rules: Rules) -> Log:
    """Keep a log whose file and version are known, in its place; tell those who monitor what it changes.

    Raises:
        NotFound, Invalid, Conflict: as `traces.add` and `judgments.judge`.
        Clash: its id is taken.
    """
    if log.judged_id is not None:
        return judge(tx, ports, log, rules=rules)
    log, above = traces.add(tx, ports, log, rules=rules, now=ports.clock.now())
    if rules.triggers:
        monitoring.trigger(tx, ports, log)
        for ancestor in above:
            if ancestor.kind == FLOW and ancestor.status is LogStatus.COMPLETE:  # its trace has grown
                monitoring.trigger(tx, ports, ancestor)
    return log


def _used(tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared) -> tuple[File, Version]:
    """The file and the version that a new log is of (humanloop 2.5, 2.6)."""
    new = prepared.new
    file = _named(tx, new)
    is_chosen = new.version_id is not None or new.environment is not None
    if prepared.content is not None and not is_chosen and (new.content is not None or file is None):
        submission = msgspec.structs.replace(
            prepared.content.submission, ref=None if file is None else file.id, path=new.path
        )
        content = msgspec.structs.replace(prepared.content, submission=submission)
        return versions.settle(tx, ports, principal, content, now=ports.clock.now())
    if file is None:
        assert new.path is not None
        title = KINDS[new.kind].title
        raise NotFound(new.kind, new.path, f"{title} with path `{new.path}` not found.")
    version = versions.select(tx, file, version_id=new.version_id, environment=new.environment)
    if new.content is not None and prepared.content is not None and version.digest != prepared.content.digest:
        message = f"The content is not that of version `{version.id}`, which the query names."
        raise Invalid.at(_CONTENT_KEYS.get(new.kind, new.kind), message=message, kind="mismatch")
    return file, _kept(tx, ports, new.kind, version)


def _kept(tx: Transaction, ports: Ports, kind: str, version: Version) -> Version:
    """A version that a log can refer to for ever: of a file that has only a draft, a copy listed nowhere."""
    if tx.versions.kept(id=version.id) is not None:
        return version
    digest = f"draft:{version.digest}"
    known = tx.versions.by_digest(file_id=version.file_id, digest=digest)
    if known is not None:
        return known
    version_id = ports.ids.long(KINDS[kind].version_prefix)
    copy = msgspec.structs.replace(version, id=version_id, digest=digest, deleted_at=ports.clock.now())
    tx.versions.add(copy)
    return copy


_CONTENT_KEYS = {"evaluator": "spec"}
"""Where the content of a version stands in a request, where that is not named for the kind."""


def _named(tx: Transaction, new: NewLog) -> File | None:
    """The file that a new log names by id, path or version; None when nothing is at the path yet."""
    if new.ref is not None or new.path is not None or new.version_id is None:
        return tree.identify(tx, kind=new.kind, ref=new.ref, path=new.path)
    version = tx.versions.get(id=new.version_id)
    file = None if version is None else tx.files.get(id=version.file_id)
    if file is None or file.kind != new.kind:
        title = KINDS[new.kind].title
        message = f"{title} version with ID `{new.version_id}` not found."
        raise NotFound("version", new.version_id, message)
    return file


def _log(ports: Ports, principal: Principal, prepared: Prepared, file: File, version: Version) -> Log:
    new = prepared.new
    shared = {name: getattr(new, name) for name in _SHARED}
    if new.judgment is not None:
        shared["judgment"] = judgments.checked(new.judgment, version)
    log_id = new.id or ports.ids.long("log_")
    created_at = new.created_at or ports.clock.now()
    if new.kind == FLOW:
        shared["status"] = _first_status(new)
        shared["start_time"] = new.start_time or created_at
    return Log(
        id=log_id,
        file_id=file.id,
        version_id=version.id,
        created_by=principal.user.id,
        created_at=created_at,
        trace_id=log_id,
        trace_parent_id=new.parent_id,
        environment=new.label or new.environment,
        request_hash=prepared.request_hash,
        has_error=new.payload.error is not None,
        payload=write_payload(new.payload if new.is_saved else unsaved(new.payload)),
        **shared,
    )


def _first_status(new: NewLog) -> LogStatus | None:
    """A flow's log is open until somebody says otherwise (humanloop 3.2)."""
    return new.status or (LogStatus.INCOMPLETE if new.kind == FLOW else None)


_SHARED = (
    "kind",
    "judged_id",
    "marked_completed",
    "status",
    "start_time",
    "end_time",
    "provider_latency_s",
    "user",
    "source",
    "source_datapoint_id",
    "run_id",
    "is_saved",
    "prompt_tokens",
    "reasoning_tokens",
    "output_tokens",
    "prompt_cost",
    "output_cost",
    "finish_reason",
)
"""What a log has from its request as it is."""


def unsaved(payload: Payload) -> Payload:
    """What is kept of a payload that is not to be kept (humanloop 3.11)."""
    return Payload(error=payload.error, metadata=payload.metadata, tool_choice=payload.tool_choice)


async def get(ports: Ports, principal: Principal, *, log_id: str) -> LogView:
    """A log of any kind, with everything below it and the judgments on it.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: view(tx, find(tx, log_id), with_children=True))


def find(tx: Transaction, log_id: str, *, kind: str | None = None) -> Log:
    """A log by its id.

    Raises:
        NotFound: there is none, or none of that kind.
    """
    log = tx.logs.get(id=log_id)
    if log is None or (kind is not None and log.kind != kind):
        title = "Log" if kind is None else f"{KINDS[kind].title} log"
        raise NotFound("log", log_id, f"{title} with ID `{log_id}` not found.")
    return log


async def page(
    ports: Ports, principal: Principal, query: LogQuery, *, skip: int, take: int
) -> tuple[list[Log], int]:
    """One page of a file's logs, newest first, and how many there are in all.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[Log], int]:
        if tx.files.get(id=query.file_id) is None:
            raise NotFound("file", query.file_id, f"File with ID `{query.file_id}` not found.")
        return tx.logs.page(query, skip=skip, take=take)

    look = scan if _is_wide(query) or skip > FAR else read
    return await look(ports, principal, work)


def _is_wide(query: LogQuery) -> bool:
    """Whether all logs of a file may have to be looked at for a page."""
    return bool(query.ids or query.search or query.metadata or query.start or query.end or query.sample)


async def shown(
    ports: Ports, principal: Principal, logs: Collection[Log], *, with_children: bool, with_judged: bool
) -> list[LogView]:
    """Logs with what surrounds them. Those that were deleted meanwhile are shown as they were."""
    return await read(
        ports,
        principal,
        lambda tx: views(tx, logs, with_children=with_children, with_judged=with_judged),
    )


async def delete(ports: Ports, principal: Principal, ids: Collection[str]) -> None:
    """Forget logs with everything below them and the judgments on all that; unknown ids are ignored."""
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        found = [log for log in (tx.logs.get(id=one) for one in dict.fromkeys(ids)) if log is not None]
        judgments.remove(tx, found)

    await write(ports, principal, work)
