"""Moving, renaming and deleting (humanloop 1.5, 1.6, 1.10, 2.4, 2.9, 8.14, 8.15)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code)


def test_a_path_moves_and_renames(client: Any, path: str, home: str) -> None:
    made = client.flows.upsert(path=path, attributes={"a": 1})
    moved = client.flows.move(made.id, path=f"{home}/deep/er/New")
    assert (moved.id, moved.version_id) == (made.id, made.version_id)
    assert (moved.path, moved.name) == (f"{home}/deep/er/New", "New")
    assert moved.directory_id != made.directory_id
    assert moved.updated_at > made.updated_at
    assert client.flows.get(made.id) == moved
    assert status(lambda: client.files.retrieve_by_path(path=path)) == 404
    assert client.flows.upsert(path=path, attributes={"a": 1}).id != made.id


def test_a_name_renames_in_place(client: Any, path: str, home: str) -> None:
    made = client.flows.upsert(path=path, attributes={})
    renamed = client.flows.move(made.id, name="Sorting")
    assert (renamed.path, renamed.directory_id) == (f"{home}/Sorting", made.directory_id)
    with pytest.raises(UnprocessableEntityError):
        client.flows.move(made.id, name="a/b")


def test_a_directory_takes_the_file_in(client: Any, path: str, home: str) -> None:
    made = client.flows.upsert(path=path, attributes={})
    there = client.flows.upsert(path=f"{home}/there/x", attributes={}).directory_id
    assert client.flows.move(made.id, directory_id=there).path == f"{home}/there/Triage"
    both = client.flows.move(made.id, directory_id=made.directory_id, name="Again")
    assert both.path == f"{home}/Again"
    assert status(lambda: client.flows.move(made.id, directory_id="dir_x")) == 404


def test_a_path_beside_a_part_that_disagrees(client: Any, path: str, home: str) -> None:
    made = client.flows.upsert(path=path, attributes={})
    agreed = client.flows.move(made.id, path=f"{home}/y", name="y", directory_id=made.directory_id)
    assert agreed.path == f"{home}/y"
    with pytest.raises(UnprocessableEntityError):
        client.flows.move(made.id, path=f"{home}/x", name="z")


def test_a_taken_place_is_a_conflict(client: Any, path: str, home: str) -> None:
    made = client.flows.upsert(path=path, attributes={})
    client.flows.upsert(path=f"{home}/taken", attributes={})
    assert status(lambda: client.flows.move(made.id, name="taken")) == 409
    assert status(lambda: client.flows.move(made.id, path=home)) == 409
    assert status(lambda: client.flows.move(made.id, path=f"{home}/taken/x")) == 409
    assert client.flows.get(made.id) == made


def test_staying_is_no_change(client: Any, path: str) -> None:
    made = client.flows.upsert(path=path, attributes={})
    assert client.flows.move(made.id, path=path) == made
    assert client.flows.move(made.id) == made
    assert client.flows.move(made.id, path=None, name=None) == made
    assert status(lambda: client.flows.move("fl_x", name="n")) == 404


def test_versions_follow_the_file(client: Any, path: str, home: str) -> None:
    first = client.flows.upsert(path=path, attributes={"a": 1}, version_name="n")
    client.flows.upsert(path=path, attributes={"a": 2})
    client.flows.move(first.id, path=f"{home}/moved")
    records = client.flows.list_versions(first.id).records
    assert {record.path for record in records} == {f"{home}/moved"}
    assert records[1].version_name == "n"


def test_a_flow_is_deleted_with_everything(client: Any, raw: httpx.Client, path: str) -> None:
    """1.5, 2.9, 8.15: deployed or not."""
    made = client.flows.upsert(path=path, attributes={"a": 1}, version_name="n")
    assert client.flows.delete(made.id) is None
    assert status(lambda: client.flows.delete(made.id)) == 404
    assert status(lambda: client.flows.get(made.id)) == 404
    assert status(lambda: client.flows.list_versions(made.id)) == 404
    assert made.id not in [flow.id for flow in client.flows.list(name="Triage", size=1000)]
    again = client.flows.upsert(path=path, attributes={"a": 1}, version_name="n")
    assert again.id != made.id
    assert again.version_id != made.version_id
    assert again.directory_id == made.directory_id
    answer = raw.delete(f"/flows/{again.id}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_version_is_deleted(client: Any, path: str) -> None:
    """1.10, 2.9, 8.14."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    assert status(lambda: client.flows.delete_flow_version(first.id, first.version_id)) == 409
    client.flows.remove_deployment(first.id, "production")
    with pytest.raises(ApiError, match="the only one") as caught:
        client.flows.delete_flow_version(first.id, first.version_id)
    assert caught.value.status_code == 409
    second = client.flows.upsert(path=path, attributes={"a": 2})
    client.flows.set_deployment(first.id, "staging", version_id=second.version_id)
    with pytest.raises(ApiError, match="staging"):
        client.flows.delete_flow_version(first.id, second.version_id)
    assert client.flows.delete_flow_version(first.id, first.version_id) is None
    assert status(lambda: client.flows.delete_flow_version(first.id, first.version_id)) == 404
    assert status(lambda: client.flows.get(first.id, version_id=first.version_id)) == 404
    assert status(lambda: client.flows.delete_flow_version(first.id, "flv_x")) == 404
    (left,) = client.flows.list_versions(first.id).records
    assert left.version_id == second.version_id


def test_a_deleted_versions_name_is_free(client: Any, path: str) -> None:
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2}, version_name="n")
    client.flows.delete_flow_version(first.id, second.version_id)
    assert client.flows.upsert(path=path, attributes={"a": 3}, version_name="n").version_name == "n"


def test_a_file_of_another_kind_is_in_the_way_and_is_not_a_flow(
    client: Any, server: LiveServer, home: str
) -> None:
    """2.4, 8.7, 8.64: a path is unique over all kinds, and the kind is part of the address."""
    prompt = server.boto().create_prompt(name=home.replace(" ", "-"))
    path = f"prompts/{prompt['name']}"
    assert status(lambda: client.flows.upsert(path=path, attributes={})) == 409
    assert status(lambda: client.flows.upsert(id=prompt["id"], attributes={})) == 404
    assert status(lambda: client.flows.get(prompt["id"])) == 404
    assert client.files.retrieve_by_path(path=path).type == "prompt"
    made = client.flows.upsert(path=home, attributes={})
    assert status(lambda: client.flows.move(made.id, path=path)) == 409
    there = client.flows.upsert(path=f"prompts/{home}", attributes={}).directory_id
    assert client.flows.move(made.id, directory_id=there, name="beside").path == "prompts/beside"
