"""Which file and which pointer are meant by who names them without saying of which kind they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import Aim, Move, PointerKind
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.ids import SHORT_LENGTH
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, scan
from headrace.services.deployments import pointers
from headrace.services.deployments.pointers import Spot, Where
from headrace.services.tree import tree
from headrace.services.versions.views import environment_of


def file_of(tx: Transaction, ref: str) -> File:
    """The file of any kind with that id, or at that path.

    Raises:
        NotFound: there is none.
    """
    found = tx.files.get(id=ref) or tree.at(tx, path=ref) or _by_short_id(tx, ref)
    if not isinstance(found, File):
        raise NotFound("file", ref, f"There is no file with the id `{ref}`, or at that path.")
    return found


def _by_short_id(tx: Transaction, ref: str) -> File | None:
    if len(ref) != SHORT_LENGTH:
        return None
    found = (tx.files.by_short_id(kind=kind, short_id=ref) for kind in KINDS)
    return next((file for file in found if file is not None), None)


def spot_of(tx: Transaction, file: File, ref: str) -> Spot:
    """The pointer of a file with that id or name; of equal names an alias's counts.

    Raises:
        NotFound: there is none.
        Invalid: it is the alias that follows the draft for ever.
    """
    where = Where(kind=file.kind, ref=_sure(tx, file), alias=ref)
    try:
        return pointers.find(tx, where)
    except NotFound:
        pass
    try:
        place = environment_of(tx, ref)
    except NotFound:
        message = (
            f"{KINDS[file.kind].title} `{file.path}` has no alias with the id or the name `{ref}`, "
            "and there is no such environment."
        )
        raise NotFound("pointer", ref, message) from None
    return Spot(file=file, kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)


def _sure(tx: Transaction, file: File) -> str:
    """The id of a file, by which nothing else is found.

    Raises:
        Invalid: the path or the name of another file reads just so.
    """
    if tree.find_anyhow(tx, kind=file.kind, ref=file.id).id != file.id:
        message = (
            f"Another {file.kind} is called `{file.id}`, as this one's id is. Give that one another name."
        )
        raise Invalid.at("file", message=message, kind="mismatch", where="path")
    return file.id


async def where_is(ports: Ports, principal: Principal, *, file: str, pointer: str | None) -> Where:
    """A pointer of a file, as the use cases that change it want it named; without one the file itself.

    Raises:
        NotFound: there is no such file or pointer.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> Where:
        found = file_of(tx, file)
        where = Where(kind=found.kind, ref=_sure(tx, found))
        return where if pointer is None else named(spot_of(tx, found, pointer))

    return await read(ports, principal, look)


def named(spot: Spot) -> Where:
    """A pointer that was found, as the use cases that change it want it named."""
    is_alias, is_environment = spot.kind is PointerKind.ALIAS, spot.kind is PointerKind.ENVIRONMENT
    return Where(
        kind=spot.file.kind,
        ref=spot.file.id,
        environment=spot.pointer_id if is_environment else None,
        alias=spot.pointer_id if is_alias else None,
    )


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What is told along with moves.

    Attributes:
        people: by id; who is gone is missing.
        numbers: the highest one of a version, by its id; a version without one is missing.
        names: of pointers, by their ids.
    """

    people: Mapping[str, User] = {}
    numbers: Mapping[str, int] = {}
    names: Mapping[str, str] = {}


async def around(
    ports: Ports,
    principal: Principal,
    *,
    moves: Iterable[Move] = (),
    aims: Iterable[Aim] = (),
) -> Around:
    """What there is to tell about moves, and about what is targeted."""
    principal.require(Right.READER)
    found = tuple(moves)
    ids = dict.fromkeys(_versions(found, aims))
    if not found and not ids:
        return Around()

    def look(tx: Transaction) -> Around:
        users = ((one, tx.access.user(id=one)) for one in {move.moved_by for move in found})
        numbers = ((one, tx.releases.of_version(version_id=one)) for one in ids)
        return Around(
            people={one: user for one, user in users if user is not None},
            numbers={one: max(of) for one, of in numbers if of},
            names=_names(tx, found),
        )

    return await read(ports, principal, look)


def _versions(moves: Iterable[Move], aims: Iterable[Aim]) -> Iterator[str]:
    """The ids of all versions that are mentioned."""
    for move in moves:
        aims = (*aims, move.aim, Aim(version_id=move.from_version_id))
    for aim in aims:
        mentioned = (aim.version_id, *(share.version_id for share in aim.shares))
        yield from (one for one in mentioned if one is not None)


def _names(tx: Transaction, moves: Iterable[Move]) -> dict[str, str]:
    found: dict[str, str] = {}
    for move in moves:
        file = None if move.pointer_id in found else tx.files.get(id=move.file_id)
        if file is not None:
            found[move.pointer_id] = pointers.named(tx, file, move.kind, move.pointer_id).name
    return found


async def moves_of_file(
    ports: Ports, principal: Principal, *, file: str, before: str | None, take: int
) -> list[Move]:
    """Moves of all pointers of a file, newest first, from just after the move ``before`` on.

    Raises:
        NotFound: there is no such file, or it has no such move.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> list[Move]:
        found = file_of(tx, file)
        moves = tx.pointers.history(file_id=found.id)[::-1]
        if before is None:
            return moves[:take]
        place = next((place for place, move in enumerate(moves) if move.id == before), None)
        if place is None:
            raise NotFound("move", before, f"`{found.path}` has no move `{before}`.")
        return moves[place + 1 :][:take]

    return await scan(ports, principal, look)
