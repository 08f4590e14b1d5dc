"""A run as bars, and the path it took: what fails, waits, is stopped, is too much, or was not kept."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from tests.unit.engine.flows import agent, choose, code, each, end, gather, level, start
from tests.unit.engine.world import World, told

from headrace.core.definition import Definition
from headrace.core.effects import EffectFailed
from headrace.core.execution import Event, FlowAborted, NodeStarted, Status
from headrace.engine.plan import compile_plan
from headrace.services.executions.paths_taken import Path, nodes_of
from headrace.services.executions.waterfalls import BarState, Waterfall
from headrace.services.logs.excerpts import excerpt
from headrace.services.runs.keeping import without_content

CHOOSING = level(
    [start(), choose("Pick", big="value > 3"), code("Large", text="value * 10"), code("Small"), end()],
    "Start.document > Pick.value",
    "Start.document > Large.value",
    "Start.document > Small.value",
    "Pick?big > Large",
    "Pick?default > Small",
    "Large.response > End.document",
)
REPEATING = level(
    [start("Array"), each(), code("Do"), gather(), end(type="Array")],
    "Start.document > Each.array",
    "Each.arrayItem > Do.value",
    "Do.response > Gather.arrayItem",
    "Each.arraySize > Gather.arraySize",
    "Gather.collectedArray > End.document",
)
ASKING = level(
    [start("String"), agent("Clerk"), end(type="String")],
    "Start.document > Clerk.agentInputText",
    "Clerk.agentResponse > End.document",
)


def events_of(definition: dict[str, Any], document: Any, world: World | None = None) -> list[Event]:
    plan = compile_plan(Definition.parse(definition), digest="digest")
    return asyncio.run(told((world or World()).run(plan, document, traces=True)))


def waterfall(events: list[Event], status: Status = Status.SUCCEEDED, *, most: int = 1000) -> Waterfall:
    found = Waterfall(most=most)
    found.hear(events)
    found.settle(status, events[-1].at_ns)
    return found


def states(found: Waterfall) -> dict[str, BarState]:
    return {bar.name: bar.state for bar, _, _ in found if bar.kind != "request"}


def test_a_bar_names_the_event_it_began_with() -> None:
    events = events_of(CHOOSING, 5)
    for bar, _, _ in waterfall(events):
        if bar.kind == "node" and bar.type != "Input":
            assert bar.place is not None
            begun = events[bar.place]
            assert isinstance(begun, NodeStarted)
            assert (begun.node, bar.id) == (bar.name, str(bar.place))


def test_what_failed_and_what_was_left_lying() -> None:
    failure = EffectFailed("no", resource="InlineCode")
    world = World(script={"Do": failure}, delay=lambda _: 1)
    found = waterfall(events_of(REPEATING, [1, 2], world), Status.FAILED)
    assert states(found)["Execution"] is BarState.FAILED
    done = [bar for bar, _, _ in found if bar.name == "Do"]
    assert sum(bar.state is BarState.FAILED for bar in done) == 1
    assert {bar.state for bar in done} <= {BarState.FAILED, BarState.ABORTED}
    assert all(bar.ended_ns is not None for bar, _, _ in found)
    assert states(found)["Each"] is BarState.FAILED, "an item of it did"


def test_a_node_that_could_not_be_given_its_inputs_is_where_it_failed() -> None:
    definition = copy.deepcopy(CHOOSING)
    for node in definition["nodes"]:
        if node["name"] == "Start":
            node["outputs"][0]["type"] = "Object"
        elif node["name"] != "End":
            node["inputs"][0]["expression"] = "$.data.priority"
    found = waterfall(events_of(definition, {"subject": "late"}), Status.FAILED)
    (failed,) = [bar for bar, _, _ in found if bar.name == "Pick"]
    assert failed.state is BarState.FAILED
    assert "priority" in (failed.error or "")
    assert states(found)["Execution"] is BarState.FAILED


@pytest.mark.parametrize("is_told", [True, False])
def test_what_was_stopped_ends_when_it_was(*, is_told: bool) -> None:
    events = events_of(CHOOSING, 5)
    place = next(
        place for place, one in enumerate(events) if isinstance(one, NodeStarted) and one.node == "Large"
    )
    cut = events[: place + 1]
    at_ns = cut[-1].at_ns + 1_000_000
    found = Waterfall()
    found.hear([*cut, FlowAborted(at_ns=at_ns)] if is_told else cut)
    found.settle(Status.ABORTED, at_ns)
    large = next(bar for bar, _, _ in found if bar.name == "Large")
    assert (large.state, large.duration_ms) == (BarState.ABORTED, 1.0)
    assert found.root is not None
    assert found.root.state is BarState.ABORTED


def test_what_goes_on_has_no_end() -> None:
    events = events_of(CHOOSING, 5)
    found = Waterfall()
    found.hear(events[:3])
    found.settle(Status.RUNNING, None)
    assert states(found)["Execution"] is BarState.RUNNING
    assert found.root is not None
    assert found.root.duration_ms is None


def test_what_asks_waits() -> None:
    events = events_of(ASKING, "hello", World(script={"Clerk": _question}))
    found = waterfall(events, Status.WAITING)
    assert states(found)["Clerk"] is BarState.WAITING
    assert states(found)["Execution"] is BarState.WAITING
    assert found.question == ("Clerk", "Which?")


def _question(_: Any) -> Any:
    from headrace.core.effects import AgentReply

    return AgentReply(text="Which?", asks=True)


def test_what_is_too_much_is_counted() -> None:
    events = events_of(REPEATING, list(range(10)))
    whole = list(waterfall(events))
    few = waterfall(events, most=6)
    assert len(list(few)) <= 8
    assert few.left_out > 0
    assert len(whole) > 20


def test_without_its_content_a_run_is_told_all_the_same() -> None:
    found = waterfall([without_content(one) for one in events_of(CHOOSING, 5)])
    assert {bar.inputs for bar, _, _ in found} == {None}
    assert states(found)["Large"] is BarState.SUCCEEDED


def test_nothing_is_told_of_no_events() -> None:
    found = Waterfall()
    found.settle(Status.SUCCEEDED, 1)
    assert list(found) == []
    assert nodes_of(found) == []


def test_the_path_has_only_what_was_taken() -> None:
    taken = Path()
    taken.hear(events_of(CHOOSING, 5))
    found = {one.name: (one.source, one.target, one.value) for one in taken.taken(Definition.parse(CHOOSING))}
    assert found == {
        "arrow_0": ("Start", "Pick", "5"),
        "arrow_1": ("Start", "Large", "5"),
        "arrow_3": ("Pick", "Large", None),
        "arrow_5": ("Large", "End", "50"),
    }


def test_a_node_that_ran_often_is_told_once() -> None:
    found = {one.name: one for one in nodes_of(waterfall(events_of(REPEATING, [1, 2, 3])))}
    assert (found["Do"].times, found["Do"].state) == (3, BarState.SUCCEEDED)
    assert found["Each"].times == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("é" * 500, '"' + "é" * 239),
        ({"a": [1, 2.5, True], "b": {"c": "d"}}, '{"a":[1,2.5,true],"b":{"c":"d"}}'),
        ([], "[]"),
    ],
)
def test_an_excerpt_is_the_start_of_the_json(value: Any, text: str) -> None:
    assert excerpt(value) == text


def test_an_excerpt_of_something_huge_is_short() -> None:
    huge = {f"member {n}": ["x" * 10_000] * 100 for n in range(10_000)}
    assert len(excerpt(huge)) == 240
