"""Agent: asks an agent, which may ask the user in turn (bedrock 2.14 and 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import ActingNode, Asks, NodeKind, Task, settings_of
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(ActingNode):
    """Asks an agent; the execution is its session."""

    arn: str

    async def run(self, task: Task) -> Mapping[str, Any] | Asks:
        inputs = task.inputs
        started_ns = task.now_ns()
        reply = await task.effects.agents.invoke(
            self.arn,
            inputs["agentInputText"],
            task.context,
            prompt_attributes=inputs.get("promptAttributes"),
            session_attributes=inputs.get("sessionAttributes"),
            memory=task.memories.get(self.arn),
        )
        task.remembered[self.arn] = reply.memory
        task.acted(
            "Bedrock",
            "InvokeAgent",
            started_ns=started_ns,
            request=lambda: {"agentAliasArn": self.arn, "inputText": inputs["agentInputText"]},
            response=lambda: {"completion": reply.text},
            usage=reply.usage,
        )
        task.depended(tuple(reply.trace))
        return Asks(question=reply.text) if reply.asks else {"agentResponse": reply.text}


def _make(node: Node, _body: Scope | None) -> Agent:
    return Agent(arn=settings_of(node)["agentAliasArn"])


NODE = NodeKind(type=NodeType.AGENT, make=_make)
