"""The answers of our own API about files and contents, and how they are made of what the use cases give."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.diff import DatapointsChanged, Edit, Summary
from headrace.core.files import File
from headrace.services.versions.differences import Content, Difference


class FileBody(msgspec.Struct, frozen=True, kw_only=True):
    """A file.

    Attributes:
        type: its kind, such as `flow`.
    """

    id: str
    type: str
    path: str


class PersonBody(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody.

    Attributes:
        name: None when that user is gone.
    """

    id: str
    name: str | None


class ContentName(msgspec.Struct, frozen=True, kw_only=True):
    """Which content of a file it is.

    Attributes:
        numbers: those of the version, ascending.
        is_draft: whether it is the draft, and no version.
    """

    version_id: str
    numbers: list[int]
    name: str | None
    digest: str
    is_draft: bool


class ContentBody(ContentName, frozen=True, kw_only=True):
    """A content of a file.

    Attributes:
        content: as it was sent.
    """

    file: FileBody
    description: str | None
    created_by: PersonBody
    created_at: datetime
    content: msgspec.Raw


class DifferenceBody(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two contents of a file.

    Attributes:
        line: how much, in words.
        summary: the same as numbers; what is zero is left out.
        edits: what, in the order in which it stands in the content before.
        datapoints: of a dataset; None for other kinds.
    """

    file: FileBody
    source: ContentName = msgspec.field(name="from")
    to: ContentName
    is_empty: bool
    line: str
    summary: Summary
    edits: list[Edit]
    datapoints: DatapointsChanged | None


def file_body(file: File) -> FileBody:
    """A file, told in short."""
    return FileBody(id=file.id, type=file.kind, path=file.path)


def content_body(content: Content) -> ContentBody:
    """All of a content."""
    version, author = content.version, content.author
    return ContentBody(
        **msgspec.structs.asdict(content_name(content)),
        file=file_body(content.file),
        description=version.description,
        created_by=PersonBody(id=version.created_by, name=None if author is None else author.full_name),
        created_at=version.created_at,
        content=msgspec.Raw(version.content),
    )


def content_name(content: Content) -> ContentName:
    """Which content it is."""
    version = content.version
    return ContentName(
        version_id=version.id,
        numbers=list(content.numbers),
        name=version.name,
        digest=version.digest,
        is_draft=content.is_draft,
    )


def difference_body(found: Difference) -> DifferenceBody:
    """What differs."""
    return DifferenceBody(
        file=file_body(found.before.file),
        source=content_name(found.before),
        to=content_name(found.after),
        is_empty=found.is_empty,
        line=found.line,
        summary=found.diff.summary,
        edits=list(found.diff.edits),
        datapoints=found.datapoints,
    )
