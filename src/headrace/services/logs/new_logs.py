"""Logs that are to be recorded: what is said of them, and which version of which file they are of
(humanloop 1.2, 2.5, 2.6, 3.11).

Recording them is in `headrace.services.logs.logs`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.logs import MAX_LOG_ID, Log, LogStatus, Payload, write_payload
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, digest_of
from headrace.services.evaluators import judgments
from headrace.services.logs.traces import FLOW
from headrace.services.tree import tree
from headrace.services.versions import versions


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


def used(tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared) -> tuple[File, Version]:
    """The file and the version that a new log is of (humanloop 2.5, 2.6).

    Raises:
        NotFound, Invalid, AlreadyExists: as `headrace.services.logs.logs.create`.
    """
    new = prepared.new
    file = named(tx, new)
    is_chosen = new.version_id is not None or new.environment is not None
    if prepared.content is not None and not is_chosen and (new.content is not None or file is None):
        submission = msgspec.structs.replace(
            prepared.content.submission, ref=None if file is None else file.id, path=new.path
        )
        content = msgspec.structs.replace(prepared.content, submission=submission)
        return versions.settle(tx, ports, principal, content, now=ports.clock.now())
    if file is None:
        raise not_at(new)
    version = versions.select(tx, file, version_id=new.version_id, environment=new.environment)
    if new.content is not None and prepared.content is not None and version.digest != prepared.content.digest:
        message = f"The content is not that of version `{version.id}`, which the query names."
        raise Invalid.at(_CONTENT_KEYS.get(new.kind, new.kind), message=message, kind="mismatch")
    return file, _kept(tx, ports, new.kind, version)


def not_at(new: NewLog) -> NotFound:
    """There is nothing at the path that a new log names, and nothing to be put there."""
    assert new.path is not None
    return NotFound(new.kind, new.path, f"{KINDS[new.kind].title} with path `{new.path}` not found.")


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


def named(tx: Transaction, new: NewLog) -> File | None:
    """The file that a new log names by id, path or version; None when nothing is at the path yet.

    Raises:
        NotFound: the id or the version names none.
        Invalid: nothing names a file, or two things that do disagree.
        AlreadyExists: something else stands at the path.
    """
    if new.ref is not None or new.path is not None or new.version_id is None:
        return tree.identify(tx, kind=new.kind, ref=new.ref, path=new.path)
    version = tx.versions.get(id=new.version_id)
    file = None if version is None else tx.files.get(id=version.file_id)
    if file is None or file.kind != new.kind:
        title = KINDS[new.kind].title
        message = f"{title} version with ID `{new.version_id}` not found."
        raise NotFound("version", new.version_id, message)
    return file


def draft(ports: Ports, principal: Principal, prepared: Prepared, file: File, version: Version) -> Log:
    """A new log, before it has its place in a trace.

    Raises:
        Invalid: its judgment is none of the evaluator's.
    """
    new = prepared.new
    shared: dict[str, Any] = dict(zip(_SHARED, _shared_of(new), strict=True))
    if new.judgment is not None:
        shared["judgment"] = judgments.checked(new.judgment, version)
    log_id = new.id or ports.ids.long("log_")
    created_at = new.created_at or ports.clock.now()
    if new.kind == FLOW:
        shared["status"] = first_status(new)
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


def first_status(new: NewLog) -> LogStatus | None:
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
_shared_of = attrgetter(*_SHARED)


def unsaved(payload: Payload) -> Payload:
    """What is kept of a payload that is not to be kept (humanloop 3.11)."""
    return Payload(error=payload.error, metadata=payload.metadata, tool_choice=payload.tool_choice)
