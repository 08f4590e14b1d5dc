"""Reading flows and listing them (humanloop 0.7, 1.4, 1.7, 1.9, 1.11, 2.7, 8.12, 8.13, 8.47)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError

pytestmark = pytest.mark.live


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    assert isinstance(caught.value.body["detail"], str)
    return int(caught.value.status_code)


def test_get_selects_a_version(client: Any, path: str) -> None:
    """1.4, 2.7."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2})
    client.flows.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.flows.get(first.id).version_id == first.version_id
    assert client.flows.get(first.id, version_id=second.version_id).version_id == second.version_id
    assert client.flows.get(first.id, environment="production").version_id == first.version_id
    assert client.flows.get(first.id, environment="staging").version_id == second.version_id
    both = client.flows.get(first.id, version_id=second.version_id, environment="staging")
    assert both.version_id == second.version_id
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.get(first.id, version_id=first.version_id, environment="staging")
    assert caught.value.body.detail[0].loc[0] == "query"


def test_what_is_not_there_is_not_found(client: Any, path: str, home: str) -> None:
    """1.4."""
    made = client.flows.upsert(path=path, attributes={})
    other = client.flows.upsert(path=f"{home}/other", attributes={})
    assert status(lambda: client.flows.get("fl_x")) == 404
    assert status(lambda: client.flows.get(path)) == 404
    assert status(lambda: client.flows.get(made.version_id)) == 404
    assert status(lambda: client.flows.get(made.id, version_id="flv_x")) == 404
    assert status(lambda: client.flows.get(made.id, version_id=other.version_id)) == 404
    assert status(lambda: client.flows.get(made.id, environment="nowhere")) == 404
    assert status(lambda: client.flows.get(made.id, environment="Production")) == 404
    assert status(lambda: client.flows.get(made.id, environment="staging")) == 404
    assert status(lambda: client.flows.list_versions("fl_x")) == 404
    assert status(lambda: client.flows.list_environments("fl_x")) == 404
    assert status(lambda: client.flows.update_flow_version("fl_x", made.version_id, name="n")) == 404
    assert status(lambda: client.flows.update_flow_version(made.id, other.version_id, name="n")) == 404


def test_an_unknown_environment_is_named(client: Any, path: str) -> None:
    """0.5."""
    made = client.flows.upsert(path=path, attributes={})
    with pytest.raises(ApiError, match=r"Environment nowhere does not exist"):
        client.flows.get(made.id, environment="nowhere")


