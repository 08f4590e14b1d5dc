"""Flows that run in the background, and what is told of them afterwards (bedrock 5)."""

from __future__ import annotations

import json
from typing import Any

from headrace.conformance.bedrock.client import DRAFT, Bedrock, turn
from headrace.conformance.bedrock.definitions import LINE
from headrace.conformance.checks import Area, Differs
from headrace.conformance.expecting import equal, has, lacks, matches, member, members, sequence

area = Area("bedrock", "executions")
errors = Area("bedrock", "execution-errors")

MEMBERS = ("executionArn", "flowIdentifier", "flowAliasIdentifier", "flowVersion", "status")


def _start(aws: Bedrock, document: Any = "hi", **members_: Any) -> str:
    """Start an execution of the shared flow; its name."""
    body = {"inputs": turn(document), "flowExecutionName": aws.name(), **members_}
    got = aws.ok("StartFlowExecution", aws.line(), DRAFT, body=body)
    return str(got["executionArn"]).rpartition("/")[2]


def _ended(aws: Bedrock, name: str) -> dict[str, Any]:
    return aws.settled(lambda: aws.ok("GetFlowExecution", aws.line(), DRAFT, name), "Running")


def _finished(aws: Bedrock) -> str:
    """The name of an execution that succeeded, one for all checks that only look."""

    def make(maker: Bedrock) -> str:
        name = _start(maker)
        equal("the status of the execution", _ended(maker, name).get("status"), "Succeeded")
        return name

    return str(aws.shared("finished execution", make))


def _failed(aws: Bedrock) -> str:
    def make(maker: Bedrock) -> str:
        name = _start(maker, {"no": "text"})
        equal("the status of the execution", _ended(maker, name).get("status"), "Failed")
        return name

    return str(aws.shared("failed execution", make))


def _events(aws: Bedrock, name: str, kind: str) -> list[tuple[str, Any]]:
    query = [("eventType", kind)]
    found = aws.every(
        "ListFlowExecutionEvents", aws.line(), DRAFT, name, key="flowExecutionEvents", query=query
    )
    for one in found:
        if len(one) != 1:
            raise Differs("an event", expected="exactly one member", got=sorted(one))
    return [pair for one in found for pair in one.items()]


@area.documented("5.1")
def start(aws: Bedrock) -> None:
    """Starting answers 200 and the execution's ARN, which ends with alias and name."""
    name = aws.name()
    got = aws.ok(
        "StartFlowExecution", aws.line(), DRAFT, body={"inputs": turn("hi"), "flowExecutionName": name}
    )
    arn = str(aws.ok("GetFlow", aws.line())["arn"])
    equal("the answer", got, {"executionArn": f"{arn}/alias/{DRAFT}/execution/{name}"})


@area.documented("5.1")
def name_is_optional(aws: Bedrock) -> None:
    """Without a name there is one all the same."""
    matches("the name", _start(aws, flowExecutionName=None), "[a-zA-Z0-9-]{1,36}")


@area.documented("5.1")
def read(aws: Bedrock) -> None:
    """An execution that is over has its status and both times."""
    got = aws.ok("GetFlowExecution", aws.line(), DRAFT, _finished(aws))
    members("the execution", got, [*MEMBERS, "startedAt", "endedAt"])
    equal("flowVersion", got.get("flowVersion"), "DRAFT")


@area.documented("5.2")
def succeeds(aws: Bedrock) -> None:
    """It is Running until it has Succeeded."""
    equal("status", _ended(aws, _start(aws)).get("status"), "Succeeded")


@area.presumed("9.56")
def plain_identifiers(aws: Bedrock) -> None:
    """Flow and alias are told by their ids."""
    got = aws.ok("GetFlowExecution", aws.line(), DRAFT, _finished(aws))
    equal("flowIdentifier", got.get("flowIdentifier"), aws.line())
    equal("flowAliasIdentifier", got.get("flowAliasIdentifier"), DRAFT)


@area.documented("5.1")
def by_arn(aws: Bedrock) -> None:
    """An execution is found by its ARN too."""
    arn = str(aws.ok("GetFlowExecution", aws.line(), DRAFT, _finished(aws))["executionArn"])
    equal("executionArn", aws.ok("GetFlowExecution", aws.line(), DRAFT, arn).get("executionArn"), arn)


@area.documented("5.1")
def listed(aws: Bedrock) -> None:
    """Executions of a flow are listed, with the members of a summary."""
    name = _finished(aws)
    found = aws.every("ListFlowExecutions", aws.line(), key="flowExecutionSummaries")
    mine = [one for one in found if str(one.get("executionArn")).endswith(f"/{name}")]
    sequence("the summaries of the execution", mine, size=1)
    members("the summary", mine[0], [*MEMBERS, "createdAt", "endedAt"])


@area.documented("5.1")
def listed_by_alias(aws: Bedrock) -> None:
    """A list can be narrowed to an alias."""
    _finished(aws)
    query = [("flowAliasIdentifier", DRAFT)]
    found = aws.every("ListFlowExecutions", aws.line(), key="flowExecutionSummaries", query=query)
    equal("the aliases", {one.get("flowAliasIdentifier") for one in found}, {DRAFT})


