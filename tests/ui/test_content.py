"""What files say that have no graph, in a browser: prompts, tools, agents, evaluators, datasets."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import Screen

_numbers = itertools.count(1)
WEATHER = {
    "name": "get_weather",
    "description": "Looks up the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "unit": {"enum": ["C", "F"], "description": "In which unit."},
        },
        "required": ["city"],
    },
}


@pytest.fixture
def folder() -> str:
    return f"ui content {next(_numbers)}"


def read(screen: Screen, made: Any, **query: str) -> Any:
    said = "&".join(f"{name}={value}" for name, value in query.items())
    screen.open(f"#/f/{made.id}/content{'?' if said else ''}{said}")
    return screen.page.locator(".content-view")


def test_a_prompt_is_a_chat(screen: Screen, server: LiveServer, folder: str) -> None:
    client = server.humanloop()
    tool = client.tools.upsert(path=f"{folder}/weather", function=WEATHER)
    template = [
        {"role": "system", "content": "You tell of the weather in {{city}}."},
        {"role": "user", "content": "{{question}}"},
    ]
    made = client.prompts.upsert(
        path=f"{folder}/ask",
        model="gpt-4o",
        template=template,
        temperature=0.2,
        tools=[WEATHER],
        linked_tools=[tool.id],
    )
    view = read(screen, made)
    view.get_by_text("You tell of the weather in {{city}}.").wait_for()
    for text in ("gpt-4o", "0.2", "get_weather", "optional"):
        assert view.get_by_text(text).count() >= 1, text
    view.get_by_role("link", name=f"{folder}/weather").wait_for()
    assert view.locator(".tok-hole").all_inner_texts() == ["{{city}}", "{{question}}"]
    screen.axe()
    screen.shot("content-prompt")
    client.prompts.upsert(path=f"{folder}/ask", model="gpt-4o", template="Say {{word}}")
    read(screen, made, version="2").get_by_text("Say {{word}}").wait_for()
    screen.page.get_by_label("Version").select_option("1")
    view.get_by_text("You tell of the weather in {{city}}.").wait_for()
    assert "version=1" in screen.page.url


def test_a_tool_is_a_table_of_parameters(screen: Screen, server: LiveServer, folder: str) -> None:
    source = "def get_weather(city):\n    return 'fine'\n"
    made = server.humanloop().tools.upsert(
        path=f"{folder}/weather", function=WEATHER, source_code=source, attributes={"team": "sky"}
    )
    view = read(screen, made)
    view.get_by_role("row").filter(has_text="city").get_by_text("Where.").wait_for()
    assert view.get_by_text("return 'fine'").count() == 1
    assert view.get_by_text("sky").count() == 1
    assert view.locator(".tok-word").all_inner_texts() == ["def", "return"]
    view.get_by_text("As JSON").click()
    view.locator(".tok-key").filter(has_text='"source_code"').wait_for()
    screen.axe()
    screen.shot("content-tool")


def test_an_agent_and_an_evaluator(screen: Screen, server: LiveServer, folder: str) -> None:
    client = server.humanloop()
    agent = client.agents.upsert(
        path=f"{folder}/agent",
        model="gpt-4o",
        template=[{"role": "system", "content": "Be quick."}],
        tools=[{"type": "inline", "json_schema": WEATHER, "on_agent_call": "continue"}],
    )
    view = read(screen, agent)
    view.get_by_text("Be quick.").wait_for()
    view.get_by_text("continue after a call").wait_for()
    spec = {
        "evaluator_type": "python",
        "arguments_type": "target_free",
        "return_type": "select",
        "options": [{"name": "fine", "valence": "positive"}],
        "code": "def judge(log):\n    return 'fine'\n",
    }
    judge = client.evaluators.upsert(path=f"{folder}/judge", spec=spec)
    view = read(screen, judge)
    view.get_by_text("return 'fine'").wait_for()
    assert view.get_by_text("positive").count() == 1


def test_datapoints_come_in_pages(screen: Screen, server: LiveServer, folder: str) -> None:
    points = [
        {"inputs": {"question": f"What is {n} times 2?", "n": str(n)}, "target": {"output": str(2 * n)}}
        for n in range(120)
    ]
    made = server.humanloop().datasets.upsert(path=f"{folder}/sums", datapoints=points)
    view = read(screen, made)
    view.get_by_text("1 to 50 of 120").wait_for()
    assert view.get_by_role("row").count() == 51
    assert view.get_by_text("What is 7 times 2?").count() == 1
    screen.axe()
    screen.shot("content-dataset")
    view.get_by_role("button", name="Next").click()
    view.get_by_text("51 to 100 of 120").wait_for()
    view.get_by_role("button", name="Next").click()
    view.get_by_text("101 to 120 of 120").wait_for()
    assert view.get_by_role("button", name="Next").is_disabled()
