"""A file at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.ui.conftest import Screen
from tests.ui.library import library, load_example


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A server that has the example, and the id of its flow."""

    url: str
    flow: str


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    with library(tmp_path_factory.mktemp("overview")) as running:
        yield Example(url=running.url, flow=load_example(running.url))


@pytest.fixture
def screen(open_screen: object, example: Example) -> Screen:
    return open_screen(example)  # type: ignore[operator,no-any-return]


def test_figures_environments_and_versions(screen: Screen, example: Example) -> None:
    screen.open(f"#/f/{example.flow}")
    screen.page.get_by_role("region", name="Logs", exact=True).get_by_role("link", name="14").wait_for()
    screen.shot("overview")
    screen.axe()
