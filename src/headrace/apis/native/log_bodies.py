"""The answers of our own API about logs, and how they are made of what the use cases give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.native.wire import FileBody, file_body
from headrace.core.figures import latency_s
from headrace.core.logs import Log, LogStatus
from headrace.services.logs.log_excerpts import error_line, input_line, output_line
from headrace.services.logs.log_search import Page, Row, mark_text


class JudgmentBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found of a log.

    Attributes:
        log_id: the evaluator's own log.
        version_id: the evaluator's version.
        judgment: null when it came to none.
        error: why, when it failed.
        is_automatic: whether the server had it judge by itself.
    """

    log_id: str
    evaluator_id: str
    version_id: str
    judgment: msgspec.Raw
    error: str | None
    is_automatic: bool
    created_at: datetime


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """A log in a table.

    Attributes:
        number: the highest number of its version; null when it has none.
        latency_s: as the log says, or from its start to its end.
        session: the root of its trace: what belongs together has the same one.
        execution_id: the run that it tells of, where the server ran it.
        is_root: whether it stands for itself: below no other log, and no judgment on one.
        input: the beginning of what went in.
        output: the beginning of what came out.
        error: the beginning of what went wrong; null when nothing did.
        input_tokens, output_tokens, cost_usd: of the whole trace where it is the root of one.
        steps: how many other logs its trace has; null when it is no root of one.
    """

    id: str
    file: FileBody
    version_id: str
    number: int | None
    created_at: datetime
    latency_s: float | None
    status: LogStatus | None
    environment: str | None
    source: str | None
    user: str | None
    session: str
    execution_id: str | None
    is_root: bool
    input: str
    output: str
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    steps: int | None
    judgments: list[JudgmentBody]


class LogList(msgspec.Struct, frozen=True, kw_only=True):
    """Logs, newest first.

    Attributes:
        evaluators: those that judged any of these.
        next: what `before` is to be to look further; null when all was looked through.
        looked_back_to: where few logs are wanted, a page may be short: so far it was looked. Null when all
            was looked through.
    """

    logs: list[LogRow]
    evaluators: list[FileBody]
    next: str | None
    looked_back_to: datetime | None


class LogBody(LogRow, frozen=True, kw_only=True):
    """A log in full. What was said of it in JSON is as it was sent; null when nothing was.

    Attributes:
        output_text: all that came out, as text.
        error_text: all that went wrong.
        stdout: what code printed.
        parent_id: the log above it.
        judged_id: the log that it judges.
        judgment: what it found, where it is an evaluator's.
        reasoning_tokens: of this log alone.
        is_saved: false when nothing of its contents was kept.
        evaluators: whose judgments are on it.
    """

    started_at: datetime | None
    ended_at: datetime | None
    created_by: str
    inputs: msgspec.Raw
    messages: msgspec.Raw
    output_text: str | None
    output_message: msgspec.Raw
    error_text: str | None
    stdout: str | None
    metadata: msgspec.Raw
    tool_choice: msgspec.Raw
    provider_request: msgspec.Raw
    provider_response: msgspec.Raw
    parent_id: str | None
    judged_id: str | None
    judgment: msgspec.Raw
    datapoint_id: str | None
    run_id: str | None
    finish_reason: str | None
    reasoning_tokens: int | None
    is_saved: bool
    evaluators: list[FileBody]


NULL = msgspec.Raw(b"null")


def log_list(page: Page) -> LogList:
    """A page of a table."""
    return LogList(
        logs=[log_row(row) for row in page.rows],
        evaluators=[file_body(one) for one in page.evaluators.values()],
        next=None if page.mark is None else mark_text(page.mark),
        looked_back_to=None if page.mark is None else page.mark.created_at,
    )


def log_row(row: Row) -> LogRow:
    """A row of a table."""
    log, usage, payload = row.log, row.usage, row.log.content()
    costs = [one for one in (log.prompt_cost, log.output_cost) if one is not None]
    return LogRow(
        id=log.id,
        file=file_body(row.file),
        version_id=log.version_id,
        number=row.number,
        created_at=log.created_at,
        latency_s=latency_s(log.provider_latency_s, log.start_time, log.end_time),
        status=log.status,
        environment=log.environment,
        source=log.source,
        user=log.user,
        session=log.trace_id,
        execution_id=log.execution_id,
        is_root=log.trace_parent_id is None and log.judged_id is None,
        input=input_line(payload),
        output=output_line(log, payload),
        error=error_line(payload),
        input_tokens=log.prompt_tokens if usage is None else usage.prompt_tokens,
        output_tokens=log.output_tokens if usage is None else usage.output_tokens,
        cost_usd=(sum(costs) if costs else None) if usage is None else usage.cost,
        steps=None if usage is None else usage.logs_count - 1,
        judgments=[_judgment(one) for one in row.judgments],
    )


def log_body(page: Page) -> LogBody:
    """The log of a page that has only one."""
    row = page.rows[0]
    log, payload = row.log, row.log.content()
    return LogBody(
        **_members(log_row(row)),
        started_at=log.start_time,
        ended_at=log.end_time,
        created_by=log.created_by,
        inputs=_raw(payload.inputs),
        messages=_raw(payload.messages),
        output_text=payload.output,
        output_message=_raw(payload.output_message),
        error_text=payload.error,
        stdout=payload.stdout,
        metadata=_raw(payload.metadata),
        tool_choice=_raw(payload.tool_choice),
        provider_request=_raw(payload.provider_request),
        provider_response=_raw(payload.provider_response),
        parent_id=log.trace_parent_id,
        judged_id=log.judged_id,
        judgment=NULL if log.judgment is None else msgspec.Raw(log.judgment),
        datapoint_id=log.source_datapoint_id,
        run_id=log.run_id,
        finish_reason=log.finish_reason,
        reasoning_tokens=log.reasoning_tokens,
        is_saved=log.is_saved,
        evaluators=[file_body(one) for one in page.evaluators.values()],
    )


def _members(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _raw(value: msgspec.Raw | None) -> msgspec.Raw:
    return NULL if value is None else value


def _judgment(log: Log) -> JudgmentBody:
    return JudgmentBody(
        log_id=log.id,
        evaluator_id=log.file_id,
        version_id=log.version_id,
        judgment=NULL if log.judgment is None else msgspec.Raw(log.judgment),
        error=error_line(log.content()) if log.has_error else None,
        is_automatic=log.is_automatic,
        created_at=log.created_at,
    )
