"""The aws command line against the live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer

AWS = Path(sys.executable).with_name("aws")

pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the aws command is not installed beside Python")


@pytest.fixture
def aws(server: LiveServer, tmp_path: Path) -> Any:
    """``aws(operation, name=value)``: its output, or its error text."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }

    def call(operation: str, *flags: str, **members: Any) -> Any:
        options = [
            part
            for name, value in members.items()
            for part in (
                "--" + name.replace("_", "-"),
                value if isinstance(value, str) else json.dumps(value),
            )
        ]
        done = subprocess.run(
            [str(AWS), "bedrock-agent", operation, "--endpoint-url", server.url, *options, *flags],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return json.loads(done.stdout or "{}") if done.returncode == 0 else done.stderr.strip()

    return call


def test_from_a_definition_to_a_version(aws: Any) -> None:
    made = aws("create-flow", name=new_name(), execution_role_arn=ROLE, definition=definition())
    assert made["status"] == "NotPrepared"
    refusal = aws("create-flow-version", flow_identifier=made["id"])
    assert "An error occurred (ConflictException) when calling the CreateFlowVersion operation" in refusal
    assert aws("prepare-flow", flow_identifier=made["arn"])["status"] == "Preparing"
    version = aws("create-flow-version", flow_identifier=made["id"], description="by the command line")
    assert (version["version"], version["definition"]) == ("1", definition())


@pytest.mark.slow
def test_every_other_operation(aws: Any) -> None:
    name = new_name()
    flow = aws("create-flow", name=name, execution_role_arn=ROLE, definition=definition())
    ref = {"flow_identifier": flow["id"]}
    aws("prepare-flow", **ref)
    made = [aws("create-flow-version", **ref) for _ in range(2)]
    assert aws("get-flow", **ref)["validations"] == []
    assert "definition" not in aws("get-flow", **ref, included_data="METADATA_ONLY")
    assert aws("get-flow-version", **ref, flow_version="2") == made[1]
    listed = aws("list-flow-versions", "--page-size", "1", **ref)["flowVersionSummaries"]
    assert [one["version"] for one in listed] == ["2", "1"], "the command line follows the tokens"
    one = aws("list-flow-versions", "--max-items", "1", **ref)
    assert (len(one["flowVersionSummaries"]), "NextToken" in one) == (1, True)
    assert aws("list-flows", "--max-items", "1")["flowSummaries"][0]["id"] == flow["id"]
    deleted = aws("delete-flow-version", "--skip-resource-in-use-check", **ref, flow_version="1")
    assert deleted == {"id": flow["id"], "version": "1"}
    renamed = aws("update-flow", **ref, name=name, execution_role_arn=ROLE + "-2")
    assert (renamed["executionRoleArn"], "definition" in renamed) == (ROLE + "-2", False)
    _go_through_aliases_and_tags(aws, ref)
    _go_through_prompts(aws)
    assert aws("validate-flow-definition", definition=definition()) == {"validations": []}
    assert aws("delete-flow", "--no-skip-resource-in-use-check", **ref) == {"id": flow["id"]}
    assert "(ResourceNotFoundException)" in aws("get-flow", **ref)
    assert "(ValidationException)" in aws("get-flow", flow_identifier="no such id")


def _go_through_aliases_and_tags(aws: Any, ref: dict[str, str]) -> None:
    to_draft = {"name": "live", "routing_configuration": [{"flowVersion": "DRAFT"}]}
    made = aws("create-flow-alias", **ref, **to_draft)
    alias = {**ref, "alias_identifier": made["arn"]}
    assert aws("get-flow-alias", **alias) == made
    assert aws("update-flow-alias", **alias, **to_draft)["id"] == made["id"]
    listed = aws("list-flow-aliases", "--page-size", "1", **ref)["flowAliasSummaries"]
    assert [one["id"] for one in listed] == ["TSTALIASID", made["id"]]
    assert "(ConflictException)" in aws("delete-flow", **ref)
    aws("tag-resource", resource_arn=made["arn"], tags={"a": "1", "b": "2"})
    aws("untag-resource", resource_arn=made["arn"], tag_keys=["a"])
    assert aws("list-tags-for-resource", resource_arn=made["arn"]) == {"tags": {"b": "2"}}
    assert aws("delete-flow-alias", **alias) == {"flowId": made["flowId"], "id": made["id"]}


def _go_through_prompts(aws: Any) -> None:
    made = aws("create-prompt", name=new_name("prompt"))
    prompt = {"prompt_identifier": made["id"]}
    assert aws("get-prompt", **prompt) == made
    assert aws("update-prompt", **prompt, name=made["name"], description="d")["description"] == "d"
    assert aws("create-prompt-version", **prompt)["version"] == "1"
    versions = [one["version"] for one in aws("list-prompts", **prompt)["promptSummaries"]]
    assert versions == ["DRAFT", "1"]
    assert aws("delete-prompt", **prompt) == {"id": made["id"]}
