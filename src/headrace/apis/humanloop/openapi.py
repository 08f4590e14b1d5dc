"""The OpenAPI document, made from the same table that requests are routed by."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Annotated, Any

import msgspec

from headrace import __version__
from headrace.apis.humanloop.errors import FAULTS, ErrorResponse, HttpValidationError, ModelErrorResponse
from headrace.apis.humanloop.evaluation_wire import STATS
from headrace.apis.humanloop.operations import Operation

REASONS = {
    400: "The body is not JSON.",
    401: "The key is missing or wrong, or does not have the right that this needs.",
    404: "There is no such thing.",
    408: "The body took too long to arrive.",
    409: "The present state does not allow this.",
    413: "The body is too large.",
    415: "The body has a content encoding.",
    422: "The request breaks a rule; each one is listed.",
    429: "Too many requests.",
    500: "A bug in the server.",
    503: "The server can't do this right now.",
}
ALWAYS = (401, 422, 429, 500, 503)
"""What any operation may answer."""
WITH_BODY = (400, 408, 413, 415)
"""What an operation that takes a body may answer."""
_REF = "#/components/schemas/{name}"


@cache  # finding out what the types are takes most of a second, which no start of a server should
def document(rows: tuple[Operation, ...]) -> bytes:
    """The OpenAPI 3.1 document of these operations, as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault("/v5" + row.template, {})[row.method.lower()] = _operation(row)
    used = [kind for row in rows for kind in (row.body, row.response) if kind is not None]
    _, schemas = msgspec.json.schema_components(
        [*used, *STATS, ErrorResponse, HttpValidationError, ModelErrorResponse], ref_template=_REF
    )
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Headrace: the Humanloop API", "version": __version__},
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"}},
            },
        }
    )


def _operation(row: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": row.name,
        "summary": inspect.getdoc(row.handler),
        "tags": [row.template.split("/")[1]],
        "parameters": [*_path_parameters(row.template), *_query_parameters(row.query)],
        "responses": _responses(row),
    }
    if row.body is not None:
        needed = any(field.required for field in msgspec.structs.fields(row.body))
        kind = list[row.body] if row.takes_list else row.body  # type: ignore[name-defined]
        described["requestBody"] = {"required": needed, "content": _content(kind, row.takes)}
    return described


def _path_parameters(template: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", template)
    ]


def _query_parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
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


def _responses(row: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if row.response is not None:
        success["content"] = _content(row.response, row.media)
    failures = sorted({*ALWAYS, *row.errors, *(WITH_BODY if row.body is not None else ())})
    of_models = {fault.status for fault in FAULTS.values()} if row.asks_models else ()
    shown = {str(status): _failure(status, of_model=status in of_models) for status in failures}
    return {str(row.status): success} | shown


def _failure(status: int, *, of_model: bool) -> dict[str, Any]:
    kind: Any = HttpValidationError if status == 422 else ErrorResponse
    if of_model:
        kind = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_either(kind, ModelErrorResponse))]
    return {"description": REASONS[status], "content": _content(kind)}


def _either(*kinds: type[msgspec.Struct]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": _REF.format(name=kind.__name__)} for kind in kinds]}


@cache  # most answers are of few types, and finding out what one is takes milliseconds
def _content(kind: Any, media: str = "application/json") -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return {media: {"schema": schema}}
