"""Figures of several rounds: where each stands in what a benchmark printed, its median and its spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABELS = ("operation", "who", "name", "keeps", "traces", "connections", "versions", "logs", "nodes")
"""Fields of a row that say what was measured; all others are measured."""
SKIPPED = "skipped"
"""The field in which a benchmark says which peers it left out, and why."""
ROUNDS_WITHIN = "rounds"
"""The field of a benchmark that has rounds of its own: a list of their figures."""
NOT_SHOWN = frozenset({"failures", "count"})
"""Figures that are for judging others: not a single answer may be an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What some rounds measured.

    Attributes:
        rounds: a value for each round, in turn.
    """

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.rounds)

    def over(self, other: Spread) -> Spread:
        """How many times another, round by round: what ran side by side is compared with each other."""
        pairs = zip(self.rounds, other.rounds, strict=False)
        return Spread(rounds=tuple(mine / theirs if theirs else float("inf") for mine, theirs in pairs))

    def shown(self) -> str:
        """The median, and from where to where the rounds went."""
        if len(self.rounds) == 1:
            return number(self.median)
        return f"{number(self.median)} ({number(min(self.rounds))}–{number(max(self.rounds))})"

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        rounds = [round(value, 6) for value in self.rounds]
        return {
            "median": statistics.median(rounds),
            "least": min(rounds),
            "most": max(rounds),
            "rounds": rounds,
        }


Figures = dict[str, Spread]
"""Spreads by where they stand: names of fields and labels of rows, with slashes between them."""


def number(value: float) -> str:
    """With as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def label(row: Mapping[str, Any], index: int) -> str:
    """What a row is called: the values of its labels."""
    return ", ".join(_worded(key, row[key]) for key in LABELS if key in row) or str(index)


def _worded(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return key if value else f"no {key}"
    return str(value)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Each number that was measured, with where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in LABELS or isinstance(inner, Mapping | list):
                yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            named = label(inner, index) if isinstance(inner, Mapping) else str(index)
            yield from leaves(inner, (*path, named))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield "/".join(path), float(value)


def gathered(rounds: Iterable[Mapping[str, Any]]) -> Figures:
    """The figures of several rounds of one benchmark: those that every round has."""
    found = [dict(leaves({key: one for key, one in figures.items() if key != SKIPPED})) for figures in rounds]
    if not found:
        return {}
    keys = [key for key in found[0] if all(key in one for one in found)]
    return {key: Spread(rounds=tuple(one[key] for one in found)) for key in keys}


def tables(figures: Figures) -> dict[str, dict[str, dict[str, Spread]]]:
    """Figures as tables: by where the rows stand, the name of the row, and the name of the column."""
    found: dict[str, dict[str, dict[str, Spread]]] = {}
    for key, spread in figures.items():
        if key.rpartition("/")[2] in NOT_SHOWN:
            continue
        *place, row, column = ["", "", *key.split("/")][-max(3, key.count("/") + 1) :]
        found.setdefault("/".join(part for part in place if part), {}).setdefault(row, {})[column] = spread
    return found


def columns(rows: Iterable[Mapping[str, Spread]]) -> Sequence[str]:
    """Every column that a row has, in order."""
    return list(dict.fromkeys(column for row in rows for column in row))
