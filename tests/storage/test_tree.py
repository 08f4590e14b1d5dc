"""Laws of hidden files, directories, environments and lists over all kinds, for every store."""

from __future__ import annotations

import msgspec
import pytest
from tests.storage.things import ABROAD, START, Desk, at, directory, environment, file, move

from headrace.core.deployments import EnvironmentTag
from headrace.core.files import File, FileQuery, FileSort, hidden_path
from headrace.core.ports import Clash, Transaction

EVERY = FileQuery(sort=FileSort.CREATED_AT, descending=False)


def node(id: str = "pr_n", owner_id: str = "fl_1", kind: str = "prompt", name: str = "Ask") -> File:
    path = hidden_path(owner_id=owner_id, kind=kind, name=name)
    return file(id, kind=kind, path=path, short_name="name-1", owner_id=owner_id)


def ids(tx: Transaction, query: FileQuery = EVERY, skip: int = 0, take: int = 100) -> tuple[list[str], int]:
    files, total = tx.files.page(query, skip=skip, take=take)
    return [one.id for one in files], total


@pytest.fixture
def grown(desk: Desk) -> Desk:
    """Files of three kinds in nested directories."""
    places = {"fl_1": "a/x", "fl_2": "a/b/Y", "pr_3": "a/b/c/z", "tl_4": "ab/w", "fl_5": "v"}
    kinds = {"fl": "flow", "pr": "prompt", "tl": "tool"}

    def fill(tx: Transaction) -> None:
        for path in ("", "a", "a/b", "a/b/c", "ab"):
            above = None if not path else f"dir {path.rpartition('/')[0]}"
            tx.files.add_directory(directory(f"dir {path}", path, parent_id=above))
        for number, (one, path) in enumerate(places.items()):
            tx.files.add(
                file(
                    one,
                    kind=kinds[one[:2]],
                    path=path,
                    directory_id=f"dir {path.rpartition('/')[0]}",
                    created_at=at(number),
                    updated_at=at(-number),
                )
            )

    desk.write(fill)
    return desk


def test_a_hidden_file_shows_its_place_below_its_owner(desk: Desk) -> None:
    hidden = node()
    shown = msgspec.structs.replace(hidden, path="folder/fl_1/Ask", directory_id="dir_root")
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(hidden)))
    assert desk.read(lambda tx: tx.files.get(id="pr_n")) == shown
    assert desk.read(lambda tx: tx.files.at(path=hidden.path)) == shown
    assert desk.read(lambda tx: tx.files.by_short_id(kind="prompt", short_id="PR_N")) == shown
    desk.write(lambda tx: tx.files.update(file(path="else/where", directory_id="dir_9")))
    moved = desk.read(lambda tx: tx.files.get(id="pr_n"))
    assert (moved.path, moved.directory_id, moved.name) == ("else/where/Ask", "dir_9", "Ask")


def test_a_hidden_file_is_in_no_list_and_takes_no_name(desk: Desk) -> None:
    plain = file("pr_1", kind="prompt", short_name="name-1")
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(node()), tx.files.add(plain)))
    assert desk.read(lambda tx: tx.files.by_short_name(kind="prompt", short_name="name-1")) == plain
    assert desk.read(lambda tx: tx.files.count(kind="prompt")) == 1
    for query in (EVERY, FileQuery(kinds=("prompt",)), FileQuery(name="ask"), FileQuery(under="folder")):
        assert "pr_n" not in desk.read(lambda tx, query=query: ids(tx, query))[0]
    inside = desk.read(lambda tx: tx.files.of_directory(directory_id="dir_root", after=None, take=9))
    assert {one.id for one in inside} == {"fl_1", "pr_1"}


def test_a_node_is_hidden_once_for_each_kind(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(node())))
    desk.write(lambda tx: tx.files.add(node("tl_n", kind="tool")))
    with pytest.raises(Clash, match=r"^path$"):
        desk.write(lambda tx: tx.files.add(node("pr_m")))


def test_an_update_of_a_hidden_file_leaves_it_where_it_is(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(node())))

    def change(tx: Transaction) -> None:
        found = tx.files.get(id="pr_n")
        assert found is not None
        tx.files.update(msgspec.structs.replace(found, description="new"))

    desk.write(change)
    assert desk.read(lambda tx: tx.files.at(path=node().path)).description == "new"
    assert desk.read(lambda tx: tx.files.at(path="folder/fl_1/Ask")) is None


