"""Making logs: which file, which version, which id, and what is kept (humanloop 1.2, 2.5, 2.6, 3.11)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from humanloop import types
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live

PROMPT = {"model": "gpt-4o", "template": "Say {{word}}"}
AGENT = {
    "model": "gpt-4o",
    "template": "Say {{word}}",
    "tools": [{"type": "inline", "json_schema": {"name": "add", "description": "Adds"}}],
    "max_iterations": 3,
}
TOOL = {"function": {"name": "add", "description": "Adds"}}
SPEC = {"evaluator_type": "external", "arguments_type": "target_free", "return_type": "boolean"}
KINDS = [
    ("flows", "flow", {"attributes": {"a": 1}}, types.FlowLogResponse),
    ("prompts", "prompt", PROMPT, types.PromptLogResponse),
    ("agents", "agent", AGENT, types.AgentLogResponse),
    ("tools", "tool", TOOL, types.ToolLogResponse),
]
ROUTES = {
    "flow": "flows",
    "prompt": "prompts",
    "agent": "agents",
    "tool": "tools",
    "evaluator": "evaluators",
}
UPSERTS: dict[str, dict[str, Any]] = {
    "flow": {"attributes": {"a": 1}},
    "prompt": PROMPT,
    "agent": AGENT,
    "tool": TOOL,
    "evaluator": {"spec": SPEC},
}


def post(raw: httpx.Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request that must succeed."""
    answer = raw.post(url, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def log(raw: httpx.Client, kind: str, /, query: str = "", **body: Any) -> dict[str, Any]:
    """Make a log."""
    return post(raw, f"/{ROUTES[kind]}/log{query}", body)


def refused(raw: httpx.Client, status: int, url: str, body: dict[str, Any]) -> Any:
    """What a request that must fail is told."""
    answer = raw.post(url, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def shown(raw: httpx.Client, log_id: str) -> dict[str, Any]:
    """A log as it is read."""
    answer = raw.get(f"/logs/{log_id}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


@pytest.fixture
def judged(raw: httpx.Client, home: str) -> str:
    """A log to judge."""
    return str(log(raw, "flow", path=f"{home}/judged", output="x")["id"])


@pytest.mark.parametrize(("route", "kind", "content", "response"), KINDS, ids=lambda one: str(one)[:8])
def test_a_log_makes_its_file_and_version(
    client: Any, home: str, route: str, kind: str, content: Any, response: type
) -> None:
    """2.6, row 3; the first version is deployed (8.11)."""
    made = getattr(client, route).log(path=f"{home}/deep/file", **{kind: content}, inputs={"q": "x"})
    file = getattr(client, route).get(getattr(made, f"{kind}_id"))
    assert (file.path, file.version_id) == (f"{home}/deep/file", made.version_id)
    assert [one.name for one in file.environments] == ["production"]
    assert file.version_logs_count == 1
    assert file.last_used_at > file.created_at
    (listed,) = client.logs.list(file_id=file.id).items
    assert type(listed) is response
    assert (listed.id, getattr(listed, kind).version_id) == (made.id, made.version_id)


@pytest.mark.parametrize(("route", "kind", "content", "response"), KINDS, ids=lambda one: str(one)[:8])
def test_equal_content_is_the_same_version(
    client: Any, home: str, route: str, kind: str, content: Any, response: type
) -> None:
    logs = getattr(client, route)
    first = logs.log(path=f"{home}/file", **{kind: content})
    second = logs.log(path=f"{home}/file", **{kind: content})
    assert second.version_id == first.version_id
    assert second.id != first.id
    versions = logs.list_versions(getattr(first, f"{kind}_id")).records
    assert [one.version_logs_count for one in versions] == [2]


def test_new_content_is_a_new_version_and_is_not_deployed(client: Any, path: str) -> None:
    """2.6, row 3."""
    first = client.flows.log(path=path, flow={"attributes": {"v": 1}})
    second = client.flows.log(path=path, flow={"attributes": {"v": 2}})
    assert second.version_id != first.version_id
    assert client.flows.get(first.flow_id).version_id == first.version_id
    assert client.flows.log(path=path).version_id == first.version_id


def test_a_bare_path_makes_an_empty_flow_and_nothing_else(raw: httpx.Client, home: str) -> None:
    """2.6, row 5."""
    made = log(raw, "flow", path=f"{home}/bare")
    assert shown(raw, made["id"])["flow"]["attributes"] == {}
    detail = refused(raw, 404, "/prompts/log", {"path": f"{home}/bare prompt"})
    assert f"{home}/bare prompt" in detail
    refused(raw, 404, "/tools/log", {"path": f"{home}/bare tool"})
    refused(raw, 404, "/agents/log", {"path": f"{home}/bare agent"})
    refused(raw, 404, "/evaluators/log", {"path": f"{home}/bare evaluator", "parent_id": made["id"]})


def test_nothing_that_names_a_file_is_refused(raw: httpx.Client) -> None:
    """2.5, 4 and 8.8."""
    (problem,) = refused(raw, 422, "/flows/log", {"flow": {"attributes": {}}})
    assert problem["loc"] == ["body", "path"]
    assert "`id`" in problem["msg"]
    assert "`path`" in problem["msg"]


@pytest.mark.parametrize("kind", UPSERTS)
def test_a_version_id_names_the_file_too(raw: httpx.Client, home: str, judged: str, kind: str) -> None:
    """8.6."""
    file = post(raw, f"/{ROUTES[kind]}", {"path": f"{home}/file", **UPSERTS[kind]})
    extra = {"parent_id": judged} if kind == "evaluator" else {}
    made = log(raw, kind, f"?version_id={file['version_id']}", **extra)
    assert made["version_id"] == file["version_id"]
    assert shown(raw, made["id"])[kind]["id"] == file["id"]
    others = [other for other in UPSERTS if other != kind]
    for other in others:
        body = {"parent_id": judged} if other == "evaluator" else {}
        refused(raw, 404, f"/{ROUTES[other]}/log?version_id={file['version_id']}", body)


def test_a_version_of_another_file_is_not_found(client: Any, raw: httpx.Client, home: str) -> None:
    """2.6, row 1."""
    one = client.flows.upsert(path=f"{home}/one", attributes={})
    two = client.flows.upsert(path=f"{home}/two", attributes={})
    refused(raw, 404, f"/flows/log?version_id={two.version_id}", {"id": one.id})
    refused(raw, 404, "/flows/log?version_id=flv_nothing", {"id": one.id})
    refused(raw, 404, "/flows/log?version_id=flv_nothing", {})
    refused(raw, 404, "/flows/log", {"id": "fl_nothing"})
    refused(raw, 404, "/prompts/log", {"id": one.id})
    refused(raw, 409, "/prompts/log", {"path": f"{home}/one", "prompt": PROMPT})


def test_an_id_and_a_path_must_agree(client: Any, raw: httpx.Client, home: str) -> None:
    """2.5, 3 and 8.5."""
    one = client.flows.upsert(path=f"{home}/one", attributes={})
    assert log(raw, "flow", id=one.id, path=f"{home}/one")["flow_id"] == one.id
    assert log(raw, "flow", id=None, path=f"{home}/one")["flow_id"] == one.id
    (problem,) = refused(raw, 422, "/flows/log", {"id": one.id, "path": f"{home}/two"})
    assert problem["loc"] == ["body", "path"]


def test_an_environment_names_what_is_deployed_there(client: Any, raw: httpx.Client, path: str) -> None:
    """2.6, rows 2 to 4; 8.55: a query's environment becomes the label when there is none."""
    first = client.flows.upsert(path=path, attributes={"v": 1})
    second = client.flows.upsert(path=path, attributes={"v": 2})
    made = log(raw, "flow", "?environment=production", id=first.id)
    assert made["version_id"] == first.version_id
    assert shown(raw, made["id"])["environment"] == "production"
    made = log(raw, "flow", "?environment=production", id=first.id, environment="my laptop")
    assert shown(raw, made["id"])["environment"] == "my laptop"
    made = log(raw, "flow", id=first.id, environment="production")
    assert shown(raw, made["id"])["environment"] == "production"
    (production,) = [e for e in client.flows.list_environments(first.id) if e.name == "production"]
    client.flows.remove_deployment(first.id, production.id)
    assert "production" in refused(raw, 404, "/flows/log?environment=production", {"id": first.id})
    assert "nowhere" in refused(raw, 404, "/flows/log?environment=nowhere", {"id": first.id})
    assert log(raw, "flow", id=first.id)["version_id"] == second.version_id
    assert refused(raw, 404, "/flows/log?environment=production", {"path": path + " not there"})


def test_a_version_and_an_environment_must_agree(client: Any, raw: httpx.Client, path: str) -> None:
    """8.13."""
    first = client.flows.upsert(path=path, attributes={"v": 1})
    second = client.flows.upsert(path=path, attributes={"v": 2})
    both = "/flows/log?environment=production&version_id="
    assert post(raw, both + first.version_id, {})["version_id"] == first.version_id
    refused(raw, 422, both + second.version_id, {})


def test_a_version_and_content_must_agree(client: Any, raw: httpx.Client, path: str) -> None:
    """2.6, row 6."""
    flow = client.flows.upsert(path=path, attributes={"v": 1})
    url = f"/flows/log?version_id={flow.version_id}"
    assert post(raw, url, {"flow": {"attributes": {"v": 1.0}}})["version_id"] == flow.version_id
    (problem,) = refused(raw, 422, url, {"flow": {"attributes": {"v": 2}}})
    assert problem["loc"] == ["body", "flow"]
    assert len(client.flows.list_versions(flow.id).records) == 1


def test_logs_of_a_hidden_version_stay_readable(client: Any, path: str) -> None:
    """2.9."""
    client.flows.upsert(path=path, attributes={"v": 1})
    made = client.flows.log(path=path, flow={"attributes": {"v": 2}}, output="kept")
    client.flows.delete_flow_version(made.flow_id, made.version_id)
    assert client.logs.get(made.id)["flow"]["version_id"] == made.version_id
    (listed,) = client.logs.list(file_id=made.flow_id).items
    assert listed.flow.attributes == {"v": 2}


@pytest.mark.parametrize(("kind", "content"), [("prompt", PROMPT), ("agent", AGENT)])
def test_everything_said_of_a_log_is_answered(
    client: Any, raw: httpx.Client, home: str, kind: str, content: Any
) -> None:
    """1.2, 3.1, 3.11: JSON in, same JSON out; both outputs are kept."""
    said: dict[str, Any] = {
        "inputs": {"n": 1, "f": 1.5, "deep": {"list": [None, True, "ü", {}]}, "big": 2**60},
        "output": "text",
        "output_message": {"role": "assistant", "content": "text"},
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        ],
        "error": "and an error",
        "stdout": "printed\n",
        "provider_latency": 0.25,
        "provider_request": {"model": "x"},
        "provider_response": {"choices": []},
        "source": "tests",
        "metadata": {"team": "red", "n": [1]},
        "user": "somebody",
        "environment": "laptop",
        "source_datapoint_id": "dp_1",
        "prompt_tokens": 3,
        "reasoning_tokens": 0,
        "output_tokens": 5,
        "prompt_cost": 0.001,
        "output_cost": 0.5,
        "finish_reason": "stop",
        "tool_choice": {"type": "function", "function": {"name": "add"}},
    }
    made = log(raw, kind, path=f"{home}/p", **{kind: content}, **said)
    found = client.logs.get(made["id"])
    assert {key: found[key] for key in said} == said
    (listed,) = client.logs.list(file_id=made[f"{kind}_id"]).items
    assert listed.inputs == said["inputs"]


def test_only_an_output_message_leaves_the_output_null(client: Any, path: str) -> None:
    """3.11."""
    message = {"role": "assistant", "content": "Hello"}
    made = client.flows.log(path=path, flow={"attributes": {}}, output_message=message)
    found = client.logs.get(made.id)
    assert found["output"] is None
    assert found["output_message"] == message


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2024-07-08T22:40:35.656915", "2024-07-08T22:40:35.656915"),
        ("2024-07-08T22:40:35Z", "2024-07-08T22:40:35.000000"),
        ("2024-07-08T22:40:35.5+02:00", "2024-07-08T20:40:35.500000"),
        ("2024-07-08 22:40:35-00:30", "2024-07-08T23:10:35.000000"),
    ],
)
def test_times_are_taken_with_and_without_a_zone(raw: httpx.Client, path: str, said: str, meant: str) -> None:
    """0.3."""
    made = log(raw, "flow", path=path, start_time=said, end_time=said, created_at=said)
    found = shown(raw, made["id"])
    assert [found[key] for key in ("start_time", "end_time", "created_at")] == [meant] * 3


