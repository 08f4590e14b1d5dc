"""KnowledgeBase: finds passages, and has a model answer from them when one is named (bedrock 2.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.core.definition import Node, NodeType
from headrace.core.effects import KnowledgeRequest, ModelRequest
from headrace.core.node_types import is_blank
from headrace.engine.nodes.node import ActingNode, NodeKind, Task, settings_of
from headrace.engine.nodes.prompt import completion, converse, guardrail_of
from headrace.engine.step import Scope

DEFAULT_PASSAGES = 5
"""How many passages are asked for where the definition doesn't say, as in the Retrieve operation."""

DEFAULT_TEMPLATE = """\
Answer the question from the search results below, and from nothing else. \
If they don't hold the answer, say that you could not find it.

Search results:
$search_results$

$output_format_instructions$"""

FORMAT_INSTRUCTIONS = "Answer in plain text, briefly."

_PLACEHOLDER = re.compile(r"\$(search_results|query|output_format_instructions)\$")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase(ActingNode):
    """Asks a knowledge base.

    Attributes:
        most: how many passages at the most.
        reranking: how they are put in order; None when they stay as they are found.
        model_id: who answers from the passages; None when they are the result themselves.
        template: what the model is told, with placeholders.
        inference: the parameters that are set for the model.
        extra: further fields for the model; None when there are none.
        guardrail: what watches over the answer; None when nothing does.
        latency: how fast the model is to be when the caller doesn't say; None when it doesn't matter.
    """

    knowledge_base_id: str
    most: int
    reranking: Mapping[str, Any] | None
    model_id: str | None
    template: str
    inference: Mapping[str, Any]
    extra: Any
    guardrail: Mapping[str, str] | None
    latency: str | None

    async def run(self, task: Task) -> Mapping[str, Any]:
        query = task.inputs["retrievalQuery"]
        passages = await self._retrieve(query, task)
        if self.model_id is None:
            return {"retrievalResults": passages}
        reply = await converse(self._question(query, passages, self.model_id, task.latency), task)
        return {"outputText": completion(reply)}

    async def _retrieve(self, query: str, task: Task) -> list[Mapping[str, Any]]:
        request = KnowledgeRequest(
            knowledge_base_id=self.knowledge_base_id, query=query, most=self.most, reranking=self.reranking
        )
        started_ns = task.now_ns()
        passages = list(await task.effects.knowledge.retrieve(request, task.context))
        task.acted(
            "Bedrock",
            "Retrieve",
            started_ns=started_ns,
            request=lambda: {
                "knowledgeBaseId": request.knowledge_base_id,
                "retrievalQuery": {"text": query},
                "numberOfResults": request.most,
            },
            response=lambda: {"retrievalResults": passages},
        )
        return passages

    def _question(
        self, query: str, passages: Sequence[Mapping[str, Any]], model_id: str, latency: str | None
    ) -> ModelRequest:
        values = {
            "search_results": search_results(passages),
            "query": query,
            "output_format_instructions": FORMAT_INSTRUCTIONS,
        }
        # Single pass: a passage may hold what looks like a placeholder.
        told = _PLACEHOLDER.sub(lambda match: values[match[1]], self.template)
        has_query = "$query$" in self.template
        return ModelRequest(
            model_id=model_id,
            messages=[{"role": "user", "content": [{"text": told if has_query else query}]}],
            system=() if has_query else [{"text": told}],
            inference=self.inference,
            extra=self.extra,
            guardrail=self.guardrail,
            latency=latency or self.latency,
        )


def search_results(passages: Sequence[Mapping[str, Any]]) -> str:
    """The texts of passages as a model is shown them, numbered from one."""
    return "\n\n".join(
        f"[{number}] {passage.get('content', {}).get('text', '')}"
        for number, passage in enumerate(passages, 1)
    )


def _make(node: Node, _body: Scope | None) -> KnowledgeBase:
    settings = settings_of(node)
    orchestration = settings.get("orchestrationConfiguration") or {}
    template = (settings.get("promptTemplate") or {}).get("textPromptTemplate")
    return KnowledgeBase(
        knowledge_base_id=settings["knowledgeBaseId"],
        most=settings.get("numberOfResults") or DEFAULT_PASSAGES,
        reranking=settings.get("rerankingConfiguration"),
        model_id=None if is_blank(settings.get("modelId")) else settings["modelId"],
        template=template or DEFAULT_TEMPLATE,
        inference=(settings.get("inferenceConfiguration") or {}).get("text") or {},
        extra=orchestration.get("additionalModelRequestFields"),
        guardrail=guardrail_of(settings),
        latency=(orchestration.get("performanceConfig") or {}).get("latency"),
    )


NODE = NodeKind(type=NodeType.KNOWLEDGE_BASE, make=_make)
