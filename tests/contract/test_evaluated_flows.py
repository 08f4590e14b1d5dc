"""One domain: flows that the server runs, evaluated through the Humanloop API (humanloop 3.9, 4.3).

`humanloop.evaluations.run` refuses flows without a function of the caller's before it asks the server, so what
it does is done one call at a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from tests.contract.bedrock.running import agent, chain, code, furnish, furnished, install, invoke, prompt
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.evaluating import IS_RIGHT, LENGTH, by_version, finished, rows_of
from tests.contract.humanloop.tracing import until
from tests.postgres import cluster
from tests.stores import SECRET_KEY

pytestmark = pytest.mark.live

SHOUT = chain(("Shout", "InlineCode", code("value.upper() + '!'")))
PAIR = chain(("Ask", "Prompt", prompt()), ("Shout", "InlineCode", code("value.upper()")))
POINTS = [
    {"inputs": {"document": "one"}, "target": {"output": "ONE!"}},
    {"inputs": {"word": "four"}, "target": {"output": "FIVE!"}},
    {"inputs": {"document": "seventeen", "by": "Ada"}, "target": {"output": "SEVENTEEN!"}},
]
"""What is asked, and what is expected."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("evaluated")).start()
    yield live
    assert live.stop() == 0


class Lab:
    """A flow made with boto3, evaluated with the `humanloop` package."""

    def __init__(self, server: LiveServer) -> None:
        self.aws = server.boto()
        self.runtime = server.boto("bedrock-agent-runtime", read_timeout=40)
        self.human = server.humanloop()
        headers = {"X-API-KEY": "any"}
        self.raw = httpx.Client(base_url=f"{server.url}/v5", headers=headers, timeout=30)

    def flow(self, definition: Any) -> tuple[str, Any]:
        """Its id for boto3, and its released version as the Humanloop API tells of it."""
        short = install(self.aws, definition)
        self.aws.create_flow_version(flowIdentifier=short)
        return short, self.human.flows.get(short)

    def evaluation(self, flow: Any, **specs: Any) -> tuple[str, dict[str, str]]:
        """Its id, and the versions of its evaluators."""
        made = {
            name: self.human.evaluators.upsert(path=f"lab of {flow.name}/{name}", spec=spec)
            for name, spec in specs.items()
        }
        evaluation = self.human.evaluations.create(
            file={"id": flow.id}, evaluators=[{"version_id": one.version_id} for one in made.values()]
        )
        return evaluation.id, {name: one.version_id for name, one in made.items()}

    def run(self, evaluation_id: str, flow: Any, points: Any, **options: Any) -> Any:
        dataset = self.human.datasets.upsert(path=f"lab of {flow.name}/Data", datapoints=points)
        return self.human.evaluations.create_run(
            evaluation_id,
            dataset={"version_id": dataset.version_id},
            version={"version_id": flow.version_id},
            **{"orchestrated": True, **options},
        )


@pytest.fixture(scope="module")
def lab(server: LiveServer) -> Lab:
    return Lab(server)


def test_a_flow_made_with_boto3_is_run_with_each_datapoint_and_judged(lab: Lab) -> None:
    short, flow = lab.flow(SHOUT)
    evaluation_id, versions = lab.evaluation(flow, Length=LENGTH, Right=IS_RIGHT)
    run = lab.run(evaluation_id, flow, POINTS)
    assert (run.orchestrated, run.status) == (True, "pending")
    stats = finished(lab.raw, evaluation_id)
    (only,) = stats["run_stats"]
    told = by_version(only)
    length, right = told[versions["Length"]], told[versions["Right"]]
    expected = [len("ONE!"), len("FOUR!"), len("SEVENTEEN!")]
    assert (only["num_logs"], length["mean"], length["total_logs"]) == (3, sum(expected) / 3, 3)
    assert (right["num_true"], right["num_false"], right["num_errors"]) == (2, 1, 0)

    rows = rows_of(lab.raw, evaluation_id)
    logs = [row["log"] for row in rows]
    assert [row["datapoint"]["inputs"] for row in rows] == [point["inputs"] for point in POINTS]
    assert [log["inputs"] for log in logs] == [point["inputs"] for point in POINTS]
    assert [log["output"] for log in logs] == ["ONE!", "FOUR!", "SEVENTEEN!"]
    for row, log in zip(rows, logs, strict=True):
        assert (log["source"], log["log_status"], log["source_datapoint_id"]) == (
            "evaluation",
            "complete",
            row["datapoint"]["id"],
        )
        assert log["flow"]["version_id"] == flow.version_id
        (step,) = lab.human.logs.get(log["id"])["trace_children"]
        assert step["output"] == log["output"]
    # They are ordinary runs, too, whatever else is called by the way.
    assert invoke(lab.runtime, short, "x").outputs == [("FlowOutput", "X!")]
    assert len(rows_of(lab.raw, evaluation_id)) == 3


