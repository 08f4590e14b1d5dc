"""Changing datasets and reading their datapoints (humanloop 4.2, Datasets).

A dataset may be large, and no transaction may be long. So datapoints are kept a little at a time, before the
version that has them; what a version is made of never changes, so it is read a little at a time, too. Only
the last step makes a version, in one transaction, and only if the one that it is based on still is the base.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import TypeVar

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.datasets import (
    Case,
    Datapoint,
    Packed,
    chunks_within,
    pack,
    read_chunk,
    read_membership,
    sorted_cases,
)
from headrace.core.errors import Conflict, NotFound
from headrace.core.files import check_path
from headrace.core.kinds.dataset import KIND, DatasetContent, read_dataset, write_dataset
from headrace.core.ports import EVERYTHING, Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read, write
from headrace.services.server import dataset_sweeps
from headrace.services.tree import tree
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView, default_version, view

T = TypeVar("T")
DATAPOINT_PREFIX = "dp_"
BATCH = 500
"""So many datapoints, and a tenth of that chunks, are read or written by one transaction."""
CHUNKS = BATCH // 10
LOST_RACES = 20
"""How often a change is made again when somebody else changed the base meanwhile."""
LARGE = 2_000
"""From here on ids are gone through beside everything else."""


class Action(StrEnum):
    """What becomes of the datapoints that are sent."""

    SET = "set"
    """The version has these and no others."""
    ADD = "add"
    """It has those of the base and these."""
    REMOVE = "remove"
    """It has those of the base without these."""


class Base(StrEnum):
    """What a change is based on that names no version."""

    NEWEST = "newest"
    DEFAULT = "default"
    """What a read shows that asks for no version."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants a version of a dataset to be.

    Attributes:
        ref: the file's id; or None.
        path: the file's path; or None. One of the two is needed, or ``version_id``.
        version_id: the version it is based on.
        environment: the environment whose version it is based on.
        base: what it is based on without either.
        attributes: the version's, as JSON text; UNSET has those of the base, or none.
        name: the version's name; None keeps what it has.
        description: the version's description; None keeps what it has.
    """

    cases: Sequence[Case]
    action: Action = Action.SET
    ref: str | None = None
    path: str | None = None
    version_id: str | None = None
    environment: str | None = None
    base: Base = Base.NEWEST
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    name: str | None = None
    description: str | None = None


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a change starts from.

    Attributes:
        file_id: None when the file is to be made.
        version: the base; None when it is to have nothing of any.
        mark: what was left by who last took datapoints away.
    """

    file_id: str | None
    version: Version | None
    mark: str = ""


class _OvertakenError(Exception):
    """Somebody else changed the base meanwhile, or took datapoints away."""


async def upsert(ports: Ports, principal: Principal, change: Change) -> VersionView:
    """Find the version with these datapoints and attributes, or make it; make the file when its path is free.

    Raises:
        Invalid: no file is named, two are, or a name or path breaks a rule.
        NotFound: the file or the base is not there.
        AlreadyExists: another version of the file has the name, or something else stands at the path.
        Conflict: others keep changing the base.
    """
    principal.require(Right.EDITOR)
    if change.path is not None:
        check_path(change.path, "path")
    versions.check_name(change.name, "version_name")
    start = await read(ports, principal, lambda tx: _start(tx, change))
    for _ in range(LOST_RACES):
        try:
            return await _carry_out(ports, principal, change, start)
        except _OvertakenError:
            # Where writes are, for what was seen there is not yet to be read elsewhere.
            start = await write(ports, principal, lambda tx: _start(tx, change))
    raise Conflict("Others keep changing this Dataset. Try again.")


