"""What holds of prompts, agents, tools, evaluators and datasets alike (humanloop 0.6, 1.4-1.14, 2.2-2.9, 4.2)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors import UnprocessableEntityError
from tests.contract.humanloop.kinds import KINDS, Kind

pytestmark = pytest.mark.live


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def files(client: Any, kind: Kind) -> Any:
    """The operations of the kind."""
    return kind.of(client)


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code)


def relabel(files: Any, kind: Kind, file: Any, **more: Any) -> Any:
    return getattr(files, kind.update_version)(file.id, file.version_id, **more)


def delete_version(files: Any, kind: Kind, file: Any) -> None:
    getattr(files, kind.delete_version)(file.id, file.version_id)


def keys(kind: Kind) -> set[str]:
    """What the SDK's class may be given."""
    names = {name for name, field in kind.shown.model_fields.items() if name != "schema_"}
    return names | {"schema"}


def test_every_operation_answers_with_every_key(raw: httpx.Client, kind: Kind, path: str) -> None:
    """0.6: an incomplete object arrives as another type."""
    made = raw.post(f"/{kind.operations}", json={"path": path, **kind.content(1)}).json()
    file, version = f"/{kind.operations}/{made['id']}", made["version_id"]
    answers = [
        made,
        raw.get(file).json(),
        raw.patch(file, json={}).json(),
        raw.patch(f"{file}/versions/{version}", json={"name": "n"}).json(),
        raw.post(f"{file}/environments/staging", params={"version_id": version}).json(),
        raw.post("/files/retrieve-by-path", json={"path": path}).json(),
        raw.get(f"{file}/versions").json()["records"][0],
        raw.get(f"{file}/environments").json()[0]["file"],
        raw.get(f"/{kind.operations}", params={"size": 1}).json()["records"][0],
    ]
    if kind.has_logs:
        answers.append(raw.post(f"{file}/evaluators", json={}).json())
    for shown in answers:
        assert keys(kind) <= set(shown)
        assert shown["type"] == kind.name
        assert re.fullmatch(kind.prefixes[0] + r"[0-9A-Za-z]{21}", shown["id"])
        assert re.fullmatch(kind.prefixes[1] + r"[0-9A-Za-z]{21}", shown["version_id"])
        assert shown["tags"] == []
        if kind.has_logs:
            assert (shown["total_logs_count"], shown["version_logs_count"]) == (0, 0)
            assert (shown["evaluators"], shown["evaluator_aggregates"]) == ([], None)
    assert made["created_at"] == made["updated_at"] == made["last_used_at"]


def test_the_first_union_member_that_fits_is_the_right_one(
    client: Any, files: Any, kind: Kind, path: str
) -> None:
    """0.6."""
    made = files.upsert(path=path, **kind.content(1))
    assert type(made) is kind.shown
    assert type(client.files.retrieve_by_path(path=path)) is kind.shown
    assert client.files.retrieve_by_path(path=path) == made
    (here, _) = files.list_environments(made.id)
    assert type(here.file) is kind.shown
    assert here.file == made


def test_equal_content_is_the_same_version(files: Any, kind: Kind, path: str) -> None:
    """2.2, 2.3, 2.7."""
    first = files.upsert(path=path, **kind.content(1))
    assert [e.name for e in first.environments] == ["production"]
    second = files.upsert(path=path, **kind.content(2))
    assert second.id == first.id
    assert second.version_id != first.version_id
    assert second.environments == []
    assert files.upsert(path=path, **kind.content(1)) == first
    assert files.get(first.id) == first
    assert [one.version_id for one in files.list_versions(first.id).records] == [
        second.version_id,
        first.version_id,
    ]


def test_a_version_has_its_name_and_description_by_upserts(files: Any, kind: Kind, path: str) -> None:
    """2.2, 2.14."""
    made = files.upsert(path=path, **kind.content(1), version_name="n", version_description="d")
    assert (made.version_name, made.version_description) == ("n", "d")
    assert files.upsert(path=path, **kind.content(1)) == made
    again = files.upsert(path=path, **kind.content(1), version_name="m")
    assert (again.version_id, again.version_name, again.version_description) == (made.version_id, "m", "d")
    assert status(lambda: files.upsert(path=path, **kind.content(2), version_name="m")) == 409
    assert len(files.list_versions(made.id).records) == 1


