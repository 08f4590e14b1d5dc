"""Every operation answers what its golden pairs demand, key for key (humanloop 0.3-0.9, 1, 4.2, appendix A).

The pairs are held to the real SDK's models too, so that neither the server nor the pairs can lose a key.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Union

import httpx
import humanloop.types as sdk
import pytest
from humanloop.core.pydantic_utilities import parse_obj_as
from pydantic import BaseModel
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.golden_pairs import Names, check, operations, pairs_of, scenario, send

from headrace.apis.humanloop.api import OPERATIONS

pytestmark = pytest.mark.live

KINDS = ("Flow", "Prompt", "Tool", "Evaluator", "Agent", "Dataset")
OWN_KEYS = {"trace_status", "trace_usage", "schema", "schema_"}
"""What this server adds: to logs (humanloop 3.2, 3.5), and to tools, which have no schema in the SDK."""
CALLS = {
    "CallAgent": sdk.AgentCallResponse,
    "CallPrompt": sdk.PromptCallResponse,
    "CallTool": sdk.ToolCallResponse,
    "ContinueAgent": sdk.AgentContinueCallResponse,
    "ListDatasetDatapoints": sdk.DatapointResponse,
    "PopulatePrompt": sdk.PopulateTemplateResponse,
    "ListToolEnvironmentVariables": sdk.FileEnvironmentVariableRequest,
    "AddToolEnvironmentVariables": sdk.FileEnvironmentVariableRequest,
    "DeleteToolEnvironmentVariable": sdk.FileEnvironmentVariableRequest,
    "ListEvaluations": sdk.EvaluationResponse,
    "CreateEvaluation": sdk.EvaluationResponse,
    "GetEvaluation": sdk.EvaluationResponse,
    "AddEvaluators": sdk.EvaluationResponse,
    "RemoveEvaluator": sdk.EvaluationResponse,
    "ListEvaluationRuns": sdk.EvaluationRunsResponse,
    "CreateRun": sdk.EvaluationRunResponse,
    "LinkRun": sdk.EvaluationRunResponse,
    "UpdateRun": sdk.EvaluationRunResponse,
    "AddLogsToRun": sdk.EvaluationRunResponse,
    "GetEvaluationStats": sdk.EvaluationStats,
    "ListEvaluationLogs": sdk.EvaluationLogResponse,
}
"""What operations answer in the SDK that is no file."""
CONFIG = """
[[models.route]]
match = "gpt-*"
provider = "ci"
[models.providers.ci]
type = "scripted"
file = "answers.json"
"""
ANSWERS = """
{"answers": [
  {"model": "gpt-tools", "text": "Is it\\\\?$", "answer": {
    "content": [{"toolUse": {"toolUseId": "call 1", "name": "look", "input": {"at": "it"}}}],
    "stop_reason": "tool_use", "input_tokens": 7, "output_tokens": 3}},
  {"answer": {"text": "It is.", "input_tokens": 5, "output_tokens": 2}}]}
"""
AS_SENT = {"spec", "function", "messages", "output_message", "previous_agent_message", "template", "tools"}
"""What comes back as it was sent (humanloop 4.8)."""
Log = Union[tuple(getattr(sdk, f"{kind}LogResponse") for kind in KINDS[:-1])]  # noqa: UP007
File = Union[tuple(getattr(sdk, f"{kind}Response") for kind in KINDS)]  # noqa: UP007


class Page(BaseModel):
    """A page of anything (humanloop 0.7)."""

    records: list[Any]
    page: int
    size: int
    total: int


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """What was wrong with the answer to each pair, sent in the scenario's order to a server of their own."""
    folder = tmp_path_factory.mktemp("golden")
    (folder / "answers.json").write_text(ANSWERS)
    (folder / "headrace.toml").write_text(CONFIG)
    live = LiveServer(
        store=f"sqlite:///{folder}/headrace.db", settings={"config": str(folder / "headrace.toml")}
    ).start()
    names = Names()
    pairs = {operation: pairs_of(operation) for operation in operations()}
    wrong = {}
    with httpx.Client(base_url=live.url, timeout=30) as plain:
        for operation, name in scenario():
            pair = pairs[operation][name]
            wrong[operation, name] = check(send(plain, pair["request"], names), pair["response"], names)
    assert live.stop() == 0
    return wrong


@pytest.mark.parametrize("operation", operations())
def test_the_answers_are_the_golden_ones(operation: str, replayed: dict[tuple[str, str], list[str]]) -> None:
    found = {name: wrong for (of, name), wrong in replayed.items() if of == operation and wrong}
    assert found == {}


def test_every_pair_is_sent_once() -> None:
    there = {(operation, name) for operation in operations() for name in pairs_of(operation)}
    assert Counter(scenario()) == Counter(there)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_has_its_pairs(operation: Any) -> None:
    """A success, no key, and each status that the operation's row in the table names."""
    pairs = pairs_of(operation.name).values()
    statuses = {pair["response"]["status"] for pair in pairs}
    assert {operation.status, 401} <= statuses
    assert {status for status in operation.errors if status != 422} <= statuses
    for pair in pairs:
        assert pair["request"]["method"] == operation.method
        assert pair["request"]["path"].count("/") == operation.template.count("/")


def shape(operation: str) -> Any:
    """The SDK's type of an operation's answer, or of each record of its page."""
    if operation in CALLS:
        return CALLS[operation]
    if operation.startswith("Deserialize"):
        return getattr(sdk, f"{operation.removeprefix('Deserialize')}KernelRequest")
    for kind in KINDS:
        if operation == f"Log{kind}":
            return getattr(sdk, f"Create{kind}LogResponse")
        if operation == f"Update{kind}Log":
            return getattr(sdk, f"{kind}LogResponse")
        if operation == f"List{kind}Environments":
            return sdk.FileEnvironmentResponse
        if kind in operation:
            return getattr(sdk, f"{kind}Response")
    if operation == "GetDirectory":
        return sdk.DirectoryWithParentsAndChildrenResponse
    if operation.endswith(("Directory", "Directories")):
        return sdk.DirectoryResponse
    return Log if operation.endswith(("Log", "Logs")) else File


def incomplete(value: Any, where: str) -> Iterator[str]:
    """The keys that the SDK has and a parsed answer has not, or the other way round."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for key in fields.keys() - value.model_fields_set:
            yield f"{where}.{key} is missing"
        for key in (value.model_extra or {}).keys() - OWN_KEYS:
            yield f"{where}.{key} is unknown"
        for key in fields.keys() - AS_SENT:
            yield from incomplete(getattr(value, key), f"{where}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from incomplete(one, f"{where}[{number}]")


def records_of(body: Any) -> list[Any]:
    """What an answer holds: itself, or the records of its page or list."""
    if isinstance(body, list):
        return body
    if "records" not in body:
        return [body]
    if body.keys() != {"records"}:
        assert Page.model_validate(body, strict=True).model_fields_set == body.keys()
    found: list[Any] = body["records"]
    return found


@pytest.mark.parametrize("operation", [name for name in operations() if name != "ImportSpans"])
def test_the_sdk_knows_every_key_of_the_golden_answers(operation: str) -> None:
    found = []
    for name, pair in pairs_of(operation).items():
        body = pair["response"].get("body")
        if pair["response"]["status"] >= 400 or body is None:
            continue
        dated = json.loads(
            json.dumps(body).replace("<time>", "2026-01-02T03:04:05.000006").replace('"<number>"', "0.5")
        )
        for record in records_of(dated):
            found += incomplete(parse_obj_as(shape(operation), record), name)
    assert found == []
