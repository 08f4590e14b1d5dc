"""Laws of evaluations, runs and their slots, for every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    Desk,
    at,
    evaluation,
    file,
    link,
    run,
    seat,
    slot,
    version,
)

from headrace.core.evaluations import Awaited, Evaluation, Run, Slot
from headrace.core.ports import Clash, Transaction

LOG_ID = "läg 1 \x01 '%\" \t𝄞"
"""An id that a client chose."""


def fill(tx: Transaction) -> None:
    for id_, kind in (("fl_1", "flow"), ("fl_2", "flow"), ("ev_1", "evaluator"), ("ev_2", "evaluator")):
        tx.files.add(file(id_, kind=kind))
    tx.versions.add(version())
    tx.versions.add(version("evv_1", "ev_1"))
    tx.versions.add(version("evv_2", "ev_2"))


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write(fill)
    return desk


def refused(desk: Desk, work: Callable[[Transaction], None], rule: str) -> None:
    with pytest.raises(Clash) as clash:
        desk.write(work)
    assert clash.value.rule == rule


def add(desk: Desk, *evaluations: Evaluation) -> None:
    desk.write(lambda tx: [tx.evaluations.add(one) for one in evaluations])


def add_run(desk: Desk, one: Run, *slots: Slot) -> None:
    desk.write(lambda tx: tx.runs.add(one, slots=slots))


def slots(desk: Desk, run_id: str = "rn_1") -> list[Slot]:
    return desk.read(lambda tx: tx.runs.slots(run_id=run_id, take=999))


def test_an_evaluation_is_found_by_id_and_by_name(filled: Desk) -> None:
    named, other = evaluation(name="Ü ' %"), evaluation("evr_2")
    add(filled, named, other, evaluation("evr_3", "fl_2", name="Ü ' %"), evaluation("evr_4"))
    assert filled.read(lambda tx: tx.evaluations.get(id="evr_1")) == named
    assert filled.read(lambda tx: tx.evaluations.get(id="evr_2")) == other
    assert filled.read(lambda tx: tx.evaluations.get(id="none")) is None
    assert filled.read(lambda tx: tx.evaluations.by_name(file_id="fl_1", name="Ü ' %")) == named
    assert filled.read(lambda tx: tx.evaluations.by_name(file_id="fl_1", name="ü ' %")) is None


def test_a_name_belongs_to_one_evaluation_of_a_file(filled: Desk) -> None:
    add(filled, evaluation(name="a"), evaluation("evr_2", name="b"))
    refused(filled, lambda tx: tx.evaluations.add(evaluation("evr_3", name="a")), "evaluation_name")
    refused(filled, lambda tx: tx.evaluations.update(evaluation("evr_2", name="a")), "evaluation_name")
    refused(filled, lambda tx: tx.evaluations.add(evaluation("evr_2", "fl_2")), "id")
    refused(filled, lambda tx: tx.evaluations.add(evaluation("evr_3", "none")), "reference")
    filled.write(lambda tx: tx.evaluations.update(evaluation(name="c", updated_at=at(5), created_by="usr_2")))
    assert filled.read(lambda tx: tx.evaluations.get(id="evr_1")) == evaluation(name="c", updated_at=at(5))
    add(filled, evaluation("evr_3", name="a"))
    filled.write(lambda tx: tx.evaluations.remove(id="evr_3"))
    add(filled, evaluation("evr_5", name="a"))


def test_evaluations_are_listed_newest_first(filled: Desk) -> None:
    some = [evaluation(f"evr_{number}", created_at=at(number // 2)) for number in range(5)]
    add(filled, *some, evaluation("evr_9", "fl_2"))
    listed = some[::-1]
    assert filled.read(lambda tx: tx.evaluations.page(file_id="fl_1", skip=0, take=9)) == (listed, 5)
    assert filled.read(lambda tx: tx.evaluations.page(file_id="fl_1", skip=1, take=2)) == (listed[1:3], 5)
    assert filled.read(lambda tx: tx.evaluations.page(file_id="fl_1", skip=5, take=2)) == ([], 5)
    assert filled.read(lambda tx: tx.evaluations.page(file_id="none", skip=0, take=2)) == ([], 0)


def test_who_judges_stays_in_the_order_of_being_added(filled: Desk) -> None:
    add(filled, evaluation(), evaluation("evr_2"))
    first, second = seat("evv_9"), seat("evv_1", evaluator_id="ev_2", is_orchestrated=False, added_at=at(1))
    for one in (first, second, seat("evv_9", "evr_2")):
        filled.write(lambda tx, one=one: tx.evaluations.put_seat(one))
    assert filled.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1")) == [first, second]
    again = seat("evv_9", is_orchestrated=False, added_at=at(9))
    filled.write(lambda tx: tx.evaluations.put_seat(again))
    assert filled.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1")) == [again, second]
    filled.write(lambda tx: tx.evaluations.remove_seat(evaluation_id="evr_1", version_id="evv_9"))
    filled.write(lambda tx: tx.evaluations.put_seat(first))
    assert filled.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1")) == [second, first]
    assert filled.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_2")) == [seat("evv_9", "evr_2")]
    refused(filled, lambda tx: tx.evaluations.put_seat(seat("evv_1", "none")), "reference")


def test_the_last_run_that_was_added_comes_first(filled: Desk) -> None:
    add(filled, evaluation(), evaluation("evr_2"), evaluation("evr_3"))
    for number in (2, 1):
        add_run(filled, run(f"rn_{number}"))
        filled.write(lambda tx, number=number: tx.evaluations.put_link(link(f"rn_{number}")))
    assert filled.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1")) == [link("rn_1"), link("rn_2")]
    later = link("rn_2", added_at=at(7))
    filled.write(lambda tx: (tx.evaluations.put_link(later), tx.evaluations.put_link(link("rn_1", "evr_2"))))
    assert filled.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1")) == [link("rn_1"), later]
    wanted = ["evr_1", "evr_2", "evr_3", "none"]
    counts = filled.read(lambda tx: dict(tx.evaluations.runs_count(evaluation_ids=wanted)))
    assert counts == {"evr_1": 2, "evr_2": 1}
    filled.write(lambda tx: tx.evaluations.remove_link(evaluation_id="evr_1", run_id="rn_1"))
    assert filled.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1")) == [later]
    refused(filled, lambda tx: tx.evaluations.put_link(link("none")), "reference")
    refused(filled, lambda tx: tx.evaluations.put_link(link("rn_1", "none")), "reference")


def test_one_run_of_an_evaluation_is_the_control(filled: Desk) -> None:
    add(filled, evaluation(), evaluation("evr_2"))
    for number in (1, 2):
        add_run(filled, run(f"rn_{number}"))
        for of in ("evr_1", "evr_2"):
            linked = link(f"rn_{number}", of, is_control=True)
            filled.write(lambda tx, linked=linked: tx.evaluations.put_link(linked))
    filled.write(lambda tx: tx.evaluations.put_link(link("rn_1", is_control=True)))
    one, other = (
        filled.read(lambda tx, of=of: tx.evaluations.links(evaluation_id=of)) for of in ("evr_1", "evr_2")
    )
    assert [(found.run_id, found.is_control) for found in one] == [("rn_2", False), ("rn_1", True)]
    assert [(found.run_id, found.is_control) for found in other] == [("rn_2", True), ("rn_1", False)]
    filled.write(lambda tx: tx.evaluations.put_link(link("rn_1")))
    links = filled.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1"))
    assert not [found for found in links if found.is_control]


def test_an_evaluation_goes_with_its_seats_and_links_and_leaves_its_runs(filled: Desk) -> None:
    add(filled, evaluation(), evaluation("evr_2"))
    add_run(filled, run())
    for of in ("evr_1", "evr_2"):
        filled.write(lambda tx, of=of: tx.evaluations.put_seat(seat(evaluation_id=of)))
        filled.write(lambda tx, of=of: tx.evaluations.put_link(link(evaluation_id=of)))
    filled.write(lambda tx: tx.evaluations.remove(id="evr_1"))
    filled.write(lambda tx: tx.evaluations.remove(id="evr_1"))
    assert filled.read(lambda tx: tx.evaluations.get(id="evr_1")) is None
    assert filled.read(lambda tx: tx.evaluations.with_run(run_id="rn_1")) == [evaluation("evr_2")]
    assert filled.read(lambda tx: tx.evaluations.with_evaluator(evaluator_id="ev_1")) == [evaluation("evr_2")]
    assert filled.read(lambda tx: tx.runs.get(id="rn_1")) == run()
    add(filled, evaluation())
    assert filled.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1")) == []
    assert filled.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1")) == []


def test_who_has_a_run_or_an_evaluator_is_told_oldest_first(filled: Desk) -> None:
    old, new = evaluation("evr_9"), evaluation("evr_1", created_at=at(1))
    add(filled, new, old, evaluation("evr_5"))
    add_run(filled, run())
    for of in ("evr_1", "evr_9"):
        filled.write(lambda tx, of=of: tx.evaluations.put_link(link(evaluation_id=of)))
        for version_id in ("evv_1", "evv_2"):
            seated = seat(version_id, of)
            filled.write(lambda tx, seated=seated: tx.evaluations.put_seat(seated))
    assert filled.read(lambda tx: tx.evaluations.with_run(run_id="rn_1")) == [old, new]
    assert filled.read(lambda tx: tx.evaluations.with_evaluator(evaluator_id="ev_1")) == [old, new]
    assert filled.read(lambda tx: tx.evaluations.with_evaluator(evaluator_id="ev_2")) == []


def test_evaluations_of_files_that_are_gone_are_not_answered(filled: Desk) -> None:
    add(filled, evaluation(name="a"))
    add_run(filled, run(), slot())
    filled.write(lambda tx: (tx.evaluations.put_seat(seat()), tx.evaluations.put_link(link())))
    filled.write(lambda tx: tx.files.remove(id="fl_1", at=START))
    assert filled.read(lambda tx: tx.evaluations.get(id="evr_1")) is None
    assert filled.read(lambda tx: tx.evaluations.by_name(file_id="fl_1", name="a")) is None
    assert filled.read(lambda tx: tx.evaluations.page(file_id="fl_1", skip=0, take=9)) == ([], 0)
    assert filled.read(lambda tx: tx.evaluations.with_run(run_id="rn_1")) == []
    assert filled.read(lambda tx: tx.evaluations.with_evaluator(evaluator_id="ev_1")) == []
    assert filled.read(lambda tx: tx.runs.get(id="rn_1")) == run()
    assert slots(filled) == [slot()]


def test_nothing_is_seen_from_abroad(filled: Desk) -> None:
    add(filled, evaluation(name="a"))
    add_run(filled, run(size=1), slot(log_id="log_1"))
    awaited = [Awaited(run_id="rn_1", place=0, version_id="evv_1")]
    filled.write(lambda tx: (tx.evaluations.put_seat(seat()), tx.evaluations.put_link(link())))
    filled.write(lambda tx: tx.runs.awaiting(awaited))

    def look(tx: Transaction) -> list[object]:
        return [
            tx.evaluations.get(id="evr_1"),
            tx.evaluations.by_name(file_id="fl_1", name="a"),
            tx.evaluations.page(file_id="fl_1", skip=0, take=9)[0],
            tx.evaluations.seats(evaluation_id="evr_1"),
            tx.evaluations.links(evaluation_id="evr_1"),
            dict(tx.evaluations.runs_count(evaluation_ids=["evr_1"])),
            tx.evaluations.with_run(run_id="rn_1"),
            tx.evaluations.with_evaluator(evaluator_id="ev_1"),
            tx.runs.get(id="rn_1"),
            tx.runs.open_of_version(version_id="flv_1"),
            tx.runs.slots(run_id="rn_1", take=9),
            tx.runs.filled(run_ids=["rn_1"], skip=0, take=9)[0],
            tx.runs.slots_of_logs(log_ids=["log_1"]),
            tx.runs.is_undone(run_id="rn_1"),
            tx.runs.is_awaiting(run_id="rn_1"),
        ]

    assert all(filled.read(look)), "there is something to be seen"
    assert not any(filled.read(look, ABROAD))
    filled.write(fill, ABROAD)
    filled.write(lambda tx: (tx.evaluations.add(evaluation(name="a")), tx.runs.add(run(), slots=[])), ABROAD)
    filled.write(lambda tx: tx.evaluations.remove(id="evr_1"), ABROAD)
    filled.write(lambda tx: tx.runs.forget_awaited(run_id="rn_1"), ABROAD)
    assert all(filled.read(look, HOME))
