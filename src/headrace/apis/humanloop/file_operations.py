"""The operations that files of every kind have (humanloop 1, 4.2): one set of handlers, one row a kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.contents import content_of
from headrace.apis.humanloop.operations import NO_CONTENT, BodyRead, Call, Handler, Operation, ok
from headrace.apis.humanloop.requests import (
    ListPage,
    ListVersions,
    MoveFile,
    MoveFlow,
    Nothing,
    SelectVersion,
    SetDeployment,
    UpdateMonitoring,
    UpdateVersion,
    UpsertAgent,
    UpsertEvaluator,
    UpsertFlow,
    UpsertPrompt,
    UpsertTool,
)
from headrace.apis.humanloop.wire import (
    AgentResponse,
    EvaluatorResponse,
    FileEnvironmentResponse,
    FileResponse,
    FlowResponse,
    ListFiles,
    PaginatedFiles,
    PromptResponse,
    ToolResponse,
)
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.services.deployments import deployments
from headrace.services.evaluators import monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.tree import files
from headrace.services.versions import version_changes, version_pages, versions
from headrace.services.versions.versions import FileTexts, Submission
from headrace.services.versions.views import VersionView

MAX_SKIP = 2**62
"""No list has so many; a larger number would not fit a database's integers."""
BATCH = 200
"""So many records are rendered before other requests get their turn."""
_encode = msgspec.json.Encoder().encode


def _flow(call: Call, body: UpsertFlow) -> tuple[bytes, Any]:
    """The attributes, to the letter."""
    return bytes(body.attributes), call.parsed["attributes"]


def _side_by_side(kind: str) -> Callable[[Call, Any], tuple[bytes, Any]]:
    """Of the kinds whose content stands right in the body."""

    def read(call: Call, body: UpsertPrompt | UpsertAgent | UpsertTool) -> tuple[bytes, Any]:
        content = content_of(kind, body, call.parsed, at=())
        return _encode(content), content

    return read


