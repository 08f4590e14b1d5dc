"""The answers of our own API about pointers and their moves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.native.wire import DifferenceBody, FileBody, PersonBody, difference_body, file_body
from headrace.core.deployments import Aim, Move, Share
from headrace.services.deployments.gates import Verdict
from headrace.services.deployments.moves import Moved
from headrace.services.deployments.pointers import Spot
from headrace.services.deployments.rollouts import Live
from headrace.services.tree.subjects import Around
from headrace.services.versions.differences import Difference


class ShareBody(msgspec.Struct, frozen=True, kw_only=True):
    """A version's part of a split.

    Attributes:
        number: the highest number of the version; None when it has none.
        target: the number by which an alias targets it; None for an environment.
        weight: a whole number; what counts is its part of the sum of all.
    """

    version_id: str
    number: int | None
    target: str | None
    weight: int


class AimBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets.

    Attributes:
        version_id: None when it targets nothing, or follows the draft.
        number: the highest number of the version; None when it has none.
        target: the number, or `DRAFT`, by which an alias targets it; None for an environment.
        digest: of the content.
        shares: of several versions; the first fields are those of the primary one.
    """

    version_id: str | None
    number: int | None
    target: str | None
    digest: str | None
    shares: list[ShareBody]


class PointerName(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer.

    Attributes:
        kind: `environment`, `alias`, or `flow`: the file itself, of whatever type.
        name: the environment's or the alias's; the path of the file itself.
    """

    kind: str
    id: str
    name: str


class LiveBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets right now.

    Attributes:
        version_id: None when it targets nothing, or follows the draft.
        number: the highest number of what it targets.
        is_off: whether calls by it are refused; also while the file itself is switched off.
        move_id: its last move, by which this state is known; None when it never moved.
        moved_by: who made that move, for the `reason`.
        from_version_id: what it targeted before that move; None when that was nothing.
    """

    file: FileBody
    pointer: PointerName
    version_id: str | None
    target: str | None
    number: int | None
    digest: str | None
    shares: list[ShareBody]
    is_off: bool
    move_id: str | None
    moved_at: datetime | None
    moved_by: PersonBody | None
    action: str | None
    reason: str | None
    from_version_id: str | None


class LiveList(msgspec.Struct, frozen=True, kw_only=True):
    """All pointers of a file that target something.

    Attributes:
        is_off: whether the file itself is switched off.
    """

    file: FileBody
    is_off: bool
    pointers: list[LiveBody]


class MoveBody(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a pointer.

    Attributes:
        action: what kind of change it was.
        number: the highest number of the version; None when it has none.
        from_version_id: what was targeted before; `from_number` and `from_target` are of the same.
        is_off: whether the pointer is switched off since.
        is_automatic: whether it came with something else, such as a file's first version.
        source: where it came from: the id of the pointer promoted from, or of the move rolled back to.
        evidence: what the gate said, the figures, whether it was overridden.
    """

    id: str
    pointer: PointerName
    action: str
    moved_by: PersonBody
    moved_at: datetime
    version_id: str | None
    number: int | None
    target: str | None
    digest: str | None
    shares: list[ShareBody]
    from_version_id: str | None
    from_number: int | None
    from_target: str | None
    is_off: bool
    is_automatic: bool
    reason: str | None
    source: str | None
    evidence: dict[str, Any] | None


class MoveList(msgspec.Struct, frozen=True, kw_only=True):
    """Moves, newest first.

    Attributes:
        next: what `before` is to be for the older ones; None when there are none.
    """

    moves: list[MoveBody]
    next: str | None


class VerdictBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says.

    Attributes:
        has_gate: whether there is one; without one everything passes.
        reasons: all that speaks against it.
        figures: what was measured.
    """

    has_gate: bool
    is_open: bool
    reasons: list[str]
    figures: dict[str, Any]


class MovedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change, or would.

    Attributes:
        is_new: whether something changed, or would; repeating what is so changes nothing.
        is_rehearsal: whether nothing was done.
        before: what was targeted.
        after: what is targeted now, or would be.
        move: the pointer's last move; None when it never moved.
        difference: of the contents, for a rehearsal; None where there are not two to compare.
    """

    file: FileBody
    pointer: PointerName
    is_new: bool
    is_rehearsal: bool
    before: AimBody
    after: AimBody
    move: MoveBody | None
    verdict: VerdictBody
    difference: DifferenceBody | None


def pointer_name(spot: Spot) -> PointerName:
    """What a pointer is called."""
    return PointerName(kind=spot.kind.value, id=spot.pointer_id, name=spot.name)


def live_body(live: Live, around: Around) -> LiveBody:
    """What a pointer targets."""
    aim = Aim() if live.pointer is None else live.pointer.aim
    return LiveBody(
        file=file_body(live.spot.file),
        pointer=pointer_name(live.spot),
        version_id=aim.version_id,
        target=aim.target,
        number=live.number,
        digest=aim.digest,
        shares=[share_body(share, around) for share in aim.shares],
        is_off=live.is_off,
        move_id=live.move_id,
        moved_at=None if live.pointer is None else live.pointer.moved_at,
        moved_by=None if live.move is None else person_body(live.move.moved_by, around),
        action=None if live.move is None else live.move.action.value,
        reason=None if live.move is None else live.move.reason,
        from_version_id=None if live.move is None else live.move.from_version_id,
    )


def person_body(user_id: str, around: Around) -> PersonBody:
    """Somebody who is told along with moves."""
    who = around.people.get(user_id)
    return PersonBody(id=user_id, name=None if who is None else who.full_name)


def move_body(move: Move, around: Around) -> MoveBody:
    """One change."""
    return MoveBody(
        id=move.id,
        pointer=PointerName(
            kind=move.kind.value,
            id=move.pointer_id,
            name=around.names.get(move.pointer_id, move.pointer_id),
        ),
        action=move.action.value,
        moved_by=person_body(move.moved_by, around),
        moved_at=move.moved_at,
        version_id=move.version_id,
        number=_number(move.version_id, around),
        target=move.target,
        digest=move.digest,
        shares=[share_body(share, around) for share in move.shares],
        from_version_id=move.from_version_id,
        from_number=_number(move.from_version_id, around),
        from_target=move.from_target,
        is_off=move.is_off,
        is_automatic=move.is_automatic,
        reason=move.reason,
        source=move.source,
        evidence=None if move.evidence is None else msgspec.json.decode(move.evidence),
    )


def moved_body(
    moved: Moved, around: Around, *, is_rehearsal: bool, difference: Difference | None
) -> MovedBody:
    """What came of a change."""
    return MovedBody(
        file=file_body(moved.spot.file),
        pointer=pointer_name(moved.spot),
        is_new=moved.is_new,
        is_rehearsal=is_rehearsal,
        before=aim_body(moved.before, around),
        after=aim_body(moved.after, around),
        move=None if moved.move is None else move_body(moved.move, around),
        verdict=verdict_body(moved.verdict),
        difference=None if difference is None else difference_body(difference),
    )


def verdict_body(verdict: Verdict) -> VerdictBody:
    """What a gate says."""
    return VerdictBody(
        has_gate=verdict.has_gate,
        is_open=verdict.is_open,
        reasons=list(verdict.reasons),
        figures=dict(verdict.figures),
    )


def aim_body(aim: Aim, around: Around) -> AimBody:
    """What is targeted."""
    return AimBody(
        version_id=aim.version_id,
        number=_number(aim.version_id, around),
        target=aim.target,
        digest=aim.digest,
        shares=[share_body(share, around) for share in aim.shares],
    )


def share_body(share: Share, around: Around) -> ShareBody:
    """A version's part."""
    return ShareBody(
        version_id=share.version_id,
        number=_number(share.version_id, around),
        target=share.target,
        weight=share.weight,
    )


def _number(version_id: str | None, around: Around) -> int | None:
    return None if version_id is None else around.numbers.get(version_id)
