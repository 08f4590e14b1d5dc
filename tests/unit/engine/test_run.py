"""Running: what runs, what is skipped, in which order things come out, and how a run fails or is stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.engine.flows import agent, choose, code, each, end, gather, level, node, plan, start
from tests.unit.engine.world import World, outputs, told

from headrace.core.effects import EffectFailed, Fault
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    NodeFailed,
    NodeFinished,
    NodeStarted,
)
from headrace.engine.plan import Plan

CHAIN = plan(
    [start(), code("First"), code("Second", text="value + 1"), end()],
    "Start.document > First.value",
    "First.response > Second.value",
    "Second.response > End.document",
)
FORK = plan(
    [start(), code("Left"), code("Right"), end("LeftEnd"), end("RightEnd")],
    "Start.document > Left.value",
    "Start.document > Right.value",
    "Left.response > LeftEnd.document",
    "Right.response > RightEnd.document",
)
ROUTE = plan(
    [
        start(),
        choose("Choose", big="value > 5"),
        code("Big"),
        code("Small"),
        code("After"),
        end("Yes"),
        end("No"),
    ],
    "Start.document > Choose.value",
    "Start.document > Big.value",
    "Start.document > Small.value",
    "Choose?big > Big",
    "Choose?default > Small",
    "Small.response > After.value",
    "Big.response > Yes.document",
    "After.response > No.document",
)
ITEMS = plan(
    [start("Array"), each(), code("Item"), end()],
    "Start.document > Each.array",
    "Each.arrayItem > Item.value",
    "Item.response > End.document",
)


def events_of(run_plan: Plan, document: Any, world: World | None = None, **settings: Any) -> list[Event]:
    return asyncio.run(told((world or World()).run(run_plan, document, **settings)))


def results(run_plan: Plan, document: Any, world: World | None = None, **settings: Any) -> list[Any]:
    events = events_of(run_plan, document, world, **settings)
    assert isinstance(events[-1], FlowFinished), events[-1]
    return outputs(events)


def failure(run_plan: Plan, document: Any, world: World | None = None, **settings: Any) -> FlowFailed:
    last = events_of(run_plan, document, world, **settings)[-1]
    assert isinstance(last, FlowFailed)
    return last


def test_a_chain() -> None:
    world = World()
    assert results(CHAIN, 1, world) == [("End", 2)]
    assert world.nodes() == ["First", "Second"]
    assert world.most == 1


@pytest.mark.parametrize(
    ("document", "out", "ran"), [(9, ("Yes", 9), ["Big"]), (1, ("No", 1), ["Small", "After"])]
)
def test_what_is_not_chosen_is_skipped_with_all_behind_it(
    document: int, out: tuple[str, int], ran: list[str]
) -> None:
    world = World()
    events = events_of(ROUTE, document, world, traces=True)
    assert outputs(events) == [out]
    assert world.nodes() == ran
    told_of = {event.node for event in events if isinstance(event, NodeStarted | NodeFinished)}
    assert told_of == {"Start", "Choose", *ran, out[0]}


def test_the_first_condition_that_holds_wins_and_the_default_stands_anywhere() -> None:
    route = plan(
        [
            start(),
            choose("Choose", some="value > 1", more="value > 2"),
            end("Some"),
            end("More"),
            end("None"),
        ],
        "Start.document > Choose.value",
        *(f"Start.document > {name}.document" for name in ("Some", "More", "None")),
        "Choose?some > Some",
        "Choose?more > More",
        "Choose?default > None",
    )
    assert results(route, 3) == [("Some", 3)]
    assert results(route, 0) == [("None", 0)]


def test_no_output_is_a_success() -> None:
    route = plan(
        [start(), choose("Choose", big="value > 5"), end()],
        "Start.document > Choose.value",
        "Choose?big > End",
        "Start.document > End.document",
    )
    assert results(route, 1) == []


def test_a_node_waits_for_all_that_feeds_it() -> None:
    join = plan(
        [
            start(),
            code("Slow"),
            code("Fast"),
            code("Join", {"left": "Number", "right": "Number"}, text="left - right"),
            end(),
        ],
        "Start.document > Slow.value",
        "Start.document > Fast.value",
        "Slow.response > Join.left",
        "Fast.response > Join.right",
        "Join.response > End.document",
    )
    world = World({"Slow": 10}, delay=lambda context: 20 * (context.node == "Slow"))
    assert results(join, 3, world) == [("End", 7)]
    assert world.nodes()[-1] == "Join"
    assert world.most == 2


@pytest.mark.parametrize("slow", ["Left", "Right"])
def test_outputs_come_in_the_order_of_the_definition(slow: str) -> None:
    world = World({"Left": 1, "Right": 2}, delay=lambda context: 20 * (context.node == slow))
    assert results(FORK, 0, world) == [("LeftEnd", 1), ("RightEnd", 2)]


def test_an_output_does_not_wait_for_one_that_is_skipped() -> None:
    route = plan(
        [start(), choose("Choose", big="value > 5"), end("Never"), code("Later"), end("Now")],
        "Start.document > Choose.value",
        "Choose?big > Never",
        "Start.document > Never.document",
        "Start.document > Later.value",
        "Later.response > Now.document",
    )
    assert results(route, 1) == [("Now", 1)]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_steps_run_at_a_time_than_may(limit: int) -> None:
    wide = plan(
        [start(), *(code(f"Code{n}") for n in range(6)), end()],
        *(f"Start.document > Code{n}.value" for n in range(6)),
        "Code0.response > End.document",
    )
    world = World(delay=lambda _: 3)
    assert results(wide, 0, world, max_parallel=limit) == [("End", 0)]
    assert world.most == limit
    assert len(world.asked) == 6


def test_items_run_one_after_another_unless_more_may_run() -> None:
    one, several = World(delay=lambda _: 2), World(delay=lambda context: 9 - int(context.step[-1]))
    expected = [("End", value) for value in range(9)]
    assert results(ITEMS, list(range(9)), one) == expected
    assert one.most == 1
    assert results(ITEMS, list(range(9)), several, max_parallel=4) == expected
    assert several.most == 4


def test_skipped_items_are_left_out_of_the_collection() -> None:
    collect = plan(
        [
            start("Array"),
            each(),
            choose("Choose", big="value > 2"),
            code("Item"),
            gather(),
            end(type="Array"),
        ],
        "Start.document > Each.array",
        "Each.arrayItem > Choose.value",
        "Each.arrayItem > Item.value",
        "Choose?big > Item",
        "Item.response > Gather.arrayItem",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )
    assert results(collect, [1, 5, 2, 3]) == [("End", [5, 3])]
    assert results(collect, [0] * 3000) == [("End", [])]
    assert results(collect, []) == [("End", [])]


def test_values_from_outside_are_seen_by_every_item() -> None:
    add = plan(
        [
            start("Array"),
            each(),
            code("Size", text="value * 10"),
            code("Item", {"value": "Number", "size": "Number"}, text="value + size"),
            end(),
            end("Once"),
        ],
        "Start.document > Each.array",
        "Each.arraySize > Size.value",
        "Size.response > Item.size",
        "Each.arrayItem > Item.value",
        "Item.response > End.document",
        "Each.arraySize > Once.document",
    )
    world = World(delay=lambda context: 5 * (context.node == "Size"))
    assert results(add, [1, 2], world) == [("End", 21), ("End", 22), ("Once", 2)]
    assert world.nodes() == ["Size", "Item", "Item"]


@pytest.mark.parametrize(("document", "expected"), [(9, [("End", 1), ("End", 2)]), (1, [])])
def test_a_decision_outside_holds_for_every_item(document: int, expected: list[tuple[str, int]]) -> None:
    route = plan(
        [
            start("Object"),
            choose("Choose", {"value": ("Number", "$.data.value")}, big="value > 5"),
            node(
                "Each",
                "Iterator",
                {"array": ("Array", "$.data.array")},
                {"arrayItem": "Number", "arraySize": "Number"},
            ),
            code("Item"),
            end(),
        ],
        "Start.document > Choose.value",
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Choose?big > Item",
        "Item.response > End.document",
    )
    world = World()
    assert results(route, {"value": document, "array": [1, 2]}, world) == expected
    assert len(world.asked) == len(expected)


def test_a_loop_inside_an_iterator() -> None:
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
    loops = plan(
        [
            start("Array"),
            each(),
            node("Repeat", "Loop", {"value": "Number"}, {"result": "Number"}, definition=body),
            end(),
        ],
        "Start.document > Each.array",
        "Each.arrayItem > Repeat.value",
        "Repeat.result > End.document",
    )
    events = events_of(loops, [3, 30, 0], traces=True, max_parallel=2)
    assert outputs(events) == [("End", 24), ("End", 60), ("End", 0)]
    chains = [
        [(link.node, link.index) for link in event.scope]
        for event in events
        if isinstance(event, NodeStarted) and event.node == "Double" and event.scope[0].index != 1
    ]
    assert [("Each", 0), ("Repeat", 2)] in chains
    # Zero never gets anywhere; ten rounds are the most by default.
    assert max(chain[1][1] for chain in chains) == 9


WRONG_OUTPUT = "Expected type for Node Output {} of Node {} to be {}. Actual type is {}."
WRONG_INPUT = "Expected type for Node Input {} of Node {} to be {}. Actual type is {}."


@pytest.mark.parametrize(
    ("document", "actual"), [({}, "OBJECT"), (True, "BOOLEAN"), (None, "NULL"), ("", "STRING")]
)
def test_a_document_of_the_wrong_type(document: Any, actual: str) -> None:
    events = events_of(CHAIN, document)
    assert not any(isinstance(event, NodeFailed) for event in events)
    last = events[-1]
    assert isinstance(last, FlowFailed)
    assert last.message == WRONG_OUTPUT.format("document", "Start", "NUMBER", actual)
    assert (last.kind, last.node) == (FailureKind.VALIDATION, None)


def test_a_document_for_another_node() -> None:
    last = asyncio.run(told(World().run(CHAIN, 1, node="First")))[-1]
    assert isinstance(last, FlowFailed)
    assert last.kind is FailureKind.VALIDATION
    assert "First" in last.message


def test_a_result_of_the_wrong_type() -> None:
    last = failure(CHAIN, 1, World({"First": None}))
    assert last.message == WRONG_OUTPUT.format("response", "First", "NUMBER", "NULL")
    assert (last.kind, last.node) == (FailureKind.VALIDATION, "First")


def test_an_item_of_the_wrong_type() -> None:
    last = failure(ITEMS, [1, "2"])
    assert last.message == WRONG_OUTPUT.format("arrayItem", "Each", "NUMBER", "STRING")


TAKES = plan([start("Object"), end(type="String", expression="$.data.text")], "Start.document > End.document")


def test_an_input_of_the_wrong_type() -> None:
    assert failure(TAKES, {"text": 1}).message == WRONG_INPUT.format("document", "End", "STRING", "NUMBER")


def test_an_expression_that_points_at_nothing() -> None:
    last = failure(TAKES, {})
    assert last.message == (
        "Failed to evaluate expression '$.data.text' of input document of node End: there is no member 'text'"
    )
    assert (last.kind, last.node) == (FailureKind.VALIDATION, "End")


@pytest.mark.parametrize("fault", Fault)
def test_what_fails_outside_fails_the_flow(fault: Fault) -> None:
    world = World({"First": EffectFailed("no such thing", resource="Thing", fault=fault)})
    *_, node_failed, last = events_of(CHAIN, 1, world)
    assert isinstance(node_failed, NodeFailed)
    assert isinstance(last, FlowFailed)
    assert (node_failed.node, node_failed.message) == ("First", "no such thing")
    assert last.message == "Node First failed: no such thing"
    assert (last.kind, last.resource) == (FailureKind.of(fault), "Thing")


def test_the_first_failure_ends_the_rest_and_what_came_out_stays_out() -> None:
    world = World(
        {"Item": lambda asked: EffectFailed("bad", resource="Thing") if asked[1]["value"] == 2 else 1},
        delay=lambda context: 1 + 5 * (int(context.step[-1]) > 2),
    )
    events = events_of(ITEMS, [0, 1, 2, 3, 4], world, max_parallel=5)
    assert outputs(events) == [("End", 1), ("End", 1)]
    assert isinstance(events[-1], FlowFailed)
    assert world.running == 0


def test_a_node_that_takes_too_long() -> None:
    world = World(delay=lambda _: 1_000_000)
    last = failure(CHAIN, 1, world, node_limit_s=0.01)
    assert last.kind is FailureKind.DEPENDENCY
    assert last.message == "Node First failed: it did not end within 0.01 seconds"
    assert world.running == 0


def test_a_flow_that_takes_too_long() -> None:
    last = failure(CHAIN, 1, World(delay=lambda _: 1_000_000), limit_s=0.01)
    assert (last.kind, last.node) == (FailureKind.TIMED_OUT, None)
    assert last.message == "The flow did not end within 0.01 seconds."


def test_a_flow_that_computes_too_long() -> None:
    decide = plan(
        [start("Array"), each(), choose("Choose", big="value > 5"), end()],
        "Start.document > Each.array",
        "Each.arrayItem > Choose.value",
        "Each.arrayItem > End.document",
        "Choose?big > End",
    )
    assert failure(decide, [0] * 200_000, limit_s=0.01).kind is FailureKind.TIMED_OUT


def test_a_mistake_of_our_own_is_raised_and_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        world = World({"Left": ZeroDivisionError()}, delay=lambda context: 50 * (context.node == "Right"))
        with pytest.raises(ZeroDivisionError):
            await told(world.run(FORK, 1))
        assert world.running == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


def test_closing_stops_everything() -> None:
    async def scenario() -> None:
        world = World(delay=lambda context: 1_000_000 * (context.node == "Right"))
        running = world.run(FORK, 1)
        async for event in running:
            if isinstance(event, FlowOutput):
                break
        assert world.running == 1
        await running.aclose()
        assert world.running == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


def test_what_happens_is_told_before_what_it_leads_to_is_waited_for() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()

        class Gated(World):
            async def answer(self, *asked: Any) -> Any:
                await gate.wait()
                return await World.answer(self, *asked)

        world = Gated()
        seen: list[str] = []
        async for event in world.run(CHAIN, 1, traces=True):
            seen.append(type(event).__name__)
            if isinstance(event, NodeStarted) and event.node == "First":
                gate.set()
        assert seen[-1] == "FlowFinished"

    asyncio.run(scenario())


def test_traces_tell_what_went_in_and_out() -> None:
    events = events_of(CHAIN, 1, traces=True)
    [started] = [event for event in events if isinstance(event, NodeStarted) and event.node == "Second"]
    [(port, value)] = started.fields
    assert (port.name, port.source.node, port.source.output, value) == ("value", "First", "response", 1)
    [finished] = [event for event in events if isinstance(event, NodeFinished) and event.node == "Second"]
    [(out, result)] = finished.fields
    assert (out.name, [(one.node, one.input) for one in out.next], result) == (
        "response",
        [("End", "document")],
        2,
    )
    assert not any(isinstance(event, NodeStarted | NodeFinished) for event in events_of(CHAIN, 1))


def test_values_are_passed_on_as_they_are() -> None:
    document = {"list": [1, {"a": "b"}]}
    whole = plan([start("Object"), end(type="Object")], "Start.document > End.document")
    [(_, value)] = results(whole, document)
    assert value is document


def test_each_step_is_told_apart() -> None:
    world = World()
    results(ITEMS, [5, 6], world)
    assert [asked.context.step for asked in world.asked] == ["run/Item/0", "run/Item/1"]
    assert {asked.context.execution_id for asked in world.asked} == {"run"}


def test_an_agent_without_its_optional_inputs() -> None:
    ask = plan(
        [start("String"), agent("Agent", promptAttributes="Object"), end(type="String")],
        "Start.document > Agent.agentInputText",
        "Agent.agentResponse > End.document",
    )
    world = World()
    assert results(ask, "hi", world) == [("End", "hi")]
    assert world.asked[0].what[2:] == (None, None)
