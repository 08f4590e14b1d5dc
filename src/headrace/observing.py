"""What a process tells of itself, put together from the settings: figures to be asked for, and spans."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from headrace import __version__
from headrace.apis.gate import Gate
from headrace.apis.health import HealthApi
from headrace.apis.metrics.api import MetricsApi
from headrace.apis.metrics.sources import Sources
from headrace.apis.pipeline import App
from headrace.apis.readiness import Readiness
from headrace.apis.request_watch import RequestWatch
from headrace.backends.telemetry.otlp import OtlpExporter, check_libraries
from headrace.core.counts import Counts
from headrace.core.processes import Process
from headrace.services.base import Ports
from headrace.services.runs.runs import Runs
from headrace.services.telemetry.loop_lag import LoopLag
from headrace.services.telemetry.telemetry import Telemetry
from headrace.services.telemetry.tracer import Tracer
from headrace.settings import Settings
from headrace.storage.place import path_of, url_of

TRACES = "/v1/traces"
Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observing:
    """What hears of everything in a process, and what tells of it.

    Attributes:
        telemetry: hears of runs and of calls of models.
        watch: hears of requests.
        starts: what is done in turn when the process starts.
        closes: the same when it ends, after everything else has ended.
        exporter: takes spans away; None when nobody wants them.
    """

    telemetry: Telemetry
    watch: RequestWatch
    starts: tuple[Step, ...]
    closes: tuple[Step, ...]
    exporter: OtlpExporter | None

    def metrics(self, settings: Settings, ports: Ports, runs: Runs, gate: Gate | None) -> MetricsApi:
        """What answers for figures.

        Args:
            gate: who may read them; None is everybody.
        """
        exporter = self.exporter
        sources = Sources(
            ports=ports,
            runs=runs,
            store=store_kind(settings),
            file=path_of(settings.store),
            spans_waiting=lambda: 0 if exporter is None else exporter.waiting,
        )
        return MetricsApi(sources, gate, account=settings.account)

    def beside(
        self,
        settings: Settings,
        ports: Ports,
        runs: Runs,
        readiness: Readiness,
        *,
        on_startup: Step | None = None,
        on_shutdown: Step | None = None,
    ) -> App:
        """What answers who watches over the process, at a port that only they reach: nobody needs a key."""
        return App(
            (self.metrics(settings, ports, runs, None), HealthApi(ports, readiness, is_alone=True)),
            max_body_bytes=settings.max_body,
            body_timeout_s=settings.body_timeout or None,
            logs_all=settings.log_requests,
            on_startup=on_startup,
            on_shutdown=on_shutdown or _nothing,
            readiness=readiness,
            watch=self.watch,
        )


async def _nothing() -> None:
    """An application beside another starts and ends nothing."""


def build_observing(settings: Settings, process: Process) -> Observing:
    """Everything that tells of a process.

    Raises:
        MissingLibrary: spans are to be exported, and what that takes is not installed.
    """
    counts = Counts()
    lag = LoopLag(counts.lag)
    exporter = _exporter(settings, counts, process) if settings.otlp_endpoint else None
    tracer = None
    if exporter is not None:
        tracer = Tracer(exporter, share=settings.otlp_share, shows_content=settings.otlp_content)
    telemetry = Telemetry(counts, tracer)
    return Observing(
        telemetry=telemetry,
        watch=RequestWatch(telemetry),
        starts=(lag.start, *([exporter.start] if exporter else [])),
        closes=(lag.close, *([exporter.close] if exporter else [])),
        exporter=exporter,
    )


def _exporter(settings: Settings, counts: Counts, process: Process) -> OtlpExporter:
    check_libraries()
    return OtlpExporter(
        traces_url(settings.otlp_endpoint),
        headers_of(settings.otlp_headers),
        most=settings.otlp_queue,
        timeout_s=settings.otlp_timeout,
        counts=counts.spans,
        resource={
            "service.name": os.environ.get("OTEL_SERVICE_NAME") or "headrace",
            "service.version": __version__,
            "service.instance.id": process.id,
            "host.name": process.host,
            "headrace.role": process.role.value,
        },
    )


def traces_url(endpoint: str) -> str:
    """Where spans are sent: below the address that was given, unless it says so itself."""
    base = endpoint.rstrip("/")
    return base if base.endswith(TRACES) else base + TRACES


def headers_of(text: str) -> dict[str, str]:
    """Headers out of ``name=value,name=value``, percent-encoded as OpenTelemetry has it."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


def store_kind(settings: Settings) -> str:
    """What kind of store is used, whatever its address."""
    kind = url_of(settings.store).partition(":")[0]
    return "postgresql" if kind.startswith("postgres") else kind
