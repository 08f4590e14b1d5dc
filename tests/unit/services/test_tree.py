"""Hidden files of nodes (humanloop 2.9; the common domain, *Time and durability*)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import Registry

from headrace.core.errors import AlreadyExists, Invalid, NotFound
from headrace.core.files import File, FileQuery
from headrace.services.tree import directories, files, tree
from headrace.services.versions import versions


def hide(registry: Registry, owner: File, name: str = "Ask", kind: str = "prompt") -> File:
    ports, principal = registry.ports, registry.principal
    return registry.run(
        ports.store.write(
            principal.account,
            lambda tx: tree.hidden(
                tx, ports, principal, owner=owner, kind=kind, name=name, now=ports.clock.now()
            ),
        )
    )


def at(registry: Registry, path: str) -> Any:
    return registry.inside(lambda tx: tree.at(tx, path=path))


def test_a_node_is_hidden_once_and_found_by_its_path(registry: Registry) -> None:
    flow = registry.upsert(path="a/Flow").file
    made = hide(registry, flow)
    assert (made.path, made.name, made.owner_id, made.kind) == ("a/Flow/Ask", "Ask", flow.id, "prompt")
    assert hide(registry, flow) == made
    assert hide(registry, flow, kind="tool").id != made.id
    assert at(registry, "a/Flow/Ask") == made
    assert at(registry, "a/Flow/ask") is None
    assert at(registry, "a/Flow/Ask/deeper") is None
    assert at(registry, "Ask") is None
    assert registry.inside(lambda tx: tree.find(tx, kind="prompt", ref=made.id)) == made


def test_a_node_is_not_in_lists(registry: Registry) -> None:
    flow = registry.upsert(path="a/Flow").file
    hide(registry, flow)
    found, total = registry.run(
        files.page(registry.ports, registry.principal, FileQuery(), environment=None, skip=0, take=9)
    )
    assert ([one.file.id for one in found], total) == ([flow.id], 1)


def test_a_file_that_lost_all_versions_spoils_no_list(registry: Registry) -> None:
    flow = registry.upsert(path="a/Flow").file
    empty = msgspec.structs.replace(flow, id="fl_e", path="a/Empty", short_id="E", short_name="e")
    ports, principal = registry.ports, registry.principal
    registry.run(ports.store.write(principal.account, lambda tx: tx.files.add(empty)))
    found, total = registry.run(
        files.page(ports, principal, FileQuery(under="a"), environment=None, skip=0, take=9)
    )
    assert ([one.file.id for one in found], total) == ([flow.id], 2)
    batch = registry.run(
        directories.files_in(ports, principal, directory_id=flow.directory_id, after=None, take=2)
    )
    assert ([one.file.id for one in batch.views], batch.last) == ([flow.id], flow)
    with pytest.raises(NotFound, match="no version"):
        registry.run(files.find(ports, principal, ref="a/Empty"))


def test_a_node_follows_its_flow(registry: Registry) -> None:
    flow = registry.upsert(path="a/Flow").file
    made = hide(registry, flow)
    ports, principal = registry.ports, registry.principal
    above = registry.inside(lambda tx: tx.files.at(path="a"))
    registry.run(directories.update(ports, principal, ref=above.id, path="b", name=None, parent_id=None))
    assert at(registry, "b/Flow/Ask").id == made.id
    registry.run(
        files.move(ports, principal, kind="flow", ref=flow.id, path="c/Other", name=None, directory_id=None)
    )
    moved = at(registry, "c/Other/Ask")
    assert (moved.id, moved.directory_id) == (
        made.id,
        registry.inside(lambda tx: tx.files.at(path="c")).id,
    )
    registry.run(directories.remove(ports, principal, ref=above.id))  # nothing is left in it
    registry.run(versions.delete_file(ports, principal, kind="flow", ref=flow.id))
    assert at(registry, "c/Other/Ask") is None
    with pytest.raises(NotFound):
        registry.inside(lambda tx: tree.find(tx, kind="prompt", ref=made.id))


def test_nobody_else_gets_a_place_below_a_flow(registry: Registry) -> None:
    flow = registry.upsert(path="Flow").file
    hide(registry, flow)
    with pytest.raises(AlreadyExists):
        registry.upsert(path="Flow/Ask")
    with pytest.raises(Invalid):
        registry.upsert(path="\x1fFlow")
