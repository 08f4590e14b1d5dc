"""Moving and renaming (humanloop 1.6, 2.4)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.errors import AlreadyExists, Forbidden, Invalid, NotFound
from headrace.services.tree import files
from headrace.services.versions.views import VersionView


def move(registry: Registry, made: VersionView, **options: Any) -> VersionView:
    place = {"path": None, "name": None, "directory_id": None} | options
    return registry.run(
        files.move(registry.ports, registry.principal, kind="flow", ref=made.file.id, **place)
    )


def test_a_path_moves_and_renames_and_makes_directories(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    moved = move(registry, made, path="x/y/z")
    assert (moved.file.id, moved.file.path, moved.file.name) == (made.file.id, "x/y/z", "z")
    assert moved.file.directory_id == registry.inside(lambda tx: tx.files.at(path="x/y")).id
    assert moved.version.id == made.version.id
    assert moved.version.updated_at == moved.file.updated_at > made.version.updated_at
    assert registry.get(made.file.id) == moved
    assert registry.inside(lambda tx: tx.files.at(path="a/b")) is None
    assert registry.upsert(path="a/b").file.id != made.file.id


def test_a_name_renames_in_place(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    moved = move(registry, made, name="c")
    assert (moved.file.path, moved.file.directory_id) == ("a/c", made.file.directory_id)
    top = registry.upsert(path="top")
    assert move(registry, top, name="peak").file.path == "peak"


def test_a_directory_takes_the_file_in(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    there = registry.upsert(path="x/y/z").file.directory_id
    assert move(registry, made, directory_id=there).file.path == "x/y/b"
    between = registry.inside(lambda tx: tx.files.at(path="x")).id
    assert move(registry, made, directory_id=between, name="c").file.path == "x/c"
    root = registry.inside(lambda tx: tx.files.at(path="")).id
    moved = move(registry, made, directory_id=root)
    assert (moved.file.path, moved.file.directory_id) == ("c", root)
    with pytest.raises(NotFound, match="Directory with ID `dir_x` not found"):
        move(registry, made, directory_id="dir_x")


def test_a_whole_path_goes_with_parts_that_agree(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    here = made.file.directory_id
    assert move(registry, made, path="a/c", name="c", directory_id=here).file.path == "a/c"
    for wrong in ({"name": "d"}, {"directory_id": registry.upsert(path="x/y").file.directory_id}):
        with pytest.raises(Invalid) as caught:
            move(registry, made, path="a/c", **wrong)
        assert caught.value.problems[0].path == ("path",)


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ({"name": "x/y"}, "name"),
        ({"name": ""}, "name"),
        ({"name": ".."}, "name"),
        ({"path": ""}, "path"),
        ({"path": "a//b"}, "path"),
        ({"path": "/a"}, "path"),
    ],
)
def test_illegal_places_are_refused(registry: Registry, place: dict[str, str], at: str) -> None:
    made = registry.upsert(path="a/b")
    with pytest.raises(Invalid) as caught:
        move(registry, made, **place)
    assert caught.value.problems[0].path == (at,)


def test_a_place_may_not_get_too_long(registry: Registry) -> None:
    deep = "/".join(["d" * 200] * 5)
    made = registry.upsert(path=f"{deep}/f")
    with pytest.raises(Invalid) as caught:
        move(registry, made, name="n" * 30)
    assert caught.value.problems[0].path == ("name",)
    other = registry.upsert(path="n" * 30)
    with pytest.raises(Invalid) as caught:
        move(registry, other, directory_id=made.file.directory_id)
    assert caught.value.problems[0].path == ("directory_id",)


def test_a_taken_place_is_refused(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    registry.upsert(path="a/c")
    with pytest.raises(AlreadyExists, match="taken by the Flow"):
        move(registry, made, name="c")
    with pytest.raises(AlreadyExists, match="is a directory"):
        move(registry, made, path="a")
    with pytest.raises(AlreadyExists, match="not a directory"):
        move(registry, made, path="a/c/d")
    with pytest.raises(AlreadyExists, match="not a directory"):
        move(registry, made, path="a/b/inside-itself")
    assert registry.get(made.file.id) == made


def test_staying_changes_nothing(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    here = made.file.directory_id
    for place in ({}, {"path": "a/b"}, {"name": "b"}, {"directory_id": here}):
        assert move(registry, made, **place) == made


def test_the_short_name_stays(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    assert move(registry, made, path="c").file.short_name == made.file.short_name


def test_moving_needs_an_editor(registry: Registry) -> None:
    made = registry.upsert(path="a/b")
    with pytest.raises(Forbidden):
        registry.run(
            files.move(
                registry.ports,
                registry.as_user(Right.RUNNER),
                kind="flow",
                ref=made.file.id,
                path="x",
                name=None,
                directory_id=None,
            )
        )