def test_a_name_that_is_taken_makes_no_file(client: Any, files: Any, kind: Kind, path: str) -> None:
    """2.3."""
    with pytest.raises(UnprocessableEntityError):
        files.upsert(path=path, **kind.content(1), version_name="")
    assert status(lambda: client.files.retrieve_by_path(path=path)) == 404


def test_a_version_is_relabelled(files: Any, kind: Kind, path: str) -> None:
    """1.11."""
    made = files.upsert(path=path, **kind.content(1))
    named = relabel(files, kind, made, name="n", description="d")
    assert (named.version_id, named.version_name, named.version_description) == (made.version_id, "n", "d")
    assert relabel(files, kind, made, name=None).version_name is None
    second = files.upsert(path=path, **kind.content(2), version_name="taken")
    assert status(lambda: relabel(files, kind, made, name="taken")) == 409
    assert files.get(made.id, version_id=second.version_id) == second


def test_a_deleted_version_is_revived(files: Any, kind: Kind, path: str) -> None:
    """2.9, 8.3, 8.14."""
    first = files.upsert(path=path, **kind.content(1))
    assert status(lambda: delete_version(files, kind, first)) == 409
    second = files.upsert(path=path, **kind.content(2), version_name="n")
    assert status(lambda: delete_version(files, kind, first)) == 409
    delete_version(files, kind, second)
    assert status(lambda: delete_version(files, kind, second)) == 404
    assert status(lambda: files.get(first.id, version_id=second.version_id)) == 404
    revived = files.upsert(path=path, **kind.content(2))
    assert (revived.version_id, revived.version_name) == (second.version_id, None)


def test_the_file_is_named_by_id_by_path_or_by_both(files: Any, kind: Kind, path: str, home: str) -> None:
    """2.5, 8.8."""
    made = files.upsert(path=path, **kind.content(1))
    assert files.upsert(id=made.id, **kind.content(1)) == made
    assert files.upsert(id=made.id, path=path, **kind.content(1)) == made
    assert files.upsert(id=None, path=path, **kind.content(1)) == made
    for names in ({"id": made.id, "path": f"{home}/other"}, {}):
        with pytest.raises(UnprocessableEntityError) as caught:
            files.upsert(**names, **kind.content(1))
        assert [item.loc for item in caught.value.body.detail] == [["body", "path"]]
    assert status(lambda: files.upsert(id=kind.prefixes[0] + "x", **kind.content(1))) == 404


def test_a_path_is_a_file_of_one_kind(client: Any, files: Any, kind: Kind, path: str, home: str) -> None:
    """2.4, 2.5, 8.7."""
    flow = client.flows.upsert(path=path, attributes={})
    assert status(lambda: files.upsert(path=path, **kind.content(1))) == 409
    assert status(lambda: files.upsert(id=flow.id, **kind.content(1))) == 404
    assert status(lambda: files.get(flow.id)) == 404
    mine = files.upsert(path=f"{home}/mine", **kind.content(1))
    assert status(lambda: client.flows.upsert(path=mine.path, attributes={})) == 409
    assert status(lambda: client.flows.get(mine.id)) == 404
    assert status(lambda: files.upsert(path=home, **kind.content(1))) == 409


def test_get_selects_a_version(files: Any, kind: Kind, path: str) -> None:
    """1.4, 2.7, 8.13."""
    first = files.upsert(path=path, **kind.content(1))
    second = files.upsert(path=path, **kind.content(2))
    files.set_deployment(first.id, "staging", version_id=second.version_id)
    assert files.get(first.id, environment="staging").version_id == second.version_id
    assert files.get(first.id, version_id=second.version_id).version_id == second.version_id
    assert status(lambda: files.get(first.id, environment="nowhere")) == 404
    with pytest.raises(UnprocessableEntityError):
        files.get(first.id, version_id=first.version_id, environment="staging")


