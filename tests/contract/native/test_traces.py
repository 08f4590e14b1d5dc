"""Traces over our own API: of SDKs and tracers, alone, in any order, paged, judged."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
_numbers = itertools.count(1)
BEGUN = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Writer:
    """Writes a trace as the SDK does."""

    def __init__(self, server: LiveServer) -> None:
        self.client = server.humanloop()
        self.path = f"native traces {next(_numbers)}/flow"

    def root(self, **more: Any) -> str:
        made = self.client.flows.log(
            path=self.path, flow={"attributes": {}}, start_time=BEGUN, log_status="incomplete", **more
        )
        return str(made.id)

    def step(self, parent: str, name: str, after_ms: int, **more: Any) -> str:
        at = BEGUN + timedelta(milliseconds=after_ms)
        made = self.client.prompts.log(
            path=f"{self.path} {name}",
            prompt={"model": "m"},
            trace_parent_id=parent,
            start_time=at,
            end_time=at + timedelta(milliseconds=50),
            **more,
        )
        return str(made.id)


@pytest.fixture
def writer(server: LiveServer) -> Writer:
    return Writer(server)


def test_a_trace_is_a_tree_in_the_order_of_time(asker: Asker, writer: Writer) -> None:
    root = writer.root(inputs={"q": "why"})
    late = writer.step(root, "late", 400, output="done", prompt_tokens=7, output_tokens=3, prompt_cost=0.5)
    early = writer.step(root, "early", 100, inputs={"a": 1})
    inner = writer.step(early, "inner", 120, error="it broke")
    writer.client.flows.update_log(root, log_status="complete", output="so")
    page = asker.ask("GET", "logs", root, "trace")
    lines = page["lines"]
    assert [(one["id"], one["parent"], one["depth"]) for one in lines] == [
        (root, None, 0),
        (early, root, 1),
        (inner, early, 2),
        (late, root, 1),
    ]
    assert [one["offset_ms"] for one in lines] == [0, 100, 120, 400]
    assert [one["duration_ms"] for one in lines[1:]] == [50, 50, 50]
    assert [one["state"] for one in lines] == ["Succeeded", "Succeeded", "Failed", "Succeeded"]
    told = lines[3]
    assert (told["kind"], told["name"], told["output"]) == ("prompt", "flow late", "done")
    assert (told["input_tokens"], told["output_tokens"], told["cost_usd"]) == (7, 3, 0.5)
    assert (lines[1]["inputs"], lines[2]["error"]) == ('{"a":1}', "it broke")
    assert (page["root"], page["execution"], page["count"], page["next"]) == (root, None, 4, None)
    for ref in (inner, late):
        assert asker.ask("GET", "logs", ref, "trace") == page, "any log of it leads to all of it"


def test_what_goes_on_says_so(asker: Asker, writer: Writer) -> None:
    root = writer.root()
    [line] = asker.ask("GET", "logs", root, "trace")["lines"]
    assert (line["state"], line["duration_ms"]) == ("Running", None)


def test_pages_fit_together(asker: Asker, writer: Writer) -> None:
    root = writer.root()
    steps = [writer.step(root, f"step {n % 2}", n) for n in range(1, 6)]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = asker.ask("GET", "logs", root, "trace", take="2", **after)
        found += [one["id"] for one in page["lines"]]
        assert page["count"] == 6
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == [root, *steps]
    asker.refused(404, "not_found", "GET", "logs", root, "trace", after="log_none")
    asker.refused(404, "not_found", "GET", "logs", "log_none", "trace")


def test_judgments_stand_beside_what_they_judge(asker: Asker, writer: Writer) -> None:
    root = writer.root()
    step = writer.step(root, "step", 1)
    spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"}
    judge = writer.client.evaluators.upsert(path=f"{writer.path} judge", spec=spec)
    judged = writer.client.evaluators.log(id=judge.id, parent_id=step, judgment=True)
    lines = {one["id"]: one for one in asker.ask("GET", "logs", root, "trace")["lines"]}
    [score] = lines[step]["scores"]
    assert (score["log_id"], score["evaluator"], score["judgment"]) == (
        judged.id,
        f"{writer.path} judge",
        True,
    )
    assert lines[root]["scores"] == []
    page = asker.ask("GET", "logs", judged.id, "trace")
    assert judged.id in [one["id"] for one in page["lines"]]


def test_a_log_by_itself_is_a_trace_of_one(asker: Asker, writer: Writer) -> None:
    made = writer.client.prompts.log(path=f"{writer.path} alone", prompt={"model": "m"}, output="alone")
    page = asker.ask("GET", "logs", made.id, "trace")
    assert [(one["id"], one["output"]) for one in page["lines"]] == [(made.id, "alone")]


def test_spans_whose_parents_never_came_hang_at_the_root(server: LiveServer, asker: Asker) -> None:
    trace_id = uuid.uuid4().hex
    spans = [
        {"traceId": trace_id, "spanId": "a" * 16, "name": "root"},
        {"traceId": trace_id, "spanId": "b" * 16, "parentSpanId": "a" * 16, "name": "below"},
        {"traceId": trace_id, "spanId": "c" * 16, "parentSpanId": "e" * 16, "name": "stray"},
    ]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    headers = {"x-api-key": "any"}
    httpx.post(f"{server.url}/v1/traces", json=body, headers=headers).raise_for_status()
    page = asker.ask("GET", "logs", f"log_{trace_id}", "trace")
    tree = {(one["name"], one["depth"]) for one in page["lines"]}
    assert {("below", 1), ("stray", 1)} <= tree
    assert page["lines"][0]["id"] == f"log_{trace_id}"
