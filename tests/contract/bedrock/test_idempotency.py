"""Client tokens: the same request twice is one act and one answer (bedrock 1.1, Idempotency)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, definition, new_name, new_token, refused

Make = Callable[..., Mapping[str, Any]]


def test_a_repeated_create_flow_version(bedrock: Any, prepared: str) -> None:
    token = new_token()
    bedrock.create_flow_version(flowIdentifier=prepared, description="d", clientToken=token)
    first = bedrock.raw_text
    bedrock.create_flow_version(flowIdentifier=prepared, description="d", clientToken=token)
    assert bedrock.raw_text == first
    assert bedrock.create_flow_version(flowIdentifier=prepared)["version"] == "2"  # none was burned


def test_the_id_and_the_arn_are_the_same_flow(bedrock: Any, make_flow: Make) -> None:
    flow, token = make_flow(is_prepared=True), new_token()
    bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)
    first = bedrock.raw_text
    bedrock.create_flow_version(flowIdentifier=flow["arn"], clientToken=token)
    assert bedrock.raw_text == first


def test_a_replay_outlives_edits(bedrock: Any, make_flow: Make) -> None:
    flow, token = make_flow(is_prepared=True), new_token()
    bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)
    first = bedrock.raw_text
    bedrock.update_flow(flowIdentifier=flow["id"], name=new_name(), executionRoleArn=ROLE)
    bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)  # the draft is not prepared now
    assert bedrock.raw_text == first


def test_a_repeated_create_flow(bedrock: Any) -> None:
    wanted = {
        "name": new_name(),
        "description": "first",
        "executionRoleArn": ROLE,
        "definition": definition(),
        "clientToken": new_token(),
    }
    made = bedrock.create_flow(**wanted)
    first = bedrock.raw_text
    bedrock.create_flow(**wanted)
    assert bedrock.raw_text == first
    bedrock.update_flow(
        flowIdentifier=made["id"], name=new_name(), executionRoleArn=ROLE + "-2", description="second"
    )
    bedrock.prepare_flow(flowIdentifier=made["id"])
    bedrock.create_flow(**wanted)
    assert bedrock.raw_text == first, "the original answer, whatever the flow is now"


def test_other_parameters_conflict(bedrock: Any, prepared: str) -> None:
    token = new_token()
    bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)
    with refused("ConflictException", 409, token):
        bedrock.create_flow_version(flowIdentifier=prepared, description="other", clientToken=token)
    bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, clientToken=token)  # another operation
    with refused("ConflictException", 409, token):
        bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, clientToken=token)


def test_each_flow_has_its_own_tokens(bedrock: Any, make_flow: Make) -> None:
    token = new_token()
    for flow in (make_flow(is_prepared=True), make_flow(is_prepared=True)):
        made = bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)
        assert (made["id"], made["version"]) == (flow["id"], "1")


def test_a_failure_is_not_remembered(bedrock: Any, make_flow: Make) -> None:
    flow, token = make_flow(), new_token()
    with refused("ConflictException", 409, "NotPrepared"):
        bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)
    bedrock.prepare_flow(flowIdentifier=flow["id"])
    made = bedrock.create_flow_version(flowIdentifier=flow["id"], clientToken=token)
    assert made["version"] == "1"


def test_a_token_is_forgotten_with_its_version(bedrock: Any, prepared: str) -> None:
    token = new_token()
    bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)
    bedrock.delete_flow_version(flowIdentifier=prepared, flowVersion="1")
    assert bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)["version"] == "2"


def test_a_token_is_forgotten_with_its_flow(bedrock: Any) -> None:
    wanted = {"name": new_name(), "executionRoleArn": ROLE, "clientToken": new_token()}
    first = bedrock.create_flow(**wanted)["id"]
    bedrock.delete_flow(flowIdentifier=first)
    assert bedrock.create_flow(**wanted)["id"] != first


def test_a_token_expires(make_server: Any) -> None:
    client = checked_client(make_server(client_token_lifetime="1", store="memory:").url)
    flow = client.create_flow(name="expiring", executionRoleArn=ROLE, definition=definition())
    client.prepare_flow(flowIdentifier=flow["id"])
    token = new_token()
    deadline = time.monotonic() + 60
    numbers = set()
    while numbers != {"1", "2"}:
        assert time.monotonic() < deadline, "the token was never forgotten"
        numbers.add(client.create_flow_version(flowIdentifier=flow["id"], clientToken=token)["version"])


@pytest.mark.parametrize("token", ["x" * 32 + "-", "y" * 257, "z" * 32 + "_z", "-" + "a" * 40])
def test_tokens_that_are_none(bedrock: Any, prepared: str, token: str) -> None:
    with refused("ValidationException", 400, "clientToken"):
        bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)


def test_the_longest_and_the_shortest_token(bedrock: Any, prepared: str) -> None:
    for token in ("a" * 33, "b" * 256):
        bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)
        first = bedrock.raw_text
        bedrock.create_flow_version(flowIdentifier=prepared, clientToken=token)
        assert bedrock.raw_text == first
