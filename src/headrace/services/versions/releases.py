"""Releases: the numbers that a file's versions are known by (bedrock 1.4, 1.5; the common domain)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import InUse, NotFound, NotPrepared, QuotaExceeded
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.subjects import OfOneFile
from headrace.core.versions import MAX_NUMBER, Draft, DraftStatus, Release, Version
from headrace.services import receipts
from headrace.services.base import Ports, read, write
from headrace.services.receipts import Token
from headrace.services.tree import tags, tree
from headrace.services.versions import drafts, numbers


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a file."""

    file: File
    release: Release


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of the release it wants.

    Attributes:
        kind: the file's kind.
        ref: the file's id.
        operation: what the caller's API calls this, for the message when the draft is not prepared.
        labels: key-value tags of the release.
    """

    kind: str
    ref: str
    description: str | None
    operation: str
    labels: Mapping[str, str] = {}


async def create(ports: Ports, principal: Principal, order: Order, *, token: Token | None) -> ReleaseView:
    """Give a file's draft (of a flow: the prepared snapshot) the next number, be its content new or not.

    Raises:
        NotPrepared: the flow's draft was edited after it was last prepared, or never prepared.
        QuotaExceeded: the file has all the numbers it may have, or the last number was given out.
        TokenReused: the token stood for another request.
    """
    principal.require(Right.EDITOR)
    tags.check_keys(order.labels)

    def work(tx: Transaction) -> ReleaseView:
        now = ports.clock.now()
        found = drafts.find(tx, order.kind, order.ref)
        file = found.file
        receipt = receipts.find(tx, ports, token, operation="create_release", parent=file.id, now=now)
        if receipt is not None:
            earlier = tx.releases.get(file_id=file.id, number=receipt.number or 0)
            if earlier is not None:
                return ReleaseView(file=file, release=earlier)
            receipts.forget(tx, receipt)
        content, content_digest = _content(found.draft, order)
        made = add(tx, ports, principal, file, order, content, content_digest, now)
        receipts.keep(
            tx,
            ports,
            token,
            operation="create_release",
            parent=file.id,
            result_id=made.version_id,
            number=made.number,
            now=now,
        )
        return ReleaseView(file=file, release=made)

    # It decides by the file, its draft, versions and numbers, and by tokens that were used on it. Receipts of
    # others that it clears away are too old for anybody to go by.
    return await write(ports, principal, OfOneFile(work, ref=order.ref))


def add(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    order: Order,
    content: bytes,
    content_digest: str,
    now: datetime,
) -> Release:
    """Give content the next number inside another use case. See `create`."""
    _check_there_is_a_number(tx, ports, file)
    version = _version(tx, ports, principal, file, content, content_digest, order.description, now)
    made = numbers.release(
        tx,
        principal,
        file=file,
        version=version,
        content=content,
        description=order.description,
        now=now,
    )
    tags.put(tx, ports, tags.path_of(file.kind, file.short_id, number=made.number), order.labels)
    return made


def _content(draft: Draft, order: Order) -> tuple[bytes, str]:
    """What is released: the draft itself, or of kinds that are prepared its snapshot; with its digest."""
    if not KINDS[order.kind].is_prepared:
        return draft.content, draft.digest
    if draft.status is not DraftStatus.PREPARED:
        raise NotPrepared(operation=order.operation, status=draft.status)
    assert draft.snapshot is not None, "a prepared draft has a snapshot"
    assert draft.snapshot_digest is not None, "a snapshot has a digest"
    return draft.snapshot, draft.snapshot_digest


def _check_there_is_a_number(tx: Transaction, ports: Ports, file: File) -> None:
    limit = ports.limits.releases[file.kind]
    # There are never more live numbers than were given out, so mostly nothing needs to be counted.
    if file.last_number >= limit and tx.releases.count_runnable(file_id=file.id) >= limit:
        raise QuotaExceeded(
            f"The number of versions of {file.kind} {file.short_id} would exceed its limit of {limit}.",
            limit=limit,
        )
    if file.last_number >= MAX_NUMBER:
        raise QuotaExceeded(
            f"{KINDS[file.kind].title} {file.short_id} has used all numbers up to {MAX_NUMBER}; "
            "they are never reused.",
            limit=MAX_NUMBER,
        )


def _version(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    content: bytes,
    content_digest: str,
    description: str | None,
    now: datetime,
) -> Version:
    """The version of this content: the one there is, shown again if hidden, or a new one."""
    found = tx.versions.by_digest(file_id=file.id, digest=content_digest)
    if found is None:
        return numbers.add_version(
            tx,
            ports,
            principal,
            file=file,
            digest=content_digest,
            content=content,
            name=None,
            description=description,
            is_runnable=True,
            is_upserted=False,
            now=now,
        )
    if found.deleted_at is not None:
        return numbers.revive(tx, found, now=now, is_upserted=False)
    return found


async def get(ports: Ports, principal: Principal, *, kind: str, ref: str, number: str) -> ReleaseView:
    """A release by its number; a number with leading zeros names nothing."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _find(tx, kind, ref, number))


def _find(tx: Transaction, kind: str, ref: str, number: str) -> ReleaseView:
    file = tree.find(tx, kind=kind, ref=ref)
    release = tx.releases.get(file_id=file.id, number=int(number)) if number == str(int(number)) else None
    if release is None or not release.is_runnable:
        raise NotFound("version", number, f"Version {number} of {kind} {file.short_id} not found.")
    return ReleaseView(file=file, release=release)


async def list_releases(
    ports: Ports, principal: Principal, *, kind: str, ref: str, before: int | None, take: int
) -> list[ReleaseView]:
    """Releases that can run, highest number first, below ``before``."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[ReleaseView]:
        file = tree.find(tx, kind=kind, ref=ref)
        found = tx.releases.runnable(file_id=file.id, before=before, take=take)
        if not found:
            drafts.find(tx, kind, ref)  # a flow that never could run is no flow to who asks for its numbers
        return [ReleaseView(file=file, release=release) for release in found]

    return await read(ports, principal, work)


async def delete(
    ports: Ports, principal: Principal, *, kind: str, ref: str, number: str, is_forced: bool
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
        found = _find(tx, kind, ref, number)
        file, release = found.file, found.release
        if not is_forced:
            numbers.check_no_alias(tx, file, [release.number])
            if tx.releases.of_version(version_id=release.version_id) == [release.number]:
                _check_not_deployed_by_hand(tx, file, release)
        tx.releases.remove(file_id=file.id, number=release.number)
        numbers.hide_unless_known(tx, file, release.version_id, now=ports.clock.now())
        return found

    return await write(ports, principal, work)


def _check_not_deployed_by_hand(tx: Transaction, file: File, release: Release) -> None:
    names = {environment.id: environment.name for environment in tx.environments.all()}
    where = [
        names[pointer.pointer_id]
        for pointer in tx.pointers.of_file(file_id=file.id)
        if release.version_id in (pointer.version_id, *(share.version_id for share in pointer.shares))
        and not pointer.is_automatic
        and pointer.pointer_id in names
    ]
    if where:
        raise InUse(
            f"Version {release.number} of {file.kind} {file.short_id} is deployed to environment "
            f"{', '.join(where)}, and no other version has the same content."
        )
