"""The tree of files, the first page, and what it says while there is nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.inprocess import InProcess
from tests.ui.conftest import Screen
from tests.ui.library import HOME, add_files, api, library, load_example

MANY = 10_000
FOLDERS = 20
WITHIN_S = 60


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


def item(screen: Screen, name: str) -> Any:
    """What stands in the tree."""
    return screen.page.get_by_role("treeitem", name=name)


def test_ten_thousand_flows(screen: Screen) -> None:
    screen.open("#/")
    item(screen, "team 00").click()
    item(screen, "Flow 00000").wait_for()
    assert item(screen, "team 00").inner_text().split()[-2] == str(MANY // FOLDERS)
    assert screen.page.get_by_role("treeitem").count() == FOLDERS + 1 + 200 + 1, "a part of them, and more"
    item(screen, "Show more").click()
    item(screen, "Flow 07980").wait_for()
    screen.shot("home")
    screen.axe()


def test_the_tree_by_keyboard(screen: Screen) -> None:
    screen.open("#/")
    keyboard = screen.page.keyboard
    item(screen, "examples").focus()
    keyboard.press("ArrowRight")
    item(screen, "Where tickets go").wait_for()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keyboard.press(key)
    screen.page.get_by_role("heading", name="Where tickets go").wait_for()
    assert item(screen, "Where tickets go").get_attribute("aria-current") == "page"
    keyboard.press("ArrowLeft")
    assert screen.page.evaluate("document.activeElement.textContent").startswith("▾examples")
    keyboard.press("ArrowLeft")
    item(screen, "Where tickets go").wait_for(state="hidden")
    keyboard.press("End")
    assert "team 19" in screen.page.evaluate("document.activeElement.textContent")


def test_a_file_that_is_looked_at_is_shown_in_the_tree(screen: Screen, stocked: InProcess) -> None:
    screen.open("#/f/fl_many7")
    item(screen, "Flow 00007").wait_for()
    assert item(screen, "Flow 00007").get_attribute("aria-current") == "page"
    assert item(screen, "team 07").get_attribute("aria-expanded") == "true"
    screen.open("#/f/fl_many3919")  # far down in the tree
    item(screen, "Flow 03919").wait_for()
    row = item(screen, "Flow 03919").bounding_box()
    places = screen.page.get_by_role("navigation", name="Places").bounding_box()
    assert 0 < row["y"] < places["y"], "it is in sight, above the places, which stay where they are"
    assert places["y"] + places["height"] < screen.page.viewport_size["height"]
    assert screen.page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_server_that_is_away_for_a_while(screen: Screen) -> None:
    screen.allowed.append("ERR_FAILED")
    screen.open("#/")
    screen.page.route("**/api/**", lambda route: route.abort())
    screen.page.get_by_role("link", name="Evaluators").click()
    screen.page.get_by_role("alert").filter(has_text="can't be reached").wait_for()
    assert item(screen, "examples").is_visible()
    screen.page.unroute("**/api/**")
    screen.page.get_by_role("button", name="Try again").click()
    screen.page.get_by_role("link", name="examples/Right desk").wait_for()


def test_slash_searches_from_anywhere(screen: Screen) -> None:
    screen.open("#/settings")
    screen.page.keyboard.press("/")
    screen.page.keyboard.type("team 03 99")
    screen.page.get_by_text("25 files").wait_for()
    assert screen.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Search files"
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowUp")
    screen.page.keyboard.press("Enter")
    screen.page.get_by_role("heading", level=1).filter(has_text="Flow 0").wait_for()
    item(screen, "examples").wait_for()  # what was searched for is forgotten
    screen.page.keyboard.press("/")
    screen.page.keyboard.type("no such file")
    screen.page.get_by_text("Nothing has these words").wait_for()
    screen.page.keyboard.press("Escape")
    item(screen, "examples").wait_for()


def test_files_by_words_type_and_page(screen: Screen) -> None:
    screen.open("#/")
    rows = screen.page.locator(".files tbody tr")
    assert rows.first.inner_text().startswith("examples/")
    screen.page.get_by_role("link", name="Older →").click()
    screen.page.wait_for_url("**?after=*")
    screen.page.get_by_role("link", name="← Newest").wait_for()
    screen.page.go_back()
    screen.page.get_by_label("Words of the path").fill("tickets")
    screen.page.wait_for_url("**?search=tickets")
    screen.page.get_by_text("1 file", exact=True).wait_for()
    screen.page.get_by_label("Words of the path").fill("")
    screen.page.get_by_label("Type").select_option("evaluator")
    screen.page.wait_for_url("**?type=evaluator")
    rows.filter(has_text="Right desk").wait_for()
    assert rows.count() == 1
    screen.open("#/?search=nothing+like+it")
    screen.page.get_by_role("heading", name="Nothing is called").wait_for()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[InProcess]:
    """A server with nothing in its store. It must outlive its screens: they go on asking."""
    (tmp_path / "store").mkdir()
    with library(tmp_path / "store") as running:
        yield running


@pytest.fixture
def first(empty: InProcess, open_screen: Any) -> Screen:
    """Its screen."""
    found: Screen = open_screen(empty)
    return found


def test_an_empty_store_and_an_example(first: Screen) -> None:
    first.open("#/")
    first.page.get_by_role("heading", name="Nothing is here yet").wait_for()
    first.page.get_by_text("No files yet.").wait_for()
    first.shot("first-steps")
    first.axe()
    first.page.get_by_role("button", name="Load it").click()
    first.page.get_by_role("heading", name="Where tickets go").wait_for()
    item(first, "Where tickets go").wait_for()  # the tree knows of it


STEPS = {
    "humanloop": "My first flow",
    "boto3": "MyFirstFlow",
    "aws": "MyFlowByCommand",
    "headrace push": "pushed",
}


@pytest.mark.parametrize("client", STEPS)
def test_first_steps_work_as_they_are_written(client: str, first: Screen, tmp_path: Path) -> None:
    first.open("#/?start=1")
    first.page.get_by_role("link", name=client, exact=True).click()
    first.page.wait_for_url(f"**with={client.replace(' ', '+')}")
    block = first.page.locator(".copy").last
    block.get_by_role("button", name="Copy").click()
    block.get_by_role("button", name="Copied").wait_for()
    _carry_out(first.page.evaluate("navigator.clipboard.readText()"), tmp_path)
    found = api(first.url, "GET", f"/files?search={STEPS[client]}")
    assert [one["name"] for one in found["files"]] == [STEPS[client]]
    about = api(first.url, "GET", f"/files/{found['files'][0]['id']}")
    assert about["is_runnable"] is (client != "aws"), "the draft of the command is not prepared yet"


def _carry_out(text: str, folder: Path) -> None:
    """Run a program, or commands, as somebody would who has copied them."""
    is_program = text.startswith(("import", "from"))
    command = [sys.executable, "-c", text] if is_program else ["sh", "-ec", text]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "AWS_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**kept, "PATH": path}, capture_output=True, text=True, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
