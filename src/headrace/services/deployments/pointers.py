"""Which pointer is meant, what it is called, and what it may be told to target. Parts of use cases."""

from __future__ import annotations

import msgspec

from headrace.core.deployments import Action, Aim, Move, Pointer, PointerKind
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT, Version
from headrace.services.tree import tree
from headrace.services.versions.views import environment_of


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer as people name it; with neither an environment nor an alias the file itself.

    Attributes:
        kind: the file's kind.
        ref: the file's id, its path, or its name among the files of its kind.
        environment: an environment's id or name.
        alias: the id or the name of an alias of a flow.
    """

    kind: str
    ref: str
    environment: str | None = None
    alias: str | None = None


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer that was found, whether it targets anything or not.

    Attributes:
        name: the environment's or the alias's; the path of the file itself.
    """

    file: File
    kind: PointerKind
    pointer_id: str
    name: str

    def state(self, tx: Transaction) -> Pointer | None:
        """What it targets now."""
        return tx.pointers.get(file_id=self.file.id, kind=self.kind, pointer_id=self.pointer_id)

    def last(self, tx: Transaction, action: Action | None = None) -> Move | None:
        """Its last move, or the last one of that kind."""
        return tx.pointers.last(
            file_id=self.file.id, kind=self.kind, pointer_id=self.pointer_id, action=action
        )


def find(tx: Transaction, where: Where) -> Spot:
    """The pointer that is meant.

    Raises:
        NotFound: there is no such file, environment or alias.
        Invalid: an environment and an alias are named, or the alias that follows the draft for ever.
    """
    file = tree.find_anyhow(tx, kind=where.kind, ref=where.ref)
    if where.environment is not None and where.alias is not None:
        message = f"Either an environment or an alias, not `{where.environment}` and `{where.alias}`."
        raise Invalid.at("alias", message=message, kind="mismatch")
    if where.environment is not None:
        place = environment_of(tx, where.environment)
        return Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)
    if where.alias is not None:
        return _alias(tx, file, where.alias)
    return Spot(file=file, kind=PointerKind.FLOW, pointer_id=file.id, name=file.path)


def _alias(tx: Transaction, file: File, ref: str) -> Spot:
    if ref == DRAFT_ALIAS:
        raise Invalid.at("alias", message=f"The test alias {DRAFT_ALIAS} can't be moved.", kind="alias")
    alias = tx.aliases.get(file_id=file.id, id=ref) or tx.aliases.by_name(file_id=file.id, name=ref)
    if alias is None:
        raise NotFound("alias", ref, f"Alias {ref} of {file.kind} {file.short_id} not found.")
    return Spot(file=file, kind=PointerKind.ALIAS, pointer_id=alias.id, name=alias.name)


def named(tx: Transaction, file: File, kind: PointerKind, pointer_id: str) -> Spot:
    """A pointer by its id, with its name; one that is gone is called by its id."""
    name = pointer_id
    if kind is PointerKind.ENVIRONMENT:
        name = next((one.name for one in tx.environments.all() if one.id == pointer_id), pointer_id)
    elif kind is PointerKind.ALIAS:
        alias = tx.aliases.get(file_id=file.id, id=pointer_id)
        name = pointer_id if alias is None else alias.name
    return Spot(file=file, kind=kind, pointer_id=pointer_id, name=name)


def title(spot: Spot) -> str:
    """What to call a pointer in a message."""
    of = f"{KINDS[spot.file.kind].title} `{spot.file.path}`"
    if spot.kind is PointerKind.FLOW:
        return of
    return f"The {spot.kind.value} `{spot.name}` of {of}"


def aim_at(tx: Transaction, file: File, kind: PointerKind, to: str) -> Aim:
    """What a pointer of that kind is to target, from a version's id, a number or ``DRAFT``.

    Raises:
        NotFound: the file has no such version.
        Invalid: pointers of this kind can't target it.
    """
    if kind is PointerKind.FLOW:
        message = "A file itself points at nothing; it can only be switched off and on."
        raise Invalid.at("to", message=message, kind="mismatch")
    if kind is PointerKind.ALIAS:
        return aim_of_target(tx, file, to if _is_target(to) else _number_of(tx, file, to))
    if to == DRAFT:
        raise Invalid.at("to", message="An environment targets versions, not the draft.", kind="mismatch")
    return aim_of_version(version_of(tx, file, to))


def _is_target(text: str) -> bool:
    return text == DRAFT or text.isdecimal()


def _number_of(tx: Transaction, file: File, version_id: str) -> str:
    """The highest number of a version that can run: by it an alias targets a version."""
    version = version_of(tx, file, version_id)
    numbers = tx.releases.of_version(version_id=version.id)
    if not version.is_runnable or not numbers:
        message = (
            f"Version {version_id} of {file.kind} {file.short_id} has no number that an alias could target."
        )
        raise NotFound("version", version_id, message)
    return str(max(numbers))


def version_of(tx: Transaction, file: File, ref: str) -> Version:
    """A version by its id or its number.

    Raises:
        NotFound: the file has none such.
    """
    release = tx.releases.get(file_id=file.id, number=int(ref)) if _is_number(ref) else None
    version = tx.versions.get(id=ref if release is None else release.version_id)
    if version is None or version.file_id != file.id:
        message = f"{KINDS[file.kind].title} `{file.path}` has no version `{ref}`."
        raise NotFound("version", ref, message)
    return version


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def aim_of_version(version: Version) -> Aim:
    """What an environment targets."""
    return Aim(version_id=version.id, digest=version.digest)


def aim_of_target(tx: Transaction, file: File, target: str) -> Aim:
    """What an alias targets: a number of a version that can run, or the draft.

    Raises:
        NotFound: there is no such number.
    """
    if target == DRAFT:
        draft = tx.drafts.get(file_id=file.id)
        return Aim(target=DRAFT, digest=None if draft is None else draft.snapshot_digest)
    release = tx.releases.get(file_id=file.id, number=int(target)) if _is_number(target) else None
    version = None if release is None else tx.versions.get(id=release.version_id)
    if release is None or version is None or not release.is_runnable or target != str(release.number):
        raise NotFound("version", target, f"Version {target} of flow {file.short_id} not found.")
    return Aim(version_id=version.id, target=target, digest=version.digest)
