"""Evaluators over HTTP: forms, new ones and new versions, trials, and which judge a file's logs."""

from __future__ import annotations

import itertools
import time
from typing import Any

import jsonschema
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
_numbers = itertools.count(1)
LONG = {
    "evaluator_type": "python",
    "arguments_type": "target_free",
    "return_type": "boolean",
    "code": 'def judge(log):\n    print("seen", log["output"])\n    return len(log["output"]) > 3\n',
}


@pytest.fixture
def path() -> str:
    return f"evaluators {next(_numbers)}/Längé"


def logged(server: LiveServer, path: str, **said: Any) -> tuple[str, str]:
    """A flow with a log: both ids."""
    made = server.humanloop().flows.log(path=path, flow={"attributes": {}}, log_status="complete", **said)
    return made.flow_id, made.id


def test_each_type_has_a_form_that_its_example_fits(asker: Asker) -> None:
    types = asker.ask("GET", "evaluator-types")["types"]
    assert [one["type"] for one in types] == ["python", "llm", "human", "external"]
    for one in types:
        jsonschema.Draft202012Validator.check_schema(one["form"])
        jsonschema.validate(one["example"], one["form"])
        assert "$ref" not in str(one["form"])
        for member in one["form"]["properties"].values():
            assert "const" in member or {"title", "description"} <= member.keys()
    assert [one["is_carried_out"] for one in types] == [True, True, False, False]


def test_examples_can_be_made_and_made_again(asker: Asker, path: str) -> None:
    for one in asker.ask("GET", "evaluator-types")["types"]:
        body = {"path": f"{path}/{one['type']}", "spec": one["example"], "description": "First"}
        made = asker.ask("POST", "evaluators", body=body)
        assert (made["evaluator_type"], made["return_type"], made["spec"]) == (
            one["type"],
            "boolean",
            one["example"],
        )
        again = asker.ask("POST", "evaluators", body=body)
        assert again["version_id"] == made["version_id"]


def test_a_new_version_is_the_same_for_the_other_api(server: LiveServer, asker: Asker, path: str) -> None:
    first = asker.ask("POST", "evaluators", body={"path": path, "spec": LONG})
    changed = {**LONG, "code": LONG["code"].replace("> 3", "> 9"), "options": None}
    asker.ask("POST", "evaluators", body={"evaluator": first["file"]["id"], "spec": changed, "name": "ten"})
    versions = server.humanloop().evaluators.list_versions(first["file"]["id"]).records
    assert {one.spec.code for one in versions} == {LONG["code"], changed["code"]}
    assert asker.ask("GET", "evaluators", path)["spec"] == LONG, "what is deployed is shown"


def test_what_is_no_evaluator(asker: Asker, path: str) -> None:
    for spec, word in (
        ({**LONG, "code": None}, "Field required"),
        ({**LONG, "return_type": "select"}, "options"),
        ({**LONG, "colour": "red"}, "`colour`"),
        ({**LONG, "return_type": "mood"}, "mood"),
        ({}, "arguments_type"),
    ):
        said = asker.refused(400, "invalid", "POST", "evaluators", body={"path": path, "spec": spec})
        assert word in said, said
    asker.refused(400, "invalid", "POST", "evaluators", body={"spec": LONG})
    asker.refused(404, "not_found", "GET", "evaluators", path)


def test_a_trial_judges_and_keeps_nothing(server: LiveServer, asker: Asker, path: str) -> None:
    flow, log_id = logged(server, f"{path} flow", output="hello")
    tried = asker.ask("POST", "evaluators", "try", body={"log": log_id, "spec": LONG})
    assert (tried["judgment"], tried["error"], tried["stdout"]) == (True, None, "seen hello\n")
    assert tried["duration_s"] > 0
    asker.ask("POST", "evaluators", body={"path": path, "spec": LONG})
    kept = asker.ask("POST", "evaluators", "try", body={"log": log_id, "evaluator": path, "version": 1})
    assert kept["judgment"] is True
    assert asker.ask("GET", "logs", log_id)["judgments"] == []
    assert asker.ask("GET", "files", path, "logs")["logs"] == []
    assert asker.ask("GET", "files", flow, "logs")["logs"][0]["judgments"] == []


