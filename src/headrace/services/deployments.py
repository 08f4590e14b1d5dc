"""Deployments: which version each environment targets (humanloop 1.12-1.14, 2.8)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import PointerKind
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services import numbers, tree
from headrace.services.base import Ports, read, write
from headrace.services.views import DeploymentView, VersionView, environment_of, environment_targets, view


async def deploy(
    ports: Ports, principal: Principal, *, kind: str, ref: str, environment: str, version_id: str
) -> VersionView:
    """Let an environment target a version, in place of what it targeted. Repeating it changes nothing.

    Args:
        environment: its id, or else its name.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> VersionView:
        now = ports.clock.now()
        file = tree.find(tx, kind=kind, ref=ref)
        place = environment_of(tx, environment)
        version = tx.versions.get(id=version_id)
        if version is None or version.file_id != file.id:
            title = KINDS[kind].title
            raise NotFound(
                "version", version_id, f"{title} `{file.path}` has no version with ID `{version_id}`."
            )
        pointer = tx.pointers.get(file_id=file.id, kind=PointerKind.ENVIRONMENT, pointer_id=place.id)
        if pointer is not None and pointer.version_id == version_id and not pointer.is_automatic:
            return view(tx, file, version)
        numbers.point(
            tx,
            ports,
            principal,
            file=file,
            kind=PointerKind.ENVIRONMENT,
            pointer_id=place.id,
            version_id=version_id,
            target=None,
            now=now,
        )
        changed = msgspec.structs.replace(version, updated_at=now)
        tx.versions.update(changed)
        before = None if pointer is None else pointer.version_id
        if before is not None and before != version_id:
            _taken_out(tx, file, before, now)
        file = msgspec.structs.replace(file, updated_at=now)
        tx.files.update(file)
        return view(tx, file, changed)

    return await write(ports, principal, work)


async def undeploy(ports: Ports, principal: Principal, *, kind: str, ref: str, environment: str) -> None:
    """Take a file out of an environment. Nothing happens when it is not there."""
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        file = tree.find(tx, kind=kind, ref=ref)
        place = environment_of(tx, environment)
        target = environment_targets(tx, file).get(place.id)
        if target is None:
            return
        now = ports.clock.now()
        numbers.point(
            tx,
            ports,
            principal,
            file=file,
            kind=PointerKind.ENVIRONMENT,
            pointer_id=place.id,
            version_id=None,
            target=None,
            now=now,
        )
        _taken_out(tx, file, target, now)
        tx.files.update(msgspec.structs.replace(file, updated_at=now))

    await write(ports, principal, work)


def _taken_out(tx: Transaction, file: File, version_id: str, now: datetime) -> None:
    """A version that was taken out of an environment has changed (humanloop 2.10), or is known no more."""
    version = tx.versions.get(id=version_id)
    if version is not None:
        tx.versions.update(msgspec.structs.replace(version, updated_at=now))
        numbers.hide_unless_known(tx, file, version_id, now=now)


async def list_deployments(
    ports: Ports, principal: Principal, *, kind: str, ref: str
) -> list[DeploymentView]:
    """Every environment of the organisation with what the file has in it."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[DeploymentView]:
        file = tree.find(tx, kind=kind, ref=ref)
        targets = environment_targets(tx, file)
        shown = []
        for environment in tx.environments.all():
            target = targets.get(environment.id)
            version = tx.versions.get(id=target) if target else None
            deployed = None if version is None else view(tx, file, version)
            shown.append(DeploymentView(environment=environment, deployed=deployed))
        return shown

    return await read(ports, principal, work)