def test_hidden_files_go_with_their_owner(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(node()), tx.files.add(file("fl_2"))))
    desk.write(lambda tx: tx.files.add(node("pr_2", owner_id="fl_2")))
    desk.write(lambda tx: tx.files.remove(id="fl_1", at=START))
    assert desk.read(lambda tx: [tx.files.get(id="pr_n") is None, tx.files.get(id="pr_2") is None]) == [
        True,
        False,
    ]
    assert desk.read(lambda tx: (tx.files.count(kind="prompt"), ids(tx)[1])) == (0, 1)
    desk.write(lambda tx: tx.files.remove(id="pr_2", at=START))
    assert desk.read(lambda tx: tx.files.count(kind="prompt")) == 0


def test_files_of_all_kinds_are_listed(grown: Desk) -> None:
    assert grown.read(ids) == (["fl_1", "fl_2", "pr_3", "tl_4", "fl_5"], 5)
    some = FileQuery(kinds=("tool", "prompt"))
    assert grown.read(lambda tx: ids(tx, some)) == (["tl_4", "pr_3"], 2)
    assert grown.read(lambda tx: ids(tx, FileQuery(kinds=("agent", "low")))) == ([], 0)
    by_name = FileQuery(sort=FileSort.NAME, descending=False)
    assert grown.read(lambda tx: ids(tx, by_name)) == (["fl_2", "fl_5", "tl_4", "fl_1", "pr_3"], 5)
    by_change = FileQuery(sort=FileSort.UPDATED_AT)
    assert grown.read(lambda tx: ids(tx, by_change, skip=1, take=2)) == (["fl_2", "pr_3"], 5)
    assert grown.read(lambda tx: ids(tx, EVERY, skip=7)) == ([], 5)
    assert grown.read(ids, ABROAD) == ([], 0)


def test_files_below_a_directory_are_listed(grown: Desk) -> None:
    def below(path: str, **options: object) -> tuple[list[str], int]:
        query = msgspec.structs.replace(EVERY, under=path, **options)
        return grown.read(lambda tx: ids(tx, query))

    assert below("a") == (["fl_1", "fl_2", "pr_3"], 3)
    assert below("a/b") == (["fl_2", "pr_3"], 2)
    assert below("") == grown.read(ids)
    assert below("a", kinds=("flow",), name="y") == (["fl_2"], 1)
    assert below("a", sort=FileSort.NAME) == (["fl_2", "fl_1", "pr_3"], 3)
    assert below("a", sort=FileSort.UPDATED_AT, descending=True) == (["fl_1", "fl_2", "pr_3"], 3)
    assert below("nowhere") == ([], 0)
    few = msgspec.structs.replace(EVERY, under="a", kinds=("flow",))  # walked, not sorted
    assert grown.read(lambda tx: ids(tx, few, take=1)) == (["fl_1"], 2)
    assert grown.read(lambda tx: ids(tx, few, skip=1, take=1)) == (["fl_2"], 2)


def test_what_an_environment_has_is_listed(grown: Desk) -> None:
    def deployed(**options: object) -> tuple[list[str], int]:
        query = msgspec.structs.replace(EVERY, environment_id="env_1", **options)
        return grown.read(lambda tx: ids(tx, query))

    def deploy(tx: Transaction) -> None:
        for number, one in enumerate(("tl_4", "pr_3", "fl_5")):
            tx.pointers.move(move(f"mv_{number}", one))
        tx.pointers.move(move("mv_8", "fl_1", pointer_id="env_2"))
        tx.files.add(node())
        tx.pointers.move(move("mv_9", "pr_n"))

    grown.write(deploy)
    assert deployed() == (["pr_3", "tl_4", "fl_5"], 3)
    assert deployed(under="a") == (["pr_3"], 1)
    assert deployed(kinds=("flow",), sort=FileSort.NAME) == (["fl_5"], 1)
    found = grown.read(lambda tx: tx.pointers.of_environment(environment_id="env_1", take=9))
    assert [one.file_id for one in found] == ["fl_5", "pr_3", "pr_n", "tl_4"]
    assert grown.read(lambda tx: tx.pointers.of_environment(environment_id="env_1", take=2)) == found[:2]
    grown.write(lambda tx: tx.pointers.move(move("mv_7", "tl_4", version_id=None)))
    grown.write(lambda tx: tx.files.remove(id="pr_3", at=START))
    assert deployed() == (["fl_5"], 1)
    left = grown.read(lambda tx: tx.pointers.of_environment(environment_id="env_1", take=9))
    assert [one.file_id for one in left] == ["fl_5", "pr_n"]


