"""Drafts: what is being edited, and its prepared snapshot (bedrock 1.3, 1.4; the common domain)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.canonical import digest
from headrace.core.deployments import PointerKind
from headrace.core.errors import AlreadyExists, InUse, NotFound, QuotaExceeded
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.kinds.flow import read_content
from headrace.core.ports import Transaction
from headrace.core.validate import Severity
from headrace.core.versions import Draft, DraftStatus, Version
from headrace.services import receipts, tree
from headrace.services.base import Ports, read, write
from headrace.services.receipts import Token

KIND = "flow"


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """A flow and its draft."""

    file: File
    draft: Draft


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A draft's whole content and the texts of its flow.

    Attributes:
        short_name: the flow's name.
        content: JSON text, see ``core.kinds.flow``.
    """

    short_name: str
    description: str | None
    content: bytes


async def create(ports: Ports, principal: Principal, edit: Edit, *, token: Token | None = None) -> FlowView:
    """Make a flow with an unprepared draft, at the root of the tree under its name.

    Raises:
        AlreadyExists: the name is taken.
        QuotaExceeded: the organisation has all the flows it may have.
        TokenReused: the token stood for another request.
    """
    principal.require(Right.EDITOR)
    content_digest = digest(edit.content)

    def work(tx: Transaction) -> FlowView:
        now = ports.clock.now()
        receipt = receipts.find(tx, ports, token, operation="create_flow", parent="", now=now)
        if receipt is not None:
            earlier = _replayed(tx, receipt.result_id, edit, receipt.created_at)
            if earlier is not None:
                return earlier
            receipts.forget(tx, receipt)
        _check_there_is_room(tx, ports, edit.short_name)
        file = tree.create(
            tx,
            ports,
            principal,
            kind=KIND,
            path=tree.free_path(tx, ports, edit.short_name),
            short_name=edit.short_name,
            description=edit.description,
            now=now,
        )
        draft = _new_draft(ports, principal, file, edit.content, content_digest, now)
        tx.drafts.put(draft)
        receipts.keep(tx, ports, token, operation="create_flow", parent="", result_id=file.id, now=now)
        return FlowView(file=file, draft=draft)

    return await write(ports, principal, work)


def _check_there_is_room(tx: Transaction, ports: Ports, short_name: str) -> None:
    _check_short_name_is_free(tx, short_name)
    if tx.files.count(kind=KIND) >= ports.limits.flows:
        raise QuotaExceeded(
            f"The number of flows in this account would exceed its limit of {ports.limits.flows}.",
            limit=ports.limits.flows,
        )


def _new_draft(
    ports: Ports, principal: Principal, file: File, content: bytes, content_digest: str, now: datetime
) -> Draft:
    return Draft(
        file_id=file.id,
        id=ports.ids.long(KINDS[file.kind].version_prefix),
        content=content,
        digest=content_digest,
        is_edited=True,
        status=DraftStatus.NOT_PREPARED,
        findings=None,
        snapshot_id=None,
        snapshot=None,
        snapshot_digest=None,
        created_by=principal.user.id,
        created_at=now,
        updated_at=now,
    )


def _replayed(tx: Transaction, file_id: str, edit: Edit, created_at: datetime) -> FlowView | None:
    """The answer to a request that is being repeated: the flow as it was at first, whatever it is now.

    Everything in that answer stands in the request (which is the same) or never changes.
    """
    file = tx.files.get(id=file_id)
    draft = tx.drafts.get(file_id=file_id)
    if file is None or draft is None:
        return None
    return FlowView(
        file=msgspec.structs.replace(file, short_name=edit.short_name, description=edit.description),
        draft=msgspec.structs.replace(
            draft,
            content=edit.content,
            status=DraftStatus.NOT_PREPARED,
            findings=None,
            updated_at=created_at,
        ),
    )


def _check_short_name_is_free(tx: Transaction, short_name: str, *, owner: File | None = None) -> None:
    holder = tx.files.by_short_name(kind=KIND, short_name=short_name)
    if holder is not None and (owner is None or holder.id != owner.id):
        raise AlreadyExists(f"A flow with the name {short_name} already exists.")


