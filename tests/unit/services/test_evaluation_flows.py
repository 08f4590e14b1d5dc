"""Flows in evaluations: versions that the server runs with each datapoint, and runs that are logs of their likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.engine.flows import agent, code, end, level, start
from tests.unit.services.conftest import DefinitionIsRunnable
from tests.unit.services.test_evaluation_generating import Stage

from headrace.core.datasets import case_of
from headrace.core.effects import AgentReply, EffectFailed, Fault
from headrace.core.errors import Invalid
from headrace.core.evaluations import RunStatus
from headrace.core.execution import Status
from headrace.core.logs import LogStatus
from headrace.core.monitoring import Job, Work
from headrace.core.records import Execution
from headrace.core.validation.findings import Finding, FindingType
from headrace.services import datasets
from headrace.services.evaluations import evaluation_runs, evaluations
from headrace.services.evaluations.evaluation_views import VersionRef
from headrace.services.records.run_logs import Showing
from headrace.services.runs.invocations import Order, begin
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import RunLimits
from headrace.services.runs.targets import Choice
from headrace.services.versions import version_changes
from headrace.services.versions.views import VersionView


def through(type: str = "String", text: str = "value") -> dict[str, Any]:
    """A flow that gives what its code makes of its document."""
    return level(
        [start(type), code("Code", {"value": type}, type, text), end(type=type)],
        "Start.document > Code.value",
        "Code.response > End.document",
    )


ASKING = level(
    [start("String"), agent("Agent"), end(type="String")],
    "Start.document > Agent.agentInputText",
    "Agent.agentResponse > End.document",
)


class Track(Stage):
    """The same, with a flow that runs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ports = replace(self.ports, holder="prc_1")
        self.runs = self.upsert("flow", "Runs", {"definition": through()})

    def act(self, job: Job) -> None:
        self.run(self.generating.act(job))

    def executions(self) -> list[Execution]:
        """All of the flow's, oldest first; what they hold is kept."""
        self.run(self.recorder.flush())
        found: list[Execution] = self.read(lambda tx: tx.executions.page(file_id=None, before=None, take=100))
        return found[::-1]

    def cases(self, *inputs: Any, messages: Any = None) -> VersionRef:
        """A dataset of other datapoints."""
        cases = [case_of(inputs=one, messages=messages, target=None) for one in inputs]
        change = datasets.Change(cases=cases, path="Other")
        made = self.run(datasets.upsert(self.ports, self.principal, change))
        return VersionRef(version_id=made.version.id)

    def asked(self) -> list[Any]:
        """What the flow was run with."""
        return [json.loads(one.input or "null") for one in self.executions()]

    def errors(self, used: VersionView) -> set[str | None]:
        return {log.content().error for log in self.made(used)}


@pytest.fixture
def track() -> Iterator[Track]:
    with asyncio.Runner() as runner:
        yield Track(runner=runner)


def test_a_flow_is_run_with_each_datapoint_and_judged(track: Track) -> None:
    evaluation_id, run_id = track.begun(track.runs, "code")
    track.drain()
    assert track.status(run_id) is RunStatus.COMPLETED
    found = track.made(track.runs)
    assert {(log.run_id, log.source, log.status, log.version_id) for log in found} == {
        (run_id, "evaluation", LogStatus.COMPLETE, track.runs.version.id)
    }
    told = [(msgspec.json.decode(log.content().inputs or b"{}"), log.content().output) for log in found]
    assert told == [({"word": word}, word) for word in track.words]
    by_log = {log.id: log.source_datapoint_id for log in found}
    assert [by_log[slot.log_id or ""] for slot in track.slots(run_id)] == track.points
    assert {(one.run_id, one.source, one.status) for one in track.executions()} == {
        (run_id, "evaluation", Status.SUCCEEDED)
    }
    (stats,) = track.stats(evaluation_id).runs
    assert (stats.num_logs, stats.seats[0].num_judgments) == (4, 4)
    steps = track.read(lambda tx: tx.logs.children(parent_ids=[log.id for log in found]))
    assert sorted(log.content().output or "" for log in steps) == list(track.words)


@pytest.mark.parametrize(
    ("type", "inputs", "document"),
    [
        ("String", {"question": "Why?"}, "Why?"),
        ("String", {"document": "This.", "other": "That."}, "This."),
        ("String", {"question": '{"not": "parsed"}'}, '{"not": "parsed"}'),
        ("Number", {"n": 3}, 3),
        ("Array", {"items": ["a", "b"]}, ["a", "b"]),
        ("Object", {"question": "Why?"}, {"question": "Why?"}),
        ("Object", {"a": 1, "b": [2]}, {"a": 1, "b": [2]}),
    ],
)
def test_what_a_flow_is_given_of_a_datapoint(track: Track, type: str, inputs: Any, document: Any) -> None:
    used = track.upsert("flow", "Runs", {"definition": through(type)})
    _, run_id = track.begun(used, dataset=track.cases(inputs))
    track.drain()
    assert track.asked() == [document]
    assert track.status(run_id) is RunStatus.COMPLETED
    assert track.errors(used) == {None}


