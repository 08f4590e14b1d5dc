"""What people do with pointers: move, promote, roll back, take away, look at what is live and since when."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Aim, Move, Pointer, PointerKind
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports, read
from headrace.services.deployments import moves, pointers
from headrace.services.deployments.moves import NO_WISH, Change, Moved, Wish
from headrace.services.deployments.pointers import Spot, Where, aim_at, named, title
from headrace.services.deployments.rehearsals import carry_out

PAGE = 100
"""So many moves are read at a time where all are looked through."""
UNDOING = frozenset({Action.ROLLBACK, Action.REVERT})
SWITCHING = frozenset({Action.SWITCH_OFF, Action.SWITCH_ON})


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets right now.

    Attributes:
        pointer: None when it targets nothing.
        number: the highest number of what it targets; None for the draft and where it has none.
        move: the last one, by whose id this state is known; None when it never moved.
        is_off: whether calls by it are refused; also when the file itself is switched off.
    """

    spot: Spot
    pointer: Pointer | None
    number: int | None
    move: Move | None
    is_off: bool

    @property
    def move_id(self) -> str | None:
        """The last move's id."""
        return None if self.move is None else self.move.id


async def point(ports: Ports, principal: Principal, where: Where, *, to: str, wish: Wish = NO_WISH) -> Moved:
    """Let a pointer target a version.

    Args:
        to: a version's id or number; for an alias ``DRAFT`` too.

    Raises:
        NotFound: there is no such pointer or version.
        Conflict: something else is there than was expected, or the gate is closed.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot = pointers.find(tx, where)
        change = Change(spot=spot, to=aim_at(tx, spot.file, spot.kind, to), wish=wish)
        return moves.move(tx, ports, principal, change)

    return await carry_out(ports, principal, wish, work)


async def promote(
    ports: Ports, principal: Principal, where: Where, *, source: Where, wish: Wish = NO_WISH
) -> Moved:
    """Let a pointer target what another pointer of the same file targets; of a split its primary version.

    Raises:
        NotFound: there is no such pointer.
        Invalid: the two are not of one file, or are the same.
        Conflict: the source targets nothing, or as of `point`.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot, origin = pointers.find(tx, where), pointers.find(tx, source)
        if spot.file.id != origin.file.id or spot == origin:
            message = "A version is promoted from one pointer of a file to another one of the same file."
            raise Invalid.at("source", message=message, kind="mismatch")
        change = Change(
            spot=spot,
            to=_aim_of(tx, spot, origin),
            action=Action.PROMOTE,
            wish=wish,
            source=origin.pointer_id,
        )
        return moves.move(tx, ports, principal, change)

    return await carry_out(ports, principal, wish, work)


def _aim_of(tx: Transaction, spot: Spot, origin: Spot) -> Aim:
    """What a pointer of ``spot``'s kind is to target to target the same as ``origin``."""
    state = origin.state(tx)
    if state is None or state.aim.is_nothing:
        raise Conflict(f"{title(origin)} targets nothing that could be promoted.")
    is_alike = spot.kind is origin.kind and state.target is not None
    wanted = state.target if is_alike or state.version_id is None else state.version_id
    assert wanted is not None, "it targets something"
    return aim_at(tx, spot.file, spot.kind, wanted)


