"""The operations on evaluations and runs, one by one, by the real client and by plain HTTP (humanloop 4.2, 4.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import (
    EvaluationEvaluatorResponse,
    EvaluationLogResponse,
    EvaluationResponse,
    EvaluationRunResponse,
    EvaluationStats,
    FlowLogResponse,
    FlowResponse,
)
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import (
    LENGTH,
    by_version,
    finished,
    human,
    python,
    rows_of,
    serving,
    stats_of,
)
from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.tracing import until

pytestmark = pytest.mark.live

UNKNOWN = "evr_000000000000000000000"
ALWAYS = python("def f(log):\n    return True")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    with serving(tmp_path_factory.mktemp("evaluations"), max_page="100") as live:
        yield live


class Lab:
    """A flow, a dataset of three datapoints, and evaluators, in a directory of the test's own."""

    def __init__(self, client: Any, raw: httpx.Client, home: str) -> None:
        self.client = client
        self.raw = raw
        self.home = home
        self.flow = client.flows.upsert(path=f"{home}/Flow", attributes={"v": 1})
        points = [{"inputs": {"n": n}, "target": {"m": n}} for n in "abc"]
        self.dataset = client.datasets.upsert(path=f"{home}/Data", datapoints=points)
        page = client.datasets.list_datapoints(self.dataset.id).items
        self.points = [one.id for one in page]

    def evaluator(self, name: str, spec: dict[str, Any]) -> Any:
        return self.client.evaluators.upsert(path=f"{self.home}/{name}", spec=spec)

    def evaluation(self, *evaluators: Any, name: str | None = None) -> Any:
        return self.client.evaluations.create(
            file={"id": self.flow.id},
            name=name,
            evaluators=[{"version_id": one.version_id} for one in evaluators],
        )

    def run(self, evaluation: Any, **more: Any) -> Any:
        """A run whose logs others make."""
        return self.client.evaluations.create_run(
            evaluation.id,
            **{
                "dataset": {"version_id": self.dataset.version_id},
                "version": {"version_id": self.flow.version_id},
                "orchestrated": False,
                **more,
            },
        )

    def log(self, output: str, **more: Any) -> str:
        return str(self.client.flows.log(id=self.flow.id, output=output, log_status="complete", **more).id)

    def fill(self, run: Any) -> list[str]:
        """A log for each datapoint of a run."""
        return [
            self.log("x" * (n + 1), run_id=run.id, source_datapoint_id=one)
            for n, one in enumerate(self.points)
        ]

    def status(self, evaluation: Any) -> str:
        """The newest run's."""
        return str(self.client.evaluations.list_runs_for_evaluation(evaluation.id).runs[0].status)

    def refused(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """The detail of an answer that refuses."""
        answer = self.raw.request(method, f"/evaluations{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["detail"]


@pytest.fixture
def lab(client: Any, raw: httpx.Client, home: str) -> Lab:
    return Lab(client, raw, home)


# Evaluations


def test_an_evaluation_is_made_found_and_removed(lab: Lab) -> None:
    judge = lab.evaluator("Judge", ALWAYS)
    made = lab.evaluation(judge, name="First")
    assert {type(made)} == {EvaluationResponse}
    assert made.id.startswith("evr_")
    assert (made.name, made.file_id, made.runs_count) == ("First", lab.flow.id, 0)
    assert made.created_at == made.updated_at
    assert isinstance(made.url, str)
    assert set(made.created_by) == {"id", "email_address", "full_name"}
    (seat,) = made.evaluators
    assert {type(seat)} == {EvaluationEvaluatorResponse}
    assert (seat.version.path, seat.version.version_id) == (f"{lab.home}/Judge", judge.version_id)
    assert (seat.orchestrated, seat.version.spec.evaluator_type) == (True, "python")
    assert lab.client.evaluations.get(made.id) == made
    assert lab.client.evaluations.delete(made.id) is None
    assert lab.refused(404, "GET", f"/{made.id}") == f"Evaluation with ID `{made.id}` not found."
    assert lab.refused(404, "DELETE", f"/{made.id}")
    assert lab.client.evaluators.get(judge.id).version_id == judge.version_id


def test_the_status_of_a_new_one_is_201(lab: Lab) -> None:
    body = {"file": {"path": f"{lab.home}/Flow"}, "evaluators": []}
    answer = lab.raw.post("/evaluations", json=body)
    assert answer.status_code == 201
    assert answer.json()["file_id"] == lab.flow.id
    assert answer.json()["name"] is None
    assert lab.raw.post("/evaluations", json=body).status_code == 201, "two without a name are no clash"


def test_names_are_unique_in_a_file(lab: Lab) -> None:
    """4.2: the client depends on 409."""
    lab.evaluation(name="Same")
    with pytest.raises(ApiError) as caught:
        lab.evaluation(name="Same")
    assert caught.value.status_code == 409
    assert "`Same`" in caught.value.body["detail"]
    lab.evaluation(name="same")
    other = lab.client.flows.upsert(path=f"{lab.home}/Other", attributes={})
    lab.client.evaluations.create(file={"id": other.id}, name="Same", evaluators=[])


def test_a_list_is_of_one_file_newest_first(lab: Lab) -> None:
    made = [lab.evaluation(name=f"E{n}") for n in range(5)]
    pages = lab.client.evaluations.list(file_id=lab.flow.id, size=2)
    assert [one.name for one in pages] == ["E4", "E3", "E2", "E1", "E0"]
    answer = lab.raw.get("/evaluations", params={"file_id": lab.flow.id, "page": 2, "size": 2}).json()
    assert (answer["page"], answer["size"], answer["total"]) == (2, 2, 5)
    assert [one["id"] for one in answer["records"]] == [made[2].id, made[1].id]
    past = lab.raw.get("/evaluations", params={"file_id": lab.flow.id, "page": 99}).json()
    assert (past["records"], past["total"]) == ([], 5)
    none = lab.raw.get("/evaluations", params={"file_id": lab.flow.id, "size": 0}).json()
    assert (none["records"], none["total"]) == ([], 5)
    other = lab.client.flows.upsert(path=f"{lab.home}/Other", attributes={})
    assert lab.client.evaluations.list(file_id=other.id).items == []


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("", ["query", "file_id"]),
        ("?file_id=fl_1&page=0", ["query", "page"]),
        ("?file_id=fl_1&size=101", ["query", "size"]),
    ],
)
def test_a_list_needs_its_file_and_good_numbers(lab: Lab, query: str, loc: list[str]) -> None:
    (problem,) = lab.refused(422, "GET", query)
    assert problem["loc"] == loc


