"""Handing in versions, where they are deployed, and who monitors their files."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.deployments import PointerKind
from headrace.core.errors import HeadraceError
from headrace.core.files import File
from headrace.core.kinds.kind import without_nulls
from headrace.core.kinds.prompt import prompt_form
from headrace.core.monitoring import Monitor
from headrace.core.parsing import parse
from headrace.core.versions import MAX_NUMBER, Version
from headrace.services.deployments import moves
from headrace.services.deployments.moves import Change
from headrace.services.deployments.pointers import Spot, aim_of_version
from headrace.services.exchange_humanloop.desk import Desk, Refused
from headrace.services.exchange_humanloop.parts import (
    Act,
    DeploymentPart,
    MonitorPart,
    Outcome,
    VersionPart,
)
from headrace.services.versions import drafts, numbers
from headrace.services.versions.versions import Prepared

EVALUATOR = "evaluator"
PROMPT = "prompt"
Ready = Prepared | HeadraceError
"""A version's content, checked and digested; or why it can't be kept."""


def put_version(desk: Desk, part: VersionPart, ready: Ready) -> Outcome:
    """Make a version; one that is in lists gets the next number of its file."""
    if isinstance(ready, HeadraceError):
        raise ready
    there = desk.tx.versions.kept(id=part.id)
    if there is not None:
        _note_use(desk, part, there)
        return _compared(part, there, ready)
    file = desk.tx.files.get(id=part.file_id)
    if file is None and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if file is None or file.kind != part.kind:
        raise Refused(f"its {part.kind} is not here")
    twin = desk.tx.versions.by_digest(file_id=file.id, digest=ready.digest)
    if twin is not None:
        raise Refused(f"version {twin.id} has the same content here")
    is_named = part.name is not None and desk.tx.versions.by_name(file_id=file.id, name=part.name) is None
    if not desk.is_rehearsal:
        _add(desk, part, ready, file, part.name if is_named else None)
    note = None if is_named or part.name is None else f"another version has its name `{part.name}` here"
    return Outcome(id=part.id, act=Act.MADE, note=note)


def _compared(part: VersionPart, there: Version, ready: Prepared) -> Outcome:
    if there.file_id != part.file_id:
        raise Refused(f"here this ID belongs to a version of {there.file_id}")
    differing = [
        word
        for word, is_same in (
            ("content", _has_content(there, part.kind, ready)),
            ("name", there.name == part.name),
            ("description", there.description == part.description),
        )
        if not is_same
    ]
    if differing:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it has another {' and '.join(differing)}")
    if there.deleted_at is not None and not part.is_hidden:
        return Outcome(id=part.id, act=Act.DIFFERENT, note="it was deleted here")
    return Outcome(id=part.id, act=Act.UNCHANGED)


def _has_content(there: Version, kind: str, ready: Prepared) -> bool:
    """Whether a version is what the export shows: of a prompt in Bedrock's form that is Humanloop's."""
    if there.digest == ready.digest:
        return True
    return kind == PROMPT and _as_exported(there.content) == _as_exported(ready.submission.content)


def _as_exported(content: bytes) -> Any:
    return parse(without_nulls(msgspec.json.encode(prompt_form(content))))


def _note_use(desk: Desk, part: VersionPart, there: Version) -> None:
    """A later export of the same server knows of later uses."""
    if there.file_id == part.file_id and part.last_used_at > there.last_used_at and not desk.is_rehearsal:
        desk.tx.logs.note_use(file_id=there.file_id, version_id=there.id, at=part.last_used_at)


def _add(desk: Desk, part: VersionPart, ready: Prepared, file: File, name: str | None) -> None:
    tx = desk.tx
    before = tx.versions.newest(file_id=file.id)
    version = Version(
        id=part.id,
        file_id=file.id,
        digest=ready.digest,
        content=ready.submission.content,
        name=name,
        description=part.description,
        created_by=desk.user(part.author),
        created_at=part.created_at,
        updated_at=part.updated_at,
        last_used_at=part.last_used_at,
        logs_count=0,
        is_runnable=ready.runnable is not None,
        is_upserted=not part.is_hidden,
        deleted_at=part.updated_at if part.is_hidden else None,
    )
    tx.versions.add(version)
    if part.last_used_at > part.created_at:
        tx.logs.note_use(file_id=file.id, version_id=version.id, at=part.last_used_at)
    if not part.is_hidden:
        _release(desk, part, ready, file, version, before)


def _release(
    desk: Desk, part: VersionPart, ready: Prepared, file: File, version: Version, before: Version | None
) -> None:
    """Give a version that is listed its number; where it can run, the draft follows it."""
    tx = desk.tx
    content = ready.runnable or version.content
    if file.last_number < MAX_NUMBER:
        numbers.release(
            tx,
            desk.principal,
            file=file,
            version=version,
            content=content,
            description=part.description,
            now=part.created_at,
        )
        _restore_time(desk, file)
    if ready.runnable is not None:
        drafts.follow(
            tx,
            desk.ports,
            desk.principal,
            file=file,
            version=version,
            content=content,
            before=before,
            now=part.created_at,
        )


def _restore_time(desk: Desk, file: File) -> None:
    """Giving out a number counted as a change of the file, which it was not."""
    numbered = desk.tx.files.get(id=file.id)
    assert numbered is not None
    desk.tx.files.update(msgspec.structs.replace(numbered, updated_at=file.updated_at))


def put_deployment(desk: Desk, part: DeploymentPart) -> Outcome:
    """Let an environment have a version, unless it has one of that file."""
    file = desk.tx.files.get(id=part.file_id)
    version = desk.tx.versions.get(id=part.version_id)
    if (file is None or version is None) and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if file is None or version is None or version.file_id != file.id:
        raise Refused(f"version `{part.version_id}` is not here, or was deleted")
    environment = desk.environment(part.environment_id, part.environment_name)
    pointer = desk.tx.pointers.get(file_id=file.id, kind=PointerKind.ENVIRONMENT, pointer_id=environment.id)
    if pointer is not None and pointer.version_id == version.id:
        return Outcome(id=part.id, act=Act.UNCHANGED)
    if pointer is not None:
        note = f"here `{environment.name}` has version {pointer.version_id}, not {version.id}"
        return Outcome(id=part.id, act=Act.DIFFERENT, note=note)
    if not desk.is_rehearsal:
        spot = Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=environment.id, name=environment.name)
        # What stood there stands here: a gate of this server was not there to be asked.
        change = Change(spot=spot, to=aim_of_version(version), at=desk.now)
        moves.append(desk.tx, desk.ports, desk.principal, change, spot.last(desk.tx))
    return Outcome(id=part.id, act=Act.MADE)


def put_monitor(desk: Desk, part: MonitorPart) -> Outcome:
    """Attach an evaluator to a file. Nothing is judged because of that."""
    file, evaluator = (desk.tx.files.get(id=one) for one in (part.file_id, part.evaluator_id))
    if (file is None or evaluator is None) and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if file is None or evaluator is None or evaluator.kind != EVALUATOR:
        raise Refused(f"evaluator `{part.evaluator_id}` or the file it monitors is not here")
    if not desk.tx.versions.count(file_id=evaluator.id):
        raise Refused(f"evaluator `{evaluator.id}` has no version here")
    version = None if part.version_id is None else desk.tx.versions.get(id=part.version_id)
    if part.version_id is not None and (version is None or version.file_id != evaluator.id):
        raise Refused(f"version `{part.version_id}` of the evaluator is not here, or was deleted")
    environment_id = None
    if part.environment_id is not None:
        environment_id = desk.environment(part.environment_id, part.environment_name).id
    wanted = (evaluator.id, part.version_id, environment_id)
    for one in desk.tx.monitors.of_file(file_id=file.id):
        if (one.evaluator_id, one.version_id, one.environment_id) == wanted:
            is_same = one.is_active == part.is_active
            note = None if is_same else f"here it is {'active' if one.is_active else 'inactive'}"
            return Outcome(id=part.id, act=Act.UNCHANGED if is_same else Act.DIFFERENT, note=note)
    if not desk.is_rehearsal:
        desk.tx.monitors.put(
            Monitor(
                id=desk.ids.long("mon_"),
                file_id=file.id,
                evaluator_id=evaluator.id,
                version_id=part.version_id,
                environment_id=environment_id,
                is_active=part.is_active,
                created_at=part.created_at,
                updated_at=part.updated_at,
            )
        )
    return Outcome(id=part.id, act=Act.MADE)
