"""Versions by content: submitting and reading them (humanloop 1.4, 1.5, 1.7-1.9, 2.1-2.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import PointerKind
from headrace.core.errors import AlreadyExists, Invalid, NotFound
from headrace.core.files import File, check_path
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.subjects import OfOneFile
from headrace.core.versions import MAX_NUMBER, MAX_VERSION_NAME, Version
from headrace.services.base import Ports, digest_of, read, write
from headrace.services.deployments import gates, moves
from headrace.services.deployments.moves import Change
from headrace.services.deployments.pointers import Spot, aim_of_version
from headrace.services.logs import traces
from headrace.services.tree import links, tree
from headrace.services.versions import drafts, numbers
from headrace.services.versions.views import (
    Surroundings,
    VersionView,
    default_environment,
    default_version,
    environment_targets,
    find_environment,
    view,
)


class FileTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a file; None keeps what was said."""

    description: str | None = None
    readme: str | None = None
    tags: tuple[str, ...] | None = None


NOTHING_SAID = FileTexts()


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """Content that a caller wants to be a version.

    Attributes:
        ref: the file's id; or None.
        path: the file's path; or None. One of the two is needed.
        content: the content's JSON text, as sent.
        parsed: the same, parsed.
        name: the version's name; None keeps what it has.
        description: the version's description; None keeps what it has.
        texts: what is to be said of the file.
        new_id: the id of the file if it is made; None mints one.
    """

    kind: str
    ref: str | None
    path: str | None
    content: bytes
    parsed: Any
    name: str | None = None
    description: str | None = None
    texts: FileTexts = NOTHING_SAID
    new_id: str | None = None


async def upsert(ports: Ports, principal: Principal, submission: Submission) -> VersionView:
    """Find the version with this content, or make it; make the file too when its path is free.

    Raises:
        Invalid: no file is named, two are, or a name or path breaks a rule.
        NotFound: the id names no file.
        AlreadyExists: another version of the file has the name, or something else stands at the path.
    """
    principal.require(Right.EDITOR)
    prepared = await prepare(ports, submission)

    def work(tx: Transaction) -> VersionView:
        file, version = settle(tx, ports, principal, prepared, now=ports.clock.now())
        return view(tx, file, version, Surroundings(tx, asking=principal.user))

    return await write(ports, principal, _declared(work, submission))


def _declared(
    work: Callable[[Transaction], VersionView], submission: Submission
) -> Callable[[Transaction], VersionView]:
    """An upsert as what is about its file alone, unless its content refers to others.

    It decides by the file, its draft, versions and numbers, and by the default environment and its gate. A
    path where nothing is, or a directory, names no file, so that it is run as any other. What Prompt nodes
    name by ARN is only reported on, as it is meanwhile. The logs, monitors and users that are shown are
    changed by nothing that declares itself.
    """
    if KINDS[submission.kind].links(submission.content):
        return work
    return OfOneFile(work, ref=submission.ref, path=submission.path)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that was checked as far as that goes without the store.

    Attributes:
        digest: of what decides whether the content is the same as another.
        runnable: the content as a run would use it; None when none could.
    """

    submission: Submission
    digest: str
    runnable: bytes | None


async def prepare(ports: Ports, submission: Submission) -> Prepared:
    """Check a submission before its transaction, so that nothing slow is done inside.

    Raises:
        Invalid: a name or path breaks a rule.
    """
    if submission.path is not None:
        check_path(submission.path, "path")
    check_name(submission.name, "version_name")
    content_digest = await digest_of(KINDS[submission.kind].identity(submission.content))
    return Prepared(submission=submission, digest=content_digest, runnable=_runnable(ports, submission))


def _runnable(ports: Ports, submission: Submission) -> bytes | None:
    kind = KINDS[submission.kind]
    if kind.is_prepared:
        return ports.rules.runnable_form(submission.parsed, submission.content)
    return submission.content if kind.can_be_draft(submission.content) else None


def settle(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared, *, now: datetime
) -> tuple[File, Version]:
    """Find the version with this content, or make it, and the file. The heart of every submission.

    Raises:
        Invalid, NotFound, AlreadyExists: as `upsert`.
    """
    submission = prepared.submission
    file = tree.identify(tx, kind=submission.kind, ref=submission.ref, path=submission.path)
    if file is None:
        assert submission.path is not None
        file = tree.create(
            tx, ports, principal, kind=submission.kind, path=submission.path, now=now, id=submission.new_id
        )
    file = _retold(tx, file, submission.texts, now)
    found = tx.versions.by_digest(file_id=file.id, digest=prepared.digest)
    check_name_is_free(tx, file, submission.name, owner=found)
    if found is not None and found.deleted_at is None:
        return file, _relabelled(tx, found, submission, now)
    return file, _made(tx, ports, principal, prepared, file, found, now)


def _made(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    prepared: Prepared,
    file: File,
    found: Version | None,
    now: datetime,
) -> Version:
    """A version of content that was not to be seen, with its number, and where it goes by itself."""
    submission, runnable = prepared.submission, prepared.runnable
    links.check(tx, kind=file.kind, content=submission.content)
    is_first = not tx.versions.count(file_id=file.id)
    # Only what can run is compared with what there was, and content may be large.
    before = None if is_first or runnable is None else tx.versions.newest(file_id=file.id)
    version = _added_or_revived(
        tx,
        ports,
        principal,
        file,
        found,
        submission,
        digest=prepared.digest,
        is_runnable=runnable is not None,
        now=now,
    )
    if file.last_number < MAX_NUMBER:  # past the last number a version stays without one
        numbers.release(
            tx,
            principal,
            file=file,
            version=version,
            content=runnable or submission.content,
            description=submission.description,
            now=now,
        )
    if is_first:
        _deploy_first(tx, ports, principal, file, version, now)
    if runnable is not None:
        drafts.follow(
            tx, ports, principal, file=file, version=version, content=runnable, before=before, now=now
        )
    return version


def _retold(tx: Transaction, file: File, texts: FileTexts, now: datetime) -> File:
    """The file with what is said of it (humanloop 4.2, Prompts)."""
    if texts == NOTHING_SAID:
        return file
    told = msgspec.structs.replace(
        file,
        description=file.description if texts.description is None else texts.description,
        readme=file.readme if texts.readme is None else texts.readme,
        tags=file.tags if texts.tags is None else texts.tags,
    )
    if told == file:
        return file
    told = msgspec.structs.replace(told, updated_at=now)
    tx.files.update(told)
    return told


def _added_or_revived(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    found: Version | None,
    submission: Submission,
    *,
    digest: str,
    is_runnable: bool,
    now: datetime,
) -> Version:
    """The version of content that is not to be seen: hidden until now, or new."""
    if found is not None:
        shown = numbers.revive(tx, found, now=now, is_upserted=True)
        return _relabelled(tx, shown, submission, now)
    return numbers.add_version(
        tx,
        ports,
        principal,
        file=file,
        digest=digest,
        content=submission.content,
        name=submission.name,
        description=submission.description,
        is_runnable=is_runnable,
        is_upserted=True,
        now=now,
    )


def check_name(name: str | None, at: str) -> None:
    """Refuse what can be no version's name.

    Args:
        at: where in the body it stands.
    """
    if name == "":
        raise Invalid.at(at, message="A version name may not be empty.", kind="empty")
    if name is not None and len(name) > MAX_VERSION_NAME:
        message = f"A version name may have at most {MAX_VERSION_NAME} characters; this one has {len(name)}."
        raise Invalid.at(at, message=message, kind="length")


def check_name_is_free(tx: Transaction, file: File, name: str | None, *, owner: Version | None) -> None:
    """Refuse a name that a version other than ``owner`` has."""
    if name is None:
        return
    holder = tx.versions.by_name(file_id=file.id, name=name)
    if holder is not None and (owner is None or holder.id != owner.id):
        title = KINDS[file.kind].title
        raise AlreadyExists(f"Version name `{name}` already exists for this {title}: `{holder.id}` has it.")


def _relabelled(tx: Transaction, version: Version, submission: Submission, now: datetime) -> Version:
    """The version with the submission's name and description, where it gives any (humanloop 2.2)."""
    name = version.name if submission.name is None else submission.name
    description = version.description if submission.description is None else submission.description
    if (name, description, True) == (version.name, version.description, version.is_upserted):
        return version
    labelled = msgspec.structs.replace(
        version, name=name, description=description, is_upserted=True, updated_at=now
    )
    tx.versions.update(labelled)
    return labelled


