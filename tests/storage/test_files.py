"""Laws of files and directories, for every store."""

from __future__ import annotations

import msgspec
import pytest
from tests.storage.things import ABROAD, START, Desk, at, directory, draft, file, user, version

from headrace.core.files import File, FileQuery, FileSort
from headrace.core.ports import Clash, Transaction


def page(tx: Transaction, **changes: object) -> tuple[list[str], int]:
    cut = {"skip": changes.pop("skip", 0), "take": changes.pop("take", 100)}
    options = {"kinds": ("flow",)} | changes
    files, total = tx.files.page(FileQuery(**options), **cut)  # type: ignore[arg-type]
    return [found.id for found in files], total


def test_a_file_is_found_by_each_of_its_names(desk: Desk) -> None:
    one = file()
    desk.write(lambda tx: tx.files.add(one))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == one
    assert desk.read(lambda tx: tx.files.by_short_id(kind="flow", short_id=one.short_id)) == one
    assert desk.read(lambda tx: tx.files.by_short_name(kind="flow", short_name=one.short_name)) == one
    assert desk.read(lambda tx: tx.files.at(path=one.path)) == one


def test_what_is_not_there_is_none(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add(file()))
    assert desk.read(lambda tx: tx.files.get(id="fl_2")) is None
    assert desk.read(lambda tx: tx.files.by_short_id(kind="prompt", short_id="FL_1")) is None
    assert desk.read(lambda tx: tx.files.by_short_id(kind="flow", short_id="fl_1")) is None
    assert desk.read(lambda tx: tx.files.by_short_name(kind="prompt", short_name="name-1")) is None
    assert desk.read(lambda tx: tx.files.at(path="folder")) is None


def test_the_root_stands_at_the_empty_path(desk: Desk) -> None:
    root = directory("dir_root", "")
    inner = directory("dir_1", "folder", parent_id="dir_root")
    desk.write(lambda tx: (tx.files.add_directory(root), tx.files.add_directory(inner)))
    assert desk.read(lambda tx: tx.files.at(path="")) == root
    assert desk.read(lambda tx: tx.files.at(path="folder")) == inner
    assert desk.read(lambda tx: tx.files.get(id="dir_1")) is None


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("path", file("fl_2", path="folder/fl_1", kind="prompt")),
        ("short_name", file("fl_2", short_name="name-1")),
        ("short_id", file("fl_2", short_id="FL_1", kind="prompt")),
        ("id", file("fl_1", path="p", short_name="s", short_id="I")),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(desk: Desk, rule: str, other: File) -> None:
    desk.write(lambda tx: tx.files.add(file()))
    with pytest.raises(Clash) as caught:
        desk.write(lambda tx: tx.files.add(other))
    assert caught.value.rule == rule
    assert desk.read(lambda tx: page(tx)) == (["fl_1"], 1)


def test_names_are_unique_for_each_kind_only(desk: Desk) -> None:
    other = file("pr_1", kind="prompt", short_name="name-1")
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(other)))
    assert desk.read(lambda tx: tx.files.by_short_name(kind="prompt", short_name="name-1")) == other


def test_a_path_is_unique_over_files_and_directories(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add_directory(directory()), tx.files.add(file())))
    for add in (
        lambda tx: tx.files.add(file("fl_2", path="folder")),
        lambda tx: tx.files.add_directory(directory("dir_2", "folder")),
        lambda tx: tx.files.add_directory(directory("dir_2", "folder/fl_1")),
    ):
        with pytest.raises(Clash, match=r"^path$"):
            desk.write(add)


def test_an_id_is_unique_over_files_and_directories(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add_directory(directory()))
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.files.add(file("dir_1")))
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.files.add_directory(directory("dir_1", "elsewhere")))


def test_an_update_replaces_everything_that_may_change(desk: Desk) -> None:
    changed = file(
        path="x/y",
        directory_id="dir_2",
        short_name="other",
        description="d",
        readme=None,
        tags=(),
        updated_at=at(9),
        last_number=7,
    )
    desk.write(lambda tx: tx.files.add(file()))
    desk.write(lambda tx: tx.files.update(changed))
    assert desk.read(lambda tx: tx.files.at(path="x/y")) == changed
    assert desk.read(lambda tx: tx.files.at(path="folder/fl_1")) is None


