"""The catalogue over HTTP: what is in a directory, files by what they are called."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import FileBody
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.services.tree import catalogue
from headrace.services.tree.catalogue import Folder, Listed

BETWEEN = "~"
"""Stands in a cursor between the time and the id."""


class FileRow(FileBody, frozen=True, kw_only=True):
    """A file as lists show it.

    Attributes:
        name: the last part of the path.
        updated_at: the last change of its path, texts, evaluators or deployments, or its last version.
        last_used_at: None when it never was.
    """

    name: str
    updated_at: datetime
    logs_count: int
    last_used_at: datetime | None


class FileList(msgspec.Struct, frozen=True, kw_only=True):
    """Files.

    Attributes:
        total: how many are found in all, where they are searched; None where they are listed.
        next: what `after` is to be for the following ones; None when there are none, or they are searched.
    """

    files: list[FileRow]
    total: int | None
    next: str | None


class DirectoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A directory.

    Attributes:
        files_count: how many files it has below, however deep.
    """

    id: str
    path: str
    name: str
    files_count: int


class TreeBody(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what is right in a directory.

    Attributes:
        path: the directory's; the root's is empty.
        directories: by path; all of them come before the files.
        files: by name.
        next: what `after` is to be for the following ones; None when there are none.
    """

    id: str
    path: str
    directories: list[DirectoryRow]
    files: list[FileRow]
    next: str | None


class FilesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which files.

    Attributes:
        search: words that the path must have, in any case; the best fits come first. Without any, files are
            listed, the last changed first.
        type: only files of these types, with commas between them.
        after: `next` of the page before.
        take: so many at the most.
    """

    search: str | None = None
    type: str | None = None
    after: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class TreeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which directory.

    Attributes:
        under: its path; the root's is empty.
        after: `next` of the page before.
        take: so many at the most, directories and files together.
    """

    under: str = ""
    after: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


async def list_files(call: Call) -> Response:
    """Files by the words of their paths, or all of them, the last changed first."""
    query: FilesQuery = call.query
    kinds = _kinds(query.type)
    if query.search is not None and query.search.strip():
        found = await catalogue.search(
            call.ports, call.principal, text=query.search.strip(), kinds=kinds, take=query.take
        )
        return ok(FileList(files=[_row(one) for one in found.files], total=found.total, next=None))
    before = None if query.after is None else _place(query.after)
    found = await catalogue.changed(call.ports, call.principal, kinds=kinds, before=before, take=query.take)
    last = found.files[-1].file if found.is_more else None
    following = None if last is None else f"{last.updated_at:%Y-%m-%dT%H:%M:%S.%fZ}{BETWEEN}{last.id}"
    return ok(FileList(files=[_row(one) for one in found.files], total=found.total, next=following))


def _kinds(types: str | None) -> tuple[str, ...]:
    kinds = tuple(one.strip() for one in types.split(",")) if types else ()
    unknown = [one for one in kinds if one not in KINDS]
    if unknown:
        message = f"There is no type {unknown[0]!r}; there are: {', '.join(KINDS)}."
        raise Invalid.at("type", message=message, kind="unknown", where="query")
    return kinds


def _place(after: str) -> tuple[datetime, str]:
    moment, _, file_id = after.partition(BETWEEN)
    try:
        changed_at = datetime.fromisoformat(moment)
    except ValueError:
        changed_at = None
    if changed_at is None or changed_at.tzinfo is None or not file_id:
        message = f"`after` is the `next` of a page before, which {after!r} is not."
        raise Invalid.at("after", message=message, kind="cursor", where="query")
    return changed_at, file_id


def _row(listed: Listed) -> FileRow:
    file, usage = listed.file, listed.usage
    return FileRow(
        id=file.id,
        type=file.kind,
        path=file.path,
        name=file.path.rpartition("/")[2],
        updated_at=file.updated_at,
        logs_count=usage.logs_count,
        last_used_at=usage.last_used_at,
    )


async def get_tree(call: Call) -> Response:
    """What is right in a directory: its directories, each with how many files it has below, and its files."""
    query: TreeQuery = call.query
    found = await catalogue.shelf(
        call.ports, call.principal, under=query.under.strip("/"), after=query.after, take=query.take
    )
    folders = [_directory_row(one) for one in found.folders]
    files = [_row(one) for one in found.files]
    shown = [one.id for one in folders] + [one.id for one in files]
    return ok(
        TreeBody(
            id=found.directory.id,
            path=found.directory.path,
            directories=folders,
            files=files,
            next=shown[-1] if found.is_more else None,
        )
    )


def _directory_row(folder: Folder) -> DirectoryRow:
    one = folder.directory
    return DirectoryRow(id=one.id, path=one.path, name=one.name, files_count=folder.files)


OPERATIONS = (
    Operation(
        name="listFiles",
        method="GET",
        template="/files",
        handler=list_files,
        right=Right.READER,
        query=FilesQuery,
        response=FileList,
        errors=(),
    ),
    Operation(
        name="getTree",
        method="GET",
        template="/tree",
        handler=get_tree,
        right=Right.READER,
        query=TreeQuery,
        response=TreeBody,
    ),
)
