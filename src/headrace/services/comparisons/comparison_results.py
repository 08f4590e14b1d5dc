"""What comes of comparing two versions: of each input what either made of it, and what it all adds up to.

No store and no clock in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from headrace.core.canonical import canonical
from headrace.core.diff import Edit, diff
from headrace.core.effects import JSON
from headrace.core.execution import Status
from headrace.core.jsontext import json_text
from headrace.services.deployments.split_figures import rank

MOST_STEPS = 20_000
"""How many steps it may take to find out what differs between two outputs: a twentieth of a second or so."""
REFUSED = "Refused"
"""The status of a run that did not even begin."""


class Likeness(StrEnum):
    """How alike two outcomes are."""

    SAME = "same"
    """Both succeeded, and their outputs have the same canonical form."""
    DIFFERENT = "different"
    FAILED = "failed"
    """At least one of the two did not succeed."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found of one outcome.

    Attributes:
        judgment: of the evaluator's return type; null when it had none to give.
        error: why there is no judgment; null when nothing went wrong.
    """

    evaluator_id: str
    judgment: JSON
    error: str | None

    @property
    def value(self) -> float | None:
        """A boolean or a number, as what means are made of."""
        is_counted = isinstance(self.judgment, (bool, int, float)) and self.error is None
        return float(self.judgment) if is_counted else None


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a version made of an input.

    Attributes:
        execution_id: of a flow's run; null where nothing ran.
        log_id: the log that it is shown as.
        status: how it ended: `Succeeded`, `Failed` (also when it asks: nobody answers), `TimedOut`, or
            `Refused` where nothing ran.
        output: of a flow that has one output its value, of one with several an object by the nodes' names; of
            a prompt the text, or an object where tools are to be called.
        latency_s: from the start to the end; of a prompt, until the model had answered.
        path: the nodes of a flow that were come to, in order, with the repetitions that they stand in
            (`Each[0]/Ask`) and what conditions decided (`Route: high`).
        path_left_out: how many more there were.
        scores: one an evaluator; none where it did not succeed.
    """

    execution_id: str | None = None
    log_id: str | None = None
    status: str
    output: JSON = None
    error: str | None = None
    failed_node: str | None = None
    latency_s: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    path: tuple[str, ...] = ()
    path_left_out: int = 0
    scores: tuple[Judged, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether it came to its end."""
        return self.status == Status.SUCCEEDED.value


class PathDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Where two runs went different ways.

    Attributes:
        before: the first node that only the one came to; null when it came to none of its own. Of paths that
            differ in nothing but how many steps are not told, that number.
        after: the same of the other.
    """

    before: str | None
    after: str | None


class Pair(msgspec.Struct, frozen=True, kw_only=True, tag="pair", tag_field="line"):
    """What two versions made of one input.

    Attributes:
        index: the place of the input among all, from zero. Pairs come in the order in which they are done.
        origin: the id of the datapoint, the execution or the log that the input is of; null of one that was
            given.
        input: a flow's document, or inputs by name of a datapoint or of a prompt.
        path_difference: null where both went the same way.
        edits: what differs between the outputs; none unless both succeeded.
    """

    index: int
    origin: str | None
    input: JSON
    likeness: Likeness
    path_difference: PathDifference | None
    edits: tuple[Edit, ...]
    before: RunOutcome
    after: RunOutcome


class ScoreFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found of all.

    Attributes:
        judgments: how many booleans and numbers there are.
        errors: how often it could not judge.
        mean: of the booleans and numbers, a boolean being 0 or 1; null of none.
    """

    evaluator_id: str
    judgments: int
    errors: int
    mean: float | None


class SideFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one version's runs add up to.

    Attributes:
        errors: of the runs, those that did not succeed.
        latency_p50_s: of those that succeeded; null of none.
        cost_usd: null where no price is known.
    """

    runs: int
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    scores: tuple[ScoreFigures, ...]


class Totals(msgspec.Struct, frozen=True, kw_only=True, tag="summary", tag_field="line"):
    """What it all adds up to; the last line.

    Attributes:
        same: so many pairs have equal outputs; `different` and `failed` are the others.
        different_paths: so many pairs went different ways.
    """

    pairs: int
    same: int
    different: int
    failed: int
    different_paths: int
    before: SideFigures
    after: SideFigures


def pair_of(before: RunOutcome, after: RunOutcome, *, index: int, origin: str | None, input: JSON) -> Pair:
    """Two outcomes side by side."""
    likeness = _likeness(before, after)
    is_different = likeness is Likeness.DIFFERENT
    return Pair(
        index=index,
        origin=origin,
        input=input,
        likeness=likeness,
        edits=diff(before.output, after.output, most_steps=MOST_STEPS).edits if is_different else (),
        path_difference=_path_difference(before, after),
        before=before,
        after=after,
    )


def _likeness(before: RunOutcome, after: RunOutcome) -> Likeness:
    if not (before.is_success and after.is_success):
        return Likeness.FAILED
    forms = [canonical(json_text(one.output)) for one in (before, after)]
    return Likeness.SAME if forms[0] == forms[1] else Likeness.DIFFERENT


def _path_difference(before: RunOutcome, after: RunOutcome) -> PathDifference | None:
    """What only one of them came to: what runs at the same time may come in any order."""
    if REFUSED in (before.status, after.status):
        return None
    only_before, only_after = _first_only(before.path, after.path), _first_only(after.path, before.path)
    left_out = before.path_left_out, after.path_left_out
    if only_before is None and only_after is None and left_out[0] != left_out[1]:
        only_before, only_after = (f"{count} more steps" for count in left_out)
    if only_before is None and only_after is None:
        return None
    return PathDifference(before=only_before, after=only_after)


def _first_only(path: Sequence[str], other: Sequence[str]) -> str | None:
    left = Counter(other)
    for step in path:
        left[step] -= 1
        if left[step] < 0:
            return step
    return None


class Tally:
    """Adds pairs up, and keeps nothing of what they hold.

    Args:
        evaluator_ids: whose scores there are.
    """

    def __init__(self, evaluator_ids: Iterable[str]) -> None:
        ids = tuple(evaluator_ids)
        self._likenesses: Counter[Likeness] = Counter()
        self._different_paths = 0
        self._before, self._after = _SideTally(ids), _SideTally(ids)

    def add(self, pair: Pair) -> None:
        """Count a pair."""
        self._likenesses[pair.likeness] += 1
        self._different_paths += pair.path_difference is not None
        self._before.add(pair.before)
        self._after.add(pair.after)

    def totals(self) -> Totals:
        """What all that were counted add up to."""
        return Totals(
            pairs=self._likenesses.total(),
            same=self._likenesses[Likeness.SAME],
            different=self._likenesses[Likeness.DIFFERENT],
            failed=self._likenesses[Likeness.FAILED],
            different_paths=self._different_paths,
            before=self._before.figures(),
            after=self._after.figures(),
        )


class _SideTally:
    """Adds the outcomes of one version up."""

    def __init__(self, evaluator_ids: tuple[str, ...]) -> None:
        self._runs = self._errors = self._input_tokens = self._output_tokens = 0
        self._latencies_s: list[float] = []
        self._costs_usd: list[float] = []
        self._values: dict[str, list[float]] = {one: [] for one in evaluator_ids}
        self._unjudged: Counter[str] = Counter()

    def add(self, outcome: RunOutcome) -> None:
        self._runs += 1
        self._errors += not outcome.is_success
        if outcome.is_success and outcome.latency_s is not None:
            self._latencies_s.append(outcome.latency_s)
        self._input_tokens += outcome.input_tokens
        self._output_tokens += outcome.output_tokens
        if outcome.cost_usd is not None:
            self._costs_usd.append(outcome.cost_usd)
        for score in outcome.scores:
            self._unjudged[score.evaluator_id] += score.error is not None
            if score.value is not None:
                self._values[score.evaluator_id].append(score.value)

    def figures(self) -> SideFigures:
        latencies_s = sorted(self._latencies_s)
        return SideFigures(
            runs=self._runs,
            errors=self._errors,
            latency_p50_s=rank(latencies_s, 0.5),
            latency_p95_s=rank(latencies_s, 0.95),
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            cost_usd=math.fsum(self._costs_usd) if self._costs_usd else None,
            scores=tuple(self._score(one, values) for one, values in self._values.items()),
        )

    def _score(self, evaluator_id: str, values: Sequence[float]) -> ScoreFigures:
        return ScoreFigures(
            evaluator_id=evaluator_id,
            judgments=len(values),
            errors=self._unjudged[evaluator_id],
            mean=_mean(values),
        )


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(value / len(values) for value in values) if values else None


def refused(reason: str, **known: Any) -> RunOutcome:
    """The outcome where nothing ran."""
    return RunOutcome(status=REFUSED, error=reason, **known)
