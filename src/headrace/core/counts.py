"""What a process counts of itself, in plain dictionaries: cheap to add to, and read when somebody asks.

Labels come from tables, settings and enumerations only: what users name never becomes one, so that there are
few of them and nothing of anybody's is shown.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

Labels = tuple[str, ...]
"""The values of a count's labels, in the order in which the labels are named."""

ANSWERS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
WAITS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)
"""For what waits for others: models, and flows that call them."""
DELAYS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Tally:
    """How often something happened, or how much of it there was.

    Attributes:
        values: by labels.
    """

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[Labels, float] = {}

    def add(self, labels: Labels, by: float = 1) -> None:
        """Once more, or so much more."""
        self.values[labels] = self.values.get(labels, 0) + by


class Spread:
    """How large something was, how often: how many values there were up to each bound.

    Attributes:
        bounds: upper ones, ascending; what is above the last has a place of its own.
        cells: by labels: how many there were in each place, and behind that their sum.
    """

    __slots__ = ("bounds", "cells")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.cells: dict[Labels, list[float]] = {}

    def add(self, labels: Labels, value: float) -> None:
        """One value more."""
        cell = self.cells.get(labels)
        if cell is None:
            cell = self.cells[labels] = [0] * (len(self.bounds) + 2)
        cell[bisect_left(self.bounds, value)] += 1
        cell[-1] += value


@dataclass(slots=True, kw_only=True)
class Commits:
    """What a store counts of its transactions that write. One thread at a time adds to each.

    Attributes:
        sizes: how many use cases shared a transaction.
        seconds: how long the commit of one took.
        failed: how many could not be begun or kept, whole or in part.
    """

    sizes: Spread = field(default_factory=lambda: Spread(SIZES))
    seconds: Spread = field(default_factory=lambda: Spread(DELAYS_S))
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Counts:
    """Everything that is counted on the way. Belongs to one event loop.

    Attributes:
        requests: seconds, by API, operation and class of status.
        requests_going: how many there are now, by API.
        refusals: requests above a rate limit, by operation.
        executions: seconds, by how they were called and how they ended.
        durable_going: how many durable executions are carried out here now.
        nodes: by type and outcome.
        model_calls: seconds, by provider and outcome.
        tokens: by provider and direction.
        cost_usd: by provider.
        judgments: seconds, by outcome.
        jobs: work behind the scenes, by kind and outcome.
        sandbox: seconds of a call of code, by what for and outcome.
        lag: seconds by which the event loop was late.
        spans: those made to be exported, by what became of them.
    """

    requests: Spread = field(default_factory=lambda: Spread(ANSWERS_S))
    requests_going: dict[str, int] = field(default_factory=dict)
    refusals: Tally = field(default_factory=Tally)
    executions: Spread = field(default_factory=lambda: Spread(WAITS_S))
    durable_going: int = 0
    nodes: Tally = field(default_factory=Tally)
    model_calls: Spread = field(default_factory=lambda: Spread(WAITS_S))
    tokens: Tally = field(default_factory=Tally)
    cost_usd: Tally = field(default_factory=Tally)
    judgments: Spread = field(default_factory=lambda: Spread(WAITS_S))
    jobs: Tally = field(default_factory=Tally)
    sandbox: Spread = field(default_factory=lambda: Spread(WAITS_S))
    lag: Spread = field(default_factory=lambda: Spread(DELAYS_S))
    spans: Tally = field(default_factory=Tally)
