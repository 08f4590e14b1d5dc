"""Evaluations, who judges in them, their runs, and what is refused."""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.evaluation_bench import Bench, judging_as

from headrace.core.access import Right
from headrace.core.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from headrace.core.evaluations import Judged, RunStatus, Seat
from headrace.core.kinds.evaluator import EvaluatorSpec, Option, ReturnType
from headrace.core.run_stats import BooleanStats, ChoiceStats, NumberStats, counting, stats_of
from headrace.services.deployments import environments
from headrace.services.evaluations import evaluation_runs, evaluations
from headrace.services.evaluations.evaluation_views import EvaluationView, SeatRef, VersionRef
from headrace.services.versions import version_changes


@pytest.fixture
def bench() -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        yield Bench(runner=runner)


def made(bench: Bench, *seats: SeatRef, **changes: Any) -> EvaluationView:
    options: dict[str, Any] = {
        "ref": None,
        "path": "Flow",
        "name": None,
        "principal": bench.principal,
        **changes,
    }
    principal = options.pop("principal")
    return bench.run(evaluations.create(bench.ports, principal, seats=seats, **options))


def update(bench: Bench, evaluation_id: str, run_id: str, **changes: Any) -> Any:
    options = {"is_control": None, "status": None, **changes}
    return bench.run(
        evaluation_runs.update(
            bench.ports, bench.principal, evaluation_id=evaluation_id, run_id=run_id, **options
        )
    )


def test_who_judges_is_settled_when_the_evaluation_is_made(bench: Bench) -> None:
    before = judging_as(bench, "external")
    view = made(
        bench,
        SeatRef(path="external"),
        SeatRef(ref=bench.evaluators["code"].file.id, is_orchestrated=None),
        SeatRef(path="human", is_orchestrated=True),
        SeatRef(version_id=judging_as(bench, "other")),
        SeatRef(path="external"),
    )
    bench.upsert("evaluator", "external", {**_external(), "attributes": {"code": "newer"}})
    view = bench.run(evaluations.get(bench.ports, bench.principal, evaluation_id=view.evaluation.id))
    assert [seat.version.file.path for seat in view.seats] == ["external", "code", "human", "other"]
    assert view.seats[0].seat.version_id == before
    assert [seat.seat.is_orchestrated for seat in view.seats] == [False, True, False, False]


