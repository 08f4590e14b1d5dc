"""Runs of evaluations, by the real client and by plain HTTP (humanloop 3.9, 4.2, 4.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from humanloop.types import EvaluationRunResponse, EvaluationStats, FlowResponse
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import (
    ALWAYS,
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


def test_a_run_is_open_until_all_is_there(lab: Lab) -> None:
    judge = lab.evaluator("Outside", external())
    made = lab.evaluation(judge)
    run = lab.run(made)
    assert {type(run)} == {EvaluationRunResponse}
    assert run.id.startswith("rn_")
    assert (run.status, run.orchestrated, run.control) == ("pending", False, False)
    assert {type(run.version)} == {FlowResponse}
    assert (run.version.version_id, run.dataset.version_id) == (lab.flow.version_id, lab.dataset.version_id)
    assert (run.dataset.datapoints_count, run.dataset.datapoints) == (3, None)
    assert run.added_at >= run.created_at
    stats = lab.client.evaluations.get_stats(made.id)
    assert {type(stats)} == {EvaluationStats}
    assert (stats.status, stats.run_stats[0].num_logs) == ("pending", 0)
    assert "0/3" in stats.progress
    assert isinstance(stats.report, str)
    logs = lab.fill(run)
    assert lab.status(made) == "running"
    for log in logs[:-1]:
        lab.client.evaluators.log(id=judge.id, parent_id=log, judgment=True)
    assert lab.status(made) == "running"
    lab.client.evaluators.log(id=judge.id, parent_id=logs[-1], judgment=None)
    assert lab.status(made) == "completed"
    assert lab.client.evaluations.get_stats(made.id).status == "completed"
    assert lab.client.evaluations.get(made.id).runs_count == 1


def test_runs_are_newest_first_everywhere(lab: Lab) -> None:
    """4.3."""
    made = lab.evaluation()
    runs = [lab.run(made).id for _ in range(3)]
    listed = lab.client.evaluations.list_runs_for_evaluation(made.id).runs
    assert [one.id for one in listed] == runs[::-1]
    assert [one["run_id"] for one in stats_of(lab.raw, made.id)["run_stats"]] == runs[::-1]
    lab.client.evaluations.update_evaluation_run(made.id, runs[2], status="cancelled")
    assert stats_of(lab.raw, made.id)["status"] == "cancelled", "the newest one's"


def test_stats_without_a_run(lab: Lab) -> None:
    """8.35, 8.36."""
    stats = stats_of(lab.raw, lab.evaluation(lab.evaluator("Judge", ALWAYS)).id)
    assert (stats["status"], stats["run_stats"]) == ("pending", [])
    assert stats["progress"]
    assert stats["report"]


def test_the_report_tells_how_many_judgments_failed(lab: Lab) -> None:
    """8.36."""
    judge = lab.evaluator("Outside", external())
    made = lab.evaluation(judge)
    logs = lab.fill(lab.run(made))
    lab.client.evaluators.log(id=judge.id, parent_id=logs[0], error="out of ink")
    assert "| 1 error " in stats_of(lab.raw, made.id)["report"]
    lab.client.evaluators.log(id=judge.id, parent_id=logs[1], error="out of ink")
    lab.client.evaluators.log(id=judge.id, parent_id=logs[2], judgment=True)
    assert "| 1/1 true, 2 errors " in stats_of(lab.raw, made.id)["report"]


@pytest.mark.parametrize("form", ["version", "id", "path", "environment"])
def test_versions_of_a_run_are_named_in_any_form(lab: Lab, environments: dict[str, str], form: str) -> None:
    flow = lab.client.flows.upsert(path=lab.flow.path, attributes={"v": 2})
    data = lab.client.datasets.upsert(path=lab.dataset.path, datapoints=[])
    lab.client.flows.set_deployment(flow.id, environments["staging"], version_id=flow.version_id)
    lab.client.datasets.set_deployment(data.id, environments["staging"], version_id=data.version_id)

    def named(old: Any, new: Any) -> tuple[dict[str, str], str]:
        return {
            "version": ({"version_id": new.version_id}, new.version_id),
            "id": ({"id": old.id}, old.version_id),
            "path": ({"path": old.path}, old.version_id),
            "environment": ({"id": old.id, "environment": "staging"}, new.version_id),
        }[form]

    version, wanted = named(lab.flow, flow)
    dataset, wanted_data = named(lab.dataset, data)
    run = lab.run(lab.evaluation(), dataset=dataset, version=version)
    assert (run.version.version_id, run.dataset.version_id) == (wanted, wanted_data)


def test_a_run_without_a_dataset_is_closed_by_hand(lab: Lab) -> None:
    """4.3."""
    made = lab.evaluation()
    run = lab.client.evaluations.create_run(made.id, orchestrated=False)
    assert (run.dataset, run.version, run.status) == (None, None, "pending")
    logged = lab.log("x")
    added = lab.client.evaluations.add_logs_to_run(made.id, run.id, log_ids=[logged])
    assert added.status == "running"
    done = lab.client.evaluations.update_evaluation_run(made.id, run.id, status="completed")
    assert (done.id, done.status) == (run.id, "completed")
    (row,) = rows_of(lab.raw, made.id)
    assert (row["log"]["id"], row["datapoint"]) == (logged, None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"orchestrated": None}, 422),
        ({"dataset": {"path": "{data}"}}, 422),
        ({"version": {"path": "{flow}"}}, 422),
        ({"orchestrated": False, "use_existing_logs": True, "version": {"path": "{flow}"}}, 422),
        ({"orchestrated": False, "use_existing_logs": True, "dataset": {"path": "{data}"}}, 422),
        ({"orchestrated": False, "dataset": {}}, 422),
        ({"orchestrated": False, "dataset": {"path": "{flow}"}}, 422),
        ({"orchestrated": False, "version": {"path": "{data}"}}, 422),
        ({"orchestrated": False, "version": {"path": "{other}"}}, 422),
        ({"orchestrated": "perhaps"}, 422),
        ({"orchestrated": False, "dataset": {"version_id": "dsv_nothing"}}, 404),
        ({"orchestrated": False, "version": {"path": "no/where"}}, 404),
        ({"orchestrated": False, "version": {"path": "{flow}", "environment": "moon"}}, 404),
        ({"dataset": {"path": "{data}"}, "version": {"path": "{flow}"}}, 422),
    ],
)
def test_what_makes_no_run(lab: Lab, body: Any, status: int) -> None:
    """4.2, 8.62; the last one is a flow that the server can't run."""
    lab.client.flows.upsert(path=f"{lab.home}/Other", attributes={})
    made = lab.evaluation()
    text = json.dumps(body).replace("{flow}", lab.flow.path).replace("{data}", lab.dataset.path)
    filled = json.loads(text.replace("{other}", f"{lab.home}/Other"))
    assert lab.refused(status, "POST", f"/{made.id}/runs", filled)
    assert lab.client.evaluations.get(made.id).runs_count == 0


