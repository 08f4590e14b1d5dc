"""The TypeScript client against the live server: its calls, its pages, its errors (humanloop 0.3-0.7, 1, 4.2)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.kinds import external
from tests.contract.keys import closed_server, create_key

pytestmark = [
    pytest.mark.js,
    pytest.mark.live,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]


@dataclass(frozen=True, slots=True)
class Sdk:
    """The client, in a process of its own."""

    process: subprocess.Popen[str]

    def _ask(self, **line: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def call(self, method: str, *arguments: Any) -> Any:
        """What a method returns; members without a value are absent."""
        answer = self._ask(call=method, args=arguments)
        assert "output" in answer, answer
        return answer["output"]

    def iterate(self, method: str, *arguments: Any) -> list[Any]:
        """All that an iterator over pages gives before it ends."""
        answer = self._ask(iterate=method, args=arguments)
        assert "output" in answer, answer
        found: list[Any] = answer["output"]
        return found

    def watched(self, method: str, *arguments: Any, is_list: bool) -> tuple[Any, list[str]]:
        """What a method returns, all of it when it is a list, and what the client warned of meanwhile."""
        answer = self._ask(**{"iterate" if is_list else "call": method}, args=arguments)
        assert "output" in answer, answer
        return answer["output"], answer["warnings"]

    def methods(self) -> set[str]:
        """The names of all public methods, those of resources behind the resource's."""
        return set(self._ask(methods=True)["output"])

    def error(self, method: str, *arguments: Any) -> dict[str, Any]:
        """The error that a method throws."""
        error: dict[str, Any] = self._ask(call=method, args=arguments)["error"]
        return error

    def fail(self, method: str, status: int, *arguments: Any) -> dict[str, Any]:
        """The error that a method throws; it must be one of the client's own."""
        error = self.error(method, *arguments)
        assert (error["isKnown"], error.get("status")) == (True, status), error
        assert error["isUnprocessable"] is (status == 422)
        return error


