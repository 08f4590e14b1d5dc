"""Logs in a browser: the table, what it is filtered by, a whole log, judgments of people, exports."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import WITHIN_MS, Screen

_numbers = itertools.count(1)
TOPICS = ["invoices", "refunds", "delivery", "passwords"]


class Desk:
    """A flow with two versions and forty logs, of which people judged some."""

    def __init__(self, server: LiveServer, folder: str) -> None:
        self.client = server.humanloop()
        self.path = f"{folder} {next(_numbers)}/support-triage"
        made = [self.client.flows.upsert(path=self.path, attributes={"n": n}) for n in (1, 2)]
        self.id, self.versions = made[0].id, [one.version_id for one in made]
        spec = {
            "arguments_type": "target_free",
            "return_type": "boolean",
            "evaluator_type": "human",
            "instructions": "Is the answer polite, and does it say what happens next?",
        }
        self.judge = self.client.evaluators.upsert(path=f"{self.path} polite", spec=spec)
        self.logs = [self._log(n) for n in range(40)]
        for n in (36, 37):
            self.client.evaluators.log(id=self.judge.id, parent_id=self.logs[n], judgment=n == 37)

    def _log(self, n: int) -> str:
        begun = datetime.now(UTC) - timedelta(minutes=40 - n)
        topic = TOPICS[n % 4]
        made = self.client.flows.log(
            id=self.id,
            version_id=self.versions[n % 2],
            inputs={"ticket": f"I have a question about {topic}, number {n}: what happens next?"},
            messages=[
                {"role": "system", "content": "You answer customers. Be short and kind."},
                {"role": "user", "content": f"What about my {topic}?"},
            ],
            output=f"We look after your {topic} and write to you by tomorrow.",
            error="The model did not answer in time" if n % 9 == 8 else None,
            start_time=begun,
            end_time=begun + timedelta(milliseconds=400 + 70 * n),
            created_at=begun,
            flow_log_request_environment="production" if n % 3 else "staging",
            user=f"customer-{n % 5}",
            source="sdk",
            metadata={"channel": "mail" if n % 2 else "chat"},
            log_status="complete",
        )
        return str(made.id)

    def link(self, **query: str) -> str:
        said = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        return f"#/f/{self.id}/logs{'?' if said else ''}{said}"


@pytest.fixture(scope="module")
def desk(server: LiveServer) -> Desk:
    return Desk(server, "ui logs")


def rows(screen: Screen) -> list[str]:
    """The ids of the rows that are shown."""
    found: list[str] = screen.page.eval_on_selector_all(
        "tr[data-log]", "rows => rows.map(row => row.dataset.log)"
    )
    return found


def wait_for_rows(screen: Screen, count: int) -> list[str]:
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect(screen.page.locator("tr[data-log]")).to_have_count(count, timeout=WITHIN_MS)
    return rows(screen)


def test_the_table(screen: Screen, desk: Desk) -> None:
    screen.open(desk.link())
    assert wait_for_rows(screen, 40) == desk.logs[::-1]
    first = screen.page.locator("tr[data-log]").first
    assert "question about passwords, number 39" in first.inner_text()
    assert "3.13 s" in first.inner_text()
    head = screen.page.locator("thead").inner_text()
    assert "support-triage polite" in head
    assert screen.page.get_by_text("✓ yes").count() == 1
    screen.axe()
    screen.shot("logs")


def test_the_address_is_the_filter(screen: Screen, desk: Desk) -> None:
    screen.open(desk.link(search="refunds", error="false", environment="production"))
    wanted = [one for n, one in enumerate(desk.logs) if n % 4 == 1 and n % 9 != 8 and n % 3][::-1]
    assert wait_for_rows(screen, len(wanted)) == wanted
    screen.page.get_by_role("button", name="Take away: Only without").click()
    wanted = [one for n, one in enumerate(desk.logs) if n % 4 == 1 and n % 3][::-1]
    wait_for_rows(screen, len(wanted))
    assert "error" not in screen.page.url
    screen.page.go_back()
    wait_for_rows(screen, len(wanted) - sum(n % 4 == 1 and n % 3 > 0 and n % 9 == 8 for n in range(40)))


def test_filters_are_made_in_a_dialog(screen: Screen, desk: Desk) -> None:
    screen.open(desk.link())
    wait_for_rows(screen, 40)
    screen.page.get_by_role("button", name="+ Filter").click()
    dialog = screen.page.get_by_role("dialog")
    dialog.locator("select").first.select_option(label="Judgment")
    dialog.get_by_label("Evaluator").select_option(label=desk.judge.path)
    dialog.locator("select").nth(2).select_option(label="No")
    screen.axe()
    screen.shot("logs-filter")
    dialog.get_by_role("button", name="Apply").click()
    assert wait_for_rows(screen, 1) == [desk.logs[36]]
    screen.page.get_by_role("button", name="Clear").click()
    wait_for_rows(screen, 40)
    screen.page.get_by_role("searchbox", name="Words").fill("number 12")
    screen.page.keyboard.press("Enter")
    assert wait_for_rows(screen, 1) == [desk.logs[12]]
    screen.open(desk.link(search="nothing like this"))
    screen.page.get_by_text("No log fits").wait_for()


def test_a_whole_log_by_keyboard(screen: Screen, desk: Desk) -> None:
    screen.open(desk.link())
    wait_for_rows(screen, 40)
    screen.page.locator("tr[data-log] a").first.focus()
    screen.page.keyboard.press("Enter")
    drawer = screen.page.get_by_role("complementary", name="The chosen log")
    drawer.locator(".said", has_text="What about my passwords?").wait_for()
    screen.page.keyboard.press("j")
    drawer.locator(".said", has_text="What about my delivery?").wait_for()
    assert f"log={desk.logs[38]}" in screen.page.url
    screen.page.keyboard.press("ArrowUp")
    drawer.locator(".said", has_text="What about my passwords?").wait_for()
    drawer.get_by_role("heading", level=2).click()
    screen.page.keyboard.press("j")
    drawer.locator(".said", has_text="What about my delivery?").wait_for()
    screen.page.keyboard.press("k")
    drawer.locator(".said", has_text="What about my passwords?").wait_for()
    screen.axe()
    screen.shot("log-drawer")
    assert (
        drawer.get_by_role("link", name="Trace", exact=True).get_attribute("href")
        == f"#/logs/{desk.logs[39]}"
    )
    screen.page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert "log=" not in screen.page.url


def test_a_person_judges(screen: Screen, desk: Desk) -> None:
    log_id = desk.logs[20]
    screen.open(desk.link(log=log_id, search="number 20"))
    drawer = screen.page.get_by_role("complementary", name="The chosen log")
    drawer.get_by_text("Nobody has judged this log yet.").wait_for()
    drawer.get_by_label("Judge as").select_option(label=desk.judge.path)
    drawer.get_by_role("button", name="No", exact=True).click()
    drawer.get_by_text("✗ no").wait_for()
    assert screen.page.locator(f'tr[data-log="{log_id}"]').get_by_text("✗ no").count() == 1
    drawer.get_by_role("button", name="Yes", exact=True).click()
    drawer.get_by_text("✓ yes").wait_for()
    [judged] = desk.client.logs.get(log_id)["evaluator_logs"]
    assert judged["judgment"] is True


def test_columns_are_chosen_and_kept(screen: Screen, desk: Desk) -> None:
    screen.open(desk.link())
    wait_for_rows(screen, 40)
    screen.page.get_by_role("button", name="Columns").click()
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("User").check()
    dialog.get_by_label("Tokens").uncheck()
    screen.page.keyboard.press("Escape")
    for _ in range(2):
        titles = screen.page.locator("thead th").all_inner_texts()
        assert "User" in titles
        assert "Tokens" not in titles
        screen.open(desk.link())
        wait_for_rows(screen, 40)


def test_an_export_is_what_the_filter_leaves(screen: Screen, desk: Desk, tmp_path: Path) -> None:
    screen.open(desk.link(error="true"))
    wanted = wait_for_rows(screen, 4)
    screen.page.get_by_role("button", name="Export").click()
    with screen.page.expect_download() as saved:
        screen.page.get_by_role("button", name="JSON lines").click()
    saved.value.save_as(tmp_path / "logs.jsonl")
    lines = (tmp_path / "logs.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == wanted


def test_new_logs_come_by_themselves(screen: Screen, server: LiveServer) -> None:
    client, path = server.humanloop(), f"ui logs {next(_numbers)}/live"
    made = client.flows.log(path=path, flow={"attributes": {}}, output="first", log_status="complete")
    screen.open(f"#/f/{made.flow_id}/logs")
    wait_for_rows(screen, 1)
    screen.page.get_by_label("Auto refresh").check()
    client.flows.log(path=path, flow={"attributes": {}}, output="second", log_status="complete")
    screen.page.get_by_text("second").wait_for()
    assert len(rows(screen)) == 2
    assert "live=1" in screen.page.url


def test_pages_go_on_below(screen: Screen, server: LiveServer) -> None:
    client, path = server.humanloop(), f"ui logs {next(_numbers)}/many"
    made: Any = None
    for n in range(60):
        made = client.flows.log(
            path=path, flow={"attributes": {}}, output=f"answer {n}", log_status="complete"
        )
    screen.open(f"#/f/{made.flow_id}/logs")
    wait_for_rows(screen, 50)
    screen.page.get_by_role("button", name="Show older").click()
    wait_for_rows(screen, 60)
    screen.page.get_by_text("60 logs, no older ones.").wait_for()


def test_all_files_and_none(screen: Screen, server: LiveServer, desk: Desk) -> None:
    empty = server.humanloop().flows.upsert(path=f"ui logs {next(_numbers)}/empty", attributes={"a": 1})
    screen.open(f"#/f/{empty.id}/logs")
    screen.page.get_by_text("No logs yet").wait_for()
    screen.axe()
    screen.shot("logs-empty")
    screen.open("#/logs?search=number+12+question")
    wait_for_rows(screen, 1)
    screen.open("#/logs")
    screen.page.locator("tr[data-log]").first.wait_for()
    screen.axe()
    screen.shot("logs-all")
