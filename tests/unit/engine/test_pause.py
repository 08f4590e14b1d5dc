"""Runs that wait for an answer: they end as if the answer had been there at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.engine.flows import agent, choose, code, each, end, gather, level, node, plan, start
from tests.unit.engine.world import World, outputs

from headrace.core.effects import AgentReply, EffectFailed
from headrace.core.errors import Invalid
from headrace.core.execution import (
    Event,
    FlowFailed,
    FlowFinished,
    FlowResumed,
    InputRequested,
    NodeStarted,
    Reason,
)
from headrace.engine.pause import Pause, PauseMismatch
from headrace.engine.plan import Plan
from headrace.engine.run import Answer, resume

TALK = plan(
    [
        start("String"),
        agent("Agent"),
        code("After", {"text": "String"}, "String", "text"),
        end(type="String"),
    ],
    "Start.document > Agent.agentInputText",
    "Agent.agentResponse > After.text",
    "After.response > End.document",
)
TWO = plan(
    [start("String"), agent("One"), agent("Two"), end("EndOne", "String"), end("EndTwo", "String")],
    "Start.document > One.agentInputText",
    "Start.document > Two.agentInputText",
    "One.agentResponse > EndOne.document",
    "Two.agentResponse > EndTwo.document",
)
ITEMS = plan(
    [
        start("Array"),
        each(type="String"),
        choose("Choose", {"value": "String"}, ask='value != "skip"'),
        agent("Agent"),
        code("Beside", {"value": "String"}, "String"),
        gather(type="String"),
        end(type="Array"),
        end("Item", "String"),
    ],
    "Start.document > Each.array",
    "Each.arrayItem > Choose.value",
    "Each.arrayItem > Agent.agentInputText",
    "Each.arrayItem > Beside.value",
    "Beside.response > Item.document",
    "Choose?ask > Agent",
    "Agent.agentResponse > Gather.arrayItem",
    "Each.arraySize > Gather.arraySize",
    "Gather.collectedArray > End.document",
)
LOOP = plan(
    [
        start("String"),
        node(
            "Repeat",
            "Loop",
            {"text": "String"},
            {"result": "String"},
            definition=level(
                [
                    node("LoopStart", "LoopInput", outputs={"text": "String"}),
                    agent("Agent"),
                    node(
                        "Control",
                        "LoopController",
                        {
                            "now": ("String", "$.data", "LoopCondition"),
                            "text": ("String", "$.data", "ReturnValueToLoopStart"),
                            "result": ("String", "$.data", "ExitLoop"),
                        },
                        continueCondition={"name": "more", "expression": 'now != "enough"'},
                        maxIterations=3,
                    ),
                ],
                "LoopStart.text > Agent.agentInputText",
                "Agent.agentResponse > Control.now",
                "Agent.agentResponse > Control.text",
                "Agent.agentResponse > Control.result",
            ),
        ),
        end(type="String"),
    ],
    "Start.document > Repeat.text",
    "Repeat.result > End.document",
)


@dataclass
class Curious(World):
    """Agents in it ask what they don't know yet; then they answer with what they were told.

    Attributes:
        known: the answers that need no question.
    """

    known: Mapping[str, str] = field(default_factory=dict)

    async def answer(self, what: Any, context: Any, otherwise: Any) -> Any:
        given = await World.answer(self, what, context, otherwise)
        if not context.node.startswith(("Agent", "One", "Two")):
            return given
        if "answer-" in context.step:
            return AgentReply(text=given)
        known = self.known.get(given)
        return AgentReply(text=f"{given}?", asks=True) if known is None else AgentReply(text=known)


async def talk(
    run_plan: Plan, document: Any, answers: Mapping[str, str], world: World, **settings: Any
) -> tuple[list[Event], int]:
    """All that happens until the end, each time in a new run, and how many questions there were."""
    running = world.run(run_plan, document, **settings)
    events = [event async for event in running]
    questions = 0
    while (pause := running.pause) is not None:
        *_, asked, last = events
        assert isinstance(asked, InputRequested)
        assert last == FlowFinished(at_ns=last.at_ns, reason=Reason.INPUT_REQUIRED)
        assert Pause.read(pause).node == asked.node
        questions += 1
        answer = Answer(node=asked.node, text=answers[asked.value])
        running = resume(run_plan, bytes(pause), answer, world.context(**settings))
        events += [event async for event in running]
    return events, questions


ANSWERS = {"a?": "b", "b?": "c", "c?": "enough", "hi?": "you"}
KNOWN = {question[:-1]: answer for question, answer in ANSWERS.items()}


@pytest.mark.parametrize("settings", [{}, {"max_parallel": 3}, {"max_parallel": 1}], ids=str)
@pytest.mark.parametrize(
    ("run_plan", "document", "questions"),
    [
        (TALK, "hi", 1),
        (TWO, "hi", 2),
        (ITEMS, ["a", "skip", "b", "hi"], 3),
        (ITEMS, ["skip"], 0),
        (LOOP, "a", 3),
    ],
)
def test_waiting_changes_nothing(
    run_plan: Plan, document: Any, questions: int, settings: dict[str, Any]
) -> None:
    events, asked = asyncio.run(talk(run_plan, document, ANSWERS, Curious(), **settings))
    straight, none = asyncio.run(talk(run_plan, document, {}, Curious(known=KNOWN), **settings))
    assert (asked, none) == (questions, 0)
    assert outputs(events) == outputs(straight)
    assert outputs(straight)


def test_what_an_agent_remembers_goes_along() -> None:
    in_a_row = plan(
        [start("String"), agent("One"), agent("Two"), end(type="String")],
        "Start.document > One.agentInputText",
        "One.agentResponse > Two.agentInputText",
        "Two.agentResponse > End.document",
    )
    replies = [
        AgentReply(text="one", memory="of one"),
        AgentReply(text="which?", asks=True, memory="of the question"),
        AgentReply(text="two"),
    ]
    world = World({"One": lambda _: replies.pop(0), "Two": lambda _: replies.pop(0)})
    asyncio.run(talk(in_a_row, "hi", {"which?": "that"}, world))
    assert world.memories == [None, "of one", "of the question"]


def test_only_who_asked_remembers_the_question() -> None:
    replies = {
        "One": [AgentReply(text="one?", asks=True, memory="of one"), AgentReply(text="1", memory="all")],
        "Two": [AgentReply(text="two?", asks=True), AgentReply(text="2")],
    }
    world = World({name: lambda _, name=name: replies[name].pop(0) for name in replies})
    asyncio.run(talk(TWO, "hi", {"one?": "a", "two?": "b"}, world, max_parallel=1))
    assert world.memories == [None, None, "of one", None]


def test_what_is_told_of_a_conversation() -> None:
    events, _ = asyncio.run(talk(TALK, "hi", ANSWERS, Curious(), traces=True))
    kinds = [type(event).__name__ for event in events]
    assert kinds == [
        "FlowStarted",
        "NodeFinished",
        "NodeStarted",
        "NodeActed",
        "InputRequested",
        "FlowFinished",
        "FlowResumed",
        "NodeActed",
        "NodeFinished",
        "NodeStarted",
        "NodeFinished",
        "NodeStarted",
        "FlowOutput",
        "FlowFinished",
    ]
    [resumed] = [event for event in events if isinstance(event, FlowResumed)]
    assert (resumed.node, resumed.value) == ("Agent", "you")


def test_all_else_goes_on_before_the_run_waits() -> None:
    both = plan(
        [
            start("String"),
            agent("Agent"),
            code("Beside", {"x": "String"}, "String", "x"),
            code("Join", {"x": "String", "y": "String"}, "String", "x + y"),
            end(type="String"),
        ],
        "Start.document > Agent.agentInputText",
        "Start.document > Beside.x",
        "Beside.response > Join.x",
        "Agent.agentResponse > Join.y",
        "Join.response > End.document",
    )
    world = Curious(delay=lambda context: 9 * (context.node == "Beside"))
    events, _ = asyncio.run(talk(both, "hi", ANSWERS, world))
    assert outputs(events) == [("End", "hiyou")]
    assert world.nodes() == ["Agent", "Beside", "Agent", "Join"]


def test_what_was_ruled_out_before_stays_out() -> None:
    route = plan(
        [
            start("String"),
            agent("Agent"),
            choose("Choose", {"value": "String"}, other='value == "other"'),
            code("Never", {"text": "String"}, "String"),
            end("NeverEnd", "String"),
            end(type="String"),
        ],
        "Start.document > Agent.agentInputText",
        "Start.document > Choose.value",
        "Choose?other > Never",
        "Agent.agentResponse > Never.text",
        "Never.response > NeverEnd.document",
        "Agent.agentResponse > End.document",
    )
    events, _ = asyncio.run(talk(route, "hi", ANSWERS, Curious()))
    assert outputs(events) == [("End", "you")]


def test_each_turn_is_a_step_of_its_own_in_the_same_session() -> None:
    world = Curious()
    asyncio.run(talk(TALK, "hi", ANSWERS, world))
    assert [asked.context.step for asked in world.asked] == [
        "run/Agent/0",
        "run/Agent/0/answer-1",
        "run/After/0",
    ]
    assert [asked.what[1] for asked in world.asked[:2]] == ["hi", "you"]


def _pause(run_plan: Plan, document: Any) -> bytes:
    async def scenario() -> bytes | None:
        running = Curious().run(run_plan, document)
        async for _ in running:
            pass
        return running.pause

    pause = asyncio.run(scenario())
    assert pause is not None
    return pause


def test_an_answer_for_another_node() -> None:
    for answer in (Answer(node="Two", text="x"), Answer(node="One", text="x", input="other")):
        with pytest.raises(Invalid):
            resume(TWO, _pause(TWO, "hi"), answer, World().context())


def test_an_answer_that_is_no_text() -> None:
    with pytest.raises(Invalid):
        resume(TALK, _pause(TALK, "hi"), Answer(node="Agent", text=1), World().context())  # type: ignore[arg-type]


def test_a_pause_of_another_version() -> None:
    pause = json.loads(_pause(TALK, "hi"))
    for change in ({"digest": "other"}, {"format": 0}):
        with pytest.raises(PauseMismatch):
            resume(
                TALK,
                json.dumps({**pause, **change}).encode(),
                Answer(node="Agent", text="x"),
                World().context(),
            )


def test_a_run_that_ends_does_not_wait() -> None:
    async def scenario() -> None:
        running = World().run(TALK, "hi")
        events = [event async for event in running]
        assert running.pause is None
        assert isinstance(events[-1], FlowFinished)

    asyncio.run(scenario())


def test_a_failure_beside_a_question_is_a_failure() -> None:
    class Broken(Curious):
        async def answer(self, what: Any, context: Any, otherwise: Any) -> Any:
            if context.node == "Two":
                raise EffectFailed("no", resource="Thing")
            return await Curious.answer(self, what, context, otherwise)

    async def scenario() -> None:
        running = Broken().run(TWO, "hi")
        events = [event async for event in running]
        assert isinstance(events[-1], FlowFailed)
        assert running.pause is None

    asyncio.run(scenario())


def test_a_traced_question_is_started_once() -> None:
    events, _ = asyncio.run(talk(ITEMS, ["a", "b"], ANSWERS, Curious(), traces=True, max_parallel=2))
    started = [(event.node, event.scope) for event in events if isinstance(event, NodeStarted)]
    assert len(started) == len(set(started))
    assert not any(isinstance(event, FlowFailed) for event in events)
