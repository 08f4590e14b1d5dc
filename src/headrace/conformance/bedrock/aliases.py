"""Aliases: names for versions, and the one that every flow is born with (bedrock 1.4)."""

from __future__ import annotations

import re

from headrace.conformance.bedrock.client import DRAFT, Bedrock
from headrace.conformance.bedrock.definitions import echo
from headrace.conformance.bedrock.flow_changes import updated
from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, holds, lacks, matches, members

create = Area("bedrock", "create-flow-alias")
change = Area("bedrock", "change-flow-alias")
draft = Area("bedrock", "draft-alias")

MEMBERS = ("name", "routingConfiguration", "flowId", "id", "arn", "createdAt", "updatedAt")


def _flow(aws: Bedrock) -> str:
    """The shared flow with a version that checks may make aliases to."""

    def make(maker: Bedrock) -> str:
        flow = maker.prepared()
        maker.version(flow)
        return flow

    return str(aws.shared("flow with a version", make))


def _refused(aws: Bedrock, **members_: object) -> None:
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": "1"}], **members_}
    aws.refused("CreateFlowAlias", _flow(aws), body=body, status=400, code="ValidationException")


@create.documented("1.4")
def status_and_members(aws: Bedrock) -> None:
    """An alias is created with 201, and the answer has the members of the model and no other."""
    members("the alias", aws.alias(_flow(aws), "1"), MEMBERS)


@create.documented("1.1")
def arn(aws: Bedrock) -> None:
    """The ARN of an alias is its flow's, then alias and its id."""
    flow = aws.ok("GetFlow", _flow(aws))
    alias = aws.alias(flow["id"], "1")
    equal("arn", alias.get("arn"), f"{flow['arn']}/alias/{alias['id']}")
    matches("id", alias.get("id"), "[A-Z0-9]{10}")
    equal("flowId", alias.get("flowId"), flow["id"])


@create.documented("1.4")
def routing_comes_back(aws: Bedrock) -> None:
    """The routing comes back as it was sent."""
    equal(
        "routingConfiguration", aws.alias(_flow(aws), "1").get("routingConfiguration"), [{"flowVersion": "1"}]
    )


@create.documented("1.4")
def every_member_comes_back(aws: Bedrock) -> None:
    """Description and concurrency come back as they were sent."""
    sent = {"description": "told", "concurrencyConfiguration": {"type": "Manual", "maxConcurrency": 3}}
    alias = aws.alias(_flow(aws), "1", **sent)
    for name, value in sent.items():
        equal(name, alias.get(name), value)


@create.documented("1.4")
def two_routes(aws: Bedrock) -> None:
    """An alias leads to one version, not two."""
    _refused(aws, routingConfiguration=[{"flowVersion": "1"}, {"flowVersion": "1"}])


@create.documented("1.4")
def no_route(aws: Bedrock) -> None:
    """An alias leads to one version, not none."""
    _refused(aws, routingConfiguration=[])


@create.presumed("1.4")
def route_to_nowhere(aws: Bedrock) -> None:
    """A route needs a version."""
    _refused(aws, routingConfiguration=[{}])


@create.documented("1.4")
def version_pattern(aws: Bedrock) -> None:
    """A version is a number or DRAFT."""
    _refused(aws, routingConfiguration=[{"flowVersion": "latest"}])


@create.documented("1.4")
def concurrency_type(aws: Bedrock) -> None:
    """Concurrency is Automatic or Manual."""
    _refused(aws, concurrencyConfiguration={"type": "Fast"})


@create.documented("1.4")
def concurrency_size(aws: Bedrock) -> None:
    """At most a hundred nodes run at a time."""
    _refused(aws, concurrencyConfiguration={"type": "Manual", "maxConcurrency": 101})


@create.documented("1.4")
def name_pattern(aws: Bedrock) -> None:
    """The name of an alias has the pattern of all names."""
    _refused(aws, name="a--b")


