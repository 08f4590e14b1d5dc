"""`humanloop.evaluations.run` of the Python client, end to end (humanloop 4.3, 5.5).

What it finds is compared with what the test computes by itself.
"""

from __future__ import annotations

import re
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from math import fsum
from types import SimpleNamespace
from typing import Any

import httpx
import humanloop.evals.run as runner
import pytest
from humanloop.error import HumanloopRuntimeError
from humanloop.types import EvaluationResponse, EvaluationRunResponse
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import (
    IS_RIGHT,
    LENGTH,
    by_version,
    human,
    llm,
    python,
    rows_of,
    serving,
    stats_of,
)

pytestmark = pytest.mark.live

WORDS = {"ant": 3, "please": 2, "elephant": 8, "bear": 5, "dog": 3}
"""What is asked, and what is expected."""
POINTS = [{"inputs": {"word": word}, "target": {"length": length}} for word, length in WORDS.items()]
CAPITALS = [
    {"inputs": {"country": "France"}, "target": {"output": "Paris"}},
    {"inputs": {"country": "Italy"}, "target": {"output": "Rome"}},
    {"inputs": {"country": "Nowhere"}, "target": {"output": "Nothing"}},
]
ASK = [{"role": "user", "content": "What is the capital of {{country}}?"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    with serving(tmp_path_factory.mktemp("evaluating")) as live:
        yield live


@pytest.fixture(autouse=True)
def _left_as_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client takes the signals of the program that it is in, and looks only every few seconds."""
    taken = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    quick = SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.05))
    monkeypatch.setattr(runner, "time", quick)
    yield
    for one, handler in taken.items():
        signal.signal(one, handler)


def shout(word: str) -> str:
    return word.upper()


def whisper(word: str) -> str:
    return f"{word}..."


def is_short(log: dict[str, Any]) -> bool:
    return len(log["output"]) < 6


def distance(log: dict[str, Any], datapoint: dict[str, Any]) -> float:
    return float(abs(len(log["output"]) - datapoint["target"]["length"]) + 0.1)


def local(path: str, function: Callable[..., Any], **more: Any) -> dict[str, Any]:
    """An evaluator that is a function of this program."""
    return {
        "path": path,
        "callable": function,
        "args_type": "target_free",
        "return_type": "boolean",
        **more,
    }


def flow(path: str, function: Callable[..., Any], **attributes: Any) -> dict[str, Any]:
    """What is evaluated: a function of this program."""
    return {
        "type": "flow",
        "path": path,
        "version": {"attributes": attributes or {"v": 1}},
        "callable": function,
    }


def the_evaluation(client: Any, file_id: str) -> Any:
    """The only one of a file."""
    (found,) = client.evaluations.list(file_id=file_id).items
    assert {type(found)} == {EvaluationResponse}
    return found


def its_runs(client: Any, evaluation: Any) -> list[Any]:
    """Newest first."""
    runs: list[Any] = client.evaluations.list_runs_for_evaluation(evaluation.id).runs
    assert {type(one) for one in runs} == {EvaluationRunResponse}
    assert evaluation.runs_count == len(runs)
    return runs


def numbers(values: list[float]) -> dict[str, Any]:
    """What the stats must say of these numbers."""
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    bounds = [min(values), *quarters, max(values)]
    return {
        "mean": pytest.approx(fsum(values) / len(values), rel=1e-15),
        "sum": fsum(values),
        "std": pytest.approx(statistics.stdev(values), rel=1e-14),
        "percentiles": {
            name: pytest.approx(bound, rel=1e-14)
            for name, bound in zip(("0", "25", "50", "75", "100"), bounds, strict=True)
        },
    }


def counted(total: int, judgments: int, nulls: int = 0, errors: int = 0) -> dict[str, int]:
    return {"total_logs": total, "num_judgments": judgments, "num_nulls": nulls, "num_errors": errors}


def test_local_functions_and_evaluators_of_all_sorts(
    client: Any, raw: httpx.Client, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {name: f"{home}/{name}" for name in ("Short", "Distance", "Length", "Polite")}
    client.evaluators.upsert(path=paths["Length"], spec=LENGTH)
    client.evaluators.upsert(path=paths["Polite"], spec=llm("Polite? {{log.output}}"))
    far = {"args_type": "target_required", "return_type": "number"}

    def evaluate(function: Callable[..., Any], **attributes: Any) -> list[Any]:
        """The paths are what the documentation gives; thresholds are above and below what is found."""
        checks: list[Any] = client.evaluations.run(
            file=flow(f"{home}/Echo", function, **attributes),
            name="Echoes",
            dataset={"path": f"{home}/Words", "datapoints": POINTS},
            evaluators=[
                local(paths["Short"], is_short, threshold=0.5),
                local(paths["Distance"], distance, threshold=100.0, **far),
                {"path": paths["Length"]},
                {"path": paths["Polite"], "threshold": 0.2},
            ],
        )
        return checks

    checks = evaluate(shout)
    told = capsys.readouterr()
    assert [(one.path, one.threshold, one.threshold_check) for one in checks] == [
        (paths["Short"], 0.5, True),
        (paths["Distance"], 100.0, False),
        (paths["Length"], None, None),
        (paths["Polite"], 0.2, True),
    ]
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    evaluation = the_evaluation(client, file.id)
    assert {one.evaluation_id for one in checks} == {evaluation.id}
    assert (evaluation.name, evaluation.file_id) == ("Echoes", file.id)
    assert evaluation.url in told.out
    stats = stats_of(raw, evaluation.id)
    assert stats["report"] in told.err
    assert "5/5" in stats["progress"]

    (first,) = its_runs(client, evaluation)
    assert (first.status, first.orchestrated, first.control) == ("completed", False, False)
    assert first.version.version_id == file.version_id
    assert first.dataset.datapoints_count == 5
    judges = {one.version.path: one for one in evaluation.evaluators}
    assert [one.version.path for one in evaluation.evaluators] == list(paths.values())
    assert [one.orchestrated for one in evaluation.evaluators] == [False, False, True, True]
    versions = {name: judges[path].version.version_id for name, path in paths.items()}
    lengths = [float(len(word)) for word in WORDS]
    distances = [abs(len(word) - length) + 0.1 for word, length in WORDS.items()]
    (run_stats,) = stats["run_stats"]
    assert (run_stats["run_id"], run_stats["num_logs"]) == (first.id, 5)
    assert (run_stats["version_id"], run_stats["batch_id"]) == (file.version_id, None)
    assert by_version(run_stats) == {
        versions["Short"]: {
            "evaluator_version_id": versions["Short"], "num_true": 3, "num_false": 2, **counted(5, 5)
        },
        versions["Distance"]: {
            "evaluator_version_id": versions["Distance"], **counted(5, 5), **numbers(distances)
        },
        versions["Length"]: {"evaluator_version_id": versions["Length"], **counted(5, 5), **numbers(lengths)},
        versions["Polite"]: {
            "evaluator_version_id": versions["Polite"], "num_true": 1, "num_false": 4, **counted(5, 5)
        },
    }  # fmt: skip

    again = evaluate(whisper, v=2)
    longer = statistics.fmean(length + 3 for length in lengths)
    farther = statistics.fmean(abs(len(word) + 3 - length) + 0.1 for word, length in WORDS.items())
    assert [(one.path, one.score, one.delta) for one in again] == [
        (paths["Short"], 0.0, -0.6),
        (paths["Distance"], round(farther, 2), round(farther - statistics.fmean(distances), 2)),
        (paths["Length"], round(longer, 2), 3.0),
        (paths["Polite"], 0.0, -0.2),
    ]
    assert [one.threshold_check for one in again] == [False, False, None, False]
    evaluation = the_evaluation(client, file.id)
    second, before = its_runs(client, evaluation)
    assert (before.id, second.status) == (first.id, "completed")
    assert second.version.attributes == {"v": 2}
    assert second.dataset.version_id == first.dataset.version_id


def test_a_log_of_a_run_knows_what_it_was_made_from(client: Any, raw: httpx.Client, home: str) -> None:
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    client.evaluations.run(
        file=flow(f"{home}/Echo", shout),
        name=None,
        dataset={"path": f"{home}/Words", "datapoints": POINTS},
        evaluators=[{"path": f"{home}/Length"}, local(f"{home}/Short", is_short)],
    )
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    evaluation = the_evaluation(client, file.id)
    assert evaluation.name is None
    (run,) = its_runs(client, evaluation)
    rows = rows_of(raw, evaluation.id)
    assert [row["datapoint"]["inputs"]["word"] for row in rows] == list(WORDS), "in the dataset's order"
    for row in rows:
        word = row["datapoint"]["inputs"]["word"]
        assert (row["run_id"], row["datapoint"]["target"]) == (run.id, {"length": WORDS[word]})
        assert (row["log"]["output"], row["log"]["inputs"]) == (word.upper(), {"word": word})
        assert row["log"]["source_datapoint_id"] == row["datapoint"]["id"]
        assert row["log"]["flow"]["version_id"] == run.version.version_id
        judgments = {one["evaluator"]["name"]: one["judgment"] for one in row["evaluator_logs"]}
        assert judgments == {"Length": len(word), "Short": len(word) < 6}
        assert {one["parent_id"] for one in row["evaluator_logs"]} == {row["log"]["id"]}


def test_what_goes_wrong_is_counted_and_the_run_ends(client: Any, raw: httpx.Client, home: str) -> None:
    """A function and evaluators that fail: errors are logged, and judged or counted."""

    def fails_on_bears(word: str) -> str:
        if word == "bear":
            raise ValueError("A bear!")
        return word

    def fails_on_ants(log: dict[str, Any]) -> bool:
        if log["output"] == "ant":
            raise ValueError("An ant!")
        return log["output"] is not None

    spec = python("def f(log):\n    return len(log['output'])", "number")
    client.evaluators.upsert(path=f"{home}/Strict", spec=spec)
    checks = client.evaluations.run(
        file=flow(f"{home}/Careful", fails_on_bears),
        name="Failures",
        dataset={"path": f"{home}/Words", "datapoints": POINTS},
        evaluators=[local(f"{home}/Any", fails_on_ants, threshold=0.6), {"path": f"{home}/Strict"}],
    )
    assert [one.threshold_check for one in checks] == [True, None]
    file = client.files.retrieve_by_path(path=f"{home}/Careful")
    evaluation = the_evaluation(client, file.id)
    (run,) = its_runs(client, evaluation)
    assert run.status == "completed"
    (run_stats,) = stats_of(raw, evaluation.id)["run_stats"]
    named = {one.version.version_id: one.version.name for one in evaluation.evaluators}
    told = {named[version]: one for version, one in by_version(run_stats).items()}
    assert run_stats["num_logs"] == 5
    expected = counted(5, 4, errors=1)
    assert {key: told["Any"][key] for key in expected} == expected
    assert (told["Any"]["num_true"], told["Any"]["num_false"]) == (3, 1)
    assert {key: told["Strict"][key] for key in expected} == expected
    assert told["Strict"]["sum"] == sum(len(word) for word in WORDS if word != "bear")
    (bear,) = [row for row in rows_of(raw, evaluation.id) if row["datapoint"]["inputs"]["word"] == "bear"]
    assert (bear["log"]["error"], bear["log"]["output"]) == ("A bear!", None)
    (error,) = [one["error"] for one in bear["evaluator_logs"] if one["error"]]
    assert "TypeError" in error


def test_a_function_that_logs_by_itself(client: Any, raw: httpx.Client, home: str) -> None:
    """5.5: its first log at the evaluated path is the one of the datapoint; it is completed later."""

    def traced(word: str) -> str:
        log = client.flows.log(
            path=f"{home}/Traced",
            flow={"attributes": {"v": 1}},
            inputs={"word": word},
            log_status="incomplete",
        )
        client.tools.log(
            path=f"{home}/Tool",
            tool={"function": {"name": "up", "description": "Raises."}},
            trace_parent_id=log.id,
            output=word.upper(),
        )
        client.flows.update_log(log.id, output=word.upper(), log_status="complete")
        return "not logged"

    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    client.evaluations.run(
        file=flow(f"{home}/Traced", traced),
        name="Traces",
        dataset={"path": f"{home}/Words", "datapoints": POINTS},
        evaluators=[{"path": f"{home}/Length"}, local(f"{home}/Short", is_short)],
    )
    file = client.files.retrieve_by_path(path=f"{home}/Traced")
    rows = rows_of(raw, the_evaluation(client, file.id).id)
    assert sorted(row["log"]["output"] for row in rows) == sorted(word.upper() for word in WORDS)
    assert client.logs.list(file_id=file.id, size=50).items.__len__() == 5, "nothing is logged twice"
    for row in rows:
        judgments = {one["evaluator"]["name"]: one["judgment"] for one in row["evaluator_logs"]}
        assert judgments == {"Length": len(row["log"]["output"]), "Short": len(row["log"]["output"]) < 6}


def test_a_local_prompt(client: Any, raw: httpx.Client, home: str) -> None:
    """5.5: as flows, but by ``prompts.log``; messages of a datapoint are handed on."""

    def answer(name: str, messages: list[Any]) -> str:
        return f"{name}: {messages[-1]['content']}"

    point = {"inputs": {"name": "Ann"}, "messages": [{"role": "user", "content": "Hi!"}]}
    client.evaluators.upsert(path=f"{home}/Length", spec=LENGTH)
    client.evaluations.run(
        file={"type": "prompt", "path": f"{home}/Greet", "version": {"model": "m"}, "callable": answer},
        name="Greetings",
        dataset={"path": f"{home}/People", "datapoints": [point]},
        evaluators=[{"path": f"{home}/Length"}],
    )
    file = client.files.retrieve_by_path(path=f"{home}/Greet")
    evaluation = the_evaluation(client, file.id)
    (run,) = its_runs(client, evaluation)
    (row,) = rows_of(raw, evaluation.id)
    assert (row["log"]["output"], row["log"]["prompt"]["model"]) == ("Ann: Hi!", "m")
    assert row["datapoint"]["messages"][0]["content"] == "Hi!"
    assert (run.version.type, run.status) == ("prompt", "completed")


def test_prompts_that_the_server_calls(client: Any, raw: httpx.Client, home: str) -> None:
    """The default version, one by its id, one in an environment, and one that is made."""
    paris = client.prompts.upsert(path=f"{home}/Capital", model="m", template=ASK)
    loud = client.prompts.upsert(path=f"{home}/Capital", model="m", template=ASK, temperature=0.9)
    places = {one.name: one.id for one in client.prompts.list_environments(paris.id)}
    client.prompts.set_deployment(paris.id, places["staging"], version_id=loud.version_id)
    client.evaluators.upsert(path=f"{home}/Right", spec=IS_RIGHT)
    client.datasets.upsert(path=f"{home}/Countries", datapoints=CAPITALS)

    def evaluate(**file: Any) -> Any:
        """With the dataset as it is."""
        (check,) = client.evaluations.run(
            file={"type": "prompt", **file},
            name="Capitals",
            dataset={"path": f"{home}/Countries"},
            evaluators=[{"path": f"{home}/Right", "threshold": 0.6}],
        )
        return check

    assert evaluate(path=f"{home}/Capital").threshold_check is True
    evaluation = the_evaluation(client, paris.id)
    (run,) = its_runs(client, evaluation)
    assert (run.orchestrated, run.status, run.version.version_id) == (True, "completed", paris.version_id)
    rows = rows_of(raw, evaluation.id)
    assert [row["log"]["output"] for row in rows] == ["Paris", "Rome", "Who knows?"]
    assert [row["datapoint"]["inputs"] for row in rows] == [one["inputs"] for one in CAPITALS]
    assert [one["judgment"] for row in rows for one in row["evaluator_logs"]] == [True, True, False]
    first = rows[0]["log"]
    assert (first["source_datapoint_id"], first["prompt_tokens"]) == (rows[0]["datapoint"]["id"], 7)
    assert first["inputs"] == {"country": "France"}

    evaluate(id=paris.id, version_id=loud.version_id)
    evaluate(id=paris.id, environment="staging")
    check = evaluate(path=f"{home}/Capital", version={"model": "other", "template": "Say BROKEN"})
    assert (check.score, check.delta, check.threshold_check) == (0.0, -0.67, False)
    runs = its_runs(client, the_evaluation(client, paris.id))
    assert [one.version.version_id for one in runs[1:]] == [loud.version_id] * 2 + [paris.version_id]
    assert (runs[0].version.model, runs[0].status) == ("other", "completed")
    broken = rows_of(raw, evaluation.id, runs[0].id)
    assert ["No such deployment." in row["log"]["error"] for row in broken] == [True] * 3
    assert client.prompts.get(paris.id).version_id == paris.version_id


def test_agents_that_the_server_calls(client: Any, raw: httpx.Client, home: str) -> None:
    """5.7: an agent that is not there yet is made; one can't be a local function."""
    client.evaluators.upsert(path=f"{home}/Right", spec=IS_RIGHT)
    agent = {"type": "agent", "path": f"{home}/Agent", "version": {"model": "m", "template": ASK}}
    dataset = {"path": f"{home}/Countries", "datapoints": CAPITALS}
    right = {"path": f"{home}/Right", "threshold": 0.5}
    (check,) = client.evaluations.run(file=agent, name="Agents", dataset=dataset, evaluators=[right])
    assert check.threshold_check is True
    file = client.files.retrieve_by_path(path=f"{home}/Agent")
    evaluation = the_evaluation(client, file.id)
    (run,) = its_runs(client, evaluation)
    assert (run.version.type, run.orchestrated, run.status) == ("agent", True, "completed")
    rows = rows_of(raw, evaluation.id)
    assert [row["log"]["output_message"]["content"] for row in rows] == ["Paris", "Rome", "Who knows?"]
    assert [row["log"]["source_datapoint_id"] for row in rows] == [row["datapoint"]["id"] for row in rows]
    with pytest.raises(ValueError, match="only possible on the Humanloop runtime"):
        client.evaluations.run(
            file={**agent, "callable": shout}, name="Agents", dataset=dataset, evaluators=[right]
        )


def test_nobody_waits_for_people(client: Any, raw: httpx.Client, home: str) -> None:
    """4.3: a person's judgment may come when the run is over, and counts then."""
    client.evaluators.upsert(path=f"{home}/Rating", spec=human("select", "good", "bad"))
    checks = client.evaluations.run(
        file=flow(f"{home}/Echo", shout),
        name="Ratings",
        dataset={"path": f"{home}/Words", "datapoints": POINTS},
        evaluators=[{"path": f"{home}/Rating"}],
    )
    assert checks == []
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    evaluation = the_evaluation(client, file.id)
    (run,) = its_runs(client, evaluation)
    assert run.status == "completed"
    (seat,) = evaluation.evaluators
    before = {"evaluator_version_id": seat.version.version_id, **counted(0, 0)}
    (run_stats,) = stats_of(raw, evaluation.id)["run_stats"]
    assert by_version(run_stats)[seat.version.version_id] == {
        **before,
        "num_judgments_per_option": {"good": 0, "bad": 0},
    }
    rows = rows_of(raw, evaluation.id)
    for row, judgment in zip(rows, ["good", "bad", "good", None], strict=False):
        client.evaluators.log(path=f"{home}/Rating", parent_id=row["log"]["id"], judgment=judgment)
    (run_stats,) = stats_of(raw, evaluation.id)["run_stats"]
    assert (run_stats["status"], by_version(run_stats)[seat.version.version_id]) == (
        "completed",
        {**before, **counted(4, 3, nulls=1), "num_judgments_per_option": {"good": 2, "bad": 1}},
    )


def test_local_evaluators_that_come_late_are_waited_for(client: Any, raw: httpx.Client, home: str) -> None:
    """4.3: the stats are read once, when the run is completed; so no judgment may be missing then."""

    def slow(log: dict[str, Any]) -> float:
        time.sleep(0.3)
        return float(len(log["output"]))

    (check,) = client.evaluations.run(
        file=flow(f"{home}/Echo", shout),
        name="Slow",
        dataset={"path": f"{home}/Words", "datapoints": POINTS},
        evaluators=[local(f"{home}/Slow", slow, return_type="number", threshold=4.8)],
        workers=2,
    )
    assert check.threshold_check is True, "the mean of all five"
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    (run_stats,) = stats_of(raw, the_evaluation(client, file.id).id)["run_stats"]
    (told,) = run_stats["evaluator_stats"]
    assert (told["num_judgments"], told["mean"]) == (5, 4.8)


def test_a_dataset_of_nothing_is_done_at_once(client: Any, home: str) -> None:
    client.datasets.upsert(path=f"{home}/Nothing", datapoints=[])
    checks = client.evaluations.run(
        file=flow(f"{home}/Echo", shout),
        name="Nothing",
        dataset={"path": f"{home}/Nothing"},
        evaluators=[local(f"{home}/Short", is_short)],
    )
    assert checks == []
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    (run,) = its_runs(client, the_evaluation(client, file.id))
    assert (run.status, run.dataset.datapoints_count) == ("completed", 0)


@pytest.mark.parametrize("name", ["First", "Second"])
def test_a_local_evaluator_may_be_another_one_the_next_time(client: Any, home: str, name: str) -> None:
    """Its new text is a new version, which neither the evaluation nor an environment has."""

    def is_long(log: dict[str, Any]) -> bool:
        return len(log["output"]) >= 6

    def run(name: str, function: Callable[..., Any]) -> Any:
        judge = local(f"{home}/Judge", function, threshold=0.5)
        found = client.evaluations.run(
            name=name,
            file=flow(f"{home}/Flow", shout),
            dataset={"path": f"{home}/Data", "datapoints": POINTS},
            evaluators=[judge],
        )
        return found[0].threshold_check

    assert run("First", is_short) is True
    assert run(name, is_long) is False


def test_an_unknown_evaluator_makes_nothing(client: Any, raw: httpx.Client, home: str) -> None:
    """8.61."""
    with pytest.raises(Exception, match=re.escape(f"{home}/Nobody")) as caught:
        client.evaluations.run(
            file=flow(f"{home}/Echo", shout),
            name="Nobody",
            dataset={"path": f"{home}/Words", "datapoints": POINTS},
            evaluators=[{"path": f"{home}/Nobody"}],
        )
    assert getattr(caught.value, "status_code", None) == 404
    file = client.files.retrieve_by_path(path=f"{home}/Echo")
    assert client.evaluations.list(file_id=file.id).items == []


def test_flows_need_a_function(client: Any, home: str) -> None:
    """5.7: an error of the client, and nothing is made."""
    with pytest.raises(HumanloopRuntimeError, match="You must provide a `callable`"):
        client.evaluations.run(
            file={"type": "flow", "path": f"{home}/Echo"},
            name="None",
            dataset={"path": f"{home}/Words", "datapoints": POINTS},
            evaluators=[],
        )
