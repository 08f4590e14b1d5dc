"""Carrying out durable executions: taking up, recording once, giving way, and ending for every reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.storage.things import execution as execution_row
from tests.unit.engine.flows import agent, code, each, end, gather, level, node, start
from tests.unit.engine.journals import MemoryJournal, Refused
from tests.unit.engine.world import World
from tests.unit.services.conftest import START, Registry

from headrace.core.durable import Superseded, Ticket
from headrace.core.effects import AgentReply
from headrace.core.errors import Unavailable
from headrace.core.execution import Event, FlowAborted, FlowFailed, FlowFinished, Status
from headrace.core.jsontext import json_text
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports
from headrace.services.durable import durable, durable_record
from headrace.services.durable.durable import Carrier, DurableLimits
from headrace.services.durable.durable_worker import Executing
from headrace.services.durable.holding import Held
from headrace.services.records.recorder import Recorder
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import Runs

CHAIN = level(
    [start(), code("First"), code("Second", text="value + 1"), end()],
    "Start.document > First.value",
    "First.response > Second.value",
    "Second.response > End.document",
)
ITEMS = level(
    [start("Array"), each(), code("Item"), gather(), end(type="Array")],
    "Start.document > Each.array",
    "Each.arrayItem > Item.value",
    "Item.response > Gather.arrayItem",
    "Each.arraySize > Gather.arraySize",
    "Gather.collectedArray > End.document",
)
ASKING = level(
    [start("String"), agent("Agent"), end(type="String")],
    "Start.document > Agent.agentInputText",
    "Agent.agentResponse > End.document",
)
ID = "exe_1"


class Names:
    def flow_arn(self, flow_id: str) -> str:
        return f"arn:flow/{flow_id}"

    def alias_arn(self, flow_id: str, alias_id: str) -> str:
        return f"arn:flow/{flow_id}/alias/{alias_id}"


class Desk:
    """One execution, and processes that carry it out."""

    def __init__(self, registry: Registry, definition: Any, document: Any, **changes: Any) -> None:
        self.registry = registry
        self.account = registry.principal.account
        self.world = World()
        self.content = {"definition": definition}
        self.flow = registry.upsert(self.content).file
        ticket = Ticket(
            execution_id=ID,
            content=json_text(self.content),
            digest=f"digest of {len(json_text(definition))}",
            node="Start",
            output="document",
            document=json_text(document),
            **{key: changes.pop(key) for key in ("max_parallel", "latency") if key in changes},
        )
        row = execution_row(ID, self.flow.id, is_durable=True, started_at=START, **changes)

        def add(tx: Transaction) -> None:
            tx.executions.put(row)
            tx.tickets.add(ticket)
            tx.jobs.put(Job(account=self.account, work=Work.EXECUTE, subject=ID, due_at=START))

        self.write(add)

    def carrier(
        self, process: str = "prc_1", *, keeps: Keeps = Keeps.ALL, held: Held | None = None, **limits: Any
    ) -> Carrier:
        ports: Ports = replace(self.registry.ports, holder=process)
        recorder = Recorder(ports.store, ports.clock, keeps=keeps)
        runs = Runs(effects=self.world.effects, recorder=recorder)
        held = held or Held(ports, self.account)
        return Carrier(ports, runs, held, DurableLimits(**limits), lambda _: Names())

    async def attempt(self, journal: MemoryJournal, **options: Any) -> None:
        await self.carrier(**options).carry_out(self.account, ID, journal)
        assert len(asyncio.all_tasks()) == 1

    def carry_out(self, journal: MemoryJournal | None = None, **options: Any) -> MemoryJournal:
        journal = journal or MemoryJournal()
        self.registry.run(self.attempt(journal, **options))
        return journal

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        return self.registry.run(self.registry.ports.store.write(self.account, work))

    @property
    def row(self) -> Execution:
        found: Execution = self.registry.inside(lambda tx: tx.executions.get(id=ID))
        return found

    @property
    def events(self) -> list[Event]:
        batches = self.registry.inside(lambda tx: tx.executions.events(execution_id=ID, first=0, take=1000))
        ends = [batch.first + batch.size for batch in batches]
        assert [batch.first for batch in batches] == [0, *ends[:-1]] if batches else True
        return [event for batch in batches for event in batch.events()]

    @property
    def told(self) -> list[tuple[str, str]]:
        """The events' kinds and nodes."""
        return [(type(event).__name__, getattr(event, "node", None) or "") for event in self.events]

    def jobs(self) -> set[Work]:
        found = self.registry.inside(lambda tx: tx.jobs.of_subject(subject=ID))
        return {job.work for job in found}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_record, "DELAY_S", 0.0)
    monkeypatch.setattr(durable_record, "RETRY_S", 0.0)


