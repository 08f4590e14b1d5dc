"""Each event as the member of the union that AWS's service model has for it (bedrock 5.3)."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser
from tests.contract.bedrock.conformance import violations

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.executions_events import KINDS, NODE_CODES, event_members
from headrace.apis.bedrock.model import load
from headrace.core.definition import InputCategory, NodeType, PortType
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
    Source,
    Target,
)
from headrace.services.records.event_pages import kinds_of
from headrace.services.runs.keeping import without_content

AT_NS = 1_741_867_821_274_124_567
AT = "2025-03-13T12:10:21.274124567Z"
OPERATION = "ListFlowExecutionEvents"
MODEL = botocore.session.get_session().get_service_model("bedrock-agent-runtime").operation_model(OPERATION)
CODEC = Codec(load())
CHAIN = (
    Link(node="Each", type=NodeType.ITERATOR, index=2),
    Link(node="Again", type=NodeType.LOOP, index=0),
)
GIVEN = InputPort(
    name="given",
    type=PortType.OBJECT,
    source=Source(node="In", output="document", expression="$.data.a"),
)
DECIDES = InputPort(
    name="continueLoop",
    type=PortType.BOOLEAN,
    source=Source(node="Work", output="response", expression="$.data"),
    category=InputCategory.LOOP_CONDITION,
)
GIVES = OutputPort(
    name="out",
    type=PortType.NUMBER,
    next=(Target(node="A", input="left"), Target(node="B", input="right")),
)
LAST = OutputPort(name="last", type=PortType.STRING)

TOLD: list[tuple[str, Event, dict[str, Any]]] = [
    (
        "flowInputEvent",
        FlowStarted(at_ns=AT_NS, node="In", output="document", value={"a": [1, 2.5]}),
        {"nodeName": "In", "fields": [{"name": "document", "content": {"document": {"a": [1, 2.5]}}}]},
    ),
    (
        "flowOutputEvent",
        FlowOutput(at_ns=AT_NS, node="Out", value=False),
        {"nodeName": "Out", "fields": [{"name": "document", "content": {"document": False}}]},
    ),
    (
        "flowFailureEvent",
        FlowFailed(at_ns=AT_NS, kind=FailureKind.DEPENDENCY, message="Node A failed: m", node="A"),
        {"errorCode": "NODE_EXECUTION_FAILED", "errorMessage": "Node A failed: m"},
    ),
    (
        "flowFailureEvent",
        FlowFailed(at_ns=AT_NS, kind=FailureKind.VALIDATION, message="m"),
        {"errorCode": "VALIDATION", "errorMessage": "m"},
    ),
    (
        "flowFailureEvent",
        FlowFailed(at_ns=AT_NS, kind=FailureKind.TIMED_OUT, message="m"),
        {"errorCode": "INTERNAL_SERVER", "errorMessage": "m"},
    ),
    (
        "nodeInputEvent",
        NodeStarted(
            at_ns=AT_NS,
            scope=CHAIN,
            node="A",
            type=NodeType.LOOP_CONTROLLER,
            ports=(GIVEN, DECIDES),
            values=({"k": 10**30}, True),
        ),
        {
            "nodeName": "A",
            "fields": [
                {
                    "name": "given",
                    "content": {"document": {"k": 10**30}},
                    "type": "Object",
                    "source": {"nodeName": "In", "outputFieldName": "document", "expression": "$.data.a"},
                    "executionChain": [
                        {"nodeName": "Each", "type": "Iterator", "index": 2},
                        {"nodeName": "Again", "type": "Loop", "index": 0},
                    ],
                },
                {
                    "name": "continueLoop",
                    "content": {"document": True},
                    "type": "Boolean",
                    "category": "LoopCondition",
                    "source": {"nodeName": "Work", "outputFieldName": "response", "expression": "$.data"},
                    "executionChain": [
                        {"nodeName": "Each", "type": "Iterator", "index": 2},
                        {"nodeName": "Again", "type": "Loop", "index": 0},
                    ],
                },
            ],
        },
    ),
    (
        "nodeOutputEvent",
        NodeFinished(
            at_ns=AT_NS, node="A", type=NodeType.LAMBDA_FUNCTION, ports=(GIVES, LAST), values=(0, "")
        ),
        {
            "nodeName": "A",
            "fields": [
                {
                    "name": "out",
                    "content": {"document": 0},
                    "type": "Number",
                    "next": [
                        {"nodeName": "A", "inputFieldName": "left"},
                        {"nodeName": "B", "inputFieldName": "right"},
                    ],
                },
                {"name": "last", "content": {"document": ""}, "type": "String"},
            ],
        },
    ),
    (
        "conditionResultEvent",
        ConditionsDecided(at_ns=AT_NS, node="A", conditions=("default",)),
        {"nodeName": "A", "satisfiedConditions": [{"conditionName": "default"}]},
    ),
    (
        "nodeFailureEvent",
        NodeFailed(
            at_ns=AT_NS, node="A", type=NodeType.PROMPT, kind=FailureKind.GATEWAY, message="no answer"
        ),
        {"nodeName": "A", "errorCode": "BAD_GATEWAY", "errorMessage": "no answer"},
    ),
    (
        "nodeActionEvent",
        NodeActed(
            at_ns=AT_NS,
            node="A",
            request_id="r",
            service="Lambda",
            operation="Invoke",
            request={"a": None},
            response=[1],
        ),
        {
            "nodeName": "A",
            "requestId": "r",
            "serviceName": "Lambda",
            "operationName": "Invoke",
            "operationRequest": {"a": None},
            "operationResponse": [1],
        },
    ),
    (
        "nodeDependencyEvent",
        NodeDepended(at_ns=AT_NS, node="A", traces=({"sessionId": "s1"}, {"agentId": "AGENT00001"})),
        {
            "nodeName": "A",
            "traceElements": {"agentTraces": [{"sessionId": "s1"}, {"agentId": "AGENT00001"}]},
        },
    ),
]
"""An event, the member it is told by, and what is in that member beside the time."""


def sent(event: Event) -> tuple[bytes, Any]:
    """The answer that holds this event: its body, and the event in it."""
    _, _, body = CODEC.encode(OPERATION, {"flowExecutionEvents": [event_members(event)], "nextToken": None})
    (told,) = json.loads(body)["flowExecutionEvents"]
    return body, told


@pytest.mark.parametrize(("name", "event", "members"), TOLD)
def test_an_event_is_told_in_full(name: str, event: Event, members: dict[str, Any]) -> None:
    body, told = sent(event)
    assert told == {name: {**members, "timestamp": AT}}
    assert list(violations(MODEL.output_shape, json.loads(body), OPERATION)) == []
    parsed = create_parser("rest-json").parse(
        {"body": body, "headers": {}, "status_code": 200}, MODEL.output_shape
    )
    assert list(parsed["flowExecutionEvents"][0]) == [name]


@pytest.mark.parametrize(("name", "event", "_"), TOLD)
def test_what_is_not_kept_is_left_out_and_the_rest_can_be_read(name: str, event: Event, _: Any) -> None:
    body, told = sent(without_content(event))
    if "fields" in told[name]:
        assert told[name]["fields"] == []
    assert "operationRequest" not in told[name]
    parsed = create_parser("rest-json").parse(
        {"body": body, "headers": {}, "status_code": 200}, MODEL.output_shape
    )
    assert parsed["flowExecutionEvents"][0][name]["timestamp"]


def test_every_member_of_the_union_is_told_by_some_event() -> None:
    union = MODEL.output_shape.members["flowExecutionEvents"].member
    assert {name for name, _, _ in TOLD} == set(union.members)
    assert KINDS["Flow"] | KINDS["Node"] == kinds_of(type(event) for _, event, _ in TOLD)
    assert not KINDS["Flow"] & KINDS["Node"]


def test_every_failure_of_a_node_has_a_code_of_the_model() -> None:
    union = MODEL.output_shape.members["flowExecutionEvents"].member
    known = union.members["nodeFailureEvent"].members["errorCode"].enum
    assert set(NODE_CODES) == set(FailureKind)
    assert set(NODE_CODES.values()) <= set(known)
