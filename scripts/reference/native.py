"""The page of our own API."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from headrace.apis.native.api import OPERATIONS
from headrace.apis.native.operations import Operation
from reference.markdown import Row, code, page, table


def native_page() -> str:
    """The operations that are served, from the table of operations."""
    return page(
        "Its own API",
        "What neither the Humanloop API nor Amazon Bedrock's has words for: what differs between versions, "
        "what is live, who moved what when and why, promoting, rolling back, splitting, switching off, and "
        "gates. "
        "These operations are served under `/api`. Every request carries `X-API-KEY`; bodies and answers are "
        "JSON, and a member or a parameter that is not known is refused. `GET /api/openapi.json` is the same "
        "table as an OpenAPI document, with the shapes of all answers, and needs no key. "
        "[Deploy safely](../how-to/deploy-safely.md) shows how to use it, also from the command line.",
        "`{file}` is a file's id, or its path with each `/` as `%2F`. `{pointer}` is an environment's or an "
        "alias's name or id; where both have a name, the alias is meant. A version is named by its id or its "
        "number.",
        'A refusal is `{"error": {"code", "message", "problems"}}`: a word that stays the same, what is '
        "wrong and what to do about it in words, and each broken rule with its place. "
        "[Errors](errors.md#its-own-api) has the codes. A `?` marks what may be left out.",
        table(
            ["operation", "method and path", "right"],
            [
                [f"[{one.name}](#{one.name.lower()})", code(_path(one)), one.right.name.lower()]
                for one in OPERATIONS
            ],
        ),
        *(_operation(one) for one in OPERATIONS),
    )


def _path(one: Operation) -> str:
    return f"{one.method} /api{one.template}"


def _operation(one: Operation) -> str:
    rows = [
        *([f"`{name}`?", "header", "string", "", text] for name, text in one.headers),
        *_fields(one.query, "query"),
        *(_fields(one.body, "body") if one.body is not None else ()),
    ]
    shapes = () if one.response is None else get_args(one.response) or (one.response,)
    shape = f" with {' or '.join(code(kind.__name__) for kind in shapes)}" if shapes else ""
    also = f", or as {' or '.join(map(code, one.media[1:]))}" if one.media[1:] else ""
    statuses = f" May answer {', '.join(map(str, one.errors))} of its own." if one.errors else ""
    return "\n\n".join(
        part
        for part in (
            f"## {one.name}",
            code(_path(one)),
            *_paragraphs(one.handler),
            table(["field", "in", "type", "default", "what it is"], rows) if rows else "",
            f"Answers {one.status}{shape}{also}.{statuses}",
        )
        if part
    )


def _paragraphs(handler: Any) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(handler) or "").split("\n\n")]


def _fields(kind: type[msgspec.Struct], place: str) -> Iterator[Row]:
    meanings = _meanings(kind)
    for field in msgspec.structs.fields(kind):
        has_default = not field.required and field.default not in (None, msgspec.NODEFAULT, msgspec.UNSET)
        default = code(msgspec.json.encode(field.default).decode()) if has_default else ""
        name = f"`{field.encode_name}`" + ("" if field.required else "?")
        yield [name, place, _type(field.type), default, meanings.get(field.name, "")]


def _meanings(kind: type) -> dict[str, str]:
    """What the docstrings of a type and of those it extends say of their members."""
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        _, _, members = (inspect.cleandoc(parent.__doc__ or "")).partition("Attributes:\n")
        for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", members, re.MULTILINE):
            found[name] = " ".join(text.split())
    return found


def _type(kind: Any) -> str:
    schema = msgspec.json.schema(kind)
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return " or ".join(code(one) for one in schema["enum"])
    options = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
    return " or ".join("object" if "$ref" in one else str(one.get("type", "any")) for one in options)
