"""Environments: what changing them does to files (humanloop 2.8, 8.54), and the commands that change them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key, run, run_json

pytestmark = pytest.mark.live


def keep(live: LiveServer, *arguments: str) -> Any:
    return run_json("environments", *arguments, "--store", live.store)


def refused(live: LiveServer, *arguments: str, **environment: str) -> str:
    done = run("environments", *arguments, "--store", live.store, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def names(live: LiveServer) -> list[tuple[str, str]]:
    return [(one["name"], one["tag"]) for one in keep(live, "list")]


def test_environments_are_made_renamed_and_removed(make_server: Any) -> None:
    live = make_server()
    client = live.humanloop()
    made = keep(live, "create", "Pre prod")
    assert (made["name"], made["tag"], made["files"]) == ("Pre prod", "other", 0)
    assert made["id"].startswith("env_")
    keep(live, "create", "pre prod")  # names are case-sensitive
    assert "already" in refused(live, "create", "Pre prod")
    assert "already" in refused(live, "rename", "staging", "production")
    assert "does not exist" in refused(live, "rename", "nowhere", "x")
    for name in (" a", "a/b", "x" * 256):
        assert refused(live, "create", name)
    flow = client.flows.upsert(path="f", attributes={})
    client.flows.set_deployment(flow.id, "Pre prod", version_id=flow.version_id)
    assert keep(live, "rename", "Pre prod", "preview")["files"] == 1
    assert client.flows.get(flow.id, environment="preview").version_id == flow.version_id
    with pytest.raises(ApiError, match="Environment Pre prod does not exist"):
        client.flows.get(flow.id, environment="Pre prod")
    assert keep(live, "rename", made["id"], "preview")["id"] == made["id"]
    assert names(live) == [
        ("production", "default"),
        ("staging", "other"),
        ("preview", "other"),
        ("pre prod", "other"),
    ]


def test_only_what_is_not_used_is_removed_unless_forced(make_server: Any) -> None:
    live = make_server()
    client = live.humanloop()
    flows = [client.flows.upsert(path=f"f{number}", attributes={}) for number in range(5)]
    for flow in flows:
        client.flows.set_deployment(flow.id, "staging", version_id=flow.version_id)
    said = refused(live, "delete", "staging")
    assert "`f4`, `f3`, `f2` and 2 more" in said
    assert "default" in refused(live, "delete", "production", "--force")
    done = run("environments", "delete", "staging", "--force", "--store", live.store)
    assert (done.returncode, done.stdout) == (0, "staging is removed.\n")
    assert names(live) == [("production", "default")]
    shown = client.flows.get(flows[0].id)
    assert [one.name for one in shown.environments] == ["production"]
    assert [one.name for one in client.flows.list_environments(flows[0].id)] == ["production"]
    assert "does not exist" in refused(live, "delete", "staging")


def test_another_default_environment(make_server: Any) -> None:
    live = make_server()
    client = live.humanloop()
    first = client.flows.upsert(path="f", attributes={"a": 1})
    second = client.flows.upsert(path="f", attributes={"a": 2})
    client.flows.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.flows.get(first.id).version_id == first.version_id
    assert keep(live, "set-default", "staging")["tag"] == "default"
    assert names(live) == [("production", "other"), ("staging", "default")]
    assert client.flows.get(first.id).version_id == second.version_id
    new = client.flows.upsert(path="new", attributes={})
    assert [(one.name, one.tag) for one in new.environments] == [("staging", "default")]


def test_to_change_environments_needs_an_admin(make_server: Any) -> None:
    live = make_server()
    editor = create_key(live.store, "editor")["api_key"]
    create_key(live.store, "admin")
    remote = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": editor}
    assert run("environments", "list", **remote).returncode == 0
    for arguments in (
        ("create", "x"),
        ("rename", "staging", "x"),
        ("delete", "staging"),
        ("set-default", "staging"),
    ):
        done = run("environments", *arguments, **remote)
        assert (done.returncode, done.stdout) == (1, "")
    assert names(live) == [("production", "default"), ("staging", "other")]


def test_without_a_server_the_store_is_changed(make_server: Any) -> None:
    live = make_server()
    assert live.stop() == 0
    keep(live, "create", "dev")
    assert "already" in refused(live, "create", "dev")
    assert run("environments", "delete", "staging", "--store", live.store).returncode == 0
    live.start()
    assert names(live) == [("production", "default"), ("dev", "other")]


def test_a_new_store_has_the_environments_that_are_configured(make_server: Any) -> None:
    live = make_server(environments="development,staging,production")
    assert names(live) == [("production", "default"), ("development", "other"), ("staging", "other")]
    keep(live, "rename", "staging", "qa")
    live.stop()
    live.start()  # only a new store is filled
    assert names(live) == [("production", "default"), ("development", "other"), ("qa", "other")]
    assert names(make_server(environments="")) == [("production", "default")]


def test_the_console_refuses_what_makes_no_sense(server: LiveServer) -> None:
    with httpx.Client(base_url=f"{server.url}/console", headers={"x-api-key": "any"}) as console:
        for body in ("{}", '{"default": false}', '{"name": "a", "default": true}', '{"x": 1}', "[", "\xff"):
            assert console.patch("/environments/staging", content=body).status_code == 400, body
        assert console.post("/environments", json={"name": None}).status_code == 400
        assert console.patch("/environments/staging", json={"name": "production"}).status_code == 409
        assert console.patch("/environments/nowhere", json={"default": True}).status_code == 404
        assert console.delete("/environments/nowhere").status_code == 404
        assert console.get("/files?take=1001").status_code == 400
        assert console.get("/files?skip=-1").status_code == 400
        assert console.get("/files?type=folder").status_code == 400
        assert console.get("/files?path=no%20where").status_code == 404
