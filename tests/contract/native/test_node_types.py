"""What an editor is told: node types with forms, and what is wrong with a definition."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from tests.contract.bedrock.things import definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

from headrace.core.definition import NodeType

pytestmark = pytest.mark.live


@pytest.fixture
def types(asker: Asker) -> dict[str, Any]:
    return {one["name"]: one for one in asker.ask("GET", "node-types")["node_types"]}


def test_each_node_type_is_there(types: dict[str, Any]) -> None:
    assert types.keys() == {one.value for one in NodeType}
    for one in types.values():
        assert one["title"]
        assert one["description"].endswith(".")
        assert one["example"]["type"] == one["name"]
        settings = one["example"].get("configuration", {}).get(one["settings_key"], {})
        jsonschema.validate(settings, one["settings"])


def test_schemas_say_what_forms_need(types: dict[str, Any]) -> None:
    inline = types["Prompt"]["settings"]["properties"]["sourceConfiguration"]["properties"]["inline"]
    assert list(inline["properties"])[:2] == ["modelId", "templateConfiguration"]
    assert inline["properties"]["templateType"]["x-follows"]["member"] == "templateConfiguration"
    text = inline["properties"]["templateConfiguration"]["properties"]["text"]["properties"]["text"]
    assert (text["format"], text["minLength"]) == ("multiline", 1)
    code = types["InlineCode"]["settings"]["properties"]
    assert (code["code"]["format"], code["language"]["enum"]) == ("code", ["Python_3"])
    assert types["Loop"]["settings"]["properties"]["definition"]["format"] == "flow"
    expression = types["Condition"]["settings"]["properties"]["conditions"]["items"]["properties"]
    assert expression["expression"]["maxLength"] == 64


def test_ports_are_told(types: dict[str, Any]) -> None:
    base = types["KnowledgeBase"]
    assert [(one["name"], one["type"]) for one in base["inputs"]] == [("retrievalQuery", "String")]
    assert {one["name"]: (one["given"], one["without"]) for one in base["outputs"]} == {
        "outputText": ("modelId", None),
        "retrievalResults": (None, "modelId"),
    }
    assert (types["Prompt"]["has_own_inputs"], base["has_own_inputs"]) == (True, False)
    loops = {name: one["in_loops"] for name, one in types.items()}
    assert (loops["LoopInput"], loops["Iterator"], loops["Prompt"]) == ("only", "never", "also")


def test_what_is_wrong_is_what_boto3_is_told(server: LiveServer, asker: Asker) -> None:
    wrong = definition()
    wrong["nodes"] = [one for one in wrong["nodes"] if one["type"] != "Input"]
    told = asker.ask("POST", "validate", body={"definition": wrong})
    assert (told["can_be_kept"], told["can_run"]) == (True, False)
    others = server.boto().validate_flow_definition(definition=wrong)["validations"]
    assert [(one["type"], one["message"], one["severity"]) for one in told["findings"]] == [
        (one["type"], one["message"], one["severity"]) for one in others
    ]
    assert asker.ask("POST", "validate", body={"definition": definition()})["can_run"] is True


def test_the_examples_run(asker: Asker) -> None:
    found = asker.ask("GET", "node-types")
    assert asker.ask("POST", "validate", body={"definition": found["example"]})["findings"] == []
    empty = asker.ask("POST", "validate", body={"definition": found["empty"]})
    assert {one["type"] for one in empty["findings"]} == {"UnfulfilledNodeInput", "UnreachableNode"}


def test_findings_name_where(types: dict[str, Any], asker: Asker) -> None:
    loop = copy.deepcopy(types["Loop"]["example"])
    inside = loop["configuration"]["loop"]["definition"]
    inside["nodes"].append(types["Prompt"]["example"])
    inside["nodes"].append(types["Prompt"]["example"])
    whole = {"nodes": [types["Input"]["example"], loop], "connections": []}
    told = asker.ask("POST", "validate", body={"definition": whole})
    places = {(one["type"], tuple(one["within"]), one["node"]) for one in told["findings"]}
    assert ("UnfulfilledNodeInput", (), "Loop") in places
    assert ("UnfulfilledNodeInput", ("Loop",), "Prompt") in places
    assert ("Unspecified", ("Loop",), "Prompt") in places, "the name is there twice"
    assert {"node": "Prompt", "within": ["Loop"], "names": ["question"]} in told["variables"]


def test_what_can_not_be_kept_is_told_with_its_place(types: dict[str, Any], asker: Asker) -> None:
    loop = copy.deepcopy(types["Loop"]["example"])
    loop["configuration"]["loop"]["definition"]["nodes"][0]["name"] = "not a name"
    whole = {"nodes": [loop], "connections": [{"name": "x"}]}
    told = asker.ask("POST", "validate", body={"definition": whole})
    assert (told["can_be_kept"], told["can_run"]) == (False, False)
    named = {(tuple(one["within"]), one["node"], one["connection"]) for one in told["findings"]}
    assert (("Loop",), "not a name", None) in named
    assert ((), None, "x") in named
    assert {one["type"] for one in told["findings"]} == {"Shape"}
    for odd in ({"nodes": 3}, {"nodes": [4]}, {"nodes": [{"name": 5}]}, {"connections": [None]}):
        assert asker.ask("POST", "validate", body={"definition": odd})["can_be_kept"] is False
    asker.refused(400, "invalid", "POST", "validate", body={"definition": [1]})


def test_variables_of_a_stored_prompt(server: LiveServer, types: dict[str, Any], asker: Asker) -> None:
    template = {"text": {"text": "{{colour}} or {{shape}}"}}
    variant = {"name": "v", "templateType": "TEXT", "templateConfiguration": template, "modelId": "m"}
    arn = server.boto().create_prompt(name=new_name(), variants=[variant], defaultVariant="v")["arn"]
    node = copy.deepcopy(types["Prompt"]["example"])
    node["configuration"]["prompt"]["sourceConfiguration"] = {"resource": {"promptArn": arn}}
    told = asker.ask("POST", "validate", body={"definition": {"nodes": [node]}})
    assert told["variables"] == [{"node": "Prompt", "within": [], "names": ["colour", "shape"]}]
