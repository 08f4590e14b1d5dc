"""Evaluations by the TypeScript client: `evaluations.run` in each sort, and every other method (humanloop 4.3, 5.5)."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import LENGTH, by_version, rows_of, serving, stats_of
from tests.contract.humanloop.test_javascript import Sdk, start
from tests.contract.humanloop.tracing import until

pytestmark = [
    pytest.mark.js,
    pytest.mark.live,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]
WORDS = ["ant", "bear", "elephant", "dog"]
ENDS_WITHIN_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(tmp_path_factory.mktemp("evaluating")) as live:
        yield live


@pytest.fixture(scope="module")
def sdk(installed: Path, server: LiveServer) -> Iterator[Sdk]:
    yield from start(installed, server.url)


@pytest.fixture(autouse=True)
def _length(client: Any, home: str) -> None:
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)


def evaluate(installed: Path, server: LiveServer, home: str, sort: str, suffix: str = "") -> Any:
    """What the program checks."""
    command = ["node", "evaluate.mjs", server.url, home, sort, suffix]
    done = subprocess.run(
        command, cwd=installed, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def the_evaluation(raw: httpx.Client, path: str) -> dict[str, Any]:
    """The only one of the file at a path."""
    file = raw.post("/files/retrieve-by-path", json={"path": path}).json()
    (found,) = raw.get("/evaluations", params={"file_id": file["id"]}).json()["records"]
    evaluation: dict[str, Any] = found
    return evaluation


def told(raw: httpx.Client, evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """The stats of each run by the evaluators' names, newest first."""
    named = {one["version"]["version_id"]: one["version"]["name"] for one in evaluation["evaluators"]}
    return [
        {named[version]: one for version, one in by_version(run).items()}
        for run in stats_of(raw, evaluation["id"])["run_stats"]
    ]


def test_a_function_twice(installed: Path, server: LiveServer, raw: httpx.Client, home: str) -> None:
    """Local evaluators, one of which fails once, and thresholds; then the name is there already."""
    first = evaluate(installed, server, home, "flow")
    (evaluation_id,) = {one.pop("evaluationId") for one in first}
    assert first == [
        {"path": f"{home}/Length", "score": 0, "delta": 0, "threshold": 5, "thresholdCheck": False},
        {"path": f"{home}/Short", "score": 0, "delta": 0, "threshold": 0.75, "thresholdCheck": True},
        {"path": f"{home}/Distance", "score": 0, "delta": 0},
    ]
    evaluation = the_evaluation(raw, f"{home}/Shout")
    assert (evaluation["id"], evaluation["runs_count"]) == (evaluation_id, 1)
    rows = rows_of(raw, evaluation_id)
    assert [row["log"]["output"] for row in rows] == [word.upper() for word in WORDS]
    assert [row["log"]["source_datapoint_id"] for row in rows] == [row["datapoint"]["id"] for row in rows]
    (before,) = told(raw, evaluation)
    lengths = [len(word) for word in WORDS]
    assert before["Length"]["mean"] == statistics.fmean(lengths)
    assert (before["Short"]["num_true"], before["Short"]["num_false"]) == (3, 1)
    failed = {"total_logs": 4, "num_judgments": 3, "num_nulls": 0, "num_errors": 1, "sum": 0.0}
    assert {key: before["Distance"][key] for key in failed} == failed

    second = evaluate(installed, server, home, "flow", "!!")
    assert {one.pop("evaluationId") for one in second} == {evaluation_id}
    assert second == [
        {"path": f"{home}/Length", "score": 6.5, "delta": 2.0, "threshold": 5, "thresholdCheck": True},
        {"path": f"{home}/Short", "score": 0.5, "delta": -0.25, "threshold": 0.75, "thresholdCheck": False},
        {"path": f"{home}/Distance", "score": 2.0, "delta": 2.0},
    ]
    runs = raw.get(f"/evaluations/{evaluation_id}/runs").json()["runs"]
    assert [run["version"]["attributes"] for run in runs] == [{"suffix": "!!"}, {"suffix": ""}]
    assert [run["status"] for run in runs] == ["completed"] * 2


def test_a_decorated_function(installed: Path, server: LiveServer, raw: httpx.Client, home: str) -> None:
    """The client logs it twice: with the run, and by a span without it. Whichever counts, each datapoint has one."""
    (check,) = evaluate(installed, server, home, "decorated", "!!")
    assert check["thresholdCheck"] is True
    evaluation = the_evaluation(raw, f"{home}/Shout")
    rows = rows_of(raw, evaluation["id"])
    assert [row["datapoint"]["inputs"]["word"] for row in rows] == WORDS
    assert [row["log"]["output"] for row in rows] == [f"{word.upper()}!!" for word in WORDS]
    # One that comes late is judged late, although the run is over.
    until(lambda: told(raw, evaluation)[0]["Length"]["num_judgments"] == 4)
    (stats,) = told(raw, evaluation)
    assert (stats["Length"]["total_logs"], stats["Length"]["mean"]) == (4, 6.5)


