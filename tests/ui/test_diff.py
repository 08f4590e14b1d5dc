"""What differs between two versions: on the canvas, node by node, as text; each view is a link."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import Screen
from tests.ui.deployed import Deployed, deployed


@pytest.fixture
def flow(server: LiveServer) -> Deployed:
    return deployed(server)


def opened(screen: Screen, flow: Deployed, query: str) -> Any:
    screen.open(f"#/f/{flow.id}/diff?{query}")
    screen.page.get_by_role("complementary", name="What differs").wait_for()
    return screen.page


def test_node_by_node_with_marks_on_the_canvas(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow, "from=3&to=4")
    reply = page.get_by_role("region", name="Reply: changed")
    assert reply.locator("del").all_inner_texts() == ["exactly one sentence"]
    assert reply.locator("ins").all_inner_texts() == ["two short sentences"]
    assert "… templateConfiguration.text.text" in reply.inner_text()
    page.get_by_role("region", name="Check: added").get_by_text("The whole node").click()
    canvas = page.get_by_role("region", name="Both versions as one graph")
    assert canvas.locator(".flow-node.mark-added").count() == 1
    assert canvas.locator(".flow-node.mark-changed").count() == 1
    assert (
        "Reply.modelCompletion → Check.ticket" in page.get_by_role("region", name="Connections").inner_text()
    )
    page.get_by_role("button", name="Check", exact=True).first.click()
    assert "node=Check" in page.url
    canvas.locator(".flow-node.selected").wait_for()
    screen.axe()
    screen.shot("diff")


def test_a_rename_reads_as_a_rename(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow, "from=2&to=3")
    renamed = page.get_by_role("region", name="Reply: renamed")
    assert "was Answer" in renamed.inner_text().replace("\n", " ")
    assert page.locator(".flow-node.mark-renamed").count() == 1
    assert page.get_by_role("region", name="Connections").count() == 0, "they only follow the name"


def test_what_was_removed_is_drawn(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow, "from=4&to=3")
    page.get_by_role("region", name="Check: removed").wait_for()
    assert page.locator(".flow-node.mark-removed").count() == 1


def test_the_address_is_the_pair(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow, "")
    assert page.get_by_label("Before").input_value() == "3", "what the default environment targets"
    assert page.get_by_label("After").input_value() == "4", "the newest"
    page.get_by_label("Before").select_option("1")
    page.get_by_text("v1 → v4").wait_for()
    page.get_by_role("button", name="Swap").click()
    page.get_by_text("v4 → v1").wait_for()
    page.go_back()
    page.get_by_text("v1 → v4").wait_for()
    page.get_by_label("After").select_option("production")
    page.get_by_text("v1 → v3").wait_for()
    page.get_by_role("link", name="As text").click()
    page.get_by_text("~ node Reply (Prompt), was Answer").wait_for()
    screen.axe()
    screen.shot("diff-text")
    page.get_by_label("After").select_option("1")
    page.get_by_text("no differences").wait_for()


def test_what_is_not_there_is_said(screen: Screen, flow: Deployed) -> None:
    screen.allowed.append("404")
    screen.open(f"#/f/{flow.id}/diff?from=99&to=4")
    screen.page.get_by_role("alert").filter(has_text="99").wait_for()


def test_files_without_a_graph(screen: Screen, server: LiveServer) -> None:
    client, path = server.humanloop(), "diff/Tone"
    for template in ("Say {{x}} in a friendly way, please.", "Say {{x}} in a kind way, please."):
        made = client.prompts.upsert(path=path, model="gpt-4o", template=template)
    screen.open(f"#/f/{made.id}/diff?from=1&to=2")
    changed = screen.page.get_by_role("complementary", name="What differs")
    changed.locator("ins").first.wait_for()
    assert changed.locator("del").all_inner_texts() == ["friendly"]
    assert changed.locator("ins").all_inner_texts() == ["kind"]
    assert screen.page.locator(".flow-node").count() == 0
    screen.axe()
    screen.shot("diff-prompt")
