"""Drafts: what is being edited, and its prepared snapshot (bedrock 1.3-1.5; the common domain)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import PointerKind
from headrace.core.errors import AlreadyExists, InUse, NotFound, QuotaExceeded
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.kinds.flow import read_content
from headrace.core.kinds.prompt import prompt_variables, read_arn
from headrace.core.ports import Transaction
from headrace.core.subjects import OfOneFile
from headrace.core.validate import Finding, Severity
from headrace.core.versions import Draft, DraftStatus, Version
from headrace.services import receipts
from headrace.services.base import Ports, digest_of, read, write
from headrace.services.logs import traces
from headrace.services.receipts import Token
from headrace.services.tree import tags, tree


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A file and its draft."""

    file: File
    draft: Draft


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A draft's whole content and the texts of its file.

    Attributes:
        kind: the file's kind.
        short_name: the file's name among those of its kind.
        content: JSON text, see ``core.kinds``.
        labels: key-value tags of a file that is being made.
    """

    kind: str
    short_name: str
    description: str | None
    content: bytes
    labels: Mapping[str, str] = {}


async def create(ports: Ports, principal: Principal, edit: Edit, *, token: Token | None = None) -> DraftView:
    """Make a file with an unprepared draft, in its kind's home under its name.

    Raises:
        AlreadyExists: the name is taken.
        QuotaExceeded: the organisation has all the files of the kind it may have.
        TokenReused: the token stood for another request.
    """
    principal.require(Right.EDITOR)
    tags.check_keys(edit.labels)
    content_digest = await digest_of(edit.content)
    operation = f"create_{edit.kind}"

    def work(tx: Transaction) -> DraftView:
        now = ports.clock.now()
        receipt = receipts.find(tx, ports, token, operation=operation, parent="", now=now)
        if receipt is not None:
            earlier = _replayed(tx, receipt.result_id, edit, receipt.created_at)
            if earlier is not None:
                return earlier
            receipts.forget(tx, receipt)
        made = add(tx, ports, principal, edit, content_digest, now)
        receipts.keep(tx, ports, token, operation=operation, parent="", result_id=made.file.id, now=now)
        return made

    return await write(ports, principal, work)


def add(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    edit: Edit,
    content_digest: str,
    now: datetime,
    *,
    path: str | None = None,
) -> DraftView:
    """Make a file with an unprepared draft inside another use case. See `create`.

    Args:
        path: a free one; without it the file stands in its kind's home under its name.
    """
    _check_there_is_room(tx, ports, edit)
    file = tree.create(
        tx,
        ports,
        principal,
        kind=edit.kind,
        path=path or tree.free_path(tx, ports, edit.kind, edit.short_name),
        short_name=edit.short_name,
        description=edit.description,
        now=now,
    )
    draft = new_draft(ports, principal, file, edit.content, content_digest, now)
    tx.drafts.put(draft)
    tags.put(tx, ports, tags.path_of(file.kind, file.short_id), edit.labels)
    return DraftView(file=file, draft=draft)


def _check_there_is_room(tx: Transaction, ports: Ports, edit: Edit) -> None:
    _check_short_name_is_free(tx, edit)
    limit = ports.limits.files[edit.kind]
    if tx.files.count(kind=edit.kind) >= limit:
        raise QuotaExceeded(
            f"The number of {edit.kind}s in this account would exceed its limit of {limit}.", limit=limit
        )


def new_draft(
    ports: Ports, principal: Principal, file: File, content: bytes, content_digest: str, now: datetime
) -> Draft:
    """The first draft of a file."""
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


def _replayed(tx: Transaction, file_id: str, edit: Edit, created_at: datetime) -> DraftView | None:
    """The answer to a request that is being repeated: the flow as it was at first, whatever it is now.

    Everything in that answer stands in the request (which is the same) or never changes.
    """
    file = tx.files.get(id=file_id)
    draft = tx.drafts.get(file_id=file_id)
    if file is None or draft is None:
        return None
    return DraftView(
        file=msgspec.structs.replace(file, short_name=edit.short_name, description=edit.description),
        draft=msgspec.structs.replace(
            draft,
            content=edit.content,
            status=DraftStatus.NOT_PREPARED,
            findings=None,
            updated_at=created_at,
        ),
    )


def _check_short_name_is_free(tx: Transaction, edit: Edit, *, owner: File | None = None) -> None:
    holder = tx.files.by_short_name(kind=edit.kind, short_name=edit.short_name)
    if holder is not None and (owner is None or holder.id != owner.id):
        raise AlreadyExists(f"A {edit.kind} with the name {edit.short_name} already exists.")


def find(tx: Transaction, kind: str, ref: str) -> DraftView:
    """A file that has a draft. A flow that never had content of the right shape has none: it is not found."""
    file = tree.find(tx, kind=kind, ref=ref)
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        raise NotFound(kind, ref, f"{KINDS[kind].title} `{ref}` has no content that could be a draft.")
    return DraftView(file=file, draft=draft)


async def get(ports: Ports, principal: Principal, *, kind: str, ref: str) -> DraftView:
    """A file and its draft."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: find(tx, kind, ref))


