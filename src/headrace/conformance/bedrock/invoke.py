"""What is streamed of a run (bedrock 4)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.bedrock.client import DRAFT, Bedrock, turn
from headrace.conformance.bedrock.definitions import EMIT, FORK, echo
from headrace.conformance.bedrock.frames import Frame
from headrace.conformance.bedrock.invoke_runs import prepared
from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, has, holds, matches, member

stream = Area("bedrock", "invoke-flow-stream")
EVENT_STREAM = "application/vnd.amazon.eventstream"


def line(aws: Bedrock, document: Any = "hi", **members: Any) -> list[Frame]:
    """The frames of a run of the shared flow."""
    return aws.invoke(aws.line(), document, **members)


@stream.documented("4.2")
def content_type(aws: Bedrock) -> None:
    """A run is answered with 200 and an event stream."""
    answer = aws.call("InvokeFlow", aws.line(), DRAFT, body={"inputs": turn("hi")})
    equal("the status", answer.status, 200)
    equal("the content type", answer.headers.get("content-type"), EVENT_STREAM)


@stream.documented("4.2")
def execution_id(aws: Bedrock) -> None:
    """The head of the answer has the execution's id."""
    answer = aws.call("InvokeFlow", aws.line(), DRAFT, body={"inputs": turn("hi")})
    matches("the header", answer.headers.get("x-amz-bedrock-flow-execution-id"), "[0-9a-zA-Z._:-]{2,100}")


@stream.presumed("9.47")
def execution_id_of_the_caller(aws: Bedrock) -> None:
    """An execution id that a first turn brings is taken."""
    own = aws.name()
    answer = aws.call("InvokeFlow", aws.line(), DRAFT, body={"inputs": turn("hi"), "executionId": own})
    equal("the header", answer.headers.get("x-amz-bedrock-flow-execution-id"), own)


@stream.documented("4.3")
def checksums(aws: Bedrock) -> None:
    """Every frame is whole, and both of its checksums are right."""
    holds("the number of frames", is_so=len(line(aws)) >= 2, expected="two at least", got=len(line(aws)))


@stream.documented("4.3")
def headers_of_events(aws: Bedrock) -> None:
    """An event has the headers :event-type, :content-type and :message-type."""
    for frame in line(aws):
        has("the headers of a frame", dict(frame.headers), [":event-type", ":content-type", ":message-type"])
        equal(":content-type", frame.headers[":content-type"], "application/json")
        equal(":message-type", frame.headers[":message-type"], "event")


@stream.documented("4.3")
def headers_of_exceptions(aws: Bedrock) -> None:
    """An exception has :exception-type in place of :event-type, and the message-type exception."""
    last = line(aws, {"not": "a text"})[-1]
    has("the headers of the frame", dict(last.headers), [":exception-type", ":content-type", ":message-type"])
    equal(":message-type", last.headers[":message-type"], "exception")


@stream.documented("4.4")
def output_event(aws: Bedrock) -> None:
    """An output has the node's name, its type and the document."""
    expected = {"nodeName": "Out", "nodeType": "FlowOutputNode", "content": {"document": "hi"}}
    equal("flowOutputEvent", line(aws)[0].payload, expected)


@stream.documented("4.4")
def completion(aws: Bedrock) -> None:
    """A run that succeeds ends with one flowCompletionEvent, whose reason is SUCCESS."""
    told = line(aws)
    equal("the names of the frames", [one.name for one in told], ["flowOutputEvent", "flowCompletionEvent"])
    equal("flowCompletionEvent", told[-1].payload, {"completionReason": "SUCCESS"})


@stream.documented("4.1")
def no_traces_unasked(aws: Bedrock) -> None:
    """There are no traces unless they are asked for."""
    holds("the frames", is_so=not _traces(line(aws)), expected="no flowTraceEvent", got=_traces(line(aws)))


def _traces(told: list[Frame]) -> list[tuple[str, Any]]:
    """The traces of a run: what each is, and what it tells."""
    found = [member("the trace", one.payload, "trace") for one in told if one.name == "flowTraceEvent"]
    return [pair for one in found for pair in one.items()]


def _trace_order(aws: Bedrock) -> list[str]:
    return [f"{kind} {told.get('nodeName')}" for kind, told in _traces(line(aws, enableTrace=True))]


@stream.documented("4.4")
def traces(aws: Bedrock) -> None:
    """The trace of a line: what leaves the input node, then what enters the output node."""
    equal("the traces", _trace_order(aws), ["nodeOutputTrace In", "nodeInputTrace Out"])


@stream.documented("4.4")
def trace_of_an_input(aws: Bedrock) -> None:
    """A trace of what enters a node tells name and value of each input."""
    told = dict(_traces(line(aws, enableTrace=True)))["nodeInputTrace"]
    field = member("nodeInputTrace", told, "fields", 0)
    equal("nodeInputName", field.get("nodeInputName"), "document")
    equal("content", field.get("content"), {"document": "hi"})


@stream.documented("4.4")
def trace_of_an_output(aws: Bedrock) -> None:
    """A trace of what leaves a node tells name and value of each output."""
    told = dict(_traces(line(aws, enableTrace=True)))["nodeOutputTrace"]
    field = member("nodeOutputTrace", told, "fields", 0)
    equal("nodeOutputName", field.get("nodeOutputName"), "document")
    equal("content", field.get("content"), {"document": "hi"})


@stream.documented("4.4")
def trace_of_a_condition(aws: Bedrock) -> None:
    """A trace of conditions tells which one was met."""
    told = dict(_traces(aws.invoke(prepared(aws, FORK), 50, enableTrace=True)))["conditionNodeResultTrace"]
    equal("satisfiedConditions", told.get("satisfiedConditions"), [{"conditionName": "medium"}])


@stream.documented("1.1")
def times_of_traces(aws: Bedrock) -> None:
    """The times of traces have nanoseconds and end in Z."""
    for _, told in _traces(line(aws, enableTrace=True)):
        matches("timestamp", told.get("timestamp"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


@stream.presumed("4.4")
def trace_after_the_expression(aws: Bedrock) -> None:
    """A trace of what enters a node has the value after the expression, and the expression."""
    flow_id = prepared(aws, echo("Object", "$.data.a", "String"))
    told = dict(_traces(aws.invoke(flow_id, {"a": "x"}, enableTrace=True)))["nodeInputTrace"]
    field = member("nodeInputTrace", told, "fields", 0)
    equal("content", field.get("content"), {"document": "x"})
    equal(
        "source",
        field.get("source"),
        {"nodeName": "In", "outputFieldName": "document", "expression": "$.data.a"},
    )


@stream.presumed("9.45")
def trace_of_an_iteration(aws: Bedrock) -> None:
    """A trace within an iterator tells the item's index, from zero."""
    told = _traces(aws.invoke(prepared(aws, EMIT), ["a", "b"], enableTrace=True))
    chains = [
        member("fields", one, "fields", 0).get("executionChain")
        for kind, one in told
        if kind == "nodeInputTrace" and one["nodeName"] == "Out"
    ]
    equal("executionChain", chains, [[{"nodeName": "Each", "type": "Iterator", "index": n}] for n in (0, 1)])


@stream.documented("4.4")
def nothing_after_an_exception(aws: Bedrock) -> None:
    """A run that fails ends with the exception, and has no flowCompletionEvent."""
    names = [one.name for one in line(aws, 7)]
    equal("the names of the frames", names, ["validationException"])
