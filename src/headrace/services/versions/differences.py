"""Contents of a file by any name they have, and what differs between two of them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import Aim, Pointer
from headrace.core.diff import DatapointsChanged, Diff, diff, diff_datapoints
from headrace.core.errors import Conflict, NotFound
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.kinds import KINDS, dataset
from headrace.core.parsing import parse
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT, Draft, Version
from headrace.services import datasets
from headrace.services.base import Ports, read
from headrace.services.deployments import pointers
from headrace.services.deployments.pointers import Spot, title
from headrace.services.tree import subjects
from headrace.services.versions.views import as_version, default_environment

NOTHING_DIFFERS = "no differences"
LARGE_BYTES = 32 * 1024
"""From here on a comparison takes so long that others are let run meanwhile."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A content of a file.

    Attributes:
        version: of a draft, in the shape of a version.
        numbers: those of the version, ascending.
        author: who wrote it; None when that user is gone.
    """

    file: File
    version: Version
    numbers: tuple[int, ...]
    is_draft: bool
    author: User | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two contents of one file.

    Attributes:
        diff: of what the contents say.
        datapoints: of a dataset, besides; None for other kinds.
    """

    before: Content
    after: Content
    diff: Diff
    datapoints: DatapointsChanged | None = None

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return self.diff.is_empty and (self.datapoints is None or self.datapoints.is_empty)

    @property
    def line(self) -> str:
        """How much differs, as a line."""
        parts = (None if self.diff.is_empty else self.diff.summary, self.datapoints)
        told = [one.line for one in parts if one is not None and one.line != NOTHING_DIFFERS]
        return "; ".join(told) or NOTHING_DIFFERS


async def show(ports: Ports, principal: Principal, *, file: str, ref: str) -> Content:
    """A content of a file.

    Args:
        ref: a version's id or number, ``draft``, or the name of an environment or an alias.

    Raises:
        NotFound: there is no such file, or nothing of it is called so.
        Conflict: what is named targets nothing.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: content_of(tx, subjects.file_of(tx, file), ref))


async def compare(
    ports: Ports, principal: Principal, *, file: str, before: str | None, after: str | None
) -> Difference:
    """What differs between two contents of a file. See `show`.

    Args:
        before: None is what the default environment targets.
        after: None is the newest version.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> tuple[Content, Content]:
        found = subjects.file_of(tx, file)
        old = default_environment(tx).name if before is None else before
        new = _newest(tx, found) if after is None else content_of(tx, found, after)
        return content_of(tx, found, old), new

    return await _between(ports, principal, *await read(ports, principal, look))


async def between(
    ports: Ports, principal: Principal, file: File, before: Aim, after: Aim, *, known: Diff | None
) -> Difference | None:
    """What differs between what two aims mean; None unless there is content behind both.

    Args:
        known: what differs in what they say, where that was found already.
    """

    def look(tx: Transaction) -> tuple[Content | None, Content | None]:
        return _of_aim(tx, file, before), _of_aim(tx, file, after)

    old, new = await read(ports, principal, look)
    return None if old is None or new is None else await _between(ports, principal, old, new, known)


async def _between(
    ports: Ports, principal: Principal, old: Content, new: Content, known: Diff | None = None
) -> Difference:
    found = await _compared(old, new) if known is None else known
    if old.file.kind != dataset.KIND.name:
        return Difference(before=old, after=new, diff=found)
    ids = [
        await datasets.all_ids(ports, principal, one.file.id, dataset.read_dataset(one.version.content))
        for one in (old, new)
    ]
    return Difference(before=old, after=new, diff=found, datapoints=diff_datapoints(*ids))


async def _compared(old: Content, new: Content) -> Diff:
    is_large = len(old.version.content) + len(new.version.content) >= LARGE_BYTES
    return await asyncio.to_thread(_diff, old, new) if is_large else _diff(old, new)


def _diff(old: Content, new: Content) -> Diff:
    return diff(_said(old), _said(new))


def _said(content: Content) -> Any:
    """What a content says; of a dataset its attributes, because its datapoints are told by themselves."""
    if content.file.kind != dataset.KIND.name:
        return parse(content.version.content)
    attributes = dataset.read_dataset(content.version.content).attributes
    return {} if attributes is msgspec.UNSET else {"attributes": parse(attributes)}


def content_of(tx: Transaction, file: File, ref: str) -> Content:
    """A content of a file by any name it has, inside another use case. See `show`."""
    if ref.upper() in (DRAFT, DRAFT_ALIAS):
        return _draft(tx, file, is_prepared=ref == DRAFT_ALIAS)
    try:
        return _content(tx, file, pointers.version_of(tx, file, ref))
    except NotFound:
        pass
    try:
        spot = subjects.spot_of(tx, file, ref)
    except NotFound:
        message = (
            f"{KINDS[file.kind].title} `{file.path}` has nothing called `{ref}`. Name a version by its id or "
            "number, `draft`, or an environment or alias by its name."
        )
        raise NotFound("version", ref, message) from None
    return _targeted(tx, spot, spot.state(tx))


def _targeted(tx: Transaction, spot: Spot, state: Pointer | None) -> Content:
    found = None if state is None else _of_aim(tx, spot.file, state.aim)
    if found is None:
        message = (
            f"{title(spot)} targets nothing that could be shown. Name what to compare: versions by their "
            "numbers or ids, `draft`, or environments and aliases by their names."
        )
        raise Conflict(message)
    return found


def _of_aim(tx: Transaction, file: File, aim: Aim) -> Content | None:
    if aim.is_nothing:
        return None
    if aim.version_id is None:
        return _draft(tx, file, is_prepared=True)
    version = tx.versions.get(id=aim.version_id)
    return None if version is None else _content(tx, file, version)


def _newest(tx: Transaction, file: File) -> Content:
    version = tx.versions.newest(file_id=file.id)
    return _draft(tx, file, is_prepared=False) if version is None else _content(tx, file, version)


def _content(tx: Transaction, file: File, version: Version) -> Content:
    return Content(
        file=file,
        version=version,
        numbers=tuple(tx.releases.of_version(version_id=version.id)),
        is_draft=False,
        author=tx.access.user(id=version.created_by),
    )


def _draft(tx: Transaction, file: File, *, is_prepared: bool) -> Content:
    """What is being edited, or what was last found fit to run of it."""
    draft = tx.drafts.get(file_id=file.id)
    version = None if draft is None else _prepared(draft) if is_prepared else as_version(draft)
    if version is None:
        which = "draft that was prepared" if is_prepared else "draft"
        message = f"{KINDS[file.kind].title} `{file.path}` has no {which}."
        raise NotFound("draft", DRAFT, message)
    author = tx.access.user(id=version.created_by)
    return Content(file=file, version=version, numbers=(), is_draft=True, author=author)


def _prepared(draft: Draft) -> Version | None:
    if draft.snapshot_id is None or draft.snapshot is None or draft.snapshot_digest is None:
        return None
    return msgspec.structs.replace(
        as_version(draft), id=draft.snapshot_id, content=draft.snapshot, digest=draft.snapshot_digest
    )
