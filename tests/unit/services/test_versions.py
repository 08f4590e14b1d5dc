"""Versions by content (humanloop 2.1-2.7, 2.9)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.errors import AlreadyExists, Conflict, Forbidden, InUse, Invalid, NotFound
from headrace.core.ports import FileSort
from headrace.core.versions import MAX_NUMBER
from headrace.services.deployments import deployments
from headrace.services.versions import version_changes, version_pages, versions


def relabel(registry: Registry, made: Any, **change: Any) -> Any:
    options = {"name": msgspec.UNSET, "description": msgspec.UNSET} | change
    return registry.run(
        version_changes.relabel(
            registry.ports,
            registry.principal,
            kind="flow",
            ref=made.file.id,
            version_id=made.version.id,
            **options,
        )
    )


def delete(registry: Registry, made: Any) -> None:
    registry.run(
        version_changes.delete_version(
            registry.ports, registry.principal, kind="flow", ref=made.file.id, version_id=made.version.id
        )
    )


def test_the_first_version_is_deployed_to_the_default_environment(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    assert [e.name for e in made.environments] == ["production"]
    assert made.created_by == registry.principal.user
    version = made.version
    assert version.created_at == version.updated_at == version.last_used_at
    assert version.logs_count == 0


def test_a_later_version_is_deployed_nowhere(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    second = registry.upsert({"x": 2})
    assert second.environments == ()
    assert registry.get(first.file.id).version == first.version
    assert [view.version.id for view in registry.listed(first.file.id)] == [
        second.version.id,
        first.version.id,
    ]


def test_directories_are_made_once(registry: Registry) -> None:
    one = registry.upsert(path="x/y/one")
    two = registry.upsert(path="x/y/two")
    assert one.file.directory_id == two.file.directory_id
    assert registry.inside(lambda tx: tx.files.at(path="x/y")).id == one.file.directory_id
    top = registry.upsert(path="top")
    assert registry.inside(lambda tx: tx.files.at(path="")).id == top.file.directory_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 0}, {"a": -0.0}),
        ({"a": 1e2}, {"a": 100}),
    ],
)
def test_equal_content_is_one_version(registry: Registry, one: Any, other: Any) -> None:
    first = registry.upsert(one)
    again = registry.upsert(other)
    assert again.version == first.version
    assert len(registry.listed(first.file.id)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 0}, {"a": False}),
        ({"a": None}, {}),
        ({"a": ""}, {"a": None}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": "é"}, {"a": "e\u0301"}),
        ({"a": "x"}, {"a": "X"}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 2**53}, {"a": 2**53 + 1}),
        ({"a": []}, {"a": {}}),
    ],
)
def test_unequal_content_is_two_versions(registry: Registry, one: Any, other: Any) -> None:
    first = registry.upsert(one)
    second = registry.upsert(other)
    assert second.version.id != first.version.id
    assert len(registry.listed(first.file.id)) == 2


def test_repeating_an_upsert_changes_nothing(registry: Registry) -> None:
    first = registry.upsert({"x": 1}, name="n", description="d")
    other = registry.as_user(Right.EDITOR)
    assert registry.upsert({"x": 1}, principal=other) == first
    assert registry.upsert({"x": 1}, name="n", description="d", principal=other) == first


def test_a_repeated_upsert_relabels(registry: Registry) -> None:
    first = registry.upsert({"x": 1}, name="old", description="d")
    renamed = registry.upsert({"x": 1}, name="new")
    assert (renamed.version.id, renamed.version.name) == (first.version.id, "new")
    assert renamed.version.description == "d"
    assert renamed.version.updated_at > first.version.updated_at
    described = registry.upsert({"x": 1}, description="")
    assert (described.version.name, described.version.description) == ("new", "")
    assert described.version.created_at == first.version.created_at


def test_a_version_name_belongs_to_one_version(registry: Registry) -> None:
    first = registry.upsert({"x": 1}, name="n")
    second = registry.upsert({"x": 2}, name="other")
    for content in ({"x": 2}, {"x": 3}):
        with pytest.raises(AlreadyExists, match="Version name `n` already exists for this Flow"):
            registry.upsert(content, name="n", description="not kept")
    listed = registry.listed(first.file.id)
    assert {v.version.id for v in listed} == {first.version.id, second.version.id}
    assert {v.version.description for v in listed} == {None}
    assert registry.upsert({"x": 3}, name="N").version.name == "N"


def test_names_are_per_file(registry: Registry) -> None:
    registry.upsert({"x": 1}, name="n")
    assert registry.upsert({"x": 2}, name="n", path="elsewhere").version.name == "n"


def test_a_name_may_not_be_empty(registry: Registry) -> None:
    with pytest.raises(Invalid) as caught:
        registry.upsert(name="")
    assert caught.value.problems[0].path == ("version_name",)


def test_id_and_path_must_name_one_file(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    by_id = registry.upsert({"x": 2}, path=None, ref=made.file.id)
    assert by_id.file.id == made.file.id
    assert registry.upsert({"x": 2}, path="a/b", ref=made.file.short_id).version == by_id.version
    for path in ("a/c", "a"):
        with pytest.raises(Invalid) as caught:
            registry.upsert({"x": 3}, path=path, ref=made.file.id)
        assert caught.value.problems[0].path == ("path",)
    with pytest.raises(Invalid, match="Either `id` or `path`"):
        registry.upsert(path=None)
    with pytest.raises(NotFound, match="Flow with ID `fl_x` not found"):
        registry.upsert(path=None, ref="fl_x")


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", ".", "a/../b", "a\nb", "a\0", " a", "a/b ", "x" * 256, "/".join(["abc"] * 257)],
)
def test_illegal_paths_are_refused(registry: Registry, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        registry.upsert(path=path)
    assert caught.value.problems[0].path == ("path",)


@pytest.mark.parametrize("path", ["Ünï/日本 語/(v1) [x], y: z!", "a.b/c-d_e.f", "x" * 255, "😀"])
def test_legal_paths_are_kept_as_they_are(registry: Registry, path: str) -> None:
    file = registry.upsert(path=path).file
    assert (file.path, file.name) == (path, path.rpartition("/")[2])


def test_a_path_is_a_file_or_a_directory(registry: Registry) -> None:
    registry.upsert(path="a/b")
    with pytest.raises(AlreadyExists, match="is a directory"):
        registry.upsert(path="a")
    with pytest.raises(AlreadyExists, match="not a directory"):
        registry.upsert(path="a/b/c")


def test_reading_a_version(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    second = registry.upsert({"x": 2})
    ref = first.file.id
    assert registry.get(ref, version_id=second.version.id).version == second.version
    assert registry.get(ref, environment="production").version == first.version
    assert registry.get(ref, version_id=first.version.id, environment="production").version == first.version
    with pytest.raises(Invalid):
        registry.get(ref, version_id=second.version.id, environment="production")
    with pytest.raises(NotFound, match="Environment nowhere does not exist"):
        registry.get(ref, environment="nowhere")
    with pytest.raises(NotFound, match="`staging`"):
        registry.get(ref, environment="staging")
    with pytest.raises(NotFound):
        registry.get(ref, version_id="flv_unknown")
    stranger = registry.upsert(path="other")
    with pytest.raises(NotFound):
        registry.get(ref, version_id=stranger.version.id)


def test_without_a_deployment_reads_fall_back_to_the_newest(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    second = registry.upsert({"x": 2})
    registry.run(
        deployments.undeploy(
            registry.ports, registry.principal, kind="flow", ref=first.file.id, environment="production"
        )
    )
    assert registry.get(first.file.id).version.id == second.version.id
    assert registry.get(first.file.id).environments == ()


def test_relabelling_sets_clears_and_keeps(registry: Registry) -> None:
    made = registry.upsert({"x": 1}, name="n", description="d")
    assert relabel(registry, made) == made
    described = relabel(registry, made, description="e")
    assert (described.version.name, described.version.description) == ("n", "e")
    assert described.version.updated_at > made.version.updated_at
    cleared = relabel(registry, made, name=None)
    assert (cleared.version.name, cleared.version.description) == (None, "e")
    assert relabel(registry, made, name="n", description=None).version.description is None
    with pytest.raises(Invalid):
        relabel(registry, made, name="")
    assert len(registry.listed(made.file.id)) == 1


def test_relabelling_takes_no_other_versions_name(registry: Registry) -> None:
    registry.upsert({"x": 1}, name="n")
    second = registry.upsert({"x": 2})
    with pytest.raises(AlreadyExists):
        relabel(registry, second, name="n", description="not kept")
    assert registry.get(second.file.id, version_id=second.version.id).version == second.version


def test_a_deployed_version_is_not_deleted(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    registry.upsert({"x": 2})
    with pytest.raises(InUse, match="deployed to `production`"):
        delete(registry, first)


def test_the_only_version_is_not_deleted(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    registry.run(
        deployments.undeploy(
            registry.ports, registry.principal, kind="flow", ref=made.file.id, environment="production"
        )
    )
    with pytest.raises(Conflict, match="the only one"):
        delete(registry, made)


def test_deleting_hides_and_equal_content_revives_without_the_name(registry: Registry) -> None:
    registry.upsert({"x": 1})
    second = registry.upsert({"x": 2}, name="n", description="d")
    delete(registry, second)
    assert len(registry.listed(second.file.id)) == 1
    with pytest.raises(NotFound):
        registry.get(second.file.id, version_id=second.version.id)
    with pytest.raises(NotFound):
        delete(registry, second)
    assert registry.upsert({"x": 3}, name="n").version.name == "n"
    revived = registry.upsert({"x": 2})
    assert (revived.version.id, revived.version.name) == (second.version.id, None)
    assert revived.version.created_at == second.version.created_at
    assert registry.inside(lambda tx: tx.releases.of_version(version_id=second.version.id)) == [4]


def test_each_new_version_gets_the_next_number_until_there_are_none(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    file = msgspec.structs.replace(made.file, last_number=MAX_NUMBER - 1)
    registry.run(registry.ports.store.write(registry.principal.account, lambda tx: tx.files.update(file)))
    last = registry.upsert({"x": 2})
    assert registry.inside(lambda tx: tx.releases.of_version(version_id=last.version.id)) == [MAX_NUMBER]
    unnumbered = registry.upsert({"x": 3})
    assert registry.inside(lambda tx: tx.releases.of_version(version_id=unnumbered.version.id)) == []
    assert len(registry.listed(made.file.id)) == 3


def test_a_deleted_file_frees_its_path_and_takes_its_versions_along(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    registry.run(versions.delete_file(registry.ports, registry.principal, kind="flow", ref=made.file.id))
    with pytest.raises(NotFound):
        registry.get(made.file.id)
    with pytest.raises(NotFound):
        registry.run(versions.delete_file(registry.ports, registry.principal, kind="flow", ref=made.file.id))
    again = registry.upsert({"x": 1})
    assert again.file.id != made.file.id
    assert again.version.id != made.version.id
    assert again.file.directory_id == made.file.directory_id


def page(registry: Registry, **options: Any) -> tuple[list[str], int]:
    wanted: dict[str, Any] = {
        "kind": "flow",
        "name": None,
        "user": None,
        "sort": FileSort.CREATED_AT,
        "descending": True,
        "skip": 0,
        "take": 10,
    }
    views, total = registry.run(
        version_pages.list_files(registry.ports, registry.principal, **(wanted | options))
    )
    return [view.file.path for view in views], total


def test_lists_filter_sort_and_page(registry: Registry) -> None:
    for path in ("b", "x/A", "c"):
        registry.upsert(path=path)
    registry.upsert({"x": 2}, path="b", principal=registry.as_user(Right.EDITOR, "eve@example.org"))
    assert page(registry) == (["c", "x/A", "b"], 3)
    assert page(registry, descending=False) == (["b", "x/A", "c"], 3)
    assert page(registry, sort=FileSort.NAME) == (["c", "b", "x/A"], 3)
    assert page(registry, sort=FileSort.UPDATED_AT) == (["b", "c", "x/A"], 3)
    assert page(registry, name="a") == (["x/A"], 1)
    assert page(registry, user="EVE@") == (["b"], 1)
    assert page(registry, user="somebody") == (["b"], 1)
    assert page(registry, skip=2, take=1) == (["b"], 3)
    assert page(registry, take=0) == ([], 3)
    assert page(registry, skip=30) == ([], 3)


def test_rights(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    reader = registry.as_user(Right.READER)
    with pytest.raises(Forbidden, match="'editor'"):
        registry.upsert({"x": 2}, principal=reader)
    for call in (
        versions.delete_file(registry.ports, reader, kind="flow", ref=made.file.id),
        version_changes.delete_version(
            registry.ports, reader, kind="flow", ref=made.file.id, version_id=made.version.id
        ),
        version_changes.relabel(
            registry.ports,
            reader,
            kind="flow",
            ref=made.file.id,
            version_id=made.version.id,
            name="n",
            description=None,
        ),
    ):
        with pytest.raises(Forbidden):
            registry.run(call)
    got = registry.run(versions.get(registry.ports, reader, kind="flow", ref=made.file.id))
    assert got == made


def test_another_organisation_sees_nothing(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    stranger = msgspec.structs.replace(registry.principal, account="999999999999")
    with pytest.raises(NotFound):
        registry.run(versions.get(registry.ports, stranger, kind="flow", ref=made.file.id))


def test_runnable_content_gets_a_prepared_draft_and_other_content_none(registry: Registry) -> None:
    plain = registry.upsert({"x": 1}, path="plain")
    assert registry.inside(lambda tx: tx.drafts.get(file_id=plain.file.id)) is None
    flow = registry.upsert({"definition": {}}, path="flow")
    draft = registry.inside(lambda tx: tx.drafts.get(file_id=flow.file.id))
    assert (draft.status, draft.snapshot, draft.is_edited) == ("Prepared", b'{"definition": {}}', False)
