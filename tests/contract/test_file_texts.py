"""What is said of files: set by the command line, shown by both APIs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key, run, run_json

pytestmark = pytest.mark.live


@pytest.fixture
def live(make_server: Any) -> LiveServer:
    made: LiveServer = make_server()
    return made


def keep(live: LiveServer, *arguments: str) -> Any:
    return run_json("files", *arguments, "--store", live.store)


def test_texts_are_set_and_shown_by_both_apis(live: LiveServer, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Ünlike\nany", encoding="utf-8")
    client, boto = live.humanloop(), live.boto()
    made = boto.create_flow(name="Triage", executionRoleArn="arn:aws:iam::000000000000:role/r")
    assert keep(live, "show", "Triage")["description"] is None
    told = keep(
        live, "set", "Triage", "--description", "Sorts", "--readme", f"@{readme}", "--tag", "b", "--tag", "a"
    )
    assert (told["id"][:3], told["short_id"], told["type"]) == ("fl_", made["id"], "flow")
    assert boto.get_flow(flowIdentifier=made["id"])["description"] == "Sorts"
    assert boto.list_flows()["flowSummaries"][0]["description"] == "Sorts"
    for shown in (
        client.files.retrieve_by_path(path="Triage"),
        client.flows.get(told["id"]),
        client.files.list_files().records[0],
    ):
        assert (shown.description, shown.readme, shown.tags) == ("Sorts", "# Ünlike\nany", ["b", "a"])
    again = keep(live, "set", told["id"], "--tag", "c")
    assert (again["description"], again["tags"]) == ("Sorts", ["c"])
    assert again["updated_at"] > told["updated_at"]
    assert keep(live, "set", told["id"], "--tag", "c") == again
    cleared = keep(live, "set", "Triage", "--description", "", "--readme", "", "--no-tags")
    assert (cleared["description"], cleared["readme"], cleared["tags"]) == (None, None, [])
    assert "description" not in boto.get_flow(flowIdentifier=made["id"])


def test_what_createflow_says_is_said_of_the_file(live: LiveServer) -> None:
    live.boto().create_flow(
        name="F", description="from AWS", executionRoleArn="arn:aws:iam::000000000000:role/r"
    )
    assert live.humanloop().files.retrieve_by_path(path="F").description == "from AWS"


def test_files_are_listed(live: LiveServer) -> None:
    client = live.humanloop()
    flow = client.flows.upsert(path="a/Flow", attributes={})
    prompt = client.prompts.upsert(path="a/b/Prompt", model="m", description="d", tags=["t"], readme="r")
    client.flows.set_deployment(flow.id, "staging", version_id=flow.version_id)
    assert [one["id"] for one in keep(live, "list")] == [prompt.id, flow.id]
    assert [one["id"] for one in keep(live, "list", "--path", "a/b")] == [prompt.id]
    assert [one["id"] for one in keep(live, "list", "--path", "/a/b/")] == [prompt.id]
    assert [one["id"] for one in keep(live, "list", "--type", "flow", "--type", "tool")] == [flow.id]
    assert [one["id"] for one in keep(live, "list", "--name", "PROM")] == [prompt.id]
    assert [one["id"] for one in keep(live, "list", "--environment", "staging")] == [flow.id]
    assert keep(live, "show", "a/b/Prompt")["tags"] == ["t"]
    plain = run("files", "list", "--store", live.store).stdout.splitlines()
    assert [line.split()[0] for line in plain] == [prompt.id, flow.id]
    assert "Directory `x` does not exist" in run("files", "list", "--path", "x", "--store", live.store).stderr


def test_what_can_not_be_said(live: LiveServer) -> None:
    live.humanloop().flows.upsert(path="F", attributes={})
    for arguments in (
        ("set", "F"),
        ("set", "F", "--tag", "a", "--no-tags"),
        ("set", "F", "--tag", " "),
        ("set", "F", "--tag", "a", "--tag", "a"),
        ("set", "F", "--readme", "@/nowhere/at/all"),
        ("set", "nowhere", "--description", "d"),
        ("show", "nowhere"),
        ("show", ""),
        ("list", "--type", "folder"),
    ):
        done = run("files", *arguments, "--store", live.store)
        assert done.returncode != 0, arguments
        assert "Traceback" not in done.stderr


def test_a_readers_key_changes_nothing(live: LiveServer) -> None:
    live.humanloop().flows.upsert(path="F", attributes={})
    create_key(live.store)
    reader = create_key(live.store, "reader")["api_key"]
    remote = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": reader}
    assert run("files", "show", "F", **remote).returncode == 0
    assert run("files", "set", "F", "--description", "d", **remote).returncode == 1