def find(tx: Transaction, ref: str) -> FlowView:
    """A flow that has a draft. One that never had content of the right shape has none, and is not found."""
    file = tree.find(tx, kind=KIND, ref=ref)
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        raise NotFound(KIND, ref, f"Flow `{ref}` has no definition that could be a draft.")
    return FlowView(file=file, draft=draft)


async def get(ports: Ports, principal: Principal, *, ref: str) -> FlowView:
    """A flow and its draft."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: find(tx, ref))


async def update(ports: Ports, principal: Principal, *, ref: str, edit: Edit) -> FlowView:
    """Replace a draft and the flow's name and description; the snapshot stays until it is prepared again."""
    principal.require(Right.EDITOR)
    content_digest = digest(edit.content)

    def work(tx: Transaction) -> FlowView:
        now = ports.clock.now()
        flow = find(tx, ref)
        _check_short_name_is_free(tx, edit.short_name, owner=flow.file)
        file = msgspec.structs.replace(
            flow.file, short_name=edit.short_name, description=edit.description, updated_at=now
        )
        draft = msgspec.structs.replace(
            flow.draft,
            content=edit.content,
            digest=content_digest,
            is_edited=True,
            status=DraftStatus.NOT_PREPARED,
            findings=None,
            updated_at=now,
        )
        tx.files.update(file)
        tx.drafts.put(draft)
        return FlowView(file=file, draft=draft)

    return await write(ports, principal, work)


async def prepare(ports: Ports, principal: Principal, *, ref: str) -> FlowView:
    """Validate a draft and, when nothing is wrong with it, make it the snapshot.

    Validation takes well under a millisecond, so nobody ever sees the state in between.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> FlowView:
        flow = find(tx, ref)
        draft = _prepared(ports, flow.draft, ports.clock.now())
        tx.drafts.put(draft)
        return FlowView(file=flow.file, draft=draft)

    return await write(ports, principal, work)


def _prepared(ports: Ports, draft: Draft, now: datetime) -> Draft:
    findings = ports.rules.findings(read_content(draft.content).parsed_definition())
    checked = msgspec.structs.replace(
        draft, status=DraftStatus.FAILED, findings=msgspec.json.encode(findings), updated_at=now
    )
    if any(finding.severity is Severity.ERROR for finding in findings):
        return checked
    return msgspec.structs.replace(
        checked,
        status=DraftStatus.PREPARED,
        snapshot_id=draft.snapshot_id or ports.ids.long(KINDS[KIND].version_prefix),
        snapshot=draft.content,
        snapshot_digest=draft.digest,
    )


def follow(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    *,
    file: File,
    version: Version,
    content: bytes,
    before: Version | None,
    now: datetime,
) -> None:
    """Let the draft become newly submitted content, unless somebody is editing it.

    Args:
        content: the version's content as a run would use it.
        before: the newest version until now. A draft equal to it holds no edit of its own.
    """
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        draft = _new_draft(ports, principal, file, content, version.digest, now)
    elif draft.is_edited and (before is None or draft.digest != before.digest):
        return
    mirrored = msgspec.structs.replace(
        draft, content=content, digest=version.digest, is_edited=False, updated_at=now
    )
    tx.drafts.put(_prepared(ports, mirrored, now))


async def list_flows(
    ports: Ports, principal: Principal, *, before: tuple[datetime, str] | None, take: int
) -> list[FlowView]:
    """Flows that have a draft, newest first, from just after ``before`` (creation time, id) on."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[FlowView]:
        return [
            FlowView(file=file, draft=draft)
            for file, draft in tx.files.drafted(kind=KIND, before=before, take=take)
        ]

    return await read(ports, principal, work)


async def delete(ports: Ports, principal: Principal, *, ref: str, is_forced: bool) -> File:
    """Remove a flow with its draft, versions, numbers and pointers.

    Raises:
        InUse: an alias exists and ``is_forced`` is not given.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> File:
        file = find(tx, ref).file
        aliases = [p.pointer_id for p in tx.pointers.of_file(file_id=file.id) if p.kind is PointerKind.ALIAS]
        if aliases and not is_forced:
            raise InUse(
                f"Could not delete flow with ID {file.short_id}, since it has active aliases: "
                f"{', '.join(aliases)}."
            )
        tx.files.remove(id=file.id, at=ports.clock.now())
        return file

    return await write(ports, principal, work)
