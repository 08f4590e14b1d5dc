"""Logs of agents: as they are shown, as traces by themselves, and as what is judged (humanloop 3.1-3.6, 4.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from humanloop import types
from humanloop.core.api_error import ApiError
from tests.contract.humanloop.test_judging import IS_LONG, Desk, python
from tests.contract.humanloop.test_logs import AGENT, PROMPT, log, refused, shown
from tests.contract.humanloop.test_traces import evaluator, flow, listed, place, prompt, tool, until

pytestmark = pytest.mark.live


def agent(raw: httpx.Client, home: str, **body: Any) -> dict[str, Any]:
    """A new log of an agent."""
    return log(raw, "agent", path=f"{home}/agent", agent=AGENT, **body)


def patch(raw: httpx.Client, made: dict[str, Any], **body: Any) -> httpx.Response:
    """Change an agent's log."""
    return raw.patch(f"/agents/{made['agent_id']}/log/{made['id']}", json=body)


def test_the_maker_of_a_log_is_told_these_and_nothing_else(client: Any, raw: httpx.Client, home: str) -> None:
    """4.2: the status is null where none was given (3.2)."""
    for status in (None, "incomplete", "complete"):
        made = agent(raw, home, log_status=status)
        assert set(made) == set(types.CreateAgentLogResponse.model_fields)
        assert made["log_status"] == status
        assert shown(raw, made["id"])["log_status"] == status
    told = client.agents.log(path=f"{home}/agent", agent=AGENT, log_status="incomplete")
    assert type(told) is types.CreateAgentLogResponse
    assert (told.agent_id, told.log_status) == (made["agent_id"], "incomplete")


def test_a_log_is_made_with_the_version_of_an_environment_too(client: Any, path: str) -> None:
    """2.6, 8.55."""
    first = client.agents.upsert(path=path, **AGENT)
    second = client.agents.upsert(path=path, **{**AGENT, "model": "two"})
    client.agents.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.agents.log(path=path, output="x").version_id == first.version_id
    staged = client.agents.log(path=path, environment="staging", output="x")
    assert staged.version_id == second.version_id
    assert client.logs.get(staged.id)["environment"] == "staging"
    labelled = client.agents.log(path=path, agent_log_request_environment="laptop", output="x")
    assert client.logs.get(labelled.id)["environment"] == "laptop"
    with pytest.raises(ApiError) as caught:
        client.agents.log(path=path, version_id=second.version_id, agent=AGENT)
    assert caught.value.status_code == 422


def test_a_log_is_of_its_type_in_lists_and_in_traces(client: Any, raw: httpx.Client, home: str) -> None:
    """0.6: the first member of the union that fits."""
    root = flow(raw, home)
    inner = agent(raw, home, trace_parent_id=root, output="x")
    step = prompt(raw, home, trace_parent_id=inner["id"])
    (listed_one,) = client.logs.list(file_id=inner["agent_id"], include_trace_children=True).items
    assert type(listed_one) is types.AgentLogResponse
    assert type(listed_one.agent) is types.AgentResponse
    assert [type(one) for one in listed_one.trace_children] == [types.PromptLogResponse]
    (listed_root,) = client.logs.list(
        file_id=shown(raw, root)["flow"]["id"], include_trace_children=True
    ).items
    (child,) = listed_root.trace_children
    assert type(child) is types.AgentLogResponse
    assert [one.id for one in child.trace_children] == [step]


def test_an_agent_s_log_is_a_trace_by_itself(raw: httpx.Client, home: str) -> None:
    """3.1, 3.3, 3.6: the file at the root may be an agent's."""
    made = agent(raw, home)
    root, file = made["id"], made["agent_id"]
    assert place(raw, root) == (None, root, file)
    assert shown(raw, root)["trace_children"] == []
    turn = prompt(raw, home, trace_parent_id=root)
    called = tool(raw, home, trace_parent_id=turn)
    inner = agent(raw, home, trace_parent_id=root)["id"]
    assert place(raw, turn) == (root, root, file)
    assert place(raw, called) == (turn, root, file)
    assert place(raw, inner) == (root, root, file)
    alone = agent(raw, home)["id"]
    answer = raw.get("/logs", params={"file_id": file, "in_trace_filter": "true"}).json()
    assert [one["id"] for one in answer["records"]] == [alone, inner, root]
    raw.delete("/logs", params={"id": [turn, inner]})
    assert place(raw, root) == (None, root, file)
    assert raw.get(f"/logs/{called}").status_code == 404