def _external() -> dict[str, Any]:
    return {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"}


def test_code_that_somebody_else_is_to_run_is_not_run_here(bench: Bench) -> None:
    view = made(bench, SeatRef(path="code", is_orchestrated=False))
    assert view.seats[0].seat.is_orchestrated is False
    run = bench.new_run(view.evaluation.id).run
    log_id = bench.log("ant", run_id=run.id, source_datapoint_id=bench.points[0])
    assert bench.drain() == 0
    bench.judgment(log_id, "code", 3)
    assert bench.awaited() == set()


def test_a_name_is_free_once_in_a_file(bench: Bench) -> None:
    first = made(bench, name="Nightly")
    with pytest.raises(AlreadyExists, match=first.evaluation.id):
        made(bench, name="Nightly")
    bench.upsert("flow", "Other", {})
    made(bench, name="Nightly", path="Other")
    made(bench, name=None)
    made(bench, name=None)
    for name in ("", "x" * 256):
        with pytest.raises(Invalid, match="name of an evaluation"):
            made(bench, name=name)
    bench.run(evaluations.delete(bench.ports, bench.principal, evaluation_id=first.evaluation.id))
    made(bench, name="Nightly")


REFUSED: dict[str, tuple[dict[str, Any], list[SeatRef], type[Exception], str]] = {
    "no file": ({"path": None}, [], Invalid, "Either `id` or `path`"),
    "an unknown path": ({"path": "Nowhere"}, [], NotFound, "File with path `Nowhere` not found"),
    "an unknown id": ({"path": None, "ref": "fl_0"}, [], NotFound, "File with ID `fl_0` not found"),
    "two files": ({"ref": "flow", "path": "Elsewhere"}, [], Invalid, "name different files"),
    "a dataset": ({"path": "Words"}, [], Invalid, "is a Dataset"),
    "an unknown evaluator": ({}, [SeatRef(path="Nobody")], NotFound, "File with path `Nobody` not found"),
    "nobody": ({}, [SeatRef()], Invalid, "One of `version_id`, `id` and `path`"),
    "no evaluator": ({}, [SeatRef(path="Flow")], Invalid, "is a Flow and no Evaluator"),
    "an unknown version": ({}, [SeatRef(version_id="evv_0")], NotFound, "Version with ID `evv_0` not found"),
    "an unknown environment": (
        {},
        [SeatRef(path="external", environment="moon")],
        NotFound,
        "Environment moon does not exist",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_t_be_evaluated_is_refused_and_nothing_is_made(bench: Bench, name: str) -> None:
    changes, seats, error, words = REFUSED[name]
    if changes.get("ref") == "flow":
        changes = {**changes, "ref": bench.flow.file.id}
    with pytest.raises(error, match=words):
        made(bench, *seats, **changes)
    page = evaluations.page(bench.ports, bench.principal, file_id=bench.flow.file.id, skip=0, take=10)
    assert bench.run(page) == ([], 0)


def test_an_environment_is_named_by_its_name_or_its_id(bench: Bench) -> None:
    known = bench.run(environments.list_all(bench.ports, bench.principal))
    for ref in (known[0].environment.id, known[0].environment.name):
        view = made(bench, SeatRef(path="external", environment=ref))
        assert view.seats[0].seat.version_id == judging_as(bench, "external")


def test_evaluations_are_listed_newest_first_and_go_with_their_file(bench: Bench) -> None:
    ids = [made(bench, name=str(index)).evaluation.id for index in range(3)]
    bench.new_run(ids[1])

    def page(skip: int, take: int) -> tuple[list[tuple[str, int]], int]:
        found, total = bench.run(
            evaluations.page(bench.ports, bench.principal, file_id=bench.flow.file.id, skip=skip, take=take)
        )
        return [(one.evaluation.id, one.runs_count) for one in found], total

    assert page(0, 2) == ([(ids[2], 0), (ids[1], 1)], 3)
    assert page(2, 2) == ([(ids[0], 0)], 3)


def test_rights_are_asked_for(bench: Bench) -> None:
    evaluation_id = made(bench).evaluation.id
    runner = type(bench.principal)(
        account=bench.principal.account, user=bench.principal.user, right=Right.RUNNER
    )
    reader = type(runner)(account=runner.account, user=runner.user, right=Right.READER)
    with pytest.raises(Forbidden):
        made(bench, principal=runner)
    with pytest.raises(Forbidden):
        bench.run(evaluations.delete(bench.ports, runner, evaluation_id=evaluation_id))
    bench.run(evaluations.get(bench.ports, reader, evaluation_id=evaluation_id))
    with pytest.raises(Forbidden):
        bench.run(
            evaluation_runs.create(
                bench.ports,
                reader,
                evaluation_id=evaluation_id,
                dataset=None,
                version=None,
                is_orchestrated=False,
                use_existing_logs=False,
            )
        )


def test_a_run_is_of_the_file_that_is_evaluated(bench: Bench) -> None:
    evaluation_id = made(bench).evaluation.id
    other = bench.upsert("flow", "Other", {})
    with pytest.raises(Invalid, match="is of `Flow`; the version is of `Other`"):
        bench.new_run(evaluation_id, version=VersionRef(path="Other"))
    foreign = bench.new_run(
        made(bench, path="Other").evaluation.id, version=VersionRef(version_id=other.version.id)
    )
    place = {"evaluation_id": evaluation_id, "run_id": foreign.run.id}
    with pytest.raises(Invalid, match="is of file"):
        bench.run(evaluation_runs.link(bench.ports, bench.principal, **place))
    with pytest.raises(NotFound, match="has no run with ID"):
        bench.run(evaluation_runs.unlink(bench.ports, bench.principal, **place))
    with pytest.raises(Invalid, match="is a Flow and no Dataset"):
        bench.new_run(evaluation_id, dataset=VersionRef(path="Flow"))


def test_a_run_is_closed_once_and_one_run_is_the_control(bench: Bench) -> None:
    evaluation_id = made(bench).evaluation.id
    runs = [bench.new_run(evaluation_id).run.id for _ in range(3)]
    update(bench, evaluation_id, runs[0], is_control=True)
    assert update(bench, evaluation_id, runs[1], is_control=True).link.is_control
    listed = bench.run(evaluation_runs.runs(bench.ports, bench.principal, evaluation_id=evaluation_id))
    assert [(one.run.id, one.link.is_control) for one in listed] == [
        (runs[2], False),
        (runs[1], True),
        (runs[0], False),
    ]
    assert update(bench, evaluation_id, runs[2], status=RunStatus.CANCELLED).run.status is RunStatus.CANCELLED
    with pytest.raises(Conflict, match="is cancelled; it can't become completed"):
        update(bench, evaluation_id, runs[2], status=RunStatus.COMPLETED)
    with pytest.raises(Invalid, match="can be made `completed` or `cancelled`"):
        update(bench, evaluation_id, runs[1], status=RunStatus.RUNNING)
    log_id = bench.log("x", run_id=runs[2], source_datapoint_id=bench.points[0])
    assert (bench.slots(runs[2])[0].log_id, bench.status(runs[2])) == (log_id, RunStatus.CANCELLED)


def test_logs_are_added_all_or_none_and_each_once(bench: Bench) -> None:
    evaluation_id = made(bench).evaluation.id
    run_id = bench.new_run(evaluation_id).run.id
    one = bench.log("x", source_datapoint_id="dp_unknown")
    two = bench.log("y", version=bench.second.version.id)

    def add(*ids: str) -> Any:
        return bench.run(
            evaluation_runs.add_logs(
                bench.ports, bench.principal, evaluation_id=evaluation_id, run_id=run_id, log_ids=ids
            )
        )

    with pytest.raises(NotFound, match="Log with ID `log_0` not found"):
        add(one, "log_0")
    assert [slot.log_id for slot in bench.slots(run_id)] == [None] * 4
    add(one, two, one)
    add(two)
    assert [slot.log_id for slot in bench.slots(run_id)] == [None] * 4 + [one, two]


def test_rows_are_in_the_order_of_the_datapoints_newest_run_first(bench: Bench) -> None:
    view = made(bench, SeatRef(path="external"))
    runs = [bench.new_run(view.evaluation.id).run.id for _ in range(2)]
    ids: dict[str, list[str]] = {}
    for run_id in runs:
        points = list(enumerate(bench.points))
        ids[run_id] = [
            log_id
            for _, log_id in sorted(
                (place, bench.log("x", run_id=run_id, source_datapoint_id=point))
                for place, point in reversed(points)
            )
        ]
    judged = bench.judgment(ids[runs[0]][0], "external", True)
    bench.judgment(ids[runs[0]][0], "other", 1)

    def rows(*run_ids: str, skip: int = 0, take: int = 10) -> tuple[list[Any], int]:
        return bench.run(
            evaluation_runs.logs(
                bench.ports,
                bench.principal,
                evaluation_id=view.evaluation.id,
                run_ids=run_ids,
                skip=skip,
                take=take,
            )
        )

    found, total = rows()
    assert total == 8
    assert [row.log.log.id for row in found] == ids[runs[1]] + ids[runs[0]]
    assert [row.datapoint.id for row in found[:4]] == bench.points
    found, total = rows(runs[0], skip=0, take=1)
    assert ([one.log.id for one in found[0].judgments], total) == ([judged], 4)
    with pytest.raises(NotFound, match="has no run with ID `rn_0`"):
        rows("rn_0")


def test_a_version_that_is_deleted_still_judges(bench: Bench) -> None:
    newer = bench.upsert("evaluator", "external", {**_external(), "attributes": {"code": "newer"}})
    view = made(bench, SeatRef(version_id=newer.version.id))
    run_id = bench.new_run(view.evaluation.id).run.id
    gone = {"kind": "evaluator", "ref": newer.file.id, "version_id": newer.version.id}
    bench.run(version_changes.delete_version(bench.ports, bench.principal, **gone))
    bench.log("x", run_id=run_id, source_datapoint_id=bench.points[0])
    assert bench.awaited() == {(run_id, 0, newer.version.id)}
    view = bench.run(evaluations.get(bench.ports, bench.principal, evaluation_id=view.evaluation.id))
    assert [seat.version.version.id for seat in view.seats] == [newer.version.id]


numbers = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)


def _judged(values: list[Any]) -> list[Judged]:
    return [
        Judged(
            place=place,
            log_id=f"log_{place}",
            evaluator_id="ev_1",
            version_id="evv_1",
            is_automatic=True,
            has_error=False,
            judgment=None if value is None else str(value).lower().encode(),
        )
        for place, value in enumerate(values)
    ]


def _spec(kind: ReturnType, *options: str) -> EvaluatorSpec:
    named = [Option(name=name) for name in options] or None
    return EvaluatorSpec(arguments_type="target_free", return_type=kind, options=named)


@given(st.lists(numbers | st.none(), max_size=30))
def test_numbers_add_up_as_the_standard_library_has_it(values: list[Any]) -> None:
    stats = stats_of("evv_1", _spec(ReturnType.NUMBER), _judged(values))
    assert isinstance(stats, NumberStats)
    known = [value for value in values if value is not None]
    assert (stats.total_logs, stats.num_nulls) == (len(values), len(values) - len(known))
    if not known:
        assert (stats.mean, stats.sum, stats.std, stats.percentiles) == (None, None, None, {})
        return
    assert stats.sum == math.fsum(known)
    assert stats.mean == statistics.fmean(known) or math.isclose(stats.mean or 0, statistics.fmean(known))
    assert stats.std == (statistics.stdev(known) if len(known) > 1 else None)
    assert (stats.percentiles["0"], stats.percentiles["100"]) == (min(known), max(known))
    assert math.isclose(stats.percentiles["50"], statistics.median(known), rel_tol=1e-12, abs_tol=1e-12)
    if len(known) > 1:
        quarters = statistics.quantiles(known, n=4, method="inclusive")
        for name, quarter in zip(("25", "50", "75"), quarters, strict=True):
            assert math.isclose(stats.percentiles[name], quarter, rel_tol=1e-9, abs_tol=1e-9)


def test_what_no_double_holds_is_nothing() -> None:
    stats = stats_of("evv_1", _spec(ReturnType.NUMBER), _judged([1e308, 1e308, 1e308]))
    assert isinstance(stats, NumberStats)
    assert (stats.sum, stats.mean, stats.std) == (None, 1e308, 0.0)


def test_each_return_type_has_its_shape_also_without_judgments() -> None:
    assert isinstance(stats_of("evv_1", _spec(ReturnType.BOOLEAN), []), BooleanStats)
    choice = stats_of("evv_1", _spec(ReturnType.MULTI_SELECT, "a", "b"), [])
    assert isinstance(choice, ChoiceStats)
    assert choice.per_option == {"a": 0, "b": 0}
    picked = _judged([None, None])
    picked = [
        type(one)(
            **{name: getattr(one, name) for name in one.__struct_fields__ if name != "judgment"},
            judgment=b'["a","b"]' if one.place == 0 else b'["b","b"]',
        )
        for one in picked
    ]
    choice = stats_of("evv_1", _spec(ReturnType.MULTI_SELECT, "a", "b"), picked)
    assert isinstance(choice, ChoiceStats)
    assert choice.per_option == {"a": 1, "b": 2}


def test_what_a_person_says_counts_more_than_what_the_server_does() -> None:
    def one(log_id: str, *, is_automatic: bool, version_id: str = "evv_1", has_error: bool = False) -> Judged:
        return Judged(
            place=0,
            log_id=log_id,
            evaluator_id="ev_1",
            version_id=version_id,
            is_automatic=is_automatic,
            has_error=has_error,
            judgment=b"1",
        )

    posted, automatic = one("posted", is_automatic=False), one("automatic", is_automatic=True)
    failure = one("failure", is_automatic=False, version_id="evv_0", has_error=True)

    newer = one("newer", is_automatic=False, version_id="evv_2")
    monitored = one("monitored", is_automatic=True, version_id="evv_2")

    def counts(
        *judged: Judged, seated: tuple[str, ...] = ("evv_1",), is_orchestrated: bool = False
    ) -> list[str]:
        seat = Seat(
            evaluation_id="evr_1",
            evaluator_id="ev_1",
            version_id="evv_1",
            is_orchestrated=is_orchestrated,
            added_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        return [one.log_id for one in counting(judged, seat, seated=seated)]

    assert counts(posted, automatic) == ["posted"]
    assert counts(automatic, failure) == ["automatic"]
    assert counts(failure) == ["failure"]
    assert counts(failure, seated=("evv_1", "evv_0")) == []
    assert counts(posted, newer) == ["posted"]
    assert counts(newer) == ["newer"]
    assert counts(newer, seated=("evv_1", "evv_2")) == []
    assert counts(newer, is_orchestrated=True) == counts(monitored) == []
    assert counts(failure, is_orchestrated=True) == ["failure"]


def test_what_another_version_finds_is_counted_as_this_one_could_have_found_it() -> None:
    newer = [msgspec.structs.replace(one, version_id="evv_2") for one in _judged([1, 0.5, None, True])]
    stats = stats_of("evv_1", _spec(ReturnType.BOOLEAN), newer)
    assert isinstance(stats, BooleanStats)
    assert (stats.total_logs, stats.num_true, stats.num_nulls, stats.num_errors) == (4, 2, 1, 1)
    text = stats_of("evv_1", _spec(ReturnType.TEXT), newer)
    assert (text.num_judgments, text.num_nulls, text.num_errors) == (0, 1, 3)


def test_a_large_run_is_written_in_parts_and_takes_no_log_before_it_is_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_runs, "SLOTS", 2)
    seen: list[RunStatus] = []
    keep = evaluation_runs._keep

    def watching(run: Any, slots: Any, tx: Any) -> None:
        keep(run, slots, tx)
        seen.append(tx.runs.get(id=run.id).status)
        assert tx.runs.open_of_version(version_id=bench.flow.version.id) == []

    monkeypatch.setattr(evaluation_runs, "_keep", watching)
    data = VersionRef(version_id=bench.data("Five", list("abcde")).version.id)
    view = bench.new_run(made(bench).evaluation.id, dataset=data)
    assert (view.run.status, seen) == (RunStatus.PENDING, [RunStatus.CANCELLED] * 3)
    slots = bench.slots(view.run.id)
    assert [slot.place for slot in slots] == [0, 1, 2, 3, 4]
    for slot in slots:
        bench.log("x", run_id=view.run.id, source_datapoint_id=slot.datapoint_id)
    assert bench.status(view.run.id) is RunStatus.COMPLETED
