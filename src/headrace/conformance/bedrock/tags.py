"""Tags of flows, aliases and prompts (bedrock 1.1, 1.4)."""

from __future__ import annotations

from headrace.conformance.bedrock.client import DRAFT, Bedrock
from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal

area = Area("bedrock", "tags")


def _tags(aws: Bedrock, arn: str) -> object:
    return aws.ok("ListTagsForResource", arn).get("tags")


@area.documented("1.4")
def given_when_created(aws: Bedrock) -> None:
    """Tags that a flow is created with are listed."""
    flow = aws.flow(tags={"team": "a", "cost": "1"})
    equal("tags", _tags(aws, flow["arn"]), {"team": "a", "cost": "1"})


@area.documented("1.4")
def none(aws: Bedrock) -> None:
    """A flow without tags has an empty map, not no map."""
    equal("tags", _tags(aws, aws.flow()["arn"]), {})


@area.documented("1.4")
def added(aws: Bedrock) -> None:
    """TagResource adds to what there is, overwrites what it names, and answers an empty object."""
    flow = aws.flow(tags={"team": "a", "cost": "1"})
    equal("the answer", aws.ok("TagResource", flow["arn"], body={"tags": {"team": "b", "new": ""}}), {})
    equal("tags", _tags(aws, flow["arn"]), {"team": "b", "cost": "1", "new": ""})


@area.documented("1.4")
def taken_away(aws: Bedrock) -> None:
    """UntagResource takes away what it names, and answers an empty object."""
    flow = aws.flow(tags={"a": "1", "b": "2", "c": "3"})
    keys = [("tagKeys", "a"), ("tagKeys", "c")]
    equal("the answer", aws.ok("UntagResource", flow["arn"], query=keys), {})
    equal("tags", _tags(aws, flow["arn"]), {"b": "2"})


@area.documented("1.4")
def unknown_keys(aws: Bedrock) -> None:
    """A key that is not there is no error for UntagResource."""
    aws.ok("UntagResource", aws.flow()["arn"], query=[("tagKeys", "nope")])


@area.documented("1.1")
def of_an_alias(aws: Bedrock) -> None:
    """Aliases have tags."""
    flow = aws.prepared()
    alias = aws.alias(flow, aws.version(flow), tags={"team": "a"})
    equal("tags", _tags(aws, alias["arn"]), {"team": "a"})


@area.documented("1.1")
def of_the_draft_alias(aws: Bedrock) -> None:
    """TSTALIASID has tags, as CloudFormation's TestAliasTags says."""
    arn = aws.ok("GetFlowAlias", aws.flow()["id"], DRAFT)["arn"]
    aws.ok("TagResource", arn, body={"tags": {"team": "a"}})
    equal("tags", _tags(aws, arn), {"team": "a"})


@area.documented("1.1")
def of_a_prompt(aws: Bedrock) -> None:
    """Prompts have tags."""
    equal("tags", _tags(aws, aws.prompt(tags={"team": "a"})["arn"]), {"team": "a"})


@area.documented("1.4")
def of_nothing(aws: Bedrock) -> None:
    """The tags of something that is not there are ResourceNotFoundException."""
    arn = str(aws.ok("GetFlow", aws.line())["arn"])[:-10] + "ZZZZZZZZZZ"
    aws.refused("ListTagsForResource", arn, status=404, code="ResourceNotFoundException")


@area.documented("1.1")
def characters(aws: Bedrock) -> None:
    """A value may have blanks and the signs . _ : / = + @ -."""
    value = "a b._:/=+@-"
    equal("tags", _tags(aws, aws.flow(tags={"key": value})["arn"]), {"key": value})


@area.presumed("1.1")
def reserved_prefix(aws: Bedrock) -> None:
    """Keys that begin with aws: are AWS's own."""
    body = aws.flow_body(tags={"aws:mine": "1"})
    aws.refused("CreateFlow", body=body, status=400, code="ValidationException")


@area.documented("1.4")
def go_with_their_flow(aws: Bedrock) -> None:
    """Tags go with their flow."""
    flow = aws.flow(tags={"team": "a"})
    aws.ok("DeleteFlow", flow["id"])
    aws.refused("ListTagsForResource", flow["arn"], status=404, code="ResourceNotFoundException")