def test_what_a_trace_of_an_agent_used_is_added_up(raw: httpx.Client, home: str) -> None:
    """3.5."""
    root = agent(raw, home, prompt_tokens=1, output_tokens=2)["id"]
    prompt(raw, home, trace_parent_id=root, prompt_tokens=10, output_tokens=20, prompt_cost=0.5)
    usage = shown(raw, root)["trace_usage"]
    assert (usage["logs_count"], usage["prompt_tokens"], usage["output_tokens"]) == (2, 11, 22)
    assert usage["cost"] == 0.5


def test_a_complete_agent_takes_no_more(raw: httpx.Client, home: str) -> None:
    """3.4: the nearest flow's or agent's log above decides, where it says anything of its status."""
    silent = agent(raw, home)
    prompt(raw, home, trace_parent_id=silent["id"])
    done = agent(raw, home, log_status="complete", output="x")
    new = {"path": f"{home}/prompt", "prompt": PROMPT, "trace_parent_id": done["id"]}
    assert done["id"] in refused(raw, 409, "/prompts/log", new)
    evaluator(raw, home, parent_id=done["id"], judgment=True)  # a judgment is no member of the trace
    open_one = agent(raw, home, log_status="incomplete", trace_parent_id=silent["id"])
    step = prompt(raw, home, trace_parent_id=open_one["id"])
    assert patch(raw, open_one, log_status="complete", output="x").status_code == 200
    refused(raw, 409, "/prompts/log", {**new, "trace_parent_id": step})
    root = flow(raw, home)
    within = agent(raw, home, trace_parent_id=root)
    still = agent(raw, home, trace_parent_id=root, log_status="incomplete")
    raw.patch(f"/flows/logs/{root}", json={"output": "x", "log_status": "complete"})
    assert root in refused(raw, 409, "/prompts/log", {**new, "trace_parent_id": within["id"]})
    prompt(raw, home, trace_parent_id=still["id"])


def test_a_log_is_changed_and_completed_by_its_file(client: Any, raw: httpx.Client, home: str) -> None:
    """1.3, 4.2."""
    made = agent(raw, home, log_status="incomplete", output="draft", inputs={"a": 1})
    message = {"role": "assistant", "content": "Done."}
    found = client.agents.update_log(made["agent_id"], made["id"], output=None, output_message=message)
    assert type(found) is types.AgentLogResponse
    assert (found.output, found.output_message.content, found.log_status) == (None, "Done.", "incomplete")
    assert found.end_time is None
    done = patch(raw, made, log_status="complete").json()
    assert (done["log_status"], done["inputs"], done["output_message"]) == ("complete", {"a": 1}, message)
    assert datetime.fromisoformat(done["created_at"]) <= datetime.fromisoformat(done["end_time"])
    assert patch(raw, made, log_status="incomplete").status_code == 409
    later = patch(raw, made, messages=[{"role": "user", "content": "Hi"}]).json()
    assert later["end_time"] == done["end_time"]
    assert later["trace_children"] == []


def test_completion_needs_a_result(raw: httpx.Client, home: str) -> None:
    """1.3; and a time that was told is not lost where the log never was open."""
    made = agent(raw, home, log_status="incomplete")
    assert patch(raw, made, log_status="complete").status_code == 422
    assert patch(raw, made, log_status="complete", error="It broke.").status_code == 200
    told = agent(raw, home, output="x", end_time="2024-01-01T00:00:01Z")
    done = patch(raw, told, log_status="complete").json()
    assert (done["log_status"], done["end_time"]) == ("complete", "2024-01-01T00:00:01.000000")


def test_only_logs_of_that_agent_are_changed_there(client: Any, raw: httpx.Client, home: str) -> None:
    """1.3 (R)."""
    made = agent(raw, home)
    step = prompt(raw, home, trace_parent_id=made["id"])
    other = client.agents.upsert(path=f"{home}/other", **AGENT)
    for wrong in (
        {**made, "agent_id": other.id},
        {**made, "agent_id": "ag_nothing"},
        {**made, "id": step},
        {**made, "id": "log_nothing"},
    ):
        assert patch(raw, wrong, output="x").status_code == 404
    assert raw.patch(f"/flows/logs/{made['id']}", json={"output": "x"}).status_code == 404


