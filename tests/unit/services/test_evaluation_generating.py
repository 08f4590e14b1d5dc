"""The logs that the server makes for runs: one for each datapoint, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.engine.world import World
from tests.unit.services.evaluation_bench import Bench
from tests.unit.services.test_durable import Names
from tests.unit.services.test_prompt_calls import Speaker
from tests.unit.services.test_worker import PATIENT, until

from headrace.core.effects import EffectContext, EffectFailed, Fault, ToolOutcome
from headrace.core.errors import Invalid, NotFound, Unavailable
from headrace.core.evaluations import RunStatus
from headrace.core.execution import Event
from headrace.core.logs import Log
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.prompt_filling import DefaultLanguage
from headrace.core.records import Execution
from headrace.services.calls.calls import CallLimits, Calls
from headrace.services.evaluations import evaluation_runs, evaluations
from headrace.services.evaluations.callable_kinds import CALLABLE
from headrace.services.evaluations.evaluation_views import SeatRef, VersionRef
from headrace.services.evaluations.generating import CALLERS, Generating, Means
from headrace.services.logs import logs
from headrace.services.records import run_logs
from headrace.services.records.recorder import Recorder
from headrace.services.records.run_logs import Showing
from headrace.services.runs.flow_calls import Flows
from headrace.services.runs.runs import Runs
from headrace.services.versions import versions
from headrace.services.versions.version_changes import delete_version
from headrace.services.versions.views import VersionView
from headrace.services.worker import Handler

PROMPT = {"model": "m", "template": [{"role": "user", "content": "Say {{word}}"}]}
TOOL = {
    "function": {"name": "shout", "description": "", "parameters": {"type": "object", "properties": {}}},
    "source_code": "def shout(word): return word.upper()",
}


class Shouting:
    """Runs no source, and knows what would come of it."""

    failure: EffectFailed | None = None

    async def use(self, source: str, inputs: Any, context: EffectContext, **more: Any) -> ToolOutcome:
        if self.failure is not None:
            raise self.failure
        return ToolOutcome(value=str(inputs["word"]).upper(), stdout="")


class Stage(Bench):
    """The same, with a prompt and a tool that are evaluated, and a model to direct."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.speaker, self.tools = Speaker(), Shouting()
        self.calls = Calls(
            models=self.speaker,
            languages={"default": DefaultLanguage()},
            tools=self.tools,
            limits=CallLimits(),
        )
        self.world = World()
        self.recorder = Recorder(self.store, self.ports.clock, at_rest=self.at_rest, bell=self.ports.bell)
        self.flows = Flows(
            runs=Runs(effects=self.world.effects, recorder=self.recorder), names=lambda _: Names()
        )
        self.means = Means(calls=self.calls, flows=self.flows)
        self.prompt = self.upsert("prompt", "Prompt", PROMPT)
        self.tool = self.upsert("tool", "Tool", TOOL)

    @property
    def generating(self) -> Generating:
        return Generating(self.ports, self.means, replace(PATIENT, attempts=3))

    def at_rest(self, tx: Transaction, execution: Execution, _: Sequence[Event] | None) -> None:
        run_logs.ask(tx, self.ports, execution)

    def handlers(self) -> dict[Work, Handler]:
        showing = Showing(self.ports).handler
        return {**super().handlers(), Work.GENERATE: self.generating.handler, Work.RECORD: showing}

    def begun(self, used: VersionView, *seats: str, **options: Any) -> tuple[str, str]:
        """A new evaluation, and its run."""
        made = self.run(
            evaluations.create(
                self.ports,
                self.principal,
                ref=None,
                path=used.file.path,
                name=None,
                seats=[SeatRef(path=one) for one in seats],
            )
        )
        version = VersionRef(version_id=used.version.id)
        run = self.new_run(made.evaluation.id, version=version, is_orchestrated=True, **options)
        return made.evaluation.id, run.run.id

    def made(self, used: VersionView) -> list[Log]:
        """All logs of a file, oldest first."""
        found: list[Log] = self.read(lambda tx: tx.logs.walk(file_id=used.file.id, after=None, take=1000))
        return found

    def jobs(self, run_id: str) -> list[Job]:
        self.drain(Work.SURVEY)
        found: list[Job] = self.read(lambda tx: tx.jobs.of_subject(subject=run_id))
        return found


@pytest.fixture
def stage() -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        yield Stage(runner=runner)


def test_a_prompt_is_called_with_each_datapoint_and_judged(stage: Stage) -> None:
    evaluation_id, run_id = stage.begun(stage.prompt, "code")
    stage.drain()
    assert stage.status(run_id) is RunStatus.COMPLETED
    found = stage.made(stage.prompt)
    inputs = [msgspec.json.decode(log.content().inputs or b"{}") for log in found]
    assert sorted(one["word"] for one in inputs) == list(stage.words)
    assert {(log.run_id, log.source, log.content().output) for log in found} == {
        (run_id, "evaluation", "Well, yes.")
    }
    assert [slot.datapoint_id for slot in stage.slots(run_id)] == stage.points
    asked = sorted(request.messages[0]["content"][0]["text"] for request, _ in stage.speaker.asked)
    assert asked == [f"Say {word}" for word in stage.words]
    (stats,) = stage.stats(evaluation_id).runs
    assert (stats.num_logs, stats.seats[0].num_judgments) == (4, 4)


