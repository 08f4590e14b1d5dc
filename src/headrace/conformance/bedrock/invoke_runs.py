"""What comes out of runs (bedrock 2.3 to 2.17). No node here needs a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from headrace.conformance.bedrock.client import DRAFT, Bedrock
from headrace.conformance.bedrock.definitions import (
    EACH,
    EMIT,
    FORK,
    LOOP,
    Wire,
    code,
    data,
    echo,
    entry,
    flow,
    result,
)
from headrace.conformance.checks import Area, Standing
from headrace.conformance.expecting import equal

runs = Area("bedrock", "invoke-flow")


def prepared(aws: Bedrock, definition: Wire) -> str:
    """A prepared flow of this definition, made once a run."""
    return str(aws.shared(f"flow {definition!r}", lambda maker: maker.prepared(definition=definition)))


class Run(NamedTuple):
    """A run that is told by what goes in and what comes out."""

    name: str
    title: str
    section: str
    standing: Standing
    definition: Wire
    document: Any
    outputs: list[tuple[str, Any]]


D, P = Standing.DOCUMENTED, Standing.PRESUMED
ANIMALS = {"a": {"mammals": ["x"]}, "b": {"mammals": ["y"]}, "list": ["p", "q", "r"]}


def picked(expression: str, kind: str = "Array") -> Wire:
    """A flow that takes something out of an object."""
    return echo("Object", expression, kind)


def coded(text: str, kind: str = "String", takes: str = "String") -> Wire:
    """A flow of a piece of code."""
    return flow(
        entry(takes),
        code("Work", text, f"it:{takes}", kind),
        result(kind=kind),
        data("In", "document", "Work", "it"),
        data("Work", "response", "Out", "document"),
    )


RUNS = (
    Run("text", "A text goes through as it is.", "2.4", D, echo(), "Grüße 🌊\n", [("Out", "Grüße 🌊\n")]),
    Run("empty-text", "An empty text is a text.", "2.4", D, echo(), "", [("Out", "")]),
    Run("integer", "A whole number goes through as it is.", "2.4", D, echo("Number"), 7, [("Out", 7)]),
    Run("fraction", "A fraction goes through as it is.", "2.4", D, echo("Number"), 0.8, [("Out", 0.8)]),
    Run("boolean", "A boolean goes through as it is.", "2.4", D, echo("Boolean"), False, [("Out", False)]),
    Run(
        "array",
        "An array goes through as it is.",
        "2.4",
        D,
        echo("Array"),
        [1, "a", None],
        [("Out", [1, "a", None])],
    ),
    Run(
        "object",
        "An object goes through as it is.",
        "2.4",
        D,
        echo("Object"),
        {"a": {"b": []}},
        [("Out", {"a": {"b": []}})],
    ),
    Run(
        "member",
        "An expression picks a member.",
        "2.5",
        D,
        picked("$.data.list"),
        ANIMALS,
        [("Out", ["p", "q", "r"])],
    ),
    Run(
        "index",
        "An expression picks an element.",
        "2.5",
        D,
        picked("$.data.list[1]", "String"),
        ANIMALS,
        [("Out", "q")],
    ),
    Run(
        "slice",
        "A slice ends before its end.",
        "2.5",
        D,
        picked("$.data.list[0:2]"),
        ANIMALS,
        [("Out", ["p", "q"])],
    ),
    Run(
        "union",
        "Several indices pick several elements.",
        "2.5",
        D,
        picked("$.data.list[0,2]"),
        ANIMALS,
        [("Out", ["p", "r"])],
    ),
    Run(
        "wildcard",
        "A wildcard picks every member that leads on.",
        "2.5",
        D,
        picked("$.data.*.mammals"),
        ANIMALS,
        [("Out", [["x"], ["y"]])],
    ),
    Run(
        "slice-of-nothing",
        "A slice that meets nothing is empty.",
        "9.30",
        P,
        picked("$.data.list[5:9]"),
        ANIMALS,
        [("Out", [])],
    ),
    Run("first-condition", "The first condition that is true wins.", "2.6", D, FORK, 500, [("Large", 500)]),
    Run(
        "second-condition",
        "The next one is tried when the first is false.",
        "2.6",
        D,
        FORK,
        50,
        [("Medium", 50)],
    ),
    Run("default-condition", "The default is taken when none is true.", "2.6", D, FORK, 5, [("Small", 5)]),
    Run(
        "iterator",
        "Without a collector each item comes out, in order.",
        "2.15",
        D,
        EMIT,
        ["a", "b"],
        [("Out", "a"), ("Out", "b")],
    ),
    Run(
        "iterator-of-nothing",
        "Of an empty array nothing comes out, and the run succeeds.",
        "9.40",
        P,
        EMIT,
        [],
        [],
    ),
    Run(
        "collector",
        "A collector makes one array of the items, in order.",
        "2.16",
        D,
        EACH,
        ["a", "b"],
        [("Out", ["a", "b"])],
    ),
    Run(
        "collector-of-nothing",
        "Of an empty array the collector makes an empty array.",
        "9.40",
        P,
        EACH,
        [],
        [("Out", [])],
    ),
    Run("loop", "A loop goes on while its condition is true.", "9.42", P, LOOP, 0, [("Out", 3)]),
    Run("loop-once", "The inside of a loop runs once at least.", "2.17", D, LOOP, 10, [("Out", 11)]),
    Run(
        "code",
        "The value of the last line of code comes out.",
        "2.10",
        D,
        coded("low = it.lower()\nlow + '!'"),
        "HI",
        [("Out", "hi!")],
    ),
    Run(
        "code-object",
        "Code may give an object.",
        "2.10",
        D,
        coded("{'size': len(it)}", "Object"),
        "hi",
        [("Out", {"size": 2})],
    ),
)


def _comes_out(run: Run, aws: Bedrock) -> None:
    equal(
        "the outputs",
        list(map(list, aws.outputs(prepared(aws, run.definition), run.document))),
        list(map(list, run.outputs)),
    )


def _check(run: Run) -> Callable[[Any], None]:
    return partial(_comes_out, run)


for _run in RUNS:
    runs.add(_run.name, _run.title, _run.section, _run.standing, _check(_run))


@runs.documented("1.1")
def by_arns(aws: Bedrock) -> None:
    """A flow is run by its ARN and an alias by its ARN."""
    made = aws.ok("GetFlow", aws.line())
    alias = aws.ok("GetFlowAlias", aws.line(), DRAFT)
    equal("the outputs", aws.outputs(made["arn"], "hi", alias=alias["arn"]), [("Out", "hi")])


@runs.documented("1.4")
def through_an_alias(aws: Bedrock) -> None:
    """An alias runs its version, whatever the draft has become."""
    flow_id = aws.prepared()
    alias = aws.alias(flow_id, aws.version(flow_id))["id"]
    aws.ok("UpdateFlow", flow_id, body=aws.flow_body(definition={"nodes": []}))
    equal("the outputs", aws.outputs(flow_id, "hi", alias=alias), [("Out", "hi")])
