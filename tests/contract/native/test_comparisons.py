"""Two versions on the same inputs, side by side, over our own API: flows and prompts, with scripted models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tests.contract.bedrock.running import agent, chain, code, install, invoke, prompt
from tests.contract.bedrock.things import ROLE, new_name
from tests.contract.conftest import NO_CERTIFICATES, boto_client, humanloop_client
from tests.contract.inprocess import InProcess, in_process
from tests.contract.keys import RIGHTS, run
from tests.contract.native.asking import WITHIN_S, Asker, check, described
from tests.contract.native.test_rights import issue
from tests.unit.engine.flows import choose, end, level, start
from tests.unit.engine.flows import code as work

from headrace.apis.bedrock.arns import Place as Arns
from headrace.core.ports import Transaction
from headrace.services.comparisons.comparison_inputs import Wanted
from headrace.services.comparisons.comparisons import (
    Comparison,
    ComparisonLimits,
    Comparisons,
    Question,
    begin,
)
from headrace.settings import Settings

pytestmark = pytest.mark.live
EVERY_S = 0.02
PARALLEL = 3
MOST = 5

CONFIG = """
[models.providers.script]
type = "scripted"
file = "answers.json"

[[models.route]]
match = "*"
provider = "script"

[[agents.route]]
type = "local"
match = "*"
model = "an-agent"
instructions = "Help."

[[models.price]]
match = "*"
input_usd = 1.0
output_usd = 2.0
"""
RED = {"text": "Red.", "input_tokens": 10, "output_tokens": 5}
ANSWERS: list[dict[str, Any]] = [
    {"text": "^(Say|Shout) broken$", "answer": {"error": {"fault": "dependency", "message": "no such model"}}},
    {"text": "^Shout sore$", "answer": {"error": {"fault": "dependency", "message": "it is sore"}}},
    {"text": "^Say slow$", "answer": {"text": "late", "delay_s": 30}},
    {"text": "^Shout blue$", "answer": {**RED, "text": "BLUE!"}},
    {"text": "blue", "answer": {**RED, "text": "Blue."}},
    {"text": "^JUDGE", "answer": {"error": {"fault": "throttled", "message": "slow down"}}},
    {"text": "Ask me", "answers": [{"content": [{"toolUse": {
        "toolUseId": "t1", "name": "ask_user", "input": {"question": "Which?"}}}], "stop_reason": "tool_use"}]},
    {"answer": RED},
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A server with models, and its clients."""

    running: InProcess
    asker: Asker
    boto: Any
    runtime: Any
    humanloop: Any

    def flow(self, *definitions: dict[str, Any]) -> str:
        """A flow with a version of each; its id."""
        flow = install(self.boto, definitions[0])
        name = self.boto.get_flow(flowIdentifier=flow)["name"]
        for definition in definitions:
            self.boto.update_flow(
                flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=definition
            )
            self.boto.prepare_flow(flowIdentifier=flow)
            self.boto.create_flow_version(flowIdentifier=flow)
        return flow

    def evaluator(self, text: str, return_type: str = "boolean", **members: Any) -> str:
        spec = {
            "arguments_type": "target_free",
            "return_type": return_type,
            "evaluator_type": "python",
            "code": text,
            **members,
        }
        return str(self.humanloop.evaluators.upsert(path=f"judges/{new_name('judge')}", spec=spec).id)

    def ask(self, flow: str, **body: Any) -> Told:
        """Compare versions 1 and 2, unless others are named."""
        response = self.asker.send("POST", "files", flow, "compare", body={"from": 1, "to": 2, **body})
        assert response.status_code == 200, response.text
        return Told(response.text)

    def refused(self, status: int, code: str, flow: str, **body: Any) -> str:
        return self.asker.refused(
            status, code, "POST", "files", flow, "compare", body={"from": 1, "to": 2, **body}
        )

    def read(self, look: Callable[[Transaction], Any]) -> Any:
        ports = self.running.server.ports
        return self.running.run(ports.store.read("000000000000", look))