async def update(ports: Ports, principal: Principal, *, ref: str, edit: Edit) -> DraftView:
    """Replace a draft and its file's name and description; a snapshot stays until it is prepared again."""
    principal.require(Right.EDITOR)
    content_digest = await digest_of(edit.content)

    def work(tx: Transaction) -> DraftView:
        return replace(tx, find(tx, edit.kind, ref), edit, content_digest, ports.clock.now())

    return await write(ports, principal, work)


def replace(tx: Transaction, found: DraftView, edit: Edit, content_digest: str, now: datetime) -> DraftView:
    """Replace a draft inside another use case. See `update`."""
    _check_short_name_is_free(tx, edit, owner=found.file)
    file = msgspec.structs.replace(
        found.file, short_name=edit.short_name, description=edit.description, updated_at=now
    )
    draft = msgspec.structs.replace(
        found.draft,
        content=edit.content,
        digest=content_digest,
        is_edited=True,
        status=DraftStatus.NOT_PREPARED,
        findings=None,
        updated_at=now,
    )
    tx.files.update(file)
    tx.drafts.put(draft)
    return DraftView(file=file, draft=draft)


async def prepare(ports: Ports, principal: Principal, *, ref: str) -> DraftView:
    """Validate a flow's draft and, when nothing is wrong with it, make it the snapshot.

    Validation takes well under a millisecond, so nobody ever sees the state in between.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> DraftView:
        return settle(tx, ports, find(tx, "flow", ref), ports.clock.now())

    # It decides by the draft. What Prompt nodes name by ARN is only reported on, as it is meanwhile.
    return await write(ports, principal, OfOneFile(work, ref=ref))


def settle(tx: Transaction, ports: Ports, flow: DraftView, now: datetime) -> DraftView:
    """Prepare a draft inside another use case. See `prepare`."""
    draft = _prepared(tx, ports, flow.draft, now)
    tx.drafts.put(draft)
    return DraftView(file=flow.file, draft=draft)


def findings_of(tx: Transaction, ports: Ports, content: bytes) -> Sequence[Finding]:
    """What is wrong with a flow's content."""
    return ports.rules.findings(
        read_content(content).parsed_definition(),
        prompt_variables=lambda arn: prompt_variables_of(tx, arn),
        limits=ports.limits.node_types,
    )


def _prepared(tx: Transaction, ports: Ports, draft: Draft, now: datetime) -> Draft:
    findings = findings_of(tx, ports, draft.content)
    checked = msgspec.structs.replace(
        draft, status=DraftStatus.FAILED, findings=msgspec.json.encode(findings), updated_at=now
    )
    if any(finding.severity is Severity.ERROR for finding in findings):
        return checked
    return msgspec.structs.replace(
        checked,
        status=DraftStatus.PREPARED,
        snapshot_id=draft.snapshot_id or ports.ids.long(KINDS["flow"].version_prefix),
        snapshot=draft.content,
        snapshot_digest=draft.digest,
    )


async def check(ports: Ports, principal: Principal, definition: Any) -> Sequence[Finding]:
    """What is wrong with a definition of the right shape; nothing is kept."""
    principal.require(Right.READER)
    return await read(
        ports,
        principal,
        lambda tx: ports.rules.findings(
            definition,
            prompt_variables=lambda arn: prompt_variables_of(tx, arn),
            limits=ports.limits.node_types,
        ),
    )


def prompt_variables_of(tx: Transaction, arn: str) -> frozenset[str] | None:
    """The variables of a prompt that a node refers to; None when it is not one of this organisation's."""
    ref = read_arn(arn)
    file = tx.files.by_short_id(kind="prompt", short_id=ref.id) if ref and ref.account == tx.account else None
    if ref is None or file is None:
        return None
    if ref.number is None:
        draft = tx.drafts.get(file_id=file.id)
        return prompt_variables(draft.content) if draft else None
    release = tx.releases.get(file_id=file.id, number=ref.number)
    return prompt_variables(release.content) if release else None


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
        draft = new_draft(ports, principal, file, content, version.digest, now)
    elif draft.is_edited and (before is None or draft.digest != before.digest):
        return
    mirrored = msgspec.structs.replace(
        draft, content=content, digest=version.digest, is_edited=False, updated_at=now
    )
    tx.drafts.put(_prepared(tx, ports, mirrored, now) if KINDS[file.kind].is_prepared else mirrored)


async def list_drafts(
    ports: Ports, principal: Principal, *, kind: str, before: tuple[datetime, str] | None, take: int
) -> list[DraftView]:
    """Files of a kind that have a draft, newest first, from just after ``before`` (creation time, id) on."""
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[DraftView]:
        pairs = tx.files.drafted(kind=kind, before=before, take=take)
        return [DraftView(file=file, draft=draft) for file, draft in pairs]

    return await read(ports, principal, work)


async def delete(ports: Ports, principal: Principal, *, kind: str, ref: str, is_forced: bool) -> File:
    """Remove a file with its draft, versions, numbers and pointers.

    Raises:
        InUse: an alias exists and ``is_forced`` is not given.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> File:
        file = find(tx, kind, ref).file
        aliases = [p.pointer_id for p in tx.pointers.of_file(file_id=file.id) if p.kind is PointerKind.ALIAS]
        if aliases and not is_forced:
            raise InUse(
                f"Could not delete {kind} with ID {file.short_id}, since it has active aliases: "
                f"{', '.join(aliases)}."
            )
        traces.remove_file(tx, ports, file)
        return file

    return await write(ports, principal, work)