async def rollback(
    ports: Ports, principal: Principal, where: Where, *, to: str | None = None, wish: Wish = NO_WISH
) -> Moved:
    """Let a pointer target again what it did before. No gate is asked, as it stood there, but for the draft.

    Args:
        to: the id of the move after which it was so; None is what was there before. Rolling back what was
            rolled back goes further back.

    Raises:
        NotFound: there is no such pointer, or it has no such move.
        Conflict: there is nothing before, what was there is gone, something else is there than expected, or
            it is the draft and there is a gate.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot = pointers.find(tx, where)
        return moves.move(tx, ports, principal, undoing(tx, spot, to=to, wish=wish))

    return await carry_out(ports, principal, wish, work)


def undoing(
    tx: Transaction,
    spot: Spot,
    *,
    to: str | None,
    wish: Wish,
    action: Action = Action.ROLLBACK,
    without: str | None = None,
) -> Change:
    """The change that rolls a pointer back. See `rollback`.

    Args:
        without: the id of a version that must have no part in what was there before.
    """
    goal = _before(tx, spot, without) if to is None else _move_of(tx, spot, to)
    return Change(spot=spot, to=_again(tx, spot, goal), action=action, wish=wish, source=goal.id)


def _before(tx: Transaction, spot: Spot, without: str | None) -> Move:
    """The last move that targeted something else, on the way that led to what is targeted now.

    What was rolled back is no part of that way.
    """
    earlier = walk(tx, spot)
    now = next(earlier, None)
    move = now
    while now is not None and move is not None:
        is_other = not move.targets_nothing and not move.aim.is_as(now.aim)
        if is_other and move.action not in SWITCHING and without not in move.aim.version_ids:
            return move
        origin = _standing(tx, move)
        if origin.id != move.id:
            earlier = walk(tx, spot, before=origin.id)
        move = next(earlier, None)
    raise Conflict(f"{title(spot)} targeted nothing else before; there is nothing to roll back to.")


def _standing(tx: Transaction, move: Move) -> Move:
    """The move whose state a move brought back; the move itself when it brought back none."""
    while move.action in UNDOING and move.source is not None:
        origin = tx.pointers.move_of(id=move.source)
        if origin is None:
            break
        move = origin
    return move


def walk(tx: Transaction, spot: Spot, *, before: str | None = None) -> Iterator[Move]:
    """The moves of a pointer, newest first, from just after ``before`` on."""
    while True:
        page = tx.pointers.page(
            file_id=spot.file.id, kind=spot.kind, pointer_id=spot.pointer_id, before=before, take=PAGE
        )
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].id


def _own_move(tx: Transaction, spot: Spot, move_id: str) -> Move:
    move = tx.pointers.move_of(id=move_id)
    place = (spot.file.id, spot.kind, spot.pointer_id)
    if move is None or (move.file_id, move.kind, move.pointer_id) != place:
        raise NotFound("move", move_id, f"{title(spot)} has no move `{move_id}`.")
    return move


def _move_of(tx: Transaction, spot: Spot, move_id: str) -> Move:
    """A move to which a pointer can be rolled back, if that is still there."""
    move = _own_move(tx, spot, move_id)
    if move.targets_nothing:
        raise Conflict(f"After move `{move_id}` nothing was targeted; there is nothing to roll back to.")
    return move


def _again(tx: Transaction, spot: Spot, goal: Move) -> Aim:
    """What a move targeted, as it is now.

    Raises:
        Conflict: some of it is gone.
    """
    try:
        aim = aim_at(tx, spot.file, spot.kind, _wanted(goal.version_id, goal.target))
        for share in goal.shares:
            aim_at(tx, spot.file, spot.kind, _wanted(share.version_id, share.target))
    except NotFound as error:
        message = (
            f"{error.message} It was deleted since move `{goal.id}`, so it can't be rolled back to. "
            "Roll back to an earlier move by its id, or move to a version that is there."
        )
        raise Conflict(message) from None
    if goal.target not in (None, DRAFT) and aim.version_id != goal.version_id:
        raise Conflict(f"{goal.target} stands for another version since move `{goal.id}`.")
    return msgspec.structs.replace(aim, shares=goal.shares)


def _wanted(version_id: str | None, target: str | None) -> str:
    wanted = target or version_id
    assert wanted is not None, "a move that targets nothing is not rolled back to"
    return wanted


async def take_away(ports: Ports, principal: Principal, where: Where, *, wish: Wish = NO_WISH) -> Moved:
    """Let an environment target nothing of a file any more.

    Raises:
        NotFound: there is no such pointer.
        Invalid: it is no environment: an alias is removed with what it targets.
        Conflict: something else is there than was expected.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Moved:
        spot = pointers.find(tx, where)
        if spot.kind is not PointerKind.ENVIRONMENT:
            message = "Only environments can target nothing; an alias is removed with what it targets."
            raise Invalid.at("environment", message=message, kind="mismatch")
        change = Change(spot=spot, to=Aim(), action=Action.TAKE_AWAY, wish=wish)
        return moves.move(tx, ports, principal, change)

    return await carry_out(ports, principal, wish, work)


async def history(
    ports: Ports, principal: Principal, where: Where, *, before: str | None = None, take: int
) -> list[Move]:
    """Moves of a pointer, newest first, from just after the move ``before`` on.

    Raises:
        NotFound: there is no such pointer, or it has no such move.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Move]:
        spot = pointers.find(tx, where)
        if before is not None:
            _own_move(tx, spot, before)
        return tx.pointers.page(
            file_id=spot.file.id, kind=spot.kind, pointer_id=spot.pointer_id, before=before, take=take
        )

    return await read(ports, principal, work)


async def live(ports: Ports, principal: Principal, where: Where) -> Live:
    """What a pointer targets right now.

    Raises:
        NotFound: there is no such pointer.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: live_of(tx, pointers.find(tx, where)))


async def all_live(ports: Ports, principal: Principal, *, kind: str, ref: str) -> list[Live]:
    """All pointers of a file that target something.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Live]:
        file = pointers.find(tx, Where(kind=kind, ref=ref)).file
        found = tx.pointers.of_file(file_id=file.id)
        return [live_of(tx, named(tx, file, one.kind, one.pointer_id)) for one in found]

    return await read(ports, principal, work)


def live_of(tx: Transaction, spot: Spot) -> Live:
    """What a pointer targets, inside another use case."""
    state, last = spot.state(tx), spot.last(tx)
    return Live(
        spot=spot,
        pointer=state,
        number=_number(tx, state),
        move=last,
        is_off=(last is not None and last.is_off) or _is_file_off(tx, spot.file),
    )


def _number(tx: Transaction, state: Pointer | None) -> int | None:
    if state is None or state.version_id is None:
        return None
    if state.target is not None:
        return int(state.target)
    return max(tx.releases.of_version(version_id=state.version_id), default=None)


def _is_file_off(tx: Transaction, file: File) -> bool:
    state = tx.pointers.get(file_id=file.id, kind=PointerKind.FLOW, pointer_id=file.id)
    return state is not None and state.is_off
