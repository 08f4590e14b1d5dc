"""What commands say: a line for each thing that differs, or that was done."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from headrace.workspace.compare import Sides
from headrace.workspace.local import Problem
from headrace.workspace.pointers import Target
from headrace.workspace.view import FileItem, PointerItem, View


class Did(StrEnum):
    """What was done about something, or would be."""

    WRITTEN = "written"
    REMOVED = "removed"
    MADE = "made"
    """A file that was not there."""
    VERSION = "version"
    """A version of a file that was there."""
    AGAIN = "again"
    """What the file had before is its newest version again."""
    MOVED = "moved"
    KEPT = "kept"
    """Nothing: it is changed on both sides."""
    LEFT = "left"
    """Nothing: it was deleted here, which has to be said."""
    REFUSED = "refused"


NOT_DONE = frozenset({Did.KEPT, Did.REFUSED})


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing.

    Attributes:
        type: of the file.
        pointer: the environment or the alias that it is about.
        local: what was done here since.
        server: what was done there since.
        did: what was done about it; None of what is only told.
        note: what more there is to say.
    """

    path: str
    type: str
    pointer: str | None = None
    local: str | None = None
    server: str | None = None
    did: Did | None = None
    note: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to say.

    Attributes:
        in_step: how many files are the same on both sides, or are by now.
        problems: files here that can't be read or written.
    """

    lines: Sequence[Line]
    in_step: int
    problems: Sequence[Problem]

    @property
    def is_in_step(self) -> bool:
        """Whether nothing differs."""
        return not self.lines and not self.problems

    @property
    def is_done(self) -> bool:
        """Whether all that was asked for was done."""
        return not any(line.did in NOT_DONE for line in self.lines)


def status_of(view: View) -> Report:
    """What differs."""
    files = [file_line(item) for item in view.files if not item.sides.is_same]
    pointers = [pointer_line(item) for item in view.pointers if not item.sides.is_same]
    in_step = sum(item.sides.is_same and item.remote is not None for item in view.files)
    return Report(lines=[*files, *pointers], in_step=in_step, problems=view.here.problems)


def file_line(item: FileItem, did: Did | None = None, note: str | None = None) -> Line:
    """A file."""
    local, server = _words(item.sides)
    return Line(path=item.path, type=item.kind, local=local, server=server, did=did, note=note)


def pointer_line(item: PointerItem, did: Did | None = None, note: str | None = None) -> Line:
    """A pointer."""
    local, server = _words(item.sides)
    told = f"here {_said(item.local)}, on the server {_said(item.server)}"
    note = told if note is None else f"{told}: {note}"
    kind = "file" if item.remote is None else item.remote.type
    return Line(path=item.path, type=kind, pointer=item.name, local=local, server=server, did=did, note=note)


def _words(sides: Sides) -> tuple[str | None, str | None]:
    return (
        None if sides.local is None else sides.local.value,
        None if sides.server is None else sides.server.value,
    )


def _said(target: Target | None) -> str:
    return "nothing" if target is None else target.text
