"""Taking out files, their versions and their logs, a little at a time, so that nobody is held up."""

from __future__ import annotations

from functools import partial

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.files import Directory, FileQuery, FileSort
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.logs.log_views import LogView
from headrace.services.logs.log_views import views as log_views
from headrace.services.versions.views import VersionView, default_version, views

IDS = 1000
"""So many files are looked up at a time."""
VERSIONS = 100
"""So many versions are read at a time."""
EVALUATIONS = 50
"""So many evaluations are read at a time."""
LOGS = 25
"""So many logs are read at a time, each with everything below it."""


async def file_ids(ports: Ports, principal: Principal, *, under: str) -> list[str]:
    """The files somewhere below a directory, oldest first; the root is the empty path.

    Raises:
        NotFound: there is no such directory.
    """
    principal.require(Right.READER)
    query = FileQuery(under=under or None, sort=FileSort.CREATED_AT, descending=False)

    def work(tx: Transaction, skip: int) -> list[str]:
        if not isinstance(tx.files.at(path=under), Directory):
            raise NotFound("directory", under, f"Directory `{under}` does not exist")
        return [file.id for file in tx.files.page(query, skip=skip, take=IDS)[0]]

    found: list[str] = []
    while True:
        some = await read(ports, principal, partial(work, skip=len(found)))
        found += some
        if len(some) < IDS:
            return list(dict.fromkeys(found))


async def default_view(ports: Ports, principal: Principal, *, file_id: str) -> VersionView | None:
    """What a read of a file shows; None when it is gone."""

    def work(tx: Transaction) -> VersionView | None:
        file = tx.files.get(id=file_id)
        try:
            return None if file is None else views(tx, file, [default_version(tx, file)])[0]
        except NotFound:  # it lost its last version just now
            return None

    return await read(ports, principal, work)


async def some_versions(
    ports: Ports, principal: Principal, *, file_id: str, before: VersionView | None
) -> list[VersionView]:
    """Versions of a file, newest first, from just after ``before`` on; none when it is gone."""
    place = None if before is None else (before.version.created_at, before.version.id)

    def work(tx: Transaction) -> list[VersionView]:
        file = tx.files.get(id=file_id)
        if file is None:
            return []
        return views(tx, file, tx.versions.of_file(file_id=file_id, before=place, take=VERSIONS))

    return await read(ports, principal, work)


class SomeLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Logs of a file.

    Attributes:
        last_id: where to go on; None when these were the last.
    """

    views: list[LogView]
    last_id: str | None


async def some_logs(ports: Ports, principal: Principal, *, file_id: str, after: str | None) -> SomeLogs:
    """Logs of a file with everything below them, oldest first, from just after the log ``after`` on."""

    def work(tx: Transaction) -> SomeLogs:
        found = tx.logs.walk(file_id=file_id, after=after, take=LOGS)
        shown = log_views(tx, found, with_children=True)
        return SomeLogs(views=shown, last_id=found[-1].id if len(found) == LOGS else None)

    return await read(ports, principal, work)
