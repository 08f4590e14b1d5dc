"""What of a request is a version's content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from headrace.apis.humanloop.prompt_text import read_text
from headrace.core.agents import Agent, InlineTool, LinkedFile, agent_problems
from headrace.core.errors import Invalid, Problem
from headrace.core.kinds.evaluator import EvaluatorSpec, spec_problems, type_of
from headrace.core.kinds.tool import ToolContent
from headrace.core.links import Link
from headrace.core.prompts import Prompt
from headrace.services.versions.versions import Submission

INLINE = {"flow": "flow", "prompt": "prompt", "agent": "agent", "tool": "tool", "evaluator": "spec"}
"""The member that holds a version's content in a request that is about something else, such as a log."""
_encode = msgspec.json.Encoder().encode


def submission_of(kind: str, body: Any, parsed: Mapping[str, Any]) -> Submission | None:
    """The content in a request that is about something else; None when there is none (humanloop 2.6).

    Args:
        body: has ``id`` and ``path``, and the member of `INLINE`: a `FlowKernel`, `Prompt`, `Agent`,
            `ToolContent` or `EvaluatorSpec`; of a prompt or an agent maybe the text of a file; or None.
        parsed: the body as plain JSON values.

    Raises:
        Invalid: the content breaks a rule that its shape does not say.
    """
    member = INLINE[kind]
    value = getattr(body, member)
    if value is None:
        return None
    content = _content(kind, value, parsed[member], member)
    return Submission(kind=kind, ref=body.id, path=body.path, content=_encode(content), parsed=content)


def _content(kind: str, value: Any, shown: Any, member: str) -> dict[str, Any]:
    if isinstance(value, str):
        return _with_plain_tools(kind, read_text(value, TEXTS[kind], at=member))
    if kind == "flow":
        attributes: dict[str, Any] = shown["attributes"]
        return attributes
    return content_of(kind, value, shown, at=(member,))


def content_of(
    kind: str, value: msgspec.Struct, parsed: Mapping[str, Any], *, at: Sequence[str]
) -> dict[str, Any]:
    """The content of a file of any kind but flows and datasets, as sent, without what is no part of it.

    Args:
        at: where it stands in the body.
    """
    if isinstance(value, EvaluatorSpec):
        _refuse(spec_problems(value), at)
        return {**parsed, "evaluator_type": type_of(value).value}
    content = {key: parsed[key] for key in KEYS[kind] if parsed.get(key) is not None}
    if isinstance(value, Agent):
        _refuse(agent_problems(value), at)
    return _with_plain_tools(kind, content)


def _with_plain_tools(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    if kind != "agent" or "tools" not in content:
        return content
    return {**content, "tools": [_tool(one) for one in content["tools"]]}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool of an agent without what only responses say of it, such as the file that it links."""
    link = {"link": _members(tool["link"], LINK_KEYS)} if tool["type"] == "file" else {}
    return {**_members(tool, TOOL_KEYS[tool["type"]]), **link}


def _members(value: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value[key] for key in keys if value.get(key) is not None}


def _refuse(problems: Sequence[Problem], at: Sequence[str]) -> None:
    """Refuse content with problems.

    Args:
        at: where the content stands in the body.
    """
    if problems:
        raise Invalid(*(replace(one, path=(*at, *one.path)) for one in problems))


TEXTS: Mapping[str, type[Prompt] | type[Agent]] = {"prompt": Prompt, "agent": Agent}
"""The kinds whose contents may be the texts of files."""
KEYS = {
    "prompt": [field.name for field in msgspec.structs.fields(Prompt)],
    "agent": [field.name for field in msgspec.structs.fields(Agent)],
    "tool": [field.name for field in msgspec.structs.fields(ToolContent)],
}
"""What a prompt, an agent and a tool consist of; a request may say more beside it."""
LINK_KEYS = [field.name for field in msgspec.structs.fields(Link)]
TOOL_KEYS = {
    "file": ["type", *(field.name for field in msgspec.structs.fields(LinkedFile))],
    "inline": ["type", *(field.name for field in msgspec.structs.fields(InlineTool))],
}
"""What an agent's tools consist of, by their type."""
