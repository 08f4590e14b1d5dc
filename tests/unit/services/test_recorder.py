"""What is kept of runs, also when the store does not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.storage.things import HOME, START, at, execution, file

from headrace.core.effects import Usage
from headrace.core.errors import Unavailable
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    NodeActed,
    Reason,
    Status,
)
from headrace.core.ports import Clash, Transaction
from headrace.core.records import Execution
from headrace.services.records import recorder as module
from headrace.services.records.recorder import Recorder, Recording
from headrace.services.runs.keeping import Keeps
from headrace.storage.memory.store import MemoryStore

ACCOUNT = "000000000000"


class StoppedClock:
    def now(self) -> Any:
        return at(9)


class Store(MemoryStore):
    """A store that can be out of order; counts its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.is_out_of_order = False
        self.writes = 0
        self.has_written = asyncio.Event()

    async def write(self, account: str, work: Callable[[Transaction], Any]) -> Any:
        self.writes += 1
        if self.is_out_of_order:
            raise Unavailable
        result = await super().write(account, work)
        self.has_written.set()
        return result


async def opened(keeps: Keeps = Keeps.ALL) -> tuple[Store, Recorder]:
    store = Store()
    await store.write(ACCOUNT, lambda tx: tx.files.add(file()))
    store.writes = 0
    store.has_written.clear()
    return store, Recorder(store, StoppedClock(), keeps=keeps)


def output(value: Any) -> FlowOutput:
    return FlowOutput(at_ns=1, node="Out", value=value)


def acted(tokens: int, cost_usd: float | None) -> NodeActed:
    usage = Usage(input_tokens=tokens, output_tokens=1, cost_usd=cost_usd)
    return NodeActed(
        at_ns=1,
        node="Ask",
        request_id="r",
        service="s",
        operation="o",
        request="in",
        response="out",
        usage=usage,
    )


SUCCESS = FlowFinished(at_ns=2, reason=Reason.SUCCESS)


async def kept(store: Store, id: str = "exe_1") -> tuple[Execution | None, list[Event]]:
    def look(tx: Transaction) -> tuple[Execution | None, list[Event]]:
        batches = tx.executions.events(execution_id=id, first=0, take=10_000)
        return tx.executions.get(id=id), [event for batch in batches for event in batch.events()]

    return await store.read(ACCOUNT, look)


def begun(recorder: Recorder, **changes: Any) -> Recording:
    return recorder.begin(ACCOUNT, execution(started_at=START, **changes))


def test_runs_that_are_over_are_recorded_behind_what_is_done_now() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recorder.add_whole(ACCOUNT, lambda: execution("exe_1"), [output("first"), SUCCESS])
        assert not recorder.telemetry.counts.executions.cells
        await asyncio.sleep(0)
        assert [*recorder.telemetry.counts.executions.cells] == [("invoked", "succeeded")]
        await recorder.flush()
        row, found = await kept(store)
        assert row is not None
        assert (row.status, found) == (Status.SUCCEEDED, [output("first"), SUCCESS])

    asyncio.run(story())


def test_what_is_wrong_with_one_run_keeps_no_other_from_being_recorded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Execution:
        raise ZeroDivisionError

    async def story() -> None:
        store, recorder = await opened()
        recorder.add_whole(ACCOUNT, broken, [SUCCESS])
        recorder.add_whole(ACCOUNT, lambda: execution("exe_1"), [SUCCESS])
        await recorder.close()
        assert (await kept(store))[1] == [SUCCESS]

    asyncio.run(story())
    assert "a bug while a run was recorded" in caplog.text


def test_a_run_is_written_with_what_it_brought_forth() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        events = [acted(3, 0.5), acted(4, None), output("first"), output([1]), SUCCESS]
        for event in events:
            recording.add(event)
        await recorder.flush()
        row, found = await kept(store)
        assert found == events
        assert row == execution(
            status=Status.SUCCEEDED,
            ended_at=at(9),
            output="[1]",
            input_tokens=7,
            output_tokens=2,
            cost_usd=0.5,
            events_count=5,
        )

    asyncio.run(story())


def test_events_come_after_a_while_by_themselves_and_together() -> None:
    async def story() -> None:
        store, recorder = await opened()
        for number in range(20):
            recorder.begin(ACCOUNT, execution(f"exe_{number}")).add(SUCCESS)
        assert (await kept(store, "exe_1"))[0] is None
        await store.has_written.wait()
        assert (await kept(store, "exe_19"))[0] is not None
        assert store.writes == 1
        await recorder.close()

    asyncio.run(story())


def test_many_events_are_several_batches_in_order() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        events: list[Event] = [output(number) for number in range(1201)]
        for event in events[:700]:
            recording.add(event)
        await recorder.flush()
        for event in events[700:]:
            recording.add(event)
        await recorder.settle(recording)
        row, found = await kept(store)
        assert found == events
        assert row is not None
        assert row.events_count == 1201

    asyncio.run(story())


def test_a_resumed_run_goes_on_counting() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        recording.add(output(1))
        await recorder.settle(recording)
        row, _ = await kept(store)
        assert row is not None
        again = recorder.begin(ACCOUNT, row)
        again.add(output(2))
        await recorder.settle(again)
        row, found = await kept(store)
        assert row is not None
        assert (row.events_count, found) == (2, [output(1), output(2)])

    asyncio.run(story())


