"""What a caller is shown of a version: the version with everything around it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from headrace.core.access import User
from headrace.core.deployments import Environment, EnvironmentTag, PointerKind
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS, FileKind
from headrace.core.links import Link
from headrace.core.monitoring import Aggregate, Monitor
from headrace.core.ports import Transaction
from headrace.core.versions import Draft, Version


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file and what surrounds it.

    Attributes:
        environments: where this very version is deployed, in the organisation's order.
        created_by: who made the version; None when that user is gone.
        logs_of_file: how many logs all versions of the file have.
        monitors: the evaluators attached to the file, in the order they were attached.
        linked: the files that the version refers to, in its order, each as it is used now; of an agent,
            without what that refers to. None in the place of one that is gone.
        aggregates: how the version was judged; None when that was not asked for.
    """

    file: File
    version: Version
    environments: tuple[Environment, ...]
    created_by: User | None
    logs_of_file: int = 0
    monitors: tuple[MonitorView, ...] = ()
    linked: tuple[VersionView | None, ...] = ()
    aggregates: tuple[Aggregate, ...] | None = None


class MonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator attached to a file.

    Attributes:
        evaluator: the version that judges; where nothing is deployed to its environment, what a read of the
            evaluator shows.
        is_there: whether anything would judge.
        environment: None when the version itself is attached.
    """

    monitor: Monitor
    evaluator: VersionView
    is_there: bool
    environment: Environment | None


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of the organisation and what one file has in it."""

    environment: Environment
    deployed: VersionView | None


class Surroundings:
    """What all versions that one transaction shows have around them, looked up once.

    Args:
        asking: who asks, and so is there.
    """

    def __init__(self, tx: Transaction, *, asking: User | None = None) -> None:
        self._tx = tx
        self._users: dict[str, User | None] = {} if asking is None else {asking.id: asking}
        self._judges: dict[tuple[str, str | None, str | None], tuple[VersionView, bool] | None] = {}
        self._links: dict[Link, VersionView | None] = {}

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """Those of the organisation by their ids, in their order."""
        return {environment.id: environment for environment in self._tx.environments.all()}

    def user(self, id: str) -> User | None:
        """None when that user is gone."""
        if id not in self._users:
            self._users[id] = self._tx.access.user(id=id)
        return self._users[id]

    def linked(self, version: Version, kind: FileKind) -> tuple[VersionView | None, ...]:
        """The files that a version of a file of that kind refers to."""
        found = (self._link(link) for link in kind.links(version.content))
        return tuple(one if one is not None and one.file.kind in kind.linkable else None for one in found)

    def _link(self, link: Link) -> VersionView | None:
        if link not in self._links:
            found = linked_version(self._tx, link)
            self._links[link] = None if found is None else self._linked_view(*found)
        return self._links[link]

    def _linked_view(self, file: File, version: Version) -> VersionView:
        """Files of kinds that link their like may link each other, so what they link is not told again."""
        shows = _unlinked_views if file.kind in KINDS[file.kind].linkable else views
        return shows(self._tx, file, [version], self)[0]

    def monitor(self, monitor: Monitor) -> MonitorView | None:
        """An attached evaluator; None when it, or its environment, is gone."""
        key = (monitor.evaluator_id, monitor.version_id, monitor.environment_id)
        if key not in self._judges:
            self._judges[key] = self._judge(monitor)
        judge = self._judges[key]
        environment = self.environments.get(monitor.environment_id or "")
        if judge is None or (monitor.environment_id is not None and environment is None):
            return None
        evaluator, is_there = judge
        return MonitorView(monitor=monitor, evaluator=evaluator, is_there=is_there, environment=environment)

    def _judge(self, monitor: Monitor) -> tuple[VersionView, bool] | None:
        """What is shown of an evaluator, and whether that would judge.

        It is shown without what monitors it, which may be itself.
        """
        evaluator = self._tx.files.get(id=monitor.evaluator_id)
        if evaluator is None:
            return None
        version_id = monitor.version_id
        if monitor.environment_id is not None:
            version_id = environment_targets(self._tx, evaluator).get(monitor.environment_id)
        version = self._tx.versions.kept(id=version_id) if version_id else None
        shown = version or default_version(self._tx, evaluator)
        return _plain_views(self._tx, evaluator, [shown], self)[0], version is not None


def view(tx: Transaction, file: File, version: Version, around: Surroundings | None = None) -> VersionView:
    """``version`` as a caller sees it.

    Args:
        around: shared by all that are shown in one transaction.
    """
    return views(tx, file, [version], around)[0]


