"""Laws of gates, approvals and what is watched, and of the runs that gates look at, for every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.storage.things import ABROAD, Desk, approved, at, file, gate, run, watch

from headrace.core.deployments import PointerKind
from headrace.core.evaluations import RunStatus
from headrace.core.gates import Approved, Gate
from headrace.core.ports import Clash, Transaction

ENVIRONMENT, ALIAS = PointerKind.ENVIRONMENT, PointerKind.ALIAS


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two flows and a dataset."""
    files = (file(), file("fl_2"), file("ds_1", kind="dataset"))
    desk.write(lambda tx: [tx.files.add(one) for one in files])
    return desk


def holding(
    desk: Desk, file_id: str = "fl_1", pointer_id: str = "env_1", kind: PointerKind = ENVIRONMENT
) -> list[Gate]:
    return desk.read(lambda tx: tx.gates.holding(file_id=file_id, kind=kind, pointer_id=pointer_id))


def put(desk: Desk, *gates: Gate) -> None:
    desk.write(lambda tx: [tx.gates.put(one) for one in gates])


def test_the_gate_of_all_files_holds_with_that_of_the_pointer(filed: Desk) -> None:
    everywhere, own = gate(""), gate("fl_1")
    put(filed, own, everywhere, gate("fl_2"), gate("fl_1", pointer_id="env_2"), gate("fl_1", kind=ALIAS))
    assert holding(filed) == [everywhere, own]
    assert holding(filed, "fl_2") == [everywhere, gate("fl_2")]
    assert holding(filed, "fl_none") == [everywhere]
    assert holding(filed, pointer_id="env_2") == [gate("fl_1", pointer_id="env_2")]
    assert holding(filed, kind=ALIAS) == [gate("fl_1", kind=ALIAS)]
    assert (
        filed.read(lambda tx: tx.gates.holding(file_id="fl_1", kind=ENVIRONMENT, pointer_id="env_1"), ABROAD)
        == []
    )


def test_a_gate_is_replaced_and_taken_away(filed: Desk) -> None:
    put(filed, gate(""), gate())
    changed = gate(spec='{"rules":[]}', set_by="usr_2", set_at=at(5))
    put(filed, changed)
    assert holding(filed) == [gate(""), changed]
    found = filed.read(lambda tx: tx.gates.get(file_id="fl_1", kind=ENVIRONMENT, pointer_id="env_1"))
    assert found == changed
    filed.write(lambda tx: tx.gates.remove(file_id="", kind=ENVIRONMENT, pointer_id="env_1"))
    assert holding(filed) == [changed]
    assert filed.read(lambda tx: tx.gates.get(file_id="", kind=ENVIRONMENT, pointer_id="env_1")) is None


def approvals(desk: Desk, version_id: str = "flv_1", pointer_id: str = "env_1") -> list[Approved]:
    def look(tx: Transaction) -> list[Approved]:
        return tx.gates.approvals(
            file_id="fl_1", kind=ENVIRONMENT, pointer_id=pointer_id, version_id=version_id
        )

    return desk.read(look)


def test_a_user_approves_a_version_for_a_pointer_once(filed: Desk) -> None:
    others = (approved("usr_2", approved_at=at(1)), approved("usr_3", version_id="flv_2"))
    again = approved(reason="ü", approved_at=at(9))
    elsewhere = approved(pointer_id="env_2")
    filed.write(lambda tx: [tx.gates.approve(one) for one in (approved(), *others, again, elsewhere)])
    assert approvals(filed) == [others[0], again]
    assert approvals(filed, "flv_2") == [others[1]]
    assert approvals(filed, pointer_id="env_2") == [elsewhere]
    filed.write(
        lambda tx: tx.gates.withdraw(
            file_id="fl_1", kind=ENVIRONMENT, pointer_id="env_1", version_id="flv_1", user_id="usr_2"
        )
    )
    assert approvals(filed) == [again]


def test_what_is_watched_is_found_by_its_version_while_it_goes_on(filed: Desk) -> None:
    first, second = watch("mv_1"), watch("mv_2")
    beside = watch("mv_1", "flv_2")
    filed.write(lambda tx: [tx.gates.watch(one) for one in (second, beside, first)])
    assert filed.read(lambda tx: tx.gates.watching(version_id="flv_1")) == [first, second]
    ended = watch("mv_1", ended_at=at(9), outcome="It was rolled back.")
    filed.write(lambda tx: tx.gates.watch(ended))
    assert filed.read(lambda tx: tx.gates.watching(version_id="flv_1")) == [second]
    assert filed.read(lambda tx: tx.gates.watched(move_id="mv_1")) == [ended, beside]
    assert filed.read(lambda tx: tx.gates.watched(move_id="mv_1"), ABROAD) == []


@pytest.mark.parametrize(
    "work",
    [
        lambda tx: tx.gates.approve(approved(file_id="fl_none")),
        lambda tx: tx.gates.watch(watch(file_id="fl_none")),
    ],
)
def test_approvals_and_watches_are_of_files_that_are_there(
    filed: Desk, work: Callable[[Transaction], None]
) -> None:
    with pytest.raises(Clash, match="reference"):
        filed.write(work)


def test_the_last_completed_run_is_of_that_version_and_any_version_of_that_dataset(filed: Desk) -> None:
    done = {"status": RunStatus.COMPLETED}
    runs = (
        run("rn_1", created_at=at(1), **done),
        run("rn_2", created_at=at(2), dataset_version_id="dsv_2", **done),
        run("rn_3", created_at=at(3), status=RunStatus.RUNNING),
        run("rn_4", created_at=at(4), version_id="flv_2", **done),
        run("rn_5", created_at=at(5), dataset_id="ds_2", **done),
        run("rn_6", created_at=at(6), version_id=None, **done),
    )
    filed.write(lambda tx: [tx.runs.add(one, slots=[]) for one in runs])

    def last(version_id: str = "flv_1", dataset_id: str = "ds_1") -> str | None:
        found = filed.read(lambda tx: tx.runs.last_completed(version_id=version_id, dataset_id=dataset_id))
        return None if found is None else found.id

    assert last() == "rn_2"
    assert last("flv_2") == "rn_4"
    assert last(dataset_id="ds_2") == "rn_5"
    assert last("flv_3") is None
