"""CreateFlowVersion, GetFlowVersion, ListFlowVersions, DeleteFlowVersion through boto3 (bedrock 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contract.bedrock.things import (
    KEY,
    ROLE,
    definition,
    faulty_definition,
    new_name,
    refused,
    without_metadata,
)

Make = Callable[..., Mapping[str, Any]]
MEMBERS = {"arn", "createdAt", "definition", "executionRoleArn", "id", "name", "status", "version"}


def test_every_member_of_a_version(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True, customerEncryptionKeyArn=KEY, description="of the flow")
    before = datetime.now(UTC)
    made = without_metadata(
        bedrock.create_flow_version(flowIdentifier=flow["id"], description="of the version")
    )
    assert before <= made.pop("createdAt") <= datetime.now(UTC)
    assert made == {
        "arn": flow["arn"],
        "customerEncryptionKeyArn": KEY,
        "definition": flow["definition"],
        "description": "of the version",
        "executionRoleArn": ROLE,
        "id": flow["id"],
        "name": flow["name"],
        "status": "Prepared",
        "version": "1",
    }


def test_what_was_not_given_is_absent(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True, description="of the flow, not of the version")
    bedrock.create_flow_version(flowIdentifier=flow["id"])
    assert set(bedrock.raw) == MEMBERS


def test_get_equals_create(bedrock: Any, prepared: str) -> None:
    made = without_metadata(bedrock.create_flow_version(flowIdentifier=prepared, description="d"))
    found = without_metadata(bedrock.get_flow_version(flowIdentifier=prepared, flowVersion="1"))
    assert found == made
    bedrock.get_flow_version(flowIdentifier=prepared, flowVersion="1", includedData="METADATA_ONLY")
    assert set(bedrock.raw) == (MEMBERS | {"description"}) - {"definition"}
    [summary] = bedrock.list_flow_versions(flowIdentifier=prepared)["flowVersionSummaries"]
    assert summary == {k: made[k] for k in ("arn", "createdAt", "id", "status", "version")}


def test_unchanged_content_gets_a_new_number(bedrock: Any, prepared: str) -> None:
    made = [bedrock.create_flow_version(flowIdentifier=prepared) for _ in range(3)]
    assert [one["version"] for one in made] == ["1", "2", "3"]
    assert made[0]["createdAt"] < made[1]["createdAt"] < made[2]["createdAt"]


def test_a_version_never_changes(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True, description="d")
    first = without_metadata(bedrock.create_flow_version(flowIdentifier=flow["id"]))
    bedrock.update_flow(
        flowIdentifier=flow["id"],
        name=new_name(),
        executionRoleArn=ROLE + "-2",
        definition=definition("something else"),
    )
    bedrock.prepare_flow(flowIdentifier=flow["id"])
    second = bedrock.create_flow_version(flowIdentifier=flow["id"])
    assert second["definition"] == definition("something else")
    assert second["name"] != flow["name"]
    assert without_metadata(bedrock.get_flow_version(flowIdentifier=flow["id"], flowVersion="1")) == first


@pytest.mark.parametrize("status", ["NotPrepared", "Failed", "edited"])
def test_only_a_prepared_draft_becomes_a_version(bedrock: Any, make_flow: Make, status: str) -> None:
    flow = make_flow(definition=faulty_definition() if status == "Failed" else definition())
    if status != "NotPrepared":
        bedrock.prepare_flow(flowIdentifier=flow["id"])
    if status == "edited":
        bedrock.update_flow(flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE)
    shown = "Failed" if status == "Failed" else "NotPrepared"
    expected = (
        "Couldn't perform CreateFlowVersion operation. The resource that you specified is currently in "
        f"status {shown}. Retry your request after the resource changes to a valid status."
    )
    with refused("ConflictException", 409) as caught:
        bedrock.create_flow_version(flowIdentifier=flow["id"])
    assert caught.value.response["Error"]["Message"] == expected
    assert bedrock.list_flow_versions(flowIdentifier=flow["id"])["flowVersionSummaries"] == []


def test_a_failed_prepare_keeps_what_was_prepared_before(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True)
    flow_id = flow["id"]
    bedrock.update_flow(
        flowIdentifier=flow_id, name=flow["name"], executionRoleArn=ROLE, definition=faulty_definition()
    )
    bedrock.prepare_flow(flowIdentifier=flow_id)
    with refused("ConflictException", 409, "Failed"):
        bedrock.create_flow_version(flowIdentifier=flow_id)
    bedrock.update_flow(
        flowIdentifier=flow_id, name=flow["name"], executionRoleArn=ROLE, definition=definition()
    )
    bedrock.prepare_flow(flowIdentifier=flow_id)
    assert bedrock.create_flow_version(flowIdentifier=flow_id)["version"] == "1"  # refusals burn no number


def test_numbers_are_never_reused(bedrock: Any, prepared: str) -> None:
    for _ in range(3):
        bedrock.create_flow_version(flowIdentifier=prepared)
    for number in ("3", "2"):
        answer = without_metadata(bedrock.delete_flow_version(flowIdentifier=prepared, flowVersion=number))
        assert answer == {"id": prepared, "version": number}
    assert bedrock.create_flow_version(flowIdentifier=prepared)["version"] == "4"
    listed = bedrock.list_flow_versions(flowIdentifier=prepared)["flowVersionSummaries"]
    assert [one["version"] for one in listed] == ["4", "1"]
    for call in (bedrock.get_flow_version, bedrock.delete_flow_version):
        with refused("ResourceNotFoundException", 404, "3"):
            call(flowIdentifier=prepared, flowVersion="3")


@pytest.mark.parametrize("number", ["2", "0", "01", "00001", "99999"])
def test_numbers_that_name_nothing(bedrock: Any, prepared: str, number: str) -> None:
    bedrock.create_flow_version(flowIdentifier=prepared)
    with refused("ResourceNotFoundException", 404, number):
        bedrock.get_flow_version(flowIdentifier=prepared, flowVersion=number)


@pytest.mark.parametrize("number", ["DRAFT", "100000", "-1", "1.0", "one", " 1"])
def test_numbers_that_are_none(bedrock: Any, prepared: str, number: str) -> None:
    with refused("ValidationException", 400, "flowVersion"):
        bedrock.get_flow_version(flowIdentifier=prepared, flowVersion=number)


def test_deletion_with_the_check_skipped(bedrock: Any, prepared: str) -> None:
    bedrock.create_flow_version(flowIdentifier=prepared)
    answer = bedrock.delete_flow_version(
        flowIdentifier=prepared, flowVersion="1", skipResourceInUseCheck=True
    )
    assert answer["version"] == "1"
