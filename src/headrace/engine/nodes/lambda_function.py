"""LambdaFunction: calls a function with the node's inputs (bedrock 2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeInput, NodeType
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFunction(ActingNode):
    """Calls a function; what it returns, as it is, is the output.

    Attributes:
        arn: the function, perhaps with a qualifier.
        inputs: the declared inputs by name.
    """

    arn: str
    inputs: Mapping[str, NodeInput]

    async def run(self, task: Task) -> Mapping[str, Any]:
        event = self.event(task)
        started_ns = task.now_ns()
        answer = await task.effects.functions.invoke(self.arn, event, task.context)
        task.acted(
            "Lambda",
            "Invoke",
            started_ns=started_ns,
            request=lambda: {"functionName": self.arn, "payload": event},
            response=lambda: {"payload": answer},
        )
        return {"functionResponse": answer}

    def event(self, task: Task) -> dict[str, Any]:
        """What the function is given."""
        return {
            "messageVersion": "1.0",
            "flow": {"flowArn": task.context.flow_arn, "flowAliasArn": task.context.alias_arn},
            "node": {
                "name": task.context.node,
                "inputs": [
                    {
                        "name": name,
                        "type": self.inputs[name].type.value,
                        "expression": self.inputs[name].expression,
                        "value": value,
                    }
                    for name, value in task.inputs.items()
                ],
            },
        }


def _make(node: Node, _body: Scope | None) -> LambdaFunction:
    return LambdaFunction(
        arn=settings_of(node)["lambdaArn"], inputs={port.name: port for port in node.inputs}
    )


NODE = NodeKind(type=NodeType.LAMBDA_FUNCTION, make=_make)
