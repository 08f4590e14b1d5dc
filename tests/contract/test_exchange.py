"""`headrace import` and `headrace export`: from files to a server and back, through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest
from click.testing import CliRunner, Result
from tests import stores
from tests.contract.bedrock.things import KEY, ROLE, definition, without_metadata
from tests.contract.conftest import LiveServer

from headrace.apis.bedrock.exchange.terraform_schema import RESOURCES
from headrace.cli import main

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Stage: {Type: String}
  Heat: {Type: Number, Default: 0.5}
Mappings:
  Models: {dev: {id: example.small}, prod: {id: example.large}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Role: {Type: "AWS::IAM::Role", Properties: {AssumeRolePolicyDocument: {}}}
  Ask:
    Type: AWS::Bedrock::Prompt
    Properties:
      Name: !Sub "ask-${Stage}"
      DefaultVariant: only
      Tags: {team: !Ref "AWS::Region"}
      Variants:
        - Name: only
          TemplateType: TEXT
          ModelId: !FindInMap [Models, !Ref Stage, id]
          InferenceConfiguration: {Text: {Temperature: !Ref Heat, MaxTokens: "100"}}
          TemplateConfiguration: {Text: {Text: "Say {{topic}}", InputVariables: [{Name: topic}]}}
  AskOne: {Type: "AWS::Bedrock::PromptVersion", Properties: {PromptArn: !GetAtt Ask.Arn, Description: first}}
  Main:
    Type: AWS::Bedrock::Flow
    Properties:
      Name: !Join ["-", [main, !Ref Stage]]
      Description: !If [IsProd, real, !Ref "AWS::NoValue"]
      ExecutionRoleArn: !GetAtt Role.Arn
      TestAliasTags: {of: draft}
      Definition:
        Nodes:
          - {Name: In, Type: Input, Configuration: {Input: {}}, Outputs: [{Name: document, Type: String}]}
          - Name: Asking
            Type: Prompt
            Configuration: {Prompt: {SourceConfiguration: {Resource: {PromptArn: !Ref AskOne}}}}
            Inputs: [{Name: topic, Type: String, Expression: $.data}]
            Outputs: [{Name: modelCompletion, Type: String}]
          - Name: Out
            Type: Output
            Configuration: {Output: {}}
            Inputs: [{Name: document, Type: String, Expression: $.data}]
        Connections:
          - Name: first
            Type: Data
            Source: In
            Target: Asking
            Configuration: {Data: {SourceOutput: document, TargetInput: topic}}
          - Name: second
            Type: Data
            Source: Asking
            Target: Out
            Configuration: {Data: {SourceOutput: modelCompletion, TargetInput: document}}
  One: {Type: "AWS::Bedrock::FlowVersion", Properties: {FlowArn: !Ref Main, Description: v}}
  Live:
    Type: AWS::Bedrock::FlowAlias
    Properties:
      Name: live
      FlowArn: !GetAtt Main.Arn
      RoutingConfiguration: [{FlowVersion: !GetAtt One.Version}]
      ConcurrencyConfiguration: {Type: Manual, MaxConcurrency: "3"}
      Tags: {a: b}
  Elsewhere: {Type: "AWS::Bedrock::Flow", Properties: {Name: far, ExecutionRoleArn: !ImportValue role}}
  ProdOnly: {Type: "AWS::Bedrock::Prompt", Condition: IsProd, Properties: {Name: prod-only}}
"""