def test_tools_that_the_server_runs(lab: Lab) -> None:
    """4.3: with the inputs alone; a tool that it can't run makes no run."""
    source = "def double(n):\n    return n + n\n"
    function = {
        "name": "double",
        "description": "Doubles.",
        "parameters": {"type": "object", "properties": {}},
    }
    tool = lab.client.tools.upsert(
        path=f"{lab.home}/Tool", tool_type="python", function=function, source_code=source
    )
    judge = lab.evaluator("Length", LENGTH)
    made = lab.client.evaluations.create(file={"id": tool.id}, evaluators=[{"path": judge.path}])
    versions = {"dataset": {"id": lab.dataset.id}, "version": {"id": tool.id}}
    run = lab.client.evaluations.create_run(made.id, **versions)
    assert run.orchestrated is True
    stats = finished(lab.raw, made.id)
    rows = rows_of(lab.raw, made.id)
    assert [row["log"]["output"] for row in rows] == ["aa", "bb", "cc"]
    assert [row["log"]["source_datapoint_id"] for row in rows] == lab.points
    (told,) = stats["run_stats"][0]["evaluator_stats"]
    assert (told["num_judgments"], told["mean"], told["std"]) == (3, 2.0, 0.0)
    elsewhere = lab.client.tools.upsert(path=f"{lab.home}/Tool", function=function)
    refused = {"dataset": {"id": lab.dataset.id}, "version": {"version_id": elsewhere.version_id}}
    assert lab.refused(422, "POST", f"/{made.id}/runs", refused)


def test_a_run_in_two_evaluations(lab: Lab) -> None:
    """4.2: it is judged by the evaluators of both, and outlives either."""
    one, other = lab.evaluation(lab.evaluator("A", ALWAYS)), lab.evaluation(lab.evaluator("B", LENGTH))
    run = lab.run(one)
    assert lab.client.evaluations.add_existing_run(other.id, run.id)["id"] == run.id
    logs = lab.fill(run)
    finished(lab.raw, one.id)
    finished(lab.raw, other.id)
    for evaluation, name in ((one, "A"), (other, "B")):
        rows = rows_of(lab.raw, evaluation.id)
        assert [row["log"]["id"] for row in rows] == logs
        assert [[judged["evaluator"]["name"] for judged in row["evaluator_logs"]] for row in rows] == [
            [name]
        ] * 3
    assert lab.client.evaluations.remove_run(one.id, run.id) is None
    assert lab.client.evaluations.list_runs_for_evaluation(one.id).runs == []
    assert lab.refused(404, "DELETE", f"/{one.id}/runs/{run.id}")
    lab.client.evaluations.delete(one.id)
    assert len(rows_of(lab.raw, other.id)) == 3


