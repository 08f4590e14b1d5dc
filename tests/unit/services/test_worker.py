"""Work that waits is done once, and surely, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.services.conftest import START, Registry

from headrace.core.access import Principal
from headrace.core.effects import EffectFailed, Fault
from headrace.core.errors import Unavailable
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports, write
from headrace.services.work import ask
from headrace.services.worker import Handler, Pace, Worker
from headrace.storage.memory.store import MemoryStore

PATIENT = Pace(at_once=2, job_s=30, attempts=3, first_pause_s=10, poll_s=30, stop_s=5)
"""Looks by itself so rarely that a test would time out: what happens is due to the bell."""
WITHIN_S = 60


class SetClock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


@dataclass
class Bench:
    """A store, a worker's surroundings, and what was done."""

    ports: Ports
    principal: Principal
    clock: SetClock
    fails: Callable[[Job], Exception | None] = lambda job: None
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[Job] = field(default_factory=list)
    done: list[Job] = field(default_factory=list)
    given_up: list[tuple[Job, str]] = field(default_factory=list)

    async def act(self, job: Job) -> None:
        self.begun.append(job)
        await self.may_end.wait()
        error = self.fails(job)
        if error is not None:
            raise error
        await self.end(job)
        self.done.append(job)

    async def end(self, job: Job) -> None:
        await self.ports.store.write(job.account, lambda tx: tx.jobs.done(job))

    async def give_up(self, job: Job, reason: str) -> None:
        await self.end(job)
        self.given_up.append((job, reason))

    async def ask(self, *subjects: str) -> None:
        def work(tx: Transaction) -> None:
            for subject in subjects:
                ask(tx, self.ports, work=Work.JUDGE, subject=subject, object="evv_1", now=self.clock.now())

        await write(self.ports, self.principal, work)

    async def waiting(self) -> int:
        return await self.ports.store.read(self.principal.account, lambda tx: tx.jobs.count())

    def worker(self, pace: Pace = PATIENT) -> Worker:
        handlers = dict.fromkeys(Work, Handler(act=self.act, give_up=self.give_up))
        return Worker(self.ports, self.principal.account, handlers, pace)

    @asynccontextmanager
    async def working(self, pace: Pace = PATIENT) -> AsyncIterator[Worker]:
        worker = self.worker(pace)
        await worker.start()
        yield worker
        await worker.close()

    async def later(self, seconds: float) -> None:
        """Let time pass, and have the worker look."""
        self.clock.moment += timedelta(seconds=seconds)
        self.ports.bell.ring()
        await settled()


