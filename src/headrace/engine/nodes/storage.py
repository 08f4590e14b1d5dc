"""Storage: writes a value to a bucket (bedrock 2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType
from headrace.core.template import as_text
from headrace.engine.failure import NodeRefuses
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage(ActingNode):
    """Writes an object: a text as it is, everything else as JSON."""

    bucket: str

    async def run(self, task: Task) -> Mapping[str, Any]:
        key = object_key(task)
        started_ns = task.now_ns()
        uri = await task.effects.objects.put(
            self.bucket, key, _body(task.inputs["content"], task), task.context
        )
        task.acted(
            "S3",
            "PutObject",
            started_ns=started_ns,
            request=lambda: {"bucket": self.bucket, "key": key},
            response=lambda: {"s3Uri": uri},
        )
        return {"s3Uri": uri}


def object_key(task: Task) -> str:
    """The object's key, as it was given. Raises NodeRefuses when it is empty."""
    key: str = task.inputs["objectKey"]
    if not key:
        raise NodeRefuses(f"Node {task.context.node} needs an object key that is not empty.")
    return key


def _body(content: Any, task: Task) -> bytes:
    try:
        return as_text(content).encode()
    except UnicodeEncodeError:
        raise NodeRefuses(
            f"The content of node {task.context.node} has half a character in it and can't be stored."
        ) from None


def bucket_of(node: Node) -> str:
    """The bucket that the settings name."""
    bucket: str = settings_of(node)["serviceConfiguration"]["s3"]["bucketName"]
    return bucket


def _make(node: Node, _body: Scope | None) -> Storage:
    return Storage(bucket=bucket_of(node))


NODE = NodeKind(type=NodeType.STORAGE, make=_make)
