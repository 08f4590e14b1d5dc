"""Whatever happens to logs, judgments, evaluators and runs, in any order: runs end when nothing is left that
they need, and what is told of them is what is there."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.prepared import store_file
from tests.unit.services.evaluation_bench import Bench

from headrace.core.errors import HeadraceError
from headrace.core.evaluations import OPEN, Run, RunStatus, Seat, Slot
from headrace.core.kinds.evaluator import EvaluatorType, ReturnType, read_spec, type_of
from headrace.core.logs import Log, LogStatus
from headrace.core.monitoring import Work
from headrace.core.ports import Store, Transaction
from headrace.core.run_stats import BooleanStats, NumberStats, SeatStats
from headrace.services.evaluations import evaluation_runs, evaluations
from headrace.services.evaluations.evaluation_views import SeatRef, VersionRef
from headrace.services.versions import versions
from headrace.storage import open_store
from headrace.storage.memory.store import MemoryStore

STEPS = 40
WORDS = ("ant", "bee", "cat")
pick = st.integers(0, 10_000)
judges = st.sampled_from(["code", "external", "other", "human"])
few = st.lists(judges, max_size=3, unique=True)


class Histories(RuleBasedStateMachine):
    """Random use of everything that may change what a run needs."""

    open_store: Callable[[ExitStack], Store]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        runner = self.stack.enter_context(asyncio.Runner())
        store = type(self).open_store(self.stack)
        self.stack.callback(lambda: runner.run(store.close()))
        self.bench = Bench(store=store, runner=runner, words=WORDS)
        self.newer = self.bench.upsert(
            "evaluator",
            "external",
            {
                "arguments_type": "target_free",
                "return_type": "boolean",
                "evaluator_type": "external",
                "attributes": {"code": "newer"},
            },
        )
        self.evaluations: list[str] = []
        self.runs: dict[str, RunStatus] = {}
        self.closed: set[str] = set()
        self.logs: list[str] = []
        self.made_judgments: list[str] = []

    def teardown(self) -> None:
        self.stack.close()

    def _try(self, call: Any) -> Any:
        """What is refused in words is fine: it changes nothing."""
        try:
            return self.bench.run(call)
        except HeadraceError:
            return None

    def _one(self, many: Any, index: int) -> Any:
        many = list(many)
        return many[index % len(many)] if many else "none"

    def _place(self, evaluation: int, run: int) -> dict[str, str]:
        return {
            "evaluation_id": self._one(self.evaluations, evaluation),
            "run_id": self._one(self.runs, run),
        }

    @initialize(first=few, second=few, has_dataset=st.booleans())
    def begin(self, first: list[str], second: list[str], has_dataset: bool) -> None:
        self.evaluation(first)
        self.evaluation(second)
        self.run(0, True, False, False)
        self.run(1, has_dataset, False, False)

    @rule(run=pick, most=st.integers(1, 12), fails=st.booleans())
    def advance(self, run: int, most: int, fails: bool) -> None:
        """Give a run some of what it needs; a failure need not say which version it is of."""
        run_id = self._one(self.runs, run)
        for _ in range(most):
            _, needed, is_undone, _ = self.bench.read(lambda tx: _looked(tx, run_id))
            slots = self.bench.slots(run_id)
            empty = [slot for slot in slots if slot.log_id is None and slot.datapoint_id is not None]
            names = {judge.version.id: name for name, judge in self.bench.evaluators.items()}
            names[self.newer.version.id] = "external"
            owed = [(slots[place], version_id) for place, version_id in needed if version_id in names]
            if is_undone and empty:
                point_id = empty[0].datapoint_id
                self.logs.append(self.bench.log("elk", run_id=run_id, source_datapoint_id=point_id))
            elif owed:
                slot, version_id = min(owed, key=str)
                name = names[version_id]
                value = True if name == "external" else 1
                is_failure = fails and name == "external"
                with suppress(HeadraceError):
                    self.made_judgments.append(
                        self.bench.judgment(
                            slot.log_id or "",
                            name,
                            value,
                            error="It broke." if is_failure else None,
                            version_id=self.newer.version.id if is_failure else version_id,
                        )
                    )
            self.runs_are_completed_when_nothing_is_left()

    @rule(names=few)
    def evaluation(self, names: list[str]) -> None:
        seats = [SeatRef(path=name) for name in names]
        made = self._try(
            evaluations.create(
                self.bench.ports,
                self.bench.principal,
                ref=self.bench.flow.file.id,
                path=None,
                name=None,
                seats=seats,
            )
        )
        if made is not None:  # an evaluator may be gone
            self.evaluations.append(made.evaluation.id)

    @rule(evaluation=pick, has_dataset=st.booleans(), is_second=st.booleans(), use_existing=st.booleans())
    def run(self, evaluation: int, has_dataset: bool, is_second: bool, use_existing: bool) -> None:
        version = self.bench.second if is_second else self.bench.flow
        made = self._try(
            evaluation_runs.create(
                self.bench.ports,
                self.bench.principal,
                evaluation_id=self._one(self.evaluations, evaluation),
                dataset=VersionRef(version_id=self.bench.dataset.version.id) if has_dataset else None,
                version=VersionRef(version_id=version.version.id),
                is_orchestrated=False,
                use_existing_logs=use_existing and has_dataset,
            )
        )
        if made is not None:
            self.runs[made.run.id] = made.run.status

    @rule(evaluation=pick, run=pick)
    def link(self, evaluation: int, run: int) -> None:
        place = self._place(evaluation, run)
        self._try(evaluation_runs.link(self.bench.ports, self.bench.principal, **place))

    @rule(evaluation=pick, run=pick)
    def unlink(self, evaluation: int, run: int) -> None:
        place = self._place(evaluation, run)
        self._try(evaluation_runs.unlink(self.bench.ports, self.bench.principal, **place))

    @rule(evaluation=pick)
    def delete_evaluation(self, evaluation: int) -> None:
        gone = self._one(self.evaluations, evaluation)
        self._try(evaluations.delete(self.bench.ports, self.bench.principal, evaluation_id=gone))

    @rule(evaluation=pick, run=pick, status=st.sampled_from([RunStatus.COMPLETED, RunStatus.CANCELLED]))
    def close(self, evaluation: int, run: int, status: RunStatus) -> None:
        place = self._place(evaluation, run)
        done = self._try(
            evaluation_runs.update(
                self.bench.ports, self.bench.principal, **place, is_control=True, status=status
            )
        )
        if done is not None:
            self.closed.add(place["run_id"])

    @rule(
        run=pick,
        point=st.integers(0, 3),
        how=st.sampled_from(["run", "run", "point", "alike", "nothing"]),
        is_second=st.booleans(),
        is_done=st.booleans(),
    )
    def log(self, run: int, point: int, how: str, is_second: bool, is_done: bool) -> None:
        point_id = self.bench.points[point] if point < len(WORDS) else None
        members: dict[str, Any] = {}
        if how == "run" and self.runs:
            members = {"run_id": self._one(self.runs, run), "source_datapoint_id": point_id}
        elif how == "point":
            members = {"source_datapoint_id": point_id}
        self.logs.append(
            self.bench.log(
                WORDS[point % len(WORDS)] if how == "alike" else "elk",
                version=(self.bench.second if is_second else self.bench.flow).version.id,
                status=LogStatus.COMPLETE if is_done else LogStatus.INCOMPLETE,
                **members,
            )
        )

    @rule(log=pick, run=pick, is_named=st.booleans())
    def complete(self, log: int, run: int, is_named: bool) -> None:
        members = {"run_id": self._one(self.runs, run)} if is_named and self.runs else {}
        with suppress(HeadraceError):
            self.bench.complete(self._one(self.logs, log), **members)

    @rule(
        log=pick,
        name=judges,
        what=st.sampled_from(["value", "null", "error"]),
        is_newer=st.booleans(),
        number=st.integers(0, 1),
    )
    def judge(self, log: int, name: str, what: str, is_newer: bool, number: int) -> None:
        value: Any = {"external": bool(number), "human": "text"}.get(name, number)
        members = {"version_id": self.newer.version.id} if is_newer and name == "external" else {}
        try:
            made = self.bench.judgment(
                self._one(self.logs, log),
                name,
                None if what == "null" else value,
                error="It broke." if what == "error" else None,
                **members,
            )
        except HeadraceError:
            return
        self.made_judgments.append(made)

    @rule(log=pick, is_judgment=st.booleans())
    def delete(self, log: int, is_judgment: bool) -> None:
        self.bench.delete(self._one(self.made_judgments if is_judgment else self.logs, log))

    @rule(evaluation=pick, name=judges, is_newer=st.booleans())
    def add_seat(self, evaluation: int, name: str, is_newer: bool) -> None:
        is_of_newer = is_newer and name == "external"
        seat = SeatRef(version_id=self.newer.version.id) if is_of_newer else SeatRef(path=name)
        self._try(
            evaluations.add_evaluators(
                self.bench.ports,
                self.bench.principal,
                evaluation_id=self._one(self.evaluations, evaluation),
                seats=[seat],
            )
        )

    @rule(evaluation=pick, name=judges, is_newer=st.booleans())
    def remove_seat(self, evaluation: int, name: str, is_newer: bool) -> None:
        judge = self.newer if is_newer and name == "external" else self.bench.evaluators[name]
        self._try(
            evaluations.remove_evaluator(
                self.bench.ports,
                self.bench.principal,
                evaluation_id=self._one(self.evaluations, evaluation),
                version_id=judge.version.id,
            )
        )

    @rule(evaluation=pick, run=pick, logs=st.lists(pick, max_size=3))
    def add_logs(self, evaluation: int, run: int, logs: list[int]) -> None:
        place = self._place(evaluation, run)
        ids = [self._one(self.logs, log) for log in logs]
        self._try(evaluation_runs.add_logs(self.bench.ports, self.bench.principal, **place, log_ids=ids))

    @rule(name=judges, chance=st.integers(0, 2))
    def delete_evaluator(self, name: str, chance: int) -> None:
        if chance == 0:
            ref = self.bench.evaluators[name].file.id
            self._try(versions.delete_file(self.bench.ports, self.bench.principal, kind="evaluator", ref=ref))

    @rule(works=st.sampled_from([(), (Work.SURVEY,), (Work.JUDGE,)]))
    def work(self, works: tuple[Work, ...]) -> None:
        self.bench.drain(*works)

    @invariant()
    def runs_are_completed_when_nothing_is_left(self) -> None:
        for run_id, before in self.runs.items():
            run, needed, is_undone, is_surveyed = self.bench.read(lambda tx, one=run_id: _looked(tx, one))
            is_left = bool(needed) or is_undone or run.dataset_version_id is None
            if before not in OPEN:
                assert run.status is before, "what is over stays over"
            elif run_id in self.closed:
                assert run.status not in OPEN
            elif run.status is RunStatus.COMPLETED:
                assert not is_left or before is RunStatus.COMPLETED
            else:
                assert run.status in OPEN
                assert is_left or is_surveyed, "nothing is left, and nobody noticed"
            self.runs[run_id] = run.status
            self._waits_for_just_that(run, needed, is_surveyed=is_surveyed)

    def _waits_for_just_that(self, run: Run, needed: set[tuple[int, str]], *, is_surveyed: bool) -> None:
        if is_surveyed and run.status in OPEN:
            return  # what is to be looked through is not put down yet
        is_awaiting = self.bench.read(lambda tx: tx.runs.is_awaiting(run_id=run.id))
        assert is_awaiting is (bool(needed) and run.status in OPEN)
        if isinstance(self.bench.store, MemoryStore) and run.status in OPEN:
            awaited = {one[1:] for one in self.bench.awaited() if one[0] == run.id}
            assert awaited == needed

    @invariant()
    def what_is_told_of_runs_is_what_is_there(self) -> None:
        for evaluation_id in self.evaluations:
            try:
                told = self.bench.stats(evaluation_id)
            except HeadraceError:
                continue
            expected = self.bench.read(lambda tx, one=evaluation_id: _recounted(tx, one))
            assert {
                (one.run.id, seat.version_id): _figures(seat) for one in told.runs for seat in one.seats
            } == (expected)


def _looked(tx: Transaction, run_id: str) -> tuple[Run, set[tuple[int, str]], bool, bool]:
    """A run, and from scratch: which judgments it needs, whether it needs logs, whether it will be surveyed."""
    run = tx.runs.get(id=run_id)
    assert run is not None
    seats = {
        seat.version_id: seat
        for evaluation in tx.evaluations.with_run(run_id=run_id)
        for seat in tx.evaluations.seats(evaluation_id=evaluation.id)
        if tx.files.get(id=seat.evaluator_id) is not None
    }
    for version_id in list(seats):
        version = tx.versions.kept(id=version_id)
        assert version is not None
        if type_of(read_spec(version.content)) is EvaluatorType.HUMAN:
            del seats[version_id]
    slots = tx.runs.slots(run_id=run_id, take=1000)
    needed = set()
    for slot in slots:
        if slot.log_id is None:
            continue
        log = tx.logs.get(id=slot.log_id)
        assert log is not None, "no run has a log that is gone"
        assert slot.is_done is (log.status is LogStatus.COMPLETE)
        judgments = tx.logs.judgments(judged_ids=[log.id])
        for seat in seats.values():
            if not any(_counts(one, seat, set(seats)) for one in judgments):
                needed.add((slot.place, seat.version_id))
    _no_log_twice(slots)
    is_undone = any(not slot.is_done for slot in slots if slot.place < run.size)
    jobs = tx.jobs.of_subject(subject=run_id)
    return run, needed, is_undone, any(job.work is Work.SURVEY for job in jobs)


def _no_log_twice(slots: list[Slot]) -> None:
    for held in ([slot.log_id for slot in slots], [slot.datapoint_id for slot in slots]):
        named = [one for one in held if one is not None]
        assert len(named) == len(set(named))


def _counts(judgment: Log, seat: Seat, seated: set[str]) -> bool:
    if judgment.version_id == seat.version_id:
        return True
    if judgment.file_id != seat.evaluator_id or judgment.version_id in seated:
        return False
    return judgment.has_error or (not seat.is_orchestrated and not judgment.is_automatic)


def _recounted(tx: Transaction, evaluation_id: str) -> dict[tuple[str, str], Any]:
    """Stats by run and evaluator, added up one by one."""
    seats = [
        seat
        for seat in tx.evaluations.seats(evaluation_id=evaluation_id)
        if tx.files.get(id=seat.evaluator_id) is not None
    ]
    seated = {seat.version_id for seat in seats}
    found: dict[tuple[str, str], Any] = {}
    for link in tx.evaluations.links(evaluation_id=evaluation_id):
        slots = [slot for slot in tx.runs.slots(run_id=link.run_id, take=1000) if slot.log_id is not None]
        for seat in seats:
            best: list[Log] = []
            for slot in slots:
                mine = [
                    one
                    for one in tx.logs.judgments(judged_ids=[slot.log_id or ""])
                    if _counts(one, seat, seated)
                ]
                mine.sort(
                    key=lambda one: (one.version_id == seat.version_id, not one.is_automatic, one.created_at)
                )
                best += mine[-1:]
            version = tx.versions.kept(id=seat.version_id)
            assert version is not None
            found[link.run_id, seat.version_id] = _added_up(read_spec(version.content).return_type, best)
    return found


def _added_up(kind: ReturnType, logs: list[Log]) -> dict[str, Any]:
    values = [json.loads(one.judgment) for one in logs if one.judgment and not one.has_error]
    values = [value for value in values if value is not None]
    counts: dict[str, Any] = defaultdict(int)
    counts |= {
        "logs": len(logs),
        "judgments": len(values),
        "errors": sum(one.has_error for one in logs),
        "nulls": sum(1 for one in logs if not one.has_error and one.judgment in (None, b"null")),
    }
    if kind is ReturnType.BOOLEAN:
        counts |= {"true": values.count(True), "false": values.count(False)}
    if kind is ReturnType.NUMBER:
        counts["mean"] = statistics.mean(values) if values else None
        counts["std"] = statistics.stdev(values) if len(values) > 1 else None
    return dict(counts)


def _figures(seat: SeatStats) -> dict[str, Any]:
    told: dict[str, Any] = {
        "logs": seat.total_logs,
        "judgments": seat.num_judgments,
        "errors": seat.num_errors,
        "nulls": seat.num_nulls,
    }
    if isinstance(seat, BooleanStats):
        told |= {"true": seat.num_true, "false": seat.num_false}
    if isinstance(seat, NumberStats):
        told |= {"mean": seat.mean, "std": seat.std}
    return told


def _in_memory(stack: ExitStack) -> Store:
    return MemoryStore()


def _in_a_file(stack: ExitStack) -> Store:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    return open_store(store_file(Path(folder) / "store.db"))


@pytest.mark.parametrize(
    ("opened", "examples"), [(_in_memory, 60), (_in_a_file, 6)], ids=["memory", "sqlite"]
)
def test_any_history_leaves_runs_as_they_should_be(
    opened: Callable[[ExitStack], Store], examples: int
) -> None:
    machine = type("Machine", (Histories,), {"open_store": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
