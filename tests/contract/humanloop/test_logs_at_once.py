"""Many clients that log at once (humanloop 3.5, 8.24, 8.44)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.test_logs import TOOL, log, shown

pytestmark = pytest.mark.live
AT_ONCE = 60


def together(server: LiveServer, url: str, bodies: Callable[[int], Any]) -> list[httpx.Response]:
    """Send that many requests over as many connections, all at the same time."""
    limits = httpx.Limits(max_connections=AT_ONCE)
    with (
        httpx.Client(
            base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}, limits=limits, timeout=60
        ) as plain,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        return list(pool.map(lambda n: plain.post(url, json=bodies(n)), range(AT_ONCE)))


def test_children_added_at_once_widen_their_flows(server: LiveServer, raw: httpx.Client, home: str) -> None:
    root = log(raw, "flow", path=f"{home}/f", start_time="2024-01-01T12:00:00")["id"]
    inner = log(raw, "flow", path=f"{home}/f", trace_parent_id=root)["id"]
    answers = together(
        server,
        "/tools/log",
        lambda n: {
            "path": f"{home}/t",
            "tool": TOOL,
            "trace_parent_id": (root, inner)[n % 2],
            "start_time": f"2024-01-01T10:{n:02}:00",
            "end_time": f"2024-01-01T13:{n:02}:00",
        },
    )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    found = shown(raw, root)
    assert (found["start_time"][11:16], found["end_time"][11:16]) == ("10:00", f"13:{AT_ONCE - 1}")
    assert found["trace_usage"]["logs_count"] == AT_ONCE + 2
    below = shown(raw, inner)
    assert (below["start_time"][11:16], below["end_time"][11:16]) == ("10:01", f"13:{AT_ONCE - 1}")
    file_id = answers[0].json()["tool_id"]
    assert raw.get(f"/tools/{file_id}").json()["version_logs_count"] == AT_ONCE
    assert len(raw.get(f"/tools/{file_id}/versions").json()["records"]) == 1


def test_one_id_at_once_is_one_log(server: LiveServer, raw: httpx.Client, home: str) -> None:
    body = {"path": f"{home}/f", "log_id": f"once {home}", "flow": {"attributes": {"a": 1}}}
    answers = together(server, "/flows/log", lambda _: body)
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({answer.content for answer in answers}) == 1
    flow_id = answers[0].json()["flow_id"]
    assert raw.get("/logs", params={"file_id": flow_id}).json()["total"] == 1


def test_one_id_of_many_goes_to_one(server: LiveServer, raw: httpx.Client, home: str) -> None:
    answers = together(
        server, "/flows/log", lambda n: {"path": f"{home}/f", "log_id": f"one {home}", "output": str(n)}
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}


def test_judgments_posted_at_once_leave_one(server: LiveServer, raw: httpx.Client, home: str) -> None:
    judged = log(raw, "flow", path=f"{home}/f")
    answers = together(
        server,
        "/evaluators/log",
        lambda n: {
            "path": f"{home}/e",
            "spec": external("number"),
            "parent_id": judged["id"],
            "judgment": n,
        },
    )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    (left,) = shown(raw, judged["id"])["evaluator_logs"]
    versions = raw.get(
        f"/flows/{judged['flow_id']}/versions", params={"evaluator_aggregates": "true"}
    ).json()["records"]
    (aggregate,) = versions[0]["evaluator_aggregates"]
    assert aggregate["value"] == left["judgment"]


def test_a_trace_completes_once_for_all(server: LiveServer, raw: httpx.Client, home: str) -> None:
    """Children that come at the same time are in it or refused, and never half of it."""
    root = log(raw, "flow", path=f"{home}/f", output="x")["id"]

    def patch_or_log(n: int) -> dict[str, Any]:
        return {"path": f"{home}/t", "tool": TOOL, "trace_parent_id": root, "output": str(n)}

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(raw.patch, f"/flows/logs/{root}", json={"log_status": "complete"})
        answers = together(server, "/tools/log", patch_or_log)
        assert done.result().status_code == 200
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    children = shown(raw, root)["trace_children"]
    assert {one["id"] for one in children} == {a.json()["id"] for a in answers if a.status_code == 200}
