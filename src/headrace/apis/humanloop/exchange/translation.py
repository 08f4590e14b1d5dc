"""From the objects of an export to parts, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from headrace.apis.humanloop.exchange.folder import PLAIN_ID
from headrace.apis.humanloop.exchange.forms import (
    EvaluationForm,
    IdentityForm,
    LogForm,
    MonitorForm,
    RunForm,
    UserForm,
    VersionForm,
)
from headrace.apis.humanloop.exchange.lenient import utc
from headrace.core.evaluations import RunStatus
from headrace.core.files import ancestors
from headrace.core.logs import MAX_LOG_ID, LogStatus, Payload
from headrace.services.exchange_humanloop.parts import (
    Author,
    DirectoryPart,
    EvaluationPart,
    FilePart,
    LogPart,
    MonitorPart,
    RunLinkPart,
    RunPart,
    SeatPart,
    VersionPart,
)

PREFIXES = {
    "pr_": "prompt",
    "tl_": "tool",
    "ds_": "dataset",
    "ev_": "evaluator",
    "fl_": "flow",
    "ag_": "agent",
}
"""The kind of a file that does not say it, by its id (humanloop 6, quirk 11)."""
_MODEL = (
    "model",
    "endpoint",
    "template",
    "template_language",
    "provider",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "other",
    "seed",
    "response_format",
    "reasoning_effort",
    "tools",
    "attributes",
)
CONTENT: Mapping[str, tuple[str, ...]] = {
    "flow": ("attributes",),
    "prompt": (*_MODEL, "linked_tools"),
    "tool": ("function", "source_code", "setup_values", "attributes", "tool_type"),
    "evaluator": ("spec",),
    "agent": (*_MODEL, "max_iterations"),
    "dataset": ("attributes", "datapoints"),
}
"""The members of a version that make it up (humanloop 2.1)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode
NOTHING = b"null"


def kind_of(type: str | None, id: str) -> str | None:
    """A file's kind, by what it says or by its id; None when neither tells."""
    if type in CONTENT:
        return type
    return next((kind for prefix, kind in PREFIXES.items() if id.startswith(prefix)), None)


def author_of(value: Any) -> Author | None:
    """A user; None where it is not the usual object."""
    try:
        user = msgspec.convert(value, UserForm)
    except msgspec.ValidationError:
        return None
    return Author(id=user.id, email=user.email_address, full_name=user.full_name)


def directory_part(form: VersionForm) -> DirectoryPart:
    """The directory that a file is in; its id is known from nowhere else (humanloop 6, quirk 8)."""
    above = ancestors(form.path)
    path = above[-1] if above else ""
    is_plain = form.directory_id is not None and PLAIN_ID.fullmatch(form.directory_id)
    return DirectoryPart(
        path=path, kept_id=form.directory_id if is_plain else None, created_at=_created(form)
    )


def file_part(form: VersionForm, kind: str, *, is_stray: bool) -> FilePart:
    """What a version says of its file.

    Raises:
        ValueError: its id can't be kept.
    """
    return FilePart(
        id=_plain(form.id),
        kind=kind,
        path=form.path,
        description=form.description,
        readme=form.readme,
        tags=tuple(form.tags or ()),
        author=author_of(form.created_by),
        created_at=_created(form),
        updated_at=utc(form.updated_at) or _created(form),
        is_stray=is_stray,
    )


def version_part(
    form: VersionForm, kind: str, members: Mapping[str, msgspec.Raw], *, is_stray: bool
) -> VersionPart:
    """A version with its content.

    Raises:
        ValueError: its id can't be kept.
    """
    content = {name: members[name] for name in CONTENT[kind] if bytes(members.get(name, b"null")) != NOTHING}
    if kind == "flow":  # the one kind whose content is there even when there is nothing in it
        content.setdefault("attributes", msgspec.Raw(b"{}"))
    if "linked_tools" in content:
        content["linked_tools"] = _linked(content["linked_tools"])
    return VersionPart(
        id=_plain(form.version_id),
        file_id=form.id,
        kind=kind,
        content=msgspec.Raw(_encode(content)),
        name=form.version_name or None,
        description=form.version_description or form.commit_message,
        author=author_of(form.created_by),
        created_at=_created(form),
        updated_at=utc(form.updated_at) or _created(form),
        last_used_at=utc(form.last_used_at) or _created(form),
        is_hidden=is_stray or form.status == "deleted",
    )


def _linked(tools: msgspec.Raw) -> msgspec.Raw:
    """What a prompt's tools are called in a request: their files' ids."""
    ids = [
        one.get("id") if isinstance(one, dict) else one for one in msgspec.json.decode(tools, type=list[Any])
    ]
    return msgspec.Raw(_encode(ids))


def _created(form: VersionForm) -> datetime:
    return utc(form.created_at) or _EPOCH


