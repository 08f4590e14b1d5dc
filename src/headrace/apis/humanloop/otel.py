"""The import of spans, as the clients' decorators send them (humanloop 5.3).

Their exporter has one thread, which dies of any answer but 200: all later spans of the program would be lost
without a word. So whatever is sent is answered alike; what can't be recorded is told of in the server's log.
"""

from __future__ import annotations

import logging

import msgspec

from headrace.apis.http import JSON, Request, Response
from headrace.apis.humanloop import otel_vercel
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.otel_spans import meaning
from headrace.apis.otel.body import read_any, unpack
from headrace.core.access import Right
from headrace.core.errors import Denied, HeadraceError
from headrace.core.spans import Spans
from headrace.services.telemetry import otel, otel_traces
from headrace.services.telemetry.otel_traces import Step, trace_log_id

log = logging.getLogger("headrace.otel")
PATH = ("v5", "import", "otel", "v1", "traces")


class ImportedSpans(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the logs that spans became."""

    records: list[str]


async def import_spans(call: Call) -> Response:
    """Record logs from OpenTelemetry spans: OTLP in JSON or protobuf, whatever the content type says."""
    spans: Spans = call.body
    if spans.unreadable:
        log.warning("%d spans could not be read", spans.unreadable)
    flow_paths = otel_vercel.flows(spans.spans)
    told = [meaning(span) or otel_vercel.meaning(span, flow_paths) for span in spans.spans]
    logs = [one for one in told if one is not None and not isinstance(one, Step)]
    records = await otel.record(call.ports, call.principal, logs)
    steps = [one for one in told if isinstance(one, Step)]
    refused = await otel_traces.record(call.ports, call.principal, steps)
    if refused.steps:
        log.warning("%d spans were not recorded: %s", refused.steps, refused.reason)
        steps = []
    return ok(
        ImportedSpans(
            records=records + [trace_log_id(one.trace_id) if one.is_flow else one.log_id for one in steps]
        )
    )


OPERATIONS = (
    Operation(
        name="ImportSpans",
        method="POST",
        template="/import/otel/v1/traces",
        handler=import_spans,
        right=Right.RUNNER,
        response=ImportedSpans,
        errors=(),
        takes_spans=True,
    ),
)


def read(request: Request, *, limit_bytes: int) -> Spans:
    """The spans in a request.

    Raises:
        Malformed: there are none to be read.
        TooLarge: the body unpacks to more than ``limit_bytes``.
    """
    return read_any(unpack(request.body, request.header("content-encoding"), limit_bytes=limit_bytes))


# Quirk(humanloop): an import of spans is answered 200 with no records where anything else would be refused or
# be told of a bug; only wrong credentials are refused (5.3).
def nothing_imported(request: Request, error: HeadraceError | None) -> Response | None:
    """The answer to an import that failed; None when the request is no import, or its key is wrong."""
    if (request.method, request.segments) != ("POST", PATH) or isinstance(error, Denied):
        return None
    if error is not None:
        log.warning("spans were not imported: %s", error.message, extra={"request_id": request.id})
    return Response(status=200, headers=(JSON,), body=msgspec.json.encode(ImportedSpans(records=[])))