def _evaluator(call: Call, body: UpsertEvaluator) -> tuple[bytes, Any]:
    content = content_of("evaluator", body.spec, call.parsed["spec"], at=("spec",))
    return _encode(content), content


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What of the operations depends on the kind.

    Attributes:
        upsert: the body of an upsert.
        response: what a version is shown as.
        move: the body of a move.
        upsert_query, get_query, versions_query: the queries of an upsert, a read, a list of versions.
        reads: reads the body of an upsert; see `Operation`.
        is_monitored: whether evaluators can judge the logs of such files.
    """

    kind: str
    upsert: type[msgspec.Struct]
    response: type[FileResponse]
    move: type[MoveFile] = MoveFile
    upsert_query: type[msgspec.Struct] = Nothing
    get_query: type[msgspec.Struct] = SelectVersion
    versions_query: type[msgspec.Struct] = ListVersions
    reads: BodyRead | None = None
    is_monitored: bool = True


ROWS = (
    Row(kind="flow", upsert=UpsertFlow, move=MoveFlow, response=FlowResponse),
    Row(kind="prompt", upsert=UpsertPrompt, response=PromptResponse),
    Row(kind="agent", upsert=UpsertAgent, move=MoveFlow, response=AgentResponse),
    Row(kind="tool", upsert=UpsertTool, response=ToolResponse),
    Row(kind="evaluator", upsert=UpsertEvaluator, response=EvaluatorResponse),
)
CONTENTS: dict[str, Callable[[Call, Any], tuple[bytes, Any]]] = {
    "flow": _flow,
    **{kind: _side_by_side(kind) for kind in ("prompt", "agent", "tool")},
    "evaluator": _evaluator,
}
"""The content in the body of an upsert, as JSON text and as plain values."""


class FileOperations:
    """The handlers for files of one kind."""

    def __init__(self, row: Row) -> None:
        self._kind = row.kind

    async def upsert(self, call: Call) -> Response:
        """Create a file or a version of it, or find the version that has this content."""
        body: Any = call.body
        content, parsed = CONTENTS[self._kind](call, body)
        submission = Submission(
            kind=self._kind,
            ref=body.id,
            path=body.path,
            content=content,
            parsed=parsed,
            name=body.version_name,
            description=body.version_description,
            texts=_texts(body) if isinstance(body, UpsertPrompt | UpsertAgent) else FileTexts(),
        )
        return ok(call.wire.file(await versions.upsert(call.ports, call.principal, submission)))

    async def get(self, call: Call) -> Response:
        """Get a version: the default one, or the one asked for."""
        query: SelectVersion = call.query
        view = await versions.get(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            version_id=query.version_id,
            environment=query.environment,
        )
        return ok(call.wire.file(view))

    async def list_files(self, call: Call) -> Response:
        """List files, a page at a time, each as its default version."""
        query: ListPage = call.query
        if query.size > call.max_page:
            raise Invalid.at(
                "size",
                message=f"Input should be less than or equal to {call.max_page}",
                kind="less_than_equal",
                where="query",
            )
        views, total = await version_pages.list_files(
            call.ports,
            call.principal,
            kind=self._kind,
            name=query.name,
            user=query.user_filter,
            sort=query.sort_by,
            descending=query.order == "desc",
            skip=min((query.page - 1) * query.size, MAX_SKIP),
            take=query.size,
        )
        records = call.wire.files(views)
        return ok(PaginatedFiles(records=records, page=query.page, size=query.size, total=total))

    async def move(self, call: Call) -> Response:
        """Move or rename a file."""
        body: MoveFile = call.body
        view = await files.move(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            path=body.path,
            name=body.name,
            directory_id=body.directory_id if isinstance(body, MoveFlow) else None,
        )
        return ok(call.wire.file(view))

    async def delete(self, call: Call) -> Response:
        """Delete a file with its versions, deployments and logs."""
        await versions.delete_file(call.ports, call.principal, kind=self._kind, ref=call.parameters["id"])
        return NO_CONTENT

    async def list_versions(self, call: Call) -> Response:
        """List all versions of a file, newest first."""
        first = await self._some_versions(call, None)
        if len(first) < BATCH:
            return ok(ListFiles(records=call.wire.files(first)))
        return Response(status=200, headers=(JSON,), body=self._streamed(call, first))

    async def _some_versions(self, call: Call, before: VersionView | None) -> list[VersionView]:
        query = call.query
        return await version_pages.list_versions(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            before=before,
            take=BATCH,
            with_aggregates=isinstance(query, ListVersions) and query.evaluator_aggregates,
        )

    async def _streamed(self, call: Call, batch: list[VersionView]) -> AsyncIterator[bytes]:
        """A long list as it is read and rendered, so that it is never whole in memory and holds nobody up."""
        opening = b'{"records":['
        while batch:
            yield opening + _encode(call.wire.files(batch))[1:-1]
            opening = b","
            # Let other requests run; the server's own send does not when there is room.
            await asyncio.sleep(0)
            batch = await self._some_versions(call, batch[-1]) if len(batch) == BATCH else []
        yield b"]}"

    async def update_version(self, call: Call) -> Response:
        """Change the name and the description of a version."""
        body: UpdateVersion = call.body
        view = await version_changes.relabel(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            version_id=call.parameters["version_id"],
            name=body.name,
            description=body.description,
        )
        return ok(call.wire.file(view))

    async def delete_version(self, call: Call) -> Response:
        """Delete a version."""
        await version_changes.delete_version(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            version_id=call.parameters["version_id"],
        )
        return NO_CONTENT

    async def set_deployment(self, call: Call) -> Response:
        """Deploy a version to an environment."""
        query: SetDeployment = call.query
        view = await deployments.deploy(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            environment=call.parameters["environment_id"],
            version_id=query.version_id,
        )
        return ok(call.wire.file(view))

    async def remove_deployment(self, call: Call) -> Response:
        """Take a file out of an environment."""
        await deployments.undeploy(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            environment=call.parameters["environment_id"],
        )
        return NO_CONTENT

    async def list_environments(self, call: Call) -> Response:
        """List all environments with what is deployed in each."""
        views = await deployments.list_deployments(
            call.ports, call.principal, kind=self._kind, ref=call.parameters["id"]
        )
        return ok([call.wire.deployment(view) for view in views])

    async def update_monitoring(self, call: Call) -> Response:
        """Let evaluators judge the logs of a file from now on, or no longer."""
        body: UpdateMonitoring = call.body
        view = await monitors.update(
            call.ports,
            call.principal,
            kind=self._kind,
            ref=call.parameters["id"],
            activate=_refs(body, "activate"),
            deactivate=_refs(body, "deactivate"),
        )
        return ok(call.wire.file(view))


def _texts(body: UpsertPrompt | UpsertAgent) -> FileTexts:
    return FileTexts(
        description=body.description,
        readme=body.readme,
        tags=None if body.tags is None else tuple(body.tags),
    )


def _refs(body: UpdateMonitoring, member: str) -> list[EvaluatorRef]:
    """The evaluators of one of the lists; each is named in exactly one of the two ways."""
    refs = []
    for index, item in enumerate(getattr(body, member) or ()):
        by_version = item.evaluator_version_id is not None
        by_environment = item.evaluator_id is not None and item.environment_id is not None
        if by_version == by_environment or by_version != (item.evaluator_id is item.environment_id is None):
            message = "Give either `evaluator_version_id`, or `evaluator_id` and `environment_id`."
            raise Invalid.at(member, index, message=message, kind="missing")
        refs.append(
            EvaluatorRef(
                version_id=item.evaluator_version_id,
                evaluator_id=item.evaluator_id,
                environment=item.environment_id,
            )
        )
    return refs


class KindTable:
    """The operations of one kind, named for it."""

    def __init__(self, row: Row) -> None:
        self._title = KINDS[row.kind].title
        self._at = f"/{row.kind}s"
        self._response = row.response

    def read(self, name: str, at: str, handler: Handler, **more: Any) -> Operation:
        """Something that changes nothing. The ``%s`` of the name is the kind's title."""
        return self._operation(name, "GET", at, handler, right=Right.READER, **more)

    def change(self, name: str, method: str, at: str, handler: Handler, **more: Any) -> Operation:
        """Something that answers with a version as it has become."""
        return self._operation(name, method, at, handler, right=Right.EDITOR, response=self._response, **more)

    def remove(self, name: str, at: str, handler: Handler, **more: Any) -> Operation:
        """Something after which there is nothing to answer with."""
        return self._operation(name, "DELETE", at, handler, right=Right.EDITOR, status=204, **more)

    def _operation(self, name: str, method: str, at: str, handler: Handler, **more: Any) -> Operation:
        return Operation(
            name=name % self._title, method=method, template=self._at + at, handler=handler, **more
        )


