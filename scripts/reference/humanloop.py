"""The page of the Humanloop API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from headrace.apis.humanloop.api import OPERATIONS
from headrace.apis.humanloop.operations import Operation
from reference.markdown import Row, code, page, summary, table


def humanloop_page() -> str:
    """The operations that are served, from the table of operations."""
    return page(
        "The Humanloop API",
        "These operations are served under `/v5`; the original's client packages can call them. Every "
        "request carries `X-API-KEY`. `GET /v5/openapi.json` is the same table as an OpenAPI document, with "
        "the shapes of all bodies, and needs no key. What each status means: [errors](errors.md). A `?` "
        "marks what may be left out.",
        table(
            ["operation", "method and path", "right"],
            [
                [f"[{one.name}](#{one.name.lower()})", code(_path(one)), one.right.name.lower()]
                for one in OPERATIONS
            ],
        ),
        *(_humanloop_operation(one) for one in OPERATIONS),
    )


def _path(one: Operation) -> str:
    return f"{one.method} /v5{one.template}"


def _humanloop_operation(one: Operation) -> str:
    rows = [
        *([f"`{name}`", "path", "string", ""] for name in re.findall(r"{(\w+)}", one.template)),
        *_fields(one.query, "query"),
        *(_fields(one.body, "body") if one.body is not None else ()),
    ]
    answer = f"Answers {one.status}" + (f" with `{_type_name(one.response)}`." if one.response else ".")
    statuses = f" May answer {', '.join(map(str, one.errors))} of its own." if one.errors else ""
    return "\n\n".join(
        part
        for part in (
            f"## {one.name}",
            code(_path(one)),
            summary(one.handler),
            table(["field", "in", "type", "default"], rows) if rows else "",
            answer + statuses,
        )
        if part
    )


def _fields(kind: type[msgspec.Struct], place: str) -> Iterator[Row]:
    for field in msgspec.structs.fields(kind):
        default = (
            "" if field.required or field.default in (None, msgspec.UNSET) else code(_word(field.default))
        )
        yield [f"`{field.name}`" + ("" if field.required else "?"), place, _schema_type(field.type), default]


def _word(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _schema_type(kind: Any) -> str:
    schema = msgspec.json.schema(kind)
    schema = next(iter(schema["$defs"].values())) if "$defs" in schema and "anyOf" not in schema else schema
    if "enum" in schema:
        return " or ".join(code(one) for one in schema["enum"])
    options = schema.get("anyOf", [schema])
    return " or ".join(str(one.get("type", "any")) for one in options)


def _type_name(kind: Any) -> str:
    arguments = getattr(kind, "__args__", ())
    return f"list of {arguments[0].__name__}" if arguments else str(kind.__name__)
