"""What of datasets differs from other files (humanloop 2.1, 4.2 Datasets, 5.5), through the real SDK."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError
from humanloop.types import DatasetResponse
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live


def point(number: object, **more: Any) -> dict[str, Any]:
    return {"inputs": {"q": str(number)}, **more}


def points(*numbers: object) -> list[dict[str, Any]]:
    return [point(number) for number in numbers]


def questions(shown: Any) -> list[str]:
    return [one.inputs["q"] for one in shown.datapoints]


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code)


@pytest.fixture
def datasets(client: Any) -> Any:
    return client.datasets


def test_datapoints_come_back_in_order_with_lasting_ids(datasets: Any, path: str) -> None:
    """4.2: duplicates are removed by inputs, messages and target."""
    messages = [{"role": "user", "content": "hi"}]
    sent = [
        point(2, target={"a": 1, "b": [1, None], "c": {"d": None}}),
        point(1),
        point(1, messages=messages),
        point(1),
        point(1, target=None),
        {"inputs": {"q": "1", "_dedupe_id": "x"}},
    ]
    made = datasets.upsert(path=path, datapoints=sent, include_datapoints=True)
    assert type(made) is DatasetResponse
    assert made.datapoints_count == len(made.datapoints) == 4
    assert [one.target for one in made.datapoints] == [sent[0]["target"], None, None, None]
    assert made.datapoints[2].messages[0].content == "hi"
    assert all(one.id.startswith("dp_") for one in made.datapoints)
    assert datasets.get(made.id).datapoints is None
    assert datasets.get(made.id, include_datapoints=True).datapoints == made.datapoints
    again = datasets.upsert(path=path, datapoints=sent[::-1], include_datapoints=True)
    assert again == made
    other = datasets.upsert(path=path, datapoints=[point(1), point(7)], include_datapoints=True)
    assert other.version_id != made.version_id
    assert other.datapoints[0].id == made.datapoints[1].id


def test_attributes(datasets: Any, path: str) -> None:
    """2.1."""
    plain = datasets.upsert(path=path, datapoints=points(1))
    assert plain.attributes is None
    told = datasets.upsert(path=path, datapoints=points(1), attributes={"a": {"b": None}, "c": 1.0})
    assert told.attributes == {"a": {"b": None}, "c": 1.0}
    assert told.version_id != plain.version_id
    same = datasets.upsert(path=path, datapoints=points(1), attributes={"c": 1, "a": {"b": None}})
    assert same == told
    assert datasets.upsert(path=path, datapoints=points(1), attributes=None) == plain


def test_what_is_added_to_and_removed_from(datasets: Any, path: str) -> None:
    """4.2: the newest version, whatever is deployed, unless another is named."""
    first = datasets.upsert(path=path, datapoints=points(1, 2))
    second = datasets.upsert(path=path, datapoints=points(3, 1), action="add", include_datapoints=True)
    assert questions(second) == ["1", "2", "3"]
    assert datasets.get(first.id).version_id == first.version_id
    less = datasets.upsert(id=first.id, datapoints=points(2, 9), action="remove", include_datapoints=True)
    assert questions(less) == ["1", "3"]
    more = {"datapoints": points(4), "action": "add", "include_datapoints": True}
    assert questions(datasets.upsert(path=path, environment="production", **more)) == ["1", "2", "4"]
    assert questions(datasets.upsert(version_id=second.version_id, **more)) == ["1", "2", "3", "4"]
    assert status(lambda: datasets.upsert(path=path, environment="staging", **more)) == 404
    assert status(lambda: datasets.upsert(path=path, version_id="dsv_none", **more)) == 404
    assert status(lambda: datasets.upsert(path=f"{path}/no", datapoints=[], action="remove")) == 404


def test_how_the_sdk_gets_a_dataset(datasets: Any, path: str) -> None:
    """5.5, steps 2 and 3."""
    datasets.upsert(path=path, datapoints=points(1))
    newest = datasets.upsert(path=path, datapoints=points(1, 2), attributes={"a": 1})
    found = datasets.upsert(path=path, datapoints=[], action="add")
    assert found == newest
    whole = datasets.get(id=found.id, version_id=found.version_id, include_datapoints=True)
    assert questions(whole) == ["1", "2"]
    assert len(datasets.list_versions(found.id).records) == 2
    empty = datasets.upsert(path=f"{path} 2", datapoints=[], action="add", include_datapoints=True)
    assert (empty.datapoints_count, empty.datapoints) == (0, [])


def test_evaluations_can_hand_on_inputs_without_a_look(raw: httpx.Client, path: str) -> None:
    """5.5: each datapoint has an object there."""
    body = {"path": path, "datapoints": [{}, {"inputs": None, "target": {"a": "b"}}]}
    shown = raw.post("/datasets", params={"include_datapoints": "true"}, json=body).json()
    assert [one["inputs"] for one in shown["datapoints"]] == [{}, {}]
    assert [sorted(one) for one in shown["datapoints"]] == [["id", "inputs", "messages", "target"]] * 2


def test_pages_of_datapoints(datasets: Any, raw: httpx.Client, path: str) -> None:
    """4.2: 50 on a page."""
    made = datasets.upsert(path=path, datapoints=points(*range(120)))
    at = f"/datasets/{made.id}/datapoints"
    first = raw.get(at).json()
    assert (len(first["records"]), first["page"], first["size"], first["total"]) == (50, 1, 50, 120)
    assert [one["inputs"]["q"] for one in raw.get(at, params={"page": 3}).json()["records"]] == [
        str(number) for number in range(100, 120)
    ]
    assert raw.get(at, params={"page": 4}).json()["records"] == []
    assert raw.get(at, params={"page": 10**30}).json()["records"] == []
    assert raw.get(at, params={"size": 0}).json()["total"] == 120
    assert len(raw.get(at, params={"size": 1000}).json()["records"]) == 120
    assert raw.get(at, params={"size": 10_001}).status_code == 422
    assert raw.get(at, params={"page": 0}).status_code == 422
    assert len(list(datasets.list_datapoints(made.id, size=7))) == 120
    other = datasets.upsert(path=path, datapoints=points(5))
    assert [one.inputs for one in datasets.list_datapoints(made.id, version_id=other.version_id)] == [
        {"q": "5"}
    ]
    assert status(lambda: datasets.list_datapoints(made.id, environment="staging")) == 404
    assert status(lambda: datasets.list_datapoints("ds_none")) == 404


@pytest.mark.parametrize("word", ["latest_saved", "latest_committed"])
def test_the_newest_version_is_listed_with_its_datapoints(datasets: Any, path: str, word: str) -> None:
    made = datasets.upsert(path=path, datapoints=points(1))
    datasets.upsert(path=path, datapoints=points(2, 3))
    newest, oldest = datasets.list_versions(made.id, include_datapoints=word).records
    assert questions(newest) == ["2", "3"]
    assert oldest.datapoints is None
    assert [one.datapoints for one in datasets.list_versions(made.id).records] == [None, None]


def test_many_versions_are_listed_with_the_datapoints_of_the_newest(raw: httpx.Client, path: str) -> None:
    for number in range(205):
        made = raw.post("/datasets", json={"path": path, "datapoints": [point(number)]}).json()
    at = f"/datasets/{made['id']}/versions"
    listed = raw.get(at, params={"include_datapoints": "latest_saved"}).json()["records"]
    assert len({one["version_id"] for one in listed}) == 205
    assert [one["inputs"]["q"] for one in listed[0]["datapoints"]] == ["204"]
    assert listed[1:] == raw.get(at).json()["records"][1:]
    assert raw.get(at, params={"include_datapoints": "all"}).status_code == 422


def csv(text: str) -> Any:
    return ("rows.csv", io.BytesIO(text.encode()), "text/csv")


def test_rows_of_a_csv_file_are_added(datasets: Any, path: str) -> None:
    """4.2: to what is deployed to the default environment, not to the newest version."""
    made = datasets.upsert(path=path, datapoints=points(1), attributes={"a": 1})
    newest = datasets.upsert(path=path, datapoints=points(2))
    added = datasets.upload_csv(made.id, file=csv('q,target.a\n3,x\n"4, ü",y\n1,\n'), version_name="csv")
    assert (added.datapoints_count, added.version_name, added.attributes) == (4, "csv", {"a": 1})
    shown = datasets.get(made.id, version_id=added.version_id, include_datapoints=True)
    assert questions(shown) == ["1", "3", "4, ü", "1"]
    assert [one.target for one in shown.datapoints] == [None, {"a": "x"}, {"a": "y"}, {"a": ""}]
    other = datasets.upload_csv(
        made.id, file=csv("q\n5\n"), version_id=newest.version_id, version_description="d"
    )
    assert (other.datapoints_count, other.version_description) == (2, "d")
    assert datasets.upload_csv(made.id, file=csv("q\n1\n")).version_id == made.version_id
    assert status(lambda: datasets.upload_csv(made.id, file=csv("q\n6\n"), version_name="csv")) == 409
    assert status(lambda: datasets.upload_csv("ds_none", file=csv("q\n6\n"))) == 404


def test_a_csv_file_that_is_wrong_changes_nothing(datasets: Any, path: str) -> None:
    made = datasets.upsert(path=path, datapoints=points(1))
    with pytest.raises(UnprocessableEntityError) as caught:
        datasets.upload_csv(made.id, file=csv("q\n1\n2,3\n"))
    (problem,) = caught.value.body.detail
    assert problem.loc == ["body", "file", 3]
    assert problem.msg == "Line 3: there are 2 values for 1 columns."
    assert len(datasets.list_versions(made.id).records) == 1


def test_forms_with_a_boundary_in_the_header_are_read_too(raw: httpx.Client, path: str) -> None:
    made = raw.post("/datasets", json={"path": path, "datapoints": []}).json()
    at = f"/datasets/{made['id']}/datapoints/csv"
    answer = raw.post(at, files={"file": ("a.csv", b"q\n1\n")}, data={"version_name": "v"})
    assert (answer.status_code, answer.json()["datapoints_count"]) == (200, 1)
    assert raw.post(at, content=b"{}").status_code == 400
    assert raw.post(at, files={"other": ("a.csv", b"q\n1\n")}).json()["detail"][0]["loc"] == ["body", "file"]


def test_a_body_that_is_wrong_is_told_in_full(raw: httpx.Client, path: str) -> None:
    body = {"path": path, "datapoints": [point(1), {"inputs": {"q": 5}}, 5], "action": "set"}
    detail = raw.post("/datasets", json=body).json()["detail"]
    assert [one["loc"] for one in detail] == [["body", "datapoints", 1, "inputs"], ["body", "datapoints", 2]]
    answer = raw.post("/datasets", json={"path": path})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "datapoints"])
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404
    assert raw.post("/datasets", json={"datapoints": []}).status_code == 422
    assert raw.post("/datasets", content=b"{").status_code == 400


def test_there_is_nothing_to_monitor(raw: httpx.Client, path: str) -> None:
    made = raw.post("/datasets", json={"path": path, "datapoints": []}).json()
    assert raw.post(f"/datasets/{made['id']}/evaluators", json={}).status_code == 404
    assert not {"evaluators", "version_logs_count", "total_logs_count"} & made.keys()


def test_datasets_are_among_the_files(client: Any, home: str, path: str) -> None:
    made = client.datasets.upsert(path=path, datapoints=points(1))
    assert client.files.retrieve_by_path(path=path) == made
    assert client.files.list_files(path=home, type="dataset").records == [made]
    assert client.directories.get(made.directory_id).files == [made]
    assert [one.id for one in client.datasets.list(name="TRIAGE", size=1)][:1] == [made.id]
    client.datasets.delete(made.id)
    assert client.files.list_files(path=home).records == []
    assert client.datasets.upsert(path=path, datapoints=points(1)).id != made.id


def test_who_adds_at_once_loses_nothing(server: LiveServer, path: str) -> None:
    client = server.humanloop()
    made = client.datasets.upsert(path=path, datapoints=points(0))

    def add(number: int) -> None:
        client.datasets.upsert(path=path, datapoints=points(number, "all"), action="add")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(add, range(1, 11)))
    newest = client.datasets.list_versions(made.id, include_datapoints="latest_saved").records[0]
    assert set(questions(newest)) == {*map(str, range(11)), "all"}


def test_a_large_dataset_is_answered_whole(raw: httpx.Client, path: str) -> None:
    """Beyond what is handled at once: everywhere a little at a time."""
    many = points(*range(3_000))
    made = raw.post("/datasets", json={"path": path, "datapoints": many}).json()
    assert made["datapoints_count"] == 3_000
    whole = raw.get(f"/datasets/{made['id']}", params={"include_datapoints": "true"}).json()
    assert [one["inputs"] for one in whole["datapoints"]] == [one["inputs"] for one in many]
    assert {**whole, "datapoints": None} == made
    query = {"include_datapoints": "true"}
    body = {"path": path, "datapoints": points("new"), "action": "add"}
    more = raw.post("/datasets", params=query, json=body).json()
    assert more["datapoints"][:-1] == whole["datapoints"]
    assert (
        len(raw.get(f"/datasets/{made['id']}/datapoints", params={"page": 3, "size": 1000}).json()["records"])
        == 1000
    )
