"""Bringing many files in at once, all or nothing, and taking them out as of one moment (bedrock 1.7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.canonical import digest
from headrace.core.errors import AlreadyExists, Invalid
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.validate import Severity
from headrace.core.versions import DraftStatus, Release
from headrace.services.base import Ports, read, write
from headrace.services.deployments import aliases
from headrace.services.deployments.aliases import AliasEdit, AliasView
from headrace.services.tree import tags
from headrace.services.versions import drafts, releases
from headrace.services.versions.drafts import DraftView, Edit
from headrace.services.versions.releases import Order

EVERYTHING = 1_000_000_000
"""More than there can be of anything in one page."""


class Act(StrEnum):
    """What was done about one resource."""

    MADE = "made"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a step of an import works with: the transaction, who asks, and when.

    Attributes:
        is_update: whether what is there already may be changed.
    """

    tx: Transaction
    ports: Ports
    principal: Principal
    now: datetime
    is_update: bool

    def put_file(self, edit: Edit) -> tuple[DraftView, Act]:
        """Make a file, or let the one of that name have this draft."""
        tags.check_keys(edit.labels)
        holder = self.tx.files.by_short_name(kind=edit.kind, short_name=edit.short_name)
        content_digest = digest(edit.content)
        if holder is None:
            made = drafts.add(self.tx, self.ports, self.principal, edit, content_digest, self.now)
            return made, Act.MADE
        found = drafts.find(self.tx, edit.kind, holder.id)
        self.label(tags.path_of(edit.kind, holder.short_id), edit.labels)
        if (found.draft.digest, holder.description) == (content_digest, edit.description):
            return found, Act.UNCHANGED
        return drafts.replace(self.tx, found, edit, content_digest, self.now), Act.UPDATED

    def prepare(self, flow: DraftView) -> DraftView:
        """Prepare a flow's draft, unless it is."""
        if flow.draft.status is DraftStatus.PREPARED:
            return flow
        return drafts.settle(self.tx, self.ports, flow, self.now)

    def put_release(
        self, found: DraftView, order: Order, *, content: bytes | None, number: int | None
    ) -> tuple[Release, Act]:
        """Give content a number, unless it has one.

        Args:
            content: what is released; None is the file's draft.
            number: the number it had where it comes from. It keeps it while that is free and ahead.

        Raises:
            Invalid: the content of a flow has errors; they are named.
        """
        tags.check_keys(order.labels)
        file = found.file
        content = found.draft.content if content is None else content
        if file.kind == "flow":
            self._check_sound(content, order)
        content_digest = digest(content)
        there = self._numbered(file, content_digest, order.description, number)
        if there is not None:
            self.label(tags.path_of(file.kind, file.short_id, number=there.number), order.labels)
            return there, Act.UNCHANGED
        if number is not None and number > file.last_number + 1:
            # Numbers that are gone where it comes from stay unused here, so that references keep their sense.
            self.tx.files.issue_number(id=file.id, number=number - 1, at=self.now)
            file = msgspec.structs.replace(file, last_number=number - 1)
        made = releases.add(
            self.tx, self.ports, self.principal, file, order, content, content_digest, self.now
        )
        return made, Act.MADE

    def _check_sound(self, content: bytes, order: Order) -> None:
        found = drafts.findings_of(self.tx, self.ports, content)
        errors = [one.message for one in found if one.severity is Severity.ERROR]
        if errors:
            raise Invalid(
                message=f"This version of {order.kind} {order.ref} can't be made: {' '.join(errors)}"
            )

    def _numbered(
        self, file: File, content_digest: str, description: str | None, number: int | None
    ) -> Release | None:
        """The number that an update finds the content under; of several the one with this description."""
        version = self.tx.versions.by_digest(file_id=file.id, digest=content_digest)
        if not self.is_update or version is None:
            return None
        numbers = self.tx.releases.of_version(version_id=version.id)
        found = [self.tx.releases.get(file_id=file.id, number=one) for one in numbers]
        live = [one for one in found if one is not None]
        ranked = sorted(
            live, key=lambda one: (one.number == number, one.description == description, one.number)
        )
        return ranked[-1] if ranked else None

    def put_alias(self, file: File, edit: AliasEdit, labels: Mapping[str, str]) -> tuple[AliasView, Act]:
        """Make an alias, or let the one of that name be like this."""
        tags.check_keys(labels)
        holder = self.tx.aliases.by_name(file_id=file.id, name=edit.name)
        if holder is None or not self.is_update:
            made = aliases.add(self.tx, self.ports, self.principal, file, edit, labels, self.now)
            return made, Act.MADE
        found = aliases.view(self.tx, file, holder)
        self.label(tags.path_of(file.kind, file.short_id, alias=holder.id), labels)
        is_same = (holder.description, holder.concurrency, found.target) == (
            edit.description,
            edit.concurrency,
            edit.target,
        )
        if is_same:
            return found, Act.UNCHANGED
        return aliases.replace(self.tx, self.ports, self.principal, found, edit, self.now), Act.UPDATED

    def label(self, resource: str, labels: Mapping[str, str]) -> None:
        """Add tags to something that is there."""
        tags.put(self.tx, self.ports, resource, labels)


