"""Moving pointers: the one place where what an environment or an alias targets is changed.

A move is checked against what its caller believes to be there, then by the gate, and appended; nothing that
was written down is ever changed. A rehearsal does the same and writes nothing. Which races there are is
decided by the store: use cases that write are run as if one after another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Move, Pointer, PointerKind
from headrace.core.diff import Diff
from headrace.core.effects import JSON
from headrace.core.errors import GateClosed, Invalid, Stale
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports
from headrace.services.deployments import gates, watches
from headrace.services.deployments.gates import Verdict
from headrace.services.deployments.pointers import Spot, title
from headrace.services.versions import numbers

NOTHING = "nothing"
"""What is expected by who believes that a pointer targets nothing."""
MAX_REASON = 2_000
"""So many characters a reason may have."""
GATED = frozenset({Action.MOVE, Action.PROMOTE, Action.SPLIT})
"""What a gate is asked about: what brings something new. Switching off is never held up, nor is undoing but
for going back to the draft."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says with any change.

    Attributes:
        expected: the id of the pointer's last move, the id or number of the version that it targets, or
            ``nothing``; None expects nothing in particular.
        reason: why, in somebody's words.
        is_override: whether to pass a closed gate.
        is_rehearsal: whether to say only what would be.
    """

    expected: str | None = None
    reason: str | None = None
    is_override: bool = False
    is_rehearsal: bool = False


NO_WISH = Wish()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to a pointer.

    Attributes:
        spot: the pointer; its file is as it is in the store.
        to: what the pointer is to target; of a switch, what it targets anyway.
        source: the id of the pointer promoted from, or of the move rolled back to.
        evidence: what it rests on besides what the gate says.
        is_automatic: whether it comes with something else.
        at: when it is made; None is now.
    """

    spot: Spot
    to: Aim
    action: Action = Action.MOVE
    wish: Wish = NO_WISH
    source: str | None = None
    evidence: dict[str, JSON] | None = None
    is_automatic: bool = False
    at: datetime | None = None


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change, or would.

    Attributes:
        pointer: the state by now; None when nothing is targeted.
        move: the pointer's last move by now; None when it never moved.
        before: what it targeted before.
        after: what it targets now, or would.
        verdict: what the gate says.
        is_new: whether something changed, or would; repeating what is so changes nothing.
        diff: of a rehearsal, what differs between the content that is targeted and the one that would be;
            None where one of them is nothing, and of datasets.
    """

    spot: Spot
    pointer: Pointer | None
    move: Move | None
    before: Aim
    after: Aim
    verdict: Verdict
    is_new: bool
    diff: Diff | None = None


class Judge(Protocol):
    """Whether a pointer may be moved to a candidate; see `headrace.services.deployments.gates.verdict`."""

    def __call__(
        self,
        tx: Transaction,
        ports: Ports,
        principal: Principal,
        file: File,
        kind: PointerKind,
        pointer_id: str,
        candidate: Aim,
        /,
    ) -> Verdict: ...


def move(
    tx: Transaction, ports: Ports, principal: Principal, change: Change, *, judge: Judge | None = None
) -> Moved:
    """Change a pointer, once, if what is expected is there and the gate lets it through.

    Args:
        judge: asked in the gates' place.

    Raises:
        Stale: something else is there than was expected.
        GateClosed: the gate does not let it through.
        Forbidden: a gate is overridden by who may not.
        Invalid: a gate is overridden without a reason, or the reason is too long.
    """
    spot = change.spot
    _check_form(principal, change.wish)
    last = spot.last(tx)
    _check_expected(tx, change, last)
    before = Aim() if last is None else last.aim
    is_new = not _is_so(change, last)
    verdict, refused = Verdict(), list[Aim]()
    if is_new:
        verdict, refused = _judged(tx, ports, principal, change, judge or gates.verdict)
    if is_new and not change.wish.is_rehearsal:
        _check_gate(change, verdict, refused)
        last = append(tx, ports, principal, _with_evidence(change, verdict), last)
        _follow(tx, change, before, now=last.moved_at)
        if change.action in GATED:
            watches.begin(tx, ports, last, before)
    return Moved(
        spot=spot,
        pointer=spot.state(tx),
        move=last,
        before=before,
        after=change.to,
        verdict=verdict,
        is_new=is_new,
    )


def _check_form(principal: Principal, wish: Wish) -> None:
    if wish.reason is not None and len(wish.reason) > MAX_REASON:
        message = f"A reason may have at most {MAX_REASON} characters; this one has {len(wish.reason)}."
        raise Invalid.at("reason", message=message, kind="length")
    if not wish.is_override:
        return
    principal.require(Right.ADMIN)
    if not (wish.reason or "").strip():
        raise Invalid.at("reason", message="Overriding a gate needs a reason.", kind="missing")


def _check_expected(tx: Transaction, change: Change, last: Move | None) -> None:
    """Compare what a caller believes to be there with what is there."""
    expected = change.wish.expected
    if expected is None or _is_there(tx, expected, last):
        return
    where = f"{title(change.spot)} {told(tx, last)}"
    raise Stale(f"{where}; {expected} was expected. Look again at what is there before you change it.")


def _is_there(tx: Transaction, expected: str, last: Move | None) -> bool:
    if last is None:
        return expected == NOTHING
    if last.targets_nothing:
        return expected == last.id or (expected == NOTHING and last.kind is not PointerKind.FLOW)
    if expected in (last.id, last.version_id, last.target):
        return True
    if last.kind is not PointerKind.ENVIRONMENT or last.version_id is None:
        return False
    return expected in map(str, tx.releases.of_version(version_id=last.version_id))


def told(tx: Transaction, last: Move | None) -> str:
    """Where a pointer is and since which move, as the end of a sentence."""
    if last is None:
        return "was never moved and targets nothing"
    user = tx.access.user(id=last.moved_by)
    who = last.moved_by if user is None else user.full_name
    since = f"since move {last.id} by {who} at {last.moved_at:%Y-%m-%dT%H:%M:%SZ}"
    if last.kind is PointerKind.FLOW:
        return f"is switched {'off' if last.is_off else 'on'} {since}"
    return f"targets nothing {since}" if last.targets_nothing else f"is at {named(last.aim)} {since}"


def named(aim: Aim) -> str:
    """What to call what a pointer targets."""
    known = (aim.target, aim.version_id)
    return " ".join(f"({one})" if place else one for place, one in enumerate(one for one in known if one))


def _is_so(change: Change, last: Move | None) -> bool:
    """Whether all is as it is to be."""
    if change.action in (Action.SWITCH_OFF, Action.SWITCH_ON):
        return (last is not None and last.is_off) == (change.action is Action.SWITCH_OFF)
    if last is None:
        return change.to.is_nothing
    by_hand = last.is_automatic and not change.is_automatic and not change.to.is_nothing
    return last.aim.is_as(change.to) and not by_hand


def _judged(
    tx: Transaction, ports: Ports, principal: Principal, change: Change, judge: Judge
) -> tuple[Verdict, list[Aim]]:
    """What the gate says of all that is to be let through, and what of it is refused."""
    found, refused, spot = Verdict(), list[Aim](), change.spot
    for candidate in _candidates(change):
        said = judge(tx, ports, principal, spot.file, spot.kind, spot.pointer_id, candidate)
        refused += [] if said.is_open else [candidate]
        found = Verdict(
            has_gate=found.has_gate or said.has_gate,
            is_open=found.is_open and said.is_open,
            reasons=(*found.reasons, *said.reasons),
            figures={**found.figures, **said.figures},
        )
    return found, refused


def _candidates(change: Change) -> list[Aim]:
    """What the gate is asked about, one version each; of a split all but the primary, which is there."""
    # What was prepared as the draft meanwhile never stood there: going back to it brings something new.
    is_back_to_draft = change.action is Action.ROLLBACK and change.to.target == DRAFT
    if not (change.action in GATED or is_back_to_draft) or change.to.is_nothing:
        return []
    if change.action is not Action.SPLIT:
        return [change.to]
    return [
        Aim(version_id=share.version_id, target=share.target)
        for share in change.to.shares
        if share.version_id != change.to.version_id
    ]


def _check_gate(change: Change, verdict: Verdict, refused: list[Aim]) -> None:
    if verdict.is_open or change.wish.is_override:
        return
    what, reasons = " and ".join(map(named, refused)), " ".join(verdict.reasons)
    raise GateClosed(
        f"{title(change.spot)} has a gate that does not let {what} through. {reasons} "
        "Meet the rules of the gate, or have an administrator override it with a reason."
    )


def _with_evidence(change: Change, verdict: Verdict) -> Change:
    if not verdict.has_gate:
        return change
    gate: dict[str, JSON] = {
        "is_open": verdict.is_open,
        "reasons": list(verdict.reasons),
        "figures": dict(verdict.figures),
        "is_overridden": change.wish.is_override and not verdict.is_open,
    }
    return msgspec.structs.replace(change, evidence={**(change.evidence or {}), "gate": gate})


def append(tx: Transaction, ports: Ports, principal: Principal, change: Change, last: Move | None) -> Move:
    """Write a move down as it is asked for. What is asked before is asked by `move`.

    Args:
        last: the pointer's move before.
    """
    is_off = last is not None and last.is_off
    if change.action in (Action.SWITCH_OFF, Action.SWITCH_ON):
        is_off = change.action is Action.SWITCH_OFF
    evidence = None if change.evidence is None else msgspec.json.encode(change.evidence).decode()
    made = Move(
        id=ports.ids.long("mv_"),
        file_id=change.spot.file.id,
        kind=change.spot.kind,
        pointer_id=change.spot.pointer_id,
        version_id=change.to.version_id,
        target=change.to.target,
        is_automatic=change.is_automatic,
        moved_by=principal.user.id,
        moved_at=change.at or ports.clock.now(),
        action=change.action,
        reason=change.wish.reason,
        digest=change.to.digest,
        source=change.source,
        evidence=evidence,
        shares=change.to.shares,
        is_off=is_off,
        from_version_id=None if last is None else last.version_id,
        from_target=None if last is None else last.target,
    )
    tx.pointers.move(made)
    return made


def _follow(tx: Transaction, change: Change, before: Aim, *, now: datetime) -> None:
    """What changes with a pointer: its file and its versions (humanloop 2.10), or its alias."""
    if change.action in (Action.SWITCH_OFF, Action.SWITCH_ON):
        return
    spot = change.spot
    if spot.kind is PointerKind.ALIAS:
        alias = tx.aliases.get(file_id=spot.file.id, id=spot.pointer_id)
        if alias is not None and alias.updated_at != now:
            tx.aliases.update(msgspec.structs.replace(alias, updated_at=now))
        return
    after, gone = change.to.version_ids, before.version_ids
    for version_id in dict.fromkeys((*after, *gone)):
        version = tx.versions.get(id=version_id)
        if version is not None:
            tx.versions.update(msgspec.structs.replace(version, updated_at=now))
        if version_id not in after:
            numbers.hide_unless_known(tx, spot.file, version_id, now=now)
    tx.files.update(msgspec.structs.replace(spot.file, updated_at=now))
