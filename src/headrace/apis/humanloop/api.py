"""The Humanloop API: from a request to the handler of its operation, and from an error to its answer."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from headrace.apis.gate import Gate, Throttle
from headrace.apis.http import JSON, SPLIT_KEY, Request, Response, options
from headrace.apis.humanloop import (
    agent_calls,
    datasets,
    directories,
    errors,
    evaluations,
    file_operations,
    files,
    logs,
    openapi,
    otel,
    prompt_calls,
    prompt_files,
    tool_calls,
)
from headrace.apis.humanloop.errors import MethodNotAllowed, UnsupportedEncoding
from headrace.apis.humanloop.operations import BodyRead, Call, Operation
from headrace.apis.humanloop.render import Renderer
from headrace.apis.humanloop.requests import BodyReader, read_query
from headrace.apis.kept import KeptAnswers
from headrace.apis.request_watch import OPERATION
from headrace.apis.routing import Match, Table, WrongMethod
from headrace.core.access import Principal
from headrace.core.errors import HeadraceError, Invalid, Malformed, NotFound, Problem
from headrace.services.base import Ports
from headrace.services.calls.calls import Calls

OPERATIONS: tuple[Operation, ...] = (
    *file_operations.OPERATIONS,
    *datasets.OPERATIONS,
    *prompt_files.OPERATIONS,
    *prompt_calls.OPERATIONS,
    *tool_calls.OPERATIONS,
    *agent_calls.OPERATIONS,
    *files.OPERATIONS,
    *directories.OPERATIONS,
    *logs.OPERATIONS,
    *evaluations.OPERATIONS,
    *otel.OPERATIONS,
)
DEFAULT_MAX_PAGE = 1000
"""Clients ask for pages of 1000, so no less will do (humanloop 0.7)."""
DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024


class HumanloopApi:
    """Everything under ``/v5``.

    Args:
        timestamps_with_zone: whether times in responses end in ``Z`` (humanloop 8.41).
        max_page: the largest ``size`` of a list that is accepted.
        max_body_bytes: the most that a packed body may unpack to.
    """

    name: ClassVar = "humanloop"

    def __init__(
        self,
        ports: Ports,
        gate: Gate,
        throttle: Throttle,
        calls: Calls,
        *,
        timestamps_with_zone: bool = False,
        max_page: int = DEFAULT_MAX_PAGE,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> None:
        self._ports = ports
        self._gate = gate
        self._throttle = throttle
        self._calls = calls
        self._wire = Renderer(timestamps_with_zone=timestamps_with_zone)
        self._max_page = max_page
        self._max_body_bytes = max_body_bytes
        rows: list[tuple[str, str, Operation | None]] = [("GET", "/openapi.json", None)]
        rows += [(row.method, row.route, row) for row in OPERATIONS]
        self._table = Table(rows)
        self._answers = KeptAnswers(ports.store.changes, attrgetter("everything"))
        self._readers: dict[str, BodyRead] = {
            row.name: row.reads or BodyReader(row.body).read for row in OPERATIONS if row.body is not None
        }

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return segments[:1] == ("v5",)

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        found = self._find(request)
        if isinstance(found, Response):
            return found
        operation = found.row
        OPERATION.set("GetDocument" if operation is None else operation.name)
        if operation is None:  # the document: the same for everybody, so it needs no key
            return Response(status=200, headers=(JSON,), body=openapi.document(OPERATIONS))
        principal = await self._gate.by_api_key(request)
        principal.require(operation.right)
        if not operation.takes_spans:
            self._throttle.take(principal.account, operation.name, is_read=request.method == "GET")
        parameters = found.parameters
        if operation.method != "GET":
            return await self._carry_out(principal, parameters, operation, request)
        return await self._answers.answer(
            principal, request, lambda: self._carry_out(principal, parameters, operation, request)
        )

    async def _carry_out(
        self, principal: Principal, parameters: Mapping[str, str], operation: Operation, request: Request
    ) -> Response:
        query, body, parsed = self._decode(operation, request)
        call = Call(
            ports=self._ports,
            calls=self._calls,
            principal=principal,
            wire=self._wire,
            max_page=self._max_page,
            parameters=parameters,
            query=query,
            body=body,
            parsed=parsed,
            split_key=request.header(SPLIT_KEY),
        )
        return await operation.handler(call)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        return otel.nothing_imported(request, error) or errors.failure(request, error)

    def _find(self, request: Request) -> Match[Operation | None] | Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._table.find(method, request.segments[1:])
        # No id has a NUL in it, and databases refuse to look for one.
        if found is None or b"%00" in request.raw_path:
            path = request.raw_path.decode("latin-1")
            raise NotFound("path", path, f"There is nothing at `{path}`.")
        if isinstance(found, WrongMethod):
            if request.method == "OPTIONS":
                return options(found.answered)
            raise MethodNotAllowed(found.answered)
        return found

    def _decode(
        self, operation: Operation, request: Request
    ) -> tuple[msgspec.Struct, Any, Mapping[str, Any]]:
        """The query and the body; the error has the problems of both."""
        problems: list[Problem] = []
        try:
            query = read_query(operation.query, request.query)
        except Invalid as error:
            problems += error.problems
        reader = self._readers.get(operation.name)
        if reader is None:
            if problems:
                raise Invalid(*problems)
            if operation.takes_spans:
                return query, otel.read(request, limit_bytes=self._max_body_bytes), {}
            return query, None, {}
        _check_encoding(request)
        try:
            body, parsed = reader(request.body)
        except Malformed:
            raise
        except Invalid as error:
            problems += error.problems
        if problems:
            raise Invalid(*problems)
        return query, body, parsed


def _check_encoding(request: Request) -> None:
    said = request.headers.get(b"content-encoding")
    encoding = said and said.decode("latin-1")
    if encoding and encoding.strip().lower() != "identity":
        raise UnsupportedEncoding(f"The body has the content encoding {encoding!r}; send it as it is.")
