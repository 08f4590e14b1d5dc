"""What an operation of our own API is: a row of a table, and what its handler is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response
from headrace.apis.native.requests import Nothing
from headrace.core.access import Principal, Right
from headrace.services.base import Ports
from headrace.services.calls.calls import Calls
from headrace.services.comparisons.comparisons import Comparisons
from headrace.services.durable.durable_executions import Durables
from headrace.services.runs.invocations import Names
from headrace.services.runs.runs import Runs
from headrace.services.server.installation import Installation

_encode = msgspec.json.Encoder().encode
JSON_MEDIA = "application/json"
TEXT_MEDIA = "text/plain; charset=utf-8"
LINES_MEDIA = "application/x-ndjson"
"""JSON lines, as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What operations may use.

    Attributes:
        runs: what flows run in.
        durables: what executions in the background are stopped through.
        calls: what prompts and tools are called with.
        names: how flows and aliases of an organisation are told of to what flows call.
        comparisons: what versions are compared in.
        gate: says whether there are keys, and is told of the first.
        installation: how the server was set up.
    """

    ports: Ports
    runs: Runs
    durables: Durables
    calls: Calls
    names: Callable[[str], Names]
    comparisons: Comparisons
    gate: Gate
    installation: Installation


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One authenticated request, decoded.

    Attributes:
        parameters: the path's, decoded, by the names in the operation's template.
        query: of the operation's ``query`` type.
        body: of the operation's ``body`` type.
        request: all of it, for headers.
    """

    reach: Reach
    principal: Principal
    parameters: Mapping[str, str]
    query: Any
    body: Any
    request: Request

    @property
    def ports(self) -> Ports:
        """The outside, as the use cases see it."""
        return self.reach.ports


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the API's table. The handler's docstring is the operation's summary.

    Attributes:
        name: unique; what rate limits and the OpenAPI document call it.
        template: the path below ``/api``.
        right: what the key must allow.
        query: the query's fields; other parameters are refused.
        body: the body's fields; other keys are refused.
        response: the type of the answer's body; None when it has none that is JSON.
        errors: the statuses that the operation itself may answer with, beside those that any may.
        media: what a success may be written in; the first is what `response` describes.
        headers: the headers of the request that it knows, with what they mean.
    """

    name: str
    method: str
    template: str
    handler: Handler
    right: Right
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    response: Any = None
    status: int = 200
    errors: tuple[int, ...] = field(default=(404,))
    media: tuple[str, ...] = (JSON_MEDIA,)
    headers: tuple[tuple[str, str], ...] = ()


def ok(value: Any) -> Response:
    """A success with a JSON body."""
    return Response(status=200, headers=(JSON,), body=_encode(value))


def made(value: Any) -> Response:
    """The same for something new."""
    return Response(status=201, headers=(JSON,), body=_encode(value))
