"""Changes of pointers: what is expected, rehearsals, and what the compatible clients see of it all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from humanloop.core.api_error import ApiError
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live
CALLERS = 12


# Moving


def test_a_move_is_answered_with_what_was_and_is(desk: Desk) -> None:
    moved = desk.move(2, reason="shorter answers", expected="1")
    assert (moved["is_new"], moved["is_rehearsal"], moved["difference"]) == (True, False, None)
    assert (moved["before"]["number"], moved["after"]["number"]) == (1, 2)
    assert moved["move"]["reason"] == "shorter answers"
    assert moved["move"]["id"] == desk.live()["move_id"]
    assert moved["verdict"] == {"has_gate": False, "is_open": True, "reasons": [], "figures": {}}
    again = desk.move(desk.versions[1])
    assert (again["is_new"], again["move"]["id"]) == (False, moved["move"]["id"]), "it is so already"
    assert desk.humanloop.flows.get(desk.id).version_id == desk.versions[1]


@pytest.mark.parametrize("expected", ["1", "mv_other", "nothing", "flv_other"])
def test_what_is_expected_must_be_there(desk: Desk, expected: str) -> None:
    moved = desk.move(2)
    body = {"to": 3, "expected": expected}
    message = desk.refused(409, "stale", "POST", "pointers", "production", "moves", body=body)
    assert f"is at {desk.versions[1]} since move {moved['move']['id']} by Local User" in message
    assert f"{expected} was expected" in message
    assert desk.live()["number"] == 2


def test_a_tag_is_what_is_expected(desk: Desk) -> None:
    tag = desk.send("GET", "pointers", "production").headers["etag"]
    at = ("POST", "pointers", "production", "moves")
    desk.ask(*at, body={"to": 2}, headers={"if-match": tag})
    message = desk.refused(412, "precondition_failed", *at, body={"to": 3}, headers={"if-match": tag})
    assert desk.live()["move_id"] in message
    for wrong in ("mv_bare", "*", '"a", "b"', '""'):
        body = {"to": 3}
        said = desk.refused(400, "invalid", *at, body=body, headers={"if-match": wrong})
        assert "`If-Match` takes one `ETag`" in said
    both = {"to": 3, "expected": "2"}
    assert "say one of them" in desk.refused(400, "invalid", *at, body=both, headers={"if-match": tag})
    assert desk.live()["number"] == 2


def test_one_of_many_who_expect_the_same_wins(desk: Desk) -> None:
    tag = desk.send("GET", "pointers", "production").headers["etag"]

    def move(number: int) -> int:
        body = {"to": 2 + number % 2, "reason": f"caller {number}"}
        sent = desk.send("POST", "pointers", "production", "moves", body=body, headers={"if-match": tag})
        return int(sent.status_code)

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = sorted(callers.map(move, range(CALLERS)))
    assert answers == [200, *[412] * (CALLERS - 1)]
    assert len(desk.ask("GET", "pointers", "production", "moves")["moves"]) == 2


def test_a_rehearsal_writes_nothing(desk: Desk) -> None:
    before = desk.ask("GET", "moves")
    told = desk.move(3, dry_run=True, expected="1")
    assert (told["is_rehearsal"], told["is_new"], told["after"]["number"]) == (True, True, 3)
    assert told["difference"]["line"] == "values: 1 changed"
    assert desk.ask("GET", "moves") == before
    first = desk.move(1, pointer="staging", dry_run=True)
    assert first["difference"] is None, "there is nothing to compare with"
    message = desk.refused(
        409,
        "stale",
        "POST",
        "pointers",
        "production",
        "moves",
        body={"to": 3, "expected": "2", "dry_run": True},
    )
    assert "2 was expected" in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "`to` is missing"),
        ({"to": 2, "dryrun": True}, "`dryrun` is not known here"),
        ({"to": 2, "dry_run": "yes"}, "`dry_run`: Expected `bool`"),
        ({"to": 2.5}, "`to`: Expected `int | str`"),
        ({"to": 2, "reason": "a\0b"}, "U+0000"),
        ({"to": 2, "reason": "x" * 2001}, "at most 2000 characters"),
        ({"to": 2, "override": True}, "needs a reason"),
        ({"to": "draft"}, "targets versions, not the draft"),
        ([], "must be a JSON object"),
    ],
)
def test_a_body_that_breaks_a_rule(desk: Desk, body: Any, words: str) -> None:
    assert words in desk.refused(400, "invalid", "POST", "pointers", "production", "moves", body=body)
    assert desk.live()["number"] == 1


def test_a_version_that_is_not_there(desk: Desk) -> None:
    for to in (17, "flv_none", "99999999999999999999"):
        message = desk.refused(404, "not_found", "POST", "pointers", "production", "moves", body={"to": to})
        assert f"has no version `{to}`" in message


# Promoting, rolling back, taking away


def test_promoting_and_rolling_back(desk: Desk) -> None:
    desk.move(3, pointer="staging")
    promoted = desk.ask("POST", "pointers", "production", "promote", body={"from": "staging"})
    assert (promoted["move"]["action"], promoted["after"]["number"]) == ("promote", 3)
    assert promoted["move"]["source"] == desk.live("staging")["pointer"]["id"]
    assert desk.humanloop.flows.get(desk.id).version_id == desk.versions[2], "the client sees it"

    back = desk.ask("POST", "pointers", "production", "rollback", body={"reason": "wrong language"})
    assert (back["move"]["action"], back["after"]["number"]) == ("rollback", 1)
    assert desk.humanloop.flows.get(desk.id).version_id == desk.versions[0]
    again = desk.ask("POST", "pointers", "production", "rollback", body={"to_move": promoted["move"]["id"]})
    assert again["after"]["number"] == 3
    other = desk.live("staging")["move_id"]
    body = {"to_move": other}
    assert "has no move" in desk.refused(
        404, "not_found", "POST", "pointers", "production", "rollback", body=body
    )
    same = {"from": "production"}
    desk.refused(400, "invalid", "POST", "pointers", "production", "promote", body=same)


def test_taking_away(desk: Desk) -> None:
    desk.refused(409, "stale", "DELETE", "pointers", "production", expected="2")
    told = desk.ask("DELETE", "pointers", "production", dry_run="true")
    assert (told["is_rehearsal"], desk.live()["number"]) == (True, 1)
    gone = desk.ask("DELETE", "pointers", "production", reason="retired", expected="1")
    assert (gone["move"]["action"], gone["move"]["reason"]) == ("take_away", "retired")
    assert desk.live()["version_id"] is None
    deployed = desk.humanloop.flows.list_environments(desk.id)
    assert [one.file for one in deployed] == [None, None]


def test_an_alias_after_a_rollback_is_what_aws_clients_see(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())
    for text in ("one", "two"):
        boto.update_flow(
            flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE, definition=definition(text)
        )
        boto.prepare_flow(flowIdentifier=flow["id"])
        boto.create_flow_version(flowIdentifier=flow["id"])
    alias = boto.create_flow_alias(
        flowIdentifier=flow["id"], name="live", routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    boto.update_flow_alias(
        flowIdentifier=flow["id"],
        aliasIdentifier=alias,
        name="live",
        routingConfiguration=[{"flowVersion": "2"}],
    )
    back = asker.ask("POST", "files", flow["id"], "pointers", "live", "rollback", body={})
    assert (back["before"]["target"], back["after"]["target"]) == ("2", "1")
    shown = boto.get_flow_alias(flowIdentifier=flow["id"], aliasIdentifier=alias)
    assert shown["routingConfiguration"] == [{"flowVersion": "1"}]


# Splits, switches, figures


def test_splitting(desk: Desk) -> None:
    shares = [{"version": 1, "weight": 9}, {"version": desk.versions[1], "weight": 1}]
    split = desk.ask("PUT", "pointers", "production", "split", body={"shares": shares})
    assert [(one["number"], one["weight"]) for one in split["after"]["shares"]] == [(1, 9), (2, 1)]
    assert desk.live()["shares"] == split["after"]["shares"]
    figures = desk.ask("GET", "pointers", "production", "figures")
    assert figures["move_id"] == split["move"]["id"]
    assert [(one["number"], one["weight"], one["runs"]) for one in figures["versions"]] == [
        (1, 9, 0),
        (2, 1, 0),
    ]
    assert desk.humanloop.flows.get(desk.id).version_id == desk.versions[0], "clients see the primary one"
    ended = desk.ask("DELETE", "pointers", "production", "split", reason="enough", expected="1")
    assert (ended["after"]["shares"], ended["move"]["reason"]) == ([], "enough")
    wrong = {"shares": [{"version": 2, "weight": 1}, {"version": 3, "weight": 1}]}
    message = desk.refused(400, "invalid", "PUT", "pointers", "production", "split", body=wrong)
    assert "must have a share too" in message
    nothing = desk.refused(409, "conflict", "GET", "pointers", "staging", "figures")
    assert "targets no version" in nothing


def test_a_flow_that_is_off_can_not_be_invoked(server: LiveServer, asker: Asker) -> None:
    boto, runtime = server.boto(), server.boto("bedrock-agent-runtime")
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    boto.prepare_flow(flowIdentifier=flow)
    off = asker.ask("PUT", "files", flow, "switch", body={"is_off": True, "reason": "leaks names"})
    assert (off["pointer"]["kind"], off["move"]["is_off"]) == ("flow", True)
    with pytest.raises(ClientError) as caught:
        runtime.invoke_flow(
            flowIdentifier=flow,
            flowAliasIdentifier="TSTALIASID",
            inputs=[{"nodeName": "In", "nodeOutputName": "document", "content": {"document": "x"}}],
        )
    assert caught.value.response["Error"]["Code"] == "ConflictException"
    assert "leaks names" in caught.value.response["Error"]["Message"]
    assert boto.get_flow(flowIdentifier=flow)["id"] == flow, "reads work"
    state = asker.send("GET", "files", flow, "switch")
    assert state.json()["is_off"] is True
    known = asker.send("GET", "files", flow, "switch", headers={"if-none-match": state.headers["etag"]})
    assert known.status_code == 304
    asker.ask("PUT", "files", flow, "switch", body={"is_off": False})
    runtime.invoke_flow(
        flowIdentifier=flow,
        flowAliasIdentifier="TSTALIASID",
        inputs=[{"nodeName": "In", "nodeOutputName": "document", "content": {"document": "x"}}],
    )["responseStream"].close()


def test_the_draft_is_named_alike_where_it_is_expected(server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    flow = boto.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    boto.prepare_flow(flowIdentifier=flow)
    boto.create_flow_version(flowIdentifier=flow)
    routing = [{"flowVersion": "1"}]
    boto.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=routing)
    moves = ("POST", "files", flow, "pointers", "live", "moves")
    asker.ask(*moves, body={"to": "draft", "expected": "1"})
    asker.refused(409, "stale", *moves, body={"to": 1, "expected": "1"})
    assert asker.ask(*moves, body={"to": 1, "expected": "draft"})["is_new"] is True


# Gates


def test_a_gate_refuses_every_client(desk: Desk) -> None:
    gate = {"rules": [{"type": "approval", "by": 1}, {"type": "errors", "logs": 10, "max_rate": 0.25}]}
    put = desk.ask("PUT", "pointers", "production", "gate", body=gate)
    assert put["gate"]["rules"][1]["max_rate"] == 0.25
    assert desk.ask("GET", "pointers", "production", "gate")["gates"] == [put]
    verdict = desk.ask("GET", "pointers", "production", "verdict", to="2")
    assert (verdict["has_gate"], verdict["is_open"], len(verdict["reasons"])) == (True, False, 2)

    told = desk.move(2, dry_run=True)
    assert told["verdict"] == verdict, "a rehearsal says what the gate says"
    message = desk.refused(409, "gate_closed", "POST", "pointers", "production", "moves", body={"to": 2})
    assert all(reason in message for reason in verdict["reasons"])
    live = desk.live()["pointer"]
    with pytest.raises(ApiError) as caught:
        desk.humanloop.flows.set_deployment(desk.id, live["id"], version_id=desk.versions[1])
    assert caught.value.status_code == 409
    assert all(reason in str(caught.value.body) for reason in verdict["reasons"])

    forced = desk.move(2, override=True, reason="urgent")
    assert forced["move"]["evidence"]["gate"]["is_overridden"] is True
    assert forced["verdict"]["is_open"] is False
    assert desk.ask("DELETE", "pointers", "production", "gate") is None
    desk.refused(404, "not_found", "DELETE", "pointers", "production", "gate")
    assert desk.move(3)["verdict"]["has_gate"] is False


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ({}, "A gate needs rules"),
        ({"rules": [{"type": "approval", "by": 0}]}, "`by` is 0"),
        ({"rules": [{"type": "luck"}]}, "luck"),
        ({"rules": [{"type": "score", "evaluator": "no/where", "on": {"logs": 5}, "min": 0.5}]}, "no/where"),
        ({"ruls": []}, "`ruls` is not known here"),
    ],
)
def test_a_gate_that_makes_no_sense(desk: Desk, gate: Any, words: str) -> None:
    sent = desk.send("PUT", "pointers", "production", "gate", body=gate)
    assert sent.status_code in (400, 404), sent.text
    assert words in sent.json()["error"]["message"]
    assert desk.ask("GET", "pointers", "production", "gate")["gates"] == []