def monitor_part(file_id: str, form: MonitorForm, named: IdentityForm) -> MonitorPart:
    """A monitoring evaluator of a file."""
    environment = form.version_reference.environment
    created_at = utc(form.created_at) or _EPOCH
    return MonitorPart(
        file_id=file_id,
        evaluator_id=named.id,
        version_id=named.version_id if environment is None else None,
        environment_id=None if environment is None else environment.id,
        environment_name=None if environment is None else environment.name,
        is_active=form.state == "active",
        created_at=created_at,
        updated_at=utc(form.updated_at) or created_at,
    )


def log_part(
    form: LogForm, kind: str, identity: IdentityForm, *, parent_id: str | None, judged_id: str | None
) -> LogPart:
    """A log.

    Args:
        parent_id: the log it stands below; where it names another itself, that counts.
        judged_id: the log among whose judgments it stands, likewise.

    Raises:
        ValueError: its id can't be kept.
    """
    return LogPart(
        id=_id(form.id),
        kind=kind,
        file_id=identity.id,
        version_id=identity.version_id,
        created_at=utc(form.created_at or form.start_time or form.end_time or identity.created_at) or _EPOCH,
        status=_status(form, kind),
        start_time=utc(form.start_time),
        end_time=utc(form.end_time),
        provider_latency_s=form.provider_latency,
        parent_id=form.trace_parent_id or parent_id,
        judged_id=(form.parent_id or judged_id) if kind == "evaluator" else None,
        judgment=form.judgment,
        marked_completed=form.marked_completed,
        user=form.user,
        environment=form.environment,
        source=form.source,
        source_datapoint_id=form.source_datapoint_id,
        is_saved=form.save is not False,
        prompt_tokens=form.prompt_tokens,
        reasoning_tokens=form.reasoning_tokens,
        output_tokens=form.output_tokens,
        prompt_cost=form.prompt_cost,
        output_cost=form.output_cost,
        finish_reason=form.finish_reason,
        payload=msgspec.Raw(_payload(form)),
    )


def evaluation_part(
    form: EvaluationForm, file_id: str, judges: Iterable[IdentityForm | None]
) -> EvaluationPart:
    """An evaluation.

    Args:
        judges: the versions of its evaluators; None for one that can't be read.

    Raises:
        ValueError: its id can't be kept.
    """
    created_at = utc(form.created_at) or _EPOCH
    seats = {
        judge.version_id: SeatPart(
            version_id=judge.version_id,
            is_orchestrated=seat.orchestrated,
            added_at=utc(seat.added_at) or created_at,
        )
        for seat, judge in zip(form.evaluators or (), judges, strict=True)
        if judge is not None
    }
    return EvaluationPart(
        id=_plain(form.id),
        file_id=form.file_id or file_id,
        name=form.name or None,
        seats=tuple(seats.values()),
        author=author_of(form.created_by),
        created_at=created_at,
        updated_at=utc(form.updated_at) or created_at,
    )


def run_part(
    form: RunForm, file_id: str, *, dataset: IdentityForm | None, version: IdentityForm | None
) -> RunPart:
    """A run. What is said of no status is over.

    Raises:
        ValueError: its id can't be kept.
    """
    status = RunStatus(form.status) if form.status in tuple(RunStatus) else RunStatus.COMPLETED
    return RunPart(
        id=_plain(form.id),
        file_id=file_id,
        version_id=None if version is None else version.version_id,
        dataset_id=None if dataset is None else dataset.id,
        dataset_version_id=None if dataset is None else dataset.version_id,
        is_orchestrated=form.orchestrated,
        status=status,
        author=author_of(form.created_by),
        created_at=utc(form.created_at or form.added_at) or _EPOCH,
    )


def run_link_part(form: RunForm, evaluation_id: str) -> RunLinkPart:
    """A run as part of an evaluation."""
    return RunLinkPart(
        evaluation_id=evaluation_id,
        run_id=form.id,
        is_control=form.control,
        added_at=utc(form.added_at or form.created_at) or _EPOCH,
    )


def _payload(form: LogForm) -> bytes:
    members = {name: getattr(form, name, None) for name in Payload.__struct_fields__}
    return _encode(
        {
            name: value
            for name, value in members.items()
            if value is not None and not (isinstance(value, msgspec.Raw) and bytes(value) == NOTHING)
        }
    )


def _status(form: LogForm, kind: str) -> LogStatus | None:
    """A flow's log always has a status (humanloop 3.2); other words than the two are none."""
    word = form.log_status or form.trace_status
    if word in tuple(LogStatus):
        return LogStatus(word)
    return LogStatus.INCOMPLETE if kind == "flow" else None


def _plain(id: str) -> str:
    if not PLAIN_ID.fullmatch(id):
        raise ValueError(f"{id[:40]!r} can't be the ID of a file or version")
    return id


def _id(id: str) -> str:
    if not id or len(id) > MAX_LOG_ID or "\0" in id:
        raise ValueError(f"an id must have 1 to {MAX_LOG_ID} characters and no NUL: {id[:40]!r}")
    return id
