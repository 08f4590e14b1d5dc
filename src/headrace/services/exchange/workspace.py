"""What a directory of files needs of a server to be kept in step with it.

The *head* of a file is its newest version, or its draft while it has no version.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Aim, PointerKind
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import Directory, File, FileQuery, FileSort
from headrace.core.kinds import KINDS, dataset
from headrace.core.ports import EVERYTHING, Transaction
from headrace.core.versions import Version
from headrace.services import datasets
from headrace.services.base import Ports, read, scan
from headrace.services.deployments import pointers, rollouts
from headrace.services.deployments.rollouts import Live
from headrace.services.exchange.workspace_contents import DATASET
from headrace.services.tree import subjects
from headrace.services.versions.views import as_version

MIN_DIGEST = 8
"""So much of a digest tells a version from the others of its file."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets.

    Attributes:
        number: that by which an alias targets it, or the lowest of the version: later ones change nothing.
    """

    live: Live
    number: int | None


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is now.

    Attributes:
        version: the newest; the draft in the shape of a version while there is none.
        number: the highest one of the version.
        is_draft: whether it is the draft.
        standings: the pointers that target something.
    """

    file: File
    version: Version
    number: int | None
    is_draft: bool
    standings: tuple[Standing, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All files at one moment.

    Attributes:
        origin: by what the organisation is known: the id of its root, which no other has.
    """

    origin: str
    heads: tuple[Head, ...]


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


def head_of(tx: Transaction, file: File, *, with_pointers: bool = True) -> Head | None:
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
        standings=_standings(tx, file) if with_pointers else (),
    )


def _standings(tx: Transaction, file: File) -> tuple[Standing, ...]:
    found = tx.pointers.of_file(file_id=file.id)
    shown = (one for one in found if one.kind is not PointerKind.FLOW)
    spots = (pointers.named(tx, file, one.kind, one.pointer_id) for one in shown)
    return tuple(_standing(tx, rollouts.live_of(tx, spot)) for spot in spots)


def _standing(tx: Transaction, live: Live) -> Standing:
    aim = Aim() if live.pointer is None else live.pointer.aim
    if aim.target is not None or aim.version_id is None:
        return Standing(live=live, number=live.number)
    released = tx.releases.of_version(version_id=aim.version_id)
    return Standing(live=live, number=min(released, default=None))


async def heads(ports: Ports, principal: Principal, file_ids: Sequence[str]) -> list[Head]:
    """Some files as they are now; those that are gone are left out."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Head]:
        files = (tx.files.get(id=one) for one in file_ids)
        found = (head_of(tx, file, with_pointers=False) for file in files if file is not None)
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
