"""Deploying from the browser: what would come of it is shown, confirmed, and told in the history."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key
from tests.ui.conftest import Screen
from tests.ui.deployed import Deployed, deployed


@pytest.fixture
def flow(server: LiveServer) -> Deployed:
    return deployed(server)


def opened(screen: Screen, flow: Deployed, query: str = "") -> Any:
    """The deployments of a flow."""
    screen.open(f"#/f/{flow.id}/deployments{query}")
    screen.page.get_by_role("region", name="History").wait_for()
    return screen.page


def card(page: Any, pointer: str) -> Any:
    return page.get_by_role("region", name=pointer, exact=True)


def test_what_is_live_and_how_it_came_to_be(screen: Screen, flow: Deployed) -> None:
    flow.gate({"type": "approval", "by": 1}, {"type": "errors", "logs": 50, "max_rate": 0.05, "min_logs": 2})
    page = opened(screen, flow)
    production = card(page, "production")
    production.get_by_text("v3", exact=True).wait_for()
    production.get_by_text("try v3").wait_for()
    production.get_by_text("at most 5% errors of its newest 50 logs (of at least 2)").wait_for()
    production.get_by_text("Nobody has approved it.").wait_for()
    production.get_by_role("button", name="Approve").click()
    production.get_by_role("alert").wait_for()  # who made a version can't approve it
    card(page, "staging").get_by_text("v4", exact=True).wait_for()
    rows = page.get_by_role("region", name="History").locator("tbody tr")
    assert rows.count() == 4
    assert "v3" in rows.nth(1).inner_text()
    screen.allowed.append("409")
    screen.axe()
    screen.shot("deployments")


def test_promoting_from_the_head_of_the_page(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow)
    page.get_by_role("banner").or_(page.locator(".file-head")).get_by_role("link", name="Promote v4").click()
    dialog = page.get_by_role("dialog", name="Promote to production")
    dialog.get_by_role("region", name="Check: added").wait_for()
    assert "There is no gate here" in dialog.inner_text()
    assert flow.at()["number"] == 3, "looking changes nothing"
    screen.axe()
    screen.shot("promote")
    dialog.get_by_label("Reason").fill("it checks itself")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    page.get_by_role("status").filter(has_text="production is now at v4.").wait_for()
    live = flow.at()
    assert (live["number"], live["action"], live["reason"]) == (4, "promote", "it checks itself")
    page.locator(".pointer-chip").filter(has_text="production").get_by_text("v4", exact=True).wait_for()
    first = page.get_by_role("region", name="History").locator("tbody tr").first
    first.get_by_text("it checks itself").wait_for()
    assert "do=" not in page.url
    page.go_back()
    page.get_by_role("dialog").get_by_text("It is so already").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_closed_gate_and_how_admins_pass_it(screen: Screen, flow: Deployed) -> None:
    flow.gate({"type": "approval", "by": 1})
    page = opened(screen, flow, "?do=promote&pointer=production&from=staging")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("The gate is closed").wait_for()
    dialog.get_by_text("0 of 1 person needed approved v4").wait_for()
    confirm = dialog.get_by_role("button", name="Promote", exact=True)
    assert confirm.is_disabled()
    screen.shot("gate-closed")
    dialog.get_by_role("checkbox").check()
    assert confirm.is_disabled(), "without a reason"
    dialog.get_by_role("textbox", name="Reason").fill("customers wait")
    confirm.click()
    page.get_by_role("status").filter(has_text="production is now at v4.").wait_for()
    evidence = flow.ask("GET", "pointers", "production", "moves")["moves"][0]["evidence"]
    assert evidence["gate"]["is_overridden"] is True
    page.get_by_text("Evidence: the gate was overridden").click()
    page.locator(".evidence").get_by_text("0 of 1 person").wait_for()


def test_who_may_not_override_is_only_told(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    admin = create_key(live.store)["api_key"]
    editor = create_key(live.store, right="editor")["api_key"]
    reader = create_key(live.store, right="reader")["api_key"]
    flow = deployed(live, admin)
    flow.gate({"type": "approval", "by": 1})
    screen: Screen = open_screen(live)
    screen.allowed.append("401")
    sign_in(screen, editor, f"#/f/{flow.id}/deployments?do=promote&pointer=production&from=staging")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_text("The gate is closed").wait_for()
    assert dialog.get_by_role("checkbox").count() == 0
    assert dialog.get_by_role("button", name="Promote", exact=True).is_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    assert screen.page.get_by_role("link", name="Change the gate …").count() == 0
    screen.page.get_by_role("button", name="Sign out").click()
    sign_in(screen, reader, f"#/f/{flow.id}/deployments")
    card(screen.page, "production").wait_for()
    for name in ("Promote v4", "Deploy …", "Roll back to this"):
        assert screen.page.get_by_role("link", name=name).count() == 0


def test_others_approve_and_what_came_is_watched(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    admin = create_key(live.store, "admin", "--email", "old@example.com", "--full-name", "Ben")["api_key"]
    other = create_key(live.store, "editor", "--email", "ben@example.com", "--full-name", "Ben")["api_key"]
    flow = deployed(live, admin)
    watch = {"for_s": 600, "rules": [{"type": "errors", "max_rate": 0.5}]}
    body = {"rules": [{"type": "approval", "by": 1}], "watch": watch}
    flow.ask("PUT", "pointers", "production", "gate", body=body)
    screen: Screen = open_screen(live)
    screen.allowed.append("401")
    sign_in(screen, other, f"#/f/{flow.id}/deployments")
    production = card(screen.page, "production")
    production.get_by_role("button", name="Approve").click()
    production.get_by_role("listitem").filter(has_text="Ben").wait_for()
    production.get_by_role("button", name="Withdraw mine").click()
    production.get_by_text("Nobody has approved it.").wait_for()
    production.get_by_role("button", name="Approve").click()
    production.get_by_role("button", name="Withdraw mine").wait_for()
    screen.page.get_by_role("button", name="Sign out").click()
    sign_in(screen, admin, f"#/f/{flow.id}/deployments")
    production.get_by_role("button", name="Approve").wait_for()  # it was another Ben
    screen.open(f"#/f/{flow.id}/deployments?do=promote&pointer=production&from=staging")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_text("The gate is open").wait_for()
    dialog.get_by_role("button", name="Promote", exact=True).click()
    production.get_by_text("Being watched").wait_for()
    assert flow.at()["number"] == 4
    screen.axe()
    screen.shot("deployments-watched")


def sign_in(screen: Screen, key: str, link: str) -> None:
    screen.open(link)
    screen.page.get_by_label("API key").fill(key)
    screen.page.keyboard.press("Enter")
    screen.page.get_by_role("button", name="Sign out").wait_for()


def test_somebody_else_is_faster(screen: Screen, flow: Deployed) -> None:
    screen.allowed.append("409")
    page = opened(screen, flow, "?do=promote&pointer=production&from=staging")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("typed before")
    confirm = dialog.get_by_role("button", name="Promote", exact=True)
    dialog.get_by_role("region", name="What would come of it").wait_for()
    flow.ask("POST", "pointers", "production", "moves", body={"to": 1, "reason": "meanwhile"})
    confirm.click()
    dialog.get_by_text("Somebody else was faster").wait_for()
    assert flow.at()["number"] == 1, "nothing was overwritten"
    screen.shot("deployments-race")
    dialog.get_by_role("button", name="Look again").click()
    dialog.get_by_role("region", name="What would come of it").get_by_text("v1", exact=True).wait_for()
    assert dialog.get_by_label("Reason").input_value() == "typed before"
    confirm.click()
    page.get_by_role("status").filter(has_text="production is now at v4.").wait_for()


def test_rolling_back_to_any_move(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow)
    row = page.get_by_role("row").filter(has_text="try v2")
    row.get_by_role("link", name="Roll back to this").click()
    dialog = page.get_by_role("dialog", name="Roll production back")
    dialog.get_by_role("region", name="What would come of it").get_by_text("v2", exact=True).wait_for()
    dialog.get_by_role("button", name="Roll back").click()
    page.get_by_role("status").filter(has_text="production is now at v2.").wait_for()
    assert (flow.at()["number"], flow.at()["action"]) == (2, "rollback")


def test_switching_off_and_on_by_keyboard(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow)
    link = card(page, "production").get_by_role("link", name="Switch off …")
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("would be switched off").wait_for()
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("it tells secrets")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="production is switched off.").wait_for()
    headers = {"x-api-key": "any"}
    body = {"path": flow.path, "inputs": {}, "flow": {"attributes": {}}}
    live = flow.at()
    assert (live["is_off"], live["reason"]) == (True, "it tells secrets")
    assert httpx.get(f"{screen.url}/v5/flows/{flow.id}", headers=headers).status_code == 200, body
    card(page, "production").get_by_text("Switched off", exact=True).wait_for()
    page.locator(".pointer-chip").filter(has_text="production").get_by_role("link", name="Switch on").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch on").click()
    page.get_by_role("status").filter(has_text="production is switched on.").wait_for()
    assert flow.at()["is_off"] is False


def test_the_whole_flow_off(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow)
    page.get_by_role("button", name="Switch the whole flow off …").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("an incident")
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    page.get_by_text("The whole flow is switched off", exact=True).wait_for()
    assert flow.ask("GET", "switch")["is_off"] is True


def test_splitting_and_how_the_versions_do(screen: Screen, flow: Deployed) -> None:
    page = opened(screen, flow, "?do=split&pointer=production")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Version 2").select_option("4")
    dialog.get_by_label("Weight 2").fill("30")
    dialog.get_by_text("25%").first.wait_for()
    dialog.get_by_role("button", name="Split", exact=True).click()
    page.get_by_role("status").filter(has_text="The calls of production are split.").wait_for()
    weights = [(one["number"], one["weight"]) for one in flow.at()["shares"]]
    assert weights == [(3, 90), (4, 30)]
    table = card(page, "production").get_by_role("table")
    table.get_by_text("Latency, p95").wait_for()
    screen.axe()
    screen.shot("split")


def test_setting_a_gate(screen: Screen, flow: Deployed) -> None:
    screen.allowed.append("400")
    page = opened(screen, flow)
    card(page, "staging").get_by_role("link", name="Set a gate …").click()
    dialog = page.get_by_role("dialog", name="Gate of staging")
    dialog.get_by_role("group", name="Before a move").get_by_role("button", name="Add: errors").click()
    rate = dialog.get_by_label("Error rate, at most")
    rate.fill("7")
    dialog.get_by_role("button", name="Set the gate").click()
    dialog.get_by_role("alert").filter(has_text="A rate is from 0 to 1").wait_for()
    rate.fill("0.1")
    screen.axe()
    dialog.get_by_role("button", name="Set the gate").click()
    page.get_by_role("status").filter(has_text="The gate of staging is set.").wait_for()
    card(page, "staging").get_by_text("at most 10% errors of its newest 100 logs").wait_for()
    [gate] = flow.ask("GET", "pointers", "staging", "gate")["gates"]
    assert gate["gate"]["rules"] == [{"type": "errors", "logs": 100, "max_rate": 0.1}]
