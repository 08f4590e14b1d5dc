"""Who may do what over our own API, and that nothing of one organisation is visible to another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.inprocess import InProcess, in_process
from tests.contract.keys import RIGHTS, closed_server
from tests.contract.native.asking import Asker, check

from headrace.apis.native import changes, contents, gates, pointers
from headrace.apis.native.api import OPERATIONS
from headrace.apis.native.operations import Operation
from headrace.core.access import Right
from headrace.services.server import access
from headrace.settings import Settings

pytestmark = pytest.mark.live
BODIES: dict[str, Any] = {
    "createMove": {"to": 1},
    "promote": {"from": "staging"},
    "putSplit": {"shares": []},
    "putSwitch": {"is_off": True},
    "putFileSwitch": {"is_off": True},
    "putGate": {"rules": [{"type": "approval", "by": 1}]},
    "putEnvironmentGate": {"rules": [{"type": "approval", "by": 1}]},
    "approve": {"version": 1},
    "compare": {"from": 1, "to": 2, "inputs": ["x"]},
    "putContents": {"files": []},
    "runFlow": {"input": "x"},
    "startExecution": {"input": "x"},
    "callPrompt": {"inputs": {}},
    "validateDefinition": {"definition": {}},
    "putDraft": {"definition": {}},
    "createFlow": {"path": "made by who may"},
    "createEnvironment": {"name": "production"},
    "changeEnvironment": {"name": "other"},
    "createKey": {"email": "nobody"},
    "judgeLog": {"evaluator": "no-evaluator", "judgment": True},
    "createEvaluator": {"path": "e", "spec": {"arguments_type": "target_free", "return_type": "boolean"}},
    "tryEvaluator": {"log": "no-log", "evaluator": "no-evaluator"},
    "putMonitor": {},
    "putRetention": {"keep_days": 7},
    "createCleaning": {"older_than_days": 7},
    "addArchive": {"head": {"format": "x", "version": 1, "schema": 1, "root": ""}, "lines": []},
}
"""Bodies that break no rule; nobody gets far enough for their values to matter."""
QUERIES = {
    "getVerdict": "?to=1",
    "withdraw": "?version=1",
    "listApprovals": "?version=1",
    "findVersion": "?digest=00000000",
    "deleteFile": "?expected=0",
    "getContents": "?ids=no-file",
    "getDatapoints": "?version=no-version",
}


def issue(running: InProcess, account: str, right: str) -> str:
    """A new API key of an organisation, which is made when it is not there."""
    ports = running.server.ports
    admin = running.run(access.ensure_organisation(ports, account=account, name=account))
    issued = running.run(
        access.create_key(
            ports,
            admin,
            email=f"{right}@{account}.example.com",
            full_name=None,
            right=Right[right.upper()],
            name="",
        )
    )
    return issued.api_key


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[str, dict[str, str], str]]:
    """The address of a server, a key of each right, and an admin's key of another organisation."""
    with in_process(Settings(store="memory:")) as running:
        keys = {right: issue(running, "000000000000", right) for right in RIGHTS}
        yield running.url, keys, issue(running, "111111111111", "admin")


def ask(url: str, key: str, row: Operation, file: str) -> httpx.Response:
    """Send what breaks no rule to an operation."""
    path = row.template.replace("{file}", file).replace("{pointer}", "production")
    path = re.sub(r"{(\w+)}", r"no-\1", path) + QUERIES.get(row.name, "")
    body = None if row.body is None else BODIES.get(row.name, {})
    answer = httpx.request(row.method, f"{url}/api{path}", json=body, headers={"x-api-key": key})
    check(answer)
    return answer


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_each_operation_needs_its_right(
    guarded: tuple[str, dict[str, str], str], row: Operation, right: str
) -> None:
    url, keys, _ = guarded
    answer = ask(url, keys[right], row, "no-file")
    if Right[right.upper()] >= row.right:
        assert answer.status_code in (200, 201, 400, 404, 409), answer.text
    else:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (403, "forbidden"), answer.text
        assert f"'{row.right.name.lower()}'" in error["message"]


def test_rights_are_those_that_were_decided() -> None:
    """Whoever reads files may look at what is deployed; who writes them moves it; gates are the admins'."""
    needed = {
        one.name: one.right
        for one in (*contents.OPERATIONS, *pointers.OPERATIONS, *changes.OPERATIONS, *gates.OPERATIONS)
    }
    reads = {name for name, right in needed.items() if right is Right.READER}
    assert reads == {name for name in needed if name.startswith(("get", "list"))}
    admins = {name for name, right in needed.items() if right is Right.ADMIN}
    assert admins == {"putGate", "deleteGate", "putEnvironmentGate", "deleteEnvironmentGate"}
    assert set(needed.values()) == {Right.READER, Right.EDITOR, Right.ADMIN}


