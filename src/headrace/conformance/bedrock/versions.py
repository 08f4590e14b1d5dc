"""Versions of flows: numbered, never changed (bedrock 1.4)."""

from __future__ import annotations

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.definitions import FORK, LINE
from headrace.conformance.bedrock.flow_changes import updated
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, has, lacks, member, members, sequence

create = Area("bedrock", "create-flow-version")
get = Area("bedrock", "get-flow-version")
listing = Area("bedrock", "list-flow-versions")
delete = Area("bedrock", "delete-flow-version")

MEMBERS = ("arn", "createdAt", "definition", "executionRoleArn", "id", "name", "status", "version")
FORCE = [("skipResourceInUseCheck", "true")]


def _body_with_token(aws: Bedrock) -> dict[str, str]:
    return {"clientToken": f"{aws.setup.prefix}-token-of-some-length-{aws.name()}"}


def _not_prepared(operation: str) -> str:
    return (
        f"Couldn't perform {operation} operation. The resource that you specified is currently in status "
        "NotPrepared. Retry your request after the resource changes to a valid status."
    )


@create.documented("1.4")
def status_and_members(aws: Bedrock) -> None:
    """A version is created with 201, and the answer has the members of the model and no other."""
    members("the version", aws.ok("CreateFlowVersion", aws.prepared()), MEMBERS)


@create.documented("1.4")
def counts_from_one(aws: Bedrock) -> None:
    """The first version is "1", the next one "2"."""
    flow = aws.prepared()
    equal("the numbers", [aws.version(flow), aws.version(flow)], ["1", "2"])


@create.documented("1.4")
def has_the_arn_of_its_flow(aws: Bedrock) -> None:
    """A version has no ARN of its own: it answers its flow's."""
    flow = aws.prepared()
    equal("arn", aws.ok("CreateFlowVersion", flow).get("arn"), aws.ok("GetFlow", flow)["arn"])


@create.documented("1.4")
def is_named_as_its_flow(aws: Bedrock) -> None:
    """A version has the id, the name and the role of its flow, and is Prepared."""
    flow = aws.ok("GetFlow", aws.prepared())
    made = aws.ok("CreateFlowVersion", flow["id"])
    for name in ("id", "name", "executionRoleArn"):
        equal(name, made.get(name), flow[name])
    equal("status", made.get("status"), "Prepared")


@create.documented("1.4")
def has_its_own_description(aws: Bedrock) -> None:
    """A version's description is the request's, not the flow's."""
    flow = aws.prepared(description="of the flow")
    lacks("the version without one", aws.ok("CreateFlowVersion", flow), "description")
    made = aws.ok("CreateFlowVersion", flow, body={"description": "of the version"})
    equal("description", made.get("description"), "of the version")


@create.documented("1.4")
def of_an_unprepared_flow(aws: Bedrock) -> None:
    """A flow that was never prepared has no versions: ConflictException."""
    aws.refused("CreateFlowVersion", aws.flow()["id"], status=409, code="ConflictException")


@create.documented("1.3")
def words_about_an_unprepared_flow(aws: Bedrock) -> None:
    """It is told in the words that AWS was seen to use."""
    error = aws.refused("CreateFlowVersion", aws.flow()["id"], status=409, code="ConflictException")
    equal("message", error.get("message"), _not_prepared("CreateFlowVersion"))


@create.presumed("9.5")
def of_an_edited_flow(aws: Bedrock) -> None:
    """A flow that was edited since it was prepared has to be prepared again first."""
    flow = aws.prepared()
    updated(aws, flow)
    aws.refused("CreateFlowVersion", flow, status=409, code="ConflictException")


@create.documented("1.4")
def of_nothing(aws: Bedrock) -> None:
    """A version of a flow that is not there is ResourceNotFoundException."""
    aws.refused("CreateFlowVersion", UNKNOWN, status=404, code="ResourceNotFoundException")


@create.documented("1.4")
def description_too_long(aws: Bedrock) -> None:
    """A description has at most 200 characters."""
    body = {"description": "d" * 201}
    aws.refused("CreateFlowVersion", aws.line(), body=body, status=400, code="ValidationException")


@create.documented("1.1")
def token_repeats(aws: Bedrock) -> None:
    """A request with a clientToken that was used answers the version that there is."""
    flow, body = aws.prepared(), _body_with_token(aws)
    first = aws.ok("CreateFlowVersion", flow, body=body)
    equal(
        "the repeated answer", aws.ok("CreateFlowVersion", flow, body=body).get("version"), first["version"]
    )


