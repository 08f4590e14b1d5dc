"""An agent as one object: a prompt that may call tools and files by itself (humanloop 2.1, appendix A)."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from headrace.core.prompts import ChatMessage, ResponseFormat, ToolFunction

OnCall: TypeAlias = Literal["stop", "continue"]
"""Whether an agent's turn goes on after a call of a tool."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an agent may call.

    Attributes:
        environment_id: whose deployed version is called; None is the default one.
        version_id: the version that is called; None is whichever is deployed.
    """

    file_id: str
    environment_id: str | None = None
    version_id: str | None = None


class LinkedFile(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """A tool that is a file."""

    link: Link
    on_agent_call: OnCall | None = None


class InlineTool(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="inline"):
    """A tool that is told of with the agent."""

    json_schema: ToolFunction
    on_agent_call: OnCall | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent; what is absent is null. What is not explained here is as in `headrace.core.prompts.Prompt`.

    Attributes:
        max_iterations: how often its model may be asked in one turn.
    """

    model: str
    endpoint: Literal["complete", "chat", "edit"] | None = None
    template: str | list[ChatMessage] | None = None
    template_language: Literal["default", "jinja"] | None = None
    provider: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    other: dict[str, Any] | None = None
    seed: int | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["high", "medium", "low"] | int | None = None
    tools: list[LinkedFile | InlineTool] | None = None
    attributes: dict[str, Any] | None = None
    max_iterations: int | None = None
