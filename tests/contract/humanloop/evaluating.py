"""What the tests of evaluations share: a server whose models answer by a script, evaluators, and waiting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import until

ANSWERS = {
    "answers": [
        {"text": "BROKEN", "answer": {"error": {"fault": "dependency", "message": "No such deployment."}}},
        {
            "text": r"Polite\? PLEASE",
            "answer": {"text": "It asks.\ntrue", "input_tokens": 9, "output_tokens": 4},
        },
        {"text": "Polite", "answer": {"text": "It orders.\nfalse", "input_tokens": 9, "output_tokens": 4}},
        {"text": "capital of France", "answer": {"text": "Paris", "input_tokens": 7, "output_tokens": 1}},
        {"text": "capital of Italy", "answer": {"text": "Rome", "input_tokens": 7, "output_tokens": 1}},
        {"text": "capital", "answer": {"text": "Who knows?", "input_tokens": 7, "output_tokens": 3}},
    ]
}
CONFIG = """
[[models.route]]
match = "*"
provider = "ci"
[models.providers.ci]
type = "scripted"
file = "answers.json"
"""


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[LiveServer]:
    """A server of its own, in a folder, whose models answer by the script."""
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "headrace.toml").write_text(CONFIG)
    settings = {"config": str(folder / "headrace.toml"), "log_level": "error", **settings}
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    try:
        yield live
    finally:
        status = live.stop()
    assert status == 0


def python(code: str, return_type: str = "boolean", **members: Any) -> dict[str, Any]:
    """The spec of an evaluator whose code the server runs."""
    return {
        "evaluator_type": "python",
        "arguments_type": "target_free",
        "return_type": return_type,
        "code": code,
        **members,
    }


def llm(template: str, return_type: str = "boolean") -> dict[str, Any]:
    """The spec of an evaluator that asks a model."""
    return {
        "evaluator_type": "llm",
        "arguments_type": "target_free",
        "return_type": return_type,
        "prompt": {"model": "judge", "template": template},
    }


def human(return_type: str = "select", *options: str) -> dict[str, Any]:
    """The spec of an evaluator that is a person."""
    return {
        "evaluator_type": "human",
        "arguments_type": "target_free",
        "return_type": return_type,
        "instructions": "Rate it.",
        "options": [{"name": name} for name in options] or None,
    }


ALWAYS = python("def f(log):\n    return True")
LENGTH = python("def f(log):\n    return len(log['output'] or '')", "number")
IS_RIGHT = python(
    "def f(log, case):\n    return log['output'] == case['target']['output']",
    arguments_type="target_required",
)


def stats_of(raw: httpx.Client, evaluation_id: str) -> dict[str, Any]:
    """The stats of an evaluation."""
    answer = raw.get(f"/evaluations/{evaluation_id}/stats")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def finished(raw: httpx.Client, evaluation_id: str) -> dict[str, Any]:
    """The stats of an evaluation once its newest run is completed."""

    def look() -> dict[str, Any] | None:
        found = stats_of(raw, evaluation_id)
        return found if found["status"] == "completed" else None

    found: dict[str, Any] = until(look)
    return found


def by_version(stats: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The stats of the evaluators in a run, by their versions."""
    return {one["evaluator_version_id"]: one for one in stats["evaluator_stats"]}


def rows_of(raw: httpx.Client, evaluation_id: str, *run_ids: str) -> list[dict[str, Any]]:
    """All logs of an evaluation's runs, or of some."""
    query: list[tuple[str, Any]] = [("size", 100), *(("run_id", one) for one in run_ids)]
    answer = raw.get(f"/evaluations/{evaluation_id}/logs", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    assert answer.json()["total"] == len(found)
    return found


class Lab:
    """A flow, a dataset of three datapoints, and evaluators, in a directory of the test's own."""

    def __init__(self, client: Any, raw: httpx.Client, home: str) -> None:
        self.client = client
        self.raw = raw
        self.home = home
        self.flow = client.flows.upsert(path=f"{home}/Flow", attributes={"v": 1})
        points = [{"inputs": {"n": n}, "target": {"m": n}} for n in "abc"]
        self.dataset = client.datasets.upsert(path=f"{home}/Data", datapoints=points)
        page = client.datasets.list_datapoints(self.dataset.id).items
        self.points = [one.id for one in page]

    def evaluator(self, name: str, spec: dict[str, Any]) -> Any:
        return self.client.evaluators.upsert(path=f"{self.home}/{name}", spec=spec)

    def evaluation(self, *evaluators: Any, name: str | None = None) -> Any:
        return self.client.evaluations.create(
            file={"id": self.flow.id},
            name=name,
            evaluators=[{"version_id": one.version_id} for one in evaluators],
        )

    def run(self, evaluation: Any, **more: Any) -> Any:
        """A run whose logs others make."""
        return self.client.evaluations.create_run(
            evaluation.id,
            **{
                "dataset": {"version_id": self.dataset.version_id},
                "version": {"version_id": self.flow.version_id},
                "orchestrated": False,
                **more,
            },
        )

    def log(self, output: str, **more: Any) -> str:
        return str(self.client.flows.log(id=self.flow.id, output=output, log_status="complete", **more).id)

    def fill(self, run: Any) -> list[str]:
        """A log for each datapoint of a run."""
        return [
            self.log("x" * (n + 1), run_id=run.id, source_datapoint_id=one)
            for n, one in enumerate(self.points)
        ]

    def status(self, evaluation: Any) -> str:
        """The newest run's."""
        return str(self.client.evaluations.list_runs_for_evaluation(evaluation.id).runs[0].status)

    def refused(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """The detail of an answer that refuses."""
        answer = self.raw.request(method, f"/evaluations{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["detail"]
