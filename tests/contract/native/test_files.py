"""Files over our own API: how one stands."""

from __future__ import annotations

import pytest
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live


def test_how_a_file_stands(desk: Desk) -> None:
    found = desk.ask("GET")
    assert (found["id"], found["type"], found["path"]) == (desk.id, "flow", desk.path)
    assert (found["name"], found["versions_count"], found["logs_count"]) == ("Triage ünï", 3, 0)
    assert (found["newest"]["version_id"], found["newest"]["number"]) == (desk.versions[2], 3)
    assert (found["is_runnable"], found["is_off"], found["draft"]) == (False, False, None)
    assert desk.asker.ask("GET", "files", desk.id) == found, "by its id"
    desk.humanloop.flows.log(path=desk.path, flow={"attributes": {"says": "version 1"}}, inputs={"a": "b"})
    desk.ask("PUT", "switch", body={"is_off": True, "reason": "private data"})
    used = desk.ask("GET")
    assert (used["logs_count"], used["is_off"]) == (1, True)
    assert used["last_used_at"] >= found["created_at"]


def test_a_flow_that_is_being_edited(server: LiveServer, asker: Asker) -> None:
    agent = server.boto()
    made = agent.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())
    edited = asker.ask("GET", "files", made["id"])
    assert (edited["newest"], edited["is_runnable"], edited["short_id"]) == (None, False, made["id"])
    draft = edited["draft"]
    assert (draft["status"], draft["is_edited"], draft["is_prepared"]) == ("NotPrepared", True, False)
    agent.prepare_flow(flowIdentifier=made["id"])
    prepared = asker.ask("GET", "files", made["id"])
    assert (prepared["draft"]["status"], prepared["is_runnable"]) == ("Prepared", True)
    agent.create_flow_version(flowIdentifier=made["id"])
    numbered = asker.ask("GET", "files", made["id"])
    assert (numbered["newest"]["number"], numbered["draft"]["is_newest"]) == (1, True)


def test_what_is_no_file(asker: Asker) -> None:
    asker.refused(404, "not_found", "GET", "files", "no/file")
