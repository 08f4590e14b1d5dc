"""Which times a file shows, what counts as its use, and whose files are found (humanloop 8.22, 8.23, 8.60)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.conftest import issue_key
from tests.contract.humanloop.evaluating import Lab, python

pytestmark = pytest.mark.live


def _paths(client: Any, home: str, **order: str) -> list[str]:
    return [flow.path.rpartition("/")[2] for flow in client.flows.list(name=home, **order)]


def test_the_times_that_are_shown_are_those_of_the_version(client: Any, raw: httpx.Client, home: str) -> None:
    """8.22: what is done to one version leaves the times of another."""
    first = client.flows.upsert(path=f"{home}/Flow", attributes={"v": 1})
    second = client.flows.upsert(path=f"{home}/Flow", attributes={"v": 2})
    assert second.created_at > first.created_at
    assert second.updated_at == second.created_at
    assert client.flows.get(first.id, version_id=first.version_id).created_at == first.created_at
    assert raw.patch(f"/flows/{first.id}/versions/{first.version_id}", json={"name": "n"}).status_code == 200
    named = client.flows.get(first.id, version_id=first.version_id)
    assert named.created_at == first.created_at
    assert named.updated_at > first.updated_at
    assert client.flows.get(first.id, version_id=second.version_id).updated_at == second.updated_at


def test_lists_are_sorted_by_the_times_of_the_file(client: Any, home: str) -> None:
    """8.22: by when it was created, whatever its newest version says; and by its last change."""
    older = client.flows.upsert(path=f"{home}/{home} older", attributes={"v": 1})
    newer = client.flows.upsert(path=f"{home}/{home} newer", attributes={"v": 1})
    second = client.flows.upsert(path=older.path, attributes={"v": 2})
    client.flows.set_deployment(older.id, "production", version_id=second.version_id)
    shown = {flow.path: flow.created_at for flow in client.flows.list(name=home)}
    assert shown[older.path] > shown[newer.path], "the record shows its version's time"
    for order, expected in (("desc", ["newer", "older"]), ("asc", ["older", "newer"])):
        by_creation = _paths(client, home, sort_by="created_at", order=order)
        assert by_creation == [f"{home} {name}" for name in expected]
        by_change = _paths(client, home, sort_by="updated_at", order=order)
        assert by_change == [f"{home} {name}" for name in reversed(expected)]


def test_reading_is_no_use_and_logging_is(client: Any, raw: httpx.Client, path: str) -> None:
    """8.23."""
    flow = client.flows.upsert(path=path, attributes={"v": 1})
    for _ in range(2):
        assert client.flows.get(flow.id).last_used_at == flow.last_used_at == flow.created_at
        client.flows.list_versions(flow.id)
        client.files.retrieve_by_path(path=path)
        raw.get("/logs", params={"file_id": flow.id})
    client.flows.log(id=flow.id, output="x")
    assert client.flows.get(flow.id).last_used_at > flow.last_used_at


def test_a_log_below_another_one_is_a_use(client: Any, home: str) -> None:
    """8.23: of its own version."""
    flow = client.flows.upsert(path=f"{home}/Flow", attributes={"v": 1})
    prompt = client.prompts.upsert(path=f"{home}/Prompt", model="m")
    trace = client.flows.log(id=flow.id, output="x")
    used = client.flows.get(flow.id).last_used_at
    client.prompts.log(id=prompt.id, output="y", trace_parent_id=trace.id)
    assert client.prompts.get(prompt.id).last_used_at > prompt.last_used_at
    assert client.flows.get(flow.id).last_used_at == used


def test_a_log_of_an_evaluation_is_a_use(client: Any, raw: httpx.Client, home: str) -> None:
    """8.23."""
    lab = Lab(client, raw, home)
    judge = lab.evaluator("Judge", python("def judge(log):\n    return True"))
    run = lab.run(lab.evaluation(judge))
    assert client.flows.get(lab.flow.id).last_used_at == lab.flow.created_at
    lab.log("x", run_id=run.id, source_datapoint_id=lab.points[0])
    assert client.flows.get(lab.flow.id).last_used_at > lab.flow.created_at


@pytest.mark.slow
def test_the_user_filter_finds_who_made_the_file_or_any_version(make_server: Any) -> None:
    """8.60."""
    live: LiveServer = make_server()
    users = {
        name: live.humanloop(issue_key(live, email=f"{name}@example.org", full_name=name, right="editor"))
        for name in ("ann", "bob", "eve")
    }
    both = users["ann"].flows.upsert(path="both", attributes={"v": 1})
    users["bob"].flows.upsert(path="both", attributes={"v": 2})
    users["bob"].flows.upsert(path="bob's", attributes={"v": 1})
    users["eve"].flows.get(both.id)
    found = {
        name: {flow.path for flow in users["eve"].flows.list(user_filter=f"{name.upper()}@")}
        for name in users
    }
    assert found == {"ann": {"both"}, "bob": {"both", "bob's"}, "eve": set()}
    assert users["eve"].flows.get(both.id).created_by["full_name"] == "ann"
