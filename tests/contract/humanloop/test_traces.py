"""Traces: who is above and below whom, times, completion, deletion (humanloop 1.3, 3.2-3.6, 8.25-8.31, 8.49)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from humanloop import types
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_logs import PROMPT, SPEC, TOOL, log, post, refused, shown

pytestmark = pytest.mark.live
WITHIN_S = 60


def patch(raw: httpx.Client, log_id: str, **body: Any) -> httpx.Response:
    """Change a flow's log."""
    return raw.patch(f"/flows/logs/{log_id}", json=body)


def flow(raw: httpx.Client, home: str, **body: Any) -> str:
    """The id of a new log of a flow."""
    return str(log(raw, "flow", path=f"{home}/flow", **body)["id"])


def prompt(raw: httpx.Client, home: str, **body: Any) -> str:
    """The id of a new log of a prompt."""
    return str(log(raw, "prompt", path=f"{home}/prompt", prompt=PROMPT, **body)["id"])


def tool(raw: httpx.Client, home: str, **body: Any) -> str:
    """The id of a new log of a tool."""
    return str(log(raw, "tool", path=f"{home}/tool", tool=TOOL, **body)["id"])


def evaluator(raw: httpx.Client, home: str, **body: Any) -> str:
    """The id of a new judgment."""
    return str(log(raw, "evaluator", path=f"{home}/evaluator", spec=SPEC, **body)["id"])


def place(raw: httpx.Client, log_id: str) -> tuple[Any, ...]:
    """A log's parent, trace and whether that is a flow's."""
    found = shown(raw, log_id)
    return found["trace_parent_id"], found["trace_id"], found["trace_flow_id"]


def listed(raw: httpx.Client, log_id: str, **query: Any) -> list[str]:
    """The ids of the logs of a log's file."""
    found = shown(raw, log_id)
    kind = next(kind for kind in ("flow", "prompt", "agent", "tool", "evaluator") if kind in found)
    answer = raw.get("/logs", params={"file_id": found[kind]["id"], **query})
    assert answer.status_code == 200
    return [one["id"] for one in answer.json()["records"]]


def test_the_sequence_of_direct_logging(client: Any, home: str) -> None:
    """5.4."""
    root = client.flows.log(
        path=f"{home}/chat", flow={"attributes": {"v": 1}}, inputs={"q": "?"}, log_status="incomplete"
    )
    assert root.log_status == "incomplete"
    turn = client.prompts.log(path=f"{home}/p", prompt=PROMPT, trace_parent_id=root.id, output="a")
    client.tools.log(path=f"{home}/t", tool=TOOL, trace_parent_id=turn.id, output="b")
    done = client.flows.update_log(log_id=root.id, output="a", log_status="complete")
    assert isinstance(done, types.FlowLogResponse)
    assert (done.log_status, done.output, done.inputs) == ("complete", "a", {"q": "?"})
    (child,) = done.trace_children
    assert isinstance(child, types.PromptLogResponse)
    (grandchild,) = child.trace_children
    assert isinstance(grandchild, types.ToolLogResponse)
    assert grandchild.trace_id == child.trace_id == done.trace_id == root.id
    assert len(client.logs.get(root.id)["trace_children"]) == 1


def test_a_root_is_its_own_trace(raw: httpx.Client, home: str) -> None:
    root = flow(raw, home)
    found = shown(raw, root)
    assert place(raw, root) == (None, root, found["flow"]["id"])
    assert found["trace_children"] == []


def test_any_log_may_be_a_parent(raw: httpx.Client, home: str) -> None:
    """3.3: trees of any depth and mix."""
    root = flow(raw, home)
    above = root
    ids = []
    for make in (prompt, tool, flow, tool, prompt) * 4:
        above = make(raw, home, trace_parent_id=above)
        ids.append(above)
    flow_id = shown(raw, root)["flow"]["id"]
    for parent, child in zip([root, *ids], ids, strict=False):
        assert place(raw, child) == (parent, root, flow_id)
    seen = []
    node = shown(raw, root)
    while node["trace_children"]:
        (node,) = node["trace_children"]
        seen.append(node["id"])
    assert seen == ids


def test_a_step_that_judges_is_a_member_of_its_trace(raw: httpx.Client, home: str) -> None:
    """3.12: what is judged is independent of where it stands."""
    root = flow(raw, home)
    other = prompt(raw, home)
    step = evaluator(raw, home, trace_parent_id=root, parent_id=other, judgment=True)
    assert place(raw, step)[:2] == (root, root)
    assert [one["id"] for one in shown(raw, root)["trace_children"]] == [step]
    assert [one["id"] for one in shown(raw, other)["evaluator_logs"]] == [step]


