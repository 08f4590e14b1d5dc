"""Changing and deleting versions that are there (humanloop 1.10, 1.11, 2.9)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, InUse, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, write
from headrace.services.tree import tree
from headrace.services.versions import numbers
from headrace.services.versions.versions import check_name, check_name_is_free
from headrace.services.versions.views import VersionView, view


async def relabel(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    version_id: str,
    name: str | msgspec.UnsetType | None,
    description: str | msgspec.UnsetType | None,
) -> VersionView:
    """Change a version's name and description; None clears, UNSET keeps (humanloop 1.11, 2.14).

    Raises:
        AlreadyExists: another version of the file has the name.
    """
    principal.require(Right.EDITOR)
    if isinstance(name, str):
        check_name(name, "name")

    def work(tx: Transaction) -> VersionView:
        file = tree.find(tx, kind=kind, ref=ref)
        version = _listed_version(tx, file, version_id)
        if isinstance(name, str):
            check_name_is_free(tx, file, name, owner=version)
        labelled = msgspec.structs.replace(
            version,
            name=version.name if name is msgspec.UNSET else name,
            description=version.description if description is msgspec.UNSET else description,
        )
        if labelled != version:
            labelled = msgspec.structs.replace(labelled, updated_at=ports.clock.now())
            tx.versions.update(labelled)
        return view(tx, file, labelled)

    return await write(ports, principal, work)


async def delete_version(ports: Ports, principal: Principal, *, kind: str, ref: str, version_id: str) -> None:
    """Hide a version and take back its numbers (humanloop 2.9, 8.14).

    Raises:
        InUse: it is deployed, or an alias targets one of its numbers.
        Conflict: it is the file's only version.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        file = tree.find(tx, kind=kind, ref=ref)
        version = _listed_version(tx, file, version_id)
        where = [e.name for e in view(tx, file, version).environments]
        if where:
            raise InUse(
                f"Version `{version_id}` is deployed to {_names(where)}. Deploy another one there first."
            )
        if numbers.is_deployed(tx, file, version.id):
            raise InUse(f"Version `{version_id}` has a share in an environment. End the split first.")
        released = tx.releases.of_version(version_id=version.id)
        numbers.check_no_alias(tx, file, released)
        if tx.versions.count(file_id=file.id) == 1:
            title = KINDS[file.kind].title
            raise Conflict(
                f"Version `{version_id}` is the only one of this {title}. Delete the {title} instead."
            )
        for number in released:
            tx.releases.remove(file_id=file.id, number=number)
        numbers.hide(tx, version, now=ports.clock.now())

    await write(ports, principal, work)


def _listed_version(tx: Transaction, file: File, version_id: str) -> Version:
    version = tx.versions.get(id=version_id)
    if version is None or version.file_id != file.id:
        title = KINDS[file.kind].title
        raise NotFound("version", version_id, f"{title} `{file.path}` has no version with ID `{version_id}`.")
    return version


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
