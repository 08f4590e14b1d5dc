"""What a run runs: from a flow and a name for one of its contents to that content (bedrock 1.3, 4.6).

A name is an alias's id, an environment's name, or the id that stands for an environment where only letters
and digits are allowed; an alias wins a clash. Parts of use cases, run inside their transaction.
"""

from __future__ import annotations

import hashlib

import msgspec

from headrace.core.definition import Definition
from headrace.core.deployments import Concurrency, Environment, Pointer, PointerKind
from headrace.core.errors import Invalid, NotFound, NotPrepared
from headrace.core.files import File
from headrace.core.ids import BASE36_UPPER, DRAFT_ALIAS, SHORT_LENGTH
from headrace.core.kinds.flow import read_content
from headrace.core.ports import Transaction
from headrace.core.validate import Severity
from headrace.core.versions import DRAFT, Version
from headrace.engine.plan import InvalidDefinition, Plan, Plans
from headrace.services.base import Ports
from headrace.services.deployments import splits, switches
from headrace.services.tree import tree
from headrace.services.versions import drafts
from headrace.services.versions.views import default_environment, environment_targets

KIND = "flow"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a flow's contents is meant: what an alias or an environment targets, a number, or a version.

    Attributes:
        alias: an alias's id, or a name for an environment; ``TSTALIASID`` is the prepared draft.
        version_id: a version itself, whether it has a number or not.
        takes_names: whether an alias may also be called by its name.
    """

    alias: str | None = None
    number: int | None = None
    version_id: str | None = None
    takes_names: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a choice leads, before anything of it is looked up.

    Attributes:
        pointer_id: the alias's id, or what stands for an environment; None for a number and a version.
        target: a number or ``DRAFT``; None for an environment and a version.
        version_id: of an environment, or the version itself.
        pointer: the state of the alias or the environment; None for a number and the draft's own alias.
    """

    file: File
    pointer_id: str | None
    target: str | None = None
    version_id: str | None = None
    environment_id: str | None = None
    concurrency: Concurrency | None = None
    pointer: Pointer | None = None

    @property
    def max_parallel(self) -> int | None:
        """How many nodes may act at the same time; None is no limit."""
        if self.concurrency is None or self.concurrency.mode == "Automatic":
            return None
        return self.concurrency.most or 1


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The content that a run runs.

    Attributes:
        content: as it is kept; only its form that could run does.
        version_id: the version's, or the prepared snapshot's.
        number: None for the draft, and for a version without one.
    """

    content: bytes
    digest: str
    version_id: str
    number: int | None
    is_draft: bool


def environment_alias(file_id: str, environment_id: str) -> str:
    """What stands for an environment where an alias's id is asked for: always the same ten characters."""
    number = int.from_bytes(hashlib.sha256(f"{file_id} {environment_id}".encode()).digest())
    return "".join(BASE36_UPPER[(number // 36**place) % 36] for place in range(SHORT_LENGTH))


def find_anyhow(tx: Transaction, ref: str) -> File:
    """A flow by its id, its path or its name among flows, as people write it.

    Raises:
        NotFound: none of the three is one's.
    """
    return tree.find_anyhow(tx, kind=KIND, ref=ref)


def usual(tx: Transaction, file: File) -> Choice:
    """What is meant when nothing is said: what the default environment has, the newest version, the draft.

    Where the default environment is switched off it is meant, so that the call is refused.
    """
    environment = default_environment(tx)
    is_off = switches.is_off_with_nothing(tx, file, PointerKind.ENVIRONMENT, environment.id)
    if is_off or environment_targets(tx, file).get(environment.id) is not None:
        return Choice(alias=environment_alias(file.id, environment.id))
    newest = tx.releases.runnable(file_id=file.id, before=None, take=1)
    return Choice(number=newest[0].number) if newest else Choice()


def route(tx: Transaction, ref: str, choice: Choice) -> Route:
    """Find where a choice leads.

    Raises:
        NotFound: there is no such flow, alias or environment.
        Conflict: what is called by is switched off.
    """
    file = tree.find(tx, kind=KIND, ref=ref)
    name = choice.alias or DRAFT_ALIAS
    is_pointed = choice.number is None and choice.version_id is None and name != DRAFT_ALIAS
    if not is_pointed:
        switches.check_file(tx, file)
    if choice.version_id is not None:
        return Route(file=file, pointer_id=None, version_id=choice.version_id)
    if choice.number is not None:
        return Route(file=file, pointer_id=None, target=str(choice.number))
    if name == DRAFT_ALIAS:
        return Route(file=file, pointer_id=DRAFT_ALIAS, target=DRAFT)
    return (
        _alias(tx, file, name, takes_names=choice.takes_names)
        or _environment(tx, file, name)
        or _not_found(file, name)
    )


def _not_found(file: File, name: str) -> Route:
    raise NotFound("alias", name, f"Alias {name} of flow {file.short_id} not found.")


def _alias(tx: Transaction, file: File, name: str, *, takes_names: bool) -> Route | None:
    alias = tx.aliases.get(file_id=file.id, id=name)
    if alias is None and takes_names:
        alias = tx.aliases.by_name(file_id=file.id, name=name)
    if alias is None:
        return None
    pointer = switches.state_for_call(tx, file, PointerKind.ALIAS, alias.id)
    assert pointer is not None, "an alias is made with its first move"
    return Route(
        file=file,
        pointer_id=alias.id,
        target=pointer.target,
        concurrency=alias.concurrency,
        pointer=pointer,
    )


def _environment(tx: Transaction, file: File, name: str) -> Route | None:
    found = tx.environments.all()
    meant = next((one for one in found if one.name == name), None) or next(
        (one for one in found if environment_alias(file.id, one.id) == name), None
    )
    return None if meant is None else _of_environment(tx, file, meant)


def _of_environment(tx: Transaction, file: File, environment: Environment) -> Route:
    pointer = switches.state_for_call(tx, file, PointerKind.ENVIRONMENT, environment.id)
    if pointer is None or pointer.version_id is None:
        message = f"Flow {file.short_id} is not deployed to the environment {environment.name}."
        raise NotFound("version", environment.name, message)
    return Route(
        file=file,
        pointer_id=environment_alias(file.id, environment.id),
        version_id=pointer.version_id,
        environment_id=environment.id,
        pointer=pointer,
    )


def drawn(tx: Transaction, route: Route, key: str | None) -> Route:
    """The same route to the version that a call's share is of; the route itself where there is no split.

    Args:
        key: what holds calls together; without one each is on its own.
    """
    share = None if route.pointer is None else splits.draw(route.pointer, account=tx.account, key=key)
    if share is None:
        return route
    return msgspec.structs.replace(route, target=share.target, version_id=share.version_id)


def target(tx: Transaction, route: Route, *, operation: str) -> Target:
    """The content at the end of a route.

    Raises:
        NotFound: the version is gone.
        NotPrepared: it leads to the draft, which was never prepared.
    """
    if route.target == DRAFT:
        return _snapshot(tx, route.file, operation)
    if route.target is not None:
        return _released(tx, route.file, route.target)
    assert route.version_id is not None
    version = tx.versions.get(id=route.version_id)
    if version is None or version.file_id != route.file.id:
        raise NotFound("version", route.version_id)
    numbers = tx.releases.of_version(version_id=version.id)
    return _version_target(version, number=max(numbers, default=None))


def _snapshot(tx: Transaction, file: File, operation: str) -> Target:
    draft = drafts.find(tx, KIND, file.id).draft
    if draft.snapshot_id is None or draft.snapshot is None or draft.snapshot_digest is None:
        raise NotPrepared(operation=operation, status=draft.status)
    return Target(
        content=draft.snapshot,
        digest=draft.snapshot_digest,
        version_id=draft.snapshot_id,
        number=None,
        is_draft=True,
    )


def _released(tx: Transaction, file: File, number: str) -> Target:
    release = tx.releases.get(file_id=file.id, number=int(number))
    version = tx.versions.get(id=release.version_id) if release and release.is_runnable else None
    if release is None or version is None:
        raise NotFound("version", number, f"Version {number} of flow {file.short_id} not found.")
    return _version_target(version, number=release.number)


def _version_target(version: Version, *, number: int | None) -> Target:
    return Target(
        content=version.content,
        digest=version.digest,
        version_id=version.id,
        number=number,
        is_draft=False,
    )


def plan_of(tx: Transaction, ports: Ports, plans: Plans, found: Target, *, operation: str) -> Plan:
    """The content made ready to run; made once.

    Raises:
        NotFound: it holds no definition of the right shape.
        NotPrepared: validation has something against it.
    """
    try:
        return plans.of(found.digest, lambda: _sound(tx, ports, found, operation))
    except InvalidDefinition:
        raise NotPrepared(operation=operation, status="Failed") from None


def _sound(tx: Transaction, ports: Ports, found: Target, operation: str) -> Definition:
    form = ports.rules.runnable_form(msgspec.json.decode(found.content), found.content)
    if form is None:
        message = f"Version {found.version_id} holds no definition of a shape that could run."
        raise NotFound("version", found.version_id, message)
    findings = () if found.is_draft else drafts.findings_of(tx, ports, form)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise NotPrepared(operation=operation, status="Failed")
    return definition_of(form)


def definition_of(form: bytes) -> Definition:
    """The graph in content of a form that could run."""
    parsed = read_content(form).parsed_definition()
    if parsed is None:
        raise Invalid.at("definition", message="There is no definition.", kind="missing")
    return Definition.parse(parsed)
