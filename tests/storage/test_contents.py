"""Laws of versions, releases and drafts, for every store."""

from __future__ import annotations

import msgspec
import pytest
from tests.storage.things import ABROAD, START, Desk, at, draft, file, release, version

from headrace.core.ports import Clash, Transaction
from headrace.core.versions import DraftStatus, Version


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two files."""
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2"))))
    return desk


def test_a_version_is_found_by_each_of_its_names(filed: Desk) -> None:
    one = version(name="first", description="d")
    filed.write(lambda tx: tx.versions.add(one))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) == one
    assert filed.read(lambda tx: tx.versions.by_digest(file_id="fl_1", digest=one.digest)) == one
    assert filed.read(lambda tx: tx.versions.by_name(file_id="fl_1", name="first")) == one
    assert filed.read(lambda tx: tx.versions.get(id="flv_2")) is None
    assert filed.read(lambda tx: tx.versions.by_digest(file_id="fl_2", digest=one.digest)) is None
    assert filed.read(lambda tx: tx.versions.by_name(file_id="fl_2", name="first")) is None


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("version_digest", version("flv_2", digest="digest of flv_1")),
        ("version_name", version("flv_2", name="first")),
        ("id", version("flv_1", digest="other")),
        ("id", version("flv_1", "fl_2", digest="other")),
        ("reference", version("flv_2", "fl_none")),
    ],
)
def test_a_version_that_breaks_a_rule_is_refused(filed: Desk, rule: str, other: Version) -> None:
    filed.write(lambda tx: tx.versions.add(version(name="first")))
    with pytest.raises(Clash) as caught:
        filed.write(lambda tx: tx.versions.add(other))
    assert caught.value.rule == rule
    assert filed.read(lambda tx: tx.versions.of_file(file_id="fl_1")) == [version(name="first")]


def test_names_and_digests_are_unique_in_a_file_only(filed: Desk) -> None:
    twin = version("flv_2", "fl_2", name="first", digest="digest of flv_1")
    filed.write(lambda tx: (tx.versions.add(version(name="first")), tx.versions.add(twin)))
    assert filed.read(lambda tx: tx.versions.by_name(file_id="fl_2", name="first")) == twin


def test_an_update_replaces_everything_that_may_change(filed: Desk) -> None:
    changed = version(
        name="n",
        description="d",
        updated_at=at(1),
        is_runnable=False,
        is_upserted=True,
    )
    filed.write(lambda tx: tx.versions.add(version(name="old")))
    filed.write(lambda tx: tx.versions.update(changed))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) == changed
    assert filed.read(lambda tx: tx.versions.by_name(file_id="fl_1", name="old")) is None
    filed.write(lambda tx: tx.versions.update(version("flv_2")))
    assert filed.read(lambda tx: tx.versions.count(file_id="fl_1")) == 1


def test_an_update_may_not_take_another_versions_name(filed: Desk) -> None:
    filed.write(lambda tx: (tx.versions.add(version(name="a")), tx.versions.add(version("flv_2"))))
    with pytest.raises(Clash, match=r"^version_name$"):
        filed.write(lambda tx: tx.versions.update(version("flv_2", name="a")))


def test_a_hidden_version_frees_its_name_but_not_its_digest(filed: Desk) -> None:
    hidden = version(name="first", deleted_at=at(1))
    filed.write(lambda tx: tx.versions.add(version(name="first")))
    filed.write(lambda tx: tx.versions.update(hidden))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) is None
    assert filed.read(lambda tx: tx.versions.by_name(file_id="fl_1", name="first")) is None
    assert filed.read(lambda tx: tx.versions.by_digest(file_id="fl_1", digest=hidden.digest)) == hidden
    assert filed.read(
        lambda tx: (tx.versions.of_file(file_id="fl_1"), tx.versions.count(file_id="fl_1"))
    ) == ([], 0)
    filed.write(lambda tx: tx.versions.add(version("flv_2", name="first")))
    with pytest.raises(Clash, match=r"^version_digest$"):
        filed.write(lambda tx: tx.versions.add(version("flv_3", digest=hidden.digest)))
    with pytest.raises(Clash, match=r"^version_name$"):
        filed.write(lambda tx: tx.versions.update(version(name="first")))
    filed.write(lambda tx: tx.versions.update(version(name="second")))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) == version(name="second")
    assert filed.read(lambda tx: tx.versions.count(file_id="fl_1")) == 2


def test_versions_are_listed_newest_first(filed: Desk) -> None:
    made = [version(f"flv_{n}", created_at=at(n // 2)) for n in (3, 0, 2, 1)]
    filed.write(lambda tx: [tx.versions.add(one) for one in made])
    filed.write(lambda tx: tx.versions.add(version("flv_9", "fl_2")))
    listed = filed.read(lambda tx: tx.versions.of_file(file_id="fl_1"))
    assert [one.id for one in listed] == ["flv_3", "flv_2", "flv_1", "flv_0"]
    assert filed.read(lambda tx: tx.versions.count(file_id="fl_1")) == 4
    assert filed.read(lambda tx: tx.versions.count(file_id="fl_none")) == 0


def newest(tx: Transaction) -> str | None:
    found = tx.versions.newest(file_id="fl_1")
    return found.id if found else None


def test_the_newest_version_has_the_highest_live_number(filed: Desk) -> None:
    assert filed.read(newest) is None
    filed.write(lambda tx: [tx.versions.add(version(f"flv_{n}", created_at=at(n))) for n in range(4)])
    assert filed.read(newest) == "flv_3"
    filed.write(lambda tx: tx.releases.add(release(1, "flv_2")))
    assert filed.read(newest) == "flv_2"
    filed.write(lambda tx: tx.releases.add(release(2, "flv_0")))
    assert filed.read(newest) == "flv_0"
    filed.write(lambda tx: tx.versions.update(version("flv_0", deleted_at=at(9))))
    assert filed.read(newest) == "flv_2"
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=1))
    assert filed.read(newest) == "flv_3"


def test_a_release_keeps_the_letter_of_its_content(filed: Desk) -> None:
    same = release(1)
    other = release(2, content=b'{"of":1.0}', description="d")
    filed.write(lambda tx: (tx.versions.add(version()), tx.releases.add(same), tx.releases.add(other)))
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_1", number=1)) == same
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_1", number=2)) == other
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_1", number=3)) is None
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_2", number=1)) is None


def test_a_number_is_never_used_again(filed: Desk) -> None:
    filed.write(lambda tx: (tx.versions.add(version()), tx.releases.add(release(1))))
    with pytest.raises(Clash, match=r"^release_number$"):
        filed.write(lambda tx: tx.releases.add(release(1)))
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=1))
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_1", number=1)) is None
    with pytest.raises(Clash, match=r"^release_number$"):
        filed.write(lambda tx: tx.releases.add(release(1)))
    assert filed.read(lambda tx: tx.releases.get(file_id="fl_1", number=1)) is None


def test_a_release_needs_a_version_of_its_file(filed: Desk) -> None:
    filed.write(lambda tx: tx.versions.add(version()))
    for lost in (release(1, "flv_none"), release(1, "flv_1", "fl_2")):
        with pytest.raises(Clash, match=r"^reference$"):
            filed.write(lambda tx, lost=lost: tx.releases.add(lost))


def test_a_version_knows_its_live_numbers(filed: Desk) -> None:
    filed.write(lambda tx: [tx.versions.add(version(f"flv_{n}")) for n in (1, 2)])
    filed.write(lambda tx: [tx.releases.add(release(n, f"flv_{1 + n % 2}")) for n in (10, 3, 2, 4)])
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=4))
    assert filed.read(lambda tx: tx.releases.of_version(version_id="flv_1")) == [2, 10]
    assert filed.read(lambda tx: tx.releases.of_version(version_id="flv_none")) == []


def test_runnable_releases_are_paged_by_number(filed: Desk) -> None:
    def numbers(tx: Transaction, before: int | None, take: int) -> list[int]:
        return [one.number for one in tx.releases.runnable(file_id="fl_1", before=before, take=take)]

    filed.write(lambda tx: tx.versions.add(version()))
    filed.write(lambda tx: [tx.releases.add(release(n, is_runnable=n != 4)) for n in range(1, 8)])
    filed.write(
        lambda tx: (
            tx.releases.remove(file_id="fl_1", number=2),
            tx.releases.remove(file_id="fl_1", number=2),
        )
    )
    assert filed.read(lambda tx: numbers(tx, None, 3)) == [7, 6, 5]
    filed.write(lambda tx: tx.releases.add(release(8)))
    assert filed.read(lambda tx: numbers(tx, 5, 3)) == [3, 1]
    assert filed.read(lambda tx: tx.releases.count_runnable(file_id="fl_1")) == 6
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=4))
    assert filed.read(lambda tx: tx.releases.count_runnable(file_id="fl_1")) == 6
    assert filed.read(lambda tx: tx.releases.count_runnable(file_id="fl_none")) == 0
    listed = filed.read(lambda tx: tx.releases.runnable(file_id="fl_1", before=2, take=1))
    assert listed == [release(1)]


def test_a_file_has_at_most_one_draft(filed: Desk) -> None:
    first = draft()
    second = draft(
        id="flv_other",
        content=b'{"a": 1}',
        is_edited=False,
        status=DraftStatus.PREPARED,
        findings=b"[]",
        snapshot_id="flv_s",
        snapshot=b"{}",
        snapshot_digest="sd",
        created_by="usr_2",
        created_at=at(1),
        updated_at=at(2),
    )
    assert filed.read(lambda tx: tx.drafts.get(file_id="fl_1")) is None
    filed.write(lambda tx: tx.drafts.put(first))
    assert filed.read(lambda tx: tx.drafts.get(file_id="fl_1")) == first
    filed.write(lambda tx: tx.drafts.put(second))
    assert filed.read(lambda tx: tx.drafts.get(file_id="fl_1")) == second
    assert filed.read(lambda tx: [d for _, d in tx.files.drafted(kind="flow", before=None, take=9)]) == [
        second
    ]
    with pytest.raises(Clash, match=r"^reference$"):
        filed.write(lambda tx: tx.drafts.put(draft("fl_none")))


def test_every_value_comes_back_as_it_went_in(filed: Desk) -> None:
    odd = version(content=b"\x00\xff", name="", description="\U0001f600", is_runnable=False, is_upserted=True)
    filed.write(lambda tx: tx.versions.add(odd))
    back = filed.read(lambda tx: tx.versions.get(id="flv_1"))
    assert back == odd
    assert [type(value) for value in msgspec.structs.astuple(back)] == [
        type(value) for value in msgspec.structs.astuple(odd)
    ]
    filed.write(lambda tx: tx.drafts.put(draft()))
    assert type(filed.read(lambda tx: tx.drafts.get(file_id="fl_1")).status) is DraftStatus


def test_nothing_of_a_version_is_seen_from_another_organisation(filed: Desk) -> None:
    def fill(tx: Transaction) -> None:
        tx.versions.add(version(name="n"))
        tx.releases.add(release())
        tx.drafts.put(draft())

    def look(tx: Transaction) -> list[object]:
        return [
            tx.versions.get(id="flv_1"),
            tx.versions.by_digest(file_id="fl_1", digest="digest of flv_1"),
            tx.versions.by_name(file_id="fl_1", name="n"),
            tx.versions.of_file(file_id="fl_1"),
            tx.versions.newest(file_id="fl_1"),
            tx.versions.count(file_id="fl_1"),
            tx.releases.get(file_id="fl_1", number=1),
            tx.releases.of_version(version_id="flv_1"),
            tx.releases.runnable(file_id="fl_1", before=None, take=9),
            tx.releases.count_runnable(file_id="fl_1"),
            tx.drafts.get(file_id="fl_1"),
        ]

    filed.write(fill)
    assert not any(filed.read(look, ABROAD))
    filed.write(lambda tx: tx.versions.update(version(deleted_at=START)), ABROAD)
    filed.write(lambda tx: tx.releases.remove(file_id="fl_1", number=1), ABROAD)
    assert all(filed.read(look))
    for work in (
        lambda tx: tx.versions.add(version()),
        lambda tx: tx.releases.add(release()),
        lambda tx: tx.drafts.put(draft()),
    ):
        with pytest.raises(Clash, match=r"^reference$"):
            filed.write(work, ABROAD)
    filed.write(lambda tx: (tx.files.add(file()), fill(tx)), ABROAD)
    assert filed.read(look, ABROAD) == filed.read(look)
