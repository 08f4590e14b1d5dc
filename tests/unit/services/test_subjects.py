"""Which file and pointer are meant, contents by their names, and what differs, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.bedrock.things import definition
from tests.unit.services.conftest import Registry

from headrace.core.deployments import Move, PointerKind
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.files import File
from headrace.services.base import read
from headrace.services.deployments import rollouts
from headrace.services.deployments.moves import Wish
from headrace.services.tree import files, subjects
from headrace.services.versions import differences


def file_of(registry: Registry, ref: str) -> File:
    found: File = registry.run(read(registry.ports, registry.principal, lambda tx: subjects.file_of(tx, ref)))
    return found


def where(registry: Registry, ref: str, pointer: str | None = "production") -> Any:
    return registry.run(subjects.where_is(registry.ports, registry.principal, file=ref, pointer=pointer))


def test_a_file_is_found_by_each_of_its_names(registry: Registry) -> None:
    made = registry.upsert({"definition": definition()}).file
    for ref in (made.id, made.path, made.short_id):
        assert file_of(registry, ref) == made
    with pytest.raises(NotFound, match="no file with the id `no/where`"):
        file_of(registry, "no/where")


def test_a_directory_is_no_file(registry: Registry) -> None:
    registry.upsert({"a": 1}, path="a/b")
    with pytest.raises(NotFound):
        file_of(registry, "a")


def test_the_id_of_a_file_is_never_the_path_of_another(registry: Registry) -> None:
    victim = registry.upsert({"a": 1}).file
    other = registry.upsert({"a": 2}, path="elsewhere").file
    moved = files.move(
        registry.ports,
        registry.principal,
        kind="flow",
        ref=other.id,
        path=victim.id,
        name=None,
        directory_id=None,
    )
    registry.run(moved)
    assert file_of(registry, victim.id).id == victim.id
    with pytest.raises(Invalid, match="Another flow is called"):
        where(registry, victim.id)
    assert where(registry, other.id).ref == other.id


def test_a_pointer_is_named_by_its_ids(registry: Registry) -> None:
    made = registry.upsert({"a": 1}).file
    found = where(registry, made.path)
    assert (found.kind, found.ref, found.alias) == ("flow", made.id, None)
    live = registry.run(rollouts.live(registry.ports, registry.principal, found))
    assert (live.spot.kind, live.spot.name) == (PointerKind.ENVIRONMENT, "production")
    assert found.environment == live.spot.pointer_id
    itself = where(registry, made.path, None)
    assert (itself.environment, itself.alias) == (None, None)
    with pytest.raises(NotFound, match="no alias with the id or the name `qa`"):
        where(registry, made.path, "qa")


def test_a_rehearsal_knows_what_differs_already(registry: Registry) -> None:
    first = registry.upsert({"says": "one"})
    second = registry.upsert({"says": "two"})
    moved = registry.run(
        rollouts.point(
            registry.ports,
            registry.principal,
            where(registry, first.file.id),
            to=second.version.id,
            wish=Wish(is_rehearsal=True),
        )
    )
    asked = (registry.ports, registry.principal, moved.spot.file, moved.before, moved.after)
    told = registry.run(differences.between(*asked, known=moved.diff))
    assert told.diff is moved.diff
    anew = registry.run(differences.between(*asked, known=None))
    assert anew == told
    assert not told.is_empty


def test_names_of_contents(registry: Registry) -> None:
    made = registry.upsert({"definition": definition()})

    def show(ref: str) -> Any:
        return registry.run(differences.show(registry.ports, registry.principal, file=made.file.id, ref=ref))

    for ref in (made.version.id, "1", "production"):
        assert (show(ref).version.id, show(ref).is_draft) == (made.version.id, False)
    with pytest.raises(Conflict, match="targets nothing that could be shown"):
        show("staging")
    for nothing in ("2", "qa", "flv_none", "-1", "1.0", " 1"):
        with pytest.raises(NotFound, match="has nothing called"):
            show(nothing)


def test_the_history_of_a_file_has_that_of_all_its_pointers(registry: Registry) -> None:
    made = registry.upsert({"a": 1})
    for pointer in ("staging", "production"):
        at = where(registry, made.file.id, pointer)
        registry.run(rollouts.point(registry.ports, registry.principal, at, to="1"))

    def look(before: str | None, take: int) -> list[Move]:
        found: list[Move] = registry.run(
            subjects.moves_of_file(
                registry.ports, registry.principal, file=made.file.id, before=before, take=take
            )
        )
        return found

    whole = look(None, 9)
    assert [move.is_automatic for move in whole] == [False, False, True], "newest first"
    assert look(None, 2) + look(whole[1].id, 2) == whole
    with pytest.raises(NotFound, match="has no move `mv_none`"):
        look("mv_none", 1)
