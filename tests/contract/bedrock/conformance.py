"""Holds every answer of the server to botocore's own service model, not to ours.

`checked_client` is a boto3 client whose raw responses are looked at before botocore parses (and forgives)
them: no unknown or null member, every required one, each value within its pattern, enum and length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from tests.contract.conftest import boto_client

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(\d{3})?Z")
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

LONGER_PATTERNS = {"FlowConnectionName": "[a-zA-Z]([_]?[0-9a-zA-Z]){1,}"}
"""Where the model is narrower than what AWS itself answers (bedrock 9, 23)."""
LARGER_MAXIMUMS = {"FlowConnections": 100, "NodeInputFields": 20, "NodeOutputFields": 5}
"""Where the model is narrower than CloudFormation's schema of the same API (bedrock 9, 22), or than the nodes
that its events tell of (bedrock 9, 51)."""

COMMON_ERRORS: Mapping[str, int] = {
    "SerializationException": 400,
    "IncompleteSignatureException": 400,
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "ExpiredTokenException": 403,
    "UnknownOperationException": 404,
    "MethodNotAllowedException": 405,
    "RequestEntityTooLargeException": 413,
}
"""Errors that no service model declares, with their statuses (bedrock 6.1)."""


class Unconforming(AssertionError):
    """An answer that the service model does not allow."""


def checked_client(url: str, service: str = "bedrock-agent", **options: Any) -> Any:
    """A boto3 client that fails as soon as an answer does not conform.

    Its attribute ``raw`` is the body of the latest answer, parsed as plain JSON.
    """
    client = boto_client(url, service, **options)

    def look(operation_model: OperationModel, response_dict: Mapping[str, Any], **_: Any) -> None:
        body = response_dict["body"]
        client.raw = json.loads(body) if isinstance(body, bytes) and body else None
        client.raw_text = body
        check_response(
            operation_model, response_dict["status_code"], response_dict["headers"], body, client.raw
        )

    client.meta.events.register(f"before-parse.{service}", look)
    return client


def check_response(
    operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes, parsed: Any
) -> None:
    """Raise Unconforming unless this is an answer that the operation may give."""
    if not REQUEST_ID.fullmatch(headers.get("x-amzn-requestid", "")):
        raise Unconforming(f"{operation.name}: no request id in {dict(headers)}")
    if status >= 300:
        found = list(_error_violations(operation, status, headers, parsed))
    else:
        found = list(_success_violations(operation, status, headers, parsed))
    if found:
        raise Unconforming(f"{operation.name} answered {status} {body!r}:\n" + "\n".join(found))


def _success_violations(
    operation: OperationModel, status: int, headers: Mapping[str, str], parsed: Any
) -> Iterator[str]:
    if status != operation.http.get("responseCode", 200):
        yield f"status {status}, not {operation.http.get('responseCode', 200)}"
    if headers.get("content-type") != "application/json":
        yield f"content type {headers.get('content-type')}"
    if operation.output_shape is None:
        if parsed != {}:
            yield f"a body where none is modelled: {parsed}"
        return
    yield from violations(operation.output_shape, parsed, operation.name)


def _error_violations(
    operation: OperationModel, status: int, headers: Mapping[str, str], parsed: Any
) -> Iterator[str]:
    name = headers.get("x-amzn-errortype", "")
    declared = {shape.name: shape for shape in operation.error_shapes}
    if name in declared:
        shape = declared[name]
        if status != shape.metadata["error"]["httpStatusCode"]:
            yield f"{name} with status {status}"
        yield from violations(shape, parsed, name)
        if not parsed.get("message"):
            yield f"{name} without a message"
    elif COMMON_ERRORS.get(name) != status:
        yield f"{operation.name} does not declare {name or 'an error without a name'} with {status}"
    elif set(parsed) != {"message"} or not parsed["message"]:
        yield f"{name} says {parsed}"


def violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """All the ways in which a JSON value is not of a shape."""
    if getattr(shape, "is_document_type", False):
        return  # any JSON value, null too
    if value is None:
        yield f"{path} is null"
    elif shape.type_name not in _CHECKS:
        yield f"{path} has the type {shape.type_name}, which this checker does not know"
    else:
        yield from _CHECKS[shape.type_name](shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not an object"
        return
    yield from (f"{path} has no {name}" for name in shape.required_members if name not in value)
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path} is a union of {sorted(value)}"
    for name, inner in value.items():
        if name in shape.members:
            yield from violations(shape.members[name], inner, f"{path}.{name}")
        else:
            yield f"{path} has an unknown member {name}"


def _list(shape: ListShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is not a list"
        return
    yield from _length(shape, len(value), path)
    for index, item in enumerate(value):
        yield from violations(shape.member, item, f"{path}[{index}]")


def _map(shape: MapShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not an object"
        return
    yield from _length(shape, len(value), path)
    for key, item in value.items():
        yield from violations(shape.key, key, f"{path} key")
        yield from violations(shape.value, item, f"{path}.{key}")


def _string(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path} is not a string"
        return
    yield from _length(shape, len(value), path)
    pattern = LONGER_PATTERNS.get(shape.name) or shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{path} {value!r} does not match {pattern}"
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path} {value!r} is none of {allowed}"


def _number(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kinds = int if shape.type_name in ("integer", "long") else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        yield f"{path} is not a number of type {shape.type_name}"
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield f"{path} {value} is not within {low} and {high}"


def _boolean(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path} is not a boolean"


def _timestamp(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        yield f"{path} {value!r} is not a time in UTC with microseconds"


def _length(shape: Shape, size: int, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), LARGER_MAXIMUMS.get(shape.name, shape.metadata.get("max"))
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{path} has {size} elements, not {low} to {high}"


_CHECKS: Mapping[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