@pytest.mark.parametrize(("rule", "changes"), [("path", {"path": "b"}), ("short_name", {"short_name": "b"})])
def test_an_update_may_not_take_another_files_name(desk: Desk, rule: str, changes: dict[str, str]) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2", path="b", short_name="b"))))
    with pytest.raises(Clash, match=f"^{rule}$"):
        desk.write(lambda tx: tx.files.update(file(**changes)))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file()


def test_an_update_of_what_is_not_there_changes_nothing(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.update(file()))
    desk.write(lambda tx: tx.files.issue_number(id="fl_1", number=1, at=START))
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=START))
    assert desk.read(lambda tx: page(tx)) == ([], 0)


def test_numbers_only_grow(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add(file()))
    desk.write(lambda tx: tx.files.issue_number(id="fl_1", number=5, at=at(1)))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file(last_number=5, updated_at=at(1))
    desk.write(lambda tx: tx.files.issue_number(id="fl_1", number=4, at=at(2)))
    desk.write(lambda tx: tx.files.update(file(updated_at=at(3))))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file(last_number=5, updated_at=at(3))


def test_a_removed_file_is_gone_and_its_path_and_name_are_free(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.versions.add(version())))
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=at(1)))
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) is None
    assert desk.read(lambda tx: tx.files.at(path="folder/fl_1")) is None
    assert desk.read(lambda tx: tx.files.by_short_id(kind="flow", short_id="FL_1")) is None
    assert desk.read(lambda tx: tx.versions.get(id="flv_1")) is None
    assert desk.read(lambda tx: (page(tx), tx.files.count(kind="flow"))) == (([], 0), 0)
    heir = file("fl_2", path="folder/fl_1", short_name="name-1")
    desk.write(lambda tx: tx.files.add(heir))
    assert desk.read(lambda tx: tx.files.at(path="folder/fl_1")) == heir


def test_a_removed_file_keeps_its_ids(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add(file()))
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=at(1)))
    with pytest.raises(Clash, match=r"^short_id$"):
        desk.write(lambda tx: tx.files.add(file("fl_2", short_id="FL_1")))
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.files.add(file("fl_1", short_id="NEW")))


def test_files_are_counted_by_kind(desk: Desk) -> None:
    desk.write(lambda tx: [tx.files.add(file(f"fl_{n}")) for n in range(3)])
    desk.write(lambda tx: tx.files.add(file("pr_1", kind="prompt")))
    desk.write(lambda tx: (tx.files.remove(id="fl_0", at=START), tx.files.remove(id="fl_0", at=START)))
    assert desk.read(lambda tx: [tx.files.count(kind=k) for k in ("flow", "prompt", "tool")]) == [2, 1, 0]


def test_a_page_is_sorted_and_cut(desk: Desk) -> None:
    desk.write(
        lambda tx: (
            tx.files.add(file("fl_a", path="z/beta", created_at=at(1), updated_at=at(9))),
            tx.files.add(file("fl_b", path="a/Gamma", created_at=at(2), updated_at=at(8))),
            tx.files.add(file("fl_c", path="alpha", created_at=at(2), updated_at=at(7))),
            tx.files.add(file("pr_d", kind="prompt")),
        )
    )
    assert desk.read(lambda tx: page(tx)) == (["fl_c", "fl_b", "fl_a"], 3)
    assert desk.read(lambda tx: page(tx, descending=False)) == (["fl_a", "fl_b", "fl_c"], 3)
    assert desk.read(lambda tx: page(tx, sort=FileSort.UPDATED_AT)) == (["fl_a", "fl_b", "fl_c"], 3)
    by_name = {"sort": FileSort.NAME, "descending": False}
    assert desk.read(lambda tx: page(tx, **by_name)) == (["fl_b", "fl_c", "fl_a"], 3)
    assert desk.read(lambda tx: page(tx, sort=FileSort.NAME)) == (["fl_a", "fl_c", "fl_b"], 3)
    assert desk.read(lambda tx: page(tx, skip=1, take=1)) == (["fl_b"], 3)
    assert desk.read(lambda tx: page(tx, skip=5)) == ([], 3)


@pytest.mark.parametrize("name", ["ÄPFEL", "äpf", "100%_", "\\"])
def test_a_name_is_found_in_any_case_and_to_the_letter(desk: Desk, name: str) -> None:
    desk.write(lambda tx: tx.files.add(file("fl_1", path="äpfel 100%_\\")))
    desk.write(lambda tx: tx.files.add(file("fl_2", path="Äpfel 100%_\\/other 1000 %")))
    assert desk.read(lambda tx: page(tx, name=name)) == (["fl_1"], 1)
    assert desk.read(lambda tx: page(tx, name=name + "x")) == ([], 0)


