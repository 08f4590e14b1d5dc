"""Laws of gates, approvals and what is watched, and of the runs that gates look at, for every store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from tests.storage.things import ABROAD, START, Desk, approved, at, file, gate, judgment, log, run, watch

from headrace.core.deployments import PointerKind
from headrace.core.evaluations import RunStatus
from headrace.core.gates import Approved, Gate, Scored, Use
from headrace.core.logs import LogQuery
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


def test_what_is_measured_is_what_the_logs_say(filed: Desk) -> None:
    def fill(tx: Transaction) -> None:
        tx.files.add(file("ev_1", kind="evaluator"))
        tx.files.add(file("ev_2", kind="evaluator"))
        for number in range(6):
            made = log(f"log_{number}", created_at=at(number // 2), has_error=number % 3 == 0)
            tx.logs.add(made, at=START)
        tx.logs.add(log("log_other", version_id="flv_2", created_at=at(9)), at=START)
        second = judgment("log_b", "log_1", created_at=at(7), is_automatic=True, judgment=None)
        elsewhere = judgment("log_d", "log_5", created_at=at(5))
        for made in (
            judgment("log_a", "log_1", created_at=at(8), judgment=b"false"),
            msgspec.structs.replace(second, version_id="evv_2"),
            judgment("log_c", "log_5", created_at=at(6), has_error=True),
            msgspec.structs.replace(elsewhere, file_id="ev_2", version_id="evv_9"),
        ):
            tx.logs.add(made, at=START)

    filed.write(fill)
    query = LogQuery(file_id="fl_1", version_id="flv_1", start=at(1), end=at(2))
    for many, chosen in ((9, query), (3, query), (9, LogQuery(file_id="fl_1", version_id="flv_1"))):
        told, _ = filed.read(lambda tx, chosen=chosen, many=many: tx.logs.page(chosen, skip=0, take=many))
        found = filed.read(
            lambda tx, chosen=chosen, many=many: tx.gates.uses(
                version_id="flv_1", start=chosen.start, end=chosen.end, take=many
            )
        )
        assert found == [Use(log_id=one.id, has_error=one.has_error) for one in told]
        assert found
    assert filed.read(lambda tx: tx.gates.uses(version_id="flv_none", take=9)) == []

    ids = ["log_0", "log_1", "log_5", "log_none"]
    judged = filed.read(lambda tx: tx.logs.judgments(judged_ids=ids))
    scores = filed.read(lambda tx: tx.gates.scores(log_ids=ids, evaluator_id="ev_1"))
    assert scores == [
        Scored(
            log_id=str(one.judged_id),
            is_automatic=one.is_automatic,
            has_error=one.has_error,
            judgment=one.judgment,
        )
        for one in judged
        if one.file_id == "ev_1"
    ]
    assert [one.log_id for one in scores] == ["log_5", "log_1", "log_1"]
    assert filed.read(lambda tx: tx.gates.scores(log_ids=ids, evaluator_id="ev_1"), ABROAD) == []
    filed.write(lambda tx: tx.files.remove(id="ev_1", at=at(99)))
    assert filed.read(lambda tx: tx.gates.scores(log_ids=ids, evaluator_id="ev_1")) == []


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
