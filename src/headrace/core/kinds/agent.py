"""Agents: a version's content is a prompt with tools, and how often its model may be asked."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.agents import Agent, LinkedFile
from headrace.core.kinds.kind import FileKind, without_nulls
from headrace.core.links import Link
from headrace.core.parsing import parse
from headrace.core.prompts import Prompt, ToolFunction, prompt_inputs

_FUNCTION_KEYS = frozenset(ToolFunction.__struct_fields__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Agent).decode


def read_agent(content: bytes) -> Agent:
    """Stored content."""
    return _decode(content)


def _identity(content: bytes) -> bytes:
    """Sameness where what is null is absent, and where no tools are as good as none (humanloop 2.1).

    Responses show an empty list where there are no tools; who sends that back means the same version.
    """
    form: dict[str, Any] = parse(without_nulls(content))
    tools = [_without_null_schema(tool) for tool in form.pop("tools", ())]
    return _encode({**form, "tools": tools} if tools else form)


def _without_null_schema(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool whose function has no nulls where they mean nothing; its parameters are the author's."""
    schema: dict[str, Any] | None = tool.get("json_schema")
    if schema is None:
        return tool
    told = {key: value for key, value in schema.items() if key not in _FUNCTION_KEYS or value is not None}
    return {**tool, "json_schema": told}


def _inputs(content: bytes) -> tuple[str, ...]:
    agent = read_agent(content)
    filled = Prompt(model=agent.model, template=agent.template, template_language=agent.template_language)
    return prompt_inputs(filled)


def _links(content: bytes) -> tuple[Link, ...]:
    return tuple(tool.link for tool in read_agent(content).tools or () if isinstance(tool, LinkedFile))


KIND = FileKind(
    name="agent",
    title="Agent",
    prefix="ag_",
    version_prefix="agv_",
    identity=_identity,
    inputs=_inputs,
    links=_links,
    linkable=("agent", "flow", "prompt", "tool"),
)
