"""What is told of the versions behind a pointer: since when, of which runs, and how it is added up."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.things import execution, judgment, log
from tests.unit.services.conftest import Registry
from tests.unit.services.test_moves import PRODUCTION, STAGING, Desk
from tests.unit.services.test_splits import divide, turn

from headrace.core.errors import Conflict
from headrace.core.execution import Status
from headrace.core.ports import Transaction
from headrace.services.deployments import split_figures
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.split_figures import EvaluatorScore, Figures, figures, rank
from headrace.services.runs.targets import environment_alias
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


def told(desk: Desk, where: Where) -> Figures:
    return desk.run(figures(desk.ports, desk.principal, where))  # type: ignore[no-any-return]


def now(desk: Desk) -> datetime:
    return desk.ports.clock.now()


class Runs:
    """Puts executions of a flow into the store."""

    def __init__(self, desk: Desk, pointer_id: str) -> None:
        self._desk, self._pointer_id, self._count = desk, pointer_id, 0

    def add(self, number: int, took_s: float | None, status: Status = Status.SUCCEEDED, **more: Any) -> None:
        self._count += 1
        started = more.pop("started_at", None) or now(self._desk)
        made = execution(
            f"exe_{self._pointer_id}_{self._count:03}",
            self._desk.file.id,
            version_id=self._desk.id(number),
            pointer_id=more.pop("pointer_id", self._pointer_id),
            status=status,
            started_at=started,
            ended_at=None if took_s is None else started + timedelta(seconds=took_s),
            **more,
        )
        self._desk.write(lambda tx: tx.executions.put(made))


def test_runs_errors_latency_tokens_and_cost_by_version(desk: Desk) -> None:
    where = desk.at(alias="live")
    runs = Runs(desk, desk.alias.id)
    runs.add(1, 99)
    move = divide(desk, where, ("1", 9), ("2", 1)).move
    for took in (1, 2, 3, 4):
        runs.add(1, took, input_tokens=10, output_tokens=1, cost_usd=0.1)
    runs.add(2, 7, status=Status.FAILED, input_tokens=5)
    runs.add(2, 8, status=Status.TIMED_OUT)
    runs.add(2, 0.5)
    runs.add(2, 1, status=Status.ABORTED)
    runs.add(2, None, status=Status.RUNNING)
    runs.add(2, 1, pointer_id="ANOTHER001")
    found = told(desk, where)
    assert move is not None
    assert (found.since, found.move_id, found.is_complete) == (move.moved_at, move.id, True)
    first, second = found.versions
    assert (first.version_id, first.number, first.weight) == (desk.id(1), 1, 9)
    assert (first.runs, first.errors, first.latency_p50_s, first.latency_p95_s) == (4, 0, 2, 4)
    assert (first.input_tokens, first.output_tokens, first.cost_usd) == (40, 4, pytest.approx(0.4))
    assert (second.weight, second.runs, second.errors) == (1, 3, 2)
    assert (second.latency_p50_s, second.input_tokens, second.cost_usd) == (0.5, 5, None)


def test_runs_by_an_environment_are_found_by_what_stands_for_it(desk: Desk) -> None:
    place = next(e for e in desk.registry.inside(lambda tx: tx.environments.all()) if e.name == STAGING)
    desk.point(desk.at(STAGING), "3")
    Runs(desk, environment_alias(desk.file.id, place.id)).add(3, 2)
    Runs(desk, place.id).add(3, 2)
    (only,) = told(desk, desk.at(STAGING)).versions
    assert (only.runs, only.weight, only.latency_p95_s) == (1, None, 2)


def test_other_weights_go_on_with_the_same_split_and_a_move_begins_anew(desk: Desk) -> None:
    where = desk.at(alias="live")
    began = divide(desk, where, ("1", 9), ("2", 1)).move
    runs = Runs(desk, desk.alias.id)
    runs.add(2, 1)
    turn(desk, where, off=True)
    turn(desk, where, off=False)
    divide(desk, where, ("1", 5), ("2", 5))
    assert began is not None
    assert told(desk, where).move_id == began.id
    assert [one.runs for one in told(desk, where).versions] == [0, 1]
    moved = desk.point(where, "2").move
    assert moved is not None
    found = told(desk, where)
    assert (found.move_id, [one.runs for one in found.versions]) == (moved.id, [0])


def test_what_targets_no_version_has_no_figures(desk: Desk) -> None:
    desk.point(desk.at(alias="live"), "DRAFT")
    for where in (desk.at(STAGING), desk.at(alias="live"), desk.at()):
        with pytest.raises(Conflict, match="targets no version"):
            told(desk, where)


def test_more_than_is_looked_at_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_figures, "MOST", 4)
    monkeypatch.setattr(split_figures, "PAGE", 2)
    where = desk.at(alias="live")
    divide(desk, where, ("1", 1), ("2", 1))
    runs = Runs(desk, desk.alias.id)
    for _ in range(3):
        runs.add(1, 1)
    assert told(desk, where).is_complete
    for _ in range(2):
        runs.add(1, 1)
    found = told(desk, where)
    assert (found.is_complete, found.versions[0].runs) == (False, 4)


def test_what_anybody_posts_is_added_up_however_large(desk: Desk) -> None:
    usual = split_figures._mean(Counter([0.1, 0.2, True]))
    assert usual == pytest.approx(1.3 / 3)
    assert split_figures._mean(Counter({1.7e308: 3})) == 1.7e308
    assert split_figures._mean(Counter([10**400])) is None
    assert split_figures._total([]) is None
    assert split_figures._total([0.1] * 10) == pytest.approx(1)
    assert split_figures._total([1.7e308, 1.7e308]) is None
    where = desk.at(alias="live")
    runs = Runs(desk, desk.alias.id)
    divide(desk, where, ("1", 9), ("2", 1))
    for _ in range(2):
        runs.add(1, 1, cost_usd=1.7e308)
    assert told(desk, where).versions[0].cost_usd is None


def test_of_other_files_logs_are_told_and_what_they_were_judged(desk: Desk) -> None:
    def prompt(temperature: float) -> Any:
        content = {"model": "m", "template": "t", "temperature": temperature}
        submission = Submission(
            kind="prompt",
            ref=None,
            path="p/q",
            content=f'{{"model":"m","template":"t","temperature":{temperature}}}'.encode(),
            parsed=content,
        )
        return desk.run(versions.upsert(desk.ports, desk.principal, submission))

    first, second = prompt(0.1), prompt(0.2)
    where = Where(kind="prompt", ref=first.file.id, environment=PRODUCTION)
    divide(desk, where, (first.version.id, 1), (second.version.id, 1))

    def made(id: str, version_id: str, **more: Any) -> None:
        at = now(desk)
        one = log(id, version_id, first.file.id, kind="prompt", created_at=at, **more)
        desk.write(lambda tx: tx.logs.add(one, at=at))

    made("log_1", first.version.id, provider_latency_s=2.0, prompt_tokens=3, output_tokens=4, prompt_cost=0.5)
    made("log_2", first.version.id, has_error=True, provider_latency_s=60.0)
    begun = now(desk)
    made("log_3", second.version.id, start_time=begun, end_time=begun + timedelta(seconds=5), output_cost=0.1)

    def judge(tx: Transaction) -> None:
        for number, (judged, version, value) in enumerate(
            (
                ("log_1", first.version.id, b"true"),
                ("log_2", first.version.id, b"false"),
                ("log_3", second.version.id, b'"no number"'),
            )
        ):
            one = judgment(
                f"j_{number}", judged, judged_version_id=version, judgment=value, created_at=now(desk)
            )
            tx.logs.add(one, at=one.created_at)

    evaluator = Submission(
        kind="evaluator",
        ref=None,
        path="e/v",
        content=b'{"spec":{"arguments_type":"target_free","return_type":"boolean","evaluator_type":"external"}}',
        parsed={
            "spec": {
                "arguments_type": "target_free",
                "return_type": "boolean",
                "evaluator_type": "external",
            }
        },
        new_id="ev_1",
    )
    desk.run(versions.upsert(desk.ports, desk.principal, evaluator))
    desk.write(judge)
    one, other = told(desk, where).versions
    assert (one.runs, one.errors, one.latency_p50_s) == (2, 1, 2.0)
    assert (one.input_tokens, one.output_tokens, one.cost_usd) == (3, 4, 0.5)
    assert one.scores == (EvaluatorScore(evaluator_id="ev_1", judgments=2, mean=0.5),)
    assert (other.runs, other.latency_p95_s, other.cost_usd, other.scores) == (1, 5.0, 0.1, ())


@given(values=st.lists(st.integers(0, 50), min_size=1), part=st.sampled_from([0.5, 0.95, 1.0]))
def test_a_rank_is_a_value_that_that_part_is_not_above(values: list[int], part: float) -> None:
    ordered = sorted(values)
    found = rank(ordered, part)
    assert found in ordered
    assert sum(one <= found for one in ordered) >= part * len(ordered)
    assert sum(one < found for one in ordered) < part * len(ordered)
