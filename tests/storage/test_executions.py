"""Laws of executions, their events, and conversations, for every store."""

from __future__ import annotations

import msgspec
import pytest
from tests.storage.things import ABROAD, HOME, Desk, at, batch, execution, file, session

from headrace.core.execution import FlowFinished, FlowOutput, Link, NodeType, Reason, Status
from headrace.core.ports import Clash, Transaction
from headrace.core.records import EventBatch, Execution, Session


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two files."""
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2"))))
    return desk


def put(desk: Desk, *runs: Execution, account: str | None = None) -> None:
    options = {} if account is None else {"account": account}
    desk.write(lambda tx: [tx.executions.put(run) for run in runs], **options)


def test_an_execution_comes_back_as_it_went_in(filed: Desk) -> None:
    one = execution("exe_1", number=None, is_draft=True, environment_id="env_1", cost_usd=0.1 + 0.2)
    put(filed, one)
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == one
    assert filed.read(lambda tx: tx.executions.get(id="exe_2")) is None


def test_putting_again_changes_only_what_a_run_brings_forth(filed: Desk) -> None:
    put(filed, execution("exe_1", name="first"))
    outcome = {
        "status": Status.FAILED,
        "ended_at": at(3),
        "output": "[1]",
        "error": "no",
        "failed_node": "Ask",
        "input_tokens": 3,
        "output_tokens": 4,
        "cost_usd": 0.25,
        "events_count": 9,
    }
    put(filed, execution("exe_1", "fl_2", name="other", started_at=at(9), input=None, **outcome))
    expected = execution("exe_1", name="first", **outcome)
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == expected


def test_an_execution_is_of_a_file(filed: Desk) -> None:
    with pytest.raises(Clash, match=r"^reference$"):
        put(filed, execution("exe_1", "fl_none"))


def test_a_name_may_be_used_again_and_means_the_newest(filed: Desk) -> None:
    put(
        filed,
        execution("exe_2", name="n"),
        execution("exe_1", name="n"),
        execution("exe_3", "fl_2", name="n"),
    )
    found = filed.read(lambda tx: tx.executions.by_name(file_id="fl_1", name="n"))
    assert found == execution("exe_2", name="n")
    assert filed.read(lambda tx: tx.executions.by_name(file_id="fl_1", name="N")) is None


def test_what_runs_is_found_without_looking_at_what_ran(filed: Desk) -> None:
    put(
        filed,
        execution("exe_1"),
        execution("exe_2", status=Status.SUCCEEDED, ended_at=at(1)),
        execution("exe_3", "fl_2", is_durable=True, holder="prc_1"),
        execution("exe_4", status=Status.WAITING),
        execution("exe_5", holder="prc_2"),
    )

    def running(tx: Transaction, take: int) -> list[str]:
        return [one.id for one in tx.executions.running(take=take)]

    assert filed.read(lambda tx: running(tx, 9)) == ["exe_5", "exe_3", "exe_1"]
    assert filed.read(lambda tx: running(tx, 2)) == ["exe_5", "exe_3"]
    assert filed.read(lambda tx: running(tx, 9), account=ABROAD) == []


def test_executions_are_paged_newest_first(filed: Desk) -> None:
    put(filed, *(execution(f"exe_{n}", f"fl_{n % 2 + 1}", started_at=at(n // 2)) for n in (4, 0, 2, 1, 3)))

    def listed(tx: Transaction, file_id: str | None, *before: object) -> list[str]:
        found = tx.executions.page(file_id=file_id, before=before or None, take=2)  # type: ignore[arg-type]
        return [one.id for one in found]

    assert filed.read(lambda tx: listed(tx, None)) == ["exe_4", "exe_3"]
    assert filed.read(lambda tx: listed(tx, None, at(1), "exe_3")) == ["exe_2", "exe_1"]
    assert filed.read(lambda tx: listed(tx, "fl_1")) == ["exe_4", "exe_2"]
    assert filed.read(lambda tx: listed(tx, "fl_1", at(1), "exe_2")) == ["exe_0"]
    assert filed.read(lambda tx: listed(tx, "fl_2", at(0), "exe_1")) == []


def test_events_come_back_in_order_from_the_batch_that_holds_the_first(filed: Desk) -> None:
    put(filed, execution("exe_1"), execution("exe_2"))
    batches = [batch(first=0, size=3), batch(first=3, size=1), batch(first=4, size=2)]
    other = batch("exe_2", first=0, size=9)
    filed.write(lambda tx: [tx.executions.append(one) for one in (batches[2], other, *batches[:2])])

    def found(first: int, take: int = 9) -> list[EventBatch]:
        return filed.read(lambda tx: tx.executions.events(execution_id="exe_1", first=first, take=take))

    assert found(0) == found(2) == batches
    assert found(1, take=1) == batches[:1]
    assert found(3) == batches[1:]
    assert found(5) == batches[2:]
    assert found(6) == []
    assert filed.read(lambda tx: tx.executions.events(execution_id="exe_none", first=0, take=1)) == []


def test_events_are_the_same_after_storage(filed: Desk) -> None:
    events = [
        FlowOutput(
            at_ns=1,
            node="Out",
            value={"a": [1, 1.5, None, "ü"]},
            scope=(Link(node="It", type=NodeType.ITERATOR, index=3),),
        ),
        FlowFinished(at_ns=2**62, reason=Reason.SUCCESS),
    ]
    put(filed, execution("exe_1"))
    filed.write(lambda tx: tx.executions.append(batch(body=msgspec.json.encode(events))))
    (kept,) = filed.read(lambda tx: tx.executions.events(execution_id="exe_1", first=0, take=1))
    assert kept.events() == events


@pytest.mark.parametrize(
    ("rule", "other"), [("id", batch(first=0, size=5)), ("reference", batch("exe_none"))]
)
def test_a_batch_that_breaks_a_rule_is_refused(filed: Desk, rule: str, other: EventBatch) -> None:
    put(filed, execution("exe_1"))
    filed.write(lambda tx: tx.executions.append(batch()))
    with pytest.raises(Clash, match=f"^{rule}$"):
        filed.write(lambda tx: tx.executions.append(other))


def test_runs_that_nobody_carries_out_have_failed_in_every_organisation(filed: Desk) -> None:
    filed.write(lambda tx: tx.files.add(file()), ABROAD)
    put(filed, execution("exe_1"), execution("exe_2", status=Status.WAITING))
    put(filed, execution("exe_1"), account=ABROAD)
    filed.write(lambda tx: tx.executions.fail_running(holder=None, at=at(5), error="stopped"))
    failed = execution("exe_1", status=Status.FAILED, ended_at=at(5), error="stopped")
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == failed
    assert filed.read(lambda tx: tx.executions.get(id="exe_1"), ABROAD) == failed
    waiting = filed.read(lambda tx: tx.executions.get(id="exe_2"))
    assert waiting is not None
    assert waiting.status is Status.WAITING


def test_runs_that_are_made_for_evaluations_fail_too_and_nobody_is_told_to_show_them(filed: Desk) -> None:
    torn = execution("exe_1", holder="prc_1", run_id="rn_1", datapoint_id="dp_1")
    put(filed, torn, execution("exe_2", holder="prc_1"))
    ended = filed.write(lambda tx: tx.executions.fail_running(holder="prc_1", at=at(5), error="gone"))
    assert ended == [(HOME, "exe_2")]
    failed = msgspec.structs.replace(torn, status=Status.FAILED, ended_at=at(5), error="gone", holder=None)
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == failed


def test_what_one_process_left_is_put_in_order_and_nothing_of_another(filed: Desk) -> None:
    put(
        filed, *(execution(f"exe_{n}", holder=f"prc_{n}") for n in (1, 2)), execution("exe_3", holder="prc_1")
    )
    put(filed, execution("exe_4", holder="prc_1", status=Status.WAITING))
    talks = [
        session("first", execution_id="exe_1", is_busy=True, state=None, holder="prc_1"),
        session("other", execution_id="exe_2", is_busy=True, state=None, holder="prc_2"),
        session("running", execution_id="exe_3", is_busy=True, holder="prc_1"),
        session("about to run", execution_id="exe_4", is_busy=True, holder="prc_1"),
    ]
    filed.write(lambda tx: [tx.sessions.put(one) for one in talks])
    filed.write(lambda tx: tx.sessions.free(holder="prc_1"))
    ended = filed.write(lambda tx: tx.executions.fail_running(holder="prc_1", at=at(5), error="gone"))
    assert ended == [(HOME, "exe_1")]

    def runs(tx: Transaction) -> list[tuple[Status, str | None]]:
        found = [tx.executions.get(id=f"exe_{n}") for n in (1, 2, 3, 4)]
        return [(one.status, one.holder) for one in found if one]

    assert filed.read(runs) == [
        (Status.FAILED, None),
        (Status.RUNNING, "prc_2"),
        (Status.WAITING, None),
        (Status.WAITING, None),
    ]

    def talk(name: str) -> Session | None:
        return filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name=name))

    assert [talk("first"), talk("other")] == [None, talks[1]]
    assert [one and (one.is_busy, one.holder) for one in (talk("running"), talk("about to run"))] == [
        (False, None),
        (False, None),
    ]


def test_who_was_taken_for_gone_records_nothing_any_more(filed: Desk) -> None:
    mine = execution("exe_1", holder="prc_1")
    ended = msgspec.structs.replace(mine, status=Status.SUCCEEDED, ended_at=at(9), output="1")
    assert filed.write(lambda tx: tx.executions.record(mine)) is True
    filed.write(lambda tx: tx.executions.fail_running(holder="prc_1", at=at(5), error="gone"))
    failed = filed.read(lambda tx: tx.executions.get(id="exe_1"))
    assert filed.write(lambda tx: tx.executions.record(ended)) is False
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == failed


def test_who_carries_a_run_out_records_it_until_another_does(filed: Desk) -> None:
    mine = execution("exe_1", holder="prc_1", attempt=2)
    filed.write(lambda tx: tx.executions.put(mine))
    waits = msgspec.structs.replace(mine, status=Status.WAITING, attempt=0)
    assert filed.write(lambda tx: tx.executions.record(waits)) is True
    kept = msgspec.structs.replace(waits, attempt=2)
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == kept
    filed.write(lambda tx: tx.executions.put(msgspec.structs.replace(kept, holder="prc_2")))
    assert filed.write(lambda tx: tx.executions.record(waits)) is False
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")).holder == "prc_2"


def test_a_purge_forgets_what_ended_longest_ago_with_its_events(filed: Desk) -> None:
    filed.write(lambda tx: tx.files.add(file()), ABROAD)
    put(filed, *(execution(f"exe_{n}", ended_at=at(n)) for n in (3, 1, 2)), execution("exe_0"))
    put(filed, execution("exe_0", ended_at=at(0)), account=ABROAD)
    filed.write(lambda tx: tx.executions.append(batch("exe_1")))
    assert filed.write(lambda tx: tx.executions.purge(before=at(3), most=2)) == 2
    assert filed.read(lambda tx: tx.executions.get(id="exe_0"), ABROAD) is None
    assert filed.read(lambda tx: tx.executions.events(execution_id="exe_1", first=0, take=1)) == []
    assert filed.write(lambda tx: tx.executions.purge(before=at(3), most=2)) == 1
    left = filed.read(lambda tx: tx.executions.page(file_id=None, before=None, take=9))
    assert {one.id for one in left} == {"exe_0", "exe_3"}
    put(filed, execution("exe_1"))
    filed.write(lambda tx: tx.executions.append(batch("exe_1")))


def test_newer_executions_come_oldest_first(filed: Desk) -> None:
    put(filed, *(execution(f"exe_{n}", started_at=at(n // 2)) for n in (4, 0, 2, 1, 3)))
    put(filed, execution("exe_9", "fl_2", started_at=at(1)))

    def newer(*after: object, take: int = 2) -> list[str]:
        found = filed.read(lambda tx: tx.executions.newer(file_id="fl_1", after=after, take=take))
        return [one.id for one in found]

    assert newer(at(0), "exe_0") == ["exe_1", "exe_2"]
    assert newer(at(1), "exe_2", take=9) == ["exe_3", "exe_4"]
    assert newer(at(2), "exe_4") == []


def test_a_run_is_forgotten_with_its_events_and_no_other(filed: Desk) -> None:
    filed.write(lambda tx: tx.files.add(file()), ABROAD)
    put(filed, execution("exe_1", is_durable=True, pointer_id="A"), execution("exe_2"))
    put(filed, execution("exe_1"), account=ABROAD)
    filed.write(lambda tx: [tx.executions.append(batch(one)) for one in ("exe_1", "exe_2")])
    filed.write(lambda tx: tx.executions.remove(id="exe_1"))
    filed.write(lambda tx: tx.executions.remove(id="exe_none"))
    left = filed.read(lambda tx: tx.executions.page(file_id=None, before=None, take=9))
    assert [one.id for one in left] == ["exe_2"]
    assert filed.read(lambda tx: tx.executions.events(execution_id="exe_1", first=0, take=1)) == []
    assert len(filed.read(lambda tx: tx.executions.events(execution_id="exe_2", first=0, take=1))) == 1
    assert filed.read(lambda tx: tx.executions.get(id="exe_1"), ABROAD) is not None
    put(filed, execution("exe_1"))
    filed.write(lambda tx: tx.executions.append(batch("exe_1")))


def test_a_conversation_is_put_found_and_removed(filed: Desk) -> None:
    first = session("talk", is_busy=True, node=None, state=None)
    filed.write(lambda tx: tx.sessions.put(first))
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name="talk")) == first
    later = session(
        "talk", execution_id="exe_2", pointer_id="B", content=b"[1]", digest="e", state=b"2", turn_at=at(2)
    )
    filed.write(lambda tx: tx.sessions.put(later))
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name="talk")) == later
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_2", name="talk")) is None
    filed.write(lambda tx: tx.sessions.remove(file_id="fl_2", name="talk"))
    filed.write(lambda tx: tx.sessions.remove(file_id="fl_1", name="talk"))
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name="talk")) is None
    with pytest.raises(Clash, match=r"^reference$"):
        filed.write(lambda tx: tx.sessions.put(session("talk", "fl_none")))


def test_turns_that_nobody_carries_out_can_be_repeated(filed: Desk) -> None:
    first = session("first", is_busy=True, node=None, state=None)
    second = session("second", "fl_2", execution_id="exe_2", is_busy=True)
    put(filed, execution("exe_1"), execution("exe_2"))
    filed.write(lambda tx: [tx.sessions.put(one) for one in (first, second, session("waits"))])
    filed.write(lambda tx: tx.sessions.free(holder=None), ABROAD)
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name="first")) is None
    freed = session("second", "fl_2", execution_id="exe_2")
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_2", name="second")) == freed
    waits_again = filed.read(lambda tx: tx.executions.get(id="exe_2"))
    assert waits_again == execution("exe_2", status=Status.WAITING)
    assert filed.read(lambda tx: tx.executions.get(id="exe_1")) == execution("exe_1")
    assert filed.read(lambda tx: tx.sessions.get(file_id="fl_1", name="waits")) == session("waits")


def test_conversations_expire_oldest_first_and_abort_their_runs(filed: Desk) -> None:
    put(filed, *(execution(f"exe_{n}", status=Status.WAITING) for n in range(4)))
    talks = [session(f"t{n}", execution_id=f"exe_{n}", turn_at=at(n), is_busy=n == 1) for n in (2, 1, 0, 3)]
    filed.write(lambda tx: [tx.sessions.put(one) for one in talks])

    def left(tx: Transaction) -> list[str]:
        return [name for name in ("t0", "t1", "t2", "t3") if tx.sessions.get(file_id="fl_1", name=name)]

    def expire(most: int) -> None:
        filed.write(
            lambda tx: tx.sessions.expire(before=at(3), at=at(9), error="too late", most=most), ABROAD
        )

    expire(1)
    assert filed.read(left) == ["t1", "t2", "t3"]
    expire(9)
    assert filed.read(left) == ["t1", "t3"]
    aborted = {"status": Status.ABORTED, "ended_at": at(9), "error": "too late"}
    runs = [filed.read(lambda tx, n=n: tx.executions.get(id=f"exe_{n}")) for n in range(4)]
    assert runs == [
        execution("exe_0", **aborted),
        execution("exe_1", status=Status.WAITING),
        execution("exe_2", **aborted),
        execution("exe_3", status=Status.WAITING),
    ]


def test_nothing_is_seen_from_another_organisation(filed: Desk) -> None:
    put(filed, execution("exe_1", name="n"))
    filed.write(lambda tx: (tx.executions.append(batch()), tx.sessions.put(session("talk"))))
    filed.write(lambda tx: tx.sessions.remove(file_id="fl_1", name="talk"), ABROAD)

    def look(tx: Transaction) -> list[object]:
        return [
            tx.executions.get(id="exe_1"),
            tx.executions.by_name(file_id="fl_1", name="n"),
            tx.executions.page(file_id=None, before=None, take=9),
            tx.executions.page(file_id="fl_1", before=None, take=9),
            tx.executions.events(execution_id="exe_1", first=0, take=9),
            tx.sessions.get(file_id="fl_1", name="talk"),
        ]

    assert not any(filed.read(look, ABROAD))
    assert all(filed.read(look))
