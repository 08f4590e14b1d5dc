"""What every store keeps of executions that survive their process."""

from __future__ import annotations

from typing import Any

import pytest
from tests.storage.things import ABROAD, Desk, at, batch, execution, file

from headrace.core.durable import Ticket
from headrace.core.execution import Status
from headrace.core.ports import Clash
from headrace.core.records import Execution

ENDED = {"status": Status.SUCCEEDED, "ended_at": at(9)}


def durable(id: str, **changes: Any) -> Execution:
    return execution(id, is_durable=True, **changes)


def ticket(execution_id: str, **changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "content": b'{"definition": {}}',
        "digest": "d",
        "node": "In",
        "output": "document",
        "document": '{"a": "ü"}'.encode(),
    }
    return Ticket(execution_id=execution_id, **values | changes)


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two flows."""
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2"))))
    return desk


def put(desk: Desk, *runs: Execution) -> None:
    desk.write(lambda tx: [tx.executions.put(run) for run in runs])


def test_a_name_is_taken_for_ever_in_its_alias_and_nowhere_else(filed: Desk) -> None:
    put(filed, durable("exe_1", name="n", **ENDED))
    with pytest.raises(Clash, match="execution_name"):
        put(filed, durable("exe_2", name="n"))
    others = [
        durable("exe_3", name="n", pointer_id="ALIAS00002"),
        durable("exe_4", name="n", file_id="fl_2"),
        execution("exe_5", name="n"),
    ]
    put(filed, *others)
    found = filed.read(
        lambda tx: [
            tx.executions.durable(file_id=file_id, pointer_id=pointer_id, name="n")
            for file_id, pointer_id in (
                ("fl_1", "ALIAS00001"),
                ("fl_1", "ALIAS00002"),
                ("fl_2", "ALIAS00001"),
            )
        ]
    )
    assert [run and run.id for run in found] == ["exe_1", "exe_3", "exe_4"]


def test_durable_ones_are_paged_by_themselves(filed: Desk) -> None:
    put(
        filed,
        *(durable(f"exe_{number}", started_at=at(number // 2)) for number in range(5)),
        durable("exe_8", pointer_id="ALIAS00002", started_at=at(8)),
        execution("exe_9", started_at=at(9)),
        durable("exe_7", file_id="fl_2"),
    )

    def page(pointer_id: str | None, before: Any, take: int) -> list[str]:
        found = filed.read(
            lambda tx: tx.executions.durable_page(
                file_id="fl_1", pointer_id=pointer_id, before=before, take=take
            )
        )
        return [run.id for run in found]

    assert page(None, None, 3) == ["exe_8", "exe_4", "exe_3"]
    assert page(None, (at(1), "exe_3"), 9) == ["exe_2", "exe_1", "exe_0"]
    assert page("ALIAS00001", None, 2) == ["exe_4", "exe_3"]
    assert page("ALIAS00002", None, 9) == ["exe_8"]
    assert page("ALIAS00003", None, 9) == []


def test_only_durable_ones_that_go_on_are_counted_and_held(filed: Desk) -> None:
    put(
        filed,
        durable("exe_1", holder="prc_1", attempt=3),
        durable("exe_2", holder="prc_2"),
        durable("exe_3", holder="prc_1", **ENDED),
        execution("exe_4", holder="prc_1"),
    )
    assert filed.read(lambda tx: tx.executions.count_going()) == 2
    assert filed.read(lambda tx: tx.executions.count_going(), ABROAD) == 0
    held = filed.read(lambda tx: tx.executions.held(holder="prc_1"), ABROAD)
    assert [one[1:] for one in held] == [("exe_1", 3)]


def test_a_ticket_stays_as_it_is_and_goes_with_its_execution(filed: Desk) -> None:
    put(filed, durable("exe_1", **ENDED), durable("exe_2"))
    whole = ticket("exe_1", max_parallel=3, latency="optimized", role="r", key="k")
    filed.write(lambda tx: [tx.tickets.add(one) for one in (whole, ticket("exe_2"))])
    with pytest.raises(Clash):
        filed.write(lambda tx: tx.tickets.add(ticket("exe_1")))
    with pytest.raises(Clash, match="reference"):
        filed.write(lambda tx: tx.tickets.add(ticket("exe_9")))
    assert filed.read(lambda tx: tx.tickets.get(execution_id="exe_1")) == whole
    assert filed.read(lambda tx: tx.tickets.get(execution_id="exe_2")) == ticket("exe_2")
    assert filed.read(lambda tx: tx.tickets.get(execution_id="exe_1"), ABROAD) is None
    filed.write(lambda tx: tx.executions.append(batch("exe_1")))
    assert filed.write(lambda tx: tx.executions.purge(before=at(10), most=5)) == 1
    assert filed.read(lambda tx: tx.tickets.get(execution_id="exe_1")) is None
    assert filed.read(lambda tx: tx.executions.events(execution_id="exe_1", first=0, take=1)) == []


def test_a_document_is_forgotten_and_the_rest_of_its_ticket_stays(filed: Desk) -> None:
    put(filed, durable("exe_1"), durable("exe_2"))
    names = ("exe_1", "exe_2")
    filed.write(lambda tx: [tx.tickets.add(ticket(name)) for name in names])
    filed.write(lambda tx: tx.tickets.forget_document(execution_id="exe_1"))
    filed.write(lambda tx: tx.tickets.forget_document(execution_id="exe_9"))
    found = filed.read(lambda tx: [tx.tickets.get(execution_id=name) for name in names])
    assert found == [ticket("exe_1", document=b""), ticket("exe_2")]
