"""What an operation of the Humanloop API is: a row of a table, and what its handler is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.render import Renderer
from headrace.apis.humanloop.requests import Nothing
from headrace.core.access import Principal, Right
from headrace.services.base import Ports
from headrace.services.calls.calls import Calls

_encode = msgspec.json.Encoder().encode
NO_CONTENT = Response(status=204)
TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One authenticated request, decoded.

    Attributes:
        calls: what prompts and tools are called with.
        max_page: the largest ``size`` of a list that is accepted.
        parameters: the path's, decoded, by the names in the operation's template.
        query: of the operation's ``query`` type.
        body: of the operation's ``body`` type, or what the operation read.
        parsed: the body as plain JSON values.
        split_key: what holds calls of a split together; None when nothing was said.
    """

    ports: Ports
    calls: Calls
    principal: Principal
    wire: Renderer
    max_page: int
    parameters: Mapping[str, str]
    query: Any
    body: Any
    parsed: Mapping[str, Any]
    split_key: str | None = None


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]
BodyRead: TypeAlias = Callable[[bytes], tuple[Any, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the API's table. The handler's docstring is the operation's summary.

    Attributes:
        name: unique; what rate limits and the OpenAPI document call it.
        template: the path below ``/v5``.
        right: what the key must allow.
        query: the query's fields; other parameters are ignored (humanloop 0.3).
        body: the body's fields; other keys are ignored.
        reads: reads the body where that is no matter of its type alone: what it gives is the call's body and
            its plain values.
        response: the type of the answer's body; None when it has none.
        errors: the statuses that the operation itself may answer with, beside those that any may.
        has_open_end: whether the path's last parameter may hold slashes. The clients put the ids that their
            users chose into paths as they are (humanloop 0.8).
        media: what a success is written in.
        takes: what the body is written in.
        takes_list: whether the body is a list of such.
        asks_models: whether an answer may be that a model did not give one.
        takes_spans: whether the body is what OpenTelemetry's exporters send; it is read to
            `headrace.core.spans.Spans`, and no rate limit holds (humanloop 8.52).
    """

    name: str
    method: str
    template: str
    handler: Handler
    right: Right
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    reads: BodyRead | None = None
    response: Any = None
    status: int = 200
    errors: tuple[int, ...] = field(default=(404,))
    has_open_end: bool = False
    media: str = "application/json"
    takes: str = "application/json"
    takes_list: bool = False
    asks_models: bool = False
    takes_spans: bool = False

    @property
    def route(self) -> str:
        """The template as the routing table takes it."""
        return self.template[:-1] + ":path}" if self.has_open_end else self.template


def ok(value: Any) -> Response:
    """A success with a JSON body."""
    return Response(status=200, headers=(JSON,), body=_encode(value))
