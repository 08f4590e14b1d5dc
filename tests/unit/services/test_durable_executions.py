"""Executions in the background, as far as they are the store's: starting, finding, stopping, forgetting."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.contract.bedrock.things import KEY, ROLE, definition
from tests.unit.engine.world import World
from tests.unit.services.conftest import START, Registry

from headrace.core.access import Right
from headrace.core.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotPrepared,
    QuotaExceeded,
)
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    NodeFinished,
    NodeType,
    Reason,
    Status,
)
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.jsontext import json_text
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.processes import Process, Role
from headrace.core.records import EventBatch, Execution
from headrace.services.deployments import environments
from headrace.services.durable import durable_ends, durable_executions, durable_starts
from headrace.services.durable.durable_executions import Called, Durables, Found
from headrace.services.executions import executions
from headrace.services.records import event_pages
from headrace.services.records.event_pages import kinds_of
from headrace.services.records.recorder import Recorder
from headrace.services.runs import invocations, targets
from headrace.services.runs.invocations import Order
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice
from headrace.services.versions import versions

CONTENT = {"definition": definition(), "executionRoleArn": ROLE, "customerEncryptionKeyArn": KEY}


class Abandoning:
    """An engine that carries nothing out and remembers what it was told to let go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.abandoned: list[str] = []
        self._error = error

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def begin(self, account: str, execution_id: str) -> bool:
        return False

    async def forget(self, execution_ids: Any) -> None: ...

    async def abandon(self, execution_id: str) -> None:
        self.abandoned.append(execution_id)
        if self._error is not None:
            raise self._error


class Desk:
    """The use cases of durable executions of one flow."""

    def __init__(self, registry: Registry, *, keeps: Keeps = Keeps.ALL, **more: Any) -> None:
        self.registry = registry
        self.ports = registry.ports
        recorder = Recorder(registry.ports.store, registry.ports.clock, keeps=keeps)
        self.durables = Durables(runs=Runs(effects=World().effects, recorder=recorder), **more)
        self.flow = registry.upsert(CONTENT)

    def order(self, **changes: Any) -> Order:
        choice = Choice(alias=changes.pop("alias", DRAFT_ALIAS))
        order = Order(ref=self.flow.file.id, choice=choice, node="In", document="hi")
        return msgspec.structs.replace(order, **changes)

    def start(self, **changes: Any) -> Found:
        return self.registry.run(
            durable_starts.start(
                self.durables,
                self.ports,
                changes.pop("principal", self.registry.principal),
                self.order(**changes),
            )
        )

    def called(self, name: str, alias: str = DRAFT_ALIAS, **more: Any) -> Called:
        return Called(flow=self.flow.file.id, alias=alias, name=name, **more)

    def get(self, name: str, **more: Any) -> Execution:
        found = durable_executions.get(self.ports, self.registry.principal, self.called(name, **more))
        return self.registry.run(found).execution

    def stop(self, name: str) -> Execution:
        stopped = durable_ends.stop(self.durables, self.ports, self.registry.principal, self.called(name))
        return self.registry.run(stopped).execution

    def inside(self, work: Any) -> Any:
        return self.registry.inside(work)

    def write(self, work: Any) -> Any:
        return self.registry.run(self.ports.store.write(self.registry.principal.account, work))

    def jobs(self, execution_id: str) -> list[Work]:
        return [job.work for job in self.inside(lambda tx: tx.jobs.of_subject(subject=execution_id))]

    def ticket(self, execution_id: str) -> Any:
        return self.inside(lambda tx: tx.tickets.get(execution_id=execution_id))

    def happen(self, execution: Execution, batches: Sequence[Sequence[Event]], **changes: Any) -> Execution:
        """Write events as who carries the execution out would."""

        def write(tx: Transaction) -> Execution:
            count = execution.events_count
            for events in batches:
                body = json_text(list(events))
                tx.executions.append(
                    EventBatch(execution_id=execution.id, first=count, size=len(events), body=body)
                )
                count += len(events)
            row = msgspec.structs.replace(execution, events_count=count, **changes)
            tx.executions.put(row)
            return row

        done: Execution = self.write(write)
        return done


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


def ended(status: Status = Status.SUCCEEDED, **more: Any) -> dict[str, Any]:
    return {"status": status, "ended_at": START, **more}


