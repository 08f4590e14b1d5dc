"""Calls what the configuration maps an agent alias to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.backends.agents.bedrock import BedrockAgents
from headrace.backends.agents.local import LocalAgents
from headrace.backends.agents.routes import AgentRoute, LocalAgentRoute
from headrace.backends.agents.said import Said
from headrace.backends.aws import Aws
from headrace.backends.failures import BEDROCK, unrouted
from headrace.backends.handlers import Handlers
from headrace.backends.patterns import first_match
from headrace.core.effects import AgentReply, Agents, EffectContext, ModelProvider


class RoutedAgents(Agents):
    """Agents of Amazon Bedrock and of this process."""

    def __init__(
        self, routes: Sequence[AgentRoute], *, aws: Aws, models: ModelProvider, handlers: Handlers
    ) -> None:
        self._routes = routes
        self._bedrock = BedrockAgents(aws)
        self._local = LocalAgents(models=models, handlers=handlers)

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
        route = first_match(self._routes, (alias_arn,))
        if route is None:
            line = f'[[agents.route]] match = "{alias_arn}", type = "bedrock" or "local"'
            raise unrouted(BEDROCK, "agent", alias_arn, how=line)
        said = Said(
            text=text,
            prompt_attributes=prompt_attributes or {},
            session_attributes=session_attributes or {},
            memory=memory,
        )
        if isinstance(route, LocalAgentRoute):
            return await self._local.invoke(route, alias_arn, said, context)
        return await self._bedrock.invoke(route, alias_arn, said, context)
