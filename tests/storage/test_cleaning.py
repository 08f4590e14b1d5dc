"""Laws of what nothing refers to any more, for every store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.storage.test_datasets import add, datapoint
from tests.storage.things import (
    ABROAD,
    START,
    Desk,
    at,
    draft,
    execution,
    file,
    job,
    log,
    monitor,
    move,
    release,
    run,
    seat,
    slot,
    version,
)
from tests.storage.things import evaluation as an_evaluation

from headrace.core.deployments import PointerKind
from headrace.core.gates import Approved, Watch
from headrace.core.ports import Transaction

A, B = "a" * 64, "b" * 64
HIDDEN = "flv_hidden"
ABOUT: dict[str, Any] = {"file_id": "fl_1", "kind": PointerKind.ENVIRONMENT, "pointer_id": "env_1"}
REFERENCES: dict[str, Callable[[Transaction], object]] = {
    "a number": lambda tx: tx.releases.add(release(version_id=HIDDEN)),
    "a move to it": lambda tx: tx.pointers.move(move(version_id=HIDDEN)),
    "a move from it": lambda tx: tx.pointers.move(move(version_id=None, from_version_id=HIDDEN)),
    "what a move says of why": lambda tx: tx.pointers.move(move(evidence=f'{{"seen": "{HIDDEN}"}}')),
    "an execution": lambda tx: tx.executions.put(execution(version_id=HIDDEN)),
    "a run of an evaluation": lambda tx: tx.runs.add(run(version_id=HIDDEN), slots=[]),
    "the dataset of a run": lambda tx: tx.runs.add(run(dataset_version_id=HIDDEN), slots=[]),
    "a monitor": lambda tx: tx.monitors.put(monitor(version_id=HIDDEN)),
    "an evaluator of an evaluation": lambda tx: (
        tx.evaluations.add(an_evaluation()),
        tx.evaluations.put_seat(seat(version_id=HIDDEN)),
    ),
    "a job": lambda tx: tx.jobs.put(job(object=HIDDEN)),
    "a prepared draft": lambda tx: tx.drafts.put(draft(snapshot_id=HIDDEN)),
    "an approval": lambda tx: tx.gates.approve(
        Approved(**ABOUT, version_id=HIDDEN, user_id="usr_1", reason=None, approved_at=START)
    ),
    "a watch": lambda tx: tx.gates.watch(
        Watch(**ABOUT, move_id="mv_1", version_id=HIDDEN, rules="[]", begun_at=START, ends_at=START)
    ),
}


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with a flow of two versions, one hidden, another flow, and an evaluator."""

    def fill(tx: Transaction) -> None:
        for one in (file(), file("fl_2"), file("ev_1", kind="evaluator")):
            tx.files.add(one)
        for one in (version(), version(HIDDEN, deleted_at=at(5)), version("flv_2", file_id="fl_2")):
            tx.versions.add(one)

    desk.write(fill)
    return desk


def free(desk: Desk, *ids: str, file_id: str = "fl_1", before: int = 9, since: int = 0) -> dict[str, int]:
    return desk.read(
        lambda tx: tx.cleaning.free_versions(
            file_id=file_id, ids=ids or [HIDDEN], before=at(before), since=at(since)
        )
    )


def hidden(desk: Desk, *, before: int = 9, after: str = "", take: int = 9) -> list[tuple[str, str]]:
    return desk.read(lambda tx: tx.cleaning.hidden_versions(before=at(before), after=after, take=take))


def test_hidden_versions_are_found_in_pages(filed: Desk) -> None:
    assert hidden(filed) == [(HIDDEN, "fl_1")]
    assert hidden(filed, before=5) == []
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(6)))
    assert hidden(filed) == [("flv_2", "fl_2"), (HIDDEN, "fl_1")]
    assert hidden(filed, take=1) == [("flv_2", "fl_2")]
    assert hidden(filed, after="flv_2") == [(HIDDEN, "fl_1")]
    assert filed.read(lambda tx: tx.cleaning.removed_files(before=at(7))) == ["fl_2"]
    assert filed.read(lambda tx: tx.cleaning.removed_files(before=at(6))) == []
    assert filed.read(lambda tx: tx.cleaning.hidden_versions(before=at(9), after="", take=9), ABROAD) == []


def test_only_hidden_versions_are_free(filed: Desk) -> None:
    assert free(filed, HIDDEN, "flv_1", "flv_2", "flv_none") == {HIDDEN: 0}
    assert free(filed, before=5) == {}
    assert free(filed, file_id="fl_2") == {}


@pytest.mark.parametrize("what", REFERENCES)
def test_a_version_that_something_refers_to_is_not_free(filed: Desk, what: str) -> None:
    assert free(filed) == {HIDDEN: 0}
    filed.write(REFERENCES[what])
    assert free(filed) == {}


def test_runs_that_started_earlier_are_not_looked_at(filed: Desk) -> None:
    filed.write(REFERENCES["an execution"])
    assert free(filed, since=1) == {HIDDEN: 0}


def test_logs_are_counted(filed: Desk) -> None:
    filed.write(lambda tx: [tx.logs.add(log(f"log_{n}", HIDDEN), at=START) for n in range(3)])
    assert free(filed) == {HIDDEN: 3}


