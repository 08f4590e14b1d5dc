"""Where the name of a model is typed, those are offered that the server has routes for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import chain, install, prompt
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.ui.conftest import Screen

CONFIG = """
[[models.route]]
match = "house-model"
provider = "echo"

[[models.route]]
match = "house-*"
provider = "echo"
"""
OFFERED = "input => [...input.list.options].map(one => one.value).join()"


@pytest.fixture
def live(make_server: Any, tmp_path: Path) -> LiveServer:
    config = tmp_path / "models.toml"
    config.write_text(CONFIG)
    made: LiveServer = make_server(config=str(config))
    return made


def test_models_are_offered_and_others_can_be_typed(live: LiveServer, open_screen: Any) -> None:
    screen: Screen = open_screen(live)
    page = screen.page
    screen.open("#/evaluators/new")
    page.get_by_role("radio", name="Model").check()
    field = page.get_by_label("Model", exact=True).and_(page.locator("input[list]"))
    field.wait_for()
    screen.settle()
    assert field.evaluate(OFFERED) == "house-model", "a pattern is no name"
    screen.axe()
    short = install(live.boto("bedrock-agent"), chain(("Ask", "Prompt", prompt("Say {{text}}"))))
    flow = Asker(url=live.url).ask("GET", "files", short)["id"]
    screen.open(f"#/f/{flow}/editor?node=Ask")
    panel = page.get_by_role("complementary", name="What is chosen")
    field = panel.locator("input[list]")
    field.wait_for()
    screen.settle()
    assert field.evaluate(OFFERED) == "house-model"
    field.fill("another-model")
    page.get_by_role("status").filter(has_text="Saved").wait_for()
    assert field.input_value() == "another-model"
