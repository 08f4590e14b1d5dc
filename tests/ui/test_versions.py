"""The table of versions, one of them as a picture, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.contract.inprocess import InProcess
from tests.ui.conftest import Screen
from tests.ui.library import HOME, add_files, add_versions, library, load_example

MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """A server with an example, and a flow of a thousand versions.

    Attributes:
        example, many: the ids of the two flows.
    """

    url: str
    example: str
    many: str


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelves]:
    with library(tmp_path_factory.mktemp("versions")) as running:
        store = running.server.ports.store
        example = load_example(running.url)
        running.run(store.write(HOME, lambda tx: add_files(tx, 1)))
        running.run(store.write(HOME, lambda tx: add_versions(tx, "fl_many0", MANY)))
        yield Shelves(url=running.url, example=example, many="fl_many0")


@pytest.fixture
def screen(open_screen: object, shelves: InProcess) -> Screen:
    return open_screen(shelves)  # type: ignore[operator,no-any-return]


def test_a_version_and_what_it_changes(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions")
    screen.page.get_by_role("complementary", name="What differs").get_by_text("Billing").first.wait_for()
    screen.page.locator(".flow-node").first.wait_for()
    screen.shot("versions")
    screen.axe()


def test_a_thousand_versions(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.many}/versions")
    screen.page.get_by_role("row").nth(50).wait_for()
    screen.shot("versions-many")
