"""Requests to members, members to responses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from headrace.apis.bedrock.codec import Codec, Params
from headrace.apis.bedrock.model import load
from headrace.apis.bedrock.shapes import MAX_DEPTH
from headrace.core.errors import Invalid, Malformed

ROLE = "arn:aws:iam::111122223333:role/r"
TOKEN = "6f0e0000-0000-4000-8000-000000000000"
DEFINITION = b"""{ "nodes": [ {"type": "Input", "name": "In"},
  {"name": "Ask", "type": "Prompt", "configuration": {"prompt": {"sourceConfiguration": {"inline": {
    "templateType": "TEXT", "templateConfiguration": {"text": {"text": "\\u00e9 {{x}}"}}, "modelId": "m",
    "inferenceConfiguration": {"text": {"temperature": 0, "topP": 0.80, "maxTokens": 10}},
    "additionalModelRequestFields": {"n": null, "big": 123456789012345678901234567890, "f": 1.0}}}}}}
]  }"""


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(load())


def decode(codec: Codec, operation: str, body: bytes | dict[str, Any] = b"", **bound: Any) -> Params:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return codec.decode(operation, uri=bound.get("uri", {}), query=bound.get("query", ()), body=text)


def problems(codec: Codec, operation: str, body: Any = b"", **bound: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(Invalid) as caught:
        decode(codec, operation, body, **bound)
    return [(p.where, p.path, p.kind, p.message) for p in caught.value.problems]


FLOW = {"flowIdentifier": "ABCDEFGHIJ"}


# Bodies


def test_a_good_body_is_kept_to_the_byte(codec: Codec) -> None:
    body = b'{"name": "n1", "executionRoleArn": "%s", "definition": %s}' % (ROLE.encode(), DEFINITION)
    params = decode(codec, "CreateFlow", body)
    assert params.raw("definition") == DEFINITION
    assert params == {"name": "n1", "executionRoleArn": ROLE, "definition": json.loads(DEFINITION)}


def test_a_null_beside_a_member_does_not_cost_its_bytes(codec: Codec) -> None:
    body = b'{"name": "n1", "executionRoleArn": "%s", "description": null, "definition": %s}'
    params = decode(codec, "CreateFlow", body % (ROLE.encode(), DEFINITION))
    assert "description" not in params
    assert params.raw("definition") == DEFINITION


def test_nulls_and_unknown_members_are_dropped_from_what_is_kept(codec: Codec) -> None:
    body = {"definition": {"nodes": None, "connections": [], "futureThing": {"x": 1}}, "futureToo": 1}
    params = decode(codec, "ValidateFlowDefinition", body)
    assert params == {"definition": {"connections": []}}
    assert params.raw("definition") == b'{"connections":[]}'


def test_a_whole_number_is_kept_as_clients_read_integers(codec: Codec) -> None:
    sent = DEFINITION.replace(b'"maxTokens": 10', b'"maxTokens": 10.0')
    body = b'{"name": "n1", "executionRoleArn": "%s", "definition": %s}' % (ROLE.encode(), sent)
    kept = decode(codec, "CreateFlow", body).raw("definition")
    assert b'"maxTokens":10}' in kept
    assert b'"f":1.0' in kept, "what is in a document is the model's, and stays as it is"


def test_a_member_that_was_not_sent_has_no_raw_form(codec: Codec) -> None:
    params = decode(codec, "CreateFlow", {"name": "n1", "executionRoleArn": ROLE})
    with pytest.raises(KeyError):
        params.raw("definition")


@pytest.mark.parametrize("document", [None, 0, 1.5, "", [], {}, {"a": [None, {"b": None}]}])
def test_documents_are_kept_verbatim(codec: Codec, document: Any) -> None:
    body = {"inputs": [{"nodeName": "x", "content": {"document": document}}], "unknown": 1}
    uri = {"flowIdentifier": "ABCDEFGHIJ", "flowAliasIdentifier": "TSTALIASID"}
    assert decode(codec, "InvokeFlow", body, uri=uri)["inputs"] == body["inputs"]


def test_no_body_is_an_empty_object(codec: Codec) -> None:
    assert decode(codec, "CreateFlowVersion", b"", uri=FLOW) == FLOW
    assert problems(codec, "CreateFlow") == [
        ("body", ("name",), "missing", "Member must not be null"),
        ("body", ("executionRoleArn",), "missing", "Member must not be null"),
    ]


def test_an_operation_without_body_members_reads_no_body(codec: Codec) -> None:
    assert decode(codec, "PrepareFlow", b"{}", uri=FLOW) == FLOW
    assert decode(codec, "GetFlow", b"not json", uri=FLOW) == FLOW


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": 1e999}',
        b'{"name": "x",}',
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"definition": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_not_a_json_object_is_malformed(codec: Codec, body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(codec, "CreateFlow", body)


def test_nesting_beyond_the_cap_is_a_problem(codec: Codec) -> None:
    def body(levels: int) -> dict[str, Any]:
        document: Any = 1
        for _ in range(levels):
            document = [document]
        return {"inputs": [{"nodeName": "x", "content": {"document": document}}]}

    uri = {"flowIdentifier": "ABCDEFGHIJ", "flowAliasIdentifier": "TSTALIASID"}
    around = 4  # the body, inputs, its item, content
    assert decode(codec, "InvokeFlow", body(MAX_DEPTH - around), uri=uri)["inputs"]
    assert problems(codec, "InvokeFlow", body(MAX_DEPTH - around + 1), uri=uri) == [
        ("body", (), "depth", f"Member must not be nested deeper than {MAX_DEPTH} levels")
    ]


def test_every_violation_of_a_request_is_reported_at_once(codec: Codec) -> None:
    found = problems(
        codec,
        "CreateFlowAlias",
        {"name": "-", "routingConfiguration": [{"flowVersion": "0"}, {}], "clientToken": "short"},
        uri={"flowIdentifier": "nope"},
    )
    assert {(where, path, kind) for where, path, kind, _ in found} == {
        ("path", ("flowIdentifier",), "pattern"),
        ("body", ("name",), "pattern"),
        ("body", ("routingConfiguration",), "length"),
        ("body", ("routingConfiguration", 0, "flowVersion"), "pattern"),
        ("body", ("routingConfiguration", 1, "flowVersion"), "missing"),
        ("body", ("clientToken",), "length"),
    }


# Path and query


def test_an_arn_names_a_flow(codec: Codec) -> None:
    arn = "arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ"
    assert decode(codec, "GetFlow", uri={"flowIdentifier": arn}) == {"flowIdentifier": arn}


@pytest.mark.parametrize(
    "given", ["", "ABC", "ABCDEFGHIJ\n", "arn:aws-cn:bedrock:x:111122223333:flow/ABCDEFGHIJ"]
)
def test_what_cannot_name_a_flow_is_refused(codec: Codec, given: str) -> None:
    [(where, path, kind, message)] = problems(codec, "GetFlow", uri={"flowIdentifier": given})
    assert (where, path, kind) == ("path", ("flowIdentifier",), "pattern")
    assert message.startswith("Member must satisfy regular expression pattern: (arn:aws:bedrock:")


def test_query_members_have_types(codec: Codec) -> None:
    assert decode(codec, "ListFlows", query=[("maxResults", "100"), ("nextToken", "t"), ("x", "y")]) == {
        "maxResults": 100,
        "nextToken": "t",
    }
    for text, value in (("true", True), ("false", False)):
        params = decode(codec, "DeleteFlow", uri=FLOW, query=[("skipResourceInUseCheck", text)])
        assert params["skipResourceInUseCheck"] is value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "Member must have value greater than or equal to 1"),
        ("-5", "Member must have value greater than or equal to 1"),
        ("1001", "Member must have value less than or equal to 1000"),
        ("", "Member must be an integer"),
        ("1.0", "Member must be an integer"),
        ("٣", "Member must be an integer"),
        ("1_0", "Member must be an integer"),
        ("9" * 5000, "Member must be an integer"),
    ],
)
def test_max_results_has_limits(codec: Codec, text: str, message: str) -> None:
    [(where, path, _, found)] = problems(codec, "ListFlows", query=[("maxResults", text)])
    assert (where, path, found) == ("query", ("maxResults",), message)


@pytest.mark.parametrize("text", ["True", "1", ""])
def test_a_boolean_is_true_or_false(codec: Codec, text: str) -> None:
    found = problems(codec, "DeleteFlow", uri=FLOW, query=[("skipResourceInUseCheck", text)])
    assert found == [("query", ("skipResourceInUseCheck",), "type", "Member must be a boolean")]


def test_a_repeated_key_is_a_list(codec: Codec) -> None:
    arn = {"resourceArn": "arn:aws:bedrock:us-east-1:111122223333:flow/ABCDEFGHIJ"}
    params = decode(codec, "UntagResource", uri=arn, query=[("tagKeys", "b"), ("tagKeys", "a b")])
    assert params["tagKeys"] == ["b", "a b"]
    assert decode(codec, "UntagResource", uri=arn)["tagKeys"] == []
    assert problems(codec, "UntagResource", uri=arn, query=[("tagKeys", "ok"), ("tagKeys", "!")]) == [
        (
            "query",
            ("tagKeys", 1),
            "pattern",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9\\s._:/=+@-]*",
        )
    ]


def test_the_event_type_of_an_event_list_is_required(codec: Codec) -> None:
    uri = {"flowIdentifier": "ABCDEFGHIJ", "flowAliasIdentifier": "TSTALIASID", "executionIdentifier": "e1"}
    [(where, path, kind, _)] = problems(codec, "ListFlowExecutionEvents", uri=uri)
    assert (where, path, kind) == ("query", ("eventType",), "missing")
    [(_, _, kind, message)] = problems(codec, "ListFlowExecutionEvents", uri=uri, query=[("eventType", "x")])
    assert (kind, message) == ("enum", "Member must satisfy enum value set: [Node, Flow]")


# Definitions by themselves


def test_a_definition_can_be_checked_by_itself(codec: Codec) -> None:
    definition = json.loads(DEFINITION)
    assert codec.definition_ok(definition)
    assert codec.definition_problems(definition) == ()
    assert codec.normalise_definition(definition) is definition


def test_a_definition_with_nulls_is_a_definition(codec: Codec) -> None:
    definition = {"nodes": [{"name": "In", "type": "Input", "inputs": None}], "connections": None, "x": 1}
    assert codec.definition_ok(definition)
    assert codec.normalise_definition(definition) == {"nodes": [{"name": "In", "type": "Input"}]}


@pytest.mark.parametrize("value", [None, 1, "text", [], {"nodes": 1}, {"nodes": [{}]}])
def test_what_is_no_definition_is_refused(codec: Codec, value: Any) -> None:
    assert not codec.definition_ok(value)
    with pytest.raises(Invalid) as caught:
        codec.normalise_definition(value)
    assert caught.value.problems == codec.definition_problems(value) != ()


# Responses

CREATED = datetime(2025, 3, 13, 14, 10, 21, 274124, tzinfo=timezone(timedelta(hours=2)))


def test_a_response_is_encoded_as_modelled(codec: Codec) -> None:
    status, headers, body = codec.encode(
        "CreateFlowVersion",
        {"version": "1", "createdAt": CREATED, "definition": DEFINITION, "description": None},
    )
    assert (status, headers) == (201, [(b"content-type", b"application/json")])
    expected = b'{"version":"1","createdAt":"2025-03-13T12:10:21.274124Z","definition":%s}'
    assert body == expected % DEFINITION


def test_a_time_without_microseconds_shows_them(codec: Codec) -> None:
    _, _, body = codec.encode("GetFlow", {"createdAt": datetime(2025, 1, 2, tzinfo=UTC)})
    assert body == b'{"createdAt":"2025-01-02T00:00:00.000000Z"}'


def test_the_runtime_shows_nanoseconds(codec: Codec) -> None:
    _, _, body = codec.encode("GetFlowExecution", {"startedAt": CREATED, "endedAt": "2025-01-01T00:00:00Z"})
    assert body == b'{"startedAt":"2025-03-13T12:10:21.274124000Z","endedAt":"2025-01-01T00:00:00Z"}'


def test_nested_members_are_rendered_too(codec: Codec) -> None:
    item = {"id": "A", "createdAt": CREATED, "description": None}
    _, _, body = codec.encode("ListFlows", {"flowSummaries": [item], "nextToken": None})
    assert body == b'{"flowSummaries":[{"id":"A","createdAt":"2025-03-13T12:10:21.274124Z"}]}'


def test_documents_are_not_touched(codec: Codec) -> None:
    fields = {"variants": [{"name": "v", "additionalModelRequestFields": {"a": None}, "modelId": None}]}
    _, _, body = codec.encode("GetPrompt", fields)
    assert json.loads(body) == {"variants": [{"name": "v", "additionalModelRequestFields": {"a": None}}]}


def test_a_flow_inside_a_loop_is_rendered(codec: Codec) -> None:
    inner = {"nodes": [{"name": "LoopIn", "type": "LoopInput", "inputs": None}]}
    loop = {"name": "Loop", "type": "Loop", "configuration": {"loop": {"definition": inner}}}
    _, _, body = codec.encode("GetFlow", {"definition": {"nodes": [loop]}})
    nodes = json.loads(body)["definition"]["nodes"]
    assert nodes[0]["configuration"]["loop"]["definition"] == {
        "nodes": [{"name": "LoopIn", "type": "LoopInput"}]
    }


def test_an_empty_response_is_an_empty_object(codec: Codec) -> None:
    assert codec.encode("TagResource", {}) == (200, [(b"content-type", b"application/json")], b"{}")


def test_the_head_of_an_event_stream(codec: Codec) -> None:
    status, headers, body = codec.encode("InvokeFlow", {"executionId": "e-1"})
    assert (status, body) == (200, b"")
    assert headers == [
        (b"content-type", b"application/vnd.amazon.eventstream"),
        (b"x-amz-bedrock-flow-execution-id", b"e-1"),
    ]


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("GetFlow", {"flowId": "A"}),
        ("GetFlow", {"flowId": None}),
        ("ListFlows", {"flowSummaries": [{"flowId": "A"}]}),
        ("TagResource", {"anything": 1}),
    ],
)
def test_a_member_that_does_not_exist_is_our_error(
    codec: Codec, operation: str, values: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="has no member"):
        codec.encode(operation, values)


def test_the_status_of_an_error_is_the_services(codec: Codec) -> None:
    assert codec.error_status("bedrock-agent", "ServiceQuotaExceededException") == 402
    assert codec.error_status("bedrock-agent-runtime", "ServiceQuotaExceededException") == 400
