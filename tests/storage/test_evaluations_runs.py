"""Laws of runs, their slots and what they still need, for every store."""

from __future__ import annotations

import pytest
from tests.storage.test_evaluations import LOG_ID, add_run, fill, refused, slots
from tests.storage.things import START, Desk, at, judgment, log, run, slot

from headrace.core.evaluations import Awaited, RunStatus, Slot
from headrace.core.ports import Transaction


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write(fill)
    return desk


def test_a_run_is_kept_with_its_slots(filled: Desk) -> None:
    whole = run(size=2, is_orchestrated=True, status=RunStatus.RUNNING)
    bare = run("rn_2", version_id=None, dataset_id=None, dataset_version_id=None, created_at=at(3))
    held = slot(1, log_id=LOG_ID, is_done=True)
    alone = slot(2, datapoint_id=None, fingerprint=None, log_id="log_2")
    add_run(filled, whole, slot(), held, alone, slot(3, fingerprint=None))
    add_run(filled, bare)
    assert filled.read(lambda tx: tx.runs.get(id="rn_1")) == whole
    assert filled.read(lambda tx: tx.runs.get(id="none")) is None
    some = filled.read(lambda tx: tx.runs.some(ids=["rn_2", "rn_1", "rn_2", "none"]))
    assert sorted(some, key=lambda one: one.id) == [whole, bare]
    assert slots(filled) == [slot(), held, alone, slot(3, fingerprint=None)]
    assert filled.read(lambda tx: tx.runs.slots(run_id="rn_1", after=0, take=2)) == [held, alone]
    assert slots(filled, "rn_2") == []
    refused(filled, lambda tx: tx.runs.add(run(), slots=[slot(9)]), "id")
    refused(filled, lambda tx: tx.runs.add(run("rn_3", "none"), slots=[]), "reference")


def test_only_the_status_of_a_run_changes(filled: Desk) -> None:
    add_run(filled, run())
    changed = run(status=RunStatus.COMPLETED, version_id="flv_9", size=9)
    filled.write(lambda tx: tx.runs.update(changed))
    assert filled.read(lambda tx: tx.runs.get(id="rn_1")) == run(status=RunStatus.COMPLETED)


def test_runs_that_want_logs_of_a_version_are_open_and_not_orchestrated(filled: Desk) -> None:
    late = run("rn_1", created_at=at(9), status=RunStatus.RUNNING)
    add_run(filled, late)
    add_run(filled, run("rn_2"))
    for number, one in enumerate((RunStatus.COMPLETED, RunStatus.CANCELLED)):
        add_run(filled, run(f"rn_over_{number}", status=one))
    add_run(filled, run("rn_own", is_orchestrated=True))
    add_run(filled, run("rn_other", version_id="flv_2"))
    add_run(filled, run("rn_any", version_id=None))
    assert filled.read(lambda tx: tx.runs.open_of_version(version_id="flv_1")) == [run("rn_2"), late]
    filled.write(lambda tx: tx.runs.update(run("rn_2", status=RunStatus.CANCELLED)))
    assert filled.read(lambda tx: tx.runs.open_of_version(version_id="flv_1")) == [late]


def test_a_slot_takes_a_log_and_gives_it_back(filled: Desk) -> None:
    add_run(filled, run(size=2), slot(0), slot(1))
    assert filled.read(lambda tx: tx.runs.is_undone(run_id="rn_1"))
    for place in (0, 1):
        taken = slot(place, log_id=f"log_{place}", is_done=True)
        filled.write(lambda tx, taken=taken: tx.runs.put_slot(taken))
    assert not filled.read(lambda tx: tx.runs.is_undone(run_id="rn_1"))
    assert filled.read(lambda tx: tx.runs.slot(run_id="rn_1", datapoint_id="dp_1")) == taken
    assert filled.read(lambda tx: tx.runs.slots_of_logs(log_ids=["log_1", "none"])) == [taken]
    filled.write(lambda tx: tx.runs.put_slot(slot(1, log_id="log_2")))
    assert filled.read(lambda tx: tx.runs.is_undone(run_id="rn_1"))
    assert filled.read(lambda tx: tx.runs.slots_of_logs(log_ids=["log_1"])) == []
    filled.write(lambda tx: tx.runs.put_slot(slot(1)))
    assert filled.read(lambda tx: tx.runs.slot(run_id="rn_1", datapoint_id="dp_1")) == slot(1)
    assert filled.read(lambda tx: tx.runs.slot(run_id="rn_1", datapoint_id="none")) is None


