"""The bodies and queries about logs, and what of the domain they mean (humanloop 1.2, 1.3, 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from headrace.apis.humanloop.requests import FlowKernel, SelectVersion
from headrace.core.agents import Agent
from headrace.core.errors import Invalid, Problem
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.kinds.tool import ToolContent
from headrace.core.logs import LogQuery, LogStatus, Payload
from headrace.core.ports import EVERYTHING
from headrace.core.prompts import ChatMessage, Prompt
from headrace.services.logs.log_changes import Change
from headrace.services.logs.logs import NewLog
from headrace.services.versions.versions import Submission

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""The times that are taken for times of logs."""
JsonMap = dict[str, Any]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class FunctionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The function that a model must call."""

    name: str


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One function of the tools."""

    function: FunctionChoice
    type: Literal["function"] = "function"


class LogValues(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a log of any kind, when it is made and later. Null means absent at first."""

    FREE_TEXTS: ClassVar[frozenset[str]] = frozenset({"output", "error", "stdout", "judgment"})

    output: str | None = None
    error: str | None = None
    inputs: JsonMap | None = None
    log_status: LogStatus | None = None
    trace_status: LogStatus | None = None


class TimedValues(LogValues, frozen=True, kw_only=True):
    """What else may be said of logs of prompts, tools and evaluators."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    created_at: datetime | None = None
    provider_latency: float | None = None
    stdout: str | None = None
    provider_request: JsonMap | None = None
    provider_response: JsonMap | None = None
    source: str | None = None
    metadata: JsonMap | None = None


class CreateLog(TimedValues, frozen=True, kw_only=True):
    """LOGBASE of humanloop 4.1, and what names the file. Null means absent.

    ``trace_status`` is what ``log_status`` was called before; other keys of former times are ignored.
    """

    path: str | None = None
    id: str | None = None
    source_datapoint_id: str | None = None
    trace_parent_id: str | None = None
    user: str | None = None
    environment: str | None = None
    save: bool | None = None
    log_id: str | None = None


class CallLog(msgspec.Struct, frozen=True, kw_only=True):
    """CALLBASE of humanloop 4.1, and what names the file: what a caller may say of the log of a call."""

    path: str | None = None
    id: str | None = None
    inputs: JsonMap | None = None
    source: str | None = None
    metadata: JsonMap | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    log_status: LogStatus | None = None
    source_datapoint_id: str | None = None
    trace_parent_id: str | None = None
    user: str | None = None
    environment: str | None = None
    save: bool | None = None
    log_id: str | None = None

    @property
    def trace_status(self) -> None:
        """Nobody ever called a call's status by its former name."""
        return


class CreateFlowLog(CreateLog, frozen=True, kw_only=True):
    """Humanloop 1.2."""

    flow: FlowKernel | None = None
    messages: list[ChatMessage] | None = None
    output_message: ChatMessage | None = None
    run_id: str | None = None


class CreateModelLog(CreateLog, frozen=True, kw_only=True):
    """What may be said of a new log of a prompt or an agent."""

    messages: list[ChatMessage] | None = None
    output_message: ChatMessage | None = None
    prompt_tokens: Tokens | None = None
    reasoning_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    run_id: str | None = None


class CreatePromptLog(CreateModelLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Prompts. A prompt may be the text of a file (humanloop 4.5)."""

    FREE_TEXTS: ClassVar[frozenset[str]] = LogValues.FREE_TEXTS | {"prompt"}

    prompt: Prompt | str | None = None


class CreateAgentLog(CreateModelLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Agents. An agent may be the text of a file (humanloop 4.5)."""

    FREE_TEXTS: ClassVar[frozenset[str]] = LogValues.FREE_TEXTS | {"agent"}

    agent: Agent | str | None = None


class CreateToolLog(CreateLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Tools."""

    tool: ToolContent | None = None
    output_message: ChatMessage | None = None


class CreateEvaluatorLog(CreateLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluators."""

    parent_id: str
    spec: EvaluatorSpec | None = None
    judgment: bool | int | float | str | list[str] | None = None
    marked_completed: bool | None = None
    output_message: ChatMessage | None = None


class UpdateFlowLog(LogValues, frozen=True, kw_only=True):
    """Humanloop 1.3, and 4.2, Agents. Null clears, absent keeps."""

    messages: list[ChatMessage] | None = None
    output_message: ChatMessage | None = None


class UpdatePromptLog(TimedValues, frozen=True, kw_only=True):
    """Humanloop 4.2, Prompts. Null clears, absent keeps."""

    messages: list[ChatMessage] | None = None
    output_message: ChatMessage | None = None
    prompt_tokens: Tokens | None = None
    reasoning_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None


class UpdateToolLog(TimedValues, frozen=True, kw_only=True):
    """Humanloop 4.2, Tools. Null clears, absent keeps."""

    output_message: ChatMessage | None = None


class ListLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Logs."""

    file_id: str
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 10
    version_id: str | None = None
    id: tuple[str, ...] = ()
    search: str | None = None
    metadata_search: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    include_parent: bool = False
    in_trace_filter: tuple[bool, ...] = ()
    sample: Annotated[int, msgspec.Meta(ge=0)] | None = None
    include_trace_children: bool = False


class DeleteLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Logs. Without an id nothing is deleted, and that is an error (humanloop 8.49)."""

    id: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


_encode = msgspec.json.Encoder().encode
TEXTS = ("output", "error", "stdout")
COLUMNS = {
    "id": "ref",
    "path": "path",
    "log_id": "id",
    "trace_parent_id": "parent_id",
    "parent_id": "judged_id",
    "environment": "label",
    "start_time": "start_time",
    "end_time": "end_time",
    "created_at": "created_at",
    "provider_latency": "provider_latency_s",
    "user": "user",
    "source": "source",
    "source_datapoint_id": "source_datapoint_id",
    "run_id": "run_id",
    "prompt_tokens": "prompt_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "output_tokens": "output_tokens",
    "prompt_cost": "prompt_cost",
    "output_cost": "output_cost",
    "finish_reason": "finish_reason",
    "marked_completed": "marked_completed",
}
"""What a member of a body is called inside, where it is no part of the payload and needs no thought."""
TIMES = ("start_time", "end_time", "created_at")


def new_log(
    kind: str,
    body: CreateLog | CallLog,
    parsed: Mapping[str, Any],
    query: SelectVersion,
    content: Submission | None,
) -> NewLog:
    """What a request to make a log means.

    Raises:
        Invalid: a time is out of range.
    """
    judgment = parsed.get("judgment") if kind == "evaluator" else None
    return NewLog(
        kind=kind,
        version_id=query.version_id,
        environment=query.environment,
        content=content,
        request=None if body.log_id is None else _encode(_said(parsed)),
        judgment=None if judgment is None else _encode(judgment),
        status=body.log_status or body.trace_status,
        is_saved=body.save is not False,
        payload=_payload(body, parsed),
        **_columns(body),
    )


def _said(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """A body without its nulls, which are the same as nothing when a log is made (humanloop 0.3)."""
    return {name: value for name, value in parsed.items() if value is not None}


def change(kind: str, body: LogValues, parsed: Mapping[str, Any]) -> Change:
    """What a request to change a log means.

    Raises:
        Invalid: a time is out of range.
    """
    given = parsed.keys() & set(body.__struct_fields__)
    to = NewLog(
        kind=kind,
        status=body.log_status or body.trace_status,
        payload=_payload(body, parsed),
        **_columns(body),
    )
    return Change(to=to, given=frozenset(COLUMNS.get(name, name) for name in given))


def _columns(body: msgspec.Struct) -> dict[str, Any]:
    names = _columns_of(type(body))
    known = {name: getattr(body, name) for name in names}
    problems = []
    for name in TIMES:
        if known.get(name) is not None:
            known[name] = _utc(known[name])
            if not FIRST <= known[name] <= LAST:
                message = f"A time must be between {FIRST.year} and {LAST.year}."
                problems.append(Problem(path=(name,), message=message, kind="out_of_range"))
    if problems:
        raise Invalid(*problems)
    return {names[name]: value for name, value in known.items()}


@cache
def _columns_of(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """The members of a body that are columns, and what they are called inside."""
    return {name: inner for name, inner in COLUMNS.items() if name in kind.__struct_fields__}


@cache
def _payload_members(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The members of a body that are large."""
    return frozenset(Payload.__struct_fields__) & frozenset(kind.__struct_fields__)


def _payload(body: msgspec.Struct, parsed: Mapping[str, Any]) -> Payload:
    """The large members, as they were sent."""
    members: dict[str, Any] = {
        name: parsed[name] if name in TEXTS else msgspec.Raw(_encode(parsed[name]))
        for name in _payload_members(type(body)) & parsed.keys()
        if parsed[name] is not None
    }
    return Payload(**members)


def _utc(moment: datetime) -> datetime:
    """A moment in UTC, as which one without a zone is taken (humanloop 0.3)."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # in the first or last day of all that can be said
        return moment.replace(tzinfo=UTC)


def log_query(query: ListLogs) -> LogQuery:
    """What a request for a list means.

    Raises:
        Invalid: a date is none.
    """
    wanted = set(query.in_trace_filter)
    return LogQuery(
        file_id=query.file_id,
        version_id=query.version_id,
        ids=query.id,
        search=query.search or None,
        metadata=query.metadata_search or None,
        start=_date(query.start_date, "start_date"),
        end=_date(query.end_date, "end_date"),
        in_trace=wanted.pop() if len(wanted) == 1 else None,
        sample=None if query.sample is None else min(query.sample, EVERYTHING),
    )


def _date(text: str | None, name: str) -> datetime | None:
    """A moment of a query: ISO 8601 in any form, a day alone is its beginning; seconds since 1970, too."""
    if not text:
        return None
    # A plus sign that was not encoded has become a blank, which may stand before an offset only.
    head, blank, tail = text.rpartition(" ")
    text = f"{head}+{tail}" if blank and ":" in head and len(head) > len("2025-05-01") else text
    try:
        moment = (
            datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
        )
    except (ValueError, OverflowError, OSError):
        raise Invalid.at(
            name, message="Input should be a valid datetime", kind="datetime_parsing", where="query"
        ) from None
    return min(max(_utc(moment), FIRST), LAST)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and len(text.partition(".")[0]) > len("20250501")
