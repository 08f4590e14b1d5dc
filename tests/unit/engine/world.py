"""A world that answers nodes by a script, and remembers what it was asked."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headrace.core.effects import (
    AgentReply,
    EffectContext,
    Effects,
    KnowledgeRequest,
    ModelReply,
    ModelRequest,
    Usage,
)
from headrace.core.execution import Event, FlowOutput
from headrace.engine.plan import Plan
from headrace.engine.run import Run, RunContext, StartInput, run


class Asked(NamedTuple):
    """Something that the world was asked."""

    context: EffectContext
    what: Any


@dataclass(slots=True)
class World:
    """Answers by node.

    Attributes:
        script: what a node gets: a value, an exception to raise, or a function of what it asks. A model
            without a line in here echoes the last message; code without one is evaluated.
        prompts: the prompt resources by ARN.
        objects: the texts in the only bucket, by key.
        delay: how often a call lets others go first.
        memories: what agents were given to remember, turn by turn.
    """

    script: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    delay: Callable[[EffectContext], int] = lambda _: 0
    asked: list[Asked] = field(default_factory=list)
    memories: list[str | None] = field(default_factory=list)
    running: int = 0
    most: int = 0

    async def answer(self, what: Any, context: EffectContext, otherwise: Callable[[], Any]) -> Any:
        """What the script says."""
        self.asked.append(Asked(context, what))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for _ in range(self.delay(context)):
                await asyncio.sleep(0)
            answer = self.script.get(context.node, otherwise)
            if answer is otherwise:
                answer = otherwise()
            elif callable(answer):
                answer = answer(what)
        finally:
            self.running -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def effects(self) -> Effects:
        """The world as nodes see it."""
        return Effects(
            models=_Models(self),
            code=_Code(self),
            functions=_Functions(self),
            objects=_Objects(self),
            knowledge=_Knowledge(self),
            agents=_Agents(self),
            intents=_Intents(self),
            prompts=_Prompts(self),
        )

    def context(self, **settings: Any) -> RunContext:
        """Where a run takes place, in this world."""
        return RunContext(
            execution_id="run",
            account="000000000000",
            flow_arn="arn:flow",
            alias_arn="arn:alias",
            effects=self.effects,
            **settings,
        )

    def run(self, plan: Plan, document: Any, node: str = "Start", **settings: Any) -> Run:
        """A run in this world."""
        return run(plan, StartInput(node=node, document=document), self.context(**settings))

    def nodes(self) -> list[str]:
        """The nodes that asked, in order."""
        return [asked.context.node for asked in self.asked]


async def told(run: Run) -> list[Event]:
    """All that happens."""
    return [event async for event in run]


def outputs(events: Sequence[Event]) -> list[tuple[str, Any]]:
    """What came out, and where."""
    return [(event.node, event.value) for event in events if isinstance(event, FlowOutput)]


@dataclass(slots=True)
class _Port:
    world: World


class _Models(_Port):
    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        last = "".join(block.get("text", "") for block in request.messages[-1]["content"])
        answer = await self.world.answer(request, context, lambda: last)
        content = answer if isinstance(answer, list) else [{"text": answer}]
        return ModelReply(
            content=content,
            provider="script",
            model="model",
            request_id="request",
            usage=Usage(input_tokens=3, output_tokens=4),
        )


class _Code(_Port):
    async def run(self, code: str, variables: Mapping[str, Any], context: EffectContext) -> Any:
        return await self.world.answer((code, dict(variables)), context, lambda: _evaluate(code, variables))


class _Functions(_Port):
    async def invoke(self, arn: str, event: Mapping[str, Any], context: EffectContext) -> Any:
        return await self.world.answer((arn, event), context, lambda: None)


class _Objects(_Port):
    async def put(self, bucket: str, key: str, body: bytes, context: EffectContext) -> str:
        await self.world.answer((bucket, key, body), context, lambda: None)
        self.world.objects[key] = body
        return f"s3://{bucket}/{key}"

    async def get(self, bucket: str, key: str, context: EffectContext) -> bytes:
        body: bytes = await self.world.answer((bucket, key), context, lambda: self.world.objects[key])
        return body


class _Knowledge(_Port):
    async def retrieve(
        self, request: KnowledgeRequest, context: EffectContext
    ) -> Sequence[Mapping[str, Any]]:
        passages: Sequence[Mapping[str, Any]] = await self.world.answer(request, context, list)
        return passages


class _Agents(_Port):
    async def invoke(
        self,
        alias_arn: str,
        text: str,
        context: EffectContext,
        *,
        prompt_attributes: Mapping[str, Any] | None = None,
        session_attributes: Mapping[str, Any] | None = None,
        memory: str | None = None,
    ) -> AgentReply:
        self.world.memories.append(memory)
        what = (alias_arn, text, prompt_attributes, session_attributes)
        reply = await self.world.answer(what, context, lambda: text)
        return reply if isinstance(reply, AgentReply) else AgentReply(text=reply)


class _Intents(_Port):
    async def recognise(
        self,
        bot_alias_arn: str,
        locale: str,
        text: str,
        context: EffectContext,
        *,
        request_attributes: Mapping[str, Any] | None = None,
        session_attributes: Mapping[str, Any] | None = None,
    ) -> str:
        what = (bot_alias_arn, locale, text, request_attributes, session_attributes)
        intent: str = await self.world.answer(what, context, lambda: "None")
        return intent


class _Prompts(_Port):
    async def find(self, arn: str, context: EffectContext) -> Mapping[str, Any] | None:
        return self.world.prompts.get(arn)


def _evaluate(code: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression over numbers: all that the definitions in these tests need."""
    tree = ast.parse(code, mode="eval")
    allowed = (ast.Expression, ast.BinOp, ast.operator, ast.Name, ast.Load, ast.Constant)
    assert all(isinstance(part, allowed) for part in ast.walk(tree))
    return eval(compile(tree, "code", "eval"), {"__builtins__": {}}, dict(variables))
