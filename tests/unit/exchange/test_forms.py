"""The forms that documents are read from and written in: spelling, references, Terraform's text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import hcl2
import pytest

from headrace.apis.bedrock.exchange.bundle import new_mark, reference, referred, resolve
from headrace.apis.bedrock.exchange.casing import Reading, to_pascal
from headrace.apis.bedrock.exchange.cloudformation import TemplateReader
from headrace.apis.bedrock.exchange.cloudformation_writer import TemplateWriter
from headrace.apis.bedrock.exchange.documents import DocumentReader, Unreadable, is_definition
from headrace.apis.bedrock.exchange.terraform import ConfigurationWriter, quoted, snake
from headrace.apis.bedrock.model import load

MODEL = load()
SHAPES = MODEL.shapes["bedrock-agent"]
PLACE = {"partition": "aws", "region": "us-east-1", "account": "000000000000"}
FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")


def test_references_are_found_in_texts_and_nowhere_else() -> None:
    mark = new_mark()
    arn = reference(mark, "Thing", "Arn")
    assert referred(mark, arn) == ("Thing", "Arn")
    assert referred(mark, f" {arn}") is None
    assert referred(new_mark(), arn) is None
    value = {arn: [f"{arn}:{arn}", 1, None, "@x:Thing:Arn@"]}
    found = resolve(mark, value, {"Thing": {"Arn": "here"}})
    assert found == {arn: ["here:here", 1, None, "@x:Thing:Arn@"]}
    with pytest.raises(LookupError):
        resolve(mark, arn, {})


def test_spelling_there_and_back() -> None:
    definition = {
        "nodes": [
            {
                "name": "Loop1",
                "type": "Loop",
                "configuration": {"loop": {"definition": {"nodes": [], "connections": []}}},
                "inputs": [],
            },
            {
                "name": "Ask",
                "type": "Prompt",
                "configuration": {
                    "prompt": {
                        "sourceConfiguration": {
                            "inline": {"additionalModelRequestFields": {"top_k": 1, "Upper": {"x": None}}}
                        }
                    }
                },
            },
        ]
    }
    spelt = to_pascal(definition, "FlowDefinition", SHAPES)
    inner = spelt["Nodes"][1]["Configuration"]["Prompt"]["SourceConfiguration"]["Inline"]
    assert inner["AdditionalModelRequestFields"] == {"top_k": 1, "Upper": {"x": None}}
    assert spelt["Nodes"][0]["Configuration"]["Loop"]["Definition"] == {"Nodes": [], "Connections": []}
    assert Reading(SHAPES).read(spelt, "FlowDefinition") == definition
    assert Reading(SHAPES).read(definition, "FlowDefinition") == definition


def test_texts_become_what_the_shape_wants() -> None:
    reading = Reading(SHAPES)
    wanted = {"Temperature": "0.5", "MaxTokens": "7", "TopP": "warm", "StopSequences": [1, "x"], "Odd": 1}
    assert reading.read(wanted, "PromptModelInferenceConfiguration") == {
        "temperature": 0.5,
        "maxTokens": 7,
        "topP": "warm",
        "stopSequences": ["1", "x"],
    }
    assert reading.unknown == ["Odd"]


@pytest.mark.parametrize(
    "text", ["", 'a"b', "a\\b", "${x}", "%{x}", "$${x}", "line\nnext\ttab\r", "\x00\x1f\u00fc"]
)
def test_texts_in_hcl(text: str) -> None:
    written = quoted(text)
    assert "\n" not in written
    plain = written[1:-1].replace("$${", "${").replace("%%{", "%{")
    assert json.loads(f'"{plain}"') == text


def test_names_in_hcl() -> None:
    assert [snake(name) for name in ("modelId", "topP", "s3", "additionalModelRequestFields")] == [
        "model_id",
        "top_p",
        "s3",
        "additional_model_request_fields",
    ]


def test_what_is_a_definition() -> None:
    assert is_definition({"nodes": []})
    assert is_definition({"Nodes": [], "Connections": []})
    assert not is_definition({})
    assert not is_definition({"nodes": [], "name": "x"})
    with pytest.raises(Unreadable):
        DocumentReader(MODEL).add({"nodes": [], "name": "x"}, source="x")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"executionRoleArn": "r", "version": "abc"}, "version is neither"),
        ({"executionRoleArn": "r", "version": 1}, "version is neither"),
        ({"executionRoleArn": "r", "id": ["x"]}, "id is no text"),
        ({"variants": [], "arn": {}}, "arn is no text"),
        ({"routingConfiguration": 5}, "routingConfiguration is no list"),
        ({"routingConfiguration": [5]}, "routingConfiguration is no list"),
        ({"executionRoleArn": "r", "testAliasTags": {"a": 1}}, "testAliasTags are no map"),
        ({"executionRoleArn": None}, "no flow, flow version"),
    ],
)
def test_what_is_no_answer_of_the_api(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        DocumentReader(MODEL).add(document, source="x")


def test_a_null_counts_as_absent() -> None:
    reader = DocumentReader(MODEL)
    reader.add({"name": "a", "executionRoleArn": "r", "version": None, "description": None}, source="x")
    (item,) = reader.bundle().items
    assert item.members == {"name": "a", "executionRoleArn": "r"}


def test_many_versions_are_looked_through_once() -> None:
    looked = 0

    class Watched(dict[str, Any]):
        def get(self, *wanted: Any) -> Any:
            nonlocal looked
            looked += 1
            return super().get(*wanted)

    def cost(count: int) -> int:
        nonlocal looked
        reader = DocumentReader(MODEL)
        flow = {"name": "f", "id": "AAAAAAAAAA", "executionRoleArn": "r"}
        route = {"flowId": flow["id"], "routingConfiguration": [{"flowVersion": "1"}]}
        for n in range(1, count + 1):
            reader.add({**flow, "version": str(n)}, source="x")
            reader.add({**route, "id": f"B{n:09}", "name": f"a{n}"}, source="x")
        reader._given = [(source, kind, Watched(document)) for source, kind, document in reader._given]
        looked = 0
        assert len(reader.bundle().items) == 2 * count + 1
        return looked

    assert cost(200) < 11 * cost(20)


def _read(template: dict[str, Any], **parameters: str) -> TemplateReader:
    reader = TemplateReader(model=MODEL, place=PLACE, parameters=parameters, s3_root=None, source="t")
    reader.read({"Resources": {}, **template})
    return reader


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ({"Resources": None, "Parameters": ["x"]}, "Parameters are no map"),
        ({"Parameters": {"A": "x"}}, "Parameters are no map"),
        ({"Parameters": {"A": {"Default": ["x"]}}}, "parameter A"),
        ({"Parameters": {"A": {}}}, "no default: A"),
        ({"Mappings": "x"}, "Mappings are no map"),
        ({"Conditions": {"A": True}}, "Conditions are no map"),
        ({"Resources": {"A": []}}, "Resources are no map"),
    ],
)
def test_what_is_no_template(template: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        _read(template)


@pytest.mark.parametrize(
    "resource",
    [
        {"Type": ["AWS::Bedrock::Flow"]},
        {"Type": "AWS::Bedrock::Flow", "Properties": [1]},
        {"Type": "AWS::Bedrock::Flow", "Metadata": 5},
        {"Type": "AWS::Bedrock::Flow", "Condition": "Empty"},
        {"Type": "AWS::Bedrock::Flow", "Condition": "Chain999"},
        {"Type": "AWS::Bedrock::Flow", "Properties": {"DefinitionString": "[" * 5_000}},
        {"Type": "AWS::Bedrock::Flow", "Properties": {"DefinitionString": '{"nodes": NaN}'}},
        {"Type": "AWS::Bedrock::Flow", "Properties": {"DefinitionString": {"a": 1}}},
    ],
)
def test_a_resource_that_makes_no_sense_is_told(resource: dict[str, Any]) -> None:
    conditions: dict[str, Any] = {f"Chain{n}": {"Condition": f"Chain{n - 1}"} for n in range(1, 1_000)}
    conditions |= {"Chain0": {"Fn::Equals": [1, 1]}, "Empty": {"Fn::Not": []}}
    reader = _read({"Resources": {"A": resource}, "Conditions": conditions})
    assert [note.source for note in reader.notes] == ["t: A"]


def test_parameters_are_texts() -> None:
    template = {
        "Parameters": {
            "Number": {"Type": "Number", "Default": 12},
            "Flag": {"Type": "String", "Default": True},
            "List": {"Type": "CommaDelimitedList", "Default": "a, b"},
        },
        "Conditions": {"IsOn": {"Fn::Equals": [{"Ref": "Flag"}, True]}},
        "Resources": {
            "A": {
                "Type": "AWS::Bedrock::Prompt",
                "Condition": "IsOn",
                "Properties": {
                    "Name": {"Ref": "Number"},
                    "Description": {"Fn::Select": [1, {"Ref": "List"}]},
                },
            }
        },
    }
    reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=None, source="t")
    (item,) = reader.read(template).items
    assert item.members == {"name": "12", "description": "b"}


def test_what_was_substituted_is_not_substituted_again() -> None:
    properties = {
        "DefinitionString": '{"nodes": [{"name": "${a}", "type": "${c}"}]}',
        "DefinitionSubstitutions": {"a": "${b}", "b": "wrong"},
    }
    resources = {"A": {"Type": "AWS::Bedrock::Flow", "Properties": properties}}
    reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=None, source="t")
    (item,) = reader.read({"Resources": resources}).items
    assert item.members["definition"] == {"nodes": [{"name": "${b}", "type": "${c}"}]}


def test_a_definition_in_an_object_store(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "flow.json").write_text('{"Nodes":[{"Name":"${who}","Type":"Input"}]}')
    (tmp_path / "secret").write_text("{}")
    resources = {
        name: {
            "Type": "AWS::Bedrock::Flow",
            "Properties": {
                "Name": name,
                "ExecutionRoleArn": "r",
                "DefinitionS3Location": {"Bucket": "bucket", "Key": key},
                "DefinitionSubstitutions": {"who": "In"},
            },
        }
        for name, key in (("Good", "flow.json"), ("Gone", "other.json"), ("Out", "../../secret"))
    }

    def read(root: Path | None) -> tuple[list[str], str]:
        reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=root, source="t")
        bundle = reader.read({"Resources": resources})
        for item in bundle.items:
            assert item.members["definition"] == {"nodes": [{"name": "In", "type": "Input"}]}
        return [item.name for item in bundle.items], "\n".join(note.reason for note in reader.notes)

    assert read(tmp_path / "none") == ([], read(tmp_path / "none")[1])
    made, reasons = read(tmp_path)
    assert made == ["Good"]
    assert reasons.count("there is no file") == 2
    assert read(None)[1].count("--s3-root") == 3


@pytest.mark.parametrize("key", ["binary", "circle", "x" * 5_000, "with\0zero"])
def test_an_object_that_cant_be_read_is_told(tmp_path: Path, key: str) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "bucket" / "circle").symlink_to(tmp_path / "bucket" / "circle")
    location = {"DefinitionS3Location": {"Bucket": "bucket", "Key": key}}
    resources = {"A": {"Type": "AWS::Bedrock::Flow", "Properties": location}}
    reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=tmp_path, source="t")
    assert reader.read({"Resources": resources}).items == ()
    assert reader.notes[0].reason.startswith("Not made: ")


def test_what_refers_to_what_is_not_made() -> None:
    resources = {
        "Thing": {"Type": "AWS::DynamoDB::Table"},
        "One": {
            "Type": "AWS::Bedrock::Flow",
            "Properties": {"Name": "one", "ExecutionRoleArn": {"Fn::GetAtt": ["Thing", "Arn"]}},
        },
        "Two": {"Type": "AWS::Bedrock::FlowVersion", "Properties": {"FlowArn": {"Ref": "One"}}},
        "Three": {"Type": "AWS::Bedrock::FlowVersion"},
        "Four": {"Type": "AWS::Bedrock::Prompt", "Properties": {"Name": {"Fn::Select": "x"}}},
    }
    reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=None, source="t")
    assert reader.read({"Resources": resources}).items == ()
    reasons = {note.source: note.reason for note in reader.notes}
    assert "--parameter Thing.Arn=VALUE" in reasons["t: One"]
    assert "refers to One, which is not made" in reasons["t: Two"]
    assert "has no FlowArn" in reasons["t: Three"]
    assert "not used as CloudFormation wants it" in reasons["t: Four"]
    given = TemplateReader(
        model=MODEL, place=PLACE, parameters={"Thing.Arn": "it"}, s3_root=None, source="t"
    ).read({"Resources": resources})
    assert [item.name for item in given.items] == ["One", "Two"]
    assert given.items[0].members["executionRoleArn"] == "it"


def _real_definitions() -> list[Path]:
    if FOLDER is None:
        return []
    return [path for path in sorted(Path(FOLDER).glob("*.json")) if path.name != "index.json"]


@pytest.mark.skipif(FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions")
@pytest.mark.parametrize("path", _real_definitions(), ids=lambda path: path.stem)
def test_real_definitions_go_through_every_form(path: Path) -> None:
    content: Any = json.loads(path.read_text())
    if not isinstance(content, dict) or not is_definition(content):
        pytest.skip("it is no definition")
    flow = {
        "name": "real",
        "id": "ABCDEFGHIJ",
        "arn": "arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ",
        "executionRoleArn": "role",
        "status": "Prepared",
        "definition": content,
    }
    template = json.loads(json.dumps(TemplateWriter(MODEL).write([flow])))
    reader = TemplateReader(model=MODEL, place=PLACE, parameters={}, s3_root=None, source="t")
    (item,) = reader.read(template).items
    assert reader.notes == []
    assert json.dumps(item.members["definition"]) == json.dumps(content)
    hcl2.loads(ConfigurationWriter(MODEL).write([flow]))
