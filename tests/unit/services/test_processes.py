"""A process that is gone is noticed, and what it carried out is put in order; one that is there is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import msgspec
import pytest
from tests.storage.things import execution, file
from tests.unit.services.conftest import START, CountingIds, DefinitionIsRunnable, NoVault, SteppingClock

from headrace.core.errors import Unavailable
from headrace.core.execution import FlowFinished, FlowOutput, Reason, Status
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.processes import Process
from headrace.services.base import Ports
from headrace.services.durable.lease import Lease
from headrace.services.executions import executions
from headrace.services.records.recorder import Recorder
from headrace.services.server.processes import Presence, Watch, this_process
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")
HOME = "000000000000"
TIMEOUT_S = 0.15
WITHIN_S = 60
LEFT = (Status.RUNNING, None, False)
IN_ORDER = (Status.FAILED, executions.STOPPED, True)


def process(id: str, *, seen_s: float = 0.0) -> Process:
    seen_at = START + timedelta(seconds=seen_s)
    return msgspec.structs.replace(this_process(id=id, now=START), seen_at=seen_at)


def test_a_process_is_gone_that_says_nothing_new_for_as_long_as_the_timeout() -> None:
    watch = Watch(timeout_s=10)
    told = [process("prc_1"), process("prc_2")]
    assert [watch.gone(told, now_s) for now_s in (100, 104, 109)] == [[], [], []]
    told = [process("prc_1"), process("prc_2", seen_s=1)]
    assert watch.gone(told, 110) == [told[0]]
    assert watch.gone(told, 114) == [told[0]]
    assert watch.gone([told[1]], 119) == []
    assert watch.gone([told[1]], 120) == [told[1]]


def test_a_clock_that_differs_does_not_matter() -> None:
    watch = Watch(timeout_s=10)
    late, early = process("prc_1", seen_s=-1e6), process("prc_2", seen_s=1e6)
    assert [watch.gone([late, early], now_s) for now_s in (100, 105)] == [[], []]
    assert watch.gone([process("prc_1", seen_s=5 - 1e6), early], 110) == [early]


def test_who_was_away_himself_gives_all_others_their_time_again() -> None:
    watch = Watch(timeout_s=10)
    told = [process("prc_1")]
    assert [watch.gone(told, now_s) for now_s in (100, 105, 111, 116, 120.9)] == [[]] * 5
    assert watch.gone(told, 121) == told


class SharedStore(MemoryStore):
    """A memory store that several servers of a test have; it can be out of order for one of them."""

    is_shared: ClassVar = True
    is_down = False

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self.is_down:
            raise Unavailable("The store is down.")
        return await super().write(account, work)


@dataclass
class Town:
    """Some processes on one store, and what one left there."""

    ports: Ports
    stack: AsyncExitStack

    async def enter(self, id: str) -> Presence:
        presence = Presence(
            replace(self.ports, holder=id), HOME, this_process(id=id, now=START), timeout_s=TIMEOUT_S
        )
        await presence.start()
        self.stack.push_async_callback(presence.close)
        return presence

    async def known(self) -> list[str]:
        return [one.id for one in await self.ports.store.read(HOME, lambda tx: tx.processes.all())]

    async def leave_behind(self, holder: str | None) -> None:
        """What a process leaves that was killed: its row, a run, and a job that it was at."""
        run = execution(f"exe_{holder}", holder=holder)
        job = Job(account=HOME, work=Work.JUDGE, subject=f"log_{holder}", due_at=START)

        def work(tx: Transaction) -> None:
            if holder is not None:
                tx.processes.put(this_process(id=holder, now=START))
            tx.executions.record(run)
            tx.jobs.put(job)
            until = START + timedelta(days=1)
            tx.jobs.take(work=Work.JUDGE, now=START, until=until, most=1, holder=holder)

        await self.ports.store.write(HOME, work)

    async def state(self, holder: str | None) -> tuple[Status, str | None, bool]:
        """The state and the error of that run, and whether others may do that job."""

        def work(tx: Transaction) -> tuple[Status, str | None, bool]:
            run = tx.executions.get(id=f"exe_{holder}")
            (job,) = tx.jobs.of_subject(subject=f"log_{holder}")
            assert run is not None
            return run.status, run.error, job.leased_until is None

        return await self.ports.store.read(HOME, work)


async def until(holds: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.005)


Story = Callable[[Town], Awaitable[None]]


def tell(story: Story, store: MemoryStore) -> None:
    async def told() -> None:
        ports = Ports(
            store=store,
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        await store.write(HOME, lambda tx: tx.files.add(file()))
        async with AsyncExitStack() as stack:
            await story(Town(ports=ports, stack=stack))

    asyncio.run(told())


def test_what_a_killed_process_left_is_put_in_order_by_others() -> None:
    async def story(town: Town) -> None:
        await town.enter("prc_1")
        await town.enter("prc_2")
        await town.leave_behind("prc_dead")
        assert await town.state("prc_dead") == LEFT

        async def is_in_order() -> bool:
            return await town.state("prc_dead") == IN_ORDER

        await until(is_in_order)
        assert await town.known() == ["prc_1", "prc_2"]

    tell(story, SharedStore())


def test_nothing_is_taken_from_a_process_that_is_there() -> None:
    async def story(town: Town) -> None:
        await town.leave_behind("prc_1")
        await town.enter("prc_1")
        await town.enter("prc_2")
        await town.leave_behind("prc_dead")

        async def is_in_order() -> bool:
            return await town.state("prc_dead") == IN_ORDER

        await until(is_in_order)
        assert await town.state("prc_1") == LEFT

    tell(story, SharedStore())


def test_a_clean_end_leaves_nothing_behind() -> None:
    async def story(town: Town) -> None:
        presence = await town.enter("prc_1")
        await town.leave_behind("prc_1")
        await presence.close()
        assert (await town.known(), await town.state("prc_1")) == ([], IN_ORDER)

    tell(story, SharedStore())


@pytest.mark.parametrize(
    ("store", "state"), [(MemoryStore(), IN_ORDER), (SharedStore(), LEFT)], ids=["own", "shared"]
)
def test_of_a_store_of_one_process_all_others_are_gone_at_a_start(
    store: MemoryStore, state: tuple[Status, str | None, bool]
) -> None:
    async def story(town: Town) -> None:
        await town.leave_behind("prc_other")
        await town.leave_behind(None)
        await town.enter("prc_1")
        assert await town.state(None) == IN_ORDER
        assert await town.state("prc_other") == state

    tell(story, store)


def test_a_store_that_nobody_could_reach_makes_nobody_gone() -> None:
    async def story(town: Town) -> None:
        store = town.ports.store
        assert isinstance(store, SharedStore)
        await town.enter("prc_1")
        await town.leave_behind("prc_1")
        await town.enter("prc_2")
        store.is_down = True
        began = asyncio.get_running_loop().time()

        async def is_long_ago() -> bool:
            return asyncio.get_running_loop().time() - began > 2 * TIMEOUT_S

        await until(is_long_ago)
        store.is_down = False
        await town.leave_behind("prc_dead")

        async def is_in_order() -> bool:
            return await town.state("prc_dead") == IN_ORDER

        await until(is_in_order)
        assert await town.state("prc_1") == LEFT

    tell(story, SharedStore())


def test_who_was_taken_for_gone_says_that_it_is_there_and_records_nothing_more_of_before() -> None:
    async def story(town: Town) -> None:
        await town.enter("prc_1")
        recorder = Recorder(town.ports.store, town.ports.clock)
        before = recorder.begin(HOME, execution("exe_1", holder="prc_1"))
        await recorder.flush()
        gone = START + timedelta(days=1)
        await town.ports.store.write(HOME, lambda tx: executions.put_in_order(tx, holder="prc_1", now=gone))

        async def is_back() -> bool:
            return await town.known() == ["prc_1"]

        await until(is_back)
        after = recorder.begin(HOME, execution("exe_2", holder="prc_1"))
        for recording in (before, after):
            recording.add(FlowOutput(at_ns=1, node="Out", value=1))
            recording.add(FlowFinished(at_ns=2, reason=Reason.SUCCESS))
        await recorder.close()
        assert (before.is_lost, after.is_lost) == (True, False)

        def runs(tx: Transaction) -> list[tuple[Status, int]]:
            found = [tx.executions.get(id=one) for one in ("exe_1", "exe_2")]
            return [
                (one.status, len(tx.executions.events(execution_id=one.id, first=0, take=9)))
                for one in found
                if one
            ]

        assert await town.ports.store.read(HOME, runs) == [(Status.FAILED, 0), (Status.SUCCEEDED, 1)]

    tell(story, SharedStore())


def test_a_lease_is_broken_by_a_gap_and_by_being_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("headrace.services.durable.lease.time.monotonic", lambda: now_s[0])
    lease = Lease(timeout_s=10)
    assert lease.is_unbroken_since(100.0)
    now_s[0] = 109.0
    lease.renew()
    assert lease.is_unbroken_since(100.0)
    now_s[0] = 119.5
    assert not lease.is_unbroken_since(119.0), "nobody knows now"
    lease.renew()
    assert (lease.is_unbroken_since(119.0), lease.is_unbroken_since(119.5)) == (False, True)
    now_s[0] = 120.0
    lease.renew(was_lost=True)
    assert (lease.is_unbroken_since(119.9), lease.is_unbroken_since(120.0)) == (False, True)
    now_s[0] = 1e9
    assert Lease().is_unbroken_since(0.0), "a store of its own asks for no renewal"
