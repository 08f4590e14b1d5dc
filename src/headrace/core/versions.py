"""Versions, releases and drafts: content, the numbers that point at it, and what is being edited."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MAX_NUMBER = 99_999
"""The highest release number (five digits on the wire)."""
MAX_RELEASE_DESCRIPTION = 200
MAX_VERSION_NAME = 255
DRAFT = "DRAFT"
"""The target of a pointer that follows the prepared snapshot."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable content of a file; unique in the file by its digest.

    Attributes:
        id: ``flv_…`` for a flow.
        digest: SHA-256 of the content's canonical form; decides sameness.
        content: the content as JSON text, exactly as it was first sent.
        name: unique among the file's versions when set.
        description: free text.
        created_by: the user's id.
        updated_at: last change of its name, description or deployments.
        last_used_at: last time a log or a call used it.
        logs_count: logs made with it.
        is_runnable: whether the content holds a definition of the right shape.
        is_upserted: whether it was submitted as content, and not only copied from a draft.
        deleted_at: since when it is hidden; equal content revives it.
    """

    id: str
    file_id: str
    digest: str
    content: bytes
    name: str | None
    description: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime
    logs_count: int
    is_runnable: bool
    is_upserted: bool
    deleted_at: datetime | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a file, never used twice, that points at a version.

    Attributes:
        number: 1 to 99999.
        content: the content as it was sent for this release: equal to the version's, but maybe not to the
            letter (``1`` and ``1.0``).
        description: 1 to 200 characters; immutable.
        short_name: the file's short name at that moment.
        is_runnable: the version's.
    """

    file_id: str
    number: int
    version_id: str
    content: bytes
    description: str | None
    short_name: str
    created_by: str
    created_at: datetime
    is_runnable: bool


class DraftStatus(StrEnum):
    """Where a draft stands."""

    NOT_PREPARED = "NotPrepared"
    PREPARING = "Preparing"
    PREPARED = "Prepared"
    FAILED = "Failed"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The content being edited, and the last snapshot of it that was found fit to run.

    Attributes:
        id: a version id that is listed nowhere; runs of the draft are logged against the snapshot's.
        content: the edited content as JSON text.
        digest: of the edited content.
        is_edited: whether it was written as a draft; False while it only mirrors submitted versions.
        status: of the edited content.
        findings: JSON text of what validation found when it was last prepared; None when it was not since
            the last edit.
        snapshot_id: None until it was prepared once.
        snapshot: the prepared content.
        snapshot_digest: of the prepared content.
        created_by: who wrote it first.
        updated_at: last edit or preparation.
    """

    file_id: str
    id: str
    content: bytes
    digest: str
    is_edited: bool
    status: DraftStatus
    findings: bytes | None
    snapshot_id: str | None
    snapshot: bytes | None
    snapshot_digest: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a client token remembers: which request it stood for and where the result is found again.

    Attributes:
        operation: what was asked for, in the domain's words.
        parent: the id of what it was asked of; empty when of the organisation.
        token: the caller's.
        request_hash: SHA-256 of the request's parameters.
        result_id: the id of what was made.
        number: the release number that was made, if one was.
        created_at: when it was first carried out.
    """

    operation: str
    parent: str
    token: str
    request_hash: str
    result_id: str
    number: int | None
    created_at: datetime
