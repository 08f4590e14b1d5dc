"""Tools called through the real client, and their environment variables (humanloop 4.2, Tools)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import FileEnvironmentVariableRequest, ToolCallResponse
from tests.contract.conftest import LiveServer
from tests.stores import about_files

pytestmark = pytest.mark.live

SECRET = "s3cret-of-the-tool-0123456789"
PARAMETERS = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}
ADD = {
    "function": {"name": "add", "description": "Adds.", "parameters": PARAMETERS},
    "source_code": "def add(x, y=1):\n    print('adding')\n    return x + y\n\ndef never():\n    return 'never'\n",
    "tool_type": "python",
}
TELLS = {
    "source_code": (
        "import os\n\ndef tell(what):\n    key = os.environ['KEY']\n    print(key)\n"
        "    if what == 'error':\n        raise ValueError(key)\n    return {'key': key, 'length': len(key)}\n"
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose files nobody else writes to."""
    folder: Path = tmp_path_factory.mktemp("tools")
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings={"log_level": "error"}).start()
    yield live
    assert live.stop() == 0


def stored(server: LiveServer) -> bytes:
    """All that the server keeps in files."""
    folder = Path(server.store.removeprefix("sqlite:///")).parent
    return b"".join(file.read_bytes() for file in folder.glob("headrace.db*"))


def log_of(raw: httpx.Client, log_id: str) -> dict[str, Any]:
    found: dict[str, Any] = raw.get(f"/logs/{log_id}").json()
    return found


def test_a_tool_is_called(client: Any, raw: httpx.Client, path: str) -> None:
    """4.2: its source is run with the inputs, and logged."""
    tool = client.tools.upsert(path=path, **ADD)
    called = client.tools.call(path=path, inputs={"x": 40, "y": 2}, user="ann", metadata={"a": 1})
    assert isinstance(called, ToolCallResponse)
    assert (called.output, called.error, called.stdout) == ("42", None, "adding\n")
    assert (called.tool.version_id, called.inputs, called.user) == (tool.version_id, {"x": 40, "y": 2}, "ann")
    assert called.log_id == called.id
    assert called.start_time <= called.end_time
    log = log_of(raw, called.id)
    assert (log["output"], log["stdout"], log["inputs"]) == ("42", "adding\n", {"x": 40, "y": 2})
    assert client.tools.get(tool.id).version_logs_count == 1


def test_a_tool_may_come_with_the_call(client: Any, path: str) -> None:
    """2.6."""
    called = client.tools.call(path=path, tool=ADD, inputs={"x": 1})
    assert (called.output, called.tool.path) == ("2", path)
    again = client.tools.call(path=path, tool=ADD, inputs={"x": 2})
    assert again.tool.version_id == called.tool.version_id


def test_versions_and_environments_are_chosen(client: Any, path: str) -> None:
    first = client.tools.upsert(path=path, source_code="def f():\n    return 'one'\n")
    second = client.tools.upsert(path=path, source_code="def f():\n    return {'two': None}\n")
    client.tools.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.tools.call(id=first.id).output == "one"
    assert client.tools.call(id=first.id, environment="staging").output == '{"two":null}'
    assert client.tools.call(version_id=second.version_id).output == '{"two":null}'


def test_its_failure_is_told_and_logged(client: Any, raw: httpx.Client, path: str) -> None:
    client.tools.upsert(path=path, **ADD)
    called = client.tools.call(path=path, inputs={"x": "a"})
    assert called.output is None
    assert called.error == 'TypeError: can only concatenate str (not "int") to str (line 3)'
    assert log_of(raw, called.id)["error"] == called.error


def test_a_call_is_a_step_of_a_trace(client: Any, raw: httpx.Client, path: str) -> None:
    """3.12."""
    flow = client.flows.log(path=f"{path} flow", flow={"attributes": {}}, log_status="incomplete")
    called = client.tools.call(path=path, tool=ADD, inputs={"x": 1}, trace_parent_id=flow.id)
    assert called.trace_id == flow.id
    (child,) = log_of(raw, flow.id)["trace_children"]
    assert child["id"] == called.id
    client.flows.update_log(log_id=flow.id, output="x", log_status="complete")
    answer = raw.post("/tools/call", json={"path": path, "trace_parent_id": flow.id, "inputs": {"x": 1}})
    assert answer.status_code == 409


def test_a_repeated_call_is_answered_as_the_first(client: Any, raw: httpx.Client, path: str) -> None:
    """8.24: nothing is run again."""
    source = "import time\ndef f():\n    return time.time_ns()\n"
    client.tools.upsert(path=path, source_code=source)
    body = {"path": path, "log_id": f"{path} once", "save": True}
    first = raw.post("/tools/call", json=body).json()
    again = raw.post("/tools/call", json=body).json()
    assert (again["output"], again["id"]) == (first["output"], first["id"])
    assert raw.post("/tools/call", json={**body, "user": "x"}).status_code == 409