def test_a_list_of_no_file(lab: Lab) -> None:
    assert lab.refused(404, "GET", "?file_id=fl_nothing")


@pytest.mark.parametrize("form", ["version", "id", "path", "environment"])
def test_an_evaluator_is_named_in_any_form(lab: Lab, environments: dict[str, str], form: str) -> None:
    """4.2, 4.3: what is deployed is looked up when it is added."""
    first = lab.evaluator("Judge", ALWAYS)
    second = lab.evaluator("Judge", LENGTH)
    lab.client.evaluators.set_deployment(first.id, environments["staging"], version_id=second.version_id)
    given, wanted = {
        "version": ({"version_id": second.version_id}, second),
        "id": ({"id": first.id}, first),
        "path": ({"path": first.path}, first),
        "environment": ({"path": first.path, "environment": "staging"}, second),
    }[form]
    made = lab.client.evaluations.create(file={"id": lab.flow.id}, evaluators=[given])
    assert [one.version.version_id for one in made.evaluators] == [wanted.version_id]
    lab.client.evaluators.set_deployment(first.id, environments["production"], version_id=second.version_id)
    found = lab.client.evaluations.get(made.id)
    assert [one.version.version_id for one in found.evaluators] == [wanted.version_id]


def test_who_has_an_evaluator_judge(lab: Lab) -> None:
    """4.2: outside the server only others can have external and human ones judge."""
    judges = [
        lab.evaluator("Code", ALWAYS),
        lab.evaluator("Outside", external()),
        lab.evaluator("Person", human("boolean")),
    ]
    made = lab.evaluation(*judges)
    assert [one.orchestrated for one in made.evaluators] == [True, False, False]
    asked = [
        {"version_id": judges[0].version_id, "orchestrated": False},
        {"version_id": judges[1].version_id, "orchestrated": True},
    ]
    other = lab.client.evaluations.create(file={"id": lab.flow.id}, evaluators=asked)
    assert [one.orchestrated for one in other.evaluators] == [False, False]