def test_a_run_of_another_file_is_not_linked(lab: Lab) -> None:
    flow = lab.client.flows.upsert(path=f"{lab.home}/Other", attributes={})
    other = lab.client.evaluations.create(file={"id": flow.id}, evaluators=[])
    run = lab.run(lab.evaluation())
    assert lab.refused(422, "POST", f"/{other.id}/runs/{run.id}")
    assert lab.refused(404, "POST", f"/{other.id}/runs/rn_000000000000000000000")
    assert lab.refused(404, "PATCH", f"/{other.id}/runs/{run.id}", {"control": True})


def test_one_run_at_most_is_the_control(lab: Lab) -> None:
    made = lab.evaluation()
    first, second = lab.run(made), lab.run(made)
    update = lab.client.evaluations.update_evaluation_run

    def controls() -> list[bool]:
        return [one.control for one in lab.client.evaluations.list_runs_for_evaluation(made.id).runs]

    assert update(made.id, first.id, control=True).control is True
    assert update(made.id, second.id, control=True).control is True
    assert controls() == [True, False]
    assert update(made.id, second.id, control=None).control is True, "null is nothing"
    assert update(made.id, second.id).control is True, "an empty body, too"
    assert update(made.id, second.id, control=False).control is False
    assert controls() == [False, False]


def test_what_is_over_stays_as_it_is(lab: Lab) -> None:
    """4.2, 4.3, 8.34."""
    made = lab.evaluation()
    run = lab.run(made)
    at = f"/{made.id}/runs/{run.id}"
    for status in ("pending", "running", "over"):
        (problem,) = lab.refused(422, "PATCH", at, {"status": status})
        assert problem["loc"] == ["body", "status"]
    assert (
        lab.client.evaluations.update_evaluation_run(made.id, run.id, status="cancelled").status
        == "cancelled"
    )
    for status in ("completed", "cancelled"):
        assert "cancelled" in lab.refused(409, "PATCH", at, {"status": status})
    logs = lab.fill(run)
    assert lab.status(made) == "cancelled"
    assert [row["log"]["id"] for row in rows_of(lab.raw, made.id)] == logs
    assert lab.client.evaluations.update_evaluation_run(made.id, run.id, control=True).control is True


def test_logs_are_added_to_a_run(lab: Lab) -> None:
    judge = lab.evaluator("Length", LENGTH)
    made = lab.evaluation(judge)
    run = lab.run(made)
    logs = [lab.log("x" * (n + 1)) for n in range(2)]
    lab.client.evaluations.add_logs_to_run(made.id, run.id, log_ids=logs)
    again = lab.client.evaluations.add_logs_to_run(made.id, run.id, log_ids=logs)
    assert {type(again)} == {EvaluationRunResponse}
    assert sorted(row["log"]["id"] for row in rows_of(lab.raw, made.id)) == sorted(logs)
    assert again.status == "running", "the datapoints have none"
    at = f"/{made.id}/runs/{run.id}/logs"
    assert "log_nothing" in lab.refused(404, "POST", at, {"log_ids": ["log_nothing"]})
    (problem,) = lab.refused(422, "POST", at, {})
    assert problem["loc"] == ["body", "log_ids"]
    other = lab.client.flows.log(path=f"{lab.home}/Other", flow={"attributes": {}}, output="y")
    assert lab.refused(422, "POST", at, {"log_ids": [other.id]})
    assert len(rows_of(lab.raw, made.id)) == 2


def test_existing_logs_are_used(lab: Lab) -> None:
    """4.2: of that version, made from these datapoints; the newest of each."""
    lab.log("old", source_datapoint_id=lab.points[0])
    used = [lab.log("x" * (n + 1), source_datapoint_id=one) for n, one in enumerate(lab.points[:2])]
    lab.client.flows.log(
        path=lab.flow.path, flow={"attributes": {"v": 2}}, output="other", source_datapoint_id=lab.points[2]
    )
    made = lab.evaluation()
    run = lab.run(made, use_existing_logs=True)
    assert run.status == "running"
    assert [row["log"]["id"] for row in rows_of(lab.raw, made.id)] == used
    lab.log("!", source_datapoint_id=lab.points[2])
    assert lab.status(made) == "completed", "a log finds the runs that want it by its datapoint"


def test_a_later_log_of_a_datapoint_replaces_the_earlier(lab: Lab) -> None:
    """8.33."""
    judge = lab.evaluator("Length", LENGTH)
    made = lab.evaluation(judge)
    run = lab.run(made)
    lab.log("first", run_id=run.id, source_datapoint_id=lab.points[0])
    second = lab.log("second!", run_id=run.id, source_datapoint_id=lab.points[0])
    assert [row["log"]["id"] for row in rows_of(lab.raw, made.id)] == [second]
    for point in lab.points[1:]:
        lab.log("x", run_id=run.id, source_datapoint_id=point)
    (run_stats,) = finished(lab.raw, made.id)["run_stats"]
    (told,) = run_stats["evaluator_stats"]
    assert (run_stats["num_logs"], told["total_logs"], told["sum"]) == (3, 3, 9.0)
