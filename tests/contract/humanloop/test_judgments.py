"""Judgments that clients post (humanloop 2.12, 2.13, 3.12, 4.2, 8.20, 8.56)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.test_logs import log, post, refused, shown

pytestmark = pytest.mark.live


@pytest.fixture
def judged(raw: httpx.Client, home: str) -> dict[str, Any]:
    """A flow's log that is judged."""
    return log(raw, "flow", path=f"{home}/flow", flow={"attributes": {}}, output="x")


def judge(
    raw: httpx.Client, home: str, judged: str, return_type: str = "boolean", **body: Any
) -> dict[str, Any]:
    """Post a judgment by an evaluator of that type."""
    spec = external(return_type, **body.pop("spec", {}))
    return log(raw, "evaluator", path=f"{home}/{return_type}", spec=spec, parent_id=judged, **body)


def verdicts(raw: httpx.Client, judged: str) -> list[Any]:
    """The judgments on a log."""
    return [one["judgment"] for one in shown(raw, judged)["evaluator_logs"]]


def aggregates(raw: httpx.Client, flow_id: str) -> dict[str, float]:
    """The means of the judgments on the logs of a flow's newest version, by evaluator version."""
    answer = raw.get(f"/flows/{flow_id}/versions", params={"evaluator_aggregates": "true"}).json()
    return {one["evaluator_version_id"]: one["value"] for one in answer["records"][0]["evaluator_aggregates"]}


@pytest.mark.parametrize(
    ("return_type", "judgment", "more"),
    [
        ("boolean", True, {}),
        ("boolean", False, {}),
        ("number", 0.25, {}),
        ("number", -3, {}),
        ("text", "fine", {}),
        ("select", "good", {"options": [{"name": "good", "valence": "positive"}, {"name": "bad"}]}),
        ("multi_select", ["a", "b"], {"options": [{"name": "a"}, {"name": "b"}]}),
        ("multi_select", [], {"options": [{"name": "a"}]}),
    ],
)
def test_a_judgment_of_each_type(
    client: Any,
    raw: httpx.Client,
    home: str,
    judged: dict[str, Any],
    return_type: str,
    judgment: Any,
    more: dict[str, Any],
) -> None:
    """0.6: an integer is read as a float, a boolean stays one."""
    made = judge(raw, home, judged["id"], return_type, judgment=judgment, spec=more)
    assert made["parent_id"] == judged["id"]
    assert made["session_id"] is None
    (found,) = client.logs.list(file_id=judged["flow_id"]).items
    assert found.evaluator_logs[0].judgment == judgment
    assert type(shown(raw, made["id"])["judgment"]) is type(judgment)


@pytest.mark.parametrize(
    ("return_type", "judgment"),
    [
        ("boolean", "yes"),
        ("boolean", 2),
        ("number", True),
        ("number", "1"),
        ("number", 10**400),
        ("text", 1),
        ("text", ["a"]),
        ("select", "other"),
        ("select", ["a"]),
        ("multi_select", "a"),
        ("multi_select", ["a", "other"]),
        ("number", {"a": 1}),
    ],
)
def test_a_judgment_of_another_type_is_refused(
    raw: httpx.Client, home: str, judged: dict[str, Any], return_type: str, judgment: Any
) -> None:
    """8.56."""
    options = {"options": [{"name": "a"}]} if "select" in return_type else {}
    body = {"path": f"{home}/e", "spec": external(return_type, **options), "parent_id": judged["id"]}
    (problem,) = refused(raw, 422, "/evaluators/log", {**body, "judgment": judgment})
    assert problem["loc"] == ["body", "judgment"]
    assert shown(raw, judged["id"])["evaluator_logs"] == []


@pytest.mark.parametrize("judgment", [0, 1, 0.0, 1.0])
def test_a_number_may_stand_for_a_boolean(
    raw: httpx.Client, home: str, judged: dict[str, Any], judgment: float
) -> None:
    """8.56; it is kept as the boolean that it stands for."""
    made = judge(raw, home, judged["id"], judgment=judgment)
    assert shown(raw, made["id"])["judgment"] is bool(judgment)


def test_what_is_judged_is_needed_and_must_be_there(raw: httpx.Client, home: str) -> None:
    """4.2."""
    body = {"path": f"{home}/e", "spec": external(), "judgment": True}
    (problem,) = refused(raw, 422, "/evaluators/log", body)
    assert problem["loc"] == ["body", "parent_id"]
    assert "log_nothing" in refused(raw, 404, "/evaluators/log", {**body, "parent_id": "log_nothing"})
    assert raw.post("/files/retrieve-by-path", json={"path": f"{home}/e"}).status_code == 404


