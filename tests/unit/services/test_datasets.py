"""Datasets: what a change is based on, what it keeps, and what happens when others change the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.datasets import Case, case_of
from headrace.core.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from headrace.core.kinds.dataset import read_dataset
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services import datasets
from headrace.services.base import Ports
from headrace.services.datasets import Action, Base, Change
from headrace.services.deployments import deployments
from headrace.services.tree import tree
from headrace.services.versions import numbers, version_changes, versions
from headrace.services.versions.views import VersionView
from headrace.storage.memory.store import MemoryStore


def cases(*names: object) -> list[Case]:
    return [case_of(inputs={"q": str(name)}, messages=None, target=None) for name in names]


def upsert(registry: Registry, *names: object, ports: Ports | None = None, **change: Any) -> VersionView:
    options = {} if {"path", "ref", "version_id"} & change.keys() else {"path": "a/Set"}
    if "attributes" in change:
        change["attributes"] = msgspec.Raw(change["attributes"])
    wanted = Change(cases=cases(*names), **options, **change)
    return registry.run(datasets.upsert(ports or registry.ports, registry.principal, wanted))


def add(registry: Registry, *names: object, **change: Any) -> VersionView:
    return upsert(registry, *names, action=Action.ADD, **change)


def remove(registry: Registry, *names: object, **change: Any) -> VersionView:
    return upsert(registry, *names, action=Action.REMOVE, **change)


async def _bodies(registry: Registry, version: Version) -> list[str]:
    batches = [one async for one in datasets.datapoints(registry.ports, registry.principal, version)]
    return [datapoint.body for batch in batches for datapoint in batch]


def names_in(registry: Registry, view: VersionView) -> list[str]:
    bodies = registry.run(_bodies(registry, view.version))
    return [body.removeprefix('{"inputs":{"q":"').partition('"')[0] for body in bodies]


def page(registry: Registry, view: VersionView, skip: int, take: int) -> tuple[list[str], int]:
    found, total = registry.run(
        datasets.page(
            registry.ports,
            registry.principal,
            ref=view.file.id,
            version_id=view.version.id,
            environment=None,
            skip=skip,
            take=take,
        )
    )
    return [one.id for one in found], total


def test_a_version_has_what_was_sent_each_once_and_in_order(registry: Registry) -> None:
    made = upsert(registry, 3, 1, 2, 1)
    assert names_in(registry, made) == ["3", "1", "2"]
    assert read_dataset(made.version.content).count == 3
    assert [one.name for one in made.environments] == ["production"]


def test_the_same_set_is_the_same_version_and_keeps_its_order(registry: Registry) -> None:
    made = upsert(registry, 1, 2)
    again = upsert(registry, 2, 1, 2)
    assert again.version == made.version
    assert names_in(registry, again) == ["1", "2"]


def test_attributes_make_a_version(registry: Registry) -> None:
    plain = upsert(registry, 1)
    told = upsert(registry, 1, attributes=b'{"a": 1, "b": null}')
    assert told.version.id != plain.version.id
    assert upsert(registry, 1, attributes=b'{"b":null,"a":1.0}').version == told.version
    assert upsert(registry, 1).version == plain.version


def test_a_datapoint_is_kept_once_and_keeps_its_id(registry: Registry) -> None:
    first = upsert(registry, 1, 2)
    before = page(registry, first, 0, 9)[0]
    upsert(registry, 3)
    back = upsert(registry, 2, 4)
    assert page(registry, back, 0, 1)[0] == before[1:]
    other = upsert(registry, 1, path="another/Set")
    assert page(registry, other, 0, 1)[0] != before[:1]


def test_adding_goes_on_from_the_newest_and_not_from_what_is_deployed(registry: Registry) -> None:
    """Humanloop 4.2."""
    first = upsert(registry, 1)
    upsert(registry, 1, 2)
    added = add(registry, 3, 2)
    assert names_in(registry, added) == ["1", "2", "3"]
    assert [one.version.id for one in [first] if one.environments] == [first.version.id]


def test_adding_from_a_named_version(registry: Registry) -> None:
    first = upsert(registry, 1)
    upsert(registry, 2)
    assert names_in(registry, add(registry, 3, version_id=first.version.id, path="a/Set")) == ["1", "3"]
    assert names_in(registry, add(registry, 4, version_id=first.version.id)) == ["1", "4"]
    assert names_in(registry, add(registry, 5, environment="production", path="a/Set")) == ["1", "5"]


def test_adding_from_what_a_read_shows(registry: Registry) -> None:
    """Humanloop 4.2: uploads of CSV."""
    made = upsert(registry, 1)
    upsert(registry, 2)
    assert names_in(registry, add(registry, 3, base=Base.DEFAULT, ref=made.file.id)) == ["1", "3"]


def test_adding_nothing_is_a_look_at_the_newest(registry: Registry) -> None:
    """Humanloop 4.2: the SDK gets datasets like that."""
    upsert(registry, 1)
    newest = upsert(registry, 1, 2, attributes=b'{"a": 1}')
    assert add(registry).version == newest.version
    assert registry.inside(lambda tx: tx.versions.count(file_id=newest.file.id)) == 2
    assert names_in(registry, add(registry, path="new/Set")) == []


def test_the_base_gives_its_attributes_unless_there_are_others(registry: Registry) -> None:
    upsert(registry, 1, attributes=b'{"a": 1}')
    assert bytes(read_dataset(add(registry, 2).version.content).attributes) == b'{"a": 1}'
    other = add(registry, attributes=b'{"a": 2}')
    assert bytes(read_dataset(other.version.content).attributes) == b'{"a": 2}'
    assert names_in(registry, other) == ["1", "2"]


def test_removing(registry: Registry) -> None:
    upsert(registry, 1, 2, 3)
    assert names_in(registry, remove(registry, 2, "unknown")) == ["1", "3"]
    assert names_in(registry, remove(registry, 1, 3)) == []
    with pytest.raises(NotFound, match="There is no Dataset at `b/None`"):
        remove(registry, 1, path="b/None")


@pytest.mark.parametrize("size", [1, 49, 256, 2_600])
def test_pages_are_cut_from_the_order(registry: Registry, size: int) -> None:
    made = upsert(registry, *range(size))
    whole, total = page(registry, made, 0, size + 5)
    assert total == len(whole) == size
    for skip, take in ((0, 0), (0, 1), (size - 1, 50), (size // 2, 7), (size, 5), (10**12, 5)):
        assert page(registry, made, skip, take) == (whole[skip : skip + take], size)


def test_one_more_of_many_keeps_one_more_of_everything(registry: Registry) -> None:
    """And never a copy of the set."""
    made = upsert(registry, *range(5_000))
    store = registry.ports.store
    assert isinstance(store, MemoryStore)

    def kept(tx: Any) -> tuple[int, int]:
        return len(tx.datasets._datapoints), len(tx.datasets._parts)

    datapoints, parts = registry.inside(kept)
    added = add(registry, "new")
    assert registry.inside(kept) == (datapoints + 1, parts + 2)
    assert read_dataset(added.version.content).count == 5_001
    assert len(added.version.content) < 300
    remove(registry, "new")
    assert registry.inside(kept) == (datapoints + 1, parts + 2)
    assert upsert(registry, *range(5_000)).version == made.version


class Meanwhile:
    """A store in which something happens right before the last step of a change."""

    def __init__(self, store: Any, happen: Callable[[Transaction], object], times: int) -> None:
        self._store = store
        self._happen = happen
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, account: str, work: Any) -> Any:
        is_last = getattr(work, "__qualname__", "").startswith("_carry_out")
        if is_last and self._left:
            self._left -= 1
            await self._store.write(account, self._happen)
        return await self._store.write(account, work)


def racing(registry: Registry, happen: Callable[[Transaction], object], times: int = 1) -> Ports:
    return replace(registry.ports, store=Meanwhile(registry.ports.store, happen, times))


def test_who_adds_at_once_loses_nothing(registry: Registry) -> None:
    made = upsert(registry, 1)
    others = [upsert(registry, 1, f"other {number}") for number in range(3)]
    for one in others:
        registry.run(
            version_changes.delete_version(
                registry.ports,
                registry.principal,
                kind="dataset",
                ref=made.file.id,
                version_id=one.version.id,
            )
        )

    def other_wins(tx: Transaction) -> None:
        file = tx.files.get(id=made.file.id)
        hidden = tx.versions.kept(id=others[0].version.id)
        assert file is not None
        assert hidden is not None
        revived = numbers.revive(tx, hidden, now=registry.ports.clock.now(), is_upserted=True)
        numbers.release(
            tx,
            registry.principal,
            file=file,
            version=revived,
            content=revived.content,
            description=None,
            now=registry.ports.clock.now(),
        )

    added = add(registry, 2, ports=racing(registry, other_wins))
    assert names_in(registry, added) == ["1", "other 0", "2"]


def test_who_makes_the_file_first_decides_its_id(registry: Registry) -> None:
    def other_wins(tx: Transaction) -> None:
        if tx.files.at(path="a/Set") is None:
            now = registry.ports.clock.now()
            tree.create(tx, registry.ports, registry.principal, kind="dataset", path="a/Set", now=now)

    made = upsert(registry, 1, 2, ports=racing(registry, other_wins))
    assert names_in(registry, made) == ["1", "2"]
    assert registry.inside(lambda tx: tx.files.at(path="a/Set")).id == made.file.id


def test_who_is_overtaken_again_and_again_is_told(registry: Registry) -> None:
    made = upsert(registry, 1)

    def next_one(tx: Transaction) -> None:
        file = tx.files.get(id=made.file.id)
        assert file is not None
        now = registry.ports.clock.now()
        version = numbers.add_version(
            tx,
            registry.ports,
            registry.principal,
            file=file,
            digest=registry.ports.ids.long("d"),
            content=made.version.content,
            name=None,
            description=None,
            is_runnable=False,
            is_upserted=True,
            now=now,
        )
        numbers.release(
            tx,
            registry.principal,
            file=file,
            version=version,
            content=version.content,
            description=None,
            now=now,
        )

    with pytest.raises(Conflict, match="Others keep changing"):
        add(registry, 2, ports=racing(registry, next_one, times=99))


def test_many_add_at_once(registry: Registry) -> None:
    upsert(registry, 0)

    async def all_at_once() -> list[VersionView]:
        wanted = [Change(cases=cases(number), action=Action.ADD, path="a/Set") for number in range(1, 5)]
        return await asyncio.gather(
            *(datasets.upsert(registry.ports, registry.principal, one) for one in wanted)
        )

    views = registry.run(all_at_once())
    largest = max(views, key=lambda view: read_dataset(view.version.content).count)
    assert sorted(names_in(registry, largest)) == ["0", "1", "2", "3", "4"]


def test_what_is_refused_keeps_no_version(registry: Registry) -> None:
    made = upsert(registry, 1, name="one")
    with pytest.raises(AlreadyExists, match="Version name `one` already exists for this Dataset"):
        upsert(registry, 2, name="one")
    with pytest.raises(Invalid):
        upsert(registry, 2, name="")
    with pytest.raises(Invalid):
        upsert(registry, 2, path="/x")
    with pytest.raises(Invalid, match="Either `id` or `path`"):
        registry.run(datasets.upsert(registry.ports, registry.principal, Change(cases=[])))
    registry.upsert({}, path="a/Flow")
    with pytest.raises(AlreadyExists, match="taken by a Flow"):
        upsert(registry, 2, path="a/Flow")
    with pytest.raises(NotFound, match="`dsv_none`"):
        add(registry, 2, version_id="dsv_none")
    with pytest.raises(NotFound, match="There is no Dataset at `new`"):
        add(registry, 2, version_id=made.version.id, path="new")
    assert registry.inside(lambda tx: tx.versions.count(file_id=made.file.id)) == 1


def test_changing_needs_the_right_editor(registry: Registry) -> None:
    runner = registry.as_user(Right.RUNNER)
    with pytest.raises(Forbidden):
        registry.run(datasets.upsert(registry.ports, runner, Change(cases=[], path="a/Set")))


def test_a_dataset_is_deployed_and_relabelled_like_any_file(registry: Registry) -> None:
    first = upsert(registry, 1)
    second = upsert(registry, 2)
    registry.run(
        deployments.deploy(
            registry.ports,
            registry.principal,
            kind="dataset",
            ref=first.file.id,
            environment="production",
            version_id=second.version.id,
        )
    )
    shown = registry.run(versions.get(registry.ports, registry.principal, kind="dataset", ref=first.file.id))
    assert shown.version.id == second.version.id
