"""A SQL store and the reference model keep evaluations and runs alike, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.conftest import side_by_side
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    Desk,
    at,
    evaluation,
    file,
    judgment,
    link,
    log,
    run,
    seat,
    slot,
    version,
)

from headrace.core.evaluations import Awaited, RunStatus
from headrace.core.ports import Clash, Transaction

Change = Callable[[Transaction], Any]
FILES, EVALUATIONS, RUNS = ["fl_0", "fl_1"], ["evr_0", "evr_1", "evr_2"], ["rn_0", "rn_1", "rn_2"]
VERSIONS, EVALUATORS = ["flv_0", "flv_1"], ["ev_0", "ev_1"]
JUDGES = ["evv_0", "evv_1", "evv_2"]
DATAPOINTS, PRINTS = ["dp_0", "dp_1", "dp_2"], ["0" * 32, "1" * 32]
LOGS = ["log 0", "log_1", "ü \x01 '"]
PLACES = range(4)


class Bug(Exception):
    pass


def of(noun: str, method: str, *args: Any, **named: Any) -> Change:
    """What calls a method of a collection."""
    return lambda tx: getattr(getattr(tx, noun), method)(*args, **named)


def changes_of_evaluations() -> st.SearchStrategy[Change]:
    evaluations = st.builds(
        evaluation,
        st.sampled_from(EVALUATIONS),
        st.sampled_from([*FILES, "none"]),
        name=st.sampled_from([None, None, "a", "b"]),
        created_at=st.sampled_from([START, at(1)]),
        updated_at=st.sampled_from([START, at(2)]),
    )
    seats = st.builds(
        seat,
        st.sampled_from(JUDGES),
        st.sampled_from(EVALUATIONS),
        evaluator_id=st.sampled_from(EVALUATORS),
        is_orchestrated=st.booleans(),
    )
    links = st.builds(
        link,
        st.sampled_from(RUNS),
        st.sampled_from(EVALUATIONS),
        is_control=st.booleans(),
        added_at=st.just(at(3)),
    )
    some, judges, runs = st.sampled_from(EVALUATIONS), st.sampled_from(JUDGES), st.sampled_from(RUNS)
    return st.one_of(
        st.builds(lambda one: of("evaluations", "add", one), evaluations),
        st.builds(lambda one: of("evaluations", "update", one), evaluations),
        st.builds(lambda id_: of("evaluations", "remove", id=id_), some),
        st.builds(lambda one: of("evaluations", "put_seat", one), seats),
        st.builds(lambda a, b: of("evaluations", "remove_seat", evaluation_id=a, version_id=b), some, judges),
        st.builds(lambda one: of("evaluations", "put_link", one), links),
        st.builds(lambda a, b: of("evaluations", "remove_link", evaluation_id=a, run_id=b), some, runs),
        st.builds(
            lambda id_: of("files", "remove", id=id_, at=START), st.sampled_from([*FILES, *EVALUATORS])
        ),
    )


def changes_of_runs() -> st.SearchStrategy[Change]:
    slots = st.builds(
        slot,
        st.sampled_from(PLACES),
        st.sampled_from(RUNS),
        datapoint_id=st.sampled_from([None, *DATAPOINTS]),
        fingerprint=st.sampled_from([None, *PRINTS]),
        log_id=st.sampled_from([None, *LOGS]),
        is_done=st.booleans(),
    )
    runs = st.builds(
        run,
        st.sampled_from(RUNS),
        st.sampled_from([*FILES, "none"]),
        version_id=st.sampled_from([None, *VERSIONS, *VERSIONS]),
        status=st.sampled_from(RunStatus),
        is_orchestrated=st.sampled_from([False, False, True]),
        size=st.sampled_from([0, 2, 4]),
        created_at=st.sampled_from([START, at(1), at(2)]),
    )
    awaited = st.lists(
        st.builds(
            Awaited,
            run_id=st.sampled_from(RUNS),
            place=st.sampled_from(PLACES),
            version_id=st.sampled_from(JUDGES),
        ),
        max_size=5,
    )
    versions = st.none() | st.sampled_from(JUDGES)
    return st.one_of(
        st.builds(_added, runs, st.lists(slots, max_size=3, unique_by=lambda one: one.place)),
        st.builds(lambda one: of("runs", "update", one), runs),
        st.builds(lambda one: of("runs", "put_slot", one), slots),
        st.builds(lambda one: of("runs", "put_slot", one), slots),
        st.builds(lambda some: of("runs", "awaiting", some), awaited),
        st.builds(lambda some: of("runs", "met", some), awaited),
        st.builds(
            lambda a, b: of("runs", "forget_awaited", run_id=a, version_id=b), st.sampled_from(RUNS), versions
        ),
        st.builds(_judged, st.sampled_from(LOGS), st.sampled_from(JUDGES), st.booleans()),
    )


def _added(one: Any, slots: list[Any]) -> Change:
    return of("runs", "add", one, slots=[slot(it.place, one.id, **_rest(it)) for it in slots])


def _rest(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("datapoint_id", "fingerprint", "log_id", "is_done")}


def _judged(log_id: str, version_id: str, is_automatic: bool) -> Change:
    id_ = f"{log_id} {version_id} {is_automatic}"
    told = {"version_id": version_id, "file_id": "ev_0" if version_id == "evv_0" else "ev_1"}

    def add(tx: Transaction) -> None:
        one = judgment(id_, log_id, is_automatic=is_automatic, created_at=at(len(version_id) % 3))
        rest = {name: getattr(one, name) for name in one.__struct_fields__}
        tx.logs.add(type(one)(**{**rest, **told}), at=START)

    return add


changes = changes_of_evaluations() | changes_of_runs() | changes_of_runs()
transactions = st.lists(
    st.tuples(
        st.sampled_from([HOME, HOME, HOME, ABROAD]), st.lists(changes, min_size=1, max_size=5), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


def fill(tx: Transaction) -> None:
    for id_ in FILES:
        tx.files.add(file(id_))
    for id_ in EVALUATORS:
        tx.files.add(file(id_, kind="evaluator"))
    for id_ in JUDGES:
        tx.versions.add(version(id_, "ev_0" if id_ == "evv_0" else "ev_1"))
    tx.versions.add(version("flv_1", "fl_0"))
    for id_ in LOGS:
        tx.logs.add(log(id_, "flv_1", "fl_0"), at=START)
    tx.evaluations.add(evaluation("evr_0", "fl_0"))
    tx.runs.add(run("rn_0", "fl_0", version_id="flv_0", size=2), slots=[slot(0, "rn_0"), slot(1, "rn_0")])
    tx.evaluations.put_link(link("rn_0", "evr_0"))


def everything(tx: Transaction) -> list[Any]:
    return [*_of_evaluations(tx), *_of_runs(tx)]


def _of_evaluations(tx: Transaction) -> list[Any]:
    return [
        [tx.evaluations.get(id=one) for one in EVALUATIONS],
        [tx.evaluations.page(file_id=one, skip=skip, take=2) for one in FILES for skip in (0, 1)],
        [tx.evaluations.by_name(file_id=one, name=name) for one in FILES for name in ("a", "b")],
        [tx.evaluations.seats(evaluation_id=one) for one in EVALUATIONS],
        [tx.evaluations.links(evaluation_id=one) for one in EVALUATIONS],
        dict(tx.evaluations.runs_count(evaluation_ids=EVALUATIONS)),
        [tx.evaluations.with_run(run_id=one) for one in RUNS],
        [tx.evaluations.with_evaluator(evaluator_id=one) for one in EVALUATORS],
    ]


def _of_runs(tx: Transaction) -> list[Any]:
    pairs = [(one, datapoint) for one in VERSIONS for datapoint in DATAPOINTS]
    alike = [(one, text, moment) for one in VERSIONS for text in PRINTS for moment in (at(1), at(9))]
    return [
        sorted(tx.runs.some(ids=RUNS), key=lambda one: one.id),
        [tx.runs.open_of_version(version_id=one) for one in VERSIONS],
        [tx.runs.slots(run_id=one, after=after, take=3) for one in RUNS for after in (-1, 1)],
        [tx.runs.filled(run_ids=RUNS[::-1], skip=skip, take=3) for skip in range(4)],
        [tx.runs.slot(run_id=one, datapoint_id=dp) for one in RUNS for dp in DATAPOINTS],
        [tx.runs.next_place(run_id=one) for one in RUNS],
        sorted(tx.runs.slots_of_logs(log_ids=LOGS), key=lambda one: (one.run_id, one.place)),
        [tx.runs.wanting(version_id=one, datapoint_id=dp) for one, dp in pairs],
        [tx.runs.first_wanting(version_id=v, fingerprint=text, before=moment) for v, text, moment in alike],
        [(tx.runs.is_undone(run_id=one), tx.runs.is_awaiting(run_id=one)) for one in RUNS],
        [tx.runs.judged(run_id=one, evaluator_ids=EVALUATORS) for one in RUNS],
    ]


def outcome(desk: Desk, account: str, changes: list[Change], fails: bool) -> object:
    def work(tx: Transaction) -> list[Any]:
        seen = []
        for change in changes:
            change(tx)
            seen.append(everything(tx))
        if fails:
            raise Bug
        return seen

    try:
        return desk.write(work, account)
    except (Clash, Bug) as error:
        return repr(error)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_they_answer_alike(kind: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(done=transactions)
    def run(done: list[tuple[str, list[Change], bool]]) -> None:
        with ExitStack() as undo:
            both = side_by_side(kind, undo)
            for desk in both:
                desk.write(fill)
                desk.write(fill, ABROAD)
            for account, some, fails in done:
                model, other = (outcome(desk, account, some, fails) for desk in both)
                assert other == model
                for one in (HOME, ABROAD):
                    model, other = (desk.read(everything, one) for desk in both)
                    assert other == model

    run()
