"""Logs over HTTP: tables of them, one in full, and what people find of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.log_bodies import LogBody, LogList, log_body, log_list
from headrace.apis.native.log_lines import CSV_MEDIA, MEDIA, lines
from headrace.apis.native.operations import LINES_MEDIA, Call, Operation, made, ok
from headrace.apis.native.requests import Reference
from headrace.core.access import Right
from headrace.services.evaluators import log_judging
from headrace.services.logs import log_search
from headrace.services.logs.log_search import Question


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs. What is not said leaves nothing out.

    Attributes:
        file: a file's id or path, where the path does not name one.
        version: a version's id or number, `draft`, or the name of an environment or an alias.
        environment: the label that logs have; for runs the environment they were called by.
        session: the id of an execution, or of the root of a trace.
        search: words of inputs, messages, output and error; the last may be the beginning of one.
        metadata: the same of the metadata.
        start: created at this moment or later; `to`: or earlier.
        error: only logs with an error, or only those without.
        roots: only logs that stand for themselves: below no other log, and no judgment on one.
        evaluator: its id or path: only logs that it judged so.
        verdict: `true`, `false`, a text or an option; `failed`, or `none`: it never judged.
        least, most: of a number.
    """

    version: str | None = None
    environment: str | None = None
    source: str | None = None
    user: str | None = None
    session: str | None = None
    search: str | None = None
    metadata: str | None = None
    start: datetime | None = msgspec.field(name="from", default=None)
    to: datetime | None = None
    error: bool | None = None
    roots: bool = False
    evaluator: str | None = None
    verdict: str | None = None
    least: float | None = None
    most: float | None = None


class WantedPage(Wanted, frozen=True, kw_only=True):
    """Which logs, and which page of them.

    Attributes:
        before: the `next` of the page before.
        take: so many at the most.
    """

    before: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class WantedLines(Wanted, frozen=True, kw_only=True):
    """Which logs, and in what form.

    Attributes:
        form: `jsonl`: each as one line of JSON, whole; `csv`: a table for spreadsheets.
    """

    form: Literal["jsonl", "csv"] = msgspec.field(name="as", default="jsonl")


class NewJudgment(msgspec.Struct, frozen=True, kw_only=True):
    """What a person found of a log.

    Attributes:
        evaluator: its id or path.
        judgment: of the evaluator's type; null says that there is none.
        version: of the evaluator: a version's id or number, or the name of an environment.
    """

    evaluator: str
    judgment: Any
    version: Reference | None = None


async def list_logs(call: Call) -> Response:
    """Logs of all files, newest first.

    Where few logs are wanted a page may be short, or empty, and have a `next` nevertheless: so far it was
    looked. `next` is null when all was looked through.
    """
    return await _listed(call)


async def list_file_logs(call: Call) -> Response:
    """Logs of a file, newest first. See `listLogs`."""
    return await _listed(call)


async def _listed(call: Call) -> Response:
    query: WantedPage = call.query
    question = _question(call, query)
    page = await log_search.search(call.ports, call.principal, question, before=query.before, take=query.take)
    return ok(log_list(page))


async def export_logs(call: Call) -> Response:
    """All logs of all files that are wanted, newest first, as JSON lines or as a table."""
    return await _exported(call)


async def export_file_logs(call: Call) -> Response:
    """All logs of a file that are wanted, newest first, as JSON lines or as a table."""
    return await _exported(call)


async def _exported(call: Call) -> Response:
    query: WantedLines = call.query
    pages = log_search.everything(call.ports, call.principal, _question(call, query))
    first = await anext(pages)
    headers = (
        (b"content-type", MEDIA[query.form].encode()),
        (b"content-disposition", f'attachment; filename="logs.{query.form}"'.encode()),
    )
    return Response(status=200, headers=headers, body=lines(first, pages, query.form))


def _question(call: Call, query: Wanted) -> Question:
    return Question(
        file=call.parameters.get("file"),
        start=query.start,
        end=query.to,
        has_error=query.error,
        is_root=query.roots,
        **{name: getattr(query, name) for name in _SAME},
    )


_SAME = (
    "version",
    "environment",
    "source",
    "user",
    "session",
    "search",
    "metadata",
    "evaluator",
    "verdict",
    "least",
    "most",
)
"""What a query and a use case call the same."""


async def get_log(call: Call) -> Response:
    """A log of any kind in full, with what evaluators found of it."""
    found = await log_search.whole(call.ports, call.principal, log_id=call.parameters["log"])
    return ok(log_body(found))


async def judge_log(call: Call) -> Response:
    """Say what a person found of a log, as an evaluator's judgment; one given before is replaced."""
    body: NewJudgment = call.body
    await log_judging.judge(
        call.ports,
        call.principal,
        log_id=call.parameters["log"],
        evaluator_ref=body.evaluator,
        version_ref=None if body.version is None else str(body.version),
        judgment=msgspec.json.encode(body.judgment),
    )
    found = await log_search.whole(call.ports, call.principal, log_id=call.parameters["log"])
    return made(log_body(found))


OPERATIONS = (
    Operation(
        name="listLogs",
        method="GET",
        template="/logs",
        handler=list_logs,
        right=Right.READER,
        query=WantedPage,
        response=LogList,
    ),
    Operation(
        name="listFileLogs",
        method="GET",
        template="/files/{file}/logs",
        handler=list_file_logs,
        right=Right.READER,
        query=WantedPage,
        response=LogList,
        errors=(404, 409),
    ),
    Operation(
        name="exportLogs",
        method="GET",
        template="/exports/logs",
        handler=export_logs,
        right=Right.READER,
        query=WantedLines,
        response=LogBody,
        media=(LINES_MEDIA, CSV_MEDIA),
    ),
    Operation(
        name="exportFileLogs",
        method="GET",
        template="/files/{file}/exports/logs",
        handler=export_file_logs,
        right=Right.READER,
        query=WantedLines,
        response=LogBody,
        errors=(404, 409),
        media=(LINES_MEDIA, CSV_MEDIA),
    ),
    Operation(
        name="getLog",
        method="GET",
        template="/logs/{log}",
        handler=get_log,
        right=Right.READER,
        response=LogBody,
    ),
    Operation(
        name="judgeLog",
        method="POST",
        template="/logs/{log}/judgments",
        handler=judge_log,
        right=Right.RUNNER,
        body=NewJudgment,
        response=LogBody,
        status=201,
        errors=(404, 409),
    ),
)
