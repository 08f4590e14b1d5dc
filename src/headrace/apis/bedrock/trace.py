"""What happens in a run as members of InvokeFlow's stream (bedrock 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from headrace.apis.bedrock.eventstream import event_frame, event_frames, exception_frame
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
    Reason,
    only,
)
from headrace.core.jsontext import json_text

Members = dict[str, Any]
SECOND_NS = 1_000_000_000
KNOWN_PORTS = 10_000
"""Of so many ports and names the JSON is kept."""

EXCEPTIONS: Mapping[FailureKind, str] = {
    FailureKind.VALIDATION: "validationException",
    FailureKind.DEPENDENCY: "dependencyFailedException",
    FailureKind.GATEWAY: "badGatewayException",
    FailureKind.THROTTLED: "throttlingException",
    FailureKind.QUOTA: "serviceQuotaExceededException",
    FailureKind.DENIED: "accessDeniedException",
    FailureKind.TIMED_OUT: "internalServerException",
    FailureKind.GONE: "resourceNotFoundException",
    FailureKind.INTERNAL: "internalServerException",
}
"""The exception that ends the stream, by whose fault it is (bedrock 4.6)."""

_frame = event_frames("flowTraceEvent")
_output_frame = event_frames("flowOutputEvent")
_WITH_RESOURCE = ("dependencyFailedException", "badGatewayException")


def frames_of(events: Sequence[Event], *, traces: bool) -> bytes:
    """The frames that tell of events; none for what the stream has no member for.

    Args:
        traces: whether the caller wants to know what nodes do.
    """
    frames = _ALL if traces else _TOLD
    return b"".join([frames[event.__class__](event) for event in only(frames, events)])


def moment(at_ns: int) -> str:
    """A time as the runtime shows it, with nanoseconds (bedrock 1.1)."""
    seconds, nanoseconds = divmod(at_ns, SECOND_NS)
    return f"{_second(seconds)}.{nanoseconds:09}Z"


@lru_cache(maxsize=100)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _output(event: FlowOutput) -> bytes:
    return _output_frame(b"%b%b}}" % (_output_head(event.node), json_text(event.value)))


@lru_cache(maxsize=KNOWN_PORTS)
def _output_head(node: str) -> bytes:
    """What stands before the value of an output of the flow."""
    names = json_text({"nodeName": node, "nodeType": "FlowOutputNode"})
    return names[:-1] + b',"content":{"document":'


def _question(event: InputRequested) -> bytes:
    # Quirk(bedrock): `AgentNode` stands in no enum of the model, but AWS sends it (4.4).
    payload = {"nodeName": event.node, "nodeType": "AgentNode", "content": {"document": event.value}}
    return event_frame("flowMultiTurnInputRequestEvent", json_text(payload))


_COMPLETIONS: Mapping[Reason, bytes] = {
    reason: event_frame("flowCompletionEvent", json_text({"completionReason": reason.value}))
    for reason in Reason
}


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
    FlowFinished: lambda event: _COMPLETIONS[event.reason],
    FlowFailed: _failure,
    FlowAborted: lambda _: _ABORTED,
}


@lru_cache(maxsize=KNOWN_PORTS)
def _input_form(port: InputPort) -> tuple[bytes, bytes]:
    """What stands before and after the value of an input."""
    source = port.source
    origin = {"nodeName": source.node, "outputFieldName": source.output, "expression": source.expression}
    category = {} if port.category is None else {"category": port.category.value}
    after = json_text({"type": port.type.value, **category, "source": origin})
    return _value_head("nodeInputName", port.name), b"}," + after[1:-1]


@lru_cache(maxsize=KNOWN_PORTS)
def _output_form(port: OutputPort) -> tuple[bytes, bytes]:
    """The same of an output."""
    following = [{"nodeName": one.node, "inputFieldName": one.input} for one in port.next]
    after = json_text({"type": port.type.value, **({"next": following} if following else {})})
    return _value_head("nodeOutputName", port.name), b"}," + after[1:]


def _value_head(member: str, name: str) -> bytes:
    return json_text({member: name})[:-1] + b',"content":{"document":'


def _link(link: Link) -> Members:
    return {"nodeName": link.node, "type": link.type.value, "index": link.index}


def _node(event: Any) -> Members:
    return {"nodeName": event.node, "timestamp": moment(event.at_ns)}


@lru_cache(maxsize=1_000)
def _node_head(trace: bytes, node: str, second: int) -> bytes:
    """What a trace of a node begins with, up to the fraction of its second."""
    return b'{"trace":{"%b":{"nodeName":%b,"timestamp":"%b.' % (
        trace,
        _quoted(node),
        _second(second).encode(),
    )


@lru_cache(maxsize=KNOWN_PORTS)
def _quoted(name: str) -> bytes:
    return json_text(name)


def _input_trace(event: NodeStarted) -> bytes:
    chain = b"}"
    if event.scope:
        chain = b',"executionChain":%b}' % json_text([_link(link) for link in event.scope])
    fields = []
    for port, value in zip(event.ports, event.values, strict=True):
        before, after = _input_form(port)
        fields.append(before + json_text(value) + after + chain)
    seconds, nanoseconds = divmod(event.at_ns, SECOND_NS)
    head = _node_head(b"nodeInputTrace", event.node, seconds)
    return _frame(b'%b%09dZ","fields":[%b]}}}' % (head, nanoseconds, b",".join(fields)))


def _output_trace(event: NodeFinished) -> bytes:
    fields = []
    for port, value in zip(event.ports, event.values, strict=True):
        before, after = _output_form(port)
        fields.append(before + json_text(value) + after)
    seconds, nanoseconds = divmod(event.at_ns, SECOND_NS)
    head = _node_head(b"nodeOutputTrace", event.node, seconds)
    return _frame(b'%b%09dZ","fields":[%b]}}}' % (head, nanoseconds, b",".join(fields)))


@lru_cache(maxsize=KNOWN_PORTS)
def _names(conditions: tuple[str, ...]) -> bytes:
    return json_text([{"conditionName": one} for one in conditions])


def _conditions_trace(event: ConditionsDecided) -> bytes:
    seconds, nanoseconds = divmod(event.at_ns, SECOND_NS)
    head = _node_head(b"conditionNodeResultTrace", event.node, seconds)
    return _frame(b'%b%09dZ","satisfiedConditions":%b}}}' % (head, nanoseconds, _names(event.conditions)))


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


def _traced(name: str, members: Callable[[Any], Members]) -> Callable[[Any], bytes]:
    return lambda event: _frame(json_text({"trace": {name: members(event)}}))


_ALL: Mapping[type, Callable[[Any], bytes]] = {
    **_TOLD,
    NodeStarted: _input_trace,
    NodeFinished: _output_trace,
    ConditionsDecided: _conditions_trace,
    NodeActed: _traced("nodeActionTrace", _action_trace),
    NodeDepended: _traced("nodeDependencyTrace", _dependency_trace),
}
"""What each event is told by; of those that every flow is full of, the JSON is put together by hand."""
