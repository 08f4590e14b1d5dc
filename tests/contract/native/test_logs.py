"""Tables of logs over HTTP: what they are filtered by, page by page, in full, as lines, judged by people."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
_numbers = itertools.count(1)


class Shelf:
    """A flow with two versions and an evaluator of people, to log to."""

    def __init__(self, server: LiveServer, asker: Asker) -> None:
        self.client = server.humanloop()
        self.asker = asker
        self.path = f"logs {next(_numbers)}/Answer ünï"
        made = [self.client.flows.upsert(path=self.path, attributes={"n": n}) for n in (1, 2)]
        self.id, self.versions = made[0].id, [one.version_id for one in made]
        spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "human"}
        self.judge = self.client.evaluators.upsert(path=f"{self.path} judge", spec=spec)

    def log(self, **said: Any) -> str:
        made = self.client.flows.log(id=self.id, **{"log_status": "complete", **said})
        return str(made.id)

    def ask(self, *parts: str, **query: Any) -> Any:
        return self.asker.ask("GET", "files", self.path, *(parts or ("logs",)), **query)

    def ids(self, **query: Any) -> list[str]:
        return [one["id"] for one in self.ask(**query)["logs"]]


@pytest.fixture
def shelf(server: LiveServer, asker: Asker) -> Shelf:
    return Shelf(server, asker)


def test_a_row_tells_what_happened(shelf: Shelf) -> None:
    begun = datetime(2026, 3, 1, 12, tzinfo=UTC)
    log_id = shelf.log(
        inputs={"question": "Where is\n  the heron?"},
        output="On the weir",
        start_time=begun,
        end_time=begun + timedelta(seconds=2.5),
        flow_log_request_environment="production",
        user="ana",
        source="sdk",
    )
    found = shelf.ask()
    [row] = found["logs"]
    assert (found["next"], found["looked_back_to"], found["evaluators"]) == (None, None, [])
    assert row["file"] == {"id": shelf.id, "type": "flow", "path": shelf.path}
    told = {
        name: row[name] for name in ("id", "input", "output", "latency_s", "environment", "user", "source")
    }
    assert told == {
        "id": log_id,
        "input": "Where is the heron?",
        "output": "On the weir",
        "latency_s": 2.5,
        "environment": "production",
        "user": "ana",
        "source": "sdk",
    }
    assert (row["status"], row["error"], row["is_root"], row["steps"]) == ("complete", None, True, 0)
    assert (row["session"], row["judgments"]) == (log_id, [])


def test_a_root_tells_of_its_whole_trace(shelf: Shelf) -> None:
    root = shelf.log(log_status="incomplete", inputs={"a": 1, "b": [2]})
    shelf.client.prompts.log(
        path=f"{shelf.path} prompt",
        prompt={"model": "gpt-4o"},
        messages=[{"role": "user", "content": "Hello"}],
        output="Hi",
        prompt_tokens=12,
        output_tokens=30,
        output_cost=0.5,
        trace_parent_id=root,
    )
    [row] = shelf.ask()["logs"]
    assert (row["steps"], row["input_tokens"], row["output_tokens"], row["cost_usd"]) == (1, 12, 30, 0.5)
    assert row["input"] == '{"a":1,"b":[2]}'
    both = shelf.asker.ask("GET", "logs", session=root)["logs"]
    assert [one["file"]["type"] for one in both] == ["prompt", "flow"]
    assert (both[0]["input"], both[0]["output"], both[0]["is_root"]) == ("Hello", "Hi", False)
    alone = shelf.asker.ask("GET", "logs", session=root, roots="true")["logs"]
    assert [one["id"] for one in alone] == [root]


def test_pages_follow_each_other(shelf: Shelf) -> None:
    made = [shelf.log(output=f"answer {n}") for n in range(7)]
    first = shelf.ask(take=3)
    assert [one["id"] for one in first["logs"]] == made[:3:-1]
    shelf.log(output="newer")
    second = shelf.ask(take=3, before=first["next"])
    shelf.client.logs.delete(id=second["logs"][-1]["id"])
    third = shelf.ask(take=3, before=second["next"])
    assert [one["id"] for one in [*second["logs"], *third["logs"]]] == made[3::-1]
    assert third["next"] is None


def test_what_logs_are_filtered_by(shelf: Shelf) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    first = shelf.log(
        version_id=shelf.versions[0], output="a heron", flow_log_request_environment="staging", user="ana"
    )
    second = shelf.log(
        version_id=shelf.versions[1], output="a kite", error="No wind", metadata={"tier": "gold"}
    )
    third = shelf.log(version_id=shelf.versions[1], output="herons", source="replay", created_at=old)
    assert shelf.ids() == [second, first, third]
    for query, found in (
        ({"version": 1}, [first]),
        ({"version": shelf.versions[1]}, [second, third]),
        ({"version": "production"}, [first]),
        ({"environment": "staging"}, [first]),
        ({"user": "ana"}, [first]),
        ({"source": "replay"}, [third]),
        ({"search": "heron"}, [first, third]),
        ({"search": "wind no"}, [second]),
        ({"metadata": "tier gold"}, [second]),
        ({"error": "true"}, [second]),
        ({"error": "false"}, [first, third]),
        ({"from": "2026-02-01T00:00:00Z"}, [second, first]),
        ({"to": "2026-02-01T00:00:00"}, [third]),
        ({"search": "heron", "version": 1, "error": "false", "from": "2026-02-01T00:00:00Z"}, [first]),
        ({"search": "nothing like it"}, []),
        ({"from": "9999-12-31T23:59:59Z"}, []),
    ):
        assert shelf.ids(**query) == found, query


def test_judgments_are_columns_and_filters(shelf: Shelf) -> None:
    good, bad, none = (shelf.log(output=text) for text in ("good", "bad", "none"))
    judge = shelf.judge
    for log_id, verdict in ((good, True), (bad, False)):
        made = shelf.asker.ask(
            "POST", "logs", log_id, "judgments", body={"evaluator": judge.path, "judgment": verdict}
        )
        assert [one["judgment"] for one in made["judgments"]] == [verdict]
    found = shelf.ask()
    assert found["evaluators"] == [{"id": judge.id, "type": "evaluator", "path": judge.path}]
    by_log = {one["id"]: one["judgments"] for one in found["logs"]}
    assert by_log[none] == []
    [judgment] = by_log[good]
    assert (judgment["evaluator_id"], judgment["judgment"], judgment["is_automatic"]) == (
        judge.id,
        True,
        False,
    )
    assert shelf.ids(evaluator=judge.id) == [bad, good]
    assert shelf.ids(evaluator=judge.path, verdict="true") == [good]
    assert shelf.ids(evaluator=judge.id, verdict="false") == [bad]
    assert shelf.ids(evaluator=judge.id, verdict="none") == [none]
    assert shelf.ids(evaluator=judge.id, verdict="failed") == []
    assert shelf.ids(evaluator=judge.id, least=0.5) == [good]
    again = {"evaluator": judge.id, "judgment": False}
    replaced = shelf.asker.ask("POST", "logs", good, "judgments", body=again)
    assert [one["judgment"] for one in replaced["judgments"]] == [False]
    seen = shelf.client.logs.get(good)["evaluator_logs"]
    assert [one["judgment"] for one in seen] == [False], "one truth with the other API"


def test_a_judgment_must_be_one(shelf: Shelf) -> None:
    log_id = shelf.log(output="x")
    at = ("POST", "logs", log_id, "judgments")
    said = shelf.asker.refused(400, "invalid", *at, body={"evaluator": shelf.judge.id, "judgment": "maybe"})
    assert "'maybe'" in said
    shelf.asker.refused(400, "invalid", *at, body={"evaluator": shelf.id, "judgment": True})
    shelf.asker.refused(404, "not_found", *at, body={"evaluator": "nobody", "judgment": True})
    body = {"evaluator": shelf.judge.id, "judgment": True}
    shelf.asker.refused(404, "not_found", "POST", "logs", "log_none", "judgments", body=body)
    assert shelf.asker.ask("GET", "logs", log_id)["judgments"] == []


def test_a_log_in_full(shelf: Shelf) -> None:
    inputs = {"text": "long " * 200, "n": 12345678901234567890}
    log_id = shelf.log(inputs=inputs, output="out " * 200, metadata={"a": None}, error="broke\nhere")
    found = shelf.asker.ask("GET", "logs", log_id)
    assert found["inputs"] == inputs
    assert (found["output_text"], found["error_text"]) == ("out " * 200, "broke\nhere")
    assert (found["metadata"], found["messages"], found["judgment"]) == ({"a": None}, None, None)
    assert (found["error"], len(found["output"])) == ("broke here", 240)
    shelf.asker.refused(404, "not_found", "GET", "logs", "log_none")


def test_an_export_holds_all_that_is_wanted(shelf: Shelf) -> None:
    made = [shelf.log(inputs={"n": n}, output=f"=SUM({n})", error="e" if n % 3 else None) for n in range(230)]
    wanted = [one for n, one in enumerate(made) if n % 3][::-1]
    answer = shelf.asker.send("GET", "files", shelf.id, "exports", "logs", error="true")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["id"] for one in lines] == wanted
    assert lines[0]["inputs"] == {"n": 229}
    assert "attachment" in answer.headers["content-disposition"]
    table = shelf.asker.send("GET", "files", shelf.id, "exports", "logs", error="true", **{"as": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [one["id"] for one in rows] == wanted
    assert rows[0]["output_text"] == "'=SUM(229)", "no formula"
    assert rows[0]["inputs"] == '{"n":229}'
    everything = shelf.asker.send("GET", "exports", "logs", search="SUM 229")
    assert [json.loads(line)["id"] for line in everything.text.splitlines()] == [made[229]]


def test_what_does_not_fit_together(shelf: Shelf) -> None:
    at = ("GET", "files", shelf.id, "logs")
    shelf.asker.refused(400, "invalid", *at, before="yesterday")
    shelf.asker.refused(400, "invalid", *at, verdict="true")
    shelf.asker.refused(400, "invalid", *at, evaluator=shelf.id)
    shelf.asker.refused(404, "not_found", *at, version="9")
    shelf.asker.refused(400, "invalid", *at, **{"from": "lately"})
    shelf.asker.refused(400, "invalid", "GET", "logs", version="1")
    shelf.asker.refused(404, "not_found", "GET", "files", "no file", "logs")
    shelf.asker.refused(404, "not_found", "GET", "files", "no file", "exports", "logs")
