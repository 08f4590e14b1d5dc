"""Giving out release numbers and hiding content that nothing refers to any more. Parts of use cases."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.access import Principal
from headrace.core.deployments import PointerKind
from headrace.core.errors import InUse
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.versions import MAX_RELEASE_DESCRIPTION, Release, Version
from headrace.services.base import Ports


def add_version(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    *,
    file: File,
    digest: str,
    content: bytes,
    name: str | None,
    description: str | None,
    is_runnable: bool,
    is_upserted: bool,
    now: datetime,
) -> Version:
    """Keep new content of a file."""
    version = Version(
        id=ports.ids.long(KINDS[file.kind].version_prefix),
        file_id=file.id,
        digest=digest,
        content=content,
        name=name,
        description=description,
        created_by=principal.user.id,
        created_at=now,
        updated_at=now,
        last_used_at=now,
        logs_count=0,
        is_runnable=is_runnable,
        is_upserted=is_upserted,
    )
    tx.versions.add(version)
    return version


def release(
    tx: Transaction,
    principal: Principal,
    *,
    file: File,
    version: Version,
    content: bytes,
    description: str | None,
    now: datetime,
) -> Release:
    """Give ``version`` the file's next number. The caller has checked that there is one."""
    made = Release(
        file_id=file.id,
        number=file.last_number + 1,
        version_id=version.id,
        content=content,
        description=description if description and len(description) <= MAX_RELEASE_DESCRIPTION else None,
        short_name=file.short_name,
        created_by=principal.user.id,
        created_at=now,
        is_runnable=version.is_runnable,
    )
    tx.releases.add(made)
    return made


def revive(tx: Transaction, version: Version, *, now: datetime, is_upserted: bool) -> Version:
    """Show hidden content again, under its old id and without its old name (humanloop 8.3)."""
    shown = msgspec.structs.replace(
        version,
        deleted_at=None,
        name=None,
        updated_at=now,
        is_upserted=is_upserted or version.is_upserted,
    )
    tx.versions.update(shown)
    return shown


def hide(tx: Transaction, version: Version, *, now: datetime) -> None:
    """Take content out of every list; equal content brings it back."""
    tx.versions.update(msgspec.structs.replace(version, deleted_at=now, is_upserted=False, updated_at=now))


def hide_unless_known(tx: Transaction, file: File, version_id: str, *, now: datetime) -> None:
    """Hide content that was never submitted as content, has no number any more and is deployed nowhere."""
    version = tx.versions.get(id=version_id)
    if version is None or version.is_upserted or tx.releases.of_version(version_id=version_id):
        return
    if not is_deployed(tx, file, version_id):
        hide(tx, version, now=now)


def is_deployed(tx: Transaction, file: File, version_id: str) -> bool:
    """Whether an environment targets a version, or gives it a share."""
    return any(
        version_id in (pointer.version_id, *(share.version_id for share in pointer.shares))
        for pointer in tx.pointers.of_file(file_id=file.id)
        if pointer.kind is PointerKind.ENVIRONMENT
    )


def check_no_alias(tx: Transaction, file: File, released: list[int]) -> None:
    """Refuse when an alias targets one of these numbers, or gives it a share."""
    wanted = {str(number) for number in released}
    for pointer in tx.pointers.of_file(file_id=file.id):
        targets = (pointer.target, *(share.target for share in pointer.shares))
        used = next((target for target in targets if target in wanted), None)
        if pointer.kind is PointerKind.ALIAS and used is not None:
            raise InUse(f"Version {used} is used by alias `{pointer.pointer_id}`.")
