"""The playground of prompts in a browser: call a version, watch it answer, go on from the last call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ui.conftest import Screen
from tests.ui.running import Place, placed

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
TEMPLATE = [
    {"role": "system", "content": "You answer {{customer}}."},
    {"role": "user", "content": "{{question}}"},
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(tmp_path_factory.mktemp("ui prompt playground")) as found:
        yield found


@pytest.fixture
def screen(open_screen: Any, place: Place) -> Screen:
    found: Screen = open_screen(place.live)
    return found


def made(place: Place, path: str, *templates: Any) -> str:
    """The id of a prompt with a version of each template."""
    client = place.live.humanloop()
    versions = [client.prompts.upsert(path=path, model="gpt-4o", template=one) for one in templates]
    return str(versions[-1].id)


def output(screen: Screen) -> Any:
    return screen.page.get_by_role("region", name="What came out")


def button(screen: Screen, name: str) -> Any:
    return screen.page.get_by_role("button", name=name, exact=True)


def field(screen: Screen, name: str) -> Any:
    return screen.page.get_by_role("textbox", name=name, exact=True)


def test_a_prompt_is_called_and_called_again(screen: Screen, place: Place) -> None:
    prompt = made(place, "calls/Reply", TEMPLATE)
    screen.open(f"#/f/{prompt}")
    screen.page.get_by_role("link", name="Playground").click()
    field(screen, "customer").fill("Ada")
    field(screen, "question").fill("Why is it slow?")
    button(screen, "Add a message").click()
    field(screen, "Message 1").fill("It was fast yesterday.")
    button(screen, "Call").click()
    expect(output(screen)).to_contain_text("We are sorry that the export is slow.")
    expect(output(screen)).to_contain_text("Answered")
    expect(output(screen)).to_contain_text("640 in, 84 out")
    expect(output(screen)).to_contain_text("$0.0032")
    screen.shot("prompt-playground")
    screen.axe()
    screen.page.get_by_role("link", name="See its log").click()
    expect(screen.page.get_by_text("It was fast yesterday.").first).to_be_visible()
    screen.page.go_back()
    expect(field(screen, "customer")).to_have_value("Ada")
    expect(field(screen, "Message 1")).to_have_value("It was fast yesterday.")


def test_another_version_keeps_what_was_typed(screen: Screen, place: Place) -> None:
    prompt = made(place, "calls/Two", "Say {{text}}", "Say {{text}} to {{whom}}")
    screen.open(f"#/f/{prompt}/playground")
    field(screen, "text").fill("hello")
    expect(field(screen, "whom")).to_be_visible()
    screen.page.get_by_role("combobox", name="Call").select_option("1")
    expect(field(screen, "whom")).to_have_count(0)
    expect(field(screen, "text")).to_have_value("hello")
    assert "target=1" in screen.page.url
    field(screen, "text").focus()
    screen.page.keyboard.press("Control+Enter")
    expect(output(screen)).to_contain_text("Answered")
    [log] = place.asker.ask("GET", "files", prompt, "logs", take=1)["logs"]
    assert (log["number"], log["source"]) == (1, "playground")


def test_inputs_that_are_no_texts(screen: Screen, place: Place) -> None:
    prompt = made(place, "calls/Json", "Say {{text}}")
    screen.open(f"#/f/{prompt}/playground")
    screen.page.get_by_role("checkbox", name="JSON in text").check()
    field(screen, "text").fill("[1")
    button(screen, "Call").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("JSON")
    field(screen, "text").fill("[1, 2]")
    field(screen, "Another input").fill("days")
    screen.page.keyboard.press("Enter")
    field(screen, "days").fill("two")
    button(screen, "Call").click()
    expect(output(screen)).to_contain_text("Answered")
    [row] = place.asker.ask("GET", "files", prompt, "logs", take=1)["logs"]
    assert place.asker.ask("GET", "logs", row["id"])["inputs"] == {"text": [1, 2], "days": "two"}


def test_a_failure_is_told_in_words_and_a_call_is_stopped(screen: Screen, place: Place) -> None:
    prompt = made(place, "calls/Fails", "Say {{text}}")
    screen.open(f"#/f/{prompt}/playground")
    field(screen, "text").fill("it is broken")
    button(screen, "Call").click()
    expect(output(screen)).to_contain_text("The model is busy. Slow down.")
    expect(output(screen).get_by_role("link", name="See its log")).to_be_visible()
    expect(field(screen, "text")).to_have_value("it is broken")
    field(screen, "text").fill("late")
    button(screen, "Call").click()
    expect(output(screen)).to_contain_text("Answers")
    button(screen, "Stop").click()
    expect(output(screen)).to_contain_text("Stopped")
    expect(output(screen)).to_contain_text(re.compile("See its log"))