def test_a_prompt_that_the_server_calls(
    installed: Path, server: LiveServer, raw: httpx.Client, home: str
) -> None:
    (check,) = evaluate(installed, server, home, "prompt", " capital")
    assert check["thresholdCheck"] is True
    evaluation = the_evaluation(raw, f"{home}/Ask")
    (run,) = raw.get(f"/evaluations/{evaluation['id']}/runs").json()["runs"]
    assert (run["orchestrated"], run["status"]) == (True, "completed")
    rows = rows_of(raw, evaluation["id"])
    assert [row["log"]["output"] for row in rows] == ["Who knows?"] * 4
    (stats,) = told(raw, evaluation)
    assert (stats["Length"]["num_judgments"], stats["Length"]["mean"]) == (4, 10.0)


def test_every_method(sdk: Sdk, home: str) -> None:
    flow = sdk.call("flows.upsert", {"path": f"{home}/Flow", "attributes": {}})
    points = [{"inputs": {"n": n}, "target": {"m": 1}} for n in "ab"]
    data = sdk.call("datasets.upsert", {"path": f"{home}/Data", "datapoints": points})
    spec = {"evaluatorType": "external", "argumentsType": "target_free", "returnType": "number"}
    judge = sdk.call("evaluators.upsert", {"path": f"{home}/Judge", "spec": spec})
    made = sdk.call(
        "evaluations.create",
        {"file": {"id": flow["id"]}, "name": "E", "evaluators": [{"path": judge["path"]}]},
    )
    assert (made["name"], made["fileId"], made["runsCount"]) == ("E", flow["id"], 0)
    assert made["evaluators"][0]["version"]["versionId"] == judge["versionId"]
    assert made["evaluators"][0]["orchestrated"] is False
    sdk.fail("evaluations.create", 409, {"file": {"id": flow["id"]}, "name": "E", "evaluators": []})
    other = sdk.call("evaluations.create", {"file": {"path": flow["path"]}, "evaluators": []})
    listed = sdk.iterate("evaluations.list", {"fileId": flow["id"], "size": 1})
    assert [one["id"] for one in listed] == [other["id"], made["id"]]
    assert sdk.call("evaluations.get", made["id"]) == made
    add = {"evaluators": [{"path": f"{home}/Length"}]}
    more = sdk.call("evaluations.addEvaluators", made["id"], add)
    assert [one["version"]["name"] for one in more["evaluators"]] == ["Judge", "Length"]
    gone = more["evaluators"][1]["version"]["versionId"]
    left = sdk.call("evaluations.removeEvaluator", made["id"], gone)
    assert left == {**made, "updatedAt": left["updatedAt"]}

    run = sdk.call(
        "evaluations.createRun",
        made["id"],
        {
            "dataset": {"versionId": data["versionId"]},
            "version": {"versionId": flow["versionId"]},
            "orchestrated": False,
        },
    )
    assert (run["status"], run["control"], run["orchestrated"]) == ("pending", False, False)
    assert (run["version"]["versionId"], run["dataset"]["versionId"]) == (
        flow["versionId"],
        data["versionId"],
    )
    assert sdk.call("evaluations.listRunsForEvaluation", made["id"])["runs"] == [run]
    assert sdk.call("evaluations.addExistingRun", other["id"], run["id"])["id"] == run["id"]
    assert sdk.call("evaluations.removeRun", other["id"], run["id"]) is None
    sdk.fail("evaluations.removeRun", 404, other["id"], run["id"])
    changed = sdk.call("evaluations.updateEvaluationRun", made["id"], run["id"], {"control": True})
    assert changed == {**run, "control": True}
    log = sdk.call("flows.log", {"id": flow["id"], "path": flow["path"], "output": "x"})
    added = sdk.call("evaluations.addLogsToRun", made["id"], run["id"], {"logIds": [log["id"]]})
    assert added["status"] == "running"
    for judgment in (1, 2.5):
        sdk.call("evaluators.log", {"path": judge["path"], "parentId": log["id"], "judgment": judgment})
    stats = sdk.call("evaluations.getStats", made["id"])
    assert (stats["status"], stats["runStats"][0]["numLogs"]) == ("running", 1)
    (numbers,) = stats["runStats"][0]["evaluatorStats"]
    assert (numbers["mean"], numbers["numJudgments"], numbers["percentiles"]["50"]) == (2.5, 1, 2.5)
    assert isinstance(stats["progress"] + stats["report"], str)
    page = sdk.call("evaluations.getLogs", made["id"], {"runId": run["id"], "size": 5})
    assert (page["total"], page["records"][0]["runId"]) == (1, run["id"])
    assert page["records"][0]["log"]["output"] == "x"
    assert page["records"][0]["evaluatorLogs"][0]["judgment"] == 2.5
    done = sdk.call("evaluations.updateEvaluationRun", made["id"], run["id"], {"status": "completed"})
    assert done["status"] == "completed"
    sdk.fail("evaluations.updateEvaluationRun", 409, made["id"], run["id"], {"status": "cancelled"})
    assert sdk.call("evaluations.delete", made["id"]) is None
    missing = sdk.fail("evaluations.get", 404, made["id"])
    assert missing["body"] == {"detail": f"Evaluation with ID `{made['id']}` not found."}
