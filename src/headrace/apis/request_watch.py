"""What requests tell of themselves: how many, how long each took, and a span where those are exported."""

from __future__ import annotations

import time
from contextvars import ContextVar

from headrace.apis.http import Headers
from headrace.core.counts import Counts, Labels
from headrace.core.tracing import Kind, Scene
from headrace.services.telemetry.telemetry import Telemetry

OPERATION: ContextVar[str] = ContextVar("headrace_operation", default="")
"""What a request asks for, in the words of its API's table; empty until that was found out."""
UNKNOWN = "unknown"
"""Stands for an operation that was not found, or not looked for because nobody showed credentials."""
UNTOLD = frozenset({"health", "metrics", "pages", "otlp"})
"""APIs whose requests make no spans: of who watches over the server, of files, and of who sends spans."""
_CLASSES = {number: f"{number}xx" for number in range(1, 6)}
LEFT = "left"
"""The class of a request that ended without an answer: its caller went away, or the server did."""


class RequestWatch:
    """Hears of every request of a process. Belongs to one event loop."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._counts: Counts = telemetry.counts
        self._tracer = telemetry.tracer

    @property
    def is_tracing(self) -> bool:
        """Whether requests make spans."""
        return self._tracer is not None

    def again(self, labels: Labels, started_s: float) -> None:
        """A request was answered without being looked at.

        Args:
            labels: what it is counted under.
            started_s: when it came, by `time.perf_counter`.
        """
        self._counts.requests.add(labels, time.perf_counter() - started_s)

    def begin(self, api: str, headers: Headers) -> Scene | None:
        """A request has come; its span, if it is to have one."""
        going = self._counts.requests_going
        going[api] = going.get(api, 0) + 1
        OPERATION.set("")
        if self._tracer is None or api in UNTOLD:
            return None
        scene = self._tracer.request(next((value for name, value in headers if name == b"traceparent"), None))
        return scene if scene.is_sampled else None

    def end(
        self, api: str, scene: Scene | None, *, method: str, request_id: str, status: int, started_s: float
    ) -> None:
        """It is over.

        Args:
            request_id: empty when it was not read.
            status: of its answer; 0 when there was none.
            started_s: when it came, by `time.perf_counter`.
        """
        self._counts.requests_going[api] -= 1
        self._counts.requests.add(labels_of(api, status), time.perf_counter() - started_s)
        if scene is None or self._tracer is None:
            return
        operation = OPERATION.get() or UNKNOWN
        scene.attributes |= {
            "http.request.method": method,
            "headrace.api": api,
            "headrace.operation": operation,
            "headrace.request.id": request_id,
        }
        if status:
            scene.attributes["http.response.status_code"] = status
        error = str(status) if status >= 500 else LEFT if not status else None
        self._tracer.end(scene, operation, Kind.SERVER, error=error)


def labels_of(api: str, status: int) -> Labels:
    """What the request that goes on here is counted under.

    Args:
        status: of its answer; 0 when there was none.
    """
    return api, OPERATION.get() or UNKNOWN, _CLASSES.get(status // 100, LEFT)
