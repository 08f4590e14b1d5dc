"""Cut the flow, prompt and tag part out of botocore's service models, as the data the server ships.

    python scripts/extract_service_model.py

reads `bedrock-agent` and `bedrock-agent-runtime` from the installed botocore and writes one file a
service under src/headrace/apis/bedrock/model/. The documentation texts are left out; everything else
is kept in botocore's own spelling, sorted, so that a new botocore shows as a readable diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import create_loader

MODEL_DIR = Path(__file__).resolve().parent.parent / "src/headrace/apis/bedrock/model"

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "bedrock-agent": (
        "CreateFlow",
        "CreateFlowAlias",
        "CreateFlowVersion",
        "CreatePrompt",
        "CreatePromptVersion",
        "DeleteFlow",
        "DeleteFlowAlias",
        "DeleteFlowVersion",
        "DeletePrompt",
        "GetFlow",
        "GetFlowAlias",
        "GetFlowVersion",
        "GetPrompt",
        "ListFlowAliases",
        "ListFlowVersions",
        "ListFlows",
        "ListPrompts",
        "ListTagsForResource",
        "PrepareFlow",
        "TagResource",
        "UntagResource",
        "UpdateFlow",
        "UpdateFlowAlias",
        "UpdatePrompt",
        "ValidateFlowDefinition",
    ),
    "bedrock-agent-runtime": (
        "GetExecutionFlowSnapshot",
        "GetFlowExecution",
        "InvokeFlow",
        "ListFlowExecutionEvents",
        "ListFlowExecutions",
        "StartFlowExecution",
        "StopFlowExecution",
    ),
}


def extract(service: str) -> dict[str, Any]:
    """The part of a service's model that the server implements."""
    model = create_loader().load_service_model(service, "service-2")
    operations = {name: _without_texts(model["operations"][name]) for name in OPERATIONS[service]}
    shapes = model["shapes"]
    return {
        "apiVersion": model["metadata"]["apiVersion"],
        "botocoreVersion": botocore.__version__,
        "operations": operations,
        "service": service,
        "shapes": {name: _without_texts(shapes[name]) for name in _reachable(operations, shapes)},
    }


def render(model: Mapping[str, Any]) -> str:
    """The text of a model file."""
    return json.dumps(model, indent=1, sort_keys=True) + "\n"


def _reachable(operations: Any, shapes: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    pending = set(_references(operations))
    while pending:
        found |= pending
        pending = {ref for name in pending for ref in _references(shapes[name])} - found
    return found


def _references(node: Any) -> Iterator[str]:
    """The names behind each ``{"shape": name}`` anywhere in a piece of the model."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for item in node.values():
            yield from _references(item)


def _without_texts(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_texts(item) for item in node]
    if not isinstance(node, dict):
        return node
    # A member may itself be called "documentation"; a text is a string, a member is an object.
    return {
        key: _without_texts(item)
        for key, item in node.items()
        if not (key == "documentation" and isinstance(item, str))
    }


def main() -> None:
    MODEL_DIR.mkdir(exist_ok=True)
    for service in OPERATIONS:
        path = MODEL_DIR / f"{service}.json"
        path.write_text(render(extract(service)), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