def test_a_parent_outside_any_trace_becomes_a_root(raw: httpx.Client, home: str) -> None:
    """3.3."""
    parent = prompt(raw, home)
    assert place(raw, parent) == (None, None, None)
    assert listed(raw, parent, in_trace_filter="true") == []
    child = tool(raw, home, trace_parent_id=parent)
    assert place(raw, parent) == (None, parent, None)
    assert place(raw, child) == (parent, parent, None)
    assert listed(raw, parent, in_trace_filter="true") == [parent]
    raw.delete("/logs", params={"id": child})
    assert place(raw, parent) == (None, None, None)
    assert listed(raw, parent, in_trace_filter="false") == [parent]


def test_an_unknown_parent_is_not_found(raw: httpx.Client, home: str) -> None:
    """8.28; nothing is made."""
    body = {"path": f"{home}/f", "flow": {"attributes": {}}, "trace_parent_id": "log_nothing"}
    assert "log_nothing" in refused(raw, 404, "/flows/log", body)
    assert raw.post("/files/retrieve-by-path", json={"path": f"{home}/f"}).status_code == 404


def test_nothing_is_its_own_parent(raw: httpx.Client, home: str) -> None:
    """3.3."""
    body = {"path": f"{home}/f", "log_id": f"me {home}", "trace_parent_id": f"me {home}"}
    (problem,) = refused(raw, 422, "/flows/log", body)
    assert problem["loc"] == ["body", "trace_parent_id"]


def test_a_trace_has_a_bounded_depth(raw: httpx.Client, home: str) -> None:
    root = above = flow(raw, home)
    path = f"{home}/tool"
    version = log(raw, "tool", path=path, tool=TOOL)["version_id"]
    for _ in range(199):
        above = post(raw, f"/tools/log?version_id={version}", {"trace_parent_id": above})["id"]
    refused(raw, 422, f"/tools/log?version_id={version}", {"trace_parent_id": above})
    assert above in raw.get(f"/logs/{root}").text


def test_a_flow_is_incomplete_at_first(raw: httpx.Client, home: str) -> None:
    """3.2."""
    assert shown(raw, flow(raw, home))["log_status"] == "incomplete"
    assert shown(raw, flow(raw, home, log_status="complete"))["log_status"] == "complete"
    assert shown(raw, prompt(raw, home))["log_status"] is None


@pytest.mark.parametrize(
    "result",
    [{"output": "x"}, {"error": "x"}, {"output_message": {"role": "assistant", "content": "x"}}],
    ids=lambda one: next(iter(one)),
)
def test_completion_needs_a_result(raw: httpx.Client, home: str, result: dict[str, Any]) -> None:
    """1.3, 8.25."""
    root = flow(raw, home)
    answer = patch(raw, root, log_status="complete")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "log_status"]
    assert shown(raw, root)["log_status"] == "incomplete"
    done = patch(raw, root, log_status="complete", **result)
    assert done.status_code == 200
    assert done.json()["log_status"] == "complete"
    earlier = flow(raw, home, **result)
    assert patch(raw, earlier, log_status="complete").status_code == 200


def test_completion_may_not_clear_the_result(raw: httpx.Client, home: str) -> None:
    root = flow(raw, home, output="x")
    assert patch(raw, root, output=None, log_status="complete").status_code == 422
    assert patch(raw, root, output=None, error="failed", log_status="complete").status_code == 200
    assert patch(raw, root, error=None, log_status="complete").status_code == 422  # though it is complete
    assert patch(raw, root, inputs={"a": 1}, log_status="complete").status_code == 200


def test_nothing_becomes_incomplete_again(raw: httpx.Client, home: str) -> None:
    """8.26; saying incomplete of what is incomplete is fine."""
    root = flow(raw, home, output="x")
    assert patch(raw, root, log_status="incomplete").status_code == 200
    assert patch(raw, root, log_status="complete").status_code == 200
    assert patch(raw, root, log_status="incomplete", output="y").status_code == 409
    assert shown(raw, root)["output"] == "x"
    step = prompt(raw, home, log_status="complete")
    url = f"/prompts/{shown(raw, step)['prompt']['id']}/log/{step}"
    assert raw.patch(url, json={"log_status": "incomplete"}).status_code == 409


