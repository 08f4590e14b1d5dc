"""Material for the tests of the Bedrock API: definitions, names, raw requests."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111122223333:role/flow-role"
KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
CREDENTIALS = {"authorization": "AWS4-HMAC-SHA256 any"}
"""What open mode asks for: that there are some."""

_process = uuid.uuid4().hex[:8]
_count = itertools.count(1)


def new_name(prefix: str = "flow") -> str:
    """A name that no other test uses."""
    return f"{prefix}-{_process}-{next(_count)}"


def new_token() -> str:
    """A client token."""
    return str(uuid.uuid4())


def definition(text: str = "hello") -> dict[str, Any]:
    """A definition that prepares: an input, a prompt that says ``text``, an output."""
    return {
        "nodes": [
            {
                "name": "In",
                "type": "Input",
                "configuration": {"input": {}},
                "outputs": [{"name": "document", "type": "String"}],
            },
            {
                "name": "Ask",
                "type": "Prompt",
                "configuration": {
                    "prompt": {
                        "sourceConfiguration": {
                            "inline": {
                                "modelId": "example.model-v1",
                                "templateType": "TEXT",
                                "templateConfiguration": {
                                    "text": {
                                        "text": text + " {{topic}}",
                                        "inputVariables": [{"name": "topic"}],
                                    }
                                },
                                "inferenceConfiguration": {"text": {"temperature": 0, "topP": 0.8}},
                            }
                        }
                    }
                },
                "inputs": [{"name": "topic", "type": "String", "expression": "$.data"}],
                "outputs": [{"name": "modelCompletion", "type": "String"}],
            },
            {
                "name": "Out",
                "type": "Output",
                "configuration": {"output": {}},
                "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
            },
        ],
        "connections": [
            _data("InAsk", "In", "document", "Ask", "topic"),
            _data("AskOut", "Ask", "modelCompletion", "Out", "document"),
        ],
    }


def _data(name: str, source: str, output: str, target: str, target_input: str) -> dict[str, Any]:
    return {
        "name": name,
        "source": source,
        "target": target,
        "type": "Data",
        "configuration": {"data": {"sourceOutput": output, "targetInput": target_input}},
    }


def faulty_definition() -> dict[str, Any]:
    """A definition of the right shape that does not prepare: there is no output node."""
    whole = definition()
    return {"nodes": whole["nodes"][:2], "connections": whole["connections"][:1]}


def without_metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    """A boto3 response without what boto3 added."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


@contextmanager
def refused(code: str, status: int, *parts: str) -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """The block fails with this error, whose message has these parts."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    for part in parts:
        assert part in response["Error"]["Message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """An HTTP response, read whole; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        """The error's name as an AWS client reads it."""
        return self.headers.get("x-amzn-errortype")


def send(
    url: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] = CREDENTIALS,
) -> RawResponse:
    """One request with the path exactly as written. A body that is not bytes is sent as JSON."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, body=content, headers=dict(headers))
        response = connection.getresponse()
        return RawResponse(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=response.read(),
        )
    finally:
        connection.close()


FLOWS_FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")