# Starting


def test_what_is_acknowledged_is_all_there(desk: Desk) -> None:
    found = desk.start(name="first", document={"a": [1]}, output="other", latency="optimized")
    execution = found.execution
    assert (execution.name, execution.status, execution.is_durable) == ("first", Status.RUNNING, True)
    assert (execution.attempt, execution.holder, execution.events_count) == (0, None, 0)
    assert (execution.pointer_id, execution.is_draft, execution.number) == (DRAFT_ALIAS, True, None)
    assert execution.input == '{"a":[1]}'
    assert desk.get("first") == execution
    ticket = desk.ticket(execution.id)
    assert msgspec.json.decode(ticket.content) == CONTENT
    assert (ticket.node, ticket.output, ticket.document) == ("In", "other", b'{"a":[1]}')
    assert (ticket.role, ticket.key, ticket.latency, ticket.max_parallel) == (ROLE, KEY, "optimized", None)
    assert desk.jobs(execution.id) == [Work.EXECUTE]
    assert desk.inside(lambda tx: tx.versions.kept(id=execution.version_id)) is not None, (
        "the snapshot is kept"
    )


def test_the_bell_rings_once_it_is_durable(desk: Desk) -> None:
    async def hears() -> float:
        loop = asyncio.get_running_loop()
        await durable_starts.start(desk.durables, desk.ports, desk.registry.principal, desk.order(name="n"))
        at = loop.time()
        await desk.ports.bell.wait(5)
        return loop.time() - at

    desk.registry.run(desk.ports.bell.wait(0.001))
    assert desk.registry.run(hears()) < 1


def test_without_a_name_it_gets_one_of_its_own(desk: Desk) -> None:
    names = {desk.start().execution.name for _ in range(3)}
    assert len(names) == 3
    assert all(uuid.UUID(name).version == 4 for name in names)


def test_without_a_node_the_document_is_for_the_input_node(desk: Desk) -> None:
    assert desk.ticket(desk.start(node=None).execution.id).node == "In"


def test_an_alias_is_resolved_at_the_start(desk: Desk) -> None:
    environment = desk.inside(lambda tx: tx.environments.all())[0]
    stands_for = targets.environment_alias(desk.flow.file.id, environment.id)
    execution = desk.start(alias=environment.name, name="n").execution
    assert (execution.pointer_id, execution.environment_id) == (stands_for, environment.id)
    assert (execution.version_id, execution.number, execution.is_draft) == (desk.flow.version.id, 1, False)
    desk.registry.upsert({**CONTENT, "more": 1})
    assert desk.get("n", alias=stands_for) == desk.get("n", alias=environment.name) == execution


def test_a_name_is_taken_in_its_alias_also_when_its_execution_has_ended(desk: Desk) -> None:
    first = desk.start(name="n")
    with pytest.raises(AlreadyExists, match="an execution n of alias TSTALIASID already"):
        desk.start(name="n")
    desk.happen(first.execution, [], **ended())
    with pytest.raises(AlreadyExists):
        desk.start(name="n")
    assert desk.start(name="n", alias="production").execution.id != first.execution.id


def test_of_fifty_that_want_one_name_one_gets_it(desk: Desk) -> None:
    async def together() -> list[Any]:
        starts = (
            durable_starts.start(desk.durables, desk.ports, desk.registry.principal, desk.order(name="n"))
            for _ in range(50)
        )
        return await asyncio.gather(*starts, return_exceptions=True)

    results = desk.registry.run(together())
    assert sorted(type(one).__name__ for one in results) == ["AlreadyExists"] * 49 + ["Found"]
    assert desk.inside(lambda tx: tx.executions.count_going()) == 1


