"""What a caller is shown of a version: the version with everything around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from headrace.core.access import User
from headrace.core.deployments import Environment, EnvironmentTag, PointerKind
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
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
        linked_tools: the tools that a prompt refers to, as they are deployed.
        aggregates: how the version was judged; None when that was not asked for.
    """

    file: File
    version: Version
    environments: tuple[Environment, ...]
    created_by: User | None
    logs_of_file: int = 0
    monitors: tuple[MonitorView, ...] = ()
    linked_tools: tuple[VersionView, ...] = ()
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


def view(tx: Transaction, file: File, version: Version) -> VersionView:
    """``version`` as a caller sees it."""
    return views(tx, file, [version])[0]


def views(tx: Transaction, file: File, versions: Iterable[Version]) -> list[VersionView]:
    """Versions of one file as a caller sees them; what they share is looked up once."""
    logs = tx.logs.usage_of_file(file_id=file.id).logs_count
    monitors = tuple(_monitors(tx, file))
    return [
        msgspec.structs.replace(
            shown,
            logs_of_file=logs,
            monitors=monitors,
            linked_tools=tuple(_linked_tools(tx, shown)),
        )
        for shown in _plain_views(tx, file, versions)
    ]


def judged(tx: Transaction, shown: list[VersionView]) -> list[VersionView]:
    """The same with how each was judged (humanloop 2.13)."""
    found: dict[str, list[Aggregate]] = {one.version.id: [] for one in shown}
    for aggregate in tx.logs.aggregates(version_ids=list(found)):
        found[aggregate.total.version_id].append(aggregate)
    return [msgspec.structs.replace(one, aggregates=tuple(found[one.version.id])) for one in shown]


def _monitors(tx: Transaction, file: File) -> Iterator[MonitorView]:
    """Those of evaluators that are there. An evaluator is shown without what monitors it, or never ends."""
    for monitor in tx.monitors.of_file(file_id=file.id):
        evaluator = tx.files.get(id=monitor.evaluator_id)
        if evaluator is None:
            continue
        environment = next((e for e in tx.environments.all() if e.id == monitor.environment_id), None)
        version_id = monitor.version_id
        if environment is not None:
            version_id = environment_targets(tx, evaluator).get(environment.id)
        version = tx.versions.kept(id=version_id) if version_id else None
        shown = version or default_version(tx, evaluator)
        yield MonitorView(
            monitor=monitor,
            evaluator=_plain_views(tx, evaluator, [shown])[0],
            is_there=version is not None,
            environment=environment,
        )


def _linked_tools(tx: Transaction, shown: VersionView) -> Iterator[VersionView]:
    """The tools that are there, each as a read shows it."""
    for link in KINDS[shown.file.kind].links(shown.version.content):
        tool = tx.files.get(id=link)
        if tool is not None and tool.kind == "tool":
            yield _plain_views(tx, tool, [default_version(tx, tool)])[0]


def _plain_views(tx: Transaction, file: File, versions: Iterable[Version]) -> list[VersionView]:
    targets = environment_targets(tx, file)
    environments = tx.environments.all() if targets else []
    authors: dict[str, User | None] = {}
    shown = []
    for version in versions:
        author = version.created_by
        if author not in authors:
            authors[author] = tx.access.user(id=author)
        here = tuple(e for e in environments if targets.get(e.id) == version.id)
        shown.append(VersionView(file=file, version=version, environments=here, created_by=authors[author]))
    return shown


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
