"""Flows are changed and removed (bedrock 1.4)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.bedrock.client import DRAFT, Bedrock
from headrace.conformance.bedrock.definitions import FORK
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import differ, equal, holds, lacks

update = Area("bedrock", "update-flow")
delete = Area("bedrock", "delete-flow")


def updated(aws: Bedrock, flow: str, **members_: Any) -> dict[str, Any]:
    """Replace a flow; what UpdateFlow answers."""
    return aws.ok("UpdateFlow", flow, body=aws.flow_body(**members_))


@update.documented("1.4")
def replaces(aws: Bedrock) -> None:
    """An update answers 200 with the flow as it is now."""
    flow = aws.flow()
    body = aws.flow_body(definition=FORK, description="new")
    got = aws.ok("UpdateFlow", flow["id"], body=body)
    for name, value in body.items():
        equal(name, got.get(name), value)
    equal("id", got.get("id"), flow["id"])


@update.documented("1.4")
def keeps_when_it_was_made(aws: Bedrock) -> None:
    """An update keeps createdAt and moves updatedAt."""
    flow = aws.flow()
    got = updated(aws, flow["id"])
    equal("createdAt", got.get("createdAt"), flow["createdAt"])
    holds(
        "updatedAt",
        is_so=str(got.get("updatedAt")) > str(flow["updatedAt"]),
        expected=f"later than {flow['updatedAt']}",
        got=got.get("updatedAt"),
    )


@update.documented("1.4")
def drops_the_description(aws: Bedrock) -> None:
    """A description that an update leaves out is gone."""
    lacks("the flow", updated(aws, aws.flow(description="old")["id"]), "description")


@update.presumed("9.21")
def drops_the_definition(aws: Bedrock) -> None:
    """A definition that an update leaves out is gone."""
    lacks("the flow", updated(aws, aws.flow()["id"], definition=None), "definition")


@update.documented("1.3")
def unprepares(aws: Bedrock) -> None:
    """An update makes a flow NotPrepared, even one that changes nothing."""
    flow = aws.prepared()
    now = aws.ok("GetFlow", flow)
    got = updated(aws, flow, name=now["name"], definition=now["definition"])
    equal("status", got.get("status"), "NotPrepared")


@update.presumed("1.4")
def forgets_findings(aws: Bedrock) -> None:
    """An update takes the findings of the last preparation away."""
    flow = aws.prepared()
    updated(aws, flow)
    lacks("the flow", aws.ok("GetFlow", flow), "validations")


@update.documented("1.4")
def of_nothing(aws: Bedrock) -> None:
    """An update of a flow that is not there is ResourceNotFoundException."""
    aws.refused("UpdateFlow", UNKNOWN, body=aws.flow_body(), status=404, code="ResourceNotFoundException")


@update.documented("1.4")
def needs_a_role(aws: Bedrock) -> None:
    """An update needs name and executionRoleArn."""
    body = {"name": aws.name()}
    aws.refused("UpdateFlow", aws.flow()["id"], body=body, status=400, code="ValidationException")


@update.presumed("1.4")
def to_a_taken_name(aws: Bedrock) -> None:
    """An update to the name of another flow is a conflict."""
    body = aws.flow_body(name=aws.flow()["name"])
    aws.refused("UpdateFlow", aws.flow()["id"], body=body, status=409, code="ConflictException")


@update.documented("1.4")
def keeps_tags_and_aliases(aws: Bedrock) -> None:
    """An update keeps tags and aliases."""
    flow = aws.flow(tags={"team": "a"})
    updated(aws, flow["id"])
    equal("tags", aws.ok("ListTagsForResource", flow["arn"]).get("tags"), {"team": "a"})
    aws.ok("GetFlowAlias", flow["id"], DRAFT)


@delete.documented("1.4")
def answers_the_id(aws: Bedrock) -> None:
    """Deleting a flow answers 200 and its id."""
    flow = aws.flow()
    equal("the answer", aws.ok("DeleteFlow", flow["id"]), {"id": flow["id"]})


@delete.documented("1.4")
def is_gone(aws: Bedrock) -> None:
    """A deleted flow can't be read, and not be deleted again."""
    flow = aws.flow()["id"]
    aws.ok("DeleteFlow", flow)
    aws.refused("GetFlow", flow, status=404, code="ResourceNotFoundException")
    aws.refused("DeleteFlow", flow, status=404, code="ResourceNotFoundException")


@delete.presumed("9.11")
def held_by_an_alias(aws: Bedrock) -> None:
    """A flow with an alias can't be deleted."""
    flow = aws.prepared()
    aws.alias(flow, aws.version(flow))
    aws.refused("DeleteFlow", flow, status=409, code="ConflictException")


@delete.documented("1.4")
def forced(aws: Bedrock) -> None:
    """With skipResourceInUseCheck=true it can."""
    flow = aws.prepared()
    aws.alias(flow, aws.version(flow))
    aws.ok("DeleteFlow", flow, query=[("skipResourceInUseCheck", "true")])
    aws.refused("GetFlow", flow, status=404, code="ResourceNotFoundException")


@delete.presumed("9.11")
def versions_do_not_hold(aws: Bedrock) -> None:
    """Versions alone don't keep a flow from being deleted."""
    flow = aws.prepared()
    aws.version(flow)
    aws.ok("DeleteFlow", flow)


@delete.documented("1.4")
def frees_its_name(aws: Bedrock) -> None:
    """The name of a deleted flow can be used again."""
    flow = aws.flow()
    aws.ok("DeleteFlow", flow["id"])
    differ("the id of the new flow", aws.flow(name=flow["name"]).get("id"), flow["id"])


@delete.documented("1.4")
def is_not_listed(aws: Bedrock) -> None:
    """A deleted flow is not listed."""
    flow = aws.flow()["id"]
    aws.ok("DeleteFlow", flow)
    listed = [one.get("id") for one in aws.every("ListFlows", key="flowSummaries")]
    holds("the listed flows", is_so=flow not in listed, expected=f"none with the id {flow}", got=listed)
