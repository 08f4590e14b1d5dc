"""Taking contents from a directory of files, and removing what is not in it any more.

What is handed in becomes the head: as a new version where its content is new, and else as a new number of the
version that has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, HeadraceError, Invalid, Stale
from headrace.core.files import File, check_path
from headrace.core.ports import Transaction
from headrace.core.versions import MAX_NUMBER, Version
from headrace.services import datasets
from headrace.services.base import Ports, read, write
from headrace.services.datasets import Change
from headrace.services.deployments.moves import NOTHING
from headrace.services.exchange.workspace import Head, head_of
from headrace.services.exchange.workspace_contents import DATASET, cases_of, checked, text_of
from headrace.services.logs import traces
from headrace.services.tree import links, subjects, tree
from headrace.services.versions import drafts, numbers, versions
from headrace.services.versions.versions import Prepared, Submission


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """The content that a file is to have.

    Attributes:
        content: in plain values; of a dataset only its attributes.
        datapoints: of a dataset.
        expected: the digest of the head that is believed to be there, or ``nothing``; None expects nothing
            in particular.
        description: of the version, if it is made.
    """

    kind: str
    path: str
    content: dict[str, Any]
    datapoints: tuple[dict[str, Any], ...] = ()
    expected: str | None = None
    description: str | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, or would.

    Attributes:
        head: None of a rehearsal.
        is_new: whether a version was made, or would be.
        is_changed: whether anything was, or would be: a version that was there may become the head.
    """

    head: Head | None
    is_new: bool
    is_changed: bool


async def hand_in(
    ports: Ports, principal: Principal, many: Sequence[Handed], *, is_rehearsal: bool
) -> list[Kept | HeadraceError]:
    """Let files have these contents, each by itself: what is wrong with one does not hold up the others.

    They are kept in this order, so that one may refer to another that comes before it.
    """
    principal.require(Right.EDITOR)
    return [await _outcome(ports, principal, one, is_rehearsal=is_rehearsal) for one in many]


async def _outcome(
    ports: Ports, principal: Principal, handed: Handed, *, is_rehearsal: bool
) -> Kept | HeadraceError:
    try:
        if handed.kind == DATASET:
            return await _hand_in_dataset(ports, principal, handed, is_rehearsal=is_rehearsal)
        return await _hand_in(ports, principal, handed, is_rehearsal=is_rehearsal)
    except HeadraceError as error:
        return error


async def _hand_in(ports: Ports, principal: Principal, handed: Handed, *, is_rehearsal: bool) -> Kept:
    form = checked(handed.kind, handed.content)
    submission = Submission(
        kind=handed.kind,
        ref=None,
        path=handed.path,
        content=text_of(form),
        parsed=form,
        description=handed.description,
    )
    prepared = await versions.prepare(ports, submission)
    if is_rehearsal:
        return await read(ports, principal, lambda tx: _rehearsed(tx, handed, prepared))

    def work(tx: Transaction) -> Kept:
        file = _expected_file(tx, handed)
        before = None if file is None else tx.versions.newest(file_id=file.id)
        known = None if file is None else tx.versions.by_digest(file_id=file.id, digest=prepared.digest)
        made, version = versions.settle(tx, ports, principal, prepared, now=ports.clock.now())
        is_first = _put_first(tx, ports, principal, made, version, prepared, before)
        is_new = known is None or known.deleted_at is not None
        return Kept(head=_head(tx, made.id), is_new=is_new, is_changed=is_new or is_first)

    return await write(ports, principal, work)


def _rehearsed(tx: Transaction, handed: Handed, prepared: Prepared) -> Kept:
    file = _expected_file(tx, handed)
    head = None if file is None else head_of(tx, file, with_pointers=False)
    known = None if file is None else tx.versions.by_digest(file_id=file.id, digest=prepared.digest)
    if known is None:
        links.check(tx, kind=handed.kind, content=prepared.submission.content)
    is_same = head is not None and not head.is_draft and head.version.digest == prepared.digest
    return Kept(head=None, is_new=known is None or known.deleted_at is not None, is_changed=not is_same)


def _expected_file(tx: Transaction, handed: Handed) -> File | None:
    """The file at a path, if it is as it is believed to be.

    Raises:
        AlreadyExists: something else is there.
        Stale: it is not.
    """
    file = tree.find_at(tx, kind=handed.kind, path=handed.path)
    check_head(tx, file, handed.path, handed.expected)
    return file


