"""Directories (humanloop 4.2, Directories; 8.44, 8.45, 8.50)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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


def test_a_directory_is_made_with_those_above_it(client: Any, raw: httpx.Client, home: str) -> None:
    made = client.directories.create(path=f"{home}/a/b")
    assert (made.path, made.name, made.tags) == (f"{home}/a/b", "b", [])
    above = client.directories.get(made.parent_id)
    assert above.path == f"{home}/a"
    assert [one.path for one in above.subdirectories] == [f"{home}/a/b"]
    answer = raw.post("/directories", json={"path": f"{home}/c"})
    assert answer.status_code == 201
    keys = {"id", "parent_id", "name", "description", "path", "readme", "tags", "created_at", "updated_at"}
    assert set(answer.json()) == keys


def test_a_directory_is_made_by_name(client: Any, home: str) -> None:
    made = client.directories.create(name=home)
    assert (made.path, made.parent_id) == (home, client.directories.get("root").id)
    inner = client.directories.create(name="in it", parent_id=made.id)
    assert (inner.path, inner.parent_id) == (f"{home}/in it", made.id)
    agreed = client.directories.create(path=f"{home}/x", name="x", parent_id=made.id)
    assert agreed.path == f"{home}/x"


def test_what_can_not_be_made(client: Any, raw: httpx.Client, home: str) -> None:
    made = client.directories.create(path=home)
    client.flows.upsert(path=f"{home}/Flow", attributes={})
    assert status(lambda: client.directories.create(path=home)) == 409
    assert status(lambda: client.directories.create(name=home)) == 409
    assert status(lambda: client.directories.create(path=f"{home}/Flow")) == 409
    assert status(lambda: client.directories.create(path=f"{home}/Flow/x")) == 409
    assert status(lambda: client.directories.create(name="x", parent_id="dir_x")) == 404
    for wrong in (
        {},
        {"path": ""},
        {"path": "/a"},
        {"path": "a//b"},
        {"path": "a/../b"},
        {"path": "x" * 256},
        {"name": "a/b"},
        {"path": f"{home}/y", "name": "z"},
        {"path": "y", "parent_id": made.id},
        {"path": 1},
    ):
        assert raw.post("/directories", json=wrong).status_code == 422, wrong


def test_a_directory_is_shown_with_what_is_around_it(client: Any, raw: httpx.Client, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    deep = client.directories.create(path=f"{home}/a/deep")
    flow = client.flows.upsert(path=f"{home}/a/Flow", attributes={})
    prompt = client.prompts.upsert(path=f"{home}/a/Prompt", model="m")
    client.flows.upsert(path=f"{home}/a/deep/Hidden from here", attributes={})
    shown = client.directories.get(made.id)
    assert [one.id for one in shown.subdirectories] == [deep.id]
    assert shown.files == [flow, prompt]
    assert [one.path for one in shown.parents] == [home, ""]
    assert set(raw.get(f"/directories/{made.id}").json()) == {
        *raw.post("/directories", json={"path": f"{home}/b"}).json(),
        "subdirectories",
        "files",
        "parents",
    }
    assert status(lambda: client.directories.get("dir_x")) == 404
    assert status(lambda: client.directories.get(flow.id)) == 404


def test_the_root(client: Any, raw: httpx.Client, home: str) -> None:
    client.directories.create(path=home)
    root = raw.get("/directories/root").json()
    assert (root["path"], root["name"], root["parent_id"], root["parents"]) == ("", "", None, [])
    assert home in [one["path"] for one in root["subdirectories"]]
    assert raw.get(f"/directories/{root['id']}").json()["path"] == ""
    for change in ({"name": "x"}, {"path": "x"}, {}):
        assert raw.patch(f"/directories/{root['id']}", json=change).status_code == 409
    assert raw.delete("/directories/root").status_code == 409


def test_all_directories_are_listed(client: Any, raw: httpx.Client, home: str) -> None:
    client.flows.upsert(path=f"{home}/made/by the way/Flow", attributes={})
    everything = raw.get("/directories").json()
    assert isinstance(everything, list)
    paths = [one["path"] for one in everything]
    assert paths[0] == ""
    assert {home, f"{home}/made", f"{home}/made/by the way"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert [one.path for one in client.directories.list()] == paths


def test_a_move_takes_everything_along(client: Any, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    flow = client.flows.upsert(path=f"{home}/a/b/Flow", attributes={})
    beside = client.flows.upsert(path=f"{home}/ab", attributes={})
    moved = client.directories.update(made.id, path=f"{home}/new/place")
    assert (moved.id, moved.path) == (made.id, f"{home}/new/place")
    assert moved.updated_at > made.updated_at
    assert client.flows.get(flow.id).path == f"{home}/new/place/b/Flow"
    assert client.files.retrieve_by_path(path=f"{home}/new/place/b/Flow").id == flow.id
    assert client.flows.get(beside.id) == beside
    assert status(lambda: client.files.retrieve_by_path(path=flow.path)) == 404
    assert status(lambda: client.files.list_files(path=f"{home}/a")) == 404
    assert [one.id for one in client.files.list_files(path=f"{home}/new").records] == [flow.id]


def test_a_rename_and_a_move_by_parts(client: Any, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    other = client.directories.create(path=f"{home}/b")
    flow = client.flows.upsert(path=f"{home}/a/Flow", attributes={})
    assert client.directories.update(made.id, name="c").path == f"{home}/c"
    assert client.directories.update(made.id, parent_id=other.id).path == f"{home}/b/c"
    assert client.directories.update(made.id, parent_id="root", name=f"{home} top").path == f"{home} top"
    assert client.flows.get(flow.id).path == f"{home} top/Flow"
    same = client.directories.update(made.id, path=f"{home} top")
    assert same == client.directories.update(made.id)


def test_what_can_not_be_moved(client: Any, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    inner = client.directories.create(path=f"{home}/a/b")
    client.flows.upsert(path=f"{home}/Flow", attributes={})
    client.directories.create(path=f"{home}/taken")
    into_itself = {"path": f"{home}/a/b/c"}, {"parent_id": inner.id}, {"parent_id": made.id}
    taken = {"path": f"{home}/taken"}, {"name": "Flow"}, {"path": f"{home}/Flow/x"}
    for change in (*into_itself, *taken):
        assert status(lambda change=change: client.directories.update(made.id, **change)) == 409, change
    assert status(lambda: client.directories.update("dir_x", name="x")) == 404
    assert status(lambda: client.directories.update(made.id, parent_id="dir_x")) == 404
    with pytest.raises(UnprocessableEntityError):
        client.directories.update(made.id, name="a/b")
    with pytest.raises(UnprocessableEntityError):
        client.directories.update(made.id, path=f"{home}/x", name="y")
    assert client.directories.get(made.id).path == f"{home}/a"


def test_no_path_grows_too_long_by_a_move(client: Any, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    deep = "/".join(["x" * 200] * 4)
    client.directories.create(path=f"{home}/a/{deep}")
    with pytest.raises(UnprocessableEntityError):
        client.directories.update(made.id, path=f"{home}/{'y' * 250}")
    assert client.directories.update(made.id, path=f"{home}/{'y' * 100}").name == "y" * 100


def test_only_an_empty_directory_is_deleted(client: Any, raw: httpx.Client, home: str) -> None:
    made = client.directories.create(path=f"{home}/a")
    inner = client.directories.create(path=f"{home}/a/b")
    flow = client.flows.upsert(path=f"{home}/a/Flow", attributes={})
    assert status(lambda: client.directories.delete(made.id)) == 409
    client.flows.delete(flow.id)
    assert status(lambda: client.directories.delete(made.id)) == 409
    client.directories.delete(inner.id)
    answer = raw.delete(f"/directories/{made.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert status(lambda: client.directories.delete(made.id)) == 404
    assert client.directories.create(path=f"{home}/a").id != made.id


def test_many_files_come_whole(client: Any, raw: httpx.Client, home: str) -> None:
    made = client.directories.create(path=home)
    for number in range(205):
        raw.post("/flows", json={"path": f"{home}/{number:03}", "attributes": {}}).raise_for_status()
    client.directories.create(path=f'{home}/"files":[')
    shown = client.directories.get(made.id)
    assert [one.name for one in shown.files] == [f"{number:03}" for number in range(205)]
    assert [one.name for one in shown.subdirectories] == ['"files":[']
    assert [one.path for one in shown.parents] == [""]


def test_who_is_first_makes_it(server: LiveServer, home: str) -> None:
    """8.44: the same path at once: one directory, and for the others a conflict."""

    def make(number: int) -> int:
        with httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as client:
            if number % 2:
                path = f"{home}/together/{number}"
                return client.post("/flows", json={"path": path, "attributes": {}}).status_code
            return client.post("/directories", json={"path": f"{home}/together"}).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(make, range(12)))
    assert set(answers[1::2]) == {200}
    assert sorted(answers[::2])[-5:] == [409] * 5
    with httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as client:
        paths = [one["path"] for one in client.get("/directories").json()]
    assert paths.count(f"{home}/together") == 1


def test_a_readers_key_only_reads(make_server: Any) -> None:
    from tests.contract.humanloop.conftest import issue_key

    live = make_server()
    admin = live.humanloop(issue_key(live, email="a@example.com", right="admin"))
    reader = live.humanloop(issue_key(live, email="r@example.com", right="reader"))
    made = admin.directories.create(path="a")
    assert reader.directories.get(made.id).path == "a"
    assert len(reader.directories.list()) == 2
    for call in (
        lambda: reader.directories.create(path="b"),
        lambda: reader.directories.update(made.id, name="b"),
        lambda: reader.directories.delete(made.id),
    ):
        assert status(call) == 401