def test_from_the_beginning_to_the_end(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)
    desk.carry_out()
    row, events = desk.row, desk.events
    assert (row.status, row.attempt, row.holder, row.output) == (Status.SUCCEEDED, 1, "prc_1", "2")
    assert row.events_count == len(events)
    assert row.ended_at is not None
    assert isinstance(events[-1], FlowFinished)
    assert desk.jobs() == {Work.RECORD}, "it is shown as a log, and nobody need begin it any more"
    [first, _] = desk.world.asked
    assert first.context.step == f"{ID}/First/0"
    assert first.context.execution_id == row.name
    assert first.context.alias_arn == f"arn:flow/{desk.flow.short_id}/alias/{row.pointer_id}"


def test_the_next_attempt_goes_on_where_the_last_one_broke_off(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)
    journal = MemoryJournal()

    async def broken_off() -> None:
        carrier = desk.carrier("prc_1")
        desk.world.delay = lambda context: 10**9 if context.node == "Second" else 0
        task = asyncio.create_task(carrier.carry_out(desk.account, ID, journal))
        async with asyncio.timeout(10):
            while desk.world.nodes() != ["First", "Second"] or await _count(desk) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    registry.run(broken_off())
    before = desk.events
    assert desk.row.status is Status.RUNNING
    assert before, "what happens can be read while it runs"
    desk.world = World()
    desk.carry_out(journal.again(), process="prc_2")
    assert desk.world.nodes() == ["Second"]
    assert (desk.row.status, desk.row.attempt, desk.row.holder) == (Status.SUCCEEDED, 2, "prc_2")
    assert desk.events[: len(before)] == before
    assert len(set(desk.told)) == len(desk.told), "nothing is told twice"


async def _count(desk: Desk) -> int:
    row = await desk.registry.ports.store.read(desk.account, lambda tx: tx.executions.get(id=ID))
    assert row is not None
    return row.events_count


@pytest.mark.parametrize("crash", range(4))
def test_a_crash_between_any_two_pages_leaves_no_trace(registry: Registry, crash: int) -> None:
    whole = Desk(registry, ITEMS, [1, 2, 3], max_parallel=1)
    journal = MemoryJournal(refuses_at=crash)
    if crash < 3:
        with pytest.raises(Refused):
            registry.run(_raising(whole, journal))
    whole.carry_out(journal.again())
    assert whole.row.output == "[1,2,3]"
    names = [name for name, _ in whole.told]
    assert names.count("FlowStarted") == 1
    assert names.count("FlowFinished") == 1
    assert len([one for one in whole.told if one == ("NodeFinished", "Item")]) == 3
    assert whole.row.events_count == len(whole.events)


async def _raising(desk: Desk, journal: MemoryJournal) -> None:
    """An attempt that ends as that of a process does that dies: nothing more is written."""
    carrier = desk.carrier()
    running = asyncio.create_task(carrier.carry_out(desk.account, ID, Dying(journal)))
    await asyncio.wait({running})
    running.result()


