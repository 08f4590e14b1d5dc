"""The page of the metrics."""

from __future__ import annotations

from headrace.apis.metrics.table import METRICS, PROCESS, Kind, Metric
from reference.markdown import code, page, table

ENDINGS = {Kind.COUNTER: "_total", Kind.INFO: "_info"}


def metrics_page() -> str:
    """Every metric with its labels."""
    return page(
        "Metrics",
        "What `GET /metrics` answers ([how to scrape it](../how-to/watch-the-server.md)). "
        "Each process tells of itself, from its start on; a figure of which nothing has happened is not "
        "there yet. No label has a value that a user chose, and none is an id.",
        table(("metric", "kind", "labels", "what it says"), map(_row, METRICS)),
        "A histogram `x` is `x_bucket`, with the label `le`, `x_sum` and `x_count`.",
        "## Of the process",
        "On Linux, from `prometheus_client`:",
        table(("metric", "what it says"), ((code(name), told) for name, told in PROCESS.items())),
    )


def _row(metric: Metric) -> tuple[str, str, str, str]:
    labels = ", ".join(map(code, metric.labels))
    return code(metric.name + ENDINGS.get(metric.kind, "")), metric.kind.value, labels, metric.help
