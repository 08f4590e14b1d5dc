"""How soon pages of the web UI are painted by a browser that has nothing of them: on loopback, and far away.

Needs Playwright and a Chromium, and a UI that is built.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench.server import headrace

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
AWAY_MS = 40
FILES = int(os.environ.get("BENCH_FILES", "2000"))
READ = "() => performance.now()"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
PAGES = {
    "home": ("#/", ".files tbody tr"),
    "overview": ("#/f/{flow}", ".figure"),
    "versions": ("#/f/{flow}/versions", ".flow-node"),
}
"""Each page's link, and what is there once it shows what it is for."""


def stock(url: str) -> str:
    """Load the example beside some other flows; the id of its flow."""
    headers = {"x-api-key": "any"}
    with httpx.Client(headers=headers, timeout=60) as client:
        for number in range(FILES):
            body = {"path": f"team {number % 20:02}/Flow {number:05}", "attributes": {"a": number}}
            client.post(f"{url}/v5/flows", json=body).raise_for_status()
        made = client.post(f"{url}/api/examples/tickets").raise_for_status().json()
    return str(made["file"]["id"])


def painted_ms(browser: Browser, url: str, shown: str, *, away_ms: int) -> tuple[float, float, int]:
    """Milliseconds until the first paint and until what is wanted is there, and how many requests it took."""
    context = browser.new_context(viewport={"width": 1600, "height": 940})
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    if away_ms:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        conditions = {"offline": False, "latency": away_ms, "downloadThroughput": -1, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", conditions)
    page.goto(url)
    page.locator(shown).first.wait_for()
    whole = float(page.evaluate(READ))
    first = float(page.evaluate(PAINTED) or whole)
    context.close()
    return first, whole, len(requests)


def measure() -> dict[str, Any]:
    """Medians of each page, cold."""
    figures: dict[str, Any] = {}
    built = os.environ.get("HEADRACE_TEST_WEB", "")  # another build than the package's
    with headrace(web_folder=built) as server, sync_playwright() as playwright:
        flow = stock(server.url)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (link, shown) in PAGES.items():
            url = f"{server.url}/{link.format(flow=flow)}"
            for place, away_ms in (("loopback", 0), (f"{AWAY_MS} ms away", AWAY_MS)):
                runs = [painted_ms(browser, url, shown, away_ms=away_ms) for _ in range(ROUNDS)]
                figures[f"{name}, {place}"] = {
                    "first_paint_ms": statistics.median(first for first, _, _ in runs),
                    "shown_ms": statistics.median(whole for _, whole, _ in runs),
                    "requests": statistics.median(requests for _, _, requests in runs),
                }
        browser.close()
    return figures


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
