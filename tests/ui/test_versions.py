"""The table of versions, one of them as a picture, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.contract.bedrock.things import ROLE, definition
from tests.contract.conftest import boto_client
from tests.ui.conftest import Screen
from tests.ui.library import HOME, add_files, add_versions, api, library, load_example

MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """A server with an example, a flow of a thousand versions, and one that is a draft only.

    Attributes:
        example, many, drafted: the ids of the flows.
    """

    url: str
    example: str
    many: str
    drafted: str


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelves]:
    with library(tmp_path_factory.mktemp("versions")) as running:
        store = running.server.ports.store
        example = load_example(running.url)
        running.run(store.write(HOME, lambda tx: add_files(tx, 1)))
        running.run(store.write(HOME, lambda tx: add_versions(tx, "fl_many0", MANY)))
        agent = boto_client(running.url)
        made = agent.create_flow(name="drafted", executionRoleArn=ROLE, definition=definition())
        drafted = api(running.url, "GET", f"/files/{made['id']}")["id"]
        yield Shelves(url=running.url, example=example, many="fl_many0", drafted=drafted)


@pytest.fixture
def screen(open_screen: object, shelves: Shelves) -> Screen:
    return open_screen(shelves)  # type: ignore[operator,no-any-return]


def line(screen: Screen, version: str) -> Any:
    """The line of a version."""
    return screen.page.get_by_role("row").filter(has=screen.page.get_by_text(version, exact=True))


def beside(screen: Screen) -> Any:
    """What tells what a version changes."""
    return screen.page.get_by_role("complementary", name="What differs")


def test_a_version_and_what_it_changes(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions")
    beside(screen).get_by_role("heading", name="v1 → v2").wait_for()
    assert beside(screen).get_by_text("production", exact=True).is_visible()
    screen.page.locator(".flow-node.mark-added").filter(has_text="Billing").wait_for()
    newest = line(screen, "v2").get_by_role("cell").all_inner_texts()
    assert [one.strip() for one in newest[3:5]] == ["staging", "7"]
    assert newest[-1].strip() == "1.00"
    screen.shot("versions")
    screen.axe()


def test_another_version_by_its_line(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions")
    line(screen, "v1").click()  # anywhere on it
    screen.page.wait_for_url("**?version=1")
    beside(screen).get_by_text("There is nothing before it").wait_for()
    screen.page.locator(".flow-node").filter(has_text="Queue").wait_for()
    assert screen.page.locator(".flow-node").count() == 4
    screen.page.go_back()
    beside(screen).get_by_role("heading", name="v1 → v2").wait_for()


def test_a_node_is_in_the_address(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions?version=2&node=Route")
    screen.page.locator(".flow-node.selected").filter(has_text="Route").wait_for()
    beside(screen).get_by_role("button", name="Billing").click()
    screen.page.wait_for_url("**?version=2&node=Billing")
    screen.page.locator(".flow-node.selected").filter(has_text="Billing").wait_for()


def test_two_are_compared_by_keyboard(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions")
    for version in ("v2", "v1"):
        screen.page.get_by_role("checkbox", name=f"Compare {version}").focus()
        screen.page.keyboard.press("Space")
        screen.page.get_by_role("checkbox", name=f"Compare {version}", checked=True).wait_for()
    compare = screen.page.get_by_role("link", name="Compare v1 with v2")
    compare.focus()
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url("**/diff?from=1&to=2")


def test_numbers_lead_to_the_logs_of_the_version(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.example}/versions")
    line(screen, "v1").get_by_role("link", name="14.3%").click()
    screen.page.wait_for_url("**/logs?version=1&error=true")


def test_a_thousand_versions(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.many}/versions?version=17")
    line(screen, f"v{MANY}").wait_for()
    beside(screen).get_by_text("further down").wait_for()
    screen.page.get_by_role("region", name="What it says").get_by_text("version 17").wait_for()
    rows = screen.page.locator(".version-line")
    assert rows.count() == 50
    screen.page.get_by_role("button", name="Show older ones").click()
    line(screen, f"v{MANY - 99}").wait_for()
    assert rows.count() == 100
    screen.shot("versions-many")
    screen.axe()


def test_a_draft_without_versions(screen: Screen, shelves: Shelves) -> None:
    screen.open(f"#/f/{shelves.drafted}/versions")
    screen.page.get_by_text("not prepared").wait_for()
    screen.page.locator(".flow-node").first.wait_for()
    beside(screen).get_by_text("There is nothing before it").wait_for()
    screen.shot("versions-draft")
    screen.axe()
