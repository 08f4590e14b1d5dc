"""The operations on logs (humanloop 1.2, 1.3, 3, 4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop import log_wire
from headrace.apis.humanloop.contents import submission_of
from headrace.apis.humanloop.file_operations import MAX_SKIP
from headrace.apis.humanloop.log_requests import (
    CreateAgentLog,
    CreateEvaluatorLog,
    CreateFlowLog,
    CreateLog,
    CreatePromptLog,
    CreateToolLog,
    DeleteLogs,
    ListLogs,
    LogValues,
    UpdateFlowLog,
    UpdatePromptLog,
    UpdateToolLog,
    change,
    log_query,
    new_log,
)
from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.operations import NO_CONTENT, Call, Operation, ok
from headrace.apis.humanloop.requests import SelectVersion
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.logs import Log
from headrace.services.logs import log_changes, logs

SLICE = 50
"""So many logs are rendered before other requests get their turn."""
READ = 1000
"""So many logs are read at a time. Clients ask for no more, unless somebody does by hand."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What of making and changing logs depends on the kind."""

    kind: str
    create: type[CreateLog]
    created: type[msgspec.Struct]
    update: type[LogValues] | None = None
    response: type[log_wire.LogResponse]


ROWS = (
    Row(
        kind="flow",
        create=CreateFlowLog,
        created=log_wire.CreateFlowLogResponse,
        update=UpdateFlowLog,
        response=log_wire.FlowLogResponse,
    ),
    Row(
        kind="prompt",
        create=CreatePromptLog,
        created=log_wire.CreatePromptLogResponse,
        update=UpdatePromptLog,
        response=log_wire.PromptLogResponse,
    ),
    Row(
        kind="agent",
        create=CreateAgentLog,
        created=log_wire.CreateAgentLogResponse,
        update=UpdateFlowLog,
        response=log_wire.AgentLogResponse,
    ),
    Row(
        kind="tool",
        create=CreateToolLog,
        created=log_wire.CreateToolLogResponse,
        update=UpdateToolLog,
        response=log_wire.ToolLogResponse,
    ),
    Row(
        kind="evaluator",
        create=CreateEvaluatorLog,
        created=log_wire.CreateEvaluatorLogResponse,
        response=log_wire.EvaluatorLogResponse,
    ),
)


class LogOperations:
    """The handlers that make and change the logs of files of one kind."""

    def __init__(self, row: Row) -> None:
        self._row = row

    async def create(self, call: Call) -> Response:
        """Record a log; its file and version are made when they are not there."""
        kind, body = self._row.kind, call.body
        content = submission_of(kind, body, call.parsed)
        new = new_log(kind, body, call.parsed, call.query, content)
        made = await logs.create(call.ports, call.principal, new)
        return ok(log_wire.created(made.log))

    async def update(self, call: Call) -> Response:
        """Change a log: null clears a member, an absent one is kept."""
        view = await log_changes.update(
            call.ports,
            call.principal,
            change(self._row.kind, call.body, call.parsed),
            log_id=call.parameters["log_id"],
            ref=call.parameters.get("id"),
        )
        return _json(LogRenderer(call.wire).log(view))

    def operations(self) -> list[Operation]:
        """The rows of the API's table."""
        kind, title = self._row.kind, self._row.kind.capitalize()
        rows = [
            Operation(
                name=f"Log{title}",
                method="POST",
                template=f"/{kind}s/log",
                handler=self.create,
                right=Right.RUNNER,
                query=SelectVersion,
                body=self._row.create,
                response=self._row.created,
                errors=(404, 409),
            )
        ]
        if self._row.update is not None:
            rows.append(
                Operation(
                    name=f"Update{title}Log",
                    method="PATCH",
                    template="/flows/logs/{log_id}" if kind == "flow" else f"/{kind}s/{{id}}/log/{{log_id}}",
                    handler=self.update,
                    right=Right.RUNNER,
                    body=self._row.update,
                    response=self._row.response,
                    errors=(404, 409),
                    # Quirk(humanloop): clients put the ids that users chose into paths as they are, slashes
                    # and all, so the end of such a path is one id (0.8).
                    has_open_end=True,
                )
            )
        return rows


async def get(call: Call) -> Response:
    """Get a log of any kind with everything below it."""
    view = await logs.get(call.ports, call.principal, log_id=call.parameters["id"])
    return _json(LogRenderer(call.wire).log(view))


async def list_logs(call: Call) -> Response:
    """List the logs of a file, newest first, a page at a time."""
    query: ListLogs = call.query
    if query.size > call.max_page:
        message = f"Input should be less than or equal to {call.max_page}"
        raise Invalid.at("size", message=message, kind="less_than_equal", where="query")
    found, total = await _found(call, first=0)
    opening = b'{"records":['
    closing = b'],"page":%d,"size":%d,"total":%d}' % (query.page, query.size, total)
    if len(found) <= SLICE:
        return _json(opening + b",".join(await _rendered(call, found)) + closing)
    return Response(status=200, headers=(JSON,), body=_streamed(call, opening, found, closing))


async def _found(call: Call, *, first: int) -> tuple[list[Log], int]:
    """The logs of a page from one of them on, as many as are read at once, and how many match in all."""
    query: ListLogs = call.query
    skip = min((query.page - 1) * query.size, MAX_SKIP) + first
    take = min(query.size - first, READ)
    return await logs.page(call.ports, call.principal, log_query(query), skip=skip, take=take)


async def _streamed(call: Call, opening: bytes, found: list[Log], closing: bytes) -> AsyncIterator[bytes]:
    """A large page as it is read and rendered, so that it is never whole in memory and holds nobody up."""
    yield opening
    separator = b""
    first = 0
    while found:
        for start in range(0, len(found), SLICE):
            rendered = await _rendered(call, found[start : start + SLICE])
            if rendered:
                yield separator + b",".join(rendered)
                separator = b","
            await asyncio.sleep(
                0
            )  # let other requests run; the server's own send does not when there is room
        first += len(found)
        is_more = len(found) == READ and first < call.query.size
        found = (await _found(call, first=first))[0] if is_more else []
    yield closing


async def _rendered(call: Call, some: list[Log]) -> list[bytes]:
    """Logs as JSON texts."""
    query: ListLogs = call.query
    views = await logs.shown(
        call.ports,
        call.principal,
        some,
        with_children=query.include_trace_children,
        with_judged=query.include_parent,
    )
    return LogRenderer(call.wire).logs(views)


async def delete(call: Call) -> Response:
    """Delete logs with everything below them; unknown ids are ignored."""
    query: DeleteLogs = call.query
    await logs.delete(call.ports, call.principal, query.id)
    return NO_CONTENT


def _json(text: bytes) -> Response:
    return Response(status=200, headers=(JSON,), body=text)


OPERATIONS = (
    *(operation for row in ROWS for operation in LogOperations(row).operations()),
    Operation(
        name="ListLogs",
        method="GET",
        template="/logs",
        handler=list_logs,
        right=Right.READER,
        query=ListLogs,
        response=log_wire.PaginatedLogs,
    ),
    Operation(
        name="DeleteLogs",
        method="DELETE",
        template="/logs",
        handler=delete,
        right=Right.EDITOR,
        query=DeleteLogs,
        status=204,
        errors=(),
    ),
    Operation(
        name="GetLog",
        method="GET",
        template="/logs/{id}",
        handler=get,
        right=Right.READER,
        response=log_wire.LogResponse,
        has_open_end=True,
    ),
)
