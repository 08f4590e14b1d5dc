"""Switching pointers and whole files off and on: calls are refused, reads work."""

from __future__ import annotations

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Pointer, PointerKind
from headrace.core.errors import Conflict
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.services.base import Ports
from headrace.services.deployments import moves, pointers
from headrace.services.deployments.moves import NO_WISH, Change, Moved, Wish
from headrace.services.deployments.pointers import Spot, Where, title
from headrace.services.deployments.rehearsals import carry_out


async def switch(
    ports: Ports, principal: Principal, where: Where, *, is_off: bool, wish: Wish = NO_WISH
) -> Moved:
    """Switch a pointer, or a file with all its pointers, off or on; it holds from the next call on.

    A pointer that is off stays so, wherever it is moved, until it is switched on.

    Raises:
        NotFound: there is no such pointer.
        Conflict: something else is there than was expected.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot = pointers.find(tx, where)
        last = spot.last(tx)
        change = Change(
            spot=spot,
            to=Aim() if last is None else last.aim,
            action=Action.SWITCH_OFF if is_off else Action.SWITCH_ON,
            wish=wish,
        )
        return moves.move(tx, ports, principal, change)

    return await carry_out(ports, principal, wish, work)


def check_file(tx: Transaction, file: File) -> None:
    """Refuse a call of a file that is switched off.

    Raises:
        Conflict: it is; who did it, when and why.
    """
    state = tx.pointers.get(file_id=file.id, kind=PointerKind.FLOW, pointer_id=file.id)
    if state is not None and state.is_off:
        raise _refused(tx, Spot(file=file, kind=PointerKind.FLOW, pointer_id=file.id, name=file.path))


def state_for_call(tx: Transaction, file: File, kind: PointerKind, pointer_id: str) -> Pointer | None:
    """What a pointer targets, for a call by it; None when that is nothing.

    Raises:
        Conflict: the pointer or the file is switched off.
    """
    found = tx.pointers.for_call(file_id=file.id, kind=kind, pointer_id=pointer_id)
    for state in found:
        if state.is_off:
            raise _refused(tx, pointers.named(tx, file, state.kind, state.pointer_id))
    own = next((state for state in found if state.kind is kind), None)
    if own is None and is_off_with_nothing(tx, file, kind, pointer_id):
        raise _refused(tx, pointers.named(tx, file, kind, pointer_id))
    return own


def is_off_with_nothing(tx: Transaction, file: File, kind: PointerKind, pointer_id: str) -> bool:
    """Whether a pointer that targets nothing is switched off: only its history tells that."""
    last = tx.pointers.last(file_id=file.id, kind=kind, pointer_id=pointer_id)
    return last is not None and last.targets_nothing and last.is_off


def _refused(tx: Transaction, spot: Spot) -> Conflict:
    move = spot.last(tx, Action.SWITCH_OFF)
    assert move is not None, "it is off since a move"
    user = tx.access.user(id=move.moved_by)
    who = move.moved_by if user is None else user.full_name
    why = "" if move.reason is None else f" because: {move.reason}"
    return Conflict(
        f"{title(spot)} was switched off by {who} at {move.moved_at:%Y-%m-%dT%H:%M:%SZ}{why.rstrip('.')}. "
        "Nothing can be called by it until somebody with the right 'editor' switches it on again."
    )