def test_a_judgment_is_no_member_of_the_trace(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """3.4: so it may come when the trace is complete."""
    raw.patch(f"/flows/logs/{judged['id']}", json={"log_status": "complete"})
    made = judge(raw, home, judged["id"], judgment=True)
    found = shown(raw, judged["id"])
    assert found["trace_children"] == []
    assert [one["id"] for one in found["evaluator_logs"]] == [made["id"]]
    alone = shown(raw, made["id"])
    assert (alone["trace_id"], alone["trace_flow_id"], alone["trace_parent_id"]) == (None, None, None)
    assert alone["parent"] is None


def test_a_later_judgment_replaces_the_earlier(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """8.20: of the same version; other versions and evaluators stay."""
    first = judge(raw, home, judged["id"], judgment=True)
    other = judge(raw, home, judged["id"], "number", judgment=4)
    version = judge(raw, home, judged["id"], judgment=True, spec={"attributes": {"v": 2}})
    second = judge(raw, home, judged["id"], judgment=False)
    assert second["version_id"] == first["version_id"] != version["version_id"]
    assert raw.get(f"/logs/{first['id']}").status_code == 404
    assert sorted(verdicts(raw, judged["id"])) == sorted([4, True, False])
    assert aggregates(raw, judged["flow_id"]) == {
        first["version_id"]: 0.0,
        other["version_id"]: 4.0,
        version["version_id"]: 1.0,
    }


def test_null_retracts(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """2.12: feedback by path."""
    judge(raw, home, judged["id"], judgment=True)
    body = {"path": f"{home}/boolean", "parent_id": judged["id"], "judgment": None}
    post(raw, "/evaluators/log", body)
    assert verdicts(raw, judged["id"]) == [None]
    assert aggregates(raw, judged["flow_id"]) == {}


def test_means_are_of_what_counts(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """2.13: no null, no error, no choice or text; exact, whatever comes and goes."""
    flow_id = judged["flow_id"]
    ids = [judged["id"], *(log(raw, "flow", id=flow_id)["id"] for _ in range(4))]
    values = [0.1, 0.2, 0.3, None]
    versions = {
        judge(raw, home, log_id, "number", judgment=value)["version_id"]
        for log_id, value in zip(ids, values, strict=False)
    }
    (version,) = versions
    judge(raw, home, ids[4], "number", judgment=5, error="it broke")
    judge(raw, home, ids[0], "text", judgment="fine")
    assert aggregates(raw, flow_id) == {version: pytest.approx(0.2)}
    raw.delete("/logs", params={"id": ids[2]})
    assert aggregates(raw, flow_id) == {version: pytest.approx(0.15)}
    judge(raw, home, ids[0], "number", judgment=1e300)
    judge(raw, home, ids[0], "number", judgment=0.2)
    assert aggregates(raw, flow_id) == {version: 0.2}
    raw.delete("/logs", params={"id": ids})
    assert aggregates(raw, flow_id) == {}


def test_an_error_needs_no_version(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """5.5: the SDK posts errors by id alone; they are of the deployed version."""
    evaluator = post(raw, "/evaluators", {"path": f"{home}/e", "spec": external()})
    made = log(raw, "evaluator", id=evaluator["id"], parent_id=judged["id"], error="no luck")
    assert made["version_id"] == evaluator["version_id"]
    (found,) = shown(raw, judged["id"])["evaluator_logs"]
    assert (found["error"], found["judgment"]) == ("no luck", None)


def test_judgments_can_be_judged(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    first = judge(raw, home, judged["id"], judgment=True)
    second = judge(raw, home, first["id"], "number", judgment=3)
    assert [one["id"] for one in shown(raw, first["id"])["evaluator_logs"]] == [second["id"]]
    (inner,) = shown(raw, judged["id"])["evaluator_logs"]
    assert inner["evaluator_logs"] == []
    judge(raw, home, judged["id"], judgment=False)
    assert raw.get(f"/logs/{second['id']}").status_code == 404


def test_what_a_human_said(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """2.12."""
    spec = {
        "evaluator_type": "human",
        "arguments_type": "target_free",
        "return_type": "select",
        "options": [{"name": "good"}, {"name": "bad"}],
        "instructions": "Rate it.",
    }
    post(raw, "/evaluators", {"path": f"{home}/rating", "spec": spec})
    made = log(
        raw,
        "evaluator",
        path=f"{home}/rating",
        parent_id=judged["id"],
        judgment="good",
        marked_completed=True,
        output_message={"role": "assistant", "content": "because"},
    )
    found = shown(raw, made["id"])
    assert (found["judgment"], found["marked_completed"]) == ("good", True)
    assert found["output_message"] == {"role": "assistant", "content": "because"}
    assert found["evaluator"]["spec"]["instructions"] == "Rate it."


def test_a_repeated_judgment_is_answered_alike(raw: httpx.Client, home: str, judged: dict[str, Any]) -> None:
    """8.24."""
    first = judge(raw, home, judged["id"], judgment=True, log_id=f"judgment {home}")
    assert judge(raw, home, judged["id"], judgment=True, log_id=f"judgment {home}") == first
    assert verdicts(raw, judged["id"]) == [True]
