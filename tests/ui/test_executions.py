"""Executions in a browser: the list and its filters, one with its steps and its path, stop and delete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ui.conftest import Screen
from tests.ui.running import TICKET, Place, clerk, placed, saying, triage

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(tmp_path_factory.mktemp("ui executions")) as found:
        yield found


@pytest.fixture(scope="module")
def flow(place: Place) -> str:
    """A flow of many nodes that ran a few times; once it failed."""
    made = place.flow(triage())
    for turn in range(3):
        place.run(made, {**TICKET, "subject": f"Export is slow, {turn}"})
    place.run(made, {**TICKET, "body": "It is broken."})
    return made


@pytest.fixture
def screen(open_screen: Any, place: Place) -> Screen:
    found: Screen = open_screen(place.live)
    return found


def rows(screen: Screen) -> Any:
    return screen.page.get_by_role("row").filter(has=screen.page.locator("td"))


def test_the_list_is_filtered_by_the_address(screen: Screen, flow: str) -> None:
    screen.open(f"#/f/{flow}/executions")
    expect(rows(screen)).to_have_count(4)
    expect(rows(screen).first).to_contain_text("Failed")
    screen.shot("executions")
    screen.axe()
    screen.page.get_by_label("Status", exact=True).select_option("Succeeded")
    expect(rows(screen)).to_have_count(3)
    assert "status=Succeeded" in screen.page.url
    screen.page.go_back()
    expect(rows(screen)).to_have_count(4)
    rows(screen).first.get_by_role("link", name="Classify").click()
    expect(rows(screen)).to_have_count(1)
    assert "failed_node=Classify" in screen.page.url
    expect(screen.page.get_by_label("Failed node")).to_have_value("Classify")
    screen.open(f"#/f/{flow}/executions?status=TimedOut")
    expect(screen.page.get_by_text("No execution is like that")).to_be_visible()


def test_a_flow_that_never_ran_says_how_to_run_it(screen: Screen, place: Place) -> None:
    screen.open(f"#/f/{place.flow(saying())}/executions")
    expect(screen.page.get_by_text("This flow never ran")).to_be_visible()
    expect(screen.page.get_by_text("headrace run")).to_be_visible()
    screen.axe()


def test_an_execution_with_its_steps_and_its_path(screen: Screen, place: Place, flow: str) -> None:
    screen.open(f"#/f/{flow}/executions?status=Succeeded")
    rows(screen).first.get_by_role("link").first.click()
    tree = screen.page.get_by_role("tree", name="Steps")
    for node in ("Ticket", "Classify", "CleanLabel", "Route", "DraftReply", "DraftOutput"):
        expect(tree.get_by_role("treeitem").filter(has_text=re.compile(f"^.?{node}")).first).to_be_visible()
    expect(tree.get_by_text("Escalate")).to_have_count(0)
    side = screen.page.get_by_role("complementary", name="The selected step")
    expect(side).to_contain_text("Execution")
    line = screen.page.locator(".react-flow__edge.taken:not(.conditional)").first
    line.dispatch_event("mouseover")
    expect(screen.page.locator(".line-label")).to_have_count(1)
    line.dispatch_event("mouseout")
    expect(screen.page.locator(".line-label")).to_have_count(0)
    tree.get_by_role("treeitem").filter(has_text="Classify").first.click()
    expect(side.get_by_role("heading", name="Classify")).to_be_visible()
    expect(side).to_contain_text("problem")
    expect(side).to_contain_text("213")
    assert "step=" in screen.page.url
    screen.shot("execution")
    screen.axe()
    expect(screen.page.locator(".line-label")).to_have_count(3)
    screen.page.get_by_label("Values on all connections").check()
    expect(screen.page.locator(".line-label")).to_have_count(8)
    screen.shot("execution-values")
    taken = screen.page.locator(".react-flow__edge.taken")
    expect(taken).to_have_count(9)


def test_keys_go_from_step_to_step(screen: Screen, flow: str) -> None:
    screen.open(f"#/f/{flow}/executions?status=Succeeded")
    rows(screen).first.get_by_role("link").first.focus()
    screen.page.keyboard.press("Enter")
    tree = screen.page.get_by_role("tree", name="Steps")
    tree.focus()
    side = screen.page.get_by_role("complementary", name="The selected step")
    for key, name in (
        ("Home", "Execution"),
        ("ArrowDown", "Ticket"),
        ("ArrowDown", "Classify"),
        ("ArrowRight", "InvokeModel"),
        ("ArrowLeft", "Classify"),
        ("End", "DraftOutput"),
        ("ArrowUp", "InvokeModel"),
        ("Home", "Execution"),
    ):
        screen.page.keyboard.press(key)
        expect(side.get_by_role("heading").first).to_have_text(re.compile(name))
    screen.page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem")).to_have_count(1)
    screen.page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem").nth(5)).to_be_visible()


def test_a_failure_comes_first(screen: Screen, place: Place, flow: str) -> None:
    [failed] = place.asker.ask("GET", "files", flow, "executions", status="Failed")["executions"]
    screen.open(f"#/f/{flow}/executions/{failed['id']}")
    expect(screen.page.get_by_role("alert").first).to_contain_text("The model is busy")
    side = screen.page.get_by_role("complementary", name="The selected step")
    expect(side.get_by_role("heading", name="Classify")).to_be_visible()
    expect(side).to_contain_text("The model is busy")
    screen.shot("execution-failed")
    screen.axe()


def test_neighbours_are_links(screen: Screen, place: Place, flow: str) -> None:
    newest, older, *_ = place.asker.ask("GET", "files", flow, "executions")["executions"]
    screen.open(f"#/f/{flow}/executions/{newest['id']}")
    screen.page.get_by_role("link", name="Previous execution").click()
    expect(screen.page).to_have_url(re.compile(older["id"]))
    screen.page.get_by_role("link", name="Next execution").click()
    expect(screen.page).to_have_url(re.compile(newest["id"]))
    expect(screen.page.get_by_role("link", name="Next execution")).to_have_count(0)


def test_what_runs_is_watched_and_stopped(screen: Screen, place: Place) -> None:
    flow = place.flow(saying())
    begun = place.asker.ask("POST", "files", flow, "executions", body={"input": "late", "target": "draft"})
    screen.open(f"#/f/{flow}/executions")
    expect(rows(screen).first).to_contain_text("Running")
    screen.open(f"#/f/{flow}/executions/{begun['id']}")
    expect(screen.page.get_by_role("treeitem").filter(has_text="Ask")).to_contain_text("Running")
    screen.shot("execution-running")
    screen.open(f"#/f/{flow}/executions")
    rows(screen).first.get_by_role("button", name="Stop").click()
    expect(rows(screen).first).to_contain_text("Stopped")
    rows(screen).first.get_by_role("link").first.click()
    screen.page.get_by_role("button", name="Delete").click()
    screen.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(screen.page.get_by_text("This flow never ran")).to_be_visible()
    assert begun["id"] not in screen.page.url


def test_what_waits_says_what_it_asks(screen: Screen, place: Place) -> None:
    flow = place.flow(clerk())
    waits = place.run(flow, "ask")
    screen.open(f"#/f/{flow}/executions/{waits}")
    expect(screen.page.get_by_text("Which colour?").first).to_be_visible()
    screen.page.get_by_role("link", name="Answer").click()
    screen.page.get_by_role("textbox", name=re.compile("asks")).fill("green")
    screen.page.get_by_role("button", name="Answer").click()
    expect(screen.page.get_by_text("Green it is.")).to_be_visible()


def test_one_that_is_not_there(screen: Screen, flow: str) -> None:
    screen.allowed.append("404")
    screen.open(f"#/f/{flow}/executions/exe_none")
    expect(screen.page.get_by_text("There is no execution")).to_be_visible()
    screen.page.get_by_role("link", name="All executions of this flow").click()
    expect(rows(screen)).to_have_count(4)
