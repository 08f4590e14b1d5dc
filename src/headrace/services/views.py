"""What a caller is shown of a version: the version with everything around it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from headrace.core.access import User
from headrace.core.deployments import Environment, EnvironmentTag, PointerKind
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.core.versions import Draft, Version


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file and what surrounds it.

    Attributes:
        environments: where this very version is deployed, in the organisation's order.
        created_by: who made the version; None when that user is gone.
    """

    file: File
    version: Version
    environments: tuple[Environment, ...]
    created_by: User | None


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of the organisation and what one file has in it."""

    environment: Environment
    deployed: VersionView | None


def view(tx: Transaction, file: File, version: Version) -> VersionView:
    """``version`` as a caller sees it."""
    return views(tx, file, [version])[0]


def views(tx: Transaction, file: File, versions: Iterable[Version]) -> list[VersionView]:
    """Versions of one file as a caller sees them; what they share is looked up once."""
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
