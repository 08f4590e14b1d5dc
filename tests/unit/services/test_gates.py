"""What gates let through: scores, errors, approvals, comparisons; all rules, exact at the edge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.services.gate_bench import GateBench, approval, errors, score

from headrace.core.access import Right
from headrace.core.deployments import Action, Aim, PointerKind
from headrace.core.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.core.evaluations import RunStatus
from headrace.services.deployments import approvals, gates, rollouts, switches
from headrace.services.deployments.gates import InEnvironment, Verdict
from headrace.services.deployments.moves import Wish
from headrace.services.deployments.pointers import Where
from headrace.services.evaluations.evaluation_views import VersionRef
from headrace.services.versions import versions


@pytest.fixture
def bench() -> Iterator[GateBench]:
    made = GateBench()
    yield made
    made.runner.close()


# Setting gates


def test_without_a_gate_everything_passes(bench: GateBench) -> None:
    assert bench.check() == Verdict()
    assert bench.move().is_new


def test_a_gate_is_shown_by_paths_and_kept_by_ids(bench: GateBench) -> None:
    rule = score(on={"dataset": "Words"}, min=0.5)
    made = bench.gate(rule, approval())
    assert json.loads(made.gate.spec)["rules"][0]["evaluator"] == bench.evaluators["external"].file.id
    assert json.loads(made.gate.spec)["rules"][0]["on"] == {"dataset": bench.dataset.file.id}
    found = bench.run(gates.get(bench.ports, bench.principal, bench.at()))
    assert found == made
    assert (found.spec.rules[0].evaluator, found.spec.rules[0].on.dataset) == ("external", "Words")  # type: ignore[union-attr]
    assert (found.pointer, found.is_for_all_files, found.set_by) == (
        "production",
        False,
        bench.principal.user,
    )


def test_gates_of_a_pointer_and_of_all_files_both_hold(bench: GateBench) -> None:
    bench.everywhere(approval(1))
    bench.gate(errors(max_rate=0, min_logs=0))
    held = bench.run(gates.holding(bench.ports, bench.principal, bench.at()))
    assert [one.is_for_all_files for one in held] == [True, False]
    verdict = bench.check()
    assert [(one["gate"], one["rule"], one["is_passed"]) for one in bench.found(verdict)] == [
        ("environment", "approval", False),
        ("pointer", "errors", True),
    ]
    assert not verdict.is_open
    bench.run(gates.remove(bench.ports, bench.principal, InEnvironment(environment="production")))
    assert bench.check().is_open
    bench.run(gates.remove(bench.ports, bench.principal, bench.at()))
    assert bench.check() == Verdict()
    for where in (bench.at(), InEnvironment(environment="production")):
        with pytest.raises(NotFound, match="no gate at the environment `production`"):
            bench.run(gates.remove(bench.ports, bench.principal, where))


@pytest.mark.parametrize("name", ["human"])
def test_what_can_t_be_measured_is_refused_when_the_rule_is_set(bench: GateBench, name: str) -> None:
    with pytest.raises(Invalid, match="Evaluator `human` returns `text`") as found:
        bench.gate(approval(), score(evaluator=name, min=1))
    assert found.value.problems[0].path == ("rules", 1, "evaluator")
    with pytest.raises(Invalid, match="`human` returns `text`") as found:
        bench.gate(watch={"for_s": 9, "rules": [{"type": "score", "evaluator": name, "min": 1}]})
    assert found.value.problems[0].path == ("watch", "rules", 0, "evaluator")


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (score(evaluator="nobody", min=1), "There is no evaluator `nobody`"),
        (score(evaluator="Flow", min=1), "There is no evaluator `Flow`"),
        (score(on={"dataset": "nothing"}, min=1), "There is no dataset `nothing`"),
    ],
)
def test_what_a_rule_names_must_be_there(bench: GateBench, rule: Any, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        bench.gate(rule)
    assert bench.check() == Verdict()


def test_a_gate_stands_where_something_can_be_targeted(bench: GateBench) -> None:
    flow = Where(kind="flow", ref="Flow")
    with pytest.raises(Invalid, match="a file itself points at nothing"):
        bench.gate(approval(), where=flow)
    with pytest.raises(Invalid, match="a file itself points at nothing"):
        bench.run(approvals.approve(bench.ports, bench.principal, flow, version=bench.second_id))
    with pytest.raises(NotFound, match="nowhere"):
        bench.gate(approval(), where=InEnvironment(environment="nowhere"))


def test_gates_are_set_by_administrators(bench: GateBench) -> None:
    editor = bench.person("editor")
    bench.gate(approval())
    with pytest.raises(Forbidden):
        bench.run(gates.put(bench.ports, editor, bench.at(), b'{"rules":[{"type":"approval","by":1}]}'))
    with pytest.raises(Forbidden):
        bench.run(gates.remove(bench.ports, editor, bench.at()))
    reader = bench.person("reader", Right.READER)
    assert not bench.check(principal=reader).is_open
    with pytest.raises(Forbidden):
        bench.approve(bench.person("runner", Right.RUNNER))


# Scores


def test_a_score_of_the_newest_logs_lets_through_exactly_at_its_limit(bench: GateBench) -> None:
    bench.gate(score(min=0.9, min_judgments=10))
    bench.judged(*[True] * 8, False)
    too_few = bench.check()
    assert "judged 9 of 9 logs" in too_few.reasons[0]
    assert "at least 10 judgments" in too_few.reasons[0]
    bench.judged(True)
    assert bench.check().is_open  # 9 of 10 is 0.9, which no double is
    assert bench.found(bench.check())[0]["figures"] == {
        "evaluator": "external",
        "judgments": 10,
        "logs": 10,
        "mean": 0.9,
        "exact": "9/10",
    }
    bench.judged(False)
    closed = bench.check()
    assert closed.reasons == (
        f"`external` is 0.818182 (9/11) over 11 logs of version {bench.second_id}, below the minimum of 0.9.",
    )


def test_numbers_are_added_up_as_they_are_shown(bench: GateBench) -> None:
    bench.gate(score(evaluator="other", min=0.7, max=0.7))
    bench.judged(0.7, 0.7, 0.7, name="other")
    assert bench.check().is_open  # doubles: 0.7 * 3 / 3 is below 0.7
    bench.judged(0.6999999999999999, name="other")
    assert "below the minimum of 0.7" in bench.check().reasons[0]


def test_of_a_log_one_judgment_counts(bench: GateBench) -> None:
    bench.gate(score(min=1, min_judgments=2))
    first, second = bench.judged(False, True)
    assert not bench.check().is_open
    bench.judgment(first, "external", True)  # in the place of the one before
    assert bench.found(bench.check())[0]["figures"]["judgments"] == 2
    assert bench.check().is_open
    bench.judgment(second, "external", error="no idea")
    assert "judged 1 of 2" in bench.check().reasons[0]


def test_only_the_newest_logs_of_that_version_count(bench: GateBench) -> None:
    bench.gate(score(on={"logs": 2}, min=1))
    bench.judged(False, True, True)
    bench.judged(False, version=bench.first_id)
    assert bench.check().is_open
    bench.judged(False)
    assert "is 0.5 over 2 logs" in bench.check().reasons[0]


def test_on_a_dataset_the_newest_completed_run_counts(bench: GateBench) -> None:
    bench.gate(score(on={"dataset": "Words"}, min=0.75, min_judgments=4))
    assert bench.check().reasons == (
        f"No run of version {bench.second_id} on dataset `Words` was completed.",
    )
    done = evaluated(bench, [True, True, True, False])
    assert bench.check().is_open
    assert bench.found(bench.check())[0]["figures"]["run_id"] == done
    evaluated(bench, [False] * 4, closes=False)
    assert bench.check().is_open  # that one goes on
    evaluated(bench, [False] * 4)
    assert "is 0 over 4 logs" in bench.check().reasons[0]


def evaluated(
    bench: GateBench, judgments: list[bool], *, version: str | None = None, closes: bool = True
) -> str:
    """A run of a version on the dataset, with judgments."""
    version_id = version or bench.second_id
    evaluation = bench.evaluation("external", is_orchestrated=False).evaluation
    run = bench.new_run(evaluation.id, version=VersionRef(version_id=version_id)).run
    for point, value in zip(bench.points, judgments, strict=True):
        made = bench.log("x", version=version_id, run_id=run.id, source_datapoint_id=point)
        if closes:
            bench.judgment(made, "external", value)
    assert (bench.status(run.id) is RunStatus.COMPLETED) == closes
    return run.id


def test_a_version_may_be_only_so_much_worse_than_the_one_that_is_there(bench: GateBench) -> None:
    bench.gate(score(max_regression=0.1))
    bench.judged(*[True] * 7, *[False] * 3)
    unknown = bench.check()
    assert unknown.is_open
    assert "nothing to compare" in bench.found(unknown)[0]["says"]
    bench.judged(*[True] * 8, *[False] * 2, version=bench.first_id)
    assert bench.check().is_open  # 0.8 - 0.7 is not more than 0.1; of doubles it is
    bench.judged(True, version=bench.first_id)
    closed = bench.check()
    assert (
        f"Version {bench.first_id}, which is targeted now, has 0.818182 (9/11): worse by" in closed.reasons[0]
    )
    figures = bench.found(closed)[0]["figures"]
    assert figures["current"]["exact"] == "9/11"
    assert figures["worse_by"] == pytest.approx(9 / 11 - 0.7)


def test_where_less_is_better_worse_is_more(bench: GateBench) -> None:
    spec = {
        "arguments_type": "target_free",
        "return_type": "number",
        "evaluator_type": "external",
        "number_valence": "negative",
    }
    bench.evaluators["cost"] = bench.upsert("evaluator", "cost", spec)
    bench.gate(score(evaluator="cost", max_regression=1))
    bench.judged(5, name="cost", version=bench.first_id)
    bench.judged(3, name="cost")
    assert bench.check().is_open
    bench.judged(15, name="cost")
    assert "worse by 4, more than 1" in bench.check().reasons[0]


def test_where_nothing_is_targeted_there_is_nothing_to_compare_with(bench: GateBench) -> None:
    bench.run(rollouts.take_away(bench.ports, bench.principal, bench.at()))
    bench.gate(score(max_regression=0))
    bench.judged(False)
    assert bench.check().is_open
    assert "Nothing is targeted now" in bench.found(bench.check())[0]["says"]


# Errors


def test_so_many_of_the_newest_logs_may_have_an_error(bench: GateBench) -> None:
    bench.gate(errors(logs=4, max_rate=0.25, min_logs=2))
    assert "has 0 logs; at least 2 are needed" in bench.check().reasons[0]
    for error in ("boom", None, None, None):
        bench.failed(error)
    assert bench.check().is_open
    bench.failed("boom")
    assert bench.check().is_open  # the first one is no longer among the newest four
    bench.failed("boom")
    assert bench.check().reasons == (
        f"2 of 4 logs of version {bench.second_id} have an error: 0.5, more than 0.25.",
    )


# Approvals


def test_others_than_the_author_and_the_mover_approve(bench: GateBench) -> None:
    bench.gate(approval(2))
    ann, bob, eve = (bench.person(name) for name in ("ann", "bob", "eve"))
    with pytest.raises(Conflict, match="others have to approve it"):
        bench.approve(bench.principal)
    for person in (ann, ann, bob):
        bench.approve(person)
    assert bench.check(principal=eve).is_open
    assert bench.check(principal=bench.principal).is_open
    (told,) = bench.check(principal=bob).reasons
    assert told.startswith(f"1 of 2 people needed approved version {bench.second_id} (ann); who made it")
    with pytest.raises(Conflict, match="1 of 2 people needed"):
        bench.move(by=bob)
    bench.run(approvals.withdraw(bench.ports, ann, bench.at(), version=bench.second_id))
    assert not bench.check(principal=eve).is_open
    with pytest.raises(NotFound, match="ann did not approve"):
        bench.run(approvals.withdraw(bench.ports, ann, bench.at(), version=bench.second_id))
    bench.approve(ann)
    assert bench.move(by=eve).is_new


def test_an_approval_is_of_one_version_for_one_pointer(bench: GateBench) -> None:
    bench.gate(approval())
    ann = bench.person("ann")
    third = bench.upsert("flow", "Flow", {"attributes": {"is": 3}}).version.id
    bench.approve(ann)
    assert bench.check().is_open
    assert not bench.check(third).is_open
    bench.gate(approval(), where=bench.at("staging"))
    elsewhere = gates.check(bench.ports, bench.principal, bench.at("staging"), to=bench.second_id)
    assert not bench.run(elsewhere).is_open
    listed = approvals.list_all(bench.ports, bench.principal, bench.at(), version=bench.second_id)
    assert [one.user for one in bench.run(listed)] == [ann.user]


# Moving


def test_a_first_version_does_not_get_past_a_gate_by_itself(bench: GateBench) -> None:
    free = bench.upsert("flow", "Free", {"attributes": {}})
    assert [one.name for one in free.environments] == ["production"]
    bench.everywhere(errors(max_rate=1, min_logs=0))
    held = bench.upsert("flow", "Held", {"attributes": {}})
    assert held.environments == ()
    where = Where(kind="flow", ref="Held", environment="production")
    done = bench.run(rollouts.point(bench.ports, bench.principal, where, to=held.version.id))
    assert done.is_new  # by hand it passes


def test_all_rules_are_told_never_only_the_first(bench: GateBench) -> None:
    bench.gate(score(min=0.5), errors(max_rate=0, min_logs=3), approval())
    with pytest.raises(Conflict) as refused:
        bench.move()
    for words in ("judged 0 of 0 logs", "has 0 logs", "0 of 1 person needed", "override it with a reason"):
        assert words in refused.value.message
    assert bench.target() == bench.first_id
    rehearsed = bench.move(is_rehearsal=True)
    assert len(rehearsed.verdict.reasons) == 3
    assert len(bench.history()) == 1


def test_overriding_needs_an_administrator_and_a_reason_and_is_written_down(bench: GateBench) -> None:
    bench.gate(score(min=0.5))
    bench.judged(False)
    with pytest.raises(Forbidden):
        bench.move(by=bench.person("editor"), is_override=True, reason="now")
    with pytest.raises(Invalid, match="needs a reason"):
        bench.move(is_override=True)
    bench.move(is_override=True, reason="the old one is on fire")
    last = bench.history()[0]
    evidence = json.loads(last.evidence or "")["gate"]
    assert (last.reason, evidence["is_open"], evidence["is_overridden"]) == (
        "the old one is on fire",
        False,
        True,
    )
    assert "below the minimum of 0.5" in evidence["reasons"][0]
    assert evidence["figures"][bench.second_id][0]["figures"]["mean"] == 0


def test_what_the_gate_said_of_what_it_let_through_is_written_down(bench: GateBench) -> None:
    bench.gate(score(min=0.5))
    bench.judged(True)
    evidence = json.loads(bench.move().move.evidence)["gate"]  # type: ignore[union-attr, arg-type]
    assert (evidence["is_open"], evidence["is_overridden"], evidence["reasons"]) == (True, False, [])
    assert evidence["figures"][bench.second_id][0]["figures"]["exact"] == "1"


def test_undoing_and_switching_off_are_never_held_up(bench: GateBench) -> None:
    bench.move()
    bench.gate(approval())
    bench.run(
        switches.switch(bench.ports, bench.principal, bench.at(), is_off=True, wish=Wish(reason="stop"))
    )
    back = bench.run(rollouts.rollback(bench.ports, bench.principal, bench.at()))
    assert back.move is not None
    assert (back.move.action, bench.target()) == (Action.ROLLBACK, bench.first_id)


def test_the_draft_is_let_through_no_gate(bench: GateBench) -> None:
    bench.gate(approval(), score(min=0))
    environment = bench.read(lambda tx: tx.environments.all())[0]

    def judge(tx: Any) -> Verdict:
        return gates.verdict(
            tx,
            bench.ports,
            bench.principal,
            bench.flow.file,
            PointerKind.ENVIRONMENT,
            environment.id,
            Aim(target="DRAFT"),
        )

    verdict = bench.read(judge)
    assert len(verdict.reasons) == 2
    assert "the draft can't be measured or approved" in verdict.reasons[0]


def test_an_evaluator_that_is_gone_measures_nothing(bench: GateBench) -> None:
    bench.gate(score(min=0.5, max_regression=0.1))
    bench.judged(True)
    bench.run(
        versions.delete_file(
            bench.ports, bench.principal, kind="evaluator", ref=bench.evaluators["external"].file.id
        )
    )
    verdict = bench.check()
    assert "judged 0 of 1 logs" in verdict.reasons[0]
    shown = bench.run(gates.get(bench.ports, bench.principal, bench.at())).spec
    assert shown.rules[0].evaluator == bench.evaluators["external"].file.id  # type: ignore[union-attr]


# Against a naive computation

judgments = st.lists(
    st.tuples(
        st.booleans(),  # whether the log has an error
        st.lists(
            st.one_of(st.none(), st.sampled_from(["0.1", "0.7", "1", "0", "0.30000000000000004", "-2.5"])),
            max_size=2,
        ),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    made=judgments,
    most=st.integers(1, 7),
    least=st.sampled_from(["0.1", "0.4", "0.55", "0.7", "1"]),
    max_rate=st.sampled_from(["0", "0.2", "0.25", "0.5"]),
    needed=st.integers(1, 3),
)
def test_a_verdict_is_what_adding_up_by_hand_finds(
    made: list[tuple[bool, list[str | None]]], most: int, least: str, max_rate: str, needed: int
) -> None:
    bench = GateBench()
    rule = score(evaluator="other", on={"logs": most}, min=json.loads(least), min_judgments=min(needed, most))
    bench.gate(rule, errors(logs=most, max_rate=json.loads(max_rate), min_logs=0))
    for has_error, values in made:
        log_id = bench.failed() if has_error else bench.log("x", version=bench.second_id)
        for value in values:
            bench.judgment(log_id, "other", None if value is None else json.loads(value))
    newest = made[-most:]
    last = [values[-1] for _, values in newest if values]
    counted = [Decimal(value) for value in last if value is not None]
    is_enough = len(counted) >= min(needed, most)
    is_good = is_enough and sum(map(Fraction, counted)) >= Fraction(least) * len(counted)
    failed = sum(has_error for has_error, _ in newest)
    found = bench.found(bench.check())
    assert [one["is_passed"] for one in found] == [is_good, failed <= Fraction(max_rate) * len(newest)]
    assert found[0]["figures"]["judgments"] == len(counted)
    bench.runner.close()
