"""Every key of every flow response, on the wire and in the SDK (humanloop 0.6, 0.8, 0.9, 1.1, 2.10, 2.11)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import httpx
import pytest
from humanloop.types import EnvironmentResponse, FlowResponse

pytestmark = pytest.mark.live

KEYS = [
    "path",
    "id",
    "directory_id",
    "attributes",
    "version_name",
    "version_description",
    "name",
    "description",
    "schema",
    "readme",
    "tags",
    "version_id",
    "type",
    "environments",
    "created_at",
    "updated_at",
    "created_by",
    "last_used_at",
    "version_logs_count",
    "evaluator_aggregates",
    "evaluators",
]
NAIVE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def check(shown: dict[str, Any]) -> None:
    """What must hold of every flow response."""
    assert sorted(shown) == sorted(KEYS)
    assert re.fullmatch(r"fl_[0-9A-Za-z]{21}", shown["id"])
    assert re.fullmatch(r"flv_[0-9A-Za-z]{21}", shown["version_id"])
    assert re.fullmatch(r"dir_[0-9A-Za-z]{21}", shown["directory_id"])
    assert shown["name"] == shown["path"].rpartition("/")[2]
    assert shown["type"] == "flow"
    assert isinstance(shown["attributes"], dict)
    for time in ("created_at", "updated_at", "last_used_at"):
        assert NAIVE_TIME.fullmatch(shown[time])
    for environment in shown["environments"]:
        assert list(environment) == ["id", "created_at", "name", "tag"]
        assert re.fullmatch(r"env_[0-9A-Za-z]{21}", environment["id"])
        assert NAIVE_TIME.fullmatch(environment["created_at"])
    assert list(shown["created_by"]) == ["id", "email_address", "full_name"]
    assert re.fullmatch(r"usr_[0-9A-Za-z]{21}", shown["created_by"]["id"])


def test_every_key_of_an_upsert_with_its_value(raw: httpx.Client, path: str) -> None:
    response = raw.post(
        "/flows",
        json={
            "path": path,
            "attributes": {"graph": "v3"},
            "version_name": "r12",
            "version_description": "The twelfth.",
        },
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    shown = response.json()
    check(shown)
    assert shown["path"] == path
    assert shown["attributes"] == {"graph": "v3"}
    assert shown["version_name"] == "r12"
    assert shown["version_description"] == "The twelfth."
    assert shown["name"] == "Triage"
    assert shown["description"] is None
    assert shown["schema"] is None
    assert shown["readme"] is None
    assert shown["tags"] == []
    assert [(e["name"], e["tag"]) for e in shown["environments"]] == [("production", "default")]
    assert shown["created_at"] == shown["updated_at"] == shown["last_used_at"]
    assert shown["created_by"]["email_address"] == "local@headrace.invalid"
    assert shown["created_by"]["full_name"] == "Local User"
    assert shown["version_logs_count"] == 0
    assert shown["evaluator_aggregates"] is None
    assert shown["evaluators"] == []


def test_every_field_of_an_upsert_in_the_sdk(client: Any, path: str) -> None:
    flow = client.flows.upsert(
        path=path, attributes={"graph": "v3"}, version_name="r12", version_description="The twelfth."
    )
    assert isinstance(flow, FlowResponse)
    assert (flow.path, flow.name, flow.type) == (path, "Triage", "flow")
    assert flow.id.startswith("fl_")
    assert flow.version_id.startswith("flv_")
    assert flow.directory_id.startswith("dir_")
    assert flow.attributes == {"graph": "v3"}
    assert (flow.version_name, flow.version_description) == ("r12", "The twelfth.")
    assert (flow.description, flow.schema_, flow.readme, flow.tags) == (None, None, None, [])
    (environment,) = flow.environments
    assert isinstance(environment, EnvironmentResponse)
    assert (environment.name, environment.tag) == ("production", "default")
    for moment in (flow.created_at, flow.updated_at, flow.last_used_at, environment.created_at):
        assert isinstance(moment, datetime)
        assert moment.tzinfo is None  # humanloop 8.41
    assert flow.created_by["email_address"] == "local@headrace.invalid"
    assert flow.version_logs_count == 0
    assert flow.evaluator_aggregates is None
    assert flow.evaluators == []


def test_every_operation_answers_with_every_key(raw: httpx.Client, path: str) -> None:
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    flow, version = f"/flows/{made['id']}", made["version_id"]
    answers = [
        raw.get(flow),
        raw.patch(flow, json={}),
        raw.patch(f"{flow}/versions/{version}", json={"name": "n"}),
        raw.post(f"{flow}/environments/staging", params={"version_id": version}),
        raw.post("/files/retrieve-by-path", json={"path": path}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        check(answer.json())
    check(raw.get(f"{flow}/versions").json()["records"][0])
    check(raw.get(f"{flow}/environments").json()[0]["file"])
    check(raw.get("/flows", params={"size": 1}).json()["records"][0])


def test_a_list_is_a_page(raw: httpx.Client, path: str) -> None:
    raw.post("/flows", json={"path": path, "attributes": {}})
    page = raw.get("/flows").json()
    assert list(page) == ["records", "page", "size", "total"]
    assert (page["page"], page["size"]) == (1, 10)


def test_environments_are_a_bare_list(raw: httpx.Client, path: str) -> None:
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    listed = raw.get(f"/flows/{made['id']}/environments").json()
    assert [list(one) for one in listed] == [["id", "created_at", "name", "tag", "file"]] * len(listed)
    assert [(one["name"], one["tag"]) for one in listed] == [("production", "default"), ("staging", "other")]
    assert listed[0]["file"] == made
    assert listed[1]["file"] is None


def test_the_first_union_member_that_fits_is_a_flow(client: Any, path: str) -> None:
    """Appendix B 1, humanloop 0.6: an incomplete object would silently arrive as a prompt."""
    made = client.flows.upsert(path=path, attributes={"a": None})
    assert type(client.files.retrieve_by_path(path=path)) is FlowResponse
    assert type(client.flows.list_environments(made.id)[0].file) is FlowResponse


def test_aggregates_are_null_unless_asked_for(raw: httpx.Client, path: str) -> None:
    """Humanloop 2.13."""
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    versions = f"/flows/{made['id']}/versions"
    for asked, expected in ((None, None), ("false", None), ("true", []), ("True", []), ("1", [])):
        params = {} if asked is None else {"evaluator_aggregates": asked}
        (record,) = raw.get(versions, params=params).json()["records"]
        assert record["evaluator_aggregates"] == expected


def test_times_may_say_their_zone(make_server: Any) -> None:
    """Humanloop 8.41: a server's option."""
    live = make_server(zoned_timestamps="true", store="memory:")
    flow = live.humanloop().flows.upsert(path="x", attributes={})
    assert flow.created_at.utcoffset().total_seconds() == 0