def run(*arguments: str, server: LiveServer | None = None, status: int = 0, key: str = "any") -> Result:
    """The command, for a running server or for a store that nobody has open."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("HEADRACE_")}
    environment |= stores.variables()
    arguments = tuple(map(stores.url_of, arguments))
    if server is not None:
        environment |= {"HEADRACE_URL": server.url, "HEADRACE_API_KEY": key}
    done = CliRunner().invoke(main, arguments, env=environment)
    assert done.exit_code == status, done.output
    return done


def brought_in(*arguments: str, server: LiveServer) -> dict[str, Any]:
    """The report of an import."""
    report: dict[str, Any] = json.loads(run("import", "bedrock", "--json", *arguments, server=server).stdout)
    return report


def acts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["act"]) for one in report["outcomes"]]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with all that a template may have."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture
def full(make_server: Any) -> LiveServer:
    """A server with flows, prompts, and versions of what they were before."""
    live: LiveServer = make_server(store="memory:")
    client = live.boto()
    prompt = client.create_prompt(
        name="asks",
        tags={"p": "1"},
        defaultVariant="only",
        variants=[
            {
                "name": "only",
                "templateType": "TEXT",
                "templateConfiguration": {
                    "text": {"text": 'Say "{{topic}}" ${x} %{y}\n', "inputVariables": []}
                },
                "inferenceConfiguration": {"text": {"temperature": 0, "topP": 0.8}},
                "additionalModelRequestFields": {"top_k": 1.0, "none": None},
                "metadata": [{"key": "k", "value": "v"}],
            }
        ],
    )
    numbered = client.create_prompt_version(promptIdentifier=prompt["id"], description="p1", tags={"v": "1"})
    wanted = {"name": "main", "executionRoleArn": ROLE, "customerEncryptionKeyArn": KEY, "description": "d"}
    flow = client.create_flow(**wanted, definition=definition("one"), tags={"f": "1"})["id"]
    using = definition()
    using["nodes"][1]["configuration"]["prompt"] = {
        "sourceConfiguration": {"resource": {"promptArn": numbered["arn"]}}
    }
    for number, content in enumerate([definition("one"), definition("two"), definition("three"), using]):
        client.update_flow(flowIdentifier=flow, **wanted, definition=content)
        client.prepare_flow(flowIdentifier=flow)
        client.create_flow_version(flowIdentifier=flow, description=f"number {number + 1}")
    client.delete_flow_version(flowIdentifier=flow, flowVersion="2")
    for name, version in (("old", "1"), ("live", "4"), ("draft", "DRAFT")):
        client.create_flow_alias(
            flowIdentifier=flow,
            name=name,
            routingConfiguration=[{"flowVersion": version}],
            concurrencyConfiguration={"type": "Automatic", "maxConcurrency": 5},
            tags={"alias": name},
        )
    client.create_flow(name="bare", executionRoleArn=ROLE)
    return live


def picture(live: LiveServer) -> dict[str, Any]:
    """What a server has, without ids, times, and the ARNs that hold ids."""
    client, found = live.boto(), {}
    prompts = {}
    for summary in client.list_prompts()["promptSummaries"]:
        prompts[summary["arn"]] = summary["name"]
        versions = client.list_prompts(promptIdentifier=summary["id"])["promptSummaries"]
        for one in versions:
            got = client.get_prompt(promptIdentifier=summary["id"], promptVersion=one["version"])
            got["tags"] = client.list_tags_for_resource(resourceArn=got["arn"])["tags"]
            prompts[got["arn"]] = f"{summary['name']}:{one['version']}"
            found["prompt", summary["name"], one["version"]] = _timeless(got, prompts)
    for summary in client.list_flows()["flowSummaries"]:
        name, flow = summary["name"], summary["id"]
        got = client.get_flow(flowIdentifier=flow)
        got["tags"] = client.list_tags_for_resource(resourceArn=got["arn"])["tags"]
        found["flow", name] = _timeless(got, prompts)
        for one in client.list_flow_versions(flowIdentifier=flow)["flowVersionSummaries"]:
            version = client.get_flow_version(flowIdentifier=flow, flowVersion=one["version"])
            found["version", name, one["version"]] = _timeless(version, prompts)
        for alias in client.list_flow_aliases(flowIdentifier=flow)["flowAliasSummaries"]:
            alias["tags"] = client.list_tags_for_resource(resourceArn=alias["arn"])["tags"]
            found["alias", name, alias["name"]] = _timeless(alias, prompts)
    return found


def _timeless(answer: Mapping[str, Any], prompts: Mapping[str, str]) -> Any:
    dropped = {"id", "flowId", "arn", "createdAt", "updatedAt", "status", "validations"}
    text = json.dumps({name: v for name, v in without_metadata(answer).items() if name not in dropped})
    for arn, name in sorted(prompts.items(), reverse=True):  # the longer ones first
        text = text.replace(arn, name)
    return json.loads(text)


def test_a_template_is_made_here(make_server: Any, template: Path) -> None:
    live = make_server(store="memory:")
    client = live.boto()
    rehearsed = brought_in(str(template), "--parameter", "Stage=dev", "--dry-run", server=live)
    assert client.list_flows()["flowSummaries"] == []
    report = brought_in(str(template), "--parameter", "Stage=dev", server=live)
    assert (
        acts(report)
        == acts(rehearsed)
        == [
            ("prompt", "made"),
            ("prompt version", "made"),
            ("flow", "made"),
            ("flow version", "made"),
            ("flow alias", "made"),
        ]
    )
    assert not any("id" in one for one in rehearsed["outcomes"])
    prompt, numbered, flow, _version, alias = report["outcomes"]
    got = client.get_flow(flowIdentifier=flow["id"])
    assert (got["name"], got["status"], "description" in got) == ("main-dev", "Prepared", False)
    assert got["executionRoleArn"] == "arn:aws:iam::000000000000:role/Role"
    inside = got["definition"]["nodes"][1]["configuration"]["prompt"]["sourceConfiguration"]
    assert inside == {"resource": {"promptArn": numbered["arn"]}}
    variant = client.get_prompt(promptIdentifier=prompt["id"])["variants"][0]
    assert variant["modelId"] == "example.small"
    assert variant["inferenceConfiguration"] == {"text": {"temperature": 0.5, "maxTokens": 100}}
    named = {"flowIdentifier": flow["id"], "aliasIdentifier": alias["id"]}
    shown = client.get_flow_alias(**named)
    assert shown["routingConfiguration"] == [{"flowVersion": "1"}]
    assert shown["concurrencyConfiguration"] == {"type": "Manual", "maxConcurrency": 3}
    for arn, tags in (
        (prompt["arn"], {"team": "us-east-1"}),
        (alias["arn"], {"a": "b"}),
        (f"{flow['arn']}/alias/TSTALIASID", {"of": "draft"}),
    ):
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == tags
    reasons = "\n".join(f"{note['source']}: {note['reason']}" for note in report["notes"])
    assert "Elsewhere: Not made: Fn::ImportValue" in reasons
    assert "ProdOnly: Its condition IsProd does not hold." in reasons
    assert "Role: AWS::IAM::Role is not made here." in reasons


def test_again_is_a_conflict_and_an_update_changes_what_changed(make_server: Any, template: Path) -> None:
    live = make_server(store="memory:")
    stage = ("--parameter", "Stage=dev")
    brought_in(str(template), *stage, server=live)
    before = picture(live)
    refused = run("import", "bedrock", str(template), *stage, server=live, status=1)
    assert "prompt ask-dev (" in refused.stderr
    assert "flow main-dev (" in refused.stderr
    assert {act for _, act in acts(brought_in(str(template), *stage, "--update", server=live))} == {
        "unchanged"
    }
    assert picture(live) == before
    changed = (*stage, "--parameter", "Heat=0.9", "--update")
    report = brought_in(str(template), *changed, server=live)
    assert acts(report) == [
        ("prompt", "updated"),
        ("prompt version", "made"),
        ("flow", "updated"),
        ("flow version", "made"),
        ("flow alias", "updated"),
    ]
    client = live.boto()
    aliases = client.list_flow_aliases(flowIdentifier=report["outcomes"][2]["id"])["flowAliasSummaries"]
    targets = {alias["name"]: alias["routingConfiguration"][0]["flowVersion"] for alias in aliases}
    assert targets == {"live": "2", "TSTALIASID": "DRAFT"}


def test_all_or_nothing(make_server: Any, template: Path) -> None:
    live = make_server(store="memory:")
    template.write_text(TEMPLATE.replace("Name: live", "Name: not--legal"))
    refused = run("import", "bedrock", str(template), "--parameter", "Stage=dev", server=live, status=1)
    assert "template.yaml: Live: name: Member must satisfy" in refused.stderr
    assert picture(live) == {}
    template.write_text(TEMPLATE.replace("Target: Out", "Target: Nowhere"))
    refused = run("import", "bedrock", str(template), "--parameter", "Stage=dev", server=live, status=1)
    assert "unknown node" in refused.stderr
    assert picture(live) == {}


def test_a_parameter_without_a_value(make_server: Any, template: Path) -> None:
    refused = run("import", "bedrock", str(template), server=make_server(store="memory:"), status=1)
    assert "no default: Stage" in refused.stderr


@pytest.mark.parametrize("form", ["json", "cloudformation", "cloudformation-yaml"])
def test_what_is_taken_out_can_be_brought_in_elsewhere(
    make_server: Any, full: LiveServer, tmp_path: Path, form: str
) -> None:
    run("export", "bedrock", "--format", form, "-o", str(tmp_path / "out"), server=full)
    (path,) = (tmp_path / "out").iterdir()
    empty = make_server(store="memory:")
    brought_in(str(path), server=empty)
    before, after = picture(full), picture(empty)
    assert sorted(key for key in before if key[0] == "version") == [
        ("version", "main", number) for number in ("1", "3", "4")
    ]
    assert after == before
    again = brought_in(str(path), "--update", server=empty)
    assert {act for _, act in acts(again)} == {"unchanged"}
    assert picture(empty) == before


def test_one_flow_is_taken_out_with_its_prompts(full: LiveServer) -> None:
    client = full.boto()
    client.create_prompt(name="unused")
    documents = json.loads(run("export", "bedrock", "--flow", "main", server=full).stdout)
    assert {one["name"] for one in documents} == {"asks", "main", "old", "live", "draft"}
    refused = run("export", "bedrock", "--flow", "nothing", server=full, status=1)
    assert "nothing" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "name"), [("cloudformation", "template.json"), ("cloudformation-yaml", "template.yaml")]
)
def test_the_template_pleases_cfn_lint(full: LiveServer, tmp_path: Path, form: str, name: str) -> None:
    noted = run("export", "bedrock", "--format", form, "-o", str(tmp_path), server=full).stderr
    assert "Version 1 has earlier content" in noted
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "us-east-1", "--", str(tmp_path / name)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_hcl_that_the_provider_knows(full: LiveServer, tmp_path: Path) -> None:
    noted = run("export", "bedrock", "--format", "terraform", "-o", str(tmp_path), server=full).stderr
    assert "no resource for its alias live, which targets 4" in noted
    text = (tmp_path / "bedrock.tf").read_text()
    for number in ("1", "3", "4"):
        assert f"# The provider has no resource for main's version {number}" in text
    blocks = [
        (type_name.strip('"'), label.strip('"'), content)
        for resource in hcl2.loads(text)["resource"]
        for type_name, labels in resource.items()
        for label, content in labels.items()
    ]
    assert sorted(block[:2] for block in blocks) == [
        ("aws_bedrockagent_flow", "bare"),
        ("aws_bedrockagent_flow", "main"),
        ("aws_bedrockagent_prompt", "asks"),
    ]
    for type_name, _, content in blocks:
        assert list(_strangers(content, RESOURCES[type_name], type_name)) == []
    assert "$${x} %%{y}\\n" in text


def _strangers(content: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Any:
    """What stands in a block and is not in the provider's schema."""
    for name, value in content.items():
        if name.startswith("__"):  # the parser's own
            continue
        if name not in schema:
            yield f"{path}.{name}"
        elif schema[name] is not None:
            for one in value if isinstance(value, list) else [value]:
                yield from _strangers(one, schema[name], f"{path}.{name}")


