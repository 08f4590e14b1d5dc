"""The operations on directories (humanloop 4.2, Directories)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.operations import NO_CONTENT, Call, Operation, ok
from headrace.apis.humanloop.render import Renderer
from headrace.apis.humanloop.tree_wire import (
    DirectoryResponse,
    DirectoryWithParentsAndChildrenResponse,
    Place,
)
from headrace.core.access import Right
from headrace.core.files import Directory
from headrace.services.tree import directories
from headrace.services.tree.directories import DirectoryView, FileBatch

BATCH = 200
"""So many files are rendered before other requests get their turn."""
_encode = msgspec.json.Encoder().encode


def _shown(wire: Renderer, directory: Directory) -> dict[str, Any]:
    return {
        "id": directory.id,
        "parent_id": directory.parent_id,
        "name": directory.name,
        "description": None,
        "path": directory.path,
        "readme": None,
        "tags": [],
        "created_at": wire.time(directory.created_at),
        "updated_at": wire.time(directory.updated_at),
    }


def _all_shown(wire: Renderer, found: tuple[Directory, ...] | list[Directory]) -> list[DirectoryResponse]:
    return [DirectoryResponse(**_shown(wire, one)) for one in found]


def _with_files(wire: Renderer, view: DirectoryView) -> DirectoryWithParentsAndChildrenResponse:
    """A directory with what is around it, still without its files."""
    return DirectoryWithParentsAndChildrenResponse(
        **_shown(wire, view.directory),
        subdirectories=_all_shown(wire, view.subdirectories),
        parents=_all_shown(wire, view.parents),
        files=[],
    )


async def list_directories(call: Call) -> Response:
    """List all directories, the root too."""
    return ok(_all_shown(call.wire, await directories.list_all(call.ports, call.principal)))


async def create_directory(call: Call) -> Response:
    """Create a directory, and those above it that are not there."""
    body: Place = call.body
    made = await directories.create(
        call.ports, call.principal, path=body.path, name=body.name, parent_id=body.parent_id
    )
    return Response(status=201, headers=(JSON,), body=_encode(DirectoryResponse(**_shown(call.wire, made))))


async def get_directory(call: Call) -> Response:
    """Get a directory with its parents, its subdirectories and its files."""
    view = await directories.get(call.ports, call.principal, ref=call.parameters["id"])
    first = await _some_files(call, view, None)
    if first.last is None:
        return ok(msgspec.structs.replace(_with_files(call.wire, view), files=call.wire.files(first.views)))
    return Response(status=200, headers=(JSON,), body=_streamed(call, view, first))


async def _some_files(call: Call, view: DirectoryView, before: FileBatch | None) -> FileBatch:
    return await directories.files_in(
        call.ports,
        call.principal,
        directory_id=view.directory.id,
        after=None if before is None else before.last,
        take=BATCH,
    )


async def _streamed(call: Call, view: DirectoryView, batch: FileBatch) -> AsyncIterator[bytes]:
    """A directory as its files are read: they may be many, and are never all in memory."""
    head, _, rest = _encode(_with_files(call.wire, view)).partition(b'"files":[')
    yield head + b'"files":['
    comma = b""
    while True:
        if batch.views:
            yield comma + _encode(call.wire.files(batch.views))[1:-1]
            comma = b","
        if batch.last is None:
            break
        await asyncio.sleep(0)  # let other requests run; the server's own send does not when there is room
        batch = await _some_files(call, view, batch)
    yield rest


async def update_directory(call: Call) -> Response:
    """Rename or move a directory with everything in it."""
    body: Place = call.body
    moved = await directories.update(
        call.ports,
        call.principal,
        ref=call.parameters["id"],
        path=body.path,
        name=body.name,
        parent_id=body.parent_id,
    )
    return ok(DirectoryResponse(**_shown(call.wire, moved)))


async def delete_directory(call: Call) -> Response:
    """Delete an empty directory."""
    await directories.remove(call.ports, call.principal, ref=call.parameters["id"])
    return NO_CONTENT


OPERATIONS = (
    Operation(
        name="ListDirectories",
        method="GET",
        template="/directories",
        handler=list_directories,
        right=Right.READER,
        response=list[DirectoryResponse],
        errors=(),
    ),
    Operation(
        name="CreateDirectory",
        method="POST",
        template="/directories",
        handler=create_directory,
        right=Right.EDITOR,
        body=Place,
        response=DirectoryResponse,
        status=201,
        errors=(404, 409),
    ),
    Operation(
        name="GetDirectory",
        method="GET",
        template="/directories/{id}",
        handler=get_directory,
        right=Right.READER,
        response=DirectoryWithParentsAndChildrenResponse,
    ),
    Operation(
        name="UpdateDirectory",
        method="PATCH",
        template="/directories/{id}",
        handler=update_directory,
        right=Right.EDITOR,
        body=Place,
        response=DirectoryResponse,
        errors=(404, 409),
    ),
    Operation(
        name="DeleteDirectory",
        method="DELETE",
        template="/directories/{id}",
        handler=delete_directory,
        right=Right.EDITOR,
        status=204,
        errors=(404, 409),
    ),
)
