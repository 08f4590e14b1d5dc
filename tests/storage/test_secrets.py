"""Laws of sealed values, for every store."""

from __future__ import annotations

import pytest
from tests.storage.things import ABROAD, Desk, file

from headrace.core.ports import Clash, Transaction


def of(desk: Desk, file_id: str = "tl_1") -> list[tuple[str, str]]:
    return desk.read(lambda tx: list(tx.secrets.of(file_id=file_id).items()))


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two tools."""
    desk.write(lambda tx: [tx.files.add(file(one, kind="tool")) for one in ("tl_1", "tl_2")])
    return desk


def test_values_are_put_over_each_other_and_removed_by_name(filed: Desk) -> None:
    assert of(filed) == []
    filed.write(lambda tx: tx.secrets.put(file_id="tl_1", secrets={"b": "1", "a": "2", "_": "3"}))
    filed.write(lambda tx: tx.secrets.put(file_id="tl_1", secrets={"b": "4", "B": "5"}))
    filed.write(lambda tx: tx.secrets.put(file_id="tl_2", secrets={"b": "other"}))
    assert of(filed) == [("B", "5"), ("_", "3"), ("a", "2"), ("b", "4")]
    filed.write(lambda tx: tx.secrets.remove(file_id="tl_1", names=["a", "nowhere", "_"]))
    assert of(filed) == [("B", "5"), ("b", "4")]
    assert of(filed, "tl_2") == [("b", "other")]
    assert filed.read(lambda tx: tx.secrets.of(file_id="tl_1"), ABROAD) == {}


def test_values_of_a_file_that_is_not_there_are_refused(filed: Desk) -> None:
    with pytest.raises(Clash, match=r"^reference$"):
        filed.write(lambda tx: tx.secrets.put(file_id="tl_9", secrets={"a": "1"}))
    assert of(filed, "tl_9") == []


def test_what_fails_leaves_them_as_they_were(filed: Desk) -> None:
    filed.write(lambda tx: tx.secrets.put(file_id="tl_1", secrets={"a": "1"}))

    def fail(tx: Transaction) -> None:
        tx.secrets.put(file_id="tl_1", secrets={"a": "2"})
        tx.secrets.remove(file_id="tl_1", names=["a"])
        raise KeyError

    with pytest.raises(KeyError):
        filed.write(fail)
    assert of(filed) == [("a", "1")]