def test_without_a_server_the_store_is_opened(template: Path, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path}/alone.db")
    done = run("import", "bedrock", str(template), "--parameter", "Stage=dev", *store)
    assert "made: flow main-dev  id " in done.stdout
    assert "note: template.yaml: Role: " in done.stderr
    assert len(json.loads(run("export", "bedrock", *store).stdout)) == 5


def test_a_bare_definition_and_answers_of_the_api(make_server: Any, tmp_path: Path) -> None:
    live = make_server(store="memory:")
    bare = tmp_path / "my-flow.json"
    bare.write_text(json.dumps(definition()))
    report = brought_in(str(bare), server=live)
    assert "names no execution role" in report["notes"][0]["reason"]
    assert brought_in(str(bare), "--name", "other", "--role", ROLE, server=live)["notes"] == []
    client = live.boto()
    flow = report["outcomes"][0]["id"]
    client.prepare_flow(flowIdentifier=flow)
    client.create_flow_version(flowIdentifier=flow, description="v")
    answers = []
    for answer in (
        client.get_flow_version(flowIdentifier=flow, flowVersion="1"),
        client.create_flow_alias(
            flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": "1"}]
        ),
    ):
        answers.append(tmp_path / f"answer-{len(answers)}.json")
        answers[-1].write_text(json.dumps(answer, default=str))
    elsewhere = make_server(store="memory:")
    report = brought_in(*map(str, answers), server=elsewhere)
    assert acts(report) == [("flow", "made"), ("flow version", "made"), ("flow alias", "made")]
    found = picture(elsewhere)
    assert found["alias", "my-flow", "live"]["routingConfiguration"] == [{"flowVersion": "1"}]
    assert found["version", "my-flow", "1"] == picture(live)["version", "my-flow", "1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not valid JSON"),
        ("a: [", "not valid YAML"),
        ("7", "neither a JSON object nor a list"),
        ('{"some": "thing"}', "no flow, flow version"),
        ('{"Resources": {}}', "Nothing in this template"),
        ('{"Resources": []}', "no map of maps"),
        ('{"nodes": NaN}', "JSON can't say"),
    ],
)
def test_what_is_nothing_to_import(make_server: Any, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    refused = run("import", "bedrock", str(path), server=make_server(store="memory:"), status=1)
    assert reason in refused.stderr


def test_an_empty_list_is_said_to_be_one(make_server: Any, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]")
    done = run("import", "bedrock", str(tmp_path / "none.json"), server=make_server(store="memory:"))
    assert done.stderr == "Nothing to import: there is no flow and no prompt in what was given.\n"


@pytest.mark.parametrize("options", [[], ["--update"]])
def test_two_of_one_name_would_undo_each_other(make_server: Any, tmp_path: Path, options: list[str]) -> None:
    flow = {"name": "same", "executionRoleArn": ROLE, "version": "DRAFT"}
    path = tmp_path / "two.json"
    path.write_text(json.dumps([{**flow, "id": "AAAAAAAAAA"}, {**flow, "id": "BBBBBBBBBB"}]))
    live = make_server(store="memory:")
    refused = run("import", "bedrock", str(path), *options, server=live, status=1)
    assert "more than one flow same" in refused.stderr
    assert live.boto().list_flows()["flowSummaries"] == []


def test_readers_may_take_out_and_not_bring_in(make_server: Any, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path}/keys.db")
    made = json.loads(
        run("keys", "create", "--email", "r@example.com", "--right", "reader", "--json", *store).stdout
    )
    live = make_server(store=store[1])
    bare = tmp_path / "flow.json"
    bare.write_text(json.dumps(definition()))
    key = made["api_key"]
    assert json.loads(run("export", "bedrock", server=live, key=key).stdout) == []
    refused = run("import", "bedrock", str(bare), server=live, key=key, status=1)
    assert "right" in refused.stderr
    run("export", "bedrock", server=live, key="unknown", status=1)


def flow_document(short: str, **changes: Any) -> dict[str, Any]:
    of_answer = {"id": f"{short.upper():0>10}", "name": short, "executionRoleArn": ROLE, "version": "DRAFT"}
    return {**of_answer, **changes}


@pytest.mark.parametrize("has_server", [True, False])
def test_in_pieces_what_is_there_stays_and_the_rest_comes(
    make_server: Any, tmp_path: Path, *, has_server: bool
) -> None:
    live = make_server(store="memory:") if has_server else None
    store = () if has_server else ("--store", f"sqlite:///{tmp_path}/alone.db")
    path = tmp_path / "flows.json"

    def bring(*flows: dict[str, Any], status: int = 0, options: tuple[str, ...] = ()) -> Result:
        path.write_text(json.dumps(flows))
        more = ("--in-pieces", "--json", *options, *store)
        return run("import", "bedrock", str(path), *more, server=live, status=status)

    broken = bring(flow_document("a"), flow_document("b", name="no name!"), flow_document("c"), status=1)
    assert "1 of 3 pieces were seen to; start it again." in broken.stderr
    report = json.loads(bring(flow_document("a"), flow_document("b"), flow_document("c")).stdout)
    assert [(one["name"], one["act"]) for one in report["outcomes"]] == [("b", "made"), ("c", "made")]
    (note,) = [one for one in report["notes"] if "Left alone." in one["reason"]]
    assert "flow a (" in note["reason"]
    changed = bring(flow_document("a", description="new"), flow_document("b"), options=("--update",))
    told = [(one["name"], one["act"]) for one in json.loads(changed.stdout)["outcomes"]]
    assert told == [("a", "updated"), ("b", "unchanged")]
    path.write_text(json.dumps([flow_document("a")]))
    left = run("import", "bedrock", str(path), "--in-pieces", *store, server=live)
    assert "Left alone." in left.stderr
    assert "Nothing to import" not in left.stderr
    twice = bring(flow_document("d"), flow_document("e", name="d"), status=1)
    assert "more than one flow d" in twice.stderr
