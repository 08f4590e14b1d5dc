"""What is measured of a version: what an evaluator found of its logs, and how many of them have an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

import msgspec

from headrace.core.effects import JSON
from headrace.core.evaluations import Judged, Run
from headrace.core.gates import Scored, Use, exact
from headrace.core.ports import Transaction

PAGE = 500
"""So many logs are named at a time."""
SHOWN_DIGITS = 6
MAX_EXACT = 60
"""So long the exact value may be that is kept in figures."""
K = TypeVar("K")
J = TypeVar("J", Scored, Judged)


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What judgments add up to.

    Attributes:
        judgments: how many logs have one that is a boolean or a number.
        of: how many logs there are.
        total: the exact sum; true is 1.
        run: the run of an evaluation that it was measured on; None on the newest logs.
    """

    judgments: int
    of: int
    total: Fraction
    run: Run | None = None

    @property
    def mean(self) -> Fraction:
        """Of at least one judgment."""
        return self.total / self.judgments

    def figures(self) -> dict[str, JSON]:
        """As JSON."""
        found: dict[str, JSON] = {"judgments": self.judgments, "logs": self.of}
        if self.run is not None:
            found |= {"run_id": self.run.id, "dataset_version_id": self.run.dataset_version_id}
        if not self.judgments:
            return found
        text = str(self.mean)
        return found | {"mean": rounded(self.mean), "exact": text if len(text) <= MAX_EXACT else None}


def on_run(tx: Transaction, run: Run, evaluator_id: str) -> Measure:
    """What any version of an evaluator found of the logs of a run."""
    judged = tx.runs.judged(run_id=run.id, evaluator_ids=[evaluator_id])
    _, of = tx.runs.filled(run_ids=[run.id], skip=0, take=0)
    return _measure(judged, lambda one: one.place, of=of, run=run)


def on_logs(tx: Transaction, logs: Sequence[Use], evaluator_id: str) -> Measure:
    """What any version of an evaluator found of logs."""
    found: list[Scored] = []
    for start in range(0, len(logs), PAGE):
        ids = [log.log_id for log in logs[start : start + PAGE]]
        found += tx.gates.scores(log_ids=ids, evaluator_id=evaluator_id)
    return _measure(found, lambda one: one.log_id, of=len(logs))


def _measure(judged: Iterable[J], log_of: Callable[[J], K], *, of: int, run: Run | None = None) -> Measure:
    """One judgment a log counts: a posted one before one that the server made, a later before an earlier one.

    Args:
        judged: the older ones of each log first.
    """
    best: dict[K, J] = {}
    for one in judged:
        known = best.get(log_of(one))
        if known is None or known.is_automatic or not one.is_automatic:
            best[log_of(one)] = one
    values = Counter(value for one in best.values() if (value := _value(one)) is not None)
    total = sum((exact(value) * count for value, count in values.items()), Fraction())
    return Measure(judgments=values.total(), of=of, total=total, run=run)


def _value(judged: Scored | Judged) -> bool | int | float | None:
    if judged.has_error or judged.judgment is None:
        return None
    value = msgspec.json.decode(judged.judgment)
    return value if isinstance(value, bool | int | float) else None


def rounded(value: Fraction) -> float | None:
    """The nearest double; None where none is near."""
    try:
        return float(value)
    except OverflowError:
        return None


def told(value: Fraction) -> str:
    """A number to be read by people: all its digits where these are few, else the fraction it is, too."""
    short = round(value, SHOWN_DIGITS)
    near = rounded(short)
    text = str(value) if near is None else f"{near:.{SHOWN_DIGITS}f}".rstrip("0").rstrip(".")
    if short == value or len(str(value)) > MAX_EXACT:
        return text
    return f"{text} ({value})"