class Told:
    """What was answered, each line of it held to the document."""

    def __init__(self, text: str) -> None:
        lines = [json.loads(line) for line in text.splitlines()]
        operation = described()["paths"]["/api/files/{file}/compare"]["post"]
        media = operation["responses"]["200"]["content"]["application/x-ndjson"]
        for line in lines:
            jsonschema.validate(line, {**media["schema"], "components": described()["components"]})
        self.opening, *pairs, self.summary = lines
        assert (self.opening["line"], self.summary["line"]) == ("comparison", "summary")
        assert {one["line"] for one in pairs} == {"pair"}
        self.pairs = sorted(pairs, key=lambda pair: pair["index"])
        assert [one["index"] for one in self.pairs] == list(range(self.opening["inputs"])), "each once"

    def outputs(self) -> list[tuple[Any, Any]]:
        return [(one["before"]["output"], one["after"]["output"]) for one in self.pairs]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("comparisons")
    (folder / "headrace.toml").write_text(CONFIG)
    (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    settings = Settings(
        store="memory:",
        config=str(folder / "headrace.toml"),
        comparison_parallel=PARALLEL,
        comparison_inputs=MOST,
    )
    with in_process(settings) as running:
        key = issue(running, "000000000000", "admin")
        yield Place(
            running=running,
            asker=Asker(url=running.url, key=key),
            boto=signed(running, "bedrock-agent"),
            runtime=signed(running, "bedrock-agent-runtime"),
            humanloop=humanloop_client(running.url, key),
        )


def signed(running: InProcess, service: str) -> Any:
    """A boto3 client with keys of its own."""
    from headrace.core.access import Right
    from headrace.services.server import access

    made = running.run(
        access.create_key(
            running.server.ports,
            running.server.local,
            email=f"{service}@example.com",
            full_name=None,
            right=Right.ADMIN,
            name="",
        )
    )
    return boto_client(
        running.url,
        service,
        access_key=made.key.access_key_id,
        secret_key=made.secret_access_key,
    )


@pytest.fixture(scope="module")
def wording(place: Place) -> str:
    """A flow whose versions differ in what a model is told."""
    says = [chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}"))) for word in ("Say", "Shout")]
    return place.flow(*says)


def test_versions_that_differ_in_a_prompt(place: Place, wording: str) -> None:
    told = place.ask(wording, inputs=["red", "blue"])
    opening = told.opening
    assert (opening["inputs"], opening["before"]["numbers"], opening["after"]["numbers"]) == (2, [1], [2])
    assert told.outputs() == [("Red.", "Red."), ("Blue.", "BLUE!")]
    assert [one["likeness"] for one in told.pairs] == ["same", "different"]
    assert [one["input"] for one in told.pairs] == ["red", "blue"]
    for pair in told.pairs:
        for side in (pair["before"], pair["after"]):
            assert (side["status"], side["error"], side["scores"]) == ("Succeeded", None, [])
            assert side["path"] == ["FlowInput", "Ask", "FlowOutput"]
            assert (side["input_tokens"], side["output_tokens"]) == (10, 5)
            assert side["cost_usd"] == pytest.approx(20e-6)
            assert 0 < side["latency_s"] < WITHIN_S
        assert pair["path_difference"] is None
    summary = told.summary
    assert (summary["pairs"], summary["same"], summary["different"], summary["failed"]) == (2, 1, 1, 0)
    assert summary["different_paths"] == 0
    for side in (summary["before"], summary["after"]):
        assert (side["runs"], side["errors"], side["input_tokens"], side["output_tokens"]) == (2, 0, 20, 10)
        assert side["cost_usd"] == pytest.approx(40e-6)
        assert 0 < side["latency_p50_s"] <= side["latency_p95_s"]


def test_versions_that_take_another_way(place: Place) -> None:
    def branching(limit: int) -> dict[str, Any]:
        return level(
            [
                start(),
                choose("Route", high=f"value > {limit}"),
                work("High", text="'high'", type="String"),
                work("Low", text="'low'", type="String"),
                end("WasHigh", type="String"),
                end("WasLow", type="String"),
            ],
            "Start.document > Route.value",
            "Start.document > High.value",
            "Start.document > Low.value",
            "Route?high > High",
            "Route?default > Low",
            "High.response > WasHigh.document",
            "Low.response > WasLow.document",
        )

    told = place.ask(place.flow(branching(5), branching(7)), inputs=[4, 6, 8])
    assert told.outputs() == [("low", "low"), ("high", "low"), ("high", "high")]
    assert [one["path_difference"] for one in told.pairs] == [
        None,
        {"before": "Route: high", "after": "Route: default"},
        None,
    ]
    assert told.pairs[1]["before"]["path"] == ["Start", "Route: high", "High", "WasHigh"]
    assert (told.summary["different_paths"], told.summary["different"]) == (1, 1)


def test_the_runs_are_recorded_and_say_where_they_come_from(place: Place, wording: str) -> None:
    told = place.ask(wording, inputs=["red"])
    for side, number in (("before", 1), ("after", 2)):
        outcome = told.pairs[0][side]
        run = place.read(lambda tx: tx.executions.get(id=outcome["execution_id"]))  # noqa: B023
        assert (run.number, run.status.value, run.source) == (number, "Succeeded", "comparison")
        log = eventually(lambda: place.read(lambda tx: tx.logs.get(id=outcome["log_id"])))  # noqa: B023
        assert (log.source, log.execution_id) == ("comparison", run.id)


def eventually(found: Callable[[], Any]) -> Any:
    """What is found, as soon as it is."""
    until = time.monotonic() + WITHIN_S
    while not (value := found()):
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(EVERY_S)
    return value


def test_errors_on_one_side_and_on_both(place: Place, wording: str) -> None:
    told = place.ask(wording, inputs=["sore", "broken"])
    assert [one["likeness"] for one in told.pairs] == ["failed", "failed"]
    sore, broken = told.pairs
    assert (sore["before"]["status"], sore["after"]["status"]) == ("Succeeded", "Failed")
    assert (sore["after"]["failed_node"], sore["after"]["output"]) == ("Ask", None)
    assert "it is sore" in sore["after"]["error"]
    assert sore["path_difference"] == {"before": "FlowOutput", "after": None}
    assert broken["path_difference"] is None, "both failed at the same place"
    assert (told.summary["failed"], told.summary["before"]["errors"], told.summary["after"]["errors"]) == (
        2,
        1,
        2,
    )
    assert told.summary["after"]["latency_p50_s"] is None


def test_an_input_that_does_not_fit_fails_its_own_pair(place: Place, wording: str) -> None:
    told = place.ask(wording, inputs=[{"no": "text"}, "red"])
    assert [one["likeness"] for one in told.pairs] == ["failed", "same"]
    assert told.pairs[0]["before"]["error"]


def test_a_dataset_and_a_version_of_it(place: Place, wording: str) -> None:
    path = f"data/{new_name('set')}"
    first = place.humanloop.datasets.upsert(
        path=path, datapoints=[{"inputs": {"document": "red"}, "target": {"is": "Red."}}]
    )
    place.humanloop.datasets.upsert(path=path, datapoints=[{"inputs": {"document": "blue"}}], action="add")
    told = place.ask(wording, dataset=path)
    assert told.opening["inputs"] == 1, "what the default environment has"
    newest = place.ask(wording, dataset=first.id, dataset_version=2)
    assert newest.opening["inputs"] == 2
    assert newest.outputs() == [("Red.", "Red."), ("Blue.", "BLUE!")]
    points = place.humanloop.datasets.list_datapoints(first.id, version_id=first.version_id)
    assert told.pairs[0]["origin"] == next(iter(points)).id


def test_executions_of_the_past_are_run_again_by_their_input(place: Place) -> None:
    flow = place.flow(
        *(chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}"))) for word in ("Say", "Shout"))
    )
    for text in ("blue", "red", "green"):
        invoke(place.runtime, flow, text)
    runs = eventually(lambda: kept(place, flow, 3))
    told = place.ask(flow, executions=[runs["blue"]])
    assert told.outputs() == [("Blue.", "BLUE!")]
    assert told.pairs[0]["origin"] == runs["blue"]
    last = place.ask(flow, last=2)
    assert [one["input"] for one in last.pairs] == ["red", "green"], "not what the comparison ran"
    message = place.refused(404, "not_found", flow, executions=["exe_none"])
    assert "exe_none" in message


def kept(place: Place, flow: str, count: int) -> dict[str, str] | None:
    """The runs of a flow by their inputs, once there are so many."""

    def look(tx: Transaction) -> Any:
        file = tx.files.by_short_id(kind="flow", short_id=flow)
        assert file is not None
        return tx.executions.page(file_id=file.id, before=None, take=count)

    runs = [run for run in place.read(look) if run.events_count and run.status.is_final]
    return {json.loads(run.input): run.id for run in runs} if len(runs) == count else None


def test_what_a_flow_takes_of_a_datapoint(place: Place) -> None:
    path = f"data/{new_name('set')}"
    members = {"document": "red", "other": "blue"}
    place.humanloop.datasets.upsert(path=path, datapoints=[{"inputs": members}, {"inputs": {"only": "x"}}])
    text = chain(("Work", "InlineCode", code("'said ' + value")))
    whole = chain(("Work", "InlineCode", code("value")), type="Object")
    told = place.ask(place.flow(text, whole), dataset=path)
    assert told.outputs() == [("said red", members), ("said x", {"only": "x"})]
    assert told.pairs[0]["input"] == members


def test_a_run_that_asks_has_failed_and_waits_for_nobody(place: Place) -> None:
    told = place.ask(place.flow(*[chain(("AgentsNode_1", "Agent", agent()))] * 2), to=1, inputs=["Ask me"])
    outcome = told.pairs[0]["before"]
    assert (outcome["status"], told.pairs[0]["likeness"]) == ("Failed", "failed")
    assert "nobody is there to answer" in outcome["error"]
    assert place.read(lambda tx: tx.executions.get(id=outcome["execution_id"])).status.value == "Failed"


def test_executions_of_another_flow_are_not_there(place: Place, wording: str) -> None:
    other = place.ask(place.flow(*[chain(("Ask", "Prompt", prompt()))] * 2), inputs=["red"])
    execution = other.pairs[0]["before"]["execution_id"]
    place.refused(404, "not_found", wording, executions=[execution])


def test_a_large_document_is_run_again_whole(place: Place) -> None:
    flow = place.flow(*[chain(("Work", "InlineCode", code("len(value)")), type="String")] * 1)
    document = "ü" * 30_000
    first = place.ask(flow, to=1, inputs=[document])
    again = place.ask(flow, to=1, executions=[first.pairs[0]["before"]["execution_id"]])
    assert again.pairs[0]["input"] == document
    assert again.outputs() == first.outputs()


def test_evaluators_of_code_judge_both_sides(place: Place, wording: str) -> None:
    loud = place.evaluator("def f(log):\n    return log['output'].endswith('!')")
    length = place.evaluator("def f(log):\n    return len(log['output'])", "number")
    told = place.ask(wording, inputs=["blue", "red", "sore"], evaluators=[loud, length])
    assert [one["id"] for one in told.opening["evaluators"]] == [loud, length]
    blue, _, sore = told.pairs
    assert [one["judgment"] for one in blue["before"]["scores"]] == [False, 5]
    assert [one["judgment"] for one in blue["after"]["scores"]] == [True, 5]
    assert sore["after"]["scores"] == [], "it did not succeed"
    before, after = told.summary["before"]["scores"], told.summary["after"]["scores"]
    assert before[0] == {"evaluator_id": loud, "judgments": 3, "errors": 0, "mean": 0.0}
    assert after[0] == {"evaluator_id": loud, "judgments": 2, "errors": 0, "mean": 0.5}
    assert after[1]["mean"] == 4.5
    log = place.humanloop.logs.get(blue["after"]["log_id"])
    judged = {one["evaluator"]["id"]: one["judgment"] for one in plain(log)["evaluator_logs"]}
    assert judged == {loud: True, length: 5}, "they are kept as judgments"


def plain(log: Any) -> dict[str, Any]:
    """The SDK gives one log as a plain dict (humanloop 0.6)."""
    found: dict[str, Any] = log if isinstance(log, dict) else json.loads(log.json())
    return found


def test_an_evaluator_sees_the_steps_and_the_target(place: Place, wording: str) -> None:
    path = f"data/{new_name('set')}"
    place.humanloop.datasets.upsert(
        path=path, datapoints=[{"inputs": {"document": "blue"}, "target": {"is": "BLUE!"}}]
    )
    right = place.evaluator(
        "def f(log, target):\n    step = log['children'][0]\n"
        "    return step['output'] == target['target']['is']",
        arguments_type="target_required",
    )
    told = place.ask(wording, dataset=path, evaluators=[right])
    assert [told.pairs[0][side]["scores"][0]["judgment"] for side in ("before", "after")] == [False, True]
    message = place.refused(400, "invalid", wording, inputs=["blue"], evaluators=[right])
    assert "target" in message


def test_an_evaluator_that_fails_says_so(place: Place, wording: str) -> None:
    broken = place.evaluator("def f(log):\n    return 1 / 0", "number")
    told = place.ask(wording, inputs=["red"], evaluators=[broken])
    score = told.pairs[0]["before"]["scores"][0]
    assert score["judgment"] is None
    assert "division" in score["error"]
    assert told.summary["before"]["scores"] == [
        {"evaluator_id": broken, "judgments": 0, "errors": 1, "mean": None}
    ]


def test_an_evaluator_whose_model_can_not_be_asked_says_so_at_once(place: Place, wording: str) -> None:
    spec = {
        "arguments_type": "target_free",
        "return_type": "boolean",
        "evaluator_type": "llm",
        "prompt": {"model": "a-model", "template": "JUDGE"},
    }
    judge = place.humanloop.evaluators.upsert(path=f"judges/{new_name('judge')}", spec=spec).id
    told = place.ask(wording, inputs=["red"], evaluators=[judge])
    for side in ("before", "after"):
        (score,) = told.pairs[0][side]["scores"]
        assert (score["judgment"], "slow down" in score["error"]) == (None, True)


def test_what_runs_is_settled_at_the_beginning_by_any_name(place: Place, wording: str) -> None:
    place.boto.create_flow_alias(
        flowIdentifier=wording, name=(name := new_name("a")), routingConfiguration=[{"flowVersion": "1"}]
    )
    told = place.ask(wording, **{"from": name, "to": "draft"}, inputs=["blue"])
    assert (told.opening["before"]["numbers"], told.opening["after"]["is_draft"]) == ([1], True)
    assert told.outputs() == [("Blue.", "BLUE!")]
    log = eventually(lambda: place.read(lambda tx: tx.logs.get(id=told.pairs[0]["after"]["log_id"])))
    assert log.source == "comparison of the draft"


def test_prompts_are_compared_by_calling_them(place: Place) -> None:
    path = f"prompts/{new_name('prompt')}"
    made = [
        place.humanloop.prompts.upsert(
            path=path, model="a-model", template=[{"role": "user", "content": f"{word} {{{{colour}}}}"}]
        )
        for word in ("Say", "Shout")
    ]
    loud = place.evaluator("def f(log):\n    return log['output'].endswith('!')")
    versions = {"from": made[0].version_id, "to": made[1].version_id}
    inputs = [{"colour": colour} for colour in ("blue", "red", "sore")]
    told = place.ask(path, **versions, inputs=inputs, evaluators=[loud])
    assert told.outputs() == [("Blue.", "BLUE!"), ("Red.", "Red."), ("Red.", None)]
    assert [one["likeness"] for one in told.pairs] == ["different", "same", "failed"]
    blue, _, sore = told.pairs
    assert (blue["after"]["execution_id"], blue["after"]["path"]) == (None, [])
    assert blue["after"]["scores"][0]["judgment"] is True
    assert (blue["after"]["input_tokens"], blue["after"]["cost_usd"]) == (10, pytest.approx(20e-6))
    assert "it is sore" in sore["after"]["error"]
    log = place.read(lambda tx: tx.logs.get(id=blue["after"]["log_id"]))
    assert (log.source, log.version_id) == ("comparison", made[1].version_id)
    failed = place.read(lambda tx: tx.logs.get(id=sore["after"]["log_id"]))
    assert failed.has_error, "what failed is logged too"
    again = place.ask(path, **versions, executions=[blue["before"]["log_id"]])
    assert again.pairs[0]["input"] == {"colour": "blue"}
    assert again.outputs() == [("Blue.", "BLUE!")]
    called = place.humanloop.prompts.call(path=path, inputs={"colour": "red"})
    for _ in range(2):  # the second time, the newest logs are those of the first comparison
        last = place.ask(path, **versions, last=1)
        assert [(one["origin"], one["input"]) for one in last.pairs] == [(called.log_id, {"colour": "red"})]
    place.refused(400, "invalid", path, **versions, inputs=["blue"])
    missing = place.ask(path, **versions, inputs=[{}])
    assert [missing.pairs[0][side]["status"] for side in ("before", "after")] == ["Refused"] * 2


def test_limits_and_mistakes_are_refused_before_anything_runs(place: Place, wording: str) -> None:
    assert str(MOST) in place.refused(400, "invalid", wording, inputs=["x"] * (MOST + 1))
    assert str(MOST) in place.refused(400, "invalid", wording, last=MOST + 1)
    assert str(MOST) in place.refused(400, "invalid", wording, executions=["exe_none"] * (MOST + 1))
    path = f"data/{new_name('set')}"
    points = [{"inputs": {"document": str(number)}} for number in range(MOST + 1)]
    place.humanloop.datasets.upsert(path=path, datapoints=points)
    assert str(MOST) in place.refused(400, "invalid", wording, dataset=path)
    place.refused(400, "invalid", wording, inputs=[])
    place.refused(400, "invalid", wording)
    place.refused(400, "invalid", wording, inputs=["x"], last=1)
    place.refused(400, "invalid", wording, inputs=["x"], dataset_version=1)
    place.refused(400, "invalid", wording, dataset=wording)
    place.refused(404, "not_found", wording, dataset="data/none")
    place.refused(404, "not_found", wording, to=9, inputs=["x"])
    place.refused(404, "not_found", wording, inputs=["x"], evaluators=["judges/none"])
    place.refused(400, "invalid", wording, inputs=["x"], evaluators=[wording])
    judge = place.evaluator("def f(log):\n    return True")
    assert "twice" in place.refused(400, "invalid", wording, inputs=["x"], evaluators=[judge, judge])
    human = place.humanloop.evaluators.upsert(
        path=f"judges/{new_name('judge')}",
        spec={"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "human"},
    )
    assert "human" in place.refused(400, "invalid", wording, inputs=["x"], evaluators=[human.id])
    place.refused(400, "invalid", judge, inputs=["x"])


def test_a_flow_that_is_off_is_not_run(place: Place) -> None:
    flow = place.flow(*[chain(("Ask", "Prompt", prompt()))] * 2)
    place.asker.ask("PUT", "files", flow, "switch", body={"is_off": True, "reason": "private data"})
    assert "private data" in place.refused(409, "conflict", flow, inputs=["x"])


def test_no_more_than_so_many_run_at_once(place: Place) -> None:
    text = "import time\ntime.sleep(0.05)\nvalue"
    flow = place.flow(chain(("Work", "InlineCode", code(text))))
    told = place.ask(flow, to=1, inputs=[str(number) for number in range(MOST)])
    ids = [one[side]["execution_id"] for one in told.pairs for side in ("before", "after")]
    runs = place.read(lambda tx: [tx.executions.get(id=one) for one in ids])
    spans = [(run.started_at, run.ended_at) for run in runs]
    at_once = max(sum(start <= moment < stop for start, stop in spans) for moment, _ in spans)
    assert 1 < at_once <= PARALLEL


def test_going_away_stops_what_runs(place: Place, wording: str) -> None:
    url = f"{place.asker.url}/api/files/{wording}/compare"
    body = {"from": 1, "to": 2, "inputs": ["red", "slow"]}
    headers = {"x-api-key": place.asker.key}
    with (
        httpx.Client(verify=NO_CERTIFICATES, timeout=WITHIN_S) as client,
        client.stream("POST", url, json=body, headers=headers) as response,
    ):
        lines = response.iter_lines()
        assert json.loads(next(lines))["line"] == "comparison"
        assert json.loads(next(lines))["input"] == "red", "it comes before what is slow is done"
        assert place.running.server.runs.active, "one is slow"
    eventually(lambda: not place.running.server.runs.active)

    def slow(tx: Transaction) -> list[str]:
        file = tx.files.by_short_id(kind="flow", short_id=wording)
        assert file is not None
        runs = tx.executions.page(file_id=file.id, before=None, take=10)
        return [run.status.value for run in runs if run.input == '"slow"' and run.number == 1]

    assert eventually(lambda: place.read(slow) == ["Aborted"])


@pytest.mark.parametrize("right", RIGHTS)
def test_it_takes_the_right_to_run(place: Place, wording: str, right: str) -> None:
    asker = Asker(url=place.asker.url, key=issue(place.running, "000000000000", right))
    body = {"from": 1, "to": 2, "inputs": ["red"]}
    answer = asker.send("POST", "files", wording, "compare", body=body)
    assert answer.status_code == (403 if right == "reader" else 200)


def test_nothing_of_another_organisation_can_be_compared(place: Place, wording: str) -> None:
    mine = place.ask(wording, inputs=["red"]).pairs[0]["before"]["execution_id"]
    judge = place.evaluator("def f(log):\n    return True")
    key = issue(place.running, "111111111111", "admin")
    theirs = humanloop_client(place.asker.url, key)
    asker = Asker(url=place.asker.url, key=key)
    body = {"from": 1, "to": 1}
    asker.refused(404, "not_found", "POST", "files", wording, "compare", body={**body, "inputs": ["red"]})
    path = f"prompts/{new_name('prompt')}"
    theirs.prompts.upsert(path=path, model="a-model", template=[{"role": "user", "content": "Hi"}])
    for more in (
        {"executions": [mine]},
        {"inputs": [{}], "evaluators": [judge]},
        {"dataset": wording},
    ):
        asker.refused(404, "not_found", "POST", "files", path, "compare", body={**body, **more})


def test_a_body_that_is_none_is_refused_as_any(place: Place, wording: str) -> None:
    url = f"{place.asker.url}/api/files/{wording}/compare"
    headers = {"x-api-key": place.asker.key}
    for body in (
        b"",
        b"[]",
        b"{",
        b'{"from": 1, "to": 2, "inputs": "x"}',
        b'{"from": 1, "to": 2, "last": 0}',
    ):
        answer = httpx.post(url, content=body, headers=headers)
        check(answer)
        assert answer.status_code == 400, body


def test_the_command_shows_what_differs_and_its_status_tells(place: Place, wording: str) -> None:
    address: dict[str, Any] = {"HEADRACE_URL": place.asker.url, "HEADRACE_API_KEY": place.asker.key}
    judge = place.evaluator("def f(log):\n    return log['output'].endswith('!')")
    words = ("compare", wording, "1", "2", "--input", "red", "--input", "blue", "--evaluator", judge)
    done = run(*words, "--exit-code", **address)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert '      ~ output: "Blue." → "BLUE!"' in lines
    assert "Outputs: 1 same, 1 different, 0 failed. Paths: 0 different." in lines
    assert any(line.endswith(": false → true") for line in lines), "what the evaluator found"
    same = run("compare", wording, "1", "2", "--input", "red", "--exit-code", **address)
    assert same.returncode == 0
    told = run(*words, "--json", **address)
    assert Told(told.stdout).summary["different"] == 1
    refused = run("compare", wording, "1", "9", "--input", "red", **address)
    assert (refused.returncode, "`9`" in refused.stderr) == (1, True)


def prepare(place: Place, flow: str, definition: dict[str, Any]) -> None:
    """Make this the draft of a flow, and prepare it."""
    name = place.boto.get_flow(flowIdentifier=flow)["name"]
    place.boto.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=definition)
    place.boto.prepare_flow(flowIdentifier=flow)


def test_a_draft_that_is_prepared_anew_meanwhile_is_not_taken_for_the_old_one(place: Place) -> None:
    flow = place.flow(chain(("Ask", "Prompt", prompt("Say {{text}}"))))
    question = Question(file=flow, before="1", after="draft", on=Wanted(inputs=["red"]))

    async def begun() -> Comparison:
        return await begin(means(place), place.running.server.local, question)

    comparison = place.running.run(begun())
    prepare(place, flow, chain(("Ask", "Prompt", prompt("Shout {{text}}"))))
    _, pair, totals = place.running.run(read_to_its_end(comparison))
    assert (pair.before.status, pair.after.status) == ("Succeeded", "Refused")
    assert "prepared anew" in pair.after.error
    assert (totals.failed, totals.after.errors) == (1, 1)


def means(place: Place) -> Comparisons:
    """What compares on the server, without evaluators."""
    server = place.running.server
    return Comparisons(
        ports=server.ports,
        runs=server.runs,
        calls=None,  # type: ignore[arg-type]
        names=lambda account: Arns(region="us-east-1", account=account),
        judging=None,  # type: ignore[arg-type]
        showing=None,  # type: ignore[arg-type]
        limits=ComparisonLimits(parallel=2, inputs=10),
    )


async def read_to_its_end(comparison: Comparison) -> list[Any]:
    return [told async for told in comparison]


def test_closing_it_before_anything_was_read_runs_nothing(place: Place) -> None:
    flow = place.flow(chain(("Ask", "Prompt", prompt("Say {{text}}"))))
    question = Question(file=flow, before="1", after="1", on=Wanted(inputs=["slow"] * 3))

    async def closed() -> int:
        comparison = await begin(means(place), place.running.server.local, question)
        await anext(comparison)
        await comparison.aclose()
        return len(place.running.server.runs.active)

    assert place.running.run(closed()) == 0


@pytest.mark.parametrize("keeps", ["metadata", "none"])
def test_what_is_not_kept_can_neither_be_run_again_nor_judged(place: Place, keeps: str) -> None:
    settings = Settings(store="memory:", config=place.running.server.settings.config, keep_content=keeps)
    with in_process(settings) as running:
        asker = Asker(url=running.url)
        boto = boto_client(running.url)
        other = replace(
            place, running=running, asker=asker, boto=boto, humanloop=humanloop_client(running.url, "x")
        )
        flow = other.flow(
            *(chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}"))) for word in ("Say", "Shout"))
        )
        told = other.ask(flow, inputs=["blue"])
        assert told.outputs() == [("Blue.", "BLUE!")], "who compares sees it all the same"
        judge = other.evaluator("def f(log):\n    return True")
        message = other.refused(409, "conflict", flow, inputs=["blue"], evaluators=[judge])
        assert "HEADRACE_KEEP_CONTENT" in message
        execution = told.pairs[0]["before"]["execution_id"]
        assert "not kept" in other.refused(409, "conflict", flow, executions=[execution])
        assert "there are 0" in other.refused(400, "invalid", flow, last=1)


def test_one_that_takes_too_long_is_broken_off_and_says_so(place: Place) -> None:
    settings = Settings(store="memory:", config=place.running.server.settings.config, comparison_timeout=1)
    with in_process(settings) as running:
        client = humanloop_client(running.url, "x")
        other = replace(
            place,
            running=running,
            asker=Asker(url=running.url),
            boto=boto_client(running.url),
            humanloop=client,
        )
        flow = other.flow(chain(("Ask", "Prompt", prompt("Say {{text}}"))))
        words = ("compare", flow, "1", "1", "--input", "slow")
        done = run(*words, HEADRACE_URL=running.url, HEADRACE_API_KEY="any")
        assert done.returncode == 1
        assert "broken off" in done.stderr
        eventually(lambda: not running.server.runs.active)
