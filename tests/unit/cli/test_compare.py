"""What `headrace compare` asks for, and how it shows what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headrace.cli import compare

SIDE: dict[str, Any] = {
    "execution_id": "exe_1",
    "log_id": "log_1",
    "status": "Succeeded",
    "output": "Blue.",
    "error": None,
    "failed_node": None,
    "latency_s": 0.25,
    "scores": [],
}
FIGURES: dict[str, Any] = {
    "runs": 2,
    "errors": 0,
    "latency_p50_s": 0.25,
    "latency_p95_s": 0.5,
    "input_tokens": 20,
    "output_tokens": 10,
    "cost_usd": None,
    "scores": [],
}
OPENING: dict[str, Any] = {
    "line": "comparison",
    "file": {"path": "support/triage"},
    "before": {"version_id": "flv_1", "numbers": [1, 3], "is_draft": False},
    "after": {"version_id": "flv_2", "numbers": [], "is_draft": True},
    "inputs": 2,
    "evaluators": [{"id": "ev_1", "path": "judges/tone"}],
}


def pair(index: int = 0, likeness: str = "same", **more: Any) -> dict[str, Any]:
    values = {"input": "blue", "path_difference": None, "before": SIDE, "after": SIDE}
    return {"line": "pair", "index": index, "likeness": likeness, **values, **more}


def summary(**more: Any) -> dict[str, Any]:
    counts = {"pairs": 2, "same": 2, "different": 0, "failed": 0, "different_paths": 0}
    return {"line": "summary", **counts, "before": FIGURES, "after": FIGURES, **more}


class Server:
    """Answers with these lines, and remembers what it was asked."""

    def __init__(self, *lines: dict[str, Any]) -> None:
        self.lines = lines
        self.path: str | None = None
        self.body: Any = None

    def stream(self, path: str, body: Any) -> Iterator[bytes]:
        self.path, self.body = path, body
        return iter([json.dumps(line).encode() + b"\n" for line in self.lines])


def run(monkeypatch: pytest.MonkeyPatch, server: Server, *words: str) -> Result:
    monkeypatch.setattr(compare, "find_server", lambda settings: server)
    return CliRunner().invoke(compare.command, ["support/triage", "3", "draft", *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--input", "red", "--input", '{"a": 1}'), {"inputs": ["red", {"a": 1}]}),
        (("--executions", "last:20"), {"last": 20}),
        (("--executions", "exe_1", "--executions", "exe_2"), {"executions": ["exe_1", "exe_2"]}),
        (("--dataset", "data/x"), {"dataset": "data/x"}),
        (("--dataset", "data/x", "--dataset-version", "2"), {"dataset": "data/x", "dataset_version": "2"}),
    ],
)
def test_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: Any) -> None:
    server = Server(OPENING, summary())
    assert run(monkeypatch, server, *words, "--evaluator", "judges/tone").exit_code == 0
    assert server.path == "/api/files/support%2Ftriage/compare"
    assert server.body == {"from": "3", "to": "draft", **said, "evaluators": ["judges/tone"]}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--input", "x", "--dataset", "y"),
        ("--input", "x", "--dataset-version", "1"),
        ("--executions", "last:many"),
        ("--executions", "last:2", "--executions", "exe_1"),
    ],
)
def test_what_is_no_request_is_not_sent(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    server = Server(OPENING, summary())
    assert run(monkeypatch, server, *words).exit_code == 2
    assert server.body is None


def test_the_hunks_of_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = "The parcel is late.\nWe are sorry for that, and send another one.\nYours"
    after = "The parcel is late.\nWe are very sorry, and send another one.\nYours"
    apart = pair(
        1,
        "different",
        before={**SIDE, "output": before},
        after={**SIDE, "output": after, "execution_id": "exe_2"},
        path_difference={"before": "Route: high", "after": None},
    )
    done = run(monkeypatch, Server(OPENING, pair(), apart, summary(same=1, different=1)), "--input", "x")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "support/triage: 3 (flv_1) and the draft on 2 inputs"
    assert lines[1] == "   1  same       0.250 s  0.250 s  exe_1  exe_1"
    assert lines[2] == "   2  different  0.250 s  0.250 s  exe_1  exe_2"
    assert lines[3:5] == ['      input: "blue"', "      path: Route: high → nothing more"]
    assert lines[5:9] == [
        "      ~ output:",
        "          The parcel is late.",
        "        ~ We are [-sorry for that-]{+very sorry+}, and send another one.",
        "          Yours",
    ]
    assert "Outputs: 1 same, 1 different, 0 failed. Paths: 0 different." in lines


def test_what_failed_says_where_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {**SIDE, "status": "Failed", "error": "no such\x1b[31m model", "failed_node": "Ask"}
    lines = Server(OPENING, pair(0, "failed", after={**failed, "latency_s": None}), summary(failed=1))
    done = run(monkeypatch, lines, "--input", "x")
    assert "      after: Failed at Ask: no such\\x1b[31m model" in done.output.splitlines()


def test_scores_where_they_differ_and_their_means(monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(value: Any, error: str | None = None) -> dict[str, Any]:
        return {**SIDE, "scores": [{"evaluator_id": "ev_1", "judgment": value, "error": error}]}

    def mean(value: float | None, errors: int) -> dict[str, Any]:
        score = {"evaluator_id": "ev_1", "judgments": 2, "errors": errors, "mean": value}
        return {**FIGURES, "cost_usd": 0.00012, "scores": [score]}

    server = Server(
        OPENING,
        pair(0, before=judged(True), after=judged(True)),
        pair(1, before=judged(False), after=judged(None, "it broke")),
        summary(before=mean(0.5, 0), after=mean(None, 1)),
    )
    lines = run(monkeypatch, server, "--input", "x").output.splitlines()
    assert [line for line in lines if "→" in line] == ["      judges/tone: false → error: it broke"]
    table = {line[:16].strip(): line[16:].split() for line in lines[-9:]}
    assert table["judges/tone"] == ["0.500", "of", "2", "-", "(1", "errors)"]
    assert table["cost"] == ["0.000120", "USD", "0.000120", "USD"]


def test_an_exit_code_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def status(*lines: dict[str, Any]) -> int:
        return run(monkeypatch, Server(*lines), "--input", "x", "--exit-code").exit_code

    assert status(OPENING, summary()) == 0
    assert status(OPENING, summary(same=1, different=1)) == 1
    assert status(OPENING, summary(same=1, failed=1)) == 1
    assert status(OPENING) == 2, "it was broken off"


def test_what_is_broken_off_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Server(OPENING, pair()), "--input", "x")
    assert (done.exit_code, "broken off" in done.output) == (1, True)


def test_json_is_what_was_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [OPENING, pair(), summary()]
    done = run(monkeypatch, Server(*told), "--input", "x", "--json")
    assert [json.loads(line) for line in done.output.splitlines()] == told