def test_an_id_with_slashes_is_one_id(raw: httpx.Client, home: str) -> None:
    """0.8, 8.65."""
    log_id = f"{home}/of a user"
    made = agent(raw, home, log_id=log_id)
    assert made["id"] == log_id
    assert patch(raw, made, output="x").json()["output"] == "x"
    assert agent(raw, home, log_id=log_id) == made
    assert log_id in refused(raw, 409, "/agents/log", {"path": f"{home}/agent", "log_id": log_id})


def test_nothing_of_a_payload_is_kept_that_is_not_to_be(raw: httpx.Client, home: str) -> None:
    """3.11."""
    made = agent(
        raw, home, save=False, output="x", messages=[{"role": "user", "content": "x"}], prompt_tokens=3
    )
    found = shown(raw, made["id"])
    assert (found["output"], found["messages"], found["inputs"], found["save"]) == (None, None, {}, False)
    assert found["prompt_tokens"] == 3


def test_a_deleted_agent_leaves_the_logs_of_others(raw: httpx.Client, home: str) -> None:
    """2.9, 8.15."""
    made = agent(raw, home)
    step = prompt(raw, home, trace_parent_id=made["id"])
    leaf = tool(raw, home, trace_parent_id=step)
    inner = log(raw, "flow", path=f"{home}/inner", trace_parent_id=made["id"])
    raw.delete(f"/agents/{made['agent_id']}")
    assert raw.get(f"/logs/{made['id']}").status_code == 404
    until(lambda: place(raw, leaf) == (step, step, None))
    until(lambda: place(raw, inner["id"]) == (made["id"], inner["id"], inner["flow_id"]))
    assert place(raw, step) == (made["id"], step, None)


@pytest.fixture
def desk(client: Any, raw: httpx.Client, home: str) -> Desk:
    """Its evaluators monitor an agent and no flow."""
    return Desk(client, raw, home)


def monitored(desk: Desk, spec: dict[str, Any]) -> str:
    """The id of an agent whose logs are judged."""
    judge = desk.evaluator(spec)
    file = desk.client.agents.upsert(path=f"{desk.home}/agent", **AGENT)
    desk.client.agents.update_monitoring(file.id, activate=[{"evaluator_version_id": judge.version_id}])
    return str(file.id)


def test_a_log_is_judged_unless_it_is_incomplete(desk: Desk) -> None:
    """2.12, 3.2: null means as soon as it is there."""
    file = monitored(desk, IS_LONG)
    at_once = desk.client.agents.log(id=file, output="quite long")
    assert desk.verdict(at_once.id).judgment is True
    waiting = desk.client.agents.log(id=file, output="x", log_status="incomplete")
    desk.settle()
    assert desk.judgments(waiting.id) == []
    desk.client.agents.update_log(file, waiting.id, log_status="complete")
    assert desk.verdict(waiting.id).judgment is False
    (version,) = desk.client.agents.list_versions(file, evaluator_aggregates=True).records
    assert version.evaluator_aggregates[0].value == 0.5


def test_code_sees_an_agent_s_log_with_what_is_below_it(desk: Desk) -> None:
    """3.7, 3.8."""
    judge = (
        "def f(log):\n"
        "    assert log['agent']['max_iterations'] == 3, log['agent']\n"
        "    return len(log['children'][0]['prompt']['model'])\n"
    )
    file = monitored(desk, python(judge, "number"))
    root = desk.client.agents.log(id=file, log_status="incomplete").id
    prompt(desk.raw, desk.home, trace_parent_id=root)
    desk.client.agents.update_log(file, root, log_status="complete", output="x")
    verdict = desk.verdict(root)
    assert (verdict.error, verdict.judgment) == (None, len("gpt-4o"))


def test_logs_of_an_agent_are_searched(raw: httpx.Client, home: str) -> None:
    """4.2, Logs."""
    first = agent(raw, home, output="a needle", metadata={"team": "red"})
    second = agent(raw, home, messages=[{"role": "user", "content": "another haystack"}])
    assert listed(raw, first["id"], search="needle") == [first["id"]]
    assert listed(raw, first["id"], search="haystack") == [second["id"]]
    assert listed(raw, first["id"], metadata_search="red") == [first["id"]]
