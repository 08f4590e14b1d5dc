"""Approvals: that people want a version behind a pointer, which its gate may ask for.

An approval is of one version, so of one content, for one pointer; it says nothing of the next version.
"""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.gates import Approved
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read, write
from headrace.services.deployments import pointers
from headrace.services.deployments.gates import gated
from headrace.services.deployments.moves import MAX_REASON
from headrace.services.deployments.pointers import Spot, Where, title


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True):
    """An approval as a caller sees it.

    Attributes:
        user: None when that user is gone.
    """

    approved: Approved
    user: User | None


async def approve(
    ports: Ports, principal: Principal, where: Where, *, version: str, reason: str | None = None
) -> ApprovalView:
    """Approve a version for a pointer, in the place of an earlier approval of the same user.

    Args:
        version: its id or number.

    Raises:
        NotFound: there is no such pointer or version.
        Conflict: the caller made the version.
        Invalid: the pointer is none that targets versions, or the reason is too long.
    """
    principal.require(Right.EDITOR)
    if reason is not None and len(reason) > MAX_REASON:
        message = f"A reason may have at most {MAX_REASON} characters; this one has {len(reason)}."
        raise Invalid.at("reason", message=message, kind="length")

    def work(tx: Transaction) -> ApprovalView:
        spot, chosen = _found(tx, where, version)
        if chosen.created_by == principal.user.id:
            message = (
                f"Version {chosen.id} was made by {principal.user.full_name}: others have to approve it."
            )
            raise Conflict(message)
        approved = Approved(
            file_id=spot.file.id,
            kind=spot.kind,
            pointer_id=spot.pointer_id,
            version_id=chosen.id,
            user_id=principal.user.id,
            reason=reason,
            approved_at=ports.clock.now(),
        )
        tx.gates.approve(approved)
        return ApprovalView(approved=approved, user=principal.user)

    return await write(ports, principal, work)


async def withdraw(ports: Ports, principal: Principal, where: Where, *, version: str) -> None:
    """Take the caller's own approval back. What was moved because of it stays where it is.

    Raises:
        NotFound: there is no such pointer or version, or the caller did not approve it.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> None:
        spot, chosen = _found(tx, where, version)
        if not any(one.user_id == principal.user.id for one in _approvals(tx, spot, chosen)):
            message = f"{principal.user.full_name} did not approve version {version} for {title(spot)}."
            raise NotFound("approval", version, message)
        tx.gates.withdraw(
            file_id=spot.file.id,
            kind=spot.kind,
            pointer_id=spot.pointer_id,
            version_id=chosen.id,
            user_id=principal.user.id,
        )

    await write(ports, principal, work)


async def list_all(ports: Ports, principal: Principal, where: Where, *, version: str) -> list[ApprovalView]:
    """Who approved a version for a pointer, oldest first.

    Raises:
        NotFound: there is no such pointer or version.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[ApprovalView]:
        found = _approvals(tx, *_found(tx, where, version))
        return [ApprovalView(approved=one, user=tx.access.user(id=one.user_id)) for one in found]

    return await read(ports, principal, work)


def _found(tx: Transaction, where: Where, version: str) -> tuple[Spot, Version]:
    spot = gated(tx, where)
    return spot, pointers.version_of(tx, spot.file, version)


def _approvals(tx: Transaction, spot: Spot, version: Version) -> list[Approved]:
    return tx.gates.approvals(
        file_id=spot.file.id, kind=spot.kind, pointer_id=spot.pointer_id, version_id=version.id
    )
