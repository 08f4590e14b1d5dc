"""Datasets on the move: their datapoints come in once, under their ids, and go out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.exchange.conftest import Place
from tests.unit.exchange.humanloop_sample import Thing, version, write_file, write_lines

from headrace.apis.humanloop.exchange.service import Answer
from headrace.core.datasets import case_of
from headrace.core.kinds.dataset import read_dataset
from headrace.core.versions import Version
from headrace.services import datasets
from headrace.services.datasets import Action, Change


def point(number: int, **more: Any) -> Thing:
    shown = {"id": f"dp_{number}", "inputs": {"q": str(number)}, "messages": None, "target": {"a": number}}
    return {**shown, **more}


def of(version_id: str, minute: int, points: list[Thing], **more: Any) -> tuple[Thing, list[Thing]]:
    content = {"attributes": {"n": minute}, "datapoints_count": len(points), "datapoints": None}
    return version("dataset", "ds_1", "Lab/Cases", version_id, content, minute=minute, **more), points


FIRST = of("dsv_1", 1, [point(1), point(2)])
SECOND = of(
    "dsv_2", 2, [point(3), point(1), point(2, messages=[{"role": "user", "content": "hi"}], id="dp_4")]
)


def write(home: Path, *versions: tuple[Thing, list[Thing]]) -> Path:
    folder = write_file(home, [shown for shown, _ in versions], 0, None)
    for shown, points in versions:
        write_lines(folder / "datapoints" / shown["version_id"], points)
    return home


def kept(place: Place, id: str) -> Version:
    found = place.read(lambda tx: tx.versions.kept(id=id))
    assert found is not None
    return found


async def ids_in(place: Place, version: Version) -> list[str]:
    some = [some async for some in datasets.datapoints(place.ports, place.local, version)]
    return [one.id for batch in some for one in batch]


def ids(place: Place, id: str) -> list[str]:
    return place.runner.run(ids_in(place, kept(place, id)))


def test_versions_come_in_with_their_datapoints(place: Place, tmp_path: Path) -> None:
    report = place.bring(write(tmp_path / "x", FIRST, SECOND))
    assert report.is_clean
    assert report.missing == []
    assert report.outcomes["datapoints"]["made"] == 4
    assert ids(place, "dsv_1") == ["dp_1", "dp_2"]
    assert ids(place, "dsv_2") == ["dp_3", "dp_1", "dp_4"]
    assert place.read(lambda tx: tx.releases.of_version(version_id="dsv_2")) == [2]


def test_a_second_time_changes_nothing(place: Place, tmp_path: Path) -> None:
    home = write(tmp_path / "x", FIRST, SECOND)
    place.bring(home)
    again = place.bring(home)
    assert again.is_clean
    assert sum(counts["made"] for counts in again.outcomes.values()) == 0
    assert again.outcomes["datapoints"]["unchanged"] == 4
    assert again.outcomes["versions"]["unchanged"] == 2


def test_a_rehearsal_keeps_nothing_and_says_the_same(place: Place, tmp_path: Path) -> None:
    home = write(tmp_path / "x", FIRST, SECOND)
    rehearsal = place.bring(home, is_rehearsal=True)
    assert place.read(lambda tx: tx.files.get(id="ds_1")) is None
    assert place.read(lambda tx: tx.datasets.some(ids=["dp_1"])) == {}
    assert place.bring(home).outcomes == rehearsal.outcomes
    assert place.bring(home, is_rehearsal=True).outcomes == place.bring(home).outcomes


def test_what_goes_out_comes_in_elsewhere_just_so(make_place: Callable[[], Place], tmp_path: Path) -> None:
    place, other = make_place(), make_place()
    place.bring(write(tmp_path / "x", FIRST, SECOND, of("dsv_3", 3, [])))
    home = place.take(tmp_path / "out")
    folder = home / "files" / "ds_1"
    assert sorted(one.name for one in folder.iterdir()) == [
        ".done",
        "datapoints",
        "deployments.json",
        "file.json",
        "versions",
    ]
    assert [json.loads(line) for line in (folder / "datapoints/dsv_2/1.jsonl").read_text().splitlines()] == [
        point(3),
        point(1),
        point(2, messages=[{"role": "user", "content": "hi"}], id="dp_4"),
    ]
    assert list((folder / "datapoints/dsv_3").iterdir()) == []
    assert other.bring(home).is_clean
    for one in ("dsv_1", "dsv_2", "dsv_3"):
        assert ids(other, one) == ids(place, one)
        assert kept(other, one).digest == kept(place, one).digest


def test_many_datapoints_are_read_from_all_their_pages(
    make_place: Callable[[], Place], tmp_path: Path
) -> None:
    place, other = make_place(), make_place()
    many = [point(number) for number in range(2_500)]
    place.bring(write(tmp_path / "x", of("dsv_1", 1, many)))
    home = place.take(tmp_path / "out")
    pages = sorted((home / "files/ds_1/datapoints/dsv_1").iterdir())
    assert [len(page.read_text().splitlines()) for page in pages] == [1001, 1000, 499]
    other.bring(home)
    assert ids(other, "dsv_1") == [one["id"] for one in many]


def test_a_datapoint_that_is_here_keeps_its_id(place: Place, tmp_path: Path) -> None:
    place.bring(write(tmp_path / "x", FIRST))
    twin = of("dsv_2", 2, [point(1, id="dp_twin"), point(5)])
    report = place.bring(write(tmp_path / "y", twin))
    assert [(one.sort, one.act, one.id, one.note) for one in report.told] == [
        ("datapoints", "unchanged", "dp_twin", "here its ID is dp_1")
    ]
    assert ids(place, "dsv_2") == ["dp_1", "dp_5"]


def test_an_id_that_is_taken_becomes_another_one(place: Place, tmp_path: Path) -> None:
    place.bring(write(tmp_path / "x", FIRST))
    report = place.bring(write(tmp_path / "y", of("dsv_2", 2, [point(1, inputs={"q": "other"})])))
    (told,) = report.told
    (made,) = ids(place, "dsv_2")
    assert made != "dp_1"
    assert told.note == f"its ID belongs to another datapoint, so here it is {made}"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (point(2, inputs={"q": 2}), "Input should be a valid string"),
        ({"inputs": {}}, "missing required field `id`"),
    ],
)
def test_what_is_no_datapoint_is_told(place: Place, tmp_path: Path, wrong: Thing, reason: str) -> None:
    report = place.bring(write(tmp_path / "x", of("dsv_1", 1, [point(1), wrong])))
    (trouble,) = report.unreadable
    assert trouble.source == "files/ds_1/datapoints/dsv_1/1.jsonl:2"
    assert reason in trouble.reason
    (missing,) = report.missing
    assert (missing.expected, missing.found) == (2, 1)
    assert ids(place, "dsv_1") == ["dp_1"]


def test_an_id_with_blanks_is_refused_and_so_is_its_version(place: Place, tmp_path: Path) -> None:
    report = place.bring(write(tmp_path / "x", of("dsv_1", 1, [point(1, id="dp 1")])))
    assert [(one.sort, one.act) for one in report.told] == [
        ("datapoints", "refused"),
        ("versions", "refused"),
    ]
    assert report.told[1].note == "1 of its datapoints are not here."


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ({"attributes": {}}, "missing required field `datapoints`"),
        ({"datapoints": ["x"]}, "not named by their digests"),
        ({"datapoints": ["0" * 64]}, "1 of its datapoints are not here"),
        ({"datapoints": [], "attributes": 1}, "attributes are no object"),
        ({"datapoints": [], "attributes": {"a": "<bad>"}}, "not that of a dataset"),
    ],
)
def test_a_version_of_nothing_that_is_here_is_refused(
    place: Place, tmp_path: Path, content: Thing, note: str
) -> None:
    place.bring(write(tmp_path / "x", FIRST))
    times = dict.fromkeys(("created_at", "updated_at", "last_used_at"), "2025-01-01T00:00:00Z")
    part = {"id": "dsv_9", "file_id": "ds_1", "kind": "dataset", "content": content, **times}
    batch = msgspec.json.encode({"versions": [part]}).replace(b"<bad>", b"\xff")
    answer = msgspec.json.decode(place.hand_in(batch), type=Answer)
    assert note in (answer.told[0].note or "")


def test_what_was_brought_in_is_gone_on_from(place: Place, tmp_path: Path) -> None:
    place.bring(write(tmp_path / "x", FIRST))
    new = case_of(inputs={"q": "new"}, messages=None, target=None)
    change = Change(cases=[new], action=Action.ADD, ref="ds_1")
    view = place.runner.run(datasets.upsert(place.ports, place.local, change))
    assert place.runner.run(ids_in(place, view.version))[:2] == ["dp_1", "dp_2"]
    content = read_dataset(view.version.content)
    assert content.count == 3
    assert bytes(content.attributes) == b'{"n": 1}'  # type: ignore[arg-type]
