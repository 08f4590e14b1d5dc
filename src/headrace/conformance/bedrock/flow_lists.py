"""Flows are listed and prepared (bedrock 1.3, 1.4)."""

from __future__ import annotations

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.definitions import LINE, echo
from headrace.conformance.bedrock.flow_changes import updated
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, equal, has, lacks, members, sequence

listing = Area("bedrock", "list-flows")
SUMMARY = {"name", "id", "arn", "status", "createdAt", "updatedAt", "version"}


@listing.documented("1.4")
def holds_every_flow(aws: Bedrock) -> None:
    """A new flow is listed, with the members of a summary."""
    flow = aws.flow()
    found = [one for one in aws.every("ListFlows", key="flowSummaries") if one.get("id") == flow["id"]]
    sequence("the summaries of the new flow", found, size=1)
    members("the summary", found[0], SUMMARY)


@listing.documented("1.1")
def page_size(aws: Bedrock) -> None:
    """maxResults=1 answers one flow, and a token when there are more."""
    aws.flow()
    aws.flow()
    page = aws.ok("ListFlows", query=[("maxResults", "1")])
    sequence("flowSummaries", page.get("flowSummaries"), size=1)
    has("the page", page, ["nextToken"])


@listing.documented("1.1")
def pages_lead_on(aws: Bedrock) -> None:
    """A token leads to the next page: nothing twice, nothing left out."""
    mine = {aws.flow()["id"] for _ in range(3)}
    listed = [one["id"] for one in aws.every("ListFlows", key="flowSummaries", query=[("maxResults", "2")])]
    equal("how many ids are listed twice", len(listed) - len(set(listed)), 0)
    for one in mine:
        contains("the listed ids", listed, one)


@listing.documented("1.1")
def last_page_has_no_token(aws: Bedrock) -> None:
    """The last page has no nextToken."""
    *_, last = aws.pages("ListFlows")
    lacks("the last page", last, "nextToken")


@listing.documented("1.1")
def max_results_too_large(aws: Bedrock) -> None:
    """maxResults is at most 1000."""
    aws.refused("ListFlows", query=[("maxResults", "5000")], status=400, code="ValidationException")


@listing.documented("1.1")
def max_results_too_small(aws: Bedrock) -> None:
    """maxResults is at least 1."""
    aws.refused("ListFlows", query=[("maxResults", "0")], status=400, code="ValidationException")


@listing.documented("1.1")
def max_results_beyond_a_page(aws: Bedrock) -> None:
    """maxResults=100 is accepted."""
    aws.ok("ListFlows", query=[("maxResults", "100")])


@listing.presumed("9.16")
def pages_of_ten(aws: Bedrock) -> None:
    """A page has ten at most, however many are asked for: the model's lists have no more."""
    flow = aws.shared("many", lambda maker: [maker.flow(definition=None) for _ in range(11)])
    page = aws.ok("ListFlows", query=[("maxResults", "100")])
    sequence("flowSummaries", page.get("flowSummaries"), size=10)
    equal("how many were made for this", len(flow), 11)


@listing.presumed("9.17")
def bad_token(aws: Bedrock) -> None:
    """A token that no page gave is refused."""
    aws.refused("ListFlows", query=[("nextToken", "bm90LWEtdG9rZW4")], status=400, code="ValidationException")


@listing.presumed("9.17")
def token_of_another_list(aws: Bedrock) -> None:
    """A token of another list is refused."""
    flow = aws.prepared()
    aws.version(flow)
    aws.version(flow)
    token = aws.ok("ListFlowVersions", flow, query=[("maxResults", "1")])["nextToken"]
    aws.refused("ListFlows", query=[("nextToken", token)], status=400, code="ValidationException")


@listing.presumed("9.18")
def newest_first(aws: Bedrock) -> None:
    """The flow that was made last comes first."""
    first, second = aws.flow()["id"], aws.flow()["id"]
    listed = [one["id"] for one in aws.every("ListFlows", key="flowSummaries")]
    order = [one for one in listed if one in (first, second)]
    equal("the order", order, [second, first])


prepare = Area("bedrock", "prepare-flow")


@prepare.documented("1.2")
def accepted(aws: Bedrock) -> None:
    """Preparing answers 202, the id and a status."""
    flow = aws.flow()["id"]
    members("the answer", aws.ok("PrepareFlow", flow), ["id", "status"])


@prepare.documented("1.3")
def preparing(aws: Bedrock) -> None:
    """The status that it answers is Preparing, as AWS's answers say."""
    equal("status", aws.ok("PrepareFlow", aws.flow()["id"]).get("status"), "Preparing")


@prepare.documented("1.3")
def becomes_prepared(aws: Bedrock) -> None:
    """A flow without a fault becomes Prepared."""
    equal("status", aws.prepare(aws.flow()["id"]).get("status"), "Prepared")


@prepare.presumed("9.4")
def at_once(aws: Bedrock) -> None:
    """The next request sees it Prepared: clients exist that never wait."""
    flow = aws.flow()["id"]
    aws.ok("PrepareFlow", flow)
    equal("status", aws.ok("GetFlow", flow).get("status"), "Prepared")


@prepare.documented("3.1")
def fails(aws: Bedrock) -> None:
    """A flow with a fault becomes Failed, and says why in validations."""
    alone = {"nodes": [{"name": "In", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}]}
    flow = aws.prepare(aws.flow(definition=alone)["id"])
    equal("status", flow.get("status"), "Failed")
    has("the first finding", sequence("validations", flow.get("validations"))[0], ["message", "severity"])


@prepare.presumed("1.4")
def without_a_definition(aws: Bedrock) -> None:
    """A flow without a definition becomes Failed: no input, no output."""
    flow = aws.prepare(aws.flow(definition=None)["id"])
    kinds = {one.get("type") for one in sequence("validations", flow.get("validations"))}
    equal("the findings", sorted(map(str, kinds)), ["MissingEndingNodes", "MissingStartingNodes"])


@prepare.documented("1.4")
def again(aws: Bedrock) -> None:
    """A flow that is Prepared can be prepared again."""
    flow = aws.prepared()
    equal("status", aws.prepare(flow).get("status"), "Prepared")


@prepare.documented("1.4")
def nothing_there(aws: Bedrock) -> None:
    """Preparing a flow that is not there is ResourceNotFoundException."""
    aws.refused("PrepareFlow", UNKNOWN, status=404, code="ResourceNotFoundException")


@prepare.documented("1.3")
def failed_flow_can_be_mended(aws: Bedrock) -> None:
    """A flow that is Failed becomes Prepared once its definition is good."""
    flow = aws.flow(definition={"nodes": []})["id"]
    equal("status", aws.prepare(flow).get("status"), "Failed")
    updated(aws, flow, definition=LINE)
    equal("status", aws.prepare(flow).get("status"), "Prepared")


@prepare.documented("1.3")
def edits_run_only_when_prepared(aws: Bedrock) -> None:
    """What was edited since the last preparation is not run by TSTALIASID."""
    flow = aws.prepared(definition=echo())
    updated(aws, flow, definition=echo(expression="$.data[0]", kind="Array", gives="String"))
    equal("the outputs", aws.outputs(flow, "as it was"), [("Out", "as it was")])
