"""Directories on the wire, and what lists of files are asked (humanloop 4.2)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from headrace.apis.humanloop.wire import AnyFile, Time
from headrace.core.files import FileSort

FileType = Literal["prompt", "tool", "dataset", "evaluator", "flow", "agent"]


class ListFilesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are asked for. No file is a template here, and an empty ``path`` is the root."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 10
    name: str | None = None
    path: str | None = None
    template: bool | None = None
    type: tuple[FileType, ...] = ()
    environment: str | None = None
    sort_by: FileSort = FileSort.CREATED_AT
    order: Literal["asc", "desc"] = "desc"
    include_raw_file_content: bool = False


class PaginatedAnyFiles(msgspec.Struct, frozen=True, kw_only=True):
    """A page of files of all kinds."""

    records: list[AnyFile]
    page: int
    size: int
    total: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a directory is to be. A place can't be cleared, so null means absent."""

    path: str | None = None
    name: str | None = None
    parent_id: str | None = None


class DirectoryResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A directory. It has no texts of its own."""

    id: str
    parent_id: str | None
    name: str
    description: str | None
    path: str
    readme: str | None
    tags: list[str]
    created_at: Time
    updated_at: Time


class DirectoryWithParentsAndChildrenResponse(DirectoryResponse, frozen=True, kw_only=True):
    """A directory with what is right in it, and those above it from the nearest to the root."""

    subdirectories: list[DirectoryResponse]
    files: list[AnyFile]
    parents: list[DirectoryResponse]