@area.documented("5.3")
def events_of_the_flow(aws: Bedrock) -> None:
    """Events of the type Flow are what went in and what came out."""
    told = _events(aws, _finished(aws), "Flow")
    equal("the events", [kind for kind, _ in told], ["flowInputEvent", "flowOutputEvent"])
    fields = [{"name": "document", "content": {"document": "hi"}}]
    for kind, event in told:
        equal(f"the fields of {kind}", event.get("fields"), fields)
    equal("the nodes", [event.get("nodeName") for _, event in told], ["In", "Out"])


@area.documented("5.3")
def events_of_nodes(aws: Bedrock) -> None:
    """Events of the type Node are what left and entered each node, the oldest first."""
    told = _events(aws, _finished(aws), "Node")
    order = [f"{kind} {event.get('nodeName')}" for kind, event in told]
    equal("the events", order, ["nodeOutputEvent In", "nodeInputEvent Out"])


@area.documented("5.3")
def fields_of_nodes(aws: Bedrock) -> None:
    """Their fields have a name and a content."""
    for kind, event in _events(aws, _finished(aws), "Node"):
        field = member(kind, event, "fields", 0)
        equal("name", field.get("name"), "document")
        equal("content", field.get("content"), {"document": "hi"})
        has(kind, event, ["timestamp"])


@area.documented("5.1")
def events_in_pages(aws: Bedrock) -> None:
    """Events come in pages: nothing twice, nothing left out."""
    query = [("eventType", "Node"), ("maxResults", "1")]
    found = aws.every(
        "ListFlowExecutionEvents", aws.line(), DRAFT, _finished(aws), key="flowExecutionEvents", query=query
    )
    equal("the kinds", [next(iter(one)) for one in found], ["nodeOutputEvent", "nodeInputEvent"])


@area.documented("5.1")
def snapshot(aws: Bedrock) -> None:
    """The snapshot has the definition as a text of JSON, and the role."""
    got = aws.ok("GetExecutionFlowSnapshot", aws.line(), DRAFT, _finished(aws))
    equal("definition", json.loads(str(got.get("definition"))), LINE)
    equal("executionRoleArn", got.get("executionRoleArn"), aws.setup.role)
    lacks("the snapshot", got, "customerEncryptionKeyArn")


@area.documented("5.2")
def fails(aws: Bedrock) -> None:
    """An execution that fails is Failed, and has errors."""
    got = aws.ok("GetFlowExecution", aws.line(), DRAFT, _failed(aws))
    has("the execution", got, ["errors", "endedAt"])


@area.documented("5.3")
def failure_event(aws: Bedrock) -> None:
    """A wrong document is told by a flowFailureEvent with the code VALIDATION."""
    kind, event = _events(aws, _failed(aws), "Flow")[-1]
    equal("the last event", kind, "flowFailureEvent")
    equal("errorCode", event.get("errorCode"), "VALIDATION")


@errors.presumed("9.53")
def same_name(aws: Bedrock) -> None:
    """A name that an execution of the alias has is a conflict."""
    body = {"inputs": turn("hi"), "flowExecutionName": _finished(aws)}
    aws.refused("StartFlowExecution", aws.line(), DRAFT, body=body, status=409, code="ConflictException")


@errors.documented("5.1")
def name_pattern(aws: Bedrock) -> None:
    """A name has letters, digits and hyphens."""
    body = {"inputs": turn("hi"), "flowExecutionName": "a b"}
    aws.refused("StartFlowExecution", aws.line(), DRAFT, body=body, status=400, code="ValidationException")


@errors.documented("5.1")
def unknown(aws: Bedrock) -> None:
    """An execution that is not there is ResourceNotFoundException."""
    aws.refused("GetFlowExecution", aws.line(), DRAFT, "nope", status=404, code="ResourceNotFoundException")


@errors.documented("5.1")
def event_type_is_needed(aws: Bedrock) -> None:
    """Events are asked for by their type."""
    name = _finished(aws)
    aws.refused("ListFlowExecutionEvents", aws.line(), DRAFT, name, status=400, code="ValidationException")


@errors.documented("5.1")
def event_type_enum(aws: Bedrock) -> None:
    """The type is Node or Flow."""
    name, query = _finished(aws), [("eventType", "Both")]
    aws.refused(
        "ListFlowExecutionEvents",
        aws.line(),
        DRAFT,
        name,
        query=query,
        status=400,
        code="ValidationException",
    )


@errors.presumed("9.54")
def stop_what_is_over(aws: Bedrock) -> None:
    """An execution that has succeeded can't be stopped: ConflictException."""
    aws.refused("StopFlowExecution", aws.line(), DRAFT, _finished(aws), status=409, code="ConflictException")


@errors.documented("5.1")
def start_of_nothing(aws: Bedrock) -> None:
    """An execution of a flow that is not there is ResourceNotFoundException."""
    body = {"inputs": turn("hi")}
    aws.refused(
        "StartFlowExecution", "ZZZZZZZZZZ", DRAFT, body=body, status=404, code="ResourceNotFoundException"
    )


AREAS = (area, errors)