def start(folder: Path, url: str, api_key: str = "any") -> Iterator[Sdk]:
    """The client, running until the iterator is asked for more."""
    process = subprocess.Popen(
        ["node", "client.mjs", url, api_key],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield Sdk(process)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def sdk(installed: Path, server: LiveServer) -> Iterator[Sdk]:
    yield from start(installed, server.url)


def test_versions_and_deployments(sdk: Sdk, path: str) -> None:
    wanted = {"path": path, "attributes": {"graph": "v3", "none": None}, "versionName": "r1"}
    first = sdk.call("flows.upsert", wanted)
    assert (first["path"], first["attributes"], first["versionName"]) == tuple(wanted.values())
    assert (first["type"], first["versionLogsCount"], first["evaluators"]) == ("flow", 0, [])
    assert [one["name"] for one in first["environments"]] == ["production"]
    again = sdk.call("flows.upsert", {"id": first["id"], "attributes": {"none": None, "graph": "v3"}})
    assert again["versionId"] == first["versionId"]
    second = sdk.call("flows.upsert", {"path": path, "attributes": {}, "versionDescription": "empty"})
    assert second["versionDescription"] == "empty"
    assert sdk.call("flows.get", first["id"])["versionId"] == first["versionId"]
    assert sdk.call("flows.get", first["id"], {"versionId": second["versionId"]}) == second
    listed = sdk.call("flows.listVersions", first["id"], {"evaluatorAggregates": True})["records"]
    assert [one["versionId"] for one in listed] == [second["versionId"], first["versionId"]]
    assert listed[0]["evaluatorAggregates"] == []
    places = {one["name"]: one for one in sdk.call("flows.listEnvironments", first["id"])}
    assert places["production"]["file"]["versionId"] == first["versionId"]
    assert "file" not in places["staging"]
    deploy = [first["id"], places["staging"]["id"], {"versionId": second["versionId"]}]
    deployed = sdk.call("flows.setDeployment", *deploy)
    assert [one["name"] for one in deployed["environments"]] == ["staging"]
    staged = sdk.call("flows.get", first["id"], {"environment": "staging"})
    assert staged["versionId"] == second["versionId"]
    assert sdk.call("flows.removeDeployment", *deploy[:2]) is None
    sdk.fail("flows.get", 404, first["id"], {"environment": "staging"})
    assert sdk.call("flows.delete", first["id"]) is None
    sdk.fail("flows.get", 404, first["id"])


def test_pagers_end(sdk: Sdk, home: str) -> None:
    names = [f"{home} {number}" for number in range(5)]
    for name in names:
        sdk.call("flows.upsert", {"path": f"{home}/{name}", "attributes": {}})
    asked = {"name": f"{home} ", "size": 2, "sortBy": "name", "order": "asc"}
    assert [one["name"] for one in sdk.iterate("flows.list", asked)] == names
    assert sdk.iterate("flows.list", {"name": f"{home} nothing"}) == []
    for resource in ("prompts", "tools", "evaluators"):
        assert sdk.iterate(f"{resource}.list", {"name": f"{home} nothing"}) == []


def test_a_trace_of_all_kinds(sdk: Sdk, home: str) -> None:
    flow = {"path": f"{home}/Flow", "flow": {"attributes": {"release": 7}}}
    root = sdk.call("flows.log", {**flow, "inputs": {"question": "1+2?"}, "metadata": {"team": home}})
    assert root["logStatus"] == "incomplete"
    prompt = sdk.call("prompts.upsert", {"path": f"{home}/Prompt", "model": "gpt-4o", "template": "{{q}}"})
    assert (prompt["model"], prompt["inputs"]) == ("gpt-4o", [{"name": "q"}])
    spoken = {"role": "assistant", "content": "3"}
    asked = sdk.call(
        "prompts.log",
        {"id": prompt["id"], "traceParentId": root["id"], "outputMessage": spoken, "promptTokens": 7},
    )
    assert (asked["promptId"], asked["versionId"]) == (prompt["id"], prompt["versionId"])
    told = sdk.call("prompts.updateLog", prompt["id"], asked["id"], {"output": "3", "finishReason": "stop"})
    assert (told["output"], told["outputMessage"], told["promptTokens"]) == ("3", spoken, 7)
    function = {"name": "add", "description": "Adds."}
    tool = sdk.call("tools.upsert", {"path": f"{home}/Tool", "function": function, "sourceCode": "# add"})
    assert (tool["function"], tool["sourceCode"]) == (function, "# add")
    used = sdk.call("tools.log", {"path": f"{home}/Tool", "traceParentId": asked["id"], "output": "3"})
    assert used["toolId"] == tool["id"]
    assert sdk.call("tools.update", tool["id"], used["id"], {"error": "late"})["error"] == "late"
    spec = {"argumentsType": "target_free", "returnType": "boolean", "evaluatorType": "external"}
    evaluator = sdk.call("evaluators.upsert", {"path": f"{home}/Evaluator", "spec": spec})
    assert {key: evaluator["spec"][key] for key in spec} == spec
    judged = {"path": f"{home}/Evaluator", "parentId": root["id"], "judgment": True}
    judgment = sdk.call("evaluators.log", judged)
    assert (judgment["parentId"], judgment["versionId"]) == (root["id"], evaluator["versionId"])

    done = sdk.call("flows.updateLog", root["id"], {"output": "3", "logStatus": "complete"})
    assert (done["logStatus"], done["output"], done["flow"]["attributes"]) == (
        "complete",
        "3",
        {"release": 7},
    )
    read = sdk.call("logs.get", root["id"])
    (child,) = read["traceChildren"]
    (grandchild,) = child["traceChildren"]
    assert (child["id"], child["prompt"]["id"]) == (asked["id"], prompt["id"])
    assert (grandchild["id"], grandchild["tool"]["id"]) == (used["id"], tool["id"])
    (verdict,) = read["evaluatorLogs"]
    assert (verdict["id"], verdict["judgment"], verdict["evaluator"]["id"]) == (
        judgment["id"],
        True,
        evaluator["id"],
    )
    late = sdk.error("tools.log", {"path": f"{home}/Tool", "traceParentId": root["id"]})
    assert "Status code: 409" in late["message"]  # the client wraps errors of its own in the log methods


def test_lists_of_logs(sdk: Sdk, path: str) -> None:
    made = [sdk.call("flows.log", {"path": path, "inputs": {"n": number}}) for number in range(5)]
    file = made[0]["flowId"]
    listed = sdk.iterate("logs.list", {"fileId": file, "size": 2})
    assert [one["id"] for one in listed] == [one["id"] for one in reversed(made)]
    assert [one["inputs"]["n"] for one in listed] == [4, 3, 2, 1, 0]
    assert "traceChildren" not in listed[0]
    full = sdk.iterate("logs.list", {"fileId": file, "size": 5, "includeTraceChildren": True})
    assert [one["traceChildren"] for one in full] == [[]] * 5
    assert sdk.call("logs.delete", {"id": [made[0]["id"], made[1]["id"]]}) is None
    assert len(sdk.iterate("logs.list", {"fileId": file})) == 3
    sdk.fail("logs.get", 404, made[0]["id"])
    assert sdk.iterate("logs.list", {"fileId": file, "page": 9}) == []


def test_files_of_all_kinds(sdk: Sdk, home: str, client: Any) -> None:
    """The client tells the kinds apart by what they hold (0.6)."""
    client.flows.upsert(path=f"{home} Flow", attributes={})
    client.prompts.upsert(path=f"{home} Prompt", model="m")
    client.tools.upsert(path=f"{home} Tool", source_code="#")
    client.evaluators.upsert(path=f"{home} Evaluator", spec=external())
    asked = {"name": f"{home} ", "sortBy": "name", "order": "asc"}
    page = sdk.call("files.listFiles", asked)
    assert [one["type"] for one in page["records"]] == ["evaluator", "flow", "prompt", "tool"]
    assert (page["page"], page["size"], page["total"]) == (1, 10, 4)
    for one in page["records"]:
        assert sdk.call("files.retrieveByPath", {"path": one["path"]}) == one
    two = sdk.call("files.listFiles", {**asked, "type": ["flow", "tool"]})
    assert [one["type"] for one in two["records"]] == ["flow", "tool"]
    assert sdk.call("files.listFiles", {**asked, "page": 2})["records"] == []
    missing = sdk.fail("files.listFiles", 404, {"environment": home})
    assert missing["body"] == {"detail": f"Environment {home} does not exist."}
    sdk.fail("files.retrieveByPath", 404, {"path": f"{home} none"})


def test_directories(sdk: Sdk, home: str) -> None:
    made = sdk.call("directories.create", {"path": f"{home}/a/b"})
    assert (made["path"], made["name"]) == (f"{home}/a/b", "b")
    below = sdk.call("directories.create", {"name": "c", "parentId": made["id"]})
    flow = sdk.call("flows.upsert", {"path": f"{home}/a/b/c/Flow", "attributes": {}})
    read = sdk.call("directories.get", below["id"])
    assert [one["id"] for one in read["files"]] == [flow["id"]]
    assert [one["name"] for one in read["parents"]] == ["b", "a", home, ""]
    assert sdk.call("directories.get", made["id"])["subdirectories"] == [below]
    sdk.fail("directories.create", 409, {"path": f"{home}/a/b"})
    renamed = sdk.call("directories.update", made["id"], {"name": "d"})
    assert renamed["path"] == f"{home}/a/d"
    assert sdk.call("flows.get", flow["id"])["path"] == f"{home}/a/d/c/Flow"
    sdk.fail("directories.delete", 409, below["id"])
    sdk.call("flows.delete", flow["id"])
    for one in (below, made):
        assert sdk.call("directories.delete", one["id"]) is None
    listed = [one["path"] for one in sdk.call("directories.list")]
    assert f"{home}/a" in listed
    assert f"{home}/a/d" not in listed


def test_errors(sdk: Sdk, path: str) -> None:
    missing = sdk.fail("flows.get", 404, "fl_none")
    assert missing["body"] == {"detail": "Flow with ID `fl_none` not found."}
    sdk.call("flows.upsert", {"path": path, "attributes": {"a": 1}, "versionName": "v"})
    taken = sdk.fail("flows.upsert", 409, {"path": path, "attributes": {}, "versionName": "v"})
    assert "Version name `v` already exists for this Flow" in taken["body"]["detail"]
    broken = sdk.fail("flows.upsert", 422, {"path": "/a", "attributes": {}})
    (problem,) = broken["body"]["detail"]
    assert problem["loc"] == ["body", "path"]


def test_keys(installed: Path, make_server: Any) -> None:
    """Humanloop 8.42: the client has no class of its own for a key that is wrong or weak."""
    live, key = closed_server(make_server)
    for sdk in start(installed, live.url, key["api_key"]):
        assert sdk.call("flows.upsert", {"path": "Triage", "attributes": {}})["path"] == "Triage"
    weak = create_key(live.store, "reader")
    for sdk in start(installed, live.url, weak["api_key"]):
        assert [one["path"] for one in sdk.iterate("flows.list")] == ["Triage"]
        sdk.fail("flows.upsert", 401, {"path": "Triage", "attributes": {}})
    for sdk in start(installed, live.url, "wrong"):
        wrong = sdk.fail("flows.list", 401)
        assert wrong["body"] == {"detail": "Invalid or missing API key."}
