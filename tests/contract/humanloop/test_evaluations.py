"""Evaluations and who judges in them, by the real client and by plain HTTP (humanloop 4.2, 4.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import (
    EvaluationEvaluatorResponse,
    EvaluationResponse,
)
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import (
    ALWAYS,
    LENGTH,
    Lab,
    by_version,
    finished,
    human,
    rows_of,
    serving,
    stats_of,
)
from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.tracing import until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    with serving(tmp_path_factory.mktemp("evaluations"), max_page="100") as live:
        yield live


@pytest.fixture
def lab(client: Any, raw: httpx.Client, home: str) -> Lab:
    return Lab(client, raw, home)


UNKNOWN = "evr_000000000000000000000"


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
