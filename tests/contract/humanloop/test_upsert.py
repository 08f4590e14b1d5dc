"""Upsert: which file, which version, which name (humanloop 1.8, 2.1-2.5, 2.14, 8.1-8.11)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError

pytestmark = pytest.mark.live


def test_equal_attributes_are_one_version(client: Any, path: str) -> None:
    """Appendix B 1; 2.2: nothing of the version changes."""
    first = client.flows.upsert(path=path, attributes={"a": 1, "b": {"x": [1, 2], "y": None}})
    again = client.flows.upsert(path=path, attributes={"b": {"y": None, "x": [1, 2]}, "a": 1.0})
    assert again == first
    assert len(client.flows.list_versions(first.id).records) == 1


def test_other_attributes_are_another_version_deployed_nowhere(client: Any, path: str) -> None:
    """Appendix B 2; 2.3."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2})
    assert second.id == first.id
    assert second.version_id != first.version_id
    assert second.environments == []
    assert client.flows.get(first.id).version_id == first.version_id
    records = client.flows.list_versions(first.id).records
    assert [record.version_id for record in records] == [second.version_id, first.version_id]
    assert [[e.name for e in record.environments] for record in records] == [[], ["production"]]


def test_a_taken_version_name_is_a_conflict_and_nothing_is_made(client: Any, path: str) -> None:
    """Appendix B 3; 2.3."""
    first = client.flows.upsert(path=path, attributes={"a": 1}, version_name="v1")
    with pytest.raises(ApiError) as caught:
        client.flows.upsert(path=path, attributes={"a": 2}, version_name="v1")
    assert caught.value.status_code == 409
    assert caught.value.body["detail"].startswith("Version name `v1` already exists for this Flow")
    assert len(client.flows.list_versions(first.id).records) == 1


def test_version_names_are_case_sensitive_and_per_flow(client: Any, path: str, home: str) -> None:
    """2.3."""
    client.flows.upsert(path=path, attributes={"a": 1}, version_name="v1")
    assert client.flows.upsert(path=path, attributes={"a": 2}, version_name="V1").version_name == "V1"
    other = client.flows.upsert(path=f"{home}/other", attributes={"a": 3}, version_name="v1")
    assert other.version_name == "v1"


def test_equal_content_is_relabelled(client: Any, path: str) -> None:
    """2.2, 2.14, 8.2."""
    first = client.flows.upsert(path=path, attributes={}, version_name="v1", version_description="one")
    same = client.flows.upsert(path=path, attributes={}, version_name="v1")
    assert same == first
    renamed = client.flows.upsert(path=path, attributes={}, version_name="v2")
    assert (renamed.version_id, renamed.version_name) == (first.version_id, "v2")
    assert renamed.version_description == "one"
    assert renamed.updated_at > first.updated_at
    assert renamed.created_at == first.created_at
    kept = client.flows.upsert(path=path, attributes={}, version_name=None, version_description=None)
    assert kept == renamed
    described = client.flows.upsert(path=path, attributes={}, version_description="two")
    assert (described.version_name, described.version_description) == ("v2", "two")


def test_relabelling_takes_no_name_of_another_version(client: Any, path: str) -> None:
    """2.2."""
    first = client.flows.upsert(path=path, attributes={"a": 1}, version_name="v1")
    client.flows.upsert(path=path, attributes={"a": 2}, version_name="v2")
    with pytest.raises(ApiError) as caught:
        client.flows.upsert(path=path, attributes={"a": 1}, version_name="v2", version_description="not kept")
    assert caught.value.status_code == 409
    assert client.flows.get(first.id) == first


def test_the_file_is_named_by_id_by_path_or_by_both(client: Any, path: str, home: str) -> None:
    """2.5."""
    made = client.flows.upsert(path=path, attributes={"a": 1})
    assert client.flows.upsert(id=made.id, attributes={"a": 1}) == made
    assert client.flows.upsert(id=made.id, path=path, attributes={"a": 1}) == made
    assert client.flows.upsert(id=None, path=path, attributes={"a": 1}) == made
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.upsert(id=made.id, path=f"{home}/other", attributes={"a": 1})
    assert [item.loc for item in caught.value.body.detail] == [["body", "path"]]


def test_an_unknown_id_is_not_found(client: Any) -> None:
    """Appendix B 5."""
    with pytest.raises(ApiError) as caught:
        client.flows.upsert(id="fl_nosuchflow", attributes={})
    assert caught.value.status_code == 404
    assert caught.value.body == {"detail": "Flow with ID `fl_nosuchflow` not found."}


def test_neither_id_nor_path(client: Any) -> None:
    """8.8."""
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.upsert(attributes={})
    (item,) = caught.value.body.detail
    assert "`id`" in item.msg
    assert "`path`" in item.msg


def test_directories_are_made_and_shared(client: Any, home: str) -> None:
    """2.4."""
    one = client.flows.upsert(path=f"{home}/a/b/one", attributes={})
    two = client.flows.upsert(path=f"{home}/a/b/two", attributes={})
    assert one.directory_id == two.directory_id
    assert client.flows.upsert(path=f"{home}/a/three", attributes={}).directory_id != one.directory_id


def test_files_at_the_top_are_in_the_root(client: Any, home: str) -> None:
    """0.9, 2.4."""
    one = client.flows.upsert(path=f"{home} one", attributes={})
    two = client.flows.upsert(path=f"{home} two", attributes={})
    assert one.directory_id == two.directory_id
    assert (one.name, one.path) == (f"{home} one", f"{home} one")


