"""Each documented error of the operations, as boto3 raises it (bedrock 1.1, 6.1, 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import (
    ROLE,
    definition,
    new_name,
    new_token,
    refused,
    send,
)
from tests.contract.conftest import LiveServer

Make = Callable[..., Mapping[str, Any]]


def _fields(caught: pytest.ExceptionInfo[Any]) -> dict[str, str]:
    return {field["name"]: field["message"] for field in caught.value.response["fieldList"]}


def test_all_violations_at_once(bedrock: Any) -> None:
    broken = definition()
    broken["nodes"][0]["name"] = "9 lives"
    broken["nodes"][1]["type"] = "Oracle"
    broken["connections"][1]["configuration"]["data"]["sourceOutput"] = "no-hyphens"
    with refused("ValidationException", 400) as caught:
        bedrock.create_flow(
            name="two--hyphens",
            description="d" * 201,
            executionRoleArn="arn:aws:iam::1:user/somebody",
            customerEncryptionKeyArn="key",
            definition=broken,
            clientToken="x" * 40 + "!",
        )
    fields = _fields(caught)
    assert set(fields) == {
        "name",
        "description",
        "executionRoleArn",
        "customerEncryptionKeyArn",
        "clientToken",
        "definition.nodes.1.member.name",
        "definition.nodes.2.member.type",
        "definition.connections.2.member.configuration.data.sourceOutput",
    }
    message = caught.value.response["Error"]["Message"]
    assert message.startswith("8 validation errors detected: ")
    for name in fields:
        assert f"Value at '{name}' failed to satisfy constraint: Member must " in message
    assert fields["name"] == ("Member must satisfy regular expression pattern: ([0-9a-zA-Z][_-]?){1,100}")


def test_one_violation_in_the_words_of_aws(bedrock: Any) -> None:
    with refused("ValidationException", 400) as caught:
        bedrock.create_flow(name="-", executionRoleArn=ROLE)
    assert caught.value.response["Error"]["Message"] == (
        "1 validation error detected: Value at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ([0-9a-zA-Z][_-]?){1,100}"
    )


@pytest.mark.parametrize("name", ["", "-a", "a--b", "a_-b", "a b", "ä", "a" * 101, "a\n"])
def test_illegal_names(server: LiveServer, name: str) -> None:
    answer = send(server.url, "POST", "/flows/", {"name": name, "executionRoleArn": ROLE})
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert "name" in {field["name"] for field in answer.json()["fieldList"]}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("description", ""),
        ("description", 7),
        ("executionRoleArn", None),
        ("executionRoleArn", "arn:aws:iam::111122223333:role/" + "r" * 2048),
        ("definition", []),
        ("definition", {"nodes": [{"name": "A", "type": "Input"}] * 41}),
        ("definition", {"connections": [{"name": "A", "type": "Data", "source": "B"}]}),
        ("clientToken", "short"),
        ("name", ["a"]),
    ],
)
def test_members_out_of_shape(server: LiveServer, member: str, value: Any) -> None:
    wanted = {"name": new_name(), "executionRoleArn": ROLE, member: value}
    answer = send(server.url, "POST", "/flows/", wanted)
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.body
    assert all(field["name"].startswith(member) for field in answer.json()["fieldList"])


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"7", b'"text"', b"null", b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000, b"{} {}"]
)
def test_bodies_that_are_not_json(server: LiveServer, prepared: str, body: bytes) -> None:
    answer = send(server.url, "POST", f"/flows/{prepared}/versions", body)
    assert (answer.status, answer.error) == (400, "SerializationException"), answer.body
    assert list(answer.json()) == ["message"]


def test_a_deep_document_is_refused(server: LiveServer) -> None:
    depth = 5000
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    body = b'{"name":"deep","executionRoleArn":"%s","definition":%s}' % (ROLE.encode(), deep)
    answer = send(server.url, "POST", "/flows/", body)
    assert answer.status == 400


def test_a_flow_id_out_of_shape(bedrock: Any) -> None:
    for call in (bedrock.get_flow, bedrock.create_flow_version, bedrock.list_flow_versions):
        with refused("ValidationException", 400, "flowIdentifier"):
            call(flowIdentifier="no such flow")


def test_included_data_out_of_its_enum(bedrock: Any, prepared: str) -> None:
    with refused("ValidationException", 400, "includedData", "ALL_DATA"):
        bedrock.get_flow(flowIdentifier=prepared, includedData="SOME")


@pytest.mark.parametrize("description", ["d" * 201, "d" * 5000])
def test_a_version_description_out_of_shape(bedrock: Any, prepared: str, description: str) -> None:
    with refused("ValidationException", 400) as caught:
        bedrock.create_flow_version(flowIdentifier=prepared, description=description)
    assert list(_fields(caught)) == ["description"]
    made = bedrock.create_flow_version(flowIdentifier=prepared, description="ü" * 200)
    assert (made["version"], made["description"]) == ("1", "ü" * 200)


def test_not_found_is_said_of_every_operation(bedrock: Any) -> None:
    unknown = {"flowIdentifier": "ABCDEFGHIJ"}
    numbered = {**unknown, "flowVersion": "1"}
    for call, given in (
        (bedrock.get_flow, unknown),
        (bedrock.update_flow, {**unknown, "name": new_name(), "executionRoleArn": ROLE}),
        (bedrock.delete_flow, unknown),
        (bedrock.prepare_flow, unknown),
        (bedrock.create_flow_version, unknown),
        (bedrock.list_flow_versions, unknown),
        (bedrock.get_flow_version, numbered),
        (bedrock.delete_flow_version, numbered),
    ):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException, match="ABCDEFGHIJ"):
            call(**given)


def test_shape_is_checked_before_existence(bedrock: Any) -> None:
    with refused("ValidationException", 400, "description"):
        bedrock.create_flow_version(flowIdentifier="ABCDEFGHIJ", description="d" * 201)


def test_the_quota_of_versions_counts_live_ones(make_server: Any) -> None:
    client = checked_client(make_server(quota_flow_versions="2", store="memory:").url)
    flow = client.create_flow(name="full", executionRoleArn=ROLE, definition=definition())["id"]
    client.prepare_flow(flowIdentifier=flow)
    token = new_token()
    client.create_flow_version(flowIdentifier=flow, clientToken=token)
    client.create_flow_version(flowIdentifier=flow)
    with refused("ServiceQuotaExceededException", 402, "2"):
        client.create_flow_version(flowIdentifier=flow)
    replayed = client.create_flow_version(flowIdentifier=flow, clientToken=token)
    assert replayed["version"] == "1", "a replay takes no room"
    client.delete_flow_version(flowIdentifier=flow, flowVersion="1")
    assert client.create_flow_version(flowIdentifier=flow)["version"] == "3"


def test_the_quota_of_flows(make_server: Any) -> None:
    client = checked_client(make_server(quota_flows="1", store="memory:").url)
    only = client.create_flow(name="only", executionRoleArn=ROLE)["id"]
    with refused("ServiceQuotaExceededException", 402, "1"):
        client.create_flow(name="second", executionRoleArn=ROLE)
    client.delete_flow(flowIdentifier=only)
    client.create_flow(name="second", executionRoleArn=ROLE)


def test_throttling_is_per_operation(make_server: Any) -> None:
    live = make_server(rate_limit="0.001", rate_burst="2", store="memory:")
    client = checked_client(live.url)
    for _ in range(2):
        client.list_flows()
    with refused("ThrottlingException", 429) as caught:
        client.list_flows()
    assert caught.value.response["Error"]["Message"] == "Rate exceeded"
    assert int(caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1
    client.create_flow(name="another-operation", executionRoleArn=ROLE)


def test_a_body_larger_than_accepted(make_server: Any) -> None:
    live = make_server(max_body="2000", store="memory:")
    client = checked_client(live.url)
    with refused("RequestEntityTooLargeException", 413, "2000"):
        client.create_flow(name="large", executionRoleArn=ROLE, definition=definition("x" * 2000))
    chunked = {"transfer-encoding": "chunked", "authorization": "any"}
    body = b"7d1\r\n" + b"x" * 2001 + b"\r\n0\r\n\r\n"
    answer = send(live.url, "POST", "/flows/", body, headers=chunked)
    assert (answer.status, answer.error) == (413, "RequestEntityTooLargeException")
    client.create_flow(name="small", executionRoleArn=ROLE)


def test_eight_mebibytes_are_accepted(bedrock: Any) -> None:
    made = bedrock.create_flow(
        name=new_name(), executionRoleArn=ROLE, definition=definition("x" * 8 * 1024 * 1024)
    )
    assert len(bedrock.raw_text) > 8 * 1024 * 1024
    bedrock.delete_flow(flowIdentifier=made["id"])


def test_strict_limits(make_server: Any, bedrock: Any) -> None:
    wide = definition()
    wide["connections"] = [{**wide["connections"][0], "name": f"c{index}"} for index in range(21)]
    bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, definition=wide)
    strict = checked_client(make_server(strict_limits="true", store="memory:").url)
    with refused("ValidationException", 400, "definition.connections"):
        strict.create_flow(name=new_name(), executionRoleArn=ROLE, definition=wide)
