"""Bringing the server in step with the directory: contents first, then what is deployed.

Everything is sent with what is believed to be there, so that the server decides races. What was sent is the
same on both sides from then on: who is interrupted and begins again sends the rest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.workspace import pointers, state
from headrace.workspace.compare import Change
from headrace.workspace.folder import Folder
from headrace.workspace.forms import FOLDERS
from headrace.workspace.local import UNREADABLE, Entry
from headrace.workspace.pointers import DRAFT, NEWEST, Target
from headrace.workspace.pulling import note_in_step, note_pointer
from headrace.workspace.remote import NOTHING, Outcome, Remote, RemoteFile, Wanted
from headrace.workspace.report import Did, Line, Report, file_line, pointer_line
from headrace.workspace.state import Base
from headrace.workspace.view import FileItem, PointerItem, View, pointer_items

ORDER = list(FOLDERS)
"""What others may refer to comes first."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a push.

    Attributes:
        takes_ours: whether what was changed on both sides is sent all the same.
        deletes: whether what was removed here is removed there.
        is_rehearsal: whether nothing is changed.
        message: the description of new versions, and the reason of moves.
    """

    takes_ours: bool = False
    deletes: bool = False
    is_rehearsal: bool = False
    message: str | None = None


class Push:
    """A push."""

    def __init__(self, folder: Folder, remote: Remote, view: View, wish: Wish) -> None:
        self._folder = folder
        self._remote = remote
        self._view = view
        self._wish = wish
        self._lines: list[Line] = []
        self._there = {one.path: one for one in view.there.files}
        self._made: set[str] = set()
        self._would: set[str] = set()
        self._removed: set[str] = set()
        # Made by a push that was interrupted, or by this one: their first deployments came with them.
        self._new = {item.path for item in view.files if item.base is None and item.sides.is_same}

    def carry_out(self) -> Report:
        """Send what there is to, and say what came of it."""
        for item in self._view.files:
            note_in_step(view=self._view, item=item)
        try:
            self._send([item for item in self._view.files if self._is_sent(item)])
            for item in self._view.files:
                self._delete_or_tell(item)
            items = pointer_items(self._view.here, self._view.known, self._there)
            for pointer in items:
                if pointer.path not in self._removed:  # they went with their file
                    self._pointer(pointer)
            self._tell_table()
        finally:
            if not self._wish.is_rehearsal:
                state.save(self._folder, self._view.state)
        told = sorted(self._lines, key=lambda line: (line.pointer is not None, line.path, line.pointer or ""))
        in_step = sum(item.sides.is_same and item.remote is not None for item in self._view.files)
        sent = sum(line.did in (Did.MADE, Did.VERSION, Did.AGAIN) for line in told)
        return Report(lines=told, in_step=in_step + sent, problems=self._view.here.problems)

    def _is_sent(self, item: FileItem) -> bool:
        if item.sides.local in (None, Change.DELETED) or item.entry is None:
            return False
        return item.entry.digest != UNREADABLE and (item.sides.server is None or self._wish.takes_ours)

    def _send(self, items: list[FileItem]) -> None:
        sent = {item.path: item for item in items}
        ordered = sorted(items, key=lambda item: (ORDER.index(item.kind), item.path))
        wanted = [self._wanted(item, item.entry) for item in ordered if item.entry is not None]
        for outcome in self._remote.hand_in(wanted, is_rehearsal=self._wish.is_rehearsal):
            self._sent(sent[outcome.path], outcome)

    def _wanted(self, item: FileItem, entry: Entry) -> Wanted:
        content: dict[str, Any] = dict(entry.content or {})
        points = content.pop("datapoints", None) if entry.kind == "dataset" else None
        return Wanted(
            type=entry.kind,
            path=item.path,
            content=content,
            datapoints=points,
            expected=NOTHING if item.remote is None else item.remote.digest,
            description=self._wish.message,
        )

    def _sent(self, item: FileItem, outcome: Outcome) -> None:
        if outcome.error is not None:
            self._lines.append(file_line(item, Did.REFUSED, outcome.error.message))
            return
        did = Did.MADE if item.remote is None else Did.VERSION if outcome.is_new else Did.AGAIN
        self._lines.append(file_line(item, did, _told(outcome.file)))
        self._would.add(item.path)
        if outcome.file is None or item.entry is None:
            return
        if item.remote is None:
            self._made.add(item.path)
            self._new.add(item.path)
        self._there[item.path] = outcome.file
        self._view.known.files[item.path] = Base(
            type=outcome.file.type,
            id=outcome.file.id,
            version_id=outcome.file.version_id,
            digest=item.entry.digest,
            kept=outcome.file.digest,
        )

    def _delete_or_tell(self, item: FileItem) -> None:
        """What was not sent: it was deleted here, or can't be."""
        if item.sides.local is None or item.path in self._would:
            return
        if item.sides.is_conflict and not self._wish.takes_ours:
            note = "changed here and there; pull, or --ours sends yours"
            self._lines.append(file_line(item, Did.KEPT, note))
        elif item.sides.local is Change.DELETED and item.remote is not None:
            self._delete(item, item.remote)

    def _delete(self, item: FileItem, remote: RemoteFile) -> None:
        if not self._wish.deletes:
            self._lines.append(file_line(item, Did.LEFT, "--delete removes it there, too"))
            return
        refused = None if self._wish.is_rehearsal else self._remote.delete(remote)
        did = Did.REMOVED if refused is None else Did.REFUSED
        self._lines.append(file_line(item, did, refused))
        if refused is None:
            self._removed.add(item.path)
        if refused is None and not self._wish.is_rehearsal:
            del self._there[item.path]
            self._view.known.files.pop(item.path, None)
            self._view.known.pointers.pop(item.path, None)

    def _pointer(self, item: PointerItem) -> None:
        if item.sides.is_same:
            if not self._wish.is_rehearsal:
                note_pointer(self._view, item, item.server)
            return
        if item.sides.local is None:
            if item.path in self._new and not self._wish.is_rehearsal:  # it came with the file
                note_pointer(self._view, item, item.server)
            return
        if item.sides.is_conflict and not (self._wish.takes_ours or item.path in self._made):
            note = "moved here and there; pull, or --ours moves it as you say"
            self._lines.append(pointer_line(item, Did.KEPT, note))
            return
        if item.remote is None:
            self._lines.append(self._without_file(item))
            return
        self._move(item, item.remote)

    def _without_file(self, item: PointerItem) -> Line:
        if self._wish.is_rehearsal and item.path in self._would:
            return pointer_line(item, Did.MOVED)
        return pointer_line(item, Did.REFUSED, "there is no such file on the server")

    def _move(self, item: PointerItem, file: RemoteFile) -> None:
        if item.local is None:
            self._take_away(item, file)
            return
        if item.local.is_split or (item.server is not None and item.server.is_split):
            self._lines.append(pointer_line(item, Did.REFUSED, "a split is changed with `headrace split`"))
            return
        to = self._version(item, item.local, file)
        if to is None and self._wish.is_rehearsal and item.path in self._would:
            self._lines.append(pointer_line(item, Did.MOVED))
            return
        if to is None:
            self._lines.append(pointer_line(item, Did.REFUSED, "the server has no such version of it"))
            return
        self._tell_moved(item, self._remote.move(file, item.name, {"to": to, **self._said(item)}))

    def _take_away(self, item: PointerItem, file: RemoteFile) -> None:
        if not self._wish.deletes:
            self._lines.append(pointer_line(item, Did.LEFT, "--delete takes it away there, too"))
            return
        query = {
            name: str(value).lower() if value is True else value for name, value in self._said(item).items()
        }
        self._tell_moved(item, self._remote.take_away(file, item.name, query))

    def _said(self, item: PointerItem) -> dict[str, Any]:
        move_id = None if item.pointer is None else item.pointer.move_id
        said: dict[str, Any] = {"expected": move_id or NOTHING}
        if self._wish.message is not None:
            said["reason"] = self._wish.message
        return {**said, "dry_run": True} if self._wish.is_rehearsal else said

    def _tell_moved(self, item: PointerItem, refused: str | None) -> None:
        done = Did.REMOVED if item.local is None else Did.MOVED
        self._lines.append(pointer_line(item, done if refused is None else Did.REFUSED, refused))

    def _version(self, item: PointerItem, target: Target, file: RemoteFile) -> str | None:
        """What to tell the server to move to; None when it has no such version."""
        if target.word == DRAFT:
            return DRAFT
        if target.word == NEWEST:
            base = self._view.known.files.get(item.path)
            entry = self._view.here.entries.get(item.path)
            is_there = base is not None and entry is not None and base.digest == entry.digest
            return file.version_id if is_there and not file.is_draft else None
        if target.digest is None:
            return str(target.number)
        if file.digest.startswith(target.digest) and not file.is_draft:
            return file.version_id
        return self._remote.version_id(file, target.digest)

    def _tell_table(self) -> None:
        """Note what pointers target by now, and write down what came by itself or was said in other words."""
        moved = [line for line in self._lines if line.pointer is not None]
        done = {(line.path, line.pointer) for line in moved if line.did in (Did.MOVED, Did.REMOVED)}
        if self._wish.is_rehearsal or not (done or self._new or self._removed or self._has_newest()):
            return
        if done:
            self._there = {one.path: one for one in self._remote.overview().files}
        here = self._view.here
        table = here.table or {}
        told = {path: dict(named) for path, named in table.items() if path not in self._removed}
        for item in pointer_items(here, self._view.known, self._there):
            is_done = (item.path, item.name) in done
            if is_done or item.sides.is_same:
                note_pointer(self._view, item, item.server)
            is_own = item.path in self._new and item.local is None
            is_other = (
                item.local is not None and item.local.word == NEWEST and (is_done or item.sides.is_same)
            )
            if item.server is not None and (is_own or is_other):
                told.setdefault(item.path, {})[item.name] = item.server
        is_bad = any(one.name == pointers.NAME for one in here.problems)
        if told != table and not is_bad:
            self._folder.write(pointers.NAME, pointers.write(told).encode())

    def _has_newest(self) -> bool:
        table = self._view.here.table or {}
        return any(target.word == NEWEST for named in table.values() for target in named.values())


def _told(file: RemoteFile | None) -> str | None:
    if file is None:
        return None
    number = file.version_id if file.number is None else f"v{file.number}"
    return f"{number} {file.digest[: pointers.SHORT]}"
