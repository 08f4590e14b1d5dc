"""What a value of a modelled shape may be, compiled from the service model in two ways.

- A JSON Schema (schema.py) for the fast verdict. It is strict: no nulls, no unknown members. So a value
  that it accepts needs no normalising, and the bytes it came from may be kept and echoed as they are.
- A walk of closures (walk.py) for everything else. It drops what the protocol tells a server to ignore,
  and lists every violation in the words that AWS uses (bedrock.md 1.1).

Both are made from the same shapes and must agree; tests/laws/test_bedrock_shapes.py holds them to it.
Only shapes that occur in requests can be compiled. This file also owns the places where the model is
not followed to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import msgspec

from headrace.apis.bedrock.depth import Depth, depth
from headrace.apis.bedrock.model import Service, Shape
from headrace.apis.bedrock.schema import SchemaCompiler
from headrace.apis.bedrock.walk import Path, Report, Walk, WalkCompiler
from headrace.core.errors import Problem

MAX_DEPTH = 200
"""How many objects and lists may be inside each other, in documents too."""


class Checker(msgspec.Struct, frozen=True, kw_only=True):
    """One shape, ready to check values."""

    validator: jsonschema_rs.Draft4Validator
    walk: Walk
    depth: Callable[[], Depth]

    def is_exact(self, value: object) -> bool:
        """Whether the value is valid and needs no normalising."""
        return not is_too_deep(value) and self.validator.is_valid(value)

    def is_exact_json(self, value: object, text: bytes) -> bool:
        """As `is_exact`, for a value that was just parsed from this text."""
        # Deep nesting needs many brackets, and what comes back or is of any depth its name; to count them is
        # far cheaper than to walk the value. The validator goes no deeper than the shape does.
        may_be_deep = text.count(b"{") + text.count(b"[") > MAX_DEPTH and not self.depth().within(
            MAX_DEPTH, text
        )
        return not (may_be_deep and is_too_deep(value)) and self.validator.is_valid(value)

    def check(self, value: object) -> tuple[Any, tuple[Problem, ...]]:
        """The value without nulls and unknown members, and everything that is wrong with it."""
        report = Report()
        if is_too_deep(value):
            report.add((), f"Member must not be nested deeper than {MAX_DEPTH} levels", "depth")
            return value, tuple(report.problems)
        kept = self.walk(value, (), report)
        return kept, tuple(report.problems)


class ShapeCompiler:
    """Compiles the shapes of one service.

    Args:
        shapes: see `served_shapes`.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._schemas = SchemaCompiler(shapes)
        self._walks = WalkCompiler(shapes)

    def checker(self, shape: Shape) -> Checker:
        """Compile a shape, which need not be one that the model names."""
        validator = jsonschema_rs.Draft4Validator(self._schemas.compile(shape))
        found = cache(partial(depth, shape, self._shapes))  # only large requests ask for it
        return Checker(validator=validator, walk=self._walks.compile(shape), depth=found)

    def walk(self, shape: Shape) -> Walk:
        """Compile only the walk of a shape."""
        return self._walks.compile(shape)


def is_too_deep(value: object) -> bool:
    """Whether a JSON value nests deeper than MAX_DEPTH; level by level, so that it cannot overflow."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            inner
            for container in level
            for inner in (container.values() if type(container) is dict else container)
            if type(inner) is dict or type(inner) is list
        ]
    return bool(level)


def render_path(path: Path) -> str:
    """A path in AWS's spelling: ``nodes.1.member.name`` is the name of the first node."""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in path)


# Where the model is not followed to the letter

_FLOW = {
    "pattern": "(arn:aws:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:flow/[0-9a-zA-Z]{10})|([0-9a-zA-Z]{10})"
    "|(fl_[0-9a-zA-Z]{21})"
}

_CHANGES: Mapping[Service, Mapping[str, Mapping[str, Any]]] = {
    "bedrock-agent": {
        # Quirk(bedrock): 1.1. A flow is also known by the id that the Humanloop API shows.
        "FlowIdentifier": _FLOW,
        # Quirk(bedrock): 2.1. The model ends connection names at 101 letters; AWS itself has longer ones.
        "FlowConnectionName": {"pattern": "[a-zA-Z]([_]?[0-9a-zA-Z]){1,1000}"},
        # Quirk(bedrock): 1.4. The model's pattern says `/d{12}` for `\d{12}` and so admits no real ARN;
        # what is not an ARN of ours is not found.
        "TaggableResourcesArn": {"pattern": None},
        # Quirk(bedrock): 1.4. Optional in the model, but an alias without a version means nothing.
        "FlowAliasRoutingConfigurationListItem": {"required": ("flowVersion",)},
    },
    "bedrock-agent-runtime": {
        # Quirk(bedrock): 4.1. A flow is also known by the id that the Humanloop API shows.
        "FlowIdentifier": _FLOW,
        # Quirk(bedrock): 4.1. Where AWS has only aliases, the name of an environment is accepted too.
        "FlowAliasIdentifier": {
            "pattern": "(arn:aws:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:flow/[0-9a-zA-Z]{10}"
            "/alias/[0-9a-zA-Z]{10})|([^:/]+)"
        },
    },
}

_CHANGES_UNLESS_STRICT: Mapping[Service, Mapping[str, Mapping[str, Any]]] = {
    "bedrock-agent": {
        # Quirk(bedrock): 1.6. The model says 20 connections, CloudFormation's schema of the same API 100.
        "FlowConnections": {"max": 100},
    },
    "bedrock-agent-runtime": {},
}


def served_shapes(service: Service, shapes: Mapping[str, Shape], *, strict: bool) -> Mapping[str, Shape]:
    """The model's shapes with this server's leniencies; ``strict`` keeps AWS's lower limits."""
    changes = {**_CHANGES[service], **({} if strict else _CHANGES_UNLESS_STRICT[service])}
    changed = {name: msgspec.structs.replace(shapes[name], **change) for name, change in changes.items()}
    served = {**shapes, **changed}
    return MappingProxyType({name: _bounded(shape) for name, shape in served.items()})


_WHOLE_NUMBERS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def _bounded(shape: Shape) -> Shape:
    """The shape with the limits that its type implies: an integer is Java's."""
    if shape.type not in _WHOLE_NUMBERS:
        return shape
    low, high = _WHOLE_NUMBERS[shape.type]
    return msgspec.structs.replace(
        shape,
        min=low if shape.min is None else shape.min,
        max=high if shape.max is None else shape.max,
    )
