"""The standard endpoint of OTLP over HTTP: where any program that speaks OpenTelemetry sends its traces."""

from __future__ import annotations

import math
from typing import ClassVar

import msgspec

from headrace.apis.bearer import with_bearer_key
from headrace.apis.gate import Gate, Throttle
from headrace.apis.http import Headers, Request, Response
from headrace.apis.otel.body import unpack
from headrace.apis.otel.json_spans import read_json
from headrace.apis.otel.protobuf_spans import read_protobuf, write_rejection, write_status
from headrace.apis.otel.steps import step
from headrace.apis.request_watch import OPERATION as CURRENT_OPERATION
from headrace.core import errors
from headrace.core.access import Right
from headrace.core.errors import HeadraceError
from headrace.core.spans import Spans
from headrace.services.base import Ports
from headrace.services.telemetry import otel_traces

OPERATION = "ExportTraces"
PATH = ("v1", "traces")
PROTOBUF = "application/x-protobuf"
JSON_TYPE = "application/json"
FLOW_HEADER = "x-headrace-flow"
NO_ID = "A span has no trace ID or no span ID."


class WrongMethod(HeadraceError):
    """Traces are sent with POST."""


class WrongType(HeadraceError):
    """The body has to be application/x-protobuf or application/json."""


STATUSES: dict[type[HeadraceError], int] = {
    HeadraceError: 400,
    errors.Denied: 401,
    errors.Throttled: 429,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
    WrongMethod: 405,
    WrongType: 415,
}
"""The status of each class; one without a row has its parent's. Exporters send again on 429 and 503."""
INTERNAL_ERROR = 500


class _PartialSuccess(msgspec.Struct, omit_defaults=True, rename="camel"):
    rejected_spans: str = "0"
    error_message: str = ""


class _Taken(msgspec.Struct, omit_defaults=True, rename="camel"):
    partial_success: _PartialSuccess | None = None


class _Status(msgspec.Struct):
    message: str


class OtlpApi:
    """``POST /v1/traces``.

    Args:
        max_body_bytes: the most that a packed body may unpack to.
    """

    name: ClassVar = "otlp"

    def __init__(self, ports: Ports, gate: Gate, throttle: Throttle, *, max_body_bytes: int) -> None:
        self._ports = ports
        self._gate = gate
        self._throttle = throttle
        self._max_body_bytes = max_body_bytes

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return segments == PATH

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        if request.method != "POST":
            raise WrongMethod
        CURRENT_OPERATION.set(OPERATION)
        principal = await self._gate.by_api_key(with_bearer_key(request))
        principal.require(Right.RUNNER)
        self._throttle.take(principal.account, OPERATION, is_read=False)
        read = self._read(request)
        flow_path = request.header(FLOW_HEADER) or None
        steps = [step(span, flow_path=flow_path) for span in read.spans if span.is_identified]
        refused = await otel_traces.record(self._ports, principal, steps)
        nameless = read.unreadable + len(read.spans) - len(steps)
        return _taken(request, refused.steps + nameless, refused.reason or (NO_ID if nameless else ""))

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        if error is None:
            message = f"Internal error. The server's log has more under the request ID {request.id}."
            return _response(request, INTERNAL_ERROR, write_status(message), _Status(message=message))
        status = next(STATUSES[parent] for parent in type(error).__mro__ if parent in STATUSES)
        status_bytes = write_status(error.message)
        return _response(request, status, status_bytes, _Status(message=error.message), _headers(error))

    def _read(self, request: Request) -> Spans:
        read = {PROTOBUF: read_protobuf, JSON_TYPE: read_json}.get(_type(request))
        if read is None:
            raise WrongType
        encoding = request.header("content-encoding")
        return read(unpack(request.body, encoding, limit_bytes=self._max_body_bytes))


def _type(request: Request) -> str:
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def _taken(request: Request, rejected: int, reason: str) -> Response:
    """A success; what was not taken is told, and is not to be sent again."""
    partial = _PartialSuccess(rejected_spans=str(rejected), error_message=reason) if rejected else None
    return _response(request, 200, write_rejection(rejected, reason), _Taken(partial_success=partial))


def _response(
    request: Request, status: int, protobuf: bytes, value: msgspec.Struct, headers: Headers = ()
) -> Response:
    """An answer in the encoding of its request."""
    if _type(request) == JSON_TYPE:
        kind, body = JSON_TYPE, msgspec.json.encode(value)
    else:
        kind, body = PROTOBUF, protobuf
    return Response(status=status, headers=((b"content-type", kind.encode()), *headers), body=body)


def _headers(error: HeadraceError) -> Headers:
    if isinstance(error, errors.Throttled):
        return ((b"retry-after", str(math.ceil(error.retry_after_s)).encode()),)
    return ((b"allow", b"POST"),) if isinstance(error, WrongMethod) else ()
