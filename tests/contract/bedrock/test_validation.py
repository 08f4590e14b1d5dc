"""ValidateFlowDefinition: nothing is stored, and the verdict is that of PrepareFlow (bedrock 1.4, 3)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.bedrock.test_definitions import ENTRIES, check_findings, read_flow
from tests.contract.bedrock.things import definition, faulty_definition, refused


def test_a_sound_definition(bedrock: Any) -> None:
    assert bedrock.validate_flow_definition(definition=definition())["validations"] == []


def test_findings(bedrock: Any) -> None:
    found = bedrock.validate_flow_definition(definition=faulty_definition())["validations"]
    assert {"type": "MissingEndingNodes", "details": {"missingEndingNodes": {}}}.items() <= next(
        one for one in found if one["type"] == "MissingEndingNodes"
    ).items()
    assert all(one["message"] and one["severity"] in ("Error", "Warning") for one in found)


def test_nothing_at_all(bedrock: Any) -> None:
    found = bedrock.validate_flow_definition(definition={})["validations"]
    assert {one["type"] for one in found} == {"MissingStartingNodes", "MissingEndingNodes"}


def test_a_definition_out_of_shape(bedrock: Any) -> None:
    with refused("ValidationException", 400, "definition.nodes.1.member.type"):
        bedrock.validate_flow_definition(definition={"nodes": [{"name": "A", "type": "Oracle"}]})


def test_there_are_a_hundred_findings_at_most(bedrock: Any) -> None:
    outputs = [{"name": f"o{index}", "type": "String"} for index in range(5)]
    lost = [{"name": f"n{index}", "type": "Output", "outputs": outputs} for index in range(40)]
    found = bedrock.validate_flow_definition(definition={"nodes": lost})["validations"]
    assert len(found) == 100


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_definition_of_the_collection(bedrock: Any, entry: dict[str, Any]) -> None:
    bedrock.validate_flow_definition(definition=read_flow(entry["file"]))
    check_findings(entry["expect"], bedrock.raw["validations"])