def operations(row: Row, one: FileOperations) -> tuple[Operation, ...]:
    """What all kinds have."""
    kind = KindTable(row)
    shown: Any = row.response
    clashes = {"errors": (404, 409)}
    version, environment = "/{id}/versions/{version_id}", "/{id}/environments/{environment_id}"
    return (
        kind.change(
            "Upsert%s",
            "POST",
            "",
            one.upsert,
            query=row.upsert_query,
            body=row.upsert,
            reads=row.reads,
            **clashes,
        ),
        kind.read("List%ss", "", one.list_files, query=ListPage, response=PaginatedFiles[shown], errors=()),
        kind.read("Get%s", "/{id}", one.get, query=row.get_query, response=shown),
        kind.change("Move%s", "PATCH", "/{id}", one.move, body=row.move, **clashes),
        kind.remove("Delete%s", "/{id}", one.delete),
        kind.read(
            "List%sVersions",
            "/{id}/versions",
            one.list_versions,
            query=row.versions_query,
            response=ListFiles[shown],
        ),
        kind.change("Update%sVersion", "PATCH", version, one.update_version, body=UpdateVersion, **clashes),
        kind.remove("Delete%sVersion", version, one.delete_version, **clashes),
        kind.change("Set%sDeployment", "POST", environment, one.set_deployment, query=SetDeployment),
        kind.remove("Remove%sDeployment", environment, one.remove_deployment),
        kind.read(
            "List%sEnvironments",
            "/{id}/environments",
            one.list_environments,
            response=list[FileEnvironmentResponse[shown]],
        ),
        *((_monitoring(kind, one),) if row.is_monitored else ()),
    )


def _monitoring(kind: KindTable, one: FileOperations) -> Operation:
    return kind.change(
        "Update%sMonitoring", "POST", "/{id}/evaluators", one.update_monitoring, body=UpdateMonitoring
    )


OPERATIONS: tuple[Operation, ...] = tuple(
    operation for row in ROWS for operation in operations(row, FileOperations(row))
)
