"""What is in the directory: each file of the server's that is here, with its content and its digest."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.workspace import forms, pointers
from headrace.workspace.folder import BadName, Folder, Names, sha
from headrace.workspace.forms import FOLDERS, SUFFIXES, BadForm
from headrace.workspace.paths import Unfit, to_path
from headrace.workspace.yaml_text import BadYaml

UNREADABLE = "unreadable"
"""In place of a digest: equal to no other."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a file here that must be put right first."""

    name: str
    message: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the server's as it is here.

    Attributes:
        name: of its own file.
        known: its own file and those of its texts that belong to it alone, with what is known of their bytes.
        content: None when it can't be read.
        digest: of the content.
    """

    kind: str
    path: str
    name: str
    known: Mapping[str, str]
    content: dict[str, Any] | None
    digest: str


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """All that is here.

    Attributes:
        entries: by path.
        table: what pointers are to target; None when nothing is said of any.
        names: all that are taken.
    """

    entries: Mapping[str, Entry]
    table: pointers.Table | None
    names: Names
    problems: Sequence[Problem]


def scan(folder: Folder) -> Here:
    """Read the directory."""
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    names = Names()
    for kind, below in FOLDERS.items():
        for name in _names(folder, below, problems):
            names.take(name)
            if not name.endswith(SUFFIXES[kind]):
                continue
            entry = _entry(folder, kind, name, problems)
            if entry is not None and entry.path in entries:
                told = f"`{entry.path}` is in {entries[entry.path].name} already; a path is one file's."
                problems.append(Problem(name=name, message=told))
            elif entry is not None:
                entries[entry.path] = entry
    table = _table(folder, problems)
    return Here(entries=entries, table=table, names=names, problems=problems)


def _names(folder: Folder, below: str, problems: list[Problem]) -> Iterator[str]:
    try:
        yield from folder.names(below)
    except BadName as error:
        problems.append(Problem(name=below, message=str(error)))


def _entry(folder: Folder, kind: str, name: str, problems: list[Problem]) -> Entry | None:
    suffix = next(one for one in SUFFIXES[kind] if name.endswith(one))
    try:
        path = to_path(name.removeprefix(FOLDERS[kind] + "/"), suffix=suffix)
    except Unfit as error:
        problems.append(Problem(name=name, message=str(error)))
        return None
    known: dict[str, str] = {}
    try:
        content = _content(folder, kind, name, name.removesuffix(suffix), known)
        digest = forms.digest_of(kind, content)
    except (BadForm, BadName, FileNotFoundError) as error:
        problems.append(Problem(name=name, message=str(error)))
        return Entry(kind=kind, path=path, name=name, known=known, content=None, digest=UNREADABLE)
    return Entry(kind=kind, path=path, name=name, known=known, content=content, digest=digest)


def _content(folder: Folder, kind: str, name: str, stem: str, known: dict[str, str]) -> dict[str, Any]:
    """The content of a file.

    Args:
        known: takes what is known of the bytes of the files that belong to it.
    """
    own = folder.read(name)
    known[name] = sha(own)

    def read_text(given: str) -> str:
        other = posixpath.normpath(posixpath.join(posixpath.dirname(name), given))
        try:
            found = folder.read(other)
        except FileNotFoundError:
            raise BadYaml(f"{given} is not there") from None
        except BadName as error:
            raise BadYaml(str(error)) from None
        if other == f"{stem}.py" or other.startswith(f"{stem}/"):
            known[other] = sha(found)
        return _text(other, found).removesuffix("\n")

    return forms.read(kind, name, _text(name, own), read_text)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BadForm(f"{name} is not UTF-8.") from None


def _table(folder: Folder, problems: list[Problem]) -> pointers.Table | None:
    try:
        return pointers.read(_text(pointers.NAME, folder.read(pointers.NAME)))
    except FileNotFoundError:
        return None
    except (BadYaml, BadForm, BadName) as error:
        problems.append(Problem(name=pointers.NAME, message=str(error)))
        return None
