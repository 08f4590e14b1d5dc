"""Flows are made and read (bedrock 1.4)."""

from __future__ import annotations

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.definitions import FORK, prompt
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import (
    differ,
    equal,
    has,
    lacks,
    members,
)

create = Area("bedrock", "create-flow")
get = Area("bedrock", "get-flow")

CREATED = ("name", "executionRoleArn", "id", "arn", "status", "createdAt", "updatedAt", "version")
KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"


@create.documented("1.2")
def status_and_members(aws: Bedrock) -> None:
    """A flow is created with 201, and the answer has the members of the model and no other."""
    members("the flow", aws.flow(), [*CREATED, "definition"])


@create.documented("1.3")
def begins_not_prepared(aws: Bedrock) -> None:
    """A new flow is NotPrepared."""
    equal("status", aws.flow().get("status"), "NotPrepared")


@create.documented("1.4")
def is_a_draft(aws: Bedrock) -> None:
    """The version of a new flow is DRAFT."""
    equal("version", aws.flow().get("version"), "DRAFT")


@create.presumed("1.4")
def both_times_are_one(aws: Bedrock) -> None:
    """A new flow was updated when it was created."""
    flow = aws.flow()
    equal("updatedAt", flow.get("updatedAt"), flow.get("createdAt"))


@create.documented("0.8")
def definition_is_echoed(aws: Bedrock) -> None:
    """A definition comes back as it was sent: nodes and connections in order, every configuration."""
    equal("definition", aws.flow(definition=FORK).get("definition"), FORK)


@create.documented("0.8")
def empty_configuration_is_echoed(aws: Bedrock) -> None:
    """An empty configuration stays, one that was left out stays out."""
    bare = {
        "nodes": [
            {"name": "In", "type": "Input"},
            {"name": "Out", "type": "Output", "configuration": {"output": {}}},
        ]
    }
    equal("definition", aws.flow(definition=bare).get("definition"), bare)


@create.documented("1.4")
def definition_is_optional(aws: Bedrock) -> None:
    """A flow can be created without a definition, and then answers none."""
    lacks("the flow", aws.flow(definition=None), "definition")


@create.documented("0.8")
def description_stays_absent(aws: Bedrock) -> None:
    """What was never given is absent from answers, not null."""
    lacks("the flow", aws.flow(), "description", "customerEncryptionKeyArn")


@create.documented("1.4")
def description(aws: Bedrock) -> None:
    """A description of 200 characters comes back."""
    equal("description", aws.flow(description="d" * 200).get("description"), "d" * 200)


@create.documented("1.4")
def role(aws: Bedrock) -> None:
    """The role comes back."""
    equal("executionRoleArn", aws.flow().get("executionRoleArn"), aws.setup.role)


@create.documented("1.1")
def tags_are_not_answered(aws: Bedrock) -> None:
    """Tags are no part of the answer."""
    lacks("the flow", aws.flow(tags={"team": "a"}), "tags")


@create.documented("0.7")
def broken_definition_is_accepted(aws: Bedrock) -> None:
    """A definition that can never run is kept all the same; preparing it fails."""
    alone = {"nodes": [prompt("Ask", "{{it}}", "it:String")]}
    equal("definition", aws.flow(definition=alone).get("definition"), alone)


@create.documented("2.1")
def blank_identifiers_are_accepted(aws: Bedrock) -> None:
    """A blank ARN in a configuration is kept: a draft may be half filled in."""
    blank = {"sourceConfiguration": {"resource": {"promptArn": ""}}}
    aws.flow(definition={"nodes": [{"name": "Ask", "type": "Prompt", "configuration": {"prompt": blank}}]})


@create.presumed("9.10")
def names_are_unique(aws: Bedrock) -> None:
    """A second flow of the same name is a conflict."""
    body = aws.flow_body(name=aws.flow()["name"])
    aws.refused("CreateFlow", body=body, status=409, code="ConflictException")


@create.documented("1.1")
def token_repeats(aws: Bedrock) -> None:
    """A request with a clientToken that was used makes no second flow and answers the first."""
    body = aws.flow_body(clientToken=f"{aws.setup.prefix}-token-of-some-length-{aws.name()}")
    first = aws.ok("CreateFlow", body=body)
    equal("the id that the repeated request answers", aws.ok("CreateFlow", body=body).get("id"), first["id"])


@create.presumed("9.1")
def token_with_another_request(aws: Bedrock) -> None:
    """A clientToken that was used with another request is a conflict."""
    body = aws.flow_body(clientToken=f"{aws.setup.prefix}-token-of-some-length-{aws.name()}")
    aws.ok("CreateFlow", body=body)
    aws.refused("CreateFlow", body={**body, "description": "x"}, status=409, code="ConflictException")


@create.presumed("9.2")
def token_of_what_is_gone(aws: Bedrock) -> None:
    """A clientToken is forgotten with what it made."""
    body = aws.flow_body(clientToken=f"{aws.setup.prefix}-token-of-some-length-{aws.name()}")
    first = aws.ok("CreateFlow", body=body)
    aws.ok("DeleteFlow", first["id"])
    differ("the id after the first flow was deleted", aws.ok("CreateFlow", body=body).get("id"), first["id"])


@get.documented("1.4")
def answers_what_was_created(aws: Bedrock) -> None:
    """A flow reads as it was answered when it was created."""
    flow = aws.flow(description="told")
    got = aws.ok("GetFlow", flow["id"])
    for name in (*CREATED, "definition", "description"):
        equal(name, got.get(name), flow[name])


@get.documented("1.4")
def unknown(aws: Bedrock) -> None:
    """A flow that is not there is ResourceNotFoundException."""
    aws.refused("GetFlow", UNKNOWN, status=404, code="ResourceNotFoundException")


@get.documented("1.4")
def metadata_only(aws: Bedrock) -> None:
    """includedData=METADATA_ONLY leaves the definition out."""
    flow = aws.ok("GetFlow", aws.line(), query=[("includedData", "METADATA_ONLY")])
    lacks("the flow", flow, "definition")
    has("the flow", flow, ["id", "name", "status"])


@get.presumed("9.20")
def metadata_only_without_findings(aws: Bedrock) -> None:
    """includedData=METADATA_ONLY leaves the findings out too."""
    lacks("the flow", aws.ok("GetFlow", aws.line(), query=[("includedData", "METADATA_ONLY")]), "validations")


@get.documented("1.4")
def included_data_enum(aws: Bedrock) -> None:
    """Another value of includedData is refused."""
    query = [("includedData", "SOME")]
    aws.refused("GetFlow", aws.line(), query=query, status=400, code="ValidationException")


@get.documented("1.4")
def no_findings_before_preparing(aws: Bedrock) -> None:
    """A flow that was never prepared has no member validations."""
    lacks("the flow", aws.ok("GetFlow", aws.flow()["id"]), "validations")


@get.documented("1.4")
def no_findings_when_prepared(aws: Bedrock) -> None:
    """The validations of a flow without a fault are an empty list."""
    equal("validations", aws.ok("GetFlow", aws.line()).get("validations"), [])
