"""Retrieval: reads an object from a bucket (bedrock 2.12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType, PortType
from headrace.core.effects import EffectFailed
from headrace.core.parsing import Unreadable, parse_answer
from headrace.engine.nodes.node import ActingNode, NodeKind, Task
from headrace.engine.nodes.storage import bucket_of, object_key
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval(ActingNode):
    """Reads a text, and what it means as JSON where another type than String is declared.

    Attributes:
        type: the declared type of the output.
    """

    bucket: str
    type: PortType

    async def run(self, task: Task) -> Mapping[str, Any]:
        key = object_key(task)
        started_ns = task.now_ns()
        body = await task.effects.objects.get(self.bucket, key, task.context)
        task.acted(
            "S3",
            "GetObject",
            started_ns=started_ns,
            request=lambda: {"bucket": self.bucket, "key": key},
            response=lambda: {"contentLength": len(body)},
        )
        return {"s3Content": self._read(body, key)}

    def _read(self, body: bytes, key: str) -> Any:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise EffectFailed(f"The object {key} is not UTF-8 text.", resource="Amazon S3") from None
        if self.type is PortType.STRING:
            return text
        try:
            return parse_answer(text)
        except Unreadable:
            # What is not JSON stays a text, and the type check says so.
            return text


def _make(node: Node, _body: Scope | None) -> Retrieval:
    return Retrieval(bucket=bucket_of(node), type=node.outputs[0].type)


NODE = NodeKind(type=NodeType.RETRIEVAL, make=_make)