def test_few_datapoints_do_not_wait_for_many(stage: Stage) -> None:
    many = VersionRef(version_id=stage.data("Many", [f"w{index}" for index in range(60)]).version.id)
    _, first = stage.begun(stage.prompt, dataset=many)
    stage.drain(Work.SURVEY)
    begun = stage.take(Work.GENERATE, 30)
    assert [job.object for job in begun] == [slot.datapoint_id for slot in stage.slots(first)[:30]]
    _, second = stage.begun(stage.prompt)
    stage.drain(Work.SURVEY)
    taken = stage.take(Work.GENERATE, 29)
    assert {job.object for job in taken if job.subject == second} == set(stage.points)
    assert {job.subject for job in taken} == {first, second}


def test_a_tool_is_run_with_the_inputs_of_each_datapoint(stage: Stage) -> None:
    _, run_id = stage.begun(stage.tool)
    stage.drain()
    assert stage.status(run_id) is RunStatus.COMPLETED
    assert sorted(log.content().output or "" for log in stage.made(stage.tool)) == [
        "ANT",
        "BEE",
        "CAT",
        "DOG",
    ]


def test_a_failure_that_may_pass_is_tried_again_and_leaves_no_log(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt)
    stage.speaker.failure = EffectFailed("Busy.", resource="Model", fault=Fault.THROTTLED)
    first = stage.jobs(run_id)[0]
    with pytest.raises(EffectFailed, match="Busy"):
        stage.run(stage.generating.act(first))
    assert stage.made(stage.prompt) == []
    stage.speaker.failure = None
    stage.drain()
    assert (len(stage.made(stage.prompt)), stage.status(run_id)) == (4, RunStatus.COMPLETED)


def test_what_is_given_up_is_a_log_that_says_why(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt)
    for job in stage.jobs(run_id):
        stage.run(stage.generating.give_up(job, "Busy for too long."))
        stage.run(stage.generating.give_up(job, "A second time."))
    assert {log.content().error for log in stage.made(stage.prompt)} == {"Busy for too long."}
    assert stage.status(run_id) is RunStatus.COMPLETED


def test_nothing_is_tried_while_there_is_no_place_for_a_call(stage: Stage) -> None:
    stage.calls.limits = replace(stage.calls.limits, concurrent=2)
    room = stage.generating.handler.room
    assert room is not None
    assert room() == 2
    with stage.calls.place(), stage.calls.place():
        assert room() == 0
    assert room() == 2


def test_a_failure_that_stays_is_a_log_at_once(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt)
    stage.speaker.failure = EffectFailed("No such model.", resource="Model", fault=Fault.DEPENDENCY)
    stage.drain()
    assert {log.content().error for log in stage.made(stage.prompt)} == {"No such model."}
    assert stage.status(run_id) is RunStatus.COMPLETED


def test_what_can_t_even_be_asked_is_a_log_too(stage: Stage) -> None:
    other = {"model": "m", "template": [{"role": "user", "content": "Say {{nothing}}"}]}
    _, run_id = stage.begun(stage.upsert("prompt", "Prompt", other))
    stage.drain()
    found = stage.made(stage.prompt)
    assert len(found) == 4
    assert all("nothing" in (log.content().error or "") for log in found)
    assert stage.status(run_id) is RunStatus.COMPLETED
    assert stage.speaker.asked == []


@pytest.mark.parametrize("how", ["prompt", "tool", "failing"])
def test_whoever_dies_before_the_job_is_done_makes_no_second_log(stage: Stage, how: str) -> None:
    """The log is kept, and the end of the job is not: somebody else takes the job up again."""
    used = stage.tool if how == "tool" else stage.prompt
    if how == "failing":
        stage.speaker.failure = EffectFailed("No such model.", resource="Model", fault=Fault.DEPENDENCY)
    _, run_id = stage.begun(used)
    (first, *_) = stage.jobs(run_id)

    def dying(job: Job) -> None:
        raise Unavailable("The process is gone.")

    jobs = type(stage.read(lambda tx: tx.jobs))
    kept = jobs.done
    jobs.done = lambda self, job: dying(job)
    try:
        with pytest.raises(Unavailable):
            stage.run(stage.generating.act(first))
    finally:
        jobs.done = kept
    before = stage.made(used)
    assert len(before) == 1
    stage.run(stage.generating.act(first))
    assert [log.id for log in stage.made(used)] == [log.id for log in before]
    stage.drain()
    assert len(stage.made(used)) == 4


def test_two_who_are_at_one_job_make_one_log(stage: Stage) -> None:
    """A lease was over before the job was."""
    _, run_id = stage.begun(stage.prompt)
    (first, *_) = stage.jobs(run_id)

    async def both() -> None:
        await asyncio.gather(stage.generating.act(first), stage.generating.act(first))

    stage.run(both())
    assert len(stage.made(stage.prompt)) == 1
    stage.drain()
    assert (len(stage.made(stage.prompt)), stage.status(run_id)) == (4, RunStatus.COMPLETED)


