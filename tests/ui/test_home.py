"""The tree of files, the first page, and what it says while there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.inprocess import InProcess
from tests.ui.conftest import Screen
from tests.ui.library import HOME, add_files, library, load_example

MANY = 10_000


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server with an example and ten thousand other flows."""
    with library(tmp_path_factory.mktemp("home")) as running:
        running.run(running.server.ports.store.write(HOME, lambda tx: add_files(tx, MANY)))
        load_example(running.url)
        yield running


@pytest.fixture
def screen(open_screen: object, stocked: InProcess) -> Screen:
    return open_screen(stocked)  # type: ignore[operator,no-any-return]


def test_ten_thousand_flows(screen: Screen) -> None:
    screen.open("#/")
    screen.page.get_by_role("treeitem", name="team 00").click()
    screen.page.get_by_role("treeitem", name="Flow 00000").wait_for()
    screen.shot("home")
    screen.axe()


def test_an_empty_store(tmp_path: Path, open_screen: object) -> None:
    with library(tmp_path) as running:
        screen: Screen = open_screen(running)  # type: ignore[operator]
        screen.open("#/")
        screen.page.get_by_role("heading", name="Nothing is here yet").wait_for()
        screen.shot("first-steps")
        screen.axe()
        screen.check()
