"""Files over HTTP: how one stands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import FileBody, PersonBody, file_body
from headrace.core.access import Right
from headrace.core.versions import DraftStatus
from headrace.services.tree import catalogue
from headrace.services.tree.catalogue import About


class NewestBody(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a file.

    Attributes:
        number: its highest number; None when it has none.
    """

    version_id: str
    number: int | None
    name: str | None
    description: str | None
    digest: str
    is_runnable: bool
    created_at: datetime


class DraftNoteBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is being edited.

    Attributes:
        is_edited: whether anybody wrote it as a draft; otherwise it mirrors what was submitted.
        is_prepared: whether there is a prepared snapshot of it, which can run.
        is_newest: whether it says the same as the newest version.
    """

    version_id: str
    status: DraftStatus
    is_edited: bool
    is_prepared: bool
    is_newest: bool
    digest: str
    updated_at: datetime


class AboutBody(FileBody, frozen=True, kw_only=True):
    """A file, and how it stands.

    Attributes:
        name: the last part of the path.
        short_id: ten characters; the same file, as Amazon Bedrock's clients name it.
        short_name: its name among the files of its type, as these clients see it.
        tags: free words.
        newest: its newest version; None while it has none.
        versions_count: how many versions it has.
        draft: what is being edited; None when that is nothing.
        is_runnable: whether anything of it can run.
        is_off: whether calls of it are refused.
        last_used_at: None when it never was.
    """

    name: str
    short_id: str
    short_name: str
    description: str | None
    readme: str | None
    tags: list[str]
    created_by: PersonBody
    created_at: datetime
    updated_at: datetime
    newest: NewestBody | None
    versions_count: int
    draft: DraftNoteBody | None
    is_runnable: bool
    is_off: bool
    logs_count: int
    last_used_at: datetime | None


async def get_file(call: Call) -> Response:
    """A file, and how it stands: its newest version, its draft, how often it was used.

    `{file}` is the file's id, or its path with each `/` as `%2F`.
    """
    return ok(_about_body(await catalogue.about(call.ports, call.principal, call.parameters["file"])))


def _about_body(about: About) -> AboutBody:
    file, author = about.file, about.author
    return AboutBody(
        **msgspec.structs.asdict(file_body(file)),
        name=file.name,
        short_id=file.short_id,
        short_name=file.short_name,
        description=file.description,
        readme=file.readme,
        tags=list(file.tags),
        created_by=PersonBody(id=file.created_by, name=None if author is None else author.full_name),
        created_at=file.created_at,
        updated_at=file.updated_at,
        newest=_newest_body(about),
        versions_count=about.versions,
        draft=_draft_note(about),
        is_runnable=about.is_runnable,
        is_off=about.is_off,
        logs_count=about.usage.logs_count,
        last_used_at=about.usage.last_used_at,
    )


def _newest_body(about: About) -> NewestBody | None:
    newest = about.newest
    if newest is None:
        return None
    return NewestBody(
        version_id=newest.id,
        number=about.number,
        name=newest.name,
        description=newest.description,
        digest=newest.digest,
        is_runnable=newest.is_runnable,
        created_at=newest.created_at,
    )


def _draft_note(about: About) -> DraftNoteBody | None:
    draft = about.draft
    if draft is None:
        return None
    return DraftNoteBody(
        version_id=draft.id,
        status=draft.status,
        is_edited=draft.is_edited,
        is_prepared=draft.snapshot_id is not None,
        is_newest=about.newest is not None and about.newest.digest == draft.digest,
        digest=draft.digest,
        updated_at=draft.updated_at,
    )


OPERATIONS = (
    Operation(
        name="getFile",
        method="GET",
        template="/files/{file}",
        handler=get_file,
        right=Right.READER,
        response=AboutBody,
    ),
)
