"""Lists of runs that are narrowed down, and who carries runs out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.storage.things import execution
from tests.unit.services.conftest import START, Registry
from tests.unit.services.test_executions import kept

from headrace.core.access import Principal, Right
from headrace.core.errors import Forbidden
from headrace.core.execution import Status
from headrace.core.processes import Process, Role
from headrace.services.executions import execution_lists
from headrace.services.executions.execution_lists import Carrier, Listed, Place, Wanted

RUNS = 12
WITH_HOLDER = "prc_1"


@pytest.fixture
def flow(registry: Registry) -> str:
    """A flow with twelve runs, a minute apart: every third has failed, the first still runs in the background."""
    file_id: str = registry.upsert({"a": 1}).file.id
    kept(
        registry,
        *(
            execution(
                f"exe_{number:02}",
                file_id,
                started_at=START + timedelta(minutes=number),
                status=Status.FAILED if number % 3 == 0 else Status.SUCCEEDED,
                ended_at=START + timedelta(hours=1),
            )
            for number in range(1, RUNS)
        ),
        execution("exe_00", file_id, started_at=START, is_durable=True, holder=WITH_HOLDER),
    )
    return file_id


def listed(registry: Registry, wanted: Wanted, *, before: Place | None = None, take: int = 100) -> Listed:
    page: Listed = registry.run(
        execution_lists.page(registry.ports, registry.principal, wanted, before=before, take=take)
    )
    return page


def ids(page: Listed) -> list[str]:
    return [one.execution.id for one in page.executions]


def test_a_list_is_narrowed_down(registry: Registry, flow: str) -> None:
    assert ids(listed(registry, Wanted(status=Status.FAILED))) == ["exe_09", "exe_06", "exe_03"]
    assert ids(listed(registry, Wanted(flow=flow, is_durable=True))) == ["exe_00"]
    assert len(ids(listed(registry, Wanted(is_durable=False)))) == RUNS - 1
    assert ids(listed(registry, Wanted(status=Status.ABORTED))) == []


def test_pages_go_on_where_the_last_one_ended(registry: Registry, flow: str) -> None:
    first = listed(registry, Wanted(status=Status.FAILED), take=2)
    assert ids(first) == ["exe_09", "exe_06"]
    second = listed(registry, Wanted(status=Status.FAILED), before=first.next, take=2)
    assert (ids(second), second.next) == (["exe_03"], None)
    whole = listed(registry, Wanted(), take=RUNS)
    assert (len(whole.executions), whole.next) == (RUNS, None)


def test_one_page_looks_at_no_more_than_so_many(
    registry: Registry, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_lists, "LOOKED_AT", 4)
    monkeypatch.setattr(execution_lists, "READ_AT_ONCE", 3)
    found: list[str] = []
    pages, place = 0, None
    while True:
        page = listed(registry, Wanted(status=Status.FAILED), before=place)
        found, pages, place = found + ids(page), pages + 1, page.next
        if place is None:
            break
    assert (found, pages) == (["exe_09", "exe_06", "exe_03"], 3)


def test_what_runs_is_found_however_much_ran_since(
    registry: Registry, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_lists, "LOOKED_AT", 4)
    page = listed(registry, Wanted(status=Status.RUNNING, flow=flow))
    assert (ids(page), page.next) == (["exe_00"], None)
    assert ids(listed(registry, Wanted(status=Status.RUNNING), before=(START, "exe_00"))) == []


def test_processes_are_shown_with_what_they_carry_out(registry: Registry, flow: str) -> None:
    processes = [
        Process(
            id=f"prc_{number}",
            role=Role.WORKER,
            host="one",
            pid=number,
            release="1",
            capacity=4,
            started_at=START + timedelta(seconds=number),
            seen_at=START,
        )
        for number in (1, 2)
    ]
    registry.run(
        registry.ports.store.write(
            registry.principal.account, lambda tx: [tx.processes.put(one) for one in processes]
        )
    )
    found: list[Carrier] = registry.run(execution_lists.carriers(registry.ports, registry.principal))
    told = [
        (one.process.id, one.durable_count, [run.execution.id for run in one.executions]) for one in found
    ]
    assert told == [("prc_1", 1, ["exe_00"]), ("prc_2", 0, [])]


def test_who_uses_the_store_is_for_admins(registry: Registry) -> None:
    editor = Principal(account=registry.principal.account, user=registry.principal.user, right=Right.EDITOR)
    with pytest.raises(Forbidden):
        registry.run(execution_lists.carriers(registry.ports, editor))
