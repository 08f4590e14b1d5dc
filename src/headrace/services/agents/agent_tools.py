"""The tools of agents: what a model is told of them, and which of them this server carries out.

A tool is told of by its function; a prompt, an agent or a flow by its name, its description and its inputs.
What this server does not carry out, the caller does (humanloop 4.2, Agents).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.agents import Agent, InlineTool, LinkedFile
from headrace.core.errors import Invalid
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.kinds.agent import read_agent
from headrace.core.kinds.prompt import prompt_form
from headrace.core.kinds.tool import read_tool
from headrace.core.ports import Transaction
from headrace.core.prompts import ToolFunction
from headrace.core.versions import Version
from headrace.services.calls.tool_calls import is_run
from headrace.services.versions.views import linked_version

MESSAGE = "message"
"""What a model may say to a prompt or an agent beside its inputs."""
MAX_NAME = 64
"""Providers take no longer names of functions."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that an agent's model may ask for.

    Attributes:
        file: None of one that is told of with the agent.
        version: of the file.
        is_run: whether this server carries it out.
        is_last: whether the turn ends once it was asked for.
    """

    function: ToolFunction
    file: File | None = None
    version: Version | None = None
    is_run: bool = False
    is_last: bool = False


def tools_of(tx: Transaction, agent: Agent) -> dict[str, Tool]:
    """The tools of an agent, by the names that its model knows them by; files that are gone are left out.

    Raises:
        Invalid: two have the same name.
    """
    found: dict[str, Tool] = {}
    for index, one in enumerate(agent.tools or ()):
        tool = _inline(one) if isinstance(one, InlineTool) else _linked(tx, one)
        if tool is None:
            continue
        name = tool.function.name
        if name in found:
            message = f"Two tools of the agent are called `{name}`; its model could not tell them apart."
            raise Invalid.at("agent", "tools", index, message=message, kind="duplicate")
        found[name] = tool
    return found


def _inline(tool: InlineTool) -> Tool:
    return Tool(function=tool.json_schema, is_last=tool.on_agent_call == "stop")


def _linked(tx: Transaction, tool: LinkedFile) -> Tool | None:
    found = linked_version(tx, tool.link)
    if found is None or found[0].kind not in _TOLD:
        return None
    file, version = found
    function, runs = _TOLD[file.kind](file, version)
    return Tool(
        function=function,
        file=file,
        version=version,
        is_run=runs,
        is_last=tool.on_agent_call == "stop",
    )


def _tool(file: File, version: Version) -> tuple[ToolFunction, bool]:
    tool = read_tool(version.content)
    function = tool.function or ToolFunction(name=_name(file), description=file.description or "")
    return function, is_run(tool)


def _prompt(file: File, version: Version) -> tuple[ToolFunction, bool]:
    return _asked(file, version, prompt_form(version.content).get("template")), True


def _agent(file: File, version: Version) -> tuple[ToolFunction, bool]:
    template = msgspec.to_builtins(read_agent(version.content).template)
    return _asked(file, version, template), True


def _flow(file: File, _: Version) -> tuple[ToolFunction, bool]:
    """Nobody knows what a flow takes but its author, and only its caller can run it."""
    return _function(file, {}, []), False


_TOLD: Mapping[str, Callable[[File, Version], tuple[ToolFunction, bool]]] = {
    "tool": _tool,
    "prompt": _prompt,
    "agent": _agent,
    "flow": _flow,
}
"""By the kind of the file: what a model is told of it, and whether this server carries it out."""


def _asked(file: File, version: Version, template: Any) -> ToolFunction:
    """What a model is told of a file with a template: its inputs, and that something may be said to it."""
    names = KINDS[file.kind].inputs(version.content)
    properties: dict[str, Any] = {name: {"type": "string"} for name in names}
    required = list(names)
    if _wants_message(template) and MESSAGE not in properties:
        properties[MESSAGE] = {"type": "string", "description": "What to say to it."}
        required += [] if names else [MESSAGE]
    return _function(file, properties, required)


def _wants_message(template: Any) -> bool:
    """Whether nobody but the model can be the user that a template has not."""
    return not isinstance(template, str) and all(one["role"] != "user" for one in template or ())


def _function(file: File, properties: Mapping[str, Any], required: Sequence[str]) -> ToolFunction:
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    return ToolFunction(
        name=_name(file),
        description=file.description or "",
        parameters={**parameters, "required": required} if required else parameters,
    )


def _name(file: File) -> str:
    """A file's name as that of a function."""
    return _NOT_IN_NAMES.sub("_", file.name)[:MAX_NAME].strip("_") or file.kind
