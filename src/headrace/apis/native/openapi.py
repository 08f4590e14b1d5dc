"""The OpenAPI document, made from the same table that requests are routed by."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from headrace import __version__
from headrace.apis.native.errors import ErrorAnswer
from headrace.apis.native.operations import JSON_MEDIA, Operation

REASONS = {
    304: "Nothing changed since then.",
    400: "The request breaks a rule; each one is listed.",
    401: "The key is missing or wrong.",
    403: "The key does not have the right that this needs.",
    404: "There is no such thing.",
    408: "The body took too long to arrive.",
    409: "The present state does not allow this.",
    412: "What is there is not what `If-Match` names.",
    413: "The body is too large.",
    429: "Too many requests.",
    500: "A bug in the server.",
    502: "A model did not answer.",
    503: "The server can't do this right now.",
}
ALWAYS = (400, 401, 403, 429, 500, 503)
"""What any operation may answer."""
WITH_BODY = (408, 413)
"""What an operation that takes a body may answer."""
Shapes = Mapping[Any, dict[str, Any]]
"""The schema of each type that is sent or answered."""
_REF = "#/components/schemas/{name}"


@cache  # finding out what the types are takes a while, which no start of a server should
def document(rows: tuple[Operation, ...]) -> bytes:
    """The OpenAPI 3.1 document of these operations, as JSON."""
    used = [kind for row in rows for kind in (row.body, row.response) if kind is not None]
    kinds = [*dict.fromkeys(used), ErrorAnswer]
    # All at once: what two types are called that have the same name is known only then.
    found, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    shapes: Shapes = {kind: {"schema": schema} for kind, schema in zip(kinds, found, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault("/api" + row.template, {})[row.method.lower()] = _operation(row, shapes)
    described: dict[str, Any] = _with_numbers(
        {
            "openapi": "3.1.0",
            "info": {"title": "Headrace: its own API", "version": __version__},
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"}},
            },
        }
    )
    return msgspec.json.encode(described)


def _with_numbers(value: Any) -> Any:
    """The same, with decimal numbers as the numbers that they are in JSON."""
    if isinstance(value, dict):
        if value.get("format") == "decimal":
            return {**value, "type": "number"}
        return {name: _with_numbers(inner) for name, inner in value.items()}
    return [_with_numbers(inner) for inner in value] if isinstance(value, list) else value


def _operation(row: Operation, shapes: Shapes) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": row.name,
        "summary": (inspect.getdoc(row.handler) or "").partition("\n")[0],
        "description": inspect.getdoc(row.handler),
        "tags": [row.template.split("/")[1]],
        "parameters": [*_path_parameters(row.template), *_query_parameters(row.query), *_headers(row)],
        "responses": _responses(row, shapes),
    }
    if row.body is not None:
        needed = any(field.required for field in msgspec.structs.fields(row.body))
        described["requestBody"] = {"required": needed, "content": {JSON_MEDIA: shapes[row.body]}}
    return described


def _path_parameters(template: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", template)
    ]


def _query_parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": _query_schema(field.type) | ({} if field.required else _default(field.default)),
        }
        for field in msgspec.structs.fields(kind)
    ]


@cache
def _query_schema(kind: Any) -> dict[str, Any]:
    """A query can't hold null, and its enumerations stand where they are used."""
    schema = msgspec.json.schema(kind)
    schema = next(iter(schema["$defs"].values())) if "$defs" in schema else schema
    return next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), schema)


def _default(value: Any) -> dict[str, Any]:
    return {} if value is None else {"default": value}


def _headers(row: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in row.headers
    ]


def _responses(row: Operation, shapes: Shapes) -> dict[str, Any]:
    failures = sorted({*ALWAYS, *row.errors, *(WITH_BODY if row.body is not None else ())})
    return {str(row.status): _success(row, shapes)} | {
        str(status): _failure(status, shapes) for status in failures
    }


def _success(row: Operation, shapes: Shapes) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    contents: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in row.media}
    if row.response is not None:
        success["content"] = contents | {row.media[0]: shapes[row.response]}
    elif JSON_MEDIA not in contents:  # lines or a file, which no shape describes
        success["content"] = contents
    return success


def _failure(status: int, shapes: Shapes) -> dict[str, Any]:
    if status == 304:  # it has no body
        return {"description": REASONS[status]}
    return {"description": REASONS[status], "content": {JSON_MEDIA: shapes[ErrorAnswer]}}
