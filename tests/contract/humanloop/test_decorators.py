"""The decorators of the real client against the live server: what they trace reads back whole.

The client reads the annotations of decorated functions as they are, so here they are not put off.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import complete_logs, file_at, model, outline

pytestmark = pytest.mark.live

PROGRAMS = Path(__file__).parent / "programs"


def test_a_flow_is_traced_with_its_tools_and_flows(client: Any, raw: httpx.Client, home: str) -> None:
    @client.tool(path=f"{home}/add", attributes={"unit": "m"}, setup_values={"precision": 2})
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    @client.flow(path=f"{home}/inner")
    def inner(q: str) -> int:
        return add(1, 2)

    @client.flow(path=f"{home}/outer", attributes={"release": 1})
    def outer(q: str, depth: int) -> str:
        add(3, 4)
        return f"{q}{inner(q)}"

    assert outer("x", depth=2) == "x3"
    (log,) = complete_logs(raw, f"{home}/outer")
    assert outline(log) == ("outer", [("add", []), ("inner", [("add", [])])])
    assert (log["output"], log["error"], log["inputs"]) == ("x3", None, {"q": "x", "depth": 2})
    assert log["flow"]["attributes"] == {"release": 1}
    tool, nested = log["trace_children"]
    assert (tool["output"], tool["inputs"]) == ("7", {"a": "3", "b": "4"})
    assert nested["output"] == "3"
    assert log["start_time"] <= tool["start_time"] <= tool["end_time"] <= log["end_time"]
    assert {one["trace_id"] for one in (log, tool, nested)} == {log["id"]}


def test_a_tool_is_the_version_that_an_upsert_makes(client: Any, raw: httpx.Client, home: str) -> None:
    @client.tool(path=f"{home}/add", attributes={"unit": "m", "on": True}, setup_values={"precision": 2})
    def add(a: int, b: list[str], c: dict[str, int] | None = None) -> int:
        return a

    for number in (1, 2):
        add(number, ["x"] * number)
    logs = complete_logs(raw, f"{home}/add", 2)
    assert [log["inputs"] for log in logs] == [{"a": "1", "b": ["x"]}, {"a": "2", "b": ["x", "x"]}]
    kernel = {key: value for key, value in add.file["version"].items() if value is not None}
    upserted = client.tools.upsert(path=f"{home}/add", **kernel)
    assert {log["tool"]["version_id"] for log in logs} == {upserted.version_id}
    assert upserted.version_logs_count == 2


def test_a_message_is_an_output_message(client: Any, raw: httpx.Client, home: str) -> None:
    @client.flow(path=f"{home}/chat")
    def chat(messages: list) -> dict[str, str]:
        return {"role": "assistant", "content": "hello"}

    chat(messages=[{"role": "user", "content": "hi"}])
    (log,) = complete_logs(raw, f"{home}/chat")
    assert (log["output"], log["error"]) == (None, None)
    assert log["output_message"]["content"] == "hello"
    assert [one["content"] for one in log["messages"]] == ["hi"]


@pytest.mark.parametrize(
    ("returned", "output"), [("5", "5"), (5, "5"), ({"a": [1]}, '{"a": [1]}'), (None, "null"), ("", None)]
)
def test_outputs_are_the_texts_they_are(
    client: Any, raw: httpx.Client, path: str, returned: Any, output: str | None
) -> None:
    client.flow(path=path)(lambda: returned)()
    (log,) = complete_logs(raw, path)
    assert log["output"] == output


def test_what_a_flow_raised_is_its_error(client: Any, raw: httpx.Client, path: str) -> None:
    @client.flow(path=path)
    def fails() -> None:
        raise ValueError("it broke")

    assert fails() is None
    (log,) = complete_logs(raw, path)
    assert (log["error"], log["output"], log["output_message"]) == ("it broke", None, None)


def test_what_a_tool_raised_is_its_error(client: Any, raw: httpx.Client, home: str) -> None:
    @client.tool(path=f"{home}/fails")
    def fails(a: int) -> None:
        raise ValueError("it broke")

    with pytest.raises(UnboundLocalError):  # a fault of the client, after it has told of the error
        fails(1)
    (log,) = complete_logs(raw, f"{home}/fails")
    assert (log["error"], log["output"]) == ("it broke", None)


def test_a_flow_that_the_client_itself_breaks_off_leaves_no_log(
    client: Any, raw: httpx.Client, path: str
) -> None:
    from humanloop.evals.run import HumanloopRuntimeError

    @client.flow(path=path)
    def breaks() -> None:
        raise HumanloopRuntimeError("broken off")

    @client.flow(path=f"{path} after")
    def after() -> str:
        return "x"

    with pytest.raises(HumanloopRuntimeError):
        breaks()
    after()
    complete_logs(raw, f"{path} after")
    assert raw.get("/logs", params={"file_id": file_at(raw, path)["id"]}).json()["total"] == 0


def test_threads_do_not_mix_their_traces(client: Any, raw: httpx.Client, home: str) -> None:
    @client.tool(path=f"{home}/echo")
    def echo(text: str) -> str:
        return text

    @client.flow(path=f"{home}/many")
    def many(text: str) -> str:
        return echo(text) or ""

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(many, map(str, range(20)))] == [str(n) for n in range(20)]
    logs = complete_logs(raw, f"{home}/many", 20)
    for log in logs:
        (tool,) = log["trace_children"]
        assert log["output"] == tool["output"] == log["inputs"]["text"] == tool["inputs"]["text"]


def test_a_coroutine_of_flows_is_traced(client: Any, raw: httpx.Client, path: str) -> None:
    @client.flow(path=path)
    def answer(question: str) -> str:
        return "baz!"

    async def ask() -> list[Any]:
        return [*await asyncio.gather(*(asyncio.to_thread(answer, q) for q in ("a", "b")))]

    assert asyncio.run(ask()) == ["baz!", "baz!"]
    assert sorted(log["inputs"]["question"] for log in complete_logs(raw, path, 2)) == ["a", "b"]


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with model() as url:
        yield url


def test_a_chat_agent_is_traced_whole(
    server: LiveServer, client: Any, raw: httpx.Client, model_url: str, home: str
) -> None:
    client.prompts.upsert(path=f"{home}/Call Model", model="gpt-4o", temperature=0.1)
    command = [sys.executable, str(PROGRAMS / "chat_agent.py"), server.url, model_url, home]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["It is 3.", "It is 7.", "It is 11."]
    (desk,) = complete_logs(raw, f"{home}/Desk")
    turn = [("Call Model", []), ("Calculator", []), ("Call Model", [])]
    assert outline(desk) == ("Desk", [("Agent", turn)])
    agents = complete_logs(raw, f"{home}/Agent", 3)
    assert [outline(log) for log in agents] == [("Agent", turn)] * 3
    assert sorted(log["output"] for log in agents) == ["It is 11.", "It is 3.", "It is 7."]
    asked, used, told = desk["trace_children"][0]["trace_children"]
    assert used["output"] == "11"
    assert asked["output_message"]["tool_calls"][0]["function"]["name"] == "calculator"
    assert asked["finish_reason"] == "tool_call"  # as the conventions call it
    assert [one["role"] for one in told["messages"]] == ["user", "assistant", "tool"]
    assert told["messages"][2]["tool_call_id"] == "call_1"
    assert (told["output"], told["output_message"]["content"]) == ("It is 11.", "It is 11.")
    assert (told["prompt_tokens"], told["output_tokens"], told["finish_reason"]) == (7, 3, "stop")
    versions = raw.get(f"/prompts/{told['prompt']['id']}/versions").json()["records"]
    assert [one["version_logs_count"] for one in versions] == [6, 0]
    prompt = told["prompt"]
    assert (prompt["model"], prompt["endpoint"], prompt["provider"]) == ("gpt-4o", "chat", "openai")
    assert (prompt["temperature"], prompt["max_tokens"], prompt["version_logs_count"]) == (0.5, 200, 6)
    assert [tool["name"] for tool in prompt["tools"]] == ["calculator"]


def post(raw: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return raw.post("/import/otel/v1/traces", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {"content-type": "application/json"}),
        (b'{"resourceSpans": 7}', {"content-type": "text/plain"}),
        (b"\x0a\xff", {"content-type": "application/x-protobuf"}),
        (b"plain", {"content-encoding": "gzip"}),
        (b"{}", {"content-encoding": "br"}),
        (b"[" * 100_000, {}),
    ],
)
def test_nothing_but_a_wrong_key_is_refused(raw: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
    answer = post(raw, body, **headers)
    assert (answer.status_code, answer.json()) == (200, {"records": []})


def test_too_large_a_body_is_answered_too(make_server: Any) -> None:
    server = make_server(max_body="1000")
    with httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as raw:
        answer = post(raw, b"{" + b" " * 2000)
        assert (answer.status_code, answer.json()) == (200, {"records": []})


def test_spans_are_never_throttled(make_server: Any) -> None:
    server = make_server(rate_limit="1", rate_burst="1")
    with httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as raw:
        assert {post(raw, b"{}").status_code for _ in range(10)} == {200}


def test_a_key_is_needed(server: LiveServer) -> None:
    answer = httpx.post(f"{server.url}/v5/import/otel/v1/traces", content=b"{}")
    assert answer.status_code == 401
    assert isinstance(answer.json()["detail"], str)


def flow_span(log_id: str, path: str, output: str, **log: str) -> bytes:
    values = {"file.path": path, "file.type": "flow", "log.id": log_id, "log.output": output}
    values |= {f"log.{name}": value for name, value in log.items()}
    attributes = [
        {"key": f"humanloop.{name}", "value": {"stringValue": text}} for name, text in values.items()
    ]
    span = {"endTimeUnixNano": 1700000000123456789, "name": "humanloop.flow", "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def test_the_end_of_a_flow_answers_with_its_log(raw: httpx.Client, path: str) -> None:
    begun = raw.post("/flows/log", json={"path": path, "inputs": {"a": 1}, "log_status": "incomplete"}).json()
    answer = post(raw, flow_span(begun["id"], path, "5", log_status="complete"))
    assert answer.json() == {"records": [begun["id"]]}
    log = raw.get(f"/logs/{begun['id']}").json()
    assert (log["output"], log["log_status"], log["inputs"]) == ("5", "complete", {"a": 1})
    again = post(raw, flow_span(begun["id"], path, "6", log_status="complete"))
    assert again.json() == {"records": [begun["id"]]}
    assert raw.get(f"/logs/{begun['id']}").json()["output"] == "6"


def test_the_end_of_a_flow_that_was_deleted_is_nothing(raw: httpx.Client, path: str) -> None:
    begun = raw.post("/flows/log", json={"path": path}).json()
    assert raw.delete("/logs", params={"id": begun["id"]}).status_code == 204
    answer = post(raw, flow_span(begun["id"], path, "5", log_status="complete"))
    assert (answer.status_code, answer.json()) == (200, {"records": []})


def tool_span(path: str, span_id: str, **log: str) -> bytes:
    values = {"file.path": path, "file.type": "tool", "file.function.name": "f", **log}
    attributes = [
        {"key": f"humanloop.{name}", "value": {"stringValue": text}} for name, text in values.items()
    ]
    span = {"traceId": "a1" * 16, "spanId": span_id, "name": "humanloop.tool", "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def test_a_span_that_is_sent_again_is_one_log(raw: httpx.Client, path: str) -> None:
    (first,) = post(raw, tool_span(path, "b1" * 8)).json()["records"]
    assert post(raw, tool_span(path, "b1" * 8)).json() == {"records": [first]}
    file = file_at(raw, path)
    assert (file["version_logs_count"], file["total_logs_count"]) == (1, 1)


def test_parents_may_be_unknown_or_complete(raw: httpx.Client, home: str) -> None:
    flow = raw.post(
        "/flows/log", json={"path": f"{home}/flow", "output": "x", "log_status": "complete"}
    ).json()
    body = tool_span(f"{home}/tool", "c1" * 8, **{"log.trace_parent_id": flow["id"]})
    (joined,) = post(raw, body).json()["records"]
    assert raw.get(f"/logs/{joined}").json()["trace_id"] == flow["id"]
    body = tool_span(f"{home}/tool", "c2" * 8, **{"log.trace_parent_id": "log_of_nobody"})
    (orphan,) = post(raw, body).json()["records"]
    found = raw.get(f"/logs/{orphan}").json()
    assert (found["trace_parent_id"], found["trace_id"]) == (None, None) or found["trace_id"] == orphan


def test_a_path_of_another_kind_costs_only_its_span(raw: httpx.Client, home: str) -> None:
    raw.post("/flows", json={"path": f"{home}/flow", "attributes": {}})
    answer = post(raw, tool_span(f"{home}/flow", "d1" * 8))
    assert (answer.status_code, answer.json()) == (200, {"records": []})
