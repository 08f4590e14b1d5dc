"""Each screen that the routes name, new ones by themselves: usable by all, and of no more than its window's size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.ui.conftest import ROOT, SIZES, Screen
from tests.ui.library import api, library, load_example

ROUTES = (ROOT / "ui" / "src" / "shell" / "routes.tsx").read_text()
SECTIONS = (ROOT / "ui" / "src" / "screens" / "settings" / "Settings.tsx").read_text()
TABS = re.findall(
    r'^ {2}tab\("(\w+)", "[^"]+", \(\) => import\([^)]+\)(?:, \[([^\]]*)\])?', ROUTES, re.MULTILINE
)
PLACES = re.findall(r'^ {2}"?([\w/]*)"?: place\(', ROUTES, re.MULTILINE)
PARTS = 4
"""Of all screens, so that none of them takes long on a busy machine."""
FRAMES = 60
NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => done(null)))"
ZOOMED = (SIZES["wide"][0] // 2, SIZES["wide"][1] // 2)
OVER = "() => [document.documentElement, document.getElementById('main')].map(one => one.scrollWidth - one.clientWidth)"
CUT = """() => [...document.querySelectorAll('body *')].filter(one => {
  const said = [...one.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
  if (!said || one.closest('.react-flow, .hidden, svg') || !one.checkVisibility()) return false;
  const style = getComputedStyle(one);
  const cuts = way => ['hidden', 'clip'].includes(way) && style.textOverflow !== 'ellipsis';
  if (cuts(style.overflowX) && one.scrollWidth > one.clientWidth + 1) return true;
  if (cuts(style.overflowY) && one.scrollHeight > one.clientHeight + 1) return true;
  for (let box = one.parentElement; box; box = box.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth) return false;
  }
  const {left, right} = one.getBoundingClientRect();
  return right > innerWidth + 1 || left < -1;
}).map(one => one.outerHTML.slice(0, 160))"""
"""What has words of which some are out of sight, and no way to scroll to them; a canvas is moved."""
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


def settles(screen: Screen, look: str, wanted: object, *where: str) -> None:
    """What is looked at is as wanted, now or some frames after the window has got another size."""
    for _ in range(FRAMES):
        if screen.page.evaluate(look) == wanted:
            return
        screen.page.evaluate(NEXT_FRAME)
    assert screen.page.evaluate(look) == wanted, where


def test_what_is_cut_is_found(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 300})
    for style, is_cut in (
        ("width: 300px", False),
        ("width: 40px; overflow: hidden; white-space: nowrap", True),
        ("width: 40px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis", False),
        ("height: 8px; overflow: hidden", True),
        ("width: 500px", True),
        ("margin-left: -20px", True),
    ):
        page.set_content(f"<div style='overflow: hidden'><p style='{style}'>Some words to read.</p></div>")
        assert bool(page.evaluate(CUT)) is is_cut, style
    page.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_serious_and_nothing_beyond_the_window(screen: Screen, shown: Shown, part: int) -> None:
    """In each size and each theme; a wide window that is zoomed to 200 % is one of half its size."""
    screen.open("#/")
    for link in shown.links[part::PARTS]:
        screen.page.evaluate("link => { location.hash = link }", link)
        screen.page.locator(".loading").first.wait_for(state="detached")
        screen.settle()
        assert screen.page.title().endswith("Headrace")
        for size, (width, height) in (SIZES | {"zoomed": ZOOMED}).items():
            screen.page.set_viewport_size({"width": width, "height": height})
            if size != "zoomed":
                screen.axe()
            settles(screen, OVER, [0, 0], link, size)
            settles(screen, TALL, 0, link, size)
            settles(screen, CUT, [], link, size)
