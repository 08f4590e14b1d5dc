"""What the judgments on a run's logs add up to (humanloop 4.3)."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import msgspec

from headrace.core.evaluations import Judged, Seat, speaks_for
from headrace.core.kinds.evaluator import (
    CHOICES,
    EvaluatorSpec,
    ReturnType,
    judgment_form,
    judgment_problem,
)

PERCENTILES = (0, 25, 50, 75, 100)


class TextStats(msgspec.Struct, frozen=True, kw_only=True):
    """How an evaluator judged in a run. All there is to be said of texts.

    Attributes:
        version_id: the evaluator's version.
        total_logs: so many logs it made that count: judgments, nulls and errors.
    """

    version_id: str
    total_logs: int
    num_judgments: int
    num_nulls: int
    num_errors: int


class BooleanStats(TextStats, frozen=True, kw_only=True):
    """The same of booleans."""

    num_true: int
    num_false: int


class NumberStats(TextStats, frozen=True, kw_only=True):
    """The same of numbers; the mean, the sum and the percentiles are there from one judgment on.

    Attributes:
        mean: None, too, where no double holds it; so it is with the sum and the deviation.
        std: the standard deviation of a sample; None below two judgments.
        percentiles: by ``0``, ``25``, ``50``, ``75`` and ``100``; between two judgments in proportion.
    """

    mean: float | None
    sum: float | None
    std: float | None
    percentiles: Mapping[str, float]


class ChoiceStats(TextStats, frozen=True, kw_only=True):
    """The same of one or more options.

    Attributes:
        per_option: how often each was chosen, in the evaluator's order.
    """

    per_option: Mapping[str, int]


SeatStats: TypeAlias = BooleanStats | NumberStats | ChoiceStats | TextStats


def counting(judged: Iterable[Judged], seat: Seat, *, seated: Collection[str]) -> list[Judged]:
    """The judgments that count for a version of an evaluator: one a place.

    Its own come before those of versions that have no seat, posted ones before those that the server made, a
    later one before an earlier one.

    Args:
        judged: those on a run's logs, by place, then oldest first.
        seated: the versions that have a seat in the evaluation.
    """
    best: dict[int, tuple[tuple[bool, bool], Judged]] = {}
    for one in judged:
        if one.evaluator_id != seat.evaluator_id or not speaks_for(
            seat,
            seated,
            version_id=one.version_id,
            is_automatic=one.is_automatic,
            has_error=one.has_error,
        ):
            continue
        rank = (one.version_id == seat.version_id, not one.is_automatic)
        known = best.get(one.place)
        if known is None or rank >= known[0]:
            best[one.place] = rank, one
    return [one for _, one in best.values()]


def stats_of(version_id: str, spec: EvaluatorSpec, counted: Sequence[Judged]) -> SeatStats:
    """What judgments add up to, in the form of the evaluator's return type, also without any.

    Args:
        counted: those that count for the version.
    """
    found = [
        _value(one, spec, is_own=one.version_id == version_id)
        for one in counted
        if one.judgment is not None and not one.has_error and one.judgment != b"null"
    ]
    values = [value for value in found if value is not None]
    errors = sum(one.has_error for one in counted) + len(found) - len(values)
    shared: dict[str, Any] = {
        "version_id": version_id,
        "total_logs": len(counted),
        "num_judgments": len(values),
        "num_nulls": len(counted) - len(values) - errors,
        "num_errors": errors,
    }
    if spec.return_type is ReturnType.BOOLEAN:
        true = sum(1 for value in values if value)
        return BooleanStats(**shared, num_true=true, num_false=len(values) - true)
    if spec.return_type is ReturnType.NUMBER:
        return NumberStats(**shared, **_number_stats(values))
    if spec.return_type in CHOICES:
        return ChoiceStats(**shared, per_option=_per_option(spec, values))
    return TextStats(**shared)


def _value(judged: Judged, spec: EvaluatorSpec, *, is_own: bool) -> Any:
    """What was found; None when another version found it, and this one could not have."""
    value = msgspec.json.decode(judged.judgment or b"null")
    if is_own:
        return value  # it was checked when it was kept
    return judgment_form(spec, value) if judgment_problem(spec, value) is None else None


def _per_option(spec: EvaluatorSpec, values: Iterable[Any]) -> dict[str, int]:
    chosen = Counter(
        name for value in values for name in (set(value) if isinstance(value, list) else [value])
    )
    return {option.name: chosen[option.name] for option in spec.options or ()}


def _number_stats(values: Sequence[int | float]) -> dict[str, Any]:
    if not values:
        return {"mean": None, "sum": None, "std": None, "percentiles": {}}
    total = exact_sum(values)
    ordered = sorted(values)
    return {
        "mean": _rounded(lambda: float(total / len(values))),
        "sum": _rounded(lambda: float(total)),
        "std": _rounded(lambda: statistics.stdev(values)) if len(values) > 1 else None,
        "percentiles": {str(percent): _percentile(ordered, percent) for percent in PERCENTILES},
    }


def _rounded(found: Callable[[], float]) -> float | None:
    try:
        return found()
    except OverflowError:
        return None


def exact_sum(values: Iterable[int | float]) -> Fraction:
    """Without any rounding."""
    parts: Counter[int] = Counter()
    for value in values:
        numerator, denominator = value.as_integer_ratio()
        parts[denominator] += numerator
    return sum((Fraction(numerator, denominator) for denominator, numerator in parts.items()), Fraction())


def _percentile(ordered: Sequence[int | float], percent: int) -> float:
    """Correctly rounded; it lies between two judgments, so a double holds it."""
    place, rest = divmod((len(ordered) - 1) * percent, 100)
    low = Fraction(ordered[place])
    high = Fraction(ordered[min(place + 1, len(ordered) - 1)])
    return float(low + (high - low) * Fraction(rest, 100))
