"""The log of a run that is written with its record, and what is left to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.storage.things import HOME, at, environment, execution, file, version
from tests.unit.services.conftest import CountingIds, DefinitionIsRunnable, NoVault, SteppingClock

from headrace.core.definition import NodeType
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowStarted,
    InputRequested,
    NodeStarted,
    Reason,
)
from headrace.core.logs import Log, LogStatus
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Clash, Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports
from headrace.services.records import recorder as recording
from headrace.services.records.recorder import Recorder
from headrace.services.records.run_endings import Endings
from headrace.services.records.run_logs import Showing, ask
from headrace.services.runs.keeping import Keeps
from headrace.storage.memory.store import MemoryStore

BEGUN = FlowStarted(at_ns=1, node="Start", output="document", value={"city": "Rome"})
CHOSEN = ConditionsDecided(at_ns=2, node="Check", conditions=("isRain",))
DONE = FlowFinished(at_ns=4, reason=Reason.SUCCESS)
FAILED = FlowFailed(at_ns=4, kind=FailureKind.VALIDATION, message="Expected a String.", node="Check")


def out(node: str, value: Any) -> FlowOutput:
    return FlowOutput(at_ns=3, node=node, value=value)


def began(type: NodeType) -> NodeStarted:
    return NodeStarted(at_ns=2, node="Node", type=type)


class Scene:
    """A flow's version in a store, and a recorder that tells of the ends of runs."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.store = MemoryStore()
        self.ports = Ports(
            store=self.store,
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        self.write(lambda tx: tx.files.add(file()))
        self.write(lambda tx: tx.versions.add(version()))
        self.write(lambda tx: tx.environments.add(environment()))

    def write(self, work: Any) -> None:
        self.runner.run(self.store.write(HOME, work))

    def read(self, work: Any) -> Any:
        return self.runner.run(self.store.read(HOME, work))

    def ran(self, *parts: list[Event], endings: Any = None, **changes: Any) -> Execution:
        """A run whose events come in parts, each written before the next comes."""
        keeps = changes.pop("keeps", Keeps.ALL)
        row = execution(**changes)

        async def scene() -> None:
            at_rest = endings or Endings(self.ports)
            recorder = Recorder(
                self.store, self.ports.clock, keeps=keeps, at_rest=at_rest, bell=self.ports.bell
            )
            found = recorder.begin(HOME, row)
            for events in parts:
                found.add(*events)
                await recorder.flush()
            await recorder.close()

        self.runner.run(scene())
        kept: Execution = self.read(lambda tx: tx.executions.get(id=row.id))
        return kept

    def logs(self, id: str = "exe_1") -> list[Log]:
        found: list[Log] = self.read(lambda tx: tx.logs.of_execution(execution_id=id))
        return found

    def jobs(self, id: str = "exe_1") -> list[Job]:
        found: list[Job] = self.read(lambda tx: tx.jobs.of_subject(subject=id))
        return [job for job in found if job.work is Work.RECORD]

    def shown_by_worker(self, *parts: list[Event], **changes: Any) -> list[Log]:
        """The logs of the same run, as the worker makes them."""
        self.ran(*parts, endings=lambda tx, row, _: ask(tx, self.ports, row), **changes)
        (job,) = self.jobs(changes["id"])
        self.runner.run(Showing(self.ports).act(job))
        return self.logs(changes["id"])


@pytest.fixture
def scene() -> Iterator[Scene]:
    with asyncio.Runner() as runner:
        yield Scene(runner)


ENDS = {
    "an output": [BEGUN, CHOSEN, out("End", "wet"), DONE],
    "two outputs": [BEGUN, out("End", 1), out("Other", {"a": [1.5, None]}), DONE],
    "nothing said": [BEGUN, CHOSEN, DONE],
    "a failure": [BEGUN, FAILED],
    "somebody stopped it": [BEGUN, CHOSEN, FlowAborted(at_ns=4)],
}


@pytest.mark.parametrize("events", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("keeps", Keeps)
def test_a_log_written_with_the_record_is_the_one_that_the_worker_makes(
    scene: Scene, events: list[Event], keeps: Keeps
) -> None:
    shown = {} if keeps is Keeps.ALL else {"input": None}
    named = {"environment_id": "env_1", "source": "evaluation", "keeps": keeps, **shown}
    scene.ran(events, id="exe_1", **named)
    (log,) = scene.logs("exe_1")
    assert scene.jobs("exe_1") == []
    (other,) = scene.shown_by_worker(events, id="exe_2", **named)
    names = {"id", "trace_id", "execution_id", "end_time"}
    same = dict.fromkeys(names)
    assert log.status is LogStatus.COMPLETE
    assert msgspec.structs.replace(log, payload=b"", **same) == msgspec.structs.replace(
        other, payload=b"", **same
    )
    assert log.payload == other.payload.replace(b"name of exe_2", b"name of exe_1")


def test_all_that_was_recorded_before_is_not_at_hand(scene: Scene) -> None:
    scene.ran([BEGUN], [CHOSEN, out("End", "wet"), DONE])
    assert scene.logs() == []
    assert len(scene.jobs()) == 1


@pytest.mark.parametrize(
    "events",
    [
        [BEGUN, began(NodeType.PROMPT), FAILED],
        [BEGUN, began(NodeType.INLINE_CODE), out("End", 1), DONE],
        [BEGUN, InputRequested(at_ns=3, node="Ask", value="Where?"), FlowFinished(
            at_ns=4, reason=Reason.INPUT_REQUIRED
        )],
    ],
    ids=["a step that failed", "a step", "a question"],
)  # fmt: skip
def test_steps_and_questions_are_the_workers(scene: Scene, events: list[Event]) -> None:
    scene.ran(events)
    assert scene.logs() == []
    assert len(scene.jobs()) == 1


def test_much_is_the_workers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ran([BEGUN, out("End", "x" * recording.AT_HAND_BYTES), DONE], id="exe_1")
    scene.ran([BEGUN, *[out("End", 1)] * recording.BATCH, DONE], id="exe_2")
    monkeypatch.setattr(recording, "MOST_BYTES", 150)
    scene.ran([BEGUN, out("End", "x" * 100), DONE], id="exe_3")  # kept without its content
    for one in ("exe_1", "exe_2", "exe_3"):
        assert (scene.logs(one), len(scene.jobs(one))) == ([], 1)


def test_half_a_character_is_the_workers(scene: Scene) -> None:
    for events in ([out("End", "\ud800"), DONE], [BEGUN, out("End", "\ud800"), DONE]):
        scene.ran(events)
        assert scene.logs() == []
    assert len(scene.jobs()) == 1


def test_a_run_of_an_evaluation_is_shown_when_who_makes_it_says_so(scene: Scene) -> None:
    scene.ran([BEGUN, DONE], run_id="rn_1")
    assert (scene.logs(), scene.jobs()) == ([], [])


def test_nothing_is_told_of_what_is_gone(scene: Scene) -> None:
    scene.ran([BEGUN, DONE], version_id="flv_none")
    assert (scene.logs(), scene.jobs()) == ([], [])


class Refused(Endings):
    """The log is refused while it is made, after something was written."""

    def __init__(self, ports: Ports, error: Exception) -> None:
        super().__init__(ports)
        self.error = error

    def _show(self, tx: Transaction, execution: Execution, events: Any) -> None:
        tx.environments.add(environment("env_2", "half"))
        raise self.error


@pytest.mark.parametrize("error", [Clash("slot"), ValueError("a bug")], ids=["a race", "a bug"])
def test_a_log_that_is_refused_leaves_the_record_and_a_job(scene: Scene, error: Exception) -> None:
    row = scene.ran([BEGUN, DONE], endings=Refused(scene.ports, error))
    assert (row.status.is_final, row.events_count) == (True, 2)
    assert scene.logs() == []
    assert len(scene.jobs()) == 1
    assert [one.id for one in scene.read(lambda tx: tx.environments.all())] == ["env_1"]


def test_a_run_that_is_told_twice_has_one_log(scene: Scene) -> None:
    scene.ran([BEGUN, DONE], [], keeps=Keeps.NONE, input=None)
    scene.ran([BEGUN, DONE], keeps=Keeps.NONE, input=None)
    (log,) = scene.logs()
    assert log.end_time is not None
    assert log.created_at == at(0)
