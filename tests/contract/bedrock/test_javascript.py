"""The AWS SDK for JavaScript against the live server: every operation, every error class."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.conformance import REQUEST_ID
from tests.contract.bedrock.things import KEY, ROLE, definition, faulty_definition, new_name, new_token
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server

HERE = Path(__file__).parent / "js"
WHOLE = ("package.json", "package-lock.json", "driver.mjs")

pytestmark = [
    pytest.mark.js,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> Path:
    """A folder with the driver and the SDK, installed once for each lock file."""
    folder: Path = request.config.cache.mkdir("aws-sdk-for-javascript")  # type: ignore[union-attr]
    with (folder / "lock").open("w") as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, wanted = folder / "installed.json", (HERE / "package-lock.json").read_text()
        is_installed = mark.exists() and mark.read_text() == wanted
        for name in WHOLE:
            shutil.copy(HERE / name, folder)
        if not is_installed:
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            mark.write_text(wanted)
    return folder


@dataclass(frozen=True, slots=True)
class Sdk:
    """The running driver."""

    process: subprocess.Popen[str]

    def ask(self, **line: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def call(self, command: str, /, **members: Any) -> dict[str, Any]:
        """The output of an operation that goes well, without what the SDK added."""
        answer = self.ask(command=command, input=members)
        assert "output" in answer, answer
        output: dict[str, Any] = answer["output"]
        metadata = output.pop("$metadata")
        assert REQUEST_ID.fullmatch(metadata["requestId"])
        assert metadata["httpStatusCode"] == STATUSES.get(command, 200)
        return output

    def fail(self, command: str, name: str, status: int, /, **members: Any) -> dict[str, Any]:
        """The error of an operation that does not; the SDK must know its class."""
        answer = self.ask(command=command, input=members)
        error: dict[str, Any] = answer["error"]
        assert (error["name"], error["status"]) == (name, status), error
        assert REQUEST_ID.fullmatch(error["requestId"])
        return error


STATUSES = {
    "CreateFlow": 201,
    "CreateFlowVersion": 201,
    "CreateFlowAlias": 201,
    "CreatePrompt": 201,
    "CreatePromptVersion": 201,
    "PrepareFlow": 202,
}


def start(folder: Path, url: str, access_key: str = "any", secret_key: str = "any") -> Iterator[Sdk]:
    """The driver, running until the iterator is asked for more."""
    process = subprocess.Popen(
        ["node", "driver.mjs", url, access_key, secret_key],
        cwd=folder,
        env={**os.environ, "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield Sdk(process)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def sdk(installed: Path, server: LiveServer) -> Iterator[Sdk]:
    yield from start(installed, server.url)


@pytest.fixture
def prepared(sdk: Sdk) -> str:
    made = sdk.call("CreateFlow", name=new_name(), executionRoleArn=ROLE, definition=definition())
    sdk.call("PrepareFlow", flowIdentifier=made["id"])
    return str(made["id"])


def test_the_life_of_a_flow(sdk: Sdk) -> None:
    name = new_name()
    wanted = {
        "name": name,
        "description": "d",
        "executionRoleArn": ROLE,
        "customerEncryptionKeyArn": KEY,
        "definition": definition(),
    }
    made = sdk.call("CreateFlow", **wanted)
    assert {k: made[k] for k in wanted} == wanted
    assert (made["status"], made["version"], made["createdAt"]) == ("NotPrepared", "DRAFT", made["updatedAt"])
    flow = {"flowIdentifier": made["id"]}
    assert sdk.call("GetFlow", **flow) == made
    assert sdk.call("GetFlow", flowIdentifier=made["arn"])["id"] == made["id"]
    assert sdk.call("PrepareFlow", **flow) == {"id": made["id"], "status": "Preparing"}
    assert sdk.call("GetFlow", **flow)["validations"] == []
    first = sdk.call("CreateFlowVersion", **flow, description="first")
    assert (first["version"], first["definition"]) == ("1", definition())
    assert sdk.call("GetFlowVersion", **flow, flowVersion="1") == first
    updated = sdk.call("UpdateFlow", **flow, name=name, executionRoleArn=ROLE, definition=faulty_definition())
    assert "description" not in updated
    sdk.call("PrepareFlow", **flow)
    failed = sdk.call("GetFlow", **flow)
    assert failed["status"] == "Failed"
    assert {"missingEndingNodes": {}} in [one["details"] for one in failed["validations"]]
    summaries = sdk.call("ListFlows", maxResults=1)["flowSummaries"]
    assert summaries[0]["id"] == made["id"]
    assert sdk.call("DeleteFlowVersion", **flow, flowVersion="1") == {"id": made["id"], "version": "1"}
    assert sdk.call("ListFlowVersions", **flow) == {"flowVersionSummaries": []}
    assert sdk.call("DeleteFlow", **flow) == {"id": made["id"]}


def test_the_life_of_an_alias(sdk: Sdk, prepared: str) -> None:
    flow = {"flowIdentifier": prepared}
    sdk.call("CreateFlowVersion", **flow)
    to_one = {"name": "live", "routingConfiguration": [{"flowVersion": "1"}]}
    made = sdk.call("CreateFlowAlias", **flow, **to_one)
    alias = {**flow, "aliasIdentifier": made["arn"]}
    assert sdk.call("GetFlowAlias", **alias) == made
    sdk.fail("CreateFlowAlias", "ConflictException", 409, **flow, **to_one)
    sdk.fail("DeleteFlowVersion", "ConflictException", 409, **flow, flowVersion="1")
    moved = sdk.call("UpdateFlowAlias", **alias, name="live", routingConfiguration=[{"flowVersion": "DRAFT"}])
    assert moved["routingConfiguration"] == [{"flowVersion": "DRAFT"}]
    pages = sdk.ask(paginate="ListFlowAliases", input=flow)["output"]
    assert [one["id"] for page in pages for one in page["flowAliasSummaries"]] == ["TSTALIASID", made["id"]]
    assert sdk.call("DeleteFlowAlias", **alias) == {"flowId": prepared, "id": made["id"]}


def test_the_life_of_a_prompt(sdk: Sdk) -> None:
    template = {"templateType": "TEXT", "templateConfiguration": {"text": {"text": "Say {{it}}"}}}
    name, variants = new_name("prompt"), [{"name": "main", **template}]
    made = sdk.call("CreatePrompt", name=name, variants=variants, defaultVariant="main")
    prompt = {"promptIdentifier": made["id"]}
    assert sdk.call("GetPrompt", **prompt) == made
    version = sdk.call("CreatePromptVersion", **prompt)
    assert sdk.call("GetPrompt", promptIdentifier=version["arn"]) == version
    assert "variants" not in sdk.call("UpdatePrompt", **prompt, name=name)
    summaries = sdk.call("ListPrompts", **prompt)["promptSummaries"]
    assert [one["version"] for one in summaries] == ["DRAFT", "1"]
    assert sdk.call("DeletePrompt", **prompt) == {"id": made["id"]}
    sdk.fail("GetPrompt", "ResourceNotFoundException", 404, **prompt)


def test_tags_and_validation(sdk: Sdk) -> None:
    made = sdk.call("CreateFlow", name=new_name(), executionRoleArn=ROLE, tags={"a": "1"})
    resource = {"resourceArn": made["arn"]}
    assert sdk.call("TagResource", **resource, tags={"b": "2", "c": ""}) == {}
    assert sdk.call("UntagResource", **resource, tagKeys=["a", "c"]) == {}
    assert sdk.call("ListTagsForResource", **resource) == {"tags": {"b": "2"}}
    assert sdk.call("ValidateFlowDefinition", definition=definition()) == {"validations": []}
    found = sdk.call("ValidateFlowDefinition", definition=faulty_definition())["validations"]
    assert {"missingEndingNodes": {}} in [one["details"] for one in found]


def test_paginators(sdk: Sdk, prepared: str) -> None:
    for _ in range(11):
        sdk.call("CreateFlowVersion", flowIdentifier=prepared)
    pages = sdk.ask(paginate="ListFlowVersions", input={"flowIdentifier": prepared})["output"]
    numbers = [one["version"] for page in pages for one in page["flowVersionSummaries"]]
    assert numbers == [str(number) for number in range(11, 0, -1)]
    first = sdk.ask(paginate="ListFlows", input={})["output"]
    assert prepared in {one["id"] for page in first for one in page["flowSummaries"]}


def test_error_classes(sdk: Sdk, prepared: str) -> None:
    error = sdk.fail("CreateFlow", "ValidationException", 400, name="--", executionRoleArn="nobody")
    assert {field["name"] for field in error["fieldList"]} == {"name", "executionRoleArn"}
    assert error["message"].startswith("2 validation errors detected: ")
    errors = [
        error,
        sdk.fail("GetFlow", "ResourceNotFoundException", 404, flowIdentifier="ABCDEFGHIJ"),
        sdk.fail(
            "GetFlowVersion", "ResourceNotFoundException", 404, flowIdentifier=prepared, flowVersion="7"
        ),
        sdk.fail("GetFlow", "ValidationException", 400, flowIdentifier="no such id"),
    ]
    name = sdk.call("GetFlow", flowIdentifier=prepared)["name"]
    errors.append(sdk.fail("CreateFlow", "ConflictException", 409, name=name, executionRoleArn=ROLE))
    token = new_token()
    sdk.call("CreateFlowVersion", flowIdentifier=prepared, clientToken=token)
    other = {"flowIdentifier": prepared, "clientToken": token, "description": "other"}
    errors.append(sdk.fail("CreateFlowVersion", "ConflictException", 409, **other))
    sdk.call("UpdateFlow", flowIdentifier=prepared, name=name, executionRoleArn=ROLE)
    unprepared = sdk.fail("CreateFlowVersion", "ConflictException", 409, flowIdentifier=prepared)
    assert "currently in status NotPrepared" in unprepared["message"]
    assert all(one["isModelled"] for one in [*errors, unprepared])


def test_a_repeated_token(sdk: Sdk, prepared: str) -> None:
    wanted = {"flowIdentifier": prepared, "clientToken": new_token()}
    assert sdk.call("CreateFlowVersion", **wanted) == sdk.call("CreateFlowVersion", **wanted)
    assert sdk.call("CreateFlowVersion", flowIdentifier=prepared)["version"] == "2"


def test_limits(installed: Path, make_server: Any) -> None:
    live = make_server(quota_flow_versions="1", rate_limit="0.001", rate_burst="2", store="memory:")
    for sdk in start(installed, live.url):
        flow = sdk.call("CreateFlow", name="full", executionRoleArn=ROLE, definition=definition())["id"]
        sdk.call("PrepareFlow", flowIdentifier=flow)
        sdk.call("CreateFlowVersion", flowIdentifier=flow)
        full = sdk.fail("CreateFlowVersion", "ServiceQuotaExceededException", 402, flowIdentifier=flow)
        fast = sdk.fail("CreateFlowVersion", "ThrottlingException", 429, flowIdentifier=flow)
        assert full["isModelled"]
        assert fast["isModelled"]


def test_signatures(installed: Path, make_server: Any) -> None:
    live, key = closed_server(make_server)
    for sdk in start(installed, live.url, key["access_key_id"], key["secret_access_key"]):
        made = sdk.call("CreateFlow", name="signed", executionRoleArn=ROLE, description="ünï ✓ &=+ %2F")
        assert (
            sdk.call("GetFlow", flowIdentifier=made["arn"], includedData="METADATA_ONLY")["id"] == made["id"]
        )
        sdk.call("DeleteFlow", flowIdentifier=made["arn"], skipResourceInUseCheck=True)
    for sdk in start(installed, live.url, key["access_key_id"], "wrong"):
        sdk.fail("ListFlows", "InvalidSignatureException", 403)
    for sdk in start(installed, live.url, "HRAKNOBODY", "wrong"):
        sdk.fail("ListFlows", "UnrecognizedClientException", 403)
