"""The checker itself finds what it is there to find."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.bedrock.conformance import Unconforming, check_response, violations
from tests.contract.bedrock.things import ROLE, definition
from tests.contract.conftest import boto_client

MODEL = boto_client("http://127.0.0.1:1").meta.service_model
GOOD: dict[str, Any] = {
    "name": "a-flow",
    "executionRoleArn": ROLE,
    "id": "ABCDEFGHIJ",
    "arn": "arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ",
    "status": "Prepared",
    "createdAt": "2025-03-13T12:10:21.274124Z",
    "version": "1",
    "definition": definition(),
}
HEADERS = {
    "x-amzn-requestid": "01234567-89ab-4cde-8f01-23456789abcd",
    "content-type": "application/json",
}


def _found(value: Any) -> list[str]:
    return list(violations(MODEL.operation_model("CreateFlowVersion").output_shape, value, "answer"))


def test_a_good_answer_has_no_violations() -> None:
    assert _found(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "answer.id is null"),
        ({"updatedAt": "2025-03-13T12:10:21.274124Z"}, "unknown member updatedAt"),
        ({"id": "short"}, "does not match"),
        ({"status": "PREPARED"}, "is none of"),
        ({"createdAt": "2025-03-13T12:10:21.274124+00:00"}, "is not a time"),
        ({"version": 1}, "is not a string"),
        ({"description": ""}, "has 0 elements"),
        ({"description": "d" * 201}, "has 201 elements"),
        (
            {"definition": {"nodes": [{"name": "A", "type": "Input", "configuration": {}}]}},
            "is a union of []",
        ),
        ({"definition": {"nodes": [{"name": "A"}]}}, "has no type"),
        ({"definition": []}, "is not an object"),
    ],
)
def test_a_bad_member_is_found(change: dict[str, Any], words: str) -> None:
    assert [found for found in _found({**GOOD, **change}) if words in found]


def test_a_missing_member_is_found() -> None:
    assert _found({k: v for k, v in GOOD.items() if k != "arn"}) == ["answer has no arn"]


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, HEADERS, GOOD),
        (201, {"content-type": "application/json"}, GOOD),
        (404, {**HEADERS, "x-amzn-errortype": "ConflictException"}, {"message": "no"}),
        (409, {**HEADERS, "x-amzn-errortype": "ConflictException"}, {"message": "no", "extra": 1}),
        (409, {**HEADERS, "x-amzn-errortype": "ConflictException"}, {}),
        (409, HEADERS, {"message": "no"}),
        (424, {**HEADERS, "x-amzn-errortype": "DependencyFailedException"}, {"message": "no"}),
    ],
)
def test_a_bad_response_is_refused(status: int, headers: dict[str, str], body: Any) -> None:
    with pytest.raises(Unconforming):
        check_response(MODEL.operation_model("CreateFlowVersion"), status, headers, b"", body)
