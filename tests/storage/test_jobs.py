"""Laws of the work that waits, for every store."""

from __future__ import annotations

from datetime import datetime

import msgspec
from tests.storage.things import ABROAD, HOME, Desk, at, job

from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction

LATER = at(100)


def put(desk: Desk, *jobs: Job) -> None:
    desk.write(lambda tx: [tx.jobs.put(one) for one in jobs])


def take(
    desk: Desk, now: datetime, until: datetime = LATER, most: int = 9, work: Work = Work.JUDGE
) -> list[Job]:
    """What is taken; whether something is due says the same."""

    def both(tx: Transaction) -> list[Job]:
        is_due = tx.jobs.is_due(work=work, now=now)
        taken = tx.jobs.take(work=work, now=now, until=until, most=most)
        assert is_due == bool(taken)
        return taken

    return desk.write(both)


def test_work_is_taken_once_when_it_is_due(desk: Desk) -> None:
    put(desk, job("b", due_at=at(2)), job("a", due_at=at(1)), job("c", due_at=at(3)))
    assert take(desk, at(0)) == []
    leased = [job("a", due_at=at(1), leased_until=at(100)), job("b", due_at=at(2), leased_until=at(100))]
    assert take(desk, at(2)) == leased
    assert take(desk, at(2)) == []
    assert [one.subject for one in take(desk, at(3))] == ["c"]
    assert desk.read(lambda tx: tx.jobs.count()) == 3


def test_the_longest_due_is_taken_first(desk: Desk) -> None:
    put(desk, *(job(f"{n}", due_at=at(-n)) for n in range(5)))
    assert [one.subject for one in take(desk, at(0), most=2)] == ["4", "3"]
    assert [one.subject for one in take(desk, at(0), most=2)] == ["2", "1"]


def test_a_lease_that_ended_lets_others_try(desk: Desk) -> None:
    put(desk, job("a"))
    assert len(take(desk, at(0), until=at(5))) == 1
    assert take(desk, at(4)) == []
    assert take(desk, at(5), until=at(9)) == [job("a", leased_until=at(9))]


def test_work_asked_for_again_is_one_turn_more(desk: Desk) -> None:
    put(desk, job("a", due_at=at(5)))
    (taken,) = take(desk, at(5))
    desk.write(lambda tx: tx.jobs.put_off(taken, due_at=at(9)))
    put(desk, job("a", due_at=at(7)))
    put(desk, job("a", due_at=at(8)))
    assert desk.read(lambda tx: tx.jobs.of_subject(subject="a")) == [job("a", due_at=at(7), turn=3)]


def test_what_was_done_is_forgotten_unless_it_was_asked_for_meanwhile(desk: Desk) -> None:
    put(desk, job("a"), job("b"))
    first, second = take(desk, at(0))
    put(desk, job("a", due_at=at(3)))
    assert take(desk, at(50)) == []
    desk.write(lambda tx: (tx.jobs.done(first), tx.jobs.done(second)))
    assert desk.read(lambda tx: tx.jobs.count()) == 1
    (again,) = take(desk, at(0))
    assert again == job("a", turn=2, leased_until=at(100))
    desk.write(lambda tx: (tx.jobs.done(first), tx.jobs.done(again), tx.jobs.done(again)))
    assert desk.read(lambda tx: tx.jobs.count()) == 0


def test_what_failed_waits_with_one_attempt_more(desk: Desk) -> None:
    put(desk, job("a"))
    (taken,) = take(desk, at(0))
    desk.write(lambda tx: tx.jobs.put_off(taken, due_at=at(30)))
    assert take(desk, at(29)) == []
    (again,) = take(desk, at(30))
    assert again == job("a", attempts=1, due_at=at(30), leased_until=at(100))
    desk.write(lambda tx: tx.jobs.done(again))
    desk.write(lambda tx: (tx.jobs.put_off(again, due_at=at(40)), tx.jobs.done(again)))
    assert desk.read(lambda tx: tx.jobs.count()) == 0


def test_work_is_of_all_organisations_but_asked_for_in_one(desk: Desk) -> None:
    abroad = msgspec.structs.replace(job("a", due_at=at(-1)), account=ABROAD)
    put(desk, job("a"), job("a", work=Work.RECORD), job("a", object="other"))
    desk.write(lambda tx: tx.jobs.put(abroad), ABROAD)
    assert desk.read(lambda tx: tx.jobs.count(), ABROAD) == 4
    of_home = desk.read(lambda tx: tx.jobs.of_subject(subject="a"))
    assert of_home == [job("a"), job("a", object="other"), job("a", work=Work.RECORD)]
    assert desk.read(lambda tx: tx.jobs.of_subject(subject="a"), ABROAD) == [abroad]
    taken = take(desk, at(0), most=2)
    assert [(one.account, one.object) for one in taken] == [(ABROAD, ""), (HOME, "")]
    desk.write(lambda tx: tx.jobs.release(), ABROAD)
    assert len(take(desk, at(0))) == 3
    assert take(desk, at(0), work=Work.UPROOT) == []
    assert take(desk, at(0), work=Work.RECORD) == [job("a", work=Work.RECORD, leased_until=at(100))]


def test_what_waits_too_long_is_due_at_once(desk: Desk) -> None:
    """What is free, or its own; what is due soon, of another kind, or in other hands stays as it is."""
    late = [job("a", due_at=at(50)), job("soon", due_at=at(9)), job("other", due_at=at(50))]
    put(desk, *late[:2], msgspec.structs.replace(late[2], work=Work.RECORD))
    put(desk, job("mine"), job("theirs"))
    for holder in ("prc_mine", "prc_theirs"):
        desk.write(
            lambda tx, h=holder: tx.jobs.take(work=Work.JUDGE, now=at(0), until=LATER, most=1, holder=h)
        )

    def hasten(tx: Transaction) -> int:
        return tx.jobs.hasten(work=Work.JUDGE, now=at(1), beyond=at(10), holder="prc_mine")

    assert desk.write(hasten) == 2
    assert [(one.subject, one.due_at) for one in take(desk, at(1))] == [("a", at(1)), ("mine", at(1))]
    assert desk.write(hasten) == 0
    assert [one.subject for one in take(desk, at(9))] == ["soon"]
    assert take(desk, at(49), work=Work.RECORD) == []