def test_retrieve_by_path(client: Any, path: str, home: str) -> None:
    """4.2 Files, 2.7."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2})
    client.flows.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.files.retrieve_by_path(path=path).version_id == first.version_id
    staged = client.files.retrieve_by_path(path=path, environment="staging")
    assert staged.version_id == second.version_id
    assert client.files.retrieve_by_path(path=path, include_raw_file_content=True) == client.flows.get(
        first.id
    )
    for missing in (home, f"{path}/x", path.upper(), f"/{path}", ""):
        assert status(lambda path=missing: client.files.retrieve_by_path(path=path)) == 404
    with pytest.raises(UnprocessableEntityError):
        client.files.retrieve_by_path(path=None)


def test_the_pager_ends(client: Any, home: str) -> None:
    """0.7: a page past the end is empty and not an error."""
    for number in range(5):
        client.flows.upsert(path=f"{home}/Pager {home} {number}", attributes={})
    pager = client.flows.list(size=2, name=f"pager {home} ")
    assert [flow.name for flow in pager] == [f"Pager {home} {n}" for n in (4, 3, 2, 1, 0)]


def test_pages(raw: httpx.Client, home: str) -> None:
    """0.7, 1.7."""
    for number in range(3):
        raw.post("/flows", json={"path": f"{home}/Page {home} {number}", "attributes": {}})

    def page(**params: Any) -> tuple[list[str], dict[str, int]]:
        shown = raw.get("/flows", params={"name": f"page {home} ", **params}).json()
        names = [record["name"][-1] for record in shown.pop("records")]
        return names, shown

    assert page() == (["2", "1", "0"], {"page": 1, "size": 10, "total": 3})
    assert page(size=2) == (["2", "1"], {"page": 1, "size": 2, "total": 3})
    assert page(size=2, page=2) == (["0"], {"page": 2, "size": 2, "total": 3})
    assert page(size=2, page=3) == ([], {"page": 3, "size": 2, "total": 3})
    assert page(page=10**30) == ([], {"page": 10**30, "size": 10, "total": 3})
    assert page(size=0) == ([], {"page": 1, "size": 0, "total": 3})
    assert page(size=1000) == (["2", "1", "0"], {"page": 1, "size": 1000, "total": 3})
    assert page(order="asc")[0] == ["0", "1", "2"]
    assert page(sort_by="name", order="asc")[0] == ["0", "1", "2"]
    raw.post("/flows", json={"path": f"{home}/Page {home} 1", "attributes": {"new": 1}})
    assert page(sort_by="updated_at")[0] == ["1", "2", "0"]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=",
        "page=1.5",
        "page=" + "9" * 5000,
        "size=-1",
        "size=x",
        "size=1000000000",
        "sort_by=path",
        "sort_by=",
        "order=up",
        "order=ASC",
    ],
)
def test_bad_list_parameters(raw: httpx.Client, query: str) -> None:
    """0.7."""
    response = raw.get(f"/flows?{query}")
    assert response.status_code == 422
    (item,) = response.json()["detail"]
    assert item["loc"] == ["query", query.partition("=")[0]]


def test_filters(client: Any, home: str) -> None:
    """1.7: in any case, within the name only."""
    made = client.flows.upsert(path=f"{home}/Straße {home}", attributes={})
    client.flows.upsert(path=f"{home}/straße {home}/other", attributes={})
    found = list(client.flows.list(name=f"STRASSE {home}".replace("SS", "ß")))
    assert [flow.id for flow in found] == [made.id]
    assert list(client.flows.list(name=f"%{home}")) == []
    by_user = client.flows.list(name=f"straße {home}", user_filter="LOCAL@headrace")
    assert [flow.id for flow in by_user] == [made.id]
    assert [f.id for f in client.flows.list(name=f"straße {home}", user_filter="local us")] == [made.id]
    assert list(client.flows.list(name=f"straße {home}", user_filter="nobody")) == []


def test_a_list_has_one_record_for_each_flow_its_default_version(client: Any, path: str, home: str) -> None:
    """1.7, 2.7."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    client.flows.upsert(path=path, attributes={"a": 2})
    other = client.flows.upsert(path=f"{path} 2", attributes={})
    listed = {flow.id: flow.version_id for flow in client.flows.list(size=1000) if flow.path.startswith(path)}
    assert listed == {first.id: first.version_id, other.id: other.version_id}


def test_a_version_is_relabelled(client: Any, path: str) -> None:
    """1.11, 2.14: the keys differ from the response's; null clears, absent keeps."""
    made = client.flows.upsert(path=path, attributes={}, version_description="d")
    named = client.flows.update_flow_version(made.id, made.version_id, name="n")
    assert (named.version_name, named.version_description) == ("n", "d")
    assert named.updated_at > made.updated_at
    assert client.flows.update_flow_version(made.id, made.version_id) == named
    described = client.flows.update_flow_version(made.id, made.version_id, description="e")
    assert (described.version_name, described.version_description) == ("n", "e")
    cleared = client.flows.update_flow_version(made.id, made.version_id, name=None)
    assert (cleared.version_name, cleared.version_description) == (None, "e")
    assert (
        client.flows.update_flow_version(made.id, made.version_id, description=None).version_description
        is None
    )
    assert len(client.flows.list_versions(made.id).records) == 1
    with pytest.raises(UnprocessableEntityError):
        client.flows.update_flow_version(made.id, made.version_id, name="")


def test_relabelling_with_a_taken_name_is_a_conflict(client: Any, path: str) -> None:
    """1.11."""
    first = client.flows.upsert(path=path, attributes={"a": 1}, version_name="n")
    second = client.flows.upsert(path=path, attributes={"a": 2})
    assert status(lambda: client.flows.update_flow_version(first.id, second.version_id, name="n")) == 409
    assert client.flows.update_flow_version(first.id, first.version_id, name="n") == first


@pytest.mark.slow
def test_a_long_list_of_versions_is_whole(raw: httpx.Client, path: str) -> None:
    """1.9: it is not paged, so it is streamed."""
    ids = [
        raw.post("/flows", json={"path": path, "attributes": {"n": n}}).json()["version_id"]
        for n in range(450)
    ]
    flow = raw.post("/files/retrieve-by-path", json={"path": path}).json()["id"]
    answer = raw.get(f"/flows/{flow}/versions")
    assert list(answer.json()) == ["records"]
    records = answer.json()["records"]
    assert [record["version_id"] for record in records] == ids[::-1]
    assert [record["attributes"] for record in records] == [{"n": n} for n in range(450)][::-1]
    assert raw.head(f"/flows/{flow}/versions").content == b""
