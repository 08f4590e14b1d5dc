"""Traces in a browser: whoever wrote them, of two thousand logs, by keyboard; and how fast they are told."""

from __future__ import annotations

import itertools
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import Screen

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
_numbers = itertools.count(1)
MANY = 2000


class Trace:
    """The trace of a flow with that many logs, written by the SDK."""

    def __init__(self, server: LiveServer, count: int) -> None:
        self.client = server.humanloop()
        self.path = f"ui trace {next(_numbers)}/research"
        begun = datetime.now(UTC) - timedelta(minutes=5)
        flow = self.client.flows.upsert(path=self.path, attributes={"n": 1})
        self.root = self._flow_log(begun)
        parents = [self.root]
        for n in range(1, count):
            at = begun + timedelta(milliseconds=20 * n)
            made = self.client.tools.log(
                path=f"{self.path} tools/step {n % 7}",
                tool={"function": {"name": f"step_{n % 7}", "description": "", "parameters": {}}},
                inputs={"n": n, "query": f"the question of step {n}"},
                output=f"the answer of step {n}",
                error="It could not be found" if n == count - 3 else None,
                start_time=at,
                end_time=at + timedelta(milliseconds=15),
                trace_parent_id=parents[(n - 1) // 3],
            )
            parents.append(str(made.id))
        self.logs = parents
        self.client.flows.update_log(self.root, log_status="complete", output="All of it.")
        self.flow = flow.id

    def _flow_log(self, begun: datetime) -> str:
        made = self.client.flows.log(
            path=self.path,
            flow={"attributes": {"n": 1}},
            inputs={"question": "What is known of headraces?"},
            start_time=begun,
            log_status="incomplete",
        )
        return str(made.id)


@pytest.fixture(scope="module")
def small(server: LiveServer) -> Trace:
    return Trace(server, 12)


def tree(screen: Screen) -> Any:
    return screen.page.get_by_role("tree", name="Logs of the trace")


def test_a_trace_of_an_sdk(screen: Screen, server: LiveServer, small: Trace) -> None:
    spec = {"arguments_type": "target_free", "return_type": "number", "evaluator_type": "external"}
    judge = small.client.evaluators.upsert(path=f"{small.path} judge", spec=spec)
    small.client.evaluators.log(id=judge.id, parent_id=small.logs[2], judgment=0.75)
    screen.open(f"#/logs/{small.root}")
    expect(tree(screen).get_by_role("treeitem")).to_have_count(12)
    expect(tree(screen)).to_contain_text("0.75")
    expect(screen.page.get_by_role("alert").first).to_contain_text("It could not be found")
    screen.page.get_by_role("button", name="Show where").click()
    side = screen.page.get_by_role("complementary", name="The selected log")
    expect(side).to_contain_text("It could not be found")
    expect(side).to_contain_text("the question of step 9")
    screen.shot("trace")
    screen.axe()
    tree(screen).focus()
    screen.page.keyboard.press("Home")
    expect(side).to_contain_text("What is known of headraces?")
    screen.page.keyboard.press("ArrowLeft")
    expect(tree(screen).get_by_role("treeitem")).to_have_count(1)
    screen.page.keyboard.press("ArrowRight")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("z")
    bar = tree(screen).locator("[aria-selected=true] .waterfall-bar")
    lane = tree(screen).locator("[aria-selected=true] .waterfall-lane")
    assert bar.bounding_box()["width"] == pytest.approx(lane.bounding_box()["width"], abs=2)
    screen.page.get_by_role("button", name="Whole time").click()
    assert bar.bounding_box()["width"] < 10


def test_the_address_names_a_log_within_a_trace(screen: Screen, small: Trace) -> None:
    screen.open(f"#/logs/{small.logs[5]}")
    side = screen.page.get_by_role("complementary", name="The selected log")
    expect(side).to_contain_text("the question of step 5")
    expect(tree(screen).get_by_role("treeitem")).to_have_count(12)


def test_a_million_letters_without_a_gap(screen: Screen, server: LiveServer, small: Trace) -> None:
    made = small.client.flows.log(path=f"{small.path} long", flow={"attributes": {}}, output="A" * 10**6)
    screen.open(f"#/logs/{made.id}")
    side = screen.page.get_by_role("complementary", name="The selected log")
    side.get_by_role("button", name="Show more: 1,000,000 characters").click()
    expect(side.locator("pre").last).to_contain_text("A" * 60_000)
    screen.open(f"#/f/{made.flow_id}/logs?log={made.id}")
    expect(screen.page.get_by_role("button", name="Show more: 1,000,000 characters")).to_be_visible()


def test_a_log_that_is_not_there(screen: Screen) -> None:
    screen.allowed.append("404")
    screen.open("#/logs/log_none")
    expect(screen.page.get_by_text("There is no log")).to_be_visible()


def test_two_thousand_logs(screen: Screen, server: LiveServer, two_thousand: str) -> None:
    began = time.perf_counter()
    page = httpx.get(f"{server.url}/api/logs/{two_thousand}/trace", headers={"x-api-key": "any"}).json()
    print(f"{page['count']} logs in {(time.perf_counter() - began) * 1000:.0f} ms")
    assert (page["count"], len(page["lines"]), page["next"]) == (MANY, MANY, None)
    screen.open(f"#/logs/{two_thousand}")
    items = tree(screen).get_by_role("treeitem")
    expect(items.first).to_be_visible()
    assert items.count() < 120, "only what is to be seen is drawn"
    tree(screen).focus()
    screen.page.keyboard.press("End")
    expect(tree(screen).locator("[aria-selected=true]")).to_have_count(1)
    expect(tree(screen).locator("[aria-selected=true]")).to_be_visible()
    for _ in range(30):
        screen.page.keyboard.press("PageUp")
    frames = screen.page.evaluate(FRAMES)
    print(f"{frames['count']} frames in {frames['ms']:.0f} ms, the longest {frames['longest']:.0f} ms")
    assert items.count() < 120
    screen.shot("trace-2000")


FRAMES = """
async () => {
  const box = document.querySelector(".waterfall-box");
  box.scrollTop = 0;
  let last = performance.now(), longest = 0, count = 0;
  const began = last;
  while (box.scrollTop + box.clientHeight < box.scrollHeight - 1 && count < 400) {
    box.scrollTop += 200;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    count += 1;
  }
  return { count, ms: performance.now() - began, longest };
}
"""


@pytest.fixture(scope="module")
def two_thousand(server: LiveServer) -> str:
    """A trace of two thousand spans, as a tracer sends it."""
    begun = time.time_ns() - 60 * 10**9
    trace_id = uuid.uuid4().hex
    spans = [
        {
            "traceId": trace_id,
            "spanId": f"{n + 1:016x}",
            "parentSpanId": "" if n == 0 else f"{(n - 1) // 4 + 1:016x}",
            "name": "research" if n == 0 else f"step {n}",
            "kind": 1,
            "startTimeUnixNano": str(begun + n * 10**7),
            "endTimeUnixNano": str(begun + (n * 10**7 + 4 * 10**7 if n else 21 * 10**9)),
            "attributes": [{"key": "gen_ai.prompt", "value": {"stringValue": f"the question {n}"}}],
        }
        for n in range(MANY)
    ]
    headers = {"x-api-key": "any"}
    for first in range(0, MANY, 500):
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans[first : first + 500]}]}]}
        httpx.post(f"{server.url}/v1/traces", json=body, headers=headers, timeout=60).raise_for_status()
    return f"log_{trace_id}"