@create.presumed("1.1")
def token_answers_the_same(aws: Bedrock) -> None:
    """The repeated answer is the first one to the letter."""
    flow, body = aws.prepared(), _body_with_token(aws)
    first = aws.ok("CreateFlowVersion", flow, body=body)
    equal("the repeated answer", aws.ok("CreateFlowVersion", flow, body=body), first)


@create.documented("1.1")
def token_takes_no_number(aws: Bedrock) -> None:
    """A repeated request takes no number."""
    flow, body = aws.prepared(), _body_with_token(aws)
    for _ in range(3):
        aws.ok("CreateFlowVersion", flow, body=body)
    equal("the next number", aws.version(flow), "2")


@create.presumed("9.1")
def token_with_another_request(aws: Bedrock) -> None:
    """A clientToken that was used with another request is a conflict."""
    flow, body = aws.prepared(), _body_with_token(aws)
    aws.ok("CreateFlowVersion", flow, body=body)
    aws.refused(
        "CreateFlowVersion", flow, body={**body, "description": "x"}, status=409, code="ConflictException"
    )


@create.documented("1.4")
def same_content_again(aws: Bedrock) -> None:
    """A version of the same content gets a number of its own."""
    flow = aws.prepared()
    aws.version(flow)
    first, second = (aws.ok("GetFlowVersion", flow, number) for number in ("1", aws.version(flow)))
    equal("the definitions", second.get("definition"), first.get("definition"))


@create.documented("1.4")
def never_changes(aws: Bedrock) -> None:
    """A version keeps its definition, name and role when its flow is changed."""
    flow = aws.prepared(definition=LINE)
    aws.version(flow)
    before = aws.ok("GetFlowVersion", flow, "1")
    updated(aws, flow, definition=FORK, description="another")
    aws.prepare(flow)
    equal("the version", aws.ok("GetFlowVersion", flow, "1"), before)
    aws.version(flow)
    equal("the next version's definition", aws.ok("GetFlowVersion", flow, "2").get("definition"), FORK)


@create.presumed("9.9")
def numbers_are_never_reused(aws: Bedrock) -> None:
    """The number of a deleted version is not given again."""
    flow = aws.prepared()
    aws.version(flow)
    aws.ok("DeleteFlowVersion", flow, aws.version(flow))
    equal("the next number", aws.version(flow), "3")


@get.documented("1.4")
def answers_what_was_created(aws: Bedrock) -> None:
    """A version reads as it was answered when it was created."""
    flow = aws.prepared()
    made = aws.ok("CreateFlowVersion", flow, body={"description": "told"})
    equal("the version", aws.ok("GetFlowVersion", flow, made["version"]), made)


@get.documented("1.4")
def has_no_findings(aws: Bedrock) -> None:
    """A version has neither validations nor updatedAt."""
    flow = aws.prepared()
    lacks("the version", aws.ok("GetFlowVersion", flow, aws.version(flow)), "validations", "updatedAt")


@get.documented("1.4")
def draft_is_none(aws: Bedrock) -> None:
    """DRAFT is no number of a version."""
    aws.refused("GetFlowVersion", aws.line(), "DRAFT", status=400, code="ValidationException")


@get.documented("1.4")
def unknown(aws: Bedrock) -> None:
    """A number that there is not is ResourceNotFoundException."""
    aws.refused("GetFlowVersion", aws.line(), "77", status=404, code="ResourceNotFoundException")


@get.documented("1.4")
def metadata_only(aws: Bedrock) -> None:
    """includedData=METADATA_ONLY leaves the definition out."""
    flow = aws.prepared()
    query = [("includedData", "METADATA_ONLY")]
    lacks("the version", aws.ok("GetFlowVersion", flow, aws.version(flow), query=query), "definition")


@get.documented("1.1")
def by_arn(aws: Bedrock) -> None:
    """A version is found by its flow's ARN."""
    flow = aws.ok("GetFlow", aws.prepared())
    number = aws.version(flow["id"])
    equal("id", aws.ok("GetFlowVersion", flow["arn"], number).get("id"), flow["id"])


