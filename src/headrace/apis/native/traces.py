"""Traces over HTTP: the logs of one as lines of a tree on a line of time."""

from __future__ import annotations

from typing import Annotated

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.core.access import Right
from headrace.services.logs import trace_lines
from headrace.services.logs.trace_lines import TracePage


class LinesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines.

    Attributes:
        after: the id of a log of the trace: only those behind it.
        take: so many at the most.
    """

    after: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 2000


async def get_trace(call: Call) -> Response:
    """The whole trace that a log is part of, whoever wrote it, as lines of a tree on a line of time."""
    query: LinesPage = call.query
    return ok(
        await trace_lines.trace(
            call.ports, call.principal, call.parameters["log"], after=query.after, take=query.take
        )
    )


OPERATIONS = (
    Operation(
        name="getTrace",
        method="GET",
        template="/logs/{log}/trace",
        handler=get_trace,
        right=Right.READER,
        query=LinesPage,
        response=TracePage,
    ),
)
