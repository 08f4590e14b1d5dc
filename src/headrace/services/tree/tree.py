"""Finding and making files in the tree. Parts of use cases, run inside their transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from headrace.core.access import Principal
from headrace.core.errors import AlreadyExists, Invalid, NotFound
from headrace.core.files import Directory, File, ancestors, hidden_path, numbered, short_name_from
from headrace.core.ids import SHORT_LENGTH
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services.base import Ports

NUMBERED_NAMESAKES = 9
"""So many files of one name get a readable suffix; further ones get a random one."""
WALK_PAGE = 1000
"""So many files are read at a time where all are looked through."""


def find(tx: Transaction, *, kind: str, ref: str) -> File:
    """The file with that long or short id.

    Raises:
        NotFound: there is none of that kind.
    """
    file = tx.files.by_short_id(kind=kind, short_id=ref) if len(ref) == SHORT_LENGTH else None
    if file is None:
        file = tx.files.get(id=ref)
    if file is None or file.kind != kind:
        raise NotFound(kind, ref, f"{KINDS[kind].title} with ID `{ref}` not found.")
    return file


def find_anyhow(tx: Transaction, *, kind: str, ref: str) -> File:
    """The file that people mean by an id, a path or a name among the files of its kind.

    Raises:
        NotFound: none of the three is one's.
    """
    entry = tx.files.at(path=ref)
    if isinstance(entry, File) and entry.kind == kind:
        return entry
    return tx.files.by_short_name(kind=kind, short_name=ref) or find(tx, kind=kind, ref=ref)


def find_at(tx: Transaction, *, kind: str, path: str) -> File | None:
    """The file of that kind at ``path``; None when nothing is there.

    Raises:
        AlreadyExists: something else is there.
    """
    entry = tx.files.at(path=path)
    if isinstance(entry, Directory):
        raise AlreadyExists(f"The path `{path}` is a directory.")
    if entry is not None and entry.kind != kind:
        raise AlreadyExists(f"The path `{path}` is taken by a {KINDS[entry.kind].title}.")
    return entry


def identify(tx: Transaction, *, kind: str, ref: str | None, path: str | None) -> File | None:
    """The file that a request names by id, by path, or by both (humanloop 2.5); None when there is none."""
    if ref is None and path is None:
        raise Invalid.at("path", message="Either `id` or `path` must be given.", kind="missing")
    if ref is None:
        assert path is not None
        return find_at(tx, kind=kind, path=path)
    file = find(tx, kind=kind, ref=ref)
    if path is not None and path != file.path:
        message = f"`id` and `path` name different files: `{ref}` is at `{file.path}`, not at `{path}`."
        raise Invalid.at("path", message=message, kind="mismatch")
    return file


def create(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    path: str,
    now: datetime,
    short_name: str | None = None,
    description: str | None = None,
    id: str | None = None,
) -> File:
    """Make a file at a free path, and the directories above it.

    Args:
        id: its id; without one a new one is minted.
        short_name: the name it must have; without one it is derived from the path.
    """
    directory = directory_for(tx, ports, path, now)
    file = File(
        id=id or ports.ids.long(KINDS[kind].prefix),
        kind=kind,
        path=path,
        directory_id=directory.id,
        short_id=ports.ids.short(),
        short_name=short_name or free_short_name(tx, ports, kind, path),
        description=description,
        readme=None,
        tags=(),
        created_by=principal.user.id,
        created_at=now,
        updated_at=now,
        last_number=0,
    )
    tx.files.add(file)
    return file


def hidden(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    *,
    owner: File,
    kind: str,
    name: str,
    now: datetime,
) -> File:
    """The hidden file of that kind that is the node ``name`` of ``owner``; made when it is not there."""
    path = hidden_path(owner_id=owner.id, kind=kind, name=name)
    found = tx.files.at(path=path)
    if isinstance(found, File):
        return found
    short_id = ports.ids.short()
    file = File(
        id=ports.ids.long(KINDS[kind].prefix),
        kind=kind,
        path=path,
        directory_id=owner.directory_id,
        short_id=short_id,
        short_name=short_id,
        description=None,
        readme=None,
        tags=(),
        created_by=principal.user.id,
        created_at=now,
        updated_at=now,
        last_number=0,
        owner_id=owner.id,
    )
    tx.files.add(file)
    return msgspec.structs.replace(file, path=f"{owner.path}/{name}")


def at(tx: Transaction, *, path: str) -> File | Directory | None:
    """What stands at ``path``; where nothing does, the hidden file that shows this path."""
    found = tx.files.at(path=path)
    above, _, name = path.rpartition("/")
    if found is not None or not above:
        return found
    owner = tx.files.at(path=above)
    if not isinstance(owner, File):
        return None
    nodes = (tx.files.at(path=hidden_path(owner_id=owner.id, kind=kind, name=name)) for kind in KINDS)
    return next((node for node in nodes if node is not None), None)


def directory_for(tx: Transaction, ports: Ports, path: str, now: datetime) -> Directory:
    """The directory that a file at ``path`` is in; it and those above it are made when they are not there.

    Raises:
        AlreadyExists: one of them is a file.
    """
    directory = tx.files.at(path="")
    assert isinstance(directory, Directory), "every organisation has a root"
    for above in ancestors(path):
        entry = tx.files.at(path=above)
        if entry is None:
            entry = Directory(
                id=ports.ids.long("dir_"), path=above, parent_id=directory.id, created_at=now, updated_at=now
            )
            tx.files.add_directory(entry)
        if not isinstance(entry, Directory):
            raise AlreadyExists(f"The path `{above}` is a {KINDS[entry.kind].title} and not a directory.")
        directory = entry
    return directory


def find_directory(tx: Transaction, *, id: str) -> Directory:
    """The directory with that id; ``root`` is the id of the root, too.

    Raises:
        NotFound: there is none.
    """
    directory = tx.files.at(path="") if id == "root" else tx.files.directory(id=id)
    if not isinstance(directory, Directory):
        raise NotFound("directory", id, f"Directory with ID `{id}` not found.")
    return directory


def free_path(tx: Transaction, ports: Ports, kind: str, name: str) -> str:
    """A path for a new file that was given a name only: in its kind's home, each with a suffix on a clash.

    Names and paths go their own ways, so a name may be free while its path is not; who makes a file by name
    knows nothing of paths and must not be stopped by one.
    """
    home = KINDS[kind].home
    folder = ""
    if home:
        folder = _first_free(ports, home, lambda path: not isinstance(tx.files.at(path=path), File)) + "/"
    name = _first_free(ports, name, lambda name: tx.files.at(path=folder + name) is None)
    return folder + name


def free_short_name(tx: Transaction, ports: Ports, kind: str, path: str) -> str:
    """A short name for a new file at a path, with a suffix on a clash."""
    wanted = short_name_from(path, fallback=kind)
    return _first_free(ports, wanted, lambda name: tx.files.by_short_name(kind=kind, short_name=name) is None)


def _first_free(ports: Ports, wanted: str, is_free: Callable[[str], bool]) -> str:
    for attempt in range(1, NUMBERED_NAMESAKES + 1):
        name = numbered(wanted, str(attempt) if attempt > 1 else "")
        if is_free(name):
            return name
    return numbered(wanted, ports.ids.short())
