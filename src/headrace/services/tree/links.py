"""The files that content refers to must be there when it is new; they may go later (humanloop 8.53)."""

from __future__ import annotations

from headrace.core.errors import NotFound
from headrace.core.kinds import KINDS
from headrace.core.links import Link
from headrace.core.ports import Transaction
from headrace.services.versions.views import environment_of


def check(tx: Transaction, *, kind: str, content: bytes) -> None:
    """Refuse new content of that kind that refers to what is not there.

    Raises:
        NotFound: a file, or the version or the environment that is meant of it, is not there.
    """
    of = KINDS[kind]
    for link in of.links(content):
        _check(tx, link, of.linkable)


def _check(tx: Transaction, link: Link, kinds: tuple[str, ...]) -> None:
    file = tx.files.get(id=link.file_id)
    if file is None or file.kind not in kinds:
        *others, last = (KINDS[kind].title for kind in kinds)
        titles = f"{', '.join(others)} or {last}" if others else last
        raise NotFound(kinds[-1], link.file_id, f"{titles} with ID `{link.file_id}` not found.")
    if link.environment_id is not None:
        environment_of(tx, link.environment_id)
    if link.version_id is not None:
        version = tx.versions.get(id=link.version_id)
        if version is None or version.file_id != file.id:
            message = f"{KINDS[file.kind].title} `{file.path}` has no version with ID `{link.version_id}`."
            raise NotFound("version", link.version_id, message)
