"""Lex: recognises what an utterance wants (bedrock 2.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.step import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Lex(ActingNode):
    """Gives the name of the most likely intent."""

    arn: str
    locale: str

    async def run(self, task: Task) -> Mapping[str, Any]:
        inputs = task.inputs
        started_ns = task.now_ns()
        intent = await task.effects.intents.recognise(
            self.arn,
            self.locale,
            inputs["inputText"],
            task.context,
            request_attributes=inputs.get("requestAttributes"),
            session_attributes=inputs.get("sessionAttributes"),
        )
        task.acted(
            "Lex",
            "RecognizeUtterance",
            started_ns=started_ns,
            request=lambda: {"botAliasArn": self.arn, "localeId": self.locale, "text": inputs["inputText"]},
            response=lambda: {"intent": intent},
        )
        return {"predictedIntent": intent}


def _make(node: Node, _body: Scope | None) -> Lex:
    settings = settings_of(node)
    return Lex(arn=settings["botAliasArn"], locale=settings["localeId"])


NODE = NodeKind(type=NodeType.LEX, make=_make)
