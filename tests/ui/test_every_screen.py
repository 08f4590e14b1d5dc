"""Each screen that the routes name, new ones by themselves: usable by all, and of no more than its window's size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.ui.conftest import ROOT, SIZES, Screen
from tests.ui.library import api, library, load_example

ROUTES = (ROOT / "ui" / "src" / "shell" / "routes.tsx").read_text()
SECTIONS = (ROOT / "ui" / "src" / "screens" / "settings" / "Settings.tsx").read_text()
TABS = re.findall(
    r'^ {2}tab\("(\w+)", "[^"]+", \(\) => import\([^)]+\)(?:, \[([^\]]*)\])?', ROUTES, re.MULTILINE
)
PLACES = re.findall(r'^ {2}"?([\w/]*)"?: place\(', ROUTES, re.MULTILINE)
OVER = "() => [document.documentElement, document.getElementById('main')].map(one => one.scrollWidth - one.clientWidth)"
TALL = "() => document.documentElement.scrollHeight - document.documentElement.clientHeight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A server, and what there is to be shown of it.

    Attributes:
        links: of all screens, by what they are of.
    """

    url: str
    links: list[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with library(tmp_path_factory.mktemp("every")) as running:
        flow = load_example(running.url)
        prompt = api(
            running.url, "POST", "/v5/prompts", path="odd/Tone", model="gpt-4o", template="Say {{what}}."
        )["id"]
        evaluator = api(running.url, "GET", "/evaluators")["evaluators"][0]["file"]["id"]
        (execution, *_) = api(running.url, "GET", f"/files/{flow}/executions")["executions"]
        log = api(running.url, "GET", "/logs?take=1")["logs"][0]["id"]
        below = {"evaluators/": [evaluator, "new"], "logs/": [log]}
        links = [f"#/f/{prompt if kinds and 'flow' not in kinds else flow}/{path}" for path, kinds in TABS]
        links += [f"#/{place}{one}" for place in PLACES for one in below.get(place, [""])]
        links += [f"#/settings/{section}" for section in re.findall(r'\{ path: "(\w+)"', SECTIONS)]
        links += [f"#/f/{flow}/executions/{execution['id']}", f"#/f/{flow}/diff?from=1&to=2", "#/nowhere"]
        yield Shown(url=running.url, links=links)


@pytest.fixture
def screen(open_screen: object, shown: Shown) -> Screen:
    return open_screen(shown)  # type: ignore[operator,no-any-return]


def test_the_routes_are_read() -> None:
    assert len(TABS) == ROUTES.count('  tab("') >= 10
    assert len(PLACES) == ROUTES.count(": place(") >= 6


@pytest.mark.parametrize(("size", "theme"), [("wide", "light"), ("narrow", "dark")])
def test_nothing_serious_and_nothing_beyond_the_window(
    screen: Screen, shown: Shown, size: str, theme: str
) -> None:
    width, height = SIZES[size]
    screen.page.set_viewport_size({"width": width, "height": height})
    screen.open("#/")
    for link in shown.links:
        screen.page.evaluate("link => { location.hash = link }", link)
        screen.page.locator(".loading").first.wait_for(state="detached")
        screen.settle()
        screen.axe(theme)
        assert screen.page.evaluate(OVER) == [0, 0], link
        assert screen.page.evaluate(TALL) == 0, link
        assert screen.page.title().endswith("Headrace")
