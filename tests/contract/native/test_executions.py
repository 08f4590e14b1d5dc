"""Executions over our own API: lists, steps, paths, events, neighbours, scores; stop and forget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.bedrock.running import chain, prompt
from tests.contract.bedrock.things import new_name
from tests.contract.native.running import Stage, staged
from tests.unit.engine.flows import choose, code, each, end, gather, level, node, start

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("executions")) as found:
        yield found


def asking(*words: str) -> list[dict[str, Any]]:
    """A definition for each word, which a model is told."""
    return [chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}"))) for word in words]


@pytest.fixture(scope="module")
def branching(stage: Stage) -> str:
    """A flow that takes one of two ways."""
    return stage.flow(
        level(
            [
                start(),
                choose("Pick", big="value > 3"),
                code("Large", text="value * 10"),
                code("Small", text="value + 1"),
                end("Out1"),
                end("Out2"),
            ],
            "Start.document > Pick.value",
            "Start.document > Large.value",
            "Start.document > Small.value",
            "Pick?big > Large",
            "Pick?default > Small",
            "Large.response > Out1.document",
            "Small.response > Out2.document",
        )
    )


@pytest.fixture(scope="module")
def repeating(stage: Stage) -> str:
    """A flow with a loop inside of an iterator."""
    body = level(
        [
            node("LoopStart", "LoopInput", outputs={"value": "Number"}),
            code("Double", text="value * 2"),
            node(
                "Control",
                "LoopController",
                {
                    "now": ("Number", "$.data", "LoopCondition"),
                    "value": ("Number", "$.data", "ReturnValueToLoopStart"),
                    "result": ("Number", "$.data", "ExitLoop"),
                },
                continueCondition={"name": "more", "expression": "now < 20"},
            ),
        ],
        "LoopStart.value > Double.value",
        "Double.response > Control.now",
        "Double.response > Control.value",
        "Double.response > Control.result",
    )
    loop = node("Again", "Loop", {"value": "Number"}, {"result": "Number"}, definition=body)
    return stage.flow(
        level(
            [start("Array"), each(), loop, gather(), end(type="Array")],
            "Start.document > Each.array",
            "Each.arrayItem > Again.value",
            "Again.result > Gather.arrayItem",
            "Each.arraySize > Gather.arraySize",
            "Gather.collectedArray > End.document",
        )
    )


def test_the_steps_of_a_run(stage: Stage, branching: str) -> None:
    told = stage.run(branching, 5)
    assert told.outputs == [50]
    stage.ended(told.id)
    page = stage.of(told.id, "steps")
    root, *steps = page["steps"]
    assert (root["kind"], root["depth"], root["state"], root["parent"]) == ("flow", 0, "Succeeded", None)
    assert (root["inputs"], root["outputs"]) == ("5", "50")
    nodes = [(one["name"], one["type"], one["state"]) for one in steps if one["kind"] == "node"]
    assert nodes == [
        ("Start", "Input", "Succeeded"),
        ("Pick", "Condition", "Succeeded"),
        ("Large", "InlineCode", "Succeeded"),
        ("Out1", "Output", "Succeeded"),
    ]
    by_name = {one["name"]: one for one in steps}
    assert by_name["Pick"]["conditions"] == ["big"]
    assert (by_name["Large"]["inputs"], by_name["Large"]["outputs"]) == ('{"value":5}', '{"response":50}')
    ends = [one["offset_ms"] + one["duration_ms"] for one in page["steps"]]
    assert max(ends) == ends[0], "the run lasts as long as all of it"
    assert (page["count"], page["left_out"], page["next"]) == (len(page["steps"]), 0, None)


def test_the_path_that_was_taken(stage: Stage, branching: str) -> None:
    for document, way in ((5, ["Start Pick", "Start Large", "Pick Large", "Large Out1"]), (1, [
        "Start Pick", "Start Small", "Pick Small", "Small Out2"])):  # fmt: skip
        told = stage.run(branching, document)
        stage.ended(told.id)
        path = stage.of(told.id, "path")
        assert [f"{one['source']} {one['target']}" for one in path["connections"]] == way
        values = {one["target"]: one["value"] for one in path["connections"] if one["value"] is not None}
        assert values[way[-1].split()[1]] == str(told.outputs[0])
        assert [one["name"] for one in path["nodes"]] == [
            "Start",
            "Pick",
            way[1].split()[1],
            way[3].split()[1],
        ]
        names = {one["name"] for one in path["definition"]["connections"]}
        assert {one["name"] for one in path["connections"]} <= names


def test_items_and_rounds_stand_around_what_ran_in_them(stage: Stage, repeating: str) -> None:
    told = stage.run(repeating, [7, 15])
    assert told.outputs == [[28, 30]]
    stage.ended(told.id)
    steps = stage.of(told.id, "steps")["steps"]
    tree = [(one["depth"], one["kind"], one["name"]) for one in steps if one["kind"] != "request"]
    assert tree[:6] == [
        (0, "flow", "Execution"),
        (1, "node", "Start"),
        (1, "node", "Each"),
        (2, "round", "1"),
        (3, "node", "Again"),
        (4, "round", "1"),
    ]
    assert tree.count((4, "round", "1")) == 2
    assert tree.count((4, "round", "2")) == 1, "seven takes two rounds"
    assert tree.count((5, "node", "Double")) == 3
    by_id = {one["id"]: one for one in steps}
    for one in steps[1:]:
        above = by_id[one["parent"]]
        assert one["depth"] == above["depth"] + 1
        if above["kind"] == "round" or above["name"] == "Each":
            assert one["offset_ms"] + one["duration_ms"] <= above["offset_ms"] + above["duration_ms"] + 0.001
    inner = next(one for one in stage.of(told.id, "path")["connections"] if one["level"])
    assert (inner["level"], inner["source"], inner["times"]) == (["Again"], "LoopStart", 3)
    sure = {one["name"]: one["times"] for one in stage.of(told.id, "path")["nodes"]}
    assert sure == {"Start": 1, "Each": 1, "Again": 2, "LoopStart": 3, "Double": 3, "Control": 3, "Gather": 1,
                    "End": 1}  # fmt: skip


def test_steps_are_paged(stage: Stage, repeating: str) -> None:
    told = stage.run(repeating, [7, 15, 3])
    stage.ended(told.id)
    whole = stage.of(told.id, "steps")["steps"]
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = stage.of(told.id, "steps", take="5", **after)
        found += page["steps"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == whole
    stage.asker.refused(404, "not_found", "GET", "executions", told.id, "steps", after="none")


def test_one_step_with_its_values(stage: Stage) -> None:
    flow = stage.flow(*asking("Say"))
    text = "red " * 200
    told = stage.run(flow, text)
    stage.ended(told.id)
    steps = {one["name"]: one for one in stage.of(told.id, "steps")["steps"]}
    assert len(steps["Ask"]["inputs"]) < len(text), "a list tells the start"
    ask = stage.of(told.id, "steps", steps["Ask"]["id"])
    [given], [made], [request] = ask["inputs"], ask["outputs"], ask["requests"]
    assert (given["text"], given["origin"]) == (f'"{text}"', "FlowInput.document")
    assert (made["text"], made["size_chars"]) == ('"Said."', 7)
    assert (request["input_tokens"], request["output_tokens"]) == (10, 5)
    assert "red red" in request["request"]["text"]
    [cut] = stage.of(told.id, "steps", steps["Ask"]["id"], chars="100")["inputs"]
    assert (cut["text"], cut["size_chars"]) == (f'"{text}"'[:100], len(text) + 2)
    root = stage.of(told.id, "steps", "0")
    assert [one["text"] for one in root["outputs"]] == ['"Said."']
    asked = next(one for one in stage.of(told.id, "steps")["steps"] if one["kind"] == "request")
    assert stage.of(told.id, "steps", asked["id"])["outputs"][0]["text"]
    for none in ("1.0", "99", "x", "-1"):
        stage.asker.refused(404, "not_found", "GET", "executions", told.id, "steps", none)


def test_a_failure_says_where(stage: Stage) -> None:
    flow = stage.flow(*asking("Say"))
    told = stage.run(flow, "broken")
    whole = stage.ended(told.id)
    assert (whole["status"], whole["failed_node"]) == ("Failed", "Ask")
    assert "no such model" in whole["error"]
    steps = stage.of(told.id, "steps")["steps"]
    states = {one["name"]: one["state"] for one in steps if one["kind"] != "request"}
    assert states == {"Execution": "Failed", "FlowInput": "Succeeded", "Ask": "Failed"}
    failed = next(one for one in steps if one["name"] == "Ask")
    assert "no such model" in failed["error"]
    assert stage.of(told.id, "steps", failed["id"])["error"] == failed["error"]


def test_a_node_that_could_not_be_given_its_inputs_is_a_step_all_the_same(stage: Stage) -> None:
    flow = stage.asker.ask("POST", "examples", "tickets")["file"]["id"]
    (run, *_) = stage.asker.ask("GET", "files", flow, "executions", status="Failed")["executions"]
    (failed,) = [
        one
        for one in stage.of(run["id"], "steps")["steps"]
        if one["kind"] == "node" and one["state"] == "Failed"
    ]
    whole = stage.of(run["id"], "steps", failed["id"])
    assert (whole["name"], whole["type"], whole["error"]) == ("Route", "Condition", failed["error"])
    assert (whole["inputs"], whole["outputs"]) == ([], [])


def test_lists_are_filtered_and_paged(stage: Stage) -> None:
    flow = stage.flow(*asking("Say", "Tell"))
    stage.asker.ask("POST", "files", flow, "pointers", "staging", "moves", body={"to": 1})
    runs = {
        "plain": stage.run(flow, "red").id,
        "first": stage.run(flow, "red", target=1).id,
        "staging": stage.run(flow, "red", target="staging").id,
        "draft": stage.run(flow, "red", target="draft").id,
        "broken": stage.run(flow, "broken").id,
    }
    for one in runs.values():
        stage.ended(one)

    def listed(**query: Any) -> list[str]:
        found = stage.asker.ask("GET", "files", flow, "executions", **query)["executions"]
        names = {run: name for name, run in runs.items()}
        return [names[one["id"]] for one in found]

    assert listed() == ["broken", "draft", "staging", "first", "plain"]
    assert listed(status="Failed") == listed(failed_node="Ask") == ["broken"]
    assert listed(status="Running") == listed(failed_node="Other") == []
    assert listed(version="1") == ["staging", "first"]
    assert listed(version="draft") == ["draft"]
    assert listed(version="2", status="Succeeded") == ["plain"]
    assert listed(pointer="staging") == ["staging"]
    page = stage.asker.ask("GET", "files", flow, "executions", take="2")
    assert (len(page["executions"]), page["is_going"]) == (2, False)
    assert listed(before=page["next"], take="3") == ["staging", "first", "plain"]
    for wrong in ("x", "1.", "99999999999999999999.exe_1"):
        stage.asker.refused(400, "invalid", "GET", "files", flow, "executions", before=wrong)
    stage.asker.refused(404, "not_found", "GET", "files", flow, "executions", pointer="nowhere")


def test_neighbours_scores_and_the_log(stage: Stage) -> None:
    flow = stage.flow(*asking("Say"))
    runs = [stage.run(flow, word).id for word in ("red", "blue", "green")]
    wholes = [stage.ended(one) for one in runs]
    assert [(one["older"], one["newer"]) for one in map(stage.of, runs)] == [
        (None, runs[1]),
        (runs[0], runs[2]),
        (runs[1], None),
    ]
    spec = {"arguments_type": "target_free", "return_type": "number", "evaluator_type": "external"}
    judge = f"judges/{new_name('judge')}"
    stage.humanloop.evaluators.upsert(path=judge, spec=spec)
    steps = {one["name"]: one for one in stage.of(runs[1], "steps")["steps"]}
    assert steps["Execution"]["log_id"] == wholes[1]["log_id"]
    for parent, value in ((wholes[1]["log_id"], 0.5), (steps["Ask"]["log_id"], 0.25)):
        stage.humanloop.evaluators.log(path=judge, parent_id=parent, judgment=value)
    [score] = stage.of(runs[1])["scores"]
    assert (score["evaluator"], score["judgment"], score["has_error"]) == (judge, 0.5, False)
    steps = {one["name"]: one for one in stage.of(runs[1], "steps")["steps"]}
    assert [one["judgment"] for one in steps["Ask"]["scores"]] == [0.25]
    assert steps["FlowInput"]["log_id"] is None


def test_events_are_paged(stage: Stage, branching: str) -> None:
    told = stage.run(branching, 5)
    stage.ended(told.id)
    assert stage.of(told.id, "events")["events"] == told.events
    page = stage.of(told.id, "events", first="1", take="3")
    assert (page["events"], page["first"], page["next"]) == (told.events[1:4], 1, 4)
    assert stage.of(told.id, "events", first="1000")["events"] == []


def test_one_that_has_ended_is_forgotten_and_its_log_stays(stage: Stage) -> None:
    flow = stage.flow(*asking("Say"))
    told = stage.run(flow, "red")
    log_id = stage.ended(told.id)["log_id"]
    assert stage.asker.ask("DELETE", "executions", told.id) is None
    for parts in ((), ("steps",), ("path",), ("events",)):
        stage.asker.refused(404, "not_found", "GET", "executions", told.id, *parts)
    stage.asker.refused(404, "not_found", "DELETE", "executions", told.id)
    assert stage.asker.ask("GET", "files", flow, "executions")["executions"] == []
    assert stage.asker.ask("GET", "logs", log_id, "trace")["root"] == log_id


def test_executions_of_others_are_not_there(stage: Stage, branching: str) -> None:
    from tests.contract.native.asking import Asker
    from tests.contract.native.test_rights import issue

    told = stage.run(branching, 5)
    stage.ended(told.id)
    stranger = Asker(url=stage.asker.url, key=issue(stage.running, "111111111111", "admin"))
    for method, parts in (("GET", ()), ("GET", ("steps",)), ("POST", ("stop",)), ("DELETE", ())):
        stranger.refused(404, "not_found", method, "executions", told.id, *parts)
    assert stage.of(told.id)["status"] == "Succeeded"


def test_while_nothing_is_kept_the_run_is_told_all_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    with staged(tmp_path_factory.mktemp("unkept"), keep_content="none") as stage:
        flow = stage.flow(*asking("Say"))
        told = stage.run(flow, "red")
        assert told.outputs == ["Said."]
        assert stage.ended(told.id)["status"] == "Succeeded"
        assert stage.of(told.id, "steps")["steps"] == []
        assert stage.of(told.id, "path")["nodes"] == []