@pytest.mark.parametrize("time", ["soon", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", 5])
def test_a_time_that_is_none_is_refused(raw: httpx.Client, path: str, time: Any) -> None:
    for name in ("start_time", "end_time", "created_at"):
        (problem,) = refused(raw, 422, "/flows/log", {"path": path, name: time})
        assert problem["loc"] == ["body", name]


def test_save_false_keeps_the_log_and_none_of_its_payload(client: Any, home: str) -> None:
    """3.11, 8.30."""
    made = client.prompts.log(
        path=f"{home}/p",
        prompt=PROMPT,
        save=False,
        inputs={"secret": 1},
        messages=[{"role": "user", "content": "secret"}],
        output="secret",
        output_message={"role": "assistant", "content": "secret"},
        stdout="secret",
        provider_request={"secret": 1},
        provider_response={"secret": 1},
        prompt_tokens=7,
        log_status="complete",
        start_time="2024-01-01T00:00:00Z",
    )
    found = client.logs.get(made.id)
    assert "secret" not in str(found)
    assert (found["save"], found["inputs"], found["output"]) == (False, {}, None)
    assert (found["prompt_tokens"], found["log_status"]) == (7, "complete")
    assert found["start_time"] == "2024-01-01T00:00:00.000000"
    assert [one.id for one in client.logs.list(file_id=made.prompt_id).items] == [made.id]
    changed = client.prompts.update_log(made.prompt_id, made.id, output="secret", output_tokens=2)
    assert (changed["output"], changed["output_tokens"]) == (None, 2)


@pytest.mark.parametrize("log_id", ["a/b/c", "a b", "ünï→😀", "100%", "a+b", "log_../x", "x" * 255])
def test_a_client_chooses_any_id(client: Any, raw: httpx.Client, home: str, log_id: str) -> None:
    """0.8, 3.11, 8.65: as the SDK sends it, and percent-encoded."""
    log_id = f"{log_id[:200]} {home}" if len(log_id) < 255 else log_id
    made = client.prompts.log(path=f"{home}/p", prompt=PROMPT, log_id=log_id, output="x")
    assert made.id == log_id
    found = shown(raw, quote(log_id, safe=""))
    assert (found["id"], found["log_id"]) == (log_id, log_id)
    if "%" not in log_id:  # the SDK does not encode what is in a path
        assert client.logs.get(log_id)["id"] == log_id
        assert client.prompts.update_log(made.prompt_id, log_id, output="y")["output"] == "y"
    client.logs.delete(id=log_id)
    assert raw.get(f"/logs/{quote(log_id, safe='')}").status_code == 404


@pytest.mark.parametrize("log_id", ["", "x" * 256, "a\0b"])
def test_an_id_that_can_not_be_one_is_refused(raw: httpx.Client, path: str, log_id: str) -> None:
    (problem,) = refused(raw, 422, "/flows/log", {"path": path, "log_id": log_id})
    assert problem["loc"] == ["body", "log_id"]


def test_a_repeated_request_is_answered_alike(client: Any, raw: httpx.Client, home: str) -> None:
    """8.24: also when its keys come in another order."""
    body = {"path": f"{home}/f", "flow": {"attributes": {"a": 1, "b": 2}}, "log_id": f"mine {home}"}
    first = log(raw, "flow", **body)
    again = {"log_id": body["log_id"], "flow": {"attributes": {"b": 2, "a": 1}}, "path": body["path"]}
    assert log(raw, "flow", **again) == first
    assert client.flows.get(first["flow_id"]).version_logs_count == 1


def test_a_repeated_request_is_told_what_the_first_was(raw: httpx.Client, home: str) -> None:
    """8.24, 0.3: whatever became of the log, and whether what is not said is null or absent."""
    body = {"path": f"{home}/f", "log_id": f"mine {home}", "inputs": {"a": None}}
    first = log(raw, "flow", **body)
    assert first["log_status"] == "incomplete"
    raw.patch(f"/flows/logs/{quote(first['id'])}", json={"output": "x", "log_status": "complete"})
    assert log(raw, "flow", **body) == first
    assert log(raw, "flow", **body, output=None, id=None) == first
    refused(raw, 409, "/flows/log", {**body, "inputs": {}})


def test_an_id_of_another_log_is_refused(raw: httpx.Client, home: str) -> None:
    """8.24."""
    log_id = f"taken {home}"
    log(raw, "flow", path=f"{home}/f", log_id=log_id, output="x")
    assert log_id in refused(raw, 409, "/flows/log", {"path": f"{home}/f", "log_id": log_id, "output": "y"})
    refused(
        raw, 409, "/flows/log?environment=production", {"path": f"{home}/f", "log_id": log_id, "output": "x"}
    )
    refused(raw, 409, "/tools/log", {"path": f"{home}/t", "tool": TOOL, "log_id": log_id, "output": "x"})
    assert raw.post("/files/retrieve-by-path", json={"path": f"{home}/t"}).status_code == 404


def test_the_id_of_a_log_that_is_gone_is_free(raw: httpx.Client, path: str) -> None:
    first = log(raw, "flow", path=path, log_id=f"again {path}")
    raw.delete("/logs", params={"id": first["id"]})
    log(raw, "flow", path=path, log_id=f"again {path}", output="another one")


def test_the_id_of_a_log_that_went_with_its_file_is_not(raw: httpx.Client, home: str) -> None:
    """2.9, 8.15: the operator may want it back."""
    made = log(raw, "flow", path=f"{home}/f", log_id=f"gone {home}")
    assert raw.delete(f"/flows/{made['flow_id']}").status_code == 204
    assert raw.get(f"/logs/{made['id']}").status_code == 404
    said = refused(raw, 409, "/flows/log", {"path": f"{home}/f", "log_id": made["id"]})
    assert made["id"] in said
    assert "deleted with its file" in said
    log(raw, "flow", path=f"{home}/f", log_id=f"new {home}")


def test_former_keys_are_taken_or_ignored(raw: httpx.Client, path: str) -> None:
    """1.2, 3.2, 8.37, 8.39."""
    former = {
        "trace_status": "complete",
        "evaluation_id": 1,
        "batch_id": [],
        "session_id": {},
        "parent_id": 7,
    }
    made = log(raw, "flow", "?nonsense=1", path=path, **former)
    assert made["log_status"] == "complete"
    found = shown(raw, made["id"])
    assert (found["log_status"], found["trace_status"]) == ("complete", "complete")
    made = log(raw, "flow", path=path, trace_status="complete", log_status="incomplete")
    assert made["log_status"] == "incomplete"


def test_absent_and_null_are_alike_at_first(raw: httpx.Client, path: str) -> None:
    """0.3."""
    bare = shown(raw, log(raw, "flow", path=path)["id"])
    nulls = dict.fromkeys(
        ("messages", "output_message", "inputs", "output", "error", "log_status", "start_time")
    ) | dict.fromkeys(("metadata", "save", "log_id", "trace_parent_id", "user", "environment", "flow"))
    same = shown(raw, log(raw, "flow", path=path, **nulls)["id"])
    varying = {"id", "log_id", "created_at", "start_time", "trace_id", "flow", "trace_usage"}
    assert {k: v for k, v in bare.items() if k not in varying} == {
        k: v for k, v in same.items() if k not in varying
    }


def test_every_documented_key_is_there(client: Any, raw: httpx.Client, home: str) -> None:
    """0.6, 3.1: a missing one raises KeyError in users' code."""
    flow = client.flows.log(path=f"{home}/f", flow={"attributes": {}})
    prompt = client.prompts.log(path=f"{home}/p", prompt=PROMPT, trace_parent_id=flow.id)
    tool = client.tools.log(path=f"{home}/t", tool=TOOL, trace_parent_id=flow.id)
    agent = client.agents.log(path=f"{home}/a", agent=AGENT, trace_parent_id=flow.id)
    judged = client.evaluators.log(path=f"{home}/e", spec=SPEC, parent_id=flow.id, judgment=True)
    for log_id, kind in (
        (flow.id, types.FlowLogResponse),
        (prompt.id, types.PromptLogResponse),
        (tool.id, types.ToolLogResponse),
        (agent.id, types.AgentLogResponse),
        (judged.id, types.EvaluatorLogResponse),
    ):
        found = shown(raw, log_id)
        assert set(kind.model_fields) <= found.keys()
        assert found["batches"] == []  # of evaluations as they once were (3.10)


def test_a_run_that_nobody_knows_is_not_found(raw: httpx.Client, path: str) -> None:
    """1.2."""
    assert "rn_1" in refused(raw, 404, "/flows/log", {"path": path, "run_id": "rn_1"})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("inputs", [1]),
        ("inputs", "x"),
        ("messages", {"role": "user"}),
        ("messages", [{"role": "nobody"}]),
        ("messages", [{"content": "x"}]),
        ("messages", [{"role": "assistant", "thinking": [{}]}]),
        ("messages", [{"role": "assistant", "thinking": [{"type": "thinking", "thinking": "x"}]}]),
        ("output_message", "x"),
        ("output", 5),
        ("output", {"a": 1}),
        ("log_status", "done"),
        ("provider_latency", "fast"),
        ("metadata", [1]),
        ("save", "no"),
        ("flow", {}),
        ("flow", {"attributes": None}),
        ("trace_parent_id", 7),
    ],
)
def test_a_member_of_the_wrong_type_is_named(raw: httpx.Client, path: str, member: str, value: Any) -> None:
    """0.5."""
    problems = refused(raw, 422, "/flows/log", {"path": path, member: value})
    assert problems[0]["loc"][:2] == ["body", member]
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