def test_what_belongs_to_a_file_that_is_gone_holds_nothing(filed: Desk) -> None:
    for what in ("a number", "a prepared draft", "a move to it", "an approval", "a watch"):
        filed.write(REFERENCES[what])
    filed.write(lambda tx: tx.files.remove(id="fl_1", at=at(6)))
    assert free(filed, HIDDEN, "flv_1") == {HIDDEN: 0, "flv_1": 0}
    filed.write(lambda tx: tx.cleaning.remove_draft(file_id="fl_1"))
    assert filed.read(lambda tx: tx.drafts.get(file_id="fl_1")) is None
    filed.write(lambda tx: tx.cleaning.remove_versions(file_id="fl_1", ids=[HIDDEN, "flv_1"]))
    assert filed.read(lambda tx: tx.versions.kept(id=HIDDEN)) is None
    assert filed.read(lambda tx: tx.releases.of_version(version_id=HIDDEN)) == []


def test_a_version_that_went_may_come_again_and_its_number_does_not(filed: Desk) -> None:
    filed.write(lambda tx: tx.releases.add(release(7, version_id=HIDDEN)))
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=7))
    assert free(filed) == {HIDDEN: 0}
    filed.write(lambda tx: tx.cleaning.remove_versions(file_id="fl_1", ids=[HIDDEN]))
    filed.write(lambda tx: tx.versions.add(version(HIDDEN)))
    assert filed.read(lambda tx: tx.versions.count(file_id="fl_1")) == 2
    found = filed.read(lambda tx: tx.files.get(id="fl_1"))
    assert found is not None
    assert found.last_number == 7


def test_contents_come_in_order_and_of_the_kinds_that_are_meant(filed: Desk) -> None:
    filed.write(lambda tx: tx.versions.add(version("evv_1", file_id="ev_1")))
    found = filed.read(lambda tx: tx.cleaning.contents(kinds=["flow"], after="", take=9))
    assert [(one, kind) for one, kind, _ in found] == [(one, "flow") for one in ("flv_1", "flv_2", HIDDEN)]
    assert found[0][2] == version().content
    assert filed.read(lambda tx: tx.cleaning.contents(kinds=["flow"], after="flv_1", take=1)) == found[1:2]


def test_datapoints_and_parts_are_listed_and_taken_away(desk: Desk) -> None:
    points = [datapoint(f"dp_{n}", body=f"[{n}]") for n in range(3)]
    add(desk, *points)
    add(desk, datapoint("dp_9", "ds_2"), file_id="ds_2")
    desk.write(lambda tx: tx.datasets.add_parts(file_id="ds_3", parts={B: "2", A: "1"}))
    assert desk.read(lambda tx: tx.cleaning.files_with_datapoints()) == ["ds_1", "ds_2", "ds_3"]
    ordered = sorted((one.digest, one.id) for one in points)
    assert desk.read(lambda tx: tx.cleaning.datapoints(file_id="ds_1", after="", take=2)) == ordered[:2]
    rest = desk.read(lambda tx: tx.cleaning.datapoints(file_id="ds_1", after=ordered[1][0], take=2))
    assert rest == ordered[2:]
    assert desk.read(lambda tx: tx.cleaning.parts(file_id="ds_3", after="", take=1)) == [A]
    assert desk.read(lambda tx: tx.cleaning.parts(file_id="ds_3", after=A, take=9)) == [B]

    desk.write(lambda tx: tx.cleaning.remove_datapoints(file_id="ds_1", ids=["dp_1", "dp_9"]))
    desk.write(lambda tx: tx.cleaning.remove_parts(file_id="ds_3", digests=[A]))
    assert sorted(desk.read(lambda tx: tx.datasets.some(ids=["dp_0", "dp_1", "dp_2", "dp_9"]))) == [
        "dp_0",
        "dp_2",
        "dp_9",
    ]
    assert desk.read(lambda tx: tx.datasets.parts(file_id="ds_3", digests=[A, B])) == {B: "2"}
    add(desk, datapoint("dp_again", body="[1]"))
    assert desk.read(lambda tx: list(tx.datasets.some(ids=["dp_again"]))) == ["dp_again"]


def test_datapoints_are_named_by_logs_and_by_runs(filed: Desk) -> None:
    def fill(tx: Transaction) -> None:
        tx.logs.add(log("log_1", source_datapoint_id="dp_log"), at=START)
        tx.runs.add(run(), slots=[slot(0, datapoint_id="dp_slot")])
        tx.executions.put(execution(datapoint_id="dp_execution"))

    filed.write(fill)
    ids = ["dp_log", "dp_slot", "dp_execution", "dp_free"]
    assert filed.read(lambda tx: tx.cleaning.named(ids=ids)) == {"dp_log", "dp_slot", "dp_execution"}
    assert filed.read(lambda tx: tx.cleaning.named(ids=["dp_slot"])) == {"dp_slot"}
    assert filed.read(lambda tx: tx.cleaning.named(ids=ids), ABROAD) == set()
    assert filed.read(lambda tx: tx.cleaning.named(ids=[])) == set()


def test_a_dataset_tells_all_its_versions(filed: Desk) -> None:
    found = filed.read(lambda tx: tx.cleaning.dataset_versions(file_id="fl_1"))
    assert found == {"flv_1": version().content, HIDDEN: version(HIDDEN).content}
