"""Runs that fail, before the stream or within it (bedrock 2.4, 4.6)."""

from __future__ import annotations

from headrace.conformance.bedrock.client import DRAFT, Bedrock, turn
from headrace.conformance.bedrock.frames import frames
from headrace.conformance.bedrock.invoke import line
from headrace.conformance.bedrock.invoke_runs import coded, picked, prepared
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, equal, lacks

refusals = Area("bedrock", "invoke-flow-errors")


@refusals.documented("2.4")
def wrong_type(aws: Bedrock) -> None:
    """A document of another type than the input declares fails within the stream."""
    equal("the last frame", line(aws, {"a": 1})[-1].name, "validationException")


@refusals.documented("2.4")
def words_of_a_wrong_type(aws: Bedrock) -> None:
    """It is told in the words that AWS was seen to use."""
    expected = "Expected type for Node Output document of Node In to be STRING. Actual type is OBJECT."
    equal("message", line(aws, {"a": 1})[-1].payload.get("message"), expected)


@refusals.documented("2.4")
def nothing_is_converted(aws: Bedrock) -> None:
    """A number is no text."""
    equal("the last frame", line(aws, 7)[-1].name, "validationException")


@refusals.presumed("9.30")
def missing_member(aws: Bedrock) -> None:
    """An expression that meets nothing fails within the stream."""
    told = aws.invoke(prepared(aws, picked("$.data.nothing", "String")), {"a": 1})
    equal("the last frame", told[-1].name, "validationException")


@refusals.presumed("4.6")
def unknown_node(aws: Bedrock) -> None:
    """An input for a node that is not there fails within the stream."""
    body = {"inputs": turn("hi", node="Nobody")}
    answer = aws.call("InvokeFlow", aws.line(), DRAFT, body=body)
    equal("the status", answer.status, 200)
    equal("the last frame", frames(answer.body)[-1].name, "validationException")


@refusals.presumed("9.36")
def failing_code(aws: Bedrock) -> None:
    """Code that raises an error fails within the stream, as a dependency."""
    told = aws.invoke(prepared(aws, coded("str(1 // 0)")), "hi")
    equal("the last frame", told[-1].name, "dependencyFailedException")
    equal("resourceName", told[-1].payload.get("resourceName"), "InlineCode")


@refusals.presumed("9.36")
def code_of_another_type(aws: Bedrock) -> None:
    """Code that gives another type than it declares fails within the stream."""
    told = aws.invoke(prepared(aws, coded("1")), "hi")
    equal("the last frame", told[-1].name, "validationException")


@refusals.documented("4.1")
def two_inputs(aws: Bedrock) -> None:
    """A run has one input, not two."""
    body = {"inputs": [*turn("a"), *turn("b")]}
    aws.refused("InvokeFlow", aws.line(), DRAFT, body=body, status=400, code="ValidationException")


@refusals.documented("4.1")
def no_input(aws: Bedrock) -> None:
    """A run has one input, not none."""
    aws.refused("InvokeFlow", aws.line(), DRAFT, body={"inputs": []}, status=400, code="ValidationException")


@refusals.documented("4.1")
def execution_id_pattern(aws: Bedrock) -> None:
    """An execution id has letters, digits and the signs . _ : -"""
    body = {"inputs": turn("hi"), "executionId": "a b"}
    aws.refused("InvokeFlow", aws.line(), DRAFT, body=body, status=400, code="ValidationException")


@refusals.documented("4.6")
def unknown_flow(aws: Bedrock) -> None:
    """A flow that is not there is ResourceNotFoundException, before any stream."""
    body = {"inputs": turn("hi")}
    error = aws.refused("InvokeFlow", UNKNOWN, DRAFT, body=body, status=404, code="ResourceNotFoundException")
    lacks("the error", error, "fieldList")


@refusals.documented("4.6")
def unknown_alias(aws: Bedrock) -> None:
    """An alias that is not there is ResourceNotFoundException."""
    body = {"inputs": turn("hi")}
    aws.refused("InvokeFlow", aws.line(), UNKNOWN, body=body, status=404, code="ResourceNotFoundException")


@refusals.presumed("9.8")
def never_prepared(aws: Bedrock) -> None:
    """A flow that was never prepared can't be run: ConflictException, before any stream."""
    body = {"inputs": turn("hi")}
    error = aws.refused(
        "InvokeFlow", aws.flow()["id"], DRAFT, body=body, status=409, code="ConflictException"
    )
    contains("message", error.get("message"), "InvokeFlow")


@refusals.presumed("4.5")
def unknown_conversation(aws: Bedrock) -> None:
    """An answer to a run that asked nothing is refused."""
    answer = [{"nodeName": "Ask", "nodeInputName": "agentInputText", "content": {"document": "hi"}}]
    body = {"inputs": answer, "executionId": aws.name()}
    aws.refused("InvokeFlow", aws.line(), DRAFT, body=body, status=400, code="ValidationException")