def _start(tx: Transaction, change: Change) -> _Start:
    ref = change.ref
    if ref is None and change.path is None and change.version_id is not None:
        named = tx.versions.get(id=change.version_id)  # humanloop 8.6: a version tells which file it is of
        ref = None if named is None else named.file_id
        if ref is None:
            raise NotFound("version", change.version_id, f"Version with ID `{change.version_id}` not found.")
    file = tree.identify(tx, kind=KIND.name, ref=ref, path=change.path)
    if file is None:
        if change.action is Action.REMOVE or change.version_id or change.environment:
            raise NotFound("dataset", change.path or "", f"There is no Dataset at `{change.path}`.")
        return _Start(file_id=None, version=None)
    mark = dataset_sweeps.mark(tx, file_id=file.id)
    if change.action is Action.SET:
        return _Start(file_id=file.id, version=None, mark=mark)
    if change.version_id or change.environment:
        base = versions.select(tx, file, version_id=change.version_id, environment=change.environment)
    else:
        newest = tx.versions.newest(file_id=file.id) if change.base is Base.NEWEST else None
        base = newest or default_version(tx, file)
    return _Start(file_id=file.id, version=base, mark=mark)


async def _carry_out(ports: Ports, principal: Principal, change: Change, start: _Start) -> VersionView:
    file_id = start.file_id or ports.ids.long(KIND.prefix)
    content = await _content(ports, principal, change, file_id, start.version)
    prepared = await versions.prepare(
        ports,
        Submission(
            kind=KIND.name,
            ref=start.file_id,
            path=change.path,
            content=content,
            parsed=None,
            name=change.name,
            description=change.description,
            new_id=file_id,
        ),
    )

    def work(tx: Transaction) -> VersionView:
        if _place(_start(tx, change)) != _place(start):
            raise _OvertakenError
        file, version = versions.settle(tx, ports, principal, prepared, now=ports.clock.now())
        return view(tx, file, version)

    return await write(ports, principal, work)


def _place(start: _Start) -> tuple[str | None, str | None, str]:
    return start.file_id, None if start.version is None else start.version.id, start.mark


async def _content(
    ports: Ports, principal: Principal, change: Change, file_id: str, version: Version | None
) -> bytes:
    """What the version is to be, with all its parts kept."""
    base = None if version is None else read_dataset(version.content)
    attributes = change.attributes
    if base is not None and attributes is msgspec.UNSET:
        attributes = base.attributes
    if base is not None and not change.cases:
        return write_dataset(msgspec.structs.replace(base, attributes=attributes))
    before = [] if base is None else await all_ids(ports, principal, file_id, base)
    if change.action is Action.REMOVE:
        known = await known_ids(ports, principal, file_id, [case.digest for case in change.cases])
        gone = set(known.values())
        ids: Iterable[str] = (one for one in before if one not in gone)
    else:
        known = await _kept_ids(ports, principal, file_id, change.cases)
        ids = chain(before, (known[case.digest] for case in change.cases))
    packed = await packed_ids(ids, most=len(before) + len(change.cases))
    await keep_parts(ports, principal, file_id, packed)
    return content_of(packed, attributes)


def content_of(packed: Packed, attributes: msgspec.Raw | msgspec.UnsetType) -> bytes:
    """The content of a version that has these datapoints."""
    return write_dataset(
        DatasetContent(
            datapoints=packed.digest,
            count=packed.count,
            membership=packed.membership,
            attributes=attributes,
        )
    )


async def packed_ids(ids: Iterable[str], *, most: int) -> Packed:
    """Ids in order as what is kept of them.

    Args:
        most: how many there may be.
    """
    return pack(ids) if most < LARGE else await asyncio.to_thread(pack, ids)


async def keep_parts(ports: Ports, principal: Principal, file_id: str, packed: Packed) -> None:
    """Keep the parts that are not kept yet."""
    for digests in _batches(tuple(packed.parts), CHUNKS):
        known = await read(ports, principal, partial(_parts, file_id, digests))
        missing = {digest: packed.parts[digest] for digest in digests if digest not in known}
        if missing:
            await write(ports, principal, partial(_add_parts, file_id, missing))


def _parts(file_id: str, digests: Sequence[str], tx: Transaction) -> dict[str, str]:
    return tx.datasets.parts(file_id=file_id, digests=digests)


def _add_parts(file_id: str, parts: Mapping[str, str], tx: Transaction) -> None:
    tx.datasets.add_parts(file_id=file_id, parts=parts)


