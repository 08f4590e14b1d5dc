"""Drafts of flows: saved when nobody else did, prepared, made versions; the same that boto3 sees."""

from __future__ import annotations

import threading
from typing import Any

import botocore.exceptions
import pytest
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live


def made(asker: Asker, **body: Any) -> Any:
    return asker.ask("POST", "flows", body={"path": f"drawn/{new_name()}", **body})


def test_from_nothing_to_a_version(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = made(asker, start="example", description="Says it louder.")
    assert (flow["status"], flow["numbers"], flow["findings"]) == ("NotPrepared", [], None)
    at = ("files", flow["file"]["id"])
    early = asker.refused(409, "conflict", "POST", *at, "versions", body={"description": "too early"})
    assert "createVersion" in early
    assert "NotPrepared" in early
    prepared = asker.ask("POST", *at, "draft", "prepare")
    assert (prepared["status"], prepared["findings"], prepared["can_be_released"]) == ("Prepared", [], True)
    version = asker.ask("POST", *at, "versions", body={"description": "First light"})
    assert (version["number"], version["description"]) == (1, "First light")
    assert asker.ask("GET", *at, "draft")["numbers"] == [1]
    seen = boto.get_flow_version(flowIdentifier=flow["short_id"], flowVersion="1")
    assert seen["definition"] == flow["definition"]
    assert seen["description"] == "First light"
    found = boto.get_flow(flowIdentifier=flow["short_id"])
    assert (found["name"], found["description"], found["status"]) == (
        flow["name"],
        "Says it louder.",
        "Prepared",
    )
    assert asker.ask("GET", *at, "versions", "1")["version_id"] == version["version_id"]


def test_both_sides_edit_one_draft(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition("one"))
    at = ("files", flow["id"], "draft")
    first = asker.send("GET", *at)
    assert first.json()["definition"] == definition("one")
    asker.ask("PUT", *at, body={"definition": definition("two")}, headers={"if-match": first.headers["etag"]})
    seen = boto.get_flow(flowIdentifier=flow["id"])
    assert (seen["definition"], seen["executionRoleArn"], seen["name"]) == (
        definition("two"),
        ROLE,
        flow["name"],
    )
    boto.update_flow(
        flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE, definition=definition("three")
    )
    late = asker.send("GET", *at).json()
    assert (late["definition"], late["status"]) == (definition("three"), "NotPrepared")
    boto.prepare_flow(flowIdentifier=flow["id"])
    assert asker.ask("GET", *at)["status"] == "Prepared"
    number = asker.ask("POST", "files", flow["id"], "versions")["number"]
    assert boto.create_flow_version(flowIdentifier=flow["id"])["version"] == str(number + 1)
    assert asker.ask("GET", *at)["numbers"] == [number, number + 1]


def test_who_saves_second_is_told(asker: Asker) -> None:
    flow = made(asker)
    at = ("files", flow["file"]["id"], "draft")
    tag = f'"{flow["digest"]}"'
    mine = asker.send("PUT", *at, body={"definition": definition("mine")}, headers={"if-match": tag})
    body = {"definition": definition("yours")}
    assert "Somebody else" in asker.refused(
        412, "precondition_failed", "PUT", *at, body=body, headers={"if-match": tag}
    )
    refused = asker.refused(412, "precondition_failed", "POST", *at, "prepare", headers={"if-match": tag})
    assert flow["digest"][:12] in refused
    assert asker.ask("GET", *at)["definition"] == definition("mine")
    asker.ask("PUT", *at, body=body, headers={"if-match": mine.headers["etag"]})
    asker.ask("PUT", *at, body={"definition": definition("whatever was there")})
    assert asker.ask("GET", *at)["definition"] == definition("whatever was there")
    for wrong in ("abc", '"a", "b"', "*"):
        asker.refused(400, "invalid", "PUT", *at, body=body, headers={"if-match": wrong})


def test_of_many_savers_one_wins(asker: Asker) -> None:
    flow = made(asker)
    at, tag = ("files", flow["file"]["id"], "draft"), f'"{flow["digest"]}"'
    answers: list[int] = []

    def save(number: int) -> None:
        body = {"definition": definition(f"by {number}")}
        answers.append(asker.send("PUT", *at, body=body, headers={"if-match": tag}).status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(answers) == [200, *[412] * 7]


def test_the_same_again_stays_prepared(asker: Asker) -> None:
    flow = made(asker, start="example")
    at = ("files", flow["file"]["id"], "draft")
    prepared = asker.ask("POST", *at, "prepare")
    again = asker.ask("PUT", *at, body={"definition": flow["definition"]})
    assert (again["status"], again["updated_at"]) == ("Prepared", prepared["updated_at"])
    edited = asker.ask("PUT", *at, body={"definition": definition()})
    assert (edited["status"], edited["can_be_released"], edited["findings"]) == ("NotPrepared", False, None)


def test_what_preparing_finds(asker: Asker) -> None:
    flow = made(asker)
    at = ("files", flow["file"]["id"], "draft")
    failed = asker.ask("POST", *at, "prepare")
    assert failed["status"] == "Failed"
    found = {(one["type"], one["node"]) for one in failed["findings"]}
    assert ("UnfulfilledNodeInput", "Output") in found


def test_half_a_definition_is_kept_and_no_definition_is_not(asker: Asker) -> None:
    flow = made(asker, definition={})
    assert flow["definition"] == {}
    at = ("files", flow["file"]["id"], "draft")
    half = {"nodes": [{"name": "Ask", "type": "Prompt"}], "connections": []}
    assert asker.ask("PUT", *at, body={"definition": half})["definition"] == half
    wrong = {"nodes": [{"name": "9 lives", "type": "Prompt"}]}
    answer = asker.send("PUT", *at, body={"definition": wrong})
    [problem] = answer.json()["error"]["problems"]
    assert (answer.status_code, problem["path"]) == (400, ["definition", "nodes", 0, "name"])
    assert asker.ask("GET", *at)["definition"] == half


def test_a_flow_without_nodes_gets_some(server: LiveServer, desk: Desk) -> None:
    assert "no graph" in desk.refused(404, "not_found", "GET", "draft")
    desk.refused(404, "not_found", "POST", "draft", "prepare")
    desk.refused(404, "not_found", "POST", "versions")
    headers = {"if-match": '"nothing"'}
    put = desk.ask("PUT", "draft", body={"definition": definition()}, headers=headers)
    assert put["status"] == "NotPrepared"
    desk.refused(412, "precondition_failed", "PUT", "draft", body={"definition": {}}, headers=headers)
    desk.ask("POST", "draft", "prepare")
    assert desk.ask("POST", "versions")["number"] == 4
    assert server.boto().get_flow_version(flowIdentifier=put["short_id"], flowVersion="4")


def test_what_stands_beside_the_definition_stays(server: LiveServer, asker: Asker) -> None:
    path = f"drawn/{new_name()}"
    attributes = {"definition": definition("one"), "owner": "support"}
    server.humanloop().flows.upsert(path=path, attributes=attributes)
    asker.ask("PUT", "files", path, "draft", body={"definition": definition("two")})
    content = asker.ask("GET", "files", path, "versions", "draft")["content"]
    assert content == {"definition": definition("two"), "owner": "support"}


def test_only_flows_are_drawn(server: LiveServer, asker: Asker) -> None:
    path = new_name("dataset")
    server.humanloop().datasets.upsert(path=path, datapoints=[])
    assert "only flows" in asker.refused(400, "invalid", "GET", "files", path, "draft")
    asker.refused(400, "invalid", "POST", "files", path, "versions")


def test_a_place_is_taken_once(asker: Asker) -> None:
    flow = made(asker)
    path = flow["file"]["path"]
    assert path in asker.refused(409, "conflict", "POST", "flows", body={"path": path})
    asker.refused(409, "conflict", "POST", "flows", body={"path": "drawn"})
    asker.refused(400, "invalid", "POST", "flows", body={"path": "/"})
    asker.refused(400, "invalid", "POST", "flows", body={"path": "x", "start": "somehow"})
    wrong = {"nodes": [{"name": "A", "type": "Teapot"}]}
    message = asker.refused(400, "invalid", "POST", "flows", body={"path": f"{path} 2", "definition": wrong})
    assert "nodes.1.type" in message
    other = asker.ask("POST", "flows", body={"path": f"other drafts/{path.rpartition('/')[2]}"})
    assert other["name"] != flow["name"], "names of one API are unique, paths of the other"


def test_a_description_has_its_limit(server: LiveServer, asker: Asker) -> None:
    flow = made(asker, start="example")
    at = ("files", flow["file"]["id"])
    asker.ask("POST", *at, "draft", "prepare")
    for wrong in ("", "x" * 201):
        asker.refused(400, "invalid", "POST", *at, "versions", body={"description": wrong})
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFound"):
        server.boto().get_flow_version(flowIdentifier=flow["short_id"], flowVersion="1")
    assert asker.ask("POST", *at, "versions", body={"description": "x" * 200})["number"] == 1