def test_messages_of_a_datapoint_reach_who_takes_an_object(track: Track) -> None:
    used = track.upsert("flow", "Runs", {"definition": through("Object")})
    said = [{"role": "user", "content": "Hello?"}]
    track.begun(used, dataset=track.cases({"a": "b"}, messages=said))
    track.drain()
    assert track.asked() == [{"a": "b", "messages": said}]
    (log,) = track.made(used)
    assert (
        msgspec.json.decode(log.content().inputs or b""),
        msgspec.json.decode(log.content().messages or b""),
    ) == (
        {"a": "b"},
        said,
    )


def test_inputs_that_are_no_document_are_a_log_that_says_so(track: Track) -> None:
    _, run_id = track.begun(track.runs, dataset=track.cases({"a": "b", "c": "d"}))
    track.drain()
    (log,) = track.made(track.runs)
    assert log.content().error == (
        "Expected type for Node Output document of Node Start to be STRING. Actual type is OBJECT."
    )
    assert track.status(run_id) is RunStatus.COMPLETED


def test_a_failing_flow_is_a_log_with_its_error(track: Track) -> None:
    track.world.script = {"Code": EffectFailed("It can't.", resource="Code", fault=Fault.DEPENDENCY)}
    _, run_id = track.begun(track.runs, "code")
    track.drain()
    assert [log.has_error for log in track.made(track.runs)] == [True] * 4
    assert all("It can't." in (error or "") for error in track.errors(track.runs))
    assert track.status(run_id) is RunStatus.COMPLETED


def test_a_failure_that_may_pass_is_tried_again_and_is_no_log(track: Track) -> None:
    _, run_id = track.begun(track.runs)
    track.world.script = {"Code": EffectFailed("Busy.", resource="Code", fault=Fault.THROTTLED)}
    first, *_ = track.jobs(run_id)
    with pytest.raises(EffectFailed, match="Busy"):
        track.act(first)
    assert [one.status for one in track.executions()] == [Status.FAILED]
    track.drain(Work.RECORD)
    assert track.made(track.runs) == []
    track.world.script = {}
    track.drain()
    assert (len(track.made(track.runs)), track.status(run_id)) == (4, RunStatus.COMPLETED)


def test_the_last_failure_is_the_log(track: Track) -> None:
    _, run_id = track.begun(track.runs)
    track.world.script = {"Code": EffectFailed("Busy.", resource="Code", fault=Fault.THROTTLED)}
    for job in track.jobs(run_id):
        track.act(msgspec.structs.replace(job, attempts=2))
    track.drain(Work.RECORD)
    assert track.status(run_id) is RunStatus.COMPLETED
    assert all("Busy." in (error or "") for error in track.errors(track.runs))


def test_where_there_is_no_room_for_a_run_it_is_tried_again(track: Track) -> None:
    _, run_id = track.begun(track.runs)
    full = replace(track.flows.runs, limits=RunLimits(concurrent=0))
    track.means = replace(track.means, flows=replace(track.flows, runs=full))
    first, *_ = track.jobs(run_id)
    with pytest.raises(EffectFailed, match="limit of 0"):
        track.act(first)
    assert (track.executions(), track.made(track.runs)) == ([], [])


def test_a_flow_that_asks_has_failed(track: Track) -> None:
    used = track.upsert("flow", "Runs", {"definition": ASKING})
    track.world.script = {"Agent": AgentReply(text="Which one?", asks=True)}
    _, run_id = track.begun(used, dataset=track.cases({"a": "b"}))
    track.drain()
    (log,) = track.made(used)
    assert log.content().error == "Node Agent asks for input, and nobody is there to answer."
    assert [one["content"] for one in msgspec.json.decode(log.content().messages or b"[]")] == [
        "b",
        "Which one?",
    ]
    assert track.status(run_id) is RunStatus.COMPLETED
    assert [one.status for one in track.executions()] == [Status.FAILED]
    (only,) = track.executions()
    assert track.read(lambda tx: tx.sessions.get(file_id=used.file.id, name=only.name)) is None


