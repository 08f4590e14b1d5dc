"""The page of the Bedrock API."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.apis.bedrock.api import SERVED
from headrace.apis.bedrock.model import Member, Operation, ServiceModel, Shape, load
from reference.markdown import Row, code, page, summary, table


def bedrock_page() -> str:
    """The operations that are served, from the service model and the table of handlers."""
    model = load()
    served = [model.operations[name] for name in SERVED]
    return page(
        "The Amazon Bedrock API",
        f"These operations are served, in the shapes of botocore {model.botocore_version}'s service models; "
        "any AWS client can call them. Paths are taken with and without the slash at the end, identifiers "
        "as ids or as ARNs. Requests are signed with Signature Version 4, or carry `X-API-KEY`. What each "
        "error is called: [errors](errors.md). A `?` marks what may be absent.",
        table(
            ["operation", "method and path", "status"],
            [
                [f"[{one.name}](#{one.name.lower()})", code(f"{one.method} {one.uri}"), one.status]
                for one in served
            ],
        ),
        *(_bedrock_operation(model, one) for one in served),
        _not_served(sorted(name for name in model.operations if name not in SERVED)),
    )


def _not_served(names: list[str]) -> str:
    if not names:
        return ""
    return (
        "## Not served\n\nThe service models have these as well. This server answers them 404 "
        "`UnknownOperationException`, or 405 `MethodNotAllowedException` where a served operation has the "
        f"same path: {', '.join(map(code, names))}."
    )


def _bedrock_operation(model: ServiceModel, one: Operation) -> str:
    shapes = model.shapes[one.service]
    parts = [
        f"## {one.name}",
        code(f"{one.method} {one.uri}"),
        summary(SERVED[one.name]),
        table(
            ["member", "in", "type", "limits"],
            [
                _member(shapes, shapes[one.input], name, member)
                for name, member in shapes[one.input].members.items()
            ],
        ),
    ]
    if one.output is not None:
        required = shapes[one.output].required
        answer = [f"`{name}`" + ("" if name in required else "?") for name in shapes[one.output].members]
        parts.append(f"Answers {one.status} with {', '.join(answer)}.")
    parts.append(f"Errors: {', '.join(code(name) for name in sorted(one.errors))}.")
    return "\n\n".join(parts)


def _member(shapes: Mapping[str, Shape], parent: Shape, name: str, member: Member) -> Row:
    shape = shapes[member.shape]
    place = {"uri": "path", "querystring": "query", None: "body"}.get(member.location, member.location)
    required = "" if name in parent.required else "?"
    return [f"`{name}`{required}", place, shape.type, _limits(shape)]


def _limits(shape: Shape) -> str:
    if shape.enum:
        return " or ".join(code(one) for one in shape.enum)
    bounds = [
        f"{'≥' if end == 'min' else '≤'} {value}"
        for end in ("min", "max")
        if (value := getattr(shape, end)) is not None
    ]
    unit = " characters" if bounds and shape.type == "string" else ""
    return ", ".join(bounds) + unit
