"""Moving and renaming files of any kind (humanloop 1.6, 2.4)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import AlreadyExists, Invalid
from headrace.core.files import Directory, File, check_name, check_path
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services import tree
from headrace.services.base import Ports, write
from headrace.services.views import VersionView, default_version, view


async def move(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    path: str | None,
    name: str | None,
    directory_id: str | None,
) -> VersionView:
    """Give a file another place; directories on the way are made. Answers its default version.

    Its versions and releases stay as they are, and keep the name they were made under.

    Args:
        path: the whole new path; the other two must then agree with it.
        name: the new last segment.
        directory_id: the directory it goes to.

    Raises:
        Invalid: the place breaks a rule, or is given twice and differently.
        NotFound: there is no such file or directory.
        AlreadyExists: something else is there.
    """
    principal.require(Right.EDITOR)
    if path is not None:
        check_path(path, "path")
    if name is not None:
        check_name(name, "name")

    def work(tx: Transaction) -> VersionView:
        file = tree.find(tx, kind=kind, ref=ref)
        directory = None if directory_id is None else tree.find_directory(tx, id=directory_id)
        target = _target(file, path=path, name=name, directory=directory)
        shown = default_version(tx, file)
        if target == file.path:
            return view(tx, file, shown)
        now = ports.clock.now()
        _check_is_free(tx, target)
        above = tree.directory_for(tx, ports, target, now)
        moved = msgspec.structs.replace(file, path=target, directory_id=above.id, updated_at=now)
        tx.files.update(moved)
        if tx.versions.get(id=shown.id) is not None:  # a draft is shown without being a version
            shown = msgspec.structs.replace(shown, updated_at=now)
            tx.versions.update(shown)
        return view(tx, moved, shown)

    return await write(ports, principal, work)


def _target(file: File, *, path: str | None, name: str | None, directory: Directory | None) -> str:
    """The path that is meant."""
    if path is not None:
        parent, _, last = path.rpartition("/")
        if name not in (None, last) or (directory is not None and directory.path != parent):
            message = (
                "`path` says the whole place; `name` and `directory_id` must agree with it or be absent."
            )
            raise Invalid.at("path", message=message, kind="mismatch")
        return path
    parent = file.path.rpartition("/")[0] if directory is None else directory.path
    last = file.name if name is None else name
    target = f"{parent}/{last}" if parent else last
    check_path(target, "directory_id" if name is None else "name")
    return target


def _check_is_free(tx: Transaction, path: str) -> None:
    entry = tx.files.at(path=path)
    if isinstance(entry, Directory):
        raise AlreadyExists(f"The path `{path}` is a directory.")
    if entry is not None:
        raise AlreadyExists(f"The path `{path}` is taken by the {KINDS[entry.kind].title} `{entry.id}`.")