def check_head(tx: Transaction, file: File | None, path: str, expected: str | None) -> None:
    """Refuse when something else is the head of a file than is believed.

    Raises:
        Stale: it is.
    """
    if expected is None:
        return
    head = None if file is None else head_of(tx, file, with_pointers=False)
    there = NOTHING if head is None else head.version.digest
    if there != expected:
        told = "is gone" if head is None else f"is at version {head.number or head.version.id}, {there[:12]}"
        message = f"`{path}` {told}; {expected[:12]} was expected. Somebody else changed it. Pull first."
        raise Stale(message)


def _put_first(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    version: Version,
    prepared: Prepared,
    before: Version | None,
) -> bool:
    """Let a version that was there already be the newest: it gets another number."""
    newest = tx.versions.newest(file_id=file.id)
    if newest is not None and newest.id == version.id:
        return False
    now_there = tx.files.get(id=file.id)
    if now_there is None or now_there.last_number >= MAX_NUMBER:
        raise Conflict(f"`{file.path}` has no number left; what it had before can't be its newest version.")
    content, now = prepared.runnable or prepared.submission.content, ports.clock.now()
    numbers.release(
        tx,
        principal,
        file=now_there,
        version=version,
        content=content,
        description=prepared.submission.description,
        now=now,
    )
    if prepared.runnable is not None:
        drafts.follow(
            tx, ports, principal, file=now_there, version=version, content=content, before=before, now=now
        )
    return True


def _head(tx: Transaction, file_id: str) -> Head | None:
    file = tx.files.get(id=file_id)
    return None if file is None else head_of(tx, file)


async def _hand_in_dataset(ports: Ports, principal: Principal, handed: Handed, *, is_rehearsal: bool) -> Kept:
    """The same for a dataset: its datapoints are kept before, a little at a time."""
    check_path(handed.path, "path")
    unknown = [member for member in handed.content if member != "attributes"]
    if unknown:
        message = f"`{unknown[0]}` is not known of a dataset; it has datapoints, and maybe attributes."
        raise Invalid.at("content", unknown[0], message=message, kind="unknown")
    attributes = handed.content.get("attributes")
    if not isinstance(attributes, dict | None):
        raise Invalid.at("content", "attributes", message="The attributes must be an object.", kind="type")
    count = len(handed.datapoints)
    cases = (
        cases_of(handed.datapoints)
        if count < datasets.LARGE
        else await asyncio.to_thread(cases_of, handed.datapoints)
    )
    before = await read(ports, principal, lambda tx: _dataset_head(tx, handed))
    if is_rehearsal:
        return Kept(head=None, is_new=True, is_changed=True)
    change = Change(
        cases=cases,
        path=handed.path,
        attributes=msgspec.UNSET if attributes is None else msgspec.Raw(text_of(attributes)),
        description=handed.description,
    )
    view = await datasets.upsert(ports, principal, change)
    prepared = Prepared(
        submission=Submission(
            kind=DATASET, ref=view.file.id, path=None, content=view.version.content, parsed=None
        ),
        digest=view.version.digest,
        runnable=None,
    )

    def work(tx: Transaction) -> Kept:
        is_first = _put_first(tx, ports, principal, view.file, view.version, prepared, None)
        head = _head(tx, view.file.id)
        is_new = not is_first and (before is None or before.version.id != view.version.id)
        return Kept(head=head, is_new=is_new, is_changed=is_new or is_first)

    return await write(ports, principal, work)


def _dataset_head(tx: Transaction, handed: Handed) -> Head | None:
    file = _expected_file(tx, handed)
    return None if file is None else head_of(tx, file, with_pointers=False)


async def remove(ports: Ports, principal: Principal, *, ref: str, expected: str) -> File:
    """Remove a file from view, if it is as it is believed to be.

    Raises:
        NotFound: there is no such file.
        Stale: something else is its head.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> File:
        file = subjects.file_of(tx, ref)
        check_head(tx, file, file.path, expected)
        # A file that was removed may be kept for long; what only it could use is not.
        tx.secrets.remove(file_id=file.id, names=list(tx.secrets.of(file_id=file.id)))
        traces.remove_file(tx, ports, file)
        return file

    return await write(ports, principal, work)
