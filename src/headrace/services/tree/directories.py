"""Directories: making, showing, moving and removing them (humanloop 4.2, Directories; 8.45, 8.50)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, InUse, Invalid
from headrace.core.files import MAX_PATH, Directory, File
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.tree import places, tree
from headrace.services.tree.files import shown_as
from headrace.services.versions.views import Surroundings, VersionView


class DirectoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A directory and what is around it.

    Attributes:
        subdirectories: those right in it, by path.
        parents: those above it, from the nearest to the root.
    """

    directory: Directory
    subdirectories: tuple[Directory, ...]
    parents: tuple[Directory, ...]


class FileBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the files in a directory.

    Attributes:
        last: the file to go on after; None when there are no more.
    """

    views: tuple[VersionView, ...]
    last: File | None


async def list_all(ports: Ports, principal: Principal) -> list[Directory]:
    """Every directory, the root too, by path."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: tx.files.directories())


async def get(ports: Ports, principal: Principal, *, ref: str) -> DirectoryView:
    """A directory by its id, or by the word ``root``.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> DirectoryView:
        directory = tree.find_directory(tx, id=ref)
        return DirectoryView(
            directory=directory,
            subdirectories=tuple(tx.files.subdirectories(directory_id=directory.id)),
            parents=tuple(_parents(tx, directory)),
        )

    return await read(ports, principal, work)


def _parents(tx: Transaction, directory: Directory) -> Iterator[Directory]:
    while directory.parent_id is not None:
        directory = tree.find_directory(tx, id=directory.parent_id)
        yield directory


async def files_in(
    ports: Ports, principal: Principal, *, directory_id: str, after: File | None, take: int
) -> FileBatch:
    """The files right in a directory, by name, each as its default version, from just after one on."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> FileBatch:
        files = tx.files.of_directory(directory_id=directory_id, after=after, take=take)
        around = Surroundings(tx)
        shown = (shown_as(tx, file, None, around) for file in files)
        return FileBatch(
            views=tuple(one for one in shown if one is not None),
            last=files[-1] if len(files) == take else None,
        )

    return await read(ports, principal, work)


async def create(
    ports: Ports, principal: Principal, *, path: str | None, name: str | None, parent_id: str | None
) -> Directory:
    """Make a directory, and those above it that are not there.

    Args:
        path: the whole path; the other two must then agree with it.
        name: the last segment, in the directory ``parent_id`` or in the root.

    Raises:
        Invalid: the place breaks a rule, or is given twice and differently, or not at all.
        NotFound: there is no such parent.
        AlreadyExists: something is there.
    """
    principal.require(Right.EDITOR)
    places.check_place(path=path, name=name)

    def work(tx: Transaction) -> Directory:
        parent = None if parent_id is None else tree.find_directory(tx, id=parent_id)
        target = places.target(path=path, name=name, parent=parent, old=None, parent_key="parent_id")
        places.check_is_free(tx, target)
        now = ports.clock.now()
        above = tree.directory_for(tx, ports, target, now)
        made = Directory(
            id=ports.ids.long("dir_"), path=target, parent_id=above.id, created_at=now, updated_at=now
        )
        tx.files.add_directory(made)
        return made

    return await write(ports, principal, work)


async def update(
    ports: Ports,
    principal: Principal,
    *,
    ref: str,
    path: str | None,
    name: str | None,
    parent_id: str | None,
) -> Directory:
    """Rename or move a directory with everything in it.

    Raises:
        Invalid: the place breaks a rule, or is given twice and differently.
        NotFound: there is no such directory or parent.
        AlreadyExists: something is there.
        Conflict: it is the root, or would be within itself.
    """
    principal.require(Right.EDITOR)
    places.check_place(path=path, name=name)

    def work(tx: Transaction) -> Directory:
        directory = tree.find_directory(tx, id=ref)
        if directory.parent_id is None:
            raise Conflict("The root directory can't be moved or renamed.")
        parent = None if parent_id is None else tree.find_directory(tx, id=parent_id)
        target = places.target(
            path=path, name=name, parent=parent, old=directory.path, parent_key="parent_id"
        )
        if target == directory.path:
            return directory
        _check_move(tx, directory, target)
        now = ports.clock.now()
        above = tree.directory_for(tx, ports, target, now)
        moved = msgspec.structs.replace(directory, path=target, parent_id=above.id, updated_at=now)
        tx.files.update_directory(moved)
        return moved

    return await write(ports, principal, work)


def _check_move(tx: Transaction, directory: Directory, target: str) -> None:
    if target.startswith(directory.path + "/"):
        raise Conflict(f"The directory `{directory.path}` can't be moved into itself.")
    places.check_is_free(tx, target)
    longest = tx.files.longest_path(under=directory.path) + len(target) - len(directory.path)
    if longest > MAX_PATH:
        message = f"A path may have at most {MAX_PATH} characters; the longest below would have {longest}."
        raise Invalid.at("path", message=message, kind="path")


async def remove(ports: Ports, principal: Principal, *, ref: str) -> None:
    """Remove an empty directory.

    Raises:
        NotFound: there is none.
        Conflict: it is the root, or something is in it.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        directory = tree.find_directory(tx, id=ref)
        if directory.parent_id is None:
            raise Conflict("The root directory can't be deleted.")
        if not tx.files.remove_directory(id=directory.id):
            raise InUse(f"The directory `{directory.path}` is not empty.")

    await write(ports, principal, work)
