"""Runs over our own API: as lines while somebody watches, with questions, in the background; and their form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contract.bedrock.running import agent, chain, prompt
from tests.contract.native.running import Stage, staged
from tests.unit.engine.flows import code, end, level, start

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("runs")) as found:
        yield found


@pytest.fixture(scope="module")
def flow(stage: Stage) -> str:
    return stage.flow(*(chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}"))) for word in ("Say", "Tell")))


def test_a_run_is_told_event_by_event(stage: Stage, flow: str) -> None:
    told = stage.run(flow, "red")
    assert told.outputs == ["Said."]
    assert told.kinds[0] == "flow_started"
    assert told.kinds[-1] == "flow_finished"
    assert (told.began["number"], told.began["is_draft"]) == (2, False)
    assert stage.ended(told.id)["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("target", "number", "is_draft"), [("1", 1, False), (2, 2, False), ("draft", None, True)]
)
def test_any_version_and_the_draft_can_be_run(
    stage: Stage, flow: str, target: str | int, number: int | None, is_draft: bool
) -> None:
    began = stage.run(flow, "red", target=target).began
    assert (began["number"], began["is_draft"]) == (number, is_draft)


def test_pointers_are_named_by_id_and_by_name(stage: Stage, flow: str) -> None:
    alias = stage.boto.create_flow_alias(
        flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    stage.asker.ask("POST", "files", flow, "pointers", "staging", "moves", body={"to": 1})
    pointers = stage.asker.ask("GET", "files", flow, "pointers")["pointers"]
    staging = next(one["pointer"]["id"] for one in pointers if one["pointer"]["name"] == "staging")
    for target in (alias, "live", "staging", staging):
        told = stage.run(flow, "red", target=target)
        assert told.began["number"] == 1, target
        assert stage.ended(told.id)["pointer"]["name"] == ("live" if target in (alias, "live") else "staging")
    stage.asker.refused(404, "not_found", "POST", "files", flow, "run", body={"input": "x", "target": "gone"})


def test_going_away_stops_a_run(stage: Stage, flow: str) -> None:
    with stage.watching(flow, "late") as lines:
        began = next(lines)
        assert next(lines)["event"] == "flow_started"
    assert stage.ended(began["id"])["status"] == "Aborted"


def test_a_question_is_answered(stage: Stage) -> None:
    flow = stage.flow(chain(("Clerk", "Agent", agent())))
    told = stage.run(flow, "ask")
    assert [one["value"] for one in told.events if one["event"] == "input_requested"] == ["Which colour?"]
    waits = stage.of(told.id)
    assert (waits["status"], waits["asks"]) == ("Waiting", {"node": "Clerk", "question": "Which colour?"})
    again = stage.run(flow, "green", execution=told.began["name"], answer=True)
    assert (again.id, again.outputs) == (told.id, ["Green it is."])
    assert stage.ended(told.id)["asks"] is None
    refused = stage.asker.refused(
        400,
        "invalid",
        "POST",
        "files",
        flow,
        "run",
        body={"input": "again", "execution": told.began["name"], "answer": True},
    )
    assert "waits for input" in refused


def test_what_waits_is_stopped_and_cannot_be_answered(stage: Stage) -> None:
    flow = stage.flow(chain(("Clerk", "Agent", agent())))
    told = stage.run(flow, "ask")
    assert stage.of(told.id)["can_stop"] is True
    stopped = stage.asker.ask("POST", "executions", told.id, "stop")
    assert (stopped["status"], stopped["can_stop"]) == ("Aborted", False)
    assert stage.asker.ask("POST", "executions", told.id, "stop")["status"] == "Aborted", "it stays so"
    body = {"input": "green", "execution": told.began["name"], "answer": True}
    stage.asker.refused(400, "invalid", "POST", "files", flow, "run", body=body)
    assert stage.ended(told.id)["log_id"]
    assert stage.of(told.id, "events")["events"][-1]["event"] == "flow_aborted"


def test_what_a_caller_waits_for_is_not_stopped_from_here(stage: Stage, flow: str) -> None:
    with stage.watching(flow, "late") as lines:
        began = next(lines)
        assert stage.known(began["id"])["can_stop"] is False
        told = stage.asker.refused(409, "conflict", "POST", "executions", began["id"], "stop")
        assert "caller" in told
        told = stage.asker.refused(409, "conflict", "DELETE", "executions", began["id"])
        assert "Running" in told


def test_in_the_background(stage: Stage, flow: str) -> None:
    body = {"input": "late", "target": "draft"}
    begun = stage.asker.ask("POST", "files", flow, "executions", body=body)
    assert (begun["status"], begun["is_durable"], begun["can_stop"]) == ("Running", True, True)
    assert stage.asker.ask("POST", "executions", begun["id"], "stop")["status"] == "Aborted"
    for target in ("1", None):
        said = {"input": "late", "target": target} if target else {"input": "late"}
        stage.asker.refused(400, "invalid", "POST", "files", flow, "executions", body=said)


def test_what_it_takes_to_run_a_flow(stage: Stage) -> None:
    arrows = ("In.document > Work.value", "Work.response > End.document")
    nodes = [start("Object", "In"), end(type="Object")]
    works = [code("Work", {"value": "Object"}, "Object", text) for text in ("value", "dict(value)")]
    flow = stage.flow(*(level([*nodes, work], *arrows) for work in works))
    stage.asker.ask("POST", "files", flow, "pointers", "production", "moves", body={"to": 1})
    form = stage.asker.ask("GET", "files", flow, "run-form")
    assert (form["node"], form["type"], form["problem"]) == ("In", "Object", None)
    assert [(one["kind"], one["name"], one["number"]) for one in form["targets"]] == [
        ("environment", "production", 1),
        ("version", "v2", 2),
        ("version", "v1", 1),
        ("draft", "Draft", None),
    ]
    assert form["chosen"] == form["targets"][0]
    assert len(form["definition"]["nodes"]) == 3
    assert (form["last_input"], form["last_execution"]) == (None, None)
    told = stage.run(flow, {"a": 1})
    again = stage.asker.ask("GET", "files", flow, "run-form", target="draft")
    assert (again["last_input"], again["last_execution"]) == ({"a": 1}, told.id)
    assert again["chosen"]["kind"] == "draft"
    for one in form["targets"]:
        assert stage.run(flow, {"a": 1}, target=one["ref"]).began["number"] == one["number"]


def test_what_can_not_be_run_says_why(stage: Stage) -> None:
    made = stage.humanloop.flows.upsert(path="no graph", attributes={"a": 1})
    form = stage.asker.ask("GET", "files", made.id, "run-form")
    assert (form["definition"], form["node"]) == (None, None)
    assert form["problem"]
    prompted = stage.humanloop.prompts.upsert(path="a prompt", model="m", template="x")
    told = stage.asker.refused(400, "invalid", "GET", "files", prompted.id, "run-form")
    assert "type prompt" in told
    stage.asker.refused(400, "invalid", "POST", "files", prompted.id, "run", body={"input": "x"})
