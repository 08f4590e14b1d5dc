"""InlineCode: runs the code in the definition (bedrock 2.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineCode(ActingNode):
    """Gives the value of the code's last expression; without one, the type check refuses it."""

    code: str

    async def run(self, task: Task) -> Mapping[str, Any]:
        return {"response": await task.effects.code.run(self.code, task.inputs, task.context)}


def _make(node: Node, _body: Scope | None) -> InlineCode:
    return InlineCode(code=settings_of(node)["code"])


NODE = NodeKind(type=NodeType.INLINE_CODE, make=_make)
