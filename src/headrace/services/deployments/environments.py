"""The environments of an organisation, kept by who administers it (humanloop 2.8, 8.54)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Environment, EnvironmentTag, PointerKind
from headrace.core.errors import AlreadyExists, Conflict, InUse
from headrace.core.files import FileQuery, check_name
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.deployments import moves
from headrace.services.deployments.moves import Change
from headrace.services.deployments.pointers import Spot
from headrace.services.versions import numbers
from headrace.services.versions.views import default_environment, environment_of, find_environment

NAMED_FILES = 3
"""So many of the files that are in the way are named."""
BATCH = 200
"""So many deployments are removed at a time."""


class EnvironmentView(msgspec.Struct, frozen=True, kw_only=True):
    """An environment, how many files have a version deployed there, and whether it has a gate for all."""

    environment: Environment
    files_count: int
    has_gate: bool = False


async def list_all(ports: Ports, principal: Principal) -> list[EnvironmentView]:
    """The environments in order of creation."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: [_view(tx, one) for one in tx.environments.all()])


def _view(tx: Transaction, environment: Environment) -> EnvironmentView:
    query = FileQuery(environment_id=environment.id)
    gate = tx.gates.get(file_id="", kind=PointerKind.ENVIRONMENT, pointer_id=environment.id)
    files_count = tx.files.page(query, skip=0, take=0)[1]
    return EnvironmentView(environment=environment, files_count=files_count, has_gate=gate is not None)


async def create(ports: Ports, principal: Principal, *, name: str) -> EnvironmentView:
    """Make an environment. It is not the default one, and nothing is deployed there.

    Raises:
        Invalid: the name is none.
        AlreadyExists: there is one of that name.
    """
    principal.require(Right.ADMIN)
    check_name(name, "name")

    def work(tx: Transaction) -> EnvironmentView:
        _check_is_free(tx, name)
        made = Environment(
            id=ports.ids.long("env_"), name=name, tag=EnvironmentTag.OTHER, created_at=ports.clock.now()
        )
        tx.environments.add(made)
        return EnvironmentView(environment=made, files_count=0)

    return await write(ports, principal, work)


async def rename(ports: Ports, principal: Principal, *, ref: str, name: str) -> EnvironmentView:
    """Give an environment another name, which holds at once. What is deployed there stays.

    Args:
        ref: its id, or else its name.
    """
    principal.require(Right.ADMIN)
    check_name(name, "name")

    def work(tx: Transaction) -> EnvironmentView:
        environment = environment_of(tx, ref)
        if environment.name != name:
            _check_is_free(tx, name)
            environment = msgspec.structs.replace(environment, name=name)
            tx.environments.update(environment)
        return _view(tx, environment)

    return await write(ports, principal, work)


async def set_default(ports: Ports, principal: Principal, *, ref: str) -> EnvironmentView:
    """Make an environment the default one, which reads show and new files are deployed to.

    Args:
        ref: its id, or else its name.
    """
    principal.require(Right.ADMIN)

    def work(tx: Transaction) -> EnvironmentView:
        environment = environment_of(tx, ref)
        before = default_environment(tx)
        if environment.id != before.id:
            tx.environments.update(msgspec.structs.replace(before, tag=EnvironmentTag.OTHER))
            environment = msgspec.structs.replace(environment, tag=EnvironmentTag.DEFAULT)
            tx.environments.update(environment)
        return _view(tx, environment)

    return await write(ports, principal, work)


async def remove(ports: Ports, principal: Principal, *, ref: str, is_forced: bool) -> None:
    """Remove an environment.

    Args:
        ref: its id, or else its name.
        is_forced: whether what is deployed there is taken out of it first. That is done in steps: another
            caller may see it half done.

    Raises:
        NotFound: there is none.
        Conflict: it is the default one, or something is deployed there.
    """
    principal.require(Right.ADMIN)

    def work(tx: Transaction) -> bool:
        environment = environment_of(tx, ref)
        if environment.tag is EnvironmentTag.DEFAULT:
            raise Conflict(
                f"`{environment.name}` is the default environment. Make another the default first."
            )
        if not is_forced:
            _check_is_unused(tx, environment)
        if _take_out(tx, ports, principal, environment) == BATCH:
            return False
        tx.environments.remove(id=environment.id)
        return True

    while not await write(ports, principal, work):
        pass


def _check_is_unused(tx: Transaction, environment: Environment) -> None:
    query = FileQuery(environment_id=environment.id)
    files, total = tx.files.page(query, skip=0, take=NAMED_FILES)
    if files:
        named = ", ".join(f"`{file.path}`" for file in files)
        more = f" and {total - len(files)} more" if total > len(files) else ""
        raise InUse(f"Versions of {named}{more} are deployed to `{environment.name}`.")


def _take_out(tx: Transaction, ports: Ports, principal: Principal, environment: Environment) -> int:
    """Take some files out of an environment, hidden ones too; how many they were."""
    now = ports.clock.now()
    pointers = tx.pointers.of_environment(environment_id=environment.id, take=BATCH)
    for pointer in pointers:
        file = tx.files.get(id=pointer.file_id)
        assert file is not None, "the pointers of an environment are those of live files"
        spot = Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=environment.id, name=environment.name)
        change = Change(spot=spot, to=Aim(), action=Action.TAKE_AWAY, at=now)
        moves.append(tx, ports, principal, change, spot.last(tx))
        if pointer.version_id is not None:
            numbers.hide_unless_known(tx, file, pointer.version_id, now=now)
        tx.files.update(msgspec.structs.replace(file, updated_at=now))
    return len(pointers)


def _check_is_free(tx: Transaction, name: str) -> None:
    if find_environment(tx, name) is not None:
        raise AlreadyExists(f"There is an environment `{name}` already.")
