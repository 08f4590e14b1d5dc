"""The operations on files of any kind (humanloop 4.2, Files)."""

from __future__ import annotations

from headrace.apis.http import Response
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import RetrieveByPath, RetrieveOptions
from headrace.apis.humanloop.tree_wire import ListFilesQuery, PaginatedAnyFiles
from headrace.apis.humanloop.wire import AnyFile, PaginatedFiles
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.files import FileQuery
from headrace.services.tree import files

MAX_SKIP = 2**62
"""No list has so many; a larger number would not fit a database's integers."""


async def list_files(call: Call) -> Response:
    """List files of all kinds, a page at a time, each as its default version or the one in an environment."""
    query: ListFilesQuery = call.query
    if query.size > call.max_page:
        message = f"Input should be less than or equal to {call.max_page}"
        raise Invalid.at("size", message=message, kind="less_than_equal", where="query")
    wanted = FileQuery(
        kinds=tuple(dict.fromkeys(query.type)),
        name=query.name,
        under=query.path,
        sort=query.sort_by,
        descending=query.order == "desc",
    )
    views, total = await files.page(
        call.ports,
        call.principal,
        wanted,
        environment=query.environment,
        skip=min((query.page - 1) * query.size, MAX_SKIP),
        take=query.size,
    )
    if query.template:
        views, total = [], 0
    records = call.wire.files(views, with_text=query.include_raw_file_content)
    return ok(PaginatedFiles(records=records, page=query.page, size=query.size, total=total))


async def retrieve_by_path(call: Call) -> Response:
    """Get the file at a path: its default version, or the one in an environment."""
    body: RetrieveByPath = call.body
    query: RetrieveOptions = call.query
    view = await files.get_at(call.ports, call.principal, path=body.path, environment=query.environment)
    return ok(call.wire.file(view, with_text=query.include_raw_file_content))


OPERATIONS = (
    Operation(
        name="ListFiles",
        method="GET",
        template="/files",
        handler=list_files,
        right=Right.READER,
        query=ListFilesQuery,
        response=PaginatedAnyFiles,
    ),
    Operation(
        name="RetrieveByPath",
        method="POST",
        template="/files/retrieve-by-path",
        handler=retrieve_by_path,
        right=Right.READER,
        query=RetrieveOptions,
        body=RetrieveByPath,
        response=AnyFile,
    ),
)
