"""Lists of files of all kinds, and files by their paths (humanloop 4.2, Files; 0.7, 8.40)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError

pytestmark = pytest.mark.live


@pytest.fixture
def four(client: Any, home: str) -> dict[str, Any]:
    """A file of each kind in a directory of the test's own, oldest first, by name."""
    code = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "python"}
    return {
        "Flow": client.flows.upsert(path=f"{home}/Flow", attributes={"a": 1}),
        "Prompt": client.prompts.upsert(path=f"{home}/deep/Prompt", model="m"),
        "Tool": client.tools.upsert(path=f"{home}/deep/Tool", function={"name": "f", "description": "d"}),
        "Evaluator": client.evaluators.upsert(
            path=f"{home}/Evaluator", spec={**code, "code": "def judge(log): return True"}
        ),
    }


def names(page: Any) -> list[str]:
    return [record.name for record in page.records]


def refused(call: Any) -> tuple[int, Any]:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code), caught.value.body


def test_files_of_all_kinds_are_listed_below_a_directory(
    client: Any, home: str, four: dict[str, Any]
) -> None:
    page = client.files.list_files(path=home)
    assert names(page) == ["Evaluator", "Tool", "Prompt", "Flow"]
    assert [type(record).__name__ for record in page.records] == [
        "EvaluatorResponse",
        "ToolResponse",
        "PromptResponse",
        "FlowResponse",
    ]
    assert {record.name: record.version_id for record in page.records} == {
        name: one.version_id for name, one in four.items()
    }
    assert names(client.files.list_files(path=f"{home}/deep")) == ["Tool", "Prompt"]


def test_filters_and_orders(client: Any, home: str, four: dict[str, Any]) -> None:
    listed = lambda **options: names(client.files.list_files(path=home, **options))  # noqa: E731
    assert listed(type="flow") == ["Flow"]
    assert listed(type=["flow", "tool"]) == ["Tool", "Flow"]
    assert listed(type=["agent", "dataset"]) == []
    assert listed(name="OL") == ["Tool"]
    assert listed(template=True) == []
    assert listed(template=False, order="asc") == ["Flow", "Prompt", "Tool", "Evaluator"]
    assert listed(sort_by="name", order="asc") == ["Evaluator", "Flow", "Prompt", "Tool"]
    client.flows.move(four["Flow"].id, name="Flow 2")
    assert listed(sort_by="updated_at")[0] == "Flow 2"
    assert listed(name="oo", type=["flow"]) == []
    assert listed(include_raw_file_content=True) == ["Evaluator", "Tool", "Prompt", "Flow 2"]


def test_pages(raw: httpx.Client, home: str, four: dict[str, Any]) -> None:
    first = raw.get("/files", params={"path": home, "size": 3}).json()
    assert (len(first["records"]), first["page"], first["size"], first["total"]) == (3, 1, 3, 4)
    second = raw.get("/files", params={"path": home, "size": 3, "page": 2}).json()
    assert [record["name"] for record in second["records"]] == ["Flow"]
    past = raw.get("/files", params={"path": home, "page": 10**30, "size": 3}).json()
    assert (past["records"], past["total"]) == ([], 4)
    none = raw.get("/files", params={"path": home, "size": 0}).json()
    assert (none["records"], none["total"]) == ([], 4)
    assert raw.get("/files", params={"size": 100_000}).status_code == 422
    assert raw.get("/files", params={"type": "folder"}).status_code == 422
    assert raw.get("/files", params={"sort_by": "size"}).status_code == 422


def test_everything_is_below_the_root(raw: httpx.Client, four: dict[str, Any]) -> None:
    """4.6: an empty path is everything."""
    everything = raw.get("/files", params={"path": "", "size": 4}).json()
    assert [record["id"] for record in everything["records"]] == [
        one.id for one in reversed(list(four.values()))
    ]
    assert everything["total"] == raw.get("/files?size=0").json()["total"]
    one = raw.get("/files", params={"name": "evaluator", "size": 1}).json()
    assert one["records"][0]["id"] == four["Evaluator"].id


def test_what_is_deployed_in_an_environment(client: Any, home: str, four: dict[str, Any]) -> None:
    second = client.flows.upsert(path=f"{home}/Flow", attributes={"a": 2})
    assert names(client.files.list_files(path=home, environment="staging")) == []
    client.flows.set_deployment(second.id, "staging", version_id=second.version_id)
    (there,) = client.files.list_files(path=home, environment="staging").records
    assert there.version_id == second.version_id
    shown = {one.name: one for one in client.files.list_files(path=home, environment="production").records}
    assert set(shown) == set(four)
    assert shown["Flow"].version_id == four["Flow"].version_id
    every = client.files.list_files(environment="staging", name="Flow", size=100).records
    assert second.version_id in [one.version_id for one in every]


def test_what_is_not_there_is_an_error_in_these_words(client: Any, home: str, four: dict[str, Any]) -> None:
    """0.5, 8.40: clients look for these texts."""
    for path in (f"{home}/nowhere", f"{home}/Flow", f"{home}/", f"/{home}"):
        answer = refused(lambda path=path: client.files.list_files(path=path))
        assert answer == (404, {"detail": f"Directory `{path}` does not exist"})
    status, body = refused(lambda: client.files.list_files(environment="nowhere"))
    assert status == 404
    assert "Environment nowhere does not exist" in body["detail"]


def test_a_file_of_any_kind_is_found_by_its_path(client: Any, four: dict[str, Any]) -> None:
    for one in four.values():
        assert client.files.retrieve_by_path(path=one.path) == one
        assert client.files.retrieve_by_path(path=one.path, environment="production") == one


def test_a_path_without_a_file(client: Any, home: str, four: dict[str, Any]) -> None:
    for path in ("nowhere", home, f"{home}/deep", f"{home}/Flow/node", "", "/", "\x1f"):
        status, _ = refused(lambda path=path: client.files.retrieve_by_path(path=path))
        assert status == 404, path
    path = four["Tool"].path
    assert refused(lambda: client.files.retrieve_by_path(path=path, environment="staging"))[0] == 404
    assert refused(lambda: client.files.retrieve_by_path(path=path, environment="nowhere"))[0] == 404
    with pytest.raises(UnprocessableEntityError):
        client.files.retrieve_by_path(path=None)
