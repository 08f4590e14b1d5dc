"""A run that is told in one piece is told and recorded just as one that goes on while its caller reads."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.storage.things import HOME, START, file
from tests.unit.engine.flows import choose, code, each, end, gather, level, start
from tests.unit.engine.world import World
from tests.unit.services.conftest import CountingIds, DefinitionIsRunnable, NoVault, SteppingClock

from headrace.apis.bedrock.trace import frames_of
from headrace.core.access import Principal, Right, User
from headrace.core.definition import Definition
from headrace.core.errors import Forbidden, QuotaExceeded
from headrace.core.execution import Event
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.engine import machine as engine
from headrace.engine.plan import Plan, compile_plan
from headrace.services.base import Ports
from headrace.services.durable.lease import Lease
from headrace.services.records.recorder import Recorder
from headrace.services.runs import at_once, invocations
from headrace.services.runs.at_once import Whole
from headrace.services.runs.invocations import Order
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import RunLimits, Runs
from headrace.services.runs.targets import Choice, Route, Target
from headrace.storage.memory.store import MemoryStore

ADA = Principal(
    account=HOME,
    user=User(id="usr_ada", email="ada@example.org", full_name="Ada", created_at=START),
    right=Right.RUNNER,
)
OUTCOMES = ("high", "default")


class Names:
    """What nobody here looks at."""

    def flow_arn(self, flow_id: str) -> str:
        return flow_id

    def alias_arn(self, flow_id: str, alias_id: str) -> str:
        return alias_id


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a run, but for ids and times: to its caller, in the store, and to who makes a log of it."""

    frames: tuple[bytes, bytes]
    row: Execution
    recorded: Sequence[Event]
    rested: Sequence[tuple[Execution, Sequence[Event] | None]]
    counted: Any
    is_whole: bool = field(compare=False)