def test_logs_that_nobody_expected_do_not_keep_a_run_open(filled: Desk) -> None:
    add_run(filled, run(size=1), slot(0, log_id="log_0", is_done=True))
    assert filled.read(lambda tx: tx.runs.next_place(run_id="rn_1")) == 1
    more = slot(1, datapoint_id=None, fingerprint=None, log_id=LOG_ID)
    filled.write(lambda tx: tx.runs.put_slot(more))
    assert not filled.read(lambda tx: tx.runs.is_undone(run_id="rn_1"))
    assert filled.read(lambda tx: tx.runs.next_place(run_id="rn_1")) == 2
    assert filled.read(lambda tx: tx.runs.slots_of_logs(log_ids=[LOG_ID])) == [more]
    add_run(filled, run("rn_2"))
    assert filled.read(lambda tx: tx.runs.next_place(run_id="rn_2")) == 0
    assert not filled.read(lambda tx: tx.runs.is_undone(run_id="rn_2"))


def test_a_datapoint_and_a_log_stand_once_in_a_run(filled: Desk) -> None:
    add_run(filled, run(), slot(0, log_id="log_0"), slot(1))
    for taken in (slot(1, log_id="log_0"), slot(2, datapoint_id="dp_1"), slot(0, datapoint_id="dp_1")):
        refused(filled, lambda tx, taken=taken: tx.runs.put_slot(taken), "slot")
    twice = [slot(0, "rn_2"), slot(1, "rn_2", datapoint_id="dp_0")]
    refused(filled, lambda tx: tx.runs.add(run("rn_2"), slots=twice), "slot")
    refused(filled, lambda tx: tx.runs.put_slot(slot(0, "none")), "reference")
    assert filled.read(lambda tx: tx.runs.get(id="rn_2")) is None
    add_run(filled, run("rn_2"), slot(0, "rn_2", log_id="log_0"))
    both = filled.read(lambda tx: tx.runs.slots_of_logs(log_ids=["log_0"]))
    assert sorted(one.run_id for one in both) == ["rn_1", "rn_2"]


def test_filled_slots_are_paged_in_the_order_of_the_runs(filled: Desk) -> None:
    for run_id, filled_places in (("rn_1", (0, 2, 3)), ("rn_2", (1, 4)), ("rn_3", ())):
        some = [slot(n, run_id, log_id=f"{run_id} {n}" if n in filled_places else None) for n in range(5)]
        add_run(filled, run(run_id, size=5), *some)
    wanted = ["rn_2", "rn_3", "none", "rn_1"]
    found, total = filled.read(lambda tx: tx.runs.filled(run_ids=wanted, skip=0, take=9))
    assert [one.log_id for one in found] == ["rn_2 1", "rn_2 4", "rn_1 0", "rn_1 2", "rn_1 3"]
    assert total == 5
    for skip in range(7):
        for take in range(4):
            page = filled.read(lambda tx, s=skip, t=take: tx.runs.filled(run_ids=wanted, skip=s, take=t))
            assert page == (found[skip : skip + take], 5)
    assert filled.read(lambda tx: tx.runs.filled(run_ids=[], skip=0, take=9)) == ([], 0)


def test_a_log_is_wanted_by_open_runs_whose_slot_is_empty(filled: Desk) -> None:
    for number, changes in enumerate(
        ({"created_at": at(1)}, {}, {"status": RunStatus.COMPLETED}, {"version_id": "flv_2"})
    ):
        add_run(filled, run(f"rn_{number}", **changes), slot(0, f"rn_{number}"), slot(1, f"rn_{number}"))
    filled.write(lambda tx: tx.runs.put_slot(slot(0, "rn_1", log_id="log_1")))
    wanting = filled.read(lambda tx: tx.runs.wanting(version_id="flv_1", datapoint_id="dp_1"))
    assert wanting == [slot(1, "rn_1"), slot(1, "rn_0")]
    wanting = filled.read(lambda tx: tx.runs.wanting(version_id="flv_1", datapoint_id="dp_0"))
    assert wanting == [slot(0, "rn_0")]
    assert filled.read(lambda tx: tx.runs.wanting(version_id="flv_1", datapoint_id="none")) == []


def test_the_first_alike_of_the_oldest_run_is_wanted(filled: Desk) -> None:
    alike = {"fingerprint": "a" * 32}
    old = [slot(0, "rn_9"), slot(1, "rn_9", **alike), slot(2, "rn_9", **alike)]
    add_run(filled, run("rn_1", created_at=at(5)), slot(0, **alike))
    add_run(filled, run("rn_9"), *old)

    def first(before: int) -> Slot | None:
        return filled.read(
            lambda tx: tx.runs.first_wanting(version_id="flv_1", fingerprint="a" * 32, before=at(before))
        )

    assert first(0) is None
    assert first(1) == old[1]
    filled.write(lambda tx: tx.runs.put_slot(slot(1, "rn_9", log_id="log_1", **alike)))
    assert first(9) == old[2]
    filled.write(lambda tx: tx.runs.put_slot(slot(2, "rn_9", log_id="log_2", **alike)))
    assert first(5) is None
    assert first(6) == slot(0, **alike)


