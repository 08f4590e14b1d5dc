"""The operations on evaluations and their runs (humanloop 4.2, 4.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.evaluation_requests import (
    AddEvaluators,
    AddLogs,
    CreateEvaluation,
    CreateRun,
    FileReference,
    ListEvaluationLogs,
    ListEvaluations,
    UpdateRun,
    seat_refs,
    version_ref,
)
from headrace.apis.humanloop.evaluation_wire import (
    EvaluationRenderer,
    EvaluationResponse,
    EvaluationRunResponse,
    EvaluationRunsResponse,
    EvaluationStatsResponse,
    PaginatedEvaluationLogs,
    PaginatedEvaluations,
    stats_response,
)
from headrace.apis.humanloop.file_operations import MAX_SKIP
from headrace.apis.humanloop.operations import NO_CONTENT, Call, Operation, ok
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.evaluations import RunStatus
from headrace.services.evaluations import evaluation_runs, evaluation_stats, evaluations
from headrace.services.evaluations.evaluation_views import EvaluationView, LogRow, RunView

SLICE = 50
"""So many logs are read and rendered before other requests get their turn."""
_encode = msgspec.json.Encoder().encode


async def list_evaluations(call: Call) -> Response:
    """List the evaluations of a file, newest first, a page at a time."""
    query: ListEvaluations = call.query
    _check_size(call, query.size)
    views, total = await evaluations.page(
        call.ports,
        call.principal,
        file_id=query.file_id,
        skip=_skip(query),
        take=query.size,
    )
    records = [EvaluationRenderer(call.wire).evaluation(view) for view in views]
    return ok(PaginatedEvaluations(records=records, page=query.page, size=query.size, total=total))


async def create(call: Call) -> Response:
    """Create an evaluation of a file; its name must be new there."""
    body: CreateEvaluation = call.body
    file = body.file or FileReference()
    view = await evaluations.create(
        call.ports,
        call.principal,
        ref=file.id,
        path=file.path,
        name=body.name,
        seats=seat_refs(body.evaluators),
    )
    return Response(status=201, headers=(JSON,), body=_encode(EvaluationRenderer(call.wire).evaluation(view)))


async def get(call: Call) -> Response:
    """Get an evaluation with its evaluators."""
    return _evaluation(
        call, await evaluations.get(call.ports, call.principal, evaluation_id=call.parameters["id"])
    )


async def delete(call: Call) -> Response:
    """Delete an evaluation; its runs, their logs and its evaluators stay."""
    await evaluations.delete(call.ports, call.principal, evaluation_id=call.parameters["id"])
    return NO_CONTENT


async def add_evaluators(call: Call) -> Response:
    """Have more evaluators judge in an evaluation, also what is there."""
    body: AddEvaluators = call.body
    view = await evaluations.add_evaluators(
        call.ports,
        call.principal,
        evaluation_id=call.parameters["id"],
        seats=seat_refs(body.evaluators),
    )
    return _evaluation(call, view)


async def remove_evaluator(call: Call) -> Response:
    """Let a version of an evaluator judge no more in an evaluation."""
    view = await evaluations.remove_evaluator(
        call.ports,
        call.principal,
        evaluation_id=call.parameters["id"],
        version_id=call.parameters["evaluator_version_id"],
    )
    # Quirk(humanloop): what is removed is answered with what is left, unlike other deletions (4.2).
    return _evaluation(call, view)


async def list_runs(call: Call) -> Response:
    """List all runs of an evaluation, newest first."""
    views = await evaluation_runs.runs(call.ports, call.principal, evaluation_id=call.parameters["id"])
    shown = EvaluationRenderer(call.wire)
    return ok(EvaluationRunsResponse(runs=[shown.run(view) for view in views]))


async def create_run(call: Call) -> Response:
    """Create a run of an evaluation; the server makes its logs, unless somebody else does."""
    body: CreateRun = call.body
    view = await evaluation_runs.create(
        call.ports,
        call.principal,
        evaluation_id=call.parameters["id"],
        dataset=version_ref(body.dataset),
        version=version_ref(body.version),
        is_orchestrated=body.orchestrated is not False,
        use_existing_logs=body.use_existing_logs is True,
    )
    return _run(call, view)


async def link_run(call: Call) -> Response:
    """Make a run of another evaluation a part of this one, too."""
    view = await evaluation_runs.link(call.ports, call.principal, **_place(call))
    return _run(call, view)


async def unlink_run(call: Call) -> Response:
    """Let a run be no part of an evaluation any more; the run stays."""
    await evaluation_runs.unlink(call.ports, call.principal, **_place(call))
    return NO_CONTENT


async def update_run(call: Call) -> Response:
    """Compare others with a run, or no more; complete or cancel it by hand."""
    body: UpdateRun = call.body
    view = await evaluation_runs.update(
        call.ports,
        call.principal,
        **_place(call),
        is_control=body.control,
        status=None if body.status is None else RunStatus(body.status),
    )
    return _run(call, view)


async def add_logs(call: Call) -> Response:
    """Make logs that are there a part of a run."""
    body: AddLogs = call.body
    view = await evaluation_runs.add_logs(call.ports, call.principal, **_place(call), log_ids=body.log_ids)
    return _run(call, view)


async def get_stats(call: Call) -> Response:
    """Get how far the runs of an evaluation are, and how they were judged."""
    found = await evaluation_stats.stats(call.ports, call.principal, evaluation_id=call.parameters["id"])
    return ok(stats_response(found))


async def get_logs(call: Call) -> Response:
    """List the logs of an evaluation's runs with their judgments, a page at a time."""
    query: ListEvaluationLogs = call.query
    _check_size(call, query.size)
    rows, total = await _rows(call, first=0)
    opening = b'{"records":['
    closing = b'],"page":%d,"size":%d,"total":%d}' % (query.page, query.size, total)
    count = min(query.size, total - _skip(query))
    if count > SLICE:
        return Response(status=200, headers=(JSON,), body=_streamed(call, opening, rows, count, closing))
    return Response(status=200, headers=(JSON,), body=opening + b",".join(_shown(call, rows)) + closing)


