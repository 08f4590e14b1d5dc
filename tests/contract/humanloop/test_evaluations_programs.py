"""Whole programs that evaluate: a decorated flow with either OpenTelemetry, and one that is interrupted (5.5)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import LENGTH, by_version, rows_of, serving, stats_of
from tests.contract.humanloop.newer import install
from tests.contract.humanloop.tracing import outline, until

pytestmark = pytest.mark.live

PROGRAMS = Path(__file__).parent / "programs"
WORDS = ["ant", "bear", "elephant", "dog"]
ENDS_WITHIN_S = 60
OLDER = ("humanloop==0.8.38", "opentelemetry-sdk==1.42.1", "requests")
"""The last OpenTelemetry that lets the client tell a span's run, as its users may install it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(tmp_path_factory.mktemp("programs")) as live:
        yield live


@pytest.fixture(scope="session")
def older(request: pytest.FixtureRequest) -> str:
    """An interpreter with the client and that OpenTelemetry."""
    folder: Path = request.config.cache.mkdir("humanloop-with-older-opentelemetry")  # type: ignore[union-attr]
    return str(install(folder, OLDER))


def run_program(python: str, server: LiveServer, home: str, *judges: str) -> subprocess.CompletedProcess[str]:
    """The program with the decorated flow, run to its end."""
    command = [python, str(PROGRAMS / "evaluate_flow.py"), server.url, home, *judges]
    return subprocess.run(command, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False)


def evaluated(python: str, server: LiveServer, home: str, *judges: str) -> Any:
    """What it found."""
    done = run_program(python, server, home, *judges)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def the_rows(raw: httpx.Client, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The stats of the newest run of a file's only evaluation, and its logs."""
    file = raw.post("/files/retrieve-by-path", json={"path": path}).json()
    (evaluation,) = raw.get("/evaluations", params={"file_id": file["id"]}).json()["records"]
    return stats_of(raw, evaluation["id"]), rows_of(raw, evaluation["id"])


def check_traces(raw: httpx.Client, rows: list[dict[str, Any]]) -> None:
    """Each datapoint has the trace that was made from it."""
    assert [row["datapoint"]["inputs"]["word"] for row in rows] == WORDS
    for row, word in zip(rows, WORDS, strict=True):
        assert (row["log"]["output"], row["log"]["inputs"]) == (f"{word.upper()}!", {"word": word})
        assert row["log"]["flow"]["attributes"] == {"release": 7}
        assert outline(raw.get(f"/logs/{row['log']['id']}").json()) == ("Shout", [("Raise", [])])


def test_a_decorated_flow_whose_spans_tell_no_run(
    server: LiveServer, client: Any, raw: httpx.Client, home: str
) -> None:
    """8.63: since 1.43 a span can't be changed any more once it has ended, and the client does not notice."""
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    found = evaluated(sys.executable, server, home)
    assert found["opentelemetry"] == version("opentelemetry-sdk")
    assert tuple(map(int, found["opentelemetry"].split(".")[:2])) >= (1, 43)
    (check,) = found["checks"]
    assert (check["threshold"], check["threshold_check"]) == (5.0, True)
    stats, rows = the_rows(raw, f"{home}/Shout")
    assert stats["status"] == "completed"
    check_traces(raw, rows)
    (told,) = stats["run_stats"][0]["evaluator_stats"]
    assert (told["num_judgments"], told["sum"]) == (4, float(sum(len(word) + 1 for word in WORDS)))


@pytest.mark.slow
def test_silence_ends_what_would_wait_for_ever(make_server: Any, home: str) -> None:
    """5.5: nobody calls the local evaluator then. The client finds no score to compare with its threshold."""
    live = make_server(evaluation_silence="2", log_level="error")
    live.humanloop().evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    done = run_program(sys.executable, live, home, "Short")
    assert done.returncode == 1
    assert "'>=' not supported between instances of 'NoneType' and 'float'" in done.stderr
    with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as raw:
        stats, rows = the_rows(raw, f"{home}/Shout")
        check_traces(raw, rows)
    length, short = by_version(stats["run_stats"][0]).values()
    assert (stats["status"], length["num_judgments"], short["total_logs"]) == ("completed", 4, 0)


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_a_decorated_flow_whose_spans_tell_their_run(
    older: str, server: LiveServer, client: Any, raw: httpx.Client, home: str
) -> None:
    """5.5: then local evaluators judge, too."""
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    found = evaluated(older, server, home, "Short")
    assert found["opentelemetry"] == "1.42.1"
    assert [one["threshold_check"] for one in found["checks"]] == [True, False]
    stats, rows = the_rows(raw, f"{home}/Shout")
    assert stats["status"] == "completed"
    check_traces(raw, rows)
    assert all(row["log"]["source_datapoint_id"] == row["datapoint"]["id"] for row in rows)
    length, short = by_version(stats["run_stats"][0]).values()
    assert (length["num_judgments"], length["sum"]) == (4, float(sum(len(word) + 1 for word in WORDS)))
    assert (short["num_true"], short["num_false"]) == (3, 1)


def test_who_interrupts_cancels(server: LiveServer, client: Any, raw: httpx.Client, home: str) -> None:
    """5.5; what is logged afterwards is kept, and the run stays what it is (8.34)."""
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "evaluate_slowly.py"), server.url, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert any(line == "waiting\n" for line in process.stdout), "it ended before it was called"
    assert the_rows(raw, f"{home}/Slow")[0]["status"] in ("pending", "running")
    process.send_signal(signal.SIGINT)
    until(lambda: the_rows(raw, f"{home}/Slow")[0]["status"] == "cancelled")
    _, told = process.communicate(timeout=ENDS_WITHIN_S)  # which ends its input, so that it goes on
    assert process.returncode == signal.SIGINT
    assert "cancelling Evaluation" in told
    stats, rows = the_rows(raw, f"{home}/Slow")
    assert (stats["status"], stats["run_stats"][0]["status"]) == ("cancelled", "cancelled")
    # The client fails where it hands a log to its evaluators, which are gone, and logs that, too.
    assert [row["datapoint"]["inputs"]["word"] for row in rows] == list("abcdef")
