"""A run that waits for judgments which nobody will make is ended, where that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.services.evaluation_bench import Bench
from tests.unit.services.test_worker import SetClock

from headrace.core.evaluations import RunStatus
from headrace.core.monitoring import Job, Work
from headrace.services.base import Limits
from headrace.services.evaluations.silence import Silence

SILENCE_S = 600.0


class Waiting(Bench):
    """The same, with a clock to be set and an end to waiting."""

    silence_s = SILENCE_S

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock = SetClock()
        limits = Limits(evaluation_silence_s=self.silence_s)
        self.ports = replace(self.ports, clock=self.clock, limits=limits)

    def later(self, seconds: float) -> list[Job]:
        """Do what is due then; what still waits after that."""
        self.clock.moment += timedelta(seconds=seconds)
        now = self.clock.moment
        take = {"work": Work.SILENCE, "now": now, "until": now + timedelta(days=1), "most": 10}
        for job in self.write(lambda tx: tx.jobs.take(**take)):
            self.run(Silence(self.ports).act(job))
        waiting: list[Job] = self.read(lambda tx: list(tx.jobs._jobs.values()))
        return [job for job in waiting if job.work is Work.SILENCE]


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with asyncio.Runner() as runner:
        yield Waiting(runner=runner)


def test_a_run_that_has_its_logs_is_ended_after_a_long_silence(waiting: Waiting) -> None:
    made = waiting.evaluation("external")
    run_id = waiting.new_run(made.evaluation.id).run.id
    ids = [waiting.log("x", run_id=run_id, source_datapoint_id=point) for point in waiting.points[:-1]]
    assert waiting.later(10 * SILENCE_S) == [], "there is a log to come"
    ids.append(waiting.log("x", run_id=run_id, source_datapoint_id=waiting.points[-1]))
    waiting.later(SILENCE_S - 1)
    waiting.judgment(ids[0], "external", True)
    (job,) = waiting.later(SILENCE_S / 2)
    assert waiting.status(run_id) is RunStatus.RUNNING, "a judgment came"
    assert job.due_at == waiting.clock.moment + timedelta(seconds=SILENCE_S / 2)
    assert waiting.later(SILENCE_S / 2) == []
    assert waiting.status(run_id) is RunStatus.COMPLETED
    assert waiting.awaited() == set()
    (stats,) = waiting.stats(made.evaluation.id).runs
    assert (stats.seats[0].total_logs, stats.num_logs) == (1, 4)


def test_a_log_that_goes_lets_the_run_wait_again(waiting: Waiting) -> None:
    run_id = waiting.new_run(waiting.evaluation("external").evaluation.id).run.id
    ids = [waiting.log("x", run_id=run_id, source_datapoint_id=point) for point in waiting.points]
    waiting.delete(ids[0])
    assert waiting.later(2 * SILENCE_S) == []
    assert waiting.status(run_id) is RunStatus.RUNNING


def test_nobody_is_hurried_unless_that_is_wanted() -> None:
    with asyncio.Runner() as runner:
        patient = type("Patient", (Waiting,), {"silence_s": 0.0})(runner=runner)
        run_id = patient.new_run(patient.evaluation("external").evaluation.id).run.id
        for point in patient.points:
            patient.log("x", run_id=run_id, source_datapoint_id=point)
        assert patient.later(365 * 86_400.0) == []
        assert patient.status(run_id) is RunStatus.RUNNING
