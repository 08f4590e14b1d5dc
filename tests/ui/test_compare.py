"""Running two versions on the same inputs, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import Screen
from tests.ui.deployed import Deployed, deployed

CONFIG = """
[[models.route]]
match = "*"
provider = "echo"
"""


@pytest.fixture
def live(make_server: Any, tmp_path: Path) -> LiveServer:
    config = tmp_path / "models.toml"
    config.write_text(CONFIG)
    made: LiveServer = make_server(config=str(config))
    return made


@pytest.fixture
def flow(live: LiveServer) -> Deployed:
    return deployed(live)


def test_pairs_come_with_what_differs(open_screen: Any, live: LiveServer, flow: Deployed) -> None:
    live.humanloop().evaluators.upsert(
        path="judges/Short",
        spec={
            "arguments_type": "target_free",
            "return_type": "boolean",
            "evaluator_type": "python",
            "code": "def judge(log):\n    return len(log['output']) < 10000\n",
        },
    )
    screen: Screen = open_screen(live)
    screen.open(f"#/f/{flow.id}/compare?from=3&to=4&on=typed&judges=judges/Short")
    page = screen.page
    page.get_by_role("textbox", name="Inputs").fill("My invoice is wrong\nThe app crashes")
    page.get_by_role("button", name="Run both").click()
    totals = page.get_by_role("region", name="What it adds up to")
    totals.wait_for()
    assert "2 different" in totals.inner_text()
    assert "1.00 (2 judgments)" in totals.inner_text()
    first = page.get_by_role("region", name="Input 1", exact=True)
    assert "My invoice is wrong" in first.inner_text()
    assert first.locator("mark.after").count() > 0
    assert "FlowInput → Reply" in first.locator(".path").first.text_content()
    page.get_by_role("region", name="Input 2", exact=True).wait_for()
    screen.axe()
    screen.shot("compare")


def test_what_can_not_be_compared_is_said(open_screen: Any, live: LiveServer, flow: Deployed) -> None:
    screen: Screen = open_screen(live)
    screen.allowed += ["400", "404"]
    screen.open(f"#/f/{flow.id}/compare?from=3&to=4")
    page = screen.page
    page.get_by_text("Nothing was run yet").wait_for()
    screen.shot("compare-empty")
    page.get_by_role("button", name="Run both").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("A dataset").check()
    page.get_by_role("combobox", name="Dataset").fill("no/such")
    page.get_by_role("button", name="Run both").click()
    page.get_by_role("alert").filter(has_text="no/such").wait_for()
    assert "dataset=no%2Fsuch" in page.url, "what was typed stays"
