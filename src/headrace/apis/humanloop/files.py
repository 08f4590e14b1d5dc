"""The operations on files of any kind (humanloop 4.2)."""

from __future__ import annotations

from headrace.apis.http import Response
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import RetrieveByPath, RetrieveOptions
from headrace.apis.humanloop.wire import FlowResponse, Renderer
from headrace.core.access import Right
from headrace.core.errors import NotFound
from headrace.core.kinds import KINDS
from headrace.services import versions

RENDERERS = {"flow": Renderer.flow}
"""How a file of each kind is shown. One of another kind is not found here, rather than shown wrongly."""


async def retrieve_by_path(call: Call) -> Response:
    """Get the file at a path: its default version, or the one in an environment."""
    body: RetrieveByPath = call.body
    query: RetrieveOptions = call.query
    view = await versions.get_at(call.ports, call.principal, path=body.path, environment=query.environment)
    render = RENDERERS.get(view.file.kind)
    if render is None:
        title = KINDS[view.file.kind].title
        raise NotFound(
            "file", body.path, f"The file with path `{body.path}` is a {title}, not shown by this API."
        )
    return ok(render(call.wire, view))


OPERATIONS = (
    Operation(
        name="RetrieveByPath",
        method="POST",
        template="/files/retrieve-by-path",
        handler=retrieve_by_path,
        right=Right.READER,
        query=RetrieveOptions,
        body=RetrieveByPath,
        response=FlowResponse,
    ),
)
