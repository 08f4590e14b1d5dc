"""Runs are completed when nothing is left that they need, whatever comes, changes and goes, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from tests.unit.services.evaluation_bench import Bench, judging_as

from headrace.core.errors import Invalid, NotFound
from headrace.core.evaluations import RunStatus
from headrace.core.logs import LogStatus, Payload
from headrace.core.monitoring import Work
from headrace.core.run_stats import BooleanStats
from headrace.services.evaluations import evaluation_runs, evaluations
from headrace.services.evaluations.evaluation_views import SeatRef, VersionRef
from headrace.services.evaluators import monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.logs import log_changes, logs
from headrace.services.telemetry import otel, otel_traces
from headrace.services.versions import versions


@pytest.fixture
def bench() -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        yield Bench(runner=runner)


def test_a_run_waits_for_each_log_and_each_judgment_and_for_no_more(bench: Bench) -> None:
    made = bench.evaluation("external", "human")
    run = bench.new_run(made.evaluation.id).run
    assert run.status is RunStatus.PENDING
    ids = []
    for point in bench.points:
        ids.append(bench.log("x", run_id=run.id, source_datapoint_id=point))
        assert bench.status(run.id) is RunStatus.RUNNING
    for log_id in ids[:-1]:
        bench.judgment(log_id, "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING
    bench.judgment(ids[-1], "external", error="It broke.")
    assert bench.status(run.id) is RunStatus.COMPLETED
    (stats,) = bench.stats(made.evaluation.id).runs
    assert [(one.total_logs, one.num_judgments, one.num_errors) for one in stats.seats] == [
        (4, 3, 1),
        (0, 0, 0),
    ]


def test_a_log_that_is_incomplete_does_not_count_yet(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation().evaluation.id).run
    ids = [
        bench.log("x", run_id=run.id, source_datapoint_id=point, status=LogStatus.INCOMPLETE)
        for point in bench.points
    ]
    for log_id in ids:
        assert bench.status(run.id) is RunStatus.RUNNING
        bench.complete(log_id)
    assert bench.status(run.id) is RunStatus.COMPLETED


def test_the_server_judges_a_log_once_it_is_complete_with_its_datapoint(bench: Bench) -> None:
    targets = []
    judge = bench.judge.judge

    async def judging(spec, log, target, context):  # type: ignore[no-untyped-def]
        targets.append(target)
        return await judge(spec, log, target, context)

    bench.judge.judge = judging  # type: ignore[method-assign]
    run = bench.new_run(bench.evaluation("code").evaluation.id).run
    log_id = bench.log("ant", run_id=run.id, source_datapoint_id=bench.points[0], status=LogStatus.INCOMPLETE)
    assert bench.drain() == 0
    bench.complete(log_id)
    assert bench.drain() == 1
    (judgment,) = bench.judgments(log_id)
    assert (judgment.judgment, judgment.is_automatic, judgment.source) == (b"4", True, "evaluation")
    assert targets == [
        {"id": bench.points[0], "inputs": {"word": "ant"}, "messages": None, "target": {"word": "ant"}}
    ]


def test_a_later_log_of_the_same_datapoint_takes_the_place_of_the_earlier(bench: Bench) -> None:
    made = bench.evaluation("external")
    run = bench.new_run(made.evaluation.id).run
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    for log_id in ids:
        if log_id != ids[0]:
            bench.judgment(log_id, "external", True)
    again = bench.log("y", run_id=run.id, source_datapoint_id=bench.points[0])
    bench.judgment(ids[0], "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING, "what is judged is not in the run any more"
    bench.judgment(again, "external", False)
    assert bench.status(run.id) is RunStatus.COMPLETED
    (stats,) = bench.stats(made.evaluation.id).runs
    assert (stats.num_logs, stats.seats[0].total_logs) == (4, 4)


def test_a_log_with_a_datapoint_alone_enters_every_open_run_that_wants_it(bench: Bench) -> None:
    evaluation_id = bench.evaluation().evaluation.id
    runs = [bench.new_run(evaluation_id).run.id for _ in range(3)]
    bench.run(
        evaluation_runs.update(
            bench.ports,
            bench.principal,
            evaluation_id=evaluation_id,
            run_id=runs[2],
            is_control=None,
            status=RunStatus.CANCELLED,
        )
    )
    had = bench.log("x", run_id=runs[1], source_datapoint_id=bench.points[0])
    log_id = bench.log("y", source_datapoint_id=bench.points[0])
    assert [bench.slots(run)[0].log_id for run in runs] == [log_id, had, None]
    bench.log("z", source_datapoint_id=bench.points[0], version=bench.second.version.id)
    assert bench.slots(runs[0])[0].log_id == log_id, "another version's log is none of its"


def test_a_log_that_names_nothing_enters_the_oldest_run_that_waits_for_its_like(bench: Bench) -> None:
    bench.log("ant")
    evaluation_id = bench.evaluation().evaluation.id
    runs = [bench.new_run(evaluation_id).run.id for _ in range(2)]
    early = bench.log("ant", status=LogStatus.INCOMPLETE)
    assert [bench.slots(run)[0].log_id for run in runs] == [None, None]
    bench.complete(early)
    late = bench.log("ant")
    bench.log("ant")
    bench.log("elk")
    bench.log("bee", version=bench.second.version.id)
    found = [[slot.log_id for slot in bench.slots(run)] for run in runs]
    assert found == [[early, None, None, None], [late, None, None, None]]


def test_a_completion_in_spans_says_which_run_a_log_is_of(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation().evaluation.id).run
    log_id = bench.log("x", status=LogStatus.INCOMPLETE)

    def completion(run_id: str) -> otel.Completion:
        to = logs.NewLog(
            kind="flow",
            status=LogStatus.COMPLETE,
            run_id=run_id,
            source_datapoint_id=bench.points[1],
            payload=Payload(output="done"),
        )
        given = frozenset({"output", "run_id", "source_datapoint_id"})
        return otel.Completion(log_id=log_id, change=log_changes.Change(to=to, given=given))

    assert bench.run(otel.record(bench.ports, bench.principal, [completion(run.id)])) == [log_id]
    assert [slot.log_id for slot in bench.slots(run.id)] == [None, log_id, None, None]
    other = bench.log("x", status=LogStatus.INCOMPLETE)
    lost = msgspec.structs.replace(completion("rn_0"), log_id=other)
    assert bench.run(otel.record(bench.ports, bench.principal, [lost])) == [other], (
        "no exporter may die of it"
    )


def test_what_spans_of_any_program_tell_enters_the_run_that_waits_for_its_like(bench: Bench) -> None:
    content = {"model": "m", "template": "Say {{word}}"}
    used = bench.upsert("prompt", "Prompt", content)
    made = bench.run(
        evaluations.create(bench.ports, bench.principal, ref=used.file.id, path=None, name=None, seats=[])
    )
    version = evaluation_runs.VersionRef(version_id=used.version.id)
    run = bench.new_run(made.evaluation.id, version=version).run
    submission = versions.Submission(
        kind="prompt", ref=None, path=None, content=msgspec.json.encode(content), parsed=content
    )
    node = otel_traces.Node(kind="prompt", name="Say", path="Prompt", content=submission)
    for index, word in enumerate(bench.words):
        step = otel_traces.Step(
            trace_id="a" * 32,
            id=f"{index:016}",
            parent_id="b" * 16,
            has_remote_parent=False,
            flow_path="Traced",
            node=node,
            is_flow=False,
            figures=otel_traces.Figures(),
            payload=Payload(inputs=msgspec.Raw(msgspec.json.encode({"word": word})), output="x"),
            result=None,
        )
        assert bench.status(run.id) is not RunStatus.COMPLETED
        assert bench.run(otel_traces.record(bench.ports, bench.principal, [step])).steps == 0
    assert bench.status(run.id) is RunStatus.COMPLETED


def test_a_log_says_which_run_it_is_of_and_is_refused_where_it_can_t_be(bench: Bench) -> None:
    with pytest.raises(NotFound, match="Run with ID `rn_0` not found"):
        bench.log("x", run_id="rn_0")
    run = bench.new_run(bench.evaluation().evaluation.id).run
    other = bench.upsert("flow", "Other", {})
    new = logs.NewLog(kind="flow", ref=other.file.id, run_id=run.id)
    with pytest.raises(Invalid, match="is of file"):
        bench.run(logs.create(bench.ports, bench.principal, new))
    log_id = bench.log("x", run_id=run.id, version=bench.second.version.id)
    assert bench.slots(run.id)[-1].log_id == log_id, "another version, and no datapoint: a place of its own"


def test_what_is_deleted_is_needed_again_while_the_run_is_open(bench: Bench) -> None:
    made = bench.evaluation("external")
    run = bench.new_run(made.evaluation.id).run
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    judged = [bench.judgment(log_id, "external", True) for log_id in ids[:3]]
    bench.delete(judged[0], ids[1])
    bench.judgment(ids[3], "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING
    assert bench.awaited() == {(run.id, 0, judging_as(bench, "external"))}
    again = bench.log("x", run_id=run.id, source_datapoint_id=bench.points[1])
    bench.judgment(ids[0], "external", True)
    bench.judgment(again, "external", True)
    assert bench.status(run.id) is RunStatus.COMPLETED
    bench.delete(*ids)
    assert bench.status(run.id) is RunStatus.COMPLETED, "what is over stays over"


def test_a_failure_of_a_version_without_a_seat_counts_for_the_one_that_has_it(bench: Bench) -> None:
    made = bench.evaluation("external")
    run = bench.new_run(made.evaluation.id).run
    newer = bench.upsert("evaluator", "external", {**_spec(bench), "attributes": {"code": "newer"}})
    for point in bench.points:
        log_id = bench.log("x", run_id=run.id, source_datapoint_id=point)
        assert bench.status(run.id) is RunStatus.RUNNING
        bench.judgment(log_id, "external", error="Broken.", version_id=newer.version.id)
    assert bench.status(run.id) is RunStatus.COMPLETED
    (stats,) = bench.stats(made.evaluation.id).runs
    assert (stats.seats[0].num_errors, stats.seats[0].version_id) == (4, judging_as(bench, "external"))


def test_posted_judgments_of_a_version_without_a_seat_count_for_the_one_that_has_it(bench: Bench) -> None:
    made = bench.evaluation("external", "code")
    run = bench.new_run(made.evaluation.id).run
    newer = bench.upsert("evaluator", "external", {**_spec(bench), "attributes": {"code": "newer"}})
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    assert bench.drain() == len(ids)
    judged = [bench.judgment(log_id, "external", True, version_id=newer.version.id) for log_id in ids[:-1]]
    assert bench.status(run.id) is RunStatus.RUNNING
    bench.delete(judged[0])
    bench.judgment(ids[-1], "external", False, version_id=newer.version.id)
    assert bench.awaited() == {(run.id, 0, judging_as(bench, "external"))}
    bench.judgment(ids[0], "external", False)
    assert bench.status(run.id) is RunStatus.COMPLETED
    (stats,) = bench.stats(made.evaluation.id).runs
    assert isinstance(stats.seats[0], BooleanStats)
    assert (stats.seats[0].num_true, stats.seats[0].num_false) == (2, 2)
    assert stats.seats[0].version_id == judging_as(bench, "external")


def test_a_log_that_is_monitored_does_not_wait_for_all_of_a_large_run(bench: Bench) -> None:
    many = VersionRef(version_id=bench.data("Many", [f"w{index}" for index in range(60)]).version.id)
    made = bench.evaluation()
    run = bench.new_run(made.evaluation.id, dataset=many).run
    for slot in bench.slots(run.id):
        bench.log("x", run_id=run.id, source_datapoint_id=slot.datapoint_id)
    seat = SeatRef(path="code")
    bench.run(
        evaluations.add_evaluators(
            bench.ports, bench.principal, evaluation_id=made.evaluation.id, seats=[seat]
        )
    )
    bench.drain(Work.SURVEY)
    assert len(bench.take(Work.JUDGE, 30)) == 30
    bench.run(
        monitors.update(
            bench.ports,
            bench.principal,
            kind="flow",
            ref=bench.flow.file.id,
            activate=[EvaluatorRef(version_id=judging_as(bench, "code"))],
            deactivate=[],
        )
    )
    log_id = bench.log("y")
    assert log_id in [job.subject for job in bench.take(Work.JUDGE, 15)]


def test_what_others_post_does_not_stand_for_what_the_server_is_to_find(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation("code").evaluation.id).run
    spec = msgspec.json.decode(bench.evaluators["code"].version.content)
    newer = bench.upsert("evaluator", "code", {**spec, "attributes": {"of": "another text"}})
    for point in bench.points:
        log_id = bench.log("x", run_id=run.id, source_datapoint_id=point)
        bench.judgment(log_id, "code", 1, version_id=newer.version.id)
    assert bench.status(run.id) is RunStatus.RUNNING
    bench.drain()
    assert bench.status(run.id) is RunStatus.COMPLETED


def _spec(bench: Bench) -> dict[str, object]:
    spec: dict[str, object] = msgspec.json.decode(bench.evaluators["external"].version.content)
    return spec


def test_an_evaluator_that_is_added_judges_what_is_there_and_is_waited_for(bench: Bench) -> None:
    made = bench.evaluation("external")
    run = bench.new_run(made.evaluation.id).run
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    seats = [SeatRef(path="code"), SeatRef(path="external"), SeatRef(path="human")]
    view = bench.run(
        evaluations.add_evaluators(
            bench.ports, bench.principal, evaluation_id=made.evaluation.id, seats=seats
        )
    )
    assert [seat.version.file.path for seat in view.seats] == ["external", "code", "human"]
    for log_id in ids:
        bench.judgment(log_id, "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING, "the new one has seen nothing yet"
    bench.drain(Work.SURVEY)
    assert bench.status(run.id) is RunStatus.RUNNING
    assert bench.drain() == 4
    assert bench.status(run.id) is RunStatus.COMPLETED


def test_a_survey_that_was_asked_for_again_meanwhile_does_not_end_the_waiting(bench: Bench) -> None:
    """The first survey began before the evaluator was taken away and added again."""
    made = bench.evaluation("external")
    run = bench.new_run(made.evaluation.id, dataset=None).run
    add = {"evaluation_id": made.evaluation.id, "seats": [SeatRef(path="other")]}
    bench.run(evaluations.add_evaluators(bench.ports, bench.principal, **add))
    (job,) = bench.take(Work.SURVEY)
    other = judging_as(bench, "other")
    bench.run(
        evaluations.remove_evaluator(
            bench.ports, bench.principal, evaluation_id=made.evaluation.id, version_id=other
        )
    )
    bench.run(evaluations.add_evaluators(bench.ports, bench.principal, **add))
    bench.run(bench.handlers()[Work.SURVEY].act(job))
    assert (run.id, -1, other) in bench.awaited()
    assert bench.drain() == 1
    assert bench.awaited() == set()


def test_an_evaluator_that_is_taken_away_or_deleted_is_not_waited_for(bench: Bench) -> None:
    made = bench.evaluation("external", "other", "code")
    run = bench.new_run(made.evaluation.id).run
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    bench.run(
        evaluations.remove_evaluator(
            bench.ports,
            bench.principal,
            evaluation_id=made.evaluation.id,
            version_id=judging_as(bench, "code"),
        )
    )
    assert bench.drain() == 4, "it was asked"
    assert bench.judgments(ids[0]) == [], "and does not judge any more"
    for log_id in ids:
        bench.judgment(log_id, "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING
    bench.run(
        versions.delete_file(
            bench.ports, bench.principal, kind="evaluator", ref=bench.evaluators["other"].file.id
        )
    )
    assert bench.status(run.id) is RunStatus.COMPLETED
    view = bench.run(evaluations.get(bench.ports, bench.principal, evaluation_id=made.evaluation.id))
    assert [seat.version.file.path for seat in view.seats] == ["external"]


def test_a_run_in_two_evaluations_needs_what_both_need(bench: Bench) -> None:
    one, two = bench.evaluation("external"), bench.evaluation("external", "other")
    run = bench.new_run(one.evaluation.id).run
    ids = [bench.log("x", run_id=run.id, source_datapoint_id=point) for point in bench.points]
    place = {"evaluation_id": two.evaluation.id, "run_id": run.id}
    bench.run(evaluation_runs.link(bench.ports, bench.principal, **place))
    for log_id in ids:
        bench.judgment(log_id, "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING
    bench.drain()
    assert len(bench.awaited()) == 4
    bench.run(evaluation_runs.unlink(bench.ports, bench.principal, **place))
    assert bench.status(run.id) is RunStatus.COMPLETED


def test_a_log_whose_inputs_are_nothing_a_datapoint_could_have_is_recorded(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation().evaluation.id).run
    for text in (b'{"word": 1e999999}', b'{"word":' + b"[" * 900 + b"]" * 900 + b"}"):
        new = logs.NewLog(
            kind="flow",
            ref=bench.flow.file.id,
            version_id=bench.flow.version.id,
            status=LogStatus.COMPLETE,
            payload=Payload(inputs=msgspec.Raw(text), output="x"),
        )
        assert bench.run(logs.create(bench.ports, bench.principal, new)).is_new
    assert bench.status(run.id) is RunStatus.PENDING


def test_a_run_without_datapoints_is_over_and_one_without_a_dataset_is_not(bench: Bench) -> None:
    evaluation_id = bench.evaluation("external").evaluation.id
    empty = bench.data("Empty", [])
    ref = evaluation_runs.VersionRef(version_id=empty.version.id)
    assert bench.new_run(evaluation_id, dataset=ref).run.status is RunStatus.COMPLETED
    run = bench.new_run(evaluation_id, dataset=None).run
    log_id = bench.log("x", run_id=run.id)
    bench.judgment(log_id, "external", True)
    assert bench.status(run.id) is RunStatus.RUNNING