@create.presumed("9.14")
def unknown_version(aws: Bedrock) -> None:
    """An alias to a version that is not there is ResourceNotFoundException."""
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": "77"}]}
    aws.refused("CreateFlowAlias", _flow(aws), body=body, status=404, code="ResourceNotFoundException")


@create.presumed("9.10")
def names_are_unique(aws: Bedrock) -> None:
    """A second alias of the same name in a flow is a conflict."""
    flow = _flow(aws)
    body = {"name": aws.alias(flow, "1")["name"], "routingConfiguration": [{"flowVersion": "1"}]}
    aws.refused("CreateFlowAlias", flow, body=body, status=409, code="ConflictException")


@create.presumed("9.13")
def to_the_draft(aws: Bedrock) -> None:
    """An alias may lead to DRAFT."""
    alias = aws.alias(_flow(aws), "DRAFT")
    equal("routingConfiguration", alias.get("routingConfiguration"), [{"flowVersion": "DRAFT"}])


@create.documented("1.1")
def token_repeats(aws: Bedrock) -> None:
    """A request with a clientToken that was used answers the alias that there is."""
    body = {
        "name": aws.name(),
        "routingConfiguration": [{"flowVersion": "1"}],
        "clientToken": f"{aws.setup.prefix}-token-of-some-length-{aws.name()}",
    }
    first = aws.ok("CreateFlowAlias", _flow(aws), body=body)
    equal("the repeated answer", aws.ok("CreateFlowAlias", _flow(aws), body=body).get("id"), first["id"])


@change.documented("1.4")
def read(aws: Bedrock) -> None:
    """An alias reads as it was answered when it was created, by its id and by its ARN."""
    flow = _flow(aws)
    alias = aws.alias(flow, "1", description="told")
    equal("the alias", aws.ok("GetFlowAlias", flow, alias["id"]), alias)
    equal("the alias by its ARN", aws.ok("GetFlowAlias", flow, alias["arn"]), alias)


@change.documented("1.4")
def unknown(aws: Bedrock) -> None:
    """An alias that is not there is ResourceNotFoundException."""
    aws.refused("GetFlowAlias", _flow(aws), "ZZZZZZZZZZ", status=404, code="ResourceNotFoundException")


@change.documented("1.4")
def update_leads_elsewhere(aws: Bedrock) -> None:
    """An update lets an alias lead to another version, and the next run takes it."""
    flow = aws.prepared(definition=echo(kind="Array", expression="$.data[0]", gives="String"))
    alias = aws.alias(flow, aws.version(flow))
    updated(aws, flow, definition=echo(kind="Array", expression="$.data[1]", gives="String"))
    aws.prepare(flow)
    route = [{"flowVersion": aws.version(flow)}]
    equal("before", aws.outputs(flow, ["a", "b"], alias=alias["id"]), [("Out", "a")])
    body = {"name": alias["name"], "routingConfiguration": route}
    got = aws.ok("UpdateFlowAlias", flow, alias["id"], body=body)
    equal("routingConfiguration", got.get("routingConfiguration"), route)
    equal("after", aws.outputs(flow, ["a", "b"], alias=alias["id"]), [("Out", "b")])


@change.documented("1.4")
def update_replaces(aws: Bedrock) -> None:
    """A description that an update leaves out is gone; id and createdAt stay."""
    flow = _flow(aws)
    alias = aws.alias(flow, "1", description="old")
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": "1"}]}
    got = aws.ok("UpdateFlowAlias", flow, alias["id"], body=body)
    lacks("the alias", got, "description")
    for name in ("id", "createdAt"):
        equal(name, got.get(name), alias[name])


@change.documented("1.4")
def update_needs_a_route(aws: Bedrock) -> None:
    """An update needs a routing configuration."""
    flow = _flow(aws)
    alias = aws.alias(flow, "1")["id"]
    body = {"name": aws.name()}
    aws.refused("UpdateFlowAlias", flow, alias, body=body, status=400, code="ValidationException")


