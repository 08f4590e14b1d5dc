"""Files of any kind: finding, listing, moving, and what is said of them (humanloop 1.6, 2.4, 4.2)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Environment
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import Directory, File, FileQuery
from headrace.core.ports import Transaction
from headrace.services.base import FAR, Ports, read, scan, write
from headrace.services.tree import places, tree
from headrace.services.versions.versions import select
from headrace.services.versions.views import (
    Surroundings,
    VersionView,
    default_version,
    environment_targets,
    find_environment,
    view,
)

MAX_TEXT = 1_000_000
MAX_TAGS = 100
MAX_TAG = 255


class NewTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a file from now on. UNSET keeps what was said, None clears it."""

    description: str | msgspec.UnsetType | None = msgspec.UNSET
    readme: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


async def get_at(ports: Ports, principal: Principal, *, path: str, environment: str | None) -> VersionView:
    """The version in an environment, or the default one, of the file of any kind at ``path``.

    The nodes of a flow that have a file of their own are found below the flow's path.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> VersionView:
        file = tree.at(tx, path=path)
        if not isinstance(file, File):
            raise NotFound("file", path, f"File with path `{path}` not found.")
        return view(tx, file, select(tx, file, version_id=None, environment=environment))

    return await read(ports, principal, work)


async def page(
    ports: Ports,
    principal: Principal,
    query: FileQuery,
    *,
    environment: str | None,
    skip: int,
    take: int,
) -> tuple[list[VersionView], int]:
    """A page of files, each as its default version, and how many match in all.

    Args:
        environment: the name of one: only files deployed there, in that version.

    Raises:
        NotFound: there is no such environment, or no directory at the path of ``query``.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[list[VersionView], int]:
        _check_directory(tx, query.under)
        place = None if environment is None else _environment(tx, environment)
        wanted = msgspec.structs.replace(query, environment_id=None if place is None else place.id)
        files, total = tx.files.page(wanted, skip=skip, take=take)
        around = Surroundings(tx)
        return [shown for file in files if (shown := shown_as(tx, file, place, around)) is not None], total

    is_narrow = (
        query.under in (None, "") and query.name is None and query.user is None and environment is None
    )
    look = read if is_narrow and skip <= FAR else scan
    return await look(ports, principal, work)


def shown_as(
    tx: Transaction, file: File, environment: Environment | None, around: Surroundings
) -> VersionView | None:
    """A file in a list: the version in an environment, or the default one; None when it has none to show."""
    if environment is not None:
        version = tx.versions.get(id=environment_targets(tx, file)[environment.id])
        return None if version is None else view(tx, file, version, around)
    try:
        return view(tx, file, default_version(tx, file), around)
    except NotFound:  # a list is not refused for one file that lost all of its versions
        return None


def _check_directory(tx: Transaction, path: str | None) -> None:
    """Humanloop 8.40: a list below what is no directory is refused, in these words."""
    if path and not isinstance(tx.files.at(path=path), Directory):
        raise NotFound("directory", path, f"Directory `{path}` does not exist")


def _environment(tx: Transaction, name: str) -> Environment:
    found = find_environment(tx, name)
    if found is None:
        raise NotFound("environment", name, f"Environment {name} does not exist.")
    return found


async def move(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    path: str | None,
    name: str | None,
    directory_id: str | None,
) -> VersionView:
    """Give a file another place; directories on the way are made. Answers its default version.

    Its versions and releases stay as they are, and keep the name they were made under.

    Args:
        path: the whole new path; the other two must then agree with it.
        name: the new last segment.
        directory_id: the directory it goes to.

    Raises:
        Invalid: the place breaks a rule, or is given twice and differently.
        NotFound: there is no such file or directory.
        AlreadyExists: something else is there.
    """
    principal.require(Right.EDITOR)
    places.check_place(path=path, name=name)

    def work(tx: Transaction) -> VersionView:
        file = tree.find(tx, kind=kind, ref=ref)
        directory = None if directory_id is None else tree.find_directory(tx, id=directory_id)
        target = places.target(
            path=path, name=name, parent=directory, old=file.path, parent_key="directory_id"
        )
        shown = default_version(tx, file)
        if target == file.path:
            return view(tx, file, shown)
        if file.owner_id is not None:
            raise Invalid.at("path", message=f"`{file.path}` is a node of a flow and stays with it.")
        now = ports.clock.now()
        places.check_is_free(tx, target)
        above = tree.directory_for(tx, ports, target, now)
        moved = msgspec.structs.replace(file, path=target, directory_id=above.id, updated_at=now)
        tx.files.update(moved)
        if tx.versions.get(id=shown.id) is not None:  # a draft is shown without being a version
            shown = msgspec.structs.replace(shown, updated_at=now)
            tx.versions.update(shown)
        return view(tx, moved, shown)

    return await write(ports, principal, work)


async def find(ports: Ports, principal: Principal, *, ref: str) -> VersionView:
    """The file of any kind with that id or path, as its default version."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> VersionView:
        file = _find(tx, ref)
        return view(tx, file, default_version(tx, file))

    return await read(ports, principal, work)


async def describe(ports: Ports, principal: Principal, *, ref: str, texts: NewTexts) -> VersionView:
    """Change what is said of a file of any kind. Answers its default version.

    Args:
        ref: the file's id or path.
    """
    principal.require(Right.EDITOR)
    _check_texts(texts)

    def work(tx: Transaction) -> VersionView:
        file = _find(tx, ref)
        told = msgspec.structs.replace(
            file,
            description=file.description if texts.description is msgspec.UNSET else texts.description,
            readme=file.readme if texts.readme is msgspec.UNSET else texts.readme,
            tags=file.tags if texts.tags is msgspec.UNSET else texts.tags,
        )
        if told != file:
            told = msgspec.structs.replace(told, updated_at=ports.clock.now())
            tx.files.update(told)
        return view(tx, told, default_version(tx, told))

    return await write(ports, principal, work)


def _find(tx: Transaction, ref: str) -> File:
    file = tx.files.get(id=ref) or tree.at(tx, path=ref)
    if not isinstance(file, File):
        raise NotFound("file", ref, f"There is no file with the ID or path `{ref}`.")
    return file


def _check_texts(texts: NewTexts) -> None:
    for name in ("description", "readme"):
        text = getattr(texts, name)
        if isinstance(text, str) and len(text) > MAX_TEXT:
            raise Invalid.at(name, message=f"A text may have at most {MAX_TEXT} characters.", kind="length")
    if texts.tags is msgspec.UNSET:
        return
    if len(texts.tags) > MAX_TAGS or len(set(texts.tags)) < len(texts.tags):
        message = f"A file may have at most {MAX_TAGS} tags, each of them once."
        raise Invalid.at("tags", message=message, kind="tags")
    for tag in texts.tags:
        if not tag.strip() or len(tag) > MAX_TAG:
            raise Invalid.at("tags", message=f"A tag has 1 to {MAX_TAG} characters.", kind="length")
