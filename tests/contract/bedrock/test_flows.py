"""CreateFlow, GetFlow, UpdateFlow, DeleteFlow, ListFlows, PrepareFlow through boto3 (bedrock 1.3, 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.contract.bedrock.things import (
    KEY,
    ROLE,
    definition,
    faulty_definition,
    new_name,
    new_token,
    refused,
    without_metadata,
)

Make = Callable[..., Mapping[str, Any]]
MINIMAL = {"name", "executionRoleArn", "id", "arn", "status", "createdAt", "updatedAt", "version"}


def test_create_answers_all_that_was_given(bedrock: Any) -> None:
    name = new_name()
    given = {
        "name": name,
        "description": "what it is for",
        "executionRoleArn": ROLE,
        "customerEncryptionKeyArn": KEY,
        "definition": definition(),
    }
    made = without_metadata(bedrock.create_flow(**given, clientToken=new_token()))
    assert {k: v for k, v in made.items() if k in given} == given
    assert set(made) == MINIMAL | set(given)
    assert made["arn"] == f"arn:aws:bedrock:us-east-1:000000000000:flow/{made['id']}"
    assert made["id"] == made["id"].upper()
    assert (made["status"], made["version"]) == ("NotPrepared", "DRAFT")
    assert made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].utcoffset() == timedelta(0)
    assert without_metadata(bedrock.get_flow(flowIdentifier=made["id"])) == made


def test_what_was_not_given_is_absent(bedrock: Any) -> None:
    made = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE)
    assert set(bedrock.raw) == MINIMAL
    bedrock.get_flow(flowIdentifier=made["id"])
    assert set(bedrock.raw) == MINIMAL


def test_numbers_and_order_come_back_as_sent(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    text = bedrock.raw_text.decode()
    assert '"temperature":0,' in text.replace(" ", "")
    assert '"topP":0.8' in text.replace(" ", "")
    fetched = bedrock.get_flow(flowIdentifier=flow["id"])["definition"]
    assert [node["name"] for node in fetched["nodes"]] == ["In", "Ask", "Out"]
    assert [list(node) for node in fetched["nodes"]] == [list(node) for node in definition()["nodes"]]


def test_a_second_flow_of_a_name_conflicts(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    with refused("ConflictException", 409, flow["name"]):
        bedrock.create_flow(name=flow["name"], executionRoleArn=ROLE)


def test_a_faulty_definition_is_accepted(bedrock: Any) -> None:
    lone = {"nodes": [definition()["nodes"][1]]}
    made = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, definition=lone)
    assert made["definition"] == lone
    assert made["status"] == "NotPrepared"


def test_metadata_only(bedrock: Any, prepared: str) -> None:
    bedrock.get_flow(flowIdentifier=prepared, includedData="METADATA_ONLY")
    assert set(bedrock.raw) == MINIMAL
    bedrock.get_flow(flowIdentifier=prepared, includedData="ALL_DATA")
    assert set(bedrock.raw) == MINIMAL | {"definition", "validations"}


def test_update_replaces_everything(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(description="before", customerEncryptionKeyArn=KEY)
    name, role = new_name(), ROLE + "-2"
    updated = without_metadata(
        bedrock.update_flow(flowIdentifier=flow["id"], name=name, executionRoleArn=role)
    )
    assert set(updated) == MINIMAL
    assert (updated["name"], updated["executionRoleArn"]) == (name, role)
    for kept in ("id", "arn", "createdAt"):
        assert updated[kept] == flow[kept]
    assert updated["updatedAt"] > flow["updatedAt"]
    assert without_metadata(bedrock.get_flow(flowIdentifier=flow["id"])) == updated
    bedrock.create_flow(name=flow["name"], executionRoleArn=ROLE)  # the old name is free


def test_update_to_a_name_that_is_taken_conflicts(bedrock: Any, make_flow: Make) -> None:
    one, other = make_flow(), make_flow()
    with refused("ConflictException", 409, other["name"]):
        bedrock.update_flow(flowIdentifier=one["id"], name=other["name"], executionRoleArn=ROLE)
    assert bedrock.get_flow(flowIdentifier=one["id"])["name"] == one["name"]


def test_update_under_the_same_name(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    bedrock.update_flow(flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE)


def test_the_status_machine(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    flow_id, same = flow["id"], {k: flow[k] for k in ("name", "executionRoleArn", "definition")}

    def shown() -> tuple[str, Any]:
        found = bedrock.get_flow(flowIdentifier=flow_id)
        return found["status"], found.get("validations")

    assert shown() == ("NotPrepared", None)
    answer = without_metadata(bedrock.prepare_flow(flowIdentifier=flow_id))
    assert answer == {"id": flow_id, "status": "Preparing"}
    assert shown() == ("Prepared", [])
    assert bedrock.prepare_flow(flowIdentifier=flow_id)["status"] == "Preparing"
    assert shown() == ("Prepared", [])
    assert bedrock.update_flow(flowIdentifier=flow_id, **same)["status"] == "NotPrepared"
    assert shown() == ("NotPrepared", None)
    bedrock.update_flow(flowIdentifier=flow_id, **{**same, "definition": faulty_definition()})
    bedrock.prepare_flow(flowIdentifier=flow_id)
    status, findings = shown()
    assert status == "Failed"
    assert "MissingEndingNodes" in {finding["type"] for finding in findings}
    bedrock.update_flow(flowIdentifier=flow_id, **same)
    bedrock.prepare_flow(flowIdentifier=flow_id)
    assert shown() == ("Prepared", [])


def test_preparing_nothing_fails(bedrock: Any) -> None:
    flow = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE)
    bedrock.prepare_flow(flowIdentifier=flow["id"])
    found = bedrock.get_flow(flowIdentifier=flow["id"])
    assert found["status"] == "Failed"
    findings = [(one["type"], one["severity"], one["details"]) for one in found["validations"]]
    assert sorted(findings) == [
        ("MissingEndingNodes", "Error", {"missingEndingNodes": {}}),
        ("MissingStartingNodes", "Error", {"missingStartingNodes": {}}),
    ]


def test_preparing_sets_the_time_of_the_update(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True)
    assert bedrock.get_flow(flowIdentifier=flow["id"])["updatedAt"] > flow["updatedAt"]


def test_delete_takes_the_flow_away(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(is_prepared=True)
    bedrock.create_flow_version(flowIdentifier=flow["id"])
    answer = without_metadata(bedrock.delete_flow(flowIdentifier=flow["id"]))  # versions do not block
    assert answer == {"id": flow["id"]}
    for call in (
        bedrock.get_flow,
        bedrock.delete_flow,
        bedrock.prepare_flow,
        bedrock.create_flow_version,
        bedrock.list_flow_versions,
    ):
        with refused("ResourceNotFoundException", 404, flow["id"]):
            call(flowIdentifier=flow["id"])
    with refused("ResourceNotFoundException", 404):
        bedrock.get_flow_version(flowIdentifier=flow["id"], flowVersion="1")
    with refused("ResourceNotFoundException", 404):
        bedrock.update_flow(flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE)
    bedrock.create_flow(name=flow["name"], executionRoleArn=ROLE)


def test_delete_with_the_check_skipped(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    assert bedrock.delete_flow(flowIdentifier=flow["id"], skipResourceInUseCheck=True)["id"] == flow["id"]


def test_list_shows_a_flow_newest_first(bedrock: Any, make_flow: Make) -> None:
    older, newer = make_flow(description="older"), make_flow(is_prepared=True)
    first = bedrock.list_flows(maxResults=2)["flowSummaries"]
    assert [one["id"] for one in first] == [newer["id"], older["id"]]
    assert first[1] == {k: older[k] for k in first[1]}
    assert set(first[1]) == (MINIMAL - {"executionRoleArn"}) | {"description"}
    assert first[0]["status"] == "Prepared"


@pytest.mark.parametrize("name", ["a", "A-b_c", "trailing-", "0", "n" * 100, "n-" * 100])
def test_legal_names(bedrock: Any, name: str) -> None:
    made = bedrock.create_flow(name=name, executionRoleArn=ROLE)
    assert made["name"] == name
    bedrock.delete_flow(flowIdentifier=made["id"])


def test_every_operation_takes_the_arn(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    arn = flow["arn"]
    assert bedrock.prepare_flow(flowIdentifier=arn)["id"] == flow["id"]
    assert bedrock.get_flow(flowIdentifier=arn)["id"] == flow["id"]
    assert bedrock.create_flow_version(flowIdentifier=arn)["id"] == flow["id"]
    assert bedrock.get_flow_version(flowIdentifier=arn, flowVersion="1")["id"] == flow["id"]
    assert len(bedrock.list_flow_versions(flowIdentifier=arn)["flowVersionSummaries"]) == 1
    assert bedrock.delete_flow_version(flowIdentifier=arn, flowVersion="1")["version"] == "1"
    updated = bedrock.update_flow(flowIdentifier=arn, name=flow["name"], executionRoleArn=ROLE)
    assert updated["id"] == flow["id"]
    assert bedrock.delete_flow(flowIdentifier=arn)["id"] == flow["id"]


@pytest.mark.parametrize("place", ["us-east-1:999999999999", "eu-west-1:000000000000"])
def test_a_foreign_arn_is_not_found(bedrock: Any, make_flow: Make, place: str) -> None:
    flow = make_flow()
    with refused("ResourceNotFoundException", 404):
        bedrock.get_flow(flowIdentifier=f"arn:aws:bedrock:{place}:flow/{flow['id']}")