def test_models_that_flows_ask_answer_and_a_failure_is_a_log(lab: Lab) -> None:
    _, flow = lab.flow(PAIR)
    evaluation_id, _ = lab.evaluation(flow)
    lab.run(evaluation_id, flow, [{"inputs": {"question": "Say it."}}, {"inputs": {"a": "b", "c": "d"}}])
    finished(lab.raw, evaluation_id)
    said, failed = (row["log"] for row in rows_of(lab.raw, evaluation_id))
    assert (said["output"], said["error"]) == ("SAID.", None)
    assert failed["output"] is None
    assert "to be STRING. Actual type is OBJECT." in failed["error"]


def test_a_flow_that_asks_is_a_log_that_says_so(lab: Lab) -> None:
    _, flow = lab.flow(chain(("AgentsNode_1", "Agent", agent())))
    evaluation_id, _ = lab.evaluation(flow)
    lab.run(evaluation_id, flow, [{"inputs": {"document": "ask"}}])
    finished(lab.raw, evaluation_id)
    (row,) = rows_of(lab.raw, evaluation_id)
    assert row["log"]["error"] == "Node AgentsNode_1 asks for input, and nobody is there to answer."


def test_a_flow_without_a_definition_is_refused_in_words(lab: Lab) -> None:
    flow = lab.human.flows.upsert(path="Traces only", attributes={"v": 1})
    evaluation_id, _ = lab.evaluation(flow)
    with pytest.raises(ApiError) as refused:
        lab.run(evaluation_id, flow, POINTS)
    assert refused.value.status_code == 422
    assert f"no definition that runs, as `{flow.version_id}` has" in str(refused.value.body)
    lab.run(evaluation_id, flow, POINTS, orchestrated=False)


def test_what_boto3_invokes_enters_a_run_that_waits_for_its_like(lab: Lab) -> None:
    """8.63: as any log that names nothing."""
    short, flow = lab.flow(SHOUT)
    alias = lab.aws.create_flow_alias(
        flowIdentifier=short, name="live", routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    evaluation_id, versions = lab.evaluation(flow, Length=LENGTH)
    lab.run(evaluation_id, flow, [{"inputs": {"document": "hello"}}], orchestrated=False)
    assert invoke(lab.runtime, short, "hello", alias=alias).outputs == [("FlowOutput", "HELLO!")]
    (only,) = finished(lab.raw, evaluation_id)["run_stats"]
    assert by_version(only)[versions["Length"]]["mean"] == len("HELLO!")


@pytest.mark.slow
def test_a_server_that_is_killed_in_the_middle_goes_on_with_the_run(tmp_path: Path) -> None:
    """Some flows have run, some are at it, some wait; each datapoint ends with one log of a run that is whole."""
    live = furnished(tmp_path, evaluation_concurrency="2").start()
    lab = Lab(live)
    _, flow = lab.flow(chain(("Short", "Prompt", prompt())))
    evaluation_id, _ = lab.evaluation(flow)
    words = [f"word {number}" for number in range(8)]
    lab.run(evaluation_id, flow, [{"inputs": {"document": word}} for word in words])
    until(lambda: len(rows_of(lab.raw, evaluation_id)) > 1)
    live.kill()
    lab = Lab(live.start())
    try:
        finished(lab.raw, evaluation_id)
        rows = rows_of(lab.raw, evaluation_id)
        assert [row["log"]["inputs"]["document"] for row in rows] == words
        assert {(row["log"]["output"], row["log"]["error"]) for row in rows} == {("soon", None)}
        listed = lab.raw.get("/logs", params={"file_id": flow.id, "size": 100}).json()
        assert listed["total"] == len(words), "a run that was torn is shown"
    finally:
        assert live.stop() == 0


@pytest.mark.slow
def test_on_postgresql_two_servers_share_the_datapoints(tmp_path: Path) -> None:
    settings = {**furnish(tmp_path), "store": cluster().new(), "secret_key": SECRET_KEY}
    store = settings.pop("store")
    servers = [LiveServer(store=store, settings=settings).start() for _ in range(2)]
    try:
        labs = [Lab(one) for one in servers]
        _, flow = labs[0].flow(SHOUT)
        evaluation_id, versions = labs[0].evaluation(flow, Length=LENGTH)
        words = ["x" * number for number in range(1, 41)]
        labs[1].run(evaluation_id, flow, [{"inputs": {"word": word}} for word in words])
        (only,) = finished(labs[1].raw, evaluation_id)["run_stats"]
        assert only["num_logs"] == len(words)
        assert by_version(only)[versions["Length"]]["mean"] == sum(len(word) + 1 for word in words) / len(
            words
        )
        rows = rows_of(labs[0].raw, evaluation_id)
        assert [row["log"]["output"] for row in rows] == [f"{word.upper()}!" for word in words]
    finally:
        assert [one.stop() for one in servers] == [0, 0]


def test_the_package_itself_refuses_flows_that_it_has_no_function_of(lab: Lab) -> None:
    """So the server is never asked; should that change, this says so."""
    _, flow = lab.flow(SHOUT)
    started = time.monotonic()
    with pytest.raises(Exception, match="callable"):
        lab.human.evaluations.run(
            name="No", file={"path": flow.path, "type": "flow"}, dataset={"path": f"lab of {flow.name}/No"}
        )
    assert time.monotonic() - started < 20
    assert json.loads(lab.raw.get("/evaluations", params={"file_id": flow.id}).text)["total"] == 0