def views(
    tx: Transaction, file: File, versions: Iterable[Version], around: Surroundings | None = None
) -> list[VersionView]:
    """Versions of one file as a caller sees them; what they share is looked up once."""
    around = around or Surroundings(tx)
    kind = KINDS[file.kind]
    return [
        msgspec.structs.replace(shown, linked=around.linked(shown.version, kind))
        for shown in _unlinked_views(tx, file, versions, around)
    ]


def _unlinked_views(
    tx: Transaction, file: File, versions: Iterable[Version], around: Surroundings
) -> list[VersionView]:
    """Without what they refer to, which may be each other."""
    logs = tx.logs.usage_of_file(file_id=file.id).logs_count
    found = (around.monitor(one) for one in tx.monitors.of_file(file_id=file.id))
    monitors = tuple(monitor for monitor in found if monitor is not None)
    return [
        msgspec.structs.replace(shown, logs_of_file=logs, monitors=monitors)
        for shown in _plain_views(tx, file, versions, around)
    ]


def judged(tx: Transaction, shown: list[VersionView]) -> list[VersionView]:
    """The same with how each was judged (humanloop 2.13)."""
    found: dict[str, list[Aggregate]] = {one.version.id: [] for one in shown}
    for aggregate in tx.logs.aggregates(version_ids=list(found)):
        found[aggregate.total.version_id].append(aggregate)
    return [msgspec.structs.replace(one, aggregates=tuple(found[one.version.id])) for one in shown]


def linked_version(tx: Transaction, link: Link) -> tuple[File, Version] | None:
    """The file and the version that a link leads to now; None when there is none (humanloop 8.53)."""
    file = tx.files.get(id=link.file_id)
    if file is None:
        return None
    version_id = link.version_id
    if version_id is None and link.environment_id is not None:
        version_id = environment_targets(tx, file).get(_environment_id(tx, link.environment_id) or "")
        if version_id is None:
            return None
    version = default_version(tx, file) if version_id is None else tx.versions.get(id=version_id)
    return None if version is None or version.file_id != file.id else (file, version)


def _environment_id(tx: Transaction, ref: str) -> str | None:
    """The id of an environment that is named by it or by its name; None when it is gone."""
    try:
        return environment_of(tx, ref).id
    except NotFound:
        return None


def _plain_views(
    tx: Transaction, file: File, versions: Iterable[Version], around: Surroundings
) -> list[VersionView]:
    """Without what judges them and what they refer to."""
    targets = environment_targets(tx, file)
    deployed = set(targets.values())
    return [
        VersionView(
            file=file,
            version=version,
            environments=tuple(e for e in around.environments.values() if targets.get(e.id) == version.id)
            if version.id in deployed
            else (),
            created_by=around.user(version.created_by),
        )
        for version in versions
    ]


def environment_targets(tx: Transaction, file: File) -> dict[str, str]:
    """The version deployed in each environment, by the environment's id."""
    return {
        pointer.pointer_id: pointer.version_id
        for pointer in tx.pointers.of_file(file_id=file.id)
        if pointer.kind is PointerKind.ENVIRONMENT and pointer.version_id is not None
    }


def default_environment(tx: Transaction) -> Environment:
    """The organisation's default environment."""
    return next(e for e in tx.environments.all() if e.tag is EnvironmentTag.DEFAULT)


def find_environment(tx: Transaction, name: str) -> Environment | None:
    """An environment by its name."""
    return next((e for e in tx.environments.all() if e.name == name), None)


def environment_of(tx: Transaction, ref: str) -> Environment:
    """An environment by its id, or else by its name (humanloop 8.16)."""
    environments = tx.environments.all()
    for environment in environments:
        if environment.id == ref:
            return environment
    for environment in environments:
        if environment.name == ref:
            return environment
    raise NotFound("environment", ref, f"Environment {ref} does not exist.")


def default_version(tx: Transaction, file: File) -> Version:
    """What a read shows that asks for no version (humanloop 2.7, 8.12).

    The version in the default environment; without one the newest; without any the draft.
    """
    deployed = environment_targets(tx, file).get(default_environment(tx).id)
    version = tx.versions.get(id=deployed) if deployed else tx.versions.newest(file_id=file.id)
    if version is not None:
        return version
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        raise NotFound("version", file.id, f"`{file.path}` has no version.")
    return as_version(draft)


def as_version(draft: Draft) -> Version:
    """A draft in the shape of a version, for readers that know nothing of drafts."""
    return Version(
        id=draft.id,
        file_id=draft.file_id,
        digest=draft.digest,
        content=draft.content,
        name=None,
        description=None,
        created_by=draft.created_by,
        created_at=draft.created_at,
        updated_at=draft.updated_at,
        last_used_at=draft.created_at,
        logs_count=0,
        is_runnable=False,
        is_upserted=False,
    )
