"""Releases: the numbers that a flow's versions are known by (bedrock 1.4; the common domain)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import InUse, NotFound, NotPrepared, QuotaExceeded
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.core.versions import MAX_NUMBER, Draft, DraftStatus, Release, Version
from headrace.services import drafts, numbers, receipts
from headrace.services.base import Ports, read, write
from headrace.services.receipts import Token
from headrace.services.views import environment_targets


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a flow."""

    file: File
    release: Release


async def create(
    ports: Ports,
    principal: Principal,
    *,
    ref: str,
    description: str | None,
    token: Token | None,
    operation: str,
) -> ReleaseView:
    """Give the prepared snapshot of a flow the next number, whether or not its content is new.

    Args:
        operation: what the caller's API calls this, for the message when the draft is not prepared.

    Raises:
        NotPrepared: the draft was edited after it was last prepared, or never prepared.
        QuotaExceeded: the flow has all the numbers it may have, or the last number was given out.
        TokenReused: the token stood for another request.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> ReleaseView:
        now = ports.clock.now()
        flow = drafts.find(tx, ref)
        file = flow.file
        receipt = receipts.find(tx, ports, token, operation="create_release", parent=file.id, now=now)
        if receipt is not None:
            earlier = tx.releases.get(file_id=file.id, number=receipt.number or 0)
            if earlier is not None:
                return ReleaseView(file=file, release=earlier)
            receipts.forget(tx, receipt)
        if flow.draft.status is not DraftStatus.PREPARED:
            raise NotPrepared(operation=operation, status=flow.draft.status)
        _check_there_is_a_number(tx, ports, file)
        version = _content_of_snapshot(tx, ports, principal, file, flow.draft, description, now)
        assert flow.draft.snapshot is not None, "a prepared draft has a snapshot"
        made = numbers.release(
            tx,
            principal,
            file=file,
            version=version,
            content=flow.draft.snapshot,
            description=description,
            now=now,
        )
        receipts.keep(
            tx,
            ports,
            token,
            operation="create_release",
            parent=file.id,
            result_id=version.id,
            number=made.number,
            now=now,
        )
        return ReleaseView(file=file, release=made)

    return await write(ports, principal, work)


def _check_there_is_a_number(tx: Transaction, ports: Ports, file: File) -> None:
    limit = ports.limits.releases
    # There are never more live numbers than were given out, so mostly nothing needs to be counted.
    if file.last_number >= limit and tx.releases.count_runnable(file_id=file.id) >= limit:
        raise QuotaExceeded(
            f"The number of versions of flow {file.short_id} would exceed its limit of {limit}.", limit=limit
        )
    if file.last_number >= MAX_NUMBER:
        raise QuotaExceeded(
            f"Flow {file.short_id} has used all numbers up to {MAX_NUMBER}; they are never reused.",
            limit=MAX_NUMBER,
        )


def _content_of_snapshot(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    draft: Draft,
    description: str | None,
    now: datetime,
) -> Version:
    """The version of the snapshot's content: the one there is, shown again if hidden, or a new one."""
    assert draft.snapshot is not None
    assert draft.snapshot_digest is not None
    found = tx.versions.by_digest(file_id=file.id, digest=draft.snapshot_digest)
    if found is None:
        return numbers.add_version(
            tx,
            ports,
            principal,
            file=file,
            digest=draft.snapshot_digest,
            content=draft.snapshot,
            name=None,
            description=description,
            is_runnable=True,
            is_upserted=False,
            now=now,
        )
    if found.deleted_at is not None:
        return numbers.revive(tx, found, now=now, is_upserted=False)
    return found


async def get(ports: Ports, principal: Principal, *, ref: str, number: str) -> ReleaseView:
    """A release by its number; a number with leading zeros names nothing."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _find(tx, ref, number))


def _find(tx: Transaction, ref: str, number: str) -> ReleaseView:
    file = drafts.find(tx, ref).file
    release = tx.releases.get(file_id=file.id, number=int(number)) if number == str(int(number)) else None
    if release is None or not release.is_runnable:
        raise NotFound("version", number, f"Version {number} of flow {file.short_id} not found.")
    return ReleaseView(file=file, release=release)


async def list_releases(
    ports: Ports, principal: Principal, *, ref: str, before: int | None, take: int
) -> list[ReleaseView]:
    """Releases that can run, highest number first, below ``before``."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[ReleaseView]:
        file = drafts.find(tx, ref).file
        return [
            ReleaseView(file=file, release=release)
            for release in tx.releases.runnable(file_id=file.id, before=before, take=take)
        ]

    return await read(ports, principal, work)


async def delete(
    ports: Ports, principal: Principal, *, ref: str, number: str, is_forced: bool
) -> ReleaseView:
    """Take a number back for ever. Its content stays while it is known by another name.

    Content stays visible when another number holds it, when it was submitted as content, or when it is
    deployed.

    Raises:
        InUse: an alias targets the number, or an environment was deployed to its content by hand and no
            other number holds that; unless ``is_forced``.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> ReleaseView:
        found = _find(tx, ref, number)
        file, release = found.file, found.release
        others = [n for n in tx.releases.of_version(version_id=release.version_id) if n != release.number]
        if not is_forced:
            numbers.check_no_alias(tx, file, [release.number])
            if not others:
                _check_not_deployed_by_hand(tx, file, release)
        tx.releases.remove(file_id=file.id, number=release.number)
        version = tx.versions.get(id=release.version_id)
        is_deployed = release.version_id in environment_targets(tx, file).values()
        if version is not None and not others and not version.is_upserted and not is_deployed:
            numbers.hide(tx, version, now=ports.clock.now())
        return found

    return await write(ports, principal, work)


def _check_not_deployed_by_hand(tx: Transaction, file: File, release: Release) -> None:
    names = {environment.id: environment.name for environment in tx.environments.all()}
    where = [
        names[pointer.pointer_id]
        for pointer in tx.pointers.of_file(file_id=file.id)
        if pointer.version_id == release.version_id
        and not pointer.is_automatic
        and pointer.pointer_id in names
    ]
    if where:
        raise InUse(
            f"Version {release.number} of flow {file.short_id} is deployed to environment "
            f"{', '.join(where)}, and no other version has the same content."
        )
