"""The playground in a browser: run, watch the nodes, look into them, stop, answer, copy the call."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ui.conftest import Screen
from tests.ui.running import TICKET, Place, clerk, placed, saying, triage

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(tmp_path_factory.mktemp("ui playground")) as found:
        yield found


@pytest.fixture
def screen(open_screen: Any, place: Place) -> Screen:
    found: Screen = open_screen(place.live)
    return found


def output(screen: Screen) -> Any:
    return screen.page.get_by_role("region", name="What came out")


def node(screen: Screen, name: str) -> Any:
    return screen.page.locator(".react-flow__node").filter(has_text=name).first


def test_the_nodes_light_up_as_they_run(screen: Screen, place: Place) -> None:
    flow = place.flow(triage())
    screen.open(f"#/f/{flow}/playground")
    field = screen.page.get_by_role("textbox", name=re.compile("Input of Ticket"))
    field.fill("not json")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(screen.page.get_by_role("alert")).to_contain_text("an object")
    field.fill(json.dumps({**TICKET, "body": "Our export goes slowly."}))
    screen.shot("playground-before")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(node(screen, "Classify")).to_contain_text("running")
    expect(node(screen, "Classify")).to_contain_text("done")
    expect(node(screen, "DraftReply")).to_contain_text("running")
    expect(output(screen)).to_contain_text("We are sorry")
    expect(output(screen)).to_contain_text("Succeeded")
    expect(node(screen, "Escalate")).not_to_contain_text("done")
    node(screen, "Classify").click()
    panel = screen.page.get_by_role("complementary", name="Node Classify")
    expect(panel).to_contain_text("Export is slow")
    expect(panel).to_contain_text("problem")
    screen.shot("playground")
    screen.axe()
    screen.page.get_by_role("link", name="See its steps").click()
    expect(screen.page.get_by_role("tree", name="Steps")).to_be_visible()
    screen.page.go_back()
    expect(field).to_have_value(re.compile("Export is slow"))  # the last document


def test_by_keyboard(screen: Screen, place: Place) -> None:
    flow = place.flow(saying())
    screen.open(f"#/f/{flow}/playground")
    field = screen.page.get_by_role("textbox", name=re.compile("Input of"))
    field.focus()
    screen.page.keyboard.type("hello")
    screen.page.keyboard.press("Control+Enter")
    expect(output(screen)).to_contain_text("Succeeded")
    screen.page.keyboard.press("Tab")
    expect(screen.page.get_by_role("button", name="Run", exact=True)).to_be_focused()


def test_a_run_is_stopped(screen: Screen, place: Place) -> None:
    flow = place.flow(saying())
    screen.open(f"#/f/{flow}/playground")
    screen.page.get_by_role("textbox", name=re.compile("Input of")).fill("late")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(node(screen, "Ask")).to_contain_text("running")
    screen.page.get_by_role("button", name="Stop").click()
    expect(output(screen)).to_contain_text("Stopped")
    screen.page.get_by_role("link", name="See its steps").click()
    expect(screen.page.get_by_text("Stopped").first).to_be_visible()


def test_a_failure_keeps_what_was_typed(screen: Screen, place: Place) -> None:
    flow = place.flow(saying())
    screen.open(f"#/f/{flow}/playground")
    field = screen.page.get_by_role("textbox", name=re.compile("Input of"))
    field.fill("it is broken")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(output(screen)).to_contain_text("The model is busy")
    expect(node(screen, "Ask")).to_contain_text("failed")
    expect(field).to_have_value("it is broken")


def test_an_agent_is_answered(screen: Screen, place: Place) -> None:
    flow = place.flow(clerk())
    screen.open(f"#/f/{flow}/playground")
    screen.page.get_by_role("textbox", name=re.compile("Input of")).fill("ask")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    answer = screen.page.get_by_role("textbox", name=re.compile("asks: Which colour"))
    expect(answer).to_be_focused()
    screen.shot("playground-asks")
    answer.fill("green")
    screen.page.keyboard.press("Enter")
    expect(output(screen)).to_contain_text("Green it is.")
    expect(output(screen)).to_contain_text("Succeeded")


def test_any_version_is_run_and_its_call_copied(screen: Screen, place: Place) -> None:
    flow = place.flow(saying())
    screen.open(f"#/f/{flow}/playground")
    picker = screen.page.get_by_role("combobox", name=re.compile("Run"))
    picker.select_option("draft")
    assert "target=draft" in screen.page.url
    screen.page.get_by_role("textbox", name=re.compile("Input of")).fill("it's tea")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(output(screen)).to_contain_text("Succeeded")
    [last, *_] = place.asker.ask("GET", "files", flow, "executions")["executions"]
    assert last["is_draft"] is True
    screen.page.get_by_role("button", name="Copy this call").click()
    dialog = screen.page.get_by_role("dialog")
    expect(dialog).to_contain_text("TSTALIASID")
    screen.shot("playground-copy")
    screen.axe()
    command = screen.copied(dialog.get_by_role("button", name="Copy curl"))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "flow_finished"
    program = screen.copied(dialog.get_by_role("button", name="Copy boto3"))
    assert "it's tea" in program
    compile(program, "snippet", "exec")


def test_a_flow_that_can_not_run(screen: Screen, place: Place) -> None:
    made = place.live.humanloop().flows.upsert(path="ui playground/no graph", attributes={"a": 1})
    screen.open(f"#/f/{made.id}/playground")
    expect(screen.page.get_by_text("Nothing of this flow can be run yet")).to_be_visible()
