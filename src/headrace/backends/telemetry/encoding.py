"""Spans in the words of OpenTelemetry's library, which encodes and sends them. Importing it takes long."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from headrace import __version__
from headrace.core.tracing import Kind, OwnSpan

KINDS = {Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT, Kind.INTERNAL: SpanKind.INTERNAL}
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Exporter:
    """Sends spans, and sends again what the other side could not take at the moment.

    Args:
        timeout_s: how long one batch may take.
        resource: what the process says of itself.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], *, timeout_s: float, resource: Mapping[str, str]
    ) -> None:
        # It tells of each failure, and so do we; and of what it is about to send, which may be content.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=timeout_s)
        self._resource = Resource(dict(resource))
        self._scope = InstrumentationScope("headrace", __version__)

    def export(self, spans: Sequence[OwnSpan]) -> bool:
        """Whether a batch was taken."""
        told = [self._span(span) for span in spans]
        return self._exporter.export(told) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Hang up."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _span(self, span: OwnSpan) -> ReadableSpan:
        parent = None
        if span.parent_id:
            parent = _context(span.trace_id, span.parent_id, is_remote=span.has_remote_parent)
        attributes = dict(span.attributes)
        if span.error is not None:
            attributes["error.type"] = span.error
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace_id, span.id),
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            links=[Link(_context(link.trace_id, link.id)) for link in span.links],
            kind=KINDS[span.kind],
            status=Status(StatusCode.UNSET if span.error is None else StatusCode.ERROR),
            start_time=span.started_ns,
            end_time=span.ended_ns,
            instrumentation_scope=self._scope,
        )


def _context(trace_id: int, span_id: int, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote, SAMPLED)
