"""What is told of a run, from its events."""

from __future__ import annotations

from headrace.core.definition import NodeType, PortType
from headrace.core.effects import Usage
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowResumed,
    FlowStarted,
    InputPort,
    InputRequested,
    Link,
    NodeActed,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    OutputPort,
    Reason,
    Source,
)
from headrace.services.records.run_steps import Story

TEXT = InputPort(
    name="text", type=PortType.STRING, source=Source(node="in", output="document", expression="$")
)
SAID = OutputPort(name="modelCompletion", type=PortType.STRING)


def item(index: int) -> tuple[Link, ...]:
    return (Link(node="each", type=NodeType.ITERATOR, index=index),)


def told(*events: Event, most: int = 100) -> Story:
    story = Story(most=most)
    story.hear(events)
    return story


def started(
    at: int, node: str = "ask", type_: NodeType = NodeType.PROMPT, scope: tuple[Link, ...] = ()
) -> Event:
    return NodeStarted(at_ns=at, scope=scope, node=node, type=type_, ports=(TEXT,), values=(f"value {at}",))


def finished(
    at: int, node: str = "ask", type_: NodeType = NodeType.PROMPT, scope: tuple[Link, ...] = ()
) -> Event:
    return NodeFinished(at_ns=at, scope=scope, node=node, type=type_, ports=(SAID,), values=(f"answer {at}",))


def test_a_step_has_what_went_in_and_came_out_and_what_it_asked_for() -> None:
    acted = NodeActed(
        at_ns=2,
        node="ask",
        request_id="r",
        service="Bedrock",
        operation="InvokeModel",
        usage=Usage(input_tokens=3),
    )
    story = told(started(1), acted, finished(3))
    (step,) = story.steps
    assert (step.node, step.type, step.place) == ("ask", NodeType.PROMPT, 0)
    assert step.inputs == {"text": "value 1"}
    assert step.outputs == {"modelCompletion": "answer 3"}
    assert (step.started_ns, step.ended_ns, step.error) == (1, 3, None)
    assert step.acts == [acted]


def test_the_same_node_at_the_same_time_in_two_items_is_two_steps() -> None:
    story = told(
        started(1, scope=item(0)),
        started(2, scope=item(1)),
        finished(3, scope=item(1)),
        finished(4, scope=item(0)),
    )
    assert [(step.scope[0].index, step.started_ns, step.ended_ns) for step in story.steps] == [
        (0, 1, 4),
        (1, 2, 3),
    ]


def test_nodes_that_only_direct_values_are_no_steps() -> None:
    story = told(
        started(1, "fork", NodeType.CONDITION),
        finished(2, "each", NodeType.ITERATOR),
        started(3, "out", NodeType.OUTPUT),
    )
    assert story.steps == []


def test_a_failed_step_says_why_and_one_that_was_under_way_says_why_the_run_ended() -> None:
    story = told(
        started(1, "slow"),
        started(2),
        NodeFailed(
            at_ns=3, node="ask", type=NodeType.PROMPT, kind=FailureKind.DEPENDENCY, message="no model"
        ),
        FlowFailed(at_ns=4, kind=FailureKind.DEPENDENCY, message="node ask failed: no model"),
    )
    slow, ask = story.steps
    assert (ask.error, ask.ended_ns, ask.outputs) == ("no model", 3, None)
    assert (slow.error, slow.ended_ns) == ("node ask failed: no model", 4)


def test_a_conversation_is_told_turn_by_turn_across_pauses() -> None:
    story = told(FlowStarted(at_ns=1, node="in", output="document", value={"city": "Rome"}))
    story.hear(
        [
            InputRequested(at_ns=2, node="agent", value="When?"),
            FlowFinished(at_ns=2, reason=Reason.INPUT_REQUIRED),
        ]
    )
    story.hear(
        [FlowResumed(at_ns=3, node="agent", value="Now"), FlowOutput(at_ns=4, node="out", value="done")]
    )
    assert story.talk == [("user", {"city": "Rome"}), ("assistant", "When?"), ("user", "Now")]
    assert (story.document, story.outputs, story.last_ns) == ({"city": "Rome"}, {"out": "done"}, 4)


def test_an_agent_that_asks_is_a_step_only_once_it_has_finished() -> None:
    story = told(started(1, "agent", NodeType.AGENT), InputRequested(at_ns=2, node="agent", value="When?"))
    assert [step.is_over for step in story.steps] == [False]
    story.hear([FlowResumed(at_ns=3, node="agent", value="Now"), finished(4, "agent", NodeType.AGENT)])
    assert [(step.is_over, step.place) for step in story.steps] == [(True, 0)]


def test_steps_beyond_the_limit_are_counted() -> None:
    events = [one for at in range(10) for one in (started(at, scope=item(at)), finished(at, scope=item(at)))]
    story = told(*events, most=3)
    assert (len(story.steps), story.left_out) == (3, 7)
    assert all(step.is_over for step in story.steps)
