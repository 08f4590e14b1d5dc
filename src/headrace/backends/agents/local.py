"""Agents in this process: a model, instructions, and the operator's handlers as tools, in a loop.

A session is one execution's conversation with one agent. It is what the agent wants to remember from turn to
turn; nothing is kept in here, so a paused execution may go on in another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headrace.backends.agents.routes import ASK_USER, LocalAgentRoute
from headrace.backends.agents.said import Said
from headrace.backends.failures import BEDROCK, late
from headrace.backends.handlers import Handlers
from headrace.core.effects import (
    AgentReply,
    EffectContext,
    EffectFailed,
    ModelProvider,
    ModelReply,
    ModelRequest,
    Usage,
)
from headrace.core.jsontext import json_text
from headrace.core.template import as_text

JSON = Any
Message = dict[str, JSON]

NO_ARGUMENTS = "The arguments have to be a JSON object."

ASK_SPEC: dict[str, JSON] = {
    "name": ASK_USER,
    "description": "Ask the user for something that you need and can't find out yourself.",
    "inputSchema": {
        "json": {
            "type": "object",
            "properties": {"question": {"type": "string"}},
            "required": ["question"],
        }
    },
}


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation.

    Attributes:
        results: results of tools that the model waits for; the user's answer completes them.
        asked: the id of the call that asked the user; empty when nothing was asked.
    """

    messages: tuple[Message, ...] = ()
    results: tuple[JSON, ...] = ()
    asked: str = ""

    def told(self, text: str) -> tuple[Message, ...]:
        """The conversation with what the user says now."""
        if not self.asked:
            return (*self.messages, {"role": "user", "content": [{"text": text}]})
        results = [*self.results, tool_result(self.asked, {"text": text})]
        return (*self.messages, {"role": "user", "content": results})


class LocalAgents:
    """Runs the loops."""

    def __init__(self, *, models: ModelProvider, handlers: Handlers) -> None:
        self._models = models
        self._handlers = handlers

    async def invoke(
        self,
        route: LocalAgentRoute,
        alias_arn: str,
        said: Said,
        context: EffectContext,
    ) -> AgentReply:
        """One answer of the agent, after as many calls of tools as it needs.

        Raises:
            EffectFailed: the model failed, or came to no end.
        """
        session = Session() if said.memory is None else _session.decode(said.memory)
        messages = session.told(said.text)
        try:
            async with asyncio.timeout(context.timeout_s):
                return await self._answer(route, _system(route, said), messages, alias_arn, context)
        except TimeoutError:
            raise late(BEDROCK, "The agent", context.timeout_s) from None

    async def _answer(
        self,
        route: LocalAgentRoute,
        system: list[JSON],
        messages: tuple[Message, ...],
        alias_arn: str,
        context: EffectContext,
    ) -> AgentReply:
        """The agent's answer or question."""
        usages: list[Usage] = []
        for _ in range(route.max_turns):
            reply = await self._models.converse(_request(route, system, messages), context)
            usages.append(reply.usage)
            messages = (*messages, {"role": "assistant", "content": list(reply.content)})
            uses = [block["toolUse"] for block in reply.content if "toolUse" in block]
            if not uses:
                memory = _kept(Session(messages=messages))
                return AgentReply(text=reply.text, usage=_sum(usages), memory=memory)
            results, asked = await self._use_tools(route, uses, alias_arn, context)
            if asked is not None:
                memory = _kept(Session(messages=messages, results=tuple(results), asked=asked["toolUseId"]))
                text = _question(reply, asked)
                return AgentReply(text=text, asks=True, usage=_sum(usages), memory=memory)
            messages = (*messages, {"role": "user", "content": results})
        raise EffectFailed(
            f"The agent called tools {route.max_turns} times without an answer; see its `max_turns`.",
            resource=BEDROCK,
        )

    async def _use_tools(
        self, route: LocalAgentRoute, uses: list[JSON], alias_arn: str, context: EffectContext
    ) -> tuple[list[JSON], JSON | None]:
        """The tools' results, and the first call that asks the user; a second question waits for its turn."""
        results = []
        asked = None
        for use in uses:
            if use["name"] != ASK_USER or not route.can_ask:
                results.append(await self._use(route, use, alias_arn, context))
            elif asked is None:
                asked = use
            else:
                results.append(tool_result(use["toolUseId"], {"text": "Ask one thing at a time."}, ok=False))
        return results, asked

    async def _use(self, route: LocalAgentRoute, use: JSON, alias_arn: str, context: EffectContext) -> JSON:
        """What a tool answers; what goes wrong is for the model to read."""
        tool = next((one for one in route.tools if one.name == use["name"]), None)
        if tool is None:
            return tool_result(use["toolUseId"], {"text": f"There is no tool {use['name']}."}, ok=False)
        arguments = use.get("input", {})
        if not isinstance(arguments, dict):
            return tool_result(use["toolUseId"], {"text": NO_ARGUMENTS}, ok=False)
        try:
            result = await self._handlers.call(
                tool.handler, arguments, arn=alias_arn, resource=BEDROCK, context=context
            )
        except EffectFailed as failure:
            return tool_result(use["toolUseId"], {"text": failure.message}, ok=False)
        return tool_result(use["toolUseId"], {"text": as_text(result)})


_session = msgspec.json.Decoder(Session)


def _kept(session: Session) -> str:
    return json_text(session).decode()


def tool_result(id: str, content: JSON, *, ok: bool = True) -> JSON:
    """A tool's result as a content block."""
    result = {"toolUseId": id, "content": [content]}
    return {"toolResult": result if ok else {**result, "status": "error"}}


def _system(route: LocalAgentRoute, said: Said) -> list[JSON]:
    """The instructions, with the attributes as what is known."""
    known = {**said.session_attributes, **said.prompt_attributes}
    lines = [f"{name}: {as_text(value)}" for name, value in known.items()]
    text = "\n".join([route.instructions, *(["", "What is known:", *lines] if lines else [])])
    return [{"text": text}]


def _request(route: LocalAgentRoute, system: list[JSON], messages: tuple[Message, ...]) -> ModelRequest:
    specs: list[JSON] = [
        {
            "name": tool.name,
            "description": tool.description or tool.name,
            "inputSchema": {"json": tool.schema},
        }
        for tool in route.tools
    ]
    if route.can_ask:
        specs.append(ASK_SPEC)
    return ModelRequest(
        model_id=route.model,
        messages=messages,
        system=system,
        inference=route.inference,
        tools={"tools": [{"toolSpec": spec} for spec in specs]} if specs else None,
    )


def _question(reply: ModelReply, asked: JSON) -> str:
    arguments = asked.get("input")
    question = arguments.get("question") if isinstance(arguments, Mapping) else None
    return question if isinstance(question, str) and question else reply.text


def _sum(usages: Sequence[Usage]) -> Usage:
    """All together; the cost is known when each one's is."""
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cost_usd=sum(costs) if len(costs) == len(usages) else None,
    )
