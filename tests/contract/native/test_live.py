"""What is live, its ETag, contents and what differs, the history."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live


def test_what_is_live(desk: Desk) -> None:
    live = desk.live()
    assert live["file"] == {"id": desk.id, "type": "flow", "path": desk.path}
    assert (live["pointer"]["kind"], live["pointer"]["name"]) == ("environment", "production")
    assert (live["version_id"], live["number"], live["target"]) == (desk.versions[0], 1, None)
    assert (live["is_off"], live["shares"]) == (False, [])
    assert desk.live(live["pointer"]["id"]) == live, "by its id"
    by_id = desk.asker.ask("GET", "files", desk.id, "pointers", "production")
    assert by_id == live, "the file by its id"
    nothing = desk.live("staging")
    assert (nothing["version_id"], nothing["move_id"], nothing["moved_at"]) == (None, None, None)
    assert desk.ask("GET", "pointers")["pointers"] == [live], "only what targets something"


def test_who_made_it_live_and_why(desk: Desk) -> None:
    first = desk.live()
    assert (first["action"], first["reason"]) == ("move", None)
    moved = desk.move(2, reason="it answers faster")["move"]
    for live in (desk.live(), desk.ask("GET", "pointers")["pointers"][0]):
        assert (live["reason"], live["moved_by"]) == ("it answers faster", moved["moved_by"])
        assert live["from_version_id"] == desk.versions[0]
        assert moved["moved_by"]["name"]
    desk.ask("DELETE", "pointers", "production", reason="not ready")
    gone = desk.live()
    assert (gone["version_id"], gone["moved_at"]) == (None, None)
    assert (gone["action"], gone["reason"]) == ("take_away", "not ready")


def test_an_etag_is_the_move(desk: Desk) -> None:
    first = desk.send("GET", "pointers", "production")
    tag = first.headers["etag"]
    assert tag.startswith(f'"{first.json()["move_id"]}.')
    for known in (tag, f"W/{tag}", f'"mv_other", {tag}', "*"):
        again = desk.send("GET", "pointers", "production", headers={"if-none-match": known})
        assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b"")
    desk.move(2)
    moved = desk.send("GET", "pointers", "production", headers={"if-none-match": tag})
    assert (moved.status_code, moved.json()["number"]) == (200, 2)
    assert moved.headers["etag"] != tag
    assert "etag" not in desk.send("GET", "pointers", "staging").headers, "it never moved"


def test_another_number_or_path_changes_the_tag(server: LiveServer, desk: Desk) -> None:
    """What is targeted stays, but how it is called does not."""

    def asked(path: str, tag: str) -> Any:
        return desk.asker.send("GET", "files", path, "pointers", "production", headers={"if-none-match": tag})

    tag = asked(desk.path, "none").headers["etag"]
    wanted = {"type": "flow", "path": desk.path, "content": {"says": "version 1"}}
    desk.asker.ask("POST", "workspace", "files", body={"files": [wanted]})
    numbered = asked(desk.path, tag)
    assert (numbered.status_code, numbered.json()["number"]) == (200, 4)
    assert numbered.json()["version_id"] == desk.versions[0]
    tag = asked(desk.path, "none").headers["etag"]
    server.humanloop().flows.move(desk.id, path=f"{desk.path} renamed")
    renamed = asked(f"{desk.path} renamed", tag)
    assert (renamed.status_code, renamed.json()["file"]["path"]) == (200, f"{desk.path} renamed")


def test_switching_the_file_off_changes_the_tag_of_its_pointers(desk: Desk) -> None:
    tag = desk.send("GET", "pointers", "production").headers["etag"]
    desk.ask("PUT", "switch", body={"is_off": True, "reason": "private data"})
    off = desk.send("GET", "pointers", "production", headers={"if-none-match": tag})
    assert (off.status_code, off.json()["is_off"]) == (200, True)
    changed = desk.send(
        "POST", "pointers", "production", "moves", body={"to": 2}, headers={"if-match": off.headers["etag"]}
    )
    assert changed.status_code == 200, "the tag of the whole state is what is expected, too"
    desk.ask("PUT", "switch", body={"is_off": False})
    assert desk.live()["is_off"] is False


def test_head_is_get_without_a_body(desk: Desk) -> None:
    url = f"{desk.asker.url}/api/files/{desk.id}/pointers/production"
    answer = httpx.head(url, headers={"x-api-key": "any"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == desk.send("GET", "pointers", "production").headers["etag"]


def test_an_alias_is_a_pointer(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    boto.prepare_flow(flowIdentifier=flow)
    boto.create_flow_version(flowIdentifier=flow)
    made = boto.create_flow_alias(
        flowIdentifier=flow, name="blue", routingConfiguration=[{"flowVersion": "1"}]
    )
    live = asker.ask("GET", "files", flow, "pointers", "blue")
    assert (live["pointer"]["id"], live["pointer"]["kind"]) == (made["id"], "alias")
    assert (live["target"], live["number"]) == ("1", 1)
    assert asker.ask("GET", "files", flow, "pointers", made["id"]) == live
    draft = asker.ask("POST", "files", flow, "pointers", "blue", "moves", body={"to": "draft"})
    assert draft["after"]["target"] == "DRAFT"
    shown = boto.get_flow_alias(flowIdentifier=flow, aliasIdentifier=made["id"])
    assert shown["routingConfiguration"] == [{"flowVersion": "DRAFT"}]
    asker.refused(400, "invalid", "GET", "files", flow, "pointers", "TSTALIASID")
    asker.refused(400, "invalid", "DELETE", "files", flow, "pointers", "blue")


def test_an_alias_wins_over_an_environment_of_its_name(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    boto.prepare_flow(flowIdentifier=flow)
    boto.create_flow_version(flowIdentifier=flow)
    routing = [{"flowVersion": "1"}]
    boto.create_flow_alias(flowIdentifier=flow, name="staging", routingConfiguration=routing)
    assert asker.ask("GET", "files", flow, "pointers", "staging")["pointer"]["kind"] == "alias"


def test_contents_by_any_name(desk: Desk) -> None:
    for ref in ("1", desk.versions[0], "production"):
        found = desk.ask("GET", "versions", ref)
        assert (found["version_id"], found["numbers"]) == (desk.versions[0], [1])
        assert (found["content"], found["is_draft"]) == ({"says": "version 1"}, False)
    assert "has no draft" in desk.refused(404, "not_found", "GET", "versions", "draft")
    message = desk.refused(404, "not_found", "GET", "versions", "17")
    assert "nothing called `17`" in message
    assert "targets nothing" in desk.refused(409, "conflict", "GET", "versions", "staging")


def test_what_differs(desk: Desk) -> None:
    found = desk.ask("GET", "diff")
    assert (found["from"]["numbers"], found["to"]["numbers"]) == ([1], [3])
    assert (found["is_empty"], found["line"], found["summary"]) == (
        False,
        "values: 1 changed",
        {"values_changed": 1},
    )
    assert found["edits"][0]["path"] == ["says"]
    same = desk.ask("GET", "diff", **{"from": "2", "to": desk.versions[1]})
    assert (same["is_empty"], same["edits"]) == (True, [])
    text = desk.send("GET", "diff", **{"from": "1", "to": "2", "as": "text"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text.startswith("values: 1 changed\n~ says: ")


def test_what_differs_in_a_flow_is_told_by_nodes(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition("one"))
    boto.prepare_flow(flowIdentifier=flow["id"])
    boto.create_flow_version(flowIdentifier=flow["id"])
    boto.update_flow(
        flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE, definition=definition("two")
    )
    found = asker.ask("GET", "files", flow["id"], "diff", **{"from": "1", "to": "draft"})
    assert found["summary"] == {"nodes_changed": 1}
    assert (found["to"]["is_draft"], found["from"]["is_draft"]) == (True, False)
    draft = asker.ask("GET", "files", flow["id"], "versions", "DRAFT")
    assert (draft["is_draft"], draft["content"]["definition"]) == (True, definition("two"))
    prepared = asker.ask("GET", "files", flow["id"], "versions", "TSTALIASID")
    assert prepared["content"]["definition"] == definition("one")
    [graph] = found["edits"]
    assert (graph["change"], graph["nodes"][0]["name"]) == ("graph", "Ask")


def test_what_differs_in_datasets_is_told_by_datapoints(server: LiveServer, asker: Asker) -> None:
    client, path = server.humanloop(), new_name("dataset")
    points: list[Any] = [{"inputs": {"q": "one"}}, {"inputs": {"q": "two"}}]
    client.datasets.upsert(path=path, datapoints=points)
    client.datasets.upsert(path=path, datapoints=[points[1], {"inputs": {"q": "three"}}])
    found = asker.ask("GET", "files", path, "diff", **{"from": "1", "to": "2"})
    assert (found["is_empty"], found["edits"]) == (False, [])
    assert found["line"] == "datapoints: 1 added, 1 removed, 1 kept"
    [removed] = found["datapoints"]["removed"]
    text = asker.send("GET", "files", path, "diff", **{"from": "1", "to": "2", "as": "text"}).text
    assert text.splitlines()[:2] == [found["line"], f"- {removed}"]


def test_a_history_comes_in_pages(desk: Desk) -> None:
    for number in (2, 3, 1):
        desk.move(number, reason=f"to {number}")
    first = desk.ask("GET", "pointers", "production", "moves", take=3)
    assert [one["reason"] for one in first["moves"]] == ["to 1", "to 3", "to 2"]
    rest = desk.ask("GET", "pointers", "production", "moves", take=3, before=first["next"])
    assert [one["is_automatic"] for one in rest["moves"]] == [True]
    assert rest["next"] is None
    newest = first["moves"][0]
    assert (newest["from_number"], newest["number"], newest["pointer"]["name"]) == (3, 1, "production")
    assert newest["moved_by"]["name"] == "Local User"
    desk.move(1, pointer="staging")
    whole = desk.ask("GET", "moves")["moves"]
    assert [one["pointer"]["name"] for one in whole] == ["staging", *["production"] * 4]
    page = desk.ask("GET", "moves", take=2, before=whole[0]["id"])
    assert [one["id"] for one in page["moves"]] == [one["id"] for one in whole[1:3]]
    assert "no move `mv_none`" in desk.refused(404, "not_found", "GET", "moves", before="mv_none")
    staging = whole[0]["id"]
    desk.refused(404, "not_found", "GET", "pointers", "production", "moves", before=staging)


def test_what_is_not_known_is_refused(desk: Desk) -> None:
    assert "`nowhere/at all`" in desk.asker.refused(
        404, "not_found", "GET", "files", "nowhere/at all", "pointers"
    )
    assert "no such environment" in desk.refused(404, "not_found", "GET", "pointers", "qa")
    message = desk.refused(400, "invalid", "GET", "pointers", "production", "moves", tak="3")
    assert "`tak` is not known here; known are: `before`, `take`." in message
    assert "`take`" in desk.refused(400, "invalid", "GET", "pointers", "production", "moves", take="0")
    assert "`as`" in desk.refused(400, "invalid", "GET", "diff", **{"as": "yaml"})
