"""What makes content runnable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import load
from headrace.rules import FlowRules

RULES = FlowRules(Codec(load()))
ROLE = "arn:aws:iam::111122223333:role/r"
KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
DEFINITION = {"nodes": [{"name": "In", "type": "Input"}], "connections": []}


def _form(content: Any) -> Any:
    text = json.dumps(content).encode()
    form = RULES.runnable_form(content, text)
    return None if form is None else (form == text, json.loads(form))


@pytest.mark.parametrize(
    "content",
    [
        {"definition": {}},
        {"definition": DEFINITION},
        {"definition": DEFINITION, "executionRoleArn": ROLE, "customerEncryptionKeyArn": KEY},
        {"definition": DEFINITION, "anything": {"else": [1, 2.50, None]}},
    ],
)
def test_content_that_runs_is_kept_as_it_is(content: Any) -> None:
    assert _form(content) == (True, content)


@pytest.mark.parametrize(
    "content",
    [
        {"definition": DEFINITION, "executionRoleArn": None},
        {"definition": {**DEFINITION, "unknown": 1}},
        {
            "definition": {
                "nodes": [{"name": "In", "type": "Input", "configuration": None}],
                "connections": [],
            }
        },
    ],
)
def test_content_that_runs_without_what_is_ignored(content: Any) -> None:
    assert _form(content) == (False, {"definition": DEFINITION})


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "text",
        {},
        {"definition": None},
        {"definition": []},
        {"definition": {"nodes": {}}},
        {"definition": {"nodes": [{"name": "1", "type": "Input"}]}},
        {"definition": DEFINITION, "executionRoleArn": "nobody"},
        {"definition": DEFINITION, "executionRoleArn": 7},
        {"definition": DEFINITION, "customerEncryptionKeyArn": "key"},
    ],
)
def test_content_that_does_not_run(content: Any) -> None:
    assert _form(content) is None
