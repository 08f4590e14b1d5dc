"""Compiling: what a plan says of a definition, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.engine.flows import choose, code, each, end, gather, level, node, plan, start

from headrace.core.definition import Definition
from headrace.engine.plan import InvalidDefinition, Plans, compile_plan


def refused(nodes: list[dict[str, Any]], *arrows: str) -> InvalidDefinition:
    with pytest.raises(InvalidDefinition) as caught:
        plan(nodes, *arrows)
    return caught.value


def test_steps_that_act_outside_are_numbered_in_order() -> None:
    body = level(
        [
            node("LoopStart", "LoopInput", outputs={"value": "Number"}),
            code("Inside"),
            node(
                "Control",
                "LoopController",
                {"now": "Number", "result": ("Number", "$.data", "ExitLoop")},
                continueCondition={"name": "more", "expression": "now < 20"},
            ),
        ],
        "LoopStart.value > Inside.value",
        "Inside.response > Control.now",
        "Inside.response > Control.result",
    )
    made = plan(
        [
            end(),
            code("Last"),
            node("Repeat", "Loop", {"value": "Number"}, {"result": "Number"}, definition=body),
            code("Item"),
            each(),
            start("Array"),
        ],
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Each.arraySize > Repeat.value",
        "Repeat.result > Last.value",
        "Last.response > End.document",
    )
    assert made.effects == ("Repeat/Inside", "Last", "Item")


def test_what_validation_finds_is_refused() -> None:
    error = refused([start(), code("Lonely"), end()], "Start.document > End.document")
    assert error.node == "Lonely"
    assert "Lonely" in error.message


def test_a_warning_is_not() -> None:
    plan(
        [start(), choose("Choose", one="value > 1", same="value>1"), end()],
        "Start.document > Choose.value",
        "Choose?one > End",
        "Start.document > End.document",
    )


def test_limits_on_numbers_of_nodes_are_not_the_engines_business() -> None:
    names = [f"Code{n}" for n in range(30)]
    plan(
        [start(), *map(code, names), end()],
        *(f"Start.document > {name}.value" for name in names),
        "Start.document > End.document",
    )


def test_two_iterators_side_by_side() -> None:
    plan(
        [start("Array"), each("One"), each("Two"), code("Left"), code("Right"), end(), end("Other")],
        "Start.document > One.array",
        "Start.document > Two.array",
        "One.arrayItem > Left.value",
        "Two.arrayItem > Right.value",
        "Left.response > End.document",
        "Right.response > Other.document",
    )


def test_an_iterator_inside_another() -> None:
    error = refused(
        [start("Array"), each("One", "Array"), each("Two"), end()],
        "Start.document > One.array",
        "One.arrayItem > Two.array",
        "Two.arrayItem > End.document",
    )
    assert error.node == "Two"


def test_a_node_inside_two_iterators() -> None:
    error = refused(
        [start("Array"), each("One"), each("Two"), code("Both", {"one": "Number", "two": "Number"}), end()],
        "Start.document > One.array",
        "Start.document > Two.array",
        "One.arrayItem > Both.one",
        "Two.arrayItem > Both.two",
        "Both.response > End.document",
    )
    assert error.node == "Both"


COLLECT = [start("Array"), each(), code("Item"), gather()]


def test_an_item_that_needs_what_comes_after_the_last() -> None:
    error = refused(
        [
            *COLLECT,
            code("Late", {"all": ("Number", "$.data[0]"), "item": "Number"}, text="all"),
            code("Outside", {"all": ("Number", "$.data[0]")}, text="all"),
            end(),
        ],
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Item.response > Gather.arrayItem",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > Outside.all",
        "Gather.collectedArray > Late.all",
        "Each.arrayItem > Late.item",
        "Late.response > End.document",
    )
    assert error.node is not None


def test_a_collector_that_takes_its_size_from_an_item() -> None:
    error = refused(
        [*COLLECT, end(type="Array")],
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Item.response > Gather.arrayItem",
        "Item.response > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )
    assert error.node == "Gather"


def test_a_collector_that_takes_nothing_from_an_item() -> None:
    error = refused(
        [*COLLECT, code("Before", {"all": "Array"}, text="1"), end(type="Array"), end("Each1")],
        "Start.document > Before.all",
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Item.response > Each1.document",
        "Before.response > Gather.arrayItem",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )
    assert error.node == "Gather"


def test_a_template_without_a_text() -> None:
    source = {"inline": {"templateType": "TEXT", "modelId": "model", "templateConfiguration": {}}}
    error = refused(
        [
            start(),
            node("Ask", "Prompt", {"x": "Number"}, {"modelCompletion": "String"}, sourceConfiguration=source),
            end(type="String"),
        ],
        "Start.document > Ask.x",
        "Ask.modelCompletion > End.document",
    )
    assert error.node == "Ask"


DEFINITION = Definition.parse(level([start(), end()], "Start.document > End.document"))


def test_a_plan_is_made_once_and_the_longest_unused_is_forgotten() -> None:
    made: list[str] = []

    def load(digest: str) -> Definition:
        made.append(digest)
        return DEFINITION

    plans = Plans(size=2)
    for digest in ("a", "b", "a", "c", "a", "b"):
        assert plans.of(digest, lambda digest=digest: load(digest)).digest == digest
    assert made == ["a", "b", "c", "b"]


def test_a_plan_keeps_its_digest() -> None:
    assert compile_plan(DEFINITION, digest="x").digest == "x"