def test_only_what_goes_on_counts_against_the_limit(registry: Registry) -> None:
    desk = Desk(registry, most_going=2)
    first = desk.start(name="a")
    desk.start(name="b")
    with pytest.raises(QuotaExceeded, match="exceed its limit of 2"):
        desk.start(name="c")
    with pytest.raises(AlreadyExists):
        desk.start(name="a")
    desk.happen(first.execution, [], **ended())
    desk.start(name="c")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ref": "fl_nobody"}, NotFound),
        ({"alias": "NOBODY0000"}, NotFound),
        ({"alias": "staging"}, NotFound),
        ({"answers": "agentInputText"}, Invalid),
        ({"name": "no spaces"}, Invalid),
        ({"name": "a" * 37}, Invalid),
        ({"name": ""}, Invalid),
    ],
)
def test_what_is_refused_leaves_nothing(desk: Desk, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.start(**changes)
    assert desk.inside(lambda tx: tx.executions.page(file_id=None, before=None, take=9)) == []
    assert desk.inside(lambda tx: tx.jobs.count()) == 0


def test_an_environment_to_which_nothing_is_deployed_starts_nothing(desk: Desk) -> None:
    desk.registry.run(environments.create(desk.ports, desk.registry.principal, name="other"))
    with pytest.raises(NotFound, match="not deployed to the environment other"):
        desk.start(alias="other")


def test_a_draft_that_was_never_prepared_is_not_started(desk: Desk) -> None:
    def unprepare(tx: Transaction) -> None:
        draft = tx.drafts.get(file_id=desk.flow.file.id)
        if draft is not None:
            tx.drafts.put(
                msgspec.structs.replace(draft, snapshot=None, snapshot_id=None, snapshot_digest=None)
            )

    desk.start()
    desk.write(unprepare)
    with pytest.raises(NotPrepared, match="StartFlowExecution"):
        desk.start(operation="StartFlowExecution")


def test_rights(desk: Desk) -> None:
    reader = desk.registry.as_user(Right.READER)
    with pytest.raises(Forbidden):
        desk.start(principal=reader)
    desk.start(name="n", principal=desk.registry.as_user(Right.RUNNER))
    with pytest.raises(Forbidden):
        desk.registry.run(durable_ends.stop(desk.durables, desk.ports, reader, desk.called("n")))
    assert desk.registry.run(durable_executions.get(desk.ports, reader, desk.called("n")))


def test_nothing_is_taken_on_that_nobody_could_carry_out(registry: Registry) -> None:
    desk = Desk(registry, lacks="Install the extra: pip install 'headrace[durable]'.")
    with pytest.raises(Conflict, match=r"Nobody could carry.*pip install 'headrace\[durable\]'"):
        desk.start()
    process = Process(
        id="prc_1",
        role=Role.SERVER,
        host="h",
        pid=1,
        release="1",
        capacity=0,
        started_at=START,
        seen_at=START,
    )
    desk.write(lambda tx: tx.processes.put(process))
    with pytest.raises(Conflict):
        desk.start()
    worker = msgspec.structs.replace(process, id="prc_2", role=Role.WORKER, capacity=5)
    desk.write(lambda tx: tx.processes.put(worker))
    desk.start()


# Finding


def test_an_execution_is_known_in_its_alias_only(desk: Desk) -> None:
    desk.start(name="n")
    for wrong in ({"alias": "production"}, {"alias": "NOBODY0000"}):
        with pytest.raises(NotFound, match="Execution n of alias"):
            desk.get("n", **wrong)
    with pytest.raises(NotFound):
        desk.get("m")
    short_id = desk.flow.file.short_id
    assert desk.get("n", of_flow=short_id, of_alias=DRAFT_ALIAS)
    for other in ({"of_flow": "OTHERFLOW0"}, {"of_alias": "OTHERALIAS"}):
        with pytest.raises(Invalid, match="is of flow"):
            desk.get("n", **other)


def test_runs_whose_caller_listens_are_no_durable_executions(desk: Desk) -> None:
    async def invoke() -> str:
        class Names:
            def flow_arn(self, flow_id: str) -> str:
                return flow_id

            def alias_arn(self, flow_id: str, alias_id: str) -> str:
                return alias_id

        order = desk.order(name="talk")
        turn = await invocations.begin(
            desk.durables.runs, desk.ports, desk.registry.principal, order, Names()
        )
        while await turn.more():
            pass
        await turn.aclose()
        await desk.durables.runs.recorder.close()
        return turn.name

    name = desk.registry.run(invoke())
    with pytest.raises(NotFound):
        desk.get(name)
    run = desk.inside(lambda tx: tx.executions.by_name(file_id=desk.flow.file.id, name=name))
    with pytest.raises(NotFound):
        desk.registry.run(durable_ends.stop_by_id(desk.durables, desk.ports, desk.registry.principal, run.id))


def test_executions_are_listed_newest_first_and_by_alias(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.start(name=name)
    desk.start(name="a", alias="production")

    def listed(alias: str | None, before: Any = None, take: int = 9) -> list[str]:
        found = durable_executions.page(
            desk.ports,
            desk.registry.principal,
            flow=desk.flow.file.id,
            alias=alias,
            before=before,
            take=take,
        )
        return [one.execution.name for one in desk.registry.run(found)]

    assert listed(None) == ["a", "c", "b", "a"]
    assert listed(DRAFT_ALIAS, take=2) == ["c", "b"]
    place = desk.get("b")
    assert listed(DRAFT_ALIAS, (place.started_at, place.id)) == ["a"]
    assert listed("production") == ["a"]
    assert listed("staging") == []
    with pytest.raises(NotFound, match="Alias NOBODY0000"):
        listed("NOBODY0000")


def test_what_ran_by_an_environment_is_found_by_its_new_name_too(desk: Desk) -> None:
    registry = desk.registry
    environment = registry.inside(lambda tx: tx.environments.all())[0]
    stands_for = targets.environment_alias(desk.flow.file.id, environment.id)
    desk.start(name="n", alias=environment.name)
    renamed = environments.rename(desk.ports, desk.registry.principal, ref=environment.name, name="renamed")
    desk.registry.run(renamed)
    assert desk.get("n", alias=stands_for) == desk.get("n", alias="renamed")


def test_executions_of_a_flow_that_is_gone_go_on_unseen(desk: Desk) -> None:
    execution = desk.start(name="n").execution
    gone = versions.delete_file(desk.ports, desk.registry.principal, kind="flow", ref=desk.flow.file.id)
    desk.registry.run(gone)
    with pytest.raises(NotFound):
        desk.get("n")
    with pytest.raises(NotFound):
        desk.stop("n")
    with pytest.raises(NotFound):
        desk.start(name="m")
    assert desk.inside(lambda tx: tx.executions.get(id=execution.id)) == execution
    assert desk.ticket(execution.id) is not None
    stopped = durable_ends.stop_by_id(desk.durables, desk.ports, desk.registry.principal, execution.id)
    assert desk.registry.run(stopped).status is Status.ABORTED


# Stopping


def test_stopping_is_final_at_once_and_told_to_the_engine(registry: Registry) -> None:
    engine = Abandoning()
    desk = Desk(registry, engine=engine)
    started = desk.start(name="n").execution
    going = desk.happen(started, [[FlowOutput(at_ns=1, node="Out", value=1)]], holder="prc_1", attempt=1)
    stopped = desk.stop("n")
    assert (stopped.status, stopped.ended_at is not None, stopped.error) == (Status.ABORTED, True, None)
    assert (stopped.holder, stopped.attempt, stopped.events_count) == ("prc_1", 1, going.events_count + 1)
    assert engine.abandoned == [started.id]
    assert desk.jobs(started.id) == [Work.RECORD], "nobody is to begin it any more; it is shown as a log"
    told = registry.run(executions.events(desk.ports, registry.principal, ref=started.id, first=0, take=9))
    assert [type(event) for event in told] == [FlowOutput, FlowAborted]
    assert desk.stop("n") == stopped == desk.get("n"), "stopped again, it stays as it was"


def test_an_engine_that_can_not_be_told_changes_nothing(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(registry, engine=Abandoning(RuntimeError("out of order")))
    desk.start(name="n")
    assert desk.stop("n").status is Status.ABORTED
    assert "was not told" in caplog.text


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT])
def test_what_has_ended_by_itself_can_not_be_stopped(desk: Desk, status: Status) -> None:
    desk.happen(desk.start(name="n").execution, [], **ended(status))
    with pytest.raises(Conflict, match=f"Execution n is {status.value}"):
        desk.stop("n")
    assert desk.get("n").status is status


# What is kept


@pytest.mark.parametrize("keeps", [Keeps.METADATA, Keeps.NONE])
def test_of_a_document_nothing_is_left_where_no_content_is_kept(registry: Registry, keeps: Keeps) -> None:
    desk = Desk(registry, keeps=keeps)
    execution = desk.start(name="n", document="secret").execution
    assert execution.input is None
    assert desk.ticket(execution.id).document == b'"secret"', "without it nobody could carry it out"
    stopped = desk.stop("n")
    assert desk.ticket(execution.id).document == b""
    assert stopped.events_count == (0 if keeps is Keeps.NONE else 1)


def test_all_of_a_durable_execution_is_forgotten_in_time(desk: Desk) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=4000)
    old = desk.start(name="old").execution
    desk.happen(old, [[FlowFinished(at_ns=1, reason=Reason.SUCCESS)]], **ended(ended_at=long_ago))
    desk.start(name="going")
    account = desk.registry.principal.account
    desk.registry.run(executions.tidy(desk.ports, account, kept_days=90, answer_s=60))
    with pytest.raises(NotFound):
        desk.get("old")
    assert desk.ticket(old.id) is None
    assert desk.inside(lambda tx: tx.executions.events(execution_id=old.id, first=0, take=1)) == []
    assert desk.get("going")
    desk.start(name="old")


