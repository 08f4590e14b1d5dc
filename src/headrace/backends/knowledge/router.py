"""Finds passages in what the configuration maps the id of a knowledge base to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.aws import Aws
from headrace.backends.failures import BEDROCK, unrouted
from headrace.backends.knowledge.local import KnowledgeError, LocalKnowledge
from headrace.backends.knowledge.routes import BedrockKnowledgeRoute, KnowledgeRoute
from headrace.backends.patterns import first_match
from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed, Knowledge, KnowledgeRequest


class RoutedKnowledge(Knowledge):
    """Knowledge bases of Amazon Bedrock and of this machine.

    A local one answers to its own id and name without a route. Local ones rank by BM25 alone: a node's
    reranking is for Bedrock's.
    """

    def __init__(
        self, routes: Sequence[KnowledgeRoute], *, file: Path | None, aws: Aws, threads: Threads
    ) -> None:
        self._routes = routes
        self._local = None if file is None else LocalKnowledge(file)
        self._aws = aws
        self._threads = threads

    async def retrieve(
        self, request: KnowledgeRequest, context: EffectContext
    ) -> Sequence[Mapping[str, Any]]:
        route = first_match(self._routes, (request.knowledge_base_id,))
        if isinstance(route, BedrockKnowledgeRoute):
            return await self._retrieve_there(route, request, context)
        name = request.knowledge_base_id if route is None else route.name
        return await self._threads.run(
            lambda: self._retrieve_here(name, request, is_routed=route is not None),
            resource=BEDROCK,
            who="The local knowledge base",
            timeout_s=context.timeout_s,
        )

    def _retrieve_here(
        self, name: str, request: KnowledgeRequest, *, is_routed: bool
    ) -> Sequence[Mapping[str, Any]]:
        try:
            if self._local is not None and self._local.has(name):
                return self._local.query(name, request.query, most=request.most)
        except KnowledgeError as error:
            raise EffectFailed(str(error), resource=BEDROCK) from error
        if is_routed:
            raise EffectFailed(
                f"There is no local knowledge base `{name}`. Make it: `headrace kb create {name}`.",
                resource=BEDROCK,
            )
        line = f'[[knowledge.route]] match = "{name}", type = "bedrock" or "local"'
        raise unrouted(BEDROCK, "knowledge base", name, how=line)

    async def _retrieve_there(
        self, route: BedrockKnowledgeRoute, request: KnowledgeRequest, context: EffectContext
    ) -> Sequence[Mapping[str, Any]]:
        search: dict[str, Any] = {"numberOfResults": request.most}
        if request.reranking:
            search["rerankingConfiguration"] = request.reranking
        parameters = {
            "knowledgeBaseId": route.knowledge_base or request.knowledge_base_id,
            "retrievalQuery": {"text": request.query},
            "retrievalConfiguration": {"vectorSearchConfiguration": search},
        }
        answer = await self._aws.call(
            "bedrock-agent-runtime",
            route.place,
            lambda client: client.retrieve(**parameters),
            resource=BEDROCK,
            context=context,
        )
        found: Sequence[Mapping[str, Any]] = msgspec.to_builtins(answer["retrievalResults"])
        return found