def test_a_run_that_is_cancelled_runs_nothing_more(track: Track) -> None:
    evaluation_id, run_id = track.begun(track.runs)
    first, *_ = track.jobs(run_id)
    track.act(first)
    track.run(
        evaluation_runs.update(
            track.ports,
            track.principal,
            evaluation_id=evaluation_id,
            run_id=run_id,
            is_control=None,
            status=RunStatus.CANCELLED,
        )
    )
    track.drain()
    assert len(track.executions()) == 1
    (log,) = track.made(track.runs)  # it was on its way, and is in the run, which stays as it is
    assert (log.run_id, track.status(run_id), track.jobs(run_id)) == (run_id, RunStatus.CANCELLED, [])


def test_a_record_that_can_t_be_shown_is_a_log_that_says_so(track: Track) -> None:
    _, run_id = track.begun(track.runs, dataset=track.cases({"a": "b"}))
    (job,) = track.jobs(run_id)
    track.act(job)
    (record,) = track.take(Work.RECORD)
    track.run(Showing(track.ports).give_up(record, "It took longer than 1 s."))
    assert track.errors(track.runs) == {"The run can't be shown: It took longer than 1 s."}
    assert track.status(run_id) is RunStatus.COMPLETED


def test_a_definition_that_has_findings_by_then_is_a_log_that_says_so(track: Track) -> None:
    """A prompt that it refers to may have changed."""
    _, run_id = track.begun(track.runs)

    class Strict(DefinitionIsRunnable):
        def findings(self, definition: Any, **_: Any) -> tuple[Finding, ...]:
            return (Finding.of(FindingType.MISSING_ENDING_NODES),)

    track.ports = replace(track.ports, rules=Strict())
    track.drain()
    version = track.runs.version.id
    assert track.errors(track.runs) == {f"Version `{version}` can't run: by now its definition has findings."}
    assert track.status(run_id) is RunStatus.COMPLETED


def test_where_no_values_are_kept_there_is_nothing_to_judge(track: Track) -> None:
    track.recorder.keeps = Keeps.METADATA
    _, run_id = track.begun(track.runs)
    track.drain()
    assert track.errors(track.runs) == {
        "This server keeps no values of runs (`metadata`), so nobody could judge them."
    }
    assert (track.executions(), track.status(run_id)) == ([], RunStatus.COMPLETED)


def test_a_log_that_is_deleted_is_made_again(track: Track) -> None:
    _, run_id = track.begun(track.runs, "external")
    track.drain()
    gone = track.slots(run_id)[2].log_id
    assert gone is not None
    track.delete(gone)
    track.drain()
    made = track.slots(run_id)[2].log_id
    assert made not in (None, gone)
    assert len(track.executions()) == 5


def test_a_version_that_is_gone_by_then_is_a_log_that_says_so(track: Track) -> None:
    used = track.upsert("flow", "Runs", {"definition": through(text="value + value")})
    _, run_id = track.begun(used)
    gone = version_changes.delete_version(
        track.ports, track.principal, kind="flow", ref=used.file.id, version_id=used.version.id
    )
    track.run(gone)
    track.drain()
    assert track.status(run_id) is RunStatus.COMPLETED
    assert track.errors(used) == {f"Version `{used.version.id}` was not found."}
    assert track.executions() == []


def test_what_can_t_run_is_refused_in_words(track: Track) -> None:
    with pytest.raises(Invalid, match="no definition that runs"):
        track.begun(track.flow)
    broken = level([start("String"), end(type="String")], "Start.document > Nowhere.document")
    with pytest.raises(Invalid, match="a definition with findings"):
        track.begun(track.upsert("flow", "Broken", {"definition": broken}))


def ran(track: Track, document: Any) -> None:
    """Somebody just calls the flow."""

    async def call() -> None:
        order = Order(
            ref=track.runs.file.id,
            choice=Choice(version_id=track.runs.version.id),
            node=None,
            document=document,
        )
        turn = await begin(track.flows.runs, track.ports, track.principal, order, track.flows.names(""))
        while await turn.more():
            pass
        await turn.aclose()
        await track.recorder.flush()

    track.run(call())


def test_a_run_that_names_nothing_enters_a_run_that_waits_for_its_like(track: Track) -> None:
    """5.5, 8.63: whatever calls the flow, as long as nothing else is said."""
    made = track.run(_evaluation(track))
    dataset = track.cases({"document": "one"}, {"document": "two"})
    run_id = track.new_run(made, dataset=dataset, version=VersionRef(version_id=track.runs.version.id)).run.id
    for word in ("three", "two", "two", "one"):
        ran(track, word)
    track.drain()
    assert track.status(run_id) is RunStatus.COMPLETED
    known = {log.id: log.content().output for log in track.made(track.runs)}
    assert [known[slot.log_id or ""] for slot in track.slots(run_id)] == ["one", "two"]
    assert len(known) == 4


async def _evaluation(track: Track) -> str:
    made = await evaluations.create(
        track.ports, track.principal, ref=track.runs.file.id, path=None, name=None, seats=[]
    )
    return made.evaluation.id
