"""Everything of an organisation over HTTP: out as one archive, and in again, some rows at a time."""

from __future__ import annotations

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import LINES_MEDIA, Call, Operation, ok
from headrace.core.access import Right
from headrace.core.archives import Head
from headrace.services.exchange import archives
from headrace.services.exchange.archives import TakenIn


class ArchiveLines(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of an archive.

    Attributes:
        head: its first line.
        lines: rows of it, each as it stands there.
    """

    head: Head
    lines: list[str]


async def get_archive(call: Call) -> Response:
    """Everything of the organisation at this moment, as JSON lines: a head, a line a row, an end."""
    body = await archives.take_out(call.ports, call.principal)
    headers = ((b"content-type", LINES_MEDIA.encode()),)
    return Response(status=200, headers=headers, body=body)


async def post_archive(call: Call) -> Response:
    """Add some rows of an archive. What is there already stays as it is; what can't be kept is told."""
    said: ArchiveLines = call.body
    return ok(await archives.take_in(call.ports, call.principal, said.head, said.lines))


OPERATIONS = (
    Operation(
        name="getArchive",
        method="GET",
        template="/archive",
        handler=get_archive,
        right=Right.ADMIN,
        errors=(409,),
        media=(LINES_MEDIA,),
    ),
    Operation(
        name="addArchive",
        method="POST",
        template="/archive",
        handler=post_archive,
        right=Right.ADMIN,
        body=ArchiveLines,
        response=TakenIn,
        errors=(409,),
    ),
)
