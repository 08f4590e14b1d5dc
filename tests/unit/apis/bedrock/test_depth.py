"""How deep a request can nest is told from its text, and never as less than it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.apis.bedrock.depth import Depth, depth
from headrace.apis.bedrock.model import Member, Ref, Shape, load
from headrace.apis.bedrock.shapes import MAX_DEPTH, Checker, ShapeCompiler, is_too_deep

SHAPES = load().shapes["bedrock-agent"]
CHECKER: Checker = ShapeCompiler(SHAPES).checker(SHAPES["FlowDefinition"])
MANY = [{"name": f"n{number}", "type": "Input", "configuration": {"input": {}}} for number in range(30)]
"""Enough brackets for the depth to be asked for, in nodes that any level may have."""


def nested(loops: int) -> dict[str, Any]:
    """A definition with Loops inside each other."""
    definition: dict[str, Any] = {"nodes": MANY}
    for _ in range(loops):
        loop = {"name": "Loop", "type": "Loop", "configuration": {"loop": {"definition": definition}}}
        definition = {"nodes": [loop]}
    return {**definition, "connections": []}


def with_document(document: Any) -> dict[str, Any]:
    inline = {
        "modelId": "example.model-v1",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "x"}},
        "additionalModelRequestFields": document,
    }
    configuration = {"prompt": {"sourceConfiguration": {"inline": inline}}}
    return {"nodes": [*MANY, {"name": "Prompt", "type": "Prompt", "configuration": configuration}]}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def levels_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(levels_of, inner), default=0)


@pytest.mark.parametrize("loops", [0, 1, 2, 5, 12, 30, 40, 45])
def test_a_text_that_is_said_to_be_shallow_is(loops: int) -> None:
    definition = nested(loops)
    found = CHECKER.depth()
    text = json.dumps(definition).encode()
    assert levels_of(definition) <= found.levels * (1 + loops)
    assert not (found.within(MAX_DEPTH, text) and is_too_deep(definition))
    assert CHECKER.is_exact_json(definition, text) == CHECKER.is_exact(definition)


def test_most_texts_are_told_without_a_walk() -> None:
    assert CHECKER.depth().within(MAX_DEPTH, json.dumps(nested(1)).encode())


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(nested(2)).replace("definition", "definiti\\u006fn"),
        json.dumps(with_document({})),
    ],
)
def test_what_may_hide_depth_is_walked(text: str) -> None:
    assert not CHECKER.depth().within(MAX_DEPTH, text.encode())


@pytest.mark.parametrize("levels", [3, MAX_DEPTH + 1, 400])
def test_documents_are_held_to_the_same_depth(levels: int) -> None:
    definition = with_document(deep(levels))
    text = json.dumps(definition).encode()
    assert CHECKER.is_exact_json(definition, text) is (levels < MAX_DEPTH)


def test_depth_where_nothing_is_expected_is_no_definition() -> None:
    definition = {"nodes": MANY, "other": deep(900)}
    assert not CHECKER.is_exact_json(definition, json.dumps(definition).encode())


def test_lists_maps_and_documents_count() -> None:
    shapes = {
        "Text": Shape(type="string"),
        "Any": Shape(type="structure", document=True),
        "Trees": Shape(type="list", member=Ref(shape="Tree")),
        "Groups": Shape(type="map", key=Ref(shape="Text"), value=Ref(shape="Trees")),
        "Tree": Shape(
            type="structure",
            members={
                "groups": Member(shape="Groups"),
                "extra": Member(shape="Any"),
                "t": Member(shape="Text"),
            },
        ),
        "Wood": Shape(type="structure", members={"tree": Member(shape="Tree")}),
    }
    assert depth(shapes["Wood"], shapes) == Depth(levels=4, returning=(b'"groups"',), open=(b'"extra"',))
    assert not depth(shapes["Any"], shapes).within(MAX_DEPTH, b"[[1]]")
