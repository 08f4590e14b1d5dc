"""Our own API: from a request to the handler of its operation, and from an error to its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from headrace.apis.gate import Gate, Throttle
from headrace.apis.http import JSON, Request, Response, options
from headrace.apis.native import (
    archives,
    catalogue,
    changes,
    cleanings,
    comparisons,
    contents,
    dashboards,
    drafts,
    environments,
    erasures,
    errors,
    evaluators,
    examples,
    executions,
    files,
    gates,
    installation,
    keys,
    logs,
    node_types,
    openapi,
    pointers,
    prompt_calls,
    provider_keys,
    retention,
    runs,
    sync,
    traces,
    versions,
    watches,
)
from headrace.apis.native.errors import MethodNotAllowed
from headrace.apis.native.operations import Call, Operation, Reach
from headrace.apis.native.requests import read_body, read_query
from headrace.apis.request_watch import OPERATION
from headrace.apis.routing import Match, Table, WrongMethod
from headrace.core.access import Principal
from headrace.core.errors import HeadraceError, Invalid, Malformed, NotFound, Problem

OPERATIONS: tuple[Operation, ...] = (
    *catalogue.OPERATIONS,
    *files.OPERATIONS,
    *versions.OPERATIONS,
    *dashboards.OPERATIONS,
    *contents.OPERATIONS,
    *pointers.OPERATIONS,
    *changes.OPERATIONS,
    *gates.OPERATIONS,
    *archives.OPERATIONS,
    *examples.OPERATIONS,
    *comparisons.OPERATIONS,
    *watches.OPERATIONS,
    *sync.OPERATIONS,
    *executions.OPERATIONS,
    *runs.OPERATIONS,
    *prompt_calls.OPERATIONS,
    *traces.OPERATIONS,
    *node_types.OPERATIONS,
    *drafts.OPERATIONS,
    *logs.OPERATIONS,
    *evaluators.OPERATIONS,
    *environments.OPERATIONS,
    *keys.OPERATIONS,
    *provider_keys.OPERATIONS,
    *retention.OPERATIONS,
    *erasures.OPERATIONS,
    *cleanings.OPERATIONS,
    *installation.OPERATIONS,
)


class NativeApi:
    """Everything under ``/api``."""

    name: ClassVar = "native"

    def __init__(self, reach: Reach, gate: Gate, throttle: Throttle) -> None:
        self._reach = reach
        self._gate = gate
        self._throttle = throttle
        rows: list[tuple[str, str, Operation | None]] = [("GET", "/openapi.json", None)]
        rows += [(row.method, row.template, row) for row in OPERATIONS]
        self._table = Table(rows)

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return segments[:1] == ("api",)

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        found = self._find(request)
        if isinstance(found, Response):
            return found
        operation = found.row
        OPERATION.set("GetDocument" if operation is None else operation.name)
        if operation is None:  # the document: the same for everybody, so it needs no key
            return Response(status=200, headers=(JSON,), body=openapi.document(OPERATIONS))
        principal = await self._gate.by_page(request)
        principal.require(operation.right)
        self._throttle.take(principal.account, operation.name, is_read=operation.method == "GET")
        return await self._carry_out(principal, found.parameters, operation, request)

    async def _carry_out(
        self, principal: Principal, parameters: Mapping[str, str], operation: Operation, request: Request
    ) -> Response:
        query, body = _decode(operation, request)
        call = Call(
            reach=self._reach,
            principal=principal,
            parameters=parameters,
            query=query,
            body=body,
            request=request,
        )
        return await operation.handler(call)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        return errors.failure(request, error)

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


def _decode(operation: Operation, request: Request) -> tuple[msgspec.Struct, msgspec.Struct | None]:
    """The query and the body; the error has the problems of both."""
    problems: list[Problem] = []
    query: msgspec.Struct | None = None
    body: msgspec.Struct | None = None
    try:
        query = read_query(operation.query, request.query)
    except Invalid as error:
        problems += error.problems
    if operation.body is not None:
        _check_encoding(request)
        try:
            body = read_body(operation.body, request.body)
        except Malformed:
            raise
        except Invalid as error:
            problems += error.problems
    if problems or query is None:
        raise Invalid(*problems)
    return query, body


def _check_encoding(request: Request) -> None:
    encoding = request.header("content-encoding")
    if encoding and encoding.strip().lower() != "identity":
        message = f"The body has the content encoding {encoding!r}; send it as it is."
        raise Invalid.at("content-encoding", message=message, kind="encoding", where="header")
