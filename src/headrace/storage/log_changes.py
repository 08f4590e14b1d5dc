"""What of a log may change."""

from __future__ import annotations

import msgspec

from headrace.core.logs import Log

NEVER_CHANGE = (
    "kind",
    "file_id",
    "version_id",
    "created_by",
    "created_at",
    "judged_id",
    "judged_version_id",
    "is_automatic",
)


def updated(known: Log, changed: Log) -> Log:
    """The log ``known`` with everything of ``changed`` that a log may have from later on."""
    kept = {field: getattr(known, field) for field in NEVER_CHANGE}
    return msgspec.structs.replace(changed, **kept)
