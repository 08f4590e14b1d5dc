"""Handing in directories, environments and files."""

from __future__ import annotations

import msgspec

from headrace.core.deployments import Environment, EnvironmentTag
from headrace.core.files import Directory, File, FileQuery, check_path, hidden_path
from headrace.core.kinds import KINDS
from headrace.services.exchange_humanloop.desk import Desk, Refused
from headrace.services.exchange_humanloop.parts import (
    Act,
    DirectoryPart,
    EnvironmentPart,
    FilePart,
    Outcome,
)
from headrace.services.tree import tree
from headrace.services.versions.views import default_environment


def put_directory(desk: Desk, part: DirectoryPart) -> Outcome:
    """Make a directory, with the id that it had."""
    there = desk.tx.files.at(path=part.path)
    if isinstance(there, File):
        raise Refused(f"a {KINDS[there.kind].title} is at this path")
    if there is not None and part.kept_id in (None, there.id):
        return Outcome(id=part.id, act=Act.UNCHANGED)
    if there is not None:
        return _other_directory(desk, part, there)
    moved = None if part.kept_id is None else desk.tx.files.directory(id=part.kept_id)
    if moved is not None:
        return Outcome(id=part.id, act=Act.UNCHANGED, note=f"here it was moved to `{moved.path}`")
    if not desk.is_rehearsal:
        check_path(part.path, "path")
        _add_directory(desk, part)
    return Outcome(id=part.id, act=Act.MADE)


def _other_directory(desk: Desk, part: DirectoryPart, there: Directory) -> Outcome:
    """A directory that is here with another id. Nobody knows that of the root of an empty tree yet."""
    assert part.kept_id is not None
    is_untouched = there.parent_id is None and len(desk.tx.files.directories()) == 1 and _is_empty(desk)
    if not is_untouched:
        return Outcome(id=part.id, act=Act.UNCHANGED, note=f"here its ID is {there.id}, not {part.kept_id}")
    if not desk.is_rehearsal:
        desk.tx.files.remove_directory(id=there.id)
        desk.tx.files.add_directory(msgspec.structs.replace(there, id=part.kept_id))
    return Outcome(id=part.id, act=Act.MADE)


def _is_empty(desk: Desk) -> bool:
    return desk.tx.files.page(FileQuery(), skip=0, take=0)[1] == 0


def _add_directory(desk: Desk, part: DirectoryPart) -> None:
    parent = tree.directory_for(desk.tx, desk.ports, part.path, part.created_at)
    desk.tx.files.add_directory(
        Directory(
            id=part.kept_id or desk.ids.long("dir_"),
            path=part.path,
            parent_id=parent.id,
            created_at=part.created_at,
            updated_at=part.created_at,
        )
    )


def put_environment(desk: Desk, part: EnvironmentPart) -> Outcome:
    """Make an environment. One of the same name makes room while the organisation has no files."""
    known = desk.tx.environments.all()
    by_id = next((one for one in known if one.id == part.id), None)
    namesake = next((one for one in known if one.name == part.name and one.id != part.id), None)
    if by_id is not None:
        return _there(part, by_id)
    if namesake is not None and not _is_empty(desk):
        return Outcome(id=part.id, act=Act.UNCHANGED, note=f"here `{part.name}` has the ID {namesake.id}")
    if desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    becomes_default = part.is_default and _is_empty(desk)
    if namesake is not None:
        becomes_default = becomes_default or namesake.tag is EnvironmentTag.DEFAULT
        desk.tx.environments.remove(id=namesake.id)
    if becomes_default and (namesake is None or namesake.tag is not EnvironmentTag.DEFAULT):
        former = default_environment(desk.tx)
        desk.tx.environments.update(msgspec.structs.replace(former, tag=EnvironmentTag.OTHER))
    desk.tx.environments.add(
        Environment(
            id=part.id,
            name=part.name,
            tag=EnvironmentTag.DEFAULT if becomes_default else EnvironmentTag.OTHER,
            created_at=part.created_at or desk.now,
        )
    )
    is_as_it_was = becomes_default == part.is_default
    note = None if is_as_it_was else f"here another environment is the default one, not `{part.name}`"
    return Outcome(id=part.id, act=Act.MADE, note=note)


def _there(part: EnvironmentPart, there: Environment) -> Outcome:
    if there.name != part.name:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it is called `{there.name}`")
    return Outcome(id=part.id, act=Act.UNCHANGED)


def put_file(desk: Desk, part: FilePart) -> Outcome:
    """Make a file without versions."""
    if part.kind not in KINDS:
        raise Refused(f"files of the kind `{part.kind}` have no place here")
    there = desk.tx.files.get(id=part.id)
    if there is not None:
        return _compared(part, there)
    path = part.path if desk.tx.files.at(path=part.path) is None else _other_path(desk, part)
    owner = _owner(desk, part) if part.is_stray else None
    if owner is None:
        check_path(path, "path")
    if not desk.is_rehearsal:
        _add_file(desk, part, path, owner)
    note = None if path == part.path else f"its path was taken, so it is at `{path}`"
    return Outcome(id=part.id, act=Act.MADE, note=note)


def _compared(part: FilePart, there: File) -> Outcome:
    if there.kind != part.kind:
        raise Refused(f"here this ID belongs to a {KINDS[there.kind].title}")
    if part.is_stray:
        return Outcome(id=part.id, act=Act.UNCHANGED)
    members = ("path", "description", "readme", "tags")
    differing = [name for name in members if getattr(there, name) != getattr(part, name)]
    if differing:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it has another {' and '.join(differing)}")
    return Outcome(id=part.id, act=Act.UNCHANGED)


def _other_path(desk: Desk, part: FilePart) -> str:
    """Where a file goes whose path is taken: only one that was found in logs, so that those are kept."""
    if part.is_stray:
        return f"{part.path} ({part.id})"
    there = desk.tx.files.at(path=part.path)
    if isinstance(there, File):
        raise Refused(f"the path `{part.path}` is taken here by {KINDS[there.kind].title} {there.id}")
    raise Refused(f"the path `{part.path}` is a directory here")


def _owner(desk: Desk, part: FilePart) -> File | None:
    """The file of which this one is a node: the logs of nodes show such paths."""
    above = desk.tx.files.at(path=part.path.rpartition("/")[0])
    return above if isinstance(above, File) else None


def _add_file(desk: Desk, part: FilePart, path: str, owner: File | None) -> None:
    short_id = desk.ids.short()
    file = File(
        id=part.id,
        kind=part.kind,
        path=path,
        directory_id="",
        short_id=short_id,
        short_name=short_id,
        description=part.description,
        readme=part.readme,
        tags=part.tags,
        created_by=desk.user(part.author),
        created_at=part.created_at,
        updated_at=part.updated_at,
        last_number=0,
    )
    if owner is None:
        directory = tree.directory_for(desk.tx, desk.ports, path, part.created_at)
        short_name = tree.free_short_name(desk.tx, desk.ports, part.kind, path)
        file = msgspec.structs.replace(file, directory_id=directory.id, short_name=short_name)
    else:
        kept = hidden_path(owner_id=owner.id, kind=part.kind, name=path.rpartition("/")[2])
        file = msgspec.structs.replace(file, path=kept, directory_id=owner.directory_id, owner_id=owner.id)
    desk.tx.files.add(file)
