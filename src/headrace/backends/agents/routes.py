"""Who may answer for an agent alias in the configuration."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.backends.aws import AwsPlace
from headrace.backends.functions.routes import check_handler

ASK_USER = "ask_user"
"""The tool that every local agent may be given; its own tools have other names."""


class BedrockAgentRoute(AwsPlace, frozen=True, kw_only=True, tag="bedrock", forbid_unknown_fields=True):
    """An agent of Amazon Bedrock.

    Attributes:
        match: a pattern of agent alias ARNs.
        alias_arn: the alias to call; empty is the flow's.
    """

    match: str
    alias_arn: str = ""


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a local agent may do.

    Attributes:
        handler: ``module:function``; it is called with the arguments and returns JSON.
        schema: of the arguments, as JSON Schema.
    """

    name: str
    handler: str
    description: str = ""
    schema: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})

    def __post_init__(self) -> None:
        check_handler(self.handler)
        if self.name == ASK_USER:
            raise ValueError(f"a tool can't be called {ASK_USER}, which is built in")


class LocalAgentRoute(msgspec.Struct, frozen=True, kw_only=True, tag="local", forbid_unknown_fields=True):
    """A loop of a model and tools in this process.

    Attributes:
        model: as a flow would name it; `[[models.route]]` maps it.
        max_turns: how often the model is called for one answer.
        can_ask: whether it may ask the user, which pauses the flow.
        inference: ``temperature``, ``topP``, ``maxTokens``, ``stopSequences``.
    """

    match: str
    model: str
    instructions: str
    tools: tuple[Tool, ...] = ()
    max_turns: int = 10
    can_ask: bool = True
    inference: dict[str, Any] = {}


AgentRoute = BedrockAgentRoute | LocalAgentRoute
