"""Laws of datapoints and of what versions of datasets are made of, for every store."""

from __future__ import annotations

from hashlib import sha256

import pytest
from tests.storage.things import ABROAD, Desk

from headrace.core.datasets import Datapoint
from headrace.core.ports import Clash

HOSTILE = '{"inputs":{"q":"a \\" \\\\ \\u0000 \\u0001 ü 𝄞 \' ; -- :x {File}"},"messages":null,"target":null}'


def datapoint(id: str = "dp_1", file_id: str = "ds_1", body: str = "{}") -> Datapoint:
    return Datapoint(id=id, file_id=file_id, digest=sha256(body.encode()).hexdigest(), body=body)


def add(desk: Desk, *datapoints: Datapoint, file_id: str = "ds_1") -> None:
    desk.write(lambda tx: tx.datasets.add(file_id=file_id, datapoints=datapoints))


def test_what_is_kept_is_found_by_id_and_by_content(desk: Desk) -> None:
    one, other = datapoint("dp_1", body=HOSTILE), datapoint("dp_2", body="[2]")
    add(desk, one, other)
    assert desk.read(lambda tx: tx.datasets.some(ids=["dp_2", "dp_1", "dp_2", "none"])) == {
        "dp_1": one,
        "dp_2": other,
    }
    wanted = [other.digest, one.digest, "unknown"]
    assert desk.read(lambda tx: tx.datasets.ids(file_id="ds_1", digests=wanted)) == {
        one.digest: "dp_1",
        other.digest: "dp_2",
    }


def test_content_is_kept_once_a_file_and_keeps_its_first_id(desk: Desk) -> None:
    first = datapoint("dp_1")
    add(desk, first)
    add(desk, first)
    add(desk, datapoint("dp_2"), datapoint("dp_3", body="[3]"), datapoint("dp_4", body="[3]"))
    found = desk.read(lambda tx: tx.datasets.some(ids=["dp_1", "dp_2", "dp_3", "dp_4"]))
    assert sorted(found) == ["dp_1", "dp_3"]
    add(desk, datapoint("dp_5", file_id="ds_2"), file_id="ds_2")
    digests = [first.digest]
    assert desk.read(lambda tx: tx.datasets.ids(file_id="ds_2", digests=digests)) == {first.digest: "dp_5"}


def test_an_id_belongs_to_one_content_of_one_file(desk: Desk) -> None:
    add(desk, datapoint("dp_1"))
    for taken in (datapoint("dp_1", body="[2]"), datapoint("dp_1", file_id="ds_2")):
        with pytest.raises(Clash) as clash:
            add(desk, datapoint("dp_9", taken.file_id, "[9]"), taken, file_id=taken.file_id)
        assert clash.value.rule == "id"
    assert desk.read(lambda tx: list(tx.datasets.some(ids=["dp_1", "dp_9"]))) == ["dp_1"]


def test_parts_are_kept_once_a_file(desk: Desk) -> None:
    one, other = "1" * 64, "2" * 64
    desk.write(lambda tx: tx.datasets.add_parts(file_id="ds_1", parts={one: "a\nb", other: HOSTILE}))
    desk.write(lambda tx: tx.datasets.add_parts(file_id="ds_1", parts={one: "never"}))
    found = desk.read(lambda tx: tx.datasets.parts(file_id="ds_1", digests=[other, one, "3" * 64]))
    assert found == {one: "a\nb", other: HOSTILE}
    assert desk.read(lambda tx: tx.datasets.parts(file_id="ds_2", digests=[one])) == {}


def test_nothing_is_seen_from_abroad(desk: Desk) -> None:
    add(desk, datapoint("dp_1"))
    desk.write(lambda tx: tx.datasets.add_parts(file_id="ds_1", parts={"1" * 64: "a"}))
    digests = [datapoint().digest]
    assert desk.read(lambda tx: tx.datasets.some(ids=["dp_1"]), ABROAD) == {}
    assert desk.read(lambda tx: tx.datasets.ids(file_id="ds_1", digests=digests), ABROAD) == {}
    assert desk.read(lambda tx: tx.datasets.parts(file_id="ds_1", digests=["1" * 64]), ABROAD) == {}
    desk.write(lambda tx: tx.datasets.add(file_id="ds_1", datapoints=[datapoint("dp_1")]), ABROAD)
    assert list(desk.read(lambda tx: tx.datasets.some(ids=["dp_1"]), ABROAD)) == ["dp_1"]


def test_nothing_of_nothing(desk: Desk) -> None:
    add(desk)
    desk.write(lambda tx: tx.datasets.add_parts(file_id="ds_1", parts={}))
    assert desk.read(lambda tx: tx.datasets.some(ids=[])) == {}
    assert desk.read(lambda tx: tx.datasets.ids(file_id="ds_1", digests=[])) == {}