def test_what_goes_wrong_in_a_trial_is_told(server: LiveServer, asker: Asker, path: str) -> None:
    _, log_id = logged(server, path, output="hello")
    broken = {**LONG, "code": 'def judge(log):\n    print("before")\n    raise ValueError("no such thing")\n'}
    tried = asker.ask("POST", "evaluators", "try", body={"log": log_id, "spec": broken})
    assert (tried["judgment"], tried["is_passing"], tried["stdout"]) == (None, False, "before\n")
    assert "no such thing" in tried["error"]
    wrong = {**LONG, "code": 'def judge(log):\n    return "perhaps"\n'}
    assert "perhaps" in asker.ask("POST", "evaluators", "try", body={"log": log_id, "spec": wrong})["error"]
    human = {**LONG, "evaluator_type": "human", "code": None}
    assert (
        "not carried out"
        in asker.ask("POST", "evaluators", "try", body={"log": log_id, "spec": human})["error"]
    )
    at = ("POST", "evaluators", "try")
    asker.refused(404, "not_found", *at, body={"log": "log_none", "spec": LONG})
    asker.refused(404, "not_found", *at, body={"log": log_id, "evaluator": "nobody"})
    asker.refused(400, "invalid", *at, body={"log": log_id})
    asker.refused(400, "invalid", *at, body={"log": log_id, "spec": LONG, "evaluator": "x"})


def test_monitors_are_attached_and_rest(server: LiveServer, asker: Asker, path: str) -> None:
    flow, _ = logged(server, f"{path} flow", output="before")
    judge = asker.ask("POST", "evaluators", body={"path": path, "spec": LONG})
    at = ("files", f"{path} flow", "monitors")
    assert asker.ask("GET", *at)["monitors"] == []
    [one] = asker.ask("PUT", *at, path, body={})["monitors"]
    assert (one["evaluator"]["id"], one["environment"], one["is_active"]) == (
        judge["file"]["id"],
        "production",
        True,
    )
    assert (one["version_id"], one["number"]) == (judge["version_id"], 1)
    assert [m.version_reference.file.id for m in _monitors(server, flow)] == [judge["file"]["id"]]
    [row] = [one for one in asker.ask("GET", "evaluators")["evaluators"] if one["file"] == judge["file"]]
    assert (row["places"], row["places_count"]) == ([{"id": flow, "type": "flow", "path": f"{path} flow"}], 1)
    _, log_id = logged(server, f"{path} flow", output="hello")
    assert _judged(asker, log_id) == [True]
    [rests] = asker.ask("PUT", *at, path, body={"is_active": False})["monitors"]
    assert (rests["id"], rests["is_active"]) == (one["id"], False)
    [again] = asker.ask("PUT", *at, path, body={"is_active": True})["monitors"]
    assert (again["id"], again["is_active"]) == (one["id"], True)
    named = asker.ask("PUT", *at, path, body={"version": 1})["monitors"]
    assert [(m["environment"], m["is_active"]) for m in named] == [("production", True), (None, True)]
    asker.refused(400, "invalid", "PUT", *at, path, body={"version": 1, "environment": "production"})
    asker.refused(400, "invalid", "PUT", *at, flow, body={})
    asker.refused(404, "not_found", "PUT", *at, "nobody", body={})


def _monitors(server: LiveServer, flow: str) -> list[Any]:
    return list(server.humanloop().flows.get(flow).evaluators or [])


def _judged(asker: Asker, log_id: str) -> list[Any]:
    """What evaluators found of a log, once the first one did."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [one["judgment"] for one in asker.ask("GET", "logs", log_id)["judgments"]]
        if found:
            return found
        time.sleep(0.1)
    return []


def test_lists_go_on_after_the_last_one(asker: Asker, path: str) -> None:
    for n in range(3):
        asker.ask("POST", "evaluators", body={"path": f"{path}/{n}", "spec": LONG})
    first = asker.ask("GET", "evaluators", take=2)
    assert [one["name"] for one in first["evaluators"]] == ["2", "1"]
    second = asker.ask("GET", "evaluators", take=1, after=first["next"])
    assert [one["name"] for one in second["evaluators"]] == ["0"]
    asker.refused(404, "not_found", "GET", "evaluators", after="ev_none")