@listing.documented("1.4")
def holds_every_version(aws: Bedrock) -> None:
    """Every version is listed, DRAFT is not; a summary has five members."""
    flow = aws.prepared()
    numbers = {aws.version(flow) for _ in range(3)}
    listed = aws.every("ListFlowVersions", flow, key="flowVersionSummaries")
    equal("the numbers", sorted(str(one.get("version")) for one in listed), sorted(numbers))
    members("a summary", listed[0], ["id", "arn", "status", "createdAt", "version"])


@listing.documented("1.4")
def empty(aws: Bedrock) -> None:
    """A flow without versions lists none."""
    page = aws.ok("ListFlowVersions", aws.flow()["id"])
    equal("the page", page, {"flowVersionSummaries": []})


@listing.presumed("9.18")
def highest_first(aws: Bedrock) -> None:
    """The highest number comes first."""
    flow = aws.prepared()
    for _ in range(3):
        aws.version(flow)
    listed = aws.every("ListFlowVersions", flow, key="flowVersionSummaries")
    equal("the numbers", [one.get("version") for one in listed], ["3", "2", "1"])


@listing.documented("1.1")
def pages_lead_on(aws: Bedrock) -> None:
    """A token leads to the next page: nothing twice, nothing left out."""
    flow = aws.prepared()
    for _ in range(3):
        aws.version(flow)
    query = [("maxResults", "1")]
    listed = aws.every("ListFlowVersions", flow, key="flowVersionSummaries", query=query)
    equal("the numbers", sorted(str(one.get("version")) for one in listed), ["1", "2", "3"])


@listing.documented("1.4")
def of_an_unknown_flow(aws: Bedrock) -> None:
    """The versions of a flow that is not there are ResourceNotFoundException."""
    aws.refused("ListFlowVersions", UNKNOWN, status=404, code="ResourceNotFoundException")


@delete.documented("1.4")
def answers_id_and_number(aws: Bedrock) -> None:
    """Deleting a version answers 200, its flow's id and its number."""
    flow = aws.prepared()
    aws.version(flow)
    equal("the answer", aws.ok("DeleteFlowVersion", flow, "1"), {"id": flow, "version": "1"})


@delete.documented("1.4")
def is_gone(aws: Bedrock) -> None:
    """A deleted version can't be read, and not be deleted again."""
    flow = aws.prepared()
    aws.version(flow)
    aws.ok("DeleteFlowVersion", flow, "1")
    aws.refused("GetFlowVersion", flow, "1", status=404, code="ResourceNotFoundException")
    aws.refused("DeleteFlowVersion", flow, "1", status=404, code="ResourceNotFoundException")


@delete.documented("1.4")
def held_by_an_alias(aws: Bedrock) -> None:
    """A version that an alias leads to can't be deleted: ConflictException."""
    flow = aws.prepared()
    aws.alias(flow, aws.version(flow))
    aws.refused("DeleteFlowVersion", flow, "1", status=409, code="ConflictException")


@delete.documented("1.4")
def forced(aws: Bedrock) -> None:
    """With skipResourceInUseCheck=true it can."""
    flow = aws.prepared()
    aws.alias(flow, aws.version(flow))
    aws.ok("DeleteFlowVersion", flow, "1", query=FORCE)


@delete.presumed("9.12")
def forced_leaves_the_alias(aws: Bedrock) -> None:
    """The alias stays, and running through it is ResourceNotFoundException."""
    flow = aws.prepared()
    alias = str(aws.alias(flow, aws.version(flow))["id"])
    aws.ok("DeleteFlowVersion", flow, "1", query=FORCE)
    aws.ok("GetFlowAlias", flow, alias)
    body = {"inputs": [{"nodeName": "In", "nodeOutputName": "document", "content": {"document": "hi"}}]}
    aws.refused("InvokeFlow", flow, alias, body=body, status=404, code="ResourceNotFoundException")


@delete.documented("1.4")
def of_one_keeps_the_others(aws: Bedrock) -> None:
    """Deleting a version leaves the others as they are."""
    flow = aws.prepared()
    aws.version(flow)
    aws.version(flow)
    aws.ok("DeleteFlowVersion", flow, "1")
    listed = sequence("flowVersionSummaries", aws.ok("ListFlowVersions", flow).get("flowVersionSummaries"))
    equal("the numbers", [member("a summary", one, "version") for one in listed], ["2"])
    has("the version", aws.ok("GetFlowVersion", flow, "2"), ["definition"])


AREAS = (create, get, listing, delete)
