"""An agent as one object: a prompt that may call tools and files by itself (humanloop 2.1, appendix A)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headrace.core.errors import Problem
from headrace.core.links import Link
from headrace.core.prompts import ChatMessage, ResponseFormat, ToolFunction

OnCall: TypeAlias = Literal["stop", "continue"]
"""Whether an agent's turn goes on after a call of a tool."""


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
    max_iterations: Annotated[int, msgspec.Meta(ge=1)] | None = None


def agent_problems(agent: Agent) -> list[Problem]:
    """The rules that the types don't say; paths begin at the agent."""
    problems = []
    linked: set[str] = set()
    for index, tool in enumerate(agent.tools or ()):
        if not isinstance(tool, LinkedFile):
            continue
        at, link = ("tools", index, "link"), tool.link
        if link.environment_id is not None and link.version_id is not None:
            message = "Give either `environment_id` or `version_id`."
            problems.append(Problem(path=at, message=message, kind="mismatch"))
        if link.file_id in linked:
            message = f"`{link.file_id}` is a tool already; its model could not tell the two apart."
            problems.append(Problem(path=at, message=message, kind="duplicate"))
        linked.add(link.file_id)
    return problems