async def _kept_ids(
    ports: Ports, principal: Principal, file_id: str, cases: Sequence[Case]
) -> dict[str, str]:
    """The ids of these by digest, also of those that are kept only now."""
    # One after another in the order of the index that they are found by: in any other, each would be written
    # to a page of its own.
    sort = partial(sorted_cases, cases)
    ordered = await asyncio.to_thread(sort) if len(cases) >= LARGE else sort()
    known: dict[str, str] = {}
    for some in _batches(ordered, BATCH):
        found = await known_ids(ports, principal, file_id, [case.digest for case in some])
        missing = [case for case in some if case.digest not in found]
        if missing:
            found |= await write(ports, principal, partial(_added, ports, file_id, missing))
        known |= found
    return known


def _added(ports: Ports, file_id: str, cases: Sequence[Case], tx: Transaction) -> dict[str, str]:
    digests = [case.digest for case in cases]
    known = tx.datasets.ids(file_id=file_id, digests=digests)  # somebody may have been faster
    new = [
        Datapoint(id=ports.ids.long(DATAPOINT_PREFIX), file_id=file_id, digest=case.digest, body=case.body)
        for case in cases
        if case.digest not in known
    ]
    tx.datasets.add(file_id=file_id, datapoints=new)
    return known | {one.digest: one.id for one in new}


async def known_ids(
    ports: Ports, principal: Principal, file_id: str, digests: Sequence[str]
) -> dict[str, str]:
    """The ids of those that are kept, by digest."""
    known: dict[str, str] = {}
    for some in _batches(digests, BATCH):
        known |= await read(ports, principal, partial(_ids, file_id, some))
        await asyncio.sleep(0)  # let others have a turn: a read may never wait
    return known


def _ids(file_id: str, digests: Sequence[str], tx: Transaction) -> dict[str, str]:
    return tx.datasets.ids(file_id=file_id, digests=digests)


async def page(
    ports: Ports,
    principal: Principal,
    *,
    ref: str,
    version_id: str | None,
    environment: str | None,
    skip: int,
    take: int,
) -> tuple[list[Datapoint], int]:
    """Some datapoints of a version, in their order, and how many it has."""
    shown = await versions.get(
        ports, principal, kind=KIND.name, ref=ref, version_id=version_id, environment=environment
    )
    found: list[Datapoint] = []
    async for some in datapoints(ports, principal, shown.version, skip=skip, take=take):
        found += some
    return found, read_dataset(shown.version.content).count


async def datapoints(
    ports: Ports, principal: Principal, version: Version, *, skip: int = 0, take: int = EVERYTHING
) -> AsyncIterator[list[Datapoint]]:
    """The datapoints of a version, in their order, a little at a time."""
    content = read_dataset(version.content)
    async for chunk in _chunks(ports, principal, version.file_id, content, skip=skip, take=take):
        for ids in _batches(chunk, BATCH):
            known = await read(ports, principal, partial(_datapoints, ids))
            yield [known[one] for one in ids]
            await asyncio.sleep(0)


def _datapoints(ids: Sequence[str], tx: Transaction) -> dict[str, Datapoint]:
    return tx.datasets.some(ids=ids)


async def all_ids(ports: Ports, principal: Principal, file_id: str, content: DatasetContent) -> list[str]:
    """The ids of a version's datapoints, in their order."""
    ids: list[str] = []
    async for chunk in _chunks(ports, principal, file_id, content):
        ids += chunk
    return ids


async def _chunks(
    ports: Ports,
    principal: Principal,
    file_id: str,
    content: DatasetContent,
    *,
    skip: int = 0,
    take: int = EVERYTHING,
) -> AsyncIterator[list[str]]:
    """The ids of a version's datapoints, as they are cut."""
    lists = await read(ports, principal, partial(_parts, file_id, [content.membership]))
    refs, before = chunks_within(read_membership(lists[content.membership]), skip=skip, take=take)
    left = take
    for some in _batches(refs, CHUNKS):
        bodies = await read(ports, principal, partial(_parts, file_id, [ref.digest for ref in some]))
        for ref in some:
            ids = read_chunk(bodies[ref.digest])[before:][:left]
            before, left = 0, left - len(ids)
            yield ids
        await asyncio.sleep(0)


def _batches(many: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (many[start : start + size] for start in range(0, len(many), size))
