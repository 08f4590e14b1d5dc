"""A server that is killed while logs come in and evaluators run: nothing is lost, nothing is judged twice."""

from __future__ import annotations

import http.client
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from tests.contract.conftest import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.chaos, pytest.mark.timeout(600)]

ROUNDS = 6
WRITERS = 4
MOST_ANSWERS = 150
SETTLED_WITHIN_S = 120.0
EVALUATORS = {
    "Quick": "def f(log):\n    return len(log['output'])",
    "Slow": "import time\ndef f(log):\n    time.sleep(0.03)\n    return log['inputs']['index']",
    "Moody": "def f(log):\n    return 1 // (log['inputs']['index'] % 2)",
}


@dataclass
class Promises:
    """What the server has acknowledged.

    Attributes:
        outputs: of each log, the last output that it surely has.
        complete: logs that surely are.
        doubtful: logs that a request about was cut off.
    """

    outputs: dict[str, str] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    answers: int = 0


class Writer:
    """Records logs of a flow and changes them, until the server is gone."""

    def __init__(self, live: LiveServer, promises: Promises, enough: threading.Event, limit: int) -> None:
        place = urlsplit(live.url)
        assert place.hostname
        self._connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        self._promises = promises
        self._is_enough = enough
        self._limit = limit

    def write(self, flow: str, name: str) -> None:
        for index in itertools.count():
            log_id = f"{name}-{index}"
            try:
                self._one(flow, log_id, index)
            except (OSError, http.client.HTTPException):
                self._promises.doubtful.add(log_id)
                return

    def _one(self, flow: str, log_id: str, index: int) -> None:
        is_open = index % 3 == 0
        status = "incomplete" if is_open else "complete"
        new = {"id": flow, "log_id": log_id, "inputs": {"index": index}, "output": "x", "log_status": status}
        self._send("POST", "/v5/flows/log", new)
        self._acknowledged(log_id, "x", is_complete=not is_open)
        if index % 9 != 0:
            self._send("PATCH", f"/v5/flows/logs/{log_id}", {"output": "xyz", "log_status": "complete"})
            self._acknowledged(log_id, "xyz", is_complete=True)

    def _acknowledged(self, log_id: str, output: str, *, is_complete: bool) -> None:
        self._promises.outputs[log_id] = output
        if is_complete:
            self._promises.complete.add(log_id)
        self._promises.answers += 1
        if self._promises.answers >= self._limit:
            self._is_enough.set()

    def _send(self, method: str, path: str, body: dict[str, Any]) -> None:
        headers = {"x-api-key": "any", "content-type": "application/json"}
        self._connection.request(method, path, msgspec.json.encode(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == 200, text


def _write_until_killed(live: LiveServer, flow: str, round_: int, limit: int) -> Promises:
    promises, is_enough = Promises(), threading.Event()
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        work = [
            pool.submit(Writer(live, promises, is_enough, limit).write, flow, f"round-{round_}-{index}")
            for index in range(WRITERS)
        ]
        assert is_enough.wait(60)
        live.kill()
        for one in work:
            one.result(timeout=60)
    return promises


def _waiting(live: LiveServer) -> int:
    return int(httpx.get(f"{live.url}/readyz").json()["waiting_jobs"])


def _settle(live: LiveServer) -> None:
    end = time.monotonic() + SETTLED_WITHIN_S
    while _waiting(live):
        assert time.monotonic() < end, "some work is never done"
        time.sleep(0.1)


def _logs(live: LiveServer, file_id: str) -> dict[str, dict[str, Any]]:
    """All logs of a file, by id."""
    found: dict[str, dict[str, Any]] = {}
    with httpx.Client(base_url=f"{live.url}/v5", headers={"x-api-key": "any"}, timeout=60) as client:
        for page in itertools.count(1):
            shown = client.get("/logs", params={"file_id": file_id, "page": page, "size": 500}).json()
            found |= {log["id"]: log for log in shown["records"]}
            if not shown["records"]:
                assert len(found) == shown["total"]
                return found
    raise AssertionError


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    running = LiveServer(store=f"sqlite:///{tmp_path}/headrace.db", settings={"log_level": "error"})
    yield running.start()
    assert running.stop() == 0


def test_a_killed_server_loses_no_log_and_judges_none_twice(live: LiveServer) -> None:
    rng = random.Random(11)
    client = live.humanloop()
    flow = client.flows.upsert(path="Watched", attributes={})
    evaluators = {name: _monitor(client, flow.id, name, code) for name, code in EVALUATORS.items()}
    every = Promises()
    cut_off = 0
    for round_ in range(ROUNDS):
        promises = _write_until_killed(live, flow.id, round_, rng.randint(WRITERS, MOST_ANSWERS))
        every.outputs |= promises.outputs
        every.complete |= promises.complete
        every.doubtful |= promises.doubtful
        live.start()
        cut_off += _waiting(live) > 0
    assert cut_off >= ROUNDS / 2, "kills must have cut off judgments, or this proves nothing"
    _settle(live)
    logs = _logs(live, flow.id)
    _check_logs(logs, every)
    _check_judgments(logs)
    _check_totals(live, flow.id, logs, evaluators)


def _monitor(client: Any, flow: str, name: str, code: str) -> str:
    spec = {
        "arguments_type": "target_free",
        "return_type": "number",
        "evaluator_type": "python",
        "code": code,
    }
    evaluator = client.evaluators.upsert(path=f"Evaluators/{name}", spec=spec)
    client.flows.update_monitoring(flow, activate=[{"evaluator_version_id": evaluator.version_id}])
    return str(evaluator.id)


def _check_logs(logs: dict[str, dict[str, Any]], every: Promises) -> None:
    assert set(every.outputs) <= set(logs), "what was acknowledged is there"
    assert set(logs) <= set(every.outputs) | every.doubtful, "and nothing that nobody sent"
    for log_id, output in every.outputs.items():
        if log_id not in every.doubtful:
            assert logs[log_id]["output"] == output
            assert (logs[log_id]["log_status"] == "complete") == (log_id in every.complete)
        elif log_id in every.complete:
            assert logs[log_id]["log_status"] == "complete"


def _check_judgments(logs: dict[str, dict[str, Any]]) -> None:
    for log in logs.values():
        found = Counter(one["evaluator"]["name"] for one in log["evaluator_logs"])
        assert found == Counter(list(EVALUATORS) if log["log_status"] == "complete" else ())
        index = log["inputs"]["index"]
        right = {"Quick": len(log["output"]), "Slow": index, "Moody": 1 if index % 2 else None}
        if log["log_status"] == "complete":
            assert {one["evaluator"]["name"]: one["judgment"] for one in log["evaluator_logs"]} == right
            errors = [one["evaluator"]["name"] for one in log["evaluator_logs"] if one["error"]]
            assert errors == ([] if index % 2 else ["Moody"])


def _check_totals(
    live: LiveServer, flow: str, logs: dict[str, dict[str, Any]], evaluators: dict[str, str]
) -> None:
    (version,) = live.humanloop().flows.list_versions(flow, evaluator_aggregates=True).records
    assert version.version_logs_count == len(logs)
    means = {one.evaluator_id: one.value for one in version.evaluator_aggregates}
    judged = [log for log in logs.values() if log["log_status"] == "complete"]
    for name, evaluator_id in evaluators.items():
        values = [
            one["judgment"]
            for log in judged
            for one in log["evaluator_logs"]
            if one["evaluator"]["name"] == name and one["judgment"] is not None
        ]
        assert means[evaluator_id] == pytest.approx(sum(values) / len(values), rel=1e-15)
        kept = _logs(live, evaluator_id)
        assert len(kept) == len(judged), "no judgment that judges nothing"
