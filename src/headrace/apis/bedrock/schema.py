"""Modelled shapes as JSON Schema, for the fast verdict.

The schemas are stricter than the protocol: no nulls, no unknown members. They are written for draft 4,
because only there ``1.0`` is not an integer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.apis.bedrock.model import Ref, Shape
from headrace.apis.bedrock.pattern import portable_pattern

Schema = dict[str, Any]


class SchemaCompiler:
    """Writes the schemas of one service's shapes.

    Args:
        shapes: by name.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes

    def compile(self, shape: Shape) -> Schema:
        """The schema of a shape, with the structures it reaches as definitions."""
        definitions: dict[str, Schema] = {}
        return {**self._schema_of(shape, definitions), "definitions": definitions}

    def _named(self, ref: Ref, definitions: dict[str, Schema]) -> Schema:
        shape = self._shapes[ref.shape]
        if shape.type != "structure" or shape.document:
            return self._schema_of(shape, definitions)
        if ref.shape not in definitions:
            definitions[ref.shape] = {}  # known before its members are made: one may be the structure again
            definitions[ref.shape].update(self._schema_of(shape, definitions))
        return {"$ref": f"#/definitions/{ref.shape}"}

    def _schema_of(self, shape: Shape, definitions: dict[str, Schema]) -> Schema:
        if shape.document:
            return {}
        match shape.type:
            case "structure":
                members = {name: self._named(ref, definitions) for name, ref in shape.members.items()}
                return _structure_schema(shape, members)
            case "list":
                items = self._named(shape.member, definitions)
                return _present(type="array", items=items, minItems=shape.min, maxItems=shape.max)
            case "map":
                values = {_key_pattern(self._shapes[shape.key.shape]): self._named(shape.value, definitions)}
                return {"type": "object", "patternProperties": values, "additionalProperties": False}
            case "string":
                return _string_schema(shape)
            case "boolean":
                return {"type": "boolean"}
            case "integer" | "long":
                return _present(type="integer", minimum=shape.min, maximum=shape.max)
            case "float" | "double":
                return _present(type="number", minimum=shape.min, maximum=shape.max)
            case _:
                raise NotImplementedError(f"no request holds a {shape.type}")


def _present(**keywords: Any) -> Schema:
    return {keyword: value for keyword, value in keywords.items() if value is not None}


def _structure_schema(shape: Shape, members: Mapping[str, Schema]) -> Schema:
    count = 1 if shape.union else None
    return _present(
        type="object",
        properties=members,
        additionalProperties=False,
        required=list(shape.required) or None,
        minProperties=count,
        maxProperties=count,
    )


def _string_schema(shape: Shape) -> Schema:
    return _present(
        type="string",
        minLength=shape.min,
        maxLength=shape.max,
        enum=list(shape.enum) or None,
        pattern=f"^(?:{portable_pattern(shape.pattern)})$" if shape.pattern else None,
    )


def _key_pattern(key: Shape) -> str:
    """One pattern for a map's keys: draft 4 has no other way to say how long a key may be."""
    most = "" if key.max is None else key.max
    characters = f"(?:{portable_pattern(key.pattern)})" if key.pattern else r"[\s\S]*"
    return rf"^(?=[\s\S]{{{key.min or 0},{most}}}$){characters}$"