def test_a_renamed_file_is_found_by_its_new_name(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add(file(path="old")))
    desk.write(lambda tx: tx.files.update(file(path="dir/NEW")))
    assert desk.read(lambda tx: [page(tx, name=n)[1] for n in ("old", "new", "dir")]) == [0, 1, 0]


def test_files_are_found_by_who_made_them_or_a_live_version(desk: Desk) -> None:
    desk.write(
        lambda tx: (
            tx.access.add_user(user("usr_1", email="Ada@x.com", full_name="Ada")),
            tx.access.add_user(user("usr_2", email="z@x.com", full_name="Zoë ÖZ")),
            tx.files.add(file("fl_1")),
            tx.files.add(file("fl_2", created_by="usr_2")),
            tx.files.add(file("fl_3", created_by="usr_gone")),
            tx.versions.add(version("flv_1", "fl_1", created_by="usr_2")),
            tx.versions.add(version("flv_3", "fl_3", created_by="usr_2", deleted_at=START)),
        )
    )
    assert desk.read(lambda tx: page(tx, user="ada@")) == (["fl_1"], 1)
    assert desk.read(lambda tx: page(tx, user="zoë ö")) == (["fl_2", "fl_1"], 2)
    assert desk.read(lambda tx: page(tx, user="zoë ö", name="FL_2")) == (["fl_2"], 1)
    assert desk.read(lambda tx: page(tx, user="x.com")) == (["fl_2", "fl_1"], 2)
    assert desk.read(lambda tx: page(tx, user="usr")) == ([], 0)


def test_drafted_files_come_newest_first_and_only_once(desk: Desk) -> None:
    made = [file(f"fl_{n}", created_at=at(n // 2)) for n in range(6)]
    desk.write(lambda tx: [tx.files.add(one) for one in made])
    desk.write(lambda tx: [tx.drafts.put(draft(one.id)) for one in made if one.id != "fl_3"])
    desk.write(lambda tx: tx.files.add(file("pr_1", kind="prompt")))
    desk.write(lambda tx: tx.drafts.put(draft("pr_1")))
    first = desk.read(lambda tx: tx.files.drafted(kind="flow", before=None, take=2))
    assert first == [(made[5], draft("fl_5")), (made[4], draft("fl_4"))]
    desk.write(lambda tx: (tx.files.add(file("fl_9", created_at=at(99))), tx.drafts.put(draft("fl_9"))))
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=at(100)))
    rest = desk.read(lambda tx: tx.files.drafted(kind="flow", before=(at(2), "fl_4"), take=9))
    assert [one.id for one, _ in rest] == ["fl_2", "fl_0"]


def test_every_value_comes_back_as_it_went_in(desk: Desk) -> None:
    odd = file(
        description="\u0000 \U0001f600 '; drop",
        readme="",
        tags=("", '"', "\\"),
        created_at=START.replace(microsecond=1),
        updated_at=START.replace(year=2199, microsecond=999_999),
        last_number=99_999,
    )
    desk.write(lambda tx: tx.files.add(odd))
    assert msgspec.structs.astuple(desk.read(lambda tx: tx.files.get(id="fl_1"))) == msgspec.structs.astuple(
        odd
    )


def test_nothing_of_a_file_is_seen_from_another_organisation(desk: Desk) -> None:
    def fill(tx: Transaction) -> None:
        tx.files.add_directory(directory())
        tx.files.add(file())
        tx.drafts.put(draft())

    desk.write(fill)
    look = lambda tx: (  # noqa: E731
        tx.files.get(id="fl_1"),
        tx.files.by_short_id(kind="flow", short_id="FL_1"),
        tx.files.by_short_name(kind="flow", short_name="name-1"),
        tx.files.at(path="folder"),
        tx.files.count(kind="flow"),
        page(tx),
        tx.files.drafted(kind="flow", before=None, take=9),
    )
    assert desk.read(look, ABROAD) == (None, None, None, None, 0, ([], 0), [])
    desk.write(lambda tx: tx.files.update(file(path="theirs")), ABROAD)
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=START), ABROAD)
    assert desk.read(lambda tx: tx.files.get(id="fl_1")) == file()
    desk.write(fill, ABROAD)
    assert desk.read(look, ABROAD) == desk.read(look)
