"""What the tests of evaluations share: files to evaluate, evaluators, and a worker that works when it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from tests.unit.services.conftest import START, CountingIds, DefinitionIsRunnable, NoVault, SteppingClock
from tests.unit.services.test_judging import Director, shown

from headrace.core.access import Principal
from headrace.core.datasets import case_of
from headrace.core.evaluations import Run, RunStatus, Slot
from headrace.core.judging import Verdict
from headrace.core.logs import Log, LogStatus, Payload
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Store, Transaction
from headrace.services import datasets
from headrace.services.base import Ports
from headrace.services.evaluations import evaluation_runs, evaluation_stats, evaluations
from headrace.services.evaluations.evaluation_views import EvaluationView, RunView, SeatRef, VersionRef
from headrace.services.evaluations.surveying import Surveying
from headrace.services.evaluators.judging import Judging
from headrace.services.logs import log_changes, logs
from headrace.services.server import access
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView
from headrace.services.worker import Handler
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")
FREE = {"arguments_type": "target_free"}
NUMBER = {**FREE, "return_type": "number"}
SPECS: dict[str, dict[str, Any]] = {
    "code": {**NUMBER, "evaluator_type": "python", "code": "…"},
    "external": {**FREE, "return_type": "boolean", "evaluator_type": "external"},
    "other": {**FREE, "return_type": "number", "evaluator_type": "external"},
    "human": {**FREE, "return_type": "text", "evaluator_type": "human"},
}
FAR = timedelta(days=400)


@dataclass(kw_only=True)
class Bench:
    """A flow with two versions, a dataset of four words, and evaluators of several sorts."""

    store: Store = field(default_factory=MemoryStore)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    words: Sequence[str] = ("ant", "bee", "cat", "dog")
    judge: Director = field(default_factory=Director)

    def __post_init__(self) -> None:
        self.ports = Ports(
            store=self.store,
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        self.principal: Principal = self.run(
            access.ensure_organisation(self.ports, account="111122223333", name="Test")
        )
        self.judge.answer = lambda log: Verdict(judgment=len(log["output"] or ""))
        self.flow = self.upsert("flow", "Flow", {"attributes": {"is": 1}})
        self.second = self.upsert("flow", "Flow", {"attributes": {"is": 2}})
        self.evaluators = {name: self.upsert("evaluator", name, spec) for name, spec in SPECS.items()}
        self.dataset = self.data("Words", self.words)
        self.points = [slot.id for slot in self.datapoints()]

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def read(self, work: Any) -> Any:
        return self.run(self.store.read(self.principal.account, work))

    def write(self, work: Any) -> Any:
        return self.run(self.store.write(self.principal.account, work))

    def upsert(self, kind: str, path: str, content: Any) -> VersionView:
        submission = Submission(
            kind=kind, ref=None, path=path, content=json.dumps(content).encode(), parsed=content
        )
        return self.run(versions.upsert(self.ports, self.principal, submission))

    def data(self, path: str, words: Sequence[str]) -> VersionView:
        cases = [case_of(inputs={"word": word}, messages=None, target={"word": word}) for word in words]
        change = datasets.Change(cases=cases, path=path)
        return self.run(datasets.upsert(self.ports, self.principal, change))

    def datapoints(self) -> list[Any]:
        async def read() -> list[Any]:
            found = datasets.datapoints(self.ports, self.principal, self.dataset.version)
            return [one async for some in found for one in some]

        return self.run(read())

    def evaluation(self, *names: str, name: str | None = None, **options: Any) -> EvaluationView:
        seats = [SeatRef(path=one, **options) for one in names]
        return self.run(
            evaluations.create(
                self.ports, self.principal, ref=self.flow.file.id, path=None, name=name, seats=seats
            )
        )

    def new_run(self, evaluation_id: str, **changes: Any) -> RunView:
        options: dict[str, Any] = {
            "dataset": VersionRef(version_id=self.dataset.version.id),
            "version": VersionRef(version_id=self.flow.version.id),
            "is_orchestrated": False,
            "use_existing_logs": False,
            **changes,
        }
        return self.run(
            evaluation_runs.create(self.ports, self.principal, evaluation_id=evaluation_id, **options)
        )

    def log(self, word: str | None = None, *, version: str | None = None, **members: Any) -> str:
        inputs = None if word is None else msgspec.Raw(json.dumps({"word": word}).encode())
        payload = Payload(inputs=inputs, output=word)
        new = logs.NewLog(
            kind="flow",
            ref=self.flow.file.id,
            version_id=version or self.flow.version.id,
            status=members.pop("status", LogStatus.COMPLETE),
            payload=payload,
            **members,
        )
        return self.run(logs.create(self.ports, self.principal, new)).log.id

    def complete(self, log_id: str, **members: Any) -> None:
        to = logs.NewLog(kind="flow", status=LogStatus.COMPLETE, payload=Payload(output="done"), **members)
        change = log_changes.Change(to=to, given=frozenset({"output", *members}))
        self.run(log_changes.update(self.ports, self.principal, change, log_id=log_id))

    def judgment(
        self, log_id: str, name: str, value: Any = None, *, error: str | None = None, **members: Any
    ) -> str:
        """Post one, of the newest version of the evaluator unless another is named."""
        judge = self.evaluators[name]
        members.setdefault("version_id", judge.version.id)
        new = logs.NewLog(
            kind="evaluator",
            ref=judge.file.id,
            judged_id=log_id,
            judgment=None if error else json.dumps(value).encode(),
            payload=Payload(error=error),
            **members,
        )
        return self.run(logs.create(self.ports, self.principal, new)).log.id

    def delete(self, *log_ids: str) -> None:
        self.run(logs.delete(self.ports, self.principal, log_ids))

    def status(self, run_id: str) -> RunStatus:
        return self.the_run(run_id).status

    def the_run(self, run_id: str) -> Run:
        found = self.read(lambda tx: tx.runs.get(id=run_id))
        assert isinstance(found, Run)
        return found

    def slots(self, run_id: str) -> list[Slot]:
        found: list[Slot] = self.read(lambda tx: tx.runs.slots(run_id=run_id, take=10_000))
        return found

    def stats(self, evaluation_id: str) -> evaluation_stats.EvaluationStats:
        return self.run(evaluation_stats.stats(self.ports, self.principal, evaluation_id=evaluation_id))

    def judgments(self, log_id: str) -> list[Log]:
        found: list[Log] = self.read(lambda tx: tx.logs.judgments(judged_ids=[log_id]))
        return found

    def handlers(self) -> dict[Work, Handler]:
        judging = Judging(self.ports, self.judge, shown, timeout_s=30)
        return {Work.JUDGE: judging.handler, Work.SURVEY: Surveying(self.ports).handler}

    def take(self, work: Work, most: int = 100) -> list[Job]:
        now = self.ports.clock.now() + FAR

        def some(tx: Transaction) -> list[Job]:
            return tx.jobs.take(work=work, now=now, until=now, most=most)

        taken: list[Job] = self.write(some)
        return taken

    def drain(self, *works: Work, handlers: dict[Work, Handler] | None = None) -> int:
        """Do all the work of some kinds, or of all, and what comes of it; how much it was."""
        handlers = handlers or self.handlers()
        done = 0
        while jobs := [job for work in works or handlers for job in self.take(work)]:
            for job in jobs:
                self.run(handlers[job.work].act(job))
                done += 1
            assert done < 10_000, "work makes work without an end"
        return done

    def awaited(self) -> set[tuple[str, int, str]]:
        """What all runs wait for, of a store in memory."""
        return self.read(
            lambda tx: {
                (one.run_id, one.place, one.version_id)
                for one in tx.runs._rows.awaited.values()  # no use case needs to list it
            }
        )


def judging_as(bench: Bench, name: str) -> str:
    """The version of an evaluator."""
    return bench.evaluators[name].version.id


def later(ports: Ports) -> Ports:
    """The same with a clock of its own, a day ahead."""
    clock = SteppingClock()
    clock._moment = START + timedelta(days=1)
    return replace(ports, clock=clock)