def test_a_change_clears_with_null_and_keeps_what_is_absent(raw: httpx.Client, home: str) -> None:
    """1.3."""
    root = flow(
        raw, home, output="x", error="y", inputs={"a": 1}, messages=[{"role": "user", "content": "z"}]
    )
    assert patch(raw, root, output=None).json()["output"] is None
    found = patch(raw, root).json()
    assert (found["output"], found["error"], found["inputs"]) == (None, "y", {"a": 1})
    assert found["messages"] == [{"role": "user", "content": "z"}]
    assert raw.patch(f"/flows/logs/{root}", content=b"").status_code == 200
    found = patch(raw, root, error=None, inputs={"b": 2}, messages=None, log_status=None).json()
    assert (found["error"], found["inputs"], found["messages"]) == (None, {"b": 2}, None)


def test_a_complete_log_may_be_changed_and_keeps_its_end(raw: httpx.Client, home: str) -> None:
    """3.2."""
    root = flow(raw, home, output="x")
    end = patch(raw, root, log_status="complete").json()["end_time"]
    found = patch(raw, root, output="y", log_status="complete").json()
    assert (found["output"], found["end_time"]) == ("y", end)
    found = patch(raw, root, output="z").json()
    assert (found["output"], found["end_time"], found["log_status"]) == ("z", end, "complete")


def test_only_logs_of_flows_are_changed_there(raw: httpx.Client, home: str) -> None:
    """1.3."""
    assert patch(raw, prompt(raw, home), output="x").status_code == 404
    assert patch(raw, "log_nothing", output="x").status_code == 404


def test_logs_of_prompts_and_tools_are_changed_by_their_file(
    client: Any, raw: httpx.Client, home: str
) -> None:
    """4.2."""
    message = {"role": "assistant", "content": "streamed"}
    made = client.prompts.log(path=f"{home}/p", prompt=PROMPT, output="x", finish_reason="length")
    found = client.prompts.update_log(
        made.prompt_id,
        made.id,
        output_message=message,
        output=None,
        output_tokens=9,
        metadata={"a": 1},
        start_time="2024-01-01T00:00:00Z",
        provider_latency=0.5,
        log_status="complete",
    )
    assert (found["output"], found["output_message"], found["output_tokens"]) == (None, message, 9)
    assert (found["metadata"], found["provider_latency"]) == ({"a": 1}, 0.5)
    assert (found["finish_reason"], found["log_status"]) == ("length", "complete")
    assert found["start_time"] == "2024-01-01T00:00:00.000000"
    step = client.tools.log(path=f"{home}/t", tool=TOOL)
    assert client.tools.update(step.tool_id, step.id, output="x", inputs={"a": 1})["inputs"] == {"a": 1}
    assert raw.patch(f"/tools/{step.tool_id}/log/{made.id}", json={}).status_code == 404
    assert raw.patch(f"/tools/tl_nothing/log/{step.id}", json={}).status_code == 404
    other = client.tools.upsert(path=f"{home}/other", **TOOL)
    assert raw.patch(f"/tools/{other.id}/log/{step.id}", json={}).status_code == 404


def test_a_new_creation_time_is_a_new_place_in_the_list(raw: httpx.Client, home: str) -> None:
    first, second = prompt(raw, home, output="1"), prompt(raw, home, output="2")
    assert listed(raw, first) == [second, first]
    used_at = shown(raw, second)["prompt"]["last_used_at"]
    url = f"/prompts/{shown(raw, first)['prompt']['id']}/log/{second}"
    assert raw.patch(url, json={"created_at": "2020-01-01T00:00:00"}).status_code == 200
    assert listed(raw, first) == [first, second]
    found = shown(raw, second)
    assert (found["created_at"], found["output"]) == ("2020-01-01T00:00:00.000000", "2")
    assert found["prompt"]["version_logs_count"] == 2
    assert found["prompt"]["last_used_at"] == used_at