def _deploy_first(
    tx: Transaction, ports: Ports, principal: Principal, file: File, version: Version, now: datetime
) -> None:
    """A file's first version goes to the default environment by itself (humanloop 2.3): not past a gate."""
    place = default_environment(tx)
    spot = Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)
    aim = aim_of_version(version)
    if gates.verdict(tx, ports, principal, file, spot.kind, place.id, aim).has_gate:
        return
    change = Change(spot=spot, to=aim, is_automatic=True, at=now)
    moves.append(tx, ports, principal, change, spot.last(tx))


async def get(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    version_id: str | None = None,
    environment: str | None = None,
) -> VersionView:
    """A version of a file: the one asked for, the one in an environment, or the default one."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> VersionView:
        file = tree.find(tx, kind=kind, ref=ref)
        return view(tx, file, select(tx, file, version_id=version_id, environment=environment))

    return await read(ports, principal, work)


def select(tx: Transaction, file: File, *, version_id: str | None, environment: str | None) -> Version:
    """The version of a file that a request names, or the default one (humanloop 2.6).

    Raises:
        NotFound: there is none such.
        Invalid: two are named.
    """
    deployed = None if environment is None else _deployed_in(tx, file, environment)
    if version_id is None:
        return deployed or default_version(tx, file)
    version = _version_of(tx, file, version_id)
    if deployed is not None and deployed.id != version.id:
        message = (
            f"`version_id` and `environment` name different versions: `{version.id}` and `{deployed.id}`."
        )
        raise Invalid.at("environment", message=message, kind="mismatch", where="query")
    return version


def _version_of(tx: Transaction, file: File, version_id: str) -> Version:
    version = tx.versions.get(id=version_id)
    if version is None and tx.versions.count(file_id=file.id) == 0:
        version = default_version(tx, file)
    if version is None or version.id != version_id or version.file_id != file.id:
        title = KINDS[file.kind].title
        raise NotFound("version", version_id, f"{title} `{file.path}` has no version with ID `{version_id}`.")
    return version


def _deployed_in(tx: Transaction, file: File, name: str) -> Version:
    environment = find_environment(tx, name)
    if environment is None:
        raise NotFound("environment", name, f"Environment {name} does not exist.")
    target = environment_targets(tx, file).get(environment.id)
    version = tx.versions.get(id=target) if target else None
    if version is None:
        title = KINDS[file.kind].title
        raise NotFound("deployment", name, f"No version of {title} `{file.path}` is deployed to `{name}`.")
    return version


async def delete_file(ports: Ports, principal: Principal, *, kind: str, ref: str) -> None:
    """Remove a file with all that belongs to it from view; its path and names are free at once."""
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        file = tree.find(tx, kind=kind, ref=ref)
        # A file that was removed may be kept for long; what only it could use is not.
        tx.secrets.remove(file_id=file.id, names=list(tx.secrets.of(file_id=file.id)))
        traces.remove_file(tx, ports, file)

    await write(ports, principal, work)