async def _rows(call: Call, *, first: int) -> tuple[list[LogRow], int]:
    """The logs of a page from one of them on, as many as are read at once, and how many there are in all."""
    query: ListEvaluationLogs = call.query
    return await evaluation_runs.logs(
        call.ports,
        call.principal,
        evaluation_id=call.parameters["id"],
        run_ids=query.run_id,
        skip=_skip(query) + first,
        take=min(query.size - first, SLICE),
    )


async def _streamed(
    call: Call, opening: bytes, rows: list[LogRow], count: int, closing: bytes
) -> AsyncIterator[bytes]:
    """A large page as it is read, so that it is never whole in memory and holds nobody up."""
    yield opening
    separator = b""
    for first in range(0, count, SLICE):
        if first:
            rows, _ = await _rows(call, first=first)
        if rows:
            yield separator + b",".join(_shown(call, rows))
            separator = b","
        # Let other requests run; the server's own send does not when there is room.
        await asyncio.sleep(0)
    yield closing


def _skip(query: ListEvaluations | ListEvaluationLogs) -> int:
    return min((query.page - 1) * query.size, MAX_SKIP)


def _shown(call: Call, rows: list[LogRow]) -> list[bytes]:
    shown = EvaluationRenderer(call.wire)
    return [shown.log(row) for row in rows]


def _check_size(call: Call, size: int) -> None:
    if size > call.max_page:
        message = f"Input should be less than or equal to {call.max_page}"
        raise Invalid.at("size", message=message, kind="less_than_equal", where="query")


def _place(call: Call) -> dict[str, str]:
    return {"evaluation_id": call.parameters["id"], "run_id": call.parameters["run_id"]}


def _evaluation(call: Call, view: EvaluationView) -> Response:
    return ok(EvaluationRenderer(call.wire).evaluation(view))


def _run(call: Call, view: RunView) -> Response:
    return ok(EvaluationRenderer(call.wire).run(view))


RUNS, RUN = "/evaluations/{id}/runs", "/evaluations/{id}/runs/{run_id}"

OPERATIONS = (
    Operation(
        name="ListEvaluations",
        method="GET",
        template="/evaluations",
        handler=list_evaluations,
        right=Right.READER,
        query=ListEvaluations,
        response=PaginatedEvaluations,
    ),
    Operation(
        name="CreateEvaluation",
        method="POST",
        template="/evaluations",
        handler=create,
        right=Right.EDITOR,
        body=CreateEvaluation,
        response=EvaluationResponse,
        status=201,
        errors=(404, 409),
    ),
    Operation(
        name="GetEvaluation",
        method="GET",
        template="/evaluations/{id}",
        handler=get,
        right=Right.READER,
        response=EvaluationResponse,
    ),
    Operation(
        name="DeleteEvaluation",
        method="DELETE",
        template="/evaluations/{id}",
        handler=delete,
        right=Right.EDITOR,
        status=204,
    ),
    Operation(
        name="AddEvaluators",
        method="POST",
        template="/evaluations/{id}/evaluators",
        handler=add_evaluators,
        right=Right.EDITOR,
        body=AddEvaluators,
        response=EvaluationResponse,
    ),
    Operation(
        name="RemoveEvaluator",
        method="DELETE",
        template="/evaluations/{id}/evaluators/{evaluator_version_id}",
        handler=remove_evaluator,
        right=Right.EDITOR,
        response=EvaluationResponse,
    ),
    Operation(
        name="ListEvaluationRuns",
        method="GET",
        template=RUNS,
        handler=list_runs,
        right=Right.READER,
        response=EvaluationRunsResponse,
    ),
    Operation(
        name="CreateRun",
        method="POST",
        template=RUNS,
        handler=create_run,
        right=Right.RUNNER,
        body=CreateRun,
        response=EvaluationRunResponse,
    ),
    Operation(
        name="LinkRun",
        method="POST",
        template=RUN,
        handler=link_run,
        right=Right.EDITOR,
        response=EvaluationRunResponse,
    ),
    Operation(
        name="UnlinkRun",
        method="DELETE",
        template=RUN,
        handler=unlink_run,
        right=Right.EDITOR,
        status=204,
    ),
    Operation(
        name="UpdateRun",
        method="PATCH",
        template=RUN,
        handler=update_run,
        right=Right.RUNNER,
        body=UpdateRun,
        response=EvaluationRunResponse,
        errors=(404, 409),
    ),
    Operation(
        name="AddLogsToRun",
        method="POST",
        template=f"{RUN}/logs",
        handler=add_logs,
        right=Right.RUNNER,
        body=AddLogs,
        response=EvaluationRunResponse,
    ),
    Operation(
        name="GetEvaluationStats",
        method="GET",
        template="/evaluations/{id}/stats",
        handler=get_stats,
        right=Right.READER,
        response=EvaluationStatsResponse,
    ),
    Operation(
        name="ListEvaluationLogs",
        method="GET",
        template="/evaluations/{id}/logs",
        handler=get_logs,
        right=Right.READER,
        query=ListEvaluationLogs,
        response=PaginatedEvaluationLogs,
    ),
)
