"""Pointers over HTTP: what is live, and every change of it."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.pointer_bodies import LiveBody, LiveList, MoveList, live_body, move_body
from headrace.apis.native.requests import MovesPage
from headrace.apis.native.wire import file_body
from headrace.core.access import Right
from headrace.core.deployments import Move, PointerKind
from headrace.core.ports import Transaction
from headrace.services.base import read
from headrace.services.deployments import rollouts
from headrace.services.deployments.rollouts import Live
from headrace.services.tree import subjects
from headrace.services.tree.subjects import Around

POINTER = "/files/{file}/pointers/{pointer}"


async def list_pointers(call: Call) -> Response:
    """All pointers of a file that target something, and what.

    `{file}` is the file's id, or its path with each `/` as `%2F`.
    """
    where = await subjects.where_is(call.ports, call.principal, file=call.parameters["file"], pointer=None)
    found = await rollouts.all_live(call.ports, call.principal, kind=where.kind, ref=where.ref)
    own = await rollouts.live(call.ports, call.principal, where)
    around = await _around(call, *found)
    shown = [live_body(one, around) for one in found if one.spot.kind is not PointerKind.FLOW]
    return ok(LiveList(file=file_body(own.spot.file), is_off=own.is_off, pointers=shown))


async def get_pointer(call: Call) -> Response:
    """What a pointer targets right now.

    `{pointer}` is an environment's or an alias's name or id. The answer's `ETag` is the id of the pointer's
    last move, a dot, and what tells whether anything else of the answer changed, such as the version's
    number: sent as `If-None-Match` it is answered 304 for as long as nothing did. Sent as `If-Match` with a
    change, that last move is what is expected.
    """

    def look(tx: Transaction) -> Live:
        file = subjects.file_of(tx, call.parameters["file"])
        return rollouts.live_of(tx, subjects.spot_of(tx, file, call.parameters["pointer"]))

    return await answer_live(call, await read(call.ports, call.principal, look))


async def answer_live(call: Call, live: Live) -> Response:
    """The state of a pointer, or that it is as the caller knows it."""
    tag = etag_of(live)
    headers = () if tag is None else ((b"etag", tag.encode()),)
    if tag is not None and _knows(call.request.header("if-none-match"), tag):
        return Response(status=304, headers=headers)
    return Response(
        status=200,
        headers=(JSON, *headers),
        body=msgspec.json.encode(live_body(live, await _around(call, live))),
    )


async def _around(call: Call, *found: Live) -> Around:
    moves = [live.move for live in found if live.move is not None]
    return await subjects.around(call.ports, call.principal, moves=moves)


def etag_of(live: Live) -> str | None:
    """What a pointer's state is known by; None when it never moved."""
    if live.move_id is None:
        return None
    spot = live.spot
    shown = "\n".join((spot.file.path, spot.name, str(live.number), str(live.is_off)))
    return f'"{live.move_id}.{crc32(shown.encode()):08x}"'


def _knows(header: str | None, tag: str) -> bool:
    """Whether one of these tags is that one; how strong they are does not matter here."""
    tags = [] if header is None else [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in tags or tag in tags


async def list_moves(call: Call) -> Response:
    """The history of a pointer, newest first: who moved it, when, from what to what, and why."""
    query: MovesPage = call.query
    where = await subjects.where_is(
        call.ports, call.principal, file=call.parameters["file"], pointer=call.parameters["pointer"]
    )
    found = await rollouts.history(
        call.ports, call.principal, where, before=query.before, take=query.take + 1
    )
    return await _page(call, found)


async def list_file_moves(call: Call) -> Response:
    """The history of all pointers of a file, newest first; also of those that are gone."""
    query: MovesPage = call.query
    found = await subjects.moves_of_file(
        call.ports,
        call.principal,
        file=call.parameters["file"],
        before=query.before,
        take=query.take + 1,
    )
    return await _page(call, found)


async def _page(call: Call, found: Sequence[Move]) -> Response:
    """A page of moves, of which one more was looked for than is shown."""
    shown = found[: call.query.take]
    around = await subjects.around(call.ports, call.principal, moves=shown)
    following = shown[-1].id if len(found) > len(shown) else None
    return ok(MoveList(moves=[move_body(move, around) for move in shown], next=following))


KNOWN = (("If-None-Match", "An `ETag` of before; 304 when nothing changed."),)
OPERATIONS = (
    Operation(
        name="listPointers",
        method="GET",
        template="/files/{file}/pointers",
        handler=list_pointers,
        right=Right.READER,
        response=LiveList,
    ),
    Operation(
        name="getPointer",
        method="GET",
        template=POINTER,
        handler=get_pointer,
        right=Right.READER,
        response=LiveBody,
        errors=(304, 404),
        headers=KNOWN,
    ),
    Operation(
        name="listMoves",
        method="GET",
        template=f"{POINTER}/moves",
        handler=list_moves,
        right=Right.READER,
        query=MovesPage,
        response=MoveList,
    ),
    Operation(
        name="listFileMoves",
        method="GET",
        template="/files/{file}/moves",
        handler=list_file_moves,
        right=Right.READER,
        query=MovesPage,
        response=MoveList,
    ),
)