def test_a_complete_trace_takes_no_more(raw: httpx.Client, home: str) -> None:
    """3.4: the nearest flow above decides, the parent itself included; judgments are no members."""
    root = flow(raw, home)
    step = prompt(raw, home, trace_parent_id=root)
    inner = flow(raw, home, trace_parent_id=step)
    inner_step = prompt(raw, home, trace_parent_id=inner)
    assert patch(raw, inner, output="x", log_status="complete").status_code == 200
    body = {"path": f"{home}/tool", "tool": TOOL}
    for parent in (inner, inner_step):
        assert inner in refused(raw, 409, "/tools/log", {**body, "trace_parent_id": parent})
    tool(raw, home, trace_parent_id=step)
    patch(raw, root, output="x", log_status="complete")
    for parent in (root, step):
        assert root in refused(raw, 409, "/tools/log", {**body, "trace_parent_id": parent})
    evaluator(raw, home, parent_id=root, judgment=True)
    url = f"/prompts/{shown(raw, step)['prompt']['id']}/log/{step}"
    assert raw.patch(url, json={"output": "late"}).status_code == 200


def test_a_setting_lets_complete_traces_grow(make_server: Callable[..., LiveServer]) -> None:
    """8.27."""
    live = make_server(growing_traces="true")
    with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}) as raw:
        root = flow(raw, "x", log_status="complete", start_time="2024-01-01T00:00:00")
        tool(raw, "x", trace_parent_id=root, end_time="2024-01-02T00:00:00")
        assert shown(raw, root)["end_time"] == "2024-01-02T00:00:00.000000"


def test_times_of_flows_span_those_below(raw: httpx.Client, home: str) -> None:
    """3.5: through every flow above, never shrinking, whatever stands between."""
    root = flow(raw, home, start_time="2024-01-01T10:00:00", end_time="2024-01-01T11:00:00")
    step = tool(raw, home, trace_parent_id=root)
    inner = flow(raw, home, trace_parent_id=step, start_time="2024-01-01T10:30:00")
    leaf = tool(
        raw, home, trace_parent_id=inner, start_time="2024-01-01T09:00:00", end_time="2024-01-01T12:00:00"
    )
    assert _times(raw, inner) == ("09:00", "12:00")
    assert _times(raw, root) == ("09:00", "12:00")
    assert _times(raw, step) == (None, None)
    tool(raw, home, trace_parent_id=inner, start_time="2024-01-01T10:00:00", end_time="2024-01-01T10:01:00")
    assert _times(raw, root) == ("09:00", "12:00")
    url = f"/tools/{shown(raw, leaf)['tool']['id']}/log/{leaf}"
    raw.patch(url, json={"end_time": "2024-01-01T13:00:00"})
    assert _times(raw, root) == _times(raw, inner) == ("09:00", "13:00")
    raw.delete("/logs", params={"id": leaf})
    assert _times(raw, root) == ("09:00", "13:00")


def _times(raw: httpx.Client, log_id: str) -> tuple[str | None, ...]:
    found = shown(raw, log_id)
    return tuple(None if found[key] is None else str(found[key])[11:16] for key in ("start_time", "end_time"))


def test_a_flow_without_a_start_begins_when_it_is_made(raw: httpx.Client, home: str) -> None:
    """3.5."""
    found = shown(raw, flow(raw, home))
    assert found["start_time"] == found["created_at"]
    assert found["end_time"] is None
    found = shown(raw, flow(raw, home, created_at="2024-01-01T00:00:00"))
    assert found["start_time"] == "2024-01-01T00:00:00.000000"
    assert shown(raw, prompt(raw, home))["start_time"] is None


def test_completion_sets_the_end_to_now(raw: httpx.Client, home: str) -> None:
    """8.31: also when an end was given, but never before the end of a child."""
    early = flow(raw, home, output="x", end_time="2024-01-01T00:00:00")
    late = flow(raw, home, output="x", end_time="2090-01-01T00:00:00")
    child = flow(raw, home, output="x", end_time="2090-01-01T00:00:00")
    tool(raw, home, trace_parent_id=child, end_time="2080-01-01T00:00:00")
    before = datetime.utcnow()
    for log_id in (early, late):
        end = datetime.fromisoformat(patch(raw, log_id, log_status="complete").json()["end_time"])
        assert before <= end <= datetime.utcnow()
    assert patch(raw, child, log_status="complete").json()["end_time"] == "2080-01-01T00:00:00.000000"


def test_children_are_in_order_of_their_starts(raw: httpx.Client, home: str) -> None:
    """3.1."""
    root = flow(raw, home)
    times = ["2024-01-03", "2024-01-01", "2024-01-02"]
    ids = {time: tool(raw, home, trace_parent_id=root, start_time=f"{time}T00:00:00") for time in times}
    assert [one["id"] for one in shown(raw, root)["trace_children"]] == [ids[time] for time in sorted(times)]


