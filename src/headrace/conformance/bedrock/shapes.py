"""Answers held to the service model: no unknown member, none missing, each of its type and within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from headrace.conformance.bedrock.client import DRAFT, Bedrock, turn
from headrace.conformance.bedrock.definitions import FORK
from headrace.conformance.bedrock.operations import OPERATIONS
from headrace.conformance.checks import Area, Differs, Standing
from headrace.conformance.expecting import equal
from headrace.conformance.wire import Answer

area = Area("bedrock", "shapes")

LONGER_PATTERNS = {"FlowConnectionName": "[a-zA-Z]([_]?[0-9a-zA-Z]){1,}"}
"""Where AWS itself answers what its model forbids (bedrock 9.23)."""
LARGER_MAXIMUMS = {"FlowConnections": 100, "NodeInputFields": 20, "NodeOutputFields": 5}
"""Likewise (bedrock 9.22, 9.51)."""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"

Shapes = Mapping[str, Mapping[str, Any]]


@cache
def _model(service: str) -> Mapping[str, Any]:
    """The extract of a service model that comes with the package."""
    text = files("headrace").joinpath(f"apis/bedrock/model/{service}.json").read_text()
    model: Mapping[str, Any] = json.loads(text)
    return model


def violations(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    """All the ways in which a JSON value is not of a shape."""
    shape = shapes[name]
    if shape.get("document"):
        return  # any JSON value, null too
    if value is None:
        yield f"{way} is null"
        return
    yield from _CHECKS[shape["type"]](shapes, name, value, way)


def _structure(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{way} is no object"
        return
    shape = shapes[name]
    known = {one: ref for one, ref in shape.get("members", {}).items() if "location" not in ref}
    yield from (
        f"{way} has no {one}" for one in shape.get("required", ()) if one in known and one not in value
    )
    if shape.get("union") and len(value) != 1:
        yield f"{way} is a union of {sorted(value)}"
    for one, inner in value.items():
        if one in known:
            yield from violations(shapes, known[one]["shape"], inner, f"{way}.{one}")
        else:
            yield f"{way} has an unknown member {one}"


def _list(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{way} is no list"
        return
    yield from _size(shapes, name, len(value), way)
    for index, item in enumerate(value):
        yield from violations(shapes, shapes[name]["member"]["shape"], item, f"{way}[{index}]")


def _map(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{way} is no object"
        return
    for key, item in value.items():
        yield from violations(shapes, shapes[name]["key"]["shape"], key, f"the key {key!r} of {way}")
        yield from violations(shapes, shapes[name]["value"]["shape"], item, f"{way}.{key}")


def _string(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{way} is no text"
        return
    shape = shapes[name]
    yield from _size(shapes, name, len(value), way)
    pattern = LONGER_PATTERNS.get(name) or shape.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{way} {value!r} does not match {pattern}"
    if shape.get("enum") and value not in shape["enum"]:
        yield f"{way} {value!r} is none of {', '.join(shape['enum'])}"


def _number(shapes: Shapes, name: str, value: Any, way: str) -> Iterator[str]:
    kinds = int if shapes[name]["type"] in ("integer", "long") else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        yield f"{way} is no {shapes[name]['type']}"
        return
    yield from _size(shapes, name, value, way)


def _boolean(_shapes: Shapes, _name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{way} is no boolean"


def _timestamp(_shapes: Shapes, _name: str, value: Any, way: str) -> Iterator[str]:
    if not isinstance(value, str) or not re.fullmatch(TIME, value):
        yield f"{way} {value!r} is no time in UTC"


def _size(shapes: Shapes, name: str, size: float, way: str) -> Iterator[str]:
    low, high = shapes[name].get("min"), LARGER_MAXIMUMS.get(name, shapes[name].get("max"))
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{way} has the size {size}, not {low} to {high}"


_CHECKS: Mapping[str, Callable[[Shapes, str, Any, str], Iterator[str]]] = {
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


def _pair(aws: Bedrock) -> dict[str, str]:
    """A flow of which there is a bit of everything, made once a run."""

    def make(maker: Bedrock) -> dict[str, str]:
        flow = maker.prepared(definition=FORK, description="told", tags={"team": "a"})
        return {"flow": flow, "alias": str(maker.alias(flow, maker.version(flow))["id"])}

    return dict(aws.shared("flow for shapes", make))


def _flow(aws: Bedrock) -> str:
    return _pair(aws)["flow"]


def _alias(aws: Bedrock) -> str:
    return _pair(aws)["alias"]


def _new_alias(aws: Bedrock) -> Answer:
    flow = aws.prepared()
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": aws.version(flow)}]}
    return aws.call("CreateFlowAlias", flow, body=body)


def _updated_alias(aws: Bedrock) -> Answer:
    body = {"name": aws.name(), "routingConfiguration": [{"flowVersion": "1"}]}
    return aws.call("UpdateFlowAlias", _flow(aws), _alias(aws), body=body)


def _execution(aws: Bedrock) -> tuple[str, str, str]:
    """An execution that is over, made once a run."""

    def make(maker: Bedrock) -> str:
        flow = maker.line()
        body = {"inputs": turn("hi"), "flowExecutionName": maker.name()}
        name = str(maker.ok("StartFlowExecution", flow, DRAFT, body=body)["executionArn"]).rpartition("/")[2]
        maker.settled(lambda: maker.ok("GetFlowExecution", flow, DRAFT, name), "Running")
        return name

    return aws.line(), DRAFT, str(aws.shared("execution for shapes", make))


def _deleted_version(aws: Bedrock) -> Answer:
    flow = aws.prepared()
    return aws.call("DeleteFlowVersion", flow, aws.version(flow))


def _deleted_alias(aws: Bedrock) -> Answer:
    flow = aws.prepared()
    return aws.call("DeleteFlowAlias", flow, aws.alias(flow, aws.version(flow))["id"])


def _events(kind: str, aws: Bedrock) -> Answer:
    return aws.call("ListFlowExecutionEvents", *_execution(aws), query=[("eventType", kind)])


def _arn(aws: Bedrock) -> str:
    return str(aws.ok("GetFlow", _flow(aws))["arn"])


ASKED: Mapping[str, Callable[[Bedrock], Answer]] = {
    "CreateFlow": lambda aws: aws.call("CreateFlow", body=aws.flow_body(definition=FORK, description="told")),
    "ListFlows": lambda aws: aws.call("ListFlows"),
    "GetFlow": lambda aws: aws.call("GetFlow", _flow(aws)),
    "UpdateFlow": lambda aws: aws.call(
        "UpdateFlow", aws.flow()["id"], body=aws.flow_body(description="told")
    ),
    "DeleteFlow": lambda aws: aws.call("DeleteFlow", aws.flow()["id"]),
    "PrepareFlow": lambda aws: aws.call("PrepareFlow", aws.flow()["id"]),
    "ValidateFlowDefinition": lambda aws: aws.call(
        "ValidateFlowDefinition", body={"definition": {"nodes": []}}
    ),
    "CreateFlowVersion": lambda aws: aws.call(
        "CreateFlowVersion", aws.prepared(), body={"description": "told"}
    ),
    "ListFlowVersions": lambda aws: aws.call("ListFlowVersions", _flow(aws)),
    "GetFlowVersion": lambda aws: aws.call("GetFlowVersion", _flow(aws), "1"),
    "DeleteFlowVersion": _deleted_version,
    "CreateFlowAlias": _new_alias,
    "ListFlowAliases": lambda aws: aws.call("ListFlowAliases", _flow(aws)),
    "GetFlowAlias": lambda aws: aws.call("GetFlowAlias", _flow(aws), _alias(aws)),
    "UpdateFlowAlias": _updated_alias,
    "DeleteFlowAlias": _deleted_alias,
    "StartFlowExecution": lambda aws: aws.call(
        "StartFlowExecution", aws.line(), DRAFT, body={"inputs": turn("hi")}
    ),
    "ListFlowExecutions": lambda aws: aws.call("ListFlowExecutions", _execution(aws)[0]),
    "GetFlowExecution": lambda aws: aws.call("GetFlowExecution", *_execution(aws)),
    "ListFlowExecutionEvents": partial(_events, "Node"),
    "GetExecutionFlowSnapshot": lambda aws: aws.call("GetExecutionFlowSnapshot", *_execution(aws)),
    "CreatePrompt": lambda aws: aws.call("CreatePrompt", body={"name": aws.name(), "description": "told"}),
    "ListPrompts": lambda aws: aws.call("ListPrompts"),
    "GetPrompt": lambda aws: aws.call("GetPrompt", aws.prompt()["id"]),
    "UpdatePrompt": lambda aws: aws.call("UpdatePrompt", aws.prompt()["id"], body={"name": aws.name()}),
    "DeletePrompt": lambda aws: aws.call("DeletePrompt", aws.prompt()["id"]),
    "CreatePromptVersion": lambda aws: aws.call("CreatePromptVersion", aws.prompt()["id"]),
    "TagResource": lambda aws: aws.call("TagResource", _arn(aws), body={"tags": {"more": "1"}}),
    "UntagResource": lambda aws: aws.call("UntagResource", _arn(aws), query=[("tagKeys", "more")]),
    "ListTagsForResource": lambda aws: aws.call("ListTagsForResource", _arn(aws)),
}
"""How each operation is brought to answer."""


def _conforms(name: str, aws: Bedrock) -> None:
    answer = ASKED[name](aws)
    aws.last = answer
    operation = OPERATIONS[name]
    equal("the status", answer.status, operation.status)
    model = _model("bedrock-agent-runtime" if operation.is_runtime else "bedrock-agent")
    output = model["operations"][name].get("output")
    body = answer.json()
    if output is None:
        equal("the body", body, {})
        return
    found = list(violations(model["shapes"], output["shape"], body, "the answer"))
    if found:
        raise Differs(
            "the answer", expected=f"the shape {output['shape']} of the service model", got="; ".join(found)
        )


for _operation in ASKED:
    _slug = re.sub(r"(?<!^)(?=[A-Z])", "-", _operation).lower()
    area.add(
        _slug,
        f"The answer of {_operation} is of the service model's shape.",
        "1.2",
        Standing.DOCUMENTED,
        partial(_conforms, _operation),
    )
