"""How the two services are spoken to: paths, bodies, headers, errors (bedrock 0, 1.1, 6)."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from headrace.conformance.bedrock.client import Bedrock, names_failing
from headrace.conformance.bedrock.definitions import LINE, changed
from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, equal, has, holds, lacks, matches, member

area = Area("bedrock", "protocol")
UNKNOWN = "ZZZZZZZZZZ"
TIMES = ("createdAt", "updatedAt")


@area.documented("6.1")
def request_id_on_success(aws: Bedrock) -> None:
    """Every answer carries x-amzn-RequestId."""
    aws.ok("ListFlows")
    assert aws.last is not None
    has("the headers", dict(aws.last.headers), ["x-amzn-requestid"])


@area.documented("6.1")
def request_id_on_errors(aws: Bedrock) -> None:
    """An error carries x-amzn-RequestId too."""
    answer = aws.call("GetFlow", UNKNOWN)
    has("the headers", dict(answer.headers), ["x-amzn-requestid"])


@area.documented("6.1")
def request_ids_differ(aws: Bedrock) -> None:
    """No two requests have the same id."""
    ids = {aws.call("ListFlows").headers.get("x-amzn-requestid") for _ in range(3)}
    equal("the number of different request ids of three requests", len(ids), 3)


@area.documented("1.1")
def content_type(aws: Bedrock) -> None:
    """Answers are application/json."""
    answer = aws.call("ListFlows")
    matches("the content type", answer.headers.get("content-type"), r"application/json(;.*)?")


@area.documented("6.1")
def error_code_in_a_header(aws: Bedrock) -> None:
    """The error's code is in x-amzn-ErrorType, its status and text are the service model's."""
    error = aws.refused("GetFlow", UNKNOWN, status=404, code="ResourceNotFoundException")
    matches("message", error.get("message"), ".+")


@area.documented("0.2")
def arn_in_a_path(aws: Bedrock) -> None:
    """An ARN with its colons and slashes encoded is one segment of the path."""
    flow = aws.ok("GetFlow", aws.line())
    equal("the id", aws.ok("GetFlow", flow["arn"]).get("id"), flow["id"])


@area.presumed("0.3")
def paths_without_their_last_slash(aws: Bedrock) -> None:
    """A path that the model ends with a slash is taken without it as well."""
    equal("the status", aws.send("GET", f"/flows/{aws.line()}").status, 200)


@area.presumed("0.3")
def paths_with_a_slash_more(aws: Bedrock) -> None:
    """A path that the model ends without a slash is taken with one as well."""
    equal("the status", aws.send("GET", f"/flows/{aws.line()}/versions/").status, 200)


@area.presumed("1.2")
def empty_identifier(aws: Bedrock) -> None:
    """GET /flows// is a bad identifier, not a list."""
    aws.check_error(aws.send("GET", "/flows//"), status=400, code="ValidationException")


@area.documented("1.4")
def identifier_pattern(aws: Bedrock) -> None:
    """An identifier outside of its pattern is refused."""
    aws.refused("GetFlow", "not an id", status=400, code="ValidationException")


@area.presumed("9.58")
def unknown_path(aws: Bedrock) -> None:
    """A path that no operation has is UnknownOperationException."""
    answer = aws.send("GET", f"/flows/{aws.line()}/nothing")
    aws.check_error(answer, status=404, code="UnknownOperationException")


@area.presumed("1.1")
def malformed_json(aws: Bedrock) -> None:
    """A body that is no JSON is SerializationException."""
    answer = aws.send("POST", "/flows/", body=b"{")
    aws.check_error(answer, status=400, code="SerializationException")


@area.documented("1.1")
def unknown_members_are_ignored(aws: Bedrock) -> None:
    """A member that the operation does not know is ignored."""
    lacks("the flow", aws.flow(nonsense={"a": 1}), "nonsense")


@area.presumed("1.1")
def null_is_absent(aws: Bedrock) -> None:
    """null for an optional member is the same as leaving it out."""
    body = {**aws.flow_body(), "description": None}
    lacks("the flow", aws.ok("CreateFlow", body=body), "description")