@pytest.mark.parametrize("keeps", [Keeps.METADATA, Keeps.NONE])
def test_content_is_not_kept_where_it_is_not_wanted(keeps: Keeps) -> None:
    async def story() -> None:
        store, recorder = await opened(keeps)
        recording = begun(recorder, input=None)
        recording.add(acted(3, None))
        recording.add(output("secret"))
        recording.add(SUCCESS)
        await recorder.flush()
        row, found = await kept(store)
        assert row is not None
        assert (row.status, row.output, row.input_tokens) == (Status.SUCCEEDED, None, 3)
        assert "secret" not in repr(found)
        assert len(found) == (3 if keeps is Keeps.METADATA else 0)
        assert all(one.request is None for one in found if isinstance(one, NodeActed))

    asyncio.run(story())


def test_a_store_out_of_order_holds_up_nothing_and_gets_all_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)

    async def story() -> None:
        store, recorder = await opened()
        store.is_out_of_order = True
        recording = begun(recorder)
        recording.add(output(1))
        await recorder.flush()
        with pytest.raises(Unavailable):
            await recorder.settle(recording, lambda tx: tx.files.add(file("fl_2")))
        store.is_out_of_order = False
        recording.add(SUCCESS)
        await store.has_written.wait()
        await recorder.flush()
        row, found = await kept(store)
        assert row is not None
        assert (row.status, found) == (Status.SUCCEEDED, [output(1), SUCCESS])
        assert await store.read(ACCOUNT, lambda tx: tx.files.get(id="fl_2")) is None, "it was refused"

    asyncio.run(story())


def test_too_much_at_once_loses_content_then_events_never_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 10)

    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        for number in range(50):
            recording.add(output(number))
        recording.add(SUCCESS)
        await recorder.flush()
        row, found = await kept(store)
        assert [one.value for one in found if isinstance(one, FlowOutput)] == [*range(10), *[None] * 10]
        assert row is not None
        assert (row.status, row.output) == (Status.SUCCEEDED, "49")
        assert recorder.dropped == 41
        recording = recorder.begin(ACCOUNT, execution("exe_2"))
        recording.add(output("there is room again"))
        await recorder.flush()
        assert (await kept(store, "exe_2"))[1] == [output("there is room again")]

    asyncio.run(story())


def test_a_value_that_many_events_share_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    monkeypatch.setattr(module, "BATCH_BYTES", 20_000)
    monkeypatch.setattr(module, "TOGETHER_BYTES", 40_000)
    large = "x" * 10_000

    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        for _ in range(200):
            recording.add(output(large))
        recording.add(SUCCESS)
        await recorder.flush()
        row, found = await kept(store)
        assert row is not None
        assert (row.status, row.events_count, len(found)) == (Status.SUCCEEDED, 201, 201)
        values = [one.value for one in found if isinstance(one, FlowOutput)]
        assert values == [large] * 9 + [None] * 191
        assert recorder.dropped == 191
        assert store.writes > 2, "a little at a time"
        bodies = await store.read(
            ACCOUNT,
            lambda tx: [one.body for one in tx.executions.events(execution_id="exe_1", first=0, take=99)],
        )
        assert max(map(len, bodies)) < 2 * 20_000
        again = recorder.begin(ACCOUNT, execution("exe_2"))
        again.add(output(large))
        await recorder.flush()
        assert (await kept(store, "exe_2"))[1] == [output(large)], "all the room is there again"

    asyncio.run(story())


def test_a_record_that_is_refused_takes_no_other_with_it() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recorder.begin(ACCOUNT, execution("exe_1", "fl_none")).add(SUCCESS)
        recorder.begin(ACCOUNT, execution("exe_2")).add(SUCCESS)
        await recorder.flush()
        assert (await kept(store, "exe_1"))[0] is None
        assert (await kept(store, "exe_2"))[0] is not None

    asyncio.run(story())


def test_who_was_slower_than_another_process_sees_what_that_one_did() -> None:
    tries: list[int] = []

    def keep_unless_there(tx: Transaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Clash("id")

    async def scene() -> None:
        _, recorder = await opened()
        recorder.later(HOME, keep_unless_there)
        await recorder.close()

    asyncio.run(scene())
    assert len(tries) == 2


def test_a_failure_is_in_the_row() -> None:
    async def story() -> None:
        store, recorder = await opened()
        begun(recorder).add(
            FlowFailed(at_ns=1, kind=FailureKind.TIMED_OUT, message="too long", node="Ask", resource=None)
        )
        await recorder.close()
        row, _ = await kept(store)
        assert row is not None
        assert (row.status, row.error, row.failed_node) == (Status.TIMED_OUT, "too long", "Ask")

    asyncio.run(story())


def test_half_a_character_spoils_no_record() -> None:
    async def story() -> None:
        store, recorder = await opened()
        recording = begun(recorder)
        recording.add(output("half \ud800"))
        recording.add(SUCCESS)
        await recorder.flush()
        row, found = await kept(store)
        assert found == [output("half ?"), SUCCESS]
        assert row is not None
        assert row.output == '"half ?"'

    asyncio.run(story())
