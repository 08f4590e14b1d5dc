"""Tools: a version's content is a function that models may call, with its source where that is known."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.kinds.kind import FileKind, without_nulls
from headrace.core.prompts import ToolFunction


class ToolContent(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a tool; what is absent is null (humanloop 2.1).

    Attributes:
        function: what a model is told of it.
        source_code: how it is carried out.
        setup_values: a JSON schema of what it is set up with.
        attributes: the author's own.
        tool_type: which sort of tool; an open set of words (humanloop appendix A).
    """

    function: ToolFunction | None = None
    source_code: str | None = None
    setup_values: dict[str, Any] | None = None
    attributes: dict[str, Any] | None = None
    tool_type: str | None = None


def read_tool(content: bytes) -> ToolContent:
    """Stored content."""
    return _decode(content)


def _inputs(content: bytes) -> tuple[str, ...]:
    """The names of the function's parameters."""
    function = read_tool(content).function
    properties = ((function and function.parameters) or {}).get("properties")
    return tuple(properties) if isinstance(properties, dict) else ()


_decode = msgspec.json.Decoder(ToolContent).decode

KIND = FileKind(
    name="tool",
    title="Tool",
    prefix="tl_",
    version_prefix="tv_",
    identity=without_nulls,
    inputs=_inputs,
)
