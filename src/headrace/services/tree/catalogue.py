"""What there is, for who looks around: a file and how it stands, directories, files by their names."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import PointerKind
from headrace.core.errors import NotFound
from headrace.core.figures import FileName
from headrace.core.files import Directory, File
from headrace.core.logs import Usage
from headrace.core.ports import Transaction
from headrace.core.versions import Draft, Version
from headrace.services.base import Ports, read, scan
from headrace.services.tree import subjects

NAMES_AT_ONCE = 5_000
"""So many names are read at a time where all are looked through."""
MOST_RANKED = 20_000
"""So many that fit are held before the best of them are picked."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and how it stands.

    Attributes:
        author: who made it; None when that user is gone.
        newest: its newest version; None while it has none.
        number: the highest number of that version.
        versions: how many it has.
        runnable: how many live numbers of it can run.
        draft: what is being edited; None when that is nothing.
        is_off: whether calls of it are refused.
        usage: over all its versions.
    """

    file: File
    author: User | None
    newest: Version | None
    number: int | None
    versions: int
    runnable: int
    draft: Draft | None
    is_off: bool
    usage: Usage

    @property
    def is_runnable(self) -> bool:
        """Whether there is anything of it that can run: a numbered version, or a draft that was prepared."""
        return self.runnable > 0 or (self.draft is not None and self.draft.snapshot_id is not None)


async def about(ports: Ports, principal: Principal, file: str) -> About:
    """A file of any kind, by its id or path, and how it stands.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _about(tx, subjects.file_of(tx, file)))


def _about(tx: Transaction, file: File) -> About:
    newest = tx.versions.newest(file_id=file.id)
    numbers = [] if newest is None else tx.releases.of_version(version_id=newest.id)
    state = tx.pointers.get(file_id=file.id, kind=PointerKind.FLOW, pointer_id=file.id)
    return About(
        file=file,
        author=tx.access.user(id=file.created_by),
        newest=newest,
        number=max(numbers, default=None),
        versions=tx.versions.count(file_id=file.id),
        runnable=tx.releases.count_runnable(file_id=file.id),
        draft=tx.drafts.get(file_id=file.id),
        is_off=state is not None and state.is_off,
        usage=tx.logs.usage_of_file(file_id=file.id),
    )


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A file as lists show it."""

    file: FileName
    usage: Usage


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the files that are wanted.

    Attributes:
        total: how many there are in all; None where they are not counted.
        is_more: whether there are more.
    """

    files: tuple[Listed, ...]
    total: int | None
    is_more: bool


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A directory.

    Attributes:
        files: how many files it has below, however deep.
    """

    directory: Directory
    files: int


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what is right in a directory.

    Attributes:
        folders: by path; all of them come before the files.
        files: by name.
        is_more: whether there is more.
    """

    directory: Directory
    folders: tuple[Folder, ...]
    files: tuple[Listed, ...]
    is_more: bool


async def shelf(ports: Ports, principal: Principal, *, under: str, after: str | None, take: int) -> Shelf:
    """What is right in the directory of a path, from just after the directory or file of an id on.

    Raises:
        NotFound: there is no such directory, or nothing of that id in it.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Shelf:
        directory = tx.files.at(path=under)
        if not isinstance(directory, Directory):
            raise NotFound("directory", under, f"There is no directory `{under}`.")
        folder, file = _last_shown(tx, directory, after)
        folders: list[tuple[Directory, int]] = []
        if file is None:
            since = "" if folder is None else folder.path
            folders = tx.figures.folders(directory_id=directory.id, after=since, take=take + 1)
        rest = max(0, take + 1 - len(folders))
        files = tx.files.of_directory(directory_id=directory.id, after=file, take=rest) if rest else []
        names = [_name_of(one) for one in files[: max(0, take - len(folders))]]
        return Shelf(
            directory=directory,
            folders=tuple(Folder(directory=one, files=count) for one, count in folders[:take]),
            files=_listed(tx, names),
            is_more=len(folders) + len(files) > take,
        )

    return await scan(ports, principal, work)


def _last_shown(
    tx: Transaction, directory: Directory, after: str | None
) -> tuple[Directory | None, File | None]:
    """The directory or the file of an id, which is right in another directory."""
    if after is None:
        return None, None
    folder, file = tx.files.directory(id=after), tx.files.get(id=after)
    if folder is not None and folder.parent_id == directory.id:
        return folder, None
    if file is not None and file.directory_id == directory.id:
        return None, file
    raise NotFound("entry", after, f"There is no `{after}` in the directory `{directory.path}`.")


async def changed(
    ports: Ports,
    principal: Principal,
    *,
    kinds: Collection[str],
    before: tuple[datetime, str] | None,
    take: int,
) -> Found:
    """Files of some kinds (of all, when none is named), the last changed first, from just after ``before``
    (change, id) on."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> Found:
        files = tx.figures.changed_files(kinds=kinds, before=before, take=take + 1)
        names = [_name_of(file) for file in files[:take]]
        return Found(files=_listed(tx, names), total=None, is_more=len(files) > take)

    return await scan(ports, principal, work)


async def search(
    ports: Ports, principal: Principal, *, text: str, kinds: Collection[str], take: int
) -> Found:
    """Files that have every word of a text in their path, in any case; those that are called so come first.

    The id of a file finds it, too.
    """
    principal.require(Right.READER)
    wanted = text.casefold().split()

    def work(tx: Transaction) -> Found:
        ranked: list[tuple[int, str, FileName]] = []
        total = 0
        for file in _all_names(tx):
            rank = _rank(file, text, wanted) if not kinds or file.kind in kinds else None
            if rank is not None:
                ranked.append((rank, file.path, file))
                total += 1
            if len(ranked) > MOST_RANKED:
                ranked = heapq.nsmallest(take, ranked)
        best = [file for _, _, file in heapq.nsmallest(take, ranked)]
        return Found(files=_listed(tx, best), total=total, is_more=total > len(best))

    return await scan(ports, principal, work)


def _all_names(tx: Transaction) -> Iterator[FileName]:
    after = ""
    while True:
        page = tx.figures.file_names(after=after, take=NAMES_AT_ONCE)
        yield from page
        if len(page) < NAMES_AT_ONCE:
            return
        after = page[-1].path


def _rank(file: FileName, text: str, words: Sequence[str]) -> int | None:
    """How well a file fits, 0 is best; None when it does not."""
    path = file.path.casefold()
    if file.id == text:
        return 0
    if not all(word in path for word in words):
        return None
    name = path.rpartition("/")[2]
    if name == " ".join(words):
        return 0
    if words and name.startswith(words[0]):
        return 1
    return 2 if all(word in name for word in words) else 3


def _name_of(file: File) -> FileName:
    return FileName(id=file.id, kind=file.kind, path=file.path, updated_at=file.updated_at)


def _listed(tx: Transaction, files: Sequence[FileName]) -> tuple[Listed, ...]:
    used = tx.figures.usage_of_files(file_ids=[file.id for file in files])
    return tuple(Listed(file=file, usage=used.get(file.id, Usage())) for file in files)