# Events


def finished(number: int) -> NodeFinished:
    return NodeFinished(at_ns=number, node=f"N{number}", type=NodeType.INLINE_CODE)


def said(number: int) -> FlowOutput:
    return FlowOutput(at_ns=number, node="Out", value={"event": "node_finished", "number": number})


def pages(desk: Desk, execution: Execution, kinds: event_pages.Kinds, take: int) -> list[list[int]]:
    """All numbers, page after page."""
    found, first = [], 0
    while True:
        some = desk.registry.run(
            durable_executions.events(
                desk.ports,
                desk.registry.principal,
                desk.called(execution.name),
                kinds=kinds,
                first=first,
                take=take,
            )
        )
        if not some:
            return found
        found.append([one.number for one in some])
        assert [one.event.at_ns for one in some] == found[-1]
        first = some[-1].number + 1


def test_events_of_some_kinds_are_paged_across_batches(desk: Desk) -> None:
    events = [said(n) if n % 7 == 0 else finished(n) for n in range(100)]
    batches = [events[0:1], events[1:2], events[2:40], events[40:41], events[41:100]]
    execution = desk.happen(desk.start(name="n").execution, batches)
    flow = [number for number in range(100) if number % 7 == 0]
    node = [number for number in range(100) if number % 7]
    for kinds, expected in ((kinds_of([FlowOutput]), flow), (kinds_of([NodeFinished]), node)):
        found = pages(desk, execution, kinds, 4)
        assert [len(page) for page in found[:-1]] == [4] * (len(found) - 1)
        assert [number for page in found for number in page] == expected
    assert pages(desk, execution, kinds_of([FlowFailed]), 4) == []