class _Rehearsed(Exception):
    """Everything went well and is not to be kept."""


async def bring_in(
    ports: Ports,
    principal: Principal,
    work: Callable[[Desk], None],
    *,
    names: Collection[tuple[str, str]],
    is_update: bool,
    is_rehearsal: bool,
) -> None:
    """Carry out an import, all or nothing.

    Args:
        work: the whole import. It is called again when somebody else was faster to a name.
        names: the kinds and names of the files it makes.
        is_update: what is there already is changed; else it is a conflict.
        is_rehearsal: nothing is kept, but everything that would go wrong does.

    Raises:
        AlreadyExists: files of these names are there; all of them are named.
    """
    principal.require(Right.EDITOR)

    def run(tx: Transaction) -> None:
        if not is_update:
            _check_free(tx, names)
        work(Desk(tx=tx, ports=ports, principal=principal, now=ports.clock.now(), is_update=is_update))
        if is_rehearsal:
            raise _Rehearsed

    try:
        await write(ports, principal, run)
    except _Rehearsed:
        return


def _check_free(tx: Transaction, names: Collection[tuple[str, str]]) -> None:
    found = [tx.files.by_short_name(kind=kind, short_name=name) for kind, name in names]
    taken = [f"{file.kind} {file.short_name} ({file.short_id})" for file in found if file is not None]
    if taken:
        raise AlreadyExists(f"These exist already: {', '.join(taken)}. Nothing was changed.")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is taken out, with all that belongs to it.

    Attributes:
        releases: lowest number first.
        aliases: oldest first.
        labels: its tags; of its alias for the draft; of its releases by number; of its aliases by id.
    """

    view: DraftView
    releases: Sequence[Release]
    aliases: Sequence[AliasView]
    tags: Mapping[str, str]
    draft_alias_tags: Mapping[str, str]
    release_tags: Mapping[int, Mapping[str, str]]
    alias_tags: Mapping[str, Mapping[str, str]]


async def take_out(ports: Ports, principal: Principal, *, kind: str, refs: Collection[str]) -> list[Taken]:
    """Files of a kind, oldest first, as of one moment.

    Args:
        refs: their ids or names; none is all of them.

    Raises:
        NotFound: there is none of an id or name.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Taken]:
        if not refs:
            everything = tx.files.drafted(kind=kind, before=None, take=EVERYTHING)
            return [_take(tx, DraftView(file=file, draft=draft)) for file, draft in reversed(everything)]
        return [_take(tx, _named(tx, kind, ref)) for ref in refs]

    return await read(ports, principal, work)


def _named(tx: Transaction, kind: str, ref: str) -> DraftView:
    file = tx.files.by_short_name(kind=kind, short_name=ref)
    return drafts.find(tx, kind, ref if file is None else file.id)


def _take(tx: Transaction, found: DraftView) -> Taken:
    file = found.file
    kept = list(reversed(tx.releases.runnable(file_id=file.id, before=None, take=EVERYTHING)))
    pointed = list(reversed(tx.aliases.page(file_id=file.id, before=None, take=EVERYTHING)))

    def tagged(*, alias: str | None = None, number: int | None = None) -> dict[str, str]:
        return tx.tags.of(resource=tags.path_of(file.kind, file.short_id, alias=alias, number=number))

    return Taken(
        view=found,
        releases=kept,
        aliases=[aliases.view(tx, file, alias) for alias in pointed],
        tags=tagged(),
        draft_alias_tags=tagged(alias=DRAFT_ALIAS),
        release_tags={one.number: tagged(number=one.number) for one in kept} if file.kind == "prompt" else {},
        alias_tags={alias.id: tagged(alias=alias.id) for alias in pointed},
    )
