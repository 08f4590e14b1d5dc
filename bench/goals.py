"""What is compared, as data: the goals of the design with their limits, and ratios beside floors and peers.

A figure is named by its benchmark and its place in what that prints, as in `build/bench/report.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.figures import Figures, Spread, number


class Verdict(StrEnum):
    """What came of a goal."""

    MET = "met"
    MISSED = "missed"
    UNCLEAR = "unclear"
    UNMEASURED = "not measured"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure, or how many times others it is, and its limit.

    Attributes:
        title: what is measured, in words.
        part: the benchmark that measures it.
        value: the figure's place.
        over: places of figures that it is divided by: by the largest of those that were measured.
        flips: whether others are divided by it instead: how many times faster it is, where less is better.
        times: what the figure is multiplied by.
        at_least: the limit; with neither the ratio is only shown.
        at_most: the limit.
        unit: of the figure; "×" for ratios.
    """

    title: str
    part: str
    value: str
    over: tuple[str, ...] = ()
    flips: bool = False
    times: float = 1.0
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"

    @property
    def limit(self) -> str:
        """The goal in words; empty without one."""
        if self.at_least is not None:
            return f"≥ {number(self.at_least)} {self.unit}"
        return "" if self.at_most is None else f"≤ {number(self.at_most)} {self.unit}"

    def measured(self, parts: Mapping[str, Figures]) -> Spread | None:
        """What came out; None when it, or everything it is compared with, was not measured."""
        figures = parts.get(self.part, {})
        value = figures.get(self.value)
        if value is None:
            return None
        value = Spread(rounds=tuple(one * self.times for one in value.rounds))
        if not self.over:
            return value
        others = [figures[place] for place in self.over if place in figures]
        if not others:
            return None
        other = (min if self.flips else max)(others, key=lambda one: one.median)
        return other.over(value) if self.flips else value.over(other)

    def verdict(self, spread: Spread | None) -> Verdict:
        """Whether every round is within the limit, or none; rounds that disagree settle nothing."""
        if self.at_least is None and self.at_most is None:
            return Verdict.NONE
        if spread is None:
            return Verdict.UNMEASURED
        least, most = self.at_least or float("-inf"), self.at_most or float("inf")
        within = [least <= value <= most for value in spread.rounds]
        if all(within):
            return Verdict.MET
        return Verdict.UNCLEAR if any(within) else Verdict.MISSED


