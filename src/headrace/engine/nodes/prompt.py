"""Prompt: fills a template and asks a model (bedrock 2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.definition import Node, NodeType
from headrace.core.effects import EffectFailed, ModelReply, ModelRequest
from headrace.core.node_types import is_blank
from headrace.core.template import UnfilledVariable, as_text, render
from headrace.engine.failure import NodeRefuses
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.step import Scope

Blocks = Sequence[Mapping[str, Any]]

BEDROCK = "Amazon Bedrock"
"""What fails a Prompt, as AWS calls it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt before its variables are filled.

    Attributes:
        messages: Converse's, with ``{{variables}}`` in the texts.
        system: Converse's, the same.
        inference: the parameters that are set.
        tools: the tools that the model may ask for; None when there are none.
        extra: further fields for the model; None when there are none.
    """

    model_id: str
    messages: Blocks
    system: Blocks
    inference: Mapping[str, Any]
    tools: Mapping[str, Any] | None
    extra: Any

    @staticmethod
    def of(source: Mapping[str, Any]) -> Question:
        """The prompt of an inline source, or of the variant of a prompt resource.

        Raises EffectFailed where a resource is not complete; an inline source has been checked.
        """
        template = source.get("templateConfiguration") or {}
        if is_blank(source.get("modelId")) or not (template.get("text") or template.get("chat")):
            raise EffectFailed("The prompt has no model or no text.", resource=BEDROCK)
        if text := template.get("text"):
            messages: Blocks = [{"role": "user", "content": [{"text": text["text"]}]}]
            chat: Mapping[str, Any] = {}
        else:
            chat = template["chat"]
            messages = chat["messages"]
        return Question(
            model_id=source["modelId"],
            messages=messages,
            system=chat.get("system") or (),
            inference=_set((source.get("inferenceConfiguration") or {}).get("text") or {}),
            tools=chat.get("toolConfiguration"),
            extra=source.get("additionalModelRequestFields"),
        )

    def fill(
        self, values: Mapping[str, Any], *, guardrail: Mapping[str, str] | None, latency: str | None
    ) -> ModelRequest:
        """The request with each variable replaced by its value.

        Raises NodeRefuses when a variable has none, which only a resource can change into.
        """
        try:
            return ModelRequest(
                model_id=self.model_id,
                messages=[
                    {**message, "content": _fill(message["content"], values)} for message in self.messages
                ],
                system=_fill(self.system, values),
                inference=self.inference,
                tools=self.tools,
                extra=self.extra,
                guardrail=guardrail,
                latency=latency,
            )
        except UnfilledVariable as unfilled:
            raise NodeRefuses(f"The prompt can't be filled: {unfilled}.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(ActingNode):
    """Asks a model.

    Attributes:
        question: the inline prompt; None when the node refers to a prompt resource.
        arn: the prompt resource; None when the prompt is inline.
        guardrail: what watches over the answer; None when nothing does.
    """

    question: Question | None
    arn: str | None
    guardrail: Mapping[str, str] | None

    async def run(self, task: Task) -> Mapping[str, Any]:
        question = self.question or await self._found(task)
        request = question.fill(task.inputs, guardrail=self.guardrail, latency=task.latency)
        reply = await converse(request, task)
        return {"modelCompletion": completion(reply)}

    async def _found(self, task: Task) -> Question:
        """The prompt resource as it is now (bedrock 2.7: without a number, the draft at the time)."""
        assert self.arn is not None
        source = await task.effects.prompts.find(self.arn, task.context)
        if source is None:
            raise EffectFailed(f"The prompt {self.arn} was not found.", resource=BEDROCK)
        return Question.of(source)


async def converse(request: ModelRequest, task: Task) -> ModelReply:
    """Ask a model, and record it. Raises EffectFailed."""
    started_ns = task.now_ns()
    reply = await task.effects.models.converse(request, task.context)
    task.acted(
        "Bedrock",
        "InvokeModel",
        started_ns=started_ns,
        request=lambda: _told_request(request),
        response=lambda: _told_reply(reply),
        request_id=reply.request_id,
        usage=reply.usage,
    )
    return reply


def completion(reply: ModelReply) -> str:
    """What the model wrote; when it only asks for tools, what it asks for, as JSON."""
    if any("text" in block for block in reply.content):
        return reply.text
    asked = [block for block in reply.content if "toolUse" in block]
    return as_text(asked[0] if len(asked) == 1 else asked) if asked else ""


def guardrail_of(settings: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The guardrail that is named; None when its fields are blank."""
    guardrail = settings.get("guardrailConfiguration") or {}
    return None if is_blank(guardrail.get("guardrailIdentifier")) else guardrail


def _fill(blocks: Blocks, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        {**block, "text": render(block["text"], values)} if block.get("text") else block for block in blocks
    ]


def _set(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _told_request(request: ModelRequest) -> dict[str, Any]:
    told = {
        "modelId": request.model_id,
        "messages": request.messages,
        "system": request.system,
        "inferenceConfig": request.inference,
        "toolConfig": request.tools,
        "additionalModelRequestFields": request.extra,
        "guardrailConfig": request.guardrail,
        "performanceConfig": {"latency": request.latency} if request.latency else None,
    }
    return {name: value for name, value in told.items() if value}


def _told_reply(reply: ModelReply) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": reply.content}},
        "stopReason": reply.stop_reason,
        "usage": {"inputTokens": reply.usage.input_tokens, "outputTokens": reply.usage.output_tokens},
        "provider": reply.provider,
        "model": reply.model,
    }


def _make(node: Node, _body: Scope | None) -> Prompt:
    settings = settings_of(node)
    source = settings["sourceConfiguration"]
    inline = source.get("inline")
    return Prompt(
        question=None if inline is None else Question.of(inline),
        arn=None if inline is not None else source["resource"]["promptArn"],
        guardrail=guardrail_of(settings),
    )


NODE = NodeKind(type=NodeType.PROMPT, make=_make)
