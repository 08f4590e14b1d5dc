"""What came of a file over time, over our own API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.inprocess import in_process
from tests.contract.native.asking import Asker

from headrace.services import dashboards
from headrace.settings import Settings

pytestmark = pytest.mark.live
MARCH = {"from": "2026-03-28T12:00:00Z", "to": "2026-03-30T12:00:00Z"}
"""The clocks of Berlin go forward on the 29th."""


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    with in_process(Settings(store="memory:")) as running:
        yield Asker(url=running.url)


def post(asker: Asker, what: str, **body: Any) -> dict[str, Any]:
    """Send to the Humanloop API."""
    answer = httpx.post(f"{asker.url}/v5/{what}", json=body, headers={"x-api-key": "any"}, timeout=30)
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


def log(asker: Asker, path: str, at: str, took_s: float = 1.0, **more: Any) -> str:
    """A log of a flow that was made at that time."""
    made = post(
        asker,
        "flows/log",
        path=path,
        flow={"attributes": {"a": 1}},
        created_at=at,
        start_time="2026-03-01T00:00:00Z",
        end_time=f"2026-03-01T00:00:{took_s:06.3f}Z",
        **more,
    )
    return str(made["id"])


def judge(asker: Asker, log_id: str, path: str, return_type: str, judgment: Any, **spec: Any) -> None:
    said = {"arguments_type": "target_free", "return_type": return_type, "evaluator_type": "external"}
    post(asker, "evaluators/log", path=path, parent_id=log_id, judgment=judgment, spec={**said, **spec})


def test_days_begin_at_midnight_where_it_is(asker: Asker) -> None:
    for hour in ("28T22:59:59", "28T23:00:00", "29T21:59:59", "29T22:00:00"):
        log(asker, "by day", f"2026-03-{hour}Z")
    berlin = asker.ask("GET", "files", "by day", "dashboard", zone="Europe/Berlin", **MARCH)
    assert [one["start"] for one in berlin["buckets"]] == [
        "2026-03-27T23:00:00Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z",
    ], "the second day has 23 hours"
    assert [one["logs"] for one in berlin["buckets"]] == [1, 2, 1]
    assert (berlin["zone"], berlin["total"]["logs"], berlin["drawn"]) == ("Europe/Berlin", 4, None)
    utc = asker.ask("GET", "files", "by day", "dashboard", **MARCH)
    assert [one["logs"] for one in utc["buckets"]] == [2, 2, 0]
    unknown = asker.ask("GET", "files", "by day", "dashboard", zone="../etc", **MARCH)
    assert unknown["zone"] == "UTC"
    assert unknown["buckets"] == utc["buckets"]


def test_hours_and_weeks(asker: Asker) -> None:
    log(asker, "by hour", "2026-03-28T12:59:59Z")
    log(asker, "by hour", "2026-03-28T14:00:00Z")
    hours = asker.ask("GET", "files", "by hour", "dashboard", grain="hour", zone="Asia/Kolkata", **MARCH)
    assert hours["start"] == "2026-03-28T11:30:00Z", "hours begin there half an hour later"
    assert [one["logs"] for one in hours["buckets"]][:4] == [0, 1, 1, 0]
    assert len(hours["buckets"]) == 49
    weeks = asker.ask("GET", "files", "by hour", "dashboard", grain="week", **MARCH)
    assert [one["start"] for one in weeks["buckets"]] == ["2026-03-23T00:00:00Z", "2026-03-30T00:00:00Z"]
    assert [one["logs"] for one in weeks["buckets"]] == [2, 0]


def test_what_is_told(asker: Asker) -> None:
    at = "2026-03-29T12:00:00Z"
    logs = [log(asker, "told", at, took_s=second) for second in (1, 2, 3, 4)]
    log(asker, "told", at, took_s=30, error="no answer")
    for log_id, polite in zip(logs, (True, True, False, True), strict=True):
        judge(asker, log_id, "polite", "boolean", polite)
    options = [{"name": "good", "valence": "positive"}, {"name": "bad", "valence": "negative"}, {"name": "?"}]
    for log_id, choice in zip(logs, ("good", "bad", "?", "?"), strict=True):
        judge(asker, log_id, "choice", "select", choice, options=options)
    judge(asker, logs[0], "stars", "number", 4)
    post(
        asker,
        "prompts/log",
        path="step",
        prompt={"model": "m"},
        trace_parent_id=logs[0],
        created_at=at,
        prompt_tokens=10,
        output_tokens=5,
        prompt_cost=0.25,
        output_cost=0.5,
    )
    _, day, last = asker.ask("GET", "files", "told", "dashboard", **MARCH)["buckets"]
    assert (day["logs"], day["errors"]) == (5, 1)
    assert (day["latency_p50_s"], day["latency_p95_s"]) == (2.0, 4.0), "without the one that has an error"
    assert (day["input_tokens"], day["output_tokens"], day["cost_usd"]) == (10, 5, 0.75), "of its steps"
    assert (day["judged"], day["positive"]) == (6, 4), "numbers and options of no kind say neither"
    assert (last["logs"], last["cost_usd"], last["latency_p50_s"]) == (0, None, None)
    prompt = asker.ask("GET", "files", "step", "dashboard", **MARCH)["total"]
    assert (prompt["logs"], prompt["input_tokens"], prompt["cost_usd"]) == (1, 10, 0.75)


def test_more_logs_than_are_looked_at(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards, "MOST_DRAWN", 2)
    for second in (1, 2, 3):
        log(asker, "many", "2026-03-29T12:00:00Z", took_s=second)
    found = asker.ask("GET", "files", "many", "dashboard", **MARCH)
    assert (found["total"]["logs"], found["drawn"]) == (3, 2)


def test_what_nobody_says(asker: Asker) -> None:
    log(asker, "now", "2026-03-29T12:00:00Z")
    post(asker, "flows/log", path="now", flow={"attributes": {"a": 1}})
    for grain, buckets, logs in (("hour", 25, 1), ("day", 31, 1), ("week", 27, None)):
        found = asker.ask("GET", "files", "now", "dashboard", grain=grain)
        assert len(found["buckets"]) == buckets
        assert logs is None or found["total"]["logs"] == logs


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-30T12:00:00Z", "to": "2026-03-30T12:00:00Z"},
        {"from": "0001-01-01T00:00:00Z"},
        {"to": "9999-12-31T23:59:59Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z", "grain": "hour"},
        {"from": "2026-01-01T00:00:00"},
        {"grain": "month"},
    ],
)
def test_what_is_refused(asker: Asker, query: dict[str, str]) -> None:
    log(asker, "refused", "2026-03-29T12:00:00Z")
    asker.refused(400, "invalid", "GET", "files", "refused", "dashboard", **query)
