"""What people are told a run waits for (humanloop 4.3, 8.36)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.unit.services.evaluation_bench import Bench

from headrace.core.evaluations import RunStatus
from headrace.core.logs import LogStatus
from headrace.services.evaluations import evaluation_runs, evaluations

NOT_THERE = "Waiting for: logs that are missing or incomplete"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        yield Bench(runner=runner)


def waits(bench: Bench, evaluation_id: str) -> str:
    return bench.stats(evaluation_id).progress.splitlines()[-1]


def test_a_run_tells_of_logs_that_are_incomplete(bench: Bench) -> None:
    made = bench.evaluation().evaluation
    run = bench.new_run(made.id).run
    assert waits(bench, made.id) == "Waiting for: 4 logs"
    suspended = bench.log(
        "ant", run_id=run.id, source_datapoint_id=bench.points[0], status=LogStatus.INCOMPLETE
    )
    for point, word in zip(bench.points[1:], bench.words[1:], strict=True):
        bench.log(word, run_id=run.id, source_datapoint_id=point)
    assert waits(bench, made.id) == NOT_THERE
    bench.complete(suspended)
    assert bench.status(run.id) is RunStatus.COMPLETED
    assert waits(bench, made.id) == "Total Judgments: 0/0"


def test_logs_nobody_expected_do_not_hide_those_that_are_missing(bench: Bench) -> None:
    made = bench.evaluation().evaluation
    run = bench.new_run(made.id).run
    for word in bench.words:
        bench.log(word, run_id=run.id)
    assert waits(bench, made.id) == NOT_THERE


def test_a_run_without_a_dataset_waits_for_somebody(bench: Bench) -> None:
    made = bench.evaluation().evaluation
    run = bench.new_run(made.id, dataset=None).run
    bench.log("ant", run_id=run.id)
    assert waits(bench, made.id) == "Waiting for: somebody to close it"


def test_a_run_tells_whose_judgments_are_missing(bench: Bench) -> None:
    made = bench.evaluation("external", "code", "human").evaluation
    run = bench.new_run(made.id).run
    for point in bench.points:
        bench.log("ant", run_id=run.id, source_datapoint_id=point)
    missing = "4 judgments by external, to be posted by a program"
    assert waits(bench, made.id) == f"Waiting for: {missing}; 4 judgments by code"
    bench.drain()
    assert waits(bench, made.id) == f"Waiting for: {missing}"


def test_a_judgment_that_is_replaced_leaves_the_runs_of_its_evaluator(bench: Bench) -> None:
    """An evaluator may be evaluated, too: then judgments are the logs of its runs."""
    judge = bench.evaluators["external"]
    made = bench.run(
        evaluations.create(bench.ports, bench.principal, ref=judge.file.id, path=None, name=None, seats=[])
    ).evaluation
    run = bench.new_run(made.id, dataset=None, version=None).run
    judged = bench.log("ant")
    first = bench.judgment(judged, "external", True)
    adding = evaluation_runs.add_logs(
        bench.ports, bench.principal, evaluation_id=made.id, run_id=run.id, log_ids=[first]
    )
    bench.run(adding)
    assert bench.stats(made.id).runs[0].num_logs == 1
    bench.judgment(judged, "external", False)
    assert [slot.log_id for slot in bench.slots(run.id)] == [None]
    assert bench.stats(made.id).runs[0].num_logs == 0
