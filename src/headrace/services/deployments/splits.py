"""Splits: several versions behind one pointer, each with its share of what is called by it.

Who calls with the same key gets the same version for as long as the split is as it is. The key is the name
of an execution, or what the caller gives for that; without one each call is on its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Pointer, Share
from headrace.core.errors import Conflict, Invalid
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports
from headrace.services.deployments import moves, pointers
from headrace.services.deployments.moves import NO_WISH, Change, Moved, Wish
from headrace.services.deployments.pointers import Spot, Where, aim_at, title
from headrace.services.deployments.rehearsals import carry_out

MAX_SHARES = 20
"""Among so many versions a pointer may be split."""
MAX_WEIGHT = 1_000_000
KEY_BYTES = 16
"""So long is a key of who gave none."""
BITS = 53
"""So many bits of a digest a fraction is made of: as many as a float holds exactly."""


async def split(
    ports: Ports,
    principal: Principal,
    where: Where,
    *,
    shares: Sequence[tuple[str, int]],
    wish: Wish = NO_WISH,
) -> Moved:
    """Share a pointer's calls out among versions, or end that.

    Args:
        shares: versions by id or number, with whole weights. What the pointer targets must be one of them:
            it stays what is shown where no shares can be. None ends the split.

    Raises:
        NotFound: there is no such pointer or version.
        Invalid: a share is none, or what the pointer targets has none.
        Conflict: the pointer targets no version, something else is there than was expected, or the gate
            is closed to one of the versions.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot = pointers.find(tx, where)
        to = _shared(tx, spot, shares)
        return moves.move(tx, ports, principal, Change(spot=spot, to=to, action=Action.SPLIT, wish=wish))

    return await carry_out(ports, principal, wish, work)


def _shared(tx: Transaction, spot: Spot, shares: Sequence[tuple[str, int]]) -> Aim:
    state = spot.state(tx)
    if state is None or state.version_id is None:
        targeted = DRAFT if state is not None and state.target == DRAFT else "nothing"
        raise Conflict(f"{title(spot)} targets {targeted}; only what targets a version can be split.")
    primary = Aim(version_id=state.version_id, target=state.target, digest=state.digest)
    if not shares:
        return primary
    _check_weights(shares)
    aims = [aim_at(tx, spot.file, spot.kind, to) for to, _ in shares]
    found = tuple(
        Share(version_id=aim.version_id, target=aim.target, weight=weight)
        for (to, weight), aim in zip(shares, aims, strict=True)
        if aim.version_id is not None
    )
    _check_versions(spot, state, found, count=len(shares))
    return Aim(version_id=primary.version_id, target=primary.target, digest=primary.digest, shares=found)


def _check_weights(shares: Sequence[tuple[str, int]]) -> None:
    if not 2 <= len(shares) <= MAX_SHARES:
        message = f"A split is among 2 to {MAX_SHARES} versions, not {len(shares)}; none ends it."
        raise Invalid.at("shares", message=message, kind="length")
    for place, (to, weight) in enumerate(shares):
        if not 0 <= weight <= MAX_WEIGHT:
            message = f"The weight of {to} must be a whole number from 0 to {MAX_WEIGHT}, not {weight}."
            raise Invalid.at("shares", place, "weight", message=message, kind="out_of_range")
    if not any(weight for _, weight in shares):
        raise Invalid.at("shares", message="At least one version must have a weight.", kind="value")


def _check_versions(spot: Spot, state: Pointer, found: Sequence[Share], *, count: int) -> None:
    if len(found) < count:
        message = "The draft can't have a share; only versions can."
        raise Invalid.at("shares", message=message, kind="mismatch")
    if len({share.version_id for share in found}) < count:
        raise Invalid.at("shares", message="A version may have one share only.", kind="duplicate")
    if state.version_id not in {share.version_id for share in found}:
        message = f"{title(spot)} targets {moves.named(state.aim)}, which must have a share too; 0 is one."
        raise Invalid.at("shares", message=message, kind="missing")


def fraction(*, account: str, file_id: str, pointer_id: str, key: str) -> float:
    """Where in [0, 1) who calls with a key stands, always the same."""
    told = "\n".join((account, file_id, pointer_id, key)).encode()
    number = int.from_bytes(hashlib.sha256(told).digest()[:8])
    return float(number >> (64 - BITS)) / float(1 << BITS)


def drawn(shares: Sequence[Share], place: float) -> Share:
    """The share in which a place in [0, 1) lies, in the order of the shares."""
    end, point = 0, place * sum(share.weight for share in shares)
    for share in shares:
        end += share.weight
        if point < end:
            return share
    raise AssertionError("some share has a weight, and the place is below one")


def draw(state: Pointer, *, account: str, key: str | None) -> Share | None:
    """The share that a call by a pointer goes to; None where there is no split.

    Args:
        key: what holds calls together; without one each is on its own.
    """
    if not state.shares:
        return None
    place = fraction(
        account=account,
        file_id=state.file_id,
        pointer_id=state.pointer_id,
        key=secrets.token_hex(KEY_BYTES) if key is None else key,
    )
    return drawn(state.shares, place)
