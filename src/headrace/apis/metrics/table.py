"""The metrics: what each is called, what it says, and where it is read. All else follows from this table.

No label has a value that a user chose: operations, statuses, node types and outcomes are words of this
program, providers those of the operator's configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from headrace.apis.metrics.sources import Figures
from headrace.core.counts import Labels, Spread
from headrace.core.monitoring import Work


class Kind(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


Values = Mapping[Labels, float]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One family.

    Attributes:
        name: without the ending that its kind adds: ``_total``, ``_info``, ``_bucket`` …
        labels: their names.
        read: its values, of a histogram a `Spread`; None when there is nothing to tell.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    read: Callable[[Figures], Values | Spread | None]


def _one(value: float | None) -> Values | None:
    return None if value is None else {(): value}


def _jobs(figures: Figures) -> Values | None:
    """Zero is told, too, of every kind of work: alerts need it."""
    jobs = figures.jobs
    return None if jobs is None else {(work.value,): jobs.get(work.value, 0) for work in Work}


METRICS: tuple[Metric, ...] = (
    Metric(
        name="headrace_build",
        kind=Kind.INFO,
        labels=("version", "python", "store"),
        help="The release that runs, what runs it, and the kind of its store.",
        read=lambda one: {(one.version, one.python, one.store): 1},
    ),
    Metric(
        name="headrace_request_seconds",
        kind=Kind.HISTOGRAM,
        labels=("api", "operation", "status"),
        help="Seconds from the head of a request to the last byte of its answer, by the class of its status; "
        "`left` when it ended without an answer.",
        read=lambda one: one.counts.requests,
    ),
    Metric(
        name="headrace_requests_in_progress",
        kind=Kind.GAUGE,
        labels=("api",),
        help="Requests that are being answered, this one among them.",
        read=lambda one: {(api,): count for api, count in one.counts.requests_going.items()},
    ),
    Metric(
        name="headrace_rate_limited_requests",
        kind=Kind.COUNTER,
        labels=("operation",),
        help="Requests refused because of a rate limit.",
        read=lambda one: one.counts.refusals.values,
    ),
    Metric(
        name="headrace_execution_seconds",
        kind=Kind.HISTOGRAM,
        labels=("mode", "outcome"),
        help="Seconds of runs of flows that have ended here: `invoked` from the beginning of a turn, "
        "`background` from when they were started, with what they waited.",
        read=lambda one: one.counts.executions,
    ),
    Metric(
        name="headrace_executions_in_progress",
        kind=Kind.GAUGE,
        labels=("mode",),
        help="Runs of flows that this process carries out.",
        read=lambda one: {
            ("invoked",): one.runs_going,
            ("background",): one.counts.durable_going,
        },
    ),
    Metric(
        name="headrace_nodes",
        kind=Kind.COUNTER,
        labels=("type", "outcome"),
        help="Nodes of flows that have ended, each turn of a repetition by itself.",
        read=lambda one: one.counts.nodes.values,
    ),
    Metric(
        name="headrace_model_call_seconds",
        kind=Kind.HISTOGRAM,
        labels=("provider", "outcome"),
        help="Seconds of calls of models, by the provider's name in `headrace.toml`: `succeeded`, or whose "
        "fault it was.",
        read=lambda one: one.counts.model_calls,
    ),
    Metric(
        name="headrace_model_tokens",
        kind=Kind.COUNTER,
        labels=("provider", "direction"),
        help="Tokens that models were given and gave, as their providers tell.",
        read=lambda one: one.counts.tokens.values,
    ),
    Metric(
        name="headrace_model_cost_usd",
        kind=Kind.COUNTER,
        labels=("provider",),
        help="What calls of models have cost, where their price is known.",
        read=lambda one: one.counts.cost_usd.values,
    ),
    Metric(
        name="headrace_judgment_seconds",
        kind=Kind.HISTOGRAM,
        labels=("outcome",),
        help="Seconds that evaluators took: `judged`, `error` when the evaluator came to no judgment, "
        "`unavailable` when it is tried again.",
        read=lambda one: one.counts.judgments,
    ),
    Metric(
        name="headrace_jobs",
        kind=Kind.COUNTER,
        labels=("work", "outcome"),
        help="Attempts at work behind the scenes, `done` or `failed`; what failed is tried again.",
        read=lambda one: one.counts.jobs.values,
    ),
    Metric(
        name="headrace_jobs_waiting",
        kind=Kind.GAUGE,
        labels=("work",),
        help="Work behind the scenes that waits or is being done, of the whole store: every process on it "
        "tells the same. `judge` is judgments, `execute` durable executions that nobody has begun.",
        read=_jobs,
    ),
    Metric(
        name="headrace_store_commit_seconds",
        kind=Kind.HISTOGRAM,
        help="Seconds until a transaction was durable.",
        read=lambda one: None if one.commits is None else one.commits.seconds,
    ),
    Metric(
        name="headrace_store_commit_size",
        kind=Kind.HISTOGRAM,
        help="Writes that shared a transaction.",
        read=lambda one: None if one.commits is None else one.commits.sizes,
    ),
    Metric(
        name="headrace_store_failed_commits",
        kind=Kind.COUNTER,
        help="Transactions that could not be begun or not be kept, whole or in part, or whose end was not "
        "heard.",
        read=lambda one: _one(None if one.commits is None else one.commits.failed),
    ),
    Metric(
        name="headrace_store_waiting_writes",
        kind=Kind.GAUGE,
        help="Writes that wait for a transaction.",
        read=lambda one: _one(None if one.commits is None else one.waiting_writes),
    ),
    Metric(
        name="headrace_store_file_bytes",
        kind=Kind.GAUGE,
        help="The size of a SQLite store's file with its write-ahead log.",
        read=lambda one: _one(one.file_bytes),
    ),
    Metric(
        name="headrace_dropped_events",
        kind=Kind.COUNTER,
        help="Events of runs that were not recorded, or without content, because the store did not keep up.",
        read=lambda one: _one(one.records_dropped),
    ),
    Metric(
        name="headrace_event_loop_lag_seconds",
        kind=Kind.HISTOGRAM,
        help="How late the process comes to what is due, looked at twice a second.",
        read=lambda one: one.counts.lag,
    ),
    Metric(
        name="headrace_sandbox_call_seconds",
        kind=Kind.HISTOGRAM,
        labels=("use", "outcome"),
        help="Seconds of calls of code in the sandbox: `killed` when its process was ended, `failed` when "
        "the code did, `unavailable` when there was no safe place to run it.",
        read=lambda one: one.counts.sandbox,
    ),
    Metric(
        name="headrace_spans",
        kind=Kind.COUNTER,
        labels=("outcome",),
        help="Spans for `HEADRACE_OTLP_ENDPOINT`: `exported`, `dropped` because too many waited, or "
        "`refused` because they could not be sent.",
        read=lambda one: one.counts.spans.values,
    ),
    Metric(
        name="headrace_spans_waiting",
        kind=Kind.GAUGE,
        help="Spans that wait to be exported.",
        read=lambda one: _one(one.spans_waiting),
    ),
)
PROCESS = {
    "process_cpu_seconds_total": "Processor time that was used.",
    "process_resident_memory_bytes": "Memory that is used.",
    "process_virtual_memory_bytes": "Address space that is used.",
    "process_start_time_seconds": "When the process began, in seconds since 1970.",
    "process_open_fds": "Files, sockets and pipes that are open.",
    "process_max_fds": "How many may be.",
}
"""What `prometheus_client` adds on Linux."""
