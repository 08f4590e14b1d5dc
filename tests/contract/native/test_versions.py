"""The versions of a file over our own API, with how they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.native.conftest import Desk

pytestmark = pytest.mark.live
START = datetime(2026, 3, 1, tzinfo=UTC)


def log(desk: Desk, version: int, took_s: float, **more: Any) -> str:
    """A log of a version."""
    made = desk.humanloop.flows.log(
        id=desk.id,
        version_id=desk.versions[version],
        start_time=START,
        end_time=START + timedelta(seconds=took_s),
        log_status="complete",
        **more,
    )
    return str(made.id)


def judge(desk: Desk, log_id: str, name: str, judgment: Any, **spec: Any) -> None:
    """Have an evaluator say something of a log."""
    kind = "boolean" if isinstance(judgment, bool) else "number"
    desk.humanloop.evaluators.log(
        path=f"{desk.path} judged/{name}",
        parent_id=log_id,
        judgment=judgment,
        spec={
            "arguments_type": "target_free",
            "return_type": kind,
            "evaluator_type": "external",
            **spec,
        },
    )


def test_versions_newest_first_and_where_they_are(desk: Desk) -> None:
    desk.move(3, "staging")
    found = desk.ask("GET", "versions")
    assert (found["file"]["id"], found["next"]) == (desk.id, None)
    assert [one["version_id"] for one in found["versions"]] == desk.versions[::-1]
    assert [one["numbers"] for one in found["versions"]] == [[3], [2], [1]]
    third, second, first = found["versions"]
    assert [(one["kind"], one["name"], one["weight"]) for one in third["pointers"]] == [
        ("environment", "staging", None)
    ]
    assert second["pointers"] == []
    assert [(one["name"], one["is_default"]) for one in first["pointers"]] == [("production", True)]
    assert third["pointers"][0]["is_default"] is False
    assert second["recent"] == {"logs": 0, "errors": 0, "latency_p50_s": None}
    assert (second["findings"], second["score"], second["last_used_at"]) == ([], None, None)
    assert second["created_by"]["name"]


def test_page_by_page(desk: Desk) -> None:
    seen, before = [], {}
    for _ in range(3):
        page = desk.ask("GET", "versions", take="1", **before)
        seen += [one["version_id"] for one in page["versions"]]
        before = {"before": page["next"]}
    assert (seen, page["next"]) == (desk.versions[::-1], None)
    desk.refused(404, "not_found", "GET", "versions", before="flv_none")
    desk.refused(400, "invalid", "GET", "versions", take="201")


def test_shares_of_a_split(desk: Desk) -> None:
    shares = [{"version": 1, "weight": 90}, {"version": 2, "weight": 10}]
    desk.ask("PUT", "pointers", "production", "split", body={"shares": shares})
    _, second, first = desk.ask("GET", "versions")["versions"]
    assert [first["pointers"][0]["weight"], second["pointers"][0]["weight"]] == [90, 10]


def test_how_versions_do(desk: Desk) -> None:
    logs = [log(desk, 1, took) for took in (1.0, 3.0, 2.0)]
    log(desk, 1, 60.0, error="no answer")
    log(desk, 0, 0.5)
    third, second, first = desk.ask("GET", "versions")["versions"]
    assert (third["logs_count"], second["logs_count"], first["logs_count"]) == (0, 4, 1)
    assert second["recent"] == {"logs": 4, "errors": 1, "latency_p50_s": 2.0}
    assert first["recent"] == {"logs": 1, "errors": 0, "latency_p50_s": 0.5}
    assert second["last_used_at"] is not None
    for log_id, polite, stars in zip(logs, (True, True, False), (1, 5, 3), strict=True):
        judge(desk, log_id, "Polite", polite)
        judge(desk, log_id, "Stars", stars, number_limits={"min": 1, "max": 5})
        judge(desk, log_id, "Length", 100 + stars)
    found = desk.ask("GET", "versions")["versions"][1]
    told = {one["name"]: (one["judgments"], one["mean"], one["part"]) for one in found["findings"]}
    assert list(told) == ["Length", "Polite", "Stars"]
    assert told["Polite"] == (3, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert told["Stars"] == (3, 3.0, 0.5)
    assert told["Length"] == (3, 103.0, None), "on no scale"
    assert found["score"] == pytest.approx((2 / 3 + 0.5) / 2)


def test_numbers_that_are_better_when_low(desk: Desk) -> None:
    judge(desk, log(desk, 2, 1.0), "Toxic", 0.25, number_valence="negative")
    found = desk.ask("GET", "versions")["versions"][0]
    assert (found["findings"][0]["mean"], found["findings"][0]["part"]) == (0.25, 0.75)