def test_more_batches_are_looked_through_than_one_read_takes(desk: Desk) -> None:
    many = 3 * event_pages.BATCHES_A_READ + 1
    batches: list[list[Event]] = [[finished(n)] for n in range(many)]
    failed = FlowFailed(at_ns=many, kind=FailureKind.INTERNAL, message="m")
    execution = desk.happen(desk.start(name="n").execution, [*batches, [failed]])
    assert pages(desk, execution, kinds_of([FlowFailed]), 11) == [[many]]


def test_a_page_decodes_only_what_it_shows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = desk.happen(desk.start(name="n").execution, [[finished(n) for n in range(500)]])
    decoded: list[Any] = []

    class Counting:
        def decode(self, text: Any) -> Event:
            decoded.append(text)
            event: Event = msgspec.json.decode(text, type=Event)
            return event

    monkeypatch.setattr(event_pages, "_event", Counting())
    found = pages(desk, execution, kinds_of([NodeFinished]), 250)
    assert [len(page) for page in found] == [250, 250]
    assert len(decoded) == 500, "each once"


def test_events_are_read_while_they_happen(desk: Desk) -> None:
    execution = desk.start(name="n").execution
    assert pages(desk, execution, kinds_of([NodeFinished]), 10) == []
    execution = desk.happen(execution, [[finished(0)]])
    assert pages(desk, execution, kinds_of([NodeFinished]), 10) == [[0]]
    desk.happen(execution, [[finished(1), said(2)], [finished(3)]])
    assert pages(desk, execution, kinds_of([NodeFinished]), 10) == [[0, 1, 3]]