@pytest.mark.parametrize("number", [-1, 2**53 + 1, 2**64, 10**400, 1.5, True])
def test_tokens_are_counted(raw: httpx.Client, home: str, number: Any) -> None:
    (problem,) = refused(
        raw, 422, "/prompts/log", {"path": f"{home}/p", "prompt": PROMPT, "prompt_tokens": number}
    )
    assert problem["loc"] == ["body", "prompt_tokens"]


def test_ten_megabytes_go_in_and_come_out(client: Any, path: str) -> None:
    """8.58."""
    large = "ü" * (5 * 1024 * 1024)
    made = client.flows.log(path=path, flow={"attributes": {}}, inputs={"x": large}, output="small")
    assert client.logs.get(made.id)["inputs"]["x"] == large


def test_what_a_tool_printed_may_hold_anything(client: Any, raw: httpx.Client, home: str) -> None:
    """Names and ids may not."""
    said = {"output": "a\0b", "error": "\0", "stdout": "\0\x01\x7f", "inputs": {"\0": "\0"}}
    made = log(raw, "tool", path=f"{home}/t", tool=TOOL, **said)
    found = client.logs.get(made["id"])
    assert {key: found[key] for key in said} == said
    for name in ("source", "user", "trace_parent_id"):
        (problem,) = refused(raw, 422, "/tools/log", {"path": f"{home}/t", name: "a\0b"})
        assert (problem["loc"], problem["type"]) == (["body", name], "nul")
    for query in ("file_id=a%00", "file_id=x&id=a&id=%00", "file_id=x&search=%00"):
        answer = raw.get(f"/logs?{query}")
        assert answer.status_code == 422
    assert raw.delete("/logs?id=a%00").status_code == 422


def test_a_flow_that_has_only_a_draft_can_be_logged_to(
    server: LiveServer, raw: httpx.Client, home: str
) -> None:
    """One domain: the log keeps what the draft was."""
    name = "logged-draft-" + home.replace(" ", "-")
    server.boto().create_flow(name=name, executionRoleArn="arn:aws:iam::111122223333:role/x")
    made = log(raw, "flow", path=name, output="x")
    found = shown(raw, made["id"])
    assert found["flow"]["path"] == name
    again = log(raw, "flow", path=name, output="y")
    assert again["version_id"] == made["version_id"]
    listed = raw.get("/logs", params={"file_id": made["flow_id"]}).json()
    assert {one["id"] for one in listed["records"]} == {made["id"], again["id"]}
