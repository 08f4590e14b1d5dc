"""A real browser on a live server. A console error, a CSP report or a request to elsewhere fails any test."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer, make_server, server

__all__ = ["make_server", "server"]

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "build" / "screens"
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"wide": (1600, 940), "narrow": (390, 844)}
WITHIN_MS = 30_000
"""How long a browser may take for one thing, on a machine that is busy with other tests."""
TEST_WITHIN_S = 300
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A browser that calls nobody by itself."""
SERIOUS = {"serious", "critical"}
REPORTS = """
window.__reports = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__reports.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile);
});
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need a browser, and are too slow for the fast run."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.ui)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.live)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_WITHIN_S))


@dataclass
class Screen:
    """A page of the UI, and what went wrong on it.

    Attributes:
        allowed: patterns of console errors that the test means to cause.
    """

    page: Any
    url: str
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WITHIN_MS)
        self.page.add_init_script(REPORTS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._look)

    def _hear(self, told: Any) -> None:
        if told.type == "error":
            self.faults.append(f"{told.text} {told.location.get('url', '')}")

    def _look(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"a foreign request: {request.url}")

    def open(self, link: str = "#/") -> None:
        """Go to a view, as by a link from elsewhere."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/{link}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being loaded."""
        self.page.wait_for_load_state("networkidle")

    def copied(self, button: Any) -> str:
        """What a button puts on the clipboard, as soon as it is there."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        button.click()
        ends_at = time.monotonic() + WITHIN_MS / 1000
        while not (text := self.page.evaluate("navigator.clipboard.readText()")):
            assert time.monotonic() < ends_at, "nothing was copied"
        return str(text)

    def shot(self, name: str) -> None:
        """Keep pictures of what is to be seen: light and dark, wide and narrow."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        before = self.page.viewport_size
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in ("light", "dark"):
                self.page.emulate_media(color_scheme=theme)
                self.page.wait_for_timeout(150)  # for the canvas, which fits itself in after a resize
                self.page.screenshot(path=SCREENS / f"{name}-{size}-{theme}.png")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(before)

    def axe(self, *themes: str) -> None:
        """Fail on what makes this screen hard to use for some, in these themes, or in both."""
        for theme in themes or ("light", "dark"):
            self.page.emulate_media(color_scheme=theme)
            if not self.page.evaluate("'axe' in window"):
                self.page.evaluate(AXE.read_text())
            found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            bad = [
                (one["id"], one["help"], [node["html"][:160] for node in one["nodes"][:3]])
                for one in found
                if one["impact"] in SERIOUS
            ]
            assert not bad, (theme, bad)
        self.page.emulate_media(color_scheme="light")

    def check(self) -> None:
        """Fail on anything that went wrong so far."""
        reports = self.page.evaluate("window.__reports ?? []")
        faults = [one for one in self.faults if not any(re.search(pattern, one) for pattern in self.allowed)]
        assert not faults, faults
        assert not reports, reports


@pytest.fixture
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; one a test, because its event loop would be in the way of others."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    sync_api.expect.set_options(timeout=WITHIN_MS)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def open_screen(browser: Any) -> Iterator[Any]:
    """Screens of servers of a test's own: `open_screen(live)`."""
    opened: list[tuple[Screen, Any]] = []

    def make(live: LiveServer) -> Screen:
        context = browser.new_context(
            viewport={"width": SIZES["wide"][0], "height": SIZES["wide"][1]},
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened.append((Screen(page=context.new_page(), url=live.url), context))
        return opened[-1][0]

    yield make
    for screen, context in opened:
        try:
            screen.check()
        finally:
            context.close()


@pytest.fixture
def screen(open_screen: Any, server: LiveServer) -> Screen:
    """A screen of the server that all tests share; they keep apart by the names they use."""
    found: Screen = open_screen(server)
    return found


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    """The UI must be there: what is served is what was built."""
    folder = Path(os.environ.get("HEADRACE_TEST_WEB") or ROOT / "src" / "headrace" / "web")
    assert (folder / "index.html").is_file(), "the UI is not built: python hatch_build.py"