@change.documented("1.4")
def delete_answers_ids(aws: Bedrock) -> None:
    """Deleting an alias answers 200 and both ids; it can't be read afterwards."""
    flow = _flow(aws)
    alias = aws.alias(flow, "1")["id"]
    equal("the answer", aws.ok("DeleteFlowAlias", flow, alias), {"flowId": flow, "id": alias})
    aws.refused("GetFlowAlias", flow, alias, status=404, code="ResourceNotFoundException")
    aws.refused("DeleteFlowAlias", flow, alias, status=404, code="ResourceNotFoundException")


@change.documented("1.4")
def listed(aws: Bedrock) -> None:
    """Every alias is listed, with the members that it has when it is read."""
    flow = aws.prepared()
    aws.version(flow)
    made = aws.alias(flow, "1", description="told")
    found = [
        one
        for one in aws.every("ListFlowAliases", flow, key="flowAliasSummaries")
        if one.get("id") == made["id"]
    ]
    equal("the summaries of the alias", found, [made])


@draft.documented("0.9")
def is_there_from_birth(aws: Bedrock) -> None:
    """Every flow has an alias TSTALIASID, which leads to DRAFT."""
    flow = aws.flow()["id"]
    alias = aws.ok("GetFlowAlias", flow, DRAFT)
    equal("routingConfiguration", alias.get("routingConfiguration"), [{"flowVersion": "DRAFT"}])
    equal("id", alias.get("id"), DRAFT)


@draft.documented("0.9")
def is_listed(aws: Bedrock) -> None:
    """It is listed."""
    listed_ids = [
        one.get("id") for one in aws.every("ListFlowAliases", aws.flow()["id"], key="flowAliasSummaries")
    ]
    equal("the ids", listed_ids, [DRAFT])


@draft.documented("1.4")
def name(aws: Bedrock) -> None:
    """Its name begins with TSTALIASID: tools tell it from others by that."""
    matches("name", aws.ok("GetFlowAlias", aws.line(), DRAFT).get("name"), f"{DRAFT}.*")


@draft.documented("1.4")
def arn_of_the_draft(aws: Bedrock) -> None:
    """Its ARN ends with its id."""
    flow = str(aws.ok("GetFlow", aws.line())["arn"])
    matches("arn", aws.ok("GetFlowAlias", aws.line(), DRAFT).get("arn"), re.escape(f"{flow}/alias/{DRAFT}"))


@draft.presumed("9.15")
def stays(aws: Bedrock) -> None:
    """It can't be deleted."""
    aws.refused("DeleteFlowAlias", aws.line(), DRAFT, status=400, code="ValidationException")


@draft.presumed("9.15")
def leads_to_the_draft(aws: Bedrock) -> None:
    """It can't be led elsewhere."""
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": "1"}]}
    aws.refused("UpdateFlowAlias", _flow(aws), DRAFT, body=body, status=400, code="ValidationException")


@draft.presumed("9.18")
def comes_first(aws: Bedrock) -> None:
    """It comes first in lists; the others, newest first, after it."""
    flow = aws.prepared()
    aws.version(flow)
    made = [aws.alias(flow, "1")["id"] for _ in range(2)]
    listed_ids = [one.get("id") for one in aws.every("ListFlowAliases", flow, key="flowAliasSummaries")]
    equal("the ids", listed_ids, [DRAFT, *reversed(made)])


@draft.documented("1.4")
def goes_with_its_flow(aws: Bedrock) -> None:
    """It goes with its flow."""
    flow = aws.flow()["id"]
    aws.ok("DeleteFlow", flow)
    answer = aws.call("GetFlowAlias", flow, DRAFT)
    holds("the status", is_so=answer.status == 404, expected="404", got=answer.status)


AREAS = (create, change, draft)
