"""The settings of each node type as JSON Schema, for who makes forms of them.

Made from the same shapes as requests are checked by, and told in words. A choice (exactly one member) is an
object with `maxProperties` 1; `format` is `multiline`, `code`, `expression`, `json` or `flow` where an input
line won't do; `x-follows` names the choice beside it that decides a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.apis.bedrock.model import Shape
from headrace.apis.bedrock.schema import Schema, SchemaCompiler
from headrace.core.definition import NodeType
from headrace.core.node_catalogue import settings_key

CONFIGURATION, DEFINITION = "FlowNodeConfiguration", "FlowDefinition"


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of a member beside its shape."""

    title: str | None = None
    description: str | None = None
    format: str | None = None


def settings_schemas(shapes: Mapping[str, Shape]) -> dict[NodeType, dict[str, Any]]:
    """The schema of each node type's settings, whole in itself."""
    flow = msgspec.structs.replace(shapes[DEFINITION], document=True, members={})
    compiler = SchemaCompiler({**shapes, DEFINITION: flow})
    members = shapes[CONFIGURATION].members
    return {
        node_type: _whole(compiler.compile(shapes[members[settings_key(node_type)].shape]))
        for node_type in NodeType
    }


def _whole(schema: Schema) -> Schema:
    """A schema without references: what it names stands where it is named."""
    named = schema.pop("definitions")

    def resolved(part: Schema) -> Schema:
        found = named[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        made = {key: value for key, value in found.items() if key not in ("properties", "items")}
        if "properties" in found:
            inner = found["properties"]
            made["properties"] = {
                name: _told(name, resolved(inner[name])) for name in sorted(inner, key=_rank)
            }
        if "items" in found:
            made["items"] = resolved(found["items"])
        if "pattern" in made:
            made["pattern"] = _written(made["pattern"])
        return made

    return resolved(schema)


def _told(name: str, schema: Schema) -> Schema:
    told = msgspec.to_builtins(TOLD.get(name, Told()))
    if name == "text" and schema["type"] != "string":  # a choice that is called so
        told = {}
    return {"title": _words(name), **told, **FOLLOWS.get(name, {}), **schema}


def _rank(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _words(name: str) -> str:
    """`maxTokens` as "Max tokens"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    return parted[:1].upper() + parted[1:]


def _written(pattern: str) -> str:
    """A pattern without what only says that all of the text is meant twice."""
    return pattern.replace("^(?:$|^", "^(?:|", 1)


FIRST = (
    *("inline", "resource", "name", "expression", "type", "modelId", "templateConfiguration", "text", "chat"),
    *("system", "role", "content", "knowledgeBaseId", "numberOfResults", "promptTemplate"),
    *("inferenceConfiguration", "maxTokens", "temperature", "topP"),
)
"""The members that people look for, in that order; all others come after them."""

FOLLOWS: Mapping[str, Schema] = {
    "templateType": {
        "x-follows": {"member": "templateConfiguration", "values": {"text": "TEXT", "chat": "CHAT"}}
    }
}
"""Values that say no more than what was chosen beside them."""

TOLD: Mapping[str, Told] = {
    "additionalModelRequestFields": Told(
        title="More for the model", description="What else its provider takes.", format="json"
    ),
    "agentAliasArn": Told(title="Agent alias", description="Its ARN."),
    "botAliasArn": Told(title="Bot alias", description="Its ARN."),
    "bucketName": Told(title="Bucket"),
    "code": Told(description="What the last line gives is the response; inputs are names.", format="code"),
    "conditions": Told(
        description="The first true one wins; the one called default has no expression and comes last."
    ),
    "continueCondition": Told(title="Go round again while"),
    "definition": Told(title="Inside", description="The nodes that are repeated.", format="flow"),
    "expression": Told(description='kind == "billing" and score > 3', format="expression"),
    "guardrailConfiguration": Told(title="Guardrail"),
    "inferenceConfiguration": Told(title="Inference"),
    "inferenceConfig": Told(title="Inference"),
    "inline": Told(title="Written here"),
    "inputSchema": Told(title="Arguments"),
    "inputVariables": Told(title="Declared variables"),
    "json": Told(title="JSON Schema", format="json"),
    "knowledgeBaseId": Told(title="Knowledge base", description="Its id."),
    "lambdaArn": Told(title="Function", description="Its ARN."),
    "localeId": Told(title="Locale", description="Such as en_US."),
    "maxIterations": Told(title="Rounds at most"),
    "maxTokens": Told(title="Tokens at most"),
    "modelId": Told(title="Model", description="An id, an inference profile or an ARN.", format="model"),
    "numberOfResults": Told(title="Passages at most"),
    "promptArn": Told(title="Prompt", description="Its ARN, maybe with :number of a version."),
    "resource": Told(title="A stored prompt"),
    "s3": Told(title="S3"),
    "sourceConfiguration": Told(title="Prompt"),
    "stopSequences": Told(title="Stop at"),
    "temperature": Told(description="0 always says the likeliest; 1 varies most."),
    "templateConfiguration": Told(title="Template"),
    "text": Told(
        title="Text", description="{{name}} is filled from the input of that name.", format="multiline"
    ),
    "textPromptTemplate": Told(title="Template", format="multiline"),
    "topP": Told(title="Top p"),
}
"""What is said of members, by their names."""
