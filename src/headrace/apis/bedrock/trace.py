"""What happens in a run as members of InvokeFlow's stream (bedrock 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from headrace.apis.bedrock.eventstream import event_frame, exception_frame
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    InputPort,
    InputRequested,
    Link,
    NodeActed,
    NodeDepended,
    NodeFinished,
    NodeStarted,
    OutputPort,
)
from headrace.core.jsontext import json_text

Members = dict[str, Any]

EXCEPTIONS: Mapping[FailureKind, str] = {
    FailureKind.VALIDATION: "validationException",
    FailureKind.DEPENDENCY: "dependencyFailedException",
    FailureKind.GATEWAY: "badGatewayException",
    FailureKind.THROTTLED: "throttlingException",
    FailureKind.DENIED: "accessDeniedException",
    FailureKind.TIMED_OUT: "internalServerException",
    FailureKind.GONE: "resourceNotFoundException",
    FailureKind.INTERNAL: "internalServerException",
}
"""The exception that ends the stream, by whose fault it is (bedrock 4.6)."""

_WITH_RESOURCE = ("dependencyFailedException", "badGatewayException")


def frames_of(events: Sequence[Event], *, traces: bool) -> bytes:
    """The frames that tell of events; none for what the stream has no member for.

    Args:
        traces: whether the caller wants to know what nodes do.
    """
    frames = _ALL if traces else _TOLD
    return b"".join([frames[event.__class__](event) for event in events if event.__class__ in frames])


def moment(at_ns: int) -> str:
    """A time as the runtime shows it, with nanoseconds (bedrock 1.1)."""
    seconds, nanoseconds = divmod(at_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"


def _output(event: FlowOutput) -> bytes:
    payload = {"nodeName": event.node, "nodeType": "FlowOutputNode", "content": {"document": event.value}}
    return event_frame("flowOutputEvent", json_text(payload))


def _question(event: InputRequested) -> bytes:
    # Quirk(bedrock): `AgentNode` stands in no enum of the model, but AWS sends it (4.4).
    payload = {"nodeName": event.node, "nodeType": "AgentNode", "content": {"document": event.value}}
    return event_frame("flowMultiTurnInputRequestEvent", json_text(payload))


def _completion(event: FlowFinished) -> bytes:
    return event_frame("flowCompletionEvent", json_text({"completionReason": event.reason.value}))


def _failure(event: FlowFailed) -> bytes:
    name = EXCEPTIONS[event.kind]
    payload = {"message": event.message}
    if name in _WITH_RESOURCE and event.resource is not None:
        payload["resourceName"] = event.resource
    return exception_frame(name, json_text(payload))


_ABORTED = exception_frame("conflictException", json_text({"message": "The execution was stopped."}))


_TOLD: Mapping[type, Callable[[Any], bytes]] = {
    FlowOutput: _output,
    InputRequested: _question,
    FlowFinished: _completion,
    FlowFailed: _failure,
    FlowAborted: lambda _: _ABORTED,
}


def input_fields(event: NodeStarted, *, name: str = "nodeInputName") -> list[Members]:
    """A node's inputs with their values.

    Args:
        name: the member that has the input's name; traces and execution events differ in it (bedrock 5.3).
    """
    chain = {"executionChain": [_link(link) for link in event.scope]} if event.scope else {}
    return [
        {name: port.name, "content": {"document": value}, **_input_port(port), **chain}
        for port, value in event.fields
    ]


def _input_port(port: InputPort) -> Members:
    source = port.source
    return {
        "type": port.type.value,
        **({} if port.category is None else {"category": port.category.value}),
        "source": {
            "nodeName": source.node,
            "outputFieldName": source.output,
            "expression": source.expression,
        },
    }


def _link(link: Link) -> Members:
    return {"nodeName": link.node, "type": link.type.value, "index": link.index}


def output_fields(event: NodeFinished, *, name: str = "nodeOutputName") -> list[Members]:
    """A node's outputs with their values."""
    return [
        {name: port.name, "content": {"document": value}, **_output_port(port)}
        for port, value in event.fields
    ]


def _output_port(port: OutputPort) -> Members:
    following = [{"nodeName": one.node, "inputFieldName": one.input} for one in port.next]
    return {"type": port.type.value, **({"next": following} if following else {})}


def _node(event: Any) -> Members:
    return {"nodeName": event.node, "timestamp": moment(event.at_ns)}


def _input_trace(event: NodeStarted) -> Members:
    return {**_node(event), "fields": input_fields(event)}


def _output_trace(event: NodeFinished) -> Members:
    return {**_node(event), "fields": output_fields(event)}


def _conditions_trace(event: ConditionsDecided) -> Members:
    return {**_node(event), "satisfiedConditions": [{"conditionName": one} for one in event.conditions]}


def _action_trace(event: NodeActed) -> Members:
    return {
        **_node(event),
        "requestId": event.request_id,
        "serviceName": event.service,
        "operationName": event.operation,
        **({} if event.request is None else {"operationRequest": event.request}),
        **({} if event.response is None else {"operationResponse": event.response}),
    }


def _dependency_trace(event: NodeDepended) -> Members:
    return {**_node(event), "traceElements": {"agentTraces": event.traces}}


_TRACES: Mapping[type, tuple[str, Callable[[Any], Members]]] = {
    NodeStarted: ("nodeInputTrace", _input_trace),
    NodeFinished: ("nodeOutputTrace", _output_trace),
    ConditionsDecided: ("conditionNodeResultTrace", _conditions_trace),
    NodeActed: ("nodeActionTrace", _action_trace),
    NodeDepended: ("nodeDependencyTrace", _dependency_trace),
}


def _traced(name: str, members: Callable[[Any], Members]) -> Callable[[Any], bytes]:
    return lambda event: event_frame("flowTraceEvent", json_text({"trace": {name: members(event)}}))


_ALL: Mapping[type, Callable[[Any], bytes]] = {
    **_TOLD,
    **{event: _traced(name, members) for event, (name, members) in _TRACES.items()},
}
