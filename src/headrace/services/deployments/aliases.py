"""Aliases: named pointers of one flow, each at a number or at the draft (bedrock 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Alias, Concurrency, PointerKind
from headrace.core.errors import AlreadyExists, Invalid, NotFound, QuotaExceeded
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services import receipts
from headrace.services.base import Ports, read, write
from headrace.services.deployments import moves
from headrace.services.deployments.moves import Change
from headrace.services.deployments.pointers import Spot, aim_of_target
from headrace.services.receipts import Token
from headrace.services.tree import tags
from headrace.services.versions import drafts

KIND = "flow"


class AliasView(msgspec.Struct, frozen=True, kw_only=True):
    """An alias and what it targets: a number or ``DRAFT``, as it was set."""

    file: File
    alias: Alias
    target: str


class AliasEdit(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be said of an alias."""

    name: str
    description: str | None
    concurrency: Concurrency | None
    target: str


async def create(
    ports: Ports,
    principal: Principal,
    *,
    ref: str,
    edit: AliasEdit,
    labels: Mapping[str, str],
    token: Token | None,
) -> AliasView:
    """Make an alias.

    Args:
        labels: its tags.

    Raises:
        NotFound: the flow or the version it is to target is not there.
        AlreadyExists: the flow has an alias of that name.
        QuotaExceeded: the flow has all the aliases it may have.
        TokenReused: the token stood for another request.
    """
    principal.require(Right.EDITOR)
    tags.check_keys(labels)

    def work(tx: Transaction) -> AliasView:
        now = ports.clock.now()
        file = drafts.find(tx, KIND, ref).file
        receipt = receipts.find(tx, ports, token, operation="create_alias", parent=file.id, now=now)
        if receipt is not None:
            if tx.aliases.get(file_id=file.id, id=receipt.result_id) is not None:
                alias = _new(file, edit, alias_id=receipt.result_id, now=receipt.created_at)
                return AliasView(file=file, alias=alias, target=edit.target)
            receipts.forget(tx, receipt)
        alias = add(tx, ports, principal, file, edit, labels, now).alias
        receipts.keep(tx, ports, token, operation="create_alias", parent=file.id, result_id=alias.id, now=now)
        return AliasView(file=file, alias=alias, target=edit.target)

    return await write(ports, principal, work)


def add(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    file: File,
    edit: AliasEdit,
    labels: Mapping[str, str],
    now: datetime,
) -> AliasView:
    """Make an alias inside another use case. See `create`."""
    _check_name_is_free(tx, file, edit.name)
    if tx.aliases.count(file_id=file.id) >= ports.limits.aliases:
        limit = ports.limits.aliases
        raise QuotaExceeded(
            f"The number of aliases of flow {file.short_id} would exceed its limit of {limit}.",
            limit=limit,
        )
    alias = _new(file, edit, alias_id=ports.ids.short(), now=now)
    tx.aliases.add(alias)
    _point(tx, ports, principal, file, alias, aim_of_target(tx, file, edit.target), now)
    tags.put(tx, ports, tags.path_of(KIND, file.short_id, alias=alias.id), labels)
    return AliasView(file=file, alias=alias, target=edit.target)


def _new(file: File, edit: AliasEdit, *, alias_id: str, now: datetime) -> Alias:
    return Alias(
        id=alias_id,
        file_id=file.id,
        name=edit.name,
        description=edit.description,
        concurrency=edit.concurrency,
        created_at=now,
        updated_at=now,
    )


def _check_name_is_free(tx: Transaction, file: File, name: str, *, owner: Alias | None = None) -> None:
    holder = tx.aliases.by_name(file_id=file.id, name=name)
    if name == DRAFT_ALIAS or (holder is not None and (owner is None or holder.id != owner.id)):
        raise AlreadyExists(f"An alias with the name {name} already exists for flow {file.short_id}.")


def _point(
    tx: Transaction, ports: Ports, principal: Principal, file: File, alias: Alias, aim: Aim, now: datetime
) -> None:
    action = Action.TAKE_AWAY if aim.is_nothing else Action.MOVE
    change = Change(spot=_spot(file, alias), to=aim, action=action, at=now)
    moves.move(tx, ports, principal, change)


def _spot(file: File, alias: Alias) -> Spot:
    return Spot(file=file, kind=PointerKind.ALIAS, pointer_id=alias.id, name=alias.name)


