"""Figures as text, by `prometheus_client`, which is imported when somebody asks: that takes a while."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headrace.apis.metrics.sources import Figures
from headrace.apis.metrics.table import METRICS, Kind, Metric, Values
from headrace.core.counts import Spread

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, InfoMetricFamily
    from prometheus_client.metrics_core import Metric as Family


Read = Sequence[tuple[Metric, Values | Spread]]


def read(figures: Figures) -> Read:
    """What all metrics say now, as values of its own that nobody changes any more."""
    return [(metric, _copied(metric.read(figures))) for metric in METRICS]


def _copied(values: Values | Spread | None) -> Values | Spread:
    if not isinstance(values, Spread):
        return dict(values or {})
    spread = Spread(values.bounds)
    spread.cells = {labels: list(cell) for labels, cell in dict(values.cells).items()}
    return spread


def render(found: Read, accept: str) -> tuple[bytes, str]:
    """The text, and its type. May be called in another thread.

    Args:
        accept: the formats that are understood; OpenMetrics when it is among them, else Prometheus' own.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(found))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector:
    """Tells what was found in the words of the library."""

    def __init__(self, found: Read) -> None:
        self._found = found

    def collect(self) -> Iterator[Family]:
        for metric, values in self._found:
            yield _family(metric, values)


def _family(metric: Metric, values: Values | Spread) -> Family:
    from prometheus_client import core

    if isinstance(values, Spread):
        return _histogram(core.HistogramMetricFamily(metric.name, metric.help, labels=metric.labels), values)
    if metric.kind is Kind.INFO:
        return _info(core.InfoMetricFamily(metric.name, metric.help), metric, values)
    maker = core.CounterMetricFamily if metric.kind is Kind.COUNTER else core.GaugeMetricFamily
    family = maker(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _info(family: InfoMetricFamily, metric: Metric, values: Values) -> Family:
    for labels in values:
        family.add_metric([], dict(zip(metric.labels, labels, strict=True)))
    return family


def _histogram(family: HistogramMetricFamily, spread: Spread) -> Family:
    bounds = [*(str(bound) for bound in spread.bounds), "+Inf"]
    for labels, cell in spread.cells.items():
        counts = itertools.accumulate(cell[:-1])
        buckets = list(zip(bounds, counts, strict=True))
        family.add_metric(labels, buckets, sum_value=cell[-1])
    return family
