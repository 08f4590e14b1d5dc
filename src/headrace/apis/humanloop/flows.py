"""The operations on flows (humanloop 1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.operations import NO_CONTENT, Call, Operation, ok
from headrace.apis.humanloop.requests import (
    ListPage,
    ListVersions,
    MoveFlow,
    SelectVersion,
    SetDeployment,
    UpdateVersion,
    UpsertFlow,
)
from headrace.apis.humanloop.wire import (
    EvaluatorAggregate,
    FileEnvironmentResponse,
    FlowResponse,
    ListFlows,
    PaginatedFlows,
)
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.services import deployments, files, versions
from headrace.services.views import VersionView

KIND = "flow"
MAX_SKIP = 2**62
"""No list has so many; a larger number would not fit a database's integers."""
BATCH = 200
"""So many records are rendered before other requests get their turn."""
_encode = msgspec.json.Encoder().encode


async def upsert(call: Call) -> Response:
    """Create a flow or a version of it, or find the version that has this content."""
    body: UpsertFlow = call.body
    submission = versions.Submission(
        kind=KIND,
        ref=body.id,
        path=body.path,
        content=bytes(body.attributes),
        parsed=call.parsed["attributes"],
        name=body.version_name,
        description=body.version_description,
    )
    return ok(call.wire.flow(await versions.upsert(call.ports, call.principal, submission)))


async def get(call: Call) -> Response:
    """Get a version of a flow: the default one, or the one asked for."""
    query: SelectVersion = call.query
    view = await versions.get(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        version_id=query.version_id,
        environment=query.environment,
    )
    return ok(call.wire.flow(view))


async def list_flows(call: Call) -> Response:
    """List flows, a page at a time, each as its default version."""
    query: ListPage = call.query
    if query.size > call.max_page:
        raise Invalid.at(
            "size",
            message=f"Input should be less than or equal to {call.max_page}",
            kind="less_than_equal",
            where="query",
        )
    views, total = await versions.list_files(
        call.ports,
        call.principal,
        kind=KIND,
        name=query.name,
        user=query.user_filter,
        sort=query.sort_by,
        descending=query.order == "desc",
        skip=min((query.page - 1) * query.size, MAX_SKIP),
        take=query.size,
    )
    records = call.wire.flows(views)
    return ok(PaginatedFlows(records=records, page=query.page, size=query.size, total=total))


async def move(call: Call) -> Response:
    """Move or rename a flow."""
    body: MoveFlow = call.body
    view = await files.move(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        path=body.path,
        name=body.name,
        directory_id=body.directory_id,
    )
    return ok(call.wire.flow(view))


async def delete(call: Call) -> Response:
    """Delete a flow with its versions and deployments."""
    await versions.delete_file(call.ports, call.principal, kind=KIND, ref=call.parameters["id"])
    return NO_CONTENT


async def list_versions(call: Call) -> Response:
    """List all versions of a flow, newest first."""
    query: ListVersions = call.query
    first = await _some_versions(call, None)
    aggregates = () if query.evaluator_aggregates else None
    if len(first) < BATCH:
        return ok(ListFlows(records=[call.wire.flow(view, aggregates=aggregates) for view in first]))
    return Response(status=200, headers=(JSON,), body=_streamed(call, first, aggregates))


async def _some_versions(call: Call, before: VersionView | None) -> list[VersionView]:
    return await versions.list_versions(
        call.ports, call.principal, kind=KIND, ref=call.parameters["id"], before=before, take=BATCH
    )


async def _streamed(
    call: Call, batch: list[VersionView], aggregates: tuple[EvaluatorAggregate, ...] | None
) -> AsyncIterator[bytes]:
    """A long list as it is read and rendered, so that it is never whole in memory and holds nobody up."""
    opening = b'{"records":['
    while batch:
        yield opening + _encode([call.wire.flow(view, aggregates=aggregates) for view in batch])[1:-1]
        opening = b","
        await asyncio.sleep(0)  # let other requests run; the server's own send does not when there is room
        batch = await _some_versions(call, batch[-1]) if len(batch) == BATCH else []
    yield b"]}"


