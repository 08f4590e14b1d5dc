"""Copies of what a draft held when it was run: versions that nothing lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.core.versions import Version

DRAFT_DIGEST = "draft:"
"""What the digest of such a copy begins with; equal content that is submitted stays its own version."""


def keeper(execution: Execution, content: bytes) -> Callable[[Transaction], None]:
    """What keeps the prepared snapshot that a run of a draft runs: the draft may become another one any time.

    It is a version that is listed nowhere. Its digest is made up: equal content stays its own version.
    """
    version = hidden_version(
        execution.file_id,
        execution.version_id,
        DRAFT_DIGEST + execution.version_id,
        content,
        execution.started_by,
        execution.started_at,
    )

    def keep(tx: Transaction) -> None:
        if tx.versions.kept(id=version.id) is None and tx.files.get(id=version.file_id) is not None:
            tx.versions.add(version)

    return keep


def hidden_version(
    file_id: str, version_id: str, digest: str, content: bytes, user_id: str, now: datetime
) -> Version:
    """A version that nothing lists."""
    return Version(
        id=version_id,
        file_id=file_id,
        digest=digest,
        content=content,
        name=None,
        description=None,
        created_by=user_id,
        created_at=now,
        updated_at=now,
        last_used_at=now,
        logs_count=0,
        is_runnable=False,
        is_upserted=False,
        deleted_at=now,
    )
