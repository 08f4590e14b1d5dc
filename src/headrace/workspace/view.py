"""Both sides side by side: what was changed here, what there, and what on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headrace.workspace import forms, state
from headrace.workspace.compare import Sides, three_way
from headrace.workspace.folder import Folder
from headrace.workspace.local import Entry, Here, scan
from headrace.workspace.pointers import NEWEST, SHORT, Target, read_target
from headrace.workspace.remote import Overview, Remote, RemoteFile, RemotePointer
from headrace.workspace.state import Base, Known, State


class FileItem(msgspec.Struct, frozen=True, kw_only=True):
    """A file on both sides.

    Attributes:
        base: as it was when both were the same; None when it was not there, or nobody knows.
        entry: as it is here.
        remote: as it is there.
        there: the digest of what is there, as it is found here.
        content: what is there, where it was looked at already.
    """

    path: str
    sides: Sides
    base: Base | None
    entry: Entry | None
    remote: RemoteFile | None
    there: str | None
    content: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Of what is here, or else of what is there."""
        if self.entry is not None:
            return self.entry.kind
        return self.base.type if self.remote is None and self.base is not None else self._remote_type

    @property
    def _remote_type(self) -> str:
        return "file" if self.remote is None else self.remote.type


class PointerItem(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer on both sides."""

    path: str
    name: str
    sides: Sides
    local: Target | None
    server: Target | None
    remote: RemoteFile | None
    pointer: RemotePointer | None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides.

    Attributes:
        known: of this server; part of ``state``.
        pointers: empty where nothing here says anything of pointers, but for what the server has.
    """

    state: State
    known: Known
    here: Here
    there: Overview
    files: list[FileItem]
    pointers: list[PointerItem]


def look(folder: Folder, remote: Remote) -> View:
    """Look at both sides.

    Raises:
        BadState: what is known can't be read.
    """
    kept = state.load(folder)
    there = remote.overview()
    known = kept.servers.setdefault(there.origin, Known())
    here = scan(folder)
    by_path = {one.path: one for one in there.files}
    seen = _Seen(remote, known, by_path)
    paths = sorted(here.entries.keys() | by_path.keys() | known.files.keys())
    return View(
        state=kept,
        known=known,
        here=here,
        there=there,
        files=[seen.file(path, here.entries.get(path)) for path in paths],
        pointers=pointer_items(here, known, by_path),
    )


class _Seen:
    """Compares files."""

    def __init__(self, remote: Remote, known: Known, there: Mapping[str, RemoteFile]) -> None:
        self._remote = remote
        self._known = known
        self._there = there

    def file(self, path: str, entry: Entry | None) -> FileItem:
        remote, base = self._there.get(path), self._known.files.get(path)
        if remote is not None and base is not None and base.id != remote.id:
            base = None  # it was removed, and another one was made at its path
        there, content = self._digest(remote, base)
        was = None if base is None else _key(base.type, base.digest)
        local = None if entry is None else _key(entry.kind, entry.digest)
        if entry is not None and _is_unfinished(self._known, entry):
            local = was
        sides = three_way(
            was,
            local,
            None if remote is None or there is None else _key(remote.type, there),
            was_there=lambda: self._was_there(entry, remote),
        )
        return FileItem(
            path=path, sides=sides, base=base, entry=entry, remote=remote, there=there, content=content
        )

    def _digest(
        self, remote: RemoteFile | None, base: Base | None
    ) -> tuple[str | None, dict[str, Any] | None]:
        """What is there by the digest that it would have here; a dataset must be looked at for that."""
        if remote is None:
            return None, None
        if base is not None and base.kept == remote.digest:
            return base.digest, None
        if remote.type != "dataset":
            return remote.digest, None
        found = next(iter(self._remote.contents([remote])), None)
        return (None, None) if found is None else (forms.digest_of("dataset", found[1]), found[1])

    def _was_there(self, entry: Entry | None, remote: RemoteFile | None) -> bool:
        if entry is None or remote is None or entry.content is None or entry.kind != remote.type:
            return False
        return entry.kind != "dataset" and self._remote.version_id(remote, entry.digest) is not None


def _key(kind: str, digest: str) -> str:
    return f"{kind} {digest}"


def _is_unfinished(known: Known, entry: Entry) -> bool:
    """Whether writing it was interrupted, and nobody touched it since."""
    return entry.name in known.pending and all(
        content in known.pending[name] for name, content in entry.known.items() if name in known.pending
    )


def pointer_items(here: Here, known: Known, there: Mapping[str, RemoteFile]) -> list[PointerItem]:
    """The pointers of both sides."""
    return [
        _pointer(here, known, there.get(path), path, name)
        for path in sorted({*(here.table or {}), *known.pointers, *there})
        for name in _names(here, known, there.get(path), path)
    ]


def _names(here: Here, known: Known, remote: RemoteFile | None, path: str) -> Iterator[str]:
    names = {*(here.table or {}).get(path, {}), *known.pointers.get(path, {})}
    if remote is not None:
        names |= {one.name for one in remote.pointers}
    yield from sorted(names)


def _pointer(here: Here, known: Known, remote: RemoteFile | None, path: str, name: str) -> PointerItem:
    pointer = None if remote is None else remote.pointer(name)
    server = None if remote is None or pointer is None else pointer.target(remote.type)
    said = known.pointers.get(path, {}).get(name)
    base = None if said is None else read_target(said)
    local = base if here.table is None else here.table.get(path, {}).get(name)
    entry = here.entries.get(path)
    sides = three_way(
        None if base is None else base.key,
        None if local is None else resolved(local, entry, server, base),
        None if server is None else server.key,
        was_there=lambda: False,
    )
    return PointerItem(
        path=path, name=name, sides=sides, local=local, server=server, remote=remote, pointer=pointer
    )


def resolved(target: Target, entry: Entry | None, *others: Target | None) -> str:
    """The key of what is said here, where it is said in another way than the server says it."""
    if target.word == NEWEST:
        is_told = entry is not None and entry.content is not None and entry.kind != "dataset"
        return entry.digest[:SHORT] if entry is not None and is_told else NEWEST
    for other in others:
        if other is not None and _is_same(target, other):
            return other.key
    return target.key


def _is_same(target: Target, other: Target) -> bool:
    if target.is_split != other.is_split or target.word != other.word:
        return False
    if target.digest is None:
        return target.number == other.number
    return other.digest is not None and other.digest.startswith(target.digest[:SHORT])