class Stage:
    """A server's insides with one flow, which may run by itself only."""

    def __init__(self, plan: Plan, keeps: Keeps = Keeps.ALL, **options: Any) -> None:
        self.store = MemoryStore()
        self._rested: list[tuple[Execution, Sequence[Event] | None]] = []
        self.ports = Ports(
            store=self.store,
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        rest = lambda _, row, events: self._rested.append((lean(row), events and timeless(events)))  # noqa: E731
        self.recorder = Recorder(self.store, self.ports.clock, keeps=keeps, at_rest=rest)
        self.runs = Runs(effects=World().effects, recorder=self.recorder, **options)
        self._plan = plan
        self.is_draft = False

    async def begin(self) -> None:
        """Have the flow there."""
        await self.store.write(HOME, lambda tx: tx.files.add(file()))

    def order(self, document: Any, **changes: Any) -> Order:
        """An order of the flow, which leads there without a look at the store."""
        order = Order(ref="fl_1", choice=Choice(number=1), node=None, document=document, **changes)
        target = Target(content=b"{}", digest="d", version_id="flv_1", number=1, is_draft=self.is_draft)
        at = self.store.changes.registry
        route = Route(file=file(), pointer_id="ALIAS00001")
        asked = (HOME, order.ref, order.choice, order.operation)
        self.runs.ways.get(at, asked)  # forgets what was there before the last change
        self.runs.ways.put(at, asked, (route, target, self._plan))
        return order

    async def told(self, document: Any, *, by: Any) -> Told:
        """Run it to its end."""
        await self.begin()
        found = await by(self.runs, self.ports, ADA, self.order(document), Names())
        events: list[Event] = []
        if isinstance(found, Whole):
            events += found.events
        else:
            while more := await found.more():
                events += more
            await found.aclose()
        await self.recorder.flush()
        row, recorded = await self.store.read(HOME, self._kept)
        assert row.name == found.name
        return Told(
            frames=(framed(events, traces=False), framed(events, traces=True)),
            row=lean(row),
            recorded=timeless(recorded),
            rested=self._rested,
            counted=(
                self.recorder.telemetry.counts.nodes.values,
                [*self.recorder.telemetry.counts.executions.cells],
            ),
            is_whole=isinstance(found, Whole),
        )

    @staticmethod
    def _kept(tx: Transaction) -> tuple[Execution, list[Event]]:
        [row] = tx.executions.page(file_id="fl_1", before=None, take=2)
        batches = tx.executions.events(execution_id=row.id, first=0, take=10_000)
        return row, [event for batch in batches for event in batch.events()]


def timeless(events: Sequence[Event]) -> list[Event]:
    return [msgspec.structs.replace(event, at_ns=0) for event in events]


def lean(row: Execution) -> Execution:
    return msgspec.structs.replace(row, id="", name="", started_at=START, ended_at=row.ended_at and START)


def framed(events: Sequence[Event], *, traces: bool) -> bytes:
    return frames_of(timeless(events), traces=traces)


def compiled(nodes: list[dict[str, Any]], *arrows: str) -> Plan:
    return compile_plan(Definition.parse(level(nodes, *arrows)), digest="digest")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Conditions that lead to conditions, to outputs, and sometimes to something that acts outside."""
    nodes, arrows, gates = [start()], [], [""]
    for number in range(draw(st.integers(0, 6))):
        name, gate = f"Choose{number}", draw(st.sampled_from(gates))
        nodes.append(choose(name, high=f"value > {draw(st.integers(-2, 2))}"))
        arrows += [f"Start.document > {name}.value", *([f"{gate} > {name}"] if gate else [])]
        gates += [f"{name}?{outcome}" for outcome in OUTCOMES]
    for number in range(draw(st.integers(1, 3))):
        name, gate, source = f"End{number}", draw(st.sampled_from(gates)), "Start.document"
        if draw(st.integers(0, 3)) == 0:
            source = f"Code{number}.response"
            nodes.append(code(f"Code{number}", text="value + 1"))
            arrows.append(f"Start.document > Code{number}.value")
        nodes.append(end(name))
        arrows += [f"{source} > {name}.document", *([f"{gate} > {name}"] if gate else [])]
    return compiled(draw(st.permutations(nodes)), *arrows)


documents = st.one_of(st.integers(-3, 3), st.sampled_from(["no number", None, 1.5]))


@given(plans(), documents, st.sampled_from(Keeps), st.sampled_from([1, 3, 500]))
@settings(deadline=None)
def test_both_ways_tell_and_record_the_same(plan: Plan, document: Any, keeps: Keeps, breath: int) -> None:
    async def story() -> None:
        once = await Stage(plan, keeps).told(document, by=at_once.invoke)
        slowly = await Stage(plan, keeps).told(document, by=invocations.begin)
        assert once == slowly

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BREATH", breath)
        asyncio.run(story())


def chain(*more: dict[str, Any]) -> Plan:
    nodes = [start(), choose("Choose", high="value > 0"), end(), *more]
    acting = [f"Start.document > {one['name']}.value" for one in more]
    return compiled(
        nodes, "Start.document > Choose.value", "Start.document > End.document", "Choose?high > End", *acting
    )


def test_what_only_computes_is_told_whole() -> None:
    assert asyncio.run(Stage(chain()).told(1, by=at_once.invoke)).is_whole
    items = compiled(
        [
            start("Array"),
            each(),
            choose("Choose", {"value": "Number"}, high="value > 1"),
            gather(),
            end(type="Array"),
        ],
        "Start.document > Each.array",
        "Each.arrayItem > Choose.value",
        "Each.arrayItem > Gather.arrayItem",
        "Choose?high > Gather",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )
    assert asyncio.run(Stage(items).told([1, 2, 3], by=at_once.invoke)).is_whole


def test_what_acts_is_told_as_it_goes() -> None:
    assert not asyncio.run(Stage(chain(code("Code"))).told(1, by=at_once.invoke)).is_whole


def test_a_run_that_has_to_be_durable_first_is_not_told_before() -> None:
    stage = Stage(chain(), waits_for_record=True)
    assert not asyncio.run(stage.told(1, by=at_once.invoke)).is_whole


def test_a_named_run_keeps_its_name_to_itself() -> None:
    async def story() -> None:
        stage = Stage(chain())
        await stage.begin()
        found = await at_once.invoke(stage.runs, stage.ports, ADA, stage.order(1, name="mine"), Names())
        assert not isinstance(found, Whole)
        assert found.name == "mine"
        await found.aclose()
        await stage.recorder.flush()

    asyncio.run(story())


def test_a_draft_is_kept_before_it_is_run_for_the_first_time() -> None:
    async def story() -> None:
        stage = Stage(chain())
        stage.is_draft = True
        assert not (await stage.told(1, by=at_once.invoke)).is_whole
        assert await stage.store.read(HOME, lambda tx: tx.versions.kept(id="flv_1")) is not None
        again = await at_once.invoke(stage.runs, stage.ports, ADA, stage.order(1), Names())
        assert isinstance(again, Whole)

    asyncio.run(story())


def test_a_process_that_others_may_take_for_gone_asks_them_first() -> None:
    stage = Stage(chain())
    stage.ports = dataclasses.replace(stage.ports, lease=Lease(timeout_s=-1.0))
    assert not asyncio.run(stage.told(1, by=at_once.invoke)).is_whole


def test_there_is_no_room_for_it_either() -> None:
    async def story() -> None:
        stage = Stage(chain(), limits=RunLimits(concurrent=1))
        await stage.begin()
        going = await invocations.begin(stage.runs, stage.ports, ADA, stage.order(1), Names())
        with pytest.raises(QuotaExceeded):
            await at_once.invoke(stage.runs, stage.ports, ADA, stage.order(1), Names())
        await going.aclose()
        assert isinstance(await at_once.invoke(stage.runs, stage.ports, ADA, stage.order(1), Names()), Whole)

    asyncio.run(story())


def test_who_may_only_read_runs_nothing() -> None:
    reader = msgspec.structs.replace(ADA, right=Right.READER)

    async def story() -> None:
        stage = Stage(chain())
        await at_once.invoke(stage.runs, stage.ports, reader, stage.order(1), Names())

    with pytest.raises(Forbidden):
        asyncio.run(story())


def test_a_bug_is_told_where_it_always_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine.Machine, "advance", broken)
    told = asyncio.run(Stage(chain()).told(1, by=at_once.invoke))
    assert not told.is_whole
    assert b"Internal error" in told.frames[0]
