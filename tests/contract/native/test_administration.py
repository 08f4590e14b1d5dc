"""Environments, keys and what the server is, over our own API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.inprocess import in_process
from tests.contract.keys import closed_server
from tests.contract.native.asking import Asker
from tests.contract.native.test_rights import issue

from headrace import __version__
from headrace.settings import Settings

pytestmark = pytest.mark.live


def named(asker: Asker) -> dict[str, Any]:
    """The environments by their names."""
    return {one["name"]: one for one in asker.ask("GET", "environments")["environments"]}


def test_environments_are_made_renamed_and_removed(make_server: Any) -> None:
    asker = Asker(url=make_server().url)
    first = asker.ask("GET", "environments")["environments"]
    assert [(one["name"], one["is_default"], one["files"]) for one in first] == [
        ("production", True, 0),
        ("staging", False, 0),
    ]
    made = asker.send("POST", "environments", body={"name": "europe"})
    assert (made.status_code, made.json()["is_default"]) == (201, False)
    renamed = asker.ask("PATCH", "environments", "europe", body={"name": "EU west ü"})
    assert (renamed["id"], renamed["name"]) == (made.json()["id"], "EU west ü")
    assert list(named(asker)) == ["production", "staging", "EU west ü"]
    chosen = asker.ask("PATCH", "environments", renamed["id"], body={"is_default": True})
    assert chosen["is_default"] is True
    assert [name for name, one in named(asker).items() if one["is_default"]] == ["EU west ü"]
    asker.ask("PUT", "environments", "production", "gate", body={"rules": [{"type": "approval", "by": 1}]})
    assert {name: one["has_gate"] for name, one in named(asker).items()} == {
        "production": True,
        "staging": False,
        "EU west ü": False,
    }
    asker.ask("DELETE", "environments", "staging")
    assert list(named(asker)) == ["production", "EU west ü"]


def test_environments_that_are_in_the_way(make_server: Any) -> None:
    live = make_server()
    asker = Asker(url=live.url)
    asker.refused(409, "conflict", "POST", "environments", body={"name": "staging"})
    asker.refused(409, "conflict", "PATCH", "environments", "staging", body={"name": "production"})
    assert "default" in asker.refused(409, "conflict", "DELETE", "environments", "production")
    asker.refused(404, "not_found", "DELETE", "environments", "nowhere")
    asker.refused(404, "not_found", "PATCH", "environments", "nowhere", body={"is_default": True})
    for body in ({}, {"name": "a", "is_default": True}):
        asker.refused(400, "invalid", "PATCH", "environments", "staging", body=body)
    for name in ("", "a/b", "x" * 1000):
        asker.refused(400, "invalid", "POST", "environments", body={"name": name})
    live.humanloop().flows.upsert(path="held", attributes={"a": 1})
    asker.ask("POST", "files", "held", "pointers", "staging", "moves", body={"to": 1})
    assert named(asker)["staging"]["files"] == 1
    assert "`held`" in asker.refused(409, "conflict", "DELETE", "environments", "staging")
    asker.ask("DELETE", "environments", "staging", force="true")
    assert list(named(asker)) == ["production"]
    taken = asker.ask("GET", "files", "held", "moves")["moves"][0]
    assert (taken["action"], taken["from_number"], taken["version_id"]) == ("take_away", 1, None)


def test_keys_are_shown_once_and_revoked(make_server: Any) -> None:
    live, key = closed_server(make_server)
    admin = Asker(url=live.url, key=key["api_key"])
    wanted = {"email": "ben@example.com", "full_name": "Ben", "right": "reader", "name": "dashboards"}
    answer = admin.send("POST", "keys", body=wanted)
    made = answer.json()
    assert answer.status_code == 201
    assert (made["right"], made["name"], made["is_yours"]) == ("reader", "dashboards", False)
    assert (made["user"]["email"], made["user"]["name"]) == ("ben@example.com", "Ben")
    secrets = {made.pop("api_key"), made.pop("secret_access_key")}
    listed = admin.send("GET", "keys")
    assert not any(secret in listed.text for secret in secrets), "never again"
    first, second = listed.json()["keys"]
    assert second == made
    assert (first["id"], first["is_yours"], first["revoked_at"]) == (key["id"], True, None)
    [reader] = [Asker(url=live.url, key=secret) for secret in secrets if secret.startswith("hl_sk_")]
    assert reader.ask("GET", "environments")["environments"]
    reader.refused(403, "forbidden", "GET", "keys")
    assert admin.ask("DELETE", "keys", made["id"]) is None
    reader.refused(401, "unauthenticated", "GET", "environments")
    revoked_at = admin.ask("GET", "keys")["keys"][1]["revoked_at"]
    admin.ask("DELETE", "keys", made["id"])
    assert admin.ask("GET", "keys")["keys"][1]["revoked_at"] == revoked_at, "once is enough"
    admin.refused(404, "not_found", "DELETE", "keys", "key_nobody")


def test_keys_that_break_a_rule(make_server: Any) -> None:
    live, key = closed_server(make_server)
    admin = Asker(url=live.url, key=key["api_key"])
    for body in (
        {},
        {"email": "nobody"},
        {"email": " ben@example.com"},
        {"email": "ben@example.com", "right": "owner"},
        {"email": "ben@example.com", "rights": "reader"},
    ):
        admin.refused(400, "invalid", "POST", "keys", body=body)
    assert len(admin.ask("GET", "keys")["keys"]) == 1


def test_the_first_key_ends_the_open_mode(make_server: Any) -> None:
    live = make_server()
    anybody = Asker(url=live.url)
    assert anybody.ask("GET", "settings")["is_open"] is True
    made = anybody.ask("POST", "keys", body={"email": "ann@example.com", "right": "admin"})
    anybody.refused(401, "unauthenticated", "GET", "settings")
    assert Asker(url=live.url, key=made["api_key"]).ask("GET", "settings")["is_open"] is False


def test_keys_of_another_organisation_are_not_there() -> None:
    with in_process(Settings(store="memory:")) as running:
        ours, theirs = (issue(running, account, "admin") for account in ("000000000000", "111111111111"))
        asker, stranger = Asker(url=running.url, key=ours), Asker(url=running.url, key=theirs)
        [key] = asker.ask("GET", "keys")["keys"]
        [other] = stranger.ask("GET", "keys")["keys"]
        assert (key["is_yours"], other["is_yours"]) == (True, True)
        stranger.refused(404, "not_found", "DELETE", "keys", key["id"])
        assert stranger.ask("GET", "settings")["account"] == "111111111111"


def test_what_the_server_is(make_server: Any, tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(
        "[models.providers.house]\n"
        'type = "openai"\nurl = "https://secret-host.example.com/v1"\napi_key_env = "SECRET_NAME"\n'
        'headers = {x-token = "hunter2"}\n'
        '[[models.route]]\nmatch = "amazon.*"\nprovider = "house"\n'
        '[[models.route]]\nmatch = "*"\nprovider = "echo"\n'
    )
    live = make_server(config=str(config), region="eu-west-3", keep_runs="7", keep_content="metadata")
    answer = Asker(url=live.url).send("GET", "settings")
    told = answer.json()
    assert (told["version"], told["region"], told["account"]) == (__version__, "eu-west-3", "000000000000")
    assert told["retention"] == {"content": "metadata", "runs_days": 7, "logs_days": 0}
    assert told["store"] in ("sqlite", "postgresql")
    assert told["endpoints"]["humanloop"] == "/v5"
    assert told["providers"] == [
        {"name": "echo", "kind": "echo", "models": ["*"], "takes_key": False},
        {"name": "house", "kind": "openai", "models": ["amazon.*"], "takes_key": True},
    ]
    kept = {one["variable"]: one for one in told["limits"]}["HEADRACE_KEEP_RUNS"]
    assert (kept["value"], kept["default"], kept["unit"]) == (7, 90, "days")
    for secret in ("secret-host", "SECRET_NAME", "hunter2", str(tmp_path), live.store):
        assert secret not in answer.text, "names only, never values"


def test_marks_of_nodes(server: LiveServer, asker: Asker) -> None:
    """What a drawing marks: each node that is added, removed, changed or renamed, by both its names."""
    before = {
        "nodes": [node("In", "Input"), node("Old", "Prompt"), node("Gone", "Prompt"), node("Out", "Output")],
        "connections": [],
    }
    after = {
        "nodes": [
            node("In", "Input"),
            node("New", "Prompt"),
            node("Fresh", "Retrieval"),
            node("Out", "Output", 2),
        ],
        "connections": [],
    }
    client = server.humanloop()
    for definition in (before, after):
        client.flows.upsert(path="marks/flow", attributes={"definition": definition})
    [edit] = asker.ask("GET", "files", "marks/flow", "diff", **{"from": "1", "to": "2"})["edits"]
    assert edit["change"] == "graph"
    told = [(one["change"], one.get("was"), one["name"], len(one.get("edits", ()))) for one in edit["nodes"]]
    assert sorted(told, key=str) == [
        ("added", None, "Fresh", 0),
        ("changed", "Old", "New", 0),
        ("changed", "Out", "Out", 1),
        ("removed", None, "Gone", 0),
    ]


def node(name: str, type: str, place: int = 1) -> dict[str, Any]:
    """A node with a configuration that is like no other's."""
    said = {"Old": "the same text", "New": "the same text"}.get(name, f"text of {name} {place}")
    return {"name": name, "type": type, "configuration": {type.lower(): {"text": said}}}