def test_evaluators_come_and_go(lab: Lab) -> None:
    """4.2: those that come judge what is there, too; an evaluation is answered, with 200."""
    first, second = lab.evaluator("First", ALWAYS), lab.evaluator("Second", LENGTH)
    made = lab.evaluation(first)
    run = lab.run(made)
    lab.fill(run)
    finished(lab.raw, made.id)
    more = lab.client.evaluations.add_evaluators(made.id, evaluators=[{"path": second.path}])
    assert [one.version.name for one in more.evaluators] == ["First", "Second"]
    again = lab.client.evaluations.add_evaluators(made.id, evaluators=[{"path": second.path}])
    assert [one.version.name for one in again.evaluators] == ["First", "Second"]

    def judged() -> list[str]:
        (row, *_) = rows_of(lab.raw, made.id)
        return sorted(one["evaluator"]["name"] for one in row["evaluator_logs"])

    until(lambda: judged() == ["First", "Second"])
    answer = lab.raw.delete(f"/evaluations/{made.id}/evaluators/{first.version_id}")
    assert answer.status_code == 200
    assert [one["version"]["name"] for one in answer.json()["evaluators"]] == ["Second"]
    assert judged() == ["Second"]
    (stats,) = stats_of(lab.raw, made.id)["run_stats"]
    assert list(by_version(stats)) == [second.version_id]
    assert lab.refused(404, "DELETE", f"/{made.id}/evaluators/{first.version_id}")
    left = lab.client.evaluations.remove_evaluator(made.id, second.version_id)
    assert (type(left), left.evaluators) == (EvaluationResponse, [])


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 422, ["evaluators"]),
        ({"evaluators": None, "file": {"path": "{flow}"}}, 422, ["evaluators"]),
        ({"evaluators": []}, 422, ["file"]),
        ({"evaluators": [], "file": {}}, 422, ["file"]),
        ({"evaluators": [{}], "file": {"path": "{flow}"}}, 422, ["evaluators", 0]),
        (
            {"evaluators": [{"orchestrated": 7}], "file": {"path": "{flow}"}},
            422,
            ["evaluators", 0, "orchestrated"],
        ),
        ({"evaluators": [{"path": "{flow}"}], "file": {"path": "{flow}"}}, 422, ["evaluators", 0]),
        ({"evaluators": [{"path": "no/where"}], "file": {"path": "{flow}"}}, 404, None),
        ({"evaluators": [{"version_id": "evv_nothing"}], "file": {"path": "{flow}"}}, 404, None),
        ({"evaluators": [], "file": {"path": "no/where"}}, 404, None),
        ({"evaluators": [], "file": {"id": "fl_nothing"}}, 404, None),
        ({"evaluators": [], "file": {"path": "{data}"}}, 422, ["file"]),
        ({"evaluators": [], "name": "a\x00b", "file": {"path": "{flow}"}}, 422, ["name"]),
    ],
)
def test_what_makes_no_evaluation(lab: Lab, body: Any, status: int, place: list[Any] | None) -> None:
    """4.2, 8.61: and nothing is there afterwards."""
    filled = json.loads(json.dumps(body).replace("{flow}", lab.flow.path).replace("{data}", lab.dataset.path))
    detail = lab.refused(status, "POST", "", filled)
    if place is None:
        assert isinstance(detail, str)
    else:
        (problem,) = detail
        assert problem["loc"][: len(place) + 1] == ["body", *place]
    assert lab.client.evaluations.list(file_id=lab.flow.id).items == []


def test_unknown_evaluations_are_not_found(lab: Lab) -> None:
    run = f"/{UNKNOWN}/runs/rn_000000000000000000000"
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/{UNKNOWN}", None),
        ("DELETE", f"/{UNKNOWN}", None),
        ("POST", f"/{UNKNOWN}/evaluators", {"evaluators": []}),
        ("DELETE", f"/{UNKNOWN}/evaluators/evv_1", None),
        ("GET", f"/{UNKNOWN}/runs", None),
        ("POST", f"/{UNKNOWN}/runs", {"orchestrated": False}),
        ("POST", run, None),
        ("DELETE", run, None),
        ("PATCH", run, {"control": True}),
        ("POST", f"{run}/logs", {"log_ids": []}),
        ("GET", f"/{UNKNOWN}/stats", None),
        ("GET", f"/{UNKNOWN}/logs", None),
    ]
    for method, path, body in calls:
        assert UNKNOWN in lab.refused(404, method, path, body), (method, path)


# Runs


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


# Logs


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
    for size in (50, 99, 100):
        large = lab.raw.get(at, params={"size": size}).json()
        assert (large["total"], large["size"]) == (100, size)
        assert [row["log"]["output"] for row in large["records"]] == [str(n) for n in range(size)]


# Files that go


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