def test_what_is_not_to_be_saved_is_answered_and_not_kept(client: Any, raw: httpx.Client, path: str) -> None:
    """3.11."""
    called = client.tools.call(path=path, tool=ADD, inputs={"x": 1}, save=False)
    assert (called.output, called.inputs) == ("2", {"x": 1})
    log = log_of(raw, called.id)
    assert (log["output"], log["inputs"], log["stdout"]) == (None, {}, None)


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        (
            {"tool_type": "google", "source_code": "x"},
            "Tools of the type `google` are not run by this server",
        ),
        ({"function": {"name": "f", "description": "d"}}, "The tool has no source code to be run."),
    ],
)
def test_what_is_not_run_is_said(raw: httpx.Client, path: str, tool: Any, said: str) -> None:
    answer = raw.post("/tools/call", json={"path": path, "tool": tool})
    assert answer.status_code == 422
    (item,) = answer.json()["detail"]
    assert item["loc"] == ["body", "tool"]
    assert said in item["msg"]
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_what_is_not_there(raw: httpx.Client, path: str) -> None:
    for body in ({"path": path}, {"id": "tl_nowhere"}):
        assert raw.post("/tools/call", json=body).status_code == 404
    assert raw.post("/tools/call", json={}).status_code == 422
    for method in ("GET", "POST"):
        assert raw.request(method, "/tools/tl_nowhere/environment-variables", json=[]).status_code == 404
    assert raw.delete("/tools/tl_nowhere/environment-variables/A").status_code == 404


def test_environment_variables_are_set_and_not_shown(client: Any, raw: httpx.Client, path: str) -> None:
    """4.2: the whole list is answered each time."""
    tool = client.tools.upsert(path=path, **TELLS)
    assert client.tools.get_environment_variables(tool.id) == []
    added = client.tools.add_environment_variable(
        tool.id, request=[{"name": "KEY", "value": SECRET}, {"name": "B", "value": "x"}]
    )
    assert [(type(one), one.name) for one in added] == [
        (FileEnvironmentVariableRequest, "B"),
        (FileEnvironmentVariableRequest, "KEY"),
    ]
    again = client.tools.add_environment_variable(tool.id, request=[{"name": "B", "value": "y"}])
    assert again == added == client.tools.get_environment_variables(tool.id)
    assert SECRET not in raw.get(f"/tools/{tool.id}/environment-variables").text
    left = client.tools.delete_environment_variable(tool.id, "B")
    assert [one.name for one in left] == ["KEY"]
    with pytest.raises(ApiError) as caught:
        client.tools.delete_environment_variable(tool.id, "B")
    assert caught.value.status_code == 404


def test_a_tool_finds_its_variables_and_tells_nobody(
    server: LiveServer, client: Any, raw: httpx.Client, path: str
) -> None:
    tool = client.tools.upsert(path=path, **TELLS)
    client.tools.add_environment_variable(tool.id, request=[{"name": "KEY", "value": SECRET}])
    called = client.tools.call(id=tool.id, inputs={"what": "x"})
    assert json.loads(called.output) == {"key": "…", "length": len(SECRET)}
    assert called.stdout == "…\n"
    failed = client.tools.call(id=tool.id, inputs={"what": "error"})
    assert failed.error == "ValueError: … (line 7)"
    assert SECRET not in json.dumps([log_of(raw, one.id) for one in (called, failed)])
    assert SECRET.encode() not in stored(server)
    client.tools.delete(tool.id)
    made = client.tools.upsert(path=path, **TELLS)
    assert client.tools.get_environment_variables(made.id) == []


@about_files
def test_variables_survive_a_restart_and_are_lost_with_the_key(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    client = live.humanloop()
    tool = client.tools.upsert(path="t", **TELLS)
    client.tools.add_environment_variable(tool.id, request=[{"name": "KEY", "value": SECRET}])
    live.stop()
    live.start()
    assert json.loads(live.humanloop().tools.call(path="t", inputs={"what": "x"}).output)["length"] == len(
        SECRET
    )
    live.stop()
    (key,) = tmp_path.glob("*.key")
    key.unlink()
    live.start()
    with pytest.raises(ApiError) as caught:
        live.humanloop().tools.call(path="t", inputs={"what": "x"})
    assert caught.value.status_code == 409
    assert "can't open the environment variables KEY" in caught.value.body["detail"]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"name": "A", "value": "b"}, [["body"]]),
        ([1, {"name": "A"}], [["body", 0], ["body", 1, "value"]]),
        ([{"name": "1A", "value": "b"}, {"name": "A", "value": 1}], [["body", 1, "value"]]),
        (
            [{"name": "1A", "value": "b"}, {"name": "A=B", "value": "x"}],
            [["body", 0, "name"], ["body", 1, "name"]],
        ),
        ([{"name": "", "value": "b" * 40_000}], [["body", 0, "name"], ["body", 0, "value"]]),
        ([{"name": "A", "value": "\0"}], [["body", 0, "value"]]),
    ],
)
def test_variables_that_break_a_rule(
    client: Any, raw: httpx.Client, path: str, body: Any, places: Any
) -> None:
    tool = client.tools.upsert(path=path, **TELLS)
    answer = raw.post(f"/tools/{tool.id}/environment-variables", json=body)
    assert answer.status_code == 422
    assert [item["loc"] for item in answer.json()["detail"]] == places
    assert client.tools.get_environment_variables(tool.id) == []


def test_there_is_an_end_to_variables(client: Any, raw: httpx.Client, path: str) -> None:
    tool = client.tools.upsert(path=path, **TELLS)
    at = f"/tools/{tool.id}/environment-variables"
    many = [{"name": f"A{number}", "value": "x"} for number in range(101)]
    assert raw.post(at, json=many).status_code == 409
    assert raw.get(at).json() == []
    assert raw.post(at, json=many[:100]).status_code == 200
    assert raw.post(at, json=many[100:]).status_code == 409
    assert raw.post(at, json=many[:1]).status_code == 200


def test_a_server_that_runs_no_code_says_so(make_server: Any) -> None:
    live = make_server(sandbox="off")
    answer = httpx.post(
        f"{live.url}/v5/tools/call", json={"path": "t", "tool": ADD}, headers={"X-API-KEY": "any"}, timeout=30
    )
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "This server runs no code: HEADRACE_SANDBOX is off."},
    )
