"""The whole story in a browser: draw a flow, run it, deploy it, break it, take it back, find what broke."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ui.conftest import Screen
from tests.ui.test_editor import node, saved

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

GOOD = "import time\ntime.sleep(1.5)\ntext[::-1]"
BAD = "text.backwards()"


def tab(page: Any, name: str) -> None:
    page.get_by_role("navigation", name="Of this file").get_by_role("link", name=name, exact=True).click()


def draw(page: Any) -> None:
    """From nothing: a node of code between the input and the output."""
    page.get_by_role("button", name="New flow").click()
    page.get_by_label("Path").fill("shop/Backwards")
    page.get_by_role("button", name="Make the flow").click()
    node(page, "Input").wait_for()
    page.get_by_role("button", name="Add node").click()
    page.get_by_label("Search node types").fill("inline")
    page.keyboard.press("Enter")
    node(page, "InlineCode").wait_for()
    connect(page, "Input", "document", "InlineCode.text")
    connect(page, "InlineCode", "response", "Output.document")


def connect(page: Any, source: str, output: str, target: str) -> None:
    node(page, source).click()
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_label("From output").select_option(label=output)
    panel.get_by_label("To input").select_option(label=target)
    panel.get_by_role("button", name="Connect", exact=True).click()


def release(page: Any, code: str, description: str) -> None:
    """Write the code, prepare, and make a version."""
    node(page, "InlineCode").click()
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_role("textbox", name="Code").fill(code)
    saved(page)
    page.get_by_role("button", name="Prepare").click()
    page.get_by_text("prepared", exact=True).wait_for()
    page.get_by_role("button", name="Make a version").click()
    page.get_by_label("What is new").fill(description)
    page.get_by_role("button", name="Make the version").click()
    page.get_by_role("heading", name="is made").wait_for()


def run(page: Any, text: str) -> Any:
    """Run what is in production; what came out."""
    page.get_by_role("combobox", name="Run").select_option(label=production(page))
    page.get_by_label("Input of Input").fill(text)
    page.get_by_role("button", name="Run", exact=True).click()
    return page.get_by_role("region", name="What came out")


def production(page: Any) -> str:
    option = page.get_by_role("combobox", name="Run").locator("option").filter(has_text="production")
    option.wait_for(state="attached")
    return str(option.inner_text())


def test_a_flow_is_drawn_deployed_broken_and_taken_back(make_server: Any, open_screen: Any) -> None:
    screen: Screen = open_screen(make_server())
    page = screen.page
    screen.open()
    draw(page)
    expect(page.get_by_role("complementary", name="Files and places")).to_contain_text("Backwards")
    release(page, GOOD, "Says it backwards")
    page.get_by_role("dialog").get_by_role("link", name="Deploy").click()
    page.get_by_role("region", name="production").get_by_role("link", name="Deploy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Version").select_option(index=1)
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    live = page.get_by_role("list", name="What is live")
    expect(live).to_contain_text("v1")

    tab(page, "Playground")
    out = run(page, "desserts")
    expect(node(page, "InlineCode").locator(".state-running")).to_be_visible()
    expect(out).to_contain_text("Succeeded")
    expect(out).to_contain_text("stressed")
    expect(node(page, "InlineCode").locator(".state-done")).to_be_visible()
    screen.shot("story-done")

    tab(page, "Editor")
    release(page, BAD, "Faster")
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    live.get_by_role("link", name="Deploy v2").click()
    expect(dialog).to_contain_text("text.backwards()")
    dialog.get_by_label("Reason").fill("It is faster")
    screen.shot("story-deploy")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(live).to_contain_text("v2")

    tab(page, "Playground")
    out = run(page, "desserts")
    expect(out).to_contain_text("Failed")
    expect(node(page, "InlineCode").locator(".state-failed")).to_be_visible()

    live.get_by_role("link", name="Roll back").click()
    dialog.get_by_label("Reason").fill("It is broken")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(live).to_contain_text("v1")
    tab(page, "Playground")
    expect(run(page, "desserts")).to_contain_text("stressed")

    tab(page, "Executions")
    page.get_by_label("Status", exact=True).select_option("Failed")
    rows = page.get_by_role("row").filter(has=page.locator("td"))
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link").first.click()
    page.get_by_role("button", name="Show where").click()
    side = page.get_by_role("complementary", name="The selected step")
    expect(side.get_by_role("heading", name="InlineCode")).to_be_visible()
    expect(side).to_contain_text("backwards")
    expect(node(page, "InlineCode").locator(".state-failed")).to_be_visible()
    screen.shot("story-found")

    tab(page, "Deployments")
    history = page.get_by_role("table").last
    for said in ("It is faster", "It is broken"):
        expect(history).to_contain_text(said)