@area.documented("1.1")
def times_are_in_utc(aws: Bedrock) -> None:
    """Times are ISO 8601 and end in Z."""
    flow = aws.flow()
    for name in TIMES:
        matches(name, flow.get(name), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@area.documented("1.1")
def times_have_microseconds(aws: Bedrock) -> None:
    """Times of flows have six digits after the point, as AWS's own answers have."""
    flow = aws.ok("GetFlow", aws.line())
    for name in TIMES:
        matches(name, flow.get(name), r".*\.\d{6}Z")


@area.documented("1.1")
def ids(aws: Bedrock) -> None:
    """The id of a flow is ten capital letters and digits."""
    matches("id", aws.flow().get("id"), "[A-Z0-9]{10}")


@area.documented("1.1")
def arn_of_a_flow(aws: Bedrock) -> None:
    """The ARN of a flow names partition, service, region, account and id."""
    flow = aws.flow()
    pattern = rf"arn:aws:bedrock:[a-z0-9-]{{1,20}}:\d{{12}}:flow/{re.escape(str(flow['id']))}"
    matches("arn", flow.get("arn"), pattern)


@area.presumed("1.1")
def foreign_arn(aws: Bedrock) -> None:
    """The ARN of a flow in another account is not found."""
    arn = f"arn:aws:bedrock:{aws.setup.region}:999999999999:flow/{aws.line()}"
    aws.refused("GetFlow", arn, status=404, code="ResourceNotFoundException")


@area.presumed("1.1")
def shape_before_existence(aws: Bedrock) -> None:
    """What is wrong with a request is said before whether the flow is there."""
    body = {"description": "d" * 201}
    aws.refused("CreateFlowVersion", UNKNOWN, body=body, status=400, code="ValidationException")


@area.presumed("1.1")
def all_violations_at_once(aws: Bedrock) -> None:
    """A request that is wrong in two ways is told both, each with the member's name in fieldList."""
    body = aws.flow_body(name="a--b", description="d" * 201)
    error = aws.refused("CreateFlow", body=body, status=400, code="ValidationException")
    names_failing(error, "name")
    names_failing(error, "description")


@area.presumed("1.1")
def words_of_a_violation(aws: Bedrock) -> None:
    """A broken pattern is told in the words of AWS's request validation."""
    error = aws.refused("CreateFlow", body=aws.flow_body(name="a--b"), status=400, code="ValidationException")
    expected = (
        "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: ([0-9a-zA-Z][_-]?){1,100}"
    )
    equal("message", error.get("message"), expected)


@area.documented("1.1")
def violations_name_fields(aws: Bedrock) -> None:
    """Items of fieldList have a name and a message."""
    error = aws.refused("CreateFlow", body=aws.flow_body(name="a--b"), status=400, code="ValidationException")
    first = member("fieldList", error, "fieldList", 0)
    has("an item of fieldList", first, ["name", "message"])


@area.presumed("1.1")
def violation_deep_inside(aws: Bedrock) -> None:
    """A member deep inside of a definition is named by its way from the top."""
    body = aws.flow_body(definition=changed(LINE, "nodes/0/name", "9 lives"))
    error = aws.refused("CreateFlow", body=body, status=400, code="ValidationException")
    names_failing(error, "definition.nodes.1.member.name")


@area.presumed("1.1")
def body_of_a_request_without_one(aws: Bedrock) -> None:
    """An operation whose request has no body tolerates an empty object."""
    flow = aws.flow()
    equal("the status", aws.send("POST", f"/flows/{flow['id']}/", body=b"{}").status, 202)


@area.documented("1.1")
def numbers_are_echoed(aws: Bedrock) -> None:
    """Numbers of a definition come back as they were sent: 0 as 0, 0.8 as 0.8."""
    definition = {"nodes": [_prompt_with_numbers()]}
    flow = aws.flow(definition=definition)
    text = json.dumps(flow.get("definition"))
    for part in ('"temperature": 0,', '"topP": 0.8,'):
        holds("the numbers in the definition", is_so=part in text, expected=part, got=text)


def _prompt_with_numbers() -> dict[str, object]:
    inline = {
        "modelId": "amazon.nova-lite-v1:0",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "Hello"}},
        "inferenceConfiguration": {"text": {"temperature": 0, "topP": 0.8, "maxTokens": 10}},
    }
    settings = {"prompt": {"sourceConfiguration": {"inline": inline}}}
    return {"name": "Ask", "type": "Prompt", "configuration": settings}


@area.documented("1.1")
def text_beyond_ascii(aws: Bedrock) -> None:
    """Text of any script comes back as it was sent."""
    text = "Ünïcödé 流れ 🌊"
    equal("description", aws.flow(description=text).get("description"), text)


@area.documented("1.2")
def tag_arn_in_a_path(aws: Bedrock) -> None:
    """The operations on tags take the whole ARN in the path."""
    flow = aws.flow()
    answer = aws.send("GET", "/tags/" + quote(str(flow["arn"]), safe=""))
    equal("the status", answer.status, 200)
    contains("the answer", list(answer.json()), "tags")