async def until(holds: Callable[[], Any]) -> None:
    """Give others their turn until something holds."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - what is waited for are plain values
            await asyncio.sleep(0)


async def settled() -> None:
    """Give others their turn until all that could happen at once has happened."""
    for _ in range(200):
        await asyncio.sleep(0)


@pytest.fixture
def run(registry: Registry) -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    """Run a story on a bench."""

    def story(tell: Callable[[Bench], Awaitable[None]]) -> None:
        async def told() -> None:
            clock = SetClock()
            ports = replace(registry.ports, clock=clock, holder="prc_mine")
            bench = Bench(ports=ports, principal=registry.principal, clock=clock)
            bench.may_end.set()
            await tell(bench)

        registry.run(told())

    return story


Run = Callable[[Callable[[Bench], Awaitable[None]]], None]


def down(job: Job) -> Exception:
    return EffectFailed("The model is down.", resource="Amazon Bedrock", fault=Fault.GATEWAY)


def test_what_is_asked_for_is_done_as_soon_as_it_is_written(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.working():
            await settled()
            await bench.ask("log_1")
            await until(lambda: bench.done)
            assert await bench.waiting() == 0

    run(tell)


def test_what_was_left_at_the_last_stop_is_done_at_the_next_start(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        await bench.ask("log_1", "log_2", "log_3")
        async with bench.working():
            await until(lambda: len(bench.done) == 3)

    run(tell)


def test_what_was_begun_and_not_ended_is_begun_again(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        await bench.ask("log_1")
        first = bench.worker(replace(PATIENT, stop_s=0))
        await first.start()
        await until(lambda: bench.begun)
        await first.close()
        assert (len(bench.begun), bench.done, await bench.waiting()) == (1, [], 1)
        await bench.ports.store.write("", lambda tx: tx.jobs.release(holder="prc_mine"))
        bench.may_end.set()
        async with bench.working():
            await until(lambda: bench.done)
        assert (len(bench.begun), len(bench.done), await bench.waiting()) == (2, 1, 0)

    run(tell)


def test_closing_lets_what_was_begun_end_and_begins_nothing(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        await bench.ask("log_1", "log_2", "log_3")
        worker = bench.worker()
        await worker.start()
        await until(lambda: len(bench.begun) == 2)
        closing = asyncio.create_task(worker.close())
        await settled()
        bench.may_end.set()
        await closing
        assert (len(bench.begun), len(bench.done), await bench.waiting()) == (2, 2, 1)

    run(tell)


def test_what_is_asked_for_again_meanwhile_is_done_again(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        async with bench.working():
            await bench.ask("log_1")
            await until(lambda: bench.begun)
            await bench.ask("log_1")
            await bench.ask("log_1")
            await settled()
            assert len(bench.begun) == 1, "nobody else does what somebody is at"
            bench.may_end.set()
            await until(lambda: len(bench.done) == 2)
            assert [job.turn for job in bench.done] == [1, 3]
            assert await bench.waiting() == 0

    run(tell)


def test_no_more_is_done_at_once_than_allowed(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        async with bench.working():
            await bench.ask(*(f"log_{index}" for index in range(20)))
            await settled()
            assert len(bench.begun) == PATIENT.at_once
            bench.may_end.set()
            await until(lambda: len(bench.done) == 20)

    run(tell)


def test_what_waits_for_one_kind_of_work_keeps_no_other_waiting(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        async with bench.working():
            await bench.ask(*(f"log_{index}" for index in range(20)))
            await until(lambda: len(bench.begun) == PATIENT.at_once)

            def record(tx: Transaction) -> None:
                ask(tx, bench.ports, work=Work.RECORD, subject="exe_1", now=bench.clock.now())

            await write(bench.ports, bench.principal, record)
            await until(lambda: bench.begun[-1].subject == "exe_1")
            bench.may_end.set()
            await until(lambda: len(bench.done) == 21)

    run(tell)


def test_what_fails_is_tried_later_and_later(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.fails = down
        async with bench.working():
            await bench.ask("log_1")
            await settled()
            assert len(bench.begun) == 1
            await bench.later(9.9)
            assert len(bench.begun) == 1
            await bench.later(0.1)
            assert len(bench.begun) == 2
            await bench.later(19.9)
            assert len(bench.begun) == 2
            bench.fails = lambda job: None
            await bench.later(0.1)
            assert [job.attempts for job in bench.done] == [2]

    run(tell)


def test_what_fails_too_often_is_given_up_with_the_reason(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def tell(bench: Bench) -> None:
        bench.fails = down
        async with bench.working():
            await bench.ask("log_1")
            for _ in range(PATIENT.attempts):
                await settled()
                await bench.later(1000)
            assert [reason for _, reason in bench.given_up] == ["The model is down."]
            assert (len(bench.begun), await bench.waiting()) == (PATIENT.attempts, 0)

    with caplog.at_level(logging.ERROR, "headrace.worker"):
        run(tell)
    assert caplog.messages == ["judge log_1 evv_1 is given up after 3 attempts: The model is down."]


def test_pauses_grow_up_to_a_limit() -> None:
    pace = Pace(first_pause_s=1, longest_pause_s=300)
    assert [pace.pause(n).total_seconds() for n in (1, 2, 3, 9, 10, 1000)] == [1, 2, 4, 256, 300, 300]


def test_a_bug_in_one_job_stops_no_other(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def tell(bench: Bench) -> None:
        bench.fails = lambda job: ZeroDivisionError("our own") if job.subject == "log_bad" else None
        async with bench.working():
            await bench.ask("log_bad", *(f"log_{index}" for index in range(10)))
            await until(lambda: len(bench.done) == 10)
            assert await bench.waiting() == 1
            for _ in range(PATIENT.attempts):
                await settled()
                await bench.later(1000)
            assert [reason for _, reason in bench.given_up] == ["Internal error."]

    run(tell)
    assert any("a bug while doing judge log_bad" in message for message in caplog.messages)


def test_what_takes_too_long_has_failed(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        bench.may_end.clear()
        async with bench.working(replace(PATIENT, job_s=0.01, attempts=1)):
            await bench.ask("log_1")
            await until(lambda: bench.given_up)
            assert bench.given_up[0][1] == "It took longer than 0.01 s."

    run(tell)


def test_what_another_process_is_at_is_taken_when_its_lease_is_over(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.working():
            now = bench.clock.now()
            job = Job(account=bench.principal.account, work=Work.JUDGE, subject="log_1", due_at=now)
            until_then = now + timedelta(seconds=90)

            def other(tx: Transaction) -> list[Job]:
                tx.jobs.put(job)
                return tx.jobs.take(work=Work.JUDGE, now=now, until=until_then, most=1)

            assert len(await bench.ports.store.write(job.account, other)) == 1
            await bench.later(89.9)
            assert bench.begun == []
            await bench.later(0.1)
            assert [one.subject for one in bench.done] == ["log_1"]

    run(tell)


class FailingStore(MemoryStore):
    """Refuses writes while it is told to."""

    is_full = False

    async def write(self, account: str, work: Callable[[Transaction], Any]) -> Any:
        if self.is_full:
            raise Unavailable("The disk is full.")
        return await super().write(account, work)


def test_a_store_that_can_t_be_written_to_is_asked_again(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def tell(bench: Bench) -> None:
        store = FailingStore()
        bench.ports = replace(bench.ports, store=store)
        async with bench.working():
            await bench.ask("log_1")
            store.is_full = True
            await settled()
            store.is_full = False
            assert (bench.begun, await bench.waiting()) == ([], 1)
            bench.ports.bell.ring()
            await until(lambda: bench.done)

    run(tell)
    assert set(caplog.messages) == {"no work can be taken now: The disk is full."}


def test_what_failed_while_the_store_was_away_does_not_wait_for_its_lease(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        store = FailingStore()
        bench.ports = replace(bench.ports, store=store)
        bench.may_end.clear()
        bench.fails = lambda job: Unavailable("The disk is full.") if store.is_full else None
        async with bench.working():
            await bench.ask("log_1")
            await until(lambda: bench.begun)
            store.is_full = True
            bench.may_end.set()
            await settled()
            await bench.later(1)
            assert len(bench.begun) == 1, "nobody can be told, and it is leased"
            store.is_full = False
            await bench.later(PATIENT.first_pause_s)
            await until(lambda: bench.done)
            assert [one.attempts for one in bench.begun] == [0, 1]
        assert await bench.waiting() == 0

    run(tell)


def test_what_others_may_be_at_by_now_is_not_put_off(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        store = FailingStore()
        bench.ports = replace(bench.ports, store=store)
        bench.may_end.clear()
        bench.fails = lambda job: Unavailable("The disk is full.")
        async with bench.working():
            await bench.ask("log_1")
            await until(lambda: bench.begun)
            store.is_full = True
            bench.may_end.set()
            await settled()
            later = bench.clock.now() + timedelta(hours=1)

            def another(tx: Transaction) -> list[Job]:
                return tx.jobs.take(work=Work.JUDGE, now=later, until=later, most=1, holder="prc_theirs")

            store.is_full = False
            assert len(await store.write(bench.principal.account, another)) == 1
            await bench.later(600)
            (job,) = await store.read(bench.principal.account, lambda tx: tx.jobs.of_subject(subject="log_1"))
        assert (job.holder, job.attempts) == ("prc_theirs", 0)

    run(tell)


def test_a_note_of_a_transaction_that_was_undone_harms_nothing(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.working():

            def work(tx: Transaction) -> None:
                ask(tx, bench.ports, work=Work.JUDGE, subject="log_1", now=bench.clock.now())
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await write(bench.ports, bench.principal, work)
            await settled()
            assert (bench.begun, await bench.waiting()) == ([], 0)

    run(tell)


def test_what_was_asked_for_while_the_clock_was_ahead_does_not_wait_for_it(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def tell(bench: Bench) -> None:
        bench.clock.moment += timedelta(hours=1)
        await bench.ask("log_1")
        bench.clock.moment -= timedelta(hours=1)
        async with bench.working():
            await until(lambda: bench.done)
        assert await bench.waiting() == 0

    run(tell)
    assert "a wrong clock: 1" in caplog.text


def test_what_was_leased_while_the_clock_was_ahead_is_begun_again(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        await bench.ask("log_1")
        ahead = bench.clock.now() + timedelta(hours=1)
        await bench.ports.store.write(
            bench.principal.account,
            lambda tx: tx.jobs.take(work=Work.JUDGE, now=ahead, until=ahead, most=1, holder="prc_mine"),
        )
        async with bench.working():
            await until(lambda: bench.done)

    run(tell)


def test_what_is_put_off_as_far_as_ever_is_left_alone(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        await bench.ask("log_1")
        (job,) = await bench.ports.store.read(
            bench.principal.account, lambda tx: tx.jobs.of_subject(subject="log_1")
        )
        late = bench.clock.now() + timedelta(seconds=PATIENT.longest_pause_s)
        await bench.ports.store.write(bench.principal.account, lambda tx: tx.jobs.put_off(job, due_at=late))
        async with bench.working():
            await settled()
        assert bench.begun == []

    run(tell)


def test_what_is_planned_is_not_hastened(run: Run) -> None:
    async def tell(bench: Bench) -> None:
        late = bench.clock.now() + timedelta(days=1)
        job = Job(account=bench.principal.account, work=Work.SILENCE, subject="evr_1", due_at=late)
        await bench.ports.store.write(bench.principal.account, lambda tx: tx.jobs.put(job))
        handlers = {Work.SILENCE: Handler(act=bench.act, give_up=bench.give_up, plans_ahead=True)}
        worker = Worker(bench.ports, bench.principal.account, handlers, PATIENT)
        await worker.start()
        await settled()
        await worker.close()
        assert bench.begun == []

    run(tell)
