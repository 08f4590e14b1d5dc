"""Flows in evaluations, where somebody dies or is stopped in between, or two are at the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.services.test_evaluation_flows import Track
from tests.unit.services.test_worker import until

from headrace.core.effects import EffectFailed
from headrace.core.errors import Unavailable
from headrace.core.evaluations import RunStatus
from headrace.core.execution import Status
from headrace.core.monitoring import Work
from headrace.services.executions import executions
from headrace.services.records.run_logs import Showing
from headrace.storage.memory.store import MemoryStore


@pytest.fixture
def track() -> Iterator[Track]:
    with asyncio.Runner() as runner:
        yield Track(runner=runner)


def test_a_record_that_is_shown_twice_or_a_job_done_twice_makes_one_log_in_the_slot(track: Track) -> None:
    _, run_id = track.begun(track.runs, dataset=track.cases({"a": "b"}))
    (job,) = track.jobs(run_id)

    async def both() -> None:
        await asyncio.gather(track.generating.act(job), track.generating.act(job))

    track.run(both())
    shown = track.take(Work.RECORD)
    assert len(shown) == 2
    for record in (*shown, *shown):
        track.run(Showing(track.ports).act(record))
    track.act(job)  # a third time, when all is done
    first, second = track.made(track.runs)
    assert [(log.run_id, log.source_datapoint_id is None) for log in (first, second)] == [
        (run_id, False),
        (None, True),
    ]
    assert [slot.log_id for slot in track.slots(run_id)] == [first.id]
    assert track.status(run_id) is RunStatus.COMPLETED


@pytest.mark.parametrize("last", ["the record", "the word that it counts", "the job"])
def test_whoever_dies_in_between_leaves_a_run_that_comes_to_its_end(track: Track, last: str) -> None:
    _, run_id = track.begun(track.runs)
    first, *_ = track.jobs(run_id)
    store, left = track.ports.store, {"the record": 1, "the word that it counts": 2, "the job": 3}[last]

    class Dying(MemoryStore):
        """Takes no more writes after some."""

        async def write(self, account: str, work: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Unavailable("The process is gone.")
            return await store.write(account, work)

        async def read(self, account: str, work: Any) -> Any:
            return await store.read(account, work)

    ports, recorder = track.ports, track.recorder
    track.ports = replace(ports, store=Dying())
    recorder._store = Dying()
    with pytest.raises((Unavailable, EffectFailed)):
        track.act(first)
    track.ports, recorder._store = ports, store
    recorder._jobs.clear()
    now = track.ports.clock.now()
    track.write(lambda tx: executions.put_in_order(tx, holder="prc_1", now=now))
    track.drain()
    assert track.status(run_id) is RunStatus.COMPLETED
    in_it = [log for log in track.made(track.runs) if log.run_id == run_id]
    assert sorted(log.content().output or "" for log in in_it) == list(track.words)
    assert [slot.log_id for slot in track.slots(run_id)] == [
        next(log.id for log in in_it if log.source_datapoint_id == point) for point in track.points
    ]
    assert track.errors(track.runs) == {None}


def test_a_run_that_a_process_died_in_is_made_again_and_not_shown(track: Track) -> None:
    _, run_id = track.begun(track.runs, dataset=track.cases({"a": "b"}))
    (job,) = track.jobs(run_id)
    track.world.delay = lambda _: 1_000_000

    async def torn() -> None:
        going = asyncio.create_task(track.generating.act(job))
        await until(lambda: bool(track.world.asked))
        await track.recorder.flush()
        now = track.ports.clock.now()
        await track.store.write(job.account, lambda tx: executions.put_in_order(tx, holder="prc_1", now=now))
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    track.run(torn())
    track.world.delay = lambda _: 0
    track.drain()
    assert [one.status for one in track.executions()] == [Status.FAILED, Status.SUCCEEDED]
    (log,) = track.made(track.runs)
    assert (log.run_id, log.content().output, track.status(run_id)) == (run_id, "b", RunStatus.COMPLETED)


def test_who_is_stopped_leaves_no_log_and_the_job(track: Track) -> None:
    _, run_id = track.begun(track.runs)
    first, *_ = track.jobs(run_id)
    track.world.delay = lambda _: 1_000_000

    async def stopped() -> None:
        going = asyncio.create_task(track.generating.act(first))
        await until(lambda: bool(track.world.asked))
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    track.run(stopped())
    track.world.delay = lambda _: 0
    assert [one.status for one in track.executions()] == [Status.ABORTED]
    assert (track.drain(Work.RECORD), track.made(track.runs), len(track.jobs(run_id))) == (0, [], 4)
    track.drain()
    assert (len(track.made(track.runs)), track.status(run_id)) == (4, RunStatus.COMPLETED)