@pytest.mark.parametrize(
    "row", [one for one in OPERATIONS if "{file}" in one.template], ids=lambda row: row.name
)
def test_files_of_another_organisation_are_not_there(
    guarded: tuple[str, dict[str, str], str], row: Operation
) -> None:
    url, keys, stranger = guarded
    made = httpx.post(
        f"{url}/v5/flows",
        json={"path": f"of ours/{row.name}", "attributes": {"a": 1}},
        headers={"x-api-key": keys["editor"]},
    ).json()
    for ref in (made["id"], f"of ours%2F{row.name}"):
        answer = ask(url, stranger, row, ref)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), answer.text
    ours = Asker(url=url, key=keys["reader"]).ask("GET", "files", made["id"], "pointers", "production")
    assert (ours["version_id"], ours["is_off"]) == (made["version_id"], False), "untouched"


def test_overriding_needs_an_admin(guarded: tuple[str, dict[str, str], str]) -> None:
    url, keys, _ = guarded
    headers = {"x-api-key": keys["editor"]}
    for number in (1, 2):
        made = {"path": "overridden", "attributes": {"a": number}}
        httpx.post(f"{url}/v5/flows", json=made, headers=headers).raise_for_status()
    at = ("files", "overridden", "pointers", "production")
    admin, editor = Asker(url=url, key=keys["admin"]), Asker(url=url, key=keys["editor"])
    admin.ask("PUT", *at, "gate", body={"rules": [{"type": "approval", "by": 1}]})
    body = {"to": 2, "override": True, "reason": "urgent"}
    editor.refused(403, "forbidden", "POST", *at, "moves", body=body)
    editor.refused(409, "conflict", "POST", *at, "approvals", body={"version": 2})
    admin.ask("POST", *at, "approvals", body={"version": 2, "reason": "read all answers"})
    [approval] = editor.ask("GET", *at, "approvals", version="2")["approvals"]
    assert (approval["reason"], approval["version_id"]) == (
        "read all answers",
        editor.ask("GET", "files", "overridden", "versions", "2")["version_id"],
    )
    assert editor.ask("GET", *at, "verdict", to="2")["is_open"] is True
    assert editor.ask("POST", *at, "moves", body={"to": 2})["after"]["number"] == 2
    assert admin.ask("DELETE", *at, "approvals", version="2") is None
    admin.refused(404, "not_found", "DELETE", *at, "approvals", version="2")


def test_a_gate_for_all_files_of_an_environment(guarded: tuple[str, dict[str, str], str]) -> None:
    url, keys, _ = guarded
    admin = Asker(url=url, key=keys["admin"])
    at = ("environments", "staging", "gate")
    admin.refused(404, "not_found", "GET", *at)
    put = admin.ask("PUT", *at, body={"rules": [{"type": "approval", "by": 2}]})
    assert (put["pointer"], put["is_for_all_files"]) == ("staging", True)
    assert admin.ask("GET", *at) == put
    path = "gated by its environment"
    made = {"path": path, "attributes": {}}
    httpx.post(f"{url}/v5/flows", json=made, headers={"x-api-key": keys["editor"]}).raise_for_status()
    pointer = ("files", path, "pointers", "staging")
    assert admin.ask("GET", *pointer, "gate")["gates"] == [put]
    admin.refused(409, "gate_closed", "POST", *pointer, "moves", body={"to": 1})
    assert admin.ask("DELETE", *at) is None
    admin.ask("POST", *pointer, "moves", body={"to": 1})


def test_no_key_no_answer(make_server: Any) -> None:
    live, key = closed_server(make_server)
    answer = httpx.get(f"{live.url}/api/files/a/pointers")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    Asker(url=live.url, key="hl_sk_wrong").refused(401, "unauthenticated", "GET", "files", "a", "pointers")
    Asker(url=live.url, key=key["api_key"]).refused(404, "not_found", "GET", "files", "a", "pointers")


def test_rates_are_limited(make_server: Any) -> None:
    live = make_server(rate_limit="0.001", rate_burst="1")
    asker = Asker(url=live.url)
    asker.refused(404, "not_found", "GET", "files", "a", "pointers")
    again = asker.send("GET", "files", "a", "pointers")
    assert (again.status_code, again.json()["error"]["code"]) == (429, "throttled")
    assert int(again.headers["retry-after"]) > 0


def test_pages_of_configured_origins_may_read(make_server: Any) -> None:
    live, key = closed_server(make_server, allowed_origins="https://app.example.com")
    headers = {"x-api-key": key["api_key"], "origin": "https://app.example.com"}
    answer = httpx.get(f"{live.url}/api/files/a/pointers", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    other = {**headers, "origin": "https://elsewhere.example.com"}
    assert "access-control-allow-origin" not in httpx.get(f"{live.url}/api/files/a", headers=other).headers
