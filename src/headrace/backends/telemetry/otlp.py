"""Exports spans by OTLP over HTTP, with OpenTelemetry's own encoder, in a thread beside everything else.

Nobody waits for it: spans lie in a queue until the thread takes them, and one that finds the queue full is
dropped and counted. The library is imported by the thread, because that takes a second.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headrace.backends.config import BadConfig
from headrace.core.counts import Tally
from headrace.core.tracing import OwnSpan

if TYPE_CHECKING:
    from headrace.backends.telemetry.encoding import Exporter

DELAY_S = 1.0
"""How long a span waits for others at the most."""
BATCH = 512
"""So many are sent at a time."""
WARN_EVERY_S = 60.0
LIBRARIES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")

log = logging.getLogger("headrace.otlp")


class MissingLibrary(BadConfig):
    """Exporting spans needs the extra otel: pip install 'headrace[otel]'."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


def check_libraries() -> None:
    """Whether spans could be exported.

    Raises:
        MissingLibrary: what it takes is not installed.
    """
    try:
        is_there = all(importlib.util.find_spec(name) for name in LIBRARIES)
    except ModuleNotFoundError:  # not even what it is a part of
        is_there = False
    if not is_there:
        raise MissingLibrary


class OtlpExporter:
    """A sink of spans. `add` may be called by one thread, that of the event loop.

    Args:
        endpoint: the address of ``/v1/traces``.
        headers: sent with every request.
        most: so many spans may wait.
        timeout_s: how long one request may take, with its repetitions, and how long the end may.
        counts: counts spans by what became of them.
        resource: what the process says of itself.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        most: int,
        timeout_s: float,
        counts: Tally,
        resource: Mapping[str, str],
    ) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._most = most
        self._timeout_s = timeout_s
        self._counts = counts
        self._resource = resource
        self._waiting: deque[OwnSpan] = deque()
        self._news = threading.Event()
        self._is_closing = False
        self._warned_at_s = float("-inf")
        self._thread = threading.Thread(target=self._export_all, name="headrace-otlp", daemon=True)

    @property
    def waiting(self) -> int:
        """How many spans wait."""
        return len(self._waiting)

    def add(self, span: OwnSpan) -> None:
        """Have a span sent, when there is room for it."""
        if len(self._waiting) >= self._most:
            self._counts.add(("dropped",))
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH and not self._news.is_set():
            self._news.set()

    async def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    async def close(self) -> None:
        """Send what waits, for as long as one request may take, and send no more."""
        self._is_closing = True
        self._news.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, self._timeout_s)
        if self._waiting:
            log.warning("%d spans were not exported before the end", len(self._waiting))

    # In the thread.

    def _export_all(self) -> None:
        exporter = self._open()
        while True:
            is_last = self._is_closing
            if not is_last:
                self._news.wait(DELAY_S)
                self._news.clear()
            while self._waiting:
                self._export(exporter)
            if is_last:
                exporter.close()
                return

    def _open(self) -> Exporter:
        from headrace.backends.telemetry.encoding import Exporter

        return Exporter(self._endpoint, self._headers, timeout_s=self._timeout_s, resource=self._resource)

    def _export(self, exporter: Exporter) -> None:
        spans = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        is_taken = self._sent(exporter, spans)
        # The event loop counts what it drops; this is another label, so that neither loses the other's.
        self._counts.add(("exported" if is_taken else "refused",), len(spans))
        if not is_taken and time.monotonic() - self._warned_at_s > WARN_EVERY_S:
            self._warned_at_s = time.monotonic()
            log.warning("spans can't be exported to %s", self._endpoint)

    @staticmethod
    def _sent(exporter: Exporter, spans: Sequence[OwnSpan]) -> bool:
        try:
            return exporter.export(spans)
        except Exception:  # the thread has to live, whatever the library makes of a span
            log.exception("a bug while exporting spans")
            return False