@pytest.mark.parametrize(
    "name",
    ["MedQA (v1.2) [draft]", "Ünï – 日本語 😀", "a.b-c_d", "what? #1 & 100%", "x" * 255, "e\u0301", "'\"\\"],
)
def test_any_punctuation_makes_a_path(client: Any, home: str, name: str) -> None:
    """2.4, 8.9: and it is shown as it was sent."""
    made = client.flows.upsert(path=f"{home}/{name}/{name}", attributes={})
    assert (made.path, made.name) == (f"{home}/{name}/{name}", name)
    assert client.files.retrieve_by_path(path=made.path) == made


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "/{0}",
        "{0}/",
        "{0}//x",
        "{0}/.",
        "{0}/../x",
        "{0}/a\nb",
        "{0}/a\0b",
        "{0}/ a",
        "{0}/a ",
        "{0}/" + "x" * 256,
        "{0}/" + "y/" * 600 + "z",
    ],
)
def test_illegal_paths(client: Any, home: str, bad: str) -> None:
    """2.4, 8.9."""
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.upsert(path=bad.format(home), attributes={})
    assert [item.loc for item in caught.value.body.detail] == [["body", "path"]]


def test_paths_are_case_sensitive(client: Any, home: str) -> None:
    """2.4, 8.10."""
    one = client.flows.upsert(path=f"{home}/Flow", attributes={})
    two = client.flows.upsert(path=f"{home}/flow", attributes={})
    assert one.id != two.id


def test_a_path_is_a_file_or_a_directory(client: Any, home: str) -> None:
    """2.4, 8.7."""
    client.flows.upsert(path=f"{home}/a/b", attributes={})
    for taken in (f"{home}/a", f"{home}/a/b/c"):
        with pytest.raises(ApiError) as caught:
            client.flows.upsert(path=taken, attributes={})
        assert caught.value.status_code == 409


@pytest.mark.parametrize("attributes", [None, [], "text", 1, True])
def test_attributes_must_be_an_object(raw: httpx.Client, path: str, attributes: Any) -> None:
    """8.46."""
    response = raw.post("/flows", json={"path": path, "attributes": attributes})
    assert response.status_code == 422
    (item,) = response.json()["detail"]
    assert item["loc"] == ["body", "attributes"]
    assert set(item) == {"loc", "msg", "type"}
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_attributes_must_be_there(raw: httpx.Client, path: str) -> None:
    """Appendix B 5, 8.46."""
    expected = {"loc": ["body", "attributes"], "msg": "Field required", "type": "missing"}
    assert raw.post("/flows", json={"path": path}).json() == {"detail": [expected]}
    assert raw.post("/flows", content=b"").json() == {"detail": [expected]}


def test_the_sdk_raises_its_own_class_for_a_rule_that_is_broken(client: Any, path: str) -> None:
    """0.5, Appendix B 5."""
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.upsert(path=path, attributes=None)
    assert caught.value.status_code == 422
    assert [item.loc for item in caught.value.body.detail] == [["body", "attributes"]]


def test_every_problem_is_listed(raw: httpx.Client) -> None:
    """0.5."""
    body = {"path": 1, "id": [], "version_name": {}, "version_description": True, "attributes": 5}
    detail = raw.post("/flows", json=body).json()["detail"]
    assert sorted(item["loc"][1] for item in detail) == sorted(body)


def test_names_that_look_like_fields_are_ordinary_attributes(client: Any, path: str) -> None:
    """1.8."""
    made = client.flows.upsert(path=path, attributes={"version_name": "n", "path": "p"})
    assert made.version_name is None
    assert made.attributes == {"version_name": "n", "path": "p"}


def test_an_empty_version_name_is_refused(client: Any, path: str) -> None:
    """2.14."""
    with pytest.raises(UnprocessableEntityError) as caught:
        client.flows.upsert(path=path, attributes={}, version_name="")
    assert [item.loc for item in caught.value.body.detail] == [["body", "version_name"]]


def test_unknown_keys_and_parameters_are_ignored(raw: httpx.Client, path: str) -> None:
    """0.3."""
    response = raw.post("/flows", params={"x": "y"}, json={"path": path, "attributes": {}, "new": [1]})
    assert response.status_code == 200
    assert "new" not in response.json()


def test_a_deleted_version_is_revived_without_its_name(client: Any, path: str) -> None:
    """2.2, 8.3."""
    client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2}, version_name="n")
    client.flows.delete_flow_version(second.id, second.version_id)
    revived = client.flows.upsert(path=path, attributes={"a": 2})
    assert (revived.version_id, revived.version_name) == (second.version_id, None)
    assert revived.created_at == second.created_at
    client.flows.delete_flow_version(second.id, second.version_id)
    assert client.flows.upsert(path=path, attributes={"a": 2}, version_name="m").version_name == "m"


def test_the_attributes_are_answered_as_they_were_first_sent(raw: httpx.Client, path: str) -> None:
    """8.1: equal content is one version, whose first spelling is kept."""
    first = b'{ "b":1.50 , "a" : [1.0,\t1E2, -0.0], "\\u00e9":"\\u00e9" }'
    body = b'{"path":' + json.dumps(path).encode() + b',"attributes":' + first + b"}"
    assert first in raw.post("/flows", content=body).content
    again = raw.post("/flows", json={"path": path, "attributes": {"é": "é", "a": [1, 100, 0], "b": 1.5}})
    assert first in again.content
