"""Laws of aliases and tags, for every store."""

from __future__ import annotations

import pytest
from tests.storage.things import ABROAD, Desk, alias, at, file

from headrace.core.deployments import Alias, Concurrency
from headrace.core.ports import Clash, Transaction


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two files."""
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2"))))
    return desk


def test_an_alias_is_found_by_id_and_name(filed: Desk) -> None:
    one = alias("A", name="live", description="d")
    filed.write(lambda tx: tx.aliases.add(one))
    assert filed.read(lambda tx: tx.aliases.get(file_id="fl_1", id="A")) == one
    assert filed.read(lambda tx: tx.aliases.by_name(file_id="fl_1", name="live")) == one
    assert filed.read(lambda tx: tx.aliases.get(file_id="fl_2", id="A")) is None
    assert filed.read(lambda tx: tx.aliases.by_name(file_id="fl_2", name="live")) is None
    assert filed.read(lambda tx: tx.aliases.by_name(file_id="fl_1", name="Live")) is None


@pytest.mark.parametrize(
    "concurrency", [None, Concurrency(mode="Automatic"), Concurrency(mode="Manual", most=100)]
)
def test_a_concurrency_comes_back_as_it_went_in(filed: Desk, concurrency: Concurrency | None) -> None:
    filed.write(lambda tx: tx.aliases.add(alias("A", concurrency=concurrency)))
    found = filed.read(lambda tx: tx.aliases.get(file_id="fl_1", id="A"))
    assert found is not None
    assert found.concurrency == concurrency


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("alias_name", alias("B", name="live")),
        ("id", alias("A", name="other")),
        ("reference", alias("B", "fl_none")),
    ],
)
def test_an_alias_that_breaks_a_rule_is_refused(filed: Desk, rule: str, other: Alias) -> None:
    filed.write(lambda tx: tx.aliases.add(alias("A", name="live")))
    with pytest.raises(Clash, match=f"^{rule}$"):
        filed.write(lambda tx: tx.aliases.add(other))
    assert filed.read(lambda tx: tx.aliases.count(file_id="fl_1")) == 1


def test_each_file_may_have_the_same_aliases(filed: Desk) -> None:
    one, other = alias("TSTALIASID", name="n"), alias("TSTALIASID", "fl_2", name="n")
    filed.write(lambda tx: (tx.aliases.add(one), tx.aliases.add(other)))
    assert filed.read(lambda tx: tx.aliases.by_name(file_id="fl_2", name="n")) == other


def test_an_update_replaces_everything_that_may_change(filed: Desk) -> None:
    changed = alias("A", name="n", description="d", concurrency=None, updated_at=at(1))
    filed.write(lambda tx: (tx.aliases.add(alias("A", name="old")), tx.aliases.add(alias("B", name="taken"))))
    filed.write(lambda tx: tx.aliases.update(changed))
    assert filed.read(lambda tx: tx.aliases.get(file_id="fl_1", id="A")) == changed
    assert filed.read(lambda tx: tx.aliases.by_name(file_id="fl_1", name="old")) is None
    with pytest.raises(Clash, match=r"^alias_name$"):
        filed.write(lambda tx: tx.aliases.update(alias("A", name="taken")))
    filed.write(lambda tx: tx.aliases.update(alias("C")))
    assert filed.read(lambda tx: tx.aliases.count(file_id="fl_1")) == 2


def test_a_removed_alias_is_gone_and_its_name_is_free(filed: Desk) -> None:
    filed.write(lambda tx: tx.aliases.add(alias("A", name="live")))
    filed.write(lambda tx: tx.aliases.remove(file_id="fl_2", id="A"))
    assert filed.read(lambda tx: tx.aliases.count(file_id="fl_1")) == 1
    filed.write(lambda tx: tx.aliases.remove(file_id="fl_1", id="A"))
    assert filed.read(lambda tx: tx.aliases.get(file_id="fl_1", id="A")) is None
    filed.write(lambda tx: tx.aliases.add(alias("B", name="live")))


def test_aliases_are_paged_newest_first(filed: Desk) -> None:
    def listed(tx: Transaction, *before: object) -> list[str]:
        place = before or None
        return [one.id for one in tx.aliases.page(file_id="fl_1", before=place, take=2)]  # type: ignore[arg-type]

    filed.write(lambda tx: [tx.aliases.add(alias(f"A{n}", created_at=at(n // 2))) for n in (3, 0, 2, 1)])
    filed.write(lambda tx: tx.aliases.add(alias("A9", "fl_2")))
    assert filed.read(listed) == ["A3", "A2"]
    filed.write(lambda tx: tx.aliases.add(alias("A5", created_at=at(9))))
    assert filed.read(lambda tx: listed(tx, at(1), "A2")) == ["A1", "A0"]
    assert filed.read(lambda tx: listed(tx, at(0), "A1")) == ["A0"]


def test_tags_are_put_over_each_other_and_removed_by_key(desk: Desk) -> None:
    def tags(tx: Transaction) -> list[tuple[str, str]]:
        return list(tx.tags.of(resource="flow/A").items())

    assert desk.read(tags) == []
    desk.write(lambda tx: tx.tags.put(resource="flow/A", tags={"b": "1", "a": "2", "": "3"}))
    desk.write(lambda tx: tx.tags.put(resource="flow/A", tags={"b": "4", "B": ""}))
    desk.write(lambda tx: tx.tags.put(resource="flow/A/alias/B", tags={"b": "other"}))
    assert desk.read(tags) == [("", "3"), ("B", ""), ("a", "2"), ("b", "4")]
    desk.write(lambda tx: tx.tags.remove(resource="flow/A", keys=["a", "none", ""]))
    assert desk.read(tags) == [("B", ""), ("b", "4")]
    assert desk.read(lambda tx: tx.tags.of(resource="flow/A/alias/B")) == {"b": "other"}


def test_nothing_is_seen_from_another_organisation(filed: Desk) -> None:
    filed.write(lambda tx: (tx.aliases.add(alias("A", name="n")), tx.tags.put(resource="r", tags={"k": "v"})))
    filed.write(lambda tx: tx.aliases.remove(file_id="fl_1", id="A"), ABROAD)
    filed.write(lambda tx: tx.tags.remove(resource="r", keys=["k"]), ABROAD)

    def look(tx: Transaction) -> list[object]:
        return [
            tx.aliases.get(file_id="fl_1", id="A"),
            tx.aliases.by_name(file_id="fl_1", name="n"),
            tx.aliases.page(file_id="fl_1", before=None, take=9),
            tx.aliases.count(file_id="fl_1"),
            tx.tags.of(resource="r"),
        ]

    assert not any(filed.read(look, ABROAD))
    assert all(filed.read(look))