def test_deploy_read_and_remove(files: Any, kind: Kind, path: str, environments: dict[str, str]) -> None:
    """1.12-1.14, 2.8."""
    made = files.upsert(path=path, **kind.content(1))
    deployed = files.set_deployment(made.id, environments["staging"], version_id=made.version_id)
    assert [e.name for e in deployed.environments] == ["production", "staging"]
    assert {e.name: e.file.version_id for e in files.list_environments(made.id)} == {
        "production": made.version_id,
        "staging": made.version_id,
    }
    assert files.remove_deployment(made.id, environments["staging"]) is None
    listed = {e.name: e.file for e in files.list_environments(made.id)}
    assert listed["staging"] is None
    assert status(lambda: files.set_deployment(made.id, "staging", version_id="x")) == 404


def test_move_and_delete(client: Any, files: Any, kind: Kind, path: str, home: str) -> None:
    """1.5, 1.6, 2.4, 2.9."""
    made = files.upsert(path=path, **kind.content(1))
    moved = files.move(made.id, path=f"{home}/deeper/Moved")
    assert (moved.id, moved.version_id, moved.path) == (made.id, made.version_id, f"{home}/deeper/Moved")
    assert moved.updated_at > made.updated_at
    assert files.move(made.id, name="Renamed").path == f"{home}/deeper/Renamed"
    client.flows.upsert(path=path, attributes={})
    assert status(lambda: files.move(made.id, path=path)) == 409
    assert files.delete(made.id) is None
    assert status(lambda: files.delete(made.id)) == 404
    assert status(lambda: files.get(made.id)) == 404
    again = files.upsert(path=f"{home}/deeper/Renamed", **kind.content(1))
    assert again.id != made.id


def test_lists(client: Any, files: Any, kind: Kind, home: str) -> None:
    """0.7, 1.7: of one kind, paged, filtered."""
    client.flows.upsert(path=f"{home}/List {home} flow", attributes={})
    for number in range(3):
        files.upsert(path=f"{home}/List {home} {number}", **kind.content(number))
    found = list(files.list(size=2, name=f"list {home} "))
    assert [type(one) for one in found] == [kind.shown] * 3
    assert [one.name[-1] for one in found] == ["2", "1", "0"]
    by_name = files.list(name=f"list {home} ", sort_by="name", order="asc", user_filter="local")
    assert [one.name[-1] for one in by_name] == ["0", "1", "2"]
    assert list(files.list(name=f"list {home} ", user_filter="nobody")) == []


def test_aggregates_are_null_unless_asked_for(files: Any, kind: Kind, path: str) -> None:
    """2.13."""
    if not kind.has_logs:
        assert "evaluator_aggregates" not in kind.shown.model_fields
        return
    made = files.upsert(path=path, **kind.content(1))
    for asked, expected in ((None, None), (False, None), (True, [])):
        (shown,) = files.list_versions(made.id, evaluator_aggregates=asked).records
        assert shown.evaluator_aggregates == expected


def test_equal_upserts_at_once_make_one_version(files: Any, kind: Kind, path: str) -> None:
    """8.44."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: files.upsert(path=path, **kind.content(1)), range(16)))
    assert len({(one.id, one.version_id) for one in made}) == 1
    assert len(files.list_versions(made[0].id).records) == 1


def test_flows_and_agents_alone_move_by_a_directorys_id(
    client: Any, raw: httpx.Client, kind: Kind, path: str, home: str
) -> None:
    """1.6."""
    made = raw.post(f"/{kind.operations}", json={"path": path, **kind.content(1)}).json()
    there = client.directories.create(path=f"{home}/there")
    moved = raw.patch(f"/{kind.operations}/{made['id']}", json={"directory_id": there.id})
    assert moved.status_code == 200
    assert moved.json()["path"] == (f"{home}/there/Triage" if kind.moves_by_id else path)
    unknown = raw.patch(f"/{kind.operations}/{made['id']}", json={"directory_id": "dir_nowhere"})
    assert unknown.status_code == (404 if kind.moves_by_id else 200)
