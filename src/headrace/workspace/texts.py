"""What differs, line by line: the texts of the server's content beside those that are here."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from headrace.workspace import forms
from headrace.workspace.forms import FOLDERS, SUFFIXES, BadForm
from headrace.workspace.paths import Unfit, to_name
from headrace.workspace.remote import Remote
from headrace.workspace.view import FileItem, View


def differences(remote: Remote, view: View) -> Iterator[str]:
    """The lines of a unified diff from the server's texts to those here, of all files that differ.

    Both sides are written as a pull would write them, so that how somebody likes to write YAML is no
    difference.
    """
    items = [item for item in view.files if not item.sides.is_same]
    wanted = [item.remote for item in items if item.remote is not None and item.content is None]
    there = {file.path: content for file, content in remote.contents(wanted)}
    for item in items:
        before = _texts(item, None if item.remote is None else item.content or there.get(item.path))
        after = _texts(item, None if item.entry is None else item.entry.content)
        for name in sorted(before.keys() | after.keys()):
            yield from _lines(name, before.get(name), after.get(name))


def _texts(item: FileItem, content: dict[str, object] | None) -> forms.Texts:
    if content is None:
        return {}
    suffix = SUFFIXES[item.kind][0]
    try:
        stem = f"{FOLDERS[item.kind]}/{to_name(item.path, suffix=suffix)}".removesuffix(suffix)
        return forms.write(item.kind, stem, content)[1]
    except (Unfit, BadForm):  # told as a problem of its own
        return {}


def _lines(name: str, before: str | None, after: str | None) -> Iterator[str]:
    old = [] if before is None else before.split("\n")
    new = [] if after is None else after.split("\n")
    names = ("/dev/null" if before is None else f"server/{name}", "/dev/null" if after is None else name)
    yield from difflib.unified_diff(old, new, *names, lineterm="")
