"""Contents of files over HTTP: one of them, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.apis.http import Response
from headrace.apis.native import requests
from headrace.apis.native.operations import JSON_MEDIA, TEXT_MEDIA, Call, Operation, ok
from headrace.apis.native.wire import ContentBody, DifferenceBody, content_body, difference_body
from headrace.core.access import Right
from headrace.core.diff import DatapointsChanged
from headrace.core.diff_text import render
from headrace.services.versions import differences
from headrace.services.versions.differences import Difference


async def get_content(call: Call) -> Response:
    """A content of a file, as it was sent.

    `{version}` is a version's id or number, `draft`, or the name of an environment or of an alias.
    """
    file, ref = call.parameters["file"], call.parameters["version"]
    found = await differences.show(call.ports, call.principal, file=file, ref=ref)
    return ok(content_body(found))


async def get_difference(call: Call) -> Response:
    """What differs between two contents of a file: nodes, connections, words and lines.

    `from` and `to` are each a version's id or number, `draft`, or the name of an environment or of an alias.
    Without them it is what the default environment targets, and the newest version.
    """
    query: requests.Difference = call.query
    found = await differences.compare(
        call.ports, call.principal, file=call.parameters["file"], before=query.source, after=query.to
    )
    if query.form == "json":
        return ok(difference_body(found))
    text = text_of(found, width_columns=query.width, context_lines=query.context)
    return Response(status=200, headers=((b"content-type", TEXT_MEDIA.encode()),), body=text.encode())


def text_of(found: Difference, *, width_columns: int, context_lines: int) -> str:
    """A difference as lines for people."""
    if found.datapoints is None:
        return render(found.diff, width_columns=width_columns, context_lines=context_lines)
    told = "".join(f"{line}\n" for line in _datapoint_lines(found.datapoints))
    if found.diff.is_empty:
        return told
    return told + render(found.diff, width_columns=width_columns, context_lines=context_lines)


def _datapoint_lines(found: DatapointsChanged) -> Iterator[str]:
    yield found.line
    yield from (f"- {one}" for one in found.removed)
    yield from (f"+ {one}" for one in found.added)


OPERATIONS = (
    Operation(
        name="getContent",
        method="GET",
        template="/files/{file}/versions/{version}",
        handler=get_content,
        right=Right.READER,
        response=ContentBody,
        errors=(404, 409),
    ),
    Operation(
        name="getDifference",
        method="GET",
        template="/files/{file}/diff",
        handler=get_difference,
        right=Right.READER,
        query=requests.Difference,
        response=DifferenceBody,
        errors=(404, 409),
        media=(JSON_MEDIA, TEXT_MEDIA),
    ),
)
