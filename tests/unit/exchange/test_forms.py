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
