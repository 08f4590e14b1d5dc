"""How soon pages of the web UI are painted by a browser that has nothing of them: on loopback, and far away.

Needs Playwright and a Chromium, and a UI that is built.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench.server import headrace

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
AWAY_MS = 40
FILES = int(os.environ.get("BENCH_FILES", "2000"))
AT_ONCE = 16
WITHIN_MS = 60_000
"""How long a page may take; one that never shows what it is for is an error, not a figure."""
READ = "() => performance.now()"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
BYTES = """() => performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .reduce((sum, one) => sum + one.transferSize, 0)"""
PAGES = {
    "home": ("#/", ".files tbody tr"),
    "overview": ("#/f/{flow}", ".figure"),
    "versions": ("#/f/{flow}/versions", ".flow-node"),
}
"""Each page's link, and what is there once it shows what it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page, loaded once by a browser that had nothing of it.

    Attributes:
        shown_ms: until what is wanted is there.
        sent_bytes: compressed, with headers, until then.
    """

    first_paint_ms: float
    shown_ms: float
    requests: int
    sent_bytes: int


def stock(url: str) -> str:
    """Load the example beside some other flows; the id of its flow."""
    headers = {"x-api-key": "any"}
    with httpx.Client(headers=headers, timeout=60) as client, ThreadPoolExecutor(AT_ONCE) as several:

        def write(number: int) -> None:
            body = {"path": f"team {number % 20:02}/Flow {number:05}", "attributes": {"a": number}}
            client.post(f"{url}/v5/flows", json=body).raise_for_status()

        list(several.map(write, range(FILES)))
        made = client.post(f"{url}/api/examples/tickets").raise_for_status().json()
    return str(made["file"]["id"])


def load(browser: Browser, url: str, shown: str, *, away_ms: int) -> Shown:
    """Load a page until it shows what it is for."""
    context = browser.new_context(viewport={"width": 1600, "height": 940})
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    if away_ms:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        conditions = {"offline": False, "latency": away_ms, "downloadThroughput": -1, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", conditions)
    page.goto(url)
    page.locator(shown).first.wait_for()
    shown_ms = float(page.evaluate(READ))
    seen = Shown(
        first_paint_ms=float(page.evaluate(PAINTED) or shown_ms),
        shown_ms=shown_ms,
        requests=len(requests),
        sent_bytes=int(page.evaluate(BYTES)),
    )
    context.close()
    return seen


def measure() -> dict[str, Any]:
    """Medians of each page, cold. They take turns, so that what else the machine does is the same for all."""
    built = os.environ.get("HEADRACE_TEST_WEB", "")  # another build than the package's
    runs: dict[str, list[Shown]] = {}
    with headrace(web_folder=built) as server, sync_playwright() as playwright:
        flow = stock(server.url)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for turn in range(ROUNDS):
            print(f"turn {turn + 1} of {ROUNDS}", file=sys.stderr)
            for name, (link, shown) in PAGES.items():
                for place, away_ms in (("loopback", 0), (f"{AWAY_MS} ms away", AWAY_MS)):
                    seen = load(browser, f"{server.url}/{link.format(flow=flow)}", shown, away_ms=away_ms)
                    runs.setdefault(f"{name}, {place}", []).append(seen)
        browser.close()
    return {
        name: {one: statistics.median(getattr(seen, one) for seen in found) for one in Shown.__slots__}
        for name, found in runs.items()
    }


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