class Dying(MemoryJournal):
    """A journal that ends the process where it can't be written."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal

    async def page(self, write: Any) -> bytes:
        try:
            return await self.journal.page(write)
        except Refused as error:
            raise _Died from error


class _Died(Superseded, Refused):
    """Nothing of it counts any more."""


def test_tokens_and_costs_are_counted_once(registry: Registry) -> None:
    prompt = node(
        "Ask",
        "Prompt",
        {"text": "String"},
        {"modelCompletion": "String"},
        sourceConfiguration={
            "inline": {
                "modelId": "m",
                "templateType": "TEXT",
                "templateConfiguration": {"text": {"text": "{{text}}", "inputVariables": [{"name": "text"}]}},
            }
        },
    )
    asking = level(
        [start("String"), prompt, end(type="String")],
        "Start.document > Ask.text",
        "Ask.modelCompletion > End.document",
    )
    desk = Desk(registry, asking, "hi")
    journal = desk.carry_out()
    assert (desk.row.input_tokens, desk.row.output_tokens) == (3, 4)
    ended = desk.row
    desk.write(lambda tx: tx.executions.put(_going(ended)))
    desk.carry_out(journal.again())
    assert (desk.row.input_tokens, desk.row.output_tokens) == (3, 4)


def _going(row: Execution) -> Execution:
    return msgspec.structs.replace(row, status=Status.RUNNING, ended_at=None)


def test_what_has_ended_is_not_carried_out(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1, status=Status.ABORTED)
    desk.carry_out()
    assert desk.world.asked == []
    assert desk.row.attempt == 0
    assert desk.jobs() == set(), "nobody need begin it"


def test_who_takes_it_up_first_spares_others_to_begin_it(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)
    assert desk.jobs() == {Work.EXECUTE}
    desk.registry.run(desk.carrier()._take_up(desk.account, ID))
    assert (desk.row.attempt, desk.jobs()) == (1, set())


@pytest.mark.parametrize("is_new", [True, False])
def test_the_job_of_beginning_it_is_done_by_who_takes_it_up_or_was_before(
    registry: Registry, is_new: bool
) -> None:
    desk = Desk(registry, CHAIN, 1)

    class Beginning:
        async def begin(self, account: str, execution_id: str) -> bool:
            assert (account, execution_id) == (desk.account, ID)
            return is_new

    [job] = registry.inside(lambda tx: tx.jobs.of_subject(subject=ID))
    registry.run(Executing(registry.ports, Beginning()).act(job))  # type: ignore[arg-type]
    assert desk.jobs() == ({Work.EXECUTE} if is_new else set())


def test_its_end_waits_for_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_record, "DELAY_S", 600.0)
    desk = Desk(registry, CHAIN, 1)
    desk.carry_out()
    assert (desk.row.status, desk.row.events_count) == (Status.SUCCEEDED, len(desk.events))


def test_an_attempt_that_was_overtaken_writes_nothing_more(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)
    seen: list[Execution] = []

    def overtaken(_: Any) -> int:
        async def take() -> None:
            await desk.carrier("prc_2")._take_up(desk.account, ID)

        asyncio.get_running_loop().create_task(take())
        return 1

    desk.world.script = {"First": overtaken}
    desk.world.delay = lambda context: 5
    with pytest.raises(Superseded):
        desk.carry_out()
    seen.append(desk.row)
    assert (seen[0].holder, seen[0].attempt, seen[0].status) == ("prc_2", 2, Status.RUNNING)
    assert seen[0].events_count == len(desk.events)


def test_an_attempt_whose_record_was_lost_leaves_no_gap(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)

    def lost(_: Any) -> int:
        async def lose() -> None:
            while not (count := await _count(desk)):  # noqa: ASYNC110  # it is nobody's event
                await asyncio.sleep(0)
            row = await registry.ports.store.read(desk.account, lambda tx: tx.executions.get(id=ID))
            assert row is not None
            less = msgspec.structs.replace(row, events_count=count - 1)
            await registry.ports.store.write(desk.account, lambda tx: tx.executions.put(less))

        asyncio.get_running_loop().create_task(lose())
        return 1

    desk.world.script = {"First": lost}
    desk.world.delay = lambda context: 1000
    with pytest.raises(Unavailable, match="events are in the store"):
        desk.carry_out()
    assert desk.row.status is Status.RUNNING, "the next attempt tells the rest, from what is there"


def test_what_is_stopped_writes_nothing_more(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)

    def stopped(_: Any) -> int:
        def abort(tx: Transaction) -> None:
            row = tx.executions.get(id=ID)
            assert row is not None
            tx.executions.put(msgspec.structs.replace(row, status=Status.ABORTED, ended_at=START))

        asyncio.get_running_loop().create_task(desk.registry.ports.store.write(desk.account, abort))
        return 1

    desk.world.script = {"First": stopped}
    desk.world.delay = lambda context: 5
    desk.carry_out()
    assert desk.row.status is Status.ABORTED
    assert not [event for event in desk.events if isinstance(event, FlowFinished | FlowAborted)]


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_node_that_waits_is_left_when_the_execution_is_another_s(
    registry: Registry, is_stopped: bool
) -> None:
    desk = Desk(registry, CHAIN, 1)
    desk.world.delay = lambda context: 10**9

    async def lost() -> None:
        ports = replace(registry.ports, holder="prc_1")
        held = Held(ports, desk.account, look_s=0.01)
        await held.start()
        running = asyncio.create_task(desk.carrier(held=held).carry_out(desk.account, ID, MemoryJournal()))
        async with asyncio.timeout(10):
            while not desk.world.asked:  # noqa: ASYNC110  # what it waits for is nobody's event
                await asyncio.sleep(0)
            if is_stopped:
                row = await ports.store.read(desk.account, lambda tx: tx.executions.get(id=ID))
                assert row is not None
                ended = msgspec.structs.replace(row, status=Status.ABORTED, ended_at=START)
                await ports.store.write(desk.account, lambda tx: tx.executions.put(ended))
            else:
                await desk.carrier("prc_2")._take_up(desk.account, ID)
            await asyncio.wait({running})
        await held.close()
        assert desk.world.running == 0
        if is_stopped:
            running.result()
        else:
            with pytest.raises(Superseded):
                running.result()

    registry.run(lost())
    assert desk.row.status is (Status.ABORTED if is_stopped else Status.RUNNING)


def test_what_others_hold_is_not_missed_while_nothing_is_carried_out(registry: Registry) -> None:
    registry.run(Held(replace(registry.ports, holder="prc_1"), registry.principal.account).look())


def test_a_question_fails_it(registry: Registry) -> None:
    desk = Desk(registry, ASKING, "go")
    desk.world.script = {"Agent": AgentReply(text="Which?", asks=True)}
    desk.carry_out()
    assert (desk.row.status, desk.row.failed_node) == (Status.FAILED, "Agent")


def test_the_time_counts_from_the_start(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)
    registry.ports.clock._moment += timedelta(hours=25)  # type: ignore[attr-defined]
    desk.carry_out()
    assert desk.row.status is Status.TIMED_OUT
    assert desk.row.error == "The flow did not end within 86400 seconds."
    assert desk.world.asked == []


def test_a_mistake_of_our_own_ends_it(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(registry, CHAIN, 1)
    desk.world.script = {"Second": RuntimeError("secret")}
    desk.carry_out()
    assert desk.row.status is Status.FAILED
    assert desk.row.error == f"Internal error. Execution id: {desk.row.name}"
    assert "secret" in caplog.text
    assert isinstance(desk.events[-1], FlowFailed)
    assert desk.jobs() == {Work.RECORD}


def test_it_is_not_taken_up_for_ever(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1, attempt=3, events_count=0)
    desk.carry_out(attempts=3)
    assert desk.row.status is Status.FAILED
    assert desk.row.error == "It was taken up 3 times without coming to its end."
    assert desk.world.asked == []


def test_what_this_release_can_not_run_has_failed(registry: Registry) -> None:
    broken = level([start(), end()], "Start.document > Elsewhere.document")
    desk = Desk(registry, broken, 1)
    desk.carry_out()
    assert desk.row.status is Status.FAILED
    assert "This release can't run its definition" in (desk.row.error or "")


def test_a_journal_that_can_not_be_written_ends_the_attempt_only(registry: Registry) -> None:
    desk = Desk(registry, CHAIN, 1)

    class Away(MemoryJournal):
        async def page(self, write: Any) -> bytes:
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        desk.carry_out(Away())
    assert desk.row.status is Status.RUNNING
    desk.carry_out()
    assert desk.row.status is Status.SUCCEEDED


def test_a_store_that_is_away_is_waited_for(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(registry, CHAIN, 1)
    written = registry.ports.store.write
    away = iter([False, True, True, False, True])

    async def write(account: str, work: Any) -> Any:
        if next(away, False):
            raise Unavailable
        return await written(account, work)

    monkeypatch.setattr(registry.ports.store, "write", write)
    desk.carry_out()
    monkeypatch.undo()
    assert desk.row.status is Status.SUCCEEDED
    assert desk.row.events_count == len(desk.events)


def test_a_run_waits_while_too_much_waits_to_be_written(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_record, "DELAY_S", 600.0)
    monkeypatch.setattr(durable_record, "MOST_EVENTS", 2)
    monkeypatch.setattr(durable_record, "TOGETHER_BYTES", 500)
    monkeypatch.setattr(durable_record, "BATCH", 2)
    desk = Desk(registry, ITEMS, list(range(40)))
    desk.carry_out()
    assert desk.row.output == str(list(range(40))).replace(" ", "")
    assert desk.row.events_count == len(desk.events) > 80


@pytest.mark.parametrize(("keeps", "count"), [(Keeps.METADATA, True), (Keeps.NONE, False)])
def test_no_more_is_kept_than_is_wanted(registry: Registry, keeps: Keeps, count: bool) -> None:
    desk = Desk(registry, CHAIN, 123454321, input=None)
    desk.carry_out(keeps=keeps)
    row = desk.row
    assert (row.status, row.output) == (Status.SUCCEEDED, None)
    assert bool(row.events_count) is count
    assert b"12345432" not in json_text(desk.events)
    ticket = registry.inside(lambda tx: tx.tickets.get(execution_id=ID))
    assert b"12345432" not in ticket.document


def test_items_run_together_unless_the_alias_says_otherwise(registry: Registry) -> None:
    assert durable.DurableLimits().items == 25
    for limit, most in ((None, 25), (2, 2)):
        desk = Desk.__new__(Desk)
        _fresh(desk, registry, limit)
        desk.world.delay = lambda _: 5
        desk.carry_out()
        assert desk.world.most == most


def _fresh(desk: Desk, registry: Registry, limit: int | None) -> None:
    def forget(tx: Transaction) -> None:
        tx.executions.purge(before=START + timedelta(days=9), most=10)

    registry.run(registry.ports.store.write(registry.principal.account, forget))
    Desk.__init__(desk, registry, ITEMS, list(range(30)), max_parallel=limit)
