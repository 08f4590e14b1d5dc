"""How long logs are kept, over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import PersonBody
from headrace.core.access import Right
from headrace.services.logs import retention
from headrace.services.logs.retention import RetentionView

OF_FILE = "/files/{file}/retention"


class RetentionBody(msgspec.Struct, frozen=True, kw_only=True):
    """How long the logs of a file are kept.

    Attributes:
        keep_days: days from a log's creation; 0 is for ever.
        is_own: whether that was said of this file; else it is the server's setting.
        set_by, set_at: who said it, and when; null where it is the setting.
    """

    file_id: str
    path: str
    keep_days: int
    is_own: bool
    set_by: PersonBody | None
    set_at: datetime | None


class RetentionList(msgspec.Struct, frozen=True, kw_only=True):
    """How long logs are kept.

    Attributes:
        keep_days: the server's setting; 0 is for ever.
        files: those of which something else was said.
    """

    keep_days: int
    files: list[RetentionBody]


class NewRetention(msgspec.Struct, frozen=True, kw_only=True):
    """How long the logs of a file are to be kept.

    Attributes:
        keep_days: days from a log's creation; 0 is for ever, whatever the server's setting is.
    """

    keep_days: int


async def list_retentions(call: Call) -> Response:
    """How long logs are kept: the server's setting, and the files of which something else was said."""
    found = await retention.list_all(call.ports, call.principal)
    return ok(RetentionList(keep_days=_setting(call), files=[_body(call, one) for one in found]))


async def get_retention(call: Call) -> Response:
    """How long the logs of a file are kept."""
    found = await retention.get(call.ports, call.principal, file=call.parameters["file"])
    return ok(_body(call, found))


async def put_retention(call: Call) -> Response:
    """Say how long the logs of a file are kept, whatever the server's setting is.

    Those that are older by then are removed within minutes, and can't be had back.
    """
    body: NewRetention = call.body
    file = call.parameters["file"]
    found = await retention.put(call.ports, call.principal, file=file, keep_days=body.keep_days)
    return ok(_body(call, found))


async def delete_retention(call: Call) -> Response:
    """Let the server's setting hold for a file again."""
    await retention.remove(call.ports, call.principal, file=call.parameters["file"])
    return Response(status=204)


def _setting(call: Call) -> int:
    return call.reach.installation.retention.logs_days


def _body(call: Call, view: RetentionView) -> RetentionBody:
    rule = view.rule
    name = None if view.set_by is None else view.set_by.full_name
    return RetentionBody(
        file_id=view.file.id,
        path=view.file.path,
        keep_days=_setting(call) if rule is None else rule.keep_days,
        is_own=rule is not None,
        set_by=None if rule is None else PersonBody(id=rule.set_by, name=name),
        set_at=None if rule is None else rule.set_at,
    )


OPERATIONS = (
    Operation(
        name="listRetentions",
        method="GET",
        template="/retentions",
        handler=list_retentions,
        right=Right.READER,
        response=RetentionList,
        errors=(),
    ),
    Operation(
        name="getRetention",
        method="GET",
        template=OF_FILE,
        handler=get_retention,
        right=Right.READER,
        response=RetentionBody,
    ),
    Operation(
        name="putRetention",
        method="PUT",
        template=OF_FILE,
        handler=put_retention,
        right=Right.ADMIN,
        body=NewRetention,
        response=RetentionBody,
    ),
    Operation(
        name="deleteRetention",
        method="DELETE",
        template=OF_FILE,
        handler=delete_retention,
        right=Right.ADMIN,
        status=204,
    ),
)
