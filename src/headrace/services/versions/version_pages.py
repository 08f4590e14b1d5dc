"""Pages of files, each shown as its default version, and of the versions of a file (humanloop 1.7, 1.9)."""

from __future__ import annotations

from headrace.core.access import Principal, Right
from headrace.core.files import FileQuery, FileSort
from headrace.core.ports import Transaction
from headrace.services.base import FAR, Ports, read, scan
from headrace.services.tree import tree
from headrace.services.versions.views import Surroundings, VersionView, default_version, judged, view, views


async def list_files(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    name: str | None,
    user: str | None,
    sort: FileSort,
    descending: bool,
    skip: int,
    take: int,
) -> tuple[list[VersionView], int]:
    """A page of files, each as its default version, and how many match in all."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[VersionView], int]:
        query = FileQuery(kinds=(kind,), name=name, user=user, sort=sort, descending=descending)
        files, total = tx.files.page(query, skip=skip, take=take)
        around = Surroundings(tx)
        return [view(tx, file, default_version(tx, file), around) for file in files], total

    look = read if name is None and user is None and skip <= FAR else scan
    return await look(ports, principal, work)


async def list_versions(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    before: VersionView | None,
    take: int,
    with_aggregates: bool = False,
) -> list[VersionView]:
    """Versions of a file, newest first, from just after ``before`` on.

    Args:
        with_aggregates: whether to tell how each was judged.
    """
    principal.require(Right.READER)
    place = None if before is None else (before.version.created_at, before.version.id)

    def work(tx: Transaction) -> list[VersionView]:
        file = tree.find(tx, kind=kind, ref=ref)
        shown = views(tx, file, tx.versions.of_file(file_id=file.id, before=place, take=take))
        return judged(tx, shown) if with_aggregates else shown

    return await read(ports, principal, work)
