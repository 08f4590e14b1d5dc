"""Bringing the directory in step with the server. What was changed here is never overwritten unless asked.

Before files are written it is noted what each of them may hold; so an interrupted pull is told from what
somebody wrote, and done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.workspace import forms, pointers, state
from headrace.workspace.folder import BadName, Folder, sha
from headrace.workspace.forms import FOLDERS, SUFFIXES, BadForm, Texts
from headrace.workspace.local import UNREADABLE, Problem
from headrace.workspace.paths import Unfit, to_name
from headrace.workspace.pointers import Target
from headrace.workspace.remote import Remote, RemoteFile
from headrace.workspace.report import Did, Line, Report, file_line, pointer_line
from headrace.workspace.state import Base
from headrace.workspace.view import FileItem, PointerItem, View


class _Write(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the server's to be written here.

    Attributes:
        name: of its own file; the texts beside it come first.
        gone: names of files that belonged to it and do not any more.
    """

    item: FileItem
    base: Base
    name: str
    texts: Texts
    gone: tuple[str, ...]


class Pull:
    """A pull.

    Args:
        takes_theirs: whether what was changed on both sides is overwritten, and what can't be read.
        is_rehearsal: whether nothing is written.
    """

    def __init__(
        self, folder: Folder, remote: Remote, view: View, *, takes_theirs: bool, is_rehearsal: bool
    ) -> None:
        self._folder = folder
        self._remote = remote
        self._view = view
        self._takes_theirs = takes_theirs
        self._is_rehearsal = is_rehearsal
        self._problems: list[Problem] = list(view.here.problems)
        self._lines: list[Line] = []
        self._failed: set[str] = set()
        self._agreed: list[PointerItem] = []

    def carry_out(self) -> Report:
        """Write and remove what there is to, and say what was done."""
        wanted = [item for item in self._view.files if self._is_wanted(item)]
        writes = self._writes([item for item in wanted if item.remote is not None])
        removals = [item for item in wanted if item.remote is None]
        table = self._table()
        if not self._is_rehearsal:
            self._note(writes, removals)
            for write in writes:
                self._write(write)
            for item in removals:
                self._remove(item)
            self._settle(table)
            writes = [one for one in writes if one.item.path not in self._failed]
        self._lines += [file_line(one.item, Did.WRITTEN) for one in writes]
        self._lines += [file_line(item, Did.REMOVED) for item in removals if item.entry is not None]
        self._lines += self._kept()
        told = sorted(self._lines, key=lambda line: (line.pointer is not None, line.path, line.pointer or ""))
        in_step = sum(item.sides.is_same and item.remote is not None for item in self._view.files)
        problems = [one for one in self._problems if not self._is_replaced(one, writes)]
        return Report(lines=told, in_step=in_step + len(writes), problems=problems)

    def _is_wanted(self, item: FileItem) -> bool:
        if item.sides.server is None:
            return self._takes_theirs and item.entry is not None and item.entry.digest == UNREADABLE
        return item.sides.local is None or self._takes_theirs

    def _kept(self) -> list[Line]:
        if self._takes_theirs:
            return []
        note = "changed here and there; --theirs takes the server's"
        return [file_line(item, Did.KEPT, note) for item in self._view.files if item.sides.is_conflict]

    @staticmethod
    def _is_replaced(problem: Problem, writes: list[_Write]) -> bool:
        return any(write.item.entry and write.item.entry.name == problem.name for write in writes)

    def _writes(self, items: list[FileItem]) -> list[_Write]:
        by_id = {item.remote.id: item for item in items if item.remote is not None}
        looked = {one: item.content for one, item in by_id.items() if item.content is not None}
        wanted = [item.remote for item in items if item.remote is not None and item.remote.id not in looked]
        found = [(item.remote, item.content) for item in items if item.remote and item.remote.id in looked]
        made: list[_Write] = []
        for remote, content in [*found, *self._remote.contents(wanted)]:
            write = None if content is None else self._one(by_id[remote.id], remote, content)
            if write is not None:
                made.append(write)
        return sorted(made, key=lambda write: write.item.path)

    def _one(self, item: FileItem, remote: RemoteFile, content: dict[str, Any]) -> _Write | None:
        try:
            stem = self._stem(item, remote)
            name, texts = forms.write(remote.type, stem, content)
            digest = forms.digest_of(remote.type, content)
        except (Unfit, BadForm) as error:
            self._problems.append(Problem(name=item.path, message=str(error)))
            return None
        for one in texts:
            self._view.here.names.take(one)
        before = {} if item.entry is None else item.entry.known
        base = Base(
            type=remote.type, id=remote.id, version_id=remote.version_id, digest=digest, kept=remote.digest
        )
        gone = tuple(one for one in before if one not in texts)
        return _Write(item=item, base=base, name=name, texts=texts, gone=gone)

    def _stem(self, item: FileItem, remote: RemoteFile) -> str:
        """The name without its ending: the one that the file has here, or one that is free."""
        entry = item.entry
        if entry is not None and entry.kind == remote.type:
            return entry.name.removesuffix(
                next(one for one in SUFFIXES[entry.kind] if entry.name.endswith(one))
            )
        suffix = max(SUFFIXES[remote.type], key=len)
        for is_marked in (False, True):
            name = f"{FOLDERS[remote.type]}/{to_name(item.path, suffix=suffix, is_marked=is_marked)}"
            stem = name.removesuffix(suffix)
            if self._view.here.names.is_free(stem) and self._view.here.names.is_free(name):
                return stem
        raise Unfit(f"`{item.path}` differs from another path only in upper and lower case.")

    def _note(self, writes: list[_Write], removals: list[FileItem]) -> None:
        """Keep what the files may hold while they are being written."""
        pending: dict[str, list[str]] = {}
        for write in writes:
            before: Mapping[str, str] = {} if write.item.entry is None else write.item.entry.known
            for name in (*write.texts, *write.gone):
                told = [before[name]] if name in before else []
                told += [sha(write.texts[name].encode())] if name in write.texts else []
                pending[name] = [*self._view.known.pending.get(name, ()), *told]
        for item in removals:
            for name, content in () if item.entry is None else item.entry.known.items():
                pending[name] = [*self._view.known.pending.get(name, ()), content]
        if pending:
            self._view.known.pending = pending
            state.save(self._folder, self._view.state)

    def _write(self, write: _Write) -> None:
        """The texts beside it, then the file that refers to them, then what belongs to it no more."""
        order = sorted(write.texts, key=lambda name: name == write.name)
        try:
            for name in order:
                self._folder.write(name, write.texts[name].encode())
            for name in write.gone:
                self._folder.remove(name)
        except BadName as error:
            self._problems.append(Problem(name=write.name, message=str(error)))
            self._failed.add(write.item.path)
            return
        self._view.known.files[write.item.path] = write.base

    def _remove(self, item: FileItem) -> None:
        for name in sorted(() if item.entry is None else item.entry.known, reverse=True):
            try:
                self._folder.remove(name)
            except BadName as error:
                self._problems.append(Problem(name=name, message=str(error)))
        self._view.known.files.pop(item.path, None)

    def _settle(self, table: pointers.Table | None) -> None:
        """Keep what is known by now."""
        known = self._view.known
        for item in self._view.files:
            note_in_step(view=self._view, item=item)
        if table is not None:
            self._folder.write(pointers.NAME, pointers.write(table).encode())
        for pointer in self._agreed:  # only now: until it is written here, it is not the same on both sides
            note_pointer(self._view, pointer, pointer.server)
        known.pending = {}
        state.save(self._folder, self._view.state)

    def _table(self) -> pointers.Table | None:
        """What pointers target from now on; None where the file is right as it is."""
        is_bad = any(one.name == pointers.NAME for one in self._problems)
        if is_bad:
            return None
        here = self._view.here.table
        told = {path: dict(named) for path, named in (here or {}).items()}
        is_new = here is None and bool(self._view.pointers)
        for item in self._view.pointers:
            if item.sides.is_same:
                self._agreed.append(item)
                continue
            if item.sides.server is None and not (here is None and item.server is not None):
                continue
            if item.sides.local is not None and not self._takes_theirs:
                self._lines.append(pointer_line(item, Did.KEPT, "--theirs takes the server's"))
                continue
            is_new = True
            self._lines.append(pointer_line(item, Did.WRITTEN if item.server else Did.REMOVED))
            _put(told, item)
            self._agreed.append(item)
        if here is None:  # nothing was said of any: say all
            for item in self._view.pointers:
                if item.server is not None:
                    _put(told, item)
        return told if is_new else None


def _put(told: dict[str, dict[str, Target]], item: PointerItem) -> None:
    if item.server is None:
        told.get(item.path, {}).pop(item.name, None)
    else:
        told.setdefault(item.path, {})[item.name] = item.server


def note_in_step(*, view: View, item: FileItem) -> None:
    """Note of a file that both sides are the same."""
    if not item.sides.is_same:
        return
    if item.remote is None or item.entry is None:
        view.known.files.pop(item.path, None)
        return
    view.known.files[item.path] = Base(
        type=item.remote.type,
        id=item.remote.id,
        version_id=item.remote.version_id,
        digest=item.entry.digest,
        kept=item.remote.digest,
    )


def note_pointer(view: View, item: PointerItem, server: Target | None) -> None:
    """Note what a pointer targets on both sides."""
    named = view.known.pointers.setdefault(item.path, {})
    if server is None:
        named.pop(item.name, None)
    else:
        named[item.name] = server.text
    if not named:
        del view.known.pointers[item.path]