def test_a_trace_adds_up_what_was_used(raw: httpx.Client, home: str) -> None:
    """3.5."""
    root = flow(raw, home)
    step = prompt(raw, home, trace_parent_id=root, prompt_tokens=3, output_tokens=1, prompt_cost=0.25)
    inner = flow(raw, home, trace_parent_id=step)
    prompt(raw, home, trace_parent_id=inner, prompt_tokens=4, output_cost=0.5)
    evaluator(raw, home, parent_id=root, judgment=True)
    assert shown(raw, root)["trace_usage"] == {
        "logs_count": 4,
        "prompt_tokens": 7,
        "reasoning_tokens": None,
        "output_tokens": 1,
        "cost": 0.75,
    }
    assert shown(raw, inner)["trace_usage"] is None


def test_lists_load_children_only_when_asked(client: Any, raw: httpx.Client, home: str) -> None:
    """3.6, 8.29."""
    root = flow(raw, home)
    child = prompt(raw, home, trace_parent_id=root)
    tool(raw, home, trace_parent_id=child)
    evaluator(raw, home, parent_id=child, judgment=True)
    file_id = shown(raw, root)["flow"]["id"]
    (plain,) = client.logs.list(file_id=file_id).items
    assert plain.trace_children is None
    (full,) = client.logs.list(file_id=file_id, include_trace_children=True).items
    (step,) = full.trace_children
    assert isinstance(step, types.PromptLogResponse)
    assert [type(one) for one in step.trace_children] == [types.ToolLogResponse]
    assert [one.judgment for one in step.evaluator_logs] == [True]


def test_deletion_takes_everything_below(raw: httpx.Client, home: str) -> None:
    """8.49."""
    root = flow(raw, home)
    child = prompt(raw, home, trace_parent_id=root)
    leaf = tool(raw, home, trace_parent_id=child)
    judged = evaluator(raw, home, parent_id=leaf, judgment=True)
    judged_again = log(raw, "evaluator", path=f"{home}/second", spec=SPEC, parent_id=judged, judgment=True)[
        "id"
    ]
    sibling = tool(raw, home, trace_parent_id=root)
    answer = raw.delete("/logs", params={"id": [child, "log_nothing"]})
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (child, leaf, judged, judged_again):
        assert raw.get(f"/logs/{gone}").status_code == 404
    assert [one["id"] for one in shown(raw, root)["trace_children"]] == [sibling]
    assert shown(raw, root)["flow"]["version_logs_count"] == 1
    assert raw.delete("/logs", params={"id": child}).status_code == 204


def test_deletion_without_an_id_is_refused(raw: httpx.Client) -> None:
    """8.49."""
    answer = raw.delete("/logs")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "id"]


def test_a_deleted_flow_leaves_the_logs_of_others(raw: httpx.Client, home: str) -> None:
    """2.9, 8.15: they lose the parent, whose id stays as text."""
    root = flow(raw, home)
    step = prompt(raw, home, trace_parent_id=root)
    leaf = tool(raw, home, trace_parent_id=step)
    inner = log(raw, "flow", path=f"{home}/inner", trace_parent_id=root)
    below = tool(raw, home, trace_parent_id=inner["id"])
    raw.delete(f"/flows/{shown(raw, root)['flow']['id']}")
    assert raw.get(f"/logs/{root}").status_code == 404
    until(lambda: place(raw, below) == (inner["id"], inner["id"], inner["flow_id"]))
    assert place(raw, inner["id"]) == (root, inner["id"], inner["flow_id"])
    assert place(raw, step) == (root, step, None)
    assert place(raw, leaf) == (step, step, None)
    tool(raw, home, trace_parent_id=leaf)


def test_a_deleted_flow_within_another_leaves_the_logs_below(raw: httpx.Client, home: str) -> None:
    """2.9: the outer trace goes on without them."""
    root = flow(raw, home)
    inner = log(raw, "flow", path=f"{home}/inner", trace_parent_id=root)
    step = prompt(raw, home, trace_parent_id=inner["id"])
    leaf = tool(raw, home, trace_parent_id=step)
    raw.delete(f"/flows/{inner['flow_id']}")
    until(lambda: place(raw, leaf) == (step, step, None))
    assert place(raw, step) == (inner["id"], step, None)
    assert shown(raw, root)["trace_children"] == []


def until(found: Callable[[], bool]) -> None:
    """Wait for something that is done behind the scenes."""
    end = time.monotonic() + WITHIN_S
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)