async def get(ports: Ports, principal: Principal, *, ref: str, alias: str) -> AliasView:
    """An alias by its id."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _find(tx, ref, alias))


def _find(tx: Transaction, ref: str, alias_id: str) -> AliasView:
    file = drafts.find(tx, KIND, ref).file
    if alias_id == DRAFT_ALIAS:
        return draft_alias(file)
    alias = tx.aliases.get(file_id=file.id, id=alias_id)
    if alias is None:
        raise NotFound("alias", alias_id, f"Alias {alias_id} of flow {file.short_id} not found.")
    return view(tx, file, alias)


def draft_alias(file: File) -> AliasView:
    """The alias that every flow is born with; it follows the prepared snapshot and can't be changed."""
    alias = Alias(
        id=DRAFT_ALIAS,
        file_id=file.id,
        name=DRAFT_ALIAS,
        description=None,
        concurrency=None,
        created_at=file.created_at,
        updated_at=file.created_at,
    )
    return AliasView(file=file, alias=alias, target=DRAFT)


def view(tx: Transaction, file: File, alias: Alias) -> AliasView:
    """An alias with its target, inside another use case."""
    return AliasView(file=file, alias=alias, target=_target(tx, alias))


def _target(tx: Transaction, alias: Alias) -> str:
    pointer = tx.pointers.get(file_id=alias.file_id, kind=PointerKind.ALIAS, pointer_id=alias.id)
    assert pointer is not None, "an alias is made with its first move"
    assert pointer.target is not None, "an alias is removed with the move that takes its target away"
    return pointer.target


async def update(ports: Ports, principal: Principal, *, ref: str, alias: str, edit: AliasEdit) -> AliasView:
    """Replace all of an alias; it points at its new target from the next call on.

    Raises:
        Invalid: the alias is the one that every flow is born with.
        AlreadyExists: another alias of the flow has the name.
        NotFound: the flow, the alias or the version it is to target is not there.
        Conflict: the alias's gate does not let it through.
    """
    principal.require(Right.EDITOR)
    _check_changeable(alias, "updated")

    def work(tx: Transaction) -> AliasView:
        return replace(tx, ports, principal, _find(tx, ref, alias), edit, ports.clock.now())

    return await write(ports, principal, work)


def replace(
    tx: Transaction, ports: Ports, principal: Principal, found: AliasView, edit: AliasEdit, now: datetime
) -> AliasView:
    """Replace all of an alias inside another use case. See `update`."""
    _check_name_is_free(tx, found.file, edit.name, owner=found.alias)
    aim = aim_of_target(tx, found.file, edit.target)  # it may be gone under an alias that targets it already
    changed = msgspec.structs.replace(
        found.alias,
        name=edit.name,
        description=edit.description,
        concurrency=edit.concurrency,
        updated_at=now,
    )
    tx.aliases.update(changed)
    if edit.target != found.target:
        _point(tx, ports, principal, found.file, changed, aim, now)
    return AliasView(file=found.file, alias=changed, target=edit.target)


async def delete(ports: Ports, principal: Principal, *, ref: str, alias: str) -> AliasView:
    """Remove an alias."""
    principal.require(Right.EDITOR)
    _check_changeable(alias, "deleted")

    def work(tx: Transaction) -> AliasView:
        found = _find(tx, ref, alias)
        tx.aliases.remove(file_id=found.file.id, id=alias)
        _point(tx, ports, principal, found.file, found.alias, Aim(), ports.clock.now())
        return found

    return await write(ports, principal, work)


def _check_changeable(alias: str, verb: str) -> None:
    if alias == DRAFT_ALIAS:
        raise Invalid.at(message=f"The test alias {DRAFT_ALIAS} can't be {verb}.", kind="alias", where="path")


async def list_aliases(
    ports: Ports, principal: Principal, *, ref: str, before: tuple[datetime, str] | None, take: int
) -> list[AliasView]:
    """Aliases of a flow, newest first, from just after ``before`` on; the draft's comes first."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[AliasView]:
        file = drafts.find(tx, KIND, ref).file
        first = [] if before else [draft_alias(file)]
        made = tx.aliases.page(file_id=file.id, before=before, take=take - len(first))
        return first + [view(tx, file, alias) for alias in made]

    return await read(ports, principal, work)
