"""Amazon Bedrock's service models as data: operations, shapes and the statuses of errors.

The files in ``model/`` are extracts of botocore's service models (scripts/extract_service_model.py).
This module reads them and names their parts. What a shape *means* is compiled in shapes.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

Service = Literal["bedrock-agent", "bedrock-agent-runtime"]

ShapeType = Literal[
    "structure",
    "list",
    "map",
    "string",
    "integer",
    "long",
    "float",
    "double",
    "boolean",
    "timestamp",
    "blob",
]

SERVICES: tuple[Service, ...] = ("bedrock-agent", "bedrock-agent-runtime")

_MODEL_DIR = Path(__file__).with_name("model")


class Ref(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A reference to a shape of the same service."""

    shape: str


_NOTHING = Ref(shape="")


class Member(Ref, frozen=True, kw_only=True, rename="camel"):
    """A member of a structure.

    Attributes:
        location: where it travels: ``uri``, ``querystring``, ``header``; None is the body.
        location_name: its name there, when it is not in the body.
        idempotency_token: SDKs fill it in when the caller does not.
    """

    location: Literal["uri", "querystring", "header"] | None = None
    location_name: str | None = None
    idempotency_token: bool = False


class ErrorTrait(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What makes a shape an error."""

    http_status_code: int


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A type of the model, with its constraints.

    Attributes:
        min: the least length of a string or list, or the least number.
        max: the greatest, likewise.
        pattern: a regular expression in Java's dialect, meant for the whole string.
        union: exactly one member is set.
        document: any JSON value.
        payload: the member that is the whole body.
        member: the element, of a list only.
        key: the key, of a map only.
        value: the value, of a map only.
    """

    type: ShapeType
    members: Mapping[str, Member] = {}
    required: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    union: bool = False
    document: bool = False
    eventstream: bool = False
    payload: str | None = None
    member: Ref = _NOTHING
    key: Ref = _NOTHING
    value: Ref = _NOTHING
    error: ErrorTrait | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of the API.

    Attributes:
        uri: the template as modelled, such as ``/flows/{flowIdentifier}/versions``.
        segments: the template's parts between slashes; a part in braces is a label. A trailing slash
            is left out, because both forms are accepted (bedrock.md 0.3).
        status: the status of success.
        input: the name of the input shape.
        output: the name of the output shape; None has no members.
        errors: the names of the declared errors.
    """

    name: str
    service: Service
    method: str
    uri: str
    segments: tuple[str, ...]
    status: int
    input: str
    output: str | None
    errors: tuple[str, ...]


class ServiceModel(msgspec.Struct, frozen=True, kw_only=True):
    """Both services.

    Attributes:
        operations: by name; no name is used by both services.
        shapes: by service and name; the same name may mean different things in the two.
        botocore_version: the version of botocore that the files were extracted from.
    """

    operations: Mapping[str, Operation]
    shapes: Mapping[Service, Mapping[str, Shape]]
    botocore_version: str

    def error_status(self, service: Service, name: str) -> int:
        """The HTTP status of an error that the service declares.

        Raises:
            LookupError: the service declares no such error.
        """
        shape = self.shapes[service].get(name)
        if shape is None or shape.error is None:
            raise LookupError(f"{service} declares no error {name}")
        return shape.error.http_status_code


class _Http(msgspec.Struct, rename="camel"):
    method: str
    request_uri: str
    response_code: int


class _Operation(msgspec.Struct):
    http: _Http
    input: Ref
    output: Ref | None = None
    errors: tuple[Ref, ...] = ()


class _File(msgspec.Struct, rename="camel"):
    service: Service
    botocore_version: str
    operations: dict[str, _Operation]
    shapes: dict[str, Shape]


def load() -> ServiceModel:
    """Read the shipped model files."""
    files = [msgspec.json.decode((_MODEL_DIR / f"{name}.json").read_bytes(), type=_File) for name in SERVICES]
    operations = {
        name: _operation(name, file.service, op) for file in files for name, op in file.operations.items()
    }
    return ServiceModel(
        operations=MappingProxyType(operations),
        shapes=MappingProxyType({file.service: MappingProxyType(file.shapes) for file in files}),
        botocore_version=files[0].botocore_version,
    )


def _operation(name: str, service: Service, found: _Operation) -> Operation:
    return Operation(
        name=name,
        service=service,
        method=found.http.method,
        uri=found.http.request_uri,
        segments=tuple(found.http.request_uri.strip("/").split("/")),
        status=found.http.response_code,
        input=found.input.shape,
        output=found.output.shape if found.output else None,
        errors=tuple(error.shape for error in found.errors),
    )
