"""Drafts of flows over HTTP: looked at, saved when nobody else did, prepared, made versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.native.errors import PreconditionFailed
from headrace.apis.native.node_types import FindingBody, finding_body
from headrace.apis.native.operations import Call, Operation
from headrace.apis.native.requests import Nothing
from headrace.apis.native.wire import FileBody, file_body
from headrace.core.access import Right
from headrace.core.errors import Invalid, Stale
from headrace.core.kinds.flow import read_content
from headrace.core.node_catalogue import empty_definition, example_definition
from headrace.core.versions import DraftStatus
from headrace.services.versions import flow_drafts
from headrace.services.versions.flow_drafts import NOTHING, Sketch

ABSENT = "nothing"
"""What a draft that is not there is called where one is expected."""
STARTS = {"empty": empty_definition, "example": example_definition}


class NewDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A definition to be kept.

    Attributes:
        definition: the nodes and connections, all of them.
    """

    definition: dict[str, Any]


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version to be made of a prepared draft.

    Attributes:
        description: what is new, in at most 200 characters.
    """

    description: str | None = None


class NewFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow to be made.

    Attributes:
        path: where it is to stand; directories are made.
        start: what it begins with, unless there is a `definition`.
        definition: its nodes and connections.
        description: what it is for.
    """

    path: str
    start: Literal["empty", "example"] = "empty"
    definition: dict[str, Any] | None = None
    description: str | None = None


class DraftBody(msgspec.Struct, frozen=True, kw_only=True):
    """A flow's draft.

    Attributes:
        short_id: what the Bedrock API calls the flow.
        name: what it calls it in words.
        definition: the nodes and connections, as they were sent.
        status: `NotPrepared` since the last edit, `Prepared`, or `Failed` when preparing found something.
        findings: what that was; None when it was not prepared since the last edit.
        digest: of the content; also the answer's `ETag`.
        numbers: of the version that says the same; none says that no version does.
        can_be_released: whether a version can be made of it.
    """

    file: FileBody
    short_id: str
    name: str
    definition: Any
    status: str
    findings: list[FindingBody] | None
    digest: str
    numbers: list[int]
    can_be_released: bool
    updated_at: datetime


class MadeVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was made.

    Attributes:
        number: what it is known by.
        version_id: that of its content, which an earlier number may have had already.
    """

    file: FileBody
    number: int
    version_id: str
    description: str | None
    created_at: datetime


async def get_draft(call: Call) -> Response:
    """A flow's draft: what is being edited.

    The answer's `ETag` says which; sent as `If-Match` with a change it is what is expected to be there.
    """
    return _answer(await flow_drafts.show(call.ports, call.principal, file=call.parameters["file"]))


async def put_draft(call: Call) -> Response:
    """Let a definition be a flow's draft.

    With `If-Match` it is refused with 412 when another one is there by now: somebody else changed it. Half a
    definition is kept as well; preparing tells what is missing. The same again changes nothing.
    """
    body: NewDraft = call.body
    try:
        kept = await flow_drafts.save(
            call.ports,
            call.principal,
            file=call.parameters["file"],
            definition=body.definition,
            expected=_matched(call),
        )
    except Stale as error:
        raise _refused(call, error) from None
    return _answer(kept)


async def prepare_draft(call: Call) -> Response:
    """Check a flow's draft and, when nothing is wrong with it, let runs of the draft use it from now on.

    What is wrong is in the answer; the status is `Prepared` or `Failed`.
    """
    try:
        prepared = await flow_drafts.prepare(
            call.ports, call.principal, file=call.parameters["file"], expected=_matched(call)
        )
    except Stale as error:
        raise _refused(call, error) from None
    return _answer(prepared)


async def create_version(call: Call) -> Response:
    """Make a version of a flow's prepared draft: the next number, be its content new or not."""
    body: NewVersion = call.body
    made = await flow_drafts.release(
        call.ports, call.principal, file=call.parameters["file"], description=body.description
    )
    release = made.release
    shown = MadeVersion(
        file=file_body(made.file),
        number=release.number,
        version_id=release.version_id,
        description=release.description,
        created_at=release.created_at,
    )
    return Response(status=201, headers=(JSON,), body=msgspec.json.encode(shown))


async def create_flow(call: Call) -> Response:
    """Make a flow with a draft, which has no version yet."""
    body: NewFlow = call.body
    made = await flow_drafts.create(
        call.ports,
        call.principal,
        path=body.path,
        definition=STARTS[body.start]() if body.definition is None else body.definition,
        description=body.description,
    )
    return _answer(made, status=201)


def _answer(sketch: Sketch, *, status: int = 200) -> Response:
    file, draft = sketch.file, sketch.draft
    definition = read_content(draft.content).definition
    shown = DraftBody(
        file=file_body(file),
        short_id=file.short_id,
        name=file.short_name,
        definition={} if definition is msgspec.UNSET else definition,
        status=draft.status.value,
        findings=None if sketch.findings is None else [finding_body(one) for one in sketch.findings],
        digest=draft.digest,
        numbers=list(sketch.numbers),
        can_be_released=draft.status is DraftStatus.PREPARED,
        updated_at=draft.updated_at,
    )
    headers = (JSON, (b"etag", f'"{draft.digest}"'.encode()))
    return Response(status=status, headers=headers, body=msgspec.json.encode(shown))


def _refused(call: Call, error: Stale) -> Stale | PreconditionFailed:
    return error if call.request.header("if-match") is None else PreconditionFailed(error.message)


def _matched(call: Call) -> str | None:
    """The digest of the draft that the caller expects.

    Raises:
        Invalid: the header names none, or several.
    """
    header = call.request.header("if-match")
    if header is None:
        return None
    tag = header.strip()
    if len(tag) < 3 or tag[0] != '"' or tag[-1] != '"' or '"' in tag[1:-1]:
        message = f'`If-Match` takes one `ETag` of a draft with its quotes, or "{ABSENT}", not {tag!r}.'
        raise Invalid.at("if-match", message=message, kind="value", where="header")
    return NOTHING if tag[1:-1] == ABSENT else tag[1:-1]


MATCHES = (
    (
        "If-Match",
        f'The `ETag` of the draft that is expected to be there, or `"{ABSENT}"`; 412 when it is not.',
    ),
)
DRAFT = "/files/{file}/draft"
OPERATIONS = (
    Operation(
        name="getDraft",
        method="GET",
        template=DRAFT,
        handler=get_draft,
        right=Right.READER,
        response=DraftBody,
    ),
    Operation(
        name="putDraft",
        method="PUT",
        template=DRAFT,
        handler=put_draft,
        right=Right.EDITOR,
        body=NewDraft,
        response=DraftBody,
        errors=(404, 409, 412),
        headers=MATCHES,
    ),
    Operation(
        name="prepareDraft",
        method="POST",
        template=f"{DRAFT}/prepare",
        handler=prepare_draft,
        right=Right.EDITOR,
        body=Nothing,
        response=DraftBody,
        errors=(404, 409, 412),
        headers=MATCHES,
    ),
    Operation(
        name="createVersion",
        method="POST",
        template="/files/{file}/versions",
        handler=create_version,
        right=Right.EDITOR,
        body=NewVersion,
        response=MadeVersion,
        status=201,
        errors=(404, 409),
    ),
    Operation(
        name="createFlow",
        method="POST",
        template="/flows",
        handler=create_flow,
        right=Right.EDITOR,
        body=NewFlow,
        response=DraftBody,
        status=201,
        errors=(409,),
    ),
)
