"""The operations on files of any kind (humanloop 4.2)."""

from __future__ import annotations

from headrace.apis.http import Response
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import RetrieveByPath, RetrieveOptions
from headrace.apis.humanloop.wire import AnyFile
from headrace.core.access import Right
from headrace.services import versions


async def retrieve_by_path(call: Call) -> Response:
    """Get the file at a path: its default version, or the one in an environment."""
    body: RetrieveByPath = call.body
    query: RetrieveOptions = call.query
    view = await versions.get_at(call.ports, call.principal, path=body.path, environment=query.environment)
    return ok(call.wire.file(view))


OPERATIONS = (
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
