"""Everything of an organisation as one archive, and an archive into an organisation.

Taking out is one read: the archive shows one moment. What is read is written to a file that nobody else sees
before it is sent, so that no reader, however slow, keeps the store from going on.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC
from typing import IO

import msgspec

from headrace import __version__
from headrace.core.access import Principal, Right
from headrace.core.archives import FORMAT, VERSION, End, Fate, Head, Line, Refused
from headrace.core.errors import Conflict, Invalid, Unavailable
from headrace.core.ports import Transaction
from headrace.services.base import Ports, scan, write

PAGE_ROWS = 200
CHUNK_BYTES = 256 * 1024
MOST_LINES = 1_000
"""So many rows are taken in at once."""
MOST_KEY_CHARS = 80
_encode = msgspec.json.Encoder().encode
_line = msgspec.json.Decoder(Line).decode


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was not kept.

    Attributes:
        line: which of the rows that were sent, from 0.
        row: what it is known by.
        reason: why, in words.
    """

    line: int
    table: str
    row: str
    reason: str


class TakenIn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of some rows.

    Attributes:
        added: how many of each table were not there.
        unchanged: how many of each table were there, and are equal.
        told: those that were not kept; what is here stays as it is.
    """

    added: dict[str, int]
    unchanged: dict[str, int]
    told: list[Told]


async def take_out(ports: Ports, principal: Principal) -> AsyncIterator[bytes]:
    """An organisation's archive, as JSON lines.

    Raises:
        Conflict: the store can't be archived.
        Unavailable: there is no room for it on this machine.
    """
    principal.require(Right.ADMIN)
    with ExitStack() as undo:
        try:
            spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - who reads the archive closes it
            undo.callback(_close, spool)
            await scan(ports, principal, lambda tx: _write(tx, ports, spool))
        except OSError as error:
            raise Unavailable(
                "An archive takes room for temporary files, and the server has none."
            ) from error
        undo.pop_all()
    return _read(spool)


def _close(spool: IO[bytes]) -> None:
    with suppress(OSError):  # what is left to be written has no room either
        spool.close()


async def _read(spool: IO[bytes]) -> AsyncIterator[bytes]:
    with spool:
        spool.seek(0)
        while chunk := await asyncio.to_thread(spool.read, CHUNK_BYTES):
            yield chunk


def _write(tx: Transaction, ports: Ports, spool: IO[bytes]) -> None:
    """Write all of it. May be run again, when the store was lost on the way."""
    spool.seek(0)
    spool.truncate()
    rows: Counter[str] = Counter()
    _write_line(spool, _head(tx, ports))
    for table in tx.archive.tables:
        after = None
        while True:
            page, after = tx.archive.page(table=table, after=after, take=PAGE_ROWS)
            for row in page:
                _write_line(spool, Line(table=table, row=dict(row)))
            rows[table] += len(page)
            if after is None:
                break
    _write_line(spool, End(end=dict(rows)))
    spool.flush()  # while there is still time to say that there is no room


def _write_line(spool: IO[bytes], value: msgspec.Struct) -> None:
    spool.write(_encode(value) + b"\n")


def _head(tx: Transaction, ports: Ports) -> Head:
    organisation = tx.access.organisation(account=tx.account)
    root, environments = tx.archive.head()
    return Head(
        format=FORMAT,
        version=VERSION,
        schema=tx.archive.schema,
        root=root,
        environments=environments,
        release=__version__,
        organisation=organisation.name if organisation else "",
        taken_at=ports.clock.now().astimezone(UTC).isoformat(),
        left_out=tx.archive.left_out(),
    )


async def take_in(ports: Ports, principal: Principal, head: Head, lines: Sequence[str]) -> TakenIn:
    """Add the rows of an archive that are not there: some lines of it, in its order.

    Nothing that is there is changed. Either all rows that can be are kept, or none is.

    Raises:
        Invalid: it is no archive that this release reads, or these are too many rows.
        Conflict: it would leave the organisation without a default environment; or the store takes none.
    """
    principal.require(Right.ADMIN)
    if len(lines) > MOST_LINES:
        message = f"At most {MOST_LINES} rows are taken in at once; these are {len(lines)}."
        raise Invalid.at("lines", message=message)
    return await write(ports, principal, lambda tx: _add_all(tx, ports, head, lines))


def _add_all(tx: Transaction, ports: Ports, head: Head, lines: Sequence[str]) -> TakenIn:
    _check_head(tx, head)
    fates: dict[Fate, Counter[str]] = {fate: Counter() for fate in Fate}
    told: list[Told] = []
    for nth, text in enumerate(lines):
        try:
            line = _line(text)
        except (msgspec.DecodeError, RecursionError) as error:
            told.append(Told(line=nth, table="", row=text[:MOST_KEY_CHARS], reason=f"is no row: {error}"))
            continue
        try:
            fate = tx.archive.put(line, head=head, at=ports.clock.now(), spare_id=ports.ids.long("usr_"))
            fates[fate][line.table] += 1
        except Refused as refused:
            told.append(Told(line=nth, table=line.table, row=_key(line), reason=str(refused)))
    if not any(one.tag == "default" for one in tx.environments.all()):
        raise Conflict("These rows would leave the organisation without a default environment.")
    return TakenIn(added=dict(fates[Fate.ADDED]), unchanged=dict(fates[Fate.UNCHANGED]), told=told)


def _check_head(tx: Transaction, head: Head) -> None:
    if head.format != FORMAT:
        raise Invalid.at("head", "format", message=f"{head.format!r} is no archive: it must be {FORMAT!r}.")
    if head.version > VERSION or head.version < 1:
        raise Invalid.at(
            "head",
            "version",
            message=f"Archives of version {head.version} are not known here, only {VERSION}.",
        )
    if head.schema > tx.archive.schema:
        message = (
            f"The archive is of schema {head.schema}, this server knows only {tx.archive.schema}. "
            "Take it in with the release that wrote it, or a later one."
        )
        raise Invalid.at("head", "schema", message=message)


def _key(line: Line) -> str:
    """What a row is known by, for people."""
    for name in ("id", "path", "email"):
        if isinstance(value := line.row.get(name), str):
            return value[:MOST_KEY_CHARS]
    said = (f"{name}={value}" for name, value in line.row.items() if isinstance(value, (str, int)))
    return " ".join(list(said)[:3])[:MOST_KEY_CHARS]
