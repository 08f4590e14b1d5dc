"""Where an entry of the tree is to stand: parts of use cases that make and move (humanloop 1.6, 2.4)."""

from __future__ import annotations

from headrace.core.errors import AlreadyExists, Invalid
from headrace.core.files import Directory, File, check_name, check_path
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction


def check_place(*, path: str | None, name: str | None) -> None:
    """Refuse a path or a name that breaks a rule of the tree."""
    if path is not None:
        check_path(path, "path")
    if name is not None:
        check_name(name, "name")


def target(
    *, path: str | None, name: str | None, parent: Directory | None, old: str | None, parent_key: str
) -> str:
    """The path that is meant by a whole path, or a last segment and a directory.

    Args:
        old: where the entry stands now: what is not given stays as it is. None for a new one.
        parent_key: what the request calls the directory.

    Raises:
        Invalid: too little is given, or the parts do not agree.
    """
    if path is not None:
        above, _, last = path.rpartition("/")
        if name not in (None, last) or (parent is not None and parent.path != above):
            message = (
                f"`path` says the whole place; `name` and `{parent_key}` must agree with it or be absent."
            )
            raise Invalid.at("path", message=message, kind="mismatch")
        return path
    stood_above, _, stood_last = (old or "").rpartition("/")
    last = stood_last if name is None else name
    if not last:
        raise Invalid.at("path", message="Either `path` or `name` must be given.", kind="missing")
    above = stood_above if parent is None else parent.path
    found = f"{above}/{last}" if above else last
    check_path(found, parent_key if name is None else "name")
    return found


def check_is_free(tx: Transaction, path: str) -> None:
    """Refuse a path at which something stands.

    Raises:
        AlreadyExists: always then, saying what it is.
    """
    entry = tx.files.at(path=path)
    if isinstance(entry, Directory):
        raise AlreadyExists(f"The path `{path}` is a directory.")
    if isinstance(entry, File):
        raise AlreadyExists(f"The path `{path}` is taken by the {KINDS[entry.kind].title} `{entry.id}`.")
