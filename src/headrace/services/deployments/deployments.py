"""Deployments: which version each environment targets (humanloop 1.12-1.14, 2.8)."""

from __future__ import annotations

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, PointerKind
from headrace.core.errors import NotFound
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.deployments import moves
from headrace.services.deployments.moves import Change
from headrace.services.deployments.pointers import Spot, aim_of_version
from headrace.services.tree import tree
from headrace.services.versions.views import (
    DeploymentView,
    VersionView,
    environment_of,
    environment_targets,
    view,
)


async def deploy(
    ports: Ports, principal: Principal, *, kind: str, ref: str, environment: str, version_id: str
) -> VersionView:
    """Let an environment target a version, in place of what it targeted. Repeating it changes nothing.

    Args:
        environment: its id, or else its name.

    Raises:
        NotFound: there is no such file, environment or version.
        Conflict: the environment's gate does not let it through.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> VersionView:
        file = tree.find(tx, kind=kind, ref=ref)
        place = environment_of(tx, environment)
        version = tx.versions.get(id=version_id)
        if version is None or version.file_id != file.id:
            title = KINDS[kind].title
            raise NotFound(
                "version", version_id, f"{title} `{file.path}` has no version with ID `{version_id}`."
            )
        spot = Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)
        moves.move(tx, ports, principal, Change(spot=spot, to=aim_of_version(version)))
        return view(tx, tree.find(tx, kind=kind, ref=file.id), tx.versions.get(id=version.id) or version)

    return await write(ports, principal, work)


async def undeploy(ports: Ports, principal: Principal, *, kind: str, ref: str, environment: str) -> None:
    """Take a file out of an environment. Nothing happens when it is not there."""
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        file = tree.find(tx, kind=kind, ref=ref)
        place = environment_of(tx, environment)
        spot = Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)
        moves.move(tx, ports, principal, Change(spot=spot, to=Aim(), action=Action.TAKE_AWAY))

    await write(ports, principal, work)


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
