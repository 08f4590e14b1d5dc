"""What the id of a knowledge base may stand for in the configuration."""

from __future__ import annotations

import msgspec

from headrace.backends.aws import AwsPlace


class BedrockKnowledgeRoute(AwsPlace, frozen=True, kw_only=True, tag="bedrock", forbid_unknown_fields=True):
    """A knowledge base of Amazon Bedrock.

    Attributes:
        match: a pattern of ids.
        knowledge_base: the id there; empty is the flow's.
    """

    match: str
    knowledge_base: str = ""


class LocalKnowledgeRoute(msgspec.Struct, frozen=True, kw_only=True, tag="local", forbid_unknown_fields=True):
    """A local knowledge base.

    Attributes:
        match: a pattern of ids.
        name: its name or id.
    """

    match: str
    name: str


KnowledgeRoute = BedrockKnowledgeRoute | LocalKnowledgeRoute
