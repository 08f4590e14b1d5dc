"""A file at a glance: figures over time, environments, its newest versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.ui.conftest import Screen
from tests.ui.library import api, library, load_example

DAYS = 30
NOW = datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A server that has the example, and a prompt that was used for a month.

    Attributes:
        flow, prompt: their ids.
        logs: how many the prompt has.
    """

    url: str
    flow: str
    prompt: str
    logs: int


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    with library(tmp_path_factory.mktemp("overview")) as running:
        prompt, logs = _used_prompt(running.url)
        yield Example(url=running.url, flow=load_example(running.url), prompt=prompt, logs=logs)


def _used_prompt(url: str) -> tuple[str, int]:
    """A prompt with some logs a day, of which a few failed; its id and how many there are.

    Each is on its day whatever the time is: an hour before one in the night is another day.
    """
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    made: dict[str, Any] = {}
    total = 0
    for day in range(DAYS):
        for number in range(1 + day % 4):
            total += 1
            at = midnight - timedelta(days=day) + (NOW - midnight) * (number + 1) / 6
            made = api(
                url,
                "POST",
                "/v5/prompts/log",
                path="support/Answer",
                prompt={"model": "m"},
                created_at=at.isoformat(),
                provider_latency=0.4 + 0.1 * (day % 5) + 0.3 * number,
                prompt_tokens=200 + 10 * day,
                output_tokens=50 + 5 * number,
                prompt_cost=0.001,
                output_cost=0.002,
                output="Dear customer …",
                error="no answer came" if day % 7 == 3 and number == 0 else None,
            )
            if number:
                _judge(url, made["id"], polite=day % 3 > 0)
    return str(made["prompt_id"]), total


def _judge(url: str, log_id: str, *, polite: bool) -> None:
    spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"}
    api(url, "POST", "/v5/evaluators/log", path="Polite", parent_id=log_id, judgment=polite, spec=spec)


@pytest.fixture
def screen(open_screen: object, example: Example) -> Screen:
    return open_screen(example)  # type: ignore[operator,no-any-return]


def figure(screen: Screen, name: str) -> Any:
    """The card of that name."""
    return screen.page.get_by_role("region", name=name, exact=True)


def test_a_flow(screen: Screen, example: Example) -> None:
    screen.open(f"#/f/{example.flow}")
    figure(screen, "Logs").get_by_role("link", name="14").wait_for()
    environments = screen.page.get_by_role("region", name="Environments")
    assert environments.get_by_role("link", name="production").inner_text().split() == [
        "production",
        "v1",
        *environments.get_by_role("link", name="production").inner_text().split()[2:],
    ]
    screen.page.get_by_role("region", name="Newest versions").get_by_role("link", name="v2").click()
    screen.page.wait_for_url("**/versions?version=2")
    screen.page.go_back()
    screen.shot("overview")
    screen.axe()


def test_a_prompt_over_a_month(screen: Screen, example: Example) -> None:
    screen.open(f"#/f/{example.prompt}")
    figure(screen, "Logs").get_by_role("link", name=str(example.logs)).wait_for()
    assert figure(screen, "Cost").locator(".figure-value").inner_text().startswith("$0.")
    assert figure(screen, "Found good").get_by_text("judgments").is_visible()
    screen.page.get_by_text("As a table").click()
    assert screen.page.locator(".figures-table tbody tr").count() >= DAYS - 1
    screen.page.get_by_text("As a table").click()
    screen.shot("overview-prompt")
    screen.axe()


def test_range_and_grain_are_in_the_address(screen: Screen, example: Example) -> None:
    screen.open(f"#/f/{example.prompt}?range=7d")
    week = screen.page.get_by_role("navigation", name="Time").get_by_role("link", name="7 days")
    assert week.get_attribute("aria-current") == "true"
    screen.page.get_by_role("navigation", name="By").get_by_role("link", name="by hour").click()
    screen.page.wait_for_url("**?range=7d&grain=hour")
    figure(screen, "Logs").locator(".chart-ends").filter(has_text=":00").wait_for()
    screen.page.get_by_role("link", name="a year").click()
    screen.page.wait_for_url("**?range=1y")
    figure(screen, "Logs").locator(".chart-ends").filter(has_text="Week from").wait_for()
    screen.page.go_back()
    figure(screen, "Logs").locator(".chart-ends").filter(has_text=":00").wait_for()


def test_numbers_and_bars_lead_to_the_logs_that_they_are_of(screen: Screen, example: Example) -> None:
    screen.open(f"#/f/{example.prompt}?range=30d")
    errors = figure(screen, "Errors").locator(".figure-value")
    errors.wait_for()
    query = parse_qs(str(errors.get_attribute("href")).partition("?")[2])
    assert query["error"] == ["true"]
    assert {"from", "to"} < query.keys()
    chart = figure(screen, "Logs").get_by_role("group")
    chart.focus()
    screen.page.keyboard.press("ArrowLeft")  # from the end: today
    told = figure(screen, "Logs").locator(".chart-told")
    told.filter(has_text="1 log, 0 errors").wait_for()
    screen.page.keyboard.press("ArrowLeft")
    told.filter(has_text="2 logs").wait_for()
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url("**/logs?from=*")


def test_nothing_was_logged_of_it(screen: Screen, example: Example) -> None:
    made = api(example.url, "POST", "/v5/flows", path="never used", attributes={"a": 1})
    screen.open(f"#/f/{made['id']}")
    screen.page.get_by_role("heading", name="Nothing was logged of it yet").wait_for()
    screen.shot("overview-unused")
    screen.axe()
