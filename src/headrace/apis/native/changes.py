"""Changes of pointers over HTTP: move, promote, roll back, take away, split, switch off and on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.errors import PreconditionFailed
from headrace.apis.native.operations import Call, Handler, Operation, ok
from headrace.apis.native.pointer_bodies import LiveBody, MovedBody, moved_body
from headrace.apis.native.pointers import KNOWN, POINTER, answer_live
from headrace.apis.native.requests import (
    NewMove,
    NewPromotion,
    NewRollback,
    NewSplit,
    NewSwitch,
    Nothing,
    Wished,
)
from headrace.core.access import Right
from headrace.core.errors import Invalid, Stale
from headrace.core.versions import DRAFT
from headrace.services.deployments import rollouts, split_figures, splits, switches
from headrace.services.deployments.moves import Moved, Wish
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.split_figures import Figures
from headrace.services.tree import subjects
from headrace.services.versions import differences

Act = Callable[[Where, Wish], Awaitable[Moved]]


async def create_move(call: Call) -> Response:
    """Move a pointer: let it target a version from the next call on.

    A move that is expected to change something else than what is there is refused with 409 (412 for
    `If-Match`), and so is one that the gate does not let through. Repeating what is so changes nothing.
    """
    body: NewMove = call.body
    to = reference(body.to)
    return await _change(
        call,
        body,
        lambda where, wish: rollouts.point(call.ports, call.principal, where, to=to, wish=wish),
    )


async def promote(call: Call) -> Response:
    """Let a pointer target what another pointer of the same file targets."""
    body: NewPromotion = call.body
    source = await subjects.where_is(
        call.ports, call.principal, file=call.parameters["file"], pointer=body.source
    )
    return await _change(
        call,
        body,
        lambda where, wish: rollouts.promote(call.ports, call.principal, where, source=source, wish=wish),
    )


async def roll_back(call: Call) -> Response:
    """Let a pointer target again what it did before, or after an earlier move.

    No gate is asked, but for going back to the draft.
    """
    body: NewRollback = call.body
    return await _change(
        call,
        body,
        lambda where, wish: rollouts.rollback(call.ports, call.principal, where, to=body.to_move, wish=wish),
    )


async def take_away(call: Call) -> Response:
    """Let an environment target nothing of a file any more."""
    return await _change(
        call,
        call.query,
        lambda where, wish: rollouts.take_away(call.ports, call.principal, where, wish=wish),
    )


async def put_split(call: Call) -> Response:
    """Share a pointer's calls out among versions.

    Calls with the same `executionId`, or the same `X-Headrace-Split-Key`, go to the same version. What the
    pointer targets keeps being shown where no shares can be; it must have one too, be it 0.
    """
    body: NewSplit = call.body
    return await _split(call, body, [(reference(one.version), one.weight) for one in body.shares])


async def delete_split(call: Call) -> Response:
    """End a split: all calls go to what the pointer targets."""
    return await _split(call, call.query, [])


async def _split(call: Call, said: Wished, shares: list[tuple[str, int]]) -> Response:
    return await _change(
        call,
        said,
        lambda where, wish: splits.split(call.ports, call.principal, where, shares=shares, wish=wish),
    )


async def put_switch(call: Call) -> Response:
    """Switch a pointer off or on: while it is off, calls by it are refused with the reason; reads work."""
    return await _switch(call)


async def put_file_switch(call: Call) -> Response:
    """Switch a file off or on, with all its pointers and versions."""
    return await _switch(call)


async def _switch(call: Call) -> Response:
    body: NewSwitch = call.body
    said = Wished(expected=body.expected, reason=body.reason, dry_run=body.dry_run)
    return await _change(
        call,
        said,
        lambda where, wish: switches.switch(call.ports, call.principal, where, is_off=body.is_off, wish=wish),
    )


async def get_file_switch(call: Call) -> Response:
    """Whether a file is switched off, and by which move."""
    return await answer_live(call, await rollouts.live(call.ports, call.principal, await _where(call)))


async def get_figures(call: Call) -> Response:
    """How the versions behind a pointer do since the split began, or since the pointer was moved there."""
    return ok(await split_figures.figures(call.ports, call.principal, await _where(call)))


async def _where(call: Call) -> Where:
    file, pointer = call.parameters["file"], call.parameters.get("pointer")
    return await subjects.where_is(call.ports, call.principal, file=file, pointer=pointer)


async def _change(call: Call, said: Wished, act: Act) -> Response:
    """Carry a change out, or rehearse it."""
    matched = _matched(call)
    if matched is not None and said.expected not in (None, matched):
        message = f"`If-Match` expects {matched}, and `expected` {said.expected}; say one of them."
        raise Invalid.at("expected", message=message, kind="mismatch")
    wish = Wish(
        expected=matched or (None if said.expected is None else reference(said.expected)),
        reason=said.reason,
        is_override=said.override,
        is_rehearsal=said.dry_run,
    )
    try:
        moved = await act(await _where(call), wish)
    except Stale as error:
        if matched is None:
            raise
        raise PreconditionFailed(error.message) from None
    return await _answer(call, moved, is_rehearsal=said.dry_run)


async def _answer(call: Call, moved: Moved, *, is_rehearsal: bool) -> Response:
    moves = [] if moved.move is None else [moved.move]
    aims = (moved.before, moved.after)
    around = await subjects.around(call.ports, call.principal, moves=moves, aims=aims)
    difference = None
    if is_rehearsal:
        difference = await differences.between(
            call.ports, call.principal, moved.spot.file, moved.before, moved.after, known=moved.diff
        )
    return ok(moved_body(moved, around, is_rehearsal=is_rehearsal, difference=difference))


def _matched(call: Call) -> str | None:
    """The move that the caller expects to be the last one.

    Raises:
        Invalid: it names none, or several.
    """
    header = call.request.header("if-match")
    if header is None:
        return None
    tag = header.strip()
    if len(tag) < 3 or tag[0] != '"' or tag[-1] != '"' or '"' in tag[1:-1]:
        message = f'`If-Match` takes one `ETag` of a pointer, such as "mv_…" with its quotes, not {tag!r}.'
        raise Invalid.at("if-match", message=message, kind="value", where="header")
    return tag[1:-1].partition(".")[0]


def reference(ref: str | int) -> str:
    """A version by its id or number, or the draft, as the use cases take it."""
    text = str(ref)
    return DRAFT if text.upper() == DRAFT else text


MATCHES = (("If-Match", "The `ETag` of the pointer: what is expected to be there; 412 when it is not."),)
CHANGES = (404, 409, 412)


def _row(name: str, method: str, template: str, handler: Handler, said: type[msgspec.Struct]) -> Operation:
    """A change; what is said with it is in the body, or in the query of a DELETE."""
    is_delete = method == "DELETE"
    return Operation(
        name=name,
        method=method,
        template=template,
        handler=handler,
        right=Right.EDITOR,
        query=said if is_delete else Nothing,
        body=None if is_delete else said,
        response=MovedBody,
        errors=CHANGES,
        headers=MATCHES,
    )


OPERATIONS = (
    _row("createMove", "POST", f"{POINTER}/moves", create_move, NewMove),
    _row("promote", "POST", f"{POINTER}/promote", promote, NewPromotion),
    _row("rollBack", "POST", f"{POINTER}/rollback", roll_back, NewRollback),
    _row("takeAway", "DELETE", POINTER, take_away, Wished),
    _row("putSplit", "PUT", f"{POINTER}/split", put_split, NewSplit),
    _row("deleteSplit", "DELETE", f"{POINTER}/split", delete_split, Wished),
    _row("putSwitch", "PUT", f"{POINTER}/switch", put_switch, NewSwitch),
    _row("putFileSwitch", "PUT", "/files/{file}/switch", put_file_switch, NewSwitch),
    Operation(
        name="getFileSwitch",
        method="GET",
        template="/files/{file}/switch",
        handler=get_file_switch,
        right=Right.READER,
        response=LiveBody,
        errors=(304, 404),
        headers=KNOWN,
    ),
    Operation(
        name="getFigures",
        method="GET",
        template=f"{POINTER}/figures",
        handler=get_figures,
        right=Right.READER,
        response=Figures,
        errors=(404, 409),
    ),
)
