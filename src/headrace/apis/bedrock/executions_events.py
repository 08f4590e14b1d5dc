"""What happens in a run as members of ListFlowExecutionEvents (bedrock 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headrace.apis.bedrock.trace import moment
from headrace.core.effects import JSON
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FailureKind,
    FlowFailed,
    FlowOutput,
    FlowStarted,
    InputPort,
    Link,
    NodeActed,
    NodeDepended,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    OutputPort,
)
from headrace.services.records.event_pages import Kinds, kinds_of

Members = dict[str, Any]

NODE_CODES: Mapping[FailureKind, str] = {
    FailureKind.VALIDATION: "VALIDATION",
    FailureKind.DEPENDENCY: "DEPENDENCY_FAILED",
    FailureKind.GATEWAY: "BAD_GATEWAY",
    FailureKind.THROTTLED: "DEPENDENCY_FAILED",
    FailureKind.QUOTA: "DEPENDENCY_FAILED",
    FailureKind.DENIED: "DEPENDENCY_FAILED",
    FailureKind.TIMED_OUT: "INTERNAL_SERVER",
    FailureKind.GONE: "INTERNAL_SERVER",
    FailureKind.INTERNAL: "INTERNAL_SERVER",
}
"""The code of a node's failure. The enum has none for a right that is missing or for too many calls."""


def event_members(event: Event) -> Members:
    """The one member of the union that tells of an event of `KINDS`."""
    name, members = _MEMBERS[type(event)]
    return {name: {**members(event), "timestamp": moment(event.at_ns)}}


def _input(event: FlowStarted) -> Members:
    return {"nodeName": event.node, "fields": _fields(_field(event.output, event.value))}


def _output(event: FlowOutput) -> Members:
    return {"nodeName": event.node, "fields": _fields(_field("document", event.value))}


def _failure(event: FlowFailed) -> Members:
    if event.node is not None:
        code = "NODE_EXECUTION_FAILED"
    else:
        code = "VALIDATION" if event.kind is FailureKind.VALIDATION else "INTERNAL_SERVER"
    return {"errorCode": code, "errorMessage": event.message}


def _node_input(event: NodeStarted) -> Members:
    chain = [_link(link) for link in event.scope] or None
    fields = [
        None if given is None else {**given, **_of_input(port), "executionChain": chain}
        for port, value in event.fields
        for given in [_field(port.name, value)]
    ]
    return {"nodeName": event.node, "fields": _fields(*fields)}


def _of_input(port: InputPort) -> Members:
    source = port.source
    return {
        "type": port.type.value,
        "category": None if port.category is None else port.category.value,
        "source": {
            "nodeName": source.node,
            "outputFieldName": source.output,
            "expression": source.expression,
        },
    }


def _link(link: Link) -> Members:
    return {"nodeName": link.node, "type": link.type.value, "index": link.index}


def _node_output(event: NodeFinished) -> Members:
    fields = [
        None if gives is None else {**gives, **_of_output(port)}
        for port, value in event.fields
        for gives in [_field(port.name, value)]
    ]
    return {"nodeName": event.node, "fields": _fields(*fields)}


def _of_output(port: OutputPort) -> Members:
    following = [{"nodeName": one.node, "inputFieldName": one.input} for one in port.next]
    return {"type": port.type.value, "next": following or None}


def _field(name: str, value: JSON) -> Members | None:
    """A field; None when its value was not kept. No value that a flow may handle is null."""
    # Quirk(bedrock): 5.3. boto3 refuses an answer with a null for a document, so events whose values were not
    # kept have no fields at all, although the model wants one.
    return None if value is None else {"name": name, "content": {"document": value}}


def _fields(*fields: Members | None) -> list[Members]:
    return [field for field in fields if field is not None]


def _conditions(event: ConditionsDecided) -> Members:
    return {
        "nodeName": event.node,
        "satisfiedConditions": [{"conditionName": name} for name in event.conditions],
    }


def _node_failure(event: NodeFailed) -> Members:
    return {"nodeName": event.node, "errorCode": NODE_CODES[event.kind], "errorMessage": event.message}


def _action(event: NodeActed) -> Members:
    return {
        "nodeName": event.node,
        "requestId": event.request_id,
        "serviceName": event.service,
        "operationName": event.operation,
        "operationRequest": event.request,
        "operationResponse": event.response,
    }


def _dependency(event: NodeDepended) -> Members:
    traces = msgspec.json.encode(list(event.traces))  # the agent's own words, whatever members they have
    return {"nodeName": event.node, "traceElements": {"agentTraces": traces}}


_FLOW: Mapping[type, tuple[str, Callable[[Any], Members]]] = {
    FlowStarted: ("flowInputEvent", _input),
    FlowOutput: ("flowOutputEvent", _output),
    FlowFailed: ("flowFailureEvent", _failure),
}
_NODE: Mapping[type, tuple[str, Callable[[Any], Members]]] = {
    NodeStarted: ("nodeInputEvent", _node_input),
    NodeFinished: ("nodeOutputEvent", _node_output),
    ConditionsDecided: ("conditionResultEvent", _conditions),
    NodeFailed: ("nodeFailureEvent", _node_failure),
    NodeActed: ("nodeActionEvent", _action),
    NodeDepended: ("nodeDependencyEvent", _dependency),
}
_MEMBERS = {**_FLOW, **_NODE}

KINDS: Mapping[str, Kinds] = {"Flow": kinds_of(_FLOW), "Node": kinds_of(_NODE)}
"""The events of each ``eventType``; how a run ended well, or that it was stopped, is told by its status."""
