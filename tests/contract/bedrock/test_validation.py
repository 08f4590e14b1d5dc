"""What validation finds, through boto3: ValidateFlowDefinition, PrepareFlow and GetFlow (bedrock 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import (
    ROLE,
    definition,
    faulty_definition,
    new_name,
    refused,
    send,
    without_metadata,
)
from tests.contract.conftest import LiveServer
from tests.unit.core.test_validate import CASES, OTHERS, edited, flow

ALL = [*CASES, *OTHERS]
WARNING = "DuplicateConditionExpression"

OUT_OF_SHAPE = {"blank model", "both branches wanted"}
"""Cases that the shapes refuse before anything is validated."""
UNSHOWABLE = {"missing variable"}
"""Cases whose findings name a variable that no input can be called after, against the finding's own shape."""
SHOWN = [case for case in ALL if case[0] not in OUT_OF_SHAPE | UNSHOWABLE]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a server with AWS's limits on how many nodes of a type there may be."""
    live = LiveServer(store="memory:", settings={"strict_node_counts": "true"}).start()
    yield checked_client(live.url)
    assert live.stop() == 0


def summary(validations: list[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Findings in the short form of the cases: the type with its details, or with its message."""
    short = []
    for one in validations:
        ((kind, details),) = one["details"].items()
        assert kind == one["type"][0].lower() + one["type"][1:]
        assert one["severity"] == ("Warning" if one["type"] == WARNING else "Error")
        assert one["message"]
        short.append((one["type"], *(details.values() or [one["message"]])))
    return short


@pytest.mark.parametrize(
    ("wanted", "expected"), [case[1:] for case in SHOWN], ids=[case[0] for case in SHOWN]
)
def test_the_same_is_found_on_both_ways(strict: Any, wanted: Any, expected: list[tuple[Any, ...]]) -> None:
    found = strict.validate_flow_definition(definition=wanted)["validations"]
    assert summary(found) == expected
    made = strict.create_flow(name=new_name(), executionRoleArn=ROLE, definition=wanted)
    assert without_metadata(strict.prepare_flow(flowIdentifier=made["id"])) == {
        "id": made["id"],
        "status": "Preparing",
    }
    got = strict.get_flow(flowIdentifier=made["id"])
    assert got["validations"] == found
    assert strict.raw["definition"] == wanted
    assert got["status"] == ("Prepared" if all(one[0] == WARNING for one in expected) else "Failed")


@pytest.mark.parametrize("wanted", [case[1] for case in ALL if case[0] in OUT_OF_SHAPE])
def test_what_the_shapes_refuse_is_not_validated(server: LiveServer, wanted: Any) -> None:
    answer = send(server.url, "POST", "/flows/validate-definition", {"definition": wanted})
    assert (answer.status, answer.error) == (400, "ValidationException")


@pytest.mark.parametrize("case", [case for case in ALL if case[0] in UNSHOWABLE], ids=lambda case: case[0])
def test_a_variable_that_no_input_can_be_called_after(server: LiveServer, case: Any) -> None:
    found = server.boto().validate_flow_definition(definition=case[1])["validations"]
    assert summary(found) == case[2]


def test_all_types_were_provoked(strict: Any) -> None:
    provoked = {found[0] for case in SHOWN for found in case[2]}
    shape = strict.meta.service_model.shape_for("FlowValidationType")
    assert provoked == set(shape.enum)
    assert len(provoked) == 33


def test_nothing_is_found_and_nothing_is_kept(strict: Any) -> None:
    before = len(strict.list_flows(maxResults=1000)["flowSummaries"])
    assert without_metadata(strict.validate_flow_definition(definition=definition())) == {"validations": []}
    assert len(strict.list_flows(maxResults=1000)["flowSummaries"]) == before
    assert summary(strict.validate_flow_definition(definition={})["validations"]) == [
        ("MissingEndingNodes", "The flow has no output node."),
        ("MissingStartingNodes", "The flow has no input node."),
    ]


def test_no_more_than_a_hundred(strict: Any) -> None:
    strays = [
        {
            "name": f"Node{index}",
            "type": "Output",
            "inputs": [{"name": f"in{port}", "type": "String", "expression": "no"} for port in range(5)],
        }
        for index in range(30)
    ]
    found = strict.validate_flow_definition(definition={"nodes": strays, "connections": []})["validations"]
    assert len(found) == 100


def test_a_definition_out_of_shape(strict: Any, bedrock: Any, server: LiveServer) -> None:
    for body in ({}, {"definition": None}, {"definition": {"nodes": [{"name": "A"}]}}):
        answer = send(server.url, "POST", "/flows/validate-definition", body)
        assert (answer.status, answer.error) == (400, "ValidationException")
        assert answer.json()["fieldList"][0]["name"].startswith("definition")
    with refused("ValidationException", 400, "nodes.1.member.type"):
        bedrock.validate_flow_definition(definition={"nodes": [{"name": "Some", "type": "None"}]})


def test_findings_last_until_the_next_edit(bedrock: Any) -> None:
    wanted = {"name": new_name(), "executionRoleArn": ROLE}
    flow_id = bedrock.create_flow(**wanted, definition=faulty_definition())["id"]
    bedrock.get_flow(flowIdentifier=flow_id)
    assert "validations" not in bedrock.raw
    bedrock.prepare_flow(flowIdentifier=flow_id)
    got = bedrock.get_flow(flowIdentifier=flow_id)
    assert (got["status"], [one["type"] for one in got["validations"]]) == ("Failed", ["MissingEndingNodes"])
    bedrock.get_flow(flowIdentifier=flow_id, includedData="METADATA_ONLY")
    assert not {"validations", "definition"} & set(bedrock.raw)
    bedrock.update_flow(flowIdentifier=flow_id, **wanted, definition=definition())
    bedrock.get_flow(flowIdentifier=flow_id)
    assert "validations" not in bedrock.raw
    bedrock.prepare_flow(flowIdentifier=flow_id)
    bedrock.get_flow(flowIdentifier=flow_id)
    assert (bedrock.raw["status"], bedrock.raw["validations"]) == ("Prepared", [])


def test_a_prompt_resource_is_read(bedrock: Any) -> None:
    text = {"text": "About {{topic}} and {{tone}}"}
    variant = {"name": "v1", "templateType": "TEXT", "templateConfiguration": {"text": text}}
    prompt = bedrock.create_prompt(name=new_name("prompt"), variants=[variant])
    number = bedrock.create_prompt_version(promptIdentifier=prompt["id"])
    bedrock.update_prompt(
        promptIdentifier=prompt["id"],
        name=prompt["name"],
        variants=[{**variant, "templateConfiguration": {"text": {"text": "About {{topic}}"}}}],
    )

    def found(arn: str) -> list[tuple[Any, ...]]:
        wanted = edited(
            definition(), "nodes/1/configuration/prompt/sourceConfiguration", {"resource": {"promptArn": arn}}
        )
        return summary(bedrock.validate_flow_definition(definition=wanted)["validations"])

    assert found(prompt["arn"]) == []
    assert found(number["arn"]) == [("MissingNodeInput", "Ask", "tone")]
    assert found(prompt["arn"].replace("000000000000", "999999999999")) == [], "what can't be read is let be"


@pytest.mark.parametrize("profile", ["default", "aws"])
def test_how_many_nodes_of_a_type(make_server: Any, profile: str) -> None:
    """The default profile keeps to one Input, Iterator and Collector only; aws has AWS's numbers."""
    client = checked_client(make_server(profile=profile, rate_limit="1000", rate_limit_reads="1000").url)
    prompts = [edited(definition(), "nodes/1/name", f"Ask{index}")["nodes"][1] for index in range(21)]
    iterators = [{"name": f"Each{index}", "type": "Iterator"} for index in range(2)]
    wanted = flow(*prompts, *iterators)
    found = [
        one["message"]
        for one in client.validate_flow_definition(definition=wanted)["validations"]
        if one["type"] == "Unspecified"
    ]
    too_many = [message for message in found if "at most" in message]
    one_iterator = "The flow has 2 Iterator nodes; at most 1 are allowed."
    many_prompts = "The flow has 21 Prompt nodes; at most 20 are allowed."
    assert sorted(too_many) == sorted(
        [one_iterator] if profile == "default" else [many_prompts, one_iterator]
    )


ROUND_TRIP = {
    "numbers": {"temperature": 0, "topP": 0.8, "maxTokens": 4096},
    "more numbers": {"temperature": 1.0, "topP": 0.8999999761581421},
    "texts": {"stopSequences": ["", "\u00fc\u2028\U0001f600", 'a"b\\']},
    "empty": {},
}


@pytest.mark.parametrize("inference", ROUND_TRIP.values(), ids=ROUND_TRIP)
def test_a_definition_comes_back_as_it_was_sent(
    server: LiveServer, bedrock: Any, inference: Mapping[str, Any]
) -> None:
    wanted = definition()
    inline = wanted["nodes"][1]["configuration"]["prompt"]["sourceConfiguration"]["inline"]
    inline["inferenceConfiguration"] = {"text": inference}
    inline["additionalModelRequestFields"] = {"z": 1.0, "a": [1, 1e-7, None, True, "", {}], "\u00fc": 10**15}
    wanted["nodes"].reverse()
    wanted["connections"].reverse()
    text = json.dumps(wanted, ensure_ascii=False)
    body = f'{{"definition":{text},"executionRoleArn":"{ROLE}","name":"{new_name()}"}}'.encode()
    made = send(server.url, "POST", "/flows/", body)
    assert made.status == 201, made.body
    assert text.encode() in made.body
    flow_id = made.json()["id"]
    assert text.encode() in send(server.url, "GET", f"/flows/{flow_id}/").body
    bedrock.prepare_flow(flowIdentifier=flow_id)
    bedrock.create_flow_version(flowIdentifier=flow_id)
    assert text.encode() in send(server.url, "GET", f"/flows/{flow_id}/versions/1/").body
