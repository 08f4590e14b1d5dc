"""What a run runs, and what becomes of what was kept of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.storage.things import execution, session
from tests.unit.services.conftest import START, Registry

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.execution import FlowFinished, FlowOutput, Reason, Status
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.executions import executions
from headrace.services.records.recorder import Recorder
from headrace.services.runs import targets
from headrace.services.runs.targets import Choice, Route, Target

CONTENT = {"definition": {"nodes": [], "connections": []}}


def found(registry: Registry, ref: str, **choice: Any) -> tuple[Route, Target]:
    def look(tx: Transaction) -> tuple[Route, Target]:
        route = targets.route(tx, ref, Choice(**choice))
        return route, targets.target(tx, route, operation="run")

    pair: tuple[Route, Target] = registry.inside(look)
    return pair


def kept(registry: Registry, *runs: Execution) -> None:
    def work(tx: Transaction) -> None:
        for run in runs:
            tx.executions.put(run)

    registry.run(registry.ports.store.write(registry.principal.account, work))


def run_of(file_id: str, id: str = "exe_1", **changes: Any) -> Execution:
    return execution(id, file_id, **changes)


def test_an_environment_goes_by_its_name_and_by_an_id_that_never_changes(registry: Registry) -> None:
    made = registry.upsert(CONTENT)
    environment = registry.inside(lambda tx: tx.environments.all())[0]
    stands_for = targets.environment_alias(made.file.id, environment.id)
    by_name, by_id = (found(registry, made.file.id, alias=name) for name in (environment.name, stands_for))
    assert by_name == by_id
    route, target = by_id
    assert (route.pointer_id, route.environment_id) == (stands_for, environment.id)
    assert (target.version_id, target.number, target.is_draft) == (made.version.id, 1, False)


def test_what_stands_for_an_environment_is_of_one_flow_and_one_environment() -> None:
    ids = {targets.environment_alias(file, env) for file in ("fl_1", "fl_2") for env in ("env_1", "env_2")}
    assert len(ids) == 4
    assert all(len(one) == 10 and one.isalnum() and one.upper() == one for one in ids)


def test_a_flow_made_by_upsert_has_a_draft_to_run(registry: Registry) -> None:
    made = registry.upsert(CONTENT)
    route, target = found(registry, made.file.id, alias=DRAFT_ALIAS)
    assert route.pointer_id == DRAFT_ALIAS
    assert target.is_draft
    assert target.version_id != made.version.id, "the snapshot has an id of its own"


def test_without_a_choice_the_default_environment_decides_then_the_newest(registry: Registry) -> None:
    first = registry.upsert(CONTENT)
    registry.upsert({**CONTENT, "x": 1})

    def usual() -> Any:
        choice: Choice = registry.inside(lambda tx: targets.usual(tx, first.file))
        return found(registry, first.file.id, **{f: getattr(choice, f) for f in ("alias", "number")})[1]

    assert usual().number == 1, "the first version was deployed"


@pytest.mark.parametrize("ref", ["a/b", "b", "path"])
def test_people_call_a_flow_by_path_name_or_id(registry: Registry, ref: str) -> None:
    made = registry.upsert(CONTENT)
    names = {"a/b": "a/b", "b": made.file.short_name, "path": made.file.short_id}
    assert registry.inside(lambda tx: targets.find_anyhow(tx, names[ref])).id == made.file.id
    with pytest.raises(NotFound):
        registry.inside(lambda tx: targets.find_anyhow(tx, "nothing/here"))


def test_events_are_paged_across_batches(registry: Registry) -> None:
    made = registry.upsert(CONTENT)
    events = [FlowOutput(at_ns=number, node="Out", value=number) for number in range(700)]

    async def record() -> None:
        recorder = Recorder(registry.ports.store, registry.ports.clock)
        recording = recorder.begin(registry.principal.account, run_of(made.file.id))
        for event in [*events, FlowFinished(at_ns=700, reason=Reason.SUCCESS)]:
            recording.add(event)
        await recorder.close()

    registry.run(record())
    for first, take in ((0, 3), (498, 5), (699, 9), (701, 1)):
        page = registry.run(
            executions.events(registry.ports, registry.principal, ref="exe_1", first=first, take=take)
        )
        assert [one.at_ns for one in page] == list(range(701))[first : first + take]
    with pytest.raises(NotFound):
        registry.run(executions.events(registry.ports, registry.principal, ref="exe_0", first=0, take=1))


def test_an_execution_is_seen_in_its_organisation_only(registry: Registry) -> None:
    kept(registry, run_of(registry.upsert(CONTENT).file.id))
    reader = registry.as_user(Right.READER)
    assert registry.run(executions.get(registry.ports, reader, ref="exe_1")).execution.id == "exe_1"
    outside = Principal(account="999999999999", user=reader.user, right=Right.ADMIN)
    with pytest.raises(NotFound):
        registry.run(executions.get(registry.ports, outside, ref="exe_1"))


def test_what_a_process_left_is_put_in_order(registry: Registry) -> None:
    file_id = registry.upsert(CONTENT).file.id
    kept(registry, run_of(file_id), run_of(file_id, "exe_2"), run_of(file_id, "exe_3"))
    talks = [
        session("waits", file_id, execution_id="exe_2", is_busy=True),
        session("first", file_id, execution_id="exe_3", is_busy=True, state=None),
    ]

    def talk(tx: Transaction) -> None:
        for one in talks:
            tx.sessions.put(one)

    account = registry.principal.account
    registry.run(registry.ports.store.write(account, talk))
    now = registry.ports.clock.now()
    registry.run(
        registry.ports.store.write(account, lambda tx: executions.put_in_order(tx, holder=None, now=now))
    )
    names = ("exe_1", "exe_2", "exe_3")
    runs = {one: registry.inside(lambda tx, one=one: tx.executions.get(id=one)) for one in names}
    statuses = [runs[one].status for one in names]
    assert statuses == [Status.FAILED, Status.WAITING, Status.FAILED]
    assert runs["exe_1"].error == executions.STOPPED
    waiting = {one: registry.inside(lambda tx, one=one: tx.jobs.of_subject(subject=one)) for one in names}
    assert {one: [job.work for job in jobs] for one, jobs in waiting.items()} == {
        "exe_1": [Work.RECORD],
        "exe_2": [],
        "exe_3": [Work.RECORD],
    }, "what was ended here is shown as a log"
    assert registry.inside(lambda tx: tx.sessions.get(file_id=file_id, name="waits")).is_busy is False
    assert registry.inside(lambda tx: tx.sessions.get(file_id=file_id, name="first")) is None


@pytest.mark.parametrize(("kept_days", "left"), [(1.0, 1), (0, 451)])
def test_old_runs_are_forgotten_however_many(registry: Registry, kept_days: float, left: int) -> None:
    file_id = registry.upsert(CONTENT).file.id
    old = START - timedelta(days=2)
    kept(registry, *(run_of(file_id, f"exe_{n}", ended_at=old) for n in range(450)))
    kept(registry, run_of(file_id, "exe_new", ended_at=START))
    account = registry.principal.account
    registry.run(executions.tidy(registry.ports, account, kept_days=kept_days, answer_s=60))
    found = registry.inside(lambda tx: tx.executions.page(file_id=None, before=None, take=1000))
    assert len(found) == left
