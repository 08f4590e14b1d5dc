"""What directories of files ask of the server: in words that fit, and answered in the document's shapes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.native.asking import Asker
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live
SPEC = {"arguments_type": "target_free", "return_type": "boolean", "code": "x"}


def _put(asker: Asker, *files: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asker.ask(
        "POST", "workspace", "files", body={"files": list(files), **more}
    )["files"]
    return found


def _head(asker: Asker, path: str) -> dict[str, Any]:
    files = asker.ask("GET", "workspace")["files"]
    found: dict[str, Any] = next(one for one in files if one["path"] == path)
    return found


def test_the_overview(desk: Desk) -> None:
    head = _head(desk.asker, desk.path)
    assert (head["type"], head["number"], head["version_id"]) == ("flow", 3, desk.versions[2])
    (pointer,) = head["pointers"]
    assert (pointer["name"], pointer["version_id"], pointer["number"]) == ("production", desk.versions[0], 1)
    under = desk.path.partition("/")[0]
    only = desk.asker.ask("GET", "workspace", under=under)["files"]
    assert [one["path"] for one in only] == [desk.path]
    desk.asker.refused(404, "not_found", "GET", "workspace", under="no/such")


def test_contents_are_the_newest(desk: Desk) -> None:
    found = desk.asker.ask("GET", "workspace", "contents", ids=f"{desk.id},fl_gone")["files"]
    assert [one["content"] for one in found] == [{"says": "version 3"}]
    desk.asker.refused(400, "invalid", "GET", "workspace", "contents", ids=",".join(["x"] * 101))


def test_versions_are_found_by_their_digests(desk: Desk) -> None:
    digest = _head(desk.asker, desk.path)["digest"]
    found = desk.asker.ask("GET", "workspace", "files", desk.id, "version", digest=digest[:12])
    assert (found["version_id"], found["numbers"], found["digest"]) == (desk.versions[2], [3], digest)
    for status, code, said in ((404, "not_found", "0" * 12), (400, "invalid", digest[:7])):
        desk.asker.refused(status, code, "GET", "workspace", "files", desk.id, "version", digest=said)


def test_a_content_that_was_there_is_the_newest_again(desk: Desk) -> None:
    wanted = {"type": "flow", "path": desk.path, "content": {"says": "version 1"}}
    (would,) = _put(desk.asker, wanted, dry_run=True)
    assert (would["is_new"], would["is_changed"], would["file"]) == (False, True, None)
    (done,) = _put(desk.asker, wanted)
    assert (done["is_new"], done["is_changed"]) == (False, True)
    assert (done["file"]["version_id"], done["file"]["number"]) == (desk.versions[0], 4)
    (again,) = _put(desk.asker, wanted)
    assert (again["is_new"], again["is_changed"], again["file"]["number"]) == (False, False, 4)


def test_what_is_expected_must_be_there(desk: Desk) -> None:
    head = _head(desk.asker, desk.path)
    wanted = {"type": "flow", "path": desk.path, "content": {"says": "new"}}
    for expected in ("nothing", "0" * 64):
        for is_dry in (False, True):
            (refused,) = _put(desk.asker, {**wanted, "expected": expected}, dry_run=is_dry)
            assert refused["error"]["code"] == "stale"
            assert "version 3" in refused["error"]["message"]
    (done,) = _put(desk.asker, {**wanted, "expected": head["digest"]})
    assert done["is_new"]
    desk.asker.refused(409, "stale", "DELETE", "workspace", "files", desk.id, expected=head["digest"])
    gone = desk.asker.ask("DELETE", "workspace", "files", desk.id, expected=done["file"]["digest"])
    assert gone["path"] == desk.path
    (refused,) = _put(desk.asker, {**wanted, "expected": head["digest"]})
    assert "is gone" in refused["error"]["message"]


VARIANT = {
    "name": "a",
    "templateType": "TEXT",
    "templateConfiguration": {"text": {"text": "Hi {{name}}", "inputVariables": [{"name": "name"}]}},
    "modelId": "m",
    "inferenceConfiguration": {"text": {"temperature": 0.5}},
}


def test_prompts_of_the_other_form(server: LiveServer, asker: Asker) -> None:
    client = boto_client(server.url, "bedrock-agent")
    made = client.create_prompt(name="workspace-variant", variants=[VARIANT], defaultVariant="a")
    path = next(
        one["path"] for one in asker.ask("GET", "workspace")["files"] if "workspace-variant" in one["path"]
    )
    template = {"text": {"text": "Bye"}}
    changed = {**VARIANT, "templateConfiguration": template, "metadata": [{"key": "a", "value": "b"}]}
    content = {"variants": [changed], "defaultVariant": "a"}
    (done,) = _put(asker, {"type": "prompt", "path": path, "content": content})
    assert done["is_new"], done
    shown = client.get_prompt(promptIdentifier=made["id"], promptVersion=str(done["file"]["number"]))
    assert shown["variants"][0]["templateConfiguration"] == {"text": {"text": "Bye"}}


ODD: list[Any] = [None, 5, "x", [], {}, [5], [None], [{}], [{"name": 5}], [VARIANT, VARIANT]]
ODD += [
    [{**VARIANT, "templateConfiguration": odd}] for odd in (5, [], {"text": 5}, {"chat": {}}, {"chat": []})
]
ODD += [[{**VARIANT, "modelId": 5}], [{**VARIANT, "name": "no name!"}], [{**VARIANT, "more": 1}]]
ODD += [[{**VARIANT, "metadata": odd}] for odd in (5, [5], [{"key": "a"}], [{"key": "a", "value": 5}])]
WRONG = [
    *[{"type": "prompt", "content": {"variants": odd}} for odd in ODD if odd != []],
    {"type": "prompt", "content": {"variants": [], "defaultVariant": 5}},
    {"type": "prompt", "content": {"model": 5}},
    {"type": "prompt", "content": {"model": "m", "more": 1}},
    {"type": "agent", "content": {"model": "m", "tools": [{"type": "x"}]}},
    {"type": "tool", "content": {"function": 5}},
    {"type": "evaluator", "content": {}},
    {"type": "evaluator", "content": {**SPEC, "return_type": "select"}},
    {"type": "dataset", "content": {"more": 1}},
    {"type": "dataset", "content": {"attributes": 5}},
    {"type": "dataset", "content": {}, "datapoints": [{"inputs": 5}]},
    {"type": "dataset", "content": {}, "datapoints": [{"more": 5}]},
    {"type": "dataset", "content": {}, "datapoints": [{"messages": [{}]}]},
    {"type": "nothing", "content": {}},
    {"type": "", "content": {}},
    {"type": "flow", "content": {}, "path": "../x"},
    {"type": "flow", "content": {}, "path": ""},
    {"type": "dataset", "content": {}, "path": "a//b"},
]


@pytest.mark.parametrize("is_dry", [False, True])
def test_what_breaks_a_rule_is_told_and_leaves_nothing(asker: Asker, is_dry: bool) -> None:
    many = [{"path": f"workspace wrong/{place}", **one} for place, one in enumerate(WRONG)]
    good = {"type": "flow", "path": f"workspace good/{is_dry}", "content": {}}
    *refused, kept = _put(asker, *many, good, dry_run=is_dry)
    for wanted, outcome in zip(many, refused, strict=True):
        assert outcome["error"] is not None, wanted
        assert outcome["error"]["code"] == "invalid", outcome
        assert outcome["file"] is None
    assert kept["error"] is None
    assert not [one for one in asker.ask("GET", "workspace")["files"] if "workspace wrong" in one["path"]]


def test_what_is_wrong_with_a_content_is_told_in_words(asker: Asker) -> None:
    wrong = [
        {"type": "evaluator", "path": "Wrong", "content": content} for content in ({"spec": 5}, {"code": 5})
    ]
    unknown, misfit = (outcome["error"]["message"] for outcome in _put(asker, *wrong))
    assert unknown.startswith("`spec` is not known of evaluators; known are arguments_type, return_type,")
    assert misfit.startswith("The content fits no evaluator: ")


def test_something_else_is_at_the_path(desk: Desk) -> None:
    (refused,) = _put(desk.asker, {"type": "tool", "path": desk.path, "content": {}})
    assert refused["error"]["code"] == "conflict"
    (above,) = _put(desk.asker, {"type": "flow", "path": f"{desk.path}/below", "content": {}})
    assert above["error"]["code"] == "conflict"


def test_requests_that_are_none(asker: Asker) -> None:
    for body in ({"files": 5}, {}, {"files": [{"type": "flow"}]}, {"files": [], "more": 1}):
        asker.refused(400, "invalid", "POST", "workspace", "files", body=body)
    many = [{"type": "flow", "path": "x", "content": {}}] * 101
    asker.refused(400, "invalid", "POST", "workspace", "files", body={"files": many})
    for query in ({"version": "dsv_none"}, {"version": "dsv_none", "skip": str(2**40)}):
        asker.refused(404, "not_found", "GET", "workspace", "datapoints", **query)
    asker.refused(400, "invalid", "GET", "workspace", "datapoints", version="x", take="0")