async def update_version(call: Call) -> Response:
    """Change the name and the description of a version."""
    body: UpdateVersion = call.body
    view = await versions.relabel(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        version_id=call.parameters["version_id"],
        name=body.name,
        description=body.description,
    )
    return ok(call.wire.flow(view))


async def delete_version(call: Call) -> Response:
    """Delete a version of a flow."""
    await versions.delete_version(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        version_id=call.parameters["version_id"],
    )
    return NO_CONTENT


async def set_deployment(call: Call) -> Response:
    """Deploy a version to an environment."""
    query: SetDeployment = call.query
    view = await deployments.deploy(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        environment=call.parameters["environment_id"],
        version_id=query.version_id,
    )
    return ok(call.wire.flow(view))


async def remove_deployment(call: Call) -> Response:
    """Take a flow out of an environment."""
    await deployments.undeploy(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.parameters["id"],
        environment=call.parameters["environment_id"],
    )
    return NO_CONTENT


async def list_environments(call: Call) -> Response:
    """List all environments with what is deployed in each."""
    views = await deployments.list_deployments(
        call.ports, call.principal, kind=KIND, ref=call.parameters["id"]
    )
    return ok([call.wire.deployment(view) for view in views])


OPERATIONS = (
    Operation(
        name="UpsertFlow",
        method="POST",
        template="/flows",
        handler=upsert,
        right=Right.EDITOR,
        body=UpsertFlow,
        response=FlowResponse,
        errors=(404, 409),
    ),
    Operation(
        name="ListFlows",
        method="GET",
        template="/flows",
        handler=list_flows,
        right=Right.READER,
        query=ListPage,
        response=PaginatedFlows,
        errors=(),
    ),
    Operation(
        name="GetFlow",
        method="GET",
        template="/flows/{id}",
        handler=get,
        right=Right.READER,
        query=SelectVersion,
        response=FlowResponse,
    ),
    Operation(
        name="MoveFlow",
        method="PATCH",
        template="/flows/{id}",
        handler=move,
        right=Right.EDITOR,
        body=MoveFlow,
        response=FlowResponse,
        errors=(404, 409),
    ),
    Operation(
        name="DeleteFlow",
        method="DELETE",
        template="/flows/{id}",
        handler=delete,
        right=Right.EDITOR,
        status=204,
    ),
    Operation(
        name="ListFlowVersions",
        method="GET",
        template="/flows/{id}/versions",
        handler=list_versions,
        right=Right.READER,
        query=ListVersions,
        response=ListFlows,
    ),
    Operation(
        name="UpdateFlowVersion",
        method="PATCH",
        template="/flows/{id}/versions/{version_id}",
        handler=update_version,
        right=Right.EDITOR,
        body=UpdateVersion,
        response=FlowResponse,
        errors=(404, 409),
    ),
    Operation(
        name="DeleteFlowVersion",
        method="DELETE",
        template="/flows/{id}/versions/{version_id}",
        handler=delete_version,
        right=Right.EDITOR,
        status=204,
        errors=(404, 409),
    ),
    Operation(
        name="SetFlowDeployment",
        method="POST",
        template="/flows/{id}/environments/{environment_id}",
        handler=set_deployment,
        right=Right.EDITOR,
        query=SetDeployment,
        response=FlowResponse,
    ),
    Operation(
        name="RemoveFlowDeployment",
        method="DELETE",
        template="/flows/{id}/environments/{environment_id}",
        handler=remove_deployment,
        right=Right.EDITOR,
        status=204,
    ),
    Operation(
        name="ListFlowEnvironments",
        method="GET",
        template="/flows/{id}/environments",
        handler=list_environments,
        right=Right.READER,
        response=list[FileEnvironmentResponse],
    ),
)