def test_what_is_awaited_is_met_or_forgotten(filled: Desk) -> None:
    for run_id in ("rn_1", "rn_2"):
        add_run(filled, run(run_id, size=3), *[slot(place, run_id) for place in range(3)])

    def awaited(*places: int, run_id: str = "rn_1", version_id: str = "evv_1") -> list[Awaited]:
        return [Awaited(run_id=run_id, place=place, version_id=version_id) for place in places]

    def is_awaiting(run_id: str = "rn_1") -> bool:
        return filled.read(lambda tx: tx.runs.is_awaiting(run_id=run_id))

    assert not is_awaiting()
    filled.write(lambda tx: tx.runs.awaiting([*awaited(0, 1), *awaited(0, version_id="evv_2")]))
    filled.write(lambda tx: tx.runs.awaiting(awaited(1, 2, 2)))
    filled.write(lambda tx: tx.runs.met([*awaited(0, 1, 7), *awaited(2, run_id="rn_2")]))
    assert is_awaiting()
    assert not is_awaiting("rn_2")
    filled.write(lambda tx: tx.runs.met(awaited(2)))
    assert is_awaiting(), "the other version has not judged"
    filled.write(lambda tx: tx.runs.forget_awaited(run_id="rn_1", version_id="evv_2"))
    assert not is_awaiting()
    filled.write(lambda tx: tx.runs.awaiting([*awaited(0, 1), *awaited(0, version_id="evv_2")]))
    filled.write(lambda tx: tx.runs.awaiting(awaited(0, run_id="rn_2")))
    filled.write(lambda tx: tx.runs.forget_awaited(run_id="rn_1"))
    assert not is_awaiting()
    assert is_awaiting("rn_2")
    many = awaited(*range(1_234))
    filled.write(lambda tx: tx.runs.awaiting(many))
    filled.write(lambda tx: tx.runs.met(many[1:]))
    assert is_awaiting()
    filled.write(lambda tx: tx.runs.met(many))
    assert not is_awaiting()
    filled.write(lambda tx: (tx.runs.awaiting([]), tx.runs.met([])))
    refused(filled, lambda tx: tx.runs.awaiting(awaited(0, run_id="none")), "reference")


def _judged(tx: Transaction) -> None:
    for place, log_id in enumerate(("log_b", LOG_ID)):
        tx.logs.add(log(log_id), at=START)
        tx.runs.put_slot(slot(place, log_id=log_id))
    tx.logs.add(log("log_elsewhere"), at=START)
    tx.logs.add(judgment("j_late", "log_b", created_at=at(9), judgment=b"2.5"), at=START)
    tx.logs.add(judgment("j_early", "log_b", is_automatic=True, judgment=None, has_error=True), at=START)
    tx.logs.add(judgment("j_odd", LOG_ID, judgment=b'["\xc3\xbc"]'), at=START)
    tx.logs.add(judgment("j_elsewhere", "log_elsewhere"), at=START)
    tx.logs.add(log("j_other", "evv_2", "ev_2", kind="evaluator", judged_id="log_b", judgment=b"1"), at=START)
    tx.logs.add(log("step", "evv_1", "ev_1", kind="evaluator", trace_parent_id="log_b"), at=START)


def test_judgments_on_the_logs_of_a_run_are_told_by_place(filled: Desk) -> None:
    add_run(filled, run(size=3), slot(0), slot(1), slot(2))
    filled.write(_judged)

    def judged(*evaluators: str, run_id: str = "rn_1") -> list[tuple[object, ...]]:
        found = filled.read(lambda tx: tx.runs.judged(run_id=run_id, evaluator_ids=evaluators))
        return [(one.place, one.log_id, one.is_automatic, one.has_error, one.judgment) for one in found]

    of_one = [
        (0, "j_early", True, True, None),
        (0, "j_late", False, False, b"2.5"),
        (1, "j_odd", False, False, b'["\xc3\xbc"]'),
    ]
    assert judged("ev_1") == of_one
    assert judged("ev_2", "none", "ev_2") == [(0, "j_other", False, False, b"1")]
    assert len(judged("ev_1", "ev_2")) == 4
    assert judged() == judged("ev_1", run_id="none") == []
    (other,) = filled.read(lambda tx: tx.runs.judged(run_id="rn_1", evaluator_ids=["ev_2"]))
    assert (other.evaluator_id, other.version_id) == ("ev_2", "evv_2")
    filled.write(lambda tx: tx.files.remove(id="ev_1", at=START))
    assert judged("ev_1") == []


def test_a_run_of_very_many_datapoints_is_made_at_once(filled: Desk) -> None:
    size = 100_000
    add_run(filled, run(size=size), *map(slot, range(size)))
    assert filled.read(lambda tx: tx.runs.next_place(run_id="rn_1")) == size
    last = size - 1
    assert filled.read(lambda tx: tx.runs.slot(run_id="rn_1", datapoint_id=f"dp_{last}")) == slot(last)
    assert filled.read(lambda tx: tx.runs.slots(run_id="rn_1", after=last - 1, take=9)) == [slot(last)]
    assert filled.read(lambda tx: tx.runs.filled(run_ids=["rn_1"], skip=0, take=9)) == ([], 0)
