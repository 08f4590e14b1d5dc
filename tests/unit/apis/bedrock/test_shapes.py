"""The rules of Bedrock's shapes: what is refused, in which words, and where the model is not followed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from headrace.apis.bedrock.model import Service, load
from headrace.apis.bedrock.pattern import portable_pattern
from headrace.apis.bedrock.shapes import (
    MAX_DEPTH,
    Checker,
    ShapeCompiler,
    is_too_deep,
    render_path,
    served_shapes,
)
from headrace.apis.bedrock.walk import MAX_PROBLEMS

MODEL = load()


def checker(name: str, *, service: Service = "bedrock-agent", strict: bool = False) -> Checker:
    shapes = served_shapes(service, MODEL.shapes[service], strict=strict)
    return ShapeCompiler(shapes).checker(shapes[name])


def said(checker: Checker, value: Any) -> list[str]:
    """The problems as AWS writes them; the fast verdict must agree that there are any."""
    kept, problems = checker.check(value)
    assert checker.is_exact(value) == (not problems and kept == value)
    return [f"{render_path(problem.path)}: {problem.message}" for problem in problems]


def node(**members: Any) -> dict[str, Any]:
    return {"name": "Node", "type": "Input", **members}


def connection(name: str = "Link") -> dict[str, Any]:
    return {"name": name, "type": "Data", "source": "From", "target": "To"}


DEFINITION = checker("FlowDefinition")


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([node(name="x")], "nodes.1.member.name: Member must satisfy regular expression pattern: "),
        ([node(), node(type="input")], "nodes.2.member.type: Member must satisfy enum value set: [Input, "),
        ([{"type": "Input"}], "nodes.1.member.name: Member must not be null"),
        ([None], "nodes.1.member: Member must not be null"),
        (["text"], "nodes.1.member: Member must be an object"),
        ("text", "nodes: Member must be a list"),
        ([node()] * 41, "nodes: Member must have length less than or equal to 40"),
        (
            [node(configuration={})],
            "nodes.1.member.configuration: Member must have exactly one member set of: [",
        ),
        (
            [node(configuration={"input": {}, "output": {}})],
            "nodes.1.member.configuration: Member must have exactly one member set of: [",
        ),
        (
            [node(configuration={"condition": {"conditions": []}})],
            "nodes.1.member.configuration.condition.conditions: Member must have length greater than or equal to 1",
        ),
        (
            [node(configuration={"knowledgeBase": {"knowledgeBaseId": "", "numberOfResults": 101}})],
            "nodes.1.member.configuration.knowledgeBase.numberOfResults: Member must have value less than or equal to 100",
        ),
        (
            [node(configuration={"knowledgeBase": {"knowledgeBaseId": "", "numberOfResults": 1.5}})],
            "nodes.1.member.configuration.knowledgeBase.numberOfResults: Member must be an integer",
        ),
        (
            [node(configuration={"knowledgeBase": {"knowledgeBaseId": "", "numberOfResults": True}})],
            "nodes.1.member.configuration.knowledgeBase.numberOfResults: Member must be an integer",
        ),
        (
            [node(inputs=[{"name": "In", "type": "String", "expression": "$" * 65}])],
            "nodes.1.member.inputs.1.member.expression: Member must have length less than or equal to 64",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_place(nodes: Any, problem: str) -> None:
    [found] = said(DEFINITION, {"nodes": nodes})
    assert found.startswith(problem)


def test_all_problems_are_listed() -> None:
    broken = {
        "nodes": [{"name": "ok", "type": "Nope", "outputs": [{"name": "-", "type": 3}]}, {}],
        "connections": [{**connection("1"), "configuration": {"data": {}}}],
    }
    assert [line.partition(": Member")[0] for line in said(DEFINITION, broken)] == [
        "nodes.1.member.type",
        "nodes.1.member.outputs.1.member.name",
        "nodes.1.member.outputs.1.member.type",
        "nodes.2.member.name",
        "nodes.2.member.type",
        "connections.1.member.name",
        "connections.1.member.configuration.data.sourceOutput",
        "connections.1.member.configuration.data.targetInput",
    ]


def test_a_flood_of_problems_is_cut() -> None:
    blocks = checker("ContentBlocks")  # a list without a maximum
    problems = said(blocks, [{}] * 100_000)
    assert len(problems) == MAX_PROBLEMS
    assert problems[-1].startswith(f"{MAX_PROBLEMS}.member: Member must have exactly one member set")


def test_what_is_far_beyond_the_maximum_is_not_looked_at() -> None:
    nodes = [node()] * (40 + MAX_PROBLEMS) + [None]
    assert said(DEFINITION, {"nodes": nodes}) == ["nodes: Member must have length less than or equal to 40"]


def test_a_map_names_all_its_rules_once() -> None:
    tags = checker("TagsMap")
    rule = "Member must satisfy regular expression pattern: [a-zA-Z0-9\\s._:/=+@-]*, Member must not be null]"
    assert said(tags, {"": "v", "!": "v", "k": "*", "n": None, "i": 1}) == [
        ": Map keys must satisfy constraint: [Member must have length less than or equal to 128, "
        "Member must have length greater than or equal to 1, " + rule,
        ": Map value must satisfy constraint: [Member must have length less than or equal to 256, "
        "Member must have length greater than or equal to 0, " + rule,
    ]
    assert said(tags, {"k" * 129: ""}) != []
    assert said(tags, {"k" * 128: "v" * 256, "with space/=+@-": ""}) == []
    assert said(tags, []) == [": Member must be an object"]


@pytest.mark.parametrize("blank", ["promptArn", "modelId"])
def test_half_filled_drafts_of_the_console_pass(blank: str) -> None:
    inline = {"templateType": "TEXT", "templateConfiguration": {"text": {"text": "t"}}, "modelId": ""}
    source = {"inline": inline} if blank == "modelId" else {"resource": {"promptArn": ""}}
    config = {"prompt": {"sourceConfiguration": source}}
    assert said(DEFINITION, {"nodes": [node(type="Prompt", configuration=config)]}) == []


@pytest.mark.parametrize("value", [{}, {"nodes": []}, {"nodes": [node(configuration={"input": {}})]}])
def test_an_empty_or_minimal_definition_passes(value: Any) -> None:
    assert said(DEFINITION, value) == []


def test_integers_are_javas() -> None:
    prompt = checker("PromptModelInferenceConfiguration")
    assert said(prompt, {"maxTokens": 2**31 - 1}) == []
    assert said(prompt, {"maxTokens": 2**31}) == [
        "maxTokens: Member must have value less than or equal to 2147483647"
    ]
    assert said(prompt, {"maxTokens": 1e300}) == [
        "maxTokens: Member must have value less than or equal to 2147483647"
    ]
    assert said(prompt, {"temperature": 1.5, "topP": -1}) == [
        "temperature: Member must have value less than or equal to 1",
        "topP: Member must have value greater than or equal to 0",
    ]


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    kept, problems = checker("PromptModelInferenceConfiguration").check(
        {"maxTokens": 7.0, "temperature": 1.0}
    )
    assert (repr(kept), list(problems)) == ("{'maxTokens': 7, 'temperature': 1.0}", [])


# Where the model is not followed


def test_connections_are_roomier_unless_strict() -> None:
    def joined(count: int) -> dict[str, Any]:
        return {"connections": [connection()] * count}

    assert said(DEFINITION, joined(100)) == []
    assert said(DEFINITION, joined(101)) == ["connections: Member must have length less than or equal to 100"]
    strict = checker("FlowDefinition", strict=True)
    assert said(strict, joined(20)) == []
    assert said(strict, joined(21)) == ["connections: Member must have length less than or equal to 20"]


def test_long_connection_names_pass_even_when_strict() -> None:
    assert said(checker("FlowConnectionName", strict=True), "a" * 106) == []
    assert said(checker("FlowConnectionName"), "a_") != []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ/alias/TSTALIASID",
        "arn:aws:bedrock:us-east-1:111122223333:prompt/ABCDEFGHIJ:12",
    ],
)
def test_real_arns_can_be_tagged(arn: str) -> None:
    assert said(checker("TaggableResourcesArn"), arn) == []
    assert said(checker("TaggableResourcesArn"), arn[:19]) != []


@pytest.mark.parametrize(
    ("name", "is_good"), [("x", True), ("a" * 100, True), ("a__b", False), ("1a", False)]
)
def test_node_names_are_lenient_at_run_time(name: str, is_good: bool) -> None:
    assert (said(checker("NodeName", service="bedrock-agent-runtime"), name) == []) is is_good


@pytest.mark.parametrize(
    ("identifier", "is_good"),
    [
        ("TSTALIASID", True),
        ("production", True),
        ("staging-eu 2", True),
        ("arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ/alias/TSTALIASID", True),
        ("arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ", False),
        ("a/b", False),
        ("", False),
    ],
)
def test_an_environment_may_stand_where_an_alias_does(identifier: str, is_good: bool) -> None:
    assert (
        said(checker("FlowAliasIdentifier", service="bedrock-agent-runtime"), identifier) == []
    ) is is_good


def test_an_alias_must_say_its_version() -> None:
    routing = checker("FlowAliasRoutingConfiguration")
    assert said(routing, [{}]) == ["1.member.flowVersion: Member must not be null"]
    assert said(routing, [{"flowVersion": "DRAFT"}]) == []


# Depth


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH, MAX_DEPTH + 1, 5000])
def test_depth_is_counted_without_recursion(depth: int) -> None:
    value: Any = "leaf"
    for level in range(depth):
        value = [value, 1] if level % 2 else {"a": value, "b": 1}
    assert is_too_deep(value) is (depth > MAX_DEPTH)


def test_loops_inside_loops_end_at_the_cap() -> None:
    definition: dict[str, Any] = {"nodes": []}
    for _ in range(MAX_DEPTH):
        definition = {"nodes": [node(type="Loop", configuration={"loop": {"definition": definition}})]}
    assert said(DEFINITION, definition) == [f": Member must not be nested deeper than {MAX_DEPTH} levels"]


# Patterns


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"\d+", "09", "٣"),
        (r"\s", "\x0b", "\u00a0"),
        (r"\S*", "\u00a0x", "a b"),
        (r"[\s]", "\t", "\ufeff"),
        (r"[\d.]", ".", "x"),
        (r".", "\x0b", "\u2028"),
        (r"a.", "a\t", "a\r"),
        (r"\.", ".", "x"),
        (r"$|^ab", "", "ab\n"),
        (r"^ab$", "ab", "ab\n"),
        (r"[a-z-_\.]+", "a-_.", "A"),
    ],
)
def test_a_portable_pattern_means_what_java_means(pattern: str, good: str, bad: str) -> None:
    matches = re.compile(portable_pattern(pattern), re.ASCII).fullmatch
    assert matches(good)
    assert not matches(bad)


@pytest.mark.parametrize("pattern", [r"\w", r"\p{L}", r"[\S]", r"(a)\1"])
def test_a_pattern_that_engines_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not portable"):
        portable_pattern(pattern)


# Real definitions

FLOWS = os.environ.get("HEADRACE_TEST_FLOWS")


@pytest.mark.skipif(FLOWS is None, reason="HEADRACE_TEST_FLOWS does not say where the flow definitions are")
def test_real_definitions_pass_unchanged() -> None:
    folder = Path(FLOWS or "")
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    definitions = [json.loads((folder / entry["file"]).read_text(encoding="utf-8")) for entry in index]
    assert len(definitions) > 20
    for definition in definitions:
        assert said(DEFINITION, definition) == []
