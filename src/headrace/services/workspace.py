"""What a directory of files needs of a server to be kept in step with it.

The *head* of a file is its newest version, or its draft while it has no version. What is handed in becomes
the head: as a new version where its content is new, and else as a new number of the version that has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import PointerKind
from headrace.core.errors import Conflict, HeadraceError, Invalid, NotFound, Stale
from headrace.core.files import Directory, File, FileQuery, FileSort, check_path
from headrace.core.kinds import KINDS, dataset
from headrace.core.ports import EVERYTHING, Transaction
from headrace.core.versions import MAX_NUMBER, Version
from headrace.services import (
    datasets,
    drafts,
    links,
    numbers,
    pointers,
    rollouts,
    subjects,
    traces,
    tree,
    versions,
)
from headrace.services.base import Ports, read, scan, write
from headrace.services.datasets import Change
from headrace.services.moves import NOTHING
from headrace.services.rollouts import Live
from headrace.services.versions import Prepared, Submission
from headrace.services.views import as_version
from headrace.services.workspace_contents import DATASET, cases_of, checked, text_of

MIN_DIGEST = 8
"""So much of a digest tells a version from the others of its file."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is now.

    Attributes:
        version: the newest; the draft in the shape of a version while there is none.
        number: the highest one of the version.
        is_draft: whether it is the draft.
        live: the pointers that target something.
    """

    file: File
    version: Version
    number: int | None
    is_draft: bool
    live: tuple[Live, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All files at one moment.

    Attributes:
        origin: by what the organisation is known: the id of its root, which no other has.
    """

    origin: str
    heads: tuple[Head, ...]


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


async def overview(ports: Ports, principal: Principal, *, under: str = "") -> Overview:
    """All files somewhere below a directory, in the order of their paths; the root is the empty path.

    Raises:
        NotFound: there is no such directory.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Overview:
        root = tx.files.at(path="")
        assert isinstance(root, Directory), "every organisation has a root"
        if not isinstance(tx.files.at(path=under), Directory):
            raise NotFound("directory", under, f"There is no directory `{under}`.")
        query = FileQuery(under=under or None, sort=FileSort.NAME, descending=False)
        files, _ = tx.files.page(query, skip=0, take=EVERYTHING)
        heads = (head_of(tx, file) for file in sorted(files, key=lambda one: one.path))
        return Overview(origin=root.id, heads=tuple(one for one in heads if one is not None))

    return await scan(ports, principal, work)


def head_of(tx: Transaction, file: File, *, with_live: bool = True) -> Head | None:
    """A file as it is now; None when it has neither a version nor a draft."""
    version, draft = tx.versions.newest(file_id=file.id), None
    if version is None:
        draft = tx.drafts.get(file_id=file.id)
        version = None if draft is None else as_version(draft)
    if version is None:
        return None
    return Head(
        file=file,
        version=version,
        number=max(tx.releases.of_version(version_id=version.id), default=None),
        is_draft=draft is not None,
        live=_live(tx, file) if with_live else (),
    )


def _live(tx: Transaction, file: File) -> tuple[Live, ...]:
    found = tx.pointers.of_file(file_id=file.id)
    shown = (one for one in found if one.kind is not PointerKind.FLOW)
    spots = (pointers.named(tx, file, one.kind, one.pointer_id) for one in shown)
    return tuple(rollouts.live_of(tx, spot) for spot in spots)


async def heads(ports: Ports, principal: Principal, file_ids: Sequence[str]) -> list[Head]:
    """Some files as they are now; those that are gone are left out."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Head]:
        files = (tx.files.get(id=one) for one in file_ids)
        found = (head_of(tx, file, with_live=False) for file in files if file is not None)
        return [one for one in found if one is not None]

    return await read(ports, principal, work)


async def datapoints(
    ports: Ports, principal: Principal, *, version_id: str, skip: int, take: int
) -> tuple[list[str], int]:
    """Some datapoints of a version as JSON texts, in their order, and how many it has.

    Raises:
        NotFound: there is no such version of a dataset.
    """
    principal.require(Right.READER)
    version = await read(ports, principal, lambda tx: _dataset_version(tx, version_id))
    found: list[str] = []
    async for some in datasets.datapoints(ports, principal, version, skip=skip, take=take):
        found += (one.body for one in some)
    return found, dataset.read_dataset(version.content).count


def _dataset_version(tx: Transaction, version_id: str) -> Version:
    version = tx.versions.get(id=version_id)
    file = None if version is None else tx.files.get(id=version.file_id)
    if version is None or file is None or file.kind != DATASET:
        raise NotFound("version", version_id, f"There is no version `{version_id}` of a Dataset.")
    return version


async def find_version(ports: Ports, principal: Principal, *, ref: str, digest: str) -> tuple[File, Version]:
    """The version of a file whose content's digest begins so.

    Raises:
        Invalid: too little of the digest is given, or several begin so.
        NotFound: there is no such file or version.
    """
    principal.require(Right.READER)
    if len(digest) < MIN_DIGEST:
        message = f"Give at least {MIN_DIGEST} characters of a digest."
        raise Invalid.at("digest", message=message, kind="length", where="query")

    def work(tx: Transaction) -> tuple[File, Version]:
        file = subjects.file_of(tx, ref)
        found = [one for one in tx.versions.of_file(file_id=file.id) if one.digest.startswith(digest)]
        if not found:
            title = KINDS[file.kind].title
            raise NotFound("version", digest, f"{title} `{file.path}` has no version with digest {digest}.")
        if len(found) > 1:
            message = f"{len(found)} versions of `{file.path}` have a digest that begins with {digest}."
            raise Invalid.at("digest", message=message, kind="ambiguous", where="query")
        return file, found[0]

    return await scan(ports, principal, work)


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
    head = None if file is None else head_of(tx, file, with_live=False)
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
    head = None if file is None else head_of(tx, file, with_live=False)
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
    return None if file is None else head_of(tx, file, with_live=False)


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