def judged(goals: Sequence[Goal], parts: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """Each goal with what was measured and its verdict."""
    found = []
    for goal in goals:
        spread = goal.measured(parts)
        found.append(
            {
                "title": goal.title,
                "part": goal.part,
                "unit": goal.unit,
                "limit": goal.limit,
                "measured": None if spread is None else spread.as_json(),
                "shown": "" if spread is None else spread.shown(),
                "verdict": goal.verdict(spread).value,
            }
        )
    return found


def counted(connections: int) -> str:
    """In words."""
    return "1 connection" if connections == 1 else f"{connections} connections"


def _registry() -> list[Goal]:
    disk = "floors/fdatasync_append"
    found = []
    for operation in ("CreateFlowVersion", "Upsert Flow"):
        for connections in (16, 64):
            row, what = f"rows/{operation}, {connections}", f"{operation}, {counted(connections)}"
            found.append(
                Goal(
                    title=f"{what}: rate beside an fdatasync for each append",
                    part="registry",
                    value=f"{row}/rate",
                    over=(disk,),
                    at_least=0.8,
                )
            )
            found.append(
                Goal(
                    title=f"{what}: processor time",
                    part="registry",
                    value=f"{row}/cpu_us",
                    at_most=220,
                    unit="µs",
                )
            )
    for operation in ("GetFlowVersion", "Get Flow"):
        for connections in (1, 16, 64):
            row, what = f"rows/{operation}, {connections}", f"{operation}, {counted(connections)}"
            found.append(
                Goal(
                    title=f"{what}: rate beside hello on the same HTTP server",
                    part="registry",
                    value=f"{row}/rate",
                    over=(f"floors/hello_get_{connections}/rate",),
                    at_least=0.6,
                )
            )
            found.append(
                Goal(
                    title=f"{what}: processor time",
                    part="registry",
                    value=f"{row}/cpu_us",
                    at_most=40,
                    unit="µs",
                )
            )
    found += [
        Goal(
            title=f"{operation}, 16 connections: times the processor time of hello",
            part="registry",
            value=f"rows/{operation}, 16/cpu_us",
            over=("floors/hello_get_16/cpu_us",),
        )
        for operation in ("GetFlowVersion", "Get Flow", "CreateFlowVersion", "Upsert Flow")
    ]
    return found


def _peers() -> list[Goal]:
    durable = ("phoenix", "mlflow")
    found = [
        Goal(
            title=f"{operation}, 16 connections: rate beside the best of {' and '.join(others)}",
            part="registry_peers",
            value=f"rows/{operation}, headrace, 16/rate",
            over=tuple(f"rows/{operation}, {other}, 16/rate" for other in others),
            at_least=least,
        )
        for operation, others, least in (
            ("create a version", durable, 20.0),
            ("create a version", ("ministack",), None),
            ("read a version", ("ministack",), 5.0),
            ("read a version", durable, None),
        )
    ]
    found += [
        Goal(
            title=f"{operation}, 16 connections: times less processor time than {other}",
            part="registry_peers",
            value=f"rows/{operation}, headrace, 16/cpu_us",
            over=(f"rows/{operation}, {other}, 16/cpu_us",),
            flips=True,
        )
        for operation in ("create a version", "read a version")
        for other in (*durable, "ministack")
    ]
    for client, operation in (("boto3", "GetFlowVersion"), ("humanloop", "Get Flow")):
        found.append(
            Goal(
                title=f"{operation} by {client}: time beside raw HTTP",
                part="clients",
                value=f"rows/{operation}, {client}/p50_ms",
                over=(f"rows/{operation}, raw HTTP/p50_ms",),
            )
        )
    return found


def _engine() -> list[Goal]:
    chain, peers = "chain_of_10_us_a_node", "peers"
    found = [
        Goal(title=f"engine, a node{how}", part="engine", value=f"{chain}/{key}", at_most=most, unit="µs")
        for key, how, most in (("conditions", "", 5.0), ("conditions_traced", ", traced", 15.0))
    ]
    for peer, least in (("langgraph", 25.0), ("burr", 5.0), ("haystack", None)):
        found.append(
            Goal(
                title=f"engine, a node: times faster than {peer}",
                part="engine",
                value=f"{chain}/conditions",
                over=(f"{peers}/{peer}/{chain}",),
                flips=True,
                at_least=least,
            )
        )
    found.append(
        Goal(
            title="engine, a node: times what a plain await takes",
            part="engine",
            value=f"{chain}/conditions",
            over=(f"{chain}/plain_await",),
        )
    )
    found += [
        Goal(
            title="engine's share of an invocation of 10 pure nodes",
            part="engine",
            value=f"{chain}/conditions",
            times=10,
            at_most=15,
            unit="µs",
        ),
        Goal(
            title="engine, an item of a 1,000-way Iterator, traced",
            part="engine",
            value="item_us/traced",
            at_most=10,
            unit="µs",
        ),
    ]
    return found


def _runs() -> list[Goal]:
    found = [
        Goal(
            title="InvokeFlow of 10 pure nodes, one connection: times the latency of hello",
            part="invoke",
            value="rows/all, no traces, 1/p50_ms",
            over=("floors/hello_post_1/p50_ms",),
            at_most=2,
        ),
        Goal(
            title="InvokeFlow of a 1,000-way Iterator, traced and stored",
            part="invoke",
            value="iterator_of_1000/p50_ms",
            at_most=200,
            unit="ms",
        ),
    ]
    found += [
        Goal(
            title=f"durable steps on {store}: beside DBOS alone",
            part="durable",
            value=f"{store}/steps_per_s",
            over=(f"{store}/bare_dbos/steps_per_s",),
            at_least=0.8,
        )
        for store in ("sqlite", "postgresql")
    ]
    found += [
        Goal(
            title=f"an execution in the background on {store}: {what}",
            part="durable",
            value=f"{store}/{value}",
            at_most=most,
            unit="ms",
        )
        for store in ("sqlite", "postgresql")
        for what, value, most in (
            ("until its first call", "start_ms/p50", 100),
            ("an item of an Iterator", "iterator_item_ms", 0.2),
        )
    ]
    for peer in ("phoenix", "mlflow"):
        found += [
            Goal(
                title=f"spans taken in over OTLP, {counted(connections)}: beside {peer}",
                part="trace_peers",
                value=f"rows/headrace, {connections}/spans_per_s",
                over=(f"rows/{peer}, {connections}/spans_per_s",),
            )
            for connections in (1, 16)
        ]
    return found


def _control() -> list[Goal]:
    return [
        Goal(
            title=f"ValidateFlowDefinition of {nodes} nodes: processor time",
            part="control_plane",
            value=f"validate/{nodes}/cpu_us",
            times=0.001,
            at_most=1,
            unit="ms",
        )
        for nodes in (10, 40)
    ]


def _process() -> list[Goal]:
    return [
        Goal(
            title="a call of InlineCode, one at a time",
            part="sandbox",
            value="spaced/p50_ms",
            at_most=5,
            unit="ms",
        ),
        Goal(
            title="the page of a version until it is shown",
            part="pages",
            value="versions, loopback/shown_ms",
            times=0.001,
            at_most=1.5,
            unit="s",
        ),
        Goal(
            title="`headrace serve` until it is ready", part="startup", value="ready_s", at_most=1.0, unit="s"
        ),
        Goal(title="`import headrace`", part="startup", value="import_headrace_s", at_most=0.3, unit="s"),
        Goal(
            title="memory of an idle server", part="startup", value="idle_memory_mib", at_most=80, unit="MiB"
        ),
    ]


LOG_PAGES = (
    "by version",
    "deep page",
    "in traces, deep page",
    "all days",
    "part of an id",
    "two characters of an id",
    "metadata",
    "common word",
    "commonest word",
    "newest",
)
MOST_LOGS = 1_000_000


def _growth() -> list[Goal]:
    page = "versions/rows"
    return [
        Goal(
            title="a page of ListFlowVersions after a write at 99,999: times the processor time at 10",
            part="growth",
            value=f"{page}/99999/cpu_us",
            over=(f"{page}/10/cpu_us",),
            at_most=2,
        ),
        Goal(
            title="a page of ListFlowVersions after a write at 99,999, p95",
            part="growth",
            value=f"{page}/99999/p95_us",
            times=0.001,
            at_most=200,
            unit="ms",
        ),
        *(
            Goal(
                title=f"a page of logs at a million, p95: {name}",
                part="growth",
                value=f"logs/{name}/{MOST_LOGS}/p95_ms",
                at_most=200,
                unit="ms",
            )
            for name in LOG_PAGES
        ),
    ]


GOALS = (*_registry(), *_peers(), *_engine(), *_runs(), *_control(), *_process(), *_growth())
"""Goals first and comparisons among them: those without a limit are only shown."""
