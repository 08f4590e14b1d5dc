"""How far Iterators and Loops are, from the events of real runs cut off at every point."""

from __future__ import annotations

from headrace.cli.repetitions import Repetitions
from headrace.core.definition import NodeType, PortType
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    Link,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    OutputPort,
)
from headrace.core.execution import FailureKind as Kind

SIZE = OutputPort(name="arraySize", type=PortType.NUMBER)


def told(*events: Event) -> list[str]:
    repetitions = Repetitions()
    for event in events:
        repetitions.see(event)
    return repetitions.told()


def items(index: int, *outer: Link) -> tuple[Link, ...]:
    return (*outer, Link(node="Each", type=NodeType.ITERATOR, index=index))


def size(value: int | None, *scope: Link) -> NodeFinished:
    return NodeFinished(
        at_ns=0, scope=scope, node="Each", type=NodeType.ITERATOR, ports=(SIZE,), values=(value,)
    )


def begins(*scope: Link, node: str = "Ask", type: NodeType = NodeType.PROMPT) -> NodeStarted:
    return NodeStarted(at_ns=0, scope=scope, node=node, type=type)


def ends(*scope: Link, node: str = "Ask", type: NodeType = NodeType.PROMPT) -> NodeFinished:
    return NodeFinished(at_ns=0, scope=scope, node=node, type=type)


def test_items_are_counted_when_nothing_runs_in_them_any_more() -> None:
    assert told(size(3), begins(*items(0)), begins(*items(1))) == ["Each 0 of 3"]
    assert told(size(3), begins(*items(0)), begins(*items(1)), ends(*items(1))) == ["Each 1 of 3"]
    decided = ConditionsDecided(at_ns=0, scope=items(0), node="If", conditions=("a",))
    failed = NodeFailed(
        at_ns=0, scope=items(1), node="Ask", type=NodeType.PROMPT, kind=Kind.DENIED, message="no"
    )
    assert told(size(3), begins(*items(0)), decided, begins(*items(1)), failed) == ["Each 2 of 3"]


def test_what_is_over_is_not_told_any_more() -> None:
    assert told(size(1), begins(*items(0)), ends(*items(0))) == []
    assert told(size(0)) == []


def test_without_content_the_number_of_items_is_not_known() -> None:
    assert told(size(None), begins(*items(0)), ends(*items(0)), begins(*items(1))) == ["Each 1 done"]


def test_an_iterator_within_an_item_is_told_with_its_place() -> None:
    inner = Link(node="Inner", type=NodeType.ITERATOR, index=4)
    outer = items(2)
    assert told(size(9), begins(*outer, inner)) == ["Each 0 of 9", "Inner[2] 0 done"]


def test_rounds_of_a_loop() -> None:
    def round_(index: int) -> Link:
        return Link(node="Again", type=NodeType.LOOP, index=index)

    starts = ends(round_(0), node="In", type=NodeType.LOOP_INPUT)
    controls = begins(round_(0), node="Out", type=NodeType.LOOP_CONTROLLER)
    assert told(starts, begins(round_(0)), ends(round_(0)), controls) == ["Again round 1"]
    assert told(starts, controls, begins(round_(1))) == ["Again round 2"]
    link = items(0)
    loop = Link(node="Again", type=NodeType.LOOP, index=0)
    inside = (*link, loop)
    whole = (
        begins(*link, node="Again", type=NodeType.LOOP),
        ends(*inside, node="In", type=NodeType.LOOP_INPUT),
        begins(*inside, node="Out", type=NodeType.LOOP_CONTROLLER),
        ends(*link, node="Again", type=NodeType.LOOP),
    )
    assert "Each 1 of 2" in told(size(2), *whole), "an item is done when its loop is"
