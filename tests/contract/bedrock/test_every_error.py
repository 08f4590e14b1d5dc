"""The errors that every operation declares, from every operation, as boto3 raises them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, refused
from tests.contract.inprocess import InProcess, in_process
from tests.contract.test_faults import BreakableStore

from headrace.apis.bedrock.api import SERVED
from headrace.apis.bedrock.model import load
from headrace.settings import Settings

NOBODY = "ABCDEFGHIJ"
ARN = f"arn:aws:bedrock:us-east-1:000000000000:flow/{NOBODY}"
FLOW = {"flowIdentifier": NOBODY}
ALIAS = {**FLOW, "aliasIdentifier": NOBODY}
ROUTE = {"name": "a", "routingConfiguration": [{"flowVersion": "1"}]}
EXECUTION = {**FLOW, "flowAliasIdentifier": NOBODY, "executionIdentifier": "nobody"}
PROMPT = {"promptIdentifier": NOBODY}
TURN = [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}]

REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "CreateFlow": {"name": "a", "executionRoleArn": ROLE},
    "GetFlow": FLOW,
    "UpdateFlow": {**FLOW, "name": "a", "executionRoleArn": ROLE},
    "DeleteFlow": FLOW,
    "ListFlows": {},
    "PrepareFlow": FLOW,
    "ValidateFlowDefinition": {"definition": {}},
    "CreateFlowVersion": FLOW,
    "GetFlowVersion": {**FLOW, "flowVersion": "1"},
    "ListFlowVersions": FLOW,
    "DeleteFlowVersion": {**FLOW, "flowVersion": "1"},
    "CreateFlowAlias": {**FLOW, **ROUTE},
    "GetFlowAlias": ALIAS,
    "UpdateFlowAlias": {**ALIAS, **ROUTE},
    "DeleteFlowAlias": ALIAS,
    "ListFlowAliases": FLOW,
    "CreatePrompt": {"name": "a"},
    "GetPrompt": PROMPT,
    "UpdatePrompt": {**PROMPT, "name": "a"},
    "DeletePrompt": PROMPT,
    "ListPrompts": {},
    "CreatePromptVersion": PROMPT,
    "TagResource": {"resourceArn": ARN, "tags": {"a": "b"}},
    "UntagResource": {"resourceArn": ARN, "tagKeys": ["a"]},
    "ListTagsForResource": {"resourceArn": ARN},
    "InvokeFlow": {**FLOW, "flowAliasIdentifier": NOBODY, "inputs": TURN},
    "StartFlowExecution": {**FLOW, "flowAliasIdentifier": NOBODY, "inputs": TURN},
    "GetFlowExecution": EXECUTION,
    "ListFlowExecutions": FLOW,
    "ListFlowExecutionEvents": {**EXECUTION, "eventType": "Node"},
    "StopFlowExecution": EXECUTION,
    "GetExecutionFlowSnapshot": EXECUTION,
}
"""A request of each served operation that is well-formed and, where it names something, names nothing there."""

BROKEN: Mapping[str, Mapping[str, Any]] = {
    "flowIdentifier": {"flowIdentifier": "not an id"},
    "promptIdentifier": {"promptIdentifier": "not an id"},
    "resourceArn": {"resourceArn": "a" * 1012},
    "name": {"name": "two  blanks"},
    "definition": {"definition": {"nodes": [{"name": "x", "type": "Odd"}]}},
}
"""For the first member of these that a request has: a value that breaks a rule of it."""

OPERATIONS = sorted(SERVED)
MODEL = load()


def method_of(url: str, operation: str) -> Callable[..., Any]:
    client = checked_client(url, MODEL.operations[operation].service)
    names = {api: method for method, api in client.meta.method_to_api_mapping.items()}
    method: Callable[..., Any] = getattr(client, names[operation])
    return method


@pytest.fixture(scope="module")
def sparing() -> Iterator[InProcess]:
    """A server that answers each operation once."""
    settings = Settings(store="memory:", rate_limit=1e-6, rate_limit_reads=1e-6, rate_burst=1)
    with in_process(settings) as running:
        yield running


@pytest.fixture(scope="module")
def broken() -> Iterator[InProcess]:
    """A server whose store is out of order."""
    store = BreakableStore()
    with in_process(Settings(store="memory:"), store) as running:
        # Now it is known that there are no keys. No test asks the same: its answer would be there already.
        checked_client(running.url).list_flows(maxResults=7)
        store.broken_by = RuntimeError("out of order")
        yield running
        store.broken_by = None


@pytest.fixture(scope="module")
def empty() -> Iterator[InProcess]:
    """A server with nothing in it."""
    with in_process(Settings(store="memory:")) as running:
        yield running


def test_every_operation_has_a_request_here() -> None:
    assert sorted(REQUESTS) == OPERATIONS


@pytest.mark.parametrize("operation", OPERATIONS)
def test_throttling(sparing: InProcess, operation: str) -> None:
    call = method_of(sparing.url, operation)
    try:
        call(**REQUESTS[operation])
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"  # noqa: PT017
    with refused("ThrottlingException", 429):
        call(**REQUESTS[operation])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_internal_error(broken: InProcess, operation: str) -> None:
    with refused("InternalServerException", 500, "Request id"):
        method_of(broken.url, operation)(**REQUESTS[operation])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_validation(empty: InProcess, operation: str) -> None:
    request = REQUESTS[operation]
    wrong = next((BROKEN[name] for name in BROKEN if name in request), {"nextToken": "no token of ours"})
    with refused("ValidationException", 400):
        method_of(empty.url, operation)(**{**request, **wrong})


FINDS_NOTHING = {"CreateFlow", "CreatePrompt", "ListFlows", "ListPrompts", "ValidateFlowDefinition"}
"""Operations that name nothing that could be missing."""


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in FINDS_NOTHING])
def test_not_found(empty: InProcess, operation: str) -> None:
    with refused("ResourceNotFoundException", 404):
        method_of(empty.url, operation)(**REQUESTS[operation])