def test_what_is_right_in_a_directory(grown: Desk) -> None:
    def inside(path: str, after: File | None = None, take: int = 9) -> list[str]:
        return [
            one.id
            for one in grown.read(
                lambda tx: tx.files.of_directory(directory_id=f"dir {path}", after=after, take=take)
            )
        ]

    more = [file(f"fl_{n}", path=f"a/{n // 2}", directory_id="dir a", short_name=f"s{n}") for n in (8, 9)]
    grown.write(lambda tx: tx.files.add(more[0]))
    assert inside("a") == ["fl_8", "fl_1"]
    assert inside("a", take=1) == ["fl_8"]
    assert inside("a", after=more[0]) == ["fl_1"]
    assert inside("nowhere") == []
    assert [one.path for one in grown.read(lambda tx: tx.files.directories())] == [
        "",
        "a",
        "a/b",
        "a/b/c",
        "ab",
    ]
    below = grown.read(lambda tx: tx.files.subdirectories(directory_id="dir "))
    assert [one.path for one in below] == ["a", "ab"]
    assert grown.read(lambda tx: tx.files.longest_path(under="a")) == len("a/b/c/z")
    assert grown.read(lambda tx: tx.files.longest_path(under="v")) == 0


def test_a_directory_moves_with_everything_below(grown: Desk) -> None:
    moved = directory("dir a", "new/ä", parent_id="dir ab", updated_at=at(99))
    grown.write(lambda tx: tx.files.update_directory(moved))
    assert grown.read(lambda tx: tx.files.directory(id="dir a")) == moved
    paths = [one.path for one in grown.read(lambda tx: tx.files.directories())]
    assert paths == ["", "ab", "new/ä", "new/ä/b", "new/ä/b/c"]
    found = grown.read(lambda tx: tx.files.at(path="new/ä/b/c/z"))
    assert (found.id, found.updated_at, found.directory_id) == ("pr_3", at(99), "dir a/b/c")
    assert grown.read(lambda tx: tx.files.at(path="a/x")) is None
    assert grown.read(lambda tx: tx.files.at(path="ab/w")).updated_at == at(-3)
    assert grown.read(lambda tx: ids(tx, FileQuery(name="Y")))[0] == ["fl_2"]


def test_a_directory_moves_nowhere_where_something_is(grown: Desk) -> None:
    before = grown.read(lambda tx: tx.files.directories())
    for path in ("ab", "v"):
        with pytest.raises(Clash, match=r"^path$"):
            grown.write(lambda tx, path=path: tx.files.update_directory(directory("dir a", path)))
    grown.write(lambda tx: tx.files.update_directory(directory("dir nowhere", "free")))
    grown.write(lambda tx: tx.files.update_directory(directory("fl_1", "free")))
    assert grown.read(lambda tx: tx.files.directories()) == before


def test_only_an_empty_directory_is_removed(grown: Desk) -> None:
    for one in ("dir a", "dir a/b/c", "dir nowhere", "fl_1"):
        assert grown.write(lambda tx, one=one: tx.files.remove_directory(id=one)) is False
    grown.write(lambda tx: tx.files.remove(id="pr_3", at=START))
    assert grown.write(lambda tx: tx.files.remove_directory(id="dir a/b/c")) is True
    assert grown.write(lambda tx: tx.files.remove_directory(id="dir a/b/c")) is False
    assert grown.read(lambda tx: tx.files.at(path="a/b/c")) is None
    grown.write(lambda tx: tx.files.add_directory(directory("dir_new", "a/b/c", parent_id="dir a/b")))
    assert grown.write(lambda tx: tx.files.remove_directory(id="dir a/b")) is False


def test_environments_change_and_go(desk: Desk) -> None:
    first = environment("env_1", "production", tag=EnvironmentTag.DEFAULT)
    second = environment("env_2", "staging", created_at=at(1))
    desk.write(lambda tx: (tx.environments.add(first), tx.environments.add(second)))
    for rule, change in (
        ("environment_name", msgspec.structs.replace(second, name="production")),
        ("environment_default", msgspec.structs.replace(second, tag=EnvironmentTag.DEFAULT)),
    ):
        with pytest.raises(Clash, match=f"^{rule}$"):
            desk.write(lambda tx, change=change: tx.environments.update(change))
    other = msgspec.structs.replace(first, name="old", tag=EnvironmentTag.OTHER)
    default = msgspec.structs.replace(second, name="production", tag=EnvironmentTag.DEFAULT)
    desk.write(lambda tx: (tx.environments.update(other), tx.environments.update(default)))
    assert desk.read(lambda tx: tx.environments.all()) == [other, default]
    desk.write(lambda tx: tx.environments.remove(id="env_1"))
    desk.write(lambda tx: tx.environments.remove(id="env_1"))
    desk.write(lambda tx: tx.environments.update(first))
    assert desk.read(lambda tx: tx.environments.all()) == [default]
    desk.write(lambda tx: tx.environments.add(environment("env_3", "old")))
