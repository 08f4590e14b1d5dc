"""How two outcomes are told apart, and what all of them add up to."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.definition import NodeType
from headrace.core.effects import Usage
from headrace.core.execution import (
    ConditionsDecided,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowStarted,
    Link,
    NodeActed,
    NodeFinished,
    NodeStarted,
    Reason,
)
from headrace.services.comparisons.comparison_flows import MOST_STEPS, _Story
from headrace.services.comparisons.comparison_results import (
    REFUSED,
    Judged,
    Likeness,
    PathDifference,
    RunOutcome,
    SideFigures,
    Tally,
    pair_of,
)


def outcome(output: Any = "red", status: str = "Succeeded", **more: Any) -> RunOutcome:
    return RunOutcome(status=status, output=output, **more)


def pair(before: RunOutcome, after: RunOutcome) -> Any:
    return pair_of(before, after, index=0, origin=None, input="x")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}),
        ("ü", "\u00fc"),
        (1e3, 1000),
        (None, None),
    ],
)
def test_outputs_are_the_same_when_their_canonical_form_is(before: Any, after: Any) -> None:
    assert pair(outcome(before), outcome(after)).likeness is Likeness.SAME


@pytest.mark.parametrize(("before", "after"), [("1", 1), (True, 1), ([], None), ("a", "a ")])
def test_other_outputs_differ(before: Any, after: Any) -> None:
    assert pair(outcome(before), outcome(after)).likeness is Likeness.DIFFERENT


def test_what_differs_between_outputs_is_told() -> None:
    said = "The invoice of May is wrong, and will be sent again."
    [edit] = pair(outcome(said), outcome(said.replace("again", "tomorrow"))).edits
    assert [(span.in_, span.text) for span in edit.spans if span.in_ != "both"] == [
        ("before", "again"),
        ("after", "tomorrow"),
    ]
    [edit] = pair(outcome({"a": 1, "b": 2}), outcome({"a": 1, "b": 3})).edits
    assert (edit.path, edit.before, edit.after) == (("b",), 2, 3)
    for same in (pair(outcome(), outcome()), pair(outcome("a"), outcome("b", "Failed"))):
        assert same.edits == ()


@pytest.mark.parametrize("status", ["Failed", "TimedOut", REFUSED])
def test_what_did_not_succeed_is_no_equal(status: str) -> None:
    failed = outcome(None, status)
    assert [
        pair(*both).likeness for both in ((failed, failed), (outcome(), failed), (failed, outcome()))
    ] == [Likeness.FAILED] * 3


steps = st.lists(st.sampled_from("abc"), max_size=6)


@given(steps, st.randoms(use_true_random=False))
def test_the_order_of_what_runs_at_the_same_time_is_no_other_path(path: list[str], random: Any) -> None:
    shuffled = random.sample(path, len(path))
    assert pair(outcome(path=tuple(path)), outcome(path=tuple(shuffled))).path_difference is None


@given(steps, steps)
def test_a_path_differs_exactly_when_something_was_come_to_more_often(
    one: list[str], other: list[str]
) -> None:
    found = pair(outcome(path=tuple(one)), outcome(path=tuple(other))).path_difference
    assert (found is None) == (sorted(one) == sorted(other))
    if found is not None:
        for step, mine, theirs in ((found.before, one, other), (found.after, other, one)):
            more = {one for one in mine if mine.count(one) > theirs.count(one)}
            assert (step is None) == (not more)
            assert step is None or step in more


def test_a_path_differs_first_where_the_ways_part() -> None:
    before = ("In", "Route: high", "High", "Out")
    after = ("In", "Route: default", "Low", "Out")
    found = pair(outcome(path=before), outcome(path=after)).path_difference
    assert found == PathDifference(before="Route: high", after="Route: default")


def test_of_long_ways_the_number_of_steps_may_be_all_that_differs() -> None:
    def long(left_out: int) -> RunOutcome:
        return outcome(path=("In", "Ask"), path_left_out=left_out)

    assert pair(long(5), long(5)).path_difference is None
    found = pair(long(5), long(0)).path_difference
    assert found == PathDifference(before="5 more steps", after="0 more steps")


def test_what_never_ran_took_no_other_path() -> None:
    assert pair(outcome(path=("In",)), outcome(None, REFUSED)).path_difference is None


def test_what_it_adds_up_to() -> None:
    def judged(*values: Any) -> tuple[Judged, ...]:
        return tuple(
            Judged(evaluator_id=f"ev_{place}", judgment=value, error="it broke" if value is None else None)
            for place, value in enumerate(values)
        )

    tally = Tally(["ev_0", "ev_1"])
    for latency_s, scores in (
        (0.1, judged(True, 3)),
        (0.3, judged(False, None)),
        (0.2, judged(True, "good")),
    ):
        one = outcome(latency_s=latency_s, input_tokens=2, output_tokens=1, cost_usd=0.1, scores=scores)
        tally.add(pair(one, outcome("blue", path=("In",))))
    tally.add(pair(outcome(None, "Failed", latency_s=9.0, input_tokens=5), outcome()))
    totals = tally.totals()
    assert (totals.pairs, totals.same, totals.different, totals.failed) == (4, 0, 3, 1)
    assert totals.different_paths == 3
    before = totals.before
    assert (before.runs, before.errors, before.input_tokens, before.output_tokens) == (4, 1, 11, 3)
    assert (before.latency_p50_s, before.latency_p95_s) == (0.2, 0.3), "what failed is not counted"
    assert before.cost_usd == pytest.approx(0.3)
    flag, number = before.scores
    assert (flag.judgments, flag.errors) == (3, 0)
    assert flag.mean == pytest.approx(2 / 3)
    assert (number.judgments, number.errors, number.mean) == (1, 1, 3.0), "a word is no number"
    assert (totals.after.cost_usd, totals.after.scores[0].mean) == (None, None)


def test_nothing_adds_up_to_nothing() -> None:
    nothing = SideFigures(
        runs=0,
        errors=0,
        latency_p50_s=None,
        latency_p95_s=None,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        scores=(),
    )
    totals = Tally([]).totals()
    assert (totals.pairs, totals.before, totals.after) == (0, nothing, nothing)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_a_mean_is_between_what_it_is_of(values: list[float]) -> None:
    tally = Tally(["ev_0"])
    for value in values:
        judged = Judged(evaluator_id="ev_0", judgment=value, error=None)
        tally.add(pair(outcome(scores=(judged,)), outcome()))
    mean = tally.totals().before.scores[0].mean
    assert mean is not None
    slack = 1e-9 * max(abs(value) for value in values)
    assert min(values) - slack <= mean <= max(values) + slack
    if max(map(abs, values)) < 1e100:
        assert mean == pytest.approx(statistics.fmean(values), rel=1e-9, abs=slack)


def told(*events: Any) -> RunOutcome:
    story = _Story()
    story.hear(events)
    return story.outcome("exe_abc")


def came_to(node: str, *scope: Link, type: NodeType = NodeType.PROMPT) -> NodeStarted:
    return NodeStarted(at_ns=2, node=node, type=type, scope=scope)


BEGIN = FlowStarted(at_ns=1_000_000_000, node="In", output="document", value="x")
DONE = FlowFinished(at_ns=3_500_000_000, reason=Reason.SUCCESS)


def test_a_run_is_told_with_its_way_through_repetitions_and_conditions() -> None:
    each = Link(node="Each", type=NodeType.ITERATOR, index=1)
    found = told(
        BEGIN,
        NodeFinished(at_ns=2, node="In", type=NodeType.INPUT),
        came_to("Route", type=NodeType.CONDITION),
        ConditionsDecided(at_ns=2, node="Route", conditions=("high",)),
        came_to("Ask", each),
        NodeFinished(at_ns=2, node="Ask", type=NodeType.PROMPT, scope=(each,)),
        FlowOutput(at_ns=2, node="Out", value="red"),
        DONE,
    )
    assert found.path == ("In", "Route: high", "Each[1]/Ask")
    assert (found.status, found.output, found.latency_s) == ("Succeeded", "red", 2.5)
    assert (found.execution_id, found.log_id) == ("exe_abc", "log_abc")


def test_several_outputs_are_told_by_their_nodes_and_none_as_nothing() -> None:
    outputs = [FlowOutput(at_ns=2, node=name, value=name.lower()) for name in ("One", "Two")]
    assert told(BEGIN, *outputs, DONE).output == {"One": "one", "Two": "two"}
    assert told(BEGIN, DONE).output is None


def test_what_models_used_is_added_up() -> None:
    def used(cost_usd: float | None) -> NodeActed:
        usage = Usage(input_tokens=2, output_tokens=1, cost_usd=cost_usd)
        return NodeActed(at_ns=2, node="Ask", request_id="r", service="s", operation="o", usage=usage)

    assert told(BEGIN, used(None), DONE).cost_usd is None
    found = told(BEGIN, used(0.5), used(None), used(0.25), DONE)
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (6, 3, 0.75)


def test_what_failed_says_where() -> None:
    failure = FlowFailed(at_ns=2_000_000_000, kind=FailureKind.TIMED_OUT, message="too long", node="Ask")
    found = told(BEGIN, failure)
    assert (found.status, found.error, found.failed_node) == ("TimedOut", "too long", "Ask")


def test_a_long_way_is_told_in_part_and_counted() -> None:
    found = told(BEGIN, *(came_to("Ask") for _ in range(MOST_STEPS + 5)), DONE)
    assert (len(found.path), found.path_left_out) == (MOST_STEPS, 5)