def test_who_is_stopped_while_a_model_speaks_leaves_no_log(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt)
    (first, *_) = stage.jobs(run_id)
    stage.speaker.goes_on.clear()

    async def stopped() -> None:
        going = asyncio.create_task(stage.generating.act(first))
        await until(lambda: bool(stage.speaker.asked))
        going.cancel()
        with pytest.raises((asyncio.CancelledError, EffectFailed)):
            await going

    stage.run(stopped())
    assert stage.made(stage.prompt) == []
    stage.speaker.goes_on.set()
    stage.drain()
    assert stage.status(run_id) is RunStatus.COMPLETED


def test_a_run_that_is_cancelled_makes_no_more_logs(stage: Stage) -> None:
    evaluation_id, run_id = stage.begun(stage.prompt)
    first, *_ = stage.jobs(run_id)
    stage.run(stage.generating.act(first))
    stage.run(
        evaluation_runs.update(
            stage.ports,
            stage.principal,
            evaluation_id=evaluation_id,
            run_id=run_id,
            is_control=None,
            status=RunStatus.CANCELLED,
        )
    )
    stage.drain()
    assert (len(stage.made(stage.prompt)), stage.jobs(run_id)) == (1, [])


def test_a_prompt_that_is_deleted_meanwhile_leaves_no_work(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt)

    async def delete() -> None:
        stage.speaker.meanwhile = None
        ref = stage.prompt.file.id
        await versions.delete_file(stage.ports, stage.principal, kind="prompt", ref=ref)

    first, *_ = stage.jobs(run_id)
    stage.speaker.meanwhile = delete
    stage.run(stage.generating.act(first))
    stage.drain()
    assert stage.jobs(run_id) == []


def test_a_version_that_is_deleted_meanwhile_ends_its_runs_with_errors(stage: Stage) -> None:
    other = {"model": "other", "template": [{"role": "user", "content": "Say {{word}}"}]}
    used = stage.upsert("prompt", "Prompt", other)
    _, run_id = stage.begun(used)
    gone = delete_version(
        stage.ports, stage.principal, kind="prompt", ref=used.file.id, version_id=used.version.id
    )
    stage.run(gone)
    stage.drain()
    assert stage.status(run_id) is RunStatus.COMPLETED
    assert [log.has_error for log in stage.made(used)] == [True] * 4


def test_a_log_that_is_deleted_is_made_again(stage: Stage) -> None:
    _, run_id = stage.begun(stage.prompt, "external")
    stage.drain()
    gone = stage.slots(run_id)[2].log_id
    assert gone is not None
    stage.delete(gone)
    assert stage.slots(run_id)[2].log_id is None
    stage.drain()
    assert stage.slots(run_id)[2].log_id is not None
    assert len(stage.made(stage.prompt)) == 4


def test_logs_that_are_there_are_used_and_the_rest_is_made(stage: Stage) -> None:
    for point in stage.points[:2]:
        new = logs.NewLog(
            kind="prompt",
            ref=stage.prompt.file.id,
            version_id=stage.prompt.version.id,
            source_datapoint_id=point,
        )
        stage.run(logs.create(stage.ports, stage.principal, new))
    _, run_id = stage.begun(stage.prompt, "code", use_existing_logs=True)
    assert stage.status(run_id) is RunStatus.RUNNING
    stage.drain()
    assert (len(stage.made(stage.prompt)), len(stage.speaker.asked)) == (4, 2)
    assert stage.status(run_id) is RunStatus.COMPLETED


def test_a_log_that_is_deleted_while_a_run_is_made_of_it_is_made_again(stage: Stage) -> None:
    new = logs.NewLog(
        kind="prompt",
        ref=stage.prompt.file.id,
        version_id=stage.prompt.version.id,
        source_datapoint_id=stage.points[0],
    )
    known = stage.run(logs.create(stage.ports, stage.principal, new)).log.id
    _, run_id = stage.begun(stage.prompt, use_existing_logs=True)
    stage.write(lambda tx: tx.logs.remove(id=known))  # between the look and the run
    stage.drain()
    assert stage.status(run_id) is RunStatus.COMPLETED
    assert len(stage.made(stage.prompt)) == 4


def test_what_the_server_can_t_call_is_refused_in_words(stage: Stage) -> None:
    with pytest.raises(Invalid, match="A Flow is not callable on the server"):
        stage.begun(stage.flow)
    bare = stage.upsert("tool", "Bare", {"function": TOOL["function"]})
    with pytest.raises(Invalid, match="no source code"):
        stage.begun(bare)
    with pytest.raises(Invalid, match="needs a `dataset` and a `version`"):
        stage.begun(stage.prompt, dataset=None)
    with pytest.raises(NotFound):
        stage.begun(stage.prompt, dataset=VersionRef(path="Nowhere"))


def test_what_may_be_asked_for_can_be_called() -> None:
    assert set(CALLABLE) == set(CALLERS)
