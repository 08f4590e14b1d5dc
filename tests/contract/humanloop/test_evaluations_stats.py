"""What is read of runs: their logs, and what the judgments add up to (humanloop 0.6, 4.2, 4.3)."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from humanloop.types import (
    BooleanEvaluatorStatsResponse,
    EvaluationLogResponse,
    FlowLogResponse,
    NumericEvaluatorStatsResponse,
    SelectEvaluatorStatsResponse,
    TextEvaluatorStatsResponse,
)
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import (
    LENGTH,
    Lab,
    finished,
    rows_of,
    serving,
    stats_of,
)
from tests.contract.humanloop.kinds import external

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    with serving(tmp_path_factory.mktemp("evaluations"), max_page="100") as live:
        yield live


@pytest.fixture
def lab(client: Any, raw: httpx.Client, home: str) -> Lab:
    return Lab(client, raw, home)


def test_the_logs_of_runs_in_pages(lab: Lab) -> None:
    made = lab.evaluation(lab.evaluator("Length", LENGTH))
    runs = [lab.run(made) for _ in range(2)]
    logs = [lab.fill(run) for run in runs]
    finished(lab.raw, made.id)
    ordered = logs[1] + logs[0]
    found = [*lab.client.evaluations.get_logs(made.id, size=4).records]
    found += lab.client.evaluations.get_logs(made.id, size=4, page=2).records
    assert {type(one) for one in found} == {EvaluationLogResponse}
    # What is a log is told apart by its keys, as in lists of logs; a dict is what nothing fits.
    assert {type(one.log) for one in found} <= {FlowLogResponse, dict}
    told = [one.log["id"] if isinstance(one.log, dict) else one.log.id for one in found]
    assert told == ordered
    assert [one.run_id for one in found] == [runs[1].id] * 3 + [runs[0].id] * 3
    assert [one.datapoint.id for one in found] == lab.points * 2
    assert [one.datapoint.target for one in found[:3]] == [{"m": n} for n in "abc"]
    page = lab.raw.get(f"/evaluations/{made.id}/logs", params={"page": 2, "size": 4}).json()
    assert (page["page"], page["size"], page["total"]) == (2, 4, 6)
    assert [one["log"]["id"] for one in page["records"]] == ordered[4:]
    past = lab.raw.get(f"/evaluations/{made.id}/logs", params={"page": 3, "size": 4}).json()
    assert (past["records"], past["total"]) == ([], 6)
    only = rows_of(lab.raw, made.id, runs[0].id)
    assert [one["log"]["id"] for one in only] == logs[0]
    both = rows_of(lab.raw, made.id, runs[0].id, runs[1].id)
    assert [one["log"]["id"] for one in both] == ordered
    assert lab.refused(404, "GET", f"/{made.id}/logs?run_id=rn_000000000000000000000")
    (problem,) = lab.refused(422, "GET", f"/{made.id}/logs?size=101")
    assert problem["loc"] == ["query", "size"]


def test_a_large_page_is_the_same_as_small_ones(lab: Lab) -> None:
    """More logs than are read at once."""
    points = [{"inputs": {"n": str(n)}} for n in range(100)]
    data = lab.client.datasets.upsert(path=f"{lab.home}/Many", datapoints=points)
    made = lab.evaluation()
    run = lab.run(made, dataset={"version_id": data.version_id})
    page = lab.client.datasets.list_datapoints(data.id, size=100).items
    for point in page:
        lab.log(point.inputs["n"], run_id=run.id, source_datapoint_id=point.id)
    assert lab.status(made) == "completed"
    at = f"/evaluations/{made.id}/logs"
    for size in (50, 51, 99, 100):
        large = lab.raw.get(at, params={"size": size}).json()
        assert (large["total"], large["size"]) == (100, size)
        assert [row["log"]["output"] for row in large["records"]] == [str(n) for n in range(size)]


OPTIONS = [{"name": "good"}, {"name": "bad"}]
SHAPES: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any], dict[str, Any], type]] = {
    "boolean": (
        {},
        [True, False, True],
        {"num_true": 0, "num_false": 0},
        {"num_true": 2, "num_false": 1},
        BooleanEvaluatorStatsResponse,
    ),
    "number": (
        {},
        [0.1, 0.2, 0.6],
        {"mean": None, "sum": None, "std": None, "percentiles": {}},
        {
            "mean": 0.3,
            "sum": 0.9,
            "std": pytest.approx(statistics.stdev([0.1, 0.2, 0.6]), rel=1e-15),
            "percentiles": pytest.approx({"0": 0.1, "25": 0.15, "50": 0.2, "75": 0.4, "100": 0.6}, rel=1e-15),
        },
        NumericEvaluatorStatsResponse,
    ),
    "select": (
        {"options": OPTIONS},
        ["good", "bad", "good"],
        {"num_judgments_per_option": {"good": 0, "bad": 0}},
        {"num_judgments_per_option": {"good": 2, "bad": 1}},
        SelectEvaluatorStatsResponse,
    ),
    "multi_select": (
        {"options": OPTIONS},
        [["good", "bad"], [], ["bad"]],
        {"num_judgments_per_option": {"good": 0, "bad": 0}},
        {"num_judgments_per_option": {"good": 1, "bad": 2}},
        SelectEvaluatorStatsResponse,
    ),
    "text": ({}, ["a", "b", ""], {}, {}, TextEvaluatorStatsResponse),
}
"""What is judged, and what the stats say before and after; and the client's type of them (humanloop 0.6, 4.3)."""


@pytest.mark.parametrize("return_type", SHAPES)
def test_stats_have_the_shape_of_what_is_judged(lab: Lab, return_type: str) -> None:
    more, judgments, empty, full, kind = SHAPES[return_type]
    judge = lab.evaluator("Judge", external(return_type, **more))
    made = lab.evaluation(judge)
    run = lab.run(made)
    shared = {"evaluator_version_id": judge.version_id, "num_nulls": 0, "num_errors": 0}
    ((before,),) = [one["evaluator_stats"] for one in stats_of(lab.raw, made.id)["run_stats"]]
    assert before == {**shared, "total_logs": 0, "num_judgments": 0, **empty}
    for log, judgment in zip(lab.fill(run), judgments, strict=True):
        lab.client.evaluators.log(id=judge.id, parent_id=log, judgment=judgment)
    ((after,),) = [one["evaluator_stats"] for one in stats_of(lab.raw, made.id)["run_stats"]]
    assert after == {**shared, "total_logs": 3, "num_judgments": 3, **full}
    (typed,) = lab.client.evaluations.get_stats(made.id).run_stats[0].evaluator_stats
    assert {type(typed)} == {kind}
    assert lab.status(made) == "completed"


def test_what_is_used_may_be_deleted(lab: Lab) -> None:
    """8.53."""
    judge = lab.evaluator("Outside", external())
    made = lab.evaluation(judge)
    run = lab.run(made)
    lab.fill(run)
    assert lab.status(made) == "running"
    lab.client.evaluators.delete(judge.id)
    assert lab.status(made) == "completed", "nothing is awaited of who is gone"
    assert lab.client.evaluations.get(made.id).evaluators == []
    lab.client.datasets.delete(lab.dataset.id)
    (left,) = lab.client.evaluations.list_runs_for_evaluation(made.id).runs
    assert (left.id, left.dataset) == (run.id, None)
    assert len(rows_of(lab.raw, made.id)) == 3
    lab.client.flows.delete(lab.flow.id)
    assert lab.refused(404, "GET", f"/{made.id}")
