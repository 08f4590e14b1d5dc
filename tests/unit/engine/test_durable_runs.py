"""Runs out of a journal: what is repeated and what is not, how late is told, and what a page looks like."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.unit.engine.flows import agent, code, each, end, gather, plan, start
from tests.unit.engine.journals import MemoryJournal, Refused
from tests.unit.engine.world import World, outputs, told

from headrace.core.effects import AgentReply, EffectFailed, Fault, Usage
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    Link,
    NodeActed,
    NodeDepended,
    NodeFailed,
)
from headrace.engine import journal as journal_module
from headrace.engine.call import Reply
from headrace.engine.failure import Failure
from headrace.engine.journal import Ended, Page, StrangePage, read_page, run_journaled, write_page
from headrace.engine.plan import Plan
from headrace.engine.run import StartInput

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
ITEMS = plan(
    [start("Array"), each(), code("Item"), gather(), end(type="Array")],
    "Start.document > Each.array",
    "Each.arrayItem > Item.value",
    "Item.response > Gather.arrayItem",
    "Each.arraySize > Gather.arraySize",
    "Gather.collectedArray > End.document",
)


async def attempt(
    run_plan: Plan, document: Any, world: World, journal: MemoryJournal, *, left_s: float = 60.0, **more: Any
) -> list[Event]:
    start_input = StartInput(node="Start", document=document)
    running = run_journaled(run_plan, start_input, world.context(traces=True, **more), journal, left_s=left_s)
    events = await told(running)
    assert len(asyncio.all_tasks()) == 1, "nothing runs on"
    return events


def events_of(
    run_plan: Plan, document: Any, world: World, journal: MemoryJournal, **more: Any
) -> list[Event]:
    return asyncio.run(attempt(run_plan, document, world, journal, **more))


def timeless(events: list[Event]) -> list[Event]:
    return [msgspec.structs.replace(event, at_ns=0) for event in events]


def test_a_page_a_step_and_nothing_is_done_twice() -> None:
    journal, world = MemoryJournal(), World()
    events = events_of(CHAIN, 1, world, journal)
    assert outputs(events) == [("End", 2)]
    assert [read_page(page).ended[0].call for page in journal.pages] == ["First/0", "Second/0"]
    later = World()
    assert timeless(events_of(CHAIN, 1, later, journal.again())) == timeless(events)
    assert later.asked == []


def test_what_was_not_durable_is_asked_again_with_the_same_key() -> None:
    journal, world = MemoryJournal(refuses_at=1), World()
    with pytest.raises(Refused):
        events_of(CHAIN, 1, world, journal)
    assert world.nodes() == ["First", "Second"]
    later = World()
    assert outputs(events_of(CHAIN, 1, later, journal.again())) == [("End", 2)]
    assert later.nodes() == ["Second"]
    assert [asked.context.step for asked in (*world.asked, *later.asked)] == [
        "run/First/0",
        "run/Second/0",
        "run/Second/0",
    ]


def test_calls_are_made_together_and_what_ends_together_is_one_page() -> None:
    journal, world = MemoryJournal(), World(delay=lambda _: 1)
    events_of(FORK, 1, world, journal)
    assert world.most == 2
    assert [[one.call for one in read_page(page).ended] for page in journal.pages] == [["Left/0", "Right/0"]]


def test_calls_that_have_ended_wait_a_moment_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "TOGETHER_S", 60.0)
    journal, world = MemoryJournal(), World(delay=lambda context: 50 if context.node == "Left" else 0)
    events_of(FORK, 1, world, journal)
    assert [[one.call for one in read_page(page).ended] for page in journal.pages] == [["Left/0", "Right/0"]]


def test_a_call_goes_on_while_another_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "TOGETHER_S", 0.0)
    journal = MemoryJournal()
    world = World(delay=lambda context: 500 if context.node == "Left" else 0)
    events = events_of(FORK, 1, world, journal)
    assert [[one.call for one in read_page(page).ended] for page in journal.pages] == [
        ["Right/0"],
        ["Left/0"],
    ]
    assert world.nodes() == ["Left", "Right"]
    assert outputs(events) == [("LeftEnd", 1), ("RightEnd", 1)]


@pytest.mark.parametrize(("limits", "most"), [({"max_items": 25}, 25), ({"max_parallel": 4}, 4), ({}, 1)])
def test_so_many_items_run_at_once(limits: dict[str, int], most: int) -> None:
    journal, world = MemoryJournal(), World(delay=lambda _: 3)
    document = list(range(60))
    assert outputs(events_of(ITEMS, document, world, journal, **limits)) == [("End", document)]
    assert world.most == most


def test_items_that_end_together_are_told_together() -> None:
    journal = MemoryJournal()
    events_of(ITEMS, list(range(100)), World(), journal, max_items=25)
    assert len(journal.pages) <= 8


def test_a_failure_is_repeated() -> None:
    failed = EffectFailed("it is shut", resource="InlineCode", fault=Fault.GATEWAY)
    journal = MemoryJournal()
    events = events_of(CHAIN, 1, World(script={"First": failed}), journal)
    assert isinstance(events[-1], FlowFailed)
    assert events[-1].kind is FailureKind.GATEWAY
    later = World()
    assert timeless(events_of(CHAIN, 1, later, journal.again())) == timeless(events)
    assert later.asked == []


def test_a_question_fails_the_node() -> None:
    asking = plan(
        [start("String"), agent("Agent"), end(type="String")],
        "Start.document > Agent.agentInputText",
        "Agent.agentResponse > End.document",
    )
    world = World(script={"Agent": AgentReply(text="Which one?", asks=True)})
    journal = MemoryJournal()
    events = events_of(asking, "go", world, journal)
    [failed] = [event for event in events if isinstance(event, NodeFailed)]
    assert (failed.node, failed.kind) == ("Agent", FailureKind.VALIDATION)
    assert isinstance(events[-1], FlowFailed)
    assert timeless(events_of(asking, "go", World(), journal.again())) == timeless(events)


def test_a_run_that_takes_too_long_did_so_in_every_attempt() -> None:
    journal = MemoryJournal()
    world = World(delay=lambda context: 10**9 if context.node == "Second" else 0)
    events = events_of(CHAIN, 1, world, journal, left_s=0.05, limit_s=3.0)
    last = events[-1]
    assert isinstance(last, FlowFailed)
    assert (last.kind, last.message) == (FailureKind.TIMED_OUT, "The flow did not end within 3 seconds.")
    later = World()
    assert timeless(events_of(CHAIN, 1, later, journal.again())) == timeless(events)
    assert later.asked == []


def test_what_is_late_already_makes_no_call() -> None:
    journal, world = MemoryJournal(), World()
    first = events_of(CHAIN, 1, World(), MemoryJournal(refuses_at=None))
    assert isinstance(first[-1], FlowFinished)
    events = events_of(CHAIN, 1, world, journal, left_s=0.0)
    assert isinstance(events[-1], FlowFailed)
    assert world.asked == []
    assert [read_page(page) for page in journal.pages] == [Page(is_late=True)]


def test_pages_that_are_there_are_heard_however_late_it_is() -> None:
    journal = MemoryJournal()
    events = events_of(CHAIN, 1, World(), journal)
    assert timeless(events_of(CHAIN, 1, World(), journal.again(), left_s=-1.0)) == timeless(events)


def test_a_mistake_of_our_own_is_raised_and_leaves_nothing_behind() -> None:
    world = World(script={"Left": RuntimeError("oops")}, delay=lambda c: 9 if c.node == "Right" else 0)
    journal = MemoryJournal()
    with pytest.raises(RuntimeError, match="oops"):
        events_of(FORK, 1, world, journal)
    assert world.running == 0
    assert journal.pages == []


def test_a_page_of_another_flow_is_refused() -> None:
    journal = MemoryJournal()
    events_of(FORK, 1, World(), journal)
    with pytest.raises(StrangePage):
        events_of(CHAIN, 1, World(), journal.again())


REPLIES = [
    Reply(outputs={"response": value})
    for value in (
        None,
        True,
        0,
        10**40,
        -0.5,
        1e308,
        0.1 + 0.2,
        "",
        "\x00 ß \U0001f600",
        [1, 1.0, [None, {}]],
        {"a b": {"": [False]}},
    )
] + [
    Reply(failure=Failure(kind=kind, message="no", resource=resource))
    for kind in FailureKind
    for resource in (None, "Amazon Bedrock")
]
REPLIES += [
    Reply(
        outputs={"agentResponse": "yes"},
        memories={"alias": "text", "other": None},
        actions=(
            NodeActed(
                at_ns=1_700_000_000_000_000_001,
                scope=(Link(node="Each", type="Iterator", index=3),),  # type: ignore[arg-type]
                node="Agent",
                request_id="id",
                service="Bedrock",
                operation="InvokeAgent",
                request={"text": [1.0]},
                response=None,
                usage=Usage(input_tokens=1, output_tokens=2, cost_usd=0.5),
                duration_ns=7,
            ),
            NodeDepended(at_ns=5, node="Agent", traces=({"trace": {"x": 1}},)),
        ),
    )
]


@pytest.mark.parametrize("reply", REPLIES, ids=str)
def test_a_reply_is_the_same_out_of_a_page(reply: Reply) -> None:
    page = Page(ended=(Ended(call="Loop/Node/0.2", reply=reply),))
    again = read_page(write_page(page))
    assert again == page
    assert repr(again) == repr(page).replace("type='Iterator'", "type=<NodeType.ITERATOR: 'Iterator'>")
