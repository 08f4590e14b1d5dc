"""Files of directories over HTTP: what there is, contents of many files at once, and handing contents in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.errors import ErrorBody, ProblemBody, shown
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import file_body
from headrace.core.access import Right
from headrace.core.errors import HeadraceError, Invalid
from headrace.core.kinds import dataset
from headrace.services.base import read
from headrace.services.exchange import workspace, workspace_changes
from headrace.services.exchange.workspace import Head, Standing
from headrace.services.exchange.workspace_changes import Handed, Kept
from headrace.services.exchange.workspace_contents import DATASET

MOST_FILES = 100
"""So many files are read or handed in by one request."""


class Under(msgspec.Struct, frozen=True, kw_only=True):
    """Which files.

    Attributes:
        under: only those somewhere below this directory.
    """

    under: str = ""


class WhichFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Which files.

    Attributes:
        ids: of files, with a comma between them; 100 at the most.
    """

    ids: str


class WhichDatapoints(msgspec.Struct, frozen=True, kw_only=True):
    """Which datapoints.

    Attributes:
        version: the id of a version of a dataset.
    """

    version: str
    skip: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0
    take: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class WhichVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Which version.

    Attributes:
        digest: what the digest of its content begins with; 8 characters at least.
    """

    digest: str


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed to be there.

    Attributes:
        expected: the digest of the file's newest content.
    """

    expected: str


class NewContent(msgspec.Struct, frozen=True, kw_only=True):
    """The content that a file is to have.

    Attributes:
        type: its kind, such as `flow`.
        content: of a dataset only its attributes.
        datapoints: of a dataset.
        expected: the digest of the content that is believed to be there, or `nothing`.
        description: of the version, if one is made.
    """

    type: str
    path: str
    content: dict[str, Any]
    datapoints: list[dict[str, Any]] | None = None
    expected: str | None = None
    description: str | None = None


class NewContents(msgspec.Struct, frozen=True, kw_only=True):
    """The contents that files are to have, in the order in which they are kept.

    Attributes:
        dry_run: whether to answer only what would be.
    """

    files: list[NewContent]
    dry_run: bool = False


class PointerHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer of a file targets.

    Attributes:
        kind: `environment` or `alias`.
        version_id: None when it follows the draft.
        number: that by which an alias targets it, or the lowest of the version.
        is_split: whether calls are shared out among versions.
    """

    kind: str
    name: str
    version_id: str | None
    target: str | None
    number: int | None
    digest: str | None
    is_split: bool
    move_id: str | None
    moved_at: datetime | None


class HeadBody(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is now.

    Attributes:
        type: its kind, such as `flow`.
        version_id: of its newest version.
        number: the highest one of that version.
        digest: of its content.
        is_draft: whether it has no version, and this is its draft.
    """

    id: str
    type: str
    path: str
    version_id: str
    number: int | None
    digest: str
    is_draft: bool
    pointers: list[PointerHead]


class OverviewBody(msgspec.Struct, frozen=True, kw_only=True):
    """All files at one moment, in the order of their paths.

    Attributes:
        origin: by what the organisation is known, wherever its server is.
    """

    origin: str
    files: list[HeadBody]


class HeadContent(msgspec.Struct, frozen=True, kw_only=True):
    """The newest content of a file.

    Attributes:
        content: as it is kept; of a dataset what is kept instead of its datapoints.
    """

    file_id: str
    version_id: str
    number: int | None
    digest: str
    content: msgspec.Raw


class HeadContents(msgspec.Struct, frozen=True, kw_only=True):
    """The newest contents of files; those that are gone are left out."""

    files: list[HeadContent]


class DatapointsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Some datapoints, in their order.

    Attributes:
        total: how many the version has.
    """

    datapoints: list[msgspec.Raw]
    total: int


class FoundVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file."""

    file_id: str
    version_id: str
    numbers: list[int]
    digest: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a content, or would.

    Attributes:
        file: as it is now; None of a rehearsal and where something is wrong.
        is_new: whether a version was made.
        is_changed: whether anything was: a version that was there may have become the newest.
        error: what is wrong with it; nothing of it was kept then.
    """

    path: str
    file: HeadBody | None = None
    is_new: bool = False
    is_changed: bool = False
    error: ErrorBody | None = None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each content, in the order in which they came."""

    files: list[Outcome]


class RemovedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is gone."""

    id: str
    type: str
    path: str


async def get_workspace(call: Call) -> Response:
    """All files with the digests of their newest contents, and what their environments and aliases target."""
    found = await workspace.overview(call.ports, call.principal, under=call.query.under)
    return ok(OverviewBody(origin=found.origin, files=[_head(one) for one in found.heads]))


async def get_contents(call: Call) -> Response:
    """The newest contents of some files."""
    ids = [one for one in call.query.ids.split(",") if one]
    _check_count("ids", len(ids), where="query")
    found = await workspace.heads(call.ports, call.principal, ids)
    return ok(HeadContents(files=[_content(one) for one in found]))


async def get_datapoints(call: Call) -> Response:
    """Some datapoints of a version of a dataset, in their order."""
    query: WhichDatapoints = call.query
    found, total = await workspace.datapoints(
        call.ports, call.principal, version_id=query.version, skip=query.skip, take=query.take
    )
    return ok(DatapointsBody(datapoints=[msgspec.Raw(one.encode()) for one in found], total=total))


async def find_version(call: Call) -> Response:
    """The version of a file whose content has the digest that begins so."""
    file, version = await workspace.find_version(
        call.ports, call.principal, ref=call.parameters["file"], digest=call.query.digest
    )
    numbers = await read(call.ports, call.principal, lambda tx: tx.releases.of_version(version_id=version.id))
    found = FoundVersion(file_id=file.id, version_id=version.id, numbers=numbers, digest=version.digest)
    return ok(found)


async def put_contents(call: Call) -> Response:
    """Let files have these contents. Each is kept by itself: an error of one does not hold up the others.

    A new version is made only where the content is new; a content that the file had before becomes its newest
    again, under another number. A file that is not there is made.
    """
    body: NewContents = call.body
    _check_count("files", len(body.files), where="body")
    many = [_handed(one) for one in body.files]
    found = await workspace_changes.hand_in(call.ports, call.principal, many, is_rehearsal=body.dry_run)
    return ok(Outcomes(files=[_outcome(one.path, kept) for one, kept in zip(many, found, strict=True)]))


async def delete_file(call: Call) -> Response:
    """Remove a file with its versions and pointers, if its newest content is the one that is expected."""
    gone = await workspace_changes.remove(
        call.ports, call.principal, ref=call.parameters["file"], expected=call.query.expected
    )
    return ok(RemovedFile(id=gone.id, type=gone.kind, path=gone.path))


def _check_count(name: str, count: int, *, where: str) -> None:
    if count > MOST_FILES:
        message = f"{count} files are too many for one request; {MOST_FILES} may be there."
        raise Invalid.at(name, message=message, kind="length", where=where)


def _handed(new: NewContent) -> Handed:
    return Handed(
        kind=new.type,
        path=new.path,
        content=new.content,
        datapoints=tuple(new.datapoints or ()),
        expected=new.expected,
        description=new.description,
    )


def _outcome(path: str, kept: Kept | HeadraceError) -> Outcome:
    if isinstance(kept, HeadraceError):
        return Outcome(path=path, error=_error(kept))
    head = None if kept.head is None else _head(kept.head)
    return Outcome(path=path, file=head, is_new=kept.is_new, is_changed=kept.is_changed)


def _error(error: HeadraceError) -> ErrorBody:
    problems = error.problems if isinstance(error, Invalid) else ()
    told = [
        ProblemBody(where=one.where, path=list(one.path), kind=one.kind, message=one.message)
        for one in problems
    ]
    return ErrorBody(code=shown(type(error)).code, message=error.message, problems=told)


def _head(head: Head) -> HeadBody:
    return HeadBody(
        **msgspec.structs.asdict(file_body(head.file)),
        version_id=head.version.id,
        number=head.number,
        digest=head.version.digest,
        is_draft=head.is_draft,
        pointers=[_pointer(one) for one in head.standings],
    )


def _pointer(standing: Standing) -> PointerHead:
    live, pointer = standing.live, standing.live.pointer
    return PointerHead(
        kind=live.spot.kind.value,
        name=live.spot.name,
        version_id=None if pointer is None else pointer.version_id,
        target=None if pointer is None else pointer.target,
        number=standing.number,
        digest=None if pointer is None else pointer.digest,
        is_split=pointer is not None and bool(pointer.shares),
        move_id=live.move_id,
        moved_at=None if pointer is None else pointer.moved_at,
    )


def _content(head: Head) -> HeadContent:
    content = head.version.content
    if head.file.kind == DATASET:  # the rest is how its datapoints are kept
        attributes = dataset.read_dataset(content).attributes
        content = b"{}" if attributes is msgspec.UNSET else b'{"attributes":%b}' % bytes(attributes)
    return HeadContent(
        file_id=head.file.id,
        version_id=head.version.id,
        number=head.number,
        digest=head.version.digest,
        content=msgspec.Raw(content),
    )


def _get(name: str, template: str, handler: Any, query: Any, response: Any) -> Operation:
    return Operation(
        name=name,
        method="GET",
        template=template,
        handler=handler,
        right=Right.READER,
        query=query,
        response=response,
    )


OPERATIONS = (
    _get("getWorkspace", "/workspace", get_workspace, Under, OverviewBody),
    _get("getContents", "/workspace/contents", get_contents, WhichFiles, HeadContents),
    _get("getDatapoints", "/workspace/datapoints", get_datapoints, WhichDatapoints, DatapointsBody),
    _get("findVersion", "/workspace/files/{file}/version", find_version, WhichVersion, FoundVersion),
    Operation(
        name="putContents",
        method="POST",
        template="/workspace/files",
        handler=put_contents,
        right=Right.EDITOR,
        body=NewContents,
        response=Outcomes,
    ),
    Operation(
        name="deleteFile",
        method="DELETE",
        template="/workspace/files/{file}",
        handler=delete_file,
        right=Right.EDITOR,
        query=Expected,
        response=RemovedFile,
        errors=(404, 409),
    ),
)
