"""What no single client sees of logs: late and missing parents, who is told, and what is left of a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import START, Registry

from headrace.core.access import Right
from headrace.core.deployments import Environment, EnvironmentTag
from headrace.core.errors import Conflict, Forbidden, NotFound
from headrace.core.logs import Log, LogQuery, LogStatus, Payload
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.deployments import deployments
from headrace.services.evaluators import judgments, monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.logs import log_changes, log_views, logs, traces
from headrace.services.logs.log_changes import Change
from headrace.services.logs.logs import EXPORTED, GIVEN, NewLog, Rules
from headrace.services.logs.traces import DIRECT
from headrace.services.versions.versions import Submission

CONTENTS: dict[str, Any] = {
    "flow": {},
    "prompt": {"model": "m"},
    "tool": {"source_code": "x"},
}


def spec(evaluator_type: str = "python") -> dict[str, Any]:
    """The content of an evaluator."""
    more = {"code": "def f(log): return 1"} if evaluator_type == "python" else {}
    if evaluator_type == "llm":
        more = {"prompt": {"model": "m"}}  # type: ignore[dict-item]
    return {
        "evaluator_type": evaluator_type,
        "arguments_type": "target_free",
        "return_type": "number",
        **more,
    }


def submission(kind: str, content: Any, path: str | None = None) -> Submission:
    return Submission(kind=kind, ref=None, path=path, content=json.dumps(content).encode(), parsed=content)


def make(registry: Registry, kind: str, *, rules: Rules = DIRECT, **options: Any) -> Log:
    """Record a log at the path that is its kind."""
    content = options.pop("content", CONTENTS.get(kind))
    new = NewLog(
        kind=kind,
        path=options.pop("path", kind),
        content=None if content is None else submission(kind, content),
        **options,
    )
    return registry.run(logs.create(registry.ports, registry.principal, new, rules=rules)).log


def known(registry: Registry, log_id: str) -> Log:
    """A log as it is kept."""
    found = registry.inside(lambda tx: tx.logs.get(id=log_id))
    assert isinstance(found, Log)
    return found


def change(registry: Registry, log: Log, *, rules: Rules = DIRECT, **values: Any) -> Log:
    """Change a log."""
    payload = {name: values.pop(name) for name in list(values) if name in Payload.__struct_fields__}
    given = frozenset([*values, *payload])
    to = NewLog(kind=log.kind, payload=Payload(**payload), **values)

    def work(tx: Transaction) -> Log:
        found = tx.logs.get(id=log.id)
        assert found is not None
        return log_changes.amend(tx, registry.ports, found, Change(to=to, given=given), rules=rules)

    return registry.run(registry.ports.store.write(registry.principal.account, work))


def write(registry: Registry, work: Callable[[Transaction], Any]) -> Any:
    return registry.run(registry.ports.store.write(registry.principal.account, work))


def waiting(registry: Registry, log: Log) -> list[Job]:
    """The judgments of a log that are asked for."""
    found: list[Job] = registry.inside(lambda tx: tx.jobs.of_subject(subject=log.id))
    return [job for job in found if job.work is Work.JUDGE]


def monitor(registry: Registry, kind: str, path: str, *refs: EvaluatorRef, **more: Any) -> None:
    """Attach evaluators to the file at ``path``."""
    file = registry.inside(lambda tx: tx.files.at(path=path))
    registry.run(
        monitors.update(
            registry.ports,
            registry.principal,
            kind=kind,
            ref=file.id,
            activate=refs,
            deactivate=more.get("deactivate", ()),
        )
    )


def evaluator(registry: Registry, path: str, evaluator_type: str = "python") -> tuple[str, str]:
    """The ids of an evaluator and its version."""
    from headrace.services.versions import versions

    made = registry.run(
        versions.upsert(
            registry.ports, registry.principal, submission("evaluator", spec(evaluator_type), path)
        )
    )
    return made.file.id, made.version.id


class TestParents:
    def test_an_exported_log_without_its_parent_is_a_root(self, registry: Registry) -> None:
        log = make(registry, "tool", parent_id="log_missing", rules=EXPORTED)
        assert (log.trace_parent_id, log.trace_id, log.is_in_trace) == (None, log.id, False)

    def test_an_exported_log_that_is_its_own_parent_is_a_root(self, registry: Registry) -> None:
        for rules in (EXPORTED, GIVEN):
            log = make(
                registry, "tool", id=f"me {rules.triggers}", parent_id=f"me {rules.triggers}", rules=rules
            )
            assert (log.trace_parent_id, log.trace_id) == (None, log.id)

    def test_a_complete_trace_takes_what_was_exported(self, registry: Registry) -> None:
        flow = make(registry, "flow", status=LogStatus.COMPLETE)
        with pytest.raises(Conflict):
            make(registry, "tool", parent_id=flow.id)
        end = START + timedelta(days=1)
        assert make(registry, "tool", parent_id=flow.id, end_time=end, rules=EXPORTED).trace_id == flow.id
        assert known(registry, flow.id).end_time == end

    def test_a_given_log_keeps_the_id_of_a_parent_that_may_come(self, registry: Registry) -> None:
        early = START - timedelta(days=1)
        leaf = make(registry, "tool", parent_id="step", start_time=early, rules=GIVEN)
        below = make(registry, "tool", parent_id=leaf.id, rules=GIVEN)
        assert (leaf.trace_parent_id, leaf.trace_id, leaf.is_in_trace) == ("step", leaf.id, False)
        flow = make(registry, "flow", id="flow")
        step = make(registry, "prompt", id="step", parent_id=flow.id)
        write(registry, lambda tx: traces.adopt(tx, step))
        assert {known(registry, one.id).trace_id for one in (step, leaf, below)} == {"flow"}
        assert {known(registry, one.id).trace_flow_id for one in (leaf, below)} == {flow.file_id}
        assert known(registry, flow.id).start_time == early

    def test_adopting_nobody_changes_nothing(self, registry: Registry) -> None:
        log = make(registry, "tool")
        write(registry, lambda tx: traces.adopt(tx, log))
        assert known(registry, log.id) == log

    def test_two_logs_that_name_each_other_as_parents_end(self, registry: Registry) -> None:
        first = make(registry, "tool", id="a", parent_id="b", rules=GIVEN)
        second = make(registry, "tool", id="b", parent_id="a", rules=GIVEN)
        write(registry, lambda tx: traces.adopt(tx, second))
        assert known(registry, second.id).trace_id == first.id
        view = registry.run(logs.get(registry.ports, registry.principal, log_id="a"))
        assert view.children is not None
        (child,) = view.children
        assert (child.log.id, child.children) == ("b", ())
        registry.run(logs.delete(registry.ports, registry.principal, ["a"]))
        assert registry.inside(lambda tx: tx.logs.get(id="b")) is None

    def test_a_log_too_deep_is_a_root_where_nobody_can_be_told(self, registry: Registry) -> None:
        above = make(registry, "flow")
        for _ in range(traces.MOST_LEVELS - 1):
            above = make(registry, "tool", parent_id=above.id, rules=EXPORTED)
        assert make(registry, "tool", parent_id=above.id, rules=EXPORTED).trace_parent_id is None


class TestUprooting:
    def test_it_takes_as_many_transactions_as_it_needs(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        steps = [make(registry, "prompt", parent_id=flow.id) for _ in range(5)]
        leaf = make(registry, "tool", parent_id=steps[0].id)
        write(registry, lambda tx: traces.remove_file(tx, registry.ports, tx.files.get(id=flow.file_id)))
        jobs = registry.inside(lambda tx: tx.jobs.of_subject(subject=flow.file_id))
        assert [job.work for job in jobs] == [Work.UPROOT]
        turns = 0
        while write(registry, lambda tx: traces.uproot(tx, file_id=flow.file_id, take=2)):
            turns += 1
        assert turns == 3
        for step in steps:
            found = known(registry, step.id)
            assert (found.trace_parent_id, found.trace_id, found.trace_flow_id) == (flow.id, step.id, None)
        assert [known(registry, one.id).is_in_trace for one in steps[:2]] == [True, False]
        assert known(registry, leaf.id).trace_id == steps[0].id

    def test_a_log_below_may_be_set_free_before_the_one_above(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        inner = make(registry, "flow", path="inner", parent_id=flow.id, created_at=START)
        leaf = make(registry, "tool", parent_id=inner.id, created_at=START - timedelta(days=1))
        write(registry, lambda tx: traces.remove_file(tx, registry.ports, tx.files.get(id=flow.file_id)))
        write(registry, lambda tx: traces.uproot(tx, file_id=flow.file_id, take=1))
        found = known(registry, leaf.id)
        assert (found.trace_id, found.trace_flow_id) == (inner.id, inner.file_id)

    @pytest.mark.parametrize("kind", ["flow", "prompt"])
    def test_what_hung_in_the_middle_of_a_trace_sets_free_what_is_below(
        self, registry: Registry, kind: str
    ) -> None:
        outer = make(registry, "flow", path="outer")
        gone = [make(registry, kind, parent_id=outer.id) for _ in range(3)]
        steps = [make(registry, "tool", parent_id=one.id) for one in gone]
        leaf = make(registry, "evaluator", path="e", content=spec(), parent_id=steps[1].id)
        kept = make(registry, "tool", parent_id=outer.id)
        write(registry, lambda tx: traces.remove_file(tx, registry.ports, tx.files.get(id=gone[0].file_id)))
        after, turns = None, 0
        while True:
            place = after
            after = write(
                registry, lambda tx, p=place: traces.set_free(tx, file_id=gone[0].file_id, after=p, take=2)
            )
            turns += 1
            if after is None:
                break
        assert turns == 2
        for step, above in zip(steps, gone, strict=True):
            found = known(registry, step.id)
            assert (found.trace_parent_id, found.trace_id, found.trace_flow_id) == (above.id, step.id, None)
        assert [known(registry, one.id).is_in_trace for one in steps] == [False, True, False]
        assert known(registry, leaf.id).trace_id == steps[1].id
        assert known(registry, kept.id).trace_id == outer.id


class TestMonitoring:
    def test_nothing_is_asked_for_where_nobody_monitors(self, registry: Registry) -> None:
        assert waiting(registry, make(registry, "flow", status=LogStatus.COMPLETE)) == []

    def test_a_flow_is_judged_when_it_is_complete_and_after_each_change(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        _, version_id = evaluator(registry, "e")
        monitor(registry, "flow", "flow", EvaluatorRef(version_id=version_id))
        change(registry, flow, output="x")
        assert waiting(registry, flow) == []
        change(registry, flow, status=LogStatus.COMPLETE)
        assert [(job.object, job.turn) for job in waiting(registry, flow)] == [(version_id, 1)]
        change(registry, flow, output="y")
        assert [job.turn for job in waiting(registry, flow)] == [2]
        made = make(registry, "flow", status=LogStatus.COMPLETE)
        assert [job.object for job in waiting(registry, made)] == [version_id]

    def test_other_logs_are_judged_unless_they_are_incomplete(self, registry: Registry) -> None:
        make(registry, "prompt")
        _, version_id = evaluator(registry, "e", "llm")
        monitor(registry, "prompt", "prompt", EvaluatorRef(version_id=version_id))
        assert len(waiting(registry, make(registry, "prompt"))) == 1
        open_one = make(registry, "prompt", status=LogStatus.INCOMPLETE)
        assert waiting(registry, open_one) == []
        change(registry, open_one, status=LogStatus.COMPLETE)
        assert len(waiting(registry, open_one)) == 1

    def test_flows_are_judged_again_when_exports_let_their_traces_grow(self, registry: Registry) -> None:
        outer = make(registry, "flow", status=LogStatus.COMPLETE)
        inner = make(registry, "flow", parent_id=outer.id, status=LogStatus.COMPLETE, rules=EXPORTED)
        _, version_id = evaluator(registry, "e")
        monitor(registry, "flow", "flow", EvaluatorRef(version_id=version_id))
        make(registry, "tool", parent_id=inner.id, rules=EXPORTED)
        assert [len(waiting(registry, one)) for one in (inner, outer)] == [1, 1]

    def test_restored_logs_are_not_judged(self, registry: Registry) -> None:
        make(registry, "flow")
        _, version_id = evaluator(registry, "e")
        monitor(registry, "flow", "flow", EvaluatorRef(version_id=version_id))
        assert waiting(registry, make(registry, "flow", status=LogStatus.COMPLETE, rules=GIVEN)) == []

    @pytest.mark.parametrize("kind", ["human", "external"])
    def test_people_and_clients_are_not_asked(self, registry: Registry, kind: str) -> None:
        make(registry, "tool")
        _, version_id = evaluator(registry, "e", kind)
        monitor(registry, "tool", "tool", EvaluatorRef(version_id=version_id))
        assert waiting(registry, make(registry, "tool")) == []

    def test_who_was_deactivated_is_not_asked(self, registry: Registry) -> None:
        make(registry, "tool")
        _, version_id = evaluator(registry, "e")
        ref = EvaluatorRef(version_id=version_id)
        monitor(registry, "tool", "tool", ref)
        monitor(registry, "tool", "tool", deactivate=[ref])
        assert waiting(registry, make(registry, "tool")) == []

    def test_who_is_deleted_is_not_asked(self, registry: Registry) -> None:
        make(registry, "tool")
        file_id, version_id = evaluator(registry, "e")
        monitor(registry, "tool", "tool", EvaluatorRef(version_id=version_id))
        write(registry, lambda tx: traces.remove_file(tx, registry.ports, tx.files.get(id=file_id)))
        assert waiting(registry, make(registry, "tool")) == []

    def test_an_environment_is_looked_up_each_time(self, registry: Registry) -> None:
        testing = Environment(id="env_testing", name="testing", tag=EnvironmentTag.OTHER, created_at=START)
        write(registry, lambda tx: tx.environments.add(testing))
        make(registry, "tool")
        file_id, version_id = evaluator(registry, "e")
        ref = EvaluatorRef(evaluator_id=file_id, environment=testing.id)
        deploy = deployments.deploy(
            registry.ports,
            registry.principal,
            kind="evaluator",
            ref=file_id,
            environment=testing.id,
            version_id=version_id,
        )
        monitor(registry, "tool", "tool", ref)
        assert waiting(registry, make(registry, "tool")) == []
        registry.run(deploy)
        assert [job.object for job in waiting(registry, make(registry, "tool"))] == [version_id]

    def test_one_version_is_asked_once(self, registry: Registry) -> None:
        make(registry, "tool")
        file_id, version_id = evaluator(registry, "e")
        monitor(
            registry,
            "tool",
            "tool",
            EvaluatorRef(version_id=version_id),
            EvaluatorRef(evaluator_id=file_id, environment="production"),
        )
        assert [job.turn for job in waiting(registry, make(registry, "tool"))] == [1]

    def test_judgments_do_not_go_round_in_circles(self, registry: Registry) -> None:
        judged = make(registry, "tool")
        first_id, first = evaluator(registry, "first")
        second_id, second = evaluator(registry, "second")
        monitor(registry, "evaluator", "first", EvaluatorRef(version_id=second))
        monitor(registry, "evaluator", "second", EvaluatorRef(version_id=first))

        def automatic(judged_id: str, file_id: str, version_id: str) -> Log:
            log = Log(
                id=f"{version_id} on {judged_id}",
                kind="evaluator",
                file_id=file_id,
                version_id=version_id,
                created_by=registry.principal.user.id,
                created_at=START,
                trace_id="",
                judged_id=judged_id,
                judgment=b"1",
                is_automatic=True,
            )
            kept = write(registry, lambda tx: judgments.judge(tx, registry.ports, log))
            assert isinstance(kept, Log)
            return kept

        one = automatic(judged.id, first_id, first)
        assert [job.object for job in waiting(registry, one)] == [second]
        two = automatic(one.id, second_id, second)
        assert [job.object for job in waiting(registry, two)] == [first]
        three = automatic(two.id, first_id, first)
        assert waiting(registry, three) == []


class TestChanges:
    def test_an_export_completes_without_a_result_and_says_when(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        end = START + timedelta(hours=5)
        done = change(registry, flow, rules=EXPORTED, status=LogStatus.COMPLETE, end_time=end)
        assert (done.status, done.end_time) == (LogStatus.COMPLETE, end)

    def test_the_end_that_an_export_says_is_not_before_what_is_below(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        late = START + timedelta(hours=9)
        make(registry, "tool", parent_id=flow.id, end_time=late)
        end = START + timedelta(hours=5)
        assert (
            change(registry, flow, rules=EXPORTED, status=LogStatus.COMPLETE, end_time=end).end_time == late
        )

    def test_a_change_of_an_inner_flow_widens_the_outer(self, registry: Registry) -> None:
        outer = make(registry, "flow")
        inner = make(registry, "flow", parent_id=outer.id)
        done = change(registry, inner, status=LogStatus.COMPLETE, output="x")
        assert known(registry, outer.id).end_time == done.end_time

    def test_what_was_not_kept_counts_while_it_is_said(self, registry: Registry) -> None:
        flow = make(registry, "flow", is_saved=False)
        done = change(registry, flow, status=LogStatus.COMPLETE, output="secret")
        assert done.status is LogStatus.COMPLETE
        assert b"secret" not in done.payload


class TestViews:
    def test_a_page_costs_a_few_statements(self, registry: Registry) -> None:
        """However many logs it has, and however many logs are below each."""

        def looks(count: int) -> int:
            path = f"counted {count}"
            for _ in range(count):
                flow = make(registry, "flow", path=path)
                for _ in range(3):
                    step = make(registry, "tool", parent_id=flow.id)
                make(registry, "evaluator", path="e", content=spec("external"), judged_id=step.id)
            counted = 0

            def work(tx: Transaction) -> int:
                nonlocal counted
                watched = _Watched(tx)
                found, _ = tx.logs.page(LogQuery(file_id=flow.file_id), skip=0, take=count)
                shown = log_views.views(watched, found, with_children=True, with_judged=True)  # type: ignore[arg-type]
                assert len(shown) == count
                assert all(len(one.children or ()) == 3 for one in shown)
                return watched.looks

            return registry.run(registry.ports.store.read(registry.principal.account, work))

        assert looks(2) == looks(40)

    def test_a_flow_within_one_of_the_same_page_is_shown_there_too(self, registry: Registry) -> None:
        outer = make(registry, "flow")
        inner = make(registry, "flow", parent_id=outer.id)
        leaf = make(registry, "tool", parent_id=inner.id)
        pair = registry.run(
            logs.shown(
                registry.ports, registry.principal, [inner, outer], with_children=True, with_judged=False
            )
        )
        assert [[child.log.id for child in one.children or ()] for one in pair] == [[leaf.id], [inner.id]]
        (child,) = pair[1].children or ()
        assert [one.log.id for one in child.children or ()] == [leaf.id]

    def test_logs_whose_parents_are_yet_to_come_are_shown_below_the_root(self, registry: Registry) -> None:
        flow = make(registry, "flow")
        stray = make(registry, "tool", parent_id="yet to come", rules=GIVEN)
        leaf = make(registry, "tool", parent_id=stray.id, rules=GIVEN)

        def told(tx: Transaction) -> None:
            for log in (stray, leaf):
                joined = msgspec.structs.replace(
                    log, trace_id=flow.id, trace_flow_id=flow.file_id, is_in_trace=True
                )
                tx.logs.update(joined)

        write(registry, told)
        (child,) = registry.run(logs.get(registry.ports, registry.principal, log_id=flow.id)).children or ()
        assert child.log.id == stray.id
        assert [one.log.id for one in child.children or ()] == [leaf.id]

    def test_logs_of_a_file_that_is_gone_are_left_out(self, registry: Registry) -> None:
        one, other = make(registry, "tool"), make(registry, "prompt")
        write(registry, lambda tx: traces.remove_file(tx, registry.ports, tx.files.get(id=one.file_id)))
        shown = registry.run(
            logs.shown(registry.ports, registry.principal, [one, other], with_children=True, with_judged=True)
        )
        assert [view.log.id for view in shown] == [other.id]


class _Watched:
    """A transaction that counts what is looked up in it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        self.looks += 1
        return getattr(self._tx, name)


class TestRights:
    def test_who_only_reads_does_not_log(self, registry: Registry) -> None:
        reader = registry.as_user(Right.READER)
        with pytest.raises(Forbidden):
            registry.run(logs.create(registry.ports, reader, NewLog(kind="flow", path="f")))

    def test_who_only_logs_does_not_delete(self, registry: Registry) -> None:
        runner = registry.as_user(Right.RUNNER)
        made = registry.run(logs.create(registry.ports, runner, NewLog(kind="flow", path="f"))).log
        assert made.created_by == runner.user.id
        with pytest.raises(Forbidden):
            registry.run(logs.delete(registry.ports, runner, [made.id]))

    def test_a_log_of_another_organisation_is_not_there(self, registry: Registry) -> None:
        log = make(registry, "tool")
        stranger = msgspec.structs.replace(registry.principal, account="999988887777")
        with pytest.raises(NotFound):
            registry.run(logs.get(registry.ports, stranger, log_id=log.id))
